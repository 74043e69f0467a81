//! The key of one direction: not yet there, in use, or forgotten.

use crate::crypto::TrafficKey;

/// What protects the records of one direction.
#[allow(clippy::large_enum_variant, reason = "there is no heap to box on")]
pub(super) enum RecordKey {
    /// No protection yet: for the hellos.
    None,
    Key(TrafficKey),
    /// The connection has failed, or the key was moved out. Nothing is sealed or opened.
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
