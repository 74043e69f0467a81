//! How handshake messages travel: in records, or by themselves. One driver serves both.

use super::log::Log;
use crate::codec::AlertDescription;
use crate::crypto::CryptoMode;
use crate::engine::{Effects, Engine, Plan};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::policy::Policy;
use crate::record::InboxView;
use crate::role::{Epoch, Role};

/// How a [`Handshake`](super::Handshake)'s messages travel: [`Records`](super::Records) or
/// [`Messages`](super::Messages). There is nothing to implement.
pub trait Carrier: Carry {}

/// The memory for what the peer sends: an [`Inbox`](crate::Inbox) for [`Records`](super::Records), a
/// [`FlowInbox`](crate::flow::FlowInbox) for [`Messages`](super::Messages). There is nothing to implement.
pub trait AnyInbox {
    /// What travels in it.
    type Carrier: Carrier;

    #[doc(hidden)]
    fn rx(&mut self) -> InboxView<'_>;
    /// What it holds, and which connection it belongs to.
    #[doc(hidden)]
    fn held(&self) -> (Flight<'_>, Option<u64>);
}

/// The memory for what we send: an [`Outbox`](crate::Outbox) for [`Records`](super::Records), a
/// [`FlowOutbox`](crate::flow::FlowOutbox) for [`Messages`](super::Messages). There is nothing to implement.
pub trait AnyOutbox {
    /// What travels in it.
    type Carrier: Carrier;

    #[doc(hidden)]
    fn tx(&mut self) -> <Self::Carrier as Carry>::OutboxView<'_>;
}

/// What the driver wants of an outbox without its type parameter.
pub trait AnyOutboxView {
    /// Whether it belongs to this connection. The first connection that asks gets it.
    fn belongs_to(&mut self, connection: u64) -> bool;
    /// Whether nothing is held.
    fn is_empty(&self) -> bool;
}

/// What the driver wants of a carrier. It is public in name only: nobody else can name it.
///
/// What stands written out here is what there is to do without records: nothing.
pub trait Carry: Sized {
    /// An outbox without its type parameter.
    type OutboxView<'m>: AnyOutboxView;
    /// What is going to be sent at once.
    type Plan: Plan;

    fn new(role: Role, policy: &Policy) -> Self;

    /// Whether a client pretends to speak TLS 1.2, for middleboxes (§E.4).
    fn middlebox_compatibility(_: &Policy) -> bool {
        false // there are no records to disguise (RFC 9001 §8.4)
    }

    // ---- receiving ----

    /// The keys that protect what the peer sends next.
    fn read_epoch(&self) -> Epoch;
    /// Whether what is unread came under the keys that are awaited.
    fn check_unread(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind>;
    /// Opens the next record into handshake bytes. False: there is none.
    fn open(&mut self, _: &mut InboxView<'_>, _: &Engine) -> Result<bool, ErrorKind> {
        Ok(false)
    }
    /// Whether reading more can help; if not, the memory is too small for what must be held at once.
    fn want_more(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind>;

    // ---- sending ----

    /// Nothing is planned yet.
    fn plan(&self, tx: &Self::OutboxView<'_>) -> Self::Plan;
    /// Whether all that is planned fits.
    fn room_for(&self, tx: &Self::OutboxView<'_>, plan: &Self::Plan) -> Result<(), ErrorKind>;
    /// Where the engine's effects go. An answer has no inbox at hand: read keys change in `drive` (R8).
    fn effects<'a, 'r: 'a, 't: 'a>(
        &'a mut self,
        rx: Option<&'a InboxView<'r>>,
        tx: &'a mut Self::OutboxView<'t>,
        log: &'a mut Log,
        crypto: CryptoMode,
    ) -> impl Effects;
    /// Makes what is written ready to be sent.
    fn flush(&mut self, _: &mut Self::OutboxView<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
    /// Tells the peer the end, as far as there is room.
    fn alert(&mut self, _: &mut Self::OutboxView<'_>, _: &Engine, _: &[AlertDescription]) {
        // the error says which alert the transport is to convey
    }

    // ---- the end ----

    /// Both sides have proved themselves. False: what is pending must be sent first, then this is asked again.
    fn connected(
        &mut self,
        _: &mut InboxView<'_>,
        _: &mut Self::OutboxView<'_>,
        _: &mut Engine,
        _: &Policy,
    ) -> Result<bool, ErrorKind> {
        Ok(true)
    }
    /// Deals with what comes after the handshake, if that is the carrier's affair.
    fn after_handshake(&mut self, _: &mut InboxView<'_>, _: Role) -> Result<(), ErrorKind> {
        Ok(())
    }
    /// Drops every secret: the connection has failed.
    fn forget(&mut self);
}
