//! Private keys that sign.
//!
//! The signing key is the caller's side of the question `Sign`: who keeps keys elsewhere (KMS, HSM, another library) uses
//! nothing of this file.

use crate::SignatureScheme;
#[cfg(feature = "mldsa")]
use crate::asn1::MlDsa;
use crate::asn1::oid;
#[cfg(feature = "mldsa")]
use crate::crypto::provider::ml_dsa;
use crate::crypto::provider::rand::SystemRandom;
use crate::crypto::provider::rsa_modulus_len;
use crate::crypto::provider::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair};
use crate::error::sentences;
use std::{boxed::Box, vec, vec::Vec};

/// A private key that answers `Sign`: P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits; with the feature `aws-lc-rs`
/// also P-521, and RSA of up to 8192 bits; with the feature `mldsa` also ML-DSA-44, 65 and 87.
/// RSA keys of peers may have up to 8192 bits, and so may ours where they are elsewhere (`Identity::external`).
///
/// This crate wipes the decoded bytes that it has held; *ring* does not wipe its own copy on drop.
pub struct SigningKey {
    pub(super) pair: Pair,
}

pub(super) enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    #[cfg(feature = "aws-lc-rs")]
    P521(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
    #[cfg(feature = "mldsa")]
    MlDsa(ml_dsa::SigningKey),
}

sentences! {
    /// Why a signature was not made.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum SignError {
        /// No key is here: the identity was made by `Identity::external`, or none has been chosen yet.
        KeyElsewhere = "the private key is not here, but with an external signer: answer the question there";
        /// The scheme does not belong to this key.
        SchemeDoesNotFitKey = "the signature scheme does not fit the private key";
        /// The primitive failed: no randomness.
        Failed = "signing failed";
    }
}

impl SigningKey {
    /// The schemes that this key can sign with, in order of preference.
    pub fn schemes(&self) -> &'static [SignatureScheme] {
        match &self.pair {
            Pair::P256(_) => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            Pair::P384(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            #[cfg(feature = "aws-lc-rs")]
            Pair::P521(_) => &[SignatureScheme::ECDSA_SECP521R1_SHA512],
            Pair::Ed25519(_) => &[SignatureScheme::ED25519],
            #[cfg(feature = "mldsa")]
            Pair::MlDsa(key) => match key.set() {
                MlDsa::MlDsa44 => &[SignatureScheme::MLDSA44],
                MlDsa::MlDsa65 => &[SignatureScheme::MLDSA65],
                MlDsa::MlDsa87 => &[SignatureScheme::MLDSA87],
            },
            Pair::Rsa(_) => &[
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
            ],
        }
    }

    /// Signs `message`, the whole content of RFC 9846 §4.5.2 (the key hashes it). ECDSA and Ed25519: one allocation.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if !self.schemes().contains(&scheme) {
            return Err(SignError::SchemeDoesNotFitKey);
        }
        let random = SystemRandom::new();
        match &self.pair {
            Pair::P256(key) | Pair::P384(key) => ecdsa(key, &random, message),
            #[cfg(feature = "aws-lc-rs")]
            Pair::P521(key) => ecdsa(key, &random, message),
            Pair::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            #[cfg(feature = "mldsa")]
            Pair::MlDsa(key) => key.sign(message).map_err(|_| SignError::Failed),
            Pair::Rsa(key) => {
                let padding: &'static dyn RsaEncoding = match scheme {
                    SignatureScheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_SHA256,
                    SignatureScheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_SHA384,
                    _ => &signature::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; rsa_modulus_len(key)];
                key.sign(padding, &random, message, &mut signature).map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
        }
    }

    /// The SubjectPublicKeyInfo, DER: to be compared with a certificate's, pinned, or presented as a raw public key
    /// (RFC 7250).
    pub fn public_key(&self) -> Vec<u8> {
        const NULL: [u8; 2] = [0x05, 0x00];
        let (algorithm, parameters, key) = match &self.pair {
            Pair::P256(key) => (oid::EC_PUBLIC_KEY, tlv(0x06, oid::SECP256R1.content()), key.public_key().as_ref()),
            Pair::P384(key) => (oid::EC_PUBLIC_KEY, tlv(0x06, oid::SECP384R1.content()), key.public_key().as_ref()),
            #[cfg(feature = "aws-lc-rs")]
            Pair::P521(key) => (oid::EC_PUBLIC_KEY, tlv(0x06, oid::SECP521R1.content()), key.public_key().as_ref()),
            Pair::Ed25519(key) => (oid::ED25519, Vec::new(), key.public_key().as_ref()),
            #[cfg(feature = "mldsa")]
            Pair::MlDsa(key) => (key.set().oid(), Vec::new(), key.public_key()),
            Pair::Rsa(key) => (oid::RSA_ENCRYPTION, NULL.to_vec(), key.public_key().as_ref()),
        };
        let algorithm = tlv(0x30, &[tlv(0x06, algorithm.content()), parameters].concat());
        let key = tlv(0x03, &[&[0], key].concat());
        tlv(0x30, &[algorithm, key].concat())
    }
}

fn ecdsa(key: &EcdsaKeyPair, random: &SystemRandom, message: &[u8]) -> Result<Vec<u8>, SignError> {
    key.sign(random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignError::Failed)
}

/// A DER value of at most 65,535 bytes.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..=127) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    out
}
