//! *ring*, the default: works without the standard library, and (but for RSA) without a heap. It wipes nothing.

use crate::crypto::CryptoFailed;
#[cfg(feature = "x509")]
pub(crate) use ::ring::error::KeyRejected;
pub(crate) use ::ring::{aead, agreement, digest, hmac, rand, signature};
/// What webpki verifies with.
#[cfg(feature = "x509")]
pub(crate) use webpki::ring as certificate_algorithms;

/// The shared secret, as `take` makes it. Points are validated as RFC 9846 §4.3.8.2 asks, and x25519's all-zero result is
/// refused (§7.4.2).
pub(crate) fn agree<R>(
    ours: agreement::EphemeralPrivateKey,
    algorithm: &'static agreement::Algorithm,
    theirs: &[u8],
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, CryptoFailed> {
    let theirs = agreement::UnparsedPublicKey::new(algorithm, theirs);
    agreement::agree_ephemeral(ours, &theirs, take).map_err(|_| CryptoFailed)
}

/// The public part is computed from `scalar`; another `point` is refused.
#[cfg(feature = "x509")]
pub(crate) fn ecdsa_key_pair(
    algorithm: &'static signature::EcdsaSigningAlgorithm,
    scalar: &[u8],
    point: &[u8],
) -> Result<signature::EcdsaKeyPair, KeyRejected> {
    signature::EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point, &rand::SystemRandom::new())
}

/// The length of the modulus in bytes, which is that of a signature.
#[cfg(feature = "x509")]
pub(crate) fn rsa_modulus_len(key: &signature::RsaKeyPair) -> usize {
    key.public().modulus_len()
}
