//! SHA-256 over public data: pins, fingerprints, cache keys.

use crate::crypto::{HashAlgorithm, Hasher};

/// SHA-256 of the parts, one after the other.
pub(super) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    parts.into_iter().for_each(|part| hasher.update(part));
    let mut out = [0; 32];
    out.iter_mut().zip(hasher.hash().as_ref()).for_each(|(out, byte)| *out = *byte);
    out
}

/// A length as a prefix, so that concatenated parts stay apart.
pub(super) fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}
