//! The certificate that a refusal names, and the reason.

use crate::pki::{self, Ca, DAY, NOW, at};
use crate::trust::{dns, judge, server, trust};
use countersign::x509::{FaultyCertificate, RefusalReason, Trust};
use countersign::{Role, Verdict};
use rcgen::ExtendedKeyUsagePurpose;
use rustls_pki_types::CertificateDer;

/// Judges the chain as a server's. Returns the certificate at fault and the reason.
fn fault(trust: &Trust, chain: &[&CertificateDer<'_>]) -> (FaultyCertificate, RefusalReason) {
    let judgement = server(trust, chain, &dns("api.internal"), NOW);
    let refusal = judgement.expect_err("it must be refused");
    (refusal.certificate().clone(), refusal.reason().clone())
}

/// The first certificate after the leaf, with this name.
fn is_ca(certificate: &FaultyCertificate, name: &str) -> bool {
    matches!(certificate, FaultyCertificate::Intermediate { place: 1, subject, .. } if subject == name)
}

// RFC 5280 §4.2.1.12: in a CA certificate it limits all certificates below.
#[test]
fn a_ca_that_is_limited_to_one_purpose_vouches_for_no_other() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let purposes = [ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    for (purpose, limited_to) in purposes.into_iter().zip([Role::Client, Role::Server]) {
        let ca = root.intermediate_with("Issuing", |params| params.extended_key_usages = vec![purpose]);
        let leaf = ca.leaf("api", &["api.internal"]);
        for role in [Role::Client, Role::Server] {
            let judgement = judge(&trust, role, &[&leaf.der, &ca.der], &dns("api.internal"), NOW);
            if role == limited_to {
                assert_eq!(Verdict::from(&judgement), Verdict::Accept, "{judgement:?}");
            } else {
                let refusal = judgement.unwrap_err();
                assert_eq!(refusal.reason(), &RefusalReason::ExtKeyUsage(role));
                assert!(is_ca(refusal.certificate(), "CN=Issuing"), "{refusal}");
            }
        }
    }
    let any = root.intermediate_with("Any", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
    let leaf = any.leaf("api", &["api.internal"]);
    assert_eq!(Verdict::from(&server(&trust, &[&leaf.der, &any.der], &dns("api.internal"), NOW)), Verdict::Accept);
}

#[test]
fn a_critical_extension_that_nobody_knows_is_named_as_such() {
    let unknown = || pki::custom(&[1, 3, 6, 1, 4, 1, 99999, 1], b"?", true);
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let leaf = root.leaf_with("api", &["api.internal"], |params| params.custom_extensions.push(unknown()));
    assert_eq!(
        fault(&trust, &[&leaf.der]),
        (FaultyCertificate::Leaf, RefusalReason::CriticalExtension("1.3.6.1.4.1.99999.1".into()))
    );
    let strange = Ca::root_with("Root", |params| params.custom_extensions.push(unknown()));
    assert!(Trust::from_roots("roots", &strange.der).is_err());
}

#[test]
fn of_a_chain_the_certificate_whose_time_has_not_come_is_named() {
    let later = rcgen::date_time_ymd(2026, 11, 24);
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf_with("api", &["api.internal"], |params| params.not_before = later);
    assert_eq!(
        fault(&trust, &[&leaf.der, &ca.der]),
        (FaultyCertificate::Leaf, RefusalReason::NotYetValid(at(NOW + DAY / 2)))
    );
    let ca = root.intermediate_with("Issuing", |params| params.not_before = later);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (culprit, fault) = fault(&trust, &[&leaf.der, &ca.der]);
    assert_eq!(fault, RefusalReason::NotYetValid(at(NOW + DAY / 2)));
    assert!(is_ca(&culprit, "CN=Issuing"), "{culprit:?}");
}

#[test]
fn of_a_chain_the_certificate_that_ends_before_it_begins_is_named() {
    let backwards = |params: &mut rcgen::CertificateParams| {
        (params.not_before, params.not_after) = (params.not_after, params.not_before);
    };
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf_with("api", &["api.internal"], backwards);
    let says = RefusalReason::NonConformant("its validity ends before it begins");
    assert_eq!(fault(&trust, &[&leaf.der, &ca.der]), (FaultyCertificate::Leaf, says.clone()));
    let ca = root.intermediate_with("Issuing", backwards);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (culprit, fault) = fault(&trust, &[&leaf.der, &ca.der]);
    assert!(fault == says && is_ca(&culprit, "CN=Issuing"), "{culprit:?} {fault:?}");
}

#[test]
fn of_a_chain_the_certificate_whose_times_are_none_is_named() {
    // RFC 5280 §4.1.2.5.1: YYMMDDHHMMSSZ. A month of 13 also breaks the signature, but the form is checked first.
    let in_month_13 = |der: &CertificateDer<'_>| {
        let mut der = der.to_vec();
        let time = der.windows(2).position(|each| each == [0x17, 13]).expect("a UTCTime") + 2;
        der[time + 2..time + 4].copy_from_slice(b"13");
        CertificateDer::from(der)
    };
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    let says = RefusalReason::Malformed("malformed validity");
    assert_eq!(fault(&trust, &[&in_month_13(&leaf.der), &ca.der]), (FaultyCertificate::Leaf, says.clone()));
    let (culprit, fault) = fault(&trust, &[&leaf.der, &in_month_13(&ca.der)]);
    assert!(fault == says && is_ca(&culprit, "CN=Issuing"), "{culprit:?} {fault:?}");
}

#[test]
fn the_issuer_that_is_missing_is_told_whatever_else_was_sent() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let (other, missing) = (root.intermediate("Other"), root.intermediate("Missing"));
    let leaf = missing.leaf("api", &["api.internal"]);
    let unknown = |name: &str| (FaultyCertificate::Leaf, RefusalReason::UnknownIssuer(name.into()));
    assert_eq!(fault(&trust, &[&leaf.der]), unknown("CN=Missing"));
    assert_eq!(fault(&trust, &[&leaf.der, &other.der]), unknown("CN=Missing"));
    // The same one CA higher.
    let below = missing.intermediate("Below");
    let leaf = below.leaf("api", &["api.internal"]);
    assert_eq!(fault(&trust, &[&leaf.der, &other.der, &below.der]), unknown("CN=Missing"));
    let nameless = Ca::root("").leaf("api", &["api.internal"]);
    assert_eq!(fault(&trust, &[&nameless.der]), unknown("an issuer without a name"));
}

#[test]
fn a_forgery_is_told_from_a_namesake_by_the_key_identifiers() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let namesake = Ca::root("Root").leaf("api", &["api.internal"]);
    let unrelated = root.intermediate("Other");
    for chain in [&[&namesake.der][..], &[&namesake.der, &unrelated.der]] {
        assert_eq!(fault(&trust, chain), (FaultyCertificate::Leaf, RefusalReason::OtherRootKey("CN=Root".into())));
    }
    // The right key was sent, under the root's name, so only the signature can be wrong.
    let between = root.intermediate("Root");
    let mut forged = between.leaf("api", &["api.internal"]).der.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        fault(&trust, &[&forged.into(), &between.der]),
        (FaultyCertificate::Leaf, RefusalReason::BadSignature("CN=Root".into()))
    );
}

// RFC 5280 §4.2.1.10
#[test]
fn a_roots_constraints_concern_only_what_is_below_it() {
    // NameConstraints { permittedSubtrees { [6] ".example.org" } }
    let uri = b"\x30\x12\xa0\x10\x30\x0e\x86\x0c.example.org";
    let constrained =
        Ca::root_with("Constrained", |p| p.custom_extensions.push(pki::custom(&[2, 5, 29, 30], uri, true)));
    let free = Ca::root("Free");
    let trust = trust(&[&constrained, &free]);
    let names = ["api.internal", "spiffe://a.example.org/x"];
    let leaf = constrained.leaf("api", &names);
    assert_eq!(
        fault(&trust, &[&leaf.der]),
        (FaultyCertificate::Leaf, RefusalReason::UnsupportedConstraint("URIs (SPIFFE IDs)"))
    );
    assert_eq!(
        Verdict::from(&server(&trust, &[&free.leaf("api", &names).der], &dns("api.internal"), NOW)),
        Verdict::Accept
    );
    // A name outside of the CA's constraints is the reason, whatever the other root says about URIs.
    let dns_only = b"\x30\x10\xa0\x0e\x30\x0c\x82\x0aother.test";
    let ca =
        free.intermediate_with("Issuing", |p| p.custom_extensions.push(pki::custom(&[2, 5, 29, 30], dns_only, true)));
    assert_eq!(
        fault(&trust, &[&ca.leaf("api", &names).der, &ca.der]),
        (FaultyCertificate::Leaf, RefusalReason::NameConstraints("CN=Issuing".into()))
    );
}

// RFC 5280 §4.1.1.2: the algorithm outside of the signed part equals the one inside.
#[test]
fn two_signature_algorithms_in_one_certificate_are_a_fault() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    // ecdsa-with-SHA384 outside, and ecdsa-with-SHA256 inside: one octet, the last before the signature's BIT STRING.
    let differing = |certificate: &CertificateDer<'_>| {
        let mut bytes = certificate.to_vec();
        let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let outer = bytes.windows(8).rposition(|each| each == oid).unwrap();
        bytes[outer + 7] = 3;
        CertificateDer::from(bytes)
    };
    let says = RefusalReason::NonConformant("its two signature algorithms differ");
    assert_eq!(fault(&trust, &[&differing(&leaf.der), &ca.der]), (FaultyCertificate::Leaf, says.clone()));
    assert_eq!(fault(&trust, &[&leaf.der, &differing(&ca.der)]).1, says);
}
