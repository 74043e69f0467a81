//! The masks of QUIC's header protection (RFC 9001 §5.4.3, §5.4.4).

use super::provider::aead::quic;
use super::{CryptoFailed, Suite};

/// A key that masks packet headers: the "hp" key of RFC 9001 §5.4. *ring* wipes none of it.
pub struct HeaderProtectionKey(quic::HeaderProtectionKey);

impl HeaderProtectionKey {
    /// How much ciphertext makes a mask: 16 bytes in every suite.
    pub const SAMPLE_LEN: usize = 16;

    /// A key of the cipher that goes with the suite's AEAD, from exactly [`Suite::key_len`] bytes.
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
