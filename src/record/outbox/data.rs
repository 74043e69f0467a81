//! Application data: its place in the outbox, where it is sealed (RFC 9846 §5.2).

use super::super::header::{HEADER, RESERVE};
use super::{OutboxView, too_small};
use crate::codec::ContentType;
use crate::error::ErrorKind;
use crate::record::data_protection::DataProtection;
use crate::record::plan::Plan;
use core::ops::Range;

impl<'m> OutboxView<'m> {
    /// The place for the content of the next record: at least `wanted` bytes, or as many as a record takes. `None`:
    /// pending bytes must be sent first.
    #[inline(always)]
    pub(crate) fn place_data(
        &mut self,
        protection: &mut DataProtection,
        wanted: usize,
    ) -> Result<Option<Range<usize>>, ErrorKind> {
        let Some(room) = self.make_data_room(protection, 0, wanted)? else { return Ok(None) };
        let at = self.cursors.sealed.saturating_add(HEADER);
        Ok(Some(at..at.saturating_add(room)))
    }

    /// The place that [`place_data`](Self::place_data) returned.
    #[inline(always)]
    pub(crate) fn data_mut(&mut self, place: Range<usize>) -> &mut [u8] {
        self.memory.get_mut(place).unwrap_or_default()
    }

    /// Makes sure that the rest of the place has only zeros or bytes that this connection has written before (R13).
    /// Memory is cleared once, not for each record.
    #[inline(always)]
    pub(crate) fn clean(&mut self, rest: Range<usize>) {
        let clean = self.cursors.clean.max(self.cursors.sealed);
        if clean < rest.end {
            self.data_mut(clean.max(rest.start)..rest.end).fill(0);
            // The place of the header is cleared too. The caller has written the bytes between it and `rest`.
            let header = self.cursors.sealed..self.cursors.sealed.saturating_add(HEADER);
            self.data_mut(header).fill(0);
            self.cursors.clean = rest.end;
        }
    }

    /// Seals the first `len` bytes in the place of [`place_data`](Self::place_data). `len` may be 0.
    #[inline(always)]
    pub(crate) fn seal_data(&mut self, protection: &mut DataProtection, len: usize) -> Result<(), ErrorKind> {
        let record_len = protection.record_len(len);
        let fits = len <= protection.max_content() && record_len <= self.tail();
        if !protection.is_protected() || !fits || self.cursors.open > 0 {
            return Err(ErrorKind::Bug);
        }
        if protection.records_left() == 0 {
            return Err(ErrorKind::KeyExhausted);
        }
        self.seal(protection, ContentType::APPLICATION_DATA, len, record_len)
    }

    /// Copies and seals as much application data as fits, in the longest possible records. Returns the number of bytes
    /// taken; 0: pending bytes must be sent first.
    pub(crate) fn write_data(&mut self, protection: &mut DataProtection, data: &[u8]) -> Result<usize, ErrorKind> {
        let mut rest = data;
        while !rest.is_empty() {
            if rest.len() < data.len() && protection.records_left() == 0 {
                break;
            }
            let Some(place) = self.place_data(protection, rest.len())? else { break };
            let len = rest.len().min(place.len());
            let (content, after) = rest.split_at_checked(len).ok_or(ErrorKind::Bug)?;
            self.data_mut(place).get_mut(..len).ok_or(ErrorKind::Bug)?.copy_from_slice(content);
            self.seal_data(protection, len)?;
            rest = after;
        }
        Ok(data.len().saturating_sub(rest.len()))
    }

    /// Whether there is room for a handshake message of `message` bytes and then for a place of
    /// [`place_data`](Self::place_data).
    pub(crate) fn has_room_for_message_and_data(
        &mut self,
        protection: &mut DataProtection,
        message: usize,
        wanted: usize,
    ) -> Result<bool, ErrorKind> {
        let before = self.plan(protection).handshake(message).len();
        Ok(self.make_data_room(protection, before, wanted)?.is_some())
    }

    /// Checks that an empty outbox has room for some data, and for a handshake message of `message` bytes (0: none). They
    /// need not fit together. The error has the capacity for both, with at most one record of data.
    pub(crate) fn check_capacity(
        &self,
        protection: &DataProtection,
        message: usize,
        wanted: usize,
    ) -> Result<(), ErrorKind> {
        let before = Plan::new(0, protection).handshake(message).len();
        let capacity = self.memory.len().saturating_sub(RESERVE);
        if before > capacity || protection.max_data(capacity) == 0 {
            let wanted = wanted.clamp(1, protection.max_content());
            let record = protection.record_len(wanted);
            return Err(too_small(before.saturating_add(record).saturating_add(RESERVE)));
        }
        Ok(())
    }

    /// Makes room for `before` bytes and then a record with `wanted` bytes of application data, or as many as a record
    /// takes. Returns how many bytes of data have room. `None`: pending bytes must be sent first.
    #[inline(always)]
    fn make_data_room(
        &mut self,
        protection: &mut DataProtection,
        before: usize,
        wanted: usize,
    ) -> Result<Option<usize>, ErrorKind> {
        self.seal_open_record(protection)?;
        // What one record takes when nothing is pending.
        let most = protection.max_data(self.memory.len().saturating_sub(RESERVE));
        if most == 0 {
            self.check_capacity(protection, 0, wanted)?;
        }
        let wanted = wanted.clamp(1, most.max(1));
        let mut room = protection.max_data(self.tail().saturating_sub(before));
        // Pending bytes are moved only if this gains at least as many bytes as it moves. Otherwise they are sent first.
        if room < wanted && self.cursors.start >= self.cursors.held().len() {
            self.compact();
            room = protection.max_data(self.tail().saturating_sub(before));
        }
        Ok((room >= wanted).then_some(room))
    }
}
