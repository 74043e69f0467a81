//! HelloRetryRequest and the second ClientHello.

use super::{CH, no_share, share};
use crate::peer::message::{GREASE, GROUPS, KEY_SHARE, Msg, SCHEMES, SERVER_NAME, VERSIONS, numbers, shares};
use crate::peer::{self, HANDSHAKE, Row, SECOND_CLIENT_HELLO, Story};
use countersign::AlertDescription as A;
use countersign::internals::codec::{NamedGroup, Place, ServerHello};
use countersign::{Epoch, ExtensionType, HandshakeType, Policy, Role, State};

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
        assert_eq!(retry.extensions.check(Place::HelloRetryRequest).unwrap().selected_group(), Some(groups[0]));
        assert_eq!(retry.extensions.iter().count(), 2, "supported_versions and key_share");
        assert_eq!(retry.extensions.selected_version(), Ok(Some(0x0304)));
        assert_eq!(hello.extensions.selected_version(), Ok(Some(0x0304)));
        assert_eq!(retry.legacy_session_id_echo, hello.legacy_session_id_echo);
        assert_eq!(retry.cipher_suite, hello.cipher_suite);
        assert_eq!(hello.extensions.check(Place::ServerHello).unwrap().server_share().unwrap().group, groups[0]);
        assert!(story.end.hs.retried());
        // One change_cipher_spec, after the server's first message (HelloRetryRequest) only.
        let ccs: Vec<usize> =
            story.peer.seen.iter().enumerate().filter(|(_, seen)| seen.typ == peer::CCS).map(|(at, _)| at).collect();
        assert_eq!(ccs, [1]);
    }
}

/// The second ClientHello after a retry, with a change.
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
