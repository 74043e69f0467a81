//! Extension bodies: each is written as in the RFC and read back. Every other form is refused.

use countersign::internals::codec::*;
use proptest::prelude::*;

type Read = fn(Extensions<'_>) -> Result<String, Malformed>;

/// The result of a getter after the block has been checked for its message. `None` and `false` are impossible, because
/// the extension is always there. The versions are read before the check, and checked all the same.
macro_rules! read {
    ($place:ident $getter:ident) => {
        |extensions| checked(extensions, Place::$place).map(|extensions| format!("{:?}", extensions.$getter()))
    };
    ($place:ident $getter:ident list) => {
        |extensions| checked(extensions, Place::$place).map(|extensions| listed(extensions.$getter().unwrap()))
    };
    (before the check: $place:ident $getter:ident) => {
        |extensions| {
            let read = extensions.$getter().map(|found| format!("{found:?}"));
            assert_eq!(checked(extensions, Place::$place).err(), read.clone().err());
            read
        }
    };
    (before the check: $place:ident $getter:ident list) => {
        |extensions| {
            let read = extensions.$getter().map(|found| listed(found.unwrap()));
            assert_eq!(checked(extensions, Place::$place).err(), read.clone().err());
            read
        }
    };
}

fn checked(extensions: Extensions<'_>, place: Place) -> Result<CheckedExtensions<'_>, Malformed> {
    extensions.check(place).map_err(|bad| match bad {
        BadExtension::Malformed { what, .. } => what,
        BadExtension::Forbidden { extension } => panic!("{extension} may stand in {place:?}"),
    })
}

fn listed<'a, T: Element<'a> + std::fmt::Debug>(list: List<'a, T>) -> String {
    format!("{:?}", list.iter().collect::<Vec<_>>())
}

/// One block with one extension.
pub(crate) fn block(typ: ExtensionType, body: &[u8]) -> Vec<u8> {
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

pub(crate) fn hex(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).expect("hex")
}

use ExtensionType as Ext;

/// Every message, with its name in the RFC's table.
pub(crate) const PLACES: [(Place, &str); 7] = [
    (Place::ClientHello, "CH"),
    (Place::ServerHello, "SH"),
    (Place::HelloRetryRequest, "HRR"),
    (Place::EncryptedExtensions, "EE"),
    (Place::CertificateRequest, "CR"),
    (Place::Certificate, "CT"),
    (Place::NewSessionTicket, "NST"),
];

/// (extension, body as in the RFC, its getter, the result, its writer)
#[allow(clippy::type_complexity)]
fn legal() -> Vec<(ExtensionType, &'static str, Read, &'static str, fn(&mut Writer<'_>))> {
    vec![
        (
            Ext::SUPPORTED_VERSIONS,
            "04 0304 0303",
            read!(before the check: ClientHello supported_versions list),
            "[772, 771]",
            |w| {
                w.supported_versions([TLS13, 0x0303]);
            },
        ),
        (Ext::SUPPORTED_VERSIONS, "0304", read!(before the check: ServerHello selected_version), "Some(772)", |w| {
            w.selected_version(TLS13)
        }),
        (Ext::COOKIE, "0003 010203", read!(ClientHello cookie), "Some([1, 2, 3])", |w| w.cookie(&[1, 2, 3])),
        (
            Ext::SIGNATURE_ALGORITHMS,
            "0004 0403 0807",
            read!(ClientHello signature_algorithms list),
            "[ecdsa_secp256r1_sha256, ed25519]",
            |w| w.signature_algorithms([SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::ED25519]),
        ),
        (
            Ext::SIGNATURE_ALGORITHMS_CERT,
            "0002 0401",
            read!(ClientHello signature_algorithms_cert list),
            "[rsa_pkcs1_sha256]",
            |w| w.signature_algorithms_cert([SignatureScheme::RSA_PKCS1_SHA256]),
        ),
        (Ext::SUPPORTED_GROUPS, "0004 001d 0a0a", read!(ClientHello supported_groups list), "[x25519, 0x0a0a]", |w| {
            w.supported_groups([NamedGroup::X25519, NamedGroup(0x0a0a)]);
        }),
        (
            Ext::KEY_SHARE,
            "000c 001d 0002 abcd 0a0a 0002 0000",
            read!(ClientHello client_shares list),
            "[KeyShareEntry { group: x25519, key_exchange: [171, 205] }, KeyShareEntry { group: 0x0a0a, key_exchange: [0, 0] }]",
            |w| {
                w.client_shares([
                    KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[0xab, 0xcd] },
                    KeyShareEntry { group: NamedGroup(0x0a0a), key_exchange: &[0, 0] },
                ]);
            },
        ),
        // §4.3.8: an empty list asks for a HelloRetryRequest.
        (Ext::KEY_SHARE, "0000", read!(ClientHello client_shares list), "[]", |w| {
            w.client_shares::<KeyShareEntry<'_>>([])
        }),
        (
            Ext::KEY_SHARE,
            "0017 0003 040506",
            read!(ServerHello server_share),
            "Some(KeyShareEntry { group: secp256r1, key_exchange: [4, 5, 6] })",
            |w| w.server_share(KeyShareEntry { group: NamedGroup::SECP256R1, key_exchange: &[4, 5, 6] }),
        ),
        (Ext::KEY_SHARE, "0018", read!(HelloRetryRequest selected_group), "Some(secp384r1)", |w| {
            w.selected_group(NamedGroup::SECP384R1);
        }),
        (Ext::PSK_KEY_EXCHANGE_MODES, "01 01", read!(ClientHello psk_key_exchange_modes list), "[1]", |w| {
            w.psk_key_exchange_modes(&[1]);
        }),
        (Ext::EARLY_DATA, "", read!(ClientHello early_data), "true", |w| w.early_data()),
        (Ext::EARLY_DATA, "00000400", read!(NewSessionTicket max_early_data_size), "Some(1024)", |w| {
            w.max_early_data_size(1024)
        }),
        (Ext::SERVER_NAME, "0004 00 0001 61", read!(ClientHello server_name), "Some([97])", |w| w.server_name(b"a")),
        (Ext::SERVER_NAME, "", read!(EncryptedExtensions server_name_used), "true", |w| w.server_name_used()),
        (
            Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            "0005 02 6832 01 78",
            read!(ClientHello protocols list),
            "[ProtocolName([104, 50]), ProtocolName([120])]",
            |w| w.protocols([&b"h2"[..], b"x"]),
        ),
        (
            Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            "0003 02 6832",
            read!(EncryptedExtensions selected_protocol),
            "Some([104, 50])",
            |w| w.selected_protocol(b"h2"),
        ),
        (Ext::RECORD_SIZE_LIMIT, "4001", read!(ClientHello record_size_limit), "Some(16385)", |w| {
            w.record_size_limit(0x4001)
        }),
        (
            Ext::CERTIFICATE_AUTHORITIES,
            "0007 0002 3000 0001 30",
            read!(ClientHello certificate_authorities list),
            "[DistinguishedName([48, 0]), DistinguishedName([48])]",
            |w| w.certificate_authorities([&[0x30, 0][..], &[0x30]]),
        ),
        (
            Ext::CLIENT_CERTIFICATE_TYPE,
            "02 02 00",
            read!(ClientHello client_certificate_types list),
            "[RawPublicKey, X509]",
            |w| w.client_certificate_types([CertificateType::RAW_PUBLIC_KEY, CertificateType::X509]),
        ),
        (Ext::SERVER_CERTIFICATE_TYPE, "01 00", read!(ClientHello server_certificate_types list), "[X509]", |w| {
            w.server_certificate_types([CertificateType::X509]);
        }),
        (
            Ext::CLIENT_CERTIFICATE_TYPE,
            "02",
            read!(EncryptedExtensions client_certificate_type),
            "Some(RawPublicKey)",
            |w| {
                w.client_certificate_type(CertificateType::RAW_PUBLIC_KEY);
            },
        ),
        (Ext::SERVER_CERTIFICATE_TYPE, "00", read!(EncryptedExtensions server_certificate_type), "Some(X509)", |w| {
            w.server_certificate_type(CertificateType::X509);
        }),
        (Ext::STATUS_REQUEST, "01 0000 0000", read!(ClientHello status_request), "true", |w| w.status_request()),
        (Ext::STATUS_REQUEST, "", read!(CertificateRequest status_request_of_server), "true", |w| {
            w.status_request_of_server()
        }),
        (Ext::STATUS_REQUEST, "01 000002 3000", read!(Certificate ocsp_response), "Some([48, 0])", |w| {
            w.ocsp_response(&[0x30, 0]);
        }),
        (Ext::SIGNED_CERTIFICATE_TIMESTAMP, "", read!(ClientHello sct_request), "true", |w| w.sct_request()),
        (
            Ext::SIGNED_CERTIFICATE_TIMESTAMP,
            "0006 0001 0a 0001 0b",
            read!(Certificate sct_list),
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
        (
            "no version",
            Ext::SUPPORTED_VERSIONS,
            "00",
            read!(before the check: ClientHello supported_versions),
            EmptyVector,
        ),
        (
            "half a version",
            Ext::SUPPORTED_VERSIONS,
            "03 0304 03",
            read!(before the check: ClientHello supported_versions),
            Truncated,
        ),
        (
            "a list where one is selected",
            Ext::SUPPORTED_VERSIONS,
            "02 0304",
            read!(before the check: ServerHello selected_version),
            TrailingBytes,
        ),
        ("an empty cookie", Ext::COOKIE, "0000", read!(ClientHello cookie), EmptyVector),
        ("no scheme", Ext::SIGNATURE_ALGORITHMS, "0000", read!(ClientHello signature_algorithms), EmptyVector),
        (
            "half a scheme",
            Ext::SIGNATURE_ALGORITHMS,
            "0003 0403 04",
            read!(ClientHello signature_algorithms),
            Truncated,
        ),
        (
            "no scheme",
            Ext::SIGNATURE_ALGORITHMS_CERT,
            "0000",
            read!(ClientHello signature_algorithms_cert),
            EmptyVector,
        ),
        (
            "half a scheme",
            Ext::SIGNATURE_ALGORITHMS_CERT,
            "0001 04",
            read!(ClientHello signature_algorithms_cert),
            Truncated,
        ),
        ("no group", Ext::SUPPORTED_GROUPS, "0000", read!(ClientHello supported_groups), EmptyVector),
        ("half a group", Ext::SUPPORTED_GROUPS, "0003 001d 00", read!(ClientHello supported_groups), Truncated),
        ("an empty share", Ext::KEY_SHARE, "0004 001d 0000", read!(ClientHello client_shares), EmptyVector),
        ("a share that overruns", Ext::KEY_SHARE, "0005 001d 0002 00", read!(ClientHello client_shares), Truncated),
        (
            "a second share cut short",
            Ext::KEY_SHARE,
            "0007 001d 0001 00 0017",
            read!(ClientHello client_shares),
            Truncated,
        ),
        ("an empty share", Ext::KEY_SHARE, "001d 0000", read!(ServerHello server_share), EmptyVector),
        ("no share", Ext::KEY_SHARE, "", read!(ServerHello server_share), Truncated),
        ("two shares", Ext::KEY_SHARE, "001d 0001 00 0017 0001 00", read!(ServerHello server_share), TrailingBytes),
        (
            "a share where a group stands",
            Ext::KEY_SHARE,
            "001d 0001 00",
            read!(HelloRetryRequest selected_group),
            TrailingBytes,
        ),
        ("no mode", Ext::PSK_KEY_EXCHANGE_MODES, "00", read!(ClientHello psk_key_exchange_modes), EmptyVector),
        ("a size in a hello", Ext::EARLY_DATA, "00000400", read!(ClientHello early_data), TrailingBytes),
        ("no size in a ticket", Ext::EARLY_DATA, "", read!(NewSessionTicket max_early_data_size), Truncated),
        ("no list of names", Ext::SERVER_NAME, "", read!(ClientHello server_name), Truncated),
        ("no name", Ext::SERVER_NAME, "0000", read!(ClientHello server_name), EmptyVector),
        ("an empty name", Ext::SERVER_NAME, "0003 00 0000", read!(ClientHello server_name), EmptyVector),
        (
            "two host names",
            Ext::SERVER_NAME,
            "0008 00 0001 61 00 0001 62",
            read!(ClientHello server_name),
            BadServerNames,
        ),
        ("no host name", Ext::SERVER_NAME, "0004 01 0001 61", read!(ClientHello server_name), BadServerNames),
        (
            "two names of an unknown type",
            Ext::SERVER_NAME,
            "000c 00 0001 61 ff 0001 62 ff 0001 62",
            read!(ClientHello server_name),
            BadServerNames,
        ),
        (
            "a name in the answer",
            Ext::SERVER_NAME,
            "0004 00 0001 61",
            read!(EncryptedExtensions server_name_used),
            TrailingBytes,
        ),
        ("no protocol", alpn, "0000", read!(ClientHello protocols), EmptyVector),
        ("an empty protocol", alpn, "0001 00", read!(ClientHello protocols), EmptyVector),
        ("an empty second protocol", alpn, "0004 02 6832 00", read!(ClientHello protocols), EmptyVector),
        ("a protocol that overruns", alpn, "0003 03 6832", read!(ClientHello protocols), Truncated),
        ("no protocol selected", alpn, "0000", read!(EncryptedExtensions selected_protocol), EmptyVector),
        ("an empty one selected", alpn, "0001 00", read!(EncryptedExtensions selected_protocol), EmptyVector),
        ("two selected", alpn, "0004 01 61 01 62", read!(EncryptedExtensions selected_protocol), NotOneElement),
        ("no authority", Ext::CERTIFICATE_AUTHORITIES, "0000", read!(ClientHello certificate_authorities), EmptyVector),
        (
            "an empty name",
            Ext::CERTIFICATE_AUTHORITIES,
            "0002 0000",
            read!(ClientHello certificate_authorities),
            EmptyVector,
        ),
        (
            "a name cut short",
            Ext::CERTIFICATE_AUTHORITIES,
            "0003 0002 30",
            read!(ClientHello certificate_authorities),
            Truncated,
        ),
        ("no type", Ext::CLIENT_CERTIFICATE_TYPE, "00", read!(ClientHello client_certificate_types), EmptyVector),
        ("no type", Ext::SERVER_CERTIFICATE_TYPE, "00", read!(ClientHello server_certificate_types), EmptyVector),
        (
            "a list selected",
            Ext::CLIENT_CERTIFICATE_TYPE,
            "01 00",
            read!(EncryptedExtensions client_certificate_type),
            TrailingBytes,
        ),
        (
            "a list selected",
            Ext::SERVER_CERTIFICATE_TYPE,
            "01 00",
            read!(EncryptedExtensions server_certificate_type),
            TrailingBytes,
        ),
        (
            "an empty responder",
            Ext::STATUS_REQUEST,
            "01 0002 0000 0000",
            read!(ClientHello status_request),
            EmptyVector,
        ),
        (
            "a full request",
            Ext::STATUS_REQUEST,
            "01 0000 0000",
            read!(CertificateRequest status_request_of_server),
            TrailingBytes,
        ),
        ("an empty response", Ext::STATUS_REQUEST, "01 000000", read!(Certificate ocsp_response), EmptyVector),
        (
            "a status not of OCSP",
            Ext::STATUS_REQUEST,
            "02 000002 3000",
            read!(Certificate ocsp_response),
            UnknownStatusType,
        ),
        ("no SCT", sct, "0000", read!(Certificate sct_list), EmptyVector),
        ("an empty SCT", sct, "0002 0000", read!(Certificate sct_list), EmptyVector),
        ("an SCT cut short", sct, "0003 0002 0a", read!(Certificate sct_list), Truncated),
        ("a list in the request", sct, "0003 0001 0a", read!(ClientHello sct_request), TrailingBytes),
    ];
    for (case, typ, body, reader, wrong) in table {
        assert_eq!(read(typ, &hex(body), reader), Err(wrong), "{typ}: {case}");
    }
}

#[test]
fn a_host_name_may_stand_beside_names_of_other_types() {
    let reader: Read = read!(ClientHello server_name);
    assert_eq!(read(Ext::SERVER_NAME, &hex("0008 05 0001 62 00 0001 61"), reader), Ok("Some([97])".to_owned()));
}

#[test]
fn a_status_request_of_another_type_is_no_request_for_ocsp() {
    let reader: Read = read!(ClientHello status_request);
    assert_eq!(read(Ext::STATUS_REQUEST, &hex("02 ffff ff"), reader), Ok("false".to_owned()));
    assert_eq!(read(Ext::STATUS_REQUEST, &hex("02"), reader), Ok("false".to_owned()));
}

#[test]
fn what_is_not_there_is_not_read() {
    for block in [Extensions::ABSENT, Extensions::parse(&[]).unwrap()] {
        assert_eq!(block.supported_versions(), Ok(None));
        assert_eq!(block.selected_version(), Ok(None));
        assert!(!block.has(Ext::KEY_SHARE));
        for (place, _) in PLACES {
            let extensions = block.check(place).unwrap();
            assert_eq!(extensions.client_shares(), None);
            assert_eq!(extensions.selected_protocol(), None);
            assert_eq!(extensions.ocsp_response(), None);
            assert_eq!(extensions.sct_list(), None);
            assert!(!extensions.early_data() && !extensions.status_request() && !extensions.server_name_used());
            assert!(!extensions.has(Ext::KEY_SHARE));
        }
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
    /// No getter panics on any body, and the getters can read what the table accepts.
    #[test]
    fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64)) {
        for (typ, _, reader, ..) in legal() {
            let read: Result<String, Malformed> = read(typ, &body, reader);
            prop_assert!(read != Ok("None".to_owned()), "{typ}: {body:?}");
        }
    }

    /// The same for legal bodies with one changed byte, which get further.
    #[test]
    fn a_body_with_a_byte_changed_is_read_or_refused(at in any::<prop::sample::Index>(), byte: u8) {
        for (typ, body, reader, ..) in legal() {
            let mut body = hex(body);
            if body.is_empty() {
                continue;
            }
            let at = at.index(body.len());
            body[at] = byte;
            let read: Result<String, Malformed> = read(typ, &body, reader);
            prop_assert!(read != Ok("None".to_owned()), "{typ}: {body:?}");
        }
    }
}
