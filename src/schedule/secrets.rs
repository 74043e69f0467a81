//! The results of the key schedule: handshake, application and exporter secrets (RFC 9846 §4.5.3, §7.2, §7.3, §7.5).

use crate::crypto::{CryptoFailed, CryptoMode, Hash, Label, Prk, Secret, Suite, TrafficKey, VerifyData, label};
use core::fmt;

/// A value for each sender.
pub struct Pair<T> {
    /// The value for what the client sends.
    pub client: T,
    /// The value for what the server sends.
    pub server: T,
}

/// client_ or server_handshake_traffic_secret: it has a finished_key and is never updated. 49 bytes: to keep the keyed
/// HMAC in every state would take 184 more, and cost as much as to key it again for Finished.
pub struct HandshakeSecret {
    secret: Secret,
}

impl HandshakeSecret {
    pub(super) fn new(secret: Secret) -> HandshakeSecret {
        HandshakeSecret { secret }
    }

    /// The key for this sender's records (§7.3).
    pub fn key(&self, suite: Suite, mode: CryptoMode) -> Result<TrafficKey, CryptoFailed> {
        TrafficKey::derive(&Prk::new(&self.secret), suite, mode)
    }

    /// verify_data of this sender's Finished (§4.5.3). `certificate_verify` is the transcript hash up to and including
    /// this sender's CertificateVerify.
    pub fn finished(&self, certificate_verify: &Hash) -> VerifyData {
        self.finished_key().mac(certificate_verify)
    }

    /// Compares received verify_data with [`HandshakeSecret::finished`], in constant time.
    pub fn verify_finished(
        &self,
        certificate_verify: &Hash,
        received: &[u8],
        mode: CryptoMode,
    ) -> Result<FinishedVerified, BadFinished> {
        if !mode.is_null() {
            self.finished_key().verify_mac(certificate_verify, received).map_err(|CryptoFailed| BadFinished)?;
        } else if received.len() != self.secret.algorithm().output_len() {
            return Err(BadFinished);
        }
        Ok(FinishedVerified(()))
    }

    /// The secret bytes, for a key log, or for a transport with its own packet protection.
    pub fn expose(&self) -> &[u8] {
        self.secret.expose()
    }

    /// finished_key = HKDF-Expand-Label(BaseKey, "finished", "", Hash.length)
    fn finished_key(&self) -> Prk {
        Prk::new(&Prk::new(&self.secret).derive_secret(label!("finished"), None))
    }
}

/// Evidence that the peer's Finished is right. Only [`HandshakeSecret::verify_finished`] returns it.
#[must_use]
pub struct FinishedVerified(());

/// verify_data differs: the two sides have different transcripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFinished;

impl fmt::Display for BadFinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Finished does not match")
    }
}

impl core::error::Error for BadFinished {}

/// client_ or server_application_traffic_secret_N: it can be updated and has no finished_key. 49 bytes.
pub struct TrafficSecret {
    secret: Secret,
}

impl TrafficSecret {
    pub(super) fn new(secret: Secret) -> TrafficSecret {
        TrafficSecret { secret }
    }

    /// The key for this sender's records until the next KeyUpdate (§7.3).
    pub fn key(&self, suite: Suite, mode: CryptoMode) -> Result<TrafficKey, CryptoFailed> {
        TrafficKey::derive(&Prk::new(&self.secret), suite, mode)
    }

    /// The secret after a KeyUpdate (§7.2):
    /// application_traffic_secret_N+1 = HKDF-Expand-Label(application_traffic_secret_N, "traffic upd", "", Hash.length)
    #[must_use]
    pub fn next(&self) -> TrafficSecret {
        TrafficSecret::new(Prk::new(&self.secret).derive_secret(label!("traffic upd"), None))
    }

    /// The secret bytes, for a key log, or for a transport with its own packet protection.
    pub fn expose(&self) -> &[u8] {
        self.secret.expose()
    }
}

/// exporter_secret (§7.5). 49 bytes.
pub struct ExporterSecret {
    secret: Secret,
}

impl ExporterSecret {
    pub(super) fn new(secret: Secret) -> ExporterSecret {
        ExporterSecret { secret }
    }

    /// TLS-Exporter(label, context_value, key_length), where key_length is the length of `out`:
    /// HKDF-Expand-Label(Derive-Secret(Secret, label, ""), "exporter", Hash(context_value), key_length).
    ///
    /// Fails and writes nothing if `label` is longer than 249 bytes, or `out` is longer than 255 * Hash.length.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        let hash = self.secret.algorithm();
        let label = Label::new(label).ok_or(CryptoFailed)?;
        let derived = Prk::new(&self.secret).derive_secret(label, Some(&hash.hash_of_nothing()));
        Prk::new(&derived).expand_label(label!("exporter"), Some(&hash.hash(context)), out)
    }

    /// TLS-Exporter(label, "", Hash.length), as a secret.
    pub(super) fn export_secret(&self, label: Label<'_>) -> Secret {
        let nothing = self.secret.algorithm().hash_of_nothing();
        let derived = Prk::new(&self.secret).derive_secret(label, Some(&nothing));
        Prk::new(&derived).derive_secret(label!("exporter"), Some(&nothing))
    }

    /// The secret bytes, for a key log.
    pub fn expose(&self) -> &[u8] {
        self.secret.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::HashAlgorithm;

    #[test]
    fn without_cryptography_any_verify_data_of_the_right_length_is_accepted() {
        for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sha384] {
            let secret = HandshakeSecret::new(Secret::extract(algorithm, b"salt", b"secret"));
            let hash = algorithm.hash(b"messages");
            for length in 0..=64 {
                let verdict = secret.verify_finished(&hash, &[1; 64][..length], CryptoMode::Null);
                assert_eq!(verdict.is_ok(), length == algorithm.output_len());
                assert!(secret.verify_finished(&hash, &[1; 64][..length], CryptoMode::Real).is_err());
            }
        }
    }
}
