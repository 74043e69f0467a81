//! Counters of all connections, for operators.

use super::failure::Failure;
use crate::Role;
use rustls_pki_types::UnixTime;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// The upper limits of the buckets of [`VerdictTimes`], in microseconds. A verdict on a chain takes about 100. A judge
/// that asks a policy service takes as long as this service.
const BUCKETS: [u64; 10] = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000];

/// Counters of all connections over streams whose [`Config`](super::Config::metrics) has it. An exporter reads them.
/// Each value only grows, except those of live connections. All names are defined by this crate, and there are less
/// than 500: a peer cannot add any.
///
/// An exporter may also want [`Identities::expires`](crate::x509::Identities::expires) and
/// [`SignatureMemo::hits`](crate::x509::SignatureMemo::hits). `examples/services` shows all of them as a page for
/// Prometheus.
///
/// ```
/// use countersign::adapters::Metrics;
/// use std::sync::Arc;
///
/// let metrics = Arc::new(Metrics::new()); // for Config::metrics
/// for outcome in metrics.handshakes() {
///     println!("{} {} {}: {}", outcome.role, outcome.outcome, outcome.reason, outcome.count);
/// }
/// ```
#[derive(Debug, Default)]
pub struct Metrics {
    handshakes: Outcomes,
    reauthentications: Outcomes,
    verdicts: [AtomicU64; BUCKETS.len()],
    verdicts_count: AtomicU64,
    verdicts_nanoseconds: AtomicU64,
    key_updates: [AtomicU64; 2],
    /// How many live connections have a lease until this second.
    leases: Mutex<BTreeMap<u64, u64>>,
}

/// How often something has ended in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Our role.
    pub role: Role,
    /// For a handshake: `Completed`, the [name](Failure::name) of a [`Failure`], `Transport` or `Dropped`. For a proof of
    /// the peer inside a connection: `Renewed`, `Unasked`, `Declined`, or the name of a `Failure`.
    pub outcome: &'static str,
    /// [`Failure::reason`], if it was a `Failure`.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}

/// How long verdicts on peers have taken in the handshake, with judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerdictTimes {
    /// How many verdicts have taken at most this time: cumulative, as in Prometheus.
    pub at_most: [(Duration, u64); BUCKETS.len()],
    /// How many verdicts there have been.
    pub count: u64,
    /// The sum of their times.
    pub total: Duration,
}

/// The direction of a KeyUpdate.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Sent,
    Received,
}

impl Metrics {
    /// All counters are 0.
    pub fn new() -> Metrics {
        Metrics::default()
    }

    /// How handshakes have ended.
    pub fn handshakes(&self) -> Vec<Outcome> {
        self.handshakes.all()
    }

    /// How proofs of peers inside live connections have ended.
    pub fn reauthentications(&self) -> Vec<Outcome> {
        self.reauthentications.all()
    }

    /// How long verdicts have taken.
    pub fn verdicts(&self) -> VerdictTimes {
        let mut sum = 0u64;
        let mut at_most = [(Duration::ZERO, 0); BUCKETS.len()];
        for ((place, bucket), counted) in at_most.iter_mut().zip(BUCKETS).zip(&self.verdicts) {
            sum = sum.saturating_add(counted.load(Relaxed));
            *place = (Duration::from_micros(bucket), sum);
        }
        // Never less than its buckets, although they may grow while we read.
        let count = self.verdicts_count.load(Relaxed).max(sum);
        VerdictTimes { at_most, count, total: Duration::from_nanos(self.verdicts_nanoseconds.load(Relaxed)) }
    }

    /// KeyUpdates that we have sent, with those by which a server confirms its client.
    pub fn key_updates_sent(&self) -> u64 {
        let [sent, _] = &self.key_updates;
        sent.load(Relaxed)
    }

    /// KeyUpdates of peers.
    pub fn key_updates_received(&self) -> u64 {
        let [_, received] = &self.key_updates;
        received.load(Relaxed)
    }

    /// Live connections: their handshake is complete, and they have not been dropped.
    pub fn connections(&self) -> u64 {
        self.leases().values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// How many live connections have a peer whose lease ends before this time, if it is not renewed.
    pub fn leases_ending_before(&self, time: UnixTime) -> u64 {
        self.leases().range(..time.as_secs()).fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The last second of the lease that ends first. `None`: no lease ends.
    pub fn first_lease_end(&self) -> Option<UnixTime> {
        let first = *self.leases().first_key_value()?.0;
        (first != u64::MAX).then(|| UnixTime::since_unix_epoch(Duration::from_secs(first)))
    }

    fn leases(&self) -> MutexGuard<'_, BTreeMap<u64, u64>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reauthentication(&self, role: Role, ended: Result<&'static str, &io::Error>) {
        let (outcome, reason) = ended.map_or_else(names, |outcome| (outcome, ""));
        self.reauthentications.count(role, outcome, reason);
    }

    fn verdict(&self, took: Duration) {
        let micros = u64::try_from(took.as_nanos().div_ceil(1000)).unwrap_or(u64::MAX);
        if let Some((_, counted)) = BUCKETS.iter().zip(&self.verdicts).find(|(most, _)| micros <= **most) {
            counted.fetch_add(1, Relaxed);
        }
        self.verdicts_count.fetch_add(1, Relaxed);
        self.verdicts_nanoseconds.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

/// The outcome and the reason of an error.
fn names(error: &io::Error) -> (&'static str, &'static str) {
    Failure::inside(error).map_or(("Transport", ""), |failure| (failure.name(), failure.reason()))
}

/// Whether we were the server; outcome; reason.
type Name = (bool, &'static str, &'static str);

/// Counters by name. Names are static, so their number is limited.
#[derive(Debug, Default)]
struct Outcomes(RwLock<BTreeMap<Name, AtomicU64>>);

impl Outcomes {
    fn count(&self, role: Role, outcome: &'static str, reason: &'static str) {
        let key = (role == Role::Server, outcome, reason);
        if let Some(counter) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            counter.fetch_add(1, Relaxed);
            return;
        }
        let mut counters = self.0.write().unwrap_or_else(PoisonError::into_inner);
        counters.entry(key).or_default().fetch_add(1, Relaxed);
    }

    fn all(&self) -> Vec<Outcome> {
        let counters = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let outcome = |(&(server, outcome, reason), count): (&Name, &AtomicU64)| {
            let role = if server { Role::Server } else { Role::Client };
            Outcome { role, outcome, reason, count: count.load(Relaxed) }
        };
        counters.iter().map(outcome).collect()
    }
}

/// Counts how one handshake ends, and how long its verdict takes. Without metrics it does nothing.
pub(super) struct Attempted {
    metrics: Option<Arc<Metrics>>,
    role: Role,
    asked: Option<Instant>,
}

impl Attempted {
    pub(super) fn new(metrics: Option<Arc<Metrics>>, role: Role) -> Attempted {
        Attempted { metrics, role, asked: None }
    }

    /// A verdict is wanted.
    pub(super) fn verdict_asked(&mut self) {
        self.asked = self.metrics.as_ref().map(|_| Instant::now());
    }

    /// The verdict has been given.
    pub(super) fn verdict_given(&mut self) {
        if let (Some(metrics), Some(asked)) = (&self.metrics, self.asked.take()) {
            metrics.verdict(asked.elapsed());
        }
    }

    pub(super) fn completed(mut self) {
        self.end("Completed", "");
    }

    pub(super) fn failed(&mut self, error: &io::Error) {
        let (outcome, reason) = names(error);
        self.end(outcome, reason);
    }

    /// Only the first end counts.
    pub(super) fn end(&mut self, outcome: &'static str, reason: &'static str) {
        if let Some(metrics) = self.metrics.take() {
            metrics.handshakes.count(self.role, outcome, reason);
        }
    }
}

impl Drop for Attempted {
    fn drop(&mut self) {
        self.end("Dropped", "");
    }
}

/// Counts the KeyUpdates of one connection in one direction.
pub(super) struct KeyUpdates {
    metrics: Option<Arc<Metrics>>,
    way: Way,
    seen: u64,
}

impl KeyUpdates {
    pub(super) fn new(metrics: Option<Arc<Metrics>>, way: Way) -> KeyUpdates {
        KeyUpdates { metrics, way, seen: 0 }
    }

    /// Sets how many there have been.
    pub(super) fn note(&mut self, generation: u64) {
        let Some(metrics) = &self.metrics else { return };
        let [sent, received] = &metrics.key_updates;
        let counter = match self.way {
            Way::Sent => sent,
            Way::Received => received,
        };
        counter.fetch_add(generation.saturating_sub(self.seen), Relaxed);
        self.seen = generation;
    }
}

/// A live connection, and until when its peer's lease is valid.
#[derive(Debug)]
pub(super) struct Living {
    metrics: Arc<Metrics>,
    until: AtomicU64,
}

impl Living {
    pub(super) fn new(metrics: Arc<Metrics>, until: Option<UnixTime>) -> Living {
        let until = until.map_or(u64::MAX, |time| time.as_secs());
        remember(&mut metrics.leases(), until);
        Living { metrics, until: AtomicU64::new(until) }
    }

    /// The lease is valid until then.
    pub(super) fn holds(&self, until: Option<UnixTime>) {
        let until = until.map_or(u64::MAX, |time| time.as_secs());
        let mut leases = self.metrics.leases();
        forget(&mut leases, self.until.swap(until, Relaxed));
        remember(&mut leases, until);
    }
}

fn remember(leases: &mut BTreeMap<u64, u64>, until: u64) {
    let count = leases.entry(until).or_default();
    *count = count.saturating_add(1);
}

fn forget(leases: &mut BTreeMap<u64, u64>, until: u64) {
    if let Some(count) = leases.get_mut(&until) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            leases.remove(&until);
        }
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        forget(&mut self.metrics.leases(), self.until.load(Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_counted_in_the_bucket_of_its_time_and_in_all_larger_ones() {
        for (at, bucket) in BUCKETS.into_iter().enumerate() {
            let most = Duration::from_micros(bucket);
            for (took, first) in [(most, at), (most + Duration::from_nanos(1), at + 1)] {
                let metrics = Metrics::new();
                metrics.verdict(took);
                let VerdictTimes { at_most, count, total } = metrics.verdicts();
                assert_eq!((count, total), (1, took));
                for (place, (limit, counted)) in at_most.into_iter().enumerate() {
                    assert_eq!((limit, counted), (Duration::from_micros(BUCKETS[place]), u64::from(place >= first)));
                }
            }
        }
    }
}
