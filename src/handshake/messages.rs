//! The carrier for transports that protect handshake bytes themselves, as QUIC does (RFC 9001): messages without records.

use super::carrier::{AnyInbox, AnyOutbox, AnyOutboxView, Carrier, Carry};
use super::log::Log;
use crate::codec::{HandshakeType, Message, Writer};
use crate::crypto::{CryptoMode, Suite};
use crate::engine::post_handshake;
use crate::engine::ticket::TicketReader;
use crate::engine::{Effects, Plan, Secret};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::Memory;
use crate::messages::{FlowInbox, FlowOutbox, FlowOutboxView};
use crate::policy::Policy;
use crate::record::InboxView;
use crate::role::{Epoch, Role};
use zeroize::Zeroizing;

/// Handshake messages without records. The transport protects them, and names the epoch of received bytes.
pub struct Messages {
    read_epoch: Epoch,
    write_epoch: Epoch,
    /// The handshake traffic secrets, for the transport.
    pub(super) own: Option<ExposedSecret>,
    pub(super) peer: Option<ExposedSecret>,
    /// A ticket that is too long for the memory is read in pieces.
    ticket: Option<TicketReader>,
}

/// A traffic secret for the transport: 32 or 48 bytes, wiped on drop.
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

    /// The secret. Whoever has it can read what it protects.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Carrier for Messages {}

impl<M: Memory> AnyInbox for FlowInbox<M> {
    type Carrier = Messages;

    fn rx(&mut self) -> InboxView<'_> {
        self.0.view()
    }

    fn held(&self) -> (Flight<'_>, Option<u64>) {
        (self.0.flight(), self.0.stamp())
    }
}

impl<M: Memory> AnyOutbox for FlowOutbox<M> {
    type Carrier = Messages;

    fn tx(&mut self) -> FlowOutboxView<'_> {
        self.view()
    }
}

/// The epoch of a secret, and the secret itself if the transport must have it now.
fn handed_out(secret: Secret<'_>) -> (Epoch, Option<ExposedSecret>) {
    match secret {
        Secret::Handshake(secret) => (Epoch::Handshake, Some(ExposedSecret::new(secret.expose()))),
        Secret::Application(_) => (Epoch::Application, None), // as a pair, by `finish`
    }
}

impl Carry for Messages {
    type OutboxView<'m> = FlowOutboxView<'m>;
    type Plan = MessagePlan;

    fn new(_: Role, _: &Policy) -> Messages {
        let epoch = Epoch::Plaintext;
        Messages { read_epoch: epoch, write_epoch: epoch, own: None, peer: None, ticket: None }
    }

    fn read_epoch(&self) -> Epoch {
        self.read_epoch
    }

    fn check_unread(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind> {
        rx.check_epoch(self.read_epoch)
    }

    fn want_more(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind> {
        rx.want_message()
    }

    fn plan(&self, _: &FlowOutboxView<'_>) -> MessagePlan {
        MessagePlan { len: 0 }
    }

    fn room_for(&self, tx: &FlowOutboxView<'_>, plan: &MessagePlan) -> Result<(), ErrorKind> {
        tx.room_for(plan.len)
    }

    fn effects<'a, 'r: 'a, 't: 'a>(
        &'a mut self,
        rx: Option<&'a InboxView<'r>>,
        tx: &'a mut FlowOutboxView<'t>,
        log: &'a mut Log,
        _: CryptoMode,
    ) -> impl Effects {
        MessageEffects { keys: self, rx, tx, log }
    }

    /// NewSessionTicket is checked and dropped, with any length. KeyUpdate is refused, because such transports update their
    /// keys themselves (RFC 9001 §6). An incomplete message stays until the rest has come.
    ///
    /// Tickets are not limited here. A session limits those between two records of application data. No application data
    /// comes here, and a limit for the whole connection would end honest ones. Nothing of a ticket is kept.
    fn after_handshake(&mut self, rx: &mut InboxView<'_>, role: Role) -> Result<(), ErrorKind> {
        loop {
            rx.release_all();
            rx.check_epoch(self.read_epoch)?;
            while let Some(ticket) = &mut self.ticket {
                let Some((piece, left)) = rx.next_piece() else { return Ok(()) };
                ticket.read(piece)?;
                if left == 0 {
                    ticket.end()?;
                    self.ticket = None;
                }
            }
            let Some((typ, len)) = rx.message_header() else { return rx.want_message() };
            post_handshake::accepts(role, typ)?;
            if typ == HandshakeType::KEY_UPDATE {
                return Err(ErrorKind::UnexpectedMessage { message: typ });
            }
            // Only tickets are left. They may have any length and need not fit, because they are dropped.
            let Some(next) = rx.next_message(usize::MAX)? else {
                if rx.want_message().is_ok() {
                    return Ok(());
                }
                rx.read_in_pieces();
                self.ticket = Some(TicketReader::new(len));
                continue;
            };
            rx.read(&next);
            let message = rx.flight().get(next.range).and_then(Message::split);
            let (message, _) = message.ok_or(ErrorKind::Bug)?;
            post_handshake::judge(message)?;
        }
    }

    fn forget(&mut self) {
        self.own = None;
        self.peer = None;
    }
}

/// The length of the messages to be sent.
pub struct MessagePlan {
    len: usize,
}

impl Plan for MessagePlan {
    fn message(&mut self, len: usize) {
        self.len = self.len.saturating_add(len);
    }
}

/// The engine's effects as messages.
struct MessageEffects<'a, 'r, 't> {
    keys: &'a mut Messages,
    rx: Option<&'a InboxView<'r>>,
    tx: &'a mut FlowOutboxView<'t>,
    log: &'a mut Log,
}

impl Effects for MessageEffects<'_, '_, '_> {
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        let epoch = self.keys.write_epoch;
        self.tx.append(epoch, write, &mut |message| {
            seen(message);
            self.log.sent(message, epoch);
        })
    }

    fn write_key(&mut self, _: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        let (epoch, secret) = handed_out(secret);
        self.keys.write_epoch = epoch;
        self.keys.own = secret.or(self.keys.own.take());
        Ok(())
    }

    fn read_key(&mut self, _: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        if self.rx.ok_or(ErrorKind::Bug)?.has_unread() {
            return Err(ErrorKind::DataAcrossKeyChange);
        }
        let (epoch, secret) = handed_out(secret);
        self.keys.read_epoch = epoch;
        self.keys.peer = secret.or(self.keys.peer.take());
        Ok(())
    }
}

impl AnyOutboxView for FlowOutboxView<'_> {
    fn belongs_to(&mut self, connection: u64) -> bool {
        FlowOutboxView::belongs_to(self, connection)
    }

    fn is_empty(&self) -> bool {
        FlowOutboxView::is_empty(self)
    }
}
