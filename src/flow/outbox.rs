//! The memory for our handshake messages.

use crate::codec::Writer;
use crate::error::ErrorKind;
use crate::memory::Memory;
use crate::role::Epoch;

/// The memory for our handshake messages, in up to three epochs, one after the other.
pub struct FlowOutbox<B> {
    memory: B,
    start: usize,
    /// Where the messages of each epoch end.
    ends: [usize; 3],
}

impl<B: Memory> FlowOutbox<B> {
    /// An empty outbox over this memory.
    pub fn new(memory: B) -> Self {
        FlowOutbox { memory, start: 0, ends: [0; 3] }
    }

    /// What is to be conveyed next, and under which keys; `None`: nothing.
    pub fn pending(&self) -> Option<(Epoch, &[u8])> {
        let epochs = [Epoch::Plaintext, Epoch::Handshake, Epoch::Application];
        let (epoch, end) = epochs.into_iter().zip(self.ends).find(|(_, end)| *end > self.start)?;
        Some((epoch, self.memory.as_ref().get(self.start..end)?))
    }

    /// The first `n` bytes of [`pending`](Self::pending) have been conveyed.
    pub fn sent(&mut self, n: usize) {
        let pending = self.pending().map_or(0, |(_, bytes)| bytes.len());
        self.start = self.start.saturating_add(n.min(pending));
        if self.is_empty() {
            self.start = 0;
            self.ends = [0; 3];
        }
    }

    /// Whether nothing is to be conveyed.
    pub fn is_empty(&self) -> bool {
        self.ends.iter().all(|end| *end <= self.start)
    }

    fn end(&self) -> usize {
        let [_, _, end] = self.ends;
        end
    }

    pub(super) fn room_for(&self, len: usize) -> Result<(), ErrorKind> {
        let needed = self.end().saturating_add(len);
        if needed <= self.memory.as_ref().len() {
            return Ok(());
        }
        Err(ErrorKind::OutboxTooSmall { needed: u32::try_from(needed).unwrap_or(u32::MAX) })
    }

    pub(super) fn append(
        &mut self,
        epoch: Epoch,
        write: &dyn Fn(&mut Writer<'_>),
        seen: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ErrorKind> {
        let end = self.end();
        let memory = self.memory.as_mut().get_mut(end..).ok_or(ErrorKind::Internal)?;
        let mut writer = Writer::new(memory);
        write(&mut writer);
        let len = writer.finish().map_err(|_| ErrorKind::CredentialTooLong)?;
        seen(memory.get(..len).ok_or(ErrorKind::Internal)?);
        let new = end.saturating_add(len);
        let [plaintext, handshake, application] = &mut self.ends;
        match epoch {
            Epoch::Plaintext => (*plaintext, *handshake, *application) = (new, new, new),
            Epoch::Handshake => (*handshake, *application) = (new, new),
            Epoch::Application => *application = new,
        }
        Ok(())
    }
}
