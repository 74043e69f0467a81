//! Keys that only the host has: for address validation tokens, and for stateless resets.

use super::keys::VERSION_1;
use crate::crypto::{AeadKey, CryptoFailed, CryptoMode, HashAlgorithm, Prk, Secret, Suite, random};
use quinn_proto::EndpointConfig;
use quinn_proto::crypto::{self, CryptoError, HandshakeTokenKey, HmacKey};
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;
use zeroize::Zeroizing;

/// quinn's defaults for an endpoint, with this key for stateless resets, and only QUIC version 1.
pub fn endpoint_config(reset_key: ResetKey) -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(reset_key));
    config.supported_versions([VERSION_1].to_vec());
    config
}

/// Signs stateless reset tokens (RFC 9000 §10.3.2). With the same key an endpoint can reset the connections that it had
/// before a restart.
pub struct ResetKey(Prk);

impl ResetKey {
    /// From 32 secret bytes, for use after a restart too.
    pub fn new(bytes: &[u8; 32]) -> ResetKey {
        ResetKey(host_key(b"countersign QUIC stateless reset", bytes))
    }

    /// A random key for this process.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn random() -> Result<ResetKey, CryptoFailed> {
        Ok(ResetKey::new(&*random_bytes()?))
    }
}

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        let mac = self.0.mac(&HashAlgorithm::Sha256.hash(data));
        for (to, from) in signature_out.iter_mut().zip(mac.as_ref()) {
            *to = *from;
        }
    }

    fn signature_len(&self) -> usize {
        HashAlgorithm::Sha256.output_len()
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        self.0.verify_mac(&HashAlgorithm::Sha256.hash(data), signature).map_err(|_| CryptoError)
    }
}

/// Seals the tokens of Retry packets and NEW_TOKEN frames (RFC 9000 §8.1). All servers behind one address share it.
pub struct TokenKey(Prk);

impl TokenKey {
    /// From 32 secret bytes, which several servers share.
    pub fn new(bytes: &[u8; 32]) -> TokenKey {
        TokenKey(host_key(b"countersign QUIC tokens", bytes))
    }

    /// A random key for this process.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn random() -> Result<TokenKey, CryptoFailed> {
        Ok(TokenKey::new(&*random_bytes()?))
    }
}

impl HandshakeTokenKey for TokenKey {
    /// The key for one token, derived with `random_bytes`. It is used once, so its nonce is zero.
    fn aead_from_hkdf(&self, random_bytes: &[u8]) -> Box<dyn crypto::AeadKey> {
        let secret = self.0.mac(&HashAlgorithm::Sha256.hash(random_bytes));
        Box::new(OneTokenKey(AeadKey::new(Suite::Aes256GcmSha384, secret.as_ref(), CryptoMode::Real).ok()))
    }
}

/// `None`: the key could not be made. This does not happen with the lengths used here.
struct OneTokenKey(Option<AeadKey>);

impl crypto::AeadKey for OneTokenKey {
    fn seal(&self, data: &mut Vec<u8>, additional_data: &[u8]) -> Result<(), CryptoError> {
        let key = self.0.as_ref().ok_or(CryptoError)?;
        let tag = key.seal_in_place([0; 12], additional_data, data).map_err(|_| CryptoError)?;
        data.extend_from_slice(&tag);
        Ok(())
    }

    fn open<'a>(&self, data: &'a mut [u8], additional_data: &[u8]) -> Result<&'a mut [u8], CryptoError> {
        let key = self.0.as_ref().ok_or(CryptoError)?;
        let len = key.open_within([0; 12], additional_data, data, 0).map_err(|_| CryptoError)?;
        data.get_mut(..len).ok_or(CryptoError)
    }
}

/// The key for one use. The use has a name, so that the same bytes give another key for another use.
fn host_key(name: &[u8], bytes: &[u8; 32]) -> Prk {
    Prk::new(&Secret::extract(HashAlgorithm::Sha256, name, bytes))
}

fn random_bytes() -> Result<Zeroizing<[u8; 32]>, CryptoFailed> {
    let mut bytes = Zeroizing::new([0; 32]);
    random::fill(bytes.as_mut())?;
    Ok(bytes)
}
