//! Memory that the caller lends, and what the handshake wants of an inbox and an outbox, whatever travels in them.

use crate::codec::HandshakeType;
use crate::error::ErrorKind;
use crate::flight::Flight;
use core::ops::Range;

/// Memory that the caller owns and inboxes and outboxes work in: `[u8; N]`, `&mut [u8]`, `Vec<u8>`, `Box<[u8]>`, or any
/// other type that shows its bytes. There is nothing to implement.
pub trait Memory: AsRef<[u8]> + AsMut<[u8]> + sealed::Sealed {}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Memory for M {}

mod sealed {
    pub trait Sealed {}

    impl<M: AsRef<[u8]> + AsMut<[u8]>> Sealed for M {}
}

/// What the driver wants of an inbox.
pub trait Receiving {
    /// Whether it belongs to this connection. The first connection that asks gets it.
    fn belongs_to(&mut self, connection: u64) -> bool;
    fn has_unread(&self) -> bool;
    fn retained_len(&self) -> usize;
    /// Type and length of body of the next message, as soon as its header is there.
    fn message_header(&self) -> Option<(HandshakeType, usize)>;
    /// Marks the next message, of a body of this length, as read, if all of it is there; where it lies.
    fn read_message(&mut self, body: usize) -> Result<Option<Range<u32>>, ErrorKind>;
    fn flight(&self) -> Flight<'_>;
    /// What was read is needed no more.
    fn release_all(&mut self);
}

/// What the driver wants of an outbox.
pub trait Sending {
    /// Whether it belongs to this connection. The first connection that asks gets it.
    fn belongs_to(&mut self, connection: u64) -> bool;
    fn is_empty(&self) -> bool;
}

/// What is going to be sent, to be measured before anything is.
pub trait Plan: Sized {
    /// A message, or several, of so many bytes.
    fn handshake(self, len: usize) -> Self;
    fn change_cipher_spec(self) -> Self;
    /// A new write key; the peer's record_size_limit binds from then on.
    fn key(self, record_size_limit: u16) -> Self;
}
