//! What a root may vouch for: its own constraints hold, and a trust domain has its own roots.

use crate::pki::{Ca, NOW, at};
use crate::trust::{dns, judge, trust};
use countersign::Role;
use countersign::x509::{
    Expect, FaultyCertificate, JudgeOptions, PeerIdentity, Refusal, RefusalReason, Trust, TrustBuilder,
};
use countersign::{Peer, Verdict};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose as Purpose, GeneralSubtree, IsCa};
use rcgen::{DnType, NameConstraints, SanType};
use rustls_pki_types::CertificateDer;

const ID: &str = "spiffe://example.org/api";

fn is_root(certificate: &FaultyCertificate) -> bool {
    matches!(certificate, FaultyCertificate::Root { subject, .. } if subject == "CN=Root")
}

/// RFC 5280 §4.2.1.9: the number of intermediates below a CA, and also below a root.
#[test]
fn a_roots_path_length_holds() {
    for most in 0..3 {
        let root = Ca::root_with("Root", |params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most)));
        let trust = trust(&[&root]);
        let mut cas = vec![root];
        for below in 0..4_usize {
            let leaf = cas.last().unwrap().leaf("api", &["api.internal"]);
            let chain: Vec<&CertificateDer<'_>> =
                std::iter::once(&leaf.der).chain(cas[1..].iter().rev().map(|ca| &ca.der)).collect();
            match judge(&trust, Role::Server, &chain, &dns("api.internal"), NOW) {
                Ok(_) => assert!(below <= usize::from(most)),
                Err(refusal) => {
                    assert!(below > usize::from(most), "{refusal}");
                    assert!(is_root(refusal.certificate()), "{refusal}");
                    assert_eq!(refusal.reason(), &RefusalReason::PathLength { below, most: most.into() });
                }
            }
            let next = cas.last().unwrap().intermediate(&format!("CA {below}"));
            cas.push(next);
        }
    }
}

/// RFC 5280 §4.2.1.12: the extKeyUsage of a root limits what it vouches for, whether or not it is critical.
#[test]
fn a_roots_purposes_hold() {
    for (purposes, clients, servers) in [
        (vec![], true, true),
        (vec![Purpose::ClientAuth], true, false),
        (vec![Purpose::ServerAuth], false, true),
        (vec![Purpose::ServerAuth, Purpose::ClientAuth], true, true),
        (vec![Purpose::EmailProtection], false, false),
        (vec![Purpose::EmailProtection, Purpose::Any], true, true),
    ] {
        let root = Ca::root_with("Root", |params| params.extended_key_usages = purposes.clone());
        let leaf = root.leaf("api", &["api.internal"]);
        for (role, allowed) in [(Role::Client, clients), (Role::Server, servers)] {
            let judged = judge(&trust(&[&root]), role, &[&leaf.der], &dns("api.internal"), NOW);
            assert_eq!(judged.is_ok(), allowed, "{purposes:?} {role}");
            if let Err(refusal) = judged {
                assert_eq!(refusal.reason(), &RefusalReason::ExtKeyUsage(role));
                assert!(is_root(refusal.certificate()), "{refusal}");
            }
        }
    }
}

/// RFC 5280 §4.2.1.10.
#[test]
fn a_roots_name_constraints_hold() {
    let root = Ca::root_with("Root", |params| {
        let permitted_subtrees = vec![GeneralSubtree::DnsName("internal".into())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: vec![] });
    });
    for (name, allowed) in [("api.internal", true), ("api.example", false)] {
        let leaf = root.leaf("api", &[name]);
        let judged = judge(&trust(&[&root]), Role::Server, &[&leaf.der], &dns(name), NOW);
        assert_eq!(judged.is_ok(), allowed, "{name}");
    }
}

/// RFC 5280 §4.2.1.10: without subjectAltName, constraints apply to emailAddress in the subject. They are not compared,
/// so such a name is refused.
#[test]
fn constraints_on_addresses_reach_the_subject_of_a_certificate_without_alternative_names() {
    let address = |params: &mut CertificateParams| {
        let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
        params.distinguished_name.push(email, "mallory@evil.test");
    };
    let subtree = |base: &str| vec![GeneralSubtree::Rfc822Name(base.into())];
    let permitted = NameConstraints { permitted_subtrees: subtree("good.test"), excluded_subtrees: vec![] };
    let excluded = NameConstraints { permitted_subtrees: vec![], excluded_subtrees: subtree("evil.test") };
    let dns_only =
        NameConstraints { permitted_subtrees: vec![GeneralSubtree::DnsName("test".into())], excluded_subtrees: vec![] };
    for (constraints, bind) in [(Some(permitted), true), (Some(excluded), true), (Some(dns_only), false), (None, false)]
    {
        let constrain = |params: &mut CertificateParams| params.name_constraints = constraints.clone();
        let (free, constrained) = (Ca::root("Free"), Ca::root_with("Constrained", constrain));
        let below_free = free.intermediate_with("Below", constrain);
        let (below_constrained, addressed) =
            (constrained.intermediate("Below"), constrained.intermediate_with("Below", address));
        // A constraint does not apply to its own CA.
        let itself = free.intermediate_with("Itself", |params| {
            constrain(params);
            address(params);
        });
        let leaf = |ca: &Ca| ca.leaf_with("client", &[], address).der;
        for (name, chain, reached) in [
            ("root", vec![leaf(&constrained)], Some(FaultyCertificate::Leaf)),
            (
                "root above",
                vec![leaf(&below_constrained), below_constrained.der.clone()],
                Some(FaultyCertificate::Leaf),
            ),
            ("intermediate", vec![leaf(&below_free), below_free.der.clone()], Some(FaultyCertificate::Leaf)),
            ("no CA", vec![leaf(&free)], None),
            ("another name", vec![constrained.leaf("client", &[]).der], None),
            ("an alternative name", vec![constrained.leaf_with("client", &["a.test"], address).der], None),
            ("itself", vec![itself.leaf("client", &[]).der, itself.der.clone()], None),
        ] {
            let judged = judge(&trust(&[&free, &constrained]), Role::Client, &refs(&chain), &[Expect::AnyTrusted], NOW);
            let right =
                reached.filter(|_| bind).map(|at| (at, RefusalReason::UnsupportedConstraint("e-mail addresses")));
            let told = judged.err().map(|refusal| (refusal.certificate().clone(), refusal.reason().clone()));
            assert_eq!(told, right, "{name} {constraints:?}");
        }
        let chain = [addressed.leaf("client", &[]).der, addressed.der.clone()];
        let judged = judge(&trust(&[&constrained]), Role::Client, &refs(&chain), &[Expect::AnyTrusted], NOW);
        let refused = |refusal: &Refusal| {
            matches!(refusal.certificate(), FaultyCertificate::Intermediate { place: 1, .. })
                && refusal.name() == "UnsupportedConstraint"
        };
        assert_eq!(judged.as_ref().is_err_and(refused), bind, "{judged:?}");
        assert_eq!(judged.is_ok(), !bind);
    }
}

fn refs<'a>(chain: &'a [CertificateDer<'static>]) -> Vec<&'a CertificateDer<'static>> {
    chain.iter().collect()
}

fn verdict(trust: &Trust, leaf: &CertificateDer<'_>, expect: Expect) -> Result<PeerIdentity, &'static str> {
    let expect = [expect];
    let judged =
        trust.judge(&Peer::new(Role::Client, core::slice::from_ref(leaf)), &JudgeOptions::new(&expect, at(NOW)));
    judged.map(|accepted| accepted.identity().unwrap()).map_err(|refusal| refusal.name())
}

fn bundle(builder: TrustBuilder, domain: &str, root: &Ca) -> TrustBuilder {
    builder.spiffe_bundle(domain.parse().unwrap(), domain, &root.der)
}

#[test]
fn under_a_root_of_a_trust_domain_no_other_name_matches() {
    let root = Ca::root("Root");
    let trust = bundle(Trust::builder(), "example.org", &root).build().unwrap();
    let leaf = root.leaf("api", &[ID, "api.internal", "10.0.0.7"]).der;
    for expect in ["api.internal", "10.0.0.7"] {
        assert_eq!(verdict(&trust, &leaf, expect.parse().unwrap()), Err("NotAllowed"));
    }
    for expect in [ID.parse().unwrap(), "spiffe://example.org".parse().unwrap(), Expect::AnyTrusted] {
        let identity = verdict(&trust, &leaf, expect).unwrap();
        assert_eq!(identity.spiffe_id.unwrap().as_str(), ID);
        assert!(identity.dns_names.is_empty() && identity.ip_addresses.is_empty());
    }
    // It vouches for nothing but an ID of its domain.
    for sans in [&["api.internal"][..], &["spiffe://example.com/api"], &["https://example.org/api"]] {
        assert!(verdict(&trust, &root.leaf("api", sans).der, Expect::AnyTrusted).is_err(), "{sans:?}");
    }
}

#[test]
fn a_root_without_a_trust_domain_vouches_for_no_id_of_one_that_has_roots() {
    let (bound, free) = (Ca::root("Bound"), Ca::root("Free"));
    let builder = Trust::builder().roots("free", &free.der);
    let before = builder.build().unwrap();
    let builder = bundle(Trust::builder().roots("free", &free.der), "example.org", &bound);
    let after = builder.build().unwrap();
    let as_written = |uri: &str| {
        let uri = uri.to_owned();
        free.leaf_with("api", &["api.internal"], |params: &mut CertificateParams| {
            params.subject_alt_names.push(SanType::URI(uri.as_str().try_into().unwrap()));
        })
    };
    // Also if the ID is invalid by the standard, and somebody might accept it.
    for uri in [
        ID,
        "spiffe://example.org",
        "SPIFFE://Example.org/api",
        "spiffe://example.org:443/a",
        "spiffe://a@example.org/",
    ] {
        let leaf = as_written(uri).der;
        assert!(verdict(&before, &leaf, Expect::AnyTrusted).is_ok(), "{uri}");
        assert_eq!(verdict(&after, &leaf, Expect::AnyTrusted), Err("ForeignTrustDomain"), "{uri}");
        assert_eq!(verdict(&after, &leaf, "api.internal".parse().unwrap()), Err("ForeignTrustDomain"), "{uri}");
    }
    for uri in [
        "spiffe://example.com/api",
        "spiffe://sub.example.org/api",
        "https://example.org/api",
        "spiffe://example.orga/x",
    ] {
        assert!(verdict(&after, &as_written(uri).der, Expect::AnyTrusted).is_ok(), "{uri}");
    }
    // Another root's certificate for the same key and name, which is in the bundle, does vouch.
    let both = bundle(Trust::builder().roots("free", &free.der), "example.org", &free).build().unwrap();
    assert!(verdict(&both, &as_written(ID).der, ID.parse().unwrap()).is_ok());
}

/// Public CAs issue certificates for servers only. Some services use them as clients.
#[test]
fn a_servers_certificate_proves_a_client_only_if_policy_says_so_by_name() {
    let servers = |params: &mut CertificateParams| params.extended_key_usages = vec![Purpose::ServerAuth];
    let root = Ca::root_with("Root", servers);
    let ca = root.intermediate_with("CA", servers);
    let chain = [ca.leaf_with("api", &["api.internal"], servers).der, ca.der.clone()];
    let neither = [
        ca.leaf_with("api", &["api.internal"], |params| params.extended_key_usages = vec![Purpose::CodeSigning]).der,
        ca.der.clone(),
    ];
    let builder = || Trust::builder().roots("roots", &root.der);
    let relaxed = || builder().accept_server_certificates_of_clients();
    for (builder, accepted) in [
        (builder(), false),
        (builder().require_extended_key_usage(), false),
        (relaxed(), true),
        (relaxed().require_extended_key_usage(), true),
    ] {
        let trust = builder.build().unwrap();
        let judge = |role, chain: &[CertificateDer<'_>]| {
            let expect: [Expect; 1] = ["api.internal".parse().unwrap()];
            trust.judge(&Peer::new(role, chain), &JudgeOptions::new(&expect, at(NOW)))
        };
        assert_eq!(judge(Role::Client, &chain).is_ok(), accepted);
        assert_eq!(Verdict::from(&judge(Role::Server, &chain)), Verdict::Accept);
        assert!(judge(Role::Client, &neither).is_err() && judge(Role::Server, &neither).is_err());
    }
}

/// Not the other way: a client's certificate is not valid for a server.
#[test]
fn a_clients_certificate_never_proves_a_server() {
    let root = Ca::root("Root");
    let leaf =
        root.leaf_with("api", &["api.internal"], |params| params.extended_key_usages = vec![Purpose::ClientAuth]);
    let trust = Trust::builder().roots("roots", &root.der).accept_server_certificates_of_clients().build().unwrap();
    let judged = judge(&trust, Role::Server, &[&leaf.der], &dns("api.internal"), NOW);
    assert_eq!(judged.unwrap_err().reason(), &RefusalReason::ExtKeyUsage(Role::Server));
}
