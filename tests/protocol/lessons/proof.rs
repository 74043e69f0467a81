//! Certificates without a proof of possession (RFC 9846 §4.5).

use super::{BOTH, alerts_under, new, refused_while_authenticating, sends_after_hellos};
use crate::peer::message::{Msg, certificate, certificate_verify, extensions};
use crate::peer::{Edit, SCHEMES};
use countersign::AlertDescription as A;
use countersign::internals::codec::ClientHello;
use countersign::{Epoch, ExtensionType, HandshakeType as H, Role, SignatureScheme, State};

/// The error of an end in this role for an empty Certificate.
fn no_certificate(role: Role) -> (&'static str, A) {
    match role {
        Role::Server => ("NoClientCertificate", A::CERTIFICATE_REQUIRED),
        Role::Client => ("NoServerCertificate", A::DECODE_ERROR),
    }
}

/// CVE-2022-25638, wolfSSL: a CertificateVerify was not verified if its algorithm did not match the certificate's key.
/// The attacker shows another's certificate, with a worthless signature.
#[test]
fn cve_2022_25638_a_proof_of_an_algorithm_that_the_key_has_not_proves_nothing() {
    for role in BOTH {
        // The server's key is P-256, the client's Ed25519.
        let other_key = if role == Role::Client { 0x0807 } else { 0x0403 };
        // Unknown, RSA PKCS #1, RSA-PSS, another curve, of no key at all.
        for scheme in [0, 0x0401, 0x0804, 0x0503, other_key, 0xfe00, 0xffff] {
            for signature in [&[][..], &[0], &[1; 64], &[0x30, 6, 2, 1, 1, 2, 1, 1]] {
                let forged = |m: &mut Msg| *m = certificate_verify(SignatureScheme(scheme), signature);
                let story = new(role).edit(H::CERTIFICATE_VERIFY, &forged);
                let story = sends_after_hellos(story, &[H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
                let (kind, alert) = ("IllegalSignatureScheme", A::ILLEGAL_PARAMETER);
                refused_while_authenticating(story, role, kind, alert, State::WaitCertificateVerify);

                let empty = |m: &mut Msg| *m = certificate(&[], &[]);
                let story = new(role).edit(H::CERTIFICATE_VERIFY, &forged).edit(H::CERTIFICATE, &empty);
                let story = sends_after_hellos(story, &[H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
                let (kind, alert) = no_certificate(role);
                refused_while_authenticating(story, role, kind, alert, State::WaitCertificate);
            }
        }
    }
}

/// CVE-2022-25640, wolfSSL: a server that requires a client certificate accepted a client without CertificateVerify.
/// Our clients require it of servers, too.
#[test]
fn cve_2022_25640_without_certificate_and_certificate_verify_no_finished_is_taken() {
    let as_it_is: Edit<'_> = &|_| ();
    let empty: Edit<'_> = &|m| *m = certificate(&[], &[]);
    let unexpected = ("UnexpectedMessage", A::UNEXPECTED_MESSAGE);
    for role in BOTH {
        for (what, edit, sent, (kind, alert), state) in [
            ("no proof", as_it_is, &[H::CERTIFICATE, H::FINISHED][..], unexpected, State::WaitCertificateVerify),
            ("nothing", as_it_is, &[H::FINISHED], unexpected, State::WaitCertificate),
            ("no certificate", as_it_is, &[H::CERTIFICATE_VERIFY, H::FINISHED], unexpected, State::WaitCertificate),
            ("an empty one", empty, &[H::CERTIFICATE, H::FINISHED], no_certificate(role), State::WaitCertificate),
        ] {
            println!("{role} gets {what}");
            let story = sends_after_hellos(new(role).edit(H::CERTIFICATE, edit), sent);
            refused_while_authenticating(story, role, kind, alert, state);
        }
    }
}

/// CVE-2026-55962, wolfSSL: a server requested a certificate after the handshake, and accepted the client's Finished
/// without one. Here nobody is asked after the handshake.
#[test]
fn cve_2026_55962_there_is_no_authentication_after_the_handshake() {
    let mut story = new(Role::Client);
    story.turn();
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert!(!hello.extensions.has(ExtensionType::POST_HANDSHAKE_AUTH));

    let request = Msg::new(H::CERTIFICATE_REQUEST, vec![1, 7]).with(extensions(|w| w.signature_algorithms(SCHEMES)));
    let mut story = new(Role::Client).connected();
    story.peer.send_msg(&request);
    story.turn();
    story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);

    // A client that offers it is not asked. Its messages are refused.
    let offer = |m: &mut Msg| m.push(ExtensionType::POST_HANDSHAKE_AUTH, &[]);
    for typ in [H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED] {
        let mut story = new(Role::Server).edit(H::CLIENT_HELLO, &offer).connected();
        assert_eq!(story.peer.types().iter().filter(|typ| **typ == H::CERTIFICATE_REQUEST).count(), 1);
        story.peer.send(typ);
        story.turn();
        story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::Connected, alerts_under(Role::Server));
    }
}
