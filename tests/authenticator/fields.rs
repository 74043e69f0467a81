//! Every bit of an authenticator matters, and every bit of a request.

use crate::common::*;
use crate::peer::{self, Recipe, extension};
use countersign::authenticator::RequestOptions;
use countersign::{Credential, ErrorKind, HandshakeType, Policy, Role};
use std::collections::BTreeMap;

/// The positions of CertificateVerify and Finished.
fn begins(authenticator: &[u8]) -> [usize; 2] {
    let len = |from: usize| 4 + usize::from(authenticator[from + 2]) * 256 + usize::from(authenticator[from + 3]);
    let verify = len(0);
    [verify, verify + len(verify)]
}

/// The part of the authenticator with this byte.
fn field(authenticator: &[u8], at: usize) -> &'static str {
    let [verify, finished] = begins(authenticator);
    match at {
        0 => "type",
        1..4 => "length",
        4 => "context length",
        5..37 => "context",
        37..40 => "list length",
        40..43 => "entry length",
        _ if at < verify => "certificate",
        _ if at == verify => "type",
        _ if at < verify + 4 => "length",
        _ if at < verify + 6 => "scheme",
        _ if at < verify + 8 => "signature length",
        _ if at < finished => "signature",
        _ if at == finished => "type",
        _ if at < finished + 4 => "length",
        _ => "verify_data",
    }
}

/// With any bit changed it is refused, and the error names the reason. The unchanged one is accepted afterwards.
#[test]
fn every_changed_bit_is_refused_by_name() {
    for (suite, role) in SUITES.into_iter().zip(ROLES) {
        let mut pair = Pair::new(policy(suite));
        let (asks, proves) = pair.ends(role);
        let (_, message) = request(asks);
        let authenticator = answer(proves, &message);
        let mut names: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for at in 0..authenticator.len() {
            for bit in 0..8 {
                let mut changed = authenticator.clone();
                changed[at] ^= 1 << bit;
                let name = refused(asks, &changed);
                *names.entry(field(&authenticator, at)).or_default().entry(name).or_default() += 1;
            }
        }
        let of = |field: &str| names[field].keys().copied().collect::<Vec<_>>();
        assert_eq!(of("verify_data"), ["BadFinished"]);
        assert_eq!(of("signature"), ["ForeignAuthenticator"], "neither it nor Finished is right");
        assert_eq!(of("scheme"), ["IllegalSignatureScheme"]);
        assert_eq!(
            of("length").iter().find(|name| !["Malformed", "MessageTooLong", "UnexpectedMessage"].contains(name)),
            None
        );
        assert_eq!(of("type"), ["UnexpectedMessage"]);
        let unknown = if role == Role::Server { "UnknownContext" } else { "ForeignAuthenticator" };
        assert_eq!(of("context"), [unknown]);
        for length in ["context length", "list length", "entry length", "signature length"] {
            assert!(of(length).contains(&"Malformed"), "{length}: {:?}", names[length]);
        }
        for cut in 0..authenticator.len() {
            let missing = match begins(&authenticator) {
                [verify, _] if cut < verify => HandshakeType::CERTIFICATE,
                [_, finished] if cut < finished => HandshakeType::CERTIFICATE_VERIFY,
                _ => HandshakeType::FINISHED,
            };
            let error = asks.receive(&authenticator[..cut]).err().expect("a part of an authenticator");
            assert!(
                matches!(error.kind(), ErrorKind::Malformed { message, .. } if message == missing),
                "{cut}: {error}"
            );
        }
        assert_eq!(refused(asks, &[&authenticator[..], &[0]].concat()), "Malformed");
        let _ = claim(asks, &authenticator);
    }
}

/// A bit of a request is changed in transit. The peer may answer it, but its answer is refused.
#[test]
fn an_answer_to_a_changed_request_is_refused() {
    let mut pair = Pair::new(Policy::new());
    let (_, message) = request(&mut pair.server);
    let (mut answered, mut refused_at_once) = (0, 0);
    for at in 0..message.len() {
        let mut changed = message.clone();
        changed[at] ^= 0x10;
        match pair.client.receive(&changed) {
            Ok(_) => {
                let authenticator = Recipe::new(&pair.c, Role::Client, &changed, &NEXT).make();
                let name = refused(&mut pair.server, &authenticator);
                assert!(["ForeignAuthenticator", "UnknownContext"].contains(&name), "{at}: {name}");
                answered += 1;
            }
            Err(_) => refused_at_once += 1,
        }
    }
    assert!(answered > 30 && refused_at_once > 3, "{answered}, {refused_at_once}");
    let (_, another) = request(&mut pair.server);
    let authenticator = answer(&mut pair.client, &another);
    let _ = claim(&mut pair.server, &authenticator);
}

/// An entry may have only the requested extensions, and they are shown.
// req: 9261-5.2.1-4, 9261-5.2.1-5
#[test]
fn the_entries_extensions_answer_those_of_the_request() {
    let staple = extension(5, &[1, 0, 0, 3, 7, 7, 7]);
    for role in ROLES {
        for asks_for_it in [false, true] {
            let policy = Policy::new().request_ocsp_staple(asks_for_it);
            let mut pair = Pair::new(policy);
            let (asks, proves) = pair.ends(role);
            let (_, message) = request(asks);
            let credential = Credential { ocsp_staple: Some(&[7; 3]), ..Credential::new(&NEXT.chain) };
            let proving = asked(proves, &message);
            let authenticator = prove_with(proves, proving, &credential, &NEXT);
            let claim = claim(asks, &authenticator);
            assert_eq!(claim.peer().ocsp_staple(), asks_for_it.then_some(&[7; 3][..]));

            let (_, message) = request(asks);
            let session = if role == Role::Client { &pair.s } else { &pair.c };
            let shown = Recipe { extensions: &staple, ..Recipe::new(session, role.peer(), &message, &NEXT) }.make();
            let other =
                Recipe { extensions: &extension(99, b""), ..Recipe::new(session, role.peer(), &message, &NEXT) };
            let other = other.make();
            let (asks, _) = pair.ends(role);
            assert_eq!(refused(asks, &other), "UnsolicitedExtension");
            match asks_for_it {
                true => drop(crate::common::claim(asks, &shown)),
                false => assert_eq!(refused(asks, &shown), "UnsolicitedExtension"),
            }
        }
    }
    // For a spontaneous authenticator the extensions of the ClientHello count.
    let mut pair = Pair::new(Policy::new());
    let unasked =
        Recipe { context: b"1", extensions: &staple, ..Recipe::new(&pair.s, Role::Server, b"", &NEXT) }.make();
    assert_eq!(refused(&mut pair.client, &unasked), "UnsolicitedExtension");
}

/// The contents of a request are shown for the choice of our certificate.
#[test]
fn a_request_says_what_it_wants() {
    let mut pair = Pair::new(Policy::new());
    let authorities = [0, 2, 0x30, 0];
    let options = RequestOptions {
        server_name: Some("api.test"),
        certificate_authorities: Some(&authorities),
        oid_filters: Some(&[0, 0]),
    };
    let (_, message) = request_with(&mut pair.client, &options);
    let proving = asked(&mut pair.server, &message);
    let offer = pair.server.offer(&proving).unwrap();
    assert_eq!(offer.server_name(), Some("api.test"));
    assert_eq!(offer.certificate_authorities().collect::<Vec<_>>(), [&[0x30, 0]]);
    assert_eq!(offer.oid_filters(), Some(&[0, 0][..]));
    let schemes = offer.signature_schemes().count();
    assert!(schemes >= 6, "as many as we have, by feature");
    assert!(offer.signature_schemes_cert().count() > schemes);
}

// req: 9261-5.2.1-2
/// A chain without certificates is refused, except in an empty authenticator. Too many certificates are refused as in
/// the handshake.
#[test]
fn the_limits_of_the_handshake_hold() {
    let mut pair = Pair::with(Policy::new().max_chain(1), Policy::new().max_chain(1).max_flight(2000, 2200));
    let (_, message) = request(&mut pair.server);
    let twice = crate::identity::Identity {
        chain: vec![NEXT.chain[0].clone(), NEXT.chain[0].clone()],
        key: PKI.issue("x", &rcgen::PKCS_ECDSA_P256_SHA256).key,
    };
    let long = Recipe::new(&pair.c, Role::Client, &message, &twice).make();
    assert_eq!(refused(&mut pair.server, &long), "ChainTooLong");
    let none = crate::identity::Identity { chain: Vec::new(), key: PKI.issue("x", &rcgen::PKCS_ECDSA_P256_SHA256).key };
    let none = Recipe::new(&pair.c, Role::Client, &message, &none).make();
    assert_eq!(refused(&mut pair.server, &none), "NoClientCertificate");
    // The longest message and flight, and then one byte more.
    for (body, behind, name) in [
        (2000, 0, "Malformed"),
        (2001, 0, "MessageTooLong"),
        (996, 1200, "UnexpectedMessage"),
        (996, 1201, "MessageTooLong"),
    ] {
        let long = [peer::message(11, &vec![0; body]), vec![0; behind]].concat();
        assert_eq!(refused(&mut pair.server, &long), name, "{body}, {behind}");
    }
    let announced = [11, 0xff, 0xff, 0xff];
    assert_eq!(refused(&mut pair.server, &announced), "MessageTooLong", "judged by its header");
    assert_eq!(refused(&mut pair.server, &peer::message(11, b"")), "Malformed");
}
