//! certificate_request_context: unique within a connection, for both sides together, and unpredictable to the peer
//! (RFC 9261 §4, §5.2.1).

use crate::crypto::{Hasher, Prk, Secret, VerifyData};
use crate::limits::MAX_CONTEXTS;
use crate::schedule::AuthenticatorKeys;

/// A context of ours: its number, and bytes that nobody can predict without the seed. It can be computed again from the
/// number, so contexts need not be kept.
pub(super) type Context = [u8; 32];

/// The contexts that have been used.
pub(super) struct Contexts {
    /// From the caller's seed; the peer does not know it.
    key: Secret,
    /// How many contexts we have made. Their numbers begin with 1.
    made: u64,
    /// The latest requests of the peer that have been answered.
    requests: Seen,
    /// All spontaneous authenticators.
    spontaneous: Seen,
}

/// Contexts of the peer, each as an eight-byte digest that the peer cannot predict.
struct Seen {
    digests: [u64; MAX_CONTEXTS],
    count: usize,
}

impl Seen {
    const NONE: Seen = Seen { digests: [0; MAX_CONTEXTS], count: 0 };

    fn contains(&self, digest: u64) -> bool {
        self.digests.iter().take(self.count).any(|seen| *seen == digest)
    }

    fn is_full(&self) -> bool {
        self.count >= MAX_CONTEXTS
    }

    /// Without room the oldest is forgotten.
    fn insert(&mut self, digest: u64) {
        if let Some(place) = self.digests.get_mut(self.count.checked_rem(MAX_CONTEXTS).unwrap_or_default()) {
            *place = digest;
            self.count = self.count.saturating_add(1);
        }
    }
}

impl Contexts {
    /// `ours`: our own keys, which make contexts differ between sessions and roles, whatever the seed.
    pub(super) fn new(ours: &AuthenticatorKeys, seed: &[u8; 32]) -> Contexts {
        let key = Secret::extract(ours.algorithm(), seed, ours.transcript().hash().as_ref());
        Contexts { key, made: 0, requests: Seen::NONE, spontaneous: Seen::NONE }
    }

    /// The next context, and its number.
    pub(super) fn next(&self) -> (Context, u64) {
        let number = self.made.saturating_add(1);
        (self.of(number), number)
    }

    /// The next context has been used.
    pub(super) fn count(&mut self) {
        self.made = self.made.saturating_add(1);
    }

    /// The context with this number.
    pub(super) fn of(&self, number: u64) -> Context {
        let mut context = [0; 32];
        let bytes = number.to_be_bytes();
        let unpredictable = self.mac(&[b"ours", &bytes]);
        for (to, from) in context.iter_mut().zip(bytes.iter().chain(unpredictable.as_ref())) {
            *to = *from;
        }
        context
    }

    /// The number of a context, if it is one of ours.
    pub(super) fn number(&self, context: &[u8]) -> Option<u64> {
        let number = u64::from_be_bytes(*context.first_chunk()?);
        ((1..=self.made).contains(&number) && self.of(number) == context).then_some(number)
    }

    /// Whether the peer has used it before.
    pub(super) fn is_used(&self, context: &[u8]) -> bool {
        let digest = self.digest(context);
        self.requests.contains(digest) || self.spontaneous.contains(digest)
    }

    /// Whether there is no room for another spontaneous authenticator.
    pub(super) fn is_full(&self) -> bool {
        self.spontaneous.is_full()
    }

    /// A request of the peer with this context will be answered.
    pub(super) fn note_request(&mut self, context: &[u8]) {
        self.requests.insert(self.digest(context));
    }

    /// A spontaneous authenticator has been verified.
    pub(super) fn note_spontaneous(&mut self, context: &[u8]) {
        self.spontaneous.insert(self.digest(context));
    }

    fn digest(&self, context: &[u8]) -> u64 {
        let mac = self.mac(&[b"seen", context]);
        mac.as_ref().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }

    fn mac(&self, parts: &[&[u8]]) -> VerifyData {
        let mut hasher = Hasher::new(self.key.algorithm());
        parts.iter().for_each(|part| hasher.update(part));
        Prk::new(&self.key).mac(&hasher.hash())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{HashAlgorithm, SharedSecret};
    use crate::schedule::Early;
    use std::collections::BTreeSet;

    fn contexts(seed: u8) -> Contexts {
        let main = Early::new(HashAlgorithm::Sha256).handshake(SharedSecret::of_vector(&[7; 32])).main();
        let (_, exporter) = main.application(&HashAlgorithm::Sha256.hash(b"transcript"));
        Contexts::new(&AuthenticatorKeys::derive(&exporter).client, &[seed; 32])
    }

    // req: 9261-4-1, 9261-5.2.1-1
    #[test]
    fn our_contexts_are_unique_and_known_again_and_nobody_foretells_them_without_the_seed() {
        let (mut ours, other) = (contexts(1), contexts(2));
        let mut all = BTreeSet::new();
        for number in 1..=1000 {
            let (context, next) = ours.next();
            assert_eq!((next, ours.number(&context)), (number, None), "not used yet");
            ours.count();
            assert_eq!(ours.number(&context), Some(number));
            assert_eq!(ours.number(&context[..31]), None);
            assert_ne!(other.of(number), context);
            assert!(all.insert(context));
        }
    }

    #[test]
    fn contexts_of_the_peer_are_known_again_up_to_the_limit() {
        let mut contexts = contexts(1);
        let context = |number: usize| number.to_be_bytes();
        for number in 0..MAX_CONTEXTS {
            assert!(!contexts.is_full() && !contexts.is_used(&context(number)));
            contexts.note_spontaneous(&context(number));
            assert!(contexts.is_used(&context(number)));
        }
        assert!(contexts.is_full());
        for number in 1000..1000 + 2 * MAX_CONTEXTS {
            assert!(!contexts.is_used(&context(number)));
            contexts.note_request(&context(number));
            assert!(contexts.is_used(&context(number)));
        }
        let known = (0..MAX_CONTEXTS).chain(1000 + MAX_CONTEXTS..1000 + 2 * MAX_CONTEXTS);
        assert!(known.into_iter().all(|number| contexts.is_used(&context(number))));
        assert!(!contexts.is_used(&context(1000)), "of requests, the latest are known");
    }
}
