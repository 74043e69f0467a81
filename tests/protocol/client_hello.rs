//! What a server makes of a ClientHello (RFC 9846 §4.2.1, §4.2.2, §4.3).

use crate::peer::message::{ALPN, GREASE, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, VERSIONS, numbers, shares};
use crate::peer::{self, DATA, HANDSHAKE, Row, SECOND_CLIENT_HELLO, Story, accepts, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::{EncryptedExtensions, NamedGroup, ServerHello};
use countersign::internals::crypto::{CryptoMode, KeyExchange};
use countersign::{CipherSuite, Epoch, ExtensionType, HandshakeType, Policy, Role, State};

const CH: HandshakeType = HandshakeType::CLIENT_HELLO;

fn refused(rows: &[Row<'_>]) {
    refuses(Role::Server, &Policy::new(), CH, rows);
}

fn accepted(rows: &[(&str, peer::Edit<'_>)]) {
    accepts(Role::Server, &Policy::new(), CH, rows);
}

/// A fresh share, as a client of this group sends it.
fn share(group: NamedGroup) -> Vec<u8> {
    KeyExchange::start(group, CryptoMode::Real).unwrap().public_key().to_vec()
}

/// The ServerHello and the EncryptedExtensions that the server has sent.
fn server_hello<'a>(story: &'a Story<'_>) -> ServerHello<'a> {
    ServerHello::parse(&story.peer.message(HandshakeType::SERVER_HELLO)[4..]).unwrap()
}

fn encrypted_extensions<'a>(story: &'a Story<'_>) -> EncryptedExtensions<'a> {
    EncryptedExtensions::parse(&story.peer.message(HandshakeType::ENCRYPTED_EXTENSIONS)[4..]).unwrap()
}

// ---- 15: the version first ----

// req: 9846-4.2.2-7, 9846-4.3.1-4, 9846-4.3.1-5, 9846-4.3.1-8, 9846-E.2-1, 9846-E.2-3, 9846-E.5-3, 9846-E.5-6, 9846-E.5-7
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

// req: 9846-4.3.1-6, 9846-4.3.1-7, 9846-4.2.2-11, 9846-4.2.2-15, 9846-9.3-2, 9846-4.5.1.1-2, 9846-4.5.1.1-4
#[test]
fn what_is_unknown_beside_the_known_is_ignored() {
    const STATUS_REQUEST_V2: ExtensionType = ExtensionType(17);
    accepted(&[
        ("versions", &|m| m.put(|w| w.supported_versions([0x0a0a, 0x0305, 0x7f1c, 0x0304, 0x0303, 0x0300]))),
        ("suites", &|m| m.suites(&[0x0a0a, 0x1304, 0xc02f, 0x1301, 0x00ff])),
        ("groups", &|m| m.set(GROUPS, &numbers(&[0x0a0a, 0x11ec, 0x001d, 0x0100, 0x001e]))),
        ("schemes", &|m| m.set(SCHEMES, &numbers(&[0x0a0a, 0x0904, 0x0403, 0x0201, 0x0101]))),
        ("extensions", &|m| m.push(GREASE, &[1, 2, 3])),
        ("an empty extension", &|m| m.push(GREASE, &[])),
        ("status_request_v2", &|m| m.push(STATUS_REQUEST_V2, &[0, 7, 2, 0, 4, 0, 0, 0, 0])),
        ("post_handshake_auth", &|m| m.push(ExtensionType::POST_HANDSHAKE_AUTH, &[])),
        ("max_fragment_length", &|m| m.push(ExtensionType::MAX_FRAGMENT_LENGTH, &[1])),
        ("compress_certificate", &|m| m.push(ExtensionType::COMPRESS_CERTIFICATE, &[2, 0, 2])),
        ("a hybrid share", &|m| {
            let mut list = vec![0x11, 0xec, 4, 0xc0];
            list.extend([9; 1216]);
            let known = m.get(KEY_SHARE).unwrap()[2..].to_vec();
            list.extend(known);
            m.set(KEY_SHARE, &[&(list.len() as u16).to_be_bytes()[..], &list].concat());
            m.set(GROUPS, &numbers(&[0x11ec, 0x001d]));
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
        assert_eq!(random(crate::common::seed(9), &|m| m.random(0, &[byte; 32])), [9; 32]);
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
        // change_cipher_spec: after the first handshake message, and only if there is a session id.
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
    let (kind, alert) = ("Malformed", A::DECODE_ERROR);
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
        ("a byte after supported_versions", &|m| m.lengthen(VERSIONS), kind, alert),
        ("a byte after supported_groups", &|m| m.lengthen(GROUPS), kind, alert),
        ("a byte after key_share", &|m| m.lengthen(KEY_SHARE), kind, alert),
        ("a byte after signature_algorithms", &|m| m.lengthen(SCHEMES), kind, alert),
        ("a byte after server_name", &|m| m.lengthen(SERVER_NAME), kind, alert),
        ("no versions in the list", &whole(VERSIONS, &[0]), kind, alert),
        ("an odd list of versions", &whole(VERSIONS, &[3, 3, 4, 3]), kind, alert),
        ("supported_versions empty", &whole(VERSIONS, &[]), kind, alert),
        ("no groups in the list", &whole(GROUPS, &[0, 0]), kind, alert),
        ("an odd list of groups", &whole(GROUPS, &[0, 3, 0, 29, 0]), kind, alert),
        ("supported_groups empty", &whole(GROUPS, &[]), kind, alert),
        ("no schemes in the list", &whole(SCHEMES, &[0, 0]), kind, alert),
        ("an odd list of schemes", &whole(SCHEMES, &[0, 3, 4, 3, 0]), kind, alert),
        ("key_share empty", &whole(KEY_SHARE, &[]), kind, alert),
        ("a share without bytes", &whole(KEY_SHARE, &[0, 4, 0, 29, 0, 0]), kind, alert),
        ("a share without bytes that is not used", &whole(KEY_SHARE, &[0, 4, 0, 23, 0, 0]), kind, alert),
        ("a share that overruns", &whole(KEY_SHARE, &[0, 5, 0, 29, 0, 32, 1]), kind, alert),
        ("no names in server_name", &whole(SERVER_NAME, &[0, 0]), kind, alert),
        ("an empty server_name", &whole(SERVER_NAME, &[]), kind, alert),
        ("an empty host name", &whole(SERVER_NAME, &[0, 3, 0, 0, 0]), kind, alert),
        ("a host name that overruns", &whole(SERVER_NAME, &[0, 4, 0, 0, 9, b'a']), kind, alert),
        ("no protocols", &whole(ALPN, &[0, 0]), kind, alert),
        ("an empty protocol", &whole(ALPN, &[0, 1, 0]), kind, alert),
        ("a protocol that overruns", &whole(ALPN, &[0, 2, 2, b'h']), kind, alert),
        ("a byte after the protocols", &whole(ALPN, &[0, 3, 2, b'h', b'2', 0]), kind, alert),
        (
            "signature_algorithms_cert without schemes",
            &whole(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &[0, 0]),
            kind,
            alert,
        ),
        ("certificate_authorities without names", &whole(ExtensionType::CERTIFICATE_AUTHORITIES, &[0, 0]), kind, alert),
        ("status_request cut", &whole(ExtensionType::STATUS_REQUEST, &[1, 0, 0]), kind, alert),
        ("an SCT request with a body", &whole(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[0]), kind, alert),
        ("record_size_limit of one byte", &whole(ExtensionType::RECORD_SIZE_LIMIT, &[64]), kind, alert),
        ("record_size_limit of three bytes", &whole(ExtensionType::RECORD_SIZE_LIMIT, &[0, 64, 0]), kind, alert),
        ("an empty cookie", &whole(ExtensionType::COOKIE, &[0, 0]), kind, alert),
        ("early_data with a body", &whole(ExtensionType::EARLY_DATA, &[0]), kind, alert),
        ("no PSK modes", &whole(ExtensionType::PSK_KEY_EXCHANGE_MODES, &[0]), kind, alert),
        ("no client certificate types", &whole(ExtensionType::CLIENT_CERTIFICATE_TYPE, &[0]), kind, alert),
        ("no server certificate types", &whole(ExtensionType::SERVER_CERTIFICATE_TYPE, &[0]), kind, alert),
    ]);
}

// req: 9846-4.3-7, 6066-3-2
#[test]
fn an_extension_that_stands_twice_is_found_before_anything_else() {
    let (kind, alert) = ("Malformed", A::DECODE_ERROR);
    refused(&[
        ("supported_versions", &|m| m.push(VERSIONS, &[2, 3, 4]), kind, alert),
        ("an unknown one", &|m| (m.push(GREASE, &[]), m.push(GREASE, &[1])).0, kind, alert),
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
        ("two host names", &|m| m.set(SERVER_NAME, &[0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b']), kind, alert),
    ]);
}

// ---- 18: what must be there, and fit together ----

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

// ---- 19: the share that is used ----

// req: 9846-4.3.8.2-1
#[test]
fn a_share_of_wrong_form_is_illegal() {
    let (kind, alert) = ("IllegalKeyShare", A::ILLEGAL_PARAMETER);
    let bad = |group: NamedGroup, bytes: Vec<u8>| move |m: &mut Msg| m.set(KEY_SHARE, &shares(&[(group, &bytes)]));
    let (p256, p384) = (share(NamedGroup::SECP256R1), share(NamedGroup::SECP384R1));
    let compressed = [&[2][..], &p256[1..33]].concat();
    let form = |byte: u8| [&[byte][..], &p256[1..]].concat();
    refused(&[
        ("x25519 short", &bad(NamedGroup::X25519, vec![9; 31]), kind, alert),
        ("x25519 long", &bad(NamedGroup::X25519, vec![9; 33]), kind, alert),
        ("P-256 short", &bad(NamedGroup::SECP256R1, p256[..64].to_vec()), kind, alert),
        ("P-256 long", &bad(NamedGroup::SECP256R1, [&p256[..], &[0]].concat()), kind, alert),
        ("P-256 compressed", &bad(NamedGroup::SECP256R1, compressed), kind, alert),
        ("P-256 hybrid form", &bad(NamedGroup::SECP256R1, form(6)), kind, alert),
        ("P-256 at infinity", &bad(NamedGroup::SECP256R1, vec![0]), kind, alert),
        ("P-384 short", &bad(NamedGroup::SECP384R1, p384[..96].to_vec()), kind, alert),
        ("P-384 with a point of P-256", &bad(NamedGroup::SECP384R1, p256.clone()), kind, alert),
    ]);
}

// req: 9846-7.4.2-2, 9846-4.3.8.2-1
#[test]
fn a_share_that_is_no_point_or_of_low_order_is_illegal() {
    let off = |group| {
        let mut point = share(group);
        *point.last_mut().unwrap() ^= 1;
        point
    };
    let mut out_of_range = vec![0xff; 65];
    out_of_range[0] = 4;
    let origin = [&[4][..], &[0; 64]].concat();
    for (group, bytes) in [
        (NamedGroup::X25519, vec![0; 32]),
        (NamedGroup::X25519, [&[1][..], &[0; 31]].concat()),
        (NamedGroup::SECP256R1, off(NamedGroup::SECP256R1)),
        (NamedGroup::SECP256R1, out_of_range),
        (NamedGroup::SECP256R1, origin),
        (NamedGroup::SECP384R1, off(NamedGroup::SECP384R1)),
    ] {
        let edit = |m: &mut Msg| m.set(KEY_SHARE, &shares(&[(group, &bytes)]));
        let mut story = Story::server().edit(CH, &edit).play();
        // The first asymmetric operation comes with the credential.
        story.refused("IllegalKeyShare", A::ILLEGAL_PARAMETER, State::AskCredential, Epoch::Plaintext);
    }
}

// req: 9846-4.3.8-7
#[test]
fn a_share_may_be_used_again_in_another_connection() {
    // The same ClientHello, byte for byte, to two servers.
    let hello = Story::server().peer.next_message(CH);
    let mut shares = Vec::new();
    for _ in 0..2 {
        let mut story = Story::server();
        story.peer.plain(HANDSHAKE, &hello);
        let bytes = std::mem::take(&mut story.peer.out);
        story.end.gets(&bytes);
        story.end.drive().unwrap();
        let sent = story.end.sends();
        let body = ServerHello::parse(&sent[9..5 + usize::from(u16::from_be_bytes([sent[3], sent[4]]))]).unwrap();
        shares.push(body.extensions.server_share().unwrap().unwrap().key_exchange.to_vec());
        assert_eq!(story.state(), State::WaitCertificate);
    }
    assert_ne!(shares[0], shares[1], "ours is fresh");
    // And a server's: without cryptography it always sends the same.
    let policy = || Policy::new().null_crypto();
    for _ in 0..2 {
        let mut story = Story::new(Role::Client, policy());
        story.peer.mode = CryptoMode::Null;
        story.connected();
    }
}

#[test]
fn shares_that_are_not_used_are_not_looked_at_and_the_high_bit_of_x25519_is_masked() {
    let used = |m: &mut Msg| -> Vec<u8> { m.get(KEY_SHARE).unwrap()[6..].to_vec() };
    accepted(&[
        ("garbage for P-256 and P-384 beside x25519", &|m| {
            let x25519 = used(m);
            let (p256, p384) = ((NamedGroup::SECP256R1, &[1][..]), (NamedGroup::SECP384R1, &[2, 3][..]));
            m.set(KEY_SHARE, &shares(&[p256, (NamedGroup::X25519, &x25519), p384]));
        }),
        ("the high bit", &|m| {
            let mut x25519 = used(m);
            x25519[31] |= 0x80;
            m.set(KEY_SHARE, &shares(&[(NamedGroup::X25519, &x25519)]));
        }),
    ]);
}

// ---- 20: HelloRetryRequest ----

fn no_share(m: &mut Msg) {
    m.set(KEY_SHARE, &shares(&[]));
}

// req: 9846-4.2.1-3, 9846-4.2.4-1, 9846-4.2.4-2, 9846-4.2.4-8, 9846-4.2.4-10, 9846-2-1, 9846-4.3.8-11, 9846-4.3.8-12
#[test]
fn without_a_usable_share_there_is_exactly_one_retry() {
    for groups in [
        &[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1][..],
        &[NamedGroup::SECP256R1, NamedGroup::X25519],
        &[NamedGroup::SECP384R1],
    ] {
        let story = Story::new(Role::Server, Policy::new().groups(groups)).edit(CH, &no_share);
        let story = story.connected();
        let hellos: Vec<&[u8]> = story
            .peer
            .messages
            .iter()
            .filter(|each| each.1 == HandshakeType::SERVER_HELLO)
            .map(|each| &each.2[4..])
            .collect();
        let hellos: Vec<ServerHello<'_>> = hellos.into_iter().map(|body| ServerHello::parse(body).unwrap()).collect();
        let [retry, hello] = hellos[..] else { panic!("{} hellos", hellos.len()) };
        assert!(retry.is_hello_retry_request() && !hello.is_hello_retry_request());
        assert_eq!(retry.extensions.selected_group(), Ok(Some(groups[0])));
        assert_eq!(retry.extensions.iter().count(), 2, "supported_versions and key_share");
        assert_eq!(retry.extensions.selected_version(), Ok(Some(0x0304)));
        assert_eq!(hello.extensions.selected_version(), Ok(Some(0x0304)));
        assert_eq!(retry.legacy_session_id_echo, hello.legacy_session_id_echo);
        assert_eq!(retry.cipher_suite, hello.cipher_suite);
        assert_eq!(hello.extensions.server_share().unwrap().unwrap().group, groups[0]);
        assert!(story.end.hs.retried());
        // One change_cipher_spec, after the first of the two.
        let ccs: Vec<usize> =
            story.peer.seen.iter().enumerate().filter(|(_, seen)| seen.typ == peer::CCS).map(|(at, _)| at).collect();
        assert_eq!(ccs, [1]);
    }
}

/// The second ClientHello after a retry, changed.
fn second(edit: &dyn Fn(&mut Msg)) -> Story<'_> {
    Story::server().edit(CH, &no_share).edit(SECOND_CLIENT_HELLO, edit).play()
}

// req: 9846-4.2.2-2
#[test]
fn a_second_hello_that_differs_where_it_must_not_is_illegal() {
    let (kind, alert) = ("IllegalSecondClientHello", A::ILLEGAL_PARAMETER);
    let p256 = share(NamedGroup::SECP256R1);
    let x25519 = share(NamedGroup::X25519);
    let rows: &[Row<'_>] = &[
        ("random", &|m| m.random(0, &[0]), kind, alert),
        ("session id", &|m| m.session_id(&[7; 31]), kind, alert),
        ("one suite more", &|m| m.suites(&[0x1301, 0x1302]), kind, alert),
        ("suites replaced", &|m| m.suites(&[0x1302]), kind, alert),
        ("a server_name less", &|m| m.without(SERVER_NAME), kind, alert),
        ("another server_name", &|m| m.put(|w| w.server_name(b"other.test")), kind, alert),
        ("another list of groups", &|m| m.set(GROUPS, &numbers(&[0x001d, 0x0018, 0x0017])), kind, alert),
        ("another list of schemes", &|m| m.set(SCHEMES, &numbers(&[0x0403])), kind, alert),
        ("another list of versions", &|m| m.put(|w| w.supported_versions([0x0304, 0x0303])), kind, alert),
        ("ALPN more", &|m| m.put(|w| w.protocols([&b"h2"[..]])), kind, alert),
        ("early_data", &|m| m.push(ExtensionType::EARLY_DATA, &[]), kind, alert),
        ("still no share", &no_share, kind, alert),
        ("a share of another group", &|m| m.set(KEY_SHARE, &shares(&[(NamedGroup::SECP256R1, &p256)])), kind, alert),
        (
            "a share of another group beside",
            &|m| m.set(KEY_SHARE, &shares(&[(NamedGroup::X25519, &x25519), (NamedGroup::SECP256R1, &p256)])),
            kind,
            alert,
        ),
        ("no key_share", &|m| m.without(KEY_SHARE), "MissingExtension", A::MISSING_EXTENSION),
        ("no versions", &|m| m.without(VERSIONS), "UnsupportedVersion", A::PROTOCOL_VERSION),
        ("a cookie that was not given", &|m| m.put(|w| w.cookie(b"x")), kind, alert),
    ];
    for (what, edit, kind, alert) in rows {
        println!("{what}");
        second(*edit).refused(kind, *alert, State::WaitClientHello, Epoch::Plaintext);
    }
}

#[test]
fn a_second_hello_may_be_reordered_and_change_padding_and_what_is_unknown() {
    let rows: &[(&str, peer::Edit<'_>)] = &[
        ("reordered", &|m| m.extensions.as_mut().unwrap().reverse()),
        ("padding", &|m| m.push(ExtensionType::PADDING, &[0; 9])),
        ("GREASE", &|m| m.push(GREASE, &[])),
    ];
    for (what, edit) in rows {
        println!("{what}");
        assert_eq!(second(*edit).result, Some(Ok(())));
    }
}

// req: 9846-4.2.2-3
#[test]
fn a_third_hello_is_unexpected_with_keys_and_without() {
    let edit = no_share;
    let mut story = Story::server().edit(CH, &edit).until(State::WaitCertificate);
    let hello = story.peer.compose(CH);
    story.peer.send_msg(&hello);
    story.turn();
    story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::WaitCertificate, Epoch::Application);

    let mut story = Story::server().edit(CH, &edit).until(State::WaitCertificate);
    let hello = story.peer.compose(CH).bytes();
    story.peer.plain(HANDSHAKE, &hello);
    story.turn();
    story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitCertificate, Epoch::Application);
}

// ---- 21: nothing in common ----

// req: 9846-2.1-1, 9846-4.2.1-1, 9846-4.2.1-4, 9846-4.5.2-7, 9846-4.3.3-14, 9846-E.5-1, 9846-E.5-2, 9846-B.3.1.4-1
#[test]
fn nothing_in_common_is_a_handshake_failure_and_no_fallback() {
    let alert = A::HANDSHAKE_FAILURE;
    let of = |group: u16| {
        move |m: &mut Msg| {
            m.set(GROUPS, &numbers(&[group]));
            m.set(KEY_SHARE, &shares(&[(NamedGroup(group), &[1; 56])]));
        }
    };
    refused(&[
        ("an unknown suite", &|m| m.suites(&[0x1304]), "NoCommonCipherSuite", alert),
        (
            "suites of TLS 1.2, RC4, export",
            &|m| m.suites(&[0xc02f, 0xc02b, 0x0005, 0x0003]),
            "NoCommonCipherSuite",
            alert,
        ),
        ("x448", &of(0x001e), "NoCommonGroup", alert),
        ("a hybrid group", &of(0x11ec), "NoCommonGroup", alert),
        ("an obsolete curve", &of(0x0013), "NoCommonGroup", alert),
        (
            "SHA-1 and PKCS #1",
            &|m| m.set(SCHEMES, &numbers(&[0x0201, 0x0203, 0x0401])),
            "NoCommonSignatureScheme",
            alert,
        ),
        (
            "MD5, SHA-224, DSA",
            &|m| m.set(SCHEMES, &numbers(&[0x0101, 0x0301, 0x0202])),
            "NoCommonSignatureScheme",
            alert,
        ),
        ("unknown schemes", &|m| m.set(SCHEMES, &numbers(&[0x0904, 0x0a0a])), "NoCommonSignatureScheme", alert),
    ]);
}

// req: 9846-4.5.1.2-2, 9846-4.5.1.2-4
#[test]
fn no_scheme_for_our_key_is_a_handshake_failure() {
    let edit = |m: &mut Msg| m.set(SCHEMES, &numbers(&[0x0807]));
    let mut story = Story::server().edit(CH, &edit).play();
    story.refused("NoCommonSignatureScheme", A::HANDSHAKE_FAILURE, State::AskCredential, Epoch::Plaintext);
}

// ---- 22: pre_shared_key and early_data ----

/// One identity, one binder, as a client that resumes offers them.
const PSK: &[u8] = &[
    0, 7, 0, 1, 9, 0, 0, 0, 0, 0, 33, 32, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1,
];

// req: 9846-4.3.9-3, 9846-4.3.11-11, 9846-4.3.9-5
#[test]
fn a_psk_is_ignored_but_must_be_offered_properly() {
    let modes = |m: &mut Msg| m.put(|w| w.psk_key_exchange_modes(&[1]));
    refused(&[
        ("without modes", &|m| m.push(ExtensionType::PRE_SHARED_KEY, PSK), "MissingExtension", A::MISSING_EXTENSION),
        (
            "not last",
            &|m| {
                modes(m);
                m.push(ExtensionType::PRE_SHARED_KEY, PSK);
                m.push(GREASE, &[]);
            },
            "PreSharedKeyNotLast",
            A::ILLEGAL_PARAMETER,
        ),
    ]);
    let edit = |m: &mut Msg| {
        modes(m);
        m.push(ExtensionType::PRE_SHARED_KEY, PSK);
    };
    let story = Story::server().edit(CH, &edit).connected();
    assert!(!server_hello(&story).extensions.has(ExtensionType::PRE_SHARED_KEY));
    assert!(!encrypted_extensions(&story).extensions.has(ExtensionType::PSK_KEY_EXCHANGE_MODES));
    accepted(&[("modes alone", &modes)]);
}

fn early(m: &mut Msg) {
    m.push(ExtensionType::EARLY_DATA, &[]);
}

// req: 9846-4.3.10-4, 9846-4.3.10-9
#[test]
fn early_data_is_dropped_until_a_record_opens() {
    let mut story = Story::server().edit(CH, &early);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.peer.plain(DATA, &[0xee; 1]);
    story.turn();
    assert_eq!(story.state(), State::WaitCertificate);
    assert!(!encrypted_extensions(&story).extensions.has(ExtensionType::EARLY_DATA));
    story.peer.plain(DATA, &[0xee; 10_000]);
    story.turn();
    assert_eq!(story.play().result, Some(Ok(())), "the sequence number has not been advanced");

    // Once a record has opened, there is no early data any more.
    let mut story = Story::server().edit(CH, &early).until(State::WaitCertificateVerify);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificateVerify, Epoch::Application);
}

// req: 9846-4.3.10-4
#[test]
fn after_a_retry_early_data_is_dropped_by_its_type_until_the_second_hello() {
    let both = |m: &mut Msg| (no_share(m), early(m)).1;
    let mut story = Story::server().edit(CH, &both);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    assert!(story.peer.retried && story.state() == State::WaitClientHello);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    let story = story.until(State::WaitCertificate);
    assert_eq!(story.play().result, Some(Ok(())));

    let mut story = Story::server().edit(CH, &both).until(State::WaitCertificate);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificate, Epoch::Application);
}

#[test]
fn early_data_is_dropped_up_to_16384_bytes() {
    for (retry, epoch) in [(false, Epoch::Application), (true, Epoch::Plaintext)] {
        let edit = |m: &mut Msg| {
            early(m);
            if retry {
                no_share(m);
            }
        };
        let mut story = Story::server().edit(CH, &edit);
        story.peer.send(CH);
        for _ in 0..16 {
            story.peer.plain(DATA, &[0xee; 1024]);
        }
        story.turn();
        assert_eq!(story.result, None);
        story.peer.plain(DATA, &[0xee; 1]);
        story.turn();
        story.refused("TooMuchEarlyData", A::UNEXPECTED_MESSAGE, story.state(), epoch);
    }
}

#[test]
fn early_data_that_was_not_offered_is_not_skipped() {
    let mut story = Story::server();
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitCertificate, Epoch::Application);

    let mut story = Story::server().edit(CH, &no_share);
    story.peer.send(CH);
    story.peer.plain(DATA, &[0xee; 100]);
    story.turn();
    story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitClientHello, Epoch::Plaintext);
}

// ---- 23: preferences ----

// req: 9846-9.1-1, 9846-9.1-3
#[test]
fn suites_and_groups_go_by_our_preference_among_what_is_offered() {
    let suites = [0x1303, 0x1302, 0x1301];
    for ours in [CipherSuite(0x1301), CipherSuite(0x1302), CipherSuite(0x1303)] {
        let edit = |m: &mut Msg| m.suites(&suites);
        let others: Vec<CipherSuite> = suites.map(CipherSuite).into_iter().filter(|each| *each != ours).collect();
        let policy = Policy::new().cipher_suites(&[&[ours][..], &others].concat());
        let story = Story::new(Role::Server, policy).edit(CH, &edit).connected();
        assert_eq!(server_hello(&story).cipher_suite, ours);
        assert_eq!(story.end.hs.cipher_suite(), Some(ours));
    }
    // A share of a lesser group is better than a retry for the best.
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let mut story = Story::server();
        story.peer.group = group;
        let hello = story.peer.next_message(SECOND_CLIENT_HELLO); // the one with a share for that group
        story.peer.record(HANDSHAKE, &hello);
        story.turn();
        assert!(!story.end.hs.retried());
        assert_eq!(story.end.hs.group(), Some(group));
        assert_eq!(story.play().result, Some(Ok(())));
    }
}

// req: 7301-3.2-1, 7301-3.2-2, 7301-3.1-3, 7301-3.1-4, 9846-4.3-3
#[test]
fn alpn_goes_by_our_preference_and_no_overlap_is_refused() {
    let policy = Policy::new().alpn(&[b"h2", b"http/1.1"]);
    let offer = |names: &'static [&'static [u8]]| move |m: &mut Msg| m.put(|w| w.protocols(names.iter().copied()));
    let (both, other, longer) = (offer(&[b"http/1.1", b"h2"]), offer(&[b"h3", b"H2"]), offer(&[b"h2c"]));
    let story = Story::new(Role::Server, policy.clone()).edit(CH, &both).connected();
    assert_eq!(story.end.hs.alpn(), Some(&b"h2"[..]));
    assert_eq!(encrypted_extensions(&story).extensions.selected_protocol(), Ok(Some(&b"h2"[..])));
    let (kind, alert) = ("NoApplicationProtocol", A::NO_APPLICATION_PROTOCOL);
    refuses(Role::Server, &policy, CH, &[("no overlap", &other, kind, alert), ("a longer name", &longer, kind, alert)]);
    // None offered: none answered. None configured: ignored.
    let story = Story::new(Role::Server, policy).connected();
    assert!(!encrypted_extensions(&story).extensions.has(ALPN));
    let story = Story::server().edit(CH, &both).connected();
    assert!(!encrypted_extensions(&story).extensions.has(ALPN));
}

// req: 6066-3-4, 6066-3-5, 9846-9.2-12
#[test]
fn the_server_name_is_shown_and_acknowledged() {
    let story = Story::server().connected();
    assert_eq!(story.end.hs.server_name(), Some("server.test"));
    assert_eq!(encrypted_extensions(&story).extensions.server_name_used(), Ok(true));
    for edit in
        [&(|m: &mut Msg| m.without(SERVER_NAME)) as &dyn Fn(&mut Msg), &|m| m.put(|w| w.server_name(b"10.0.0.1"))]
    {
        let story = Story::server().edit(CH, edit).connected();
        assert_eq!(story.end.hs.server_name(), None);
        assert_eq!(encrypted_extensions(&story).extensions.server_name_used(), Ok(false));
    }
}

// req: 9846-4.3.6-2, 9846-4.5.1.1-3, 9846-4.6-3, 9846-B-1, 9846-E.5-9
#[test]
fn the_server_answers_nothing_but_what_it_uses() {
    let everything = |m: &mut Msg| {
        let x25519 = m.get(KEY_SHARE).unwrap().to_vec();
        m.without(KEY_SHARE);
        m.push(ExtensionType::POST_HANDSHAKE_AUTH, &[]);
        m.push(ExtensionType::MAX_FRAGMENT_LENGTH, &[1]);
        m.push(ExtensionType(4), &[]); // truncated_hmac
        m.push(ExtensionType::STATUS_REQUEST, &[1, 0, 0, 0, 0]);
        m.push(ExtensionType(17), &[0, 7, 2, 0, 4, 0, 0, 0, 0]);
        m.push(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[]);
        m.push(ExtensionType::COMPRESS_CERTIFICATE, &[2, 0, 2]);
        m.push(ExtensionType::CLIENT_CERTIFICATE_TYPE, &[1, 0]);
        m.push(ExtensionType::USE_SRTP, &[0, 2, 0, 1, 0]);
        m.push(KEY_SHARE, &x25519);
    };
    let story = Story::server().edit(CH, &everything).connected();
    let answered: Vec<ExtensionType> =
        encrypted_extensions(&story).extensions.iter().map(|each| each.extension_type).collect();
    assert_eq!(answered, [SERVER_NAME, ExtensionType::CLIENT_CERTIFICATE_TYPE]);
    let request = story.peer.message(HandshakeType::CERTIFICATE_REQUEST);
    let request = countersign::internals::codec::CertificateRequest::parse(&request[4..]).unwrap();
    let asked: Vec<ExtensionType> = request.extensions.iter().map(|each| each.extension_type).collect();
    assert_eq!(asked, [SCHEMES, ExtensionType::SIGNATURE_ALGORITHMS_CERT]);
}
