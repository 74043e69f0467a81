//! The write key after the handshake, with the policy for application data: padding, and records for each key.

use super::header::{HEADER, TAG};
use super::seal::WriteProtection;
use crate::policy::{Padding, Policy};
use core::ops::{Deref, DerefMut};

/// The last records of a key are kept for a KeyUpdate and two alerts.
const KEPT_RECORDS: u64 = 3;

/// A [`WriteProtection`] after the handshake. It adds what only application data needs.
pub(crate) struct DataProtection {
    write: WriteProtection,
    padding: Padding,
    /// The policy's limit of records for one key.
    update_after: u64,
}

impl DataProtection {
    pub(crate) fn new(write: WriteProtection, policy: &Policy) -> DataProtection {
        let update_after = policy.update_after.max(1); // 0 would leave no record under any key
        DataProtection { write, padding: policy.padding, update_after }
    }

    /// How many records of application data may still be written with this key. At 0 the key must be updated: the records
    /// that remain are for the KeyUpdate, or for the last alerts.
    pub(crate) fn records_left(&self) -> u64 {
        let limit = self.key_limit().saturating_sub(KEPT_RECORDS).min(self.update_after);
        limit.saturating_sub(self.sequence())
    }

    /// The length of a record with this much application data.
    pub(super) fn record_len(&self, content: usize) -> usize {
        self.padded(content).saturating_add(HEADER + TAG)
    }

    /// The most application data that fits a record of this length.
    pub(super) fn max_data(&self, record_len: usize) -> usize {
        let inner = record_len.saturating_sub(HEADER + TAG);
        let inner = match self.padding {
            _ if inner >= self.max_inner() => self.max_inner(),
            Padding::Multiple(n @ 2..) => inner.saturating_sub(inner.checked_rem(usize::from(n)).unwrap_or(0)),
            _ => inner,
        };
        inner.saturating_sub(1)
    }

    /// The length of the TLSInnerPlaintext with this much application data.
    pub(super) fn padded(&self, content: usize) -> usize {
        let inner = content.saturating_add(1);
        match self.padding {
            Padding::Multiple(n @ 2..) => {
                inner.checked_next_multiple_of(usize::from(n)).unwrap_or(inner).min(self.max_inner()).max(inner)
            }
            _ => inner,
        }
    }
}

impl Deref for DataProtection {
    type Target = WriteProtection;

    fn deref(&self) -> &WriteProtection {
        &self.write
    }
}

impl DerefMut for DataProtection {
    fn deref_mut(&mut self) -> &mut WriteProtection {
        &mut self.write
    }
}
