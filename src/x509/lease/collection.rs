//! The leases of all sessions of a server.

use super::{Lease, Pass};
use crate::x509::refusal::Refusal;
use crate::x509::trust::Trust;
use rustls_pki_types::UnixTime;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::vec::Vec;

/// The leases of many sessions, each with a key that the program chooses (a number, the address of a task). It finds in
/// one pass which sessions a new snapshot ends. It has no lock and no clock: put it into a `Mutex`, and call it when
/// there is a new snapshot and when the first lease ends.
///
/// ```
/// use countersign::pki_types::UnixTime;
/// use countersign::x509::{Lease, Leases, Trust};
///
/// fn new_snapshot(leases: &mut Leases<u64>, trust: &Trust, end: &dyn Fn(u64)) {
///     for (session, why) in leases.renew(trust, UnixTime::now()) {
///         eprintln!("session {session} ends: {why}");
///         end(session);
///     }
///     // Call this again at leases.next_end(), or when there is a new snapshot.
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Leases<K> {
    leases: BTreeMap<K, Lease>,
}

impl<K: Ord> Default for Leases<K> {
    fn default() -> Leases<K> {
        Leases { leases: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Leases<K> {
    /// An empty collection.
    pub fn new() -> Leases<K> {
        Leases::default()
    }

    /// Adds the lease of a session, and returns the one that it replaces.
    pub fn insert(&mut self, session: K, lease: Lease) -> Option<Lease> {
        self.leases.insert(session, lease)
    }

    /// Removes the lease of a session that has ended.
    pub fn remove(&mut self, session: &K) -> Option<Lease> {
        self.leases.remove(session)
    }

    /// The lease of one session.
    pub fn get(&self, session: &K) -> Option<&Lease> {
        self.leases.get(session)
    }

    /// All leases in the order of the keys.
    pub fn iter(&self) -> btree_map::Iter<'_, K, Lease> {
        self.leases.iter()
    }

    /// The number of leases.
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Whether there is no lease.
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// The sessions that this snapshot would end at this time, and the reasons. The iterator finds them one by one and
    /// changes nothing.
    pub fn ended_by<'a>(
        &'a self,
        trust: &'a Trust,
        now: UnixTime,
    ) -> impl Iterator<Item = (&'a K, Refusal)> + use<'a, K> {
        let mut pass = Pass::new();
        let mut judge = move |lease: &Lease| lease.check_among(trust, &mut pass, now);
        self.leases.iter().filter_map(move |(session, lease)| Some((session, judge(lease).err()?)))
    }

    /// Judges all leases again by [`Lease::check`]. Valid leases continue with this snapshot. The others are removed
    /// and returned with the reasons: end their sessions. To find its reason, each invalid lease is judged as in a
    /// handshake. If there are very many, [`ended_by`](Leases::ended_by) returns the first ones sooner.
    pub fn renew(&mut self, trust: &Trust, now: UnixTime) -> Vec<(K, Refusal)> {
        let (mut ended, mut pass) = (Vec::new(), Pass::new());
        self.leases.retain(|session, lease| match lease.check_among(trust, &mut pass, now) {
            Ok(renewed) => {
                *lease = renewed;
                true
            }
            Err(refusal) => {
                ended.push((session.clone(), refusal));
                false
            }
        });
        ended
    }

    /// When the first lease ends, unless it is renewed before: the last second at which all are valid. `None` if none
    /// ends by itself.
    pub fn next_end(&self) -> Option<UnixTime> {
        self.leases.values().filter_map(Lease::valid_until).min()
    }
}

impl<'a, K> IntoIterator for &'a Leases<K> {
    type Item = (&'a K, &'a Lease);
    type IntoIter = btree_map::Iter<'a, K, Lease>;

    fn into_iter(self) -> Self::IntoIter {
        self.leases.iter()
    }
}
