//! Moments and spans of time, in seconds since 1970.

use super::refusal::RefusalReason;
use crate::asn1::Certificate;
use rustls_pki_types::UnixTime;
use std::time::Duration;

/// The moment so many seconds after 1970 began.
pub(super) const fn unix_time(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A span of time, both ends included: a certificate's validity, or how long an answer about it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Window {
    /// No bounds.
    pub(super) const ALWAYS: Window = Window { from: 0, to: u64::MAX };

    /// A certificate's validity.
    pub(super) fn of(cert: &Certificate<'_>) -> Window {
        Window { from: cert.not_before.unix(), to: cert.not_after.unix() }
    }

    pub(super) fn contains(self, now: UnixTime) -> bool {
        (self.from..=self.to).contains(&now.as_secs())
    }

    /// Whether what is valid in this window is valid now.
    pub(super) fn check(self, now: UnixTime) -> Result<(), RefusalReason> {
        match now.as_secs() {
            seconds if seconds > self.to => Err(RefusalReason::Expired(unix_time(self.to))),
            seconds if seconds < self.from => Err(RefusalReason::NotYetValid(unix_time(self.from))),
            _ => Ok(()),
        }
    }

    /// What of it lies in the other one as well.
    pub(super) fn narrow(&mut self, other: Window) {
        self.from = self.from.max(other.from);
        self.to = self.to.min(other.to);
    }
}
