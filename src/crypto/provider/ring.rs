//! *ring*, the default. It needs no standard library and, except for RSA, no heap. It wipes no memory.

use crate::crypto::CryptoFailed;
#[cfg(feature = "x509")]
pub(crate) use ::ring::error::KeyRejected;
pub(crate) use ::ring::{aead, agreement, digest, hmac, rand, signature};
/// The algorithms for webpki.
#[cfg(feature = "x509")]
pub(crate) use webpki::ring as certificate_algorithms;

/// Computes the shared secret and passes it to `take`. The provider validates points as RFC 9846 §4.3.8.2 requires, and
/// refuses the all-zero output of x25519 (§7.4.2).
pub(crate) fn agree<R>(
    ours: agreement::EphemeralPrivateKey,
    algorithm: &'static agreement::Algorithm,
    theirs: &[u8],
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, CryptoFailed> {
    let theirs = agreement::UnparsedPublicKey::new(algorithm, theirs);
    agreement::agree_ephemeral(ours, &theirs, take).map_err(|_| CryptoFailed)
}

/// Computes the public key from `scalar`, and fails if `point` is another.
#[cfg(feature = "x509")]
pub(crate) fn ecdsa_key_pair(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    scalar: &[u8],
    point: &[u8],
) -> Result<signature::EcdsaKeyPair, KeyRejected> {
    signature::EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point, &rand::SystemRandom::new())
}

/// The length of the modulus, and of a signature, in bytes.
#[cfg(feature = "x509")]
pub(crate) fn rsa_modulus_len(key: &signature::RsaKeyPair) -> usize {
    key.public().modulus_len()
}
