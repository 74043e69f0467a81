//! The length of handshake messages when they are sealed, before any of them is written.

use super::header::{HEADER, MAX_INNER_PLAINTEXT, RESERVE, TAG};
use super::seal::WriteProtection;

/// The exact number of bytes that a sequence of handshake messages takes when sealed. So an answer without room is
/// refused before anything has been written.
#[derive(Clone, Copy)]
pub struct Plan {
    /// Bytes of sealed records.
    sealed: usize,
    /// Content after them, which is not sealed yet.
    open: usize,
    max_content: usize,
    max_fragment: usize,
    overhead: usize,
}

impl Plan {
    /// Nothing planned yet, for an empty outbox.
    pub(crate) fn of(protection: &WriteProtection) -> Plan {
        Plan::new(0, protection)
    }

    /// The capacity of an empty outbox with room for the plan, the reserve for alerts included.
    pub(crate) fn capacity(&self) -> usize {
        self.len().saturating_add(RESERVE)
    }

    pub(super) fn new(open: usize, protection: &WriteProtection) -> Plan {
        let (max_content, overhead) = (protection.max_content(), protection.overhead());
        Plan { sealed: 0, open, max_content, max_fragment: usize::from(protection.max_fragment()), overhead }
    }

    /// Adds handshake messages with this total length.
    pub(crate) fn handshake(self, len: usize) -> Plan {
        Plan { open: self.open.saturating_add(len), ..self }
    }

    /// Adds a change_cipher_spec.
    pub(crate) fn change_cipher_spec(self) -> Plan {
        Plan { sealed: self.len().saturating_add(HEADER + 1), open: 0, ..self }
    }

    /// Changes to a new key, with the peer's record_size_limit.
    pub(crate) fn key(self, record_size_limit: u16) -> Plan {
        let limit = usize::from(record_size_limit).min(MAX_INNER_PLAINTEXT);
        let max_content = limit.saturating_sub(1).min(self.max_fragment);
        Plan { sealed: self.len(), open: 0, max_content, overhead: HEADER + 1 + TAG, ..self }
    }

    /// The number of bytes when everything is sealed.
    pub(crate) fn len(&self) -> usize {
        let records = self.open.div_ceil(self.max_content.max(1));
        self.sealed.saturating_add(self.open).saturating_add(records.saturating_mul(self.overhead))
    }
}
