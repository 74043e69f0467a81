//! Masks for QUIC header protection (RFC 9001 §5.4.3, §5.4.4).

use super::provider::aead::quic;
use super::{CryptoFailed, Suite};

/// The "hp" key, which masks packet headers (RFC 9001 §5.4). *ring* does not wipe it.
pub struct HeaderProtectionKey(quic::HeaderProtectionKey);

impl HeaderProtectionKey {
    /// The length of the sample of ciphertext: 16 bytes in every suite.
    pub const SAMPLE_LEN: usize = 16;

    /// A key for the header protection algorithm of the suite. `key` must have exactly [`Suite::key_len`] bytes.
    pub fn new(suite: Suite, key: &[u8]) -> Result<HeaderProtectionKey, CryptoFailed> {
        let algorithm = match suite {
            Suite::Aes128GcmSha256 => &quic::AES_128,
            Suite::Aes256GcmSha384 => &quic::AES_256,
            Suite::ChaCha20Poly1305Sha256 => &quic::CHACHA20,
        };
        quic::HeaderProtectionKey::new(algorithm, key).map(HeaderProtectionKey).map_err(|_| CryptoFailed)
    }

    /// mask = header_protection(hp_key, sample)
    pub fn mask(&self, sample: &[u8; Self::SAMPLE_LEN]) -> Result<[u8; 5], CryptoFailed> {
        self.0.new_mask(sample).map_err(|_| CryptoFailed)
    }
}
