//! The memory for the peer's handshake messages.

use crate::memory::Memory;
use crate::record::Inbox;
use crate::role::Epoch;
use core::fmt;

/// The memory for the peer's handshake messages. A handshake needs memory for the peer's longest flight. With less, the
/// error `InboxTooSmall` has the size: call [`move_into`](Self::move_into) with larger memory, and repeat the failed call.
///
/// The first [`drive`](crate::Handshake::drive) assigns it to its connection. Other connections refuse it.
// It is an inbox without ciphertext.
pub struct FlowInbox<B>(pub(crate) Inbox<B>);

impl<B: Memory> FlowInbox<B> {
    /// An empty inbox in this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        FlowInbox(Inbox::new(memory))
    }

    /// The size of the memory in bytes.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Copies handshake bytes that came under the keys of `epoch`, and returns how many had room. They must come in order.
    /// While bytes of another epoch are unread, it takes none: drive first.
    pub fn feed(&mut self, epoch: Epoch, bytes: &[u8]) -> usize {
        self.0.view().feed(epoch, bytes)
    }

    /// Whether the inbox is empty. Then an idle connection does not need its memory.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the memory if [`is_empty`](Self::is_empty), and otherwise the inbox.
    pub fn into_memory(self) -> Result<B, Self> {
        self.0.into_memory().map_err(FlowInbox)
    }

    /// Moves the contents to other memory. If they do not fit, both are returned.
    pub fn move_into<C: Memory>(self, memory: C) -> Result<FlowInbox<C>, (Self, C)> {
        self.0.move_into(memory).map(FlowInbox).map_err(|(inbox, memory)| (FlowInbox(inbox), memory))
    }
}

#[cfg(feature = "alloc")]
impl FlowInbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least this large, as the error `InboxTooSmall` asks. The contents stay.
    pub fn grow(&mut self, needed: usize) {
        self.0.grow(needed);
    }
}

/// Shows the number of bytes, not the bytes.
impl<B> fmt::Debug for FlowInbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FlowInbox").field(&self.0).finish()
    }
}
