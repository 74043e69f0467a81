//! The explorer finds faults that are planted in hosts and in their randomness. (`.ci/planted` plants faults in the
//! code of the crate.)

use crate::explore::explore;
use crate::model::end::{Judge, Spec};
use crate::model::identities::{ALICE, BOB, MALLORY};
use crate::model::scenarios::{Scenario, scenario};
use std::sync::atomic::AtomicBool;

/// The explorer finds a path that violates this claim.
fn breaks(scenario: &Scenario, claim: &str) {
    let report = explore(scenario, usize::MAX, &AtomicBool::new(false));
    println!("{}: {report}", scenario.name);
    assert_eq!(report.broken.as_ref().map(|broken| broken.claim), Some(claim), "{}: {report}", scenario.name);
}

#[test]
fn a_client_that_accepts_everybody_does_not_have_whom_it_wanted() {
    let client = Spec { judge: Judge::Careless, ..Spec::client(1, ALICE, BOB) };
    breaks(&scenario("a careless client", vec![client, Spec::server(2, BOB)]), "the peer is who was wanted");
}

#[test]
fn a_judge_must_look_at_the_leaf() {
    let server = Spec { judge: Judge::AnyOfChain, ..Spec::server(2, BOB) };
    let claim = "possession and agreement on the transcript";
    breaks(&scenario("a judge of the whole chain", vec![Spec::client(1, ALICE, BOB), server]), claim);
}

#[test]
fn a_signer_that_signs_anything_lends_its_identity() {
    let ends = vec![Spec::client(1, ALICE, MALLORY), Spec::server(2, BOB)];
    let oracle = Scenario { oracle: true, ..scenario("a signer for everybody", ends) };
    breaks(&oracle, "possession and agreement on the transcript");
}

/// As after a virtual machine was copied: messages of one copy are valid for the other.
#[test]
#[ignore = "half a minute; .ci/run explores it"]
fn ends_with_the_same_randomness_are_connected_to_one_partner() {
    let ends = vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB), Spec::server(2, BOB)];
    breaks(&scenario("a server, twice", ends), "one connection for each partner");
    let ends = vec![Spec::client(1, ALICE, BOB), Spec::client(1, ALICE, BOB), Spec::server(3, BOB)];
    breaks(&scenario("a client, twice", ends), "one connection for each partner");
}

/// If the attacker has every private key of the key exchanges, the claims about keys do not hold (and are not made
/// then).
#[test]
fn keys_that_the_attacker_was_given_are_seen() {
    let ends = vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB)];
    let known = Scenario { leaked: true, claim_all: true, ..scenario("keys that were given away", ends) };
    breaks(&known, "keys are the partners' only");
}
