//! The server's choice from the offer, and its answers.

use super::{CH, answers, encrypted_extensions, refused, server_hello};
use crate::peer::message::{ALPN, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, numbers, shares};
use crate::peer::{HANDSHAKE, SECOND_CLIENT_HELLO, Story, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::NamedGroup;
use countersign::{CipherSuite, Epoch, ExtensionType, HandshakeType, Policy, Role, State};

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
        ("a hybrid group of others", &of(0x11ed), "NoCommonGroup", alert),
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
        ("unknown schemes", &|m| m.set(SCHEMES, &numbers(&[0x0911, 0x0a0a])), "NoCommonSignatureScheme", alert),
    ]);
}

// req: 9846-4.5.1.2-2, 9846-4.5.1.2-4
#[test]
fn no_scheme_for_our_key_is_a_handshake_failure() {
    let edit = |m: &mut Msg| m.set(SCHEMES, &numbers(&[0x0807]));
    let mut story = Story::server().edit(CH, &edit).play();
    story.refused("NoCommonSignatureScheme", A::HANDSHAKE_FAILURE, State::AskCredential, Epoch::Plaintext);
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
    // A share for a less preferred group is better than a retry for the best.
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let mut story = Story::server();
        story.peer.group = group;
        let hello = story.peer.next_message(SECOND_CLIENT_HELLO); // has a share for that group
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
    assert_eq!(answers(&story).selected_protocol(), Some(&b"h2"[..]));
    let (kind, alert) = ("NoApplicationProtocol", A::NO_APPLICATION_PROTOCOL);
    refuses(Role::Server, &policy, CH, &[("no overlap", &other, kind, alert), ("a longer name", &longer, kind, alert)]);
    // Without an offer there is no answer. Without a configured list the offer is ignored.
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
    assert!(answers(&story).server_name_used());
    for edit in
        [&(|m: &mut Msg| m.without(SERVER_NAME)) as &dyn Fn(&mut Msg), &|m| m.put(|w| w.server_name(b"10.0.0.1"))]
    {
        let story = Story::server().edit(CH, edit).connected();
        assert_eq!(story.end.hs.server_name(), None);
        assert!(!answers(&story).server_name_used());
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
    let request = story.sent(HandshakeType::CERTIFICATE_REQUEST);
    let request = countersign::internals::codec::CertificateRequest::parse(&request[4..]).unwrap();
    let asked: Vec<ExtensionType> = request.extensions.iter().map(|each| each.extension_type).collect();
    assert_eq!(asked, [SCHEMES, ExtensionType::SIGNATURE_ALGORITHMS_CERT]);
}
