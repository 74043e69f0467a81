//! The memory for the peer's handshake messages.

use crate::codec::{self, HandshakeType, MESSAGE_HEADER};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::{Memory, Receiving};
use crate::role::Epoch;
use core::fmt;
use core::ops::Range;

/// The memory for the peer's handshake messages: `[retained | unread | free]`. A handshake needs room for the peer's
/// longest flight: otherwise the error `InboxTooSmall` says how much is needed, and after [`move_into`](Self::move_into)
/// larger memory the same call goes on.
///
/// From the first [`drive`](crate::Handshake::drive) on it belongs to one connection; another one's refuses it.
pub struct FlowInbox<B> {
    memory: B,
    cursors: Cursors,
}

/// Where things lie: `unread <= end <= capacity`.
#[derive(Clone, Copy)]
struct Cursors {
    unread: usize,
    end: usize,
    /// The position of the first byte in the stream of handshake bytes.
    position: u32,
    /// The epoch of what is unread.
    epoch: Epoch,
    /// The connection that this inbox belongs to, once it has been used.
    stamp: Option<u64>,
}

impl<B: Memory> FlowInbox<B> {
    /// An empty inbox over this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        let cursors = Cursors { unread: 0, end: 0, position: 0, epoch: Epoch::Plaintext, stamp: None };
        FlowInbox { memory, cursors }
    }

    /// How many bytes the memory has.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }

    /// Takes handshake bytes that came under the keys of `epoch`, in order; returns how many there was room for. While
    /// bytes of another epoch are unread, none is taken: drive first.
    pub fn feed(&mut self, epoch: Epoch, bytes: &[u8]) -> usize {
        if self.cursors.unread < self.cursors.end && epoch != self.cursors.epoch {
            return 0;
        }
        let room = self.memory.as_mut().get_mut(self.cursors.end..).unwrap_or_default();
        let len = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        if len > 0 {
            self.cursors.epoch = epoch;
            self.cursors.end = self.cursors.end.saturating_add(len);
        }
        len
    }

    /// Whether nothing is held. Then the memory can be given back without loss.
    pub fn is_empty(&self) -> bool {
        self.cursors.end == 0
    }

    /// Gives the memory back if [`is_empty`](Self::is_empty), and else itself.
    pub fn into_memory(self) -> Result<B, Self> {
        if self.is_empty() { Ok(self.memory) } else { Err(self) }
    }

    /// Moves what is held to other memory. Both come back if it does not fit.
    pub fn move_into<C: Memory>(self, mut memory: C) -> Result<FlowInbox<C>, (Self, C)> {
        let held = self.memory.as_ref().get(..self.cursors.end).unwrap_or_default();
        let Some(to) = memory.as_mut().get_mut(..held.len()) else { return Err((self, memory)) };
        to.copy_from_slice(held);
        Ok(FlowInbox { memory, cursors: self.cursors })
    }

    /// The messages that are held.
    pub(crate) fn flight(&self) -> Flight<'_> {
        Flight::new(self.memory.as_ref().get(..self.cursors.end).unwrap_or_default(), self.cursors.position)
    }

    /// The connection that this inbox belongs to, if it has been stamped.
    pub(crate) fn stamp(&self) -> Option<u64> {
        self.cursors.stamp
    }

    /// What the library works on: the same inbox, whoever owns the memory.
    pub(crate) fn view(&mut self) -> FlowInboxView<'_> {
        FlowInboxView { memory: self.memory.as_mut(), cursors: &mut self.cursors }
    }
}

#[cfg(feature = "alloc")]
impl FlowInbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least so large: what the error `InboxTooSmall` says is needed. What is held stays.
    pub fn grow(&mut self, needed: usize) {
        if needed > self.memory.len() {
            self.memory.resize(needed, 0);
        }
    }
}

/// How much is held, not what.
impl<B> fmt::Debug for FlowInbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowInbox").field("held", &self.cursors.end).finish_non_exhaustive()
    }
}

/// An inbox without its type parameter.
pub struct FlowInboxView<'m> {
    memory: &'m mut [u8],
    cursors: &'m mut Cursors,
}

impl FlowInboxView<'_> {
    /// Bytes that came under other keys than they should have.
    pub(crate) fn check_epoch(&self, epoch: Epoch) -> Result<(), ErrorKind> {
        match self.message_header() {
            Some((message, _)) if epoch != self.cursors.epoch => Err(ErrorKind::UnexpectedMessage { message }),
            _ if self.has_unread() && epoch != self.cursors.epoch => Err(ErrorKind::DataAcrossKeyChange),
            _ => Ok(()),
        }
    }

    /// Whether the rest of the next message has room; its header alone, if that is yet to come.
    pub(crate) fn want_more(&self) -> Result<(), ErrorKind> {
        let body = self.message_header().map_or(0, |(_, body)| body);
        let needed = self.cursors.unread.saturating_add(MESSAGE_HEADER).saturating_add(body);
        if needed > self.memory.len() {
            return Err(ErrorKind::InboxTooSmall { needed: u32::try_from(needed).unwrap_or(u32::MAX) });
        }
        Ok(())
    }

    fn position(&self, offset: usize) -> u32 {
        self.cursors.position.wrapping_add(u32::try_from(offset).unwrap_or(u32::MAX))
    }
}

impl Receiving for FlowInboxView<'_> {
    fn belongs_to(&mut self, connection: u64) -> bool {
        *self.cursors.stamp.get_or_insert(connection) == connection
    }

    fn has_unread(&self) -> bool {
        self.cursors.unread < self.cursors.end
    }

    fn retained_len(&self) -> usize {
        self.cursors.unread
    }

    fn message_header(&self) -> Option<(HandshakeType, usize)> {
        codec::header(self.memory.get(self.cursors.unread..self.cursors.end)?)
    }

    fn read_message(&mut self, body: usize) -> Result<Option<Range<u32>>, ErrorKind> {
        let end = self.cursors.unread.saturating_add(MESSAGE_HEADER).saturating_add(body);
        if end > self.cursors.end {
            return Ok(None);
        }
        let range = self.position(self.cursors.unread)..self.position(end);
        self.cursors.unread = end;
        Ok(Some(range))
    }

    fn flight(&self) -> Flight<'_> {
        Flight::new(self.memory.get(..self.cursors.end).unwrap_or_default(), self.cursors.position)
    }

    fn release_all(&mut self) {
        let Cursors { unread, end, .. } = *self.cursors;
        if unread > 0 && end <= self.memory.len() {
            self.cursors.position = self.position(unread);
            self.memory.copy_within(unread..end, 0);
            self.cursors.end = end.saturating_sub(unread);
            self.cursors.unread = 0;
        }
    }
}
