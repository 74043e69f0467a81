//! ML-DSA by aws-lc-rs, which keeps keys on the heap and has its own random number generator.

use crate::asn1::MlDsa;
use crate::crypto::CryptoFailed;
use ::aws_lc_rs::signature::{self, PqdsaVerificationAlgorithm, UnparsedPublicKey};
#[cfg(feature = "x509")]
use {
    super::Rejected,
    ::aws_lc_rs::encoding::AsRawBytes,
    ::aws_lc_rs::signature::{KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm},
    std::{vec, vec::Vec},
};

/// Verifies a signature over `message`. Checks all lengths.
pub(crate) fn verify(set: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoFailed> {
    // aws-lc-rs would also accept a whole SubjectPublicKeyInfo.
    if key.len() != set.public_key_len() {
        return Err(CryptoFailed);
    }
    let algorithm: &'static PqdsaVerificationAlgorithm = match set {
        MlDsa::MlDsa44 => &signature::ML_DSA_44,
        MlDsa::MlDsa65 => &signature::ML_DSA_65,
        MlDsa::MlDsa87 => &signature::ML_DSA_87,
    };
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| CryptoFailed)
}

/// A private key.
#[cfg(feature = "x509")]
pub(crate) struct SigningKey {
    set: MlDsa,
    pair: PqdsaKeyPair,
}

#[cfg(feature = "x509")]
impl SigningKey {
    pub(crate) fn from_seed(set: MlDsa, seed: &[u8; 32]) -> Result<SigningKey, Rejected> {
        let pair = PqdsaKeyPair::from_seed(signing(set), seed).map_err(|_| Rejected)?;
        Ok(SigningKey { set, pair })
    }

    pub(crate) fn from_expanded(set: MlDsa, expanded: &[u8], public: &[u8]) -> Result<SigningKey, Rejected> {
        let pair = PqdsaKeyPair::from_raw_private_key(signing(set), expanded).map_err(|_| Rejected)?;
        let key = SigningKey { set, pair };
        if key.public_key() == public { Ok(key) } else { Err(Rejected) }
    }

    pub(crate) fn set(&self) -> MlDsa {
        self.set
    }

    pub(crate) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn is_expanded_to(&self, expanded: &[u8]) -> bool {
        self.pair.private_key().as_raw_bytes().is_ok_and(|ours| ours.as_ref() == expanded)
    }

    /// Signs, hedged (FIPS 204 §3.4).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoFailed> {
        let mut signature = vec![0; signing(self.set).signature_len()];
        let len = self.pair.sign(message, &mut signature).map_err(|_| CryptoFailed)?;
        signature.truncate(len);
        Ok(signature)
    }
}

#[cfg(feature = "x509")]
fn signing(set: MlDsa) -> &'static PqdsaSigningAlgorithm {
    match set {
        MlDsa::MlDsa44 => &signature::ML_DSA_44_SIGNING,
        MlDsa::MlDsa65 => &signature::ML_DSA_65_SIGNING,
        MlDsa::MlDsa87 => &signature::ML_DSA_87_SIGNING,
    }
}
