//! The data of an accepted peer, to keep with the session.

use crate::pki::{Ca, DAY, NOW, at};
use countersign::x509::{Accepted, Answerer, Expect, JudgeOptions, Lease, Refusal, SignatureMemo, Trust};
use countersign::{Peer, Role};
use rcgen::date_time_ymd;
use rustls_pki_types::CertificateDer;

#[test]
fn outcomes_and_answers_can_be_kept_anywhere() {
    fn promises<T: Send + Sync + 'static>() {}
    promises::<Accepted>();
    promises::<Refusal>();
    promises::<Answerer>();
}

#[test]
fn the_chain_is_the_path_that_was_proved_whatever_else_was_sent() {
    let root = Ca::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    let leaf = lower.leaf("api", &["api.internal"]);
    let junk = Ca::root("Junk");
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    let expect: [Expect; 1] = ["api.internal".parse().unwrap()];
    let proved = vec![&leaf.der[..], &lower.der[..], &upper.der[..]];
    let memo = SignatureMemo::new(8);
    for sent in [
        vec![&leaf.der, &lower.der, &upper.der],
        vec![&leaf.der, &lower.der, &upper.der, &root.der],
        vec![&leaf.der, &junk.der, &upper.der, &junk.der, &lower.der],
    ] {
        let sent: Vec<CertificateDer<'_>> = sent.into_iter().map(|der| CertificateDer::from(&der[..])).collect();
        // First without the memo's help, then with it.
        for _ in 0..2 {
            let options = JudgeOptions { memo: Some(&memo), ..JudgeOptions::new(&expect, at(NOW)) };
            let accepted = trust.judge(&Peer::new(Role::Server, &sent), &options).unwrap();
            assert_eq!(accepted.chain().collect::<Vec<_>>(), proved);
            let shared = accepted.clone();
            assert_eq!(shared.leaf().as_ptr(), accepted.leaf().as_ptr(), "a clone copies no certificate");
        }
    }
    assert_eq!((memo.len(), memo.misses(), memo.hits()), (3, 3, 5 * 3));
}

/// The caller knows by which name the peer was expected. The sentence has the names of the certificate.
#[test]
fn who_is_accepted_is_shown_with_the_spiffe_id_if_there_is_one() {
    let root = Ca::root("Root");
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    for (sans, end) in [
        (&["api.internal", "spiffe://example.org/api"][..], " accepted; its SPIFFE ID is spiffe://example.org/api"),
        (&["api.internal"], " accepted"),
    ] {
        let chain = [CertificateDer::from(root.leaf("api", sans).der.to_vec())];
        let accepted = trust
            .judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&["api.internal".parse().unwrap()], at(NOW)))
            .unwrap()
            .to_string();
        assert!(accepted.starts_with("client certificate CN=api (serial ") && accepted.ends_with(end), "{accepted}");
    }
}

#[test]
fn the_fingerprint_is_that_of_the_whole_leaf() {
    let root = Ca::root("Root");
    let chain = [root.leaf("api", &["api.internal"]).der];
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    let accepted =
        trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&[Expect::AnyTrusted], at(NOW))).unwrap();
    assert_eq!(accepted.fingerprint(), ring::digest::digest(&ring::digest::SHA256, &chain[0]).as_ref());
}

/// What a program logs with `{:?}`, or by `unwrap`.
#[test]
fn debug_output_has_the_name_of_the_type_and_the_sentence() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let chain = [root.leaf("api", &["api.internal"]).der];
    let peer = Peer::new(Role::Client, &chain);
    let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW));
    let accepted = Trust::from_roots("roots", &root.der).unwrap().judge(&peer, &options).unwrap();
    assert_eq!(format!("{accepted:?}"), format!("Accepted({accepted})"));
    let lease = Lease::new(&accepted, options.expect).unwrap();
    assert_eq!(format!("{lease:?}"), format!("Lease({lease})"));
    let refusal = Trust::from_roots("roots", &other.der).unwrap().judge(&peer, &options).unwrap_err();
    assert_eq!(format!("{refusal:?}"), format!("Refusal(UnknownIssuer, Leaf: {refusal})"));
    let error = Trust::from_roots("roots.pem", b"").err().unwrap();
    assert_eq!(format!("{error:?}"), "TrustError(roots.pem: no certificate found: the file is empty)");
}

#[test]
fn it_holds_until_the_first_certificate_of_the_path_ends_or_a_crl_is_out_of_date() {
    let soon = date_time_ymd(2026, 11, 25);
    let noon = NOW - NOW % DAY;
    let (first, last) = (1_767_225_600, noon + 2 * DAY);
    for ending in ["leaf", "ca", "root", "crl", "crl of this second"] {
        let root =
            Ca::root_with("Root", |params| params.not_after = if ending == "root" { soon } else { params.not_after });
        let ca = root.intermediate_with("CA", |p| p.not_after = if ending == "ca" { soon } else { p.not_after });
        let leaf =
            ca.leaf_with("api", &["a.test"], |p| p.not_after = if ending == "leaf" { soon } else { p.not_after });
        let days = |days: u64| (days * DAY) as i64;
        let (of_root, of_ca) = (root.crl(&[], -days(9), days(9)), ca.crl(&[], -days(8), days(1)));
        let builder = Trust::builder().roots("roots", &root.der);
        let trust = match ending {
            "crl" => builder.crls("root", &of_root).crls("ca", &of_ca),
            "crl of this second" => builder.crls("root", &of_root).crls("ca", &ca.crl(&[], 0, days(1))),
            _ => builder,
        };
        let chain = [leaf.der, ca.der];
        let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW));
        let accepted = trust.build().unwrap().judge(&Peer::new(Role::Client, &chain), &options).unwrap();
        let expected = match ending {
            "crl" => (NOW - 8 * DAY, NOW + DAY - 1),
            "crl of this second" => (NOW, NOW + DAY - 1),
            _ => (first, last),
        };
        let window = (accepted.valid_from().unwrap().as_secs(), accepted.valid_until().unwrap().as_secs());
        assert_eq!(window, expected, "{ending}");
    }
}

/// RFC 5280 has no such binding. SPIFFE bundles belong to one trust domain.
#[test]
fn under_a_root_bound_to_a_trust_domain_only_the_spiffe_id_is_proved() {
    const ID: &str = "spiffe://example.org/api";
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &[ID, "api.internal", "10.0.0.7", "ops@example.org"]);
    let bundle = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle", &root.der).build().unwrap();
    let plain = Trust::from_roots("roots", &root.der).unwrap();
    let memo = SignatureMemo::new(8);
    for _ in 0..2 {
        let identity = |trust: &Trust| {
            let expect = [ID.parse().unwrap()];
            let options = JudgeOptions { memo: Some(&memo), ..JudgeOptions::new(&expect, at(NOW)) };
            let peer = [leaf.der.clone()];
            trust.judge(&Peer::new(Role::Client, &peer), &options).unwrap().identity().unwrap()
        };
        let (bound, free) = (identity(&bundle), identity(&plain));
        assert_eq!((bound.spiffe_id.as_ref(), &bound.uris), (free.spiffe_id.as_ref(), &free.uris));
        assert_eq!((bound.subject.as_str(), bound.common_name.as_deref()), ("", None));
        assert!(bound.dns_names.is_empty() && bound.ip_addresses.is_empty() && bound.emails.is_empty());
        assert!(!bound.to_string().contains("api.internal"), "{bound}");
        assert_eq!((free.common_name.as_deref(), free.dns_names.len()), (Some("api"), 1));
        assert_eq!((free.ip_addresses.len(), free.emails.len()), (1, 1));
    }
}
