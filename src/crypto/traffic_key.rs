//! The key and IV that protect the records of one direction, and the per-record nonce (RFC 9846 §5.3, §7.3).

use super::{AeadKey, CryptoFailed, CryptoMode, Label, Prk, Suite, TAG_LEN, hkdf::label};
use zeroize::Zeroizing;

/// \[sender\]_write_key and \[sender\]_write_iv (§7.3). 560 bytes with *ring*.
pub struct TrafficKey {
    key: AeadKey,
    iv: Zeroizing<[u8; 12]>,
    suite: Suite,
}

impl TrafficKey {
    /// ```text
    /// [sender]_write_key = HKDF-Expand-Label(Secret, "key", "", key_length)
    /// [sender]_write_iv  = HKDF-Expand-Label(Secret, "iv", "", iv_length)
    /// ```
    pub fn derive(secret: &Prk, suite: Suite, mode: CryptoMode) -> Result<TrafficKey, CryptoFailed> {
        TrafficKey::derive_by(secret, suite, mode, (label!("key"), label!("iv")))
    }

    /// The same with other labels for key and IV.
    pub(super) fn derive_by(
        secret: &Prk,
        suite: Suite,
        mode: CryptoMode,
        (key_label, iv_label): (Label<'_>, Label<'_>),
    ) -> Result<TrafficKey, CryptoFailed> {
        let mut key = Zeroizing::new([0; 32]);
        let key = key.get_mut(..suite.key_len()).ok_or(CryptoFailed)?;
        secret.expand_label(key_label, None, key)?;
        let mut iv = Zeroizing::new([0; 12]);
        secret.expand_label(iv_label, None, iv.as_mut())?;
        Ok(TrafficKey { key: AeadKey::new(suite, key, mode)?, iv, suite })
    }

    /// The suite. [`Suite::record_limit`] limits the use of the key.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Suite and mode, which stay the same for the next key (§7.2).
    pub(crate) fn algorithms(&self) -> (Suite, CryptoMode) {
        (self.suite, self.key.mode())
    }

    /// The per-record nonce (§5.3): the sequence number, big-endian, padded on the left with zeros to the IV's length,
    /// XORed with the IV.
    #[inline(always)]
    pub fn nonce(&self, sequence_number: u64) -> [u8; 12] {
        // One number, written at once. The AEAD would have to wait for bytes that are written one by one.
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *self.iv;
        let iv = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, 0, 0, 0, 0]);
        let [nonce @ .., _, _, _, _] = (iv ^ u128::from(sequence_number) << 32).to_be_bytes();
        nonce
    }

    /// Seals record number `sequence_number`: see [`AeadKey::seal_in_place`].
    #[inline(always)]
    pub fn seal(
        &self,
        sequence_number: u64,
        additional_data: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoFailed> {
        self.key.seal_in_place(self.nonce(sequence_number), additional_data, in_out)
    }

    /// Opens record number `sequence_number`: see [`AeadKey::open_within`].
    #[inline(always)]
    pub fn open_within(
        &self,
        sequence_number: u64,
        additional_data: &[u8],
        in_out: &mut [u8],
        ciphertext_from: usize,
    ) -> Result<usize, CryptoFailed> {
        self.key.open_within(self.nonce(sequence_number), additional_data, in_out, ciphertext_from)
    }
}
