//! Exporters (RFC 9846 §7.5).

use crate::crypto::CryptoFailed;
use crate::schedule::{AuthenticatorKeys, ExporterSecret, Pair};

/// Exports keying material from the connection (RFC 9846 §7.5). Both ends get the same.
///
/// When a [`Session`](crate::Session) fails, it forgets the secret, and every call here is an error. After
/// [`split`](crate::Session::split) you must drop it yourself.
pub struct Exporter(Option<ExporterSecret>);

impl Exporter {
    pub(crate) fn new(secret: ExporterSecret) -> Exporter {
        Exporter(Some(secret))
    }

    /// The connection has failed (RFC 9846 §6).
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    /// Fills `out` with keying material for this label and context.
    ///
    /// # Errors
    /// The label is longer than 249 bytes, `out` is longer than 255 hashes, or the connection has failed.
    pub fn export(&self, label: &[u8], context: &[u8], out: &mut [u8]) -> Result<(), CryptoFailed> {
        self.0.as_ref().ok_or(CryptoFailed)?.export(label, context, out)
    }

    /// The exported values for authenticators (RFC 9261 §5.1). `None` if the connection has failed.
    pub(super) fn authenticator_keys(&self) -> Option<Pair<AuthenticatorKeys>> {
        self.0.as_ref().map(AuthenticatorKeys::derive)
    }

    /// The channel binding `tls-exporter` (RFC 9266): a protocol above TLS binds itself to this connection with it.
    ///
    /// # Errors
    /// The connection has failed.
    pub fn tls_exporter(&self) -> Result<[u8; 32], CryptoFailed> {
        let mut binding = [0; 32];
        self.export(b"EXPORTER-Channel-Binding", &[], &mut binding)?;
        Ok(binding)
    }

    /// The secret for the key log (`EXPORTER_SECRET`). Empty after the connection has failed. Whoever has it can derive
    /// everything that is exported.
    pub fn expose_secret(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], ExporterSecret::expose)
    }
}
