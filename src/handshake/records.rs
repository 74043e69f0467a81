//! The carrier for streams: handshake messages in records.

use super::carrier::{AnyInbox, AnyOutbox, Carrier, Carry};
use crate::codec::{AlertDescription, HandshakeType, Writer};
use crate::crypto::{CryptoMode, Suite, TrafficKey};
use crate::engine::Secret;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::{Memory, Plan, Receiving, Sending};
use crate::policy::Policy;
use crate::record::{self, Expect, Inbox, InboxView, Opened, Outbox, OutboxView, ReadProtection, WriteProtection};
use crate::role::{EarlyData, Epoch, Role};
use crate::session;
use core::ops::Range;

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
    type Rx<'m> = InboxView<'m>;
    type Tx<'m> = OutboxView<'m>;
    type Plan = record::Plan;

    fn new(role: Role, policy: &Policy) -> Records {
        let mut write = match role {
            Role::Client => WriteProtection::client(),
            Role::Server => WriteProtection::server(),
        };
        write.set_max_fragment(policy.max_fragment);
        Records { read: ReadProtection::new(), write }
    }

    fn middlebox_compatibility(policy: &Policy) -> bool {
        policy.middlebox_compatibility
    }

    fn epochs(&self) -> (Epoch, Epoch) {
        let epoch = |protected| if protected { Epoch::Handshake } else { Epoch::Plaintext };
        (epoch(self.read.is_protected()), epoch(self.write.is_protected()))
    }

    fn check_unread(&self, _: &InboxView<'_>) -> Result<(), ErrorKind> {
        Ok(()) // a record is opened by the key of its time
    }

    fn unwrap_more(
        &mut self,
        rx: &mut InboxView<'_>,
        role: Role,
        first: bool,
        early_data: EarlyData,
    ) -> Result<bool, ErrorKind> {
        let expect = Expect {
            change_cipher_spec: !first,
            application_data: false,
            plaintext_alert: role == Role::Server,
            early_data,
        };
        match self.read.open(rx, expect)? {
            Some(Opened::Handshake | Opened::Dropped) => Ok(true),
            Some(Opened::ApplicationData) => Err(ErrorKind::EarlyApplicationData),
            Some(Opened::Alert(AlertDescription::USER_CANCELED)) => Ok(true),
            Some(Opened::Alert(AlertDescription::CLOSE_NOTIFY)) => Err(ErrorKind::ClosedInHandshake),
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

    fn message(
        &mut self,
        tx: &mut OutboxView<'_>,
        write: &dyn Fn(&mut Writer<'_>),
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ErrorKind> {
        let mut counter = Writer::counting();
        write(&mut counter);
        tx.append_handshake(&mut self.write, counter.len(), |memory| {
            let mut writer = Writer::new(memory);
            write(&mut writer);
            writer.finish().map_err(|_| ErrorKind::CredentialTooLong)?;
            seen(memory);
            Ok(())
        })?
    }

    fn flush(&mut self, tx: &mut OutboxView<'_>) -> Result<(), ErrorKind> {
        tx.seal_open_record(&mut self.write)
    }

    /// A client's change_cipher_spec comes before whatever it protects first, also if that is an alert (§E.4).
    fn alert(&mut self, tx: &mut OutboxView<'_>, role: Role, policy: &Policy, alerts: &[AlertDescription]) {
        let compatible = role == Role::Client && policy.middlebox_compatibility;
        if compatible && self.write.is_protected() && !self.write.has_sent_change_cipher_spec() {
            let _ = tx.change_cipher_spec(&mut self.write); // without room the alert alone must do
        }
        for alert in alerts {
            // There is always room for it, if the outbox has room for anything at all.
            let _ = tx.alert(&mut self.write, *alert);
        }
    }

    fn change_cipher_spec(&mut self, tx: &mut OutboxView<'_>) -> Result<(), ErrorKind> {
        tx.change_cipher_spec(&mut self.write)
    }

    fn write_key(
        &mut self,
        tx: &mut OutboxView<'_>,
        suite: Suite,
        secret: Secret<'_>,
        crypto: CryptoMode,
    ) -> Result<(), ErrorKind> {
        self.write.replace_key(tx, key(suite, secret, crypto)?)
    }

    fn read_key(
        &mut self,
        rx: &InboxView<'_>,
        suite: Suite,
        secret: Secret<'_>,
        crypto: CryptoMode,
    ) -> Result<(), ErrorKind> {
        self.read.replace_key(rx, key(suite, secret, crypto)?)
    }

    fn peer_record_size_limit(&mut self, limit: u16) {
        self.write.set_record_size_limit(limit);
    }

    fn own_record_size_limit(&mut self, limit: u16) {
        self.read.set_record_size_limit(limit);
    }

    fn connected(
        &mut self,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
        role: Role,
        policy: &Policy,
    ) -> Result<bool, ErrorKind> {
        self.write.set_padding(policy.padding);
        self.write.set_update_after(policy.update_after);
        match role {
            Role::Client => rx.mark(), // what has come by now confirms nothing
            Role::Server if policy.confirming_record => match session::confirm_client(&mut self.write, tx) {
                Err(_) if !tx.is_empty() => return Ok(false),
                sent => sent?,
            },
            Role::Server => {}
        }
        Ok(true)
    }

    fn after_handshake(&mut self, _: &mut InboxView<'_>, _: Role, _: &Policy) -> Result<(), ErrorKind> {
        Ok(()) // the session's affair
    }

    fn forget(&mut self) {
        self.read = ReadProtection::new();
        self.write = WriteProtection::server();
    }
}

fn key(suite: Suite, secret: Secret<'_>, crypto: CryptoMode) -> Result<TrafficKey, ErrorKind> {
    match secret {
        Secret::Handshake(secret) => secret.key(suite, crypto),
        Secret::Application(secret) => secret.key(suite, crypto),
    }
    .map_err(|_| ErrorKind::Internal)
}

impl Receiving for InboxView<'_> {
    fn belongs_to(&mut self, connection: u64) -> bool {
        InboxView::belongs_to(self, connection)
    }

    fn has_unread(&self) -> bool {
        InboxView::has_unread(self)
    }

    fn retained_len(&self) -> usize {
        InboxView::retained_len(self)
    }

    fn message_header(&self) -> Option<(HandshakeType, usize)> {
        InboxView::message_header(self)
    }

    fn read_message(&mut self, body: usize) -> Result<Option<Range<u32>>, ErrorKind> {
        let Some(next) = self.next_message(body)? else { return Ok(None) };
        self.read(&next);
        Ok(Some(next.range))
    }

    fn flight(&self) -> Flight<'_> {
        InboxView::flight(self)
    }

    fn release_all(&mut self) {
        InboxView::release_all(self);
    }
}

impl Sending for OutboxView<'_> {
    fn belongs_to(&mut self, connection: u64) -> bool {
        OutboxView::belongs_to(self, connection)
    }

    fn is_empty(&self) -> bool {
        OutboxView::is_empty(self)
    }
}

impl Plan for record::Plan {
    fn handshake(self, len: usize) -> Self {
        record::Plan::handshake(self, len)
    }

    fn change_cipher_spec(self) -> Self {
        record::Plan::change_cipher_spec(self)
    }

    fn key(self, record_size_limit: u16) -> Self {
        record::Plan::key(self, record_size_limit)
    }
}
