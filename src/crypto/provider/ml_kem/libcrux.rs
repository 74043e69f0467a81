//! ML-KEM-768 by libcrux, which needs no heap. The randomness comes from *ring*.

use super::{CIPHERTEXT_LEN, ENCAPSULATION_KEY_LEN, SharedSecret};
use crate::crypto::{CryptoFailed, random};
use core::ops::IndexMut;
use libcrux_ml_kem::mlkem768::{self, MlKem768PrivateKey};
use zeroize::{Zeroize, Zeroizing};

/// The expanded key: 2,400 bytes, wiped on drop. The seed of 64 bytes would suffice, but cost a second key generation.
pub(crate) struct DecapsulationKey(MlKem768PrivateKey);

impl DecapsulationKey {
    pub(crate) fn generate() -> Result<DecapsulationKey, CryptoFailed> {
        let mut seed = Zeroizing::new([0; 64]);
        random::fill(seed.as_mut())?;
        Ok(DecapsulationKey::from_seed(*seed))
    }

    pub(super) fn from_seed(seed: [u8; 64]) -> DecapsulationKey {
        DecapsulationKey(mlkem768::generate_key_pair(seed).into_parts().0)
    }

    #[cfg(test)]
    pub(super) fn from_bytes(expanded: &[u8; 2400]) -> DecapsulationKey {
        DecapsulationKey(expanded.into())
    }

    /// dk = dk_PKE ‖ ek ‖ H(ek) ‖ z (FIPS 203, algorithm 16).
    pub(crate) fn encapsulation_key(&self) -> &[u8] {
        const DK_PKE_LEN: usize = 1152;
        self.0.as_slice().get(DK_PKE_LEN..DK_PKE_LEN + ENCAPSULATION_KEY_LEN).unwrap_or_default()
    }

    /// Every ciphertext of the right length gives a secret. For a wrong ciphertext the peer does not know the secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT_LEN]) -> Result<SharedSecret, CryptoFailed> {
        Ok(Zeroizing::new(mlkem768::decapsulate(&self.0, &ciphertext.into())))
    }
}

impl Drop for DecapsulationKey {
    fn drop(&mut self) {
        self.0.index_mut(0..).zeroize();
    }
}

/// Fails if the key is invalid (the modulus check of FIPS 203 §7.2).
pub(crate) fn encapsulate(
    key: &[u8; ENCAPSULATION_KEY_LEN],
) -> Result<([u8; CIPHERTEXT_LEN], SharedSecret), CryptoFailed> {
    let mut randomness = Zeroizing::new([0; 32]);
    random::fill(randomness.as_mut())?;
    encapsulate_with(key, *randomness)
}

pub(super) fn encapsulate_with(
    key: &[u8; ENCAPSULATION_KEY_LEN],
    randomness: [u8; 32],
) -> Result<([u8; CIPHERTEXT_LEN], SharedSecret), CryptoFailed> {
    let key = key.into();
    if !mlkem768::validate_public_key(&key) {
        return Err(CryptoFailed);
    }
    let (ciphertext, secret) = mlkem768::encapsulate(&key, randomness);
    Ok((ciphertext.into(), Zeroizing::new(secret)))
}
