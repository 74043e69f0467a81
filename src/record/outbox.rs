//! The memory for what we send.
//!
//! ```text
//!  0        start             sealed                                  capacity - RESERVE    capacity
//!  | (sent) | records to send | header, content of the open record | free | reserve for alerts |
//! ```
//!
//! Handshake messages collect in the *open record*, so that a flight takes as few records as possible. It is sealed when
//! it is full, when the key changes, and before anything else is written or the caller is asked to send.

mod data;

use super::header::{HEADER, RESERVE};
use super::plan::Plan;
use super::seal::WriteProtection;
use crate::codec::{Alert, AlertDescription, ContentType, NotWritten, Writer};
use crate::crypto::TrafficKey;
use crate::error::ErrorKind;
use crate::memory::Memory;
use core::fmt;
use core::ops::Range;

/// The memory for bytes to send.
///
/// Write [`pending`](Self::pending) to the transport and call [`sent`](Self::sent) with the number of bytes. 48 bytes
/// are always reserved for alerts. The longest record of TLS takes another 16,406 bytes.
///
/// `B` is the memory: `&mut [u8]`, `[u8; N]`, `Vec<u8>`, a pooled buffer.
pub struct Outbox<B> {
    memory: B,
    cursors: Cursors,
}

/// The positions in the memory; see the figure of the module.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursors {
    start: usize,
    sealed: usize,
    /// Content of the open record; 0: none is open.
    open: usize,
    /// The length of the trailer that this content gets when it is sealed.
    trailer: usize,
    /// The end of the last record that the peer waits for (an answer to its KeyUpdate, or an alert). 0: there is none.
    owed: usize,
    /// Up to here this connection has written the memory, with records or zeros.
    clean: usize,
    /// The connection that this outbox belongs to, once it has been used.
    stamp: Option<u64>,
}

impl Cursors {
    fn is_empty(&self) -> bool {
        self.start == self.sealed && self.open == 0
    }

    /// Everything held, the open record's header and content included.
    fn held(&self) -> Range<usize> {
        let open = if self.open > 0 { self.open.saturating_add(HEADER) } else { 0 };
        self.start..self.sealed.saturating_add(open)
    }

    fn sent(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.sealed);
        if self.is_empty() {
            *self = Cursors { stamp: self.stamp, clean: self.clean, ..Cursors::default() };
        }
    }

    fn compacted(&self) -> Cursors {
        let moved = |at: usize| at.saturating_sub(self.start);
        Cursors { start: 0, sealed: moved(self.sealed), owed: moved(self.owed), ..*self }
    }

    fn owes_peer(&self) -> bool {
        self.owed > self.start
    }
}

impl<B: Memory> Outbox<B> {
    /// An empty outbox in this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        Outbox { memory, cursors: Cursors::default() }
    }

    /// The size of the memory.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }

    /// The bytes to send next.
    pub fn pending(&self) -> &[u8] {
        self.memory.as_ref().get(self.cursors.start..self.cursors.sealed).unwrap_or_default()
    }

    /// Call it when the first `n` bytes of [`pending`](Self::pending) have been sent.
    pub fn sent(&mut self, n: usize) {
        self.cursors.sent(n);
    }

    /// Whether the peer waits for a part of the pending bytes: the answer to its KeyUpdate, or an alert. Otherwise they
    /// are application data (or messages, during the handshake).
    ///
    /// Programs that collect data before they send it, or use the two halves of a session, should send the pending
    /// bytes without delay while this is true.
    pub fn owes_peer(&self) -> bool {
        self.cursors.owes_peer()
    }

    /// Whether the outbox is empty. Then an idle connection does not need its memory.
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Returns the memory if [`is_empty`](Self::is_empty), and otherwise the outbox. A session can continue with a new
    /// outbox.
    pub fn into_memory(self) -> Result<B, Self> {
        if self.is_empty() { Ok(self.memory) } else { Err(self) }
    }

    /// Moves the contents to other memory. If they do not fit, with the reserve for alerts, both are returned. The old
    /// memory is dropped without wiping.
    pub fn move_into<C: Memory>(self, mut memory: C) -> Result<Outbox<C>, (Self, C)> {
        let to = memory.as_mut();
        let held = self.memory.as_ref().get(self.cursors.held()).unwrap_or_default();
        if held.len().saturating_add(self.cursors.trailer).saturating_add(RESERVE) <= to.len()
            && let Some(to) = to.get_mut(..held.len())
        {
            to.copy_from_slice(held);
            return Ok(Outbox { memory, cursors: Cursors { clean: 0, ..self.cursors.compacted() } });
        }
        Err((self, memory))
    }

    /// The same outbox without the type of its memory.
    pub(crate) fn view(&mut self) -> OutboxView<'_> {
        OutboxView { memory: self.memory.as_mut(), cursors: &mut self.cursors }
    }
}

#[cfg(feature = "alloc")]
impl Outbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least this large, as `NoRoom` and `OutboxTooSmall` ask. The contents stay.
    pub fn grow(&mut self, needed: usize) {
        self.memory.resize(needed.max(self.memory.len()), 0);
    }
}

/// Shows the number of bytes, not the bytes.
impl<B> fmt::Debug for Outbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("pending", &self.cursors.sealed.saturating_sub(self.cursors.start))
            .field("open", &self.cursors.open)
            .finish_non_exhaustive()
    }
}

/// An outbox without its type parameter.
pub struct OutboxView<'m> {
    memory: &'m mut [u8],
    cursors: &'m mut Cursors,
}

impl<'m> OutboxView<'m> {
    /// Whether the outbox belongs to this connection. The first connection that asks gets it.
    pub(crate) fn belongs_to(&mut self, connection: u64) -> bool {
        *self.cursors.stamp.get_or_insert(connection) == connection
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    pub(crate) fn owes_peer(&self) -> bool {
        self.cursors.owes_peer()
    }

    /// The peer waits for the record that was sealed last.
    pub(crate) fn mark_owed(&mut self) {
        self.cursors.owed = self.cursors.sealed;
    }

    // ---- handshake messages ----

    /// The open record, as the beginning of a [`Plan`] for [`room_for`](Self::room_for).
    pub(crate) fn plan(&self, protection: &WriteProtection) -> Plan {
        Plan::new(self.cursors.open, protection)
    }

    /// Checks that the whole plan fits. Otherwise `OutboxTooSmall` has the capacity that is needed now. After pending bytes
    /// have been sent, less is enough.
    pub(crate) fn room_for(&self, plan: &Plan) -> Result<(), ErrorKind> {
        self.room(plan.len())
    }

    /// Appends the handshake message that `write` writes, shows it to `seen` (which may hash it), and divides it into
    /// records. If there is no room, nothing is appended.
    pub(crate) fn append_handshake(
        &mut self,
        protection: &mut WriteProtection,
        write: impl Fn(&mut Writer<'_>),
        seen: impl FnOnce(&[u8]),
    ) -> Result<(), ErrorKind> {
        self.compact();
        let start = self.cursors.sealed.saturating_add(HEADER).saturating_add(self.cursors.open);
        let mut writer = Writer::new(self.memory.get_mut(start..).unwrap_or_default());
        write(&mut writer);
        let len = match writer.finish() {
            Ok(len) | Err(NotWritten::NoRoom { needed: len }) => len,
            Err(NotWritten::TooLong { .. }) => return Err(ErrorKind::Bug), // the plan has refused it
        };
        let plan = self.plan(protection).handshake(len);
        self.room(plan.len())?;
        let written = start..start.saturating_add(len);
        seen(self.memory.get(written.clone()).ok_or(ErrorKind::Bug)?);
        // The message is moved so that its last fragment is in its final place. The gap before it then has exactly the
        // size of the headers and trailers that its records still get.
        let end = self.cursors.sealed.saturating_add(plan.len()).saturating_sub(protection.trailer());
        let message = end.saturating_sub(len)..end;
        if message != written {
            self.memory.copy_within(written, message.start);
        }
        self.divide(protection, message)
    }

    /// Moves the fragments of a message to their places, and seals all but the last.
    fn divide(&mut self, protection: &mut WriteProtection, mut message: Range<usize>) -> Result<(), ErrorKind> {
        loop {
            let open = self.cursors.open;
            let len = message.len().min(protection.max_content().saturating_sub(open));
            let fragment = message.start..message.start.saturating_add(len);
            let to = self.cursors.sealed.saturating_add(HEADER).saturating_add(open);
            if fragment.start != to && fragment.end <= self.memory.len() {
                self.memory.copy_within(fragment.clone(), to);
            }
            self.cursors.open = open.saturating_add(len);
            self.cursors.trailer = protection.trailer();
            message.start = fragment.end;
            if message.is_empty() {
                return Ok(());
            }
            self.seal_open_record(protection)?;
        }
    }

    /// Seals the open record, if there is one.
    pub(crate) fn seal_open_record(&mut self, protection: &mut WriteProtection) -> Result<(), ErrorKind> {
        let content = self.cursors.open;
        if content == 0 {
            return Ok(());
        }
        let len = content.saturating_add(protection.overhead());
        self.seal(protection, ContentType::HANDSHAKE, content, len)?;
        self.cursors.open = 0;
        self.cursors.trailer = 0;
        Ok(())
    }

    // ---- other records ----

    /// Writes a change_cipher_spec, which is never protected (RFC 9846 §5).
    pub(crate) fn change_cipher_spec(&mut self, protection: &mut WriteProtection) -> Result<(), ErrorKind> {
        const RECORD: [u8; HEADER + 1] = [ContentType::CHANGE_CIPHER_SPEC.0, 3, 3, 0, 1, 1];
        self.make_room(self.plan(protection).change_cipher_spec().len())?;
        self.seal_open_record(protection)?;
        let end = self.cursors.sealed.saturating_add(RECORD.len());
        self.memory.get_mut(self.cursors.sealed..end).ok_or(ErrorKind::Bug)?.copy_from_slice(&RECORD);
        self.cursors.sealed = end;
        protection.set_sent_change_cipher_spec();
        Ok(())
    }

    /// Writes an alert. The reserve has room for two, unless the whole memory is smaller.
    pub(crate) fn alert(&mut self, protection: &mut WriteProtection, alert: AlertDescription) -> Result<(), ErrorKind> {
        self.seal_open_record(protection)?;
        let len = protection.overhead().saturating_add(2);
        if len > self.memory.len().saturating_sub(self.cursors.sealed) {
            self.compact();
        }
        let at = self.cursors.sealed.saturating_add(HEADER);
        if len > self.memory.len().saturating_sub(self.cursors.sealed) {
            return self.room(0);
        }
        let content = self.memory.get_mut(at..).and_then(<[u8]>::first_chunk_mut).ok_or(ErrorKind::Bug)?;
        *content = Alert::new(alert).bytes();
        self.seal(protection, ContentType::ALERT, 2, len)?;
        self.mark_owed();
        Ok(())
    }

    /// Seals the open record with its old key, and uses this key from the next record on.
    pub(crate) fn replace_key(&mut self, protection: &mut WriteProtection, key: TrafficKey) -> Result<(), ErrorKind> {
        self.seal_open_record(protection)?;
        protection.set_key(key);
        Ok(())
    }
}

/// Room and sealing.
impl<'m> OutboxView<'m> {
    /// Checks that this many bytes fit after the sealed records, after [`compact`](Self::compact) if necessary.
    fn room(&self, len: usize) -> Result<(), ErrorKind> {
        let needed = self.needed(len);
        if needed > self.memory.len() { Err(too_small(needed)) } else { Ok(()) }
    }

    /// The capacity with room for this many bytes after the sealed records.
    fn needed(&self, len: usize) -> usize {
        self.cursors.compacted().sealed.saturating_add(len).saturating_add(RESERVE)
    }

    fn make_room(&mut self, len: usize) -> Result<(), ErrorKind> {
        self.room(len)?;
        if len > self.tail() {
            self.compact();
        }
        Ok(())
    }

    fn compact(&mut self) {
        let held = self.cursors.held();
        if held.start > 0 && held.end <= self.memory.len() {
            self.memory.copy_within(held, 0);
            *self.cursors = self.cursors.compacted();
        }
    }

    /// Seals the record of this length that follows the sealed ones.
    fn seal(
        &mut self,
        protection: &mut WriteProtection,
        typ: ContentType,
        content: usize,
        len: usize,
    ) -> Result<(), ErrorKind> {
        let end = self.cursors.sealed.saturating_add(len);
        let record = self.memory.get_mut(self.cursors.sealed..end).ok_or(ErrorKind::Bug)?;
        protection.seal(typ, record, content)?;
        self.cursors.sealed = end;
        Ok(())
    }

    /// Free bytes after the sealed records, without the reserve.
    fn tail(&self) -> usize {
        self.memory.len().saturating_sub(RESERVE).saturating_sub(self.cursors.sealed)
    }
}

fn too_small(needed: usize) -> ErrorKind {
    ErrorKind::OutboxTooSmall { needed }
}
