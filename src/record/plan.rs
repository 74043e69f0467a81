//! How long things become when they are sealed, before any of it is written.

use super::header::{HEADER, MAX_INNER_PLAINTEXT, RESERVE, TAG};
use super::seal::WriteProtection;

/// How many bytes a sequence of handshake messages will become, so that an answer can be refused before anything has
/// been written. Exact.
#[derive(Clone, Copy)]
pub struct Plan {
    /// What is sealed, or will be before the record that is open then.
    sealed: usize,
    /// Content of the record that is open then.
    open: usize,
    max_content: usize,
    max_fragment: usize,
    overhead: usize,
}

impl Plan {
    /// Nothing yet, in an empty outbox.
    pub(crate) fn of(protection: &WriteProtection) -> Plan {
        Plan::new(0, protection)
    }

    /// The capacity of an empty outbox that has room for it, beside what is kept for alerts.
    pub(crate) fn capacity(&self) -> usize {
        self.len().saturating_add(RESERVE)
    }

    pub(super) fn new(open: usize, protection: &WriteProtection) -> Plan {
        let (max_content, overhead) = (protection.max_content(), protection.overhead());
        Plan { sealed: 0, open, max_content, max_fragment: usize::from(protection.max_fragment()), overhead }
    }

    /// Then come handshake messages of this length altogether.
    pub(crate) fn handshake(self, len: usize) -> Plan {
        Plan { open: self.open.saturating_add(len), ..self }
    }

    /// Then comes a change_cipher_spec.
    pub(crate) fn change_cipher_spec(self) -> Plan {
        Plan { sealed: self.len().saturating_add(HEADER + 1), open: 0, ..self }
    }

    /// Then comes a (new) key, with the peer's record_size_limit.
    pub(crate) fn key(self, record_size_limit: u16) -> Plan {
        let limit = usize::from(record_size_limit).min(MAX_INNER_PLAINTEXT);
        let max_content = limit.saturating_sub(1).min(self.max_fragment);
        Plan { sealed: self.len(), open: 0, max_content, overhead: HEADER + 1 + TAG, ..self }
    }

    /// How many bytes all this is when sealed.
    pub(crate) fn len(&self) -> usize {
        let records = self.open.div_ceil(self.max_content.max(1));
        self.sealed.saturating_add(self.open).saturating_add(records.saturating_mul(self.overhead))
    }
}
