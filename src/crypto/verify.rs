//! Verification of the signature in CertificateVerify (RFC 9846 §4.3.3, §4.5.2).

use super::CryptoMode;
#[cfg(feature = "mldsa")]
use super::provider::ml_dsa;
use super::provider::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
#[cfg(feature = "mldsa")]
use crate::asn1::MlDsa;
use crate::asn1::PublicKey;
use crate::codec::SignatureScheme;
use core::fmt;

/// Why a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// The scheme is for another kind of key, or must not sign handshakes (PKCS #1 v1.5, SHA-1).
    SchemeDoesNotFitKey,
    /// The kind or size of the key is not supported.
    UnsupportedKey,
    /// The signature is wrong.
    BadSignature,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VerifyError::SchemeDoesNotFitKey => "the signature scheme does not fit the key",
            VerifyError::UnsupportedKey => "the key is of an unsupported kind or size",
            VerifyError::BadSignature => "the signature is wrong",
        })
    }
}

impl core::error::Error for VerifyError {}

/// The schemes with which a key can sign handshakes, best first; empty if the key is not supported.
///
/// In TLS 1.3 an ECDSA scheme includes its curve (§4.3.3). RSA keys have 2048 to 8192 bits: shorter ones are weak, and
/// the providers do not support longer ones. The check of certificates uses this function too, to accept the same keys.
pub fn schemes_for(key: &PublicKey<'_>) -> &'static [SignatureScheme] {
    match key {
        PublicKey::P256(_) => &[SignatureScheme::ECDSA_SECP256R1_SHA256],
        PublicKey::P384(_) => &[SignatureScheme::ECDSA_SECP384R1_SHA384],
        #[cfg(feature = "aws-lc-rs")]
        PublicKey::P521(_) => &[SignatureScheme::ECDSA_SECP521R1_SHA512],
        PublicKey::Ed25519(_) => &[SignatureScheme::ED25519],
        #[cfg(feature = "mldsa")]
        PublicKey::MlDsa(MlDsa::MlDsa44, _) => &[SignatureScheme::MLDSA44],
        #[cfg(feature = "mldsa")]
        PublicKey::MlDsa(MlDsa::MlDsa65, _) => &[SignatureScheme::MLDSA65],
        #[cfg(feature = "mldsa")]
        PublicKey::MlDsa(MlDsa::MlDsa87, _) => &[SignatureScheme::MLDSA87],
        #[cfg(feature = "alloc")]
        PublicKey::Rsa { modulus_bits: 2048..=8192, .. } => &[
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
        ],
        _ => &[],
    }
}

/// Verifies `signature` over `message`, which this function hashes as the scheme says.
pub fn verify(
    scheme: SignatureScheme,
    key: &PublicKey<'_>,
    message: &[u8],
    signature: &[u8],
    mode: CryptoMode,
) -> Result<(), VerifyError> {
    let schemes = schemes_for(key);
    if schemes.is_empty() {
        return Err(VerifyError::UnsupportedKey);
    }
    if !schemes.contains(&scheme) {
        return Err(VerifyError::SchemeDoesNotFitKey);
    }
    if mode.is_null() {
        return Ok(());
    }
    let (algorithm, key): (&dyn VerificationAlgorithm, &[u8]) = match *key {
        PublicKey::P256(point) => (&signature::ECDSA_P256_SHA256_ASN1, point),
        PublicKey::P384(point) => (&signature::ECDSA_P384_SHA384_ASN1, point),
        #[cfg(feature = "aws-lc-rs")]
        PublicKey::P521(point) => (&signature::ECDSA_P521_SHA512_ASN1, point),
        PublicKey::Ed25519(key) => (&signature::ED25519, key),
        #[cfg(feature = "mldsa")]
        PublicKey::MlDsa(set, key) => {
            return ml_dsa::verify(set, key, message, signature).map_err(|_| VerifyError::BadSignature);
        }
        #[cfg(feature = "alloc")]
        PublicKey::Rsa { pkcs1, .. } => match scheme {
            SignatureScheme::RSA_PSS_RSAE_SHA256 => (&signature::RSA_PSS_2048_8192_SHA256, pkcs1),
            SignatureScheme::RSA_PSS_RSAE_SHA384 => (&signature::RSA_PSS_2048_8192_SHA384, pkcs1),
            SignatureScheme::RSA_PSS_RSAE_SHA512 => (&signature::RSA_PSS_2048_8192_SHA512, pkcs1),
            _ => return Err(VerifyError::SchemeDoesNotFitKey),
        },
        _ => return Err(VerifyError::UnsupportedKey),
    };
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| VerifyError::BadSignature)
}
