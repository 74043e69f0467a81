//! The bare operations of one side's handshake, by the provider: what no implementation can do without.

use crate::provider::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use crate::provider::rand::SystemRandom;
use crate::provider::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use crate::{Issued, KeyType};
use std::hint::black_box;

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// A key, and a signature to verify.
pub struct Bare {
    key: Key,
    public: Vec<u8>,
    signature: Vec<u8>,
    certificate_algorithm: &'static dyn signature::VerificationAlgorithm,
    handshake_algorithm: &'static dyn signature::VerificationAlgorithm,
    certificate_signature: Vec<u8>,
    random: SystemRandom,
}

/// Of the RSA keys here, in bytes.
const MODULUS_LEN: usize = 256;

#[cfg(not(feature = "aws-lc-rs"))]
fn p256(der: &[u8], random: &SystemRandom) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, der, random).expect("a key")
}

#[cfg(feature = "aws-lc-rs")]
fn p256(der: &[u8], _: &SystemRandom) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, der).expect("a key")
}

#[cfg(not(feature = "aws-lc-rs"))]
fn agree(ours: EphemeralPrivateKey, theirs: UnparsedPublicKey<&[u8]>) -> u8 {
    agree_ephemeral(ours, &theirs, |secret| secret[0]).expect("agreed")
}

#[cfg(feature = "aws-lc-rs")]
fn agree(ours: EphemeralPrivateKey, theirs: UnparsedPublicKey<&[u8]>) -> u8 {
    agree_ephemeral(ours, theirs, (), |secret| Ok(secret[0])).expect("agreed")
}

/// ML-KEM-768 of both sides, as the crate has it: a key, an encapsulation with the check of the key, a decapsulation.
#[cfg(all(feature = "mlkem", not(feature = "aws-lc-rs")))]
pub fn ml_kem() {
    use libcrux_ml_kem::mlkem768;
    let pair = mlkem768::generate_key_pair(black_box([7; 64]));
    assert!(mlkem768::validate_public_key(pair.public_key()));
    let (ciphertext, _) = mlkem768::encapsulate(pair.public_key(), black_box([8; 32]));
    black_box(mlkem768::decapsulate(pair.private_key(), &ciphertext));
}

/// The same by aws-lc-rs.
#[cfg(all(feature = "mlkem", feature = "aws-lc-rs"))]
pub fn ml_kem() {
    use aws_lc_rs::kem::{DecapsulationKey, EncapsulationKey, ML_KEM_768};
    let key = DecapsulationKey::generate(&ML_KEM_768).expect("a key");
    let public = key.encapsulation_key().and_then(|key| key.key_bytes()).expect("its public part");
    let public = EncapsulationKey::new(&ML_KEM_768, public.as_ref()).expect("a key");
    let (ciphertext, _) = public.encapsulate().expect("encapsulated");
    black_box(key.decapsulate(ciphertext).expect("decapsulated"));
}

/// As long as what CertificateVerify signs.
const MESSAGE: [u8; 130] = [7; 130];

impl Bare {
    pub fn new(keys: KeyType, issued: &Issued) -> Bare {
        let random = SystemRandom::new();
        let der = &issued.key.serialize_der();
        let key = match keys {
            KeyType::P256 => Key::P256(p256(der, &random)),
            KeyType::Ed25519 => Key::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).expect("a key")),
            KeyType::Rsa2048 => Key::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).expect("a key"))),
        };
        let (public, handshake, certificate): (Vec<u8>, &'static dyn signature::VerificationAlgorithm, _) = match &key {
            Key::P256(key) => {
                let algorithm: &'static dyn signature::VerificationAlgorithm = &signature::ECDSA_P256_SHA256_ASN1;
                (key.public_key().as_ref().to_vec(), algorithm, algorithm)
            }
            Key::Ed25519(key) => {
                let algorithm: &'static dyn signature::VerificationAlgorithm = &signature::ED25519;
                (key.public_key().as_ref().to_vec(), algorithm, algorithm)
            }
            Key::Rsa(key) => {
                let pkcs1: &'static dyn signature::VerificationAlgorithm = &signature::RSA_PKCS1_2048_8192_SHA256;
                (key.public_key().as_ref().to_vec(), &signature::RSA_PSS_2048_8192_SHA256, pkcs1)
            }
        };
        let mut bare = Bare {
            key,
            public,
            signature: Vec::new(),
            certificate_algorithm: certificate,
            handshake_algorithm: handshake,
            certificate_signature: Vec::new(),
            random,
        };
        bare.signature = bare.sign();
        bare.certificate_signature = match &bare.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; MODULUS_LEN];
                key.sign(&signature::RSA_PKCS1_SHA256, &bare.random, &MESSAGE, &mut signature).expect("signed");
                signature
            }
            _ => bare.signature.clone(),
        };
        bare
    }

    fn sign(&self) -> Vec<u8> {
        match &self.key {
            Key::P256(key) => key.sign(&self.random, &MESSAGE).expect("signed").as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(&MESSAGE).as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; MODULUS_LEN];
                key.sign(&signature::RSA_PSS_SHA256, &self.random, &MESSAGE, &mut signature).expect("signed");
                signature
            }
        }
    }

    /// One side: an ephemeral key and an agreement, a signature, and three to verify (two certificates, CertificateVerify).
    pub fn one_side(&self) {
        let key = EphemeralPrivateKey::generate(&X25519, &self.random).expect("a key");
        let share = key.compute_public_key().expect("a share");
        let peer = UnparsedPublicKey::new(&X25519, share.as_ref());
        black_box(agree(key, peer));
        black_box(self.sign());
        let verify = |algorithm, signature: &[u8]| {
            let key = signature::UnparsedPublicKey::new(algorithm, &self.public);
            key.verify(black_box(&MESSAGE), signature).expect("genuine");
        };
        verify(self.certificate_algorithm, &self.certificate_signature);
        verify(self.certificate_algorithm, &self.certificate_signature);
        verify(self.handshake_algorithm, &self.signature);
    }
}
