//! Boundaries (RFC 7468 §3: `-----BEGIN label-----`), and text that only looks like one.

use super::base64::is_base64;
use crate::asn1::is_deceptive;
use std::string::String;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Begin,
    End,
}

/// A boundary within a line.
pub(super) struct Boundary {
    pub(super) edge: Edge,
    pub(super) label: String,
    /// Its position in the line.
    pub(super) from: usize,
    pub(super) to: usize,
}

const DASHES: &[u8] = b"-----";
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Boundary {
    /// The first one of a line, or of the rest of it.
    pub(super) fn find(line: &[u8]) -> Option<Boundary> {
        if !line.contains(&b'-') {
            return None; // most lines of a long list
        }
        let mut from = 0usize;
        loop {
            from = from.checked_add(find(line.get(from..)?, DASHES)?)?;
            let rest = line.get(from..)?;
            for (edge, marker) in [(Edge::Begin, &b"-----BEGIN "[..]), (Edge::End, b"-----END ")] {
                let Some(label) = rest.strip_prefix(marker) else { continue };
                let Some(length) = find(label, DASHES) else { continue };
                let to = from.checked_add(marker.len())?.checked_add(length)?.checked_add(DASHES.len())?;
                let label = String::from_utf8_lossy(label.get(..length)?).into_owned();
                return Some(Boundary { edge, label, from, to });
            }
            from = from.checked_add(1)?;
        }
    }
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|place| place == word)
}

/// White space and byte order marks: editors and `cat` leave them before and after a boundary.
pub(super) fn is_blank(mut text: &[u8]) -> bool {
    loop {
        text = text.trim_ascii_start();
        match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) => text = rest,
            None => return text.is_empty(),
        }
    }
}

/// The characters of boundaries, without white space.
const LABELS: [&str; 12] = [
    "CERTIFICATE",
    "X509CERTIFICATE",
    "X.509CERTIFICATE",
    "TRUSTEDCERTIFICATE",
    "CERTIFICATEREQUEST",
    "X509CRL",
    "CRL",
    "PRIVATEKEY",
    "ECPRIVATEKEY",
    "RSAPRIVATEKEY",
    "ENCRYPTEDPRIVATEKEY",
    "PKCS7",
];

/// Whether a line without a boundary was meant to have one: BEGIN or END in any case, with any dashes and spaces, and
/// then a label of ours; or a truncated boundary (`-----BEGIN CERTIF`).
pub(super) fn near_miss(line: &[u8]) -> Option<Edge> {
    if line.iter().all(|byte| is_base64(*byte)) {
        return None; // the lines of a block, for the most part
    }
    let folded: String = String::from_utf8_lossy(line).chars().filter_map(folded).collect();
    [(Edge::Begin, "BEGIN"), (Edge::End, "END")]
        .into_iter()
        .find(|(_, word)| {
            is_cut(line, word.as_bytes()) || folded.match_indices(word).any(|(at, _)| is_meant(&folded, at, word))
        })
        .map(|(edge, _)| edge)
}

/// `-----BEGIN ` without its end, or only the beginning of it.
fn is_cut(line: &[u8], word: &[u8]) -> bool {
    let begun = match line.trim_ascii().strip_prefix(DASHES) {
        Some([]) | None => false,
        Some(rest) => word.starts_with(rest),
    };
    begun || find(line, &[DASHES, word, b" "].concat()).is_some()
}

/// Whether the word at this place of a folded line was meant to begin a boundary.
fn is_meant(line: &str, at: usize, word: &str) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let label = line.get(at..).and_then(|rest| rest.strip_prefix(word)).unwrap_or_default().trim_start_matches('-');
    LABELS.iter().filter_map(|known| label.strip_prefix(known)).any(|after| {
        let marks = |text: &str| !text.contains(char::is_alphanumeric);
        let dashes = before.ends_with('-') || after.starts_with('-');
        !after.starts_with(char::is_alphanumeric) && (dashes || (marks(before) && marks(after)))
    })
}

/// A character of a boundary as it should be; `None`: it cannot be seen.
fn folded(c: char) -> Option<char> {
    match c {
        // Hyphens, dashes, minus, box drawings, and the soft hyphen.
        '-' | '_' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2500}' | '\u{2501}' => Some('-'),
        '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => Some('-'),
        '\u{fffd}' => None,
        c if c.is_whitespace() || c.is_control() || is_deceptive(c) => None,
        c => Some(c.to_ascii_uppercase()),
    }
}
