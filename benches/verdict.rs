//! What a verdict costs: leaf and intermediate (P-256), against the two signatures that it must verify at least.
//!
//! Targets: `fresh` at most 5 % over `signatures`; `remembered` under 5 us.
#![allow(missing_docs, clippy::unwrap_used)]

use countersign::x509::{Expect, Terms, Trust, VerifiedChains};
use countersign::{Peer, Role, Verdict};
use criterion::{Criterion, criterion_group, criterion_main};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::hint::black_box;
use std::time::Duration;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

/// Verifies a certificate's signature and nothing else.
fn signature(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) {
    let key = &issuer.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
        .verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data)
        .unwrap();
}

fn verdict(c: &mut Criterion) {
    let root = CertifiedIssuer::self_signed(ca("Root"), KeyPair::generate().unwrap()).unwrap();
    let issuing = CertifiedIssuer::signed_by(ca("Issuing"), KeyPair::generate().unwrap(), &root).unwrap();
    let mut leaf = CertificateParams::new(vec!["api.internal".to_string()]).unwrap();
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &issuing).unwrap();
    let chain: [CertificateDer<'_>; 2] = [leaf.der().clone(), issuing.der().clone()];
    let parse = |der| X509Certificate::from_der(der).unwrap().1;
    let parsed = [parse(leaf.der()), parse(issuing.der()), parse(root.der())];

    let trust = Trust::from_roots("root", root.der()).unwrap();
    let expect: [Expect; 1] = ["api.internal".parse().unwrap()];
    let cache = VerifiedChains::new(1024);
    let fresh = Terms::new(&expect, UnixTime::since_unix_epoch(Duration::from_secs(1_795_435_200)));
    let judge = |terms: &Terms<'_>| {
        let judgement = trust.judge(&Peer::new(Role::Server, black_box(&chain)), terms);
        assert_eq!(judgement.verdict, Verdict::Accept);
        judgement
    };

    let mut group = c.benchmark_group("verdict");
    group.bench_function("signatures", |b| {
        b.iter(|| {
            signature(black_box(&parsed[0]), &parsed[1]);
            signature(black_box(&parsed[1]), &parsed[2]);
        });
    });
    group.bench_function("fresh", |b| b.iter(|| judge(&fresh)));
    let remembered = Terms { cache: Some(&cache), ..fresh };
    group.bench_function("remembered", |b| b.iter(|| judge(&remembered)));
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);
