//! The extensions (RFC 9846 §4.3) and the structure of their bodies in each message.

use super::grammar::{Item, Naming, Shape::*, Show};

/// The messages with a block of extensions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    NewSessionTicket,
}

use Place::{
    Certificate as CT, CertificateRequest as CR, ClientHello as CH, EncryptedExtensions as EE,
    HelloRetryRequest as HRR, NewSessionTicket as NST, ServerHello as SH,
};

type Bodies = &'static [(Place, &'static [Item])];

/// Number, name, and the structure of the body in each message in which the extension may appear.
const EXTENSIONS: &[(u16, &str, Bodies)] = &[
    (0, "server_name", &[(CH, SERVER_NAMES), (EE, &[]), (CR, ANY)]),
    (1, "max_fragment_length", &[(CH, MAX_FRAGMENT), (EE, MAX_FRAGMENT)]),
    (5, "status_request", &[(CH, STATUS_REQUEST), (CR, &[]), (CT, STATUS)]),
    (10, "supported_groups", &[(CH, GROUPS), (EE, GROUPS)]),
    (11, "ec_point_formats", &[(CH, POINT_FORMATS)]),
    (13, "signature_algorithms", &[(CH, SCHEMES), (CR, SCHEMES)]),
    (14, "use_srtp", &[(CH, ANY), (EE, ANY)]),
    (15, "heartbeat", &[(CH, ANY), (EE, ANY)]),
    (16, "application_layer_protocol_negotiation", &[(CH, PROTOCOLS), (EE, PROTOCOLS)]),
    (18, "signed_certificate_timestamp", &[(CH, &[]), (CR, &[]), (CT, TIMESTAMPS)]),
    (19, "client_certificate_type", &[(CH, CERTIFICATE_TYPES), (EE, CERTIFICATE_TYPE)]),
    (20, "server_certificate_type", &[(CH, CERTIFICATE_TYPES), (EE, CERTIFICATE_TYPE)]),
    (21, "padding", &[(CH, PADDING)]),
    (22, "encrypt_then_mac", &[(CH, &[])]),
    (23, "extended_main_secret", &[(CH, &[])]),
    (27, "compress_certificate", &[(CH, COMPRESSIONS), (CR, COMPRESSIONS)]),
    (28, "record_size_limit", &[(CH, RECORD_SIZE), (EE, RECORD_SIZE)]),
    (35, "session_ticket", &[(CH, ANY)]),
    (41, "pre_shared_key", &[(CH, OFFERED_PSKS), (SH, SELECTED_PSK)]),
    (42, "early_data", &[(CH, &[]), (EE, &[]), (NST, MAX_EARLY_DATA)]),
    (43, "supported_versions", &[(CH, VERSIONS), (SH, VERSION), (HRR, VERSION)]),
    (44, "cookie", &[(CH, COOKIE), (HRR, COOKIE)]),
    (45, "psk_key_exchange_modes", &[(CH, MODES)]),
    (47, "certificate_authorities", &[(CH, AUTHORITIES), (CR, AUTHORITIES)]),
    (48, "oid_filters", &[(CR, ANY)]),
    (49, "post_handshake_auth", &[(CH, ANY)]),
    (50, "signature_algorithms_cert", &[(CH, SCHEMES), (CR, SCHEMES)]),
    (51, "key_share", &[(CH, CLIENT_SHARES), (SH, SHARE), (HRR, SELECTED_GROUP)]),
    (57, "quic_transport_parameters", &[(CH, ANY), (EE, ANY)]),
    (0xfe0d, "encrypted_client_hello", &[(CH, ANY), (EE, ANY), (HRR, ANY)]),
    (0xff01, "renegotiation_info", &[(CH, RENEGOTIATED)]),
];

const ANY: &[Item] = &[Item("extension_data", Rest(Show::Hex))];
const MAX_FRAGMENT: &[Item] = &[Item("max_fragment_length", Rest(Show::Hex))];
const POINT_FORMATS: &[Item] = &[Item("ec_point_formats", Vector(1, Show::Hex))];
const RENEGOTIATED: &[Item] = &[Item("renegotiated_connection", Vector(1, Show::Hex))];
const PADDING: &[Item] = &[Item("padding", Rest(Show::Count))];
const SERVER_NAMES: &[Item] = &[Item(
    "server_name_list",
    List(
        2,
        &Item(
            "server_name",
            Struct(&[Item("name_type", Number(1, Naming::NameType)), Item("host_name", Vector(2, Show::Text))]),
        ),
    ),
)];
const STATUS_REQUEST: &[Item] = &[
    Item("status_type", Number(1, Naming::StatusType)),
    Item(
        "request",
        If(
            1,
            &[
                Item("responder_id_list", List(2, &Item("responder_id", Vector(2, Show::Hex)))),
                Item("request_extensions", Vector(2, Show::Hex)),
            ],
        ),
    ),
];
const STATUS: &[Item] =
    &[Item("status_type", Number(1, Naming::StatusType)), Item("ocsp_response", Vector(3, Show::Hex))];
const GROUPS: &[Item] = &[Item("named_group_list", List(2, &Item("named_group", Number(2, Naming::Group))))];
const SCHEMES: &[Item] =
    &[Item("supported_signature_algorithms", List(2, &Item("signature_scheme", Number(2, Naming::Scheme))))];
const PROTOCOLS: &[Item] = &[Item("protocol_name_list", List(2, &Item("protocol_name", Vector(1, Show::Text))))];
const TIMESTAMPS: &[Item] = &[Item("sct_list", List(2, &Item("serialized_sct", Vector(2, Show::Hex))))];
const CERTIFICATE_TYPES: &[Item] =
    &[Item("certificate_types", List(1, &Item("certificate_type", Number(1, Naming::CertificateType))))];
const CERTIFICATE_TYPE: &[Item] = &[Item("certificate_type", Number(1, Naming::CertificateType))];
const COMPRESSIONS: &[Item] =
    &[Item("algorithms", List(1, &Item("algorithm", Number(2, Naming::CertificateCompression))))];
const RECORD_SIZE: &[Item] = &[Item("record_size_limit", Number(2, Naming::Size))];
const OFFERED_PSKS: &[Item] = &[
    Item(
        "identities",
        List(
            2,
            &Item(
                "psk_identity",
                Struct(&[
                    Item("identity", Vector(2, Show::Hex)),
                    Item("obfuscated_ticket_age", Number(4, Naming::Plain)),
                ]),
            ),
        ),
    ),
    Item("binders", List(2, &Item("psk_binder_entry", Vector(1, Show::Hex)))),
];
const SELECTED_PSK: &[Item] = &[Item("selected_identity", Number(2, Naming::Plain))];
const MAX_EARLY_DATA: &[Item] = &[Item("max_early_data_size", Number(4, Naming::Size))];
const VERSIONS: &[Item] = &[Item("versions", List(1, &Item("version", Number(2, Naming::Version))))];
const VERSION: &[Item] = &[Item("selected_version", Number(2, Naming::Version))];
const COOKIE: &[Item] = &[Item("cookie", Vector(2, Show::Hex))];
const MODES: &[Item] = &[Item("ke_modes", List(1, &Item("ke_mode", Number(1, Naming::PskMode))))];
const AUTHORITIES: &[Item] = &[Item("authorities", List(2, &Item("distinguished_name", Vector(2, Show::Name))))];
const SHARE: &[Item] = &[Item(
    "key_share_entry",
    Struct(&[Item("group", Number(2, Naming::Group)), Item("key_exchange", Vector(2, Show::Hex))]),
)];
const CLIENT_SHARES: &[Item] = &[Item(
    "client_shares",
    List(
        2,
        &Item(
            "key_share_entry",
            Struct(&[Item("group", Number(2, Naming::Group)), Item("key_exchange", Vector(2, Show::Hex))]),
        ),
    ),
)];
const SELECTED_GROUP: &[Item] = &[Item("selected_group", Number(2, Naming::Group))];

/// The name of an extension, if it is known.
pub(super) fn name(number: u16) -> Option<&'static str> {
    EXTENSIONS.iter().find(|(known, ..)| *known == number).map(|(_, name, _)| *name)
}

/// The structure of the body in this message. `None` if the extension is unknown or may not appear there.
pub(super) fn body(number: u16, place: Place) -> Option<&'static [Item]> {
    let (.., bodies) = EXTENSIONS.iter().find(|(known, ..)| *known == number)?;
    bodies.iter().find(|(each, _)| *each == place).map(|(_, items)| *items)
}

/// Extensions of TLS 1.2, and others that the table of RFC 9846 leaves out. Their places are not checked.
const UNJUDGED: [u16; 6] = [11, 22, 23, 35, 0xfe0d, 0xff01];

/// Whether the extension is known, and the table of RFC 9846 §4.3 forbids it in this message.
pub(super) fn is_misplaced(number: u16, place: Place) -> bool {
    name(number).is_some() && body(number, place).is_none() && !UNJUDGED.contains(&number)
}
