//! The peer's identity: SPIFFE IDs, pins, raw public keys, and the fields of `PeerIdentity`.

use crate::pki::{self, Ca, custom, now, pem};
use countersign::x509::{Accepted, Expect, JudgeOptions, PeerIdentity, Refusal, RefusalReason, SigningKey, Trust};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const ID: &str = "spiffe://example.org/billing/api";

fn judge(trust: &Trust, role: Role, leaf: &CertificateDer<'_>, expect: &[&str]) -> Result<Accepted, Refusal> {
    let expect: Vec<Expect> = expect.iter().map(|name| name.parse().unwrap()).collect();
    trust.judge(&Peer::new(role, core::slice::from_ref(leaf)), &JudgeOptions::new(&expect, now()))
}

/// Judges a leaf with these SANs and changes against the expected SPIFFE ID.
fn svid(sans: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Result<(), RefusalReason> {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("", sans, change);
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    let judged = judge(&trust, Role::Client, &leaf.der, &[ID]);
    judged.map(drop).map_err(|refusal| refusal.reason().clone())
}

#[test]
fn a_spiffe_id_is_matched_whole_and_a_trust_domain_by_its_name() {
    let root = Ca::root("Root");
    let leaf = root.leaf("", &[ID, "api.internal"]);
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    for role in [Role::Client, Role::Server] {
        for expect in [ID, "spiffe://example.org", "api.internal"] {
            assert_eq!(Verdict::from(&judge(&trust, role, &leaf.der, &[expect])), Verdict::Accept, "{expect}");
        }
        for expect in ["spiffe://example.org/billing", "spiffe://example.org/billing/api2", "spiffe://example.com"] {
            assert_ne!(Verdict::from(&judge(&trust, role, &leaf.der, &[expect])), Verdict::Accept, "{expect}");
        }
    }
    let refused = judge(&trust, Role::Client, &leaf.der, &["spiffe://example.org/other"]);
    assert_eq!(Verdict::from(&refused), Verdict::Reject(Rejection::AccessDenied));
    assert!(refused.as_ref().unwrap_err().to_string().contains(ID), "{refused:?}");
}

#[test]
fn the_rules_of_an_x509_svid() {
    let says = |fault: Result<(), RefusalReason>| match fault {
        Err(RefusalReason::Svid(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(svid(&[ID], |_| {}), Ok(()));
    assert_eq!(svid(&[ID, "api.internal", "10.0.0.7"], |_| {}), Ok(()), "other SANs may stand beside it");
    assert_eq!(svid(&[ID], |p| p.extended_key_usages.clear()), Ok(()), "extKeyUsage is optional");
    assert!(says(svid(&[ID, "spiffe://example.org/other"], |_| {})).contains("more than one URI"));
    assert!(says(svid(&[ID, "https://example.org/"], |_| {})).contains("more than one URI"));
    assert!(says(svid(&["api.internal"], |_| {})).contains("no URI"));
    assert!(says(svid(&["https://example.org/billing/api"], |_| {})).contains("no spiffe:// ID"));
    assert!(says(svid(&["spiffe://example.org"], |_| {})).contains("no path"));
    assert!(says(svid(&["spiffe://example.org/billing/x/../api"], |_| {})).contains("relative"));
    assert!(says(svid(&["spiffe://example.org/billing//api"], |_| {})).contains("empty path segment"));
    assert!(says(svid(&["spiffe://example.org/billing/api/"], |_| {})).contains("trailing slash"));
    assert!(says(svid(&["spiffe://example.org/billing%2fapi"], |_| {})).contains("only letters"));
    assert!(says(svid(&[ID], |p| p.key_usages.clear())).contains("no keyUsage"));
    assert!(says(svid(&[ID], |p| p.key_usages.push(KeyUsagePurpose::CrlSign))).contains("cRLSign"));
    let one = |purpose| move |p: &mut CertificateParams| p.extended_key_usages = vec![purpose];
    assert_eq!(svid(&[ID], one(ExtendedKeyUsagePurpose::ClientAuth)), Ok(()));
    assert_eq!(svid(&[ID], one(ExtendedKeyUsagePurpose::ServerAuth)), Err(RefusalReason::ExtKeyUsage(Role::Client)));
    // The general rules already refuse it.
    assert!(svid(&[ID], |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]).is_err());
    assert!(svid(&[ID], |p| p.key_usages.push(KeyUsagePurpose::KeyCertSign)).is_err());
    let ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    assert_eq!(svid(&[ID], |p| p.is_ca = ca), Err(RefusalReason::CaAsLeaf));
}

#[test]
fn the_roots_of_one_trust_domain_vouch_for_no_other() {
    let (ours, theirs) = (Ca::root("Ours"), Ca::root("Theirs"));
    let trust = Trust::builder()
        .spiffe_bundle("example.org".parse().unwrap(), "ours", &ours.der)
        .spiffe_bundle("spiffe://partner.example".parse().unwrap(), "theirs", &theirs.der)
        .build()
        .unwrap();
    let accepts = |leaf: &CertificateDer<'_>, expect| Verdict::from(&judge(&trust, Role::Client, leaf, &[expect]));
    assert_eq!(accepts(&ours.leaf("", &[ID]).der, ID), Verdict::Accept);
    assert_eq!(
        accepts(&theirs.leaf("", &["spiffe://partner.example/x"]).der, "spiffe://partner.example"),
        Verdict::Accept
    );
    let forged = judge(&trust, Role::Client, &theirs.leaf("", &[ID]).der, &[ID]);
    assert_eq!(forged.as_ref().unwrap_err().reason(), &RefusalReason::ForeignTrustDomain(ID.into()));
    // A bundle's roots do not vouch for DNS names.
    let named = theirs.leaf("", &["spiffe://partner.example/x", "api.internal"]);
    assert_eq!(accepts(&named.der, "api.internal"), Verdict::Reject(Rejection::AccessDenied));
}

#[test]
fn uri_constraints_fail_closed_and_say_so() {
    // NameConstraints { permittedSubtrees { [6] ".example.org" } }
    let uri = b"\x30\x12\xa0\x10\x30\x0e\x86\x0c.example.org";
    let root = Ca::root("Root");
    let ca = root.intermediate_with("Issuing", |p| p.custom_extensions.push(custom(&[2, 5, 29, 30], uri, true)));
    let leaf = ca.leaf("", &["spiffe://a.example.org/x"]);
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    let chain = [leaf.der, ca.der.clone()];
    let expect = ["spiffe://a.example.org".parse().unwrap()];
    let judgement = trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&expect, now()));
    let refusal = judgement.unwrap_err();
    assert_eq!(refusal.reason(), &RefusalReason::UnsupportedConstraint("URIs (SPIFFE IDs)"));
    assert!(refusal.to_string().contains("constraints on URIs (SPIFFE IDs), which are not supported"), "{refusal}");
    // Names of other kinds are not affected.
    let chain = [ca.leaf("", &["api.internal"]).der, ca.der];
    let expect = ["api.internal".parse().unwrap()];
    let judgement = trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&expect, now()));
    assert_eq!(Verdict::from(&judgement), Verdict::Accept, "{judgement:?}");
}

#[test]
fn a_pin_matches_the_key_of_a_certificate_whose_chain_holds() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &[]);
    let hash = PeerIdentity::read(&leaf.der).unwrap().spki_sha256;
    let judge = |trust: &Trust, hash| {
        let peer = [leaf.der.clone()];
        Verdict::from(&trust.judge(&Peer::new(Role::Server, &peer), &JudgeOptions::new(&[Expect::Spki(hash)], now())))
    };
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    assert_eq!(judge(&trust, hash), Verdict::Accept);
    assert_eq!(judge(&trust, [7; 32]), Verdict::Reject(Rejection::WrongName));
    let other = Trust::from_roots("other", &Ca::root("Other").der).unwrap();
    assert_eq!(judge(&other, hash), Verdict::Reject(Rejection::UnknownCa), "a pin replaces no chain");
    assert_eq!(judge(&Trust::raw_keys_only(), hash), Verdict::Reject(Rejection::UnsupportedCertificate));
}

#[test]
fn a_raw_public_key_matches_a_pin_and_nothing_else() {
    let key = rcgen::KeyPair::generate().unwrap();
    let signer = SigningKey::from_pem_or_der(key.serialize_pem().as_bytes()).unwrap();
    let spki = [CertificateDer::from(signer.public_key())];
    let hash = {
        let root = Ca::root("Root");
        let leaf = pki::leaf_params("", &["a.internal"]).signed_by(&key, &root.issuer()).unwrap();
        PeerIdentity::read(leaf.der()).unwrap().spki_sha256
    };
    let root = Ca::root("Root");
    for trust in [Trust::raw_keys_only(), Trust::from_roots("roots", &root.der).unwrap()] {
        for role in [Role::Client, Role::Server] {
            let judge =
                |expect: &[Expect]| trust.judge(&Peer::raw_public_key(role, &spki), &JudgeOptions::new(expect, now()));
            let accepted = judge(&[Expect::Spki([1; 32]), Expect::Spki(hash)]).unwrap();
            assert_eq!((accepted.matched(), accepted.chain().collect::<Vec<_>>()), (1, vec![&spki[0][..]]));
            assert!(accepted.identity().is_none(), "a bare key has no names");
            assert!(accepted.valid_until().is_none(), "nor a validity");
            for other in [Expect::AnyTrusted, "a.internal".parse().unwrap(), ID.parse().unwrap(), Expect::Spki([1; 32])]
            {
                assert_eq!(Verdict::from(&judge(&[other])), Verdict::Reject(Rejection::AccessDenied));
            }
            let expect = [Expect::Spki(hash)];
            let terms = JudgeOptions { own: &spki, ..JudgeOptions::new(&expect, now()) };
            let reflected = trust.judge(&Peer::raw_public_key(role, &spki), &terms);
            assert_eq!(reflected.as_ref().unwrap_err().reason(), &RefusalReason::OwnCertificate);
        }
    }
}

#[test]
fn an_identity_is_plain_data_and_prints_in_one_line() {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("api\n", &["api.internal", ID, "ops@example.org", "10.0.0.7", "fd00::1"], |params| {
        params.distinguished_name.push(DnType::OrganizationName, "Example");
    });
    let identity = PeerIdentity::read(&leaf.der).unwrap();
    assert_eq!(identity.subject, "O=Example,CN=api\\0A");
    assert_ne!(identity.subject_der, identity.issuer_der);
    assert_eq!(identity.common_name.as_deref(), Some("api\n"));
    assert_eq!(identity.issuer, "CN=Root");
    assert_eq!(identity.dns_names, ["api.internal"]);
    assert_eq!(identity.ip_addresses, ["10.0.0.7".parse::<core::net::IpAddr>().unwrap(), "fd00::1".parse().unwrap()]);
    assert_eq!(identity.uris, [ID]);
    assert_eq!(identity.emails, ["ops@example.org"]);
    assert_eq!(identity.spiffe_id.as_ref().unwrap().path(), "/billing/api");
    assert_eq!(identity.fingerprint, ring::digest::digest(&ring::digest::SHA256, &leaf.der).as_ref());
    assert_eq!(identity.not_after.as_secs() - identity.not_before.as_secs(), 365 * pki::DAY);
    let line = identity.to_string();
    assert!(line.starts_with("O=Example,CN=api\\0A, api.internal, spiffe://example.org/billing/api, ops@"), "{line}");
    assert!(line.contains("valid until 2027-01-01 00:00:00 UTC"), "{line}");
    assert!(!line.contains('\n'));
}

#[test]
fn what_is_claimed_can_be_read_before_and_after_a_refusal_but_only_the_proven_is_an_identity() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let file = pem("CERTIFICATE", &Ca::root("Other").der);
    let trust = Trust::from_roots("roots.pem", file.as_bytes()).unwrap();
    let refusal = judge(&trust, Role::Server, &leaf.der, &["api.internal"]).unwrap_err();
    let claimed = refusal.claimed().unwrap();
    assert_eq!(claimed.dns_names, ["api.internal"]);
    let trust = Trust::from_roots("roots.pem", &root.der).unwrap();
    let accepted = judge(&trust, Role::Server, &leaf.der, &["api.internal"]).unwrap();
    assert_eq!(accepted.identity().unwrap(), claimed);
}

#[test]
fn what_is_expected_is_told_in_words_and_what_names_nobody_is_quoted() {
    let key = "ab".repeat(32);
    for (text, says) in [
        ("api.internal", "DNS name api.internal"),
        ("10.0.0.7", "IP address 10.0.0.7"),
        ("fd00::1", "IP address fd00::1"),
        (ID, ID),
        ("spiffe://example.org", "trust domain spiffe://example.org"),
    ] {
        assert_eq!(text.parse::<Expect>().unwrap().to_string(), says);
    }
    assert_eq!(Expect::Spki([0xab; 32]).to_string(), format!("the key with SHA-256 {key}"));
    assert_eq!(Expect::AnyTrusted.to_string(), "any trusted certificate");
    for (text, says) in [
        ("a b", "\"a b\" is no DNS name, IP address or SPIFFE ID (give it without a port, and without https://)"),
        ("a\nb", "\"a\\u{a}b\" is no DNS name, IP address or SPIFFE ID (give it without a port, and without https://)"),
        (
            "spiffe:///x",
            "\"spiffe:///x\" (the trust domain is empty) is no DNS name, IP address or SPIFFE ID (give it without a port, and without https://)",
        ),
    ] {
        assert_eq!(text.parse::<Expect>().unwrap_err().to_string(), says);
    }
}

#[test]
fn an_outcome_holds_what_was_judged_and_calls_it_by_a_name_that_it_has() {
    let root = Ca::root("Root");
    let trust = Trust::from_roots("roots", &root.der).unwrap();
    let pin = |leaf: &CertificateDer<'_>| Expect::Spki(PeerIdentity::read(leaf).unwrap().spki_sha256);
    for (subject, sans, called) in [
        ("api", &["api.internal"][..], "CN=api"),
        ("", &["10.0.0.7", "api.internal"], "10.0.0.7"),
        ("", &["ops@example.org"], "ops@example.org"),
        ("", &[], "(no name)"),
    ] {
        let leaf = root.leaf(subject, sans);
        let serial: String = leaf.serial().iter().map(|byte| format!("{byte:02x}")).collect();
        for role in [Role::Client, Role::Server] {
            for (expect, accepted) in [(pin(&leaf.der), true), (Expect::Spki([1; 32]), false)] {
                let peer = [leaf.der.clone()];
                let judged = trust.judge(&Peer::new(role, &peer), &JudgeOptions::new(&[expect], now()));
                assert_eq!(judged.is_ok(), accepted);
                let (held, text) = match &judged {
                    Ok(accepted) => {
                        assert_eq!(
                            (accepted.matched(), accepted.chain().collect::<Vec<_>>()),
                            (0, vec![&leaf.der[..]])
                        );
                        let held = (accepted.role(), accepted.certificate_type(), accepted.leaf());
                        (held, accepted.to_string())
                    }
                    Err(refusal) => ((refusal.role(), refusal.certificate_type(), refusal.leaf()), refusal.to_string()),
                };
                assert_eq!(held, (role, countersign::CertificateType::X509, leaf.der.as_ref()));
                assert!(text.starts_with(&format!("{role} certificate {called} (serial {serial}) ")), "{text}");
                assert_eq!(text.ends_with(" accepted"), accepted, "{text}");
            }
        }
    }
    let key = [CertificateDer::from(b"key".as_slice())];
    let refusal = trust.judge(&Peer::raw_public_key(Role::Client, &key), &JudgeOptions::new(&[], now())).unwrap_err();
    assert_eq!(
        (refusal.leaf(), refusal.certificate_type()),
        (&b"key"[..], countersign::CertificateType::RAW_PUBLIC_KEY)
    );
    assert!(refusal.claimed().is_none(), "a bare key has no names");
}

fn named(name: &str) -> PeerIdentity {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/names").join(name);
    let text = std::fs::read(path).unwrap();
    PeerIdentity::read(&CertificateDer::from_pem_slice(&text).unwrap()).unwrap()
}

/// Programs that authorise by subject must not confuse two names (RFC 4514 §2).
#[test]
fn different_names_have_different_texts_and_are_not_cut() {
    for (file, subject) in [
        ("admin.pem", "O=Admins,CN=api"),
        ("forged.pem", "CN=api\\, O=Admins"),
        ("plus.pem", "CN=api+O=Admins"),
        ("hexreal.pem", "CN=#0C02FFFE"),
        ("hextext.pem", "CN=\\#fffe"),
    ] {
        assert_eq!(named(file).subject, subject, "{file}");
    }
    let (one, other) = (named("long1.pem"), named("long2.pem"));
    assert_eq!(one.subject.len(), "CN=".len() + 301);
    assert_ne!(one.subject, other.subject);
    assert_ne!(one.subject_der, other.subject_der);
    // The texts for people are cut.
    assert!(one.to_string().starts_with(&format!("{}.. (serial", &one.subject[..256])), "{one}");
    let issuers = ["admin.pem", "forged.pem", "long1.pem"].map(|file| (named(file).issuer, named(file).issuer_der));
    assert!(issuers.iter().all(|issuer| *issuer == issuers[0] && issuer.0 == "CN=Root"));
    // Issuers that differ only after the cut.
    let issued_by = |last: &str| {
        let ca = Ca::root(&format!("{}{last}", "x".repeat(300)));
        PeerIdentity::read(&ca.leaf("api", &["api.internal"]).der).unwrap()
    };
    let (one, other) = (issued_by("1"), issued_by("2"));
    assert!(one.issuer != other.issuer && one.issuer_der != other.issuer_der);
    assert_eq!(one.issuer.len(), "CN=".len() + 301);
}
