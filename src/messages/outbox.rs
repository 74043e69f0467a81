//! The memory for our handshake messages.

use crate::codec::Writer;
use crate::error::ErrorKind;
use crate::memory::Memory;
use crate::role::Epoch;
use core::fmt;

/// The memory for our handshake messages, in up to three epochs, one after the other.
///
/// From the first [`drive`](crate::Handshake::drive) on it belongs to one connection; another one's refuses it.
pub struct FlowOutbox<B> {
    memory: B,
    cursors: Cursors,
}

#[derive(Clone, Copy, Default)]
struct Cursors {
    start: usize,
    /// Where the messages of each epoch end.
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
    /// An empty outbox over this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        FlowOutbox { memory, cursors: Cursors::default() }
    }

    /// How many bytes the memory has.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }

    /// What is to be conveyed next, and under which keys; `None`: nothing.
    pub fn pending(&self) -> Option<(Epoch, &[u8])> {
        let Cursors { start, ends, .. } = self.cursors;
        let (epoch, end) = EPOCHS.into_iter().zip(ends).find(|(_, end)| *end > start)?;
        Some((epoch, self.memory.as_ref().get(start..end)?))
    }

    /// The first `n` bytes of [`pending`](Self::pending) have been conveyed.
    pub fn sent(&mut self, n: usize) {
        let pending = self.pending().map_or(0, |(_, bytes)| bytes.len());
        self.cursors.start = self.cursors.start.saturating_add(n.min(pending));
        if self.is_empty() {
            self.cursors = Cursors { stamp: self.cursors.stamp, ..Cursors::default() };
        }
    }

    /// Whether nothing is to be conveyed.
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Gives the memory back if [`is_empty`](Self::is_empty), and else itself.
    pub fn into_memory(self) -> Result<B, Self> {
        if self.is_empty() { Ok(self.memory) } else { Err(self) }
    }

    /// Moves what is held to other memory. Both come back if it does not fit.
    pub fn move_into<C: Memory>(self, mut memory: C) -> Result<FlowOutbox<C>, (Self, C)> {
        let held = self.memory.as_ref().get(self.cursors.start..self.cursors.end()).unwrap_or_default();
        let Some(to) = memory.as_mut().get_mut(..held.len()) else { return Err((self, memory)) };
        to.copy_from_slice(held);
        Ok(FlowOutbox { memory, cursors: self.cursors.compacted() })
    }

    /// What the library works on: the same outbox, without the type of its memory.
    pub(crate) fn view(&mut self) -> FlowOutboxView<'_> {
        FlowOutboxView { memory: self.memory.as_mut(), cursors: &mut self.cursors }
    }
}

#[cfg(feature = "alloc")]
impl FlowOutbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least so large: what `NoRoom` or `OutboxTooSmall` say is needed. What is held stays.
    pub fn grow(&mut self, needed: usize) {
        self.memory.resize(needed.max(self.memory.len()), 0);
    }
}

/// How much is held, not what.
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

    /// Whether nothing is to be conveyed.
    pub(crate) fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Whether so many bytes more fit; else `OutboxTooSmall` with the capacity that would do as things stand.
    pub(crate) fn room_for(&self, len: usize) -> Result<(), ErrorKind> {
        let needed = self.cursors.end().saturating_sub(self.cursors.start).saturating_add(len);
        if needed <= self.memory.len() {
            return Ok(());
        }
        Err(ErrorKind::OutboxTooSmall { needed })
    }

    /// Appends a message, and shows it to `seen`. There is room: it has been asked for.
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
        let len = writer.finish().map_err(|_| ErrorKind::Bug)?; // the plan has seen to it
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
