//! The memory for the peer's handshake messages.

use crate::codec::{self, HandshakeType, MESSAGE_HEADER};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::Memory;
use crate::role::Epoch;
use core::ops::Range;

/// The memory for the peer's handshake messages: `[retained | unread | free]`. A handshake needs room for the peer's
/// longest flight: otherwise the error `InboxTooSmall` says how much is needed, and after [`move_into`](Self::move_into)
/// larger memory the same call goes on.
pub struct FlowInbox<B> {
    memory: B,
    unread: usize,
    end: usize,
    /// The position of the first byte in the stream of handshake bytes.
    position: u32,
    /// The epoch of what is unread.
    epoch: Epoch,
}

impl<B: Memory> FlowInbox<B> {
    /// An empty inbox over this memory.
    pub fn new(memory: B) -> Self {
        FlowInbox { memory, unread: 0, end: 0, position: 0, epoch: Epoch::Plaintext }
    }

    /// Takes handshake bytes that came under the keys of `epoch`, in order; how many there was room for. While bytes of
    /// another epoch are unread, none is taken: drive first.
    pub fn feed(&mut self, epoch: Epoch, bytes: &[u8]) -> usize {
        if self.has_unread() && epoch != self.epoch {
            return 0;
        }
        let room = self.memory.as_mut().get_mut(self.end..).unwrap_or_default();
        let len = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        if len > 0 {
            self.epoch = epoch;
            self.end = self.end.saturating_add(len);
        }
        len
    }

    /// Moves what is held to other memory. Both come back if it does not fit.
    pub fn move_into<C: Memory>(self, mut memory: C) -> Result<FlowInbox<C>, (Self, C)> {
        let held = self.memory.as_ref().get(..self.end).unwrap_or_default();
        let Some(to) = memory.as_mut().get_mut(..held.len()) else { return Err((self, memory)) };
        to.copy_from_slice(held);
        let FlowInbox { unread, end, position, epoch, .. } = self;
        Ok(FlowInbox { memory, unread, end, position, epoch })
    }

    /// Bytes that came under other keys than they should have.
    pub(super) fn check_epoch(&self, epoch: Epoch) -> Result<(), ErrorKind> {
        match self.message_header() {
            Some((message, _)) if epoch != self.epoch => Err(ErrorKind::UnexpectedMessage { message }),
            _ if self.has_unread() && epoch != self.epoch => Err(ErrorKind::DataAcrossKeyChange),
            _ => Ok(()),
        }
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread < self.end
    }

    pub(super) fn retained_len(&self) -> usize {
        self.unread
    }

    pub(super) fn message_header(&self) -> Option<(HandshakeType, usize)> {
        codec::header(self.memory.as_ref().get(self.unread..self.end)?)
    }

    /// Marks the next message, of a body of this length, as read, if all of it is there; where it lies.
    pub(super) fn read_message(&mut self, body: usize) -> Result<Option<Range<u32>>, ErrorKind> {
        let end = self.room_for(body)?;
        if end > self.end {
            return Ok(None);
        }
        let range = self.at(self.unread)..self.at(end);
        self.unread = end;
        Ok(Some(range))
    }

    /// Where the next message will end, if its body has this length; its header alone, if that is yet to come.
    pub(super) fn room_for(&self, body: usize) -> Result<usize, ErrorKind> {
        let end = self.unread.saturating_add(MESSAGE_HEADER).saturating_add(body);
        if end > self.memory.as_ref().len() {
            return Err(ErrorKind::InboxTooSmall { needed: u32::try_from(end).unwrap_or(u32::MAX) });
        }
        Ok(end)
    }

    fn at(&self, offset: usize) -> u32 {
        self.position.wrapping_add(u32::try_from(offset).unwrap_or(u32::MAX))
    }

    /// What was read is needed no more.
    pub(super) fn release(&mut self) {
        if self.unread > 0 && self.end <= self.memory.as_ref().len() {
            self.position = self.at(self.unread);
            self.memory.as_mut().copy_within(self.unread..self.end, 0);
            self.end = self.end.saturating_sub(self.unread);
            self.unread = 0;
        }
    }

    pub(crate) fn flight(&self) -> Flight<'_> {
        Flight::new(self.memory.as_ref().get(..self.end).unwrap_or_default(), self.position)
    }
}
