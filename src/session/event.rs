//! What is received, and what goes from the receiving half to the sending one.

/// What [`Session::receive`](crate::Session::receive) found.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Nothing more without the transport: read into [`Inbox::space`](crate::Inbox::space), say [`Inbox::filled`](crate::Inbox::filled).
    Read,
    /// [`Inbox::data`](crate::Inbox::data) is there: deal with it, say [`Inbox::consume`](crate::Inbox::consume).
    Data,
    /// The peer has updated its key: give this to [`crate::Sender::reply`] before our next data.
    Owed(Reply),
    /// To a client, once: the server has spoken since our Finished.
    Confirmed,
    /// The peer has sent close_notify: nothing more will come. We may go on sending.
    Closed,
}

/// A KeyUpdate of the peer: give it to [`Sender::reply`](crate::Sender::reply) before our next data. A later one stands for all before it.
#[must_use = "give it to Sender::reply"]
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    /// The connection that it belongs to.
    pub(super) stamp: u64,
    /// How many KeyUpdates the peer has sent, this one included.
    pub(super) number: u64,
    /// The number of the last one that wanted an answer.
    pub(super) wanted: u64,
}
