//! The carrier for transports that protect handshake bytes themselves, as QUIC does (RFC 9001): messages without records.

use super::carrier::{AnyInbox, AnyOutbox, Carrier, Carry};
use crate::codec::{AlertDescription, HandshakeType, Message, Writer};
use crate::crypto::{CryptoMode, Suite};
use crate::engine::Secret;
use crate::engine::post_handshake::{self, PostHandshake};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::limits::MAX_TICKETS;
use crate::memory::{Memory, Plan, Receiving};
use crate::messages::{FlowInbox, FlowInboxView, FlowOutbox, FlowOutboxView};
use crate::policy::Policy;
use crate::role::{EarlyData, Epoch, Role};
use zeroize::Zeroizing;

/// Handshake messages travel by themselves: the transport protects them, and says under which keys they came.
pub struct Messages {
    read_epoch: Epoch,
    write_epoch: Epoch,
    /// The handshake traffic secrets, for the transport.
    pub(super) own: Option<ExposedSecret>,
    pub(super) peer: Option<ExposedSecret>,
    tickets: u8,
}

/// A traffic secret that has been handed out: 32 or 48 bytes, wiped on drop.
pub struct ExposedSecret {
    bytes: Zeroizing<[u8; 48]>,
    len: usize,
}

impl ExposedSecret {
    pub(super) fn new(secret: &[u8]) -> ExposedSecret {
        let mut bytes = Zeroizing::new([0; 48]);
        for (to, from) in bytes.iter_mut().zip(secret) {
            *to = *from;
        }
        ExposedSecret { bytes, len: secret.len() }
    }

    /// The secret. Whoever has it reads what is protected with it.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Carrier for Messages {}

impl<M: Memory> AnyInbox for FlowInbox<M> {
    type Carrier = Messages;

    fn rx(&mut self) -> FlowInboxView<'_> {
        self.view()
    }

    fn held(&self) -> (Flight<'_>, Option<u64>) {
        (self.flight(), self.stamp())
    }
}

impl<M: Memory> AnyOutbox for FlowOutbox<M> {
    type Carrier = Messages;

    fn tx(&mut self) -> FlowOutboxView<'_> {
        self.view()
    }
}

/// The epoch of what a secret protects, and the secret if the transport must have it now.
fn handed_out(secret: Secret<'_>) -> (Epoch, Option<ExposedSecret>) {
    match secret {
        Secret::Handshake(secret) => (Epoch::Handshake, Some(ExposedSecret::new(secret.expose()))),
        Secret::Application(_) => (Epoch::Application, None), // as a pair, by `finish`
    }
}

impl Carry for Messages {
    type Rx<'m> = FlowInboxView<'m>;
    type Tx<'m> = FlowOutboxView<'m>;
    type Plan = Length;

    fn new(_: Role, _: &Policy) -> Messages {
        let epoch = Epoch::Plaintext;
        Messages { read_epoch: epoch, write_epoch: epoch, own: None, peer: None, tickets: 0 }
    }

    fn middlebox_compatibility(_: &Policy) -> bool {
        false // there are no records to disguise (RFC 9001 §8.4)
    }

    fn epochs(&self) -> (Epoch, Epoch) {
        (self.read_epoch, self.write_epoch)
    }

    fn check_unread(&self, rx: &FlowInboxView<'_>) -> Result<(), ErrorKind> {
        rx.check_epoch(self.read_epoch)
    }

    fn unwrap_more(&mut self, _: &mut FlowInboxView<'_>, _: Role, _: bool, _: EarlyData) -> Result<bool, ErrorKind> {
        Ok(false)
    }

    fn want_more(&self, rx: &FlowInboxView<'_>) -> Result<(), ErrorKind> {
        rx.want_more()
    }

    fn plan(&self, _: &FlowOutboxView<'_>) -> Length {
        Length(0)
    }

    fn room_for(&self, tx: &FlowOutboxView<'_>, plan: &Length) -> Result<(), ErrorKind> {
        tx.room_for(plan.0)
    }

    fn message(
        &mut self,
        tx: &mut FlowOutboxView<'_>,
        write: &dyn Fn(&mut Writer<'_>),
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ErrorKind> {
        tx.append(self.write_epoch, write, seen)
    }

    fn flush(&mut self, _: &mut FlowOutboxView<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn alert(&mut self, _: &mut FlowOutboxView<'_>, _: Role, _: &Policy, _: &[AlertDescription]) {
        // The error says which alert the transport is to convey.
    }

    fn change_cipher_spec(&mut self, _: &mut FlowOutboxView<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn write_key(
        &mut self,
        _: &mut FlowOutboxView<'_>,
        _: Suite,
        secret: Secret<'_>,
        _: CryptoMode,
    ) -> Result<(), ErrorKind> {
        let (epoch, secret) = handed_out(secret);
        self.write_epoch = epoch;
        self.own = secret.or(self.own.take());
        Ok(())
    }

    fn read_key(
        &mut self,
        rx: &FlowInboxView<'_>,
        _: Suite,
        secret: Secret<'_>,
        _: CryptoMode,
    ) -> Result<(), ErrorKind> {
        if rx.has_unread() {
            return Err(ErrorKind::DataAcrossKeyChange);
        }
        let (epoch, secret) = handed_out(secret);
        self.read_epoch = epoch;
        self.peer = secret.or(self.peer.take());
        Ok(())
    }

    // Limits are the transport's own affair.
    fn peer_record_size_limit(&mut self, _: u16) {}

    fn own_record_size_limit(&mut self, _: u16) {}

    fn connected(
        &mut self,
        _: &mut FlowInboxView<'_>,
        _: &mut FlowOutboxView<'_>,
        _: Role,
        _: &Policy,
    ) -> Result<bool, ErrorKind> {
        Ok(true)
    }

    /// NewSessionTicket is checked and dropped; KeyUpdate is refused, since such transports update keys by themselves
    /// (RFC 9001 §6). What is there in part stays until the rest has come.
    fn after_handshake(&mut self, rx: &mut FlowInboxView<'_>, role: Role, policy: &Policy) -> Result<(), ErrorKind> {
        loop {
            rx.release_all();
            rx.check_epoch(self.read_epoch)?;
            let Some((typ, len)) = rx.message_header() else { return Ok(()) };
            post_handshake::accepts(role, typ)?;
            if typ == HandshakeType::KEY_UPDATE {
                return Err(ErrorKind::UnexpectedMessage { message: typ });
            }
            if len > policy.max_message {
                return Err(ErrorKind::MessageTooLong { message: typ });
            }
            let Some(range) = rx.read_message(len)? else { return rx.want_more() };
            let message = rx.flight().get(range).and_then(Message::split);
            let (message, _) = message.ok_or(ErrorKind::Internal)?;
            if post_handshake::judge(message)? == PostHandshake::Ticket {
                self.tickets = self.tickets.saturating_add(1);
                if self.tickets > MAX_TICKETS {
                    return Err(ErrorKind::TooManyTickets);
                }
            }
        }
    }

    fn forget(&mut self) {
        self.own = None;
        self.peer = None;
    }
}

/// How many bytes are going to be sent.
pub struct Length(usize);

impl Plan for Length {
    fn handshake(self, len: usize) -> Self {
        Length(self.0.saturating_add(len))
    }

    fn change_cipher_spec(self) -> Self {
        self
    }

    fn key(self, _: u16) -> Self {
        self
    }
}
