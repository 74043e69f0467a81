//! R2: a refused peer, a declined question, and a credential or signature that the peer does not accept.

use super::{IDENTITY, decline, ends, fate};
use crate::common::{Identity, Pki, run};
use countersign::{
    Alert, AlertDescription, Blame, Ending, ErrorKind, Handshake, Policy, Rejection, Role, Seed, State, Verdict,
};

const REASONS: [(Rejection, AlertDescription, &str); 9] = [
    (Rejection::UnknownCa, AlertDescription::UNKNOWN_CA, "no path to a trusted root"),
    (Rejection::Expired, AlertDescription::CERTIFICATE_EXPIRED, "it has expired or is not yet valid"),
    (Rejection::Revoked, AlertDescription::CERTIFICATE_REVOKED, "it has been revoked"),
    (Rejection::WrongName, AlertDescription::BAD_CERTIFICATE, "it is for another name"),
    (
        Rejection::BadCertificate,
        AlertDescription::BAD_CERTIFICATE,
        "the certificate or its chain is malformed or broken",
    ),
    (
        Rejection::UnsupportedCertificate,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        "its key or its permitted use does not fit",
    ),
    (Rejection::AccessDenied, AlertDescription::ACCESS_DENIED, "this identity is not allowed here"),
    (
        Rejection::CertificateUnknown,
        AlertDescription::CERTIFICATE_UNKNOWN,
        "it is unacceptable for a reason without an alert of its own, as an unknown revocation status",
    ),
    (
        Rejection::Alert(AlertDescription::UNRECOGNIZED_NAME),
        AlertDescription::UNRECOGNIZED_NAME,
        "the caller chose the alert unrecognized_name",
    ),
];

/// The error of the refused end for this alert.
fn refusal(alert: AlertDescription, role: Role, unconfirmed: bool) -> ErrorKind {
    match alert {
        AlertDescription::UNRECOGNIZED_NAME if role == Role::Client && unconfirmed => {
            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
        }
        AlertDescription::UNRECOGNIZED_NAME => ErrorKind::PeerAlert { alert },
        _ => ErrorKind::PeerRejectedCertificate { alert },
    }
}

// req: 9846-6.2-1, 9846-6.2-2, 9846-6.2-3
#[test]
fn a_refusal_says_why_on_both_sides() {
    for (reason, alert, words) in REASONS {
        // The client refuses the server. Nothing of the client's identity was sent (R6).
        let (mut client, mut server) = ends(false);
        client.verdict = Verdict::Reject(reason);
        let (c, s) = run(&mut client, &mut server);
        let (c, s) = (c.unwrap().unwrap_err(), s.unwrap().unwrap_err());
        assert_eq!(
            (c.kind(), c.blame(), c.alert()),
            (ErrorKind::Rejected { reason }, Blame::Us, Some(Alert::Sent(alert)))
        );
        let sentence =
            format!("we refused the peer's certificate: {words} (as client, in AskVerify, alert {alert} sent)");
        assert_eq!(c.to_string(), sentence);
        assert_eq!(s.kind(), refusal(alert, Role::Server, false));
        assert_eq!(
            (s.blame(), s.alert(), s.state()),
            (Blame::Peer, Some(Alert::Received(alert)), State::WaitCertificate)
        );
        assert!(server.tx.is_empty(), "an alert is not answered by an alert");

        // The server refuses the client, which is already done.
        let (mut client, mut server) = ends(false);
        server.verdict = Verdict::Reject(reason);
        let (c, s) = run(&mut client, &mut server);
        assert_eq!(c, Some(Ok(())));
        let s = s.unwrap().unwrap_err();
        let sentence =
            format!("we refused the peer's certificate: {words} (as server, in AskVerify, alert {alert} sent)");
        assert_eq!(s.to_string(), sentence);
        let mut session = client.hs.finish().unwrap();
        let error = session.receive(&mut client.rx, &mut client.tx).unwrap_err();
        assert_eq!(error.kind(), refusal(alert, Role::Client, true));
        assert_eq!(error.alert(), Some(Alert::Received(alert)));
    }
}

#[test]
fn a_refusal_in_words() {
    let (mut client, mut server) = ends(false);
    client.verdict = Verdict::Reject(Rejection::WrongName);
    let (_, s) = run(&mut client, &mut server);
    assert_eq!(
        s.unwrap().unwrap_err().to_string(),
        "the peer rejected our certificate (bad_certificate): the peer's log says why (as server, in WaitCertificate)"
    );
}

#[test]
fn every_question_can_be_declined_with_any_alert() {
    for role in [Role::Client, Role::Server] {
        for which in [State::AskCredential, State::AskSign, State::AskVerify] {
            for alert in [AlertDescription::INTERNAL_ERROR, AlertDescription::HANDSHAKE_FAILURE] {
                let (mut end, mut other) = decline(role, which, alert);
                assert!(end.hs.state() == which, "nothing has happened until the next drive");
                let error = end.drive().unwrap_err();
                let expected = format!(
                    "our side could not go on, for want of a credential, a signature or a verdict (alert {alert}) \
                     (as {role}, in {which}, alert {alert} sent)"
                );
                assert_eq!(error.to_string(), expected);
                assert_eq!((error.blame(), error.alert()), (Blame::Us, Some(Alert::Sent(alert))));
                let told = fate(&mut end, &mut other).unwrap_err();
                assert_eq!(told.alert(), Some(Alert::Received(alert)));
                let unconfirmed = role == Role::Server && which == State::AskVerify;
                let plain = role == Role::Server && which == State::AskCredential; // before the keys
                let expected = if plain {
                    ErrorKind::UnauthenticatedAlert { alert }
                } else if unconfirmed {
                    ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
                } else {
                    ErrorKind::PeerAlert { alert }
                };
                assert_eq!(told.kind(), expected);
            }
        }
    }
}

/// The credential fits no scheme of the peer: the answer is accepted, and the next `drive` returns the error.
#[test]
fn a_credential_that_the_peer_does_not_accept_ends_the_handshake() {
    use countersign::SignatureScheme;
    for role in [Role::Client, Role::Server] {
        let policy = Policy::new().signature_schemes(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
        let (mut client, mut server) = ends(false);
        let pki = Pki::new();
        let other = pki.issue("p256.test", &rcgen::PKCS_ECDSA_P256_SHA256);
        if role == Role::Client {
            server.hs = Handshake::server(policy, Seed::from_bytes(&[2; 64]));
            server.identity = &other;
        } else {
            client.hs = Handshake::client(policy, None, Seed::from_bytes(&[1; 64])).unwrap();
        }
        let (c, s) = run(&mut client, &mut server);
        let (own, told) = if role == Role::Client { (c, s) } else { (s, c) };
        let own = own.unwrap().unwrap_err();
        let ErrorKind::NoCommonSignatureScheme { offered } = own.kind() else { panic!("{own}") };
        assert!(offered.iter().eq([SignatureScheme::ECDSA_SECP256R1_SHA256]), "it says what the peer accepts: {own}");
        assert_eq!((own.role(), own.state()), (role, State::AskCredential));
        let alert = AlertDescription::HANDSHAKE_FAILURE;
        let expected = match role {
            Role::Server => ErrorKind::UnauthenticatedAlert { alert }, // before the keys
            Role::Client => ErrorKind::PeerAlert { alert },
        };
        assert_eq!(told.unwrap().unwrap_err().kind(), expected);
    }
}

/// A signer that returns a wrong signature: the machine sends it, and the peer finds it.
// req: 9846-4.5.3-3
#[test]
fn a_wrong_signature_is_found_by_the_peer() {
    for role in [Role::Client, Role::Server] {
        let liar = Pki::new().issue("liar.test", &rcgen::PKCS_ED25519);
        let wrong = Identity { chain: IDENTITY.chain.clone(), key: liar.key };
        let (mut client, mut server) = ends(false);
        if role == Role::Client {
            client.identity = &wrong
        } else {
            server.identity = &wrong
        }
        let (c, s) = run(&mut client, &mut server);
        let (told, found) = if role == Role::Client {
            let mut session = client.hs.finish().unwrap();
            assert_eq!(c, Some(Ok(())));
            (session.receive(&mut client.rx, &mut client.tx).unwrap_err(), s.unwrap().unwrap_err())
        } else {
            (s.unwrap().unwrap_err(), c.unwrap().unwrap_err())
        };
        assert_eq!(found.kind(), ErrorKind::BadSignature);
        assert_eq!((found.blame(), found.state()), (Blame::Peer, State::WaitCertificateVerify));
        assert_eq!(found.alert(), Some(Alert::Sent(AlertDescription::DECRYPT_ERROR)));
        assert_eq!(told.kind(), ErrorKind::PeerRejectedProof { alert: AlertDescription::DECRYPT_ERROR });
    }
}
