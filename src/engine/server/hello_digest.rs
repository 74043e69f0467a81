//! A digest to compare the second ClientHello with the first (RFC 9846 §4.2.2). So the first need not be kept.

use crate::codec::{ClientHello, EXTENSION_TABLE, ExtensionType};
use crate::crypto::{Hash, HashAlgorithm, Hasher};

/// The extensions that a client may change after HelloRetryRequest (§4.2.2). It may not add a cookie, because this server
/// sends none.
const MAY_CHANGE: &[ExtensionType] =
    &[ExtensionType::KEY_SHARE, ExtensionType::EARLY_DATA, ExtensionType::PRE_SHARED_KEY, ExtensionType::PADDING];

/// A digest over everything that both hellos must have in common: the fixed fields and the extensions that we know, in
/// the extension table's order, because some clients reorder them.
pub(super) fn hello_digest(hello: &ClientHello<'_>) -> Hash {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    hasher.update(&hello.legacy_version.to_be_bytes());
    hasher.update(hello.random);
    for field in [hello.legacy_session_id, hello.cipher_suites.raw(), hello.legacy_compression_methods] {
        field_into(&mut hasher, field);
    }
    for (extension, _) in EXTENSION_TABLE.iter().filter(|(known, _)| !MAY_CHANGE.contains(known)) {
        if let Some(body) = hello.extensions.get(*extension) {
            hasher.update(&extension.0.to_be_bytes());
            field_into(&mut hasher, body);
        }
    }
    hasher.hash()
}

/// Hashes the length before the bytes, so that different lists of fields have different hashes.
fn field_into(hasher: &mut Hasher, field: &[u8]) {
    hasher.update(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    hasher.update(field);
}
