//! Authenticated encryption in place (RFC 9846 §5.2).

use super::{CryptoFailed, CryptoMode, Suite};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey};

/// The length of an AEAD tag: 16 bytes in every suite.
pub const TAG_LEN: usize = 16;

/// A key that seals or opens records. 544 bytes, of which ring owns all and wipes none.
pub struct AeadKey(Cipher);

#[allow(clippy::large_enum_variant, reason = "there is no heap to box on, and Null exists in tests only")]
enum Cipher {
    /// "Less safe" is ring's word for "nonces are the caller's business": §5.3 prescribes them.
    Ring(LessSafeKey),
    /// Ciphertext is plaintext, the tag is 16 zero bytes, opening checks only that there is room for one.
    #[cfg(feature = "hazmat-testing")]
    Null,
}

impl AeadKey {
    /// A key of the suite's algorithm, from exactly [`Suite::key_len`] bytes.
    pub fn new(suite: Suite, key: &[u8], mode: CryptoMode) -> Result<AeadKey, CryptoFailed> {
        let key = UnboundKey::new(suite.aead(), key).map_err(|_| CryptoFailed)?;
        match mode {
            CryptoMode::Real => Ok(AeadKey(Cipher::Ring(LessSafeKey::new(key)))),
            #[cfg(feature = "hazmat-testing")]
            CryptoMode::Null => Ok(AeadKey(Cipher::Null)),
        }
    }

    /// Encrypts `in_out` where it lies and returns the tag, which belongs right behind it.
    /// The nonce must never have been used with this key.
    pub fn seal_in_place(&self, nonce: [u8; 12], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoFailed> {
        match &self.0 {
            Cipher::Ring(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out).map_err(|_| CryptoFailed)?;
                tag.as_ref().try_into().map_err(|_| CryptoFailed)
            }
            #[cfg(feature = "hazmat-testing")]
            Cipher::Null => Ok([0; TAG_LEN]),
        }
    }

    /// Opens the ciphertext and tag `in_out[ciphertext_from..]` and moves the plaintext to the front of `in_out`, in
    /// one pass: so the fragments of a message come to lie side by side. Returns the plaintext's length.
    ///
    /// When it fails, `in_out` holds nothing that may be used.
    pub fn open_within(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
        ciphertext_from: usize,
    ) -> Result<usize, CryptoFailed> {
        let ciphertext_to = in_out.len().checked_sub(TAG_LEN).ok_or(CryptoFailed)?;
        let plaintext_len = ciphertext_to.checked_sub(ciphertext_from).ok_or(CryptoFailed)?;
        match &self.0 {
            Cipher::Ring(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_within(nonce, Aad::from(aad), in_out, ciphertext_from..).map_err(|_| CryptoFailed)?;
            }
            #[cfg(feature = "hazmat-testing")]
            Cipher::Null => in_out.copy_within(ciphertext_from..ciphertext_to, 0),
        }
        Ok(plaintext_len)
    }
}
