//! Tries to make the cache accept what a fresh check refuses.

use crate::pki::{Ca, DAY, Leaf, NOW, at};
use countersign::x509::{Expect, JudgeOptions, Trust, TrustBuilder, VerifiedChains};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, date_time_ymd};
use rustls_pki_types::CertificateDer;

const DAYS: i64 = DAY as i64;

struct World {
    root: Ca,
    ca: Ca,
    leaf: Leaf,
    cache: VerifiedChains,
}

impl World {
    fn new() -> World {
        let root = Ca::root("Root");
        let ca = root.intermediate("Issuing");
        let leaf = ca.leaf("api", &["api.internal"]);
        World { root, ca, leaf, cache: VerifiedChains::new(64) }
    }

    fn trust(&self) -> TrustBuilder {
        Trust::builder().roots("roots", &self.root.der)
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.leaf.der.clone(), self.ca.der.clone()]
    }

    /// The verdict with the cache; it must be the one without.
    fn judge(&self, trust: &Trust, role: Role, chain: &[CertificateDer<'_>], name: &str, now: u64) -> Verdict {
        let expect: Vec<Expect> = vec![name.parse().unwrap()];
        let fresh = JudgeOptions::new(&expect, at(now));
        let peer = Peer::new(role, chain);
        let cached = Verdict::from(&trust.judge(&peer, &JudgeOptions { cache: Some(&self.cache), ..fresh }));
        assert_eq!(cached, Verdict::from(&trust.judge(&peer, &fresh)), "the cache changed a verdict");
        cached
    }

    fn server(&self, trust: &Trust, chain: &[CertificateDer<'_>], now: u64) -> Verdict {
        self.judge(trust, Role::Server, chain, "api.internal", now)
    }
}

#[test]
fn a_chain_is_remembered_once_and_found_again_without_its_signatures() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert!(w.cache.is_empty());
    for _ in 0..3 {
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.cache.len(), 1);
    }
    // An equal snapshot, built anew, is the same trust.
    assert_eq!(w.server(&w.trust().build().unwrap(), &w.chain(), NOW), Verdict::Accept);
    assert_eq!(w.cache.len(), 1);
    w.cache.clear();
    assert!(w.cache.is_empty());
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
    assert_eq!(w.cache.len(), 1);
    assert_eq!(w.server(&trust, &w.chain(), NOW + DAY), Verdict::Reject(Rejection::CertificateUnknown));
    // Before the CRL's thisUpdate, too.
    assert_eq!(w.server(&trust, &w.chain(), NOW - DAY - 1), Verdict::Reject(Rejection::CertificateUnknown));
}

#[test]
fn each_crl_of_the_chain_bounds_what_is_remembered() {
    for (root, ca) in [(DAYS, 9 * DAYS), (9 * DAYS, DAYS)] {
        let w = World::new();
        let crls = [w.root.crl(&[], -DAYS, root), w.ca.crl(&[], -DAYS, ca)];
        let trust = || w.trust().crls("root", &crls[0]).crls("ca", &crls[1]);
        let strict = trust().build().unwrap();
        assert_eq!(w.server(&strict, &w.chain(), NOW), Verdict::Accept);
        assert_eq!(w.server(&strict, &w.chain(), NOW + DAY - 1), Verdict::Accept);
        assert_eq!(w.server(&strict, &w.chain(), NOW + DAY), Verdict::Reject(Rejection::CertificateUnknown));
        // Of a relaxed policy only what it looks at.
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
fn a_chain_that_is_verified_again_takes_its_old_place() {
    let w = World::new();
    let crls = [w.root.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[], DAYS, 9 * DAYS)];
    let trust = crls.iter().fold(w.trust(), |trust, crl| trust.crls("crl", crl)).build().unwrap();
    // Another list decides from then on: what was remembered does not hold, what is found anew does.
    for now in [NOW, NOW + DAY, NOW, NOW + DAY] {
        assert_eq!(w.server(&trust, &w.chain(), now), Verdict::Accept);
        assert_eq!(w.cache.len(), 1);
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
    assert_eq!(w.cache.len(), 1);
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
    // In the leaf, which is judged every time; and in its CA, which is remembered with the path: for one role.
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
        assert_eq!(w.cache.len(), 1);
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
fn our_own_leaf_is_a_reflection_also_when_its_chain_is_remembered() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
    let (chain, expect) = (w.chain(), ["api.internal".parse().unwrap()]);
    let terms = JudgeOptions { own: &chain[..1], cache: Some(&w.cache), ..JudgeOptions::new(&expect, at(NOW)) };
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
    // The same bytes, cut at another place between two certificates.
    let [leaf, ca] = &w.chain()[..] else { unreachable!() };
    let moved = [CertificateDer::from([leaf.as_ref(), &ca[..1]].concat()), CertificateDer::from(ca[1..].to_vec())];
    assert!(matches!(w.server(&trust, &moved, NOW), Verdict::Reject(_)));
}

#[test]
fn junk_and_reordering_by_a_valid_client_do_not_grow_it() {
    let w = World::new();
    let trust = w.trust().build().unwrap();
    let stranger = Ca::root("Stranger").der;
    for chain in [
        vec![w.leaf.der.clone(), w.ca.der.clone(), stranger.clone()],
        vec![w.leaf.der.clone(), stranger.clone(), w.ca.der.clone()],
        vec![w.leaf.der.clone(), w.ca.der.clone(), w.ca.der.clone()],
        vec![w.leaf.der.clone(), w.ca.der.clone(), w.root.der.clone(), stranger],
    ] {
        assert_eq!(w.server(&trust, &chain, NOW), Verdict::Accept);
        assert!(w.cache.is_empty());
    }
    // Nothing but the path, in another order.
    let below = w.ca.intermediate("Below");
    let leaf = below.leaf("api", &["api.internal"]).der;
    let trust = w.trust().max_intermediates(2).build().unwrap();
    let reordered = [leaf.clone(), w.ca.der.clone(), below.der.clone()];
    assert_eq!(w.server(&trust, &reordered, NOW), Verdict::Accept);
    assert!(w.cache.is_empty());
    assert_eq!(w.server(&trust, &[leaf, below.der, w.ca.der.clone()], NOW), Verdict::Accept);
    assert_eq!(w.cache.len(), 1);
    w.cache.clear();
    // The root at the end is usual, and one more form only.
    let chain = [w.chain(), vec![w.root.der.clone()]].concat();
    assert_eq!(w.server(&trust, &chain, NOW), Verdict::Accept);
    assert_eq!(w.cache.len(), 1);
}

#[test]
fn refusals_are_never_remembered() {
    let w = World::new();
    let other = Trust::from_roots("other", &Ca::root("Other").der).unwrap();
    assert!(matches!(w.server(&other, &w.chain(), NOW), Verdict::Reject(_)));
    assert!(w.cache.is_empty());
}

#[test]
fn it_is_bounded() {
    let mut w = World::new();
    w.cache = VerifiedChains::new(8);
    let trust = w.trust().build().unwrap();
    for _ in 0..20 {
        w.leaf = w.ca.leaf("api", &["api.internal"]);
        assert_eq!(w.server(&trust, &w.chain(), NOW), Verdict::Accept);
        assert!(w.cache.len() <= 8);
    }
    assert_eq!(w.cache.len(), 8);
}
