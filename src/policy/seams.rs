//! What replaces cryptography, for tests and for the study: `hazmat-testing`.

use super::Policy;
use crate::codec::NamedGroup;
use crate::crypto::CryptoMode;

impl Policy {
    /// Replace all cryptography by constants, so that a fuzzer passes signatures and MACs.
    #[doc(hidden)]
    #[must_use]
    pub const fn null_crypto(mut self) -> Self {
        self.crypto = CryptoMode::Null;
        self
    }

    /// Agree on keys by x25519 with the published keys of RFC 7748 §6.1, as client with Alice's and as server with Bob's:
    /// for the study of a run in which everything is to be seen. All else is real. Whoever listens can read everything.
    #[doc(hidden)]
    #[must_use]
    pub const fn published_key_exchange(mut self) -> Self {
        self.crypto = CryptoMode::Published;
        self.groups(&[NamedGroup::X25519])
    }

    /// Agree on keys in a toy group, with this private key, so that runs repeat byte by byte. All else is real. The other
    /// side must do the same, with a number of its own.
    #[doc(hidden)]
    #[must_use]
    pub const fn toy_key_exchange(mut self, private: u8) -> Self {
        self.crypto = CryptoMode::ToyKeyExchange(private);
        self
    }
}
