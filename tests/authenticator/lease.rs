//! A new proof renews the lease if the identity is the same.

use crate::common::*;
use crate::identity::Identity;
use countersign::authenticator::Claim;
use countersign::x509::{
    self, Answerer, Expect, Identities, JudgeOptions, Lease, Refusal, Reloadable, SignatureMemo, SigningKey, Trust,
};
use countersign::{Peer, Policy, Role};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;
use std::time::Duration;

/// A leaf with these names and a new key.
fn issue(common_name: &str, sans: &[&str]) -> Identity {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.is_ca = rcgen::IsCa::ExplicitNoCa;
    params.subject_alt_names = sans
        .iter()
        .map(|san| match (san.parse(), san.contains("://")) {
            (Ok(address), _) => rcgen::SanType::IpAddress(address),
            (_, true) => rcgen::SanType::URI((*san).try_into().unwrap()),
            // A user's principal name, as Active Directory has it.
            (_, false) if san.contains('@') => {
                rcgen::SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], (*san).into()))
            }
            (_, false) => rcgen::SanType::DnsName((*san).try_into().unwrap()),
        })
        .collect();
    let certificate = params.signed_by(&key, &PKI.root).unwrap();
    Identity { chain: vec![certificate.der().clone()], key: SigningKey::from_der(&key.serialize_der()).unwrap() }
}

fn at(later: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_795_435_200 + later))
}

fn trust() -> Trust {
    Trust::from_roots("root", PKI.root.der()).unwrap()
}

fn lease(identity: &Identity, expect: &[Expect]) -> Lease {
    let peer = Peer::new(Role::Client, &identity.chain);
    Lease::new(&trust().judge(&peer, &JudgeOptions::new(expect, at(0))).unwrap(), expect).unwrap()
}

/// The client proves this identity. Returns the result for the lease, one hour later.
fn renewed(lease: &Lease, next: &Identity, expect: &[Expect]) -> Result<Lease, Refusal> {
    renewed_under(&trust(), lease, next, expect)
}

fn renewed_under(trust: &Trust, lease: &Lease, next: &Identity, expect: &[Expect]) -> Result<Lease, Refusal> {
    proved(next, |claim| lease.renew(claim, trust, &JudgeOptions::new(expect, at(3600))))
}

/// The client proves this identity, as the server has asked.
fn proved<T>(next: &Identity, judge: impl FnOnce(&Claim<'_>) -> T) -> T {
    let mut pair = Pair::new(Policy::new());
    let (_, message) = request(&mut pair.server);
    let proving = asked(&mut pair.client, &message);
    let authenticator = prove(&pair.client, proving, next);
    judge(&claim(&mut pair.server, &authenticator))
}

#[test]
fn a_new_certificate_of_the_same_identity_renews_the_lease_and_another_ones_does_not() {
    let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Expect>>();
    let domain = parse(&["spiffe://example.org"]);
    let names = parse(&["b.test", "a.test"]);
    let any = vec![Expect::AnyTrusted];
    let spiffe = "spiffe://example.org/api";
    // The expected client; the names before; the names now; whether it is the same.
    type Case<'a> = (&'a [Expect], &'a [&'a str], &'a [&'a str], bool);
    let cases: [Case<'_>; 10] = [
        (&domain, &[spiffe], &[spiffe], true),
        (&domain, &[spiffe], &["spiffe://example.org/other"], false),
        (&any, &[spiffe, "a.test"], &[spiffe, "b.test"], true),
        (&any, &[spiffe, "a.test"], &["a.test"], false),
        (&names, &["a.test"], &["a.test", "c.test"], true),
        (&names, &["a.test"], &["b.test", "a.test"], true),
        (&names, &["a.test"], &["b.test"], false),
        (&any, &["a.test", "10.0.0.7"], &["10.0.0.7", "A.test"], true),
        (&any, &["a.test", "10.0.0.7"], &["a.test"], false),
        (&any, &["a.test"], &["a.test", "b.test"], false),
    ];
    for (expect, before, now, same) in cases {
        let before_lease = lease(&issue("client", before), expect);
        let next = issue("client", now);
        let renewed = renewed(&before_lease, &next, expect);
        match &renewed {
            Ok(renewed) => {
                assert_eq!(renewed.leaf(), next.chain[0].as_ref());
                assert_eq!((renewed.proved_at(), renewed.judged_at()), (at(3600), at(3600)));
            }
            Err(refusal) => {
                assert_eq!(refusal.name(), "OtherIdentity", "{before:?}, {now:?}: {refusal}");
                assert!(refusal.to_string().contains(before[0]), "{refusal}");
            }
        }
        assert_eq!(renewed.is_ok(), same, "{before:?}, {now:?}");
    }
    // Another subject, and no other name.
    let before = lease(&issue("client", &["a.test"]), &any);
    assert_eq!(renewed(&before, &issue("other", &["a.test"]), &any).unwrap_err().name(), "OtherIdentity");
    // A peer that a handshake would refuse now is refused with that reason.
    assert_eq!(renewed(&before, &issue("client", &["a.test"]), &domain).unwrap_err().name(), "Svid");
}

/// As in the handshake: our own certificate is nobody else's proof, and verified signatures are remembered.
#[test]
fn an_answerer_renews_by_the_rules_of_the_handshake() {
    let names = ["a.test"];
    let expect: [Expect; 1] = [names[0].parse().unwrap()];
    let (own, next) = (issue("server", &names), issue("client", &names));
    let before = lease(&issue("client", &names), &expect);
    let identities = Identities::new(x509::Identity::external(own.chain.clone(), vec![]).unwrap());
    let memo = Arc::new(SignatureMemo::new(8));
    let mut answerer = Answerer::new(
        Arc::new(Reloadable::new(identities)),
        Arc::new(Reloadable::new(trust())),
        expect.clone(),
        at(3600),
    )
    .with_memo(memo.clone());
    let renewed = proved(&next, |claim| answerer.renew(&before, claim)).unwrap();
    assert_eq!((renewed.leaf(), renewed.proved_at(), memo.len()), (next.chain[0].as_ref(), at(3600), 1));
    assert_eq!(proved(&own, |claim| answerer.renew(&before, claim)).unwrap_err().name(), "OwnCertificate");
}

/// Names that people cannot read, or that are too long to read, are a part of the identity.
#[test]
fn names_are_compared_whole_and_of_every_kind() {
    let any = [Expect::AnyTrusted];
    let long = |end: &str| format!("https://users.test/{}{end}", "x".repeat(300));
    for [who, other] in
        [["alice@example.org".to_owned(), "mallory@example.org".to_owned()], [long("alice"), long("mallory")]]
    {
        let before = lease(&issue("user", &[&who]), &any);
        renewed(&before, &issue("user", &[&who]), &any).unwrap();
        assert_eq!(renewed(&before, &issue("user", &[&other]), &any).unwrap_err().name(), "OtherIdentity", "{other}");
    }
}

/// A root that is bound to a trust domain vouches for SPIFFE IDs only, so the old name is not proved under it.
#[test]
fn a_name_is_not_renewed_under_a_root_that_vouches_for_spiffe_ids() {
    let expect: [Expect; 2] = ["a.test".parse().unwrap(), "spiffe://example.org".parse().unwrap()];
    let before = lease(&issue("client", &["a.test"]), &expect);
    let next = issue("client", &["spiffe://example.org/api", "a.test"]);
    renewed(&before, &next, &expect).unwrap();
    let bundle = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle", PKI.root.der());
    let refusal = renewed_under(&bundle.build().unwrap(), &before, &next, &expect).unwrap_err();
    assert_eq!(refusal.name(), "OtherIdentity");
}

/// Devices that are identified by their keys may all have one name.
#[test]
fn who_was_accepted_by_a_key_is_renewed_by_that_key() {
    let [one, other] = [issue("device", &["device.test"]), issue("device", &["device.test"])];
    let pins = [&one, &other].map(|device| Expect::public_key(Peer::new(Role::Client, &device.chain).spki().unwrap()));
    let before = lease(&one, &pins);
    renewed(&before, &one, &pins).unwrap();
    let refusal = renewed(&before, &other, &pins).unwrap_err();
    assert_eq!(refusal.name(), "OtherIdentity");
    assert!(refusal.to_string().contains("the key with SHA-256"), "{refusal}");
}

/// Authenticators have certificates only (RFC 9261 §5.2.1). A pinned key does not make a certificate of it the same identity.
#[test]
fn a_raw_public_key_is_not_renewed_by_a_certificate_even_of_the_same_key() {
    let device = issue("device", &["device.test"]);
    let spki = [CertificateDer::from(Peer::new(Role::Client, &device.chain).spki().unwrap())];
    let pin = [Expect::public_key(&spki[0])];
    let raw = Peer::raw_public_key(Role::Client, &spki);
    let before = Lease::new(&trust().judge(&raw, &JudgeOptions::new(&pin, at(0))).unwrap(), &pin).unwrap();
    let refusal = renewed(&before, &device, &pin).unwrap_err();
    assert_eq!(refusal.name(), "OtherIdentity");
    assert!(refusal.to_string().contains("another raw public key"), "{refusal}");
}

/// Nobody knows when a spontaneous authenticator was made.
#[test]
fn an_unasked_proof_renews_the_lease_but_not_the_moment_of_the_proof() {
    let server = issue("server", &["server.test"]);
    let expect: [Expect; 1] = ["server.test".parse().unwrap()];
    let peer = Peer::new(Role::Server, &server.chain);
    let accepted = trust().judge(&peer, &JudgeOptions::new(&expect, at(0))).unwrap();
    let lease = Lease::new(&accepted, &expect).unwrap();
    let next = issue("server", &["server.test"]);
    let mut pair = Pair::new(Policy::new());
    let proving = pair.server.prove_unasked().unwrap();
    let unasked = prove(&pair.server, proving, &next);
    let claim = claim(&mut pair.client, &unasked);
    let renewed = lease.renew(&claim, &trust(), &JudgeOptions::new(&expect, at(3600))).unwrap();
    assert_eq!((renewed.leaf(), renewed.judged_at()), (next.chain[0].as_ref(), at(3600)));
    assert_eq!(renewed.proved_at(), at(0));
}
