//! Revocation by CRLs, and every named relaxation.

use crate::pki::{self, Ca, DAY, HOUR, Leaf, NOW, at, pem};
use countersign::internals::asn1::CertificateList;
use countersign::x509::{Accepted, Expect, JudgeOptions, Refusal, RefusalReason, Trust, TrustBuilder};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::KeyUsagePurpose;
use rustls_pki_types::{CertificateDer, UnixTime};

/// Root, issuing CA, and one client.
struct World {
    root: Ca,
    ca: Ca,
    leaf: Leaf,
}

const DAYS: i64 = DAY as i64;

impl World {
    fn new() -> World {
        let root = Ca::root("Root");
        let ca = root.intermediate("Issuing");
        let leaf = ca.leaf("api", &["api.internal"]);
        World { root, ca, leaf }
    }

    fn trust(&self, crls: &[Vec<u8>]) -> TrustBuilder {
        let builder = Trust::builder().roots("roots", &self.root.der);
        crls.iter().fold(builder, |builder, crl| builder.crls("crls", crl))
    }

    fn judge(&self, trust: TrustBuilder, now: UnixTime) -> Result<Accepted, Refusal> {
        let chain: Vec<CertificateDer<'_>> = vec![self.leaf.der.clone(), self.ca.der.clone()];
        trust.build().unwrap().judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&[Expect::AnyTrusted], now))
    }

    fn fault(&self, trust: TrustBuilder) -> (Rejection, RefusalReason, String) {
        let refusal = self.judge(trust, at(NOW)).expect_err("it must be refused");
        (refusal.rejection(), refusal.reason().clone(), refusal.to_string())
    }

    fn accepts(&self, trust: TrustBuilder) -> bool {
        self.judge(trust, at(NOW)).is_ok()
    }
}

fn status_unknown(issuer: &str) -> RefusalReason {
    RefusalReason::StatusUnknown { issuer: issuer.into(), unusable: None }
}

#[test]
fn with_current_crls_for_the_whole_chain_the_unrevoked_are_accepted() {
    let w = World::new();
    assert!(w.accepts(w.trust(&[])), "without CRLs nothing is checked");
    assert!(w.accepts(w.trust(&[w.root.crl(&[], -DAYS, DAYS), w.ca.crl(&[b"\x01"], -DAYS, DAYS)])));
}

#[test]
fn a_revoked_leaf_and_a_revoked_ca_are_refused_and_named() {
    let w = World::new();
    let good = w.root.crl(&[], -DAYS, DAYS);
    let (reason, fault, text) = w.fault(w.trust(&[good, w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS)]));
    assert_eq!((reason, fault), (Rejection::Revoked, RefusalReason::Revoked));
    assert!(text.starts_with("client certificate CN=api (serial ") && text.ends_with(" has been revoked"), "{text}");

    let (_, parsed) = x509_parser::parse_x509_certificate(&w.ca.der).unwrap();
    let crls = [w.root.crl(&[parsed.raw_serial()], -DAYS, DAYS), w.ca.crl(&[], -DAYS, DAYS)];
    let (reason, _, text) = w.fault(w.trust(&crls));
    assert_eq!(reason, Rejection::Revoked);
    assert!(text.starts_with("CA certificate CN=Issuing (serial "), "{text}");
    assert!(w.accepts(w.trust(&crls).check_revocation_of_leaf_only()), "relaxation: leaf only");
}

#[test]
fn unknown_status_refuses_unless_relaxed() {
    let w = World::new();
    let crls = [w.ca.crl(&[], -DAYS, DAYS)];
    let (reason, fault, text) = w.fault(w.trust(&crls));
    assert_eq!((reason, fault), (Rejection::CertificateUnknown, status_unknown("CN=Root")));
    assert!(text.contains("no CRL of CN=Root is loaded"), "{text}");
    assert!(text.starts_with("CA certificate CN=Issuing (serial "), "{text}");
    assert!(w.accepts(w.trust(&crls).accept_unknown_revocation_status()));
    assert!(w.accepts(w.trust(&crls).check_revocation_of_leaf_only()));
    let crls = [w.root.crl(&[], -DAYS, DAYS)];
    let (_, fault, text) = w.fault(w.trust(&crls));
    assert_eq!(fault, status_unknown("CN=Issuing"));
    assert!(text.starts_with("client certificate CN=api (serial "), "{text}");
    assert_eq!(w.fault(w.trust(&crls).check_revocation_of_leaf_only()).1, status_unknown("CN=Issuing"));
    // A relaxed status does not relax revocation.
    let crls = [w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS)];
    assert_eq!(w.fault(w.trust(&crls).accept_unknown_revocation_status()).0, Rejection::Revoked);
}

// RFC 9608 §4. The extension is not for intermediates (§2).
#[test]
fn a_leaf_without_revocation_is_exempt_where_policy_says_so_by_name() {
    let no_rev_avail = || crate::pki::custom(&[2, 5, 29, 56], &[5, 0], false);
    let mut w = World::new();
    let plain = w.ca.leaf("api", &["api.internal"]);
    w.leaf = w.ca.leaf_with("api", &["api.internal"], |params| params.custom_extensions.push(no_rev_avail()));
    let root = w.root.crl(&[], -DAYS, DAYS);
    let relaxed = |w: &World, crls: &[Vec<u8>]| w.trust(crls).accept_no_revocation_available();
    assert_eq!(w.fault(w.trust(std::slice::from_ref(&root))).1, status_unknown("CN=Issuing"), "not by default");
    assert!(w.accepts(relaxed(&w, std::slice::from_ref(&root))));
    // An expired or unverified list of its issuer does not matter either. A list that has its number does.
    assert!(w.accepts(relaxed(&w, &[root.clone(), w.ca.crl(&[], -2 * DAYS, -DAYS)])));
    assert!(w.accepts(relaxed(&w, &[root.clone(), w.root.intermediate("Issuing").crl(&[], -DAYS, DAYS)])));
    let holding = w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS);
    assert_eq!(w.fault(relaxed(&w, &[root.clone(), holding])).0, Rejection::Revoked);
    // Another leaf of the same CA, and the CA itself, are judged as usual.
    w.leaf = plain;
    assert_eq!(w.fault(relaxed(&w, &[root])).1, status_unknown("CN=Issuing"));
    w.ca = w.root.intermediate_with("Issuing", |params| params.custom_extensions.push(no_rev_avail()));
    w.leaf = w.ca.leaf_with("api", &["api.internal"], |params| params.custom_extensions.push(no_rev_avail()));
    let of_leaf_only = w.ca.crl(&[], -DAYS, DAYS);
    assert_eq!(w.fault(relaxed(&w, &[of_leaf_only])).1, status_unknown("CN=Root"));
}

#[test]
fn an_expired_crl_refuses_from_its_next_update_on_unless_relaxed() {
    let w = World::new();
    let crls = [w.root.crl(&[], -DAYS, DAYS), w.ca.crl(&[], -2 * DAYS, -3 * HOUR as i64)];
    let (reason, _, text) = w.fault(w.trust(&crls));
    assert_eq!(reason, Rejection::CertificateUnknown);
    let expected = "the CRL of CN=Issuing (crls) expired 3 h ago (2026-11-23 09:00:00 UTC): load a newer one";
    assert!(text.ends_with(expected), "{text}");
    assert_eq!(Verdict::from(&w.judge(w.trust(&crls), at(NOW - 3 * HOUR - 1))), Verdict::Accept);
    assert_ne!(Verdict::from(&w.judge(w.trust(&crls), at(NOW - 3 * HOUR))), Verdict::Accept, "nextUpdate is exclusive");
    assert!(w.accepts(w.trust(&crls).accept_expired_crls()));
    let revoked = [w.root.crl(&[], -DAYS, DAYS), w.ca.crl(&[&w.leaf.serial()], -2 * DAYS, -DAYS)];
    assert_eq!(w.fault(w.trust(&revoked).accept_expired_crls()).0, Rejection::Revoked);
}

/// A list that is already loaded is not required again.
#[test]
fn an_expired_list_beside_a_newer_one_of_another_key_says_so() {
    let w = World::new();
    let namesake = w.root.intermediate("Issuing");
    let (old, new) = (w.ca.crl(&[], -2 * DAYS, -3 * HOUR as i64), namesake.crl(&[], -DAYS, DAYS));
    let (_, fault, text) = w.fault(w.trust(&[old, new]).check_revocation_of_leaf_only());
    assert_eq!(fault.name(), "CrlExpired");
    assert!(
        text.ends_with(": load a newer one of the same key (a newer one is loaded that is signed by another key)"),
        "{text}"
    );
    // The other key's is not newer.
    for from in [-3 * DAYS, -2 * DAYS] {
        let (old, other) = (w.ca.crl(&[], -2 * DAYS, -3 * HOUR as i64), namesake.crl(&[], from, DAYS));
        let (_, fault, text) = w.fault(w.trust(&[old, other]).check_revocation_of_leaf_only());
        assert_eq!(fault.name(), "CrlExpired");
        assert!(text.ends_with(": load a newer one"), "{text}");
    }
}

#[test]
fn a_crl_from_the_future_and_one_signed_by_another_are_not_believed() {
    let w = World::new();
    let good = w.root.crl(&[], -DAYS, DAYS);
    let (reason, fault, _) = w.fault(w.trust(&[good.clone(), w.ca.crl(&[], DAYS, 2 * DAYS)]));
    assert_eq!(reason, Rejection::CertificateUnknown);
    assert!(matches!(fault, RefusalReason::CrlNotYetValid { then, .. } if then == at(NOW + DAY)), "{fault:?}");
    let namesake = w.root.intermediate("Issuing");
    let (reason, fault, text) = w.fault(w.trust(&[good, namesake.crl(&[], -DAYS, DAYS)]));
    assert_eq!((reason, fault.name()), (Rejection::CertificateUnknown, "CrlUnusable"));
    let expected = "the CRL of CN=Issuing (crls) is not signed by its key: its signature is wrong, or another key's";
    assert!(text.ends_with(expected), "{text}");
}

// RFC 5280 §4.2.1.3: cRLSign.
#[test]
fn a_crl_of_a_ca_that_may_not_sign_crls_is_not_believed() {
    let mut w = World::new();
    w.ca = w.root.intermediate_with("Issuing", |params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]);
    w.leaf = w.ca.leaf("api", &["api.internal"]);
    // It signs a list all the same.
    w.ca.params.key_usages.push(KeyUsagePurpose::CrlSign);
    let crls = [w.root.crl(&[], -DAYS, DAYS), w.ca.crl(&[], -DAYS, DAYS)];
    let (reason, fault, _) = w.fault(w.trust(&crls));
    assert_eq!(reason, Rejection::CertificateUnknown);
    let expected = "the keyUsage of CN=Issuing lacks cRLSign, which its CRL (crls) needs";
    assert_eq!(fault, RefusalReason::CrlUnusable(expected.into()));
}

#[test]
fn of_two_crls_of_one_issuer_the_newer_decides() {
    let w = World::new();
    let root = w.root.crl(&[], -DAYS, DAYS);
    let old = w.ca.crl(&[], -3 * DAYS, DAYS);
    let new = w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS);
    for crls in [[root.clone(), old.clone(), new.clone()], [new, old, root]] {
        assert_eq!(w.fault(w.trust(&crls)).0, Rejection::Revoked);
    }
}

#[test]
fn a_crl_that_is_loaded_ahead_counts_from_its_this_update_on() {
    let w = World::new();
    let root = w.root.crl(&[], -DAYS, 9 * DAYS);
    let crls = [root, w.ca.crl(&[], -DAYS, 9 * DAYS), w.ca.crl(&[&w.leaf.serial()], DAYS, 9 * DAYS)];
    let at = |seconds| Verdict::from(&w.judge(w.trust(&crls), at(seconds)));
    assert_eq!(at(NOW), Verdict::Accept);
    assert_eq!(at(NOW + DAY - 1), Verdict::Accept);
    assert_eq!(at(NOW + DAY), Verdict::Reject(Rejection::Revoked));
    // With future lists only, the status is unknown.
    let only = [w.root.crl(&[], DAYS, 9 * DAYS), w.ca.crl(&[], DAYS, 9 * DAYS)];
    let fault = w.fault(w.trust(&only)).1;
    assert!(matches!(fault, RefusalReason::CrlNotYetValid { then, .. } if then == pki::at(NOW + DAY)), "{fault:?}");
    assert!(w.accepts(w.trust(&only).accept_unknown_revocation_status()));
}

#[test]
fn a_root_that_may_not_sign_crls_vouches_for_none() {
    let mut w = World::new();
    w.root = Ca::root("Root");
    let crl = w.root.crl(&[], -DAYS, DAYS);
    // The same name and key in a certificate without cRLSign.
    w.root.params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    w.root.der = w.root.params.self_signed(&w.root.key).unwrap().der().clone();
    w.ca = w.root.intermediate("Issuing");
    w.leaf = w.ca.leaf("api", &["api.internal"]);
    let (_, fault, _) = w.fault(w.trust(&[crl, w.ca.crl(&[], -DAYS, DAYS)]));
    let expected = "the keyUsage of CN=Root lacks cRLSign, which its CRL (crls) needs";
    assert_eq!(fault, RefusalReason::CrlUnusable(expected.into()));
}

#[test]
fn broken_roots_and_crls_are_reported_with_file_and_line() {
    let w = World::new();
    let leaf = pem("CERTIFICATE", &w.leaf.der);
    let root = pem("CERTIFICATE", &w.root.der);
    let broken = root.replacen("MII", "M?I", 1);
    let file = format!("# our roots\n{root}{leaf}{broken}-----BEGIN CERTIFICATE-----\nMII");
    let lines = |text: &str| text.lines().count();
    let after_root = 2 + lines(&root);
    let crl = pem("X509 CRL", &w.ca.crl(&[], -DAYS, DAYS));
    let result = Trust::builder()
        .roots("roots.pem", file.as_bytes())
        .crls("crls.pem", format!("{crl}{}", pem("X509 CRL", &w.root.der)).as_bytes())
        .crls("empty.pem", b"nothing")
        .build();
    let error = result.err().unwrap();
    let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(error.to_string(), problems.join("; "));
    assert_eq!(problems.len(), 5, "{problems:#?}");
    assert_eq!(problems[4], "empty.pem: no CRL found");
    assert_eq!(
        problems[0],
        format!("roots.pem line {after_root}: CN=api cannot be a root: basicConstraints does not say that it is a CA")
    );
    assert!(problems[1].starts_with(&format!("roots.pem line {}: ", after_root + lines(&leaf))), "{}", problems[1]);
    assert_eq!(
        problems[2],
        format!("roots.pem line {}: it has no END line", after_root + lines(&leaf) + lines(&broken))
    );
    assert!(problems[3].starts_with(&format!("crls.pem line {}: the CRL", 1 + lines(&crl))), "{}", problems[3]);
    // The good ones are available together with the problems.
    let (trust, problems) = Trust::builder().roots("roots.pem", file.as_bytes()).build_from_usable();
    assert_eq!((trust.root_count(), problems.len()), (1, 3));
}

/// Every byte is changed in each bit and to its complement: a changed list never accepts the client that it revokes,
/// and a list that does not verify accepts nobody.
#[test]
fn with_any_byte_of_its_crl_changed_a_revoked_client_is_never_accepted_nor_anybody_else() {
    let w = World::new();
    let root = w.root.crl(&[], -DAYS, DAYS);
    let chain = [w.leaf.der.clone(), w.ca.der.clone()];
    let accepts = |crl: &[u8]| {
        let (trust, _) = w.trust(&[root.clone(), crl.to_vec()]).build_from_usable();
        let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW));
        trust.judge(&Peer::new(Role::Client, &chain), &options).is_ok()
    };
    let revoking = w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS);
    let of_another = w.ca.crl(&[b"\x01"], -DAYS, DAYS);
    assert!(!accepts(&revoking) && accepts(&of_another));
    for crl in [revoking, of_another] {
        for index in 0..crl.len() {
            for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                let mut broken = crl.clone();
                broken[index] ^= change;
                assert!(!accepts(&broken), "byte {index} of {} changed by {change:#x}", crl.len());
            }
        }
        for len in 0..crl.len() {
            assert!(!accepts(&crl[..len]), "cut to {len} bytes");
        }
    }
}

/// An older list does not have the client, a newer one does. With any octet of the newer list changed, the client is
/// refused; except if the list then names another, unknown key.
#[test]
fn no_octet_changed_in_a_list_makes_a_revoked_certificate_good() {
    let w = World::new();
    let root = w.root.crl(&[], -DAYS, DAYS);
    let (older, newer) = (w.ca.crl(&[], -2 * DAYS, DAYS), w.ca.crl(&[&w.leaf.serial()], -DAYS, DAYS));
    let key_id = |list: &[u8]| CertificateList::from_der(list).ok()?.extensions.authority_key_id.map(<[u8]>::to_vec);
    let chain = [w.leaf.der.clone(), w.ca.der.clone()];
    let mut judged = 0;
    for index in 0..newer.len() {
        for flip in [0x01, 0x02, 0x20, 0x80, 0xff] {
            let mut changed = newer.clone();
            changed[index] ^= flip;
            let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW));
            let accepts = |trust: &Trust| trust.judge(&Peer::new(Role::Client, &chain), &options).is_ok();
            // Alone.
            let (alone, _) = w.trust(&[root.clone(), changed.clone()]).build_from_usable();
            assert!(!accepts(&alone), "byte {index} ^ {flip:02x}");
            // Beside the older one.
            let foreign = key_id(&changed).is_some_and(|id| Some(id) != key_id(&newer));
            if let Ok(both) = w.trust(&[root.clone(), older.clone(), changed]).build() {
                judged += 1;
                assert!(foreign || !accepts(&both), "byte {index} ^ {flip:02x}, beside an older list");
            }
        }
    }
    assert!(judged > 500, "{judged}");
}
