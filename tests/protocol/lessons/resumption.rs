//! Resumption that skips a verdict. The bytes on the wire show that there is none here (RFC 9846 §4.3.11, §4.7.1).

use super::{alerts_under, new};
use crate::peer::message::{KEY_SHARE, Msg, VERSIONS, shares};
use crate::peer::{DATA, Edit, HANDSHAKE, SECOND_CLIENT_HELLO, Story};
use countersign::AlertDescription as A;
use countersign::internals::codec::{ClientHello, EncryptedExtensions, ServerHello};
use countersign::{Epoch, ErrorKind, Event, ExtensionType, HandshakeType as H, Rejection, Role, State, Verdict};

/// Everything that a client or server needs to resume.
const RESUMING: [ExtensionType; 3] =
    [ExtensionType::PRE_SHARED_KEY, ExtensionType::PSK_KEY_EXCHANGE_MODES, ExtensionType::EARLY_DATA];

/// Offers a ticket as a resuming client does: one identity and one binder.
fn resuming(m: &mut Msg) {
    let binder = [&[33, 32][..], &[1; 32]].concat();
    m.put(|w| w.psk_key_exchange_modes(&[0, 1]));
    m.push(ExtensionType::PRE_SHARED_KEY, &[&[0, 12, 0, 6][..], b"ticket", &[0; 4], &[0], &binder].concat());
}

/// The messages after a ServerHello that accepts the ticket.
fn without_certificate(story: Story<'_>) -> Story<'_> {
    let mut story = story.until(State::WaitCertificate);
    story.peer.send(H::FINISHED);
    story.turn();
    story
}

/// CVE-2025-23419, nginx: a client authenticated to one virtual server, resumed at another, and was not judged there.
/// The same in wolfSSL (CVE-2026-11703).
#[test]
fn cve_2025_23419_a_server_gives_no_ticket_and_takes_none_for_a_certificate() {
    // The server sends nothing that could be resumed.
    let mut story = new(Role::Server).connected();
    story.peer.record(DATA, b"request");
    story.turn();
    story.session.as_mut().unwrap().write(b"answer", &mut story.end.tx).unwrap();
    story.session.as_mut().unwrap().close(&mut story.end.tx).unwrap();
    story.drive();
    assert!(!story.peer.types().contains(&H::NEW_SESSION_TICKET));

    let elsewhere = |m: &mut Msg| {
        m.put(|w| w.server_name(b"admin.test"));
        resuming(m);
    };
    for hello in [&resuming as Edit<'_>, &elsewhere] {
        // The ticket is ignored: it is not answered, and a certificate is requested.
        let story = Story::server().edit(H::CLIENT_HELLO, hello).connected();
        let answer = ServerHello::parse(&story.sent(H::SERVER_HELLO)[4..]).unwrap();
        let parameters = EncryptedExtensions::parse(&story.sent(H::ENCRYPTED_EXTENSIONS)[4..]).unwrap();
        assert!(RESUMING.iter().all(|each| !answer.extensions.has(*each) && !parameters.extensions.has(*each)));
        assert!(story.peer.types().contains(&H::CERTIFICATE_REQUEST));
        assert!(story.end.transitions.iter().any(|each| each.state == State::AskVerify), "the verdict was asked for");
        // A client that was accepted before and is refused now is refused.
        let mut story = Story::server().edit(H::CLIENT_HELLO, hello);
        story.end.verdict = Verdict::Reject(Rejection::Revoked);
        let story = story.play();
        assert_eq!(story.error().kind(), ErrorKind::Rejected { reason: Rejection::Revoked });
        assert_eq!(story.peer.alerts(), [(alerts_under(Role::Server), vec![2, A::CERTIFICATE_REVOKED.0])]);
        // So is a client without a certificate, as a resuming client has none.
        let mut story = without_certificate(Story::server().edit(H::CLIENT_HELLO, hello));
        let (kind, alert) = ("UnexpectedMessage", A::UNEXPECTED_MESSAGE);
        story.refused(kind, alert, State::WaitCertificate, alerts_under(Role::Server));
    }
}

/// GO-2026-4337 (CVE-2025-68121), Go: after the roots had been changed, clients and servers resumed sessions with peers
/// that have no path to the new ones. The test above has the server's part. A client offers nothing.
#[test]
fn go_2026_4337_a_client_resumes_nothing_and_holds_a_server_to_its_certificate() {
    let mut story = new(Role::Client).connected();
    let ticket = story.peer.compose(H::NEW_SESSION_TICKET).bytes();
    story.peer.record(HANDSHAKE, &ticket);
    story.peer.record(DATA, b"x");
    story.turn();
    assert_eq!((&story.data[..], story.events.contains(&Event::Data)), (&b"x"[..], true));
    // The ticket was dropped: the next hello does not offer it.
    let mut story = new(Role::Client);
    story.turn();
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert!(RESUMING.iter().all(|each| !hello.extensions.has(*each)));
    // A server that says that it resumes is refused,
    let resumed = |m: &mut Msg| m.push(ExtensionType::PRE_SHARED_KEY, &[0, 0]);
    let mut story = Story::client().edit(H::SERVER_HELLO, &resumed).play();
    let (kind, alert) = ("UnsolicitedExtension", A::UNSUPPORTED_EXTENSION);
    story.refused(kind, alert, State::WaitServerHello, Epoch::Plaintext);
    // and so is one that only omits its certificate.
    let mut story = Story::client().until(State::WaitCertificateRequest);
    story.peer.send(H::FINISHED);
    story.turn();
    let (kind, alert) = ("UnexpectedMessage", A::UNEXPECTED_MESSAGE);
    story.refused(kind, alert, State::WaitCertificateRequest, Epoch::Handshake);
    let mut story = without_certificate(Story::client());
    story.refused(kind, alert, State::WaitCertificate, Epoch::Handshake);
}

/// CVE-2026-34873, Mbed TLS: a client resumed and got a retry, and an attacker sent the second hello with TLS 1.2. The
/// session continued under a key of zeros, with the client's identity.
#[test]
fn cve_2026_34873_the_second_hello_of_a_client_that_resumes_cannot_leave_tls_1_3() {
    let first = |m: &mut Msg| {
        m.set(KEY_SHARE, &shares(&[]));
        resuming(m);
    };
    let without = |m: &mut Msg| {
        m.without(VERSIONS);
        resuming(m);
    };
    let older = |m: &mut Msg| {
        m.put(|w| w.supported_versions([0x0303]));
        resuming(m);
    };
    for second in [&without as Edit<'_>, &older] {
        let mut story = Story::server().edit(H::CLIENT_HELLO, &first).edit(SECOND_CLIENT_HELLO, second).play();
        story.refused("UnsupportedVersion", A::PROTOCOL_VERSION, State::WaitClientHello, Epoch::Plaintext);
    }
    // A hello of TLS 1.3 gets the verdict as always.
    let mut story = Story::server().edit(H::CLIENT_HELLO, &first).edit(SECOND_CLIENT_HELLO, &resuming);
    story.end.verdict = Verdict::Reject(Rejection::Revoked);
    assert_eq!(story.play().error().kind(), ErrorKind::Rejected { reason: Rejection::Revoked });
}
