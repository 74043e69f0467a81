//! Chains that have been verified before: the same list, under the same trust, need not pay for its signatures again.

use super::chain::{Path, Window};
use super::hash::Sha256;
use super::trust::Trust;
use crate::{Peer, Role};
use rustls_pki_types::UnixTime;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{vec, vec::Vec};

/// Remembers verified chains, for peers that connect again and again. The caller's object, opt-in by
/// [`Terms::cache`](super::Terms); bounded; shared by any number of threads and snapshots.
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

    /// Does the presented chain hold now, because it did before? The answer is its root's `bound`.
    pub(super) fn find(&self, key: &Key, now: UnixTime) -> Option<bool> {
        let mut slots = self.lock();
        let entry = set(&mut slots, key)?.iter().flatten().find(|entry| entry.key == *key)?;
        entry.window.contains(now).then_some(entry.bound)
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
            *slot = Some(Entry { key, window: path.window, bound: path.bound });
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
