//! An authenticator is accepted on exactly one session, in one direction, for one request, once.

use crate::common::*;
use crate::end::seed;
use crate::peer::Recipe;
use countersign::authenticator::{Authenticators, Received};
use countersign::limits::{MAX_CONTEXTS, MAX_OPEN_REQUESTS};
use countersign::{Misuse, Policy, Role};
use proptest::prelude::*;

#[test]
fn the_second_time_is_refused() {
    for role in ROLES {
        let mut pair = Pair::new(Policy::new());
        let (asks, proves) = pair.ends(role);
        let (_, message) = request(asks);
        let authenticator = answer(proves, &message);
        let _ = claim(asks, &authenticator);
        assert_eq!(refused(asks, &authenticator), "ReusedContext");
        // The request is answered once.
        assert_eq!(refused(proves, &message), "ReusedContext");
    }
    let mut pair = Pair::new(Policy::new());
    let proving = pair.server.prove_unasked().unwrap();
    let unasked = prove(&pair.server, proving, &NEXT);
    let _ = claim(&mut pair.client, &unasked);
    assert_eq!(refused(&mut pair.client, &unasked), "ReusedContext");
}

/// Requests of both ends are open at the same time, and answered in another order.
#[test]
fn several_requests_are_open_at_once_in_both_directions_and_answered_in_any_order() {
    let mut pair = Pair::new(Policy::new());
    let of_server: Vec<_> = (0..MAX_OPEN_REQUESTS).map(|_| request(&mut pair.server)).collect();
    let of_client: Vec<_> = (0..MAX_OPEN_REQUESTS).map(|_| request(&mut pair.client)).collect();
    assert_eq!(pair.client.request(&Default::default(), &mut [0; 1000]).err(), Some(Misuse::TooManyRequests));
    let by_client: Vec<_> = of_server.iter().map(|(_, message)| answer(&mut pair.client, message)).collect();
    let by_server: Vec<_> = of_client.iter().map(|(_, message)| answer(&mut pair.server, message)).collect();
    for place in [2, 0, 3, 1] {
        assert_eq!(claim(&mut pair.server, &by_client[place]).request(), Some(of_server[place].0));
        assert_eq!(claim(&mut pair.client, &by_server[place]).request(), Some(of_client[place].0));
    }
}

#[test]
fn a_cancelled_request_is_not_answered_any_more() {
    let mut pair = Pair::new(Policy::new());
    let (id, message) = request(&mut pair.server);
    let authenticator = answer(&mut pair.client, &message);
    pair.server.cancel(id).unwrap();
    assert_eq!(pair.server.cancel(id), Err(Misuse::NotNow));
    assert_eq!(refused(&mut pair.server, &authenticator), "ReusedContext");
}

/// An authenticator for another session, role, request or context has an error with its own name.
#[test]
fn an_authenticator_for_something_else_is_refused_by_name() {
    for suite in SUITES {
        for role in ROLES {
            let mut pair = Pair::new(policy(suite));
            let other = Pair::new(policy(suite));
            let prover = role.peer();
            let (asks, _) = pair.ends(role);
            let [(id, first), (_, second)] = [request(asks), request(asks)];
            let ours = if role == Role::Client { &pair.s } else { &pair.c };
            let theirs = if role == Role::Client { &other.s } else { &other.c };
            let good = Recipe::new(ours, prover, &first, &NEXT);
            let cases = [
                (Recipe::new(theirs, prover, &first, &NEXT).make(), "ForeignAuthenticator"),
                (Recipe { sender: role, ..Recipe::new(ours, role, &first, &NEXT) }.make(), "AuthenticatorOfOtherRole"),
                (
                    Recipe { context: good.context, ..Recipe::new(ours, prover, &second, &NEXT) }.make(),
                    "AuthenticatorOfOtherRequest",
                ),
                (Recipe { request: b"", ..Recipe::new(ours, prover, &first, &NEXT) }.make(), "ForeignAuthenticator"),
                (
                    Recipe { context: b"nobody's", ..Recipe::new(ours, prover, &first, &NEXT) }.make(),
                    if role == Role::Server { "UnknownContext" } else { "AuthenticatorOfOtherRequest" },
                ),
                // The peer has the session's keys, but not the certificate's.
                (Recipe { identity: &IMPOSTOR, ..Recipe::new(ours, prover, &first, &NEXT) }.make(), "BadSignature"),
            ];
            let good = good.make();
            let (asks, _) = pair.ends(role);
            for (authenticator, name) in &cases {
                assert_eq!(&refused(asks, authenticator), name, "{role}, {suite}");
            }
            assert_eq!(claim(asks, &good).request(), Some(id), "nothing has changed");
        }
    }
}

/// A certificate with the key of another.
static IMPOSTOR: std::sync::LazyLock<crate::identity::Identity> =
    std::sync::LazyLock::new(|| crate::identity::Identity {
        chain: NEXT.chain.clone(),
        key: PKI.issue("x.test", &rcgen::PKCS_ECDSA_P256_SHA256).key,
    });

/// Our own authenticator comes back to us.
#[test]
fn our_own_is_not_the_peers() {
    let mut pair = Pair::new(Policy::new());
    let (_, message) = request(&mut pair.client);
    let ours = answer(&mut pair.server, &message);
    assert_eq!(refused(&mut pair.server, &ours), "UnknownContext");
    let (_, message) = request(&mut pair.server);
    let ours = answer(&mut pair.client, &message);
    assert_eq!(refused(&mut pair.client, &ours), "ReusedContext");
    let proving = pair.server.prove_unasked().unwrap();
    let ours = prove(&pair.server, proving, &NEXT);
    assert_eq!(refused(&mut pair.server, &ours), "ReusedContext");
}

/// Accepted authenticators must be recognised. Beyond the limit only requested ones are accepted.
#[test]
fn a_client_takes_so_many_unasked_authenticators_and_no_more() {
    let mut pair = Pair::new(Policy::new());
    let mut first = None;
    for _ in 0..MAX_CONTEXTS {
        let proving = pair.server.prove_unasked().unwrap();
        let unasked = prove(&pair.server, proving, &NEXT);
        let _ = claim(&mut pair.client, &unasked);
        first.get_or_insert(unasked);
    }
    let proving = pair.server.prove_unasked().unwrap();
    let more = prove(&pair.server, proving, &NEXT);
    assert_eq!(refused(&mut pair.client, &more), "TooManyAuthenticators");
    assert_eq!(refused(&mut pair.client, &first.unwrap()), "ReusedContext");
    let (_, message) = request(&mut pair.client);
    let asked_for = answer(&mut pair.server, &message);
    let _ = claim(&mut pair.client, &asked_for);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two connections with equal seeds. Both ends of both ask and prove. Every authenticator is shown to all ends,
    /// some twice. Each is accepted exactly once.
    #[test]
    fn each_is_accepted_in_exactly_one_place_once(order in Just((0..32_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let mut ends: Vec<Authenticators<Policy>> = Vec::new();
        for _ in 0..2 {
            let (c, s) = sessions(Policy::new(), Policy::new());
            ends.push(c.authenticators(Policy::new(), &seed(7)).unwrap());
            ends.push(s.authenticators(Policy::new(), &seed(7)).unwrap());
        }
        let mut authenticators = Vec::new();
        for asks in 0..4 {
            let (_, message) = request(&mut ends[asks]);
            // The peer of this end is next to it.
            authenticators.push((asks, answer(&mut ends[asks ^ 1], &message)));
        }
        let mut accepted = [0; 4];
        for show in order {
            let (of, to) = (show % 4, show / 4 % 4);
            let (asked_by, message) = &authenticators[of];
            match ends[to].receive(message) {
                Ok(Received::Claim(_)) => {
                    prop_assert_eq!(to, *asked_by);
                    accepted[of] += 1;
                }
                Ok(_) => prop_assert!(false, "an authenticator is nothing else"),
                Err(_) => {}
            }
        }
        prop_assert_eq!(accepted, [1; 4]);
    }
}
