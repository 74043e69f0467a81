//! The leases of all sessions of a server.

use super::{Lease, Pass};
use crate::x509::refusal::Refusal;
use crate::x509::trust::Trust;
use rustls_pki_types::UnixTime;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::vec::Vec;

/// The leases of many sessions, each under a key of the program's choice (a number, the address of a task): "whom does this
/// new snapshot end?" in one pass. It has no lock and no clock: put it behind a `Mutex`, and ask it when a snapshot is new,
/// and when the first lease ends.
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
///     // leases.next_end() says when to come again, if no snapshot is new before.
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
    /// None yet.
    pub fn new() -> Leases<K> {
        Leases::default()
    }

    /// Keeps the lease of a session; gives back the one that was there.
    pub fn insert(&mut self, session: K, lease: Lease) -> Option<Lease> {
        self.leases.insert(session, lease)
    }

    /// The session has ended.
    pub fn remove(&mut self, session: &K) -> Option<Lease> {
        self.leases.remove(session)
    }

    /// The lease of one session.
    pub fn get(&self, session: &K) -> Option<&Lease> {
        self.leases.get(session)
    }

    /// All of them, in the order of the keys.
    pub fn iter(&self) -> btree_map::Iter<'_, K, Lease> {
        self.leases.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.leases.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// Whom this snapshot would end at this time, and why, as they are found. Changes nothing.
    pub fn ended_by<'a>(
        &'a self,
        trust: &'a Trust,
        now: UnixTime,
    ) -> impl Iterator<Item = (&'a K, Refusal)> + use<'a, K> {
        let mut pass = Pass::new();
        let mut judge = move |lease: &Lease| lease.check_among(trust, &mut pass, now);
        self.leases.iter().filter_map(move |(session, lease)| Some((session, judge(lease).err()?)))
    }

    /// Judges all of them again ([`Lease::check`]). Those that hold go on under this snapshot; those that do not are taken
    /// out and given back, with the reasons: their sessions are to be ended. Each that ends is judged as in a handshake, for its
    /// reason: if very many do, [`ended_by`](Leases::ended_by) tells of the first ones sooner.
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

    /// When the first of them ends, if nothing is renewed before: the last second at which all of them hold. `None`: none
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
