//! The key of one direction, before, while and after there is one.

use crate::crypto::TrafficKey;

/// What protects the records of one direction.
#[allow(clippy::large_enum_variant, reason = "there is no heap to box on")]
pub(super) enum RecordKey {
    /// Nothing yet: the hellos.
    None,
    /// This key.
    Key(TrafficKey),
    /// Nothing any more: the connection has failed, or goes on elsewhere. Neither sealed nor opened.
    Forgotten,
}

impl RecordKey {
    /// The key, while there is one.
    #[inline(always)]
    pub(super) fn get(&self) -> Option<&TrafficKey> {
        match self {
            RecordKey::Key(key) => Some(key),
            RecordKey::None | RecordKey::Forgotten => None,
        }
    }
}
