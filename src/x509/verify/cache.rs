//! Chains that have been verified before: the same list, under the same trust, need not pay for its signatures again.

use super::path::{Path, Window};
use crate::x509::hash::Sha256;
use crate::x509::trust::Trust;
use crate::{Peer, Role};
use rustls_pki_types::UnixTime;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{vec, vec::Vec};

/// Remembers verified chains, for peers that connect again and again. The caller's object, opt-in by
/// [`JudgeOptions::cache`](super::JudgeOptions); bounded; shared by any number of threads and snapshots.
///
/// What is skipped is path building and its signatures, CRLs included, and nothing else: names, SPIFFE rules, pins, the
/// leaf's own rules and reflection are judged every time, and possession of the key is always proved afresh. An entry is
/// found again only for exactly the same list of certificates in the same order, for the same role, under a [`Trust`]
/// with the same roots, CRLs and policy, at a time at which the whole path is valid and its CRLs current.
pub struct VerifiedChains {
    slots: Mutex<Vec<Option<Entry>>>,
}

#[derive(Clone, Copy)]
struct Entry {
    key: Key,
    window: Window,
    bound: bool,
    intermediates: u8,
}

/// SHA-256 over the trust's id, the role and each certificate, all with their lengths.
type Key = [u8; 32];

/// An entry may lie in any of so many slots; the hash decides in which set.
const WAYS: usize = 8;

impl VerifiedChains {
    /// For about `capacity` chains, rounded up to a multiple of 8; each takes 64 bytes, all allocated here.
    pub fn new(capacity: usize) -> VerifiedChains {
        let slots = capacity.max(1).next_multiple_of(WAYS);
        VerifiedChains { slots: Mutex::new(vec![None; slots]) }
    }

    /// The number of chains remembered.
    pub fn len(&self) -> usize {
        self.lock().iter().flatten().count()
    }

    /// Is no chain remembered?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.lock().fill(None);
    }

    /// The path of the presented chain, if it holds now because it did before.
    pub(super) fn find(&self, key: &Key, now: UnixTime) -> Option<Path> {
        let mut slots = self.lock();
        let entry = set(&mut slots, key)?.iter().flatten().find(|entry| entry.key == *key)?;
        entry.window.contains(now).then(|| Path::exact(entry.window, entry.bound, entry.intermediates))
    }

    /// Remembers a success. A list with anything in it but the path is not remembered: whoever holds one valid
    /// certificate could otherwise fill the cache by appending junk.
    pub(super) fn remember(&self, key: Key, path: &Path) {
        if !path.exact {
            return;
        }
        let mut slots = self.lock();
        let Some(set) = set(&mut slots, &key) else { return };
        // The same key again, else a free slot, else the one that would expire first.
        let ends = |entry: &Option<Entry>| match entry {
            Some(entry) if entry.key == key => (0, 0),
            None => (1, 0),
            Some(entry) => (2, entry.window.to),
        };
        if let Some(slot) = set.iter_mut().min_by_key(|slot| ends(slot)) {
            let Path { window, bound, intermediates, .. } = *path;
            *slot = Some(Entry { key, window, bound, intermediates });
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Entry>>> {
        // Entries are written whole: a panic elsewhere leaves no half of one.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The set of slots in which a key may lie.
fn set<'a>(slots: &'a mut [Option<Entry>], key: &Key) -> Option<&'a mut [Option<Entry>]> {
    let (sets, _) = slots.as_chunks_mut::<WAYS>();
    let index = usize::from_be_bytes(*key.first_chunk()?).checked_rem(sets.len())?;
    Some(sets.get_mut(index)?.as_mut_slice())
}

/// The key of a presented list.
pub(super) fn key(trust: &Trust, peer: &Peer<'_>) -> Key {
    let role: &[u8] = match peer.role() {
        Role::Client => b"c",
        Role::Server => b"s",
    };
    let mut hash = Sha256::new();
    hash.part(&trust.id).part(role);
    peer.chain().for_each(|certificate| {
        hash.part(certificate);
    });
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn path(from: u64, to: u64) -> Path {
        Path::exact(Window { from, to }, false, 2)
    }

    fn find(cache: &VerifiedChains, key: &Key, now: u64) -> Option<bool> {
        let found = cache.find(key, UnixTime::since_unix_epoch(Duration::from_secs(now)))?;
        assert_eq!(found.presented_at().collect::<Vec<_>>(), [0, 1, 2]);
        Some(found.bound)
    }

    #[test]
    fn what_was_remembered_is_found_by_its_key_within_its_window() {
        for bound in [false, true] {
            let cache = VerifiedChains::new(1);
            cache.remember([1; 32], &Path { bound, ..path(3, 5) });
            assert_eq!((cache.len(), cache.is_empty()), (1, false));
            for now in 0..9 {
                assert_eq!(find(&cache, &[1; 32], now), (3..=5).contains(&now).then_some(bound));
                assert_eq!(find(&cache, &[2; 32], now), None);
            }
            cache.clear();
            assert_eq!((find(&cache, &[1; 32], 4), cache.len()), (None, 0));
            cache.remember([1; 32], &Path { exact: false, ..path(3, 5) });
            assert_eq!((find(&cache, &[1; 32], 4), cache.is_empty()), (None, true));
        }
    }

    #[test]
    fn a_full_set_gives_up_what_would_expire_first() {
        let cache = VerifiedChains::new(WAYS);
        let key = |number: u8| [number; 32];
        for number in 0..8 {
            cache.remember(key(number), &path(0, 100 - u64::from(number)));
        }
        // The same key again takes its own place, though others expire sooner.
        cache.remember(key(0), &path(0, 200));
        let held = || (0..10).filter(|number| find(&cache, &key(*number), 50).is_some()).collect::<Vec<u8>>();
        assert_eq!(held(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(find(&cache, &key(0), 200), Some(false));
        cache.remember(key(8), &path(0, 300));
        assert_eq!(held(), [0, 1, 2, 3, 4, 5, 6, 8]);
        cache.remember(key(9), &path(0, 300));
        assert_eq!(held(), [0, 1, 2, 3, 4, 5, 8, 9]);
    }
}
