//! A stand-in until the codec room's own spki lands.

/// A certificate's public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKey<'a> {
    /// An uncompressed point on P-256.
    P256(&'a [u8]),
    /// An uncompressed point on P-384.
    P384(&'a [u8]),
    /// An Ed25519 key.
    Ed25519(&'a [u8; 32]),
    /// An RSA key.
    Rsa {
        /// RSAPublicKey, DER.
        pkcs1: &'a [u8],
        /// The modulus' length.
        modulus_bits: usize,
    },
    /// Any other.
    Unsupported,
}
