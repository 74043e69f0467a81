//! Without the feature `mlkem` there are no hybrid groups, so nothing here is called.

use super::{CIPHERTEXT_LEN, ENCAPSULATION_KEY_LEN, SharedSecret};
use crate::crypto::CryptoFailed;

pub(crate) enum DecapsulationKey {}

impl DecapsulationKey {
    pub(crate) fn generate() -> Result<DecapsulationKey, CryptoFailed> {
        Err(CryptoFailed)
    }

    pub(crate) fn encapsulation_key(&self) -> &[u8] {
        match *self {}
    }

    pub(crate) fn decapsulate(&self, _ciphertext: &[u8; CIPHERTEXT_LEN]) -> Result<SharedSecret, CryptoFailed> {
        match *self {}
    }
}

pub(crate) fn encapsulate(
    _key: &[u8; ENCAPSULATION_KEY_LEN],
) -> Result<([u8; CIPHERTEXT_LEN], SharedSecret), CryptoFailed> {
    Err(CryptoFailed)
}
