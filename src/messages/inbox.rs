//! The memory for the peer's handshake messages.

use crate::memory::Memory;
use crate::record::Inbox;
use crate::role::Epoch;
use core::fmt;

/// The memory for the peer's handshake messages. A handshake needs room for the peer's longest flight: otherwise the
/// error `InboxTooSmall` says how much is needed, and after [`move_into`](Self::move_into) larger memory the same call
/// goes on.
///
/// From the first [`drive`](crate::Handshake::drive) on it belongs to one connection; another one's refuses it.
// An inbox in which nothing is ever left to be opened.
pub struct FlowInbox<B>(pub(crate) Inbox<B>);

impl<B: Memory> FlowInbox<B> {
    /// An empty inbox over this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        FlowInbox(Inbox::new(memory))
    }

    /// How many bytes the memory has.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Takes handshake bytes that came under the keys of `epoch`, in order; returns how many there was room for. While
    /// bytes of another epoch are unread, none is taken: drive first.
    pub fn feed(&mut self, epoch: Epoch, bytes: &[u8]) -> usize {
        self.0.view().feed(epoch, bytes)
    }

    /// Whether nothing is held. Then the memory can be given back without loss.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the memory back if [`is_empty`](Self::is_empty), and else itself.
    pub fn into_memory(self) -> Result<B, Self> {
        self.0.into_memory().map_err(FlowInbox)
    }

    /// Moves what is held to other memory. Both come back if it does not fit.
    pub fn move_into<C: Memory>(self, memory: C) -> Result<FlowInbox<C>, (Self, C)> {
        self.0.move_into(memory).map(FlowInbox).map_err(|(inbox, memory)| (FlowInbox(inbox), memory))
    }
}

#[cfg(feature = "alloc")]
impl FlowInbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least so large: what the error `InboxTooSmall` says is needed. What is held stays.
    pub fn grow(&mut self, needed: usize) {
        self.0.grow(needed);
    }
}

/// How much is held, not what.
impl<B> fmt::Debug for FlowInbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FlowInbox").field(&self.0).finish()
    }
}
