//! Raw public keys instead of certificates (RFC 7250).

use super::{BOTH, alerts_under, refused_while_authenticating, sends_after_hellos};
use crate::certificate_types::{drive_raw, spki};
use crate::peer::Story;
use crate::peer::message::{Msg, certificate};
use countersign::AlertDescription as A;
use countersign::internals::codec::CertificateType;
use countersign::{Alert, Blame, ErrorKind, HandshakeType as H, Misuse, Policy, Rejection, Role, State, Verdict};

const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];
const X509: &[CertificateType] = &[CertificateType::X509];
const EITHER: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];

/// The peer of an end in this role shows its raw public key, and can prove that it holds it.
fn bare_key(role: Role) -> impl Fn(&mut Msg) {
    move |m| *m = certificate(&[], &[(&spki(role.peer()), &[])])
}

/// CVE-2026-55960, wolfSSL: a raw public key that had not been negotiated was accepted instead of a certificate. It has
/// no chain to verify.
#[test]
fn cve_2026_55960_a_raw_public_key_that_was_not_negotiated_is_no_certificate() {
    let (kind, alert) = ("UnreadableLeaf", A::BAD_CERTIFICATE);
    for role in BOTH {
        let bare = bare_key(role);
        // We cannot use them; and we can, but the peer has not negotiated them.
        for policy in [Policy::new(), Policy::new().certificate_types(EITHER, EITHER)] {
            let story = Story::new(role, policy).edit(H::CERTIFICATE, &bare);
            let story = sends_after_hellos(story, &[H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
            refused_while_authenticating(story, role, kind, alert, State::WaitCertificate);
        }
    }
    // They are negotiated only for our own side, not for the peer's.
    let (ours, bare) = (|m: &mut Msg| m.put(|w| w.client_certificate_type(RAW[0])), bare_key(Role::Client));
    let story = Story::new(Role::Client, Policy::new().certificate_types(EITHER, X509));
    let story = story.edit(H::ENCRYPTED_EXTENSIONS, &ours).edit(H::CERTIFICATE, &bare);
    let story = sends_after_hellos(story, &[H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
    refused_while_authenticating(story, Role::Client, kind, alert, State::WaitCertificate);

    let (ours, bare) =
        (|m: &mut Msg| m.put(|w| w.server_certificate_types(RAW.iter().copied())), bare_key(Role::Server));
    let story = Story::new(Role::Server, Policy::new().certificate_types(X509, EITHER));
    let mut story = story.edit(H::CLIENT_HELLO, &ours).edit(H::CERTIFICATE, &bare);
    drive_raw(&mut story, &spki(Role::Server));
    refused_while_authenticating(story, Role::Server, kind, alert, State::WaitCertificate);
}

/// CVE-2024-12797, OpenSSL: a client verified a raw public key, and continued although the verification failed.
///
/// Here a raw public key needs the same verdict as a certificate. A refusal ends the handshake, and without a verdict
/// it does not continue.
#[test]
fn cve_2024_12797_a_raw_public_key_waits_for_the_verdict_and_a_refusal_ends_the_handshake() {
    let choice = |m: &mut Msg| m.put(|w| w.server_certificate_type(RAW[0]));
    let list = |m: &mut Msg| m.put(|w| w.client_certificate_types(RAW.iter().copied()));
    for role in BOTH {
        let bare = bare_key(role);
        let start = || {
            let (client, server) = if role == Role::Client { (X509, RAW) } else { (RAW, X509) };
            let story = Story::new(role, Policy::new().certificate_types(client, server));
            story.edit(H::ENCRYPTED_EXTENSIONS, &choice).edit(H::CLIENT_HELLO, &list).edit(H::CERTIFICATE, &bare)
        };
        assert_eq!(start().play().result, Some(Ok(())), "accepted, it serves");

        let mut story = start();
        story.end.verdict = Verdict::Reject(Rejection::UnknownCa);
        let mut story = story.play();
        let error = story.error();
        assert_eq!(error.kind(), ErrorKind::Rejected { reason: Rejection::UnknownCa });
        assert_eq!((error.blame(), error.state()), (Blame::Us, State::AskVerify));
        assert_eq!(error.alert(), Some(Alert::Sent(A::UNKNOWN_CA)));
        assert_eq!(story.peer.alerts(), [(alerts_under(role), vec![2, A::UNKNOWN_CA.0])]);
        let shown = story.peer.types().contains(&H::CERTIFICATE);
        assert_eq!(shown, role == Role::Server, "a client shows nothing to a server that it has refused");
        assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
        story.is_dead(error);

        let mut story = start();
        story.hold = Some(State::AskVerify);
        let mut story = story.until(State::AskVerify);
        let seen = story.peer.seen.len();
        (0..3).for_each(|_| story.turn());
        assert_eq!((story.state(), story.result), (State::AskVerify, None));
        assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
        assert_eq!(story.peer.seen.len(), seen, "nothing is sent meanwhile");
    }
}
