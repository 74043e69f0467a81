//! How many of the peer's requests are answered.

use crate::limits::MAX_AUTHENTICATOR_REQUESTS;
use std::time::{Duration, Instant};

/// [`MAX_AUTHENTICATOR_REQUESTS`] at once, and then one per second.
pub(super) struct Allowance {
    left: u8,
    /// One is added a second after this.
    since: Instant,
}

impl Allowance {
    pub(super) fn new(now: Instant) -> Allowance {
        Allowance { left: MAX_AUTHENTICATOR_REQUESTS, since: now }
    }

    /// Takes one. Returns false if there is none.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        let added = u8::try_from(seconds).unwrap_or(u8::MAX);
        self.left = self.left.saturating_add(added).min(MAX_AUTHENTICATOR_REQUESTS);
        self.since = self.since.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start);
        let mut taken_at = |millis: u64| {
            let now = start + Duration::from_millis(millis);
            (0..1000).filter(|_| allowance.take(now)).count()
        };
        let most = usize::from(MAX_AUTHENTICATOR_REQUESTS);
        assert_eq!(taken_at(0), most);
        // Parts of a second are not lost, and a clock that stands still adds none.
        assert_eq!([999, 999, 1500, 2000, 2000].map(&mut taken_at), [0, 0, 1, 1, 0]);
        assert_eq!(taken_at(3_600_000), most, "no more than at the beginning, however long it was silent");
        assert_eq!(taken_at(3_600_999), 0);
        assert_eq!(taken_at(3_601_000), 1);
    }
}
