//! Our identity: chains and keys from files, and external keys.

use crate::pki::{Ca, Leaf, pem};
use countersign::SignatureScheme;
use countersign::x509::{Identity, IdentityError, SignError};
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

const P256: SignatureScheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
const P384: SignatureScheme = SignatureScheme::ECDSA_SECP384R1_SHA384;
const ED25519: SignatureScheme = SignatureScheme::ED25519;
const PSS: SignatureScheme = SignatureScheme::RSA_PSS_RSAE_SHA256;

struct World {
    root: Ca,
    upper: Ca,
    lower: Ca,
    leaf: Leaf,
}

impl World {
    fn new() -> World {
        let root = Ca::root("Root");
        let upper = root.intermediate("Upper");
        let lower = upper.intermediate("Lower");
        let leaf = lower.leaf("pod", &["pod.internal"]);
        World { root, upper, lower, leaf }
    }
}

/// All permutations.
fn orders(parts: &[String]) -> Vec<Vec<String>> {
    if parts.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for index in 0..parts.len() {
        let mut rest = parts.to_vec();
        let first = rest.remove(index);
        all.extend(orders(&rest).into_iter().map(|order| [vec![first.clone()], order].concat()));
    }
    all
}

/// RFC 9846 §4.5.1.1, RFC 6962 §3.3: what is stapled if the peer asks for it.
#[test]
fn a_credential_has_the_staples_of_its_identity() {
    let leaf = World::new().leaf;
    let identity = Identity::from_pem_or_der(&leaf.der, &leaf.key.serialize_der()).unwrap();
    let staples = |identity: &Identity| {
        let credential = identity.credential();
        [credential.ocsp_staple, credential.scts].map(|staple| staple.map(<[u8]>::to_vec))
    };
    assert_eq!(staples(&identity), [None, None]);
    let identity = identity.with_ocsp_staple(b"response".to_vec());
    assert_eq!(staples(&identity), [Some(b"response".to_vec()), None]);
    let identity = identity.with_scts(b"list".to_vec());
    assert_eq!(staples(&identity), [Some(b"response".to_vec()), Some(b"list".to_vec())]);
}

#[test]
fn one_file_holds_the_key_and_its_chain_in_any_order() {
    let w = World::new();
    let certificate = |der: &[u8]| pem("CERTIFICATE", der);
    let parts = [
        w.leaf.key.serialize_pem(),
        certificate(&w.leaf.der),
        certificate(&w.lower.der),
        certificate(&w.upper.der),
        certificate(&w.root.der),
    ];
    for order in orders(&parts) {
        let identity = Identity::from_pem(order.concat().as_bytes()).unwrap();
        let chain: Vec<&[u8]> = identity.chain().iter().map(|der| &der[..]).collect();
        assert_eq!(chain, [&w.leaf.der[..], &w.lower.der, &w.upper.der, &w.root.der]);
        assert!(identity.sign(P256, b"message").is_ok());
    }
}

#[test]
fn a_file_without_its_keys_certificate_or_without_either_is_no_identity() {
    let w = World::new();
    let (key, ca) = (w.leaf.key.serialize_pem(), pem("CERTIFICATE", &w.lower.der));
    let error = |file: &str| Identity::from_pem(file.as_bytes()).err().unwrap();
    assert_eq!(error(&[&*key, &ca].concat()), IdentityError::NoCertificateOfKey);
    assert_eq!(error(&key), IdentityError::OtherKind("the file holds only PRIVATE KEY (line 1)".into()));
    assert_eq!(error("text"), IdentityError::NoCertificate);
    assert!(matches!(error(&ca), IdentityError::Key(_)));
}

#[test]
fn a_chain_whose_key_is_elsewhere_is_read_from_pem_and_signs_nothing_here() {
    let w = World::new();
    let chain = [&w.leaf.der, &w.lower.der].map(|der| pem("CERTIFICATE", der)).concat();
    let identity = Identity::external_from_pem(chain.as_bytes(), vec![P256]).unwrap();
    assert_eq!(identity.chain(), [w.leaf.der, w.lower.der]);
    assert_eq!(identity.credential().schemes, [P256]);
    assert_eq!(identity.sign(P256, b"message"), Err(SignError::KeyElsewhere));
    assert_eq!(Identity::external_from_pem(b"", vec![]).err(), Some(IdentityError::NoCertificate));
}

/// A key that no peer accepts is reported when it is loaded, and not in the handshake.
#[test]
fn an_external_key_that_signs_no_handshake_is_no_identity() {
    for (name, kind) in [("e448.pem", "Ed448"), ("leaf16384.pem", "RSA of 16384 bits")] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/key_kinds").join(name);
        let chain = std::fs::read(path).unwrap();
        let error = Identity::external_from_pem(&chain, vec![]).err().unwrap();
        assert_eq!(error, IdentityError::UnsupportedKey(kind.into()));
        let error = Identity::external_from_pem(&chain, vec![P256]).err().unwrap();
        assert_eq!(error, IdentityError::SchemeDoesNotFitKey(P256));
    }
}

#[test]
fn an_external_key_has_only_schemes_that_its_certificate_allows() {
    let root = Ca::root("Root");
    for (algorithm, scheme) in
        [(&rcgen::PKCS_ECDSA_P256_SHA256, P256), (&PKCS_ECDSA_P384_SHA384, P384), (&PKCS_ED25519, ED25519)]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let leaf = crate::pki::leaf_params("api", &["api.internal"]).signed_by(&key, &root.issuer()).unwrap();
        let external = |schemes: &[SignatureScheme]| {
            Identity::external(vec![leaf.der().clone()], schemes.to_vec()).map(|_| ()).map_err(|error| match error {
                IdentityError::SchemeDoesNotFitKey(scheme) => scheme,
                other => panic!("{other}"),
            })
        };
        assert_eq!(external(&[]), Ok(()), "all that it can have");
        for each in [P256, P384, ED25519, PSS, SignatureScheme::RSA_PKCS1_SHA256] {
            assert_eq!(external(&[scheme, each]), if each == scheme { Ok(()) } else { Err(each) });
        }
    }
}
