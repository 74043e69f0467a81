//! The record that is opened next: its place in the memory, and what is kept of it.

use super::super::header::{HEADER, Header};
use super::{Cursors, InboxView};

impl<'m> InboxView<'m> {
    /// The bytes that have not been opened.
    pub(in crate::record) fn ciphertext(&self) -> &[u8] {
        self.memory.get(self.cursors.ciphertext..self.cursors.end).unwrap_or_default()
    }

    /// The header of the record that is opened next, once it has come.
    pub(in crate::record) fn header(&self) -> Option<Header> {
        self.ciphertext().first_chunk().copied().map(Header)
    }

    /// Whether the whole record with this header has come.
    pub(in crate::record) fn has_record(&self, header: Header) -> bool {
        self.cursors.ciphertext_len() >= header.record_len()
    }

    /// The fragment of the record with this header.
    pub(in crate::record) fn fragment(&self, header: Header) -> &[u8] {
        self.ciphertext().get(HEADER..header.record_len()).unwrap_or_default()
    }

    /// Begins to open the record with this header. Returns the memory from the place of its content to the record's end,
    /// and the offset of its fragment in that memory.
    #[inline(always)]
    pub(in crate::record) fn begin_opening(&mut self, header: Header) -> Option<(&mut [u8], usize)> {
        let Cursors { start, plaintext_end, ciphertext, .. } = *self.cursors;
        let fragment = ciphertext.saturating_add(HEADER);
        if start == plaintext_end {
            // No plaintext is held: the content stays where the fragment is.
            self.cursors.start = fragment;
            self.cursors.unread = fragment;
            self.cursors.plaintext_end = fragment;
        }
        let to = self.cursors.plaintext_end;
        let end = ciphertext.saturating_add(header.record_len());
        Some((self.memory.get_mut(to..end)?, fragment.saturating_sub(to)))
    }

    /// Ends the opening. The first `content` bytes of [`begin_opening`](Self::begin_opening) are kept as unread handshake bytes.
    pub(in crate::record) fn keep_handshake(&mut self, header: Header, content: usize) {
        self.cursors.plaintext_end = self.cursors.plaintext_end.saturating_add(content);
        self.take(header.record_len());
    }

    /// Ends the opening. The first `content` bytes of [`begin_opening`](Self::begin_opening) are application data. The
    /// handshake is over: everything that was read is released.
    #[inline(always)]
    pub(in crate::record) fn keep_data(&mut self, header: Header, content: usize) {
        self.release_all();
        self.cursors.application_data = content > 0;
        self.cursors.plaintext_end = self.cursors.plaintext_end.saturating_add(content);
        self.take(header.record_len());
    }

    /// Drops the record with this header, and its missing bytes when they come.
    pub(in crate::record) fn drop_record(&mut self, header: Header) {
        self.cursors.dropping = header.record_len();
        self.drop_rest();
    }

    /// Drops what has come of a record that is being dropped. Returns whether all of it has come.
    pub(in crate::record) fn drop_rest(&mut self) -> bool {
        if self.cursors.dropping == 0 {
            return true;
        }
        let len = self.cursors.dropping.min(self.cursors.ciphertext_len());
        self.cursors.dropping = self.cursors.dropping.saturating_sub(len);
        self.take(len);
        self.cursors.dropping == 0
    }

    pub(super) fn take(&mut self, len: usize) {
        self.cursors.ciphertext = self.cursors.ciphertext.saturating_add(len).min(self.cursors.end);
        self.cursors.marked = self.cursors.marked.saturating_sub(len);
    }
}
