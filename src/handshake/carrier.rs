//! How handshake messages travel: in records, or by themselves. One driver serves both.

use crate::codec::{AlertDescription, Writer};
use crate::crypto::{CryptoMode, Suite};
use crate::engine::Secret;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::{Plan, Receiving, Sending};
use crate::policy::Policy;
use crate::role::{EarlyData, Epoch, Role};

/// How a [`Handshake`](super::Handshake)'s messages travel: [`Records`](super::Records) or
/// [`Messages`](super::Messages). There is nothing to implement.
pub trait Carrier: Carry {}

/// The memory for what the peer sends: an [`Inbox`](crate::Inbox) for [`Records`](super::Records), a
/// [`FlowInbox`](crate::flow::FlowInbox) for [`Messages`](super::Messages). There is nothing to implement.
pub trait AnyInbox {
    /// What travels in it.
    type Carrier: Carrier;

    #[doc(hidden)]
    fn rx(&mut self) -> <Self::Carrier as Carry>::Rx<'_>;
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
    fn tx(&mut self) -> <Self::Carrier as Carry>::Tx<'_>;
}

/// What the driver wants of a carrier. It is public in name only: nobody else can name it.
pub trait Carry: Sized {
    /// An inbox without its type parameter.
    type Rx<'m>: Receiving;
    /// An outbox without its type parameter.
    type Tx<'m>: Sending;
    /// What is going to be sent at once.
    type Plan: Plan;

    fn new(role: Role, policy: &Policy) -> Self;

    /// Whether a client pretends to speak TLS 1.2, for middleboxes (§E.4).
    fn middlebox_compatibility(policy: &Policy) -> bool;

    // ---- receiving ----

    /// The keys that protect what is read, and what is written.
    fn epochs(&self) -> (Epoch, Epoch);
    /// Whether what is unread may be there now.
    fn check_unread(&self, rx: &Self::Rx<'_>) -> Result<(), ErrorKind>;
    /// Makes handshake bytes of what has come. False: nothing is left to make them of. `first`: nothing but a first
    /// ClientHello may come.
    fn unwrap_more(
        &mut self,
        rx: &mut Self::Rx<'_>,
        role: Role,
        first: bool,
        early_data: EarlyData,
    ) -> Result<bool, ErrorKind>;
    /// Whether reading more can help; if not, the memory is too small for what must be held at once.
    fn want_more(&self, rx: &Self::Rx<'_>) -> Result<(), ErrorKind>;

    // ---- sending ----

    /// Nothing is planned yet.
    fn plan(&self, tx: &Self::Tx<'_>) -> Self::Plan;
    /// Whether all that is planned fits.
    fn room_for(&self, tx: &Self::Tx<'_>, plan: &Self::Plan) -> Result<(), ErrorKind>;
    /// Appends a message, and shows it to `seen`.
    fn message(
        &mut self,
        tx: &mut Self::Tx<'_>,
        write: &dyn Fn(&mut Writer<'_>),
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ErrorKind>;
    /// Makes what is written ready to be sent.
    fn flush(&mut self, tx: &mut Self::Tx<'_>) -> Result<(), ErrorKind>;
    /// Tells the peer the end. Without room the alert alone must do.
    fn alert(&mut self, tx: &mut Self::Tx<'_>, role: Role, policy: &Policy, alerts: &[AlertDescription]);

    // ---- the engine's effects ----

    fn change_cipher_spec(&mut self, tx: &mut Self::Tx<'_>) -> Result<(), ErrorKind>;
    fn write_key(
        &mut self,
        tx: &mut Self::Tx<'_>,
        suite: Suite,
        secret: Secret<'_>,
        crypto: CryptoMode,
    ) -> Result<(), ErrorKind>;
    fn read_key(
        &mut self,
        rx: &Self::Rx<'_>,
        suite: Suite,
        secret: Secret<'_>,
        crypto: CryptoMode,
    ) -> Result<(), ErrorKind>;
    fn peer_record_size_limit(&mut self, limit: u16);
    fn own_record_size_limit(&mut self, limit: u16);

    // ---- the end ----

    /// Both sides have proved themselves. False: what is pending must be sent first, then this is asked again.
    fn connected(
        &mut self,
        rx: &mut Self::Rx<'_>,
        tx: &mut Self::Tx<'_>,
        role: Role,
        policy: &Policy,
    ) -> Result<bool, ErrorKind>;
    /// Deals with what comes after the handshake, if that is the carrier's affair.
    fn after_handshake(&mut self, rx: &mut Self::Rx<'_>, role: Role, policy: &Policy) -> Result<(), ErrorKind>;
    /// Drops every secret: the connection has failed.
    fn forget(&mut self);
}
