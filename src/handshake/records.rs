//! The carrier for streams: handshake messages in records.

use super::carrier::{AnyInbox, AnyOutbox, AnyOutboxView, Carrier, Carry};
use super::log::Log;
use crate::codec::{AlertDescription, Writer};
use crate::crypto::{CryptoMode, Suite, TrafficKey};
use crate::engine::{Effects, Engine, Plan, Secret};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::{self, Expect, Inbox, InboxView, Opened, Outbox, OutboxView, ReadProtection, WriteProtection};
use crate::role::{Epoch, Role, State};
use crate::session;

/// Handshake messages travel in TLS records, over a stream of bytes.
pub struct Records {
    pub(super) read: ReadProtection,
    pub(super) write: WriteProtection,
}

impl Carrier for Records {}

impl<M: Memory> AnyInbox for Inbox<M> {
    type Carrier = Records;

    fn rx(&mut self) -> InboxView<'_> {
        self.view()
    }

    fn held(&self) -> (Flight<'_>, Option<u64>) {
        (self.flight(), self.stamp())
    }
}

impl<M: Memory> AnyOutbox for Outbox<M> {
    type Carrier = Records;

    fn tx(&mut self) -> OutboxView<'_> {
        self.view()
    }
}

impl Carry for Records {
    type OutboxView<'m> = OutboxView<'m>;
    type Plan = record::Plan;

    fn new(role: Role, policy: &Policy) -> Records {
        let mut write = WriteProtection::new(role);
        write.set_max_fragment(policy.max_fragment);
        Records { read: ReadProtection::new(), write }
    }

    fn middlebox_compatibility(policy: &Policy) -> bool {
        policy.middlebox_compatibility
    }

    fn read_epoch(&self) -> Epoch {
        epoch(self.read.is_protected())
    }

    fn check_unread(&self, _: &InboxView<'_>) -> Result<(), ErrorKind> {
        Ok(()) // opening a record has checked it
    }

    fn open(&mut self, rx: &mut InboxView<'_>, engine: &Engine) -> Result<bool, ErrorKind> {
        let negotiated = engine.negotiated();
        let first = engine.state() == State::WaitClientHello && !negotiated.retried;
        let expect = Expect {
            change_cipher_spec: !first,
            application_data: false,
            plaintext_alert: engine.role() == Role::Server,
            early_data: negotiated.early_data,
        };
        let authentic = self.read.is_protected();
        match self.read.open(rx, expect)? {
            Some(Opened::Handshake | Opened::Dropped) => Ok(true),
            Some(Opened::ApplicationData) => Err(ErrorKind::EarlyApplicationData),
            Some(Opened::Alert(AlertDescription::USER_CANCELED)) => Ok(true),
            Some(Opened::Alert(AlertDescription::CLOSE_NOTIFY)) => Err(ErrorKind::ClosedInHandshake),
            // Without keys, anybody on the path may have sent it.
            Some(Opened::Alert(alert)) if !authentic => Err(ErrorKind::UnauthenticatedAlert { alert }),
            Some(Opened::Alert(alert)) => Err(ErrorKind::from_alert(alert, false)),
            None if rx.eof() => Err(ErrorKind::Truncated),
            None => Ok(false),
        }
    }

    fn want_more(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind> {
        self.read.want_more(rx)
    }

    fn plan(&self, tx: &OutboxView<'_>) -> record::Plan {
        tx.plan(&self.write)
    }

    fn room_for(&self, tx: &OutboxView<'_>, plan: &record::Plan) -> Result<(), ErrorKind> {
        tx.room_for(plan)
    }

    fn effects<'a, 'r: 'a, 't: 'a>(
        &'a mut self,
        rx: Option<&'a InboxView<'r>>,
        tx: &'a mut OutboxView<'t>,
        log: &'a mut Log,
        crypto: CryptoMode,
    ) -> impl Effects {
        let Records { read, write } = self;
        RecordEffects { read, write, rx, tx, log, crypto }
    }

    fn flush(&mut self, tx: &mut OutboxView<'_>) -> Result<(), ErrorKind> {
        tx.seal_open_record(&mut self.write)
    }

    /// A client's change_cipher_spec comes before its first protected record, even if that is an alert (§E.4).
    fn alert(&mut self, tx: &mut OutboxView<'_>, engine: &Engine, alerts: &[AlertDescription]) {
        let compatible = engine.role() == Role::Client && engine.negotiated().middlebox_compatibility;
        if compatible && self.write.is_protected() && !self.write.has_sent_change_cipher_spec() {
            let _ = tx.change_cipher_spec(&mut self.write); // without room only the alert is sent
        }
        for alert in alerts {
            // It has room, unless the whole outbox is smaller than the reserve for alerts.
            let _ = tx.alert(&mut self.write, *alert);
        }
    }

    fn connected(
        &mut self,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
        engine: &mut Engine,
        policy: &Policy,
    ) -> Result<bool, ErrorKind> {
        match (engine.role(), engine.connected_mut()) {
            (Role::Client, _) => rx.mark(), // records that have begun to come so far do not confirm us
            (Role::Server, Some(connected)) if policy.confirm_clients => {
                match session::confirm_client(connected, &mut self.write, tx) {
                    Err(ErrorKind::OutboxTooSmall { .. }) if !tx.is_empty() => return Ok(false),
                    sent => sent?,
                }
            }
            (Role::Server, _) => {}
        }
        Ok(true)
    }

    fn forget(&mut self) {
        self.read.forget();
        self.write.forget();
    }
}

impl Records {
    /// An empty plan, for an empty outbox.
    pub(super) fn plan_in_empty_outbox(&self) -> record::Plan {
        record::Plan::of(&self.write)
    }
}

fn epoch(is_protected: bool) -> Epoch {
    if is_protected { Epoch::Handshake } else { Epoch::Plaintext }
}

impl Plan for record::Plan {
    fn message(&mut self, len: usize) {
        *self = self.handshake(len);
    }

    fn write_key(&mut self) {
        *self = self.key(u16::MAX);
    }

    fn change_cipher_spec(&mut self) {
        *self = record::Plan::change_cipher_spec(*self);
    }

    /// Called directly after the key.
    fn peer_record_size_limit(&mut self, limit: u16) {
        *self = self.key(limit);
    }
}

/// The engine's effects as records.
struct RecordEffects<'a, 'r, 't> {
    read: &'a mut ReadProtection,
    write: &'a mut WriteProtection,
    rx: Option<&'a InboxView<'r>>,
    tx: &'a mut OutboxView<'t>,
    log: &'a mut Log,
    crypto: CryptoMode,
}

impl RecordEffects<'_, '_, '_> {
    fn key(&self, suite: Suite, secret: Secret<'_>) -> Result<TrafficKey, ErrorKind> {
        match secret {
            Secret::Handshake(secret) => secret.key(suite, self.crypto),
            Secret::Application(secret) => secret.key(suite, self.crypto),
        }
        .map_err(|_| ErrorKind::CryptoFailed)
    }
}

impl Effects for RecordEffects<'_, '_, '_> {
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        let epoch = epoch(self.write.is_protected());
        self.tx.append_handshake(self.write, write, |message| {
            seen(message);
            self.log.sent(message, epoch);
        })
    }

    fn write_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        let key = self.key(suite, secret)?;
        self.tx.replace_key(self.write, key)
    }

    fn read_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        let key = self.key(suite, secret)?;
        self.read.replace_key(self.rx.ok_or(ErrorKind::Bug)?, key)
    }

    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind> {
        self.tx.change_cipher_spec(self.write)
    }

    fn peer_record_size_limit(&mut self, limit: u16) {
        self.write.set_record_size_limit(limit);
    }

    fn own_record_size_limit(&mut self, limit: u16) {
        self.read.set_record_size_limit(limit);
    }
}

impl AnyOutboxView for OutboxView<'_> {
    fn belongs_to(&mut self, connection: u64) -> bool {
        OutboxView::belongs_to(self, connection)
    }

    fn is_empty(&self) -> bool {
        OutboxView::is_empty(self)
    }
}
