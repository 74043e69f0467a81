//! How large an inbox must be for what a policy allows the peer to send, and the other way round.

use super::header::{HEADER, MAX_CIPHERTEXT, MAX_INNER_PLAINTEXT, TAG};
use crate::codec::MESSAGE_HEADER;
use crate::policy::Policy;

/// The highest record_size_limit (RFC 8449 §4).
const LONGEST_LIMIT: u16 = MAX_INNER_PLAINTEXT as u16;

impl Policy {
    /// The inbox size in bytes for every handshake that this policy allows, and for every session after it. With this size
    /// legal input never causes `InboxTooSmall`. By default it is 98,570. Most handshakes need less, and an inbox may grow
    /// when this is asked for.
    ///
    /// It is the longest flight ([`max_flight`](Self::max_flight)) without its last byte, and the record with this last
    /// byte. With a [`record_size_limit`](Self::record_size_limit) it assumes that the peer supports this extension
    /// (RFC 8449). A record of another peer may have up to 16,645 bytes.
    ///
    /// ```
    /// use countersign::Policy;
    /// static POLICY: Policy = Policy::new().max_flight(8_000, 8_000).record_size_limit(1_024);
    /// const NEEDED: usize = POLICY.inbox_needed();
    /// let inbox = countersign::Inbox::new([0; NEEDED]);
    /// assert_eq!(inbox.capacity(), 8_000 + 3 + 1_024 + 21);
    /// ```
    pub const fn inbox_needed(&self) -> usize {
        // The limit does not count the header of the flight's last message.
        let flight = self.max_flight.saturating_add(MESSAGE_HEADER - 1);
        flight.saturating_add(self.longest_record())
    }

    /// The longest record of a peer that obeys our record_size_limit.
    const fn longest_record(&self) -> usize {
        match self.record_size_limit {
            Some(limit) => (HEADER + TAG).saturating_add(limit as usize),
            None => HEADER + MAX_CIPHERTEXT,
        }
    }

    /// Lowers the limits for the peer so that an inbox of this many bytes is enough: [`inbox_needed`](Self::inbox_needed) is
    /// then at most this number. At least a quarter of it is for a record, the rest for the flight. A record_size_limit is
    /// sent if the part for a record is less than a full record. No limit becomes higher than before.
    ///
    /// With 4 KiB, a device accepts records with 1,003 bytes of content, type and padding, and flights of 3,069 bytes:
    ///
    /// ```
    /// use countersign::Policy;
    /// static POLICY: Policy = Policy::new().fit_inbox(4_096);
    /// assert_eq!(POLICY.inbox_needed(), 4_096);
    /// assert_eq!(Policy::new().fit_inbox(1 << 20).inbox_needed(), Policy::new().inbox_needed());
    /// ```
    ///
    /// # Panics
    /// Below 1,024 bytes, which are too few for any certificate.
    #[must_use]
    pub const fn fit_inbox(mut self, bytes: usize) -> Self {
        assert!(bytes >= 1_024, "an inbox for a handshake takes at least 1,024 bytes");
        let beside_flight = bytes.saturating_sub(self.max_flight).saturating_sub(MESSAGE_HEADER - 1);
        let record = if beside_flight > bytes / 4 { beside_flight } else { bytes / 4 };
        if record < self.longest_record() {
            // 256 to 16,644 bytes, so that this is at least 64.
            let limit = record.saturating_sub(HEADER + TAG) as u16;
            self.record_size_limit = Some(if limit > LONGEST_LIMIT { LONGEST_LIMIT } else { limit });
        }
        let flight = bytes.saturating_sub(self.longest_record()).saturating_sub(MESSAGE_HEADER - 1);
        if flight < self.max_flight {
            self.max_flight = flight;
        }
        if self.max_flight < self.max_message {
            self.max_message = self.max_flight;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_fits_an_inbox_needs_no_more_and_allows_as_much_as_that_allows() {
        for bytes in (1_024..130_000).step_by(37) {
            for policy in [Policy::new(), Policy::new().record_size_limit(500), Policy::new().max_flight(2000, 3000)] {
                let fits = policy.clone().fit_inbox(bytes);
                let (most, needed) = (policy.inbox_needed(), fits.inbox_needed());
                assert!(needed <= bytes && needed <= most, "{bytes}: {needed}");
                // The limits leave no memory unused, except the gap between a full record and the longest limit.
                assert!(needed + 240 >= bytes.min(most), "{bytes}: {needed} of {most}");
                assert!(fits.record_size_limit.is_none_or(|limit| (64..=16_385).contains(&limit)));
                assert!(fits.max_message <= fits.max_flight);
                assert!(fits.max_flight <= policy.max_flight && fits.max_message <= policy.max_message);
            }
        }
    }

    #[test]
    #[should_panic(expected = "at least 1,024 bytes")]
    fn what_fits_no_certificate_is_no_inbox() {
        let _ = Policy::new().fit_inbox(1_023);
    }
}
