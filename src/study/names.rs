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
