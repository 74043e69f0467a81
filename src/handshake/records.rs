//! The engine's effects as records.

use super::log::Log;
use crate::codec::{Message, Writer};
use crate::crypto::{CryptoMode, Suite, TrafficKey};
use crate::engine::{Effects, Secret};
use crate::error::ErrorKind;
use crate::record::{EarlyData, InboxView, OutboxView, ReadProtection, WriteProtection};
use crate::role::Epoch;

/// Where the engine's effects go when the transport has records.
pub(super) struct Records<'a, 'r, 't> {
    pub(super) read: &'a mut ReadProtection,
    pub(super) write: &'a mut WriteProtection,
    /// None inside an answer, which has no inbox at hand: read keys change in `drive`.
    pub(super) rx: Option<&'a InboxView<'r>>,
    pub(super) tx: &'a mut OutboxView<'t>,
    pub(super) log: &'a mut Log,
    pub(super) early_data: &'a mut EarlyData,
    pub(super) crypto: CryptoMode,
}

impl Records<'_, '_, '_> {
    fn key(&self, suite: Suite, secret: Secret<'_>) -> Result<TrafficKey, ErrorKind> {
        match secret {
            Secret::Handshake(secret) => secret.key(suite, self.crypto),
            Secret::Application(secret) => secret.key(suite, self.crypto),
        }
        .map_err(|_| ErrorKind::Internal)
    }
}

impl Effects for Records<'_, '_, '_> {
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        let mut counter = Writer::counting();
        write(&mut counter);
        let epoch = if self.write.is_protected() { Epoch::Handshake } else { Epoch::Plaintext };
        let log = &mut *self.log;
        self.tx.append_handshake(self.write, counter.len(), |memory| {
            let mut writer = Writer::new(memory);
            write(&mut writer);
            writer.finish().map_err(|_| ErrorKind::CredentialTooLong)?;
            seen(memory);
            if let Some((message, _)) = Message::split(memory) {
                log.sent(message, epoch);
            }
            Ok(())
        })?
    }

    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind> {
        self.tx.change_cipher_spec(self.write)
    }

    fn write_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        let key = self.key(suite, secret)?;
        self.write.replace_key(self.tx, key)
    }

    fn read_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        let key = self.key(suite, secret)?;
        self.read.replace_key(self.rx.ok_or(ErrorKind::Internal)?, key)
    }

    fn peer_record_size_limit(&mut self, limit: u16) {
        self.write.set_record_size_limit(limit);
    }

    fn own_record_size_limit(&mut self, limit: u16) {
        self.read.set_record_size_limit(limit);
    }

    fn skip_early_data(&mut self, after_retry: bool) {
        *self.early_data = if after_retry { EarlyData::Protected } else { EarlyData::Unopened };
    }
}

/// For a verdict, which has no effects but the transition.
pub(super) struct Nowhere;

impl Effects for Nowhere {
    fn message(&mut self, _: &dyn Fn(&mut Writer<'_>), _: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        Err(ErrorKind::Internal)
    }

    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind> {
        Err(ErrorKind::Internal)
    }

    fn write_key(&mut self, _: Suite, _: Secret<'_>) -> Result<(), ErrorKind> {
        Err(ErrorKind::Internal)
    }

    fn read_key(&mut self, _: Suite, _: Secret<'_>) -> Result<(), ErrorKind> {
        Err(ErrorKind::Internal)
    }

    fn peer_record_size_limit(&mut self, _: u16) {}

    fn own_record_size_limit(&mut self, _: u16) {}

    fn skip_early_data(&mut self, _: bool) {}
}
