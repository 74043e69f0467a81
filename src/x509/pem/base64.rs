//! Base64 as in PEM (RFC 7468 §3): padded, white space anywhere.

use super::shown;
use rustls_pki_types::pem::{PemObject, SectionKind};
use std::{format, string::String, vec::Vec};
use zeroize::Zeroizing;

/// The octets of a block's text, or the problem as the end of a sentence. `line`: that of its BEGIN.
pub(super) fn decode_block(text: &[u8], line: usize, secret: bool) -> Result<Vec<u8>, String> {
    if text.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    let strange = |byte: &u8| !(is_base64(*byte) || byte.is_ascii_whitespace());
    if let Some(place) = text.iter().position(strange) {
        let (before, rest) = text.split_at_checked(place).unwrap_or_default();
        let breaks = before.iter().enumerate().filter(|(at, byte)| match byte {
            b'\r' => before.get(at.saturating_add(1)) != Some(&b'\n'),
            byte => **byte == b'\n',
        });
        let line = line.saturating_add(breaks.count());
        if rest.first() == Some(&b':') {
            return Err(format!("it has a header (RFC 1421), on line {line}, which is not supported"));
        }
        let lossy = String::from_utf8_lossy(rest.get(..4).unwrap_or(rest));
        let strange = lossy.chars().next().map_or(String::new(), |c| shown(c.encode_utf8(&mut [0; 4])));
        return Err(format!("line {line} in it is not base64: it has \"{strange}\""));
    }
    decode(text, secret).ok_or_else(|| "its base64 is cut short, or padded wrongly".into())
}

/// The octets; `None`: the text is not base64. `secret`: in a time that does not depend on it, and leaving no copy.
pub(in crate::x509) fn decode(text: &[u8], secret: bool) -> Option<Vec<u8>> {
    let mut text = Zeroizing::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>());
    if !text.iter().all(|byte| is_base64(*byte)) {
        return None;
    }
    // Made new, so that every line of it is valid.
    let label = if secret { "PRIVATE KEY" } else { "CERTIFICATE" };
    let (begin, end) = (format!("-----BEGIN {label}-----\n"), format!("\n-----END {label}-----\n"));
    let pem = Zeroizing::new([begin.as_bytes(), &core::mem::take(&mut *text), end.as_bytes()].concat());
    <(SectionKind, Vec<u8>)>::from_pem_slice(&pem).ok().map(|(_, der)| der)
}

/// A character of base64, or its padding.
pub(super) const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
