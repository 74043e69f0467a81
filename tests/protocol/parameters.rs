//! EncryptedExtensions and CertificateRequest (RFC 9846 §4.4), with what RFC 7301, 8449, 6066 and 7250 put there.

use crate::peer::message::{ALPN, GREASE, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, VERSIONS, numbers};
use crate::peer::{self, Row, Story, accepts, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::{
    CertificateRequest, CheckedExtensions, ClientHello, EncryptedExtensions, Malformed, Place,
};
use countersign::{Bytes, Epoch, ErrorKind, ExtensionType, HandshakeType, Policy, Role, SignatureScheme, State};

pub(crate) const CH: HandshakeType = HandshakeType::CLIENT_HELLO;
pub(crate) const EE: HandshakeType = HandshakeType::ENCRYPTED_EXTENSIONS;
const CR: HandshakeType = HandshakeType::CERTIFICATE_REQUEST;
const LIMIT: ExtensionType = ExtensionType::RECORD_SIZE_LIMIT;

pub(crate) fn refused(policy: Policy, typ: HandshakeType, rows: &[Row<'_>]) {
    refuses(Role::Client, &policy, typ, rows);
}

pub(crate) fn answer<'a>(story: &'a Story<'_>) -> CheckedExtensions<'a> {
    let message = EncryptedExtensions::parse(&story.sent(EE)[4..]).unwrap();
    message.extensions.check(Place::EncryptedExtensions).unwrap()
}

fn request<'a>(story: &'a Story<'_>) -> CertificateRequest<'a> {
    CertificateRequest::parse(&story.sent(CR)[4..]).unwrap()
}

// ---- 29: what may stand in EncryptedExtensions ----

// req: 9846-4.4.1-2, 9846-4.4.1-3, 9846-4.3-4, 9846-4.3-5, 9846-4.3-7, 9846-4.3-2
#[test]
fn encrypted_extensions_answer_what_was_offered_and_hold_nothing_forbidden() {
    let (unsolicited, unsupported) = ("UnsolicitedExtension", A::UNSUPPORTED_EXTENSION);
    let (forbidden, illegal) = ("ForbiddenExtension", A::ILLEGAL_PARAMETER);
    let (malformed, decode) = ("Malformed", A::DECODE_ERROR);
    refused(
        Policy::new(),
        EE,
        &[
            ("an unknown one", &|m| m.push(GREASE, &[]), unsolicited, unsupported),
            ("early_data", &|m| m.push(ExtensionType::EARLY_DATA, &[]), unsolicited, unsupported),
            ("max_fragment_length", &|m| m.push(ExtensionType::MAX_FRAGMENT_LENGTH, &[1]), unsolicited, unsupported),
            ("record_size_limit", &|m| m.push(LIMIT, &[1, 0]), unsolicited, unsupported),
            (
                "client_certificate_type",
                &|m| m.push(ExtensionType::CLIENT_CERTIFICATE_TYPE, &[0]),
                unsolicited,
                unsupported,
            ),
            (
                "server_certificate_type",
                &|m| m.push(ExtensionType::SERVER_CERTIFICATE_TYPE, &[0]),
                unsolicited,
                unsupported,
            ),
            ("a staple", &|m| m.push(ExtensionType::STATUS_REQUEST, &[]), unsolicited, unsupported),
            ("key_share", &|m| m.push(KEY_SHARE, &[0, 29, 0, 1, 1]), forbidden, illegal),
            ("supported_versions", &|m| m.push(VERSIONS, &[3, 4]), forbidden, illegal),
            ("signature_algorithms", &|m| m.push(SCHEMES, &[0, 2, 4, 3]), forbidden, illegal),
            (
                "signature_algorithms_cert",
                &|m| m.push(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &[0, 2, 4, 3]),
                forbidden,
                illegal,
            ),
            (
                "one twice",
                &|m| {
                    m.push(GROUPS, &[0, 2, 0, 29]);
                    m.push(GROUPS, &[0, 2, 0, 29]);
                },
                malformed,
                decode,
            ),
            (
                "an unknown one twice",
                &|m| {
                    m.push(GREASE, &[]);
                    m.push(GREASE, &[]);
                },
                malformed,
                decode,
            ),
            ("a byte after it", &|m| m.tail = vec![0], malformed, decode),
            ("no block", &|m| m.extensions = None, malformed, decode),
            ("a block that overruns", &|m| (m.extensions, m.tail) = (None, vec![0, 5, 0, 16]), malformed, decode),
            ("groups of no form", &|m| m.push(GROUPS, &[0, 3, 0, 29, 0]), "MalformedExtension", decode),
            ("server_name with a body", &|m| m.push(SERVER_NAME, &[0]), "MalformedExtension", decode),
        ],
    );
}

// req: 9846-4.3.7-2, 6066-3-5
#[test]
fn supported_groups_of_the_server_change_nothing_and_its_name_is_acknowledged() {
    accepts(
        Role::Client,
        &Policy::new(),
        EE,
        &[
            ("unknown groups", &|m| m.push(GROUPS, &numbers(&[0x11ed, 0x001e, 0x0a0a]))),
            ("server_name", &|m| m.push(SERVER_NAME, &[])),
        ],
    );
}

// ---- 30: ALPN ----

// req: 7301-3.1-1, 7301-3.1-2, 7301-3.1-4, 7301-3.2-2
#[test]
fn the_server_selects_exactly_one_protocol_of_our_list() {
    let policy = Policy::new().alpn(&[b"h2", b"http/1.1"]);
    let name = |name: &'static [u8]| move |m: &mut Msg| m.put(|w| w.selected_protocol(name));
    let (illegal, parameter) = ("IllegalApplicationProtocol", A::ILLEGAL_PARAMETER);
    let (malformed, decode) = ("MalformedExtension", A::DECODE_ERROR);
    let rows: &[Row<'_>] = &[
        ("another", &name(b"h3"), illegal, parameter),
        ("a longer one", &name(b"h2c"), illegal, parameter),
        ("a shorter one", &name(b"h"), illegal, parameter),
        ("two", &|m| m.put(|w| w.protocols([&b"h2"[..], b"http/1.1"])), malformed, decode),
        ("none", &|m| m.set(ALPN, &[0, 0]), malformed, decode),
        ("an empty one", &|m| m.set(ALPN, &[0, 1, 0]), malformed, decode),
        ("one that overruns", &|m| m.set(ALPN, &[0, 3, 3, b'h', b'2']), malformed, decode),
        ("a byte after it", &|m| m.set(ALPN, &[0, 3, 2, b'h', b'2', 0]), malformed, decode),
        ("empty", &|m| m.set(ALPN, &[]), malformed, decode),
    ];
    refused(policy.clone(), EE, rows);
    refused(Policy::new(), EE, &[("unasked", &name(b"h2"), "UnsolicitedExtension", A::UNSUPPORTED_EXTENSION)]);
    let good = name(b"http/1.1");
    let story = Story::new(Role::Client, policy.clone()).edit(EE, &good).connected();
    assert_eq!(story.end.hs.alpn(), Some(&b"http/1.1"[..]));
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert_eq!(hello.extensions.get(ALPN), Some(&b"\0\x0c\x02h2\x08http/1.1"[..]));
    assert_eq!(Story::new(Role::Client, policy).connected().end.hs.alpn(), None);
}

// ---- 10: record_size_limit ----

// req: 8449-4-2, 8449-4-3, 8449-4-6, 8449-4-7, 8449-5-1, 8449-5-2
#[test]
fn record_size_limit_is_negotiated_within_its_bounds() {
    let policy = Policy::new().record_size_limit(4096);
    let limit = |limit: u16| move |m: &mut Msg| m.put(|w| w.record_size_limit(limit));
    let (kind, alert) = ("IllegalRecordSizeLimit", A::ILLEGAL_PARAMETER);
    let with_fragment_length = |m: &mut Msg| {
        m.push(ExtensionType::MAX_FRAGMENT_LENGTH, &[1]);
        m.put(|w| w.record_size_limit(512));
    };
    let (zero, small, large) = (limit(0), limit(63), limit(16_386));
    refused(
        policy.clone(),
        EE,
        &[
            ("0", &zero, kind, alert),
            ("63", &small, kind, alert),
            ("2^14 + 2 from a server", &large, kind, alert),
            ("beside max_fragment_length", &with_fragment_length, kind, alert),
            ("one byte", &|m| m.set(LIMIT, &[64]), "MalformedExtension", A::DECODE_ERROR),
        ],
    );
    let (least, most, beyond) = (limit(64), limit(16_385), limit(65_535));
    accepts(Role::Client, &policy, EE, &[("64", &least), ("2^14 + 1", &most)]);
    for policy in [Policy::new(), policy.clone()] {
        refuses(Role::Server, &policy, CH, &[("0", &zero, kind, alert), ("63", &small, kind, alert)]);
        let rows: &[(&str, peer::Edit<'_>)] = &[
            ("64", &least),
            ("2^14 + 1", &most),
            ("2^14 + 2", &large),
            ("65535", &beyond),
            ("beside max_fragment_length", &with_fragment_length),
        ];
        accepts(Role::Server, &policy, CH, rows);
    }
    // It is sent only if the client has sent one, and has our limit.
    assert!(!answer(&Story::new(Role::Server, policy.clone()).connected()).has(LIMIT));
    let story = Story::new(Role::Server, policy.clone()).edit(CH, &with_fragment_length).connected();
    assert_eq!(answer(&story).record_size_limit(), Some(4096));
    assert!(!answer(&story).has(ExtensionType::MAX_FRAGMENT_LENGTH));
    let mut story = Story::new(Role::Client, policy);
    story.turn();
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert_eq!(hello.extensions.check(Place::ClientHello).unwrap().record_size_limit(), Some(4096));
}

// req: 8449-4-2, 8449-4-6
#[test]
fn we_cannot_announce_a_limit_out_of_bounds() {
    for limit in [0, 63, 16_386, u16::MAX] {
        assert!(std::panic::catch_unwind(|| Policy::new().record_size_limit(limit)).is_err(), "{limit}");
    }
}

// ---- 31, 32: CertificateRequest ----

// req: 9846-4.4.2-1, 9846-4.4.2-2, 9846-4.4.2-3, 9846-4.4.2-4, 9846-4.4.1-1, 9846-4-1, 9846-4.5.1-1, 9846-4.5.2-1
#[test]
fn a_server_always_asks_for_a_certificate_right_after_encrypted_extensions() {
    let names = Bytes::Static(b"\0\x02\x30\0");
    for policy in [Policy::new(), Policy::new().certificate_authorities(names.clone())] {
        let has_names = !policy_is_default(&policy);
        let story = Story::new(Role::Server, policy).connected();
        let flight = [
            HandshakeType::SERVER_HELLO,
            EE,
            CR,
            HandshakeType::CERTIFICATE,
            HandshakeType::CERTIFICATE_VERIFY,
            HandshakeType::FINISHED,
            HandshakeType::KEY_UPDATE, // after the client has accepted
        ];
        assert_eq!(story.peer.types(), flight);
        let request = request(&story);
        assert_eq!(request.certificate_request_context, b"");
        let extensions = request.extensions.check(Place::CertificateRequest).unwrap();
        let [schemes, certificates] =
            [extensions.signature_algorithms().unwrap(), extensions.signature_algorithms_cert().unwrap()];
        assert!(schemes.iter().count() >= 6 && certificates.iter().count() == schemes.iter().count() + 3);
        assert_eq!(extensions.certificate_authorities().is_some(), has_names);
    }
}

fn policy_is_default(policy: &Policy) -> bool {
    format!("{policy:?}") == format!("{:?}", Policy::new())
}

// req: 9846-4.4.2-8
#[test]
fn a_server_that_does_not_ask_for_our_certificate_is_refused_and_the_error_says_so() {
    let mut story = Story::client().until(State::WaitCertificateRequest);
    story.peer.send(HandshakeType::CERTIFICATE);
    story.turn();
    story.refused("NotMutual", A::HANDSHAKE_FAILURE, State::WaitCertificateRequest, Epoch::Handshake);
    assert!(story.error().to_string().contains("no mutual TLS"), "{}", story.error());
}

// req: 9846-4.4.2-3, 9846-4.4.2-4, 9846-4.3-2, 9846-4.3-7
#[test]
fn a_certificate_request_must_be_as_the_handshake_has_it() {
    let (malformed, body, decode) = ("Malformed", "MalformedExtension", A::DECODE_ERROR);
    let (forbidden, illegal) = ("ForbiddenExtension", A::ILLEGAL_PARAMETER);
    refused(
        Policy::new(),
        CR,
        &[
            ("a context", &|m| m.head = vec![1, 7], "IllegalContext", illegal),
            ("no signature_algorithms", &|m| m.without(SCHEMES), "MissingExtension", A::MISSING_EXTENSION),
            (
                "signature_algorithms_cert alone",
                &|m| {
                    m.without(SCHEMES);
                    m.set(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &numbers(&[0x0403]));
                },
                "MissingExtension",
                A::MISSING_EXTENSION,
            ),
            ("key_share", &|m| m.push(KEY_SHARE, &[0, 29]), forbidden, illegal),
            ("supported_versions", &|m| m.push(VERSIONS, &[3, 4]), forbidden, illegal),
            ("ALPN", &|m| m.push(ALPN, &[0, 3, 2, b'h', b'2']), forbidden, illegal),
            ("no schemes", &|m| m.set(SCHEMES, &[0, 0]), body, decode),
            ("an odd list of schemes", &|m| m.set(SCHEMES, &[0, 3, 4, 3, 0]), body, decode),
            ("a byte after signature_algorithms", &|m| m.lengthen(SCHEMES), body, decode),
            ("signature_algorithms twice", &|m| m.push(SCHEMES, &[0, 2, 4, 3]), malformed, decode),
            (
                "an unknown one twice",
                &|m| {
                    m.push(GREASE, &[]);
                    m.push(GREASE, &[]);
                },
                malformed,
                decode,
            ),
            (
                "no schemes for certificates",
                &|m| m.set(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &[0, 0]),
                body,
                decode,
            ),
            ("no names", &|m| m.set(ExtensionType::CERTIFICATE_AUTHORITIES, &[0, 0]), body, decode),
            ("an empty name", &|m| m.set(ExtensionType::CERTIFICATE_AUTHORITIES, &[0, 2, 0, 0]), body, decode),
            ("a status_request with a body", &|m| m.set(ExtensionType::STATUS_REQUEST, &[1]), body, decode),
            ("an SCT request with a body", &|m| m.set(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, &[1]), body, decode),
            ("a byte after it", &|m| m.tail = vec![0], malformed, decode),
            ("no block", &|m| m.extensions = None, malformed, decode),
            ("a context that overruns", &|m| (m.head, m.extensions) = (vec![9], None), malformed, decode),
            ("empty", &|m| (m.head, m.extensions) = (vec![], None), malformed, decode),
        ],
    );
}

// req: 9846-4.4.2-5, 9846-4.3.5-4, 9846-9.3-3
#[test]
fn what_a_client_does_not_know_in_certificate_request_it_ignores() {
    accepts(
        Role::Client,
        &Policy::new(),
        CR,
        &[
            ("an unknown extension", &|m| m.push(GREASE, &[1, 2, 3])),
            ("oid_filters", &|m| m.push(ExtensionType::OID_FILTERS, &[0, 7, 3, 0x55, 0x1d, 0x0f, 0, 1, 1])),
            ("unknown schemes", &|m| m.set(SCHEMES, &numbers(&[0x0a0a, 0x0904, 0x0807, 0x0201]))),
            ("names of CAs", &|m| m.put(|w| w.certificate_authorities([&b"\x30\0"[..]]))),
            ("compress_certificate", &|m| m.push(ExtensionType::COMPRESS_CERTIFICATE, &[2, 0, 2])),
        ],
    );
}

// req: 9846-4.5.1-3, 9846-4.5.1-4, 9846-4.5.1.2-2, 9846-4.5.1.2-4
#[test]
fn a_request_that_our_key_cannot_meet_is_a_handshake_failure_and_no_empty_list() {
    for schemes in [&[0x0403][..], &[0x0201, 0x0401], &[0x0904]] {
        let edit = |m: &mut Msg| m.set(SCHEMES, &numbers(schemes));
        let mut story = Story::client().edit(CR, &edit).play();
        story.refused("NoCommonSignatureScheme", A::HANDSHAKE_FAILURE, State::AskCredential, Epoch::Handshake);
        assert!(!story.peer.types().contains(&HandshakeType::CERTIFICATE));
    }
}

// ---- 36: signature_algorithms_cert ----

// req: 9846-9.2-1, 9846-9.2-2
#[test]
fn signature_algorithms_cert_is_sent_where_it_differs_and_shown_where_it_is_received() {
    let same = [SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::ED25519];
    let policy = Policy::new().signature_schemes(&same).signature_schemes_cert(&same);
    let story = Story::new(Role::Server, policy.clone()).connected();
    assert!(!request(&story).extensions.has(ExtensionType::SIGNATURE_ALGORITHMS_CERT));
    let mut story = Story::new(Role::Client, policy);
    story.turn();
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert!(!hello.extensions.has(ExtensionType::SIGNATURE_ALGORITHMS_CERT));

    let edit = |m: &mut Msg| {
        m.set(ExtensionType::SIGNATURE_ALGORITHMS_CERT, &numbers(&[0x0401, 0x0403]));
        m.put(|w| w.certificate_authorities([&b"\x30\x01a"[..], b"\x30\0"]));
    };
    for (role, typ) in [(Role::Client, CR), (Role::Server, CH)] {
        let mut story = Story::new(role, Policy::new()).edit(typ, &edit);
        story.hold = Some(State::AskCredential);
        let story = story.until(State::AskCredential);
        let offer = story.end.hs.offer(&story.end.rx).unwrap();
        let cert: Vec<SignatureScheme> = offer.signature_schemes_cert().collect();
        assert_eq!(cert, [SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256]);
        assert_eq!(offer.signature_schemes().count(), peer::SCHEMES.len());
        assert_eq!(offer.certificate_authorities().collect::<Vec<_>>(), [&b"\x30\x01a"[..], b"\x30\0"]);
    }
}

/// Every error of a structure names the message and the fault.
#[test]
fn a_malformed_message_is_named_with_what_is_wrong() {
    let edit = |m: &mut Msg| m.tail = vec![0];
    for (role, typ) in [(Role::Client, EE), (Role::Client, CR), (Role::Server, CH)] {
        let story = Story::new(role, Policy::new()).edit(typ, &edit).play();
        assert_eq!(story.error().kind(), ErrorKind::Malformed { message: typ, what: Malformed::TrailingBytes });
    }
}
