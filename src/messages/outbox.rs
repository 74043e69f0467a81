//! The memory for our handshake messages.

use crate::codec::Writer;
use crate::error::ErrorKind;
use crate::memory::Memory;
use crate::role::Epoch;
use core::fmt;

/// The memory for our handshake messages, in up to three epochs, one after the other.
///
/// The first [`drive`](crate::Handshake::drive) assigns it to its connection. Other connections refuse it.
pub struct FlowOutbox<B> {
    memory: B,
    cursors: Cursors,
}

#[derive(Clone, Copy, Default)]
struct Cursors {
    start: usize,
    /// The end of the messages of each epoch.
    ends: [usize; 3],
    /// The connection that this outbox belongs to, once it has been used.
    stamp: Option<u64>,
}

const EPOCHS: [Epoch; 3] = [Epoch::Plaintext, Epoch::Handshake, Epoch::Application];

impl Cursors {
    fn end(&self) -> usize {
        let [_, _, end] = self.ends;
        end
    }

    fn is_empty(&self) -> bool {
        self.end() <= self.start
    }

    fn compacted(&self) -> Cursors {
        Cursors { start: 0, ends: self.ends.map(|end| end.saturating_sub(self.start)), ..*self }
    }
}

impl<B: Memory> FlowOutbox<B> {
    /// An empty outbox in this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        FlowOutbox { memory, cursors: Cursors::default() }
    }

    /// The size of the memory in bytes.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }

    /// The bytes to send next, and the epoch of their keys. `None`: there are none.
    pub fn pending(&self) -> Option<(Epoch, &[u8])> {
        let Cursors { start, ends, .. } = self.cursors;
        let (epoch, end) = EPOCHS.into_iter().zip(ends).find(|(_, end)| *end > start)?;
        Some((epoch, self.memory.as_ref().get(start..end)?))
    }

    /// Call it when the transport has taken the first `n` bytes of [`pending`](Self::pending).
    pub fn sent(&mut self, n: usize) {
        let pending = self.pending().map_or(0, |(_, bytes)| bytes.len());
        self.cursors.start = self.cursors.start.saturating_add(n.min(pending));
        if self.is_empty() {
            self.cursors = Cursors { stamp: self.cursors.stamp, ..Cursors::default() };
        }
    }

    /// Whether the outbox is empty.
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Returns the memory if [`is_empty`](Self::is_empty), and otherwise the outbox.
    pub fn into_memory(self) -> Result<B, Self> {
        if self.is_empty() { Ok(self.memory) } else { Err(self) }
    }

    /// Moves the contents to other memory. If they do not fit, both are returned.
    pub fn move_into<C: Memory>(self, mut memory: C) -> Result<FlowOutbox<C>, (Self, C)> {
        let held = self.memory.as_ref().get(self.cursors.start..self.cursors.end()).unwrap_or_default();
        let Some(to) = memory.as_mut().get_mut(..held.len()) else { return Err((self, memory)) };
        to.copy_from_slice(held);
        Ok(FlowOutbox { memory, cursors: self.cursors.compacted() })
    }

    /// The same outbox without the type of its memory.
    pub(crate) fn view(&mut self) -> FlowOutboxView<'_> {
        FlowOutboxView { memory: self.memory.as_mut(), cursors: &mut self.cursors }
    }
}

#[cfg(feature = "alloc")]
impl FlowOutbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least this large, as `NoRoom` and `OutboxTooSmall` ask. The contents stay.
    pub fn grow(&mut self, needed: usize) {
        self.memory.resize(needed.max(self.memory.len()), 0);
    }
}

/// Shows the number of bytes, not the bytes.
impl<B> fmt::Debug for FlowOutbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.cursors.end().saturating_sub(self.cursors.start);
        f.debug_struct("FlowOutbox").field("held", &held).finish_non_exhaustive()
    }
}

/// An outbox without its type parameter.
pub struct FlowOutboxView<'m> {
    memory: &'m mut [u8],
    cursors: &'m mut Cursors,
}

impl FlowOutboxView<'_> {
    /// Whether the outbox belongs to this connection. The first connection that asks gets it.
    pub(crate) fn belongs_to(&mut self, connection: u64) -> bool {
        *self.cursors.stamp.get_or_insert(connection) == connection
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Checks that `len` more bytes fit. Otherwise `OutboxTooSmall` has the capacity that is needed now.
    pub(crate) fn room_for(&self, len: usize) -> Result<(), ErrorKind> {
        let needed = self.cursors.end().saturating_sub(self.cursors.start).saturating_add(len);
        if needed <= self.memory.len() {
            return Ok(());
        }
        Err(ErrorKind::OutboxTooSmall { needed })
    }

    /// Appends a message, and shows it to `seen`. The plan has checked that there is room.
    pub(crate) fn append(
        &mut self,
        epoch: Epoch,
        write: &dyn Fn(&mut Writer<'_>),
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ErrorKind> {
        self.compact();
        let end = self.cursors.end();
        let memory = self.memory.get_mut(end..).ok_or(ErrorKind::Bug)?;
        let mut writer = Writer::new(memory);
        write(&mut writer);
        let len = writer.finish().map_err(|_| ErrorKind::Bug)?; // the plan has checked it
        seen(memory.get(..len).ok_or(ErrorKind::Bug)?);
        for (each, its_end) in EPOCHS.into_iter().zip(&mut self.cursors.ends) {
            if each >= epoch {
                *its_end = end.saturating_add(len);
            }
        }
        Ok(())
    }

    fn compact(&mut self) {
        let (start, end) = (self.cursors.start, self.cursors.end());
        if start > 0 && end <= self.memory.len() {
            self.memory.copy_within(start..end, 0);
            *self.cursors = self.cursors.compacted();
        }
    }
}
