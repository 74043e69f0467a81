//! HelloRetryRequest as an attack (RFC 9846 §4.2.2, §4.2.4).

use crate::peer::message::{KEY_SHARE, Msg, SERVER_NAME, shares};
use crate::peer::{HELLO_RETRY_REQUEST, SECOND_CLIENT_HELLO, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType as H, NamedGroup, State};

/// OpenSSL, issue 17934 (2022), and picotls, issue 605 (2026): a client answered a second HelloRetryRequest and every
/// further one. So a server could make it generate keys without limit.
#[test]
fn openssl_17934_and_picotls_605_a_second_hello_retry_request_is_refused() {
    let group = |group: NamedGroup| move |m: &mut Msg| m.put(|w| w.selected_group(group));
    let cookie = |m: &mut Msg| {
        m.without(KEY_SHARE);
        m.put(|w| w.cookie(b"cookie"));
    };
    let (same, other, first) = (group(NamedGroup::SECP256R1), group(NamedGroup::SECP384R1), group(NamedGroup::X25519));
    for (what, edit) in [
        ("the same group", &same as &dyn Fn(&mut Msg)),
        ("another group", &other),
        ("the group of the first hello", &first),
        ("a cookie", &cookie),
    ] {
        println!("{what}");
        let mut story = Story::client().until(State::WaitServerHello);
        (story.peer.retry, story.peer.group) = (true, NamedGroup::SECP256R1);
        story.peer.send(HELLO_RETRY_REQUEST);
        story.turn();
        let mut again = story.peer.compose(HELLO_RETRY_REQUEST);
        edit(&mut again);
        for _ in 0..3 {
            story.peer.send_msg(&again);
        }
        story.turn();
        story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::WaitServerHello, Epoch::Plaintext);
        assert_eq!(story.peer.types(), [H::CLIENT_HELLO; 2]);
    }
}

/// CVE-2026-116375, Mbed TLS: a server that requests certificates by host name kept its choice for the name in the
/// first hello, and served the name in the second.
#[test]
fn cve_2026_116375_the_second_hello_names_the_same_server_as_the_first() {
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &shares(&[]));
    let no_name = |m: &mut Msg| m.without(SERVER_NAME);
    let unnamed = |m: &mut Msg| {
        no_share(m);
        no_name(m);
    };
    let other = |m: &mut Msg| m.put(|w| w.server_name(b"admin.test"));
    for (what, first, second) in [
        ("another name", &no_share as &dyn Fn(&mut Msg), &other as &dyn Fn(&mut Msg)),
        ("no name any more", &no_share, &no_name),
        ("a name where none was", &unnamed, &other),
    ] {
        println!("{what}");
        let mut story = Story::server().edit(H::CLIENT_HELLO, first).edit(SECOND_CLIENT_HELLO, second).play();
        let (kind, alert) = ("IllegalSecondClientHello", A::ILLEGAL_PARAMETER);
        story.refused(kind, alert, State::WaitClientHello, Epoch::Plaintext);
        assert!(
            story.end.transitions.iter().all(|each| each.state != State::AskCredential),
            "nothing is chosen before"
        );
    }
    // With the same name there is one retry, and the client is asked for its certificate.
    let story = Story::server().edit(H::CLIENT_HELLO, &no_share).connected();
    assert!(story.peer.types().contains(&H::CERTIFICATE_REQUEST));
}
