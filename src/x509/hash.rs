//! SHA-256 over public data: pins, fingerprints, cache keys.

use ring::digest::{Context, SHA256};

/// SHA-256 of the parts, one after the other.
pub(super) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    if let Ok(digest) = context.finish().as_ref().try_into() {
        out = digest;
    }
    out
}

/// A length as a prefix, so that concatenated parts stay apart.
pub(super) fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}
