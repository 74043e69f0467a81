//! Stub of crypto's TrafficKey until that branch is merged.
use ring::aead::{Aad, LessSafeKey, Nonce};

pub(crate) struct CryptoFailed;
pub(crate) struct AeadKey(pub(crate) LessSafeKey);

impl AeadKey {
    pub(crate) fn seal_in_place(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; 16], CryptoFailed> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out)
            .map_err(|_| CryptoFailed)?;
        tag.as_ref().try_into().map_err(|_| CryptoFailed)
    }

    pub(crate) fn open_within(
        &self,
        nonce: [u8; 12],
        aad: &[u8],
        in_out: &mut [u8],
        ciphertext_from: usize,
    ) -> Result<usize, CryptoFailed> {
        self.0
            .open_within(Nonce::assume_unique_for_key(nonce), Aad::from(aad), in_out, ciphertext_from..)
            .map(|plaintext| plaintext.len())
            .map_err(|_| CryptoFailed)
    }
}

pub(crate) struct TrafficKey {
    pub(crate) aead: AeadKey,
    pub(crate) iv: [u8; 12],
}

impl TrafficKey {
    pub(crate) fn nonce(&self, sequence: u64) -> [u8; 12] {
        let mut nonce = self.iv;
        for (n, s) in nonce.iter_mut().skip(4).zip(sequence.to_be_bytes()) {
            *n ^= s;
        }
        nonce
    }
}
