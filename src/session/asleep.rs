//! Sleeping sessions: what must be kept while a session is idle.
//!
//! Most of a session's memory has the two record keys, expanded for the provider. They are derived again from the traffic
//! secrets (RFC 9846 §7.3).

use super::counters::Traffic;
use super::exporter::Exporter;
use crate::crypto::{CryptoMode, Suite};
use crate::record::ReadState;
use crate::schedule::TrafficSecret;

/// A sleeping [`Session`](crate::Session), in at most 256 bytes: secrets, sequence numbers, counters, limits. Its secrets
/// are wiped on drop. [`wake`](Self::wake) restores the session.
///
/// ```
/// # use countersign::{Inbox, Outbox, Policy, Session};
/// # fn idle(
/// #     session: Session, rx: &mut Inbox<Vec<u8>>, tx: &mut Outbox<Vec<u8>>, policy: &Policy,
/// # ) -> Result<Session, Box<dyn std::error::Error>> {
/// let (asleep, info) = match session.sleep(rx, tx) {
///     Ok(asleep) => asleep,
///     Err((session, _)) => return Ok(session), // something is pending
/// };
/// // Later, when the transport or we have data:
/// let session = asleep.wake(info, policy)?;
/// # Ok(session)
/// # }
/// ```
pub struct Asleep {
    pub(super) common: Common,
    pub(super) sending: AsleepSending,
    pub(super) receiving: AsleepReceiving,
    pub(super) exporter: Exporter,
}

/// A sleeping [`Sender`](crate::Sender), in at most 112 bytes. Its secret is wiped on drop.
pub struct AsleepSender {
    pub(super) common: Common,
    pub(super) sending: AsleepSending,
}

/// A sleeping [`Receiver`](crate::Receiver), in at most 120 bytes. Its secret is wiped on drop.
pub struct AsleepReceiver {
    pub(super) common: Common,
    pub(super) receiving: AsleepReceiving,
}

/// A number as bytes, so that it needs no alignment.
#[derive(Clone, Copy)]
pub(super) struct Number([u8; 8]);

impl From<u64> for Number {
    fn from(number: u64) -> Number {
        Number(number.to_ne_bytes())
    }
}

impl From<Number> for u64 {
    fn from(Number(bytes): Number) -> u64 {
        u64::from_ne_bytes(bytes)
    }
}

#[derive(Clone, Copy)]
pub(super) struct AsleepTraffic {
    records: Number,
    bytes: Number,
    generation: Number,
}

impl From<Traffic> for AsleepTraffic {
    fn from(Traffic { records, bytes, generation }: Traffic) -> AsleepTraffic {
        AsleepTraffic { records: records.into(), bytes: bytes.into(), generation: generation.into() }
    }
}

impl From<AsleepTraffic> for Traffic {
    fn from(AsleepTraffic { records, bytes, generation }: AsleepTraffic) -> Traffic {
        Traffic { records: records.into(), bytes: bytes.into(), generation: generation.into() }
    }
}

/// The state that both halves keep.
#[derive(Clone, Copy)]
pub(super) struct Common {
    pub(super) stamp: Number,
    suite: Suite,
    /// The null cryptography of tests.
    null: bool,
}

impl Common {
    pub(super) fn new(stamp: u64, (suite, mode): (Suite, CryptoMode)) -> Common {
        Common { stamp: stamp.into(), suite, null: mode.is_null() }
    }

    pub(super) fn algorithms(&self) -> (Suite, CryptoMode) {
        (self.suite, if self.null { CryptoMode::null() } else { CryptoMode::Real })
    }
}

/// What a sending half keeps in addition. The rest comes from the policy.
pub(super) struct AsleepSending {
    pub(super) secret: TrafficSecret,
    pub(super) sequence: Number,
    /// The peer's record_size_limit (RFC 8449).
    pub(super) record_size_limit: [u8; 2],
    pub(super) traffic: AsleepTraffic,
    pub(super) received: Number,
    pub(super) requested: bool,
}

/// What a receiving half keeps in addition. The rest comes from the negotiated parameters.
pub(super) struct AsleepReceiving {
    pub(super) secret: TrafficSecret,
    pub(super) sequence: Number,
    pub(super) read: ReadState,
    pub(super) confirmed: bool,
    pub(super) requested: bool,
    pub(super) tickets: u8,
    pub(super) key_updates: u8,
    pub(super) traffic: AsleepTraffic,
    pub(super) tickets_dropped: Number,
    pub(super) wanted: Number,
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::size_of;

    #[test]
    fn a_session_sleeps_in_256_bytes_and_its_halves_in_112_and_120() {
        assert!(size_of::<Asleep>() <= 256, "{}", size_of::<Asleep>());
        assert!(size_of::<AsleepSender>() <= 112, "{}", size_of::<AsleepSender>());
        assert!(size_of::<AsleepReceiver>() <= 120, "{}", size_of::<AsleepReceiver>());
    }
}
