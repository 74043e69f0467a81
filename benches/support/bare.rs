//! The bare operations of one side's handshake, by the provider. No implementation can omit them.

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

/// A signature to verify, and its key.
struct Signed {
    public: Vec<u8>,
    signature: Vec<u8>,
}

/// A key, and the signatures of two certificates.
pub struct Bare {
    key: Key,
    public: Vec<u8>,
    certificates: [Signed; 2],
    certificate_algorithm: &'static dyn signature::VerificationAlgorithm,
    handshake_algorithm: &'static dyn signature::VerificationAlgorithm,
    random: SystemRandom,
}

/// The length of the RSA keys here, in bytes.
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

/// ML-KEM-768 for both sides, as the crate uses it: key generation, encapsulation with the check of the key,
/// decapsulation.
#[cfg(all(feature = "mlkem", not(feature = "aws-lc-rs")))]
pub fn ml_kem() {
    use libcrux_ml_kem::mlkem768;
    let pair = mlkem768::generate_key_pair(black_box([7; 64]));
    assert!(mlkem768::validate_public_key(pair.public_key()));
    let (ciphertext, _) = mlkem768::encapsulate(pair.public_key(), black_box([8; 32]));
    black_box(mlkem768::decapsulate(pair.private_key(), &ciphertext));
}

/// The same with aws-lc-rs.
#[cfg(all(feature = "mlkem", feature = "aws-lc-rs"))]
pub fn ml_kem() {
    use aws_lc_rs::kem::{DecapsulationKey, EncapsulationKey, ML_KEM_768};
    let key = DecapsulationKey::generate(&ML_KEM_768).expect("a key");
    let public = key.encapsulation_key().and_then(|key| key.key_bytes()).expect("its public part");
    let public = EncapsulationKey::new(&ML_KEM_768, public.as_ref()).expect("a key");
    let (ciphertext, _) = public.encapsulate().expect("encapsulated");
    black_box(key.decapsulate(ciphertext).expect("decapsulated"));
}

/// As long as the signed content of CertificateVerify.
const MESSAGE: [u8; 130] = [7; 130];

impl Key {
    fn new(keys: KeyType, der: &[u8], random: &SystemRandom) -> Key {
        match keys {
            KeyType::P256 => Key::P256(p256(der, random)),
            KeyType::Ed25519 => Key::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).expect("a key")),
            KeyType::Rsa2048 => Key::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).expect("a key"))),
        }
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Key::P256(key) => key.public_key().as_ref().to_vec(),
            Key::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Key::Rsa(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn sign(&self, rsa: &'static dyn signature::RsaEncoding, message: &[u8], random: &SystemRandom) -> Vec<u8> {
        match self {
            Key::P256(key) => key.sign(random, message).expect("signed").as_ref().to_vec(),
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; MODULUS_LEN];
                key.sign(rsa, random, message, &mut signature).expect("signed");
                signature
            }
        }
    }
}

impl Bare {
    pub fn new(keys: KeyType, issued: &Issued) -> Bare {
        let random = SystemRandom::new();
        let key = Key::new(keys, &issued.key.serialize_der(), &random);
        // Each signature has a key of its own, as in a chain: it is faster to verify one signature repeatedly.
        let certificates = std::array::from_fn(|_| {
            let issuer = Key::new(keys, &keys.generate().serialize_der(), &random);
            let signature = issuer.sign(&signature::RSA_PKCS1_SHA256, &MESSAGE, &random);
            Signed { public: issuer.public(), signature }
        });
        type Algorithm = &'static dyn signature::VerificationAlgorithm;
        let (certificate_algorithm, handshake_algorithm): (Algorithm, Algorithm) = match keys {
            KeyType::P256 => (&signature::ECDSA_P256_SHA256_ASN1, &signature::ECDSA_P256_SHA256_ASN1),
            KeyType::Ed25519 => (&signature::ED25519, &signature::ED25519),
            KeyType::Rsa2048 => (&signature::RSA_PKCS1_2048_8192_SHA256, &signature::RSA_PSS_2048_8192_SHA256),
        };
        Bare { public: key.public(), key, certificates, certificate_algorithm, handshake_algorithm, random }
    }

    /// One side: an ephemeral key and an agreement, a signature, and three to verify (two certificates,
    /// CertificateVerify).
    pub fn one_side(&self) {
        let key = EphemeralPrivateKey::generate(&X25519, &self.random).expect("a key");
        let share = key.compute_public_key().expect("a share");
        let peer = UnparsedPublicKey::new(&X25519, share.as_ref());
        black_box(agree(key, peer));
        // Another message each time, as transcripts differ.
        let mut message = MESSAGE;
        message.iter_mut().zip(share.as_ref()).for_each(|(place, byte)| *place = *byte);
        let signature = self.key.sign(&signature::RSA_PSS_SHA256, &message, &self.random);
        let verify = |algorithm, public: &[u8], message: &[u8], signature: &[u8]| {
            let key = signature::UnparsedPublicKey::new(algorithm, public);
            key.verify(black_box(message), signature).expect("genuine");
        };
        for Signed { public, signature } in &self.certificates {
            verify(self.certificate_algorithm, public, &MESSAGE, signature);
        }
        verify(self.handshake_algorithm, &self.public, &message, &signature);
    }
}
