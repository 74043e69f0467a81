//! Handshake bytes that come without records (RFC 9001): the transport has already decrypted them.

use super::InboxView;
use crate::codec::MESSAGE_HEADER;
use crate::error::ErrorKind;
use crate::role::Epoch;

impl InboxView<'_> {
    /// Takes handshake bytes that came under the keys of `epoch`, and returns how many had room. While bytes of another
    /// epoch are unread, it takes none.
    pub(crate) fn feed(&mut self, epoch: Epoch, bytes: &[u8]) -> usize {
        if self.has_unread() && epoch != self.cursors.epoch {
            return 0;
        }
        if bytes.len() > self.memory.len().saturating_sub(self.cursors.end) {
            self.compact();
        }
        let space = self.memory.get_mut(self.cursors.end..).unwrap_or_default();
        let len = space.len().min(bytes.len());
        for (to, from) in space.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.cursors.epoch = epoch;
        self.cursors.end = self.cursors.end.saturating_add(len);
        self.cursors.plaintext_end = self.cursors.end;
        self.cursors.ciphertext = self.cursors.end;
        len
    }

    /// Checks that the unread bytes came under the keys of `epoch`.
    pub(crate) fn check_epoch(&self, epoch: Epoch) -> Result<(), ErrorKind> {
        if !self.has_unread() || epoch == self.cursors.epoch {
            return Ok(());
        }
        match self.message_header() {
            Some((message, _)) => Err(ErrorKind::UnexpectedMessage { message }),
            None => Err(ErrorKind::DataAcrossKeyChange),
        }
    }

    /// Checks that there is room for the next message, or for its header while that has not come.
    pub(crate) fn want_message(&self) -> Result<(), ErrorKind> {
        let body = self.message_header().map_or(0, |(_, body)| body);
        let needed = self.retained_len().saturating_add(MESSAGE_HEADER).saturating_add(body);
        if needed > self.memory.len() { Err(ErrorKind::InboxTooSmall { needed }) } else { Ok(()) }
    }
}
