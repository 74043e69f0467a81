//! The cryptography of TLS 1.3 in concrete types, implemented by *ring*, or by aws-lc-rs with the feature of that name.
//!
//! The handshake uses these types, and readers and tests have access to them. No user can put a value made here into a
//! connection.

mod aead;
mod hash;
#[cfg(feature = "quinn")]
mod header_protection;
mod hkdf;
mod kx;
pub(crate) mod provider;
#[cfg(feature = "quinn")]
pub mod quic;
pub mod random;
mod signing;
mod suite;
mod traffic_key;
mod verify;

pub use aead::{AeadKey, TAG_LEN};
pub use hash::{Hash, HashAlgorithm, Hasher};
#[cfg(feature = "quinn")]
pub use header_protection::HeaderProtectionKey;
pub(crate) use hkdf::label;
pub use hkdf::{Label, Prk, Secret, VerifyData};
#[cfg(feature = "mlkem")]
pub(crate) use kx::is_hybrid;
#[cfg(all(feature = "study", feature = "hazmat-testing"))]
pub(crate) use kx::published;
pub use kx::{KeyExchange, KxError, Share, SharedSecret, check_client_share};
pub(crate) use kx::{curve_of, share_lens};
pub use signing::{EcdsaSigValue, MessageDigest};
pub use suite::Suite;
pub use traffic_key::TrafficKey;
pub use verify::{VerifyError, schemes_for, verify};

use core::fmt;

/// A cryptographic operation failed: no randomness, a wrong length, or a record that is not authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CryptoFailed;

impl fmt::Display for CryptoFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cryptographic primitive failed")
    }
}

impl core::error::Error for CryptoFailed {}

/// Whether cryptography protects anything. It always does, except in fuzzing, in deterministic tests, and in study.
#[allow(clippy::manual_non_exhaustive, reason = "the hidden variant is real, and only there under its feature")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CryptoMode {
    /// Real cryptography.
    #[default]
    Real,
    /// No protection: records are plaintext, shares are constant, and every signature and Finished is accepted.
    #[cfg(feature = "hazmat-testing")]
    #[doc(hidden)]
    Null,
    /// Real cryptography after a key exchange with published private keys.
    #[cfg(feature = "hazmat-testing")]
    #[doc(hidden)]
    Published,
    /// Real cryptography after a key exchange in a toy group, with this private key. Runs can be repeated byte by byte.
    #[cfg(feature = "hazmat-testing")]
    #[doc(hidden)]
    ToyKeyExchange(u8),
}

impl CryptoMode {
    /// `Null` if the feature exists.
    pub(crate) const fn null() -> CryptoMode {
        #[cfg(feature = "hazmat-testing")]
        return CryptoMode::Null;
        #[cfg(not(feature = "hazmat-testing"))]
        CryptoMode::Real
    }

    /// Whether it is `Null`.
    pub(crate) const fn is_null(self) -> bool {
        match self {
            CryptoMode::Real => false,
            #[cfg(feature = "hazmat-testing")]
            CryptoMode::Null => true,
            #[cfg(feature = "hazmat-testing")]
            CryptoMode::Published | CryptoMode::ToyKeyExchange(_) => false,
        }
    }
}
