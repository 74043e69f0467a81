//! Signatures of CertificateVerify: the schemes of each key, and what is refused (RFC 9846 §4.3.3, §4.5.2).

use crate::vectors::Vectors;
use countersign::internals::asn1::{PublicKey, UnsupportedKey, oid};
use countersign::internals::codec::SignatureScheme;
use countersign::internals::crypto::{CryptoMode, VerifyError, schemes_for, verify};
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

const MESSAGE: &[u8] = b"the message that is signed";

/// A public key with a valid signature of [`MESSAGE`].
struct Signed {
    public: Vec<u8>,
    kind: fn(&[u8]) -> PublicKey<'_>,
    scheme: SignatureScheme,
    signature: Vec<u8>,
}

impl Signed {
    fn verify(&self, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        verify(scheme, &(self.kind)(&self.public), message, signature, CryptoMode::Real)
    }
}

fn ecdsa(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    kind: fn(&[u8]) -> PublicKey<'_>,
    scheme: SignatureScheme,
) -> Signed {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap();
    let signature = key.sign(&random, MESSAGE).unwrap().as_ref().to_vec();
    Signed { public: key.public_key().as_ref().to_vec(), kind, scheme, signature }
}

fn ed25519() -> Signed {
    let key = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    Signed {
        public: key.public_key().as_ref().to_vec(),
        kind: |key| PublicKey::Ed25519(key.try_into().unwrap()),
        scheme: SignatureScheme::ED25519,
        signature: key.sign(MESSAGE).as_ref().to_vec(),
    }
}

fn rsa(modulus: usize, scheme: SignatureScheme, digest: &str) -> Signed {
    let vectors = Vectors::parse(include_str!("../../vectors/rsa_pss.txt"));
    Signed {
        public: vectors.value(&format!("rsa_{modulus}_public_key")).to_vec(),
        kind: match modulus {
            2048 => |pkcs1| PublicKey::Rsa { pkcs1, modulus_bits: 2048 },
            _ => |pkcs1| PublicKey::Rsa { pkcs1, modulus_bits: 4096 },
        },
        scheme,
        signature: vectors.value(&format!("rsa_{modulus}_{digest}")).to_vec(),
    }
}

/// Only aws-lc-rs verifies with P-521.
#[cfg(feature = "aws-lc-rs")]
fn p521() -> Signed {
    let vectors = Vectors::parse(include_str!("../../vectors/ecdsa_p521.txt"));
    Signed {
        public: vectors.value("p521_public_key").to_vec(),
        kind: |point| PublicKey::P521(point),
        scheme: SignatureScheme::ECDSA_SECP521R1_SHA512,
        signature: vectors.value("p521_sha512").to_vec(),
    }
}

fn all() -> Vec<Signed> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        p521(),
        ecdsa(
            &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
            |point| PublicKey::P256(point),
            SignatureScheme::ECDSA_SECP256R1_SHA256,
        ),
        ecdsa(
            &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
            |point| PublicKey::P384(point),
            SignatureScheme::ECDSA_SECP384R1_SHA384,
        ),
        ed25519(),
        rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA256, "sha256"),
        rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA384, "sha384"),
        rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA512, "sha512"),
        rsa(4096, SignatureScheme::RSA_PSS_RSAE_SHA256, "sha256"),
    ]
}

#[test]
fn a_good_signature_stands() {
    for signed in all() {
        assert_eq!(signed.verify(signed.scheme, MESSAGE, &signed.signature), Ok(()), "{}", signed.scheme);
    }
}

#[test]
fn another_message_or_a_damaged_signature_does_not_stand() {
    for signed in all() {
        let bad = Err(VerifyError::BadSignature);
        assert_eq!(signed.verify(signed.scheme, b"the massage that is signed", &signed.signature), bad);
        assert_eq!(signed.verify(signed.scheme, MESSAGE, &[]), bad);
        assert_eq!(signed.verify(signed.scheme, MESSAGE, &[&signed.signature[..], &[0]].concat()), bad);
        for byte in 0..signed.signature.len() {
            let mut damaged = signed.signature.clone();
            damaged[byte] ^= 0x40;
            assert_eq!(signed.verify(signed.scheme, MESSAGE, &damaged), bad, "{} byte {byte}", signed.scheme);
        }
    }
}

/// §4.3.3: a scheme names its curve or its kind of key; PKCS#1 v1.5 and SHA-1 never sign handshakes.
#[test]
fn a_key_signs_with_its_own_schemes_only() {
    for signed in all() {
        let key = (signed.kind)(&signed.public);
        assert!(schemes_for(&key).contains(&signed.scheme));
        for scheme in (0..=u16::MAX).map(SignatureScheme).filter(|scheme| !schemes_for(&key).contains(scheme)) {
            let refused = Err(VerifyError::SchemeDoesNotFitKey);
            assert_eq!(verify(scheme, &key, MESSAGE, &signed.signature, CryptoMode::Real), refused);
            assert_eq!(verify(scheme, &key, MESSAGE, &signed.signature, CryptoMode::Null), refused);
        }
    }
}

#[test]
fn rsa_digests_are_not_interchangeable() {
    let signed = rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA256, "sha256");
    for scheme in [SignatureScheme::RSA_PSS_RSAE_SHA384, SignatureScheme::RSA_PSS_RSAE_SHA512] {
        assert_eq!(signed.verify(scheme, MESSAGE, &signed.signature), Err(VerifyError::BadSignature));
    }
}

// req: 9846-4.3.3-4
/// §4.3.3: the salt is as long as the digest.
#[test]
fn an_rsa_pss_salt_of_another_length_is_refused() {
    let signed = rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA256, "sha256_salt_20");
    assert_eq!(signed.verify(signed.scheme, MESSAGE, &signed.signature), Err(VerifyError::BadSignature));
}

#[test]
fn rsa_keys_have_2048_to_8192_bits() {
    let pkcs1 = &rsa(2048, SignatureScheme::RSA_PSS_RSAE_SHA256, "sha256").public;
    for modulus_bits in [0, 1024, 2047, 2048, 2049, 3072, 4096, 4097, 8191, 8192, 8193, 16384, usize::MAX] {
        let key = PublicKey::Rsa { pkcs1, modulus_bits };
        let accepted = (2048..=8192).contains(&modulus_bits);
        assert_eq!(!schemes_for(&key).is_empty(), accepted);
        let verdict = verify(SignatureScheme::RSA_PSS_RSAE_SHA256, &key, MESSAGE, &[], CryptoMode::Real);
        let expected = if accepted { VerifyError::BadSignature } else { VerifyError::UnsupportedKey };
        assert_eq!(verdict, Err(expected), "{modulus_bits}");
    }
}

#[test]
fn a_key_of_another_kind_is_unsupported_whatever_the_scheme() {
    for scheme in [SignatureScheme::ED25519, SignatureScheme::ED448, SignatureScheme::RSA_PSS_PSS_SHA256] {
        for mode in [CryptoMode::Real, CryptoMode::Null] {
            let verdict =
                verify(scheme, &PublicKey::Unsupported(UnsupportedKey::Algorithm(oid::ED448)), MESSAGE, &[], mode);
            assert_eq!(verdict, Err(VerifyError::UnsupportedKey));
        }
    }
}

#[test]
fn bytes_that_are_no_key_verify_nothing() {
    for signed in all() {
        let key = vec![4; signed.public.len()];
        let verdict = verify(signed.scheme, &(signed.kind)(&key), MESSAGE, &signed.signature, CryptoMode::Real);
        assert_eq!(verdict, Err(VerifyError::BadSignature));
    }
}

#[test]
fn without_cryptography_any_signature_stands() {
    for signed in all() {
        let key = (signed.kind)(&signed.public);
        assert_eq!(verify(signed.scheme, &key, MESSAGE, b"any", CryptoMode::Null), Ok(()));
    }
}
