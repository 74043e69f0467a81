//! The allocations of a verdict.

use crate::counting::allocations;
use crate::crl::HOUR;
use crate::pki::{Ca, now};
use countersign::x509::{Expect, JudgeOptions, SignatureMemo, Trust};
use countersign::{Peer, Role, Verdict};

#[test]
fn a_verdict_allocates_little_and_no_more_with_a_memo() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal", "spiffe://example.org/api"]);
    let revoked = ca.leaf("old", &["old.internal"]);
    let plain = Trust::from_roots("roots", &root.der).unwrap();
    let (crl_root, crl_ca) =
        (root.crl(&[], -(HOUR as i64), HOUR as i64), ca.crl(&[&revoked.serial()], -(HOUR as i64), HOUR as i64));
    let checked =
        Trust::builder().roots("roots", &root.der).crls("root", &crl_root).crls("ca", &crl_ca).build().unwrap();
    let chain = [leaf.der, ca.der];
    for (name, trust) in [("plain", &plain), ("with CRLs", &checked)] {
        for expect in ["api.internal", "spiffe://example.org/api", "spiffe://example.org"] {
            let expect: [Expect; 1] = [expect.parse().unwrap()];
            let memo = SignatureMemo::new(8);
            let judge = |memo| {
                let (counted, ()) = allocations(|| {
                    let terms = JudgeOptions { memo, own: &chain[1..], ..JudgeOptions::new(&expect, now()) };
                    assert_eq!(Verdict::from(&trust.judge(&Peer::new(Role::Server, &chain), &terms)), Verdict::Accept);
                });
                counted
            };
            let (fresh, cold, warm) = (judge(None), judge(Some(&memo)), judge(Some(&memo)));
            println!("{name}, {}: {fresh} fresh, {cold} cold, {warm} warm", expect[0]);
            assert!(fresh <= 10 && cold <= fresh && warm <= 2, "{fresh} {cold} {warm}");
        }
    }
}
