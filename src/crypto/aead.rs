//! Authenticated encryption in place (RFC 9846 §5.2).

use super::provider::aead::{Aad, LessSafeKey, Nonce, UnboundKey};
use super::{CryptoFailed, CryptoMode, Suite};

/// The length of an AEAD tag: 16 bytes in every suite.
pub const TAG_LEN: usize = 16;

/// A key that seals or opens records. The provider owns its memory: with *ring* 544 bytes, which *ring* does not wipe.
pub struct AeadKey(Cipher);

#[allow(clippy::large_enum_variant, reason = "there is no heap to box on, and Null exists in tests only")]
enum Cipher {
    /// The provider calls the key "less safe" because the caller chooses the nonces. Here §5.3 prescribes them.
    Real(LessSafeKey),
    /// Ciphertext is plaintext, and the tag is 16 zero bytes. Opening checks only that there is room for a tag.
    #[cfg(feature = "hazmat-testing")]
    Null,
}

impl AeadKey {
    /// A key for the suite's algorithm. `key` must have exactly [`Suite::key_len`] bytes.
    pub fn new(suite: Suite, key: &[u8], mode: CryptoMode) -> Result<AeadKey, CryptoFailed> {
        let key = UnboundKey::new(suite.aead(), key).map_err(|_| CryptoFailed)?;
        match mode {
            #[cfg(feature = "hazmat-testing")]
            CryptoMode::Null => Ok(AeadKey(Cipher::Null)),
            _ => Ok(AeadKey(Cipher::Real(LessSafeKey::new(key)))),
        }
    }

    /// Whether the key protects anything.
    pub(super) fn mode(&self) -> CryptoMode {
        match &self.0 {
            Cipher::Real(_) => CryptoMode::Real,
            #[cfg(feature = "hazmat-testing")]
            Cipher::Null => CryptoMode::Null,
        }
    }

    /// Encrypts `in_out` in place and returns the tag, which follows it in the record.
    /// A nonce must not be used twice with one key.
    #[inline(always)]
    pub fn seal_in_place(&self, nonce: [u8; 12], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoFailed> {
        match &self.0 {
            Cipher::Real(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out).map_err(|_| CryptoFailed)?;
                tag.as_ref().try_into().map_err(|_| CryptoFailed)
            }
            #[cfg(feature = "hazmat-testing")]
            Cipher::Null => Ok([0; TAG_LEN]),
        }
    }

    /// Opens the ciphertext and tag `in_out[ciphertext_from..]` and moves the plaintext to the front of `in_out`, in one
    /// pass. This puts the fragments of a message side by side. Returns the length of the plaintext.
    ///
    /// After an error the contents of `in_out` must not be used.
    #[inline(always)]
    pub fn open_within(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
        ciphertext_from: usize,
    ) -> Result<usize, CryptoFailed> {
        match &self.0 {
            Cipher::Real(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let plaintext = key.open_within(nonce, Aad::from(aad), in_out, ciphertext_from..);
                plaintext.map(|plaintext| plaintext.len()).map_err(|_| CryptoFailed)
            }
            #[cfg(feature = "hazmat-testing")]
            Cipher::Null => {
                let ciphertext_to = in_out.len().checked_sub(TAG_LEN).ok_or(CryptoFailed)?;
                let len = ciphertext_to.checked_sub(ciphertext_from).ok_or(CryptoFailed)?;
                in_out.copy_within(ciphertext_from..ciphertext_to, 0);
                Ok(len)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const MODES: [CryptoMode; 2] = [CryptoMode::Real, CryptoMode::Null];

    fn key(suite: Suite, mode: CryptoMode) -> AeadKey {
        AeadKey::new(suite, &[7; 32][..suite.key_len()], mode).unwrap()
    }

    fn sealed(key: &AeadKey, plaintext: &[u8]) -> Vec<u8> {
        let mut record = plaintext.to_vec();
        let tag = key.seal_in_place([1; 12], b"header", &mut record).unwrap();
        record.extend(tag);
        record
    }

    #[test]
    fn what_was_sealed_opens_and_comes_to_lie_at_the_front() {
        for (suite, mode) in Suite::ALL.into_iter().flat_map(|suite| MODES.map(|mode| (suite, mode))) {
            let key = key(suite, mode);
            for plaintext in [b"".as_slice(), b"x", &[0xab; 1000]] {
                for gap in [0, 1, 5, 22, 300] {
                    let mut memory = std::vec![0xee; gap];
                    memory.extend(sealed(&key, plaintext));
                    let length = key.open_within([1; 12], b"header", &mut memory, gap).unwrap();
                    assert_eq!(&memory[..length], plaintext);
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_another_nonce_or_other_additional_data_do_not_open() {
        for suite in Suite::ALL {
            let key = key(suite, CryptoMode::Real);
            let record = sealed(&key, b"plaintext");
            for bit in 0..record.len() * 8 {
                let mut record = record.clone();
                record[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(key.open_within([1; 12], b"header", &mut record, 0), Err(CryptoFailed));
            }
            assert_eq!(key.open_within([2; 12], b"header", &mut record.clone(), 0), Err(CryptoFailed));
            assert_eq!(key.open_within([1; 12], b"heater", &mut record.clone(), 0), Err(CryptoFailed));
        }
    }

    #[test]
    fn lengths_that_leave_no_room_for_a_tag_are_an_error() {
        for mode in MODES {
            let key = key(Suite::Aes128GcmSha256, mode);
            for length in 0..TAG_LEN {
                assert_eq!(key.open_within([1; 12], b"", &mut std::vec![0; length], 0), Err(CryptoFailed));
            }
            for from in [1, 16, 17, usize::MAX] {
                assert_eq!(key.open_within([1; 12], b"", &mut [0; TAG_LEN], from), Err(CryptoFailed));
            }
        }
    }

    #[test]
    fn a_key_of_another_length_is_an_error() {
        for suite in Suite::ALL {
            for length in (0..=33).filter(|length| *length != suite.key_len()) {
                assert!(AeadKey::new(suite, &[7; 33][..length], CryptoMode::Real).is_err());
            }
        }
    }

    #[test]
    fn the_null_key_protects_nothing() {
        let record = sealed(&key(Suite::Aes128GcmSha256, CryptoMode::Null), b"plaintext");
        assert_eq!(record, [b"plaintext".as_slice(), &[0; TAG_LEN]].concat());
    }

    #[test]
    fn the_null_key_costs_no_byte() {
        assert_eq!(size_of::<AeadKey>(), size_of::<LessSafeKey>());
    }
}
