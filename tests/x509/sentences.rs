//! The sentences about certificates from practice: they name the certificate, the value and the limit.

use crate::pki::{self, Ca, NOW, at, custom};
use crate::trust::{dns, judge, trust};
use countersign::x509::{Accepted, Expect, FaultyCertificate, JudgeOptions, Refusal, RefusalReason, Trust};
use countersign::{AlertDescription, Peer, Role};
use rcgen::{BasicConstraints, IsCa, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;

/// 2026-12-01 00:00:00 UTC, when the vectors are judged.
const DECEMBER: u64 = 1_796_083_200;

/// The chain in a file of `vectors`, judged under the roots beside it.
fn vector(folder: &str, file: &str, role: Role, expect: &[Expect]) -> Result<Accepted, Refusal> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(folder);
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let trust = Trust::from_roots("roots.pem", &read("roots.pem")).unwrap();
    let chain: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&read(file)).map(Result::unwrap).collect();
    trust.judge(&Peer::new(role, &chain), &JudgeOptions::new(expect, at(DECEMBER)))
}

/// RFC 5280 §4.2: a critical extension is processed or refused. The sentence names the extension and the certificate.
#[test]
fn a_critical_extension_that_is_not_processed_is_named_with_its_certificate() {
    for (file, extension, in_ca) in [
        ("int-critpol.pem", "certificatePolicies", true),
        ("int-inhibitany.pem", "inhibitAnyPolicy", true),
        ("int-policymappings.pem", "policyMappings", true),
        ("int-unknown.pem", "1.2.3.4.5", true),
        ("leaf-critpol.pem", "certificatePolicies", false),
        ("leaf-ms-apppol.pem", "1.3.6.1.4.1.311.21.10", false),
    ] {
        let refusal = vector("policies", file, Role::Client, &[Expect::AnyTrusted]).unwrap_err();
        assert_eq!(refusal.reason(), &RefusalReason::CriticalExtension(extension.into()), "{file}");
        assert_eq!(refusal.alert(), AlertDescription::UNSUPPORTED_CERTIFICATE);
        let named = matches!(refusal.certificate(), FaultyCertificate::Intermediate { place: 1, subject, .. } if subject == "CN=Int");
        assert_eq!(named, in_ca, "{refusal}");
        assert!(refusal.to_string().contains(&format!("has the critical extension {extension}, which")), "{refusal}");
    }
}

/// RFC 5280 §6.1.4 (i), §6.1.3 (f).
#[test]
fn a_policy_that_is_required_is_refused_in_its_own_words() {
    let refusal = vector("policies", "int-policyconstraints.pem", Role::Client, &[Expect::AnyTrusted]).unwrap_err();
    assert_eq!(refusal.reason(), &RefusalReason::PolicyRequired);
    assert_eq!(refusal.alert(), AlertDescription::UNSUPPORTED_CERTIFICATE);
    assert!(matches!(refusal.certificate(), FaultyCertificate::Intermediate { subject, .. } if subject == "CN=Int"));
    assert!(refusal.to_string().contains("requires a certificate policy (policyConstraints"), "{refusal}");
    // Mappings do not matter if no policy is required.
    let mapping_only = custom(&[2, 5, 29, 36], b"\x30\x03\x81\x01\x00", false);
    let root = Ca::root("Root");
    let ca = root.intermediate_with("CA", |params| params.custom_extensions.push(mapping_only));
    let leaf = ca.leaf("api", &["api.internal"]);
    assert!(judge(&trust(&[&root]), Role::Server, &[&leaf.der, &ca.der], &dns("api.internal"), NOW).is_ok());
}

/// RFC 5280 §4.2.1.6, RFC 9525 §2, §6.5: the kind of the name matters.
#[test]
fn names_are_told_with_their_kinds() {
    let judge = |file: &str, expect: &str| vector("server_names", file, Role::Server, &[expect.parse().unwrap()]);
    for expect in ["::1", "0:0:0:0:0:0:0:1"] {
        assert!(judge("v6.pem", expect).is_ok());
    }
    for (file, expect, says) in [
        ("ipdns.pem", "127.0.0.1", "is not for IP address 127.0.0.1: it is for DNS name \"127.0.0.1\""),
        ("glued.pem", "localhost", "is not for DNS name localhost: it is for DNS name \"localhost, IP:127.0.0.1\""),
        ("glued.pem", "127.0.0.1", "is not for IP address 127.0.0.1: it is for DNS name \"localhost, IP:127.0.0.1\""),
        ("uriip.pem", "127.0.0.1", "is not for IP address 127.0.0.1: it is for URI \"https://127.0.0.1\""),
        ("v4mapped.pem", "127.0.0.1", "is not for IP address 127.0.0.1: it is for IP address ::ffff:127.0.0.1"),
        (
            "cnonly.pem",
            "localhost",
            "is not for DNS name localhost: it is for nobody, having no names in subjectAltName (common names are never \
             matched)",
        ),
    ] {
        let refusal = judge(file, expect).unwrap_err();
        assert_eq!((refusal.name(), refusal.alert()), ("WrongName", AlertDescription::BAD_CERTIFICATE));
        assert!(refusal.to_string().ends_with(says), "{refusal}");
    }
    for expect in ["localhost", "127.0.0.1"] {
        let refusal = judge("iptext.pem", expect).unwrap_err();
        let says = "cannot be read: an IP address in its subjectAltName has the wrong length";
        assert!(refusal.name() == "Malformed" && refusal.to_string().ends_with(says), "{refusal}");
    }
}

/// RFC 5280 §7.1: string type, case and spaces do not make another name.
#[test]
fn a_root_is_found_under_its_name_in_any_encoding() {
    for file in ["printable.pem", "case.pem", "same.pem"] {
        let accepted = vector("name_encoding", file, Role::Client, &[Expect::AnyTrusted]).unwrap();
        assert_eq!(accepted.chain().count(), 1, "{file}");
    }
    // The signature is checked all the same, and everything that binds the root.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/name_encoding");
    let read = |file: &str| std::fs::read(folder.join(file)).unwrap();
    let leaf = CertificateDer::from_pem_slice(&read("case.pem")).unwrap();
    let mut forged = leaf.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let roots = || Trust::builder().roots("roots.pem", &read("roots.pem"));
    let judge = |trust: &Trust, leaf: &CertificateDer<'_>| {
        let options = JudgeOptions::new(&[Expect::AnyTrusted], at(DECEMBER));
        trust.judge(&Peer::new(Role::Client, core::slice::from_ref(leaf)), &options)
    };
    let refusal = judge(&roots().build().unwrap(), &forged.into()).unwrap_err();
    assert_eq!(refusal.name(), "BadSignature", "{refusal}");
    let bound = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "roots.pem", &read("roots.pem"));
    assert_eq!(judge(&bound.build().unwrap(), &leaf).unwrap_err().name(), "Svid");
    // With a CRL of the root that has a third encoding of the name.
    let trust = roots().crls("crl.pem", &read("crl.pem")).build().unwrap();
    assert!(judge(&trust, &leaf).is_ok());
}

/// Two roots have one name (the CA has changed its key), or a chain has two encodings of it.
#[test]
fn each_root_is_found_under_each_encoding_of_its_name_in_the_chain() {
    let written = |ca: &Ca, name: &str| {
        let mut params = ca.params.clone();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    };
    let key = || KeyPair::generate().unwrap();
    let roots = [Ca::root("Root"), Ca::root("Root")];
    let both = trust(&[&roots[0], &roots[1]]);
    for root in &roots {
        let issuer = written(root, "ROOT");
        let leaf = pki::leaf_params("api", &["api.internal"])
            .signed_by(&key(), &rcgen::Issuer::from_params(&issuer, &root.key))
            .unwrap();
        let accepted = judge(&both, Role::Server, &[leaf.der()], &dns("api.internal"), NOW).unwrap();
        assert_eq!(accepted.chain().count(), 1);
        // The old key has signed a certificate for a new one, and writes the name in a third way.
        let (new, old) = (key(), written(root, "rOOT"));
        let link = issuer.signed_by(&new, &rcgen::Issuer::from_params(&old, &root.key)).unwrap();
        let leaf = pki::leaf_params("api", &["api.internal"])
            .signed_by(&key(), &rcgen::Issuer::from_params(&issuer, &new))
            .unwrap();
        let accepted = judge(&both, Role::Server, &[leaf.der(), link.der()], &dns("api.internal"), NOW).unwrap();
        assert_eq!(accepted.chain().count(), 2);
    }
}

/// RFC 5280 §6.1.3 (a)(4): the issuer is the subject of the CA above, not only the holder of its key.
#[test]
fn a_root_vouches_for_nobody_under_another_name() {
    let root = Ca::root("Root");
    let mut params = root.params.clone();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Another");
    let another = rcgen::Issuer::from_params(&params, &root.key);
    let leaf = pki::leaf_params("api", &["api.internal"]).signed_by(&KeyPair::generate().unwrap(), &another).unwrap();
    for roots in [&[&root][..], &[&root, &Ca::root("Third")]] {
        let refusal = judge(&trust(roots), Role::Server, &[leaf.der()], &dns("api.internal"), NOW).unwrap_err();
        assert_eq!(refusal.reason(), &RefusalReason::UnknownIssuer("CN=Another".into()));
    }
}

/// RFC 5280 §6.1.4 (l): a CA's certificate for its own next key does not count.
#[test]
fn the_limits_of_a_path_are_about_cas_and_not_about_their_keys() {
    let root = Ca::root_with("Root", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)));
    let ca = root.intermediate("CA");
    let renewed = ca.intermediate("CA");
    let below = renewed.intermediate("Below");
    let snapshots = [Trust::builder(), Trust::builder().max_intermediates(1)]
        .map(|builder| builder.roots("root", &root.der).build().unwrap());
    for (trust, refusal) in snapshots.iter().zip([
        RefusalReason::PathLength { below: 2, most: 1 },
        RefusalReason::PathTooLong { intermediates: 2, most: 1 },
    ]) {
        let judge = |chain: &[&CertificateDer<'_>]| judge(trust, Role::Server, chain, &dns("api.internal"), NOW);
        let leaf = renewed.leaf("api", &["api.internal"]);
        assert_eq!(judge(&[&leaf.der, &renewed.der, &ca.der]).unwrap().chain().count(), 3);
        let leaf = below.leaf("api", &["api.internal"]);
        let refused = judge(&[&leaf.der, &below.der, &renewed.der, &ca.der]).unwrap_err();
        assert_eq!(refused.reason(), &refusal);
    }
}

/// webpki compares octets between intermediates. Then the sentence says that the two names differ only in encoding.
#[test]
fn an_intermediate_under_another_encoding_of_its_name_is_told_from_one_that_is_missing() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing CA");
    let mut params = ca.params.clone();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "ISSUING  CA");
    let written_otherwise = rcgen::Issuer::from_params(&params, &ca.key);
    let key = KeyPair::generate().unwrap();
    let leaf = pki::leaf_params("api", &["api.internal"]).signed_by(&key, &written_otherwise).unwrap();
    let refusal = judge(&trust(&[&root]), Role::Server, &[leaf.der(), &ca.der], &dns("api.internal"), NOW).unwrap_err();
    assert_eq!(refusal.reason(), &RefusalReason::NameEncoding("CN=ISSUING  CA".into()), "{refusal}");
    assert!(refusal.to_string().contains("in another encoding than that CA's own certificate"), "{refusal}");
}

#[test]
fn lengths_of_paths_are_told_with_their_limits() {
    let root = Ca::root("Root");
    let short = root.intermediate_with("Short", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let below = short.intermediate("Below");
    let leaf = below.leaf("api", &["api.internal"]);
    let chain = [&leaf.der, &below.der, &short.der];
    let refusal = judge(&trust(&[&root]), Role::Server, &chain, &dns("api.internal"), NOW).unwrap_err();
    assert_eq!(refusal.reason(), &RefusalReason::PathLength { below: 1, most: 0 });
    assert!(
        matches!(refusal.certificate(), FaultyCertificate::Intermediate { place: 2, subject, .. } if subject == "CN=Short")
    );
    assert!(refusal.to_string().ends_with("it has 1 CAs below it, and its pathLenConstraint allows 0"), "{refusal}");

    let mut cas = vec![root];
    while cas.len() < 9 {
        let next = cas.last().unwrap().intermediate(&format!("CA {}", cas.len()));
        cas.push(next);
    }
    for below in 0..9 {
        let leaf = cas[below].leaf("api", &["api.internal"]);
        let chain: Vec<&CertificateDer<'_>> =
            std::iter::once(&leaf.der).chain(cas[1..=below].iter().rev().map(|ca| &ca.der)).collect();
        for most in [2, 6] {
            let trust = Trust::builder().roots("roots", &cas[0].der).max_intermediates(most).build().unwrap();
            match judge(&trust, Role::Server, &chain, &dns("api.internal"), NOW) {
                Ok(_) => assert!(below <= most),
                Err(refusal) => {
                    assert!(below > most);
                    let most = if below > 6 { 6 } else { most };
                    assert_eq!(
                        refusal.reason(),
                        &RefusalReason::PathTooLong { intermediates: below, most },
                        "{refusal}"
                    );
                }
            }
        }
    }
}

/// webpki reads certificates of up to 65,535 bytes.
#[test]
fn a_certificate_that_is_too_long_is_not_called_malformed() {
    let root = Ca::root("Root");
    for (padding, too_large) in [(60_000, false), (70_000, true)] {
        let filler = || custom(&[1, 3, 6, 1, 4, 1, 99999, 7], &vec![0; padding], false);
        let long_ca = root.intermediate_with("Long", |params| params.custom_extensions.push(filler()));
        let leaf = root.leaf_with("api", &["api.internal"], |params| params.custom_extensions.push(filler()));
        let below = long_ca.leaf("api", &["api.internal"]);
        for (chain, of_leaf) in [(&[&leaf.der][..], true), (&[&below.der, &long_ca.der], false)] {
            let judged = judge(&trust(&[&root]), Role::Server, chain, &dns("api.internal"), NOW);
            assert_eq!(judged.is_err(), too_large);
            let Err(refusal) = judged else { continue };
            let len = if of_leaf { leaf.der.len() } else { long_ca.der.len() };
            assert_eq!(refusal.reason(), &RefusalReason::TooLarge(len));
            assert_eq!(*refusal.certificate() == FaultyCertificate::Leaf, of_leaf);
            assert!(refusal.to_string().contains(&format!("is {len} bytes long, and at most 65,535 are read")));
        }
    }
}

/// A problem in the chain is reported for its certificate, also if others are good.
#[test]
fn each_certificate_of_the_chain_answers_for_itself() {
    let (old, soon) = (rcgen::date_time_ymd(2026, 11, 1), rcgen::date_time_ymd(2026, 11, 25));
    let root = Ca::root("Root");
    for guilty in [1, 2] {
        let make = |place: usize| {
            move |params: &mut rcgen::CertificateParams| {
                params.not_after = if place == guilty { old } else { soon };
            }
        };
        let upper = root.intermediate_with("Upper", make(2));
        let lower = upper.intermediate_with("Lower", make(1));
        let leaf = lower.leaf("api", &["api.internal"]);
        let chain = [&leaf.der, &lower.der, &upper.der];
        let refusal = judge(&trust(&[&root]), Role::Server, &chain, &dns("api.internal"), NOW).unwrap_err();
        assert_eq!(refusal.name(), "Expired");
        assert!(
            matches!(refusal.certificate(), FaultyCertificate::Intermediate { place, .. } if *place == guilty),
            "{refusal}"
        );
    }
    // An unreadable certificate of the chain is reported if the path needs it, and otherwise ignored.
    let upper = root.intermediate("Upper");
    let leaf = upper.leaf("api", &["api.internal"]);
    let broken = CertificateDer::from(upper.der[..upper.der.len() - 1].to_vec());
    let refused = judge(&trust(&[&root]), Role::Server, &[&leaf.der, &broken], &dns("api.internal"), NOW).unwrap_err();
    assert_eq!(refused.name(), "Malformed", "{refused}");
    assert!(matches!(refused.certificate(), FaultyCertificate::Intermediate { place: 1, .. }));
    let chain = [&leaf.der, &broken, &upper.der];
    assert!(judge(&trust(&[&root]), Role::Server, &chain, &dns("api.internal"), NOW).is_ok());
}

#[test]
fn our_own_certificate_is_refused_with_the_knob_that_allows_it() {
    let root = Ca::root("Root");
    let chain = [root.leaf("api", &["api.internal"]).der];
    let options = JudgeOptions { own: &chain, ..JudgeOptions::new(&[Expect::AnyTrusted], at(NOW)) };
    let refusal = trust(&[&root]).judge(&Peer::new(Role::Client, &chain), &options).unwrap_err();
    assert!(refusal.to_string().contains("both hosts have the same certificate (which accept_own_certificate allows)"));
}
