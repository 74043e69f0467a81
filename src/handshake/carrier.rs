//! How handshake messages are transported: with or without records. One driver serves both.

use super::log::Log;
use crate::codec::AlertDescription;
use crate::crypto::CryptoMode;
use crate::engine::{Effects, Engine, Plan};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::policy::Policy;
use crate::record::InboxView;
use crate::role::{Epoch, Role};

/// How the messages of a [`Handshake`](super::Handshake) are transported: [`Records`](super::Records) or
/// [`Messages`](super::Messages). Sealed: there is nothing to implement.
pub trait Carrier: Carry {}

/// The memory for what the peer sends: an [`Inbox`](crate::Inbox) for [`Records`](super::Records), a
/// [`FlowInbox`](crate::flow::FlowInbox) for [`Messages`](super::Messages). There is nothing to implement.
pub trait AnyInbox {
    /// The carrier of its contents.
    type Carrier: Carrier;

    #[doc(hidden)]
    fn rx(&mut self) -> InboxView<'_>;
    /// Its contents, and the connection that it belongs to.
    #[doc(hidden)]
    fn held(&self) -> (Flight<'_>, Option<u64>);
}

/// The memory for what we send: an [`Outbox`](crate::Outbox) for [`Records`](super::Records), a
/// [`FlowOutbox`](crate::flow::FlowOutbox) for [`Messages`](super::Messages). There is nothing to implement.
pub trait AnyOutbox {
    /// The carrier of its contents.
    type Carrier: Carrier;

    #[doc(hidden)]
    fn tx(&mut self) -> <Self::Carrier as Carry>::OutboxView<'_>;
}

/// What the driver needs of an outbox without its type parameter.
pub trait AnyOutboxView {
    /// Whether it belongs to this connection. The first connection that asks gets it.
    fn belongs_to(&mut self, connection: u64) -> bool;
    /// Whether it is empty.
    fn is_empty(&self) -> bool;
}

/// What the driver needs of a carrier. It is public, but cannot be named outside this crate.
///
/// The default methods are for a carrier without records, and do nothing.
pub trait Carry: Sized {
    /// An outbox without its type parameter.
    type OutboxView<'m>: AnyOutboxView;
    /// The plan of one flight.
    type Plan: Plan;

    fn new(role: Role, policy: &Policy) -> Self;

    /// Whether a client looks like one of TLS 1.2 to middleboxes (§E.4).
    fn middlebox_compatibility(_: &Policy) -> bool {
        false // QUIC forbids it (RFC 9001 §8.4)
    }

    // ---- receiving ----

    /// The keys that protect what the peer sends next.
    fn read_epoch(&self) -> Epoch;
    /// Checks that the unread bytes came under the expected keys.
    fn check_unread(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind>;
    /// Opens the next record. False: it is not complete.
    fn open(&mut self, _: &mut InboxView<'_>, _: &Engine) -> Result<bool, ErrorKind> {
        Ok(false)
    }
    /// Checks that the memory is large enough for what must be read next.
    fn want_more(&self, rx: &InboxView<'_>) -> Result<(), ErrorKind>;

    // ---- sending ----

    /// An empty plan for this outbox.
    fn plan(&self, tx: &Self::OutboxView<'_>) -> Self::Plan;
    /// Checks that the whole plan fits.
    fn room_for(&self, tx: &Self::OutboxView<'_>, plan: &Self::Plan) -> Result<(), ErrorKind>;
    /// The target of the engine's effects. An answer has no inbox, so read keys change in `drive` (R8).
    fn effects<'a, 'r: 'a, 't: 'a>(
        &'a mut self,
        rx: Option<&'a InboxView<'r>>,
        tx: &'a mut Self::OutboxView<'t>,
        log: &'a mut Log,
        crypto: CryptoMode,
    ) -> impl Effects;
    /// Makes the written messages ready to be sent.
    fn flush(&mut self, _: &mut Self::OutboxView<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
    /// Sends the alert, if there is room.
    fn alert(&mut self, _: &mut Self::OutboxView<'_>, _: &Engine, _: &[AlertDescription]) {
        // the caller reads the alert from the error, and the transport conveys it
    }

    // ---- the end ----

    /// Both sides have proved their identities. False: pending bytes must be sent first, then this is called again.
    fn connected(
        &mut self,
        _: &mut InboxView<'_>,
        _: &mut Self::OutboxView<'_>,
        _: &mut Engine,
        _: &Policy,
    ) -> Result<bool, ErrorKind> {
        Ok(true)
    }
    /// Processes messages after the handshake, if the carrier does this.
    fn after_handshake(&mut self, _: &mut InboxView<'_>, _: Role) -> Result<(), ErrorKind> {
        Ok(())
    }
    /// Drops every secret: the connection has failed.
    fn forget(&mut self);
}
