//! The events of a session, and the [`Reply`] from its receiving half to its sending half.

/// The result of [`Session::receive`](crate::Session::receive).
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Read more from the transport into [`Inbox::space`](crate::Inbox::space), and call
    /// [`Inbox::filled`](crate::Inbox::filled).
    Read,
    /// There is [`Inbox::data`](crate::Inbox::data): process it, and call [`Inbox::consume`](crate::Inbox::consume).
    Data,
    /// The peer has updated its key: pass this to [`crate::Sender::reply`] before our next data.
    Owed(Reply),
    /// Only for clients, once: a record has shown that the server has accepted us.
    Confirmed,
    /// The peer has sent close_notify: it sends nothing more. We may still send.
    Closed,
}

/// A KeyUpdate of the peer: pass it to [`Sender::reply`](crate::Sender::reply) before our next data. A later one
/// replaces earlier ones.
#[must_use = "give it to Sender::reply"]
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The connection.
    pub(super) stamp: u64,
    /// How many KeyUpdates the peer has sent, including this one.
    pub(super) number: u64,
    /// The number of the last one that requested an answer.
    pub(super) wanted: u64,
}
