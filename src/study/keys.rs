//! The computations of RFC 9846 §7, on bytes.

use crate::crypto::{AeadKey, CryptoMode, Hash, HashAlgorithm, Label, Prk, Secret, Suite};
use alloc::vec::Vec;

/// HKDF-Expand-Label(Secret, Label, Context, Length). `None` if the secret does not have Hash.length bytes.
pub(super) fn expand_label(
    algorithm: HashAlgorithm,
    secret: &[u8],
    label: &[u8],
    context: Option<&Hash>,
    len: usize,
) -> Option<Vec<u8>> {
    let mut out = alloc::vec![0; len];
    let prk = Prk::new(&Secret::from_bytes(algorithm, secret)?);
    prk.expand_label(Label::new(label)?, context, &mut out).ok()?;
    Some(out)
}

/// HKDF-Extract(salt, IKM)
pub(super) fn extract(algorithm: HashAlgorithm, salt: &[u8], ikm: &[u8]) -> Vec<u8> {
    Secret::extract(algorithm, salt, ikm).expose().to_vec()
}

/// HMAC(key, data). `None` if the key does not have Hash.length bytes.
pub(super) fn hmac(algorithm: HashAlgorithm, key: &[u8], data: &Hash) -> Option<Vec<u8>> {
    Some(Prk::new(&Secret::from_bytes(algorithm, key)?).mac(data).as_ref().to_vec())
}

/// A key of one sender, and the number of records that it has opened.
pub(super) struct RecordKey {
    key: AeadKey,
    iv: Vec<u8>,
    pub sequence_number: u64,
}

impl RecordKey {
    pub(super) fn new(suite: Suite, secret: &[u8]) -> Option<RecordKey> {
        let key = expand_label(suite.hash(), secret, b"key", None, suite.key_len())?;
        let iv = expand_label(suite.hash(), secret, b"iv", None, 12)?;
        let key = AeadKey::new(suite, &key, CryptoMode::Real).ok()?;
        Some(RecordKey { key, iv, sequence_number: 0 })
    }

    /// The nonce of the next record (§5.3).
    pub(super) fn nonce(&self) -> [u8; 12] {
        let number = u128::from(self.sequence_number).to_be_bytes();
        let mut nonce = [0; 12];
        let padded = number.get(4..).unwrap_or_default();
        for (to, (iv, number)) in nonce.iter_mut().zip(self.iv.iter().zip(padded)) {
            *to = iv ^ number;
        }
        nonce
    }

    /// Opens a record of a header and encrypted_record.
    pub(super) fn open(&self, header: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
        let mut memory = encrypted.to_vec();
        let len = self.key.open_within(self.nonce(), header, &mut memory, 0).ok()?;
        memory.truncate(len);
        Some(memory)
    }
}

/// The next traffic secret (§7.2).
pub(super) fn next_generation(algorithm: HashAlgorithm, secret: &[u8]) -> Option<Vec<u8>> {
    expand_label(algorithm, secret, b"traffic upd", None, algorithm.output_len())
}
