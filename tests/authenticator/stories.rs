//! The three sequences of RFC 9261 §3, and a declined request.

use crate::common::*;
use crate::end::seed;
use crate::peer::{self, Recipe};
use countersign::authenticator::Received;
use countersign::{AlertDescription, Credential, Misuse, Policy, Rejection, Role, SignatureScheme, Verdict};

/// Either end asks and the other proves, with either hash. The bytes are those of a peer that has only the exporter.
// req: 9261-5.1-1, 9261-5.2.2-1, 9261-5.2.2-2
#[test]
fn either_end_is_asked_and_proves_an_identity() {
    for suite in SUITES {
        for role in ROLES {
            let mut pair = Pair::new(policy(suite));
            let (asks, proves) = pair.ends(role);
            let (id, message) = request(asks);
            let proving = asked(proves, &message);
            assert!(proving.is_requested());
            let authenticator = prove(proves, proving, &NEXT);
            let claim = claim(asks, &authenticator);
            assert_eq!(claim.request(), Some(id));
            assert_eq!(claim.context(), countersign::authenticator::context(&message).unwrap());
            let peer = claim.peer();
            assert_eq!((peer.role(), peer.leaf()), (role.peer(), NEXT.chain[0].as_ref()));
            let proved = asks.answer_verify(claim, Verdict::Accept).unwrap();
            assert_eq!((proved.role(), proved.request()), (role.peer(), Some(id)));
            assert_eq!(proved.scheme(), SignatureScheme::ECDSA_SECP256R1_SHA256);
            assert_eq!(asks.open_requests().count(), 0);

            // The same from the exporter. ECDSA signatures differ each time.
            let (id, message) = request(asks);
            let session = if role == Role::Client { &pair.s } else { &pair.c };
            let authenticator = Recipe::new(session, role.peer(), &message, &NEXT).make();
            let (asks, _) = if role == Role::Client { (&mut pair.client, ()) } else { (&mut pair.server, ()) };
            assert_eq!(crate::common::claim(asks, &authenticator).request(), Some(id));
        }
    }
}

/// Equal byte for byte, because this signature is the same each time.
#[test]
fn an_authenticator_is_what_the_rfc_says_byte_for_byte() {
    for suite in SUITES {
        for role in ROLES {
            let mut pair = Pair::new(policy(suite));
            let (asks, proves) = pair.ends(role);
            let (_, message) = request(asks);
            let mut proving = asked(proves, &message);
            let mut ours = vec![0; 4096];
            let len = proves.answer_credential(&mut proving, &Credential::new(&NEXT.chain), &mut ours).unwrap();
            let content = proving.sign_question().unwrap().message().to_vec();
            assert_eq!(content[..87], [&[0x20; 64][..], b"Exported Authenticator\0"].concat()[..]);
            let session = if role == Role::Client { &pair.s } else { &pair.c };
            let theirs = Recipe::new(session, role.peer(), &message, &NEXT).make();
            assert_eq!(ours[..len], theirs[..len], "Certificate");
            // The peer's signature is used as ours.
            let signature_len = usize::from(theirs[len + 7]);
            let signature = &theirs[len + 8..][..signature_len];
            let (_, proves) = pair.ends(role);
            let more = proves.answer_sign(&mut proving, signature, &mut ours[len..]).unwrap();
            assert_eq!(ours[..len + more], theirs, "CertificateVerify and Finished");
        }
    }
}

// req: 9261-5-1, 9261-5.2.1-1, 9261-5.2.2-3
#[test]
fn a_server_proves_an_identity_unasked_and_a_client_may_not() {
    for suite in SUITES {
        let mut pair = Pair::new(policy(suite));
        let mut contexts = Vec::new();
        for _ in 0..3 {
            let proving = pair.server.prove_unasked().unwrap();
            assert!(!proving.is_requested());
            assert_eq!(pair.server.offer(&proving).unwrap().server_name(), Some("server.test"));
            let offered: Vec<_> = pair.server.offer(&proving).unwrap().signature_schemes().collect();
            assert!(offered.contains(&SignatureScheme::ED25519) && offered.len() >= 6, "those of the ClientHello");
            contexts.push(proving.context().to_vec());
            let authenticator = prove(&pair.server, proving, &NEXT);
            let claim = claim(&mut pair.client, &authenticator);
            assert_eq!(claim.request(), None, "it proves no now");
            assert_eq!(pair.client.answer_verify(claim, Verdict::Accept).unwrap().request(), None);
        }
        contexts.dedup();
        assert_eq!(contexts.len(), 3);
        let authenticator = Recipe { context: b"of the peer", ..Recipe::new(&pair.s, Role::Server, b"", &NEXT) }.make();
        assert_eq!(claim(&mut pair.client, &authenticator).context(), b"of the peer");

        assert_eq!(pair.client.prove_unasked().err(), Some(Misuse::NotNow));
        let unasked = Recipe { context: b"of the peer", ..Recipe::new(&pair.c, Role::Client, b"", &NEXT) }.make();
        assert_eq!(refused(&mut pair.server, &unasked), "UnknownContext");
    }
}

#[test]
fn an_empty_authenticator_declines_one_request_and_says_so_in_bytes_that_only_this_peer_can_make() {
    for suite in SUITES {
        for role in ROLES {
            let mut pair = Pair::new(policy(suite));
            let (asks, proves) = pair.ends(role);
            let [(_, first), (second_id, second)] = [request(asks), request(asks)];
            let mut empty = vec![0; 100];
            let mut proving = asked(proves, &second);
            let len = proves.decline(&mut proving, &mut empty).unwrap();
            empty.truncate(len);
            let session = if role == Role::Client { &pair.s } else { &pair.c };
            assert_eq!(empty, Recipe::new(session, role.peer(), &second, &NEXT).decline());
            let (asks, proves) = pair.ends(role);
            for index in 0..empty.len() {
                let mut damaged = empty.clone();
                damaged[index] ^= 1;
                assert!(asks.receive(&damaged).is_err());
            }
            assert!(matches!(asks.receive(&empty).unwrap(), Received::Declined(id) if id == second_id));
            assert_eq!(refused(asks, &empty), "BadFinished", "once");
            assert_eq!(asks.open_requests().count(), 1);
            let authenticator = answer(proves, &first);
            let _ = claim(asks, &authenticator);
        }
    }
}

/// The peer chooses the contexts of its requests: empty, or up to 255 bytes.
#[test]
fn a_context_of_any_length_is_in_what_answers_it() {
    for role in ROLES {
        let mut pair = Pair::new(Policy::new());
        for len in [0, 1, 254, 255] {
            let message = peer::request(role, &vec![7; len], &peer::schemes());
            let (_, proves) = pair.ends(role);
            let mut proving = asked(proves, &message);
            let mut empty = [0; 36];
            assert_eq!(proves.decline(&mut proving, &mut empty), Ok(36));
            let session = if role == Role::Client { &pair.s } else { &pair.c };
            assert_eq!(empty[..], Recipe::new(session, role.peer(), &message, &NEXT).decline(), "{len}");
        }
        let message = peer::request(role, &[8; 255], &peer::schemes());
        let authenticator = answer(pair.ends(role).1, &message);
        assert_eq!(authenticator[4..260], [&[255][..], &[8; 255]].concat());
    }
}

/// A rejection is local: nothing is sent, and the session continues.
#[test]
fn a_verdict_that_refuses_is_an_error_and_the_request_is_used_up() {
    let mut pair = Pair::new(Policy::new());
    let (_, message) = request(&mut pair.server);
    let authenticator = answer(&mut pair.client, &message);
    let claim = claim(&mut pair.server, &authenticator);
    let error = pair.server.answer_verify(claim, Verdict::Reject(Rejection::Revoked)).unwrap_err();
    assert_eq!((error.name(), error.alert()), ("Rejected", None));
    assert_eq!(refused(&mut pair.server, &authenticator), "ReusedContext");
}

/// RFC 9261 §9: a server has verified the client's Finished before it sends or accepts an authenticator. Before that
/// there is no session, so there are no authenticators.
// req: 9261-9-1
#[test]
fn authenticators_come_from_a_session_and_a_session_that_has_failed_gives_none() {
    for (mut session, mut end) in connected(Policy::new(), Policy::new()) {
        assert!(session.authenticators(Policy::new(), &seed(1)).is_ok());
        session.abort(AlertDescription::INTERNAL_ERROR, &mut end.tx).unwrap();
        assert_eq!(session.authenticators(Policy::new(), &seed(1)).err(), Some(Misuse::NotNow));
    }
}
