//! Keys and signatures at the limits of what is verified: verdict and handshake agree, and a good signature is never
//! called wrong.

use crate::pki::at;
use countersign::internals::asn1::Certificate;
use countersign::internals::crypto::schemes_for;
use countersign::x509::{Expect, FaultyCertificate, JudgeOptions, RefusalReason, Trust};
use countersign::{Peer, Role};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::PathBuf;

/// 2026-12-01 00:00:00 UTC.
const NOW: u64 = 1_796_083_200;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/key_kinds").join(name)).unwrap()
}

fn chain(name: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(&file(name)).collect::<Result<_, _>>().unwrap()
}

/// The verdict on a client with this chain, under this root.
fn judge(leaf: &str, root: &str) -> Result<(), (FaultyCertificate, RefusalReason)> {
    let trust = Trust::from_roots(root, &file(root)).unwrap();
    let chain = chain(leaf);
    let judged = trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&[Expect::AnyTrusted], at(NOW)));
    judged.map(drop).map_err(|refusal| (refusal.certificate().clone(), refusal.reason().clone()))
}

fn unsupported_key(key: &str) -> RefusalReason {
    RefusalReason::UnsupportedKey(key.to_string())
}

#[test]
fn a_key_is_accepted_up_to_the_size_that_can_be_verified() {
    for (leaf, root) in [("rsa4096leaf.pem", "roots.pem"), ("leaf8192.pem", "rr.pem"), ("under8192.pem", "r8192.pem")] {
        assert_eq!(judge(leaf, root), Ok(()), "{leaf}");
    }
    for (leaf, root, key) in [
        ("leaf16384.pem", "rr.pem", "RSA of 16384 bits"),
        ("rsa1024leaf.pem", "roots.pem", "RSA of 1024 bits"),
        ("pssleaf.pem", "rr.pem", "RSASSA-PSS"),
    ] {
        assert_eq!(judge(leaf, root), Err((FaultyCertificate::Leaf, unsupported_key(key))), "{leaf}");
    }
    let (certificate, reason) = judge("rsa1024int.pem", "roots.pem").unwrap_err();
    assert_eq!(reason, unsupported_key("RSA of 1024 bits"));
    assert!(matches!(certificate, FaultyCertificate::Intermediate { place: 1, .. }), "{certificate:?}");
}

/// CertificateVerify is checked by the same rules as the leaf's key.
#[test]
fn the_judge_accepts_the_keys_that_the_handshake_verifies() {
    for name in ["rsa4096leaf.pem", "leaf8192.pem", "leaf16384.pem", "rsa1024leaf.pem", "p521leaf.pem", "pssleaf.pem"] {
        let chain = chain(name);
        let leaf = Certificate::from_der(&chain[0]).unwrap();
        let root =
            if ["leaf8192.pem", "leaf16384.pem", "pssleaf.pem"].contains(&name) { "rr.pem" } else { "roots.pem" };
        assert_eq!(judge(name, root).is_ok(), !schemes_for(&leaf.spki.key).is_empty(), "{name}");
    }
}

/// aws-lc-rs verifies P-521, and SHA-512 with any curve. *ring* does not, and the refusal says so.
#[test]
fn p521_and_ecdsa_with_sha_512_are_verified_by_one_provider_only() {
    let fault = |leaf: &str, root: &str| judge(leaf, root).map_err(|(_, reason)| reason);
    let only_there = |reason: RefusalReason| if cfg!(feature = "aws-lc-rs") { Ok(()) } else { Err(reason) };
    let unsupported = RefusalReason::UnsupportedSignature("ecdsa-with-SHA512".into());
    assert_eq!(fault("p521leaf.pem", "roots.pem"), only_there(unsupported_key("ECDSA on P-521")));
    assert_eq!(fault("p521int.pem", "roots.pem"), only_there(unsupported.clone()));
    assert_eq!(fault("sha512-under256.pem", "sha512-p256.pem"), only_there(unsupported.clone()));
    assert_eq!(fault("sha512-under384.pem", "sha512-p384.pem"), only_there(unsupported));
    let root = Trust::from_roots("p521root.pem", &file("p521root.pem")).err();
    assert_eq!(root.is_some(), !cfg!(feature = "aws-lc-rs"), "{root:?}");
}

#[test]
fn a_root_whose_key_verifies_nothing_is_a_problem_when_it_is_loaded() {
    for (root, key) in [("r16384.pem", "RSA of 16384 bits"), ("pssroot.pem", "RSASSA-PSS"), ("e448.pem", "Ed448")] {
        let error = Trust::from_roots(root, &file(root)).err().unwrap();
        let [problem] = &error.problems[..] else { panic!("{error}") };
        assert_eq!(problem.line, 1);
        assert!(problem.what.contains(&format!("it has a weak or unsupported key, {key} (")), "{problem}");
    }
}

#[test]
fn a_signature_that_cannot_be_verified_is_called_by_its_name() {
    let unsupported = |algorithm: &str| RefusalReason::UnsupportedSignature(algorithm.to_string());
    for (leaf, root, reason) in [
        ("psssig.pem", "rr.pem", unsupported("RSASSA-PSS with SHA-256 and a salt of 222 octets (32 are needed)")),
        ("psssalt.pem", "rr.pem", unsupported("RSASSA-PSS with SHA-256 and a salt of 20 octets (32 are needed)")),
        ("sha1.pem", "rr.pem", RefusalReason::WeakSignature("SHA-1")),
        ("md5.pem", "rr.pem", RefusalReason::WeakSignature("MD5")),
    ] {
        assert_eq!(judge(leaf, root).unwrap_err().1, reason, "{leaf}");
    }
}
