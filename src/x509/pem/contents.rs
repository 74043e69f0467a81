//! The kind of a file or an object that is not the wanted one.

use crate::asn1::{Reader, Tag, der::only};

/// Whether this is exactly one DER SEQUENCE.
pub(super) fn is_der(file: &[u8]) -> bool {
    only(file, Tag::SEQUENCE).is_ok()
}

/// Whether this is a DER SEQUENCE with more bytes after it.
pub(super) fn is_der_and_more(file: &[u8]) -> bool {
    let mut fields = Reader::new(file);
    fields.read(Tag::SEQUENCE).is_ok() && !fields.is_empty()
}

/// Whether this is meant as DER, even if malformed. Text does not begin with these octets, and has no control
/// characters.
pub(super) fn looks_like_der(file: &[u8]) -> bool {
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    match file {
        [0x30, 0x80..=0xff, ..] => true,
        [0x30, ..] => !file.iter().all(is_text),
        _ => false,
    }
}

/// The kind of a file without blocks that is not DER, as the end of a sentence.
pub(super) fn kind_of_file(file: &[u8]) -> Option<&'static str> {
    Some(match file {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16 text: save it as UTF-8",
        [0xfe, 0xed, 0xfe, 0xed, ..] => "it is a Java key store",
        [0x1f, 0x8b, ..] => "it is compressed (gzip)",
        [b'P', b'K', 3, 4, ..] => "it is a ZIP archive",
        file => match file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file).trim_ascii_start() {
            [b'{' | b'[', ..] => "it is JSON (a SPIFFE bundle is given as such)",
            [b'<', ..] => "it is HTML or XML, perhaps an error page of the server that it was fetched from",
            [b's', b's', b'h', b'-', ..] => "it is an OpenSSH public key",
            _ => return None,
        },
    })
}

/// What stands outside of every block in a line, and may be an object; `rest`: the file from this line on. Explanations
/// (RFC 7468 §2) are text: they hold no control characters, no base64 of DER or of PEM, and no page of HTML.
pub(super) fn lost(line: &[u8], rest: &[u8]) -> Option<&'static str> {
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    if !line.iter().all(is_text) {
        return Some(match kind_of_file(rest) {
            Some(kind) => kind,
            None if looks_like_der(rest) => "DER stands outside of every block: it needs a file of its own, or PEM",
            None => "binary data stands outside of every block",
        });
    }
    match encoded(line) {
        Some(Encoded::Der) => {
            Some("base64 stands outside of every block: the BEGIN line before it is missing or broken")
        }
        Some(Encoded::Pem) => Some("it is PEM that was encoded in base64 once more: decode it (base64 -d)"),
        None if is_html(line) => Some("it is HTML, perhaps an error page of the server that it was fetched from"),
        None => None,
    }
}

enum Encoded {
    Der,
    Pem,
}

/// What base64 in this line stands for, if it may be an object: wherever it begins, as after the key of a YAML or JSON file.
fn encoded(line: &[u8]) -> Option<Encoded> {
    /// Explanations have shorter words.
    const MIN: usize = 40;
    // `-----BEGIN `, by its place among the three octets of which base64 makes four characters.
    const PEM: [&[u8]; 3] = [b"LS0tLS1CRUdJTi", b"0tLS0tQkVHSU4g", b"tLS0tLUJFR0lOI"];
    // Also that of URLs (RFC 4648 §5).
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let words = line.split(|byte| !is_word(byte)).filter(|word| word.len() >= MIN);
    for word in words {
        if PEM.iter().any(|pem| word.windows(pem.len()).any(|part| part == *pem)) {
            return Some(Encoded::Pem);
        }
        // What is left of an escaped line break may stand before it, as may a path or a name with underscores.
        const ESCAPED: [&[u8]; 7] = [b"0A", b"0a", b"n", b"r", b"u000a", b"u000A", b"x0a"];
        let unescaped =
            ESCAPED.iter().find_map(|escape| word.strip_prefix(*escape).filter(|rest| rest.starts_with(b"MI")));
        let mut rest = Some(unescaped.unwrap_or(word));
        while let Some(word) = rest.filter(|word| word.len() >= MIN) {
            // SEQUENCE, of 128 octets and more: 30 80, 30 81 xx to 30 84 xx.
            if matches!(word, [b'M', b'I', b'A'..=b'T', ..]) {
                return Some(Encoded::Der);
            }
            rest = word
                .split(|byte| !byte.is_ascii_alphanumeric())
                .next()
                .and_then(|part| word.get(part.len()..)?.get(1..));
        }
    }
    None
}

fn is_html(line: &[u8]) -> bool {
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line).trim_ascii_start();
    [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body"]
        .iter()
        .any(|tag| line.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

/// The kind of a DER object, by its structure only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Certificate,
    Crl,
    Request,
    PrivateKey,
    EncryptedKey,
    PublicKey,
    Pkcs7,
    Pkcs12,
    /// PEM instead of DER.
    Pem,
}

/// What this DER object is, if it is known.
pub(super) fn kind_of_der(der: &[u8]) -> Option<Kind> {
    // pkcs-7: 1.2.840.113549.1.7
    const PKCS7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];
    if der.starts_with(b"-----BEGIN ") {
        return Some(Kind::Pem);
    }
    let mut fields = Reader::new(only(der, Tag::SEQUENCE).ok()?);
    let (first, second) = (fields.element().ok()?, fields.element().ok()?);
    Some(match (first.tag, first.content, second.tag) {
        // ContentInfo (RFC 2315 §7)
        (Tag::OBJECT_IDENTIFIER, id, _) if id.starts_with(PKCS7) => Kind::Pkcs7,
        // PFX (RFC 7292 §4)
        (Tag::INTEGER, [3], Tag::SEQUENCE) => Kind::Pkcs12,
        (Tag::INTEGER, [0 | 1], Tag::SEQUENCE | Tag::OCTET_STRING) => Kind::PrivateKey,
        (Tag::INTEGER, [0], Tag::INTEGER) => Kind::PrivateKey,
        (Tag::SEQUENCE, _, Tag::OCTET_STRING) => Kind::EncryptedKey,
        (Tag::SEQUENCE, _, Tag::BIT_STRING) => Kind::PublicKey,
        (Tag::SEQUENCE, signed, Tag::SEQUENCE) => return kind_of_signed(signed),
        _ => return None,
    })
}

/// Certificate (RFC 5280 §4.1), CertificateList (§5.1) or CertificationRequest (RFC 2986 §4.2), by their signed part.
fn kind_of_signed(signed: &[u8]) -> Option<Kind> {
    const VERSION: Tag = Tag::constructed(0);
    let mut fields = Reader::new(signed);
    let mut tag = || fields.element().map(|element| element.tag).ok();
    Some(match [tag()?, tag()?, tag()?, tag()?] {
        [VERSION, Tag::INTEGER, ..] => Kind::Certificate,
        [Tag::INTEGER, Tag::SEQUENCE, Tag::SEQUENCE, Tag::SEQUENCE] => Kind::Certificate,
        [Tag::INTEGER, Tag::SEQUENCE, Tag::SEQUENCE, Tag::UTC_TIME | Tag::GENERALIZED_TIME] => Kind::Crl,
        [Tag::SEQUENCE, Tag::SEQUENCE, Tag::UTC_TIME | Tag::GENERALIZED_TIME, _] => Kind::Crl,
        [Tag::INTEGER, Tag::SEQUENCE, Tag::SEQUENCE, VERSION] => Kind::Request,
        _ => return None,
    })
}
