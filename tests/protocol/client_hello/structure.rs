//! Versions, structure, and the mandatory and allowed extensions.

use super::{CH, accepted, refused, server_hello, share};
use crate::peer::message::{ALPN, GREASE, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, VERSIONS, numbers, shares};
use crate::peer::{self, Story};
use countersign::AlertDescription as A;
use countersign::internals::codec::NamedGroup;
use countersign::{Epoch, ExtensionType, Policy, State};

// ---- 15: the version is checked first ----

// req: 9846-4.2.2-7, 9846-4.3.1-4, 9846-4.3.1-5, 9846-4.3.1-8, 9846-E.2-1, 9846-E.2-3, 9846-E.5-3, 9846-E.5-6, 9846-E.5-7
// req: 9001-4.2-2
#[test]
fn a_hello_without_version_0304_is_answered_by_protocol_version_whatever_else_is_wrong() {
    let (kind, alert) = ("UnsupportedVersion", A::PROTOCOL_VERSION);
    refused(&[
        ("no extensions block", &|m| m.extensions = None, kind, alert),
        ("an empty extensions block", &|m| m.extensions = Some(vec![]), kind, alert),
        ("no supported_versions", &|m| m.without(VERSIONS), kind, alert),
        ("TLS 1.2 and 1.1 only", &|m| m.put(|w| w.supported_versions([0x0303, 0x0302])), kind, alert),
        ("unknown versions only", &|m| m.put(|w| w.supported_versions([0x0305, 0x7f1c, 0x0a0a])), kind, alert),
        ("SSL 3.0", &|m| m.put(|w| w.supported_versions([0x0300])), kind, alert),
        (
            "no version and compression",
            &|m| {
                m.without(VERSIONS);
                m.compressions(&[1]);
            },
            kind,
            alert,
        ),
        (
            "no version, no share, no groups",
            &|m| {
                m.without(VERSIONS);
                m.without(KEY_SHARE);
                m.without(GROUPS);
            },
            kind,
            alert,
        ),
        ("legacy_version 1.1", &|m| m.version(0x0302), kind, alert),
        ("legacy_version 1.3", &|m| m.version(0x0304), kind, alert),
        ("legacy_version SSL 3.0", &|m| m.version(0x0300), kind, alert),
        ("legacy_version 0", &|m| m.version(0), kind, alert),
    ]);
}

// req: 9001-8.2-4
#[test]
fn transport_parameters_of_quic_are_refused_where_there_is_no_quic() {
    let (kind, alert) = ("UnsolicitedExtension", A::UNSUPPORTED_EXTENSION);
    let parameters = ExtensionType::QUIC_TRANSPORT_PARAMETERS;
    refused(&[
        ("some", &|m| m.push(parameters, &[4, 1, 9]), kind, alert),
        ("none of them", &|m| m.push(parameters, &[]), kind, alert),
    ]);
}

// req: 9846-4.3.1-6, 9846-4.3.1-7, 9846-4.2.2-11, 9001-5.3-2, 9846-4.2.2-15, 9846-9.3-2, 9846-4.5.1.1-2, 9846-4.5.1.1-4
#[test]
fn what_is_unknown_beside_the_known_is_ignored() {
    const STATUS_REQUEST_V2: ExtensionType = ExtensionType(17);
    accepted(&[
        ("versions", &|m| m.put(|w| w.supported_versions([0x0a0a, 0x0305, 0x7f1c, 0x0304, 0x0303, 0x0300]))),
        ("suites", &|m| m.suites(&[0x0a0a, 0x1304, 0xc02f, 0x1301, 0x00ff])),
        ("groups", &|m| m.set(GROUPS, &numbers(&[0x0a0a, 0x11ed, 0x001d, 0x0100, 0x001e]))),
        ("schemes", &|m| m.set(SCHEMES, &numbers(&[0x0a0a, 0x0904, 0x0403, 0x0201, 0x0101]))),
        ("extensions", &|m| m.push(GREASE, &[1, 2, 3])),
        ("an empty extension", &|m| m.push(GREASE, &[])),
        ("status_request_v2", &|m| m.push(STATUS_REQUEST_V2, &[0, 7, 2, 0, 4, 0, 0, 0, 0])),
        ("post_handshake_auth", &|m| m.push(ExtensionType::POST_HANDSHAKE_AUTH, &[])),
        ("max_fragment_length", &|m| m.push(ExtensionType::MAX_FRAGMENT_LENGTH, &[1])),
        ("compress_certificate", &|m| m.push(ExtensionType::COMPRESS_CERTIFICATE, &[2, 0, 2])),
        ("a hybrid share", &|m| {
            let mut list = vec![0x11, 0xed, 6, 0x81];
            list.extend([9; 1665]);
            let known = m.get(KEY_SHARE).unwrap()[2..].to_vec();
            list.extend(known);
            m.set(KEY_SHARE, &[&(list.len() as u16).to_be_bytes()[..], &list].concat());
            m.set(GROUPS, &numbers(&[0x11ed, 0x001d]));
        }),
        ("no server_name", &|m| m.without(SERVER_NAME)),
    ]);
}

// req: 9846-E.5-5
#[test]
fn an_ssl_2_hello_is_no_record() {
    let mut story = Story::server();
    story.peer.out = [&[0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10][..], &[3; 40]].concat();
    story.turn();
    story.refused("NotTls", A::UNEXPECTED_MESSAGE, State::WaitClientHello, Epoch::Plaintext);
}

// req: 9846-4.2.3-4, 9846-4.2.3-5
#[test]
fn the_servers_random_is_its_seeds_whatever_the_client_sends() {
    let random = |seed, edit: &dyn Fn(&mut Msg)| {
        let mut story = Story::server().edit(CH, edit);
        story.end.hs = countersign::Handshake::server(Policy::new(), seed);
        *server_hello(&story.connected()).random
    };
    for byte in [0, 1, 0xff] {
        assert_eq!(random(crate::end::seed(9), &|m| m.random(0, &[byte; 32])), [9; 32]);
    }
    let fresh = || random(countersign::Seed::random().unwrap(), &|_| ());
    assert_ne!(fresh(), fresh());
}

// ---- 16: compression and session id ----

// req: 9846-4.2.2-13, 9846-6-7
#[test]
fn compression_other_than_null_alone_is_illegal() {
    let (kind, alert) = ("IllegalCompression", A::ILLEGAL_PARAMETER);
    refused(&[
        ("deflate", &|m| m.compressions(&[1]), kind, alert),
        ("null and deflate", &|m| m.compressions(&[0, 1]), kind, alert),
        ("deflate and null", &|m| m.compressions(&[1, 0]), kind, alert),
        ("null twice", &|m| m.compressions(&[0, 0]), kind, alert),
        ("none", &|m| m.compressions(&[]), "Malformed", A::DECODE_ERROR),
    ]);
}

// req: 9846-4.2.3-1, 9846-4.2.3-8, 9846-4.2.3-10, 9846-4.2.3-11, 9846-4.3.1-11, 9846-4.3.1-12, 9846-E.4-1, 9846-9.2-3
#[test]
fn a_session_id_of_up_to_32_bytes_is_echoed_and_the_rest_of_server_hello_is_as_it_must_be() {
    for len in 0..=32 {
        let id = vec![9; len];
        let mut story = Story::server();
        story.peer.session_id = id.clone();
        let story = story.connected();
        let hello = server_hello(&story);
        assert_eq!(hello.legacy_session_id_echo, id);
        assert_eq!(hello.legacy_version, 0x0303);
        assert_eq!(hello.legacy_compression_method, 0);
        let types: Vec<ExtensionType> = hello.extensions.iter().map(|each| each.extension_type).collect();
        assert_eq!(types, [VERSIONS, KEY_SHARE]);
        assert_eq!(hello.extensions.selected_version(), Ok(Some(0x0304)));
        // change_cipher_spec comes after the first handshake message, and only with a session id.
        let ccs: Vec<usize> =
            story.peer.seen.iter().enumerate().filter(|(_, seen)| seen.typ == peer::CCS).map(|(at, _)| at).collect();
        assert_eq!(ccs, if len > 0 { vec![1] } else { vec![] });
    }
    let edit: &dyn Fn(&mut Msg) = &|m| m.session_id(&[9; 33]);
    refused(&[("33 bytes", edit, "Malformed", A::DECODE_ERROR)]);
}

// ---- 17: structure ----

// req: 9846-6-6, 9846-4.3-2, 6066-3-1, 6066-11.1-2, 7301-3.1-1, 7301-3.1-2
#[test]
fn a_hello_that_cannot_be_decoded_is_answered_by_decode_error() {
    let (kind, body, alert) = ("Malformed", "MalformedExtension", A::DECODE_ERROR);
    let whole = |extension: ExtensionType, bytes: &'static [u8]| move |m: &mut Msg| m.set(extension, bytes);
    refused(&[
        ("a byte after the extensions", &|m| m.tail = vec![0], kind, alert),
        ("an empty message", &|m| (m.head, m.extensions) = (vec![], None), kind, alert),
        ("cut in the random", &|m| (m.head, m.extensions) = (m.head[..20].to_vec(), None), kind, alert),
        ("cut after the suites", &|m| (m.head, m.extensions) = (m.head[..71].to_vec(), None), kind, alert),
        ("no suites", &|m| m.suites(&[]), kind, alert),
        ("an odd number of bytes of suites", &|m| m.head[68] = 1, kind, alert),
        ("a session id that overruns", &|m| m.head[34] = 255, kind, alert),
        ("one byte of extensions length", &|m| (m.extensions, m.tail) = (None, vec![0]), kind, alert),
        ("an extensions length that overruns", &|m| (m.extensions, m.tail) = (None, vec![0, 9, 0]), kind, alert),
        ("an extensions length too short", &|m| (m.extensions, m.tail) = (None, vec![0, 0, 0]), kind, alert),
        (
            "an extension that overruns the block",
            &|m| (m.extensions, m.tail) = (None, vec![0, 4, 0, 43, 0, 3]),
            kind,
            alert,
        ),
        ("a byte after supported_versions", &|m| m.lengthen(VERSIONS), body, alert),
        ("a byte after supported_groups", &|m| m.lengthen(GROUPS), body, alert),
        ("a byte after key_share", &|m| m.lengthen(KEY_SHARE), body, alert),
        ("a byte after signature_algorithms", &|m| m.lengthen(SCHEMES), body, alert),
        ("a byte after server_name", &|m| m.lengthen(SERVER_NAME), body, alert),
        ("no versions in the list", &whole(VERSIONS, &[0]), body, alert),
        ("an odd list of versions", &whole(VERSIONS, &[3, 3, 4, 3]), body, alert),
        ("supported_versions empty", &whole(VERSIONS, &[]), body, alert),
        ("no groups in the list", &whole(GROUPS, &[0, 0]), body, alert),
        ("an odd list of groups", &whole(GROUPS, &[0, 3, 0, 29, 0]), body, alert),
        ("supported_groups empty", &whole(GROUPS, &[]), body, alert),
        ("no schemes in the list", &whole(SCHEMES, &[0, 0]), body, alert),
        ("an odd list of schemes", &whole(SCHEMES, &[0, 3, 4, 3, 0]), body, alert),
        ("key_share empty", &whole(KEY_SHARE, &[]), body, alert),
        ("a share without bytes", &whole(KEY_SHARE, &[0, 4, 0, 29, 0, 0]), body, alert),
        ("a share without bytes that is not used", &whole(KEY_SHARE, &[0, 4, 0, 23, 0, 0]), body, alert),
        ("a share that overruns", &whole(KEY_SHARE, &[0, 5, 0, 29, 0, 32, 1]), body, alert),
        ("no names in server_name", &whole(SERVER_NAME, &[0, 0]), body, alert),
        ("an empty server_name", &whole(SERVER_NAME, &[]), body, alert),
        ("an empty host name", &whole(SERVER_NAME, &[0, 3, 0, 0, 0]), body, alert),
        ("a host name that overruns", &whole(SERVER_NAME, &[0, 4, 0, 0, 9, b'a']), body, alert),
        ("no protocols", &whole(ALPN, &[0, 0]), body, alert),
        ("an empty protocol", &whole(ALPN, &[0, 1, 0]), body, alert),
        ("a protocol that overruns", &whole(ALPN, &[0, 2, 2, b'h']), body, alert),
        ("a byte after the protocols", &whole(ALPN, &[0, 3, 2, b'h', b'2', 0]), body, alert),
        (
            "signature_algorithms_cert without schemes",
            &whole(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &[0, 0]),
            body,
            alert,
        ),
        ("certificate_authorities without names", &whole(ExtensionType::CERTIFICATE_AUTHORITIES, &[0, 0]), body, alert),
        ("status_request cut", &whole(ExtensionType::STATUS_REQUEST, &[1, 0, 0]), body, alert),
        ("an SCT request with a body", &whole(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[0]), body, alert),
        ("record_size_limit of one byte", &whole(ExtensionType::RECORD_SIZE_LIMIT, &[64]), body, alert),
        ("record_size_limit of three bytes", &whole(ExtensionType::RECORD_SIZE_LIMIT, &[0, 64, 0]), body, alert),
        ("an empty cookie", &whole(ExtensionType::COOKIE, &[0, 0]), body, alert),
        ("early_data with a body", &whole(ExtensionType::EARLY_DATA, &[0]), body, alert),
        ("no PSK modes", &whole(ExtensionType::PSK_KEY_EXCHANGE_MODES, &[0]), body, alert),
        ("no client certificate types", &whole(ExtensionType::CLIENT_CERTIFICATE_TYPE, &[0]), body, alert),
        ("no server certificate types", &whole(ExtensionType::SERVER_CERTIFICATE_TYPE, &[0]), body, alert),
    ]);
}

// req: 9846-4.3-7, 6066-3-2
#[test]
fn an_extension_that_stands_twice_is_found_before_anything_else() {
    let (kind, alert) = ("Malformed", A::DECODE_ERROR);
    refused(&[
        ("supported_versions", &|m| m.push(VERSIONS, &[2, 3, 4]), kind, alert),
        (
            "an unknown one",
            &|m| {
                m.push(GREASE, &[]);
                m.push(GREASE, &[1]);
            },
            kind,
            alert,
        ),
        (
            "an unknown one, and the version is missing",
            &|m| {
                m.without(VERSIONS);
                m.push(GREASE, &[]);
                m.push(GREASE, &[]);
            },
            kind,
            alert,
        ),
        ("two host names", &|m| m.set(SERVER_NAME, &[0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b']), "MalformedExtension", alert),
    ]);
}

// ---- 18: mandatory extensions, which must fit together ----

// req: 9846-4.3.3-3, 9846-9.2-11, 9846-9.2-4, 9846-9.2-6
#[test]
fn a_mandatory_extension_that_is_missing_is_said_to_be() {
    let (kind, alert) = ("MissingExtension", A::MISSING_EXTENSION);
    refused(&[
        ("supported_groups", &|m| m.without(GROUPS), kind, alert),
        ("key_share", &|m| m.without(KEY_SHARE), kind, alert),
        ("signature_algorithms", &|m| m.without(SCHEMES), kind, alert),
        (
            "signature_algorithms_cert does not replace signature_algorithms",
            &|m| {
                m.without(SCHEMES);
                m.set(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &numbers(&[0x0403]));
            },
            kind,
            alert,
        ),
    ]);
}

#[test]
fn key_shares_that_contradict_themselves_or_the_groups_are_illegal() {
    let (kind, alert) = ("InconsistentKeyShares", A::ILLEGAL_PARAMETER);
    let x25519 = share(NamedGroup::X25519);
    let p256 = share(NamedGroup::SECP256R1);
    refused(&[
        (
            "two shares for one group",
            &|m| m.set(KEY_SHARE, &shares(&[(NamedGroup::X25519, &x25519), (NamedGroup::X25519, &x25519)])),
            kind,
            alert,
        ),
        (
            "two shares for an unknown group",
            &|m| {
                m.set(GROUPS, &numbers(&[0x0a0a, 0x001d]));
                let unknown = (NamedGroup(0x0a0a), &[1][..]);
                m.set(KEY_SHARE, &shares(&[unknown, unknown, (NamedGroup::X25519, &x25519)]));
            },
            kind,
            alert,
        ),
        (
            "a share for a group that is not listed",
            &|m| {
                m.set(GROUPS, &numbers(&[0x001d]));
                m.set(KEY_SHARE, &shares(&[(NamedGroup::X25519, &x25519), (NamedGroup::SECP256R1, &p256)]));
            },
            kind,
            alert,
        ),
        ("the only share is not listed", &|m| m.set(GROUPS, &numbers(&[0x0017])), kind, alert),
    ]);
}

#[test]
fn an_extension_that_may_not_stand_in_client_hello_is_illegal() {
    // req: 9846-4.3-5
    let edit: &dyn Fn(&mut Msg) = &|m| m.push(ExtensionType::OID_FILTERS, &[0, 0]);
    refused(&[("oid_filters", edit, "ForbiddenExtension", A::ILLEGAL_PARAMETER)]);
}
