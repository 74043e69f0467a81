//! What a file or an object is that is not what was wanted.

use crate::asn1::{Reader, Tag, der::only};

/// Is this exactly one DER SEQUENCE?
pub(super) fn is_der(file: &[u8]) -> bool {
    only(file, Tag::SEQUENCE).is_ok()
}

/// Is this meant as DER, though broken? No text has its first two octets, or is without control characters.
pub(super) fn looks_like_der(file: &[u8]) -> bool {
    let is_text = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    match file {
        [0x30, 0x80..=0xff, ..] => true,
        [0x30, ..] => !file.iter().all(is_text),
        _ => false,
    }
}

/// What a file that has no block and is no DER is, as the end of a sentence.
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

/// What a DER object is, told by its structure alone.
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
    /// Not DER at all, but PEM.
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
