//! Extension bodies: each is written as the RFC draws it, read back, and refused in every other form.

use countersign::internals::codec::*;
use proptest::prelude::*;

type Read = fn(Extensions<'_>) -> Result<String, Malformed>;

/// Shows what a reader found; `None` and `false` cannot come up, because the extension is always there.
macro_rules! read {
    ($method:ident) => {
        |extensions| extensions.$method().map(|found| format!("{found:?}"))
    };
    ($method:ident list) => {
        |extensions| extensions.$method().map(|found| format!("{:?}", found.unwrap().iter().collect::<Vec<_>>()))
    };
}

/// One block with one extension.
fn block(typ: ExtensionType, body: &[u8]) -> Vec<u8> {
    let mut memory = vec![0; body.len() + 4];
    let mut w = Writer::new(&mut memory);
    w.extension(typ, |w| w.bytes(body));
    assert_eq!(w.finish(), Ok(memory.len()));
    memory
}

fn read(typ: ExtensionType, body: &[u8], read: Read) -> Result<String, Malformed> {
    read(Extensions::parse(&block(typ, body)).expect("a legal block"))
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut memory = vec![0; 1 << 17];
    let mut w = Writer::new(&mut memory);
    write(&mut w);
    let len = w.finish().expect("room");
    memory.truncate(len);
    memory
}

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).expect("hex")
}

use ExtensionType as Ext;

/// (extension, body as the RFC draws it, its reader, what it finds, its writer)
#[allow(clippy::type_complexity)]
fn legal() -> Vec<(ExtensionType, &'static str, Read, &'static str, fn(&mut Writer<'_>))> {
    vec![
        (Ext::SUPPORTED_VERSIONS, "04 0304 0303", read!(supported_versions list), "[772, 771]", |w| {
            w.supported_versions([TLS13, 0x0303]);
        }),
        (Ext::SUPPORTED_VERSIONS, "0304", read!(selected_version), "Some(772)", |w| w.selected_version(TLS13)),
        (Ext::COOKIE, "0003 010203", read!(cookie), "Some([1, 2, 3])", |w| w.cookie(&[1, 2, 3])),
        (
            Ext::SIGNATURE_ALGORITHMS,
            "0004 0403 0807",
            read!(signature_algorithms list),
            "[ecdsa_secp256r1_sha256, ed25519]",
            |w| w.signature_algorithms([SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::ED25519]),
        ),
        (
            Ext::SIGNATURE_ALGORITHMS_CERT,
            "0002 0401",
            read!(signature_algorithms_cert list),
            "[rsa_pkcs1_sha256]",
            |w| w.signature_algorithms_cert([SignatureScheme::RSA_PKCS1_SHA256]),
        ),
        (Ext::SUPPORTED_GROUPS, "0004 001d 0a0a", read!(supported_groups list), "[x25519, 0x0a0a]", |w| {
            w.supported_groups([NamedGroup::X25519, NamedGroup(0x0a0a)]);
        }),
        (
            Ext::KEY_SHARE,
            "000c 001d 0002 abcd 0a0a 0002 0000",
            read!(client_shares list),
            "[KeyShareEntry { group: x25519, key_exchange: [171, 205] }, KeyShareEntry { group: 0x0a0a, key_exchange: [0, 0] }]",
            |w| {
                w.client_shares([
                    KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[0xab, 0xcd] },
                    KeyShareEntry { group: NamedGroup(0x0a0a), key_exchange: &[0, 0] },
                ]);
            },
        ),
        // §4.3.8: an empty list asks for a HelloRetryRequest.
        (Ext::KEY_SHARE, "0000", read!(client_shares list), "[]", |w| w.client_shares([])),
        (
            Ext::KEY_SHARE,
            "0017 0003 040506",
            read!(server_share),
            "Some(KeyShareEntry { group: secp256r1, key_exchange: [4, 5, 6] })",
            |w| w.server_share(KeyShareEntry { group: NamedGroup::SECP256R1, key_exchange: &[4, 5, 6] }),
        ),
        (Ext::KEY_SHARE, "0018", read!(selected_group), "Some(secp384r1)", |w| {
            w.selected_group(NamedGroup::SECP384R1);
        }),
        (Ext::PSK_KEY_EXCHANGE_MODES, "01 01", read!(psk_key_exchange_modes list), "[1]", |w| {
            w.psk_key_exchange_modes(&[1]);
        }),
        (Ext::EARLY_DATA, "", read!(early_data), "true", |w| w.early_data()),
        (Ext::EARLY_DATA, "00000400", read!(max_early_data_size), "Some(1024)", |w| w.max_early_data_size(1024)),
        (Ext::SERVER_NAME, "0004 00 0001 61", read!(server_name), "Some([97])", |w| w.server_name(b"a")),
        (Ext::SERVER_NAME, "", read!(server_name_used), "true", |w| w.server_name_used()),
        (
            Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            "0005 02 6832 01 78",
            read!(protocols list),
            "[ProtocolName([104, 50]), ProtocolName([120])]",
            |w| w.protocols([&b"h2"[..], b"x"]),
        ),
        (
            Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            "0003 02 6832",
            read!(selected_protocol),
            "Some([104, 50])",
            |w| w.selected_protocol(b"h2"),
        ),
        (Ext::RECORD_SIZE_LIMIT, "4001", read!(record_size_limit), "Some(16385)", |w| w.record_size_limit(0x4001)),
        (
            Ext::CERTIFICATE_AUTHORITIES,
            "0007 0002 3000 0001 30",
            read!(certificate_authorities list),
            "[DistinguishedName([48, 0]), DistinguishedName([48])]",
            |w| w.certificate_authorities([&[0x30, 0][..], &[0x30]]),
        ),
        (Ext::CLIENT_CERTIFICATE_TYPE, "02 02 00", read!(client_certificate_types list), "[RawPublicKey, X509]", |w| {
            w.client_certificate_types([CertificateType::RAW_PUBLIC_KEY, CertificateType::X509])
        }),
        (Ext::SERVER_CERTIFICATE_TYPE, "01 00", read!(server_certificate_types list), "[X509]", |w| {
            w.server_certificate_types([CertificateType::X509]);
        }),
        (Ext::CLIENT_CERTIFICATE_TYPE, "02", read!(client_certificate_type), "Some(RawPublicKey)", |w| {
            w.client_certificate_type(CertificateType::RAW_PUBLIC_KEY);
        }),
        (Ext::SERVER_CERTIFICATE_TYPE, "00", read!(server_certificate_type), "Some(X509)", |w| {
            w.server_certificate_type(CertificateType::X509);
        }),
        (Ext::STATUS_REQUEST, "01 0000 0000", read!(status_request), "true", |w| w.status_request()),
        (Ext::STATUS_REQUEST, "", read!(status_request_of_server), "true", |w| w.status_request_of_server()),
        (Ext::STATUS_REQUEST, "01 000002 3000", read!(ocsp_response), "Some([48, 0])", |w| {
            w.ocsp_response(&[0x30, 0]);
        }),
        (Ext::SIGNED_CERTIFICATE_TIMESTAMP, "", read!(sct_request), "true", |w| w.sct_request()),
        (
            Ext::SIGNED_CERTIFICATE_TIMESTAMP,
            "0006 0001 0a 0001 0b",
            read!(sct_list),
            "Some([0, 6, 0, 1, 10, 0, 1, 11])",
            |w| w.sct_list(&[0, 6, 0, 1, 10, 0, 1, 11]),
        ),
    ]
}

#[test]
fn every_body_is_written_as_drawn_and_read_back() {
    for (typ, body, reader, found, write) in legal() {
        assert_eq!(read(typ, &hex(body), reader), Ok(found.to_owned()), "{typ} {body}");
        assert_eq!(written(write), block(typ, &hex(body)), "{typ} {body}");
    }
}

#[test]
fn no_body_may_end_early_or_late() {
    for (typ, body, reader, ..) in legal() {
        let body = hex(body);
        let longer = [&body[..], &[0]].concat();
        assert_eq!(read(typ, &longer, reader), Err(Malformed::TrailingBytes), "{typ} {body:?}");
        for cut in 0..body.len() {
            assert_eq!(read(typ, &body[..cut], reader), Err(Malformed::Truncated), "{typ} {body:?} cut at {cut}");
        }
    }
}

#[test]
fn illegal_bodies_and_what_is_wrong_with_them() {
    use Malformed::*;
    let alpn = Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION;
    let sct = Ext::SIGNED_CERTIFICATE_TIMESTAMP;
    let table: Vec<(&str, ExtensionType, &str, Read, Malformed)> = vec![
        ("no version", Ext::SUPPORTED_VERSIONS, "00", read!(supported_versions), EmptyVector),
        ("half a version", Ext::SUPPORTED_VERSIONS, "03 0304 03", read!(supported_versions), Truncated),
        ("a list where one is selected", Ext::SUPPORTED_VERSIONS, "02 0304", read!(selected_version), TrailingBytes),
        ("an empty cookie", Ext::COOKIE, "0000", read!(cookie), EmptyVector),
        ("no scheme", Ext::SIGNATURE_ALGORITHMS, "0000", read!(signature_algorithms), EmptyVector),
        ("half a scheme", Ext::SIGNATURE_ALGORITHMS, "0003 0403 04", read!(signature_algorithms), Truncated),
        ("no scheme", Ext::SIGNATURE_ALGORITHMS_CERT, "0000", read!(signature_algorithms_cert), EmptyVector),
        ("half a scheme", Ext::SIGNATURE_ALGORITHMS_CERT, "0001 04", read!(signature_algorithms_cert), Truncated),
        ("no group", Ext::SUPPORTED_GROUPS, "0000", read!(supported_groups), EmptyVector),
        ("half a group", Ext::SUPPORTED_GROUPS, "0003 001d 00", read!(supported_groups), Truncated),
        ("an empty share", Ext::KEY_SHARE, "0004 001d 0000", read!(client_shares), EmptyVector),
        ("a share that overruns", Ext::KEY_SHARE, "0005 001d 0002 00", read!(client_shares), Truncated),
        ("a second share cut short", Ext::KEY_SHARE, "0007 001d 0001 00 0017", read!(client_shares), Truncated),
        ("an empty share", Ext::KEY_SHARE, "001d 0000", read!(server_share), EmptyVector),
        ("no share", Ext::KEY_SHARE, "", read!(server_share), Truncated),
        ("two shares", Ext::KEY_SHARE, "001d 0001 00 0017 0001 00", read!(server_share), TrailingBytes),
        ("a share where a group stands", Ext::KEY_SHARE, "001d 0001 00", read!(selected_group), TrailingBytes),
        ("no mode", Ext::PSK_KEY_EXCHANGE_MODES, "00", read!(psk_key_exchange_modes), EmptyVector),
        ("a size in a hello", Ext::EARLY_DATA, "00000400", read!(early_data), TrailingBytes),
        ("no size in a ticket", Ext::EARLY_DATA, "", read!(max_early_data_size), Truncated),
        ("no list of names", Ext::SERVER_NAME, "", read!(server_name), Truncated),
        ("no name", Ext::SERVER_NAME, "0000", read!(server_name), EmptyVector),
        ("an empty name", Ext::SERVER_NAME, "0003 00 0000", read!(server_name), EmptyVector),
        ("two host names", Ext::SERVER_NAME, "0008 00 0001 61 00 0001 62", read!(server_name), BadServerNames),
        ("no host name", Ext::SERVER_NAME, "0004 01 0001 61", read!(server_name), BadServerNames),
        (
            "two names of an unknown type",
            Ext::SERVER_NAME,
            "000c 00 0001 61 ff 0001 62 ff 0001 62",
            read!(server_name),
            BadServerNames,
        ),
        ("a name in the answer", Ext::SERVER_NAME, "0004 00 0001 61", read!(server_name_used), TrailingBytes),
        ("no protocol", alpn, "0000", read!(protocols), EmptyVector),
        ("an empty protocol", alpn, "0001 00", read!(protocols), EmptyVector),
        ("an empty second protocol", alpn, "0004 02 6832 00", read!(protocols), EmptyVector),
        ("a protocol that overruns", alpn, "0003 03 6832", read!(protocols), Truncated),
        ("no protocol selected", alpn, "0000", read!(selected_protocol), EmptyVector),
        ("an empty one selected", alpn, "0001 00", read!(selected_protocol), EmptyVector),
        ("two selected", alpn, "0004 01 61 01 62", read!(selected_protocol), NotOneElement),
        ("no authority", Ext::CERTIFICATE_AUTHORITIES, "0000", read!(certificate_authorities), EmptyVector),
        ("an empty name", Ext::CERTIFICATE_AUTHORITIES, "0002 0000", read!(certificate_authorities), EmptyVector),
        ("a name cut short", Ext::CERTIFICATE_AUTHORITIES, "0003 0002 30", read!(certificate_authorities), Truncated),
        ("no type", Ext::CLIENT_CERTIFICATE_TYPE, "00", read!(client_certificate_types), EmptyVector),
        ("no type", Ext::SERVER_CERTIFICATE_TYPE, "00", read!(server_certificate_types), EmptyVector),
        ("a list selected", Ext::CLIENT_CERTIFICATE_TYPE, "01 00", read!(client_certificate_type), TrailingBytes),
        ("a list selected", Ext::SERVER_CERTIFICATE_TYPE, "01 00", read!(server_certificate_type), TrailingBytes),
        ("an empty responder", Ext::STATUS_REQUEST, "01 0002 0000 0000", read!(status_request), EmptyVector),
        ("a full request", Ext::STATUS_REQUEST, "01 0000 0000", read!(status_request_of_server), TrailingBytes),
        ("an empty response", Ext::STATUS_REQUEST, "01 000000", read!(ocsp_response), EmptyVector),
        ("a status not of OCSP", Ext::STATUS_REQUEST, "02 000002 3000", read!(ocsp_response), UnknownStatusType),
        ("no SCT", sct, "0000", read!(sct_list), EmptyVector),
        ("an empty SCT", sct, "0002 0000", read!(sct_list), EmptyVector),
        ("an SCT cut short", sct, "0003 0002 0a", read!(sct_list), Truncated),
        ("a list in the request", sct, "0003 0001 0a", read!(sct_request), TrailingBytes),
    ];
    for (case, typ, body, reader, wrong) in table {
        assert_eq!(read(typ, &hex(body), reader), Err(wrong), "{typ}: {case}");
    }
}

#[test]
fn a_host_name_may_stand_beside_names_of_other_types() {
    let reader: Read = read!(server_name);
    assert_eq!(read(Ext::SERVER_NAME, &hex("0008 05 0001 62 00 0001 61"), reader), Ok("Some([97])".to_owned()));
}

#[test]
fn a_status_request_of_another_type_is_no_request_for_ocsp() {
    let reader: Read = read!(status_request);
    assert_eq!(read(Ext::STATUS_REQUEST, &hex("02 ffff ff"), reader), Ok("false".to_owned()));
    assert_eq!(read(Ext::STATUS_REQUEST, &hex("02"), reader), Ok("false".to_owned()));
}

#[test]
fn what_is_not_there_is_not_read() {
    for extensions in [Extensions::ABSENT, Extensions::parse(&[]).unwrap()] {
        assert_eq!(extensions.supported_versions(), Ok(None));
        assert_eq!(extensions.selected_version(), Ok(None));
        assert_eq!(extensions.client_shares(), Ok(None));
        assert_eq!(extensions.selected_protocol(), Ok(None));
        assert_eq!(extensions.ocsp_response(), Ok(None));
        assert_eq!(extensions.sct_list(), Ok(None));
        assert_eq!(extensions.early_data(), Ok(false));
        assert_eq!(extensions.status_request(), Ok(false));
        assert_eq!(extensions.server_name_used(), Ok(false));
        assert!(!extensions.has(Ext::KEY_SHARE));
    }
}

#[test]
fn extensions_are_found_by_type_and_shown_in_the_order_received() {
    let raw = hex("002c0003000101 fafa0000 00290001ff");
    let extensions = Extensions::parse(&raw).unwrap();
    let types = extensions.iter().map(|each| each.extension_type).collect::<Vec<_>>();
    assert_eq!(types, [Ext::COOKIE, ExtensionType(0xfafa), Ext::PRE_SHARED_KEY]);
    assert_eq!(extensions.get(ExtensionType(0xfafa)), Some(&[][..]));
    assert_eq!(extensions.get(Ext::PRE_SHARED_KEY), Some(&[0xff][..]));
    assert_eq!(extensions.get(Ext::KEY_SHARE), None);
    assert_eq!(extensions.last(), Some(Ext::PRE_SHARED_KEY));
}

proptest! {
    /// No reader panics on any body.
    #[test]
    fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for (typ, _, reader, ..) in legal() {
            let _: Result<String, Malformed> = read(typ, &body, reader);
        }
    }
}

// ---- the table of §4.3 ----

/// The table as RFC 9846 §4.3 prints it, for the extensions that this crate knows; the last two are RFC 8446's.
const TABLE: &str = "
    server_name | CH, EE, CR
    status_request | CH, CR, CT
    supported_groups | CH, EE
    signature_algorithms | CH, CR
    use_srtp | CH, EE
    heartbeat | CH, EE
    application_layer_protocol_negotiation | CH, EE
    client_certificate_type | CH, EE
    server_certificate_type | CH, EE
    padding | CH
    compress_certificate | CH, CR
    record_size_limit | CH, EE
    pre_shared_key | CH, SH
    early_data | CH, EE, NST
    supported_versions | CH, SH, HRR
    cookie | CH, HRR
    psk_key_exchange_modes | CH
    certificate_authorities | CH, CR
    oid_filters | CR
    post_handshake_auth | CH
    signature_algorithms_cert | CH, CR
    key_share | CH, SH, HRR
    quic_transport_parameters | CH, EE
    max_fragment_length | CH, EE
    signed_certificate_timestamp | CH, CR, CT";

const PLACES: [(Place, &str); 7] = [
    (Place::ClientHello, "CH"),
    (Place::ServerHello, "SH"),
    (Place::HelloRetryRequest, "HRR"),
    (Place::EncryptedExtensions, "EE"),
    (Place::CertificateRequest, "CR"),
    (Place::Certificate, "CT"),
    (Place::NewSessionTicket, "NST"),
];

#[test]
fn extensions_may_stand_where_the_rfc_says_and_nowhere_else() {
    let mut known = 0;
    for typ in (0..=u16::MAX).map(ExtensionType) {
        let row = typ.name().map(|name| {
            let mut rows = TABLE.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
            rows.find(|row| row[0] == name).expect("every named extension has a row")[1]
        });
        for (place, short) in PLACES {
            let expected = row.map(|places| places.split(", ").any(|each| each == short));
            assert_eq!(may_stand(typ, place), expected, "{typ} in {place:?}");
        }
        known += usize::from(row.is_some());
    }
    assert_eq!(known, EXTENSION_TABLE.len());
    assert!(EXTENSION_TABLE.is_sorted_by_key(|(typ, _)| *typ));
}

#[test]
fn the_first_forbidden_extension_is_named_and_unknown_ones_are_not() {
    // cookie, an unknown one, oid_filters, key_share
    let raw = hex("002c0000 fafa0000 00300000 00330000");
    let extensions = Extensions::parse(&raw).unwrap();
    assert_eq!(extensions.forbidden_in(Place::ClientHello), Some(Ext::OID_FILTERS));
    assert_eq!(extensions.forbidden_in(Place::EncryptedExtensions), Some(Ext::COOKIE));
    assert_eq!(extensions.forbidden_in(Place::HelloRetryRequest), Some(Ext::OID_FILTERS));
    let unknown = hex("fafa0000");
    assert_eq!(Extensions::parse(&unknown).unwrap().forbidden_in(Place::Certificate), None);
}
