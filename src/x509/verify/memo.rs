//! Remembers verified signatures, so that they need not be verified again.

use crate::x509::hash::Sha256;
use crate::x509::signatures::ALGORITHMS;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, vec, vec::Vec};

/// Remembers signatures of certificates that were verified. The caller's object, opt-in by
/// [`JudgeOptions::memo`](crate::x509::JudgeOptions); bounded; shared by any number of threads and of
/// [`Trust`](crate::x509::Trust) snapshots.
///
/// It remembers a fact that no clock, CRL, role or policy can change: this key has signed these bytes. Everything else
/// of a verdict (path, names, times, revocation, use) is judged again each time. If a peer connects again, no signature
/// of its chain is verified; for another peer of the same issuer, one less for each CA certificate. Possession of the
/// peer's own key is always proved again.
pub struct SignatureMemo {
    sets: Mutex<Vec<Set>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// SHA-256 over algorithm, key, message and signature, each with its length.
type Key = [u8; 32];

/// The value of an entry decides its set. In a set the entry that was used last comes first.
type Set = [Option<Key>; WAYS];
const WAYS: usize = 8;

impl SignatureMemo {
    /// For about `capacity` signatures, rounded up to a multiple of 8; each takes 33 bytes, all allocated here.
    pub fn new(capacity: usize) -> SignatureMemo {
        let sets = capacity.div_ceil(WAYS).max(1);
        SignatureMemo { sets: Mutex::new(vec![[None; WAYS]; sets]), hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// The number of signatures remembered.
    pub fn len(&self) -> usize {
        self.lock().iter().flatten().flatten().count()
    }

    /// Whether no signature is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many signatures were found here since it was made, and not verified again.
    pub fn hits(&self) -> u64 {
        self.hits.load(Relaxed)
    }

    /// How many had to be verified, good and bad ones.
    pub fn misses(&self) -> u64 {
        self.misses.load(Relaxed)
    }

    /// Forgets all signatures.
    pub fn clear(&self) {
        self.lock().fill([None; WAYS]);
    }

    fn contains(&self, key: &Key) -> bool {
        let mut sets = self.lock();
        let Some(set) = set_of(&mut sets, key) else { return false };
        let Some(found) = set.iter().position(|each| each.as_ref() == Some(key)) else { return false };
        if let Some(up_to_it) = set.get_mut(..=found) {
            up_to_it.rotate_right(1);
        }
        true
    }

    /// In a full set the one that has not been used for the longest time is forgotten.
    fn insert(&self, key: Key) {
        if self.contains(&key) {
            return; // another thread was quicker
        }
        let mut sets = self.lock();
        if let Some(set) = set_of(&mut sets, &key) {
            set.rotate_right(1);
            let [first, ..] = set;
            *first = Some(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Set>> {
        // The entries stay true if another thread panics.
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn set_of<'a>(sets: &'a mut [Set], key: &Key) -> Option<&'a mut Set> {
    let index = usize::from_be_bytes(*key.first_chunk()?).checked_rem(sets.len())?;
    sets.get_mut(index)
}

/// The algorithms for webpki, each of which asks the memo first.
pub(super) fn remembering(memo: &SignatureMemo) -> [Remembering<'_>; ALGORITHMS.len()] {
    ALGORITHMS.map(|algorithm| Remembering { algorithm, memo })
}

/// An algorithm that remembers what it has verified. Failures are never remembered, because an unauthenticated peer can
/// cause any number of them.
#[derive(Clone, Copy)]
pub(super) struct Remembering<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    memo: &'a SignatureMemo,
}

impl SignatureVerificationAlgorithm for Remembering<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let mut hash = Sha256::new();
        // Both identifiers: ECDSA's tells the curve in one, the hash in the other.
        hash.part(&self.algorithm.public_key_alg_id()).part(&self.algorithm.signature_alg_id());
        let key = hash.part(public_key).part(message).part(signature).finish();
        if self.memo.contains(&key) {
            self.memo.hits.fetch_add(1, Relaxed);
            return Ok(());
        }
        self.memo.misses.fetch_add(1, Relaxed);
        self.algorithm.verify_signature(public_key, message, signature)?;
        self.memo.insert(key);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

impl fmt::Debug for Remembering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::string::ToString;

    /// Says yes to one signature, and counts how often it is asked.
    #[derive(Debug)]
    struct Counting(&'static str, Mutex<u32>);

    impl SignatureVerificationAlgorithm for Counting {
        fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
            *self.1.lock().unwrap() += 1;
            (signature == [key, message].concat()).then_some(()).ok_or(InvalidSignature)
        }

        fn public_key_alg_id(&self) -> AlgorithmIdentifier {
            AlgorithmIdentifier::from_slice(self.0.as_bytes())
        }

        fn signature_alg_id(&self) -> AlgorithmIdentifier {
            AlgorithmIdentifier::from_slice(b"signature")
        }
    }

    /// Every one of them decides: nothing may be moved from one to the next.
    #[test]
    fn a_signature_is_known_by_algorithm_key_message_and_signature() {
        static ONE: Counting = Counting("one", Mutex::new(0));
        static OTHER: Counting = Counting("other", Mutex::new(0));
        let memo = SignatureMemo::new(64);
        let verify = |algorithm: &'static Counting, key: &str, message: &str, signature: &str| {
            let remembering = Remembering { algorithm, memo: &memo };
            let before = *algorithm.1.lock().unwrap();
            let good = remembering.verify_signature(key.as_bytes(), message.as_bytes(), signature.as_bytes()).is_ok();
            (good, *algorithm.1.lock().unwrap() > before)
        };
        assert_eq!(verify(&ONE, "ke", "y message", "key message"), (true, true), "it is verified");
        assert_eq!(verify(&ONE, "ke", "y message", "key message"), (true, false), "it is remembered");
        assert_eq!(verify(&ONE, "ka", "y message", "key message"), (false, true), "of another key");
        assert_eq!(verify(&ONE, "key", " message", "key message"), (true, true), "cut at another place");
        assert_eq!(verify(&OTHER, "ke", "y message", "key message"), (true, true), "by another algorithm");
        assert_eq!(memo.len(), 3);
        for _ in 0..2 {
            assert_eq!(verify(&ONE, "ke", "y message", "key messag"), (false, true), "failures are not remembered");
            assert_eq!(verify(&ONE, "ke", "y messag", "key message"), (false, true));
        }
        assert_eq!((memo.len(), memo.hits(), memo.misses()), (3, 1, 8));
        memo.clear();
        assert!(memo.is_empty());
        assert_eq!(verify(&ONE, "ke", "y message", "key message"), (true, true));
    }

    #[test]
    fn the_one_that_was_not_used_for_the_longest_time_is_forgotten() {
        let memo = SignatureMemo::new(1);
        let mut model: VecDeque<u8> = VecDeque::new();
        let mut random: u32 = 1;
        for _ in 0..2000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (name, insert) = ((random >> 16) as u8 % 12, random >> 30 == 0);
            let known = model.iter().position(|each| *each == name);
            assert_eq!(memo.contains(&[name; 32]), known.is_some());
            if let Some(at) = known {
                model.remove(at);
                model.push_front(name);
            } else if insert {
                memo.insert([name; 32]);
                model.push_front(name);
                model.truncate(WAYS);
            }
            assert_eq!(memo.len(), model.len());
        }
    }

    #[test]
    fn the_algorithms_are_the_ones_without_a_memo() {
        let memo = SignatureMemo::new(1);
        let all = remembering(&memo);
        assert_eq!(all.len(), ALGORITHMS.len());
        for (one, other) in all.iter().zip(ALGORITHMS) {
            assert_eq!(one.public_key_alg_id(), other.public_key_alg_id());
            assert_eq!(one.signature_alg_id(), other.signature_alg_id());
            assert_eq!((one.fips(), std::format!("{one:?}").to_string()), (other.fips(), std::format!("{other:?}")));
        }
    }
}
