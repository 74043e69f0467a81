//! Tries to make the memo of signatures accept what a verdict without one refuses.

use crate::pki::{Ca, DAY, Leaf, NOW, at};
use countersign::x509::{Accepted, Expect, JudgeOptions, Refusal, SignatureMemo, Trust, TrustBuilder};
use countersign::{Peer, Rejection, Role, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, date_time_ymd};
use rustls_pki_types::CertificateDer;
use std::sync::{LazyLock, OnceLock};

const DAYS: i64 = DAY as i64;

struct World {
    root: Ca,
    ca: Ca,
    leaf: Leaf,
    memo: SignatureMemo,
}

impl World {
    fn new() -> World {
        let root = Ca::root("Root");
        let ca = root.intermediate("Issuing");
        let leaf = ca.leaf("api", &["api.internal"]);
        World { root, ca, leaf, memo: SignatureMemo::new(64) }
    }

    fn trust(&self) -> TrustBuilder {
        Trust::builder().roots("roots", &self.root.der)
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.leaf.der.clone(), self.ca.der.clone()]
    }

    /// The verdict with the memo. It must equal the one without, in every word.
    fn judge(&self, trust: &Trust, role: Role, chain: &[CertificateDer<'_>], name: &str, now: u64) -> Verdict {
        let expect: Vec<Expect> = vec![name.parse().unwrap()];
        let fresh = JudgeOptions::new(&expect, at(now));
        let peer = Peer::new(role, chain);
        let judged = trust.judge(&peer, &JudgeOptions { memo: Some(&self.memo), ..fresh });
        assert_eq!(told(&judged), told(&trust.judge(&peer, &fresh)), "the memo changed a verdict");
        Verdict::from(&judged)
    }

    fn server(&self, trust: &Trust, chain: &[CertificateDer<'_>], now: u64) -> Verdict {
        self.judge(trust, Role::Server, chain, "api.internal", now)
    }
}

/// The whole contents of a verdict.
fn told(judged: &Result<Accepted, Refusal>) -> String {
    match judged {
        Ok(accepted) => {
            let (from, until) = (accepted.valid_from(), accepted.valid_until());
            format!("{accepted}, {} {from:?} {until:?} {:?}", accepted.matched(), accepted.identity())
        }
        Err(refusal) => format!("{}: {refusal}", refusal.name()),
    }
}

#[test]
fn a_signature_is_remembered_once_under_any_snapshot() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert!(w.memo.is_empty());
    for _ in 0..3 {
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.memo.len(), 2);
    }
    let other = w.trust().max_intermediates(1).build().unwrap();
    assert_ne!(other.id(), trust.id());
    assert_eq!(w.server(&other, &w.chain(), NOW), Verdict::Accept);
    assert_eq!(w.memo.len(), 2);
    w.memo.clear();
    assert!(w.memo.is_empty());
}

#[test]
fn a_new_leaf_under_a_known_issuer_adds_its_own_signature_only() {
    let mut w = World::new();
    let trust = w.trust().build().unwrap();
    for leaves in 1..=3 {
        w.leaf = w.ca.leaf("api", &["api.internal"]);
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.memo.len(), 1 + leaves);
    }
}

#[test]
fn expired_since() {
    for (expiring, reason) in [("leaf", Rejection::Expired), ("ca", Rejection::Expired), ("root", Rejection::Expired)] {
        let mut w = World::new();
        let soon = date_time_ymd(2026, 11, 24);
        if expiring == "root" {
            w.root = Ca::root_with("Root", |params| params.not_after = soon);
        }
        w.ca = w.root.intermediate_with("Issuing", |params| {
            if expiring == "ca" {
                params.not_after = soon;
            }
        });
        w.leaf = w.ca.leaf_with("api", &["api.internal"], |params| {
            if expiring == "leaf" {
                params.not_after = soon;
            }
        });
        let trust = w.trust().build().unwrap();
        let last = NOW + DAY / 2;
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.server(&trust, &w.chain(), last), Verdict::Accept);
        assert_eq!(w.server(&trust, &w.chain(), last + 1), Verdict::Reject(reason), "{expiring}");
        // A clock that was set back before notBefore.
        assert_eq!(w.server(&trust, &w.chain(), NOW - 365 * DAY), Verdict::Reject(Rejection::Expired), "{expiring}");
    }
}

#[test]
fn crl_outdated_since() {
    let w = World::new();
    let crls = [w.root.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[], -DAYS, DAYS)];
    let trust = w.trust().crls("root", &crls[0]).crls("ca", &crls[1]).build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    assert_eq!(w.server(&trust, &w.chain(), NOW + DAY - 1), Verdict::Accept);
    assert_eq!(w.memo.len(), 2, "CRLs are verified once for each snapshot, and not remembered here");
    assert_eq!(w.server(&trust, &w.chain(), NOW + DAY), Verdict::Reject(Rejection::CertificateUnknown));
    // Also before the CRL's thisUpdate.
    assert_eq!(w.server(&trust, &w.chain(), NOW - DAY - 1), Verdict::Reject(Rejection::CertificateUnknown));
}

#[test]
fn each_crl_of_the_chain_is_asked_each_time() {
    for (root, ca) in [(DAYS, 9 * DAYS), (9 * DAYS, DAYS)] {
        let w = World::new();
        let crls = [w.root.crl(&[], -DAYS, root), w.ca.crl(&[], -DAYS, ca)];
        let trust = || w.trust().crls("root", &crls[0]).crls("ca", &crls[1]);
        let strict = trust().build().unwrap();
        assert_eq!(w.server(&strict, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.server(&strict, &w.chain(), NOW + DAY - 1), Verdict::Accept);
        assert_eq!(w.server(&strict, &w.chain(), NOW + DAY), Verdict::Reject(Rejection::CertificateUnknown));
        // Only the checks that a relaxed policy makes.
        let leaf_only = trust().check_revocation_of_leaf_only().build().unwrap();
        let at_last = if ca < root { Verdict::Reject(Rejection::CertificateUnknown) } else { Verdict::Accept };
        assert_eq!(w.server(&leaf_only, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.server(&leaf_only, &w.chain(), NOW + DAY), at_last);
        let expired = trust().accept_expired_crls().build().unwrap();
        assert_eq!(w.server(&expired, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.server(&expired, &w.chain(), NOW + DAY), Verdict::Accept);
    }
}

#[test]
fn another_crl_that_comes_into_force_adds_nothing() {
    let w = World::new();
    let crls = [w.root.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[], DAYS, 9 * DAYS)];
    let trust = crls.iter().fold(w.trust(), |trust, crl| trust.crls("crl", crl)).build().unwrap();
    for now in [NOW, NOW + DAY, NOW, NOW + DAY] {
        assert_eq!(w.server(&trust, &w.chain(), now), Verdict::Accept);
        assert_eq!(w.memo.len(), 2);
    }
}

#[test]
fn another_crl_has_come_into_force_since() {
    let w = World::new();
    let crls = [
        w.root.crl(&[], -DAYS, 9 * DAYS),
        w.ca.crl(&[], -DAYS, 9 * DAYS),
        w.ca.crl(&[&w.leaf.serial()], DAYS, 9 * DAYS),
    ];
    let trust = crls.iter().fold(w.trust(), |trust, crl| trust.crls("crl", crl)).build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    assert_eq!(w.memo.len(), 2);
    assert_eq!(w.server(&trust, &w.chain(), NOW + DAY), Verdict::Reject(Rejection::Revoked));
}

#[test]
fn revoked_since() {
    let w = World::new();
    let (root, good) = (w.root.crl(&[], -DAYS, DAYS), w.ca.crl(&[], -DAYS, DAYS));
    let before = w.trust().crls("root", &root).crls("ca", &good).build().unwrap();
    assert_eq!(w.server(&before, &w.chain(), NOW), Verdict::Accept);
    let bad = w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS);
    let after = w.trust().crls("root", &root).crls("ca", &bad).build().unwrap();
    assert_eq!(w.server(&after, &w.chain(), NOW), Verdict::Reject(Rejection::Revoked));
}

#[test]
fn other_roots_and_other_policy() {
    let w = World::new();
    assert_eq!(w.server(&w.trust().build().unwrap(), &w.chain(), NOW), Verdict::Accept);
    let other = Trust::from_roots("other", &Ca::root("Other").der).unwrap();
    assert_eq!(w.server(&other, &w.chain(), NOW), Verdict::Reject(Rejection::UnknownCa));
    let short = w.trust().max_intermediates(0).build().unwrap();
    assert_eq!(w.server(&short, &w.chain(), NOW), Verdict::Reject(Rejection::BadCertificate));
    let checked = w.trust().crls("ca", &w.ca.crl(&[], -DAYS, DAYS)).build().unwrap();
    assert_eq!(w.server(&checked, &w.chain(), NOW), Verdict::Reject(Rejection::CertificateUnknown));
    let bundle = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle", &w.root.der).build().unwrap();
    assert_eq!(w.server(&bundle, &w.chain(), NOW), Verdict::Reject(Rejection::BadCertificate));
}

#[test]
fn other_role_or_purpose() {
    let servers = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    };
    for in_ca in [false, true] {
        let mut w = World::new();
        if in_ca {
            w.ca = w.root.intermediate_with("Issuing", servers);
            w.leaf = w.ca.leaf("api", &["api.internal"]);
        } else {
            w.leaf = w.ca.leaf_with("api", &["api.internal"], servers);
        }
        let trust = w.trust().build().unwrap();
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.memo.len(), 2);
        let as_client = w.judge(&trust, Role::Client, &w.chain(), "api.internal", NOW);
        assert_eq!(as_client, Verdict::Reject(Rejection::UnsupportedCertificate), "in the CA: {in_ca}");
    }
}

#[test]
fn other_name() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    let other = w.judge(&trust, Role::Server, &w.chain(), "db.internal", NOW);
    assert_eq!(other, Verdict::Reject(Rejection::WrongName));
}

#[test]
fn our_own_leaf_is_a_reflection_also_when_its_signature_is_remembered() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    let (chain, expect) = (w.chain(), ["api.internal".parse().unwrap()]);
    let terms = JudgeOptions { own: &chain[..1], memo: Some(&w.memo), ..JudgeOptions::new(&expect, at(NOW)) };
    assert_eq!(
        Verdict::from(&trust.judge(&Peer::new(Role::Server, &chain), &terms)),
        Verdict::Reject(Rejection::AccessDenied)
    );
}

#[test]
fn the_same_leaf_under_another_chain_and_another_leaf_under_the_same_chain() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    let namesake = w.root.intermediate("Issuing");
    assert!(matches!(w.server(&trust, &[w.leaf.der.clone(), namesake.der], NOW), Verdict::Reject(_)));
    assert!(matches!(w.server(&trust, &w.chain()[..1], NOW), Verdict::Reject(_)));
    let forged = Ca { params: w.ca.params.clone(), key: rcgen::KeyPair::generate().unwrap(), der: w.ca.der.clone() };
    let forged = forged.leaf("api", &["api.internal"]).der;
    assert!(matches!(w.server(&trust, &[forged, w.ca.der.clone()], NOW), Verdict::Reject(_)));
    // The same bytes, divided at another place between two certificates.
    let [leaf, ca] = &w.chain()[..] else { unreachable!() };
    let moved = [CertificateDer::from([leaf.as_ref(), &ca[..1]].concat()), CertificateDer::from(ca[1..].to_vec())];
    assert!(matches!(w.server(&trust, &moved, NOW), Verdict::Reject(_)));
}

/// Only signatures on a path to one of our roots are verified.
#[test]
fn junk_of_a_valid_client_does_not_grow_it() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    let stranger = Ca::root("Stranger");
    let of_stranger = stranger.intermediate("Issuing");
    // A leaf that pretends to be the CA, with the name of a real one.
    let impostor =
        Ca { params: w.ca.params.clone(), key: rcgen::KeyPair::generate().unwrap(), der: w.leaf.der.clone() };
    let (leaf, ca, root) = (&w.leaf.der, &w.ca.der, &w.root.der);
    for chain in [
        vec![leaf.clone(), ca.clone(), stranger.der.clone()],
        vec![leaf.clone(), of_stranger.der.clone(), ca.clone()],
        vec![leaf.clone(), ca.clone(), ca.clone()],
        vec![leaf.clone(), ca.clone(), root.clone(), stranger.der.clone()],
    ] {
        assert_eq!(w.server(&trust, &chain, NOW), Verdict::Accept);
        assert_eq!(w.memo.len(), 2);
    }
    for chain in [
        vec![of_stranger.leaf("api", &["api.internal"]).der, of_stranger.der.clone(), stranger.der.clone()],
        vec![impostor.leaf("api", &["api.internal"]).der, leaf.clone(), ca.clone()],
    ] {
        assert!(matches!(w.server(&trust, &chain, NOW), Verdict::Reject(_)));
        assert_eq!(w.memo.len(), 2);
    }
}

#[test]
fn failures_are_never_remembered() {
    let w = World::new();
    let other = Trust::from_roots("other", &Ca::root("Root").der).unwrap();
    assert!(matches!(w.server(&other, &w.chain(), NOW), Verdict::Reject(_)));
    assert!(w.memo.is_empty());
}

#[test]
fn it_is_bounded() {
    let mut w = World::new();
    w.memo = SignatureMemo::new(8);
    let trust = w.trust().build().unwrap();
    for _ in 0..20 {
        w.leaf = w.ca.leaf("api", &["api.internal"]);
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert!(w.memo.len() <= 8);
    }
    assert_eq!(w.memo.len(), 8);
}

/// Certificates for random worlds: two roots with one name, CAs below them (one by both roots), leaves of all, and
/// damaged copies.
struct Pool {
    roots: Vec<Ca>,
    cas: Vec<CertificateDer<'static>>,
    leaves: Vec<CertificateDer<'static>>,
    snapshots: Vec<Trust>,
}

/// A copy with another last octet, which is in the signature; or with another octet in the signed part.
fn broken(der: &CertificateDer<'_>, in_signature: bool) -> CertificateDer<'static> {
    let mut der = der.to_vec();
    let at = if in_signature { der.len() - 1 } else { der.len() / 2 };
    der[at] ^= 1;
    der.into()
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let roots = vec![Ca::root("Root"), Ca::root("Root"), Ca::root("Other")];
        let first = roots[0].intermediate("First");
        let crossed = first.params.signed_by(&first.key, &roots[1].issuer()).unwrap().der().clone();
        let servers = roots[0].intermediate_with("Servers", |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        });
        let expiring = roots[2].intermediate_with("First", |params| params.not_after = date_time_ymd(2026, 11, 24));
        let below = first.intermediate("Below");
        let issuers = [&first, &servers, &expiring, &below];
        let mut cas: Vec<_> = issuers.iter().map(|ca| ca.der.clone()).collect();
        cas.extend([crossed, broken(&first.der, true), broken(&first.der, false)]);
        let mut leaves = Vec::new();
        for ca in issuers.into_iter().chain(&roots) {
            let leaf = ca.leaf("api", &["api.internal", "spiffe://example.org/api"]).der;
            leaves.extend([broken(&leaf, true), broken(&leaf, false), leaf]);
        }
        let revoked = first.leaf("api", &["api.internal"]);
        let lists = |ca: &Ca, serials: &[&[u8]]| ca.crl(serials, -DAYS, DAYS);
        let plain = |roots: &[&Ca]| {
            roots.iter().fold(Trust::builder(), |trust, root| trust.roots("root", &root.der)).max_intermediates(2)
        };
        let with_crls = |serials: &[&[u8]]| {
            let crls = [lists(&roots[0], &[]), lists(&first, serials), lists(&below, &[])];
            crls.iter().fold(plain(&[&roots[0]]), |trust, crl| trust.crls("crl", crl))
        };
        let domain = "example.org".parse().unwrap();
        let snapshots = vec![
            plain(&[&roots[0]]).build().unwrap(),
            plain(&[&roots[1], &roots[2]]).build().unwrap(),
            plain(&[&roots[2], &roots[1], &roots[0]]).build().unwrap(),
            plain(&[&roots[0]]).max_intermediates(0).build().unwrap(),
            with_crls(&[]).build().unwrap(),
            with_crls(&[&revoked.serial()]).build().unwrap(),
            with_crls(&[&revoked.serial()]).check_revocation_of_leaf_only().build().unwrap(),
            Trust::builder().spiffe_bundle(domain, "bundle", &roots[0].der).max_intermediates(2).build().unwrap(),
        ];
        leaves.push(revoked.der);
        Pool { roots, cas, leaves, snapshots }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// One memo, too small for everything, serves every snapshot, role and time.
    #[test]
    fn in_worlds_at_random_it_never_changes_a_verdict(
        verdicts in prop::collection::vec(
            (any::<Index>(), any::<Index>(), prop::collection::vec(any::<Index>(), 0..4), 0..3u64, any::<bool>(), 0..4usize),
            1..5,
        )
    ) {
        static MEMO: LazyLock<SignatureMemo> = LazyLock::new(|| SignatureMemo::new(8));
        let pool = pool();
        let others: Vec<&CertificateDer<'_>> = pool.cas.iter().chain(pool.roots.iter().map(|root| &root.der)).collect();
        for (trust, leaf, sent, days, is_client, name) in verdicts {
            let mut chain = vec![leaf.get(&pool.leaves).clone()];
            chain.extend(sent.iter().map(|other| (*other.get(&others)).clone()));
            let names = ["api.internal", "spiffe://example.org/api", "db.internal", "spiffe://example.org"];
            let expect = [names[name].parse().unwrap()];
            let fresh = JudgeOptions::new(&expect, at(NOW + days * DAY / 2 + DAY / 2));
            let peer = Peer::new(if is_client { Role::Client } else { Role::Server }, &chain);
            let trust = trust.get(&pool.snapshots);
            let remembering = trust.judge(&peer, &JudgeOptions { memo: Some(&MEMO), ..fresh });
            prop_assert_eq!(told(&remembering), told(&trust.judge(&peer, &fresh)));
        }
    }
}
