//! ML-KEM-768 by aws-lc-rs, which keeps keys on the heap and has its own random number generator.

use super::{CIPHERTEXT_LEN, ENCAPSULATION_KEY_LEN, SharedSecret};
use crate::crypto::CryptoFailed;
use ::aws_lc_rs::kem::{self, EncapsulationKey, ML_KEM_768};
use zeroize::Zeroizing;

pub(crate) struct DecapsulationKey {
    key: kem::DecapsulationKey,
    encapsulation_key: [u8; ENCAPSULATION_KEY_LEN],
}

impl DecapsulationKey {
    pub(crate) fn generate() -> Result<DecapsulationKey, CryptoFailed> {
        let key = kem::DecapsulationKey::generate(&ML_KEM_768).map_err(|_| CryptoFailed)?;
        let encapsulation_key = key.encapsulation_key().and_then(|key| key.key_bytes()).map_err(|_| CryptoFailed)?;
        let encapsulation_key = encapsulation_key.as_ref().try_into().map_err(|_| CryptoFailed)?;
        Ok(DecapsulationKey { key, encapsulation_key })
    }

    #[cfg(test)]
    pub(super) fn from_bytes(expanded: &[u8; 2400]) -> DecapsulationKey {
        let key = kem::DecapsulationKey::new(&ML_KEM_768, expanded).unwrap();
        DecapsulationKey { key, encapsulation_key: expanded[1152..2336].try_into().unwrap() }
    }

    pub(crate) fn encapsulation_key(&self) -> &[u8] {
        &self.encapsulation_key
    }

    /// Every ciphertext of the right length gives a secret. For a wrong ciphertext the peer does not know the secret.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT_LEN]) -> Result<SharedSecret, CryptoFailed> {
        let secret = self.key.decapsulate(ciphertext[..].into()).map_err(|_| CryptoFailed)?;
        shared_secret(&secret)
    }
}

/// Fails if the key is invalid (the modulus check of FIPS 203 §7.2).
pub(crate) fn encapsulate(
    key: &[u8; ENCAPSULATION_KEY_LEN],
) -> Result<([u8; CIPHERTEXT_LEN], SharedSecret), CryptoFailed> {
    let key = EncapsulationKey::new(&ML_KEM_768, key).map_err(|_| CryptoFailed)?;
    let (ciphertext, secret) = key.encapsulate().map_err(|_| CryptoFailed)?;
    Ok((ciphertext.as_ref().try_into().map_err(|_| CryptoFailed)?, shared_secret(&secret)?))
}

fn shared_secret(secret: &kem::SharedSecret) -> Result<SharedSecret, CryptoFailed> {
    secret.as_ref().try_into().map(Zeroizing::new).map_err(|_| CryptoFailed)
}
