//! The exported values for authenticators (RFC 9261 §5.1): for each sender a Handshake Context and a Finished MAC Key.

use super::secrets::{BadFinished, ExporterSecret, Pair};
use crate::crypto::{CryptoFailed, CryptoMode, Hash, HashAlgorithm, Hasher, Prk, Secret, VerifyData, label};

/// The two values for one sender. 98 bytes.
pub struct AuthenticatorKeys {
    handshake_context: Secret,
    finished_mac_key: Secret,
}

impl AuthenticatorKeys {
    /// The values for both senders.
    pub fn derive(exporter: &ExporterSecret) -> Pair<AuthenticatorKeys> {
        Pair {
            client: AuthenticatorKeys {
                handshake_context: exporter.export_secret(label!("EXPORTER-client authenticator handshake context")),
                finished_mac_key: exporter.export_secret(label!("EXPORTER-client authenticator finished key")),
            },
            server: AuthenticatorKeys {
                handshake_context: exporter.export_secret(label!("EXPORTER-server authenticator handshake context")),
                finished_mac_key: exporter.export_secret(label!("EXPORTER-server authenticator finished key")),
            },
        }
    }

    /// The hash of the cipher suite.
    pub fn algorithm(&self) -> HashAlgorithm {
        self.handshake_context.algorithm()
    }

    /// Starts Hash(Handshake Context || ...).
    pub fn transcript(&self) -> Hasher {
        let mut hasher = Hasher::new(self.algorithm());
        hasher.update(self.handshake_context.expose());
        hasher
    }

    /// verify_data of this sender's Finished (§5.2.3). `transcript` is the hash of all that precedes it.
    pub fn finished(&self, transcript: &Hash) -> VerifyData {
        Prk::new(&self.finished_mac_key).mac(transcript)
    }

    /// Compares received verify_data with [`AuthenticatorKeys::finished`] in constant time.
    pub fn verify_finished(&self, transcript: &Hash, received: &[u8], mode: CryptoMode) -> Result<(), BadFinished> {
        if mode.is_null() {
            return if received.len() == self.algorithm().output_len() { Ok(()) } else { Err(BadFinished) };
        }
        Prk::new(&self.finished_mac_key).verify_mac(transcript, received).map_err(|CryptoFailed| BadFinished)
    }
}
