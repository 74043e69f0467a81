//! SHA-256 over public data: pins, fingerprints, cache keys.

use crate::crypto::{HashAlgorithm, Hasher};

/// SHA-256 of `data`.
pub(super) fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    hasher.update(data);
    bytes(&hasher)
}

/// SHA-256 over parts that cannot be confused with other parts of the same concatenation: each comes with its length.
pub(super) struct Sha256(Hasher);

impl Sha256 {
    pub(super) fn new() -> Sha256 {
        Sha256(Hasher::new(HashAlgorithm::Sha256))
    }

    pub(super) fn part(&mut self, part: &[u8]) -> &mut Sha256 {
        self.0.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(part);
        self
    }

    pub(super) fn finish(&self) -> [u8; 32] {
        bytes(&self.0)
    }
}

fn bytes(hasher: &Hasher) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(hasher.hash().as_ref()).for_each(|(out, byte)| *out = *byte);
    out
}
