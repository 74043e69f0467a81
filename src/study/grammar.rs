//! The structures of TLS 1.3 as tables, in the order of the specification.
//!
//! They are independent of `codec` on purpose: a test compares the two descriptions.

use super::extensions::Place;

/// A field: its name in the specification, and its form.
pub(super) struct Item(pub &'static str, pub Shape);

/// The forms of fields (RFC 9846 §3).
pub(super) enum Shape {
    /// A number of this many bytes, and the table with the names of its values.
    Number(usize, Naming),
    /// This many bytes.
    Fixed(usize, Show),
    /// All remaining bytes.
    Rest(Show),
    /// `opaque<..>` with a length field of this many bytes.
    Vector(usize, Show),
    /// `T<..>` with a length field of this many bytes.
    List(usize, &'static Item),
    /// These fields.
    Struct(&'static [Item]),
    /// `Extension extensions<..>`
    Extensions(Place),
    /// `Extension extensions<..>`, which may be absent.
    OptionalExtensions(Place),
    /// A certificate or SubjectPublicKeyInfo in DER, with a length field of this many bytes.
    Certificate(usize),
    /// These fields if the number before them is this one, else all remaining bytes.
    If(u64, &'static [Item]),
}

/// The table with the names of a number.
#[derive(Clone, Copy)]
pub(super) enum Naming {
    Plain,
    Version,
    Suite,
    Group,
    Scheme,
    Compression,
    NameType,
    CertificateType,
    StatusType,
    PskMode,
    KeyUpdate,
    Level,
    Alert,
    Size,
    CertificateCompression,
}

/// How bytes are shown.
#[derive(Clone, Copy)]
pub(super) enum Show {
    Hex,
    /// As text, with everything but printable ASCII escaped.
    Text,
    /// As a distinguished name in DER.
    Name,
    /// As their number only.
    Count,
}

use Shape::*;

pub(super) const CLIENT_HELLO: &[Item] = &[
    Item("legacy_version", Number(2, Naming::Version)),
    Item("random", Fixed(32, Show::Hex)),
    Item("legacy_session_id", Vector(1, Show::Hex)),
    Item("cipher_suites", List(2, &Item("cipher_suite", Number(2, Naming::Suite)))),
    Item("legacy_compression_methods", List(1, &Item("compression_method", Number(1, Naming::Compression)))),
    Item("extensions", OptionalExtensions(Place::ClientHello)),
];

pub(super) const SERVER_HELLO: &[Item] = &[
    Item("legacy_version", Number(2, Naming::Version)),
    Item("random", Fixed(32, Show::Hex)),
    Item("legacy_session_id_echo", Vector(1, Show::Hex)),
    Item("cipher_suite", Number(2, Naming::Suite)),
    Item("legacy_compression_method", Number(1, Naming::Compression)),
    Item("extensions", OptionalExtensions(Place::ServerHello)),
];

/// ServerHello with a special random.
pub(super) const HELLO_RETRY_REQUEST: &[Item] = &[
    Item("legacy_version", Number(2, Naming::Version)),
    Item("random", Fixed(32, Show::Hex)),
    Item("legacy_session_id_echo", Vector(1, Show::Hex)),
    Item("cipher_suite", Number(2, Naming::Suite)),
    Item("legacy_compression_method", Number(1, Naming::Compression)),
    Item("extensions", OptionalExtensions(Place::HelloRetryRequest)),
];

const ENCRYPTED_EXTENSIONS: &[Item] = &[Item("extensions", Extensions(Place::EncryptedExtensions))];

const CERTIFICATE_REQUEST: &[Item] = &[
    Item("certificate_request_context", Vector(1, Show::Hex)),
    Item("extensions", Extensions(Place::CertificateRequest)),
];

/// The same structure in a request of a client (RFC 9261 §4).
pub(super) const CLIENT_CERTIFICATE_REQUEST: &[Item] = CERTIFICATE_REQUEST;

const CERTIFICATE: &[Item] = &[
    Item("certificate_request_context", Vector(1, Show::Hex)),
    Item(
        "certificate_list",
        List(
            3,
            &Item(
                "certificate_entry",
                Struct(&[Item("cert_data", Certificate(3)), Item("extensions", Extensions(Place::Certificate))]),
            ),
        ),
    ),
];

const CERTIFICATE_VERIFY: &[Item] =
    &[Item("algorithm", Number(2, Naming::Scheme)), Item("signature", Vector(2, Show::Hex))];

const FINISHED: &[Item] = &[Item("verify_data", Rest(Show::Hex))];

const NEW_SESSION_TICKET: &[Item] = &[
    Item("ticket_lifetime", Number(4, Naming::Plain)),
    Item("ticket_age_add", Number(4, Naming::Plain)),
    Item("ticket_nonce", Vector(1, Show::Hex)),
    Item("ticket", Vector(2, Show::Hex)),
    Item("extensions", Extensions(Place::NewSessionTicket)),
];

const KEY_UPDATE: &[Item] = &[Item("request_update", Number(1, Naming::KeyUpdate))];

const COMPRESSED_CERTIFICATE: &[Item] = &[
    Item("algorithm", Number(2, Naming::CertificateCompression)),
    Item("uncompressed_length", Number(3, Naming::Plain)),
    Item("compressed_certificate_message", Vector(3, Show::Hex)),
];

/// The messages of TLS 1.3 (RFC 9846 §4; number 25 is from RFC 8879).
pub(super) const MESSAGES: &[(u8, &str, &[Item])] = &[
    (1, "client_hello", CLIENT_HELLO),
    (2, "server_hello", SERVER_HELLO),
    (4, "new_session_ticket", NEW_SESSION_TICKET),
    (5, "end_of_early_data", &[]),
    (8, "encrypted_extensions", ENCRYPTED_EXTENSIONS),
    (11, "certificate", CERTIFICATE),
    (13, "certificate_request", CERTIFICATE_REQUEST),
    (15, "certificate_verify", CERTIFICATE_VERIFY),
    (20, "finished", FINISHED),
    (24, "key_update", KEY_UPDATE),
    (25, "compressed_certificate", COMPRESSED_CERTIFICATE),
];

/// An alert (RFC 9846 §6).
pub(super) const ALERT: &[Item] =
    &[Item("level", Number(1, Naming::Level)), Item("description", Number(1, Naming::Alert))];

/// change_cipher_spec (RFC 9846 §5).
pub(super) const CHANGE_CIPHER_SPEC: &[Item] = &[Item("change_cipher_spec", Fixed(1, Show::Hex))];
