//! The honest ends of each scenario.

use super::attacker::{self, Input, View};
use super::claims;
use super::end::{Brought, End, Facts, Spec};
use super::identities::{ALICE, BOB, CAROL, IDENTITIES, MALLORY};
use super::questions;
use super::system::System;
use countersign::{CertificateType, NamedGroup, Policy};

pub struct Scenario {
    pub name: &'static str,
    pub specs: Vec<Spec>,
    /// The attacker has the private keys of all key exchanges, so only signatures protect.
    pub leaked: bool,
    /// Hosts may confuse the signatures of two of their sessions.
    pub tired: bool,
    /// A planted fault: alice's signer signs everything.
    pub oracle: bool,
    /// A planted fault: the claims that need secret keys are made although the keys are known.
    pub claim_all: bool,
    /// The result of an end if everything succeeds.
    pub good: fn(&Facts) -> bool,
}

const BOTH_TYPES: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];

pub fn scenario(name: &'static str, specs: Vec<Spec>) -> Scenario {
    Scenario { name, specs, leaked: false, tired: false, oracle: false, claim_all: false, good: has_talked }
}

fn has_talked(facts: &Facts) -> bool {
    facts.confirmed && !facts.data.is_empty()
}

fn has_retried(facts: &Facts) -> bool {
    has_talked(facts) && facts.terms.as_ref().is_some_and(|terms| terms.retried)
}

fn has_shown_keys(facts: &Facts) -> bool {
    let raw = Some([CertificateType::RAW_PUBLIC_KEY; 2]);
    has_talked(facts) && facts.terms.as_ref().is_some_and(|terms| terms.certificate_types == raw)
}

/// All scenarios, small ones first.
pub fn scenarios() -> Vec<Scenario> {
    let raw = || Policy::new().certificate_types(BOTH_TYPES, BOTH_TYPES);
    let retries = Policy::new().groups(&[NamedGroup::SECP256R1]);
    let mut all = vec![
        scenario("the attacker is in the middle", vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB)]),
        scenario("a client of the attacker's server", vec![Spec::client(1, ALICE, MALLORY), Spec::server(2, BOB)]),
        scenario("somebody who is client and server", vec![Spec::client(1, ALICE, ALICE), Spec::server(2, ALICE)]),
        Scenario {
            good: has_retried,
            ..scenario("a retry", vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB).with(retries)])
        },
        Scenario {
            good: has_shown_keys,
            ..scenario(
                "raw public keys",
                vec![Spec::client(1, ALICE, BOB).with(raw()), Spec::server(2, BOB).with(raw())],
            )
        },
        scenario(
            "a client of both, at once",
            vec![Spec::client(1, ALICE, BOB), Spec::client(2, ALICE, MALLORY), Spec::server(3, BOB)],
        ),
        scenario(
            "two clients of a server",
            vec![Spec::client(1, ALICE, BOB), Spec::client(2, CAROL, BOB), Spec::server(3, BOB)],
        ),
        scenario(
            "two sessions of a server",
            vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB), Spec::server(3, BOB)],
        ),
        scenario(
            "two servers, one of whom is the client's too",
            vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB), Spec::server(3, ALICE)],
        ),
    ];
    let tired: Vec<Scenario> = vec![
        scenario(
            "a server that mixes up its sessions",
            vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB), Spec::server(3, BOB)],
        ),
        scenario(
            "somebody who mixes up what is signed as client and as server",
            vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB), Spec::server(3, ALICE)],
        ),
    ];
    all.extend(tired.into_iter().map(|scenario| Scenario { tired: true, ..scenario }));
    let leaked: Vec<Scenario> = vec![
        scenario("all key exchanges are known", vec![Spec::client(1, ALICE, BOB), Spec::server(2, BOB)]),
        scenario(
            "all key exchanges are known, of two clients",
            vec![Spec::client(1, ALICE, BOB), Spec::client(2, CAROL, BOB), Spec::server(3, BOB)],
        ),
    ];
    all.extend(leaked.into_iter().map(|scenario| Scenario { leaked: true, ..scenario }));
    all
}

impl System for Scenario {
    type Act = Brought;
    type Live<'s> = End<'s>;
    type View = View;

    fn starts_afresh(&self) {
        questions::forget();
    }

    fn ends(&self) -> usize {
        self.specs.len()
    }

    fn begin(&self, end: usize) -> End<'_> {
        End::new(&self.specs[end])
    }

    fn takes(&self, _: usize, live: &mut End<'_>, brought: &Brought) -> Option<()> {
        let mixed_up = live.facts.mixed_up;
        live.takes(brought).ok()?;
        // A signature that was not asked for changes nothing.
        (brought.signature.is_none() || live.facts.mixed_up != mixed_up).then_some(())
    }

    fn view(&self, end: usize, live: &End<'_>) -> View {
        View::new(live.facts.clone(), &self.specs[end], self.leaked)
    }

    fn own(&self, end: usize, view: &View) -> Vec<Input> {
        if view.facts.has_refused() {
            return Vec::new();
        }
        attacker::own(&self.specs[end], view, self.oracle)
    }

    fn learned(&self, end: usize, view: &View, other: usize, theirs: &View) -> Vec<Input> {
        if view.facts.has_refused() {
            return Vec::new();
        }
        attacker::learned(&self.specs[end], view, &self.specs[other], theirs, self.tired)
    }

    fn claims(&self, views: &[&View]) -> Result<(), (&'static str, String)> {
        let claims = claims::check(&self.specs, views, self.leaked && !self.claim_all);
        claims.map_err(|broken| (broken.claim, broken.text))
    }

    fn name(&self, end: usize) -> String {
        let spec = &self.specs[end];
        format!("{} {} {}", IDENTITIES[spec.identity].name, spec.role, spec.number)
    }
}
