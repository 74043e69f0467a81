//! The memory for what the peer sends.
//!
//! ```text
//!  0        start      unread     plaintext_end    ciphertext       end       capacity
//!  | (free) | retained | unread   | gap            | not yet opened | free    |
//!           '------ plaintext ----'                '-- ciphertext --'
//! ```
//!
//! Opening a record moves its content to `plaintext_end`, so that the fragments of a message become contiguous. If
//! there is no plaintext, the content stays in the place of the record. *Retained* messages have been processed but are
//! still needed (the peer's certificates, until the caller has judged them). *Unread* bytes have not been processed
//! yet: the read key may not change while there are any (RFC 9846 §5.1).

mod feed;
mod opening;

use super::header::{HEADER, Header};
use crate::codec::{self, HandshakeType, MESSAGE_HEADER};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::memory::Memory;
use crate::role::Epoch;
use core::fmt;
use core::ops::Range;

/// The memory for received bytes.
///
/// Read from the transport into [`space`](Self::space) and call [`filled`](Self::filled) with the number of bytes. The
/// handshake or session processes them. Read application data in place by [`data`](Self::data) and
/// [`consume`](Self::consume).
///
/// `B` is the memory: `&mut [u8]`, `[u8; N]`, `Vec<u8>`, a pooled buffer. To accept every record that TLS allows, a
/// session needs 16,645 bytes, or our record_size_limit + 21 if the peer obeys it. A handshake also needs memory for
/// the peer's flight. Less memory works if the peer sends less. Otherwise the error `InboxTooSmall` has the size: call
/// [`move_into`](Self::move_into) with larger memory, and repeat the failed call.
pub struct Inbox<B> {
    memory: B,
    cursors: Cursors,
}

/// The positions; see the module's figure. `start <= unread <= plaintext_end <= ciphertext <= end <= capacity`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cursors {
    start: usize,
    unread: usize,
    plaintext_end: usize,
    ciphertext: usize,
    end: usize,
    /// The position of the byte at `start` in the stream of handshake bytes.
    position: u32,
    /// The epoch of the unread bytes, for transports without records ([`InboxView::feed`]).
    epoch: Epoch,
    /// The unread bytes are application data, not handshake messages.
    application_data: bool,
    /// Missing bytes of a message that is read in pieces ([`InboxView::read_in_pieces`]).
    pieces: usize,
    /// Missing bytes of a record that is dropped.
    dropping: usize,
    /// How many bytes of the ciphertext had come before [`InboxView::mark`] was called.
    marked: usize,
    /// The transport has ended.
    eof: bool,
    /// The connection that this inbox belongs to, once it has been used.
    stamp: Option<u64>,
}

impl Cursors {
    fn plaintext_len(&self) -> usize {
        self.plaintext_end.saturating_sub(self.start)
    }

    fn ciphertext_len(&self) -> usize {
        self.end.saturating_sub(self.ciphertext)
    }

    fn live(&self) -> usize {
        self.plaintext_len().saturating_add(self.ciphertext_len())
    }

    fn is_empty(&self) -> bool {
        self.live() == 0 && self.pieces == 0 && self.dropping == 0
    }

    fn data(&self) -> Range<usize> {
        if self.application_data { self.unread..self.plaintext_end } else { self.unread..self.unread }
    }

    fn consume(&mut self, n: usize) {
        if self.application_data {
            self.unread = self.unread.saturating_add(n).min(self.plaintext_end);
            self.start = self.unread;
            self.application_data = self.unread < self.plaintext_end;
        }
    }
}

impl<B: Memory> Inbox<B> {
    /// An empty inbox in this memory, whose contents do not matter.
    pub fn new(memory: B) -> Self {
        Inbox { memory, cursors: Cursors::default() }
    }

    /// An inbox in memory that already has the peer's first bytes in this range. It is for programs that look at these
    /// bytes to detect TLS, or that read a preamble before it. Other bytes do not matter. A range beyond the memory is cut.
    ///
    /// ```
    /// use countersign::{Event, Handshake, Inbox, Outbox, Policy, Seed, Want};
    /// use std::io::Read;
    ///
    /// /// A load balancer sends one line with the client's address (PROXY protocol) before TLS.
    /// fn accept(mut stream: impl Read) -> Result<(Handshake<Policy>, Inbox<Vec<u8>>), Box<dyn std::error::Error>> {
    ///     let mut memory = vec![0; 16_645];
    ///     let mut received = 0;
    ///     let line = loop {
    ///         match stream.read(&mut memory[received..])? {
    ///             0 => return Err("the preamble is too long, or the connection has ended".into()),
    ///             n => received += n,
    ///         }
    ///         if let Some(end) = memory[..received].windows(2).position(|pair| pair == b"\r\n") {
    ///             break end + 2;
    ///         }
    ///     };
    ///     // The ClientHello may have come with it.
    ///     let rx = Inbox::from_received(memory, line..received);
    ///     Ok((Handshake::server(Policy::new(), Seed::random()?), rx))
    /// }
    /// # let (mut hs, mut rx) = accept(&b"PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n\x16\x03"[..]).unwrap();
    /// # assert_eq!(hs.drive(&mut rx, &mut Outbox::new([0; 1000])), Ok(Want::Read));
    /// # assert!(!rx.is_empty());
    /// ```
    pub fn from_received(memory: B, received: Range<usize>) -> Self {
        let end = received.end.min(memory.as_ref().len());
        let cursors = Cursors { ciphertext: received.start.min(end), end, ..Cursors::default() };
        Inbox { memory, cursors }
    }

    /// The size of the memory.
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().len()
    }

    /// The place for the next bytes from the transport. It is never empty when the machine wants `Read`.
    ///
    /// This may move the contents to make room.
    pub fn space(&mut self) -> &mut [u8] {
        self.view().into_space()
    }

    /// Call it after `n` bytes have been written at the start of [`space`](Self::space). Zero means that the transport
    /// has ended, unless there was no space. A larger number counts as the whole space.
    pub fn filled(&mut self, n: usize) {
        self.view().filled(n);
    }

    /// Whether the inbox is empty: no message, no data, no part of a record. Then an idle connection does not need its
    /// memory.
    pub fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    /// Returns the memory if [`is_empty`](Self::is_empty), and otherwise the inbox. A session can continue with a new
    /// inbox.
    pub fn into_memory(self) -> Result<B, Self> {
        if self.is_empty() { Ok(self.memory) } else { Err(self) }
    }

    /// Moves the contents to other memory. If they do not fit, both are returned. The old memory is dropped without
    /// wiping: it may hold plaintext.
    pub fn move_into<C: Memory>(mut self, mut memory: C) -> Result<Inbox<C>, (Self, C)> {
        let view = self.view();
        let (plaintext, ciphertext) = (view.plaintext(), view.ciphertext());
        let moved = view.cursors.compacted();
        if let Some((to, _)) = memory.as_mut().split_at_mut_checked(moved.end)
            && let Some((to_plaintext, to_ciphertext)) = to.split_at_mut_checked(moved.plaintext_end)
            && to_plaintext.len() == plaintext.len()
            && to_ciphertext.len() == ciphertext.len()
        {
            to_plaintext.copy_from_slice(plaintext);
            to_ciphertext.copy_from_slice(ciphertext);
            return Ok(Inbox { memory, cursors: moved });
        }
        Err((self, memory))
    }

    /// The application data that has not been consumed.
    pub fn data(&self) -> &[u8] {
        self.memory.as_ref().get(self.cursors.data()).unwrap_or_default()
    }

    /// Call it when the first `n` bytes of [`data`](Self::data) have been processed.
    pub fn consume(&mut self, n: usize) {
        self.cursors.consume(n);
    }

    /// The handshake messages that are held.
    pub(crate) fn flight(&self) -> Flight<'_> {
        flight(self.memory.as_ref(), &self.cursors)
    }

    /// The connection that this inbox belongs to, if it has been stamped.
    pub(crate) fn stamp(&self) -> Option<u64> {
        self.cursors.stamp
    }

    /// The same inbox without the type of its memory.
    pub(crate) fn view(&mut self) -> InboxView<'_> {
        InboxView { memory: self.memory.as_mut(), cursors: &mut self.cursors }
    }
}

#[cfg(feature = "alloc")]
impl Inbox<alloc::vec::Vec<u8>> {
    /// Makes the memory at least this large, as the error `InboxTooSmall` asks. The contents stay.
    pub fn grow(&mut self, needed: usize) {
        self.memory.resize(needed.max(self.memory.len()), 0);
    }
}

/// Shows the number of bytes, not the bytes.
impl<B> fmt::Debug for Inbox<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("plaintext", &self.cursors.plaintext_len())
            .field("ciphertext", &self.cursors.ciphertext_len())
            .field("eof", &self.cursors.eof)
            .finish_non_exhaustive()
    }
}

fn flight<'a>(memory: &'a [u8], cursors: &Cursors) -> Flight<'a> {
    let end = if cursors.application_data { cursors.unread } else { cursors.plaintext_end };
    Flight::new(memory.get(cursors.start..end).unwrap_or_default(), cursors.position)
}

/// An inbox without its type parameter.
pub struct InboxView<'m> {
    memory: &'m mut [u8],
    cursors: &'m mut Cursors,
}

/// A whole handshake message, header included, at its positions in the stream: for [`InboxView::flight`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MessageAt {
    pub(crate) typ: HandshakeType,
    pub(crate) range: Range<u32>,
}

/// For the transport.
impl<'m> InboxView<'m> {
    fn into_space(mut self) -> &'m mut [u8] {
        let live = self.cursors.live();
        let dead = self.cursors.end.saturating_sub(live);
        let tail = self.memory.len().saturating_sub(self.cursors.end);
        // A move costs no more bytes than it gains, or happens once per record.
        if live == 0 {
            *self.cursors = self.cursors.compacted();
        } else if dead > 0 && (live <= dead || tail < self.missing()) {
            self.compact();
        }
        self.memory.get_mut(self.cursors.end..).unwrap_or_default()
    }

    fn filled(&mut self, n: usize) {
        let tail = self.memory.len().saturating_sub(self.cursors.end);
        if n == 0 && tail > 0 {
            self.cursors.eof = true;
        }
        self.cursors.end = self.cursors.end.saturating_add(n.min(tail));
    }

    /// How many bytes of the next record are missing, or of its header while that has not come.
    fn missing(&self) -> usize {
        let whole = self.header().map_or(HEADER, Header::record_len);
        whole.saturating_sub(self.cursors.ciphertext_len())
    }

    pub(super) fn compact(&mut self) {
        let Cursors { start, plaintext_end, ciphertext, end, .. } = *self.cursors;
        let moved = self.cursors.compacted();
        if start <= plaintext_end && ciphertext <= end && end <= self.memory.len() {
            self.memory.copy_within(start..plaintext_end, 0);
            self.memory.copy_within(ciphertext..end, moved.ciphertext);
            *self.cursors = moved;
        }
    }
}

impl Cursors {
    /// Moves the contents together, without free bytes before and between them.
    fn compacted(&self) -> Cursors {
        let plaintext = self.plaintext_len();
        Cursors {
            start: 0,
            unread: self.unread.saturating_sub(self.start),
            plaintext_end: plaintext,
            ciphertext: plaintext,
            end: self.live(),
            ..*self
        }
    }
}

/// For the handshake and the session.
impl<'m> InboxView<'m> {
    /// Whether the inbox belongs to this connection. The first connection that asks gets it.
    pub(crate) fn belongs_to(&mut self, connection: u64) -> bool {
        *self.cursors.stamp.get_or_insert(connection) == connection
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cursors.is_empty()
    }

    pub(crate) fn eof(&self) -> bool {
        self.cursors.eof
    }

    /// The number of bytes of retained messages.
    pub(crate) fn retained_len(&self) -> usize {
        self.cursors.unread.saturating_sub(self.cursors.start)
    }

    /// Whether any plaintext is unread: a message or a part of one, or application data.
    pub(crate) fn has_unread(&self) -> bool {
        self.cursors.unread < self.cursors.plaintext_end || self.cursors.pieces > 0
    }

    /// How many bytes of application data wait to be consumed.
    #[inline(always)]
    pub(crate) fn data_len(&self) -> usize {
        self.cursors.data().len()
    }

    /// Whether application data waits to be consumed.
    pub(crate) fn has_data(&self) -> bool {
        self.cursors.application_data
    }

    /// Type and body length of the next message, as soon as its header has come.
    pub(crate) fn message_header(&self) -> Option<(HandshakeType, usize)> {
        if self.has_data() || self.in_pieces() { None } else { codec::header(self.unread()) }
    }

    /// The next whole message. It stays unread until [`read`](Self::read). A message whose header announces a body
    /// longer than `limit` is refused before it has come.
    pub(crate) fn next_message(&self, limit: usize) -> Result<Option<MessageAt>, ErrorKind> {
        let Some((typ, body)) = self.message_header() else { return Ok(None) };
        if body > limit {
            return Err(ErrorKind::message_too_long(typ, body, limit));
        }
        let len = body.saturating_add(MESSAGE_HEADER);
        if self.unread().len() < len {
            return Ok(None);
        }
        let from = self.position(self.cursors.unread);
        Ok(Some(MessageAt { typ, range: from..from.wrapping_add(to_u32(len)) }))
    }

    /// The message has been processed. It is retained until [`release_all`](Self::release_all).
    pub(crate) fn read(&mut self, message: &MessageAt) {
        let Cursors { unread, plaintext_end, .. } = *self.cursors;
        if message.range.start == self.position(unread) && !self.cursors.application_data {
            let len = to_usize(message.range.end.wrapping_sub(message.range.start));
            self.cursors.unread = unread.saturating_add(len).min(plaintext_end);
        }
    }

    /// The messages that are held, read and unread.
    pub(crate) fn flight(&self) -> Flight<'_> {
        flight(self.memory, self.cursors)
    }

    /// Releases the retained messages: everything that was read is no longer needed.
    pub(crate) fn release_all(&mut self) {
        self.cursors.position = self.position(self.cursors.unread);
        self.cursors.start = self.cursors.unread;
    }

    /// From now on the next message, whose header has come, is read by [`next_piece`](Self::next_piece). It is never held
    /// as a whole.
    pub(crate) fn read_in_pieces(&mut self) {
        if let Some((_, body)) = self.message_header() {
            self.cursors.pieces = body.saturating_add(MESSAGE_HEADER);
        }
    }

    /// The next piece of a message that is read in pieces, and how many bytes of the message are missing after it.
    /// `None`: no byte has come. The first piece begins with the message's header. Releases everything that was read.
    pub(crate) fn next_piece(&mut self) -> Option<(&[u8], usize)> {
        let from = self.cursors.unread;
        let len = self.unread().len().min(self.cursors.pieces);
        if len == 0 {
            return None;
        }
        let to = from.saturating_add(len);
        self.cursors.pieces = self.cursors.pieces.saturating_sub(len);
        self.cursors.unread = to;
        self.release_all();
        Some((self.memory.get(from..to)?, self.cursors.pieces))
    }

    /// Whether a message is being read in pieces.
    pub(crate) fn in_pieces(&self) -> bool {
        self.cursors.pieces > 0
    }

    /// Remembers which bytes have come so far: see [`is_past_mark`](Self::is_past_mark).
    pub(crate) fn mark(&mut self) {
        self.cursors.marked = self.cursors.ciphertext_len();
    }

    /// Whether every byte of the record that is opened next has come after [`mark`](Self::mark).
    pub(crate) fn is_past_mark(&self) -> bool {
        self.cursors.marked == 0
    }

    /// Drops everything that has not been opened: data after close_notify is ignored (RFC 9846 §6.1).
    pub(crate) fn discard_ciphertext(&mut self) {
        self.cursors.dropping = 0;
        self.take(self.cursors.ciphertext_len());
    }

    /// Neither a whole message nor a whole record is left. Checks that the memory can hold the rest of either. `overhead`
    /// is the least that a record adds to its content.
    pub(super) fn want_more(&self, overhead: usize) -> Result<(), ErrorKind> {
        let cursors = &*self.cursors;
        let record = self.header().map_or(HEADER, Header::record_len);
        let plaintext = cursors.plaintext_len();
        let retained = self.retained_len();
        // The last byte of a message comes in a record that has at least this one byte of content.
        let message = if self.has_unread() && !self.in_pieces() {
            let body = self.message_header().map_or(0, |(_, body)| body);
            body.saturating_add(MESSAGE_HEADER).saturating_add(overhead)
        } else {
            0
        };
        let needed = plaintext.saturating_add(record).max(retained.saturating_add(message));
        if needed > self.memory.len() { Err(ErrorKind::InboxTooSmall { needed }) } else { Ok(()) }
    }

    fn unread(&self) -> &[u8] {
        self.memory.get(self.cursors.unread..self.cursors.plaintext_end).unwrap_or_default()
    }

    fn plaintext(&self) -> &[u8] {
        self.memory.get(self.cursors.start..self.cursors.plaintext_end).unwrap_or_default()
    }

    /// The position in the stream of the byte at this offset.
    fn position(&self, offset: usize) -> u32 {
        self.cursors.position.wrapping_add(to_u32(offset.saturating_sub(self.cursors.start)))
    }
}

/// Lengths in an inbox fit 32 bits, unless its memory has 4 GiB.
fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}
