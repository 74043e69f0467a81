//! Private keys: loaded from PEM or DER, and signing.
//!
//! This file uses ring by name, although ring otherwise stays inside `crypto`: the signing key is the caller's side of
//! the question `Sign`. Whoever keeps keys elsewhere (KMS, HSM, another library) uses nothing of this file.

use crate::SignatureScheme;
use crate::x509::asn1::{context, expect, only, optional, reader};
use crate::x509::pem::{self, Section};
use core::fmt;
use der::Tag;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use std::{boxed::Box, string::String, string::ToString, vec, vec::Vec};
use zeroize::{Zeroize, Zeroizing};

/// A private key that answers `Sign`: P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits.
///
/// This crate wipes the decoded bytes that it has held; ring does not wipe its own copy on drop.
pub struct SigningKey {
    pair: Pair,
}

enum Pair {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// Why a private key cannot be used. Never shows key material.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The file holds no private key.
    NoKey,
    /// The key's PEM section is broken; the line of its BEGIN.
    Pem {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The key is encrypted with a passphrase.
    Encrypted,
    /// Malformed, or public and private part do not belong together.
    Malformed,
    /// An EC key without its public part.
    NoPublicKey,
    /// Another algorithm, curve or size.
    Unsupported,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::NoKey => "no private key found (PKCS#8, SEC1 or PKCS#1, as PEM or DER)",
            KeyError::Pem { line, what } => return write!(f, "the private key at line {line}: {what}"),
            KeyError::Encrypted => "the private key is encrypted: decrypt it first (openssl pkey -in KEY -out PLAIN)",
            KeyError::Malformed => "the private key is malformed or inconsistent",
            KeyError::NoPublicKey => "the EC private key lacks its public part (openssl pkey -in KEY -out COMPLETE)",
            KeyError::Unsupported => {
                "the private key is of an unsupported kind: P-256, P-384, Ed25519 or RSA of 2048 to 4096 bits is needed"
            }
        })
    }
}

impl std::error::Error for KeyError {}

/// Why a signature was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignError {
    /// No key is here: the identity was made by `Identity::external`, or none has been chosen yet.
    KeyElsewhere,
    /// The scheme does not belong to this key.
    SchemeDoesNotFitKey,
    /// The primitive failed: no randomness.
    Failed,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SignError::KeyElsewhere => {
                "the private key is not here, but with an external signer: answer the question there"
            }
            SignError::SchemeDoesNotFitKey => "the signature scheme does not fit the private key",
            SignError::Failed => "signing failed",
        })
    }
}

impl std::error::Error for SignError {}

/// Object identifier contents.
const ID_EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const SECP384R1: &[u8] = &[0x2b, 0x81, 4, 0, 34];
const ID_ED25519: &[u8] = &[0x2b, 0x65, 112];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

impl SigningKey {
    /// The first private key of a PEM file (other sections, as certificates, are passed over), or a DER key.
    pub fn from_pem_or_der(file: &[u8]) -> Result<SigningKey, KeyError> {
        let mut result = Err(KeyError::NoKey);
        for Section { line, label, der } in pem::sections(file) {
            if !(label.is_empty() || label.ends_with("PRIVATE KEY")) || result.is_ok() {
                continue;
            }
            result = match der {
                _ if label.starts_with("ENCRYPTED") => Err(KeyError::Encrypted),
                Ok(der) => SigningKey::from_der(&der),
                // "Proc-Type: 4,ENCRYPTED" is not base64.
                Err(_) if file.windows(9).any(|word| word == b"ENCRYPTED") => Err(KeyError::Encrypted),
                Err(what) => Err(KeyError::Pem { line, what }),
            };
        }
        result
    }

    /// A DER key: PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017), told apart by their structure.
    pub fn from_der(der: &[u8]) -> Result<SigningKey, KeyError> {
        // PKCS#8: INTEGER, SEQUENCE; SEC1: INTEGER 1, OCTET STRING; PKCS#1: INTEGER 0, INTEGER.
        let mut fields = only(der, Tag::Sequence).and_then(reader).ok_or(KeyError::Malformed)?;
        expect(&mut fields, Tag::Integer).ok_or(KeyError::Malformed)?;
        match Tag::peek(&fields) {
            Ok(Tag::Sequence) => pkcs8(der),
            Ok(Tag::OctetString) => sec1(der, None),
            Ok(Tag::Integer) => rsa(RsaKeyPair::from_der(der)),
            _ => Err(KeyError::Malformed),
        }
    }

    /// The schemes that this key can sign with, in order of preference.
    pub fn schemes(&self) -> &'static [SignatureScheme] {
        match self.pair {
            Pair::P256(_) => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
            Pair::P384(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
            Pair::Ed25519(_) => &[SignatureScheme::ED25519],
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
            Pair::P256(key) | Pair::P384(key) => {
                key.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignError::Failed)
            }
            Pair::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Pair::Rsa(key) => {
                let padding: &'static dyn RsaEncoding = match scheme {
                    SignatureScheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_SHA256,
                    SignatureScheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_SHA384,
                    _ => &signature::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; key.public().modulus_len()];
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
            Pair::P256(key) => (ID_EC_PUBLIC_KEY, tlv(0x06, SECP256R1), key.public_key().as_ref()),
            Pair::P384(key) => (ID_EC_PUBLIC_KEY, tlv(0x06, SECP384R1), key.public_key().as_ref()),
            Pair::Ed25519(key) => (ID_ED25519, Vec::new(), key.public_key().as_ref()),
            Pair::Rsa(key) => (RSA_ENCRYPTION, NULL.to_vec(), key.public_key().as_ref()),
        };
        let algorithm = tlv(0x30, &[tlv(0x06, algorithm), parameters].concat());
        let key = tlv(0x03, &[&[0], key].concat());
        tlv(0x30, &[algorithm, key].concat())
    }
}

impl TryFrom<&PrivateKeyDer<'_>> for SigningKey {
    type Error = KeyError;

    fn try_from(key: &PrivateKeyDer<'_>) -> Result<SigningKey, KeyError> {
        SigningKey::from_der(key.secret_der())
    }
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

/// OneAsymmetricKey (RFC 5958 §2).
fn pkcs8(der: &[u8]) -> Result<SigningKey, KeyError> {
    let fields = || {
        let mut fields = reader(only(der, Tag::Sequence)?)?;
        expect(&mut fields, Tag::Integer)?;
        let mut algorithm = reader(expect(&mut fields, Tag::Sequence)?)?;
        let key = expect(&mut fields, Tag::OctetString)?;
        let oid = expect(&mut algorithm, Tag::ObjectIdentifier)?;
        let curve = optional(&mut algorithm, Tag::ObjectIdentifier)?;
        Some((oid, curve, key))
    };
    let (oid, curve, key) = fields().ok_or(KeyError::Malformed)?;
    match oid {
        ID_EC_PUBLIC_KEY => sec1(key, curve),
        // OpenSSL writes version 1, without the public key, which ring's stricter function refuses.
        ID_ED25519 => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
            Ok(pair) => Ok(SigningKey { pair: Pair::Ed25519(pair) }),
            Err(_) => Err(KeyError::Malformed),
        },
        RSA_ENCRYPTION => rsa(RsaKeyPair::from_der(key)),
        _ => Err(KeyError::Unsupported),
    }
}

/// ECPrivateKey (RFC 5915 §3); `curve` from PKCS#8's AlgorithmIdentifier, where the structure's own may be absent.
fn sec1(der: &[u8], curve: Option<&[u8]>) -> Result<SigningKey, KeyError> {
    let fields = || {
        let mut fields = reader(only(der, Tag::Sequence)?)?;
        expect(&mut fields, Tag::Integer)?;
        let scalar = expect(&mut fields, Tag::OctetString)?;
        let parameters = optional(&mut fields, context(0))?;
        let public = optional(&mut fields, context(1))?;
        Some((scalar, parameters, public))
    };
    let (scalar, parameters, public) = fields().ok_or(KeyError::Malformed)?;
    let named = parameters.and_then(|parameters| only(parameters, Tag::ObjectIdentifier));
    let curve = match (curve, named) {
        (Some(curve), Some(named)) if curve != named => return Err(KeyError::Malformed),
        (curve, named) => curve.or(named).ok_or(KeyError::Unsupported)?,
    };
    let (algorithm, len): (&'static EcdsaSigningAlgorithm, usize) = match curve {
        SECP256R1 => (&signature::ECDSA_P256_SHA256_ASN1_SIGNING, 32),
        SECP384R1 => (&signature::ECDSA_P384_SHA384_ASN1_SIGNING, 48),
        _ => return Err(KeyError::Unsupported),
    };
    let Some([0, point @ ..]) = only(public.ok_or(KeyError::NoPublicKey)?, Tag::BitString) else {
        return Err(KeyError::Malformed);
    };
    // Some writers drop the scalar's leading zeros.
    let mut padded = Zeroizing::new([0u8; 48]);
    let padding = len.checked_sub(scalar.len()).ok_or(KeyError::Malformed)?;
    let padded = padded.get_mut(..len).ok_or(KeyError::Malformed)?;
    padded.get_mut(padding..).ok_or(KeyError::Malformed)?.copy_from_slice(scalar);
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, padded, point, &SystemRandom::new());
    padded.zeroize();
    match pair {
        Ok(pair) if len == 32 => Ok(SigningKey { pair: Pair::P256(pair) }),
        Ok(pair) => Ok(SigningKey { pair: Pair::P384(pair) }),
        Err(_) => Err(KeyError::Malformed),
    }
}

fn rsa(pair: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<SigningKey, KeyError> {
    match pair {
        Ok(pair) => Ok(SigningKey { pair: Pair::Rsa(Box::new(pair)) }),
        // ring's names for sizes that it does not take.
        Err(error)
            if matches!(&*error.to_string(), "TooSmall" | "TooLarge" | "PrivateModulusLenNotMultipleOf512Bits") =>
        {
            Err(KeyError::Unsupported)
        }
        Err(_) => Err(KeyError::Malformed),
    }
}
