//! Numbers and bytes as text. Here everything from a peer becomes printable ASCII.

use super::grammar::{Naming, Show};
use crate::asn1;
use crate::codec::{
    AlertDescription, AlertLevel, CertificateType, CipherSuite, KeyUpdateRequest, NamedGroup, SignatureScheme,
};
use alloc::format;
use alloc::string::{String, ToString};

/// Numbers that a peer may send, but `codec` does not know.
const SUITES: &[(u16, &str)] = &[
    (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0x5600, "TLS_FALLBACK_SCSV"),
    (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
];
const GROUPS: &[(u16, &str)] = &[
    (0x001f, "brainpoolP256r1tls13"),
    (0x0020, "brainpoolP384r1tls13"),
    (0x0021, "brainpoolP512r1tls13"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
];
const SCHEMES: &[(u16, &str)] = &[
    (0x0301, "rsa_pkcs1_sha224"),
    (0x0302, "dsa_sha224"),
    (0x0303, "ecdsa_sha224"),
    (0x0402, "dsa_sha256"),
    (0x0502, "dsa_sha384"),
    (0x0602, "dsa_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"),
    (0x0905, "mldsa65"),
    (0x0906, "mldsa87"),
];

/// Whether it is a GREASE value (RFC 8701).
fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn known(table: &[(u16, &'static str)], number: u16) -> Option<&'static str> {
    if is_grease(number) {
        return Some("GREASE");
    }
    table.iter().find(|(each, _)| *each == number).map(|(_, name)| *name)
}

/// The name of a version.
pub(super) fn version(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0304 => "TLS 1.3",
        0x0303 => "TLS 1.2",
        0x0302 => "TLS 1.1",
        0x0301 => "TLS 1.0",
        0x0300 => "SSL 3.0",
        _ if is_grease(number) => "GREASE",
        _ => return None,
    })
}

/// The name of an extension.
pub(super) fn extension(number: u16) -> String {
    match super::extensions::name(number) {
        Some(name) => name.into(),
        None if is_grease(number) => "GREASE".into(),
        None => "unknown_extension".into(),
    }
}

/// The name of a content type.
pub(super) fn content_type(number: u8) -> &'static str {
    match number {
        20 => "change_cipher_spec",
        21 => "alert",
        22 => "handshake",
        23 => "application_data",
        _ => "unknown",
    }
}

/// The name of a number in its table, or the number if it has no name.
pub(super) fn number(value: u64, width: usize, naming: Naming) -> String {
    let (short, byte) = (u16::try_from(value).unwrap_or(0), u8::try_from(value).unwrap_or(0));
    let name = match naming {
        Naming::Plain => return value.to_string(),
        Naming::Size => return format!("{value} bytes"),
        Naming::Version => version(short),
        Naming::Suite => CipherSuite(short).name().or(known(SUITES, short)),
        Naming::Group => NamedGroup(short).name().or(known(GROUPS, short)),
        Naming::Scheme => SignatureScheme(short).name().or(known(SCHEMES, short)),
        Naming::CertificateType => CertificateType(byte).name(),
        Naming::KeyUpdate => KeyUpdateRequest(byte).name(),
        Naming::Level => AlertLevel(byte).name(),
        Naming::Alert => AlertDescription(byte).name(),
        Naming::Compression => (byte == 0).then_some("null"),
        Naming::NameType => (byte == 0).then_some("host_name"),
        Naming::StatusType => (byte == 1).then_some("ocsp"),
        Naming::PskMode => match byte {
            0 => Some("psk_ke"),
            1 => Some("psk_dhe_ke"),
            _ => None,
        },
        Naming::CertificateCompression => match short {
            1 => Some("zlib"),
            2 => Some("brotli"),
            3 => Some("zstd"),
            _ => None,
        },
    };
    let digits = width.saturating_mul(2).saturating_add(2);
    match name {
        Some(name) => format!("{name} ({value:#0digits$x})"),
        None => format!("{value:#0digits$x}"),
    }
}

/// Bytes in lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes as text, with everything but printable ASCII escaped.
pub(super) fn printable(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| core::ascii::escape_default(*byte)).map(char::from).collect()
}

/// How many bytes of a value are shown. All of them are in the space.
const SHOWN: usize = 64;

/// Bytes as a value.
pub(super) fn bytes(bytes: &[u8], show: Show) -> String {
    let cut = |text: fn(&[u8]) -> String| {
        let shown = text(bytes.get(..SHOWN).unwrap_or(bytes));
        if bytes.len() > SHOWN { format!("{shown}... ({} bytes)", bytes.len()) } else { shown }
    };
    match show {
        Show::Count => format!("{} bytes", bytes.len()),
        Show::Hex => cut(hex),
        Show::Text => cut(printable),
        Show::Name => match asn1::Name::from_der(bytes) {
            Ok(name) => printable(name.to_string().as_bytes()),
            Err(_) => cut(hex),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8701 §2: sixteen numbers of two equal bytes.
    #[test]
    fn grease_is_what_rfc_8701_reserves() {
        let reserved: alloc::vec::Vec<u16> = (0..16).map(|each| 0x0a0a + 0x1010 * each).collect();
        for each in 0..=u16::MAX {
            assert_eq!(is_grease(each), reserved.contains(&each), "{each:#x}");
        }
        assert_eq!(extension(0x2a2a), "GREASE");
        assert_eq!(extension(0x2a2b), "unknown_extension");
        assert_eq!(extension(43), "supported_versions");
        assert_eq!(number(0x2a2a, 2, Naming::Version), "GREASE (0x2a2a)");
        assert_eq!(number(0x2a2a, 2, Naming::Group), "GREASE (0x2a2a)");
    }

    #[test]
    fn a_number_is_shown_with_its_name_if_it_has_one() {
        for (value, width, naming, shown) in [
            (7, 4, Naming::Plain, "7"),
            (7, 2, Naming::Size, "7 bytes"),
            (0x0304, 2, Naming::Version, "TLS 1.3 (0x0304)"),
            (0x0303, 2, Naming::Version, "TLS 1.2 (0x0303)"),
            (0x0302, 2, Naming::Version, "TLS 1.1 (0x0302)"),
            (0x0301, 2, Naming::Version, "TLS 1.0 (0x0301)"),
            (0x0300, 2, Naming::Version, "SSL 3.0 (0x0300)"),
            (0x0200, 2, Naming::Version, "0x0200"),
            (0x1301, 2, Naming::Suite, "TLS_AES_128_GCM_SHA256 (0x1301)"),
            (0x5600, 2, Naming::Suite, "TLS_FALLBACK_SCSV (0x5600)"),
            (0x001d, 2, Naming::Group, "x25519 (0x001d)"),
            (0x0100, 2, Naming::Group, "ffdhe2048 (0x0100)"),
            (0x0807, 2, Naming::Scheme, "ed25519 (0x0807)"),
            (0x0602, 2, Naming::Scheme, "dsa_sha512 (0x0602)"),
            (2, 1, Naming::CertificateType, "RawPublicKey (0x02)"),
            (1, 1, Naming::KeyUpdate, "update_requested (0x01)"),
            (2, 1, Naming::Level, "fatal (0x02)"),
            (40, 1, Naming::Alert, "handshake_failure (0x28)"),
            (0, 1, Naming::Compression, "null (0x00)"),
            (1, 1, Naming::Compression, "0x01"),
            (0, 1, Naming::NameType, "host_name (0x00)"),
            (1, 1, Naming::NameType, "0x01"),
            (1, 1, Naming::StatusType, "ocsp (0x01)"),
            (0, 1, Naming::StatusType, "0x00"),
            (0, 1, Naming::PskMode, "psk_ke (0x00)"),
            (1, 1, Naming::PskMode, "psk_dhe_ke (0x01)"),
            (2, 1, Naming::PskMode, "0x02"),
            (1, 2, Naming::CertificateCompression, "zlib (0x0001)"),
            (2, 2, Naming::CertificateCompression, "brotli (0x0002)"),
            (3, 2, Naming::CertificateCompression, "zstd (0x0003)"),
            (4, 2, Naming::CertificateCompression, "0x0004"),
        ] {
            assert_eq!(number(value, width, naming), shown);
        }
    }

    #[test]
    fn of_a_long_value_64_bytes_are_shown() {
        for len in [0, 63, 64] {
            assert_eq!(bytes(&alloc::vec![b'a'; len], Show::Text), "a".repeat(len));
            assert_eq!(bytes(&alloc::vec![7; len], Show::Hex), "07".repeat(len));
        }
        assert_eq!(bytes(&[b'a'; 65], Show::Text), "a".repeat(64) + "... (65 bytes)");
        assert_eq!(bytes(&[7; 65], Show::Name), "07".repeat(64) + "... (65 bytes)", "it is no name");
        assert_eq!(bytes(&[7; 65], Show::Count), "65 bytes");
        assert_eq!(bytes(b"\x1b[31m\xe2", Show::Text), "\\x1b[31m\\xe2");
    }

    #[test]
    fn a_content_type_has_its_name() {
        let names = ["unknown", "change_cipher_spec", "alert", "handshake", "application_data", "unknown"];
        assert_eq!([19, 20, 21, 22, 23, 24].map(content_type), names);
    }
}
