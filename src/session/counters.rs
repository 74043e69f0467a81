//! The counters of a session's traffic.

/// The traffic in one direction, under the application keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Records of application data, empty ones included.
    pub records: u64,
    /// Bytes of application data.
    pub bytes: u64,
    /// N of application_traffic_secret_N (RFC 9846 §7.2): the number of KeyUpdates. A server that confirms its client
    /// ([`Policy::confirm_clients`](crate::Policy::confirm_clients)) begins with 1.
    pub generation: u64,
}

/// The traffic in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// By us.
    pub sent: Traffic,
    /// By the peer.
    pub received: Traffic,
    /// The number of the peer's NewSessionTickets. All of them are dropped.
    pub tickets_dropped: u64,
}

impl Traffic {
    /// Counts records with this many bytes in total.
    #[inline(always)]
    pub(super) fn count(&mut self, records: u64, bytes: usize) {
        self.records = self.records.saturating_add(records);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
