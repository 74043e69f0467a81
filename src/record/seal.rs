//! Seals records (RFC 9846 §5.2): the write key, its limits, and the lengths of records.

use super::header::{HEADER, Header, MAX_INNER_PLAINTEXT, MAX_PLAINTEXT, TAG, VERSION, VERSION_FIRST};
use super::key::RecordKey;
use crate::codec::ContentType;
use crate::crypto::{CryptoMode, Suite, TrafficKey};
use crate::error::ErrorKind;
use crate::role::Role;

/// The write key, its sequence number, and the limits of a record.
pub(crate) struct WriteProtection {
    key: RecordKey,
    sequence: u64,
    /// The longest TLSInnerPlaintext that the peer accepts (RFC 8449), type and padding included.
    record_size_limit: u16,
    /// The policy's limit for the content of a record, protected or not.
    max_fragment: u16,
    version: u16,
    sent_change_cipher_spec: bool,
}

impl WriteProtection {
    /// No key yet. The header of a client's first record has the version of TLS 1.0 (RFC 9846 §5.1).
    pub(crate) const fn new(role: Role) -> WriteProtection {
        let version = match role {
            Role::Client => VERSION_FIRST,
            Role::Server => VERSION,
        };
        WriteProtection::with(RecordKey::None, version)
    }

    const fn with(key: RecordKey, version: u16) -> WriteProtection {
        WriteProtection {
            key,
            sequence: 0,
            record_size_limit: MAX_INNER_PLAINTEXT as u16,
            max_fragment: MAX_PLAINTEXT as u16,
            version,
            sent_change_cipher_spec: false,
        }
    }

    /// Continues with this key after the handshake. `record_size_limit` is the peer's.
    pub(crate) fn resume(key: TrafficKey, sequence: u64, record_size_limit: u16) -> WriteProtection {
        WriteProtection { sequence, record_size_limit, ..WriteProtection::with(RecordKey::Key(key), VERSION) }
    }

    /// The peer's record_size_limit (RFC 8449 §4).
    pub(crate) fn record_size_limit(&self) -> u16 {
        self.record_size_limit
    }

    /// Moves everything out. What is left cannot seal anything.
    pub(crate) fn take(&mut self) -> WriteProtection {
        core::mem::replace(self, WriteProtection::with(RecordKey::Forgotten, VERSION))
    }

    /// The connection has failed (RFC 9846 §6), or our last alert was sent: nothing is sealed any more.
    pub(crate) fn forget(&mut self) {
        drop(self.take());
    }

    /// Uses this key from the next record on. Only [`super::OutboxView::replace_key`] calls it: it seals the open record
    /// before.
    pub(super) fn set_key(&mut self, key: TrafficKey) {
        self.key = RecordKey::Key(key);
        self.sequence = 0;
    }

    /// Sets the peer's record_size_limit (RFC 8449 §4). A value above the longest record of TLS means that record.
    pub(crate) fn set_record_size_limit(&mut self, limit: u16) {
        self.record_size_limit = limit.min(MAX_INNER_PLAINTEXT as u16);
    }

    /// Sets the policy's limit for the content of a record.
    pub(crate) fn set_max_fragment(&mut self, bytes: u16) {
        self.max_fragment = bytes;
    }

    /// How many records have been written with this key.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many records may be written with this key (RFC 9846 §5.5).
    pub(super) fn key_limit(&self) -> u64 {
        self.key.get().map_or(u64::MAX, |key| key.suite().record_limit())
    }

    /// The policy's limit for the content of a record.
    pub(super) fn max_fragment(&self) -> u16 {
        self.max_fragment
    }

    /// The longest TLSInnerPlaintext that we may send.
    pub(super) fn max_inner(&self) -> usize {
        usize::from(self.record_size_limit.min(self.max_fragment.saturating_add(1)))
    }

    /// The suite and mode of the write key and of the next one.
    pub(crate) fn algorithms(&self) -> Option<(Suite, CryptoMode)> {
        self.key.get().map(TrafficKey::algorithms)
    }

    /// Whether a write key is in place.
    pub(crate) fn is_protected(&self) -> bool {
        self.key.get().is_some()
    }

    pub(super) fn set_sent_change_cipher_spec(&mut self) {
        self.sent_change_cipher_spec = true;
    }

    /// Whether a change_cipher_spec has been written.
    pub(crate) fn has_sent_change_cipher_spec(&self) -> bool {
        self.sent_change_cipher_spec
    }

    /// As if this key had been used until `left` records remain.
    #[cfg(test)]
    pub(super) fn use_up(&mut self, left: u64) {
        self.sequence = self.key_limit().saturating_sub(left);
    }

    /// The most content that fits a record.
    pub(super) fn max_content(&self) -> usize {
        match self.key.get() {
            Some(_) => self.max_inner().saturating_sub(1),
            None => usize::from(self.max_fragment),
        }
    }

    /// A record is longer than its unpadded content by this: header and trailer.
    pub(super) fn overhead(&self) -> usize {
        HEADER.saturating_add(self.trailer())
    }

    /// The content's type and the tag, which follow the content of a protected record.
    pub(super) fn trailer(&self) -> usize {
        if self.is_protected() { 1 + TAG } else { 0 }
    }

    /// Writes the header of a record whose content is in its place, and seals it. With a key, `record` has header,
    /// content, type and padding, tag. Only the content has been written before.
    #[inline(always)]
    pub(super) fn seal(&mut self, typ: ContentType, record: &mut [u8], content: usize) -> Result<(), ErrorKind> {
        let (header, fragment) = record.split_first_chunk_mut::<HEADER>().ok_or(ErrorKind::Bug)?;
        let key = match &self.key {
            RecordKey::Key(key) => key,
            RecordKey::None => {
                *header = Header::write(typ, self.version, fragment.len()).ok_or(ErrorKind::Bug)?;
                self.version = VERSION;
                return Ok(());
            }
            RecordKey::Forgotten => return Err(ErrorKind::Bug),
        };
        if self.sequence >= key.suite().record_limit() {
            return Err(ErrorKind::KeyExhausted);
        }
        *header = Header::write(ContentType::APPLICATION_DATA, VERSION, fragment.len()).ok_or(ErrorKind::Bug)?;
        let (inner, tag) = fragment.split_last_chunk_mut::<TAG>().ok_or(ErrorKind::Bug)?;
        let (inner_type, zeros) = inner.get_mut(content..).and_then(<[u8]>::split_first_mut).ok_or(ErrorKind::Bug)?;
        *inner_type = typ.0;
        if !zeros.is_empty() {
            zeros.fill(0); // without padding this saves the call
        }
        *tag = key.seal(self.sequence, header, inner).map_err(|_| ErrorKind::CryptoFailed)?;
        self.sequence = self.sequence.saturating_add(1);
        Ok(())
    }
}
