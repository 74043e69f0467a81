//! Handshake bytes that come without records (RFC 9001): the transport has opened them, they are plaintext at once.

use super::InboxView;
use crate::codec::MESSAGE_HEADER;
use crate::error::ErrorKind;
use crate::role::Epoch;

impl InboxView<'_> {
    /// Takes handshake bytes that came under the keys of `epoch`, and says how many there was room for. While bytes of
    /// another epoch are unread, that is none.
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

    /// Whether what is unread came under the keys of `epoch`.
    pub(crate) fn check_epoch(&self, epoch: Epoch) -> Result<(), ErrorKind> {
        if !self.has_unread() || epoch == self.cursors.epoch {
            return Ok(());
        }
        match self.message_header() {
            Some((message, _)) => Err(ErrorKind::UnexpectedMessage { message }),
            None => Err(ErrorKind::DataAcrossKeyChange),
        }
    }

    /// Whether the rest of the next message has room; its header alone, if that is yet to come.
    pub(crate) fn want_message(&self) -> Result<(), ErrorKind> {
        let body = self.message_header().map_or(0, |(_, body)| body);
        let needed = self.retained_len().saturating_add(MESSAGE_HEADER).saturating_add(body);
        if needed > self.memory.len() { Err(ErrorKind::InboxTooSmall { needed }) } else { Ok(()) }
    }
}
