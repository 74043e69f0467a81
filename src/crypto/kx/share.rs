//! The values of a key exchange, shares and shared secrets, and their lengths.

use super::super::CryptoFailed;
use super::super::provider::ml_kem::{CIPHERTEXT_LEN, ENCAPSULATION_KEY_LEN};
use crate::codec::NamedGroup;
use core::fmt;
use core::num::NonZeroU16;
use zeroize::Zeroize;

/// Why a key exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KxError {
    /// The peer's share is invalid: its length or form is wrong, its point is not on the curve or has low order, or its
    /// encapsulation key is invalid.
    BadShare,
    /// We failed: we do not support the group, or have no randomness.
    Failed,
}

impl fmt::Display for KxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KxError::BadShare => "the peer's key share is invalid",
            KxError::Failed => "key exchange failed on our side",
        })
    }
}

impl core::error::Error for KxError {}

impl From<CryptoFailed> for KxError {
    fn from(_: CryptoFailed) -> KxError {
        KxError::Failed
    }
}

/// A share (§4.3.8): a server's own, or the client's that it answers. 102 bytes; 1,254 with the feature `mlkem`.
pub struct Share {
    group: NamedGroup,
    /// Never zero, so that `Option<Share>` takes no more memory.
    len: NonZeroU16,
    bytes: [u8; Share::MAX_LEN],
}

impl Share {
    /// The length of the longest share: an uncompressed point on P-384, or an encapsulation key and a point on P-256.
    pub const MAX_LEN: usize = if cfg!(feature = "mlkem") { ENCAPSULATION_KEY_LEN + 65 } else { MAX_POINT_LEN };

    /// The concatenation of two parts, of which the second may be empty.
    pub(crate) fn new(group: NamedGroup, parts: [&[u8]; 2]) -> Result<Share, KxError> {
        let mut share = Share { group, len: NonZeroU16::MIN, bytes: [0; Share::MAX_LEN] };
        let mut len = 0;
        for part in parts {
            let room = share.bytes.get_mut(len..).and_then(|room| room.get_mut(..part.len())).ok_or(KxError::Failed)?;
            room.copy_from_slice(part);
            len = usize::saturating_add(len, part.len());
        }
        share.len = u16::try_from(len).ok().and_then(NonZeroU16::new).ok_or(KxError::Failed)?;
        Ok(share)
    }

    /// The group of the share.
    pub fn group(&self) -> NamedGroup {
        self.group
    }
}

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len.get())).unwrap_or_default()
    }
}

/// The shared secret: the output of x25519, or the x coordinate in full length (§7.4.2), in hybrid groups concatenated
/// with the shared secret of ML-KEM. 65 bytes, wiped on drop.
pub struct SharedSecret {
    bytes: [u8; SharedSecret::MAX_LEN],
    len: u8,
}

impl SharedSecret {
    const MAX_LEN: usize = 64;

    pub(super) fn new(parts: [&[u8]; 2]) -> SharedSecret {
        let mut secret = SharedSecret { bytes: [0; SharedSecret::MAX_LEN], len: 0 };
        for (to, from) in secret.bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
            secret.len = secret.len.saturating_add(1);
        }
        secret
    }

    /// A shared secret from published test vectors.
    #[cfg(feature = "hazmat-testing")]
    #[doc(hidden)]
    pub fn of_vector(secret: &[u8]) -> SharedSecret {
        SharedSecret::new([secret, &[]])
    }

    /// The secret bytes.
    pub(crate) fn expose(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

impl Drop for SharedSecret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// The length of the longest public key on a curve: a point on P-384.
pub(super) const MAX_POINT_LEN: usize = 97;

/// The curve of a group, which may be a hybrid; `None` for a group that we do not support.
pub(crate) const fn curve_of(group: NamedGroup) -> Option<NamedGroup> {
    match group {
        NamedGroup::X25519 | NamedGroup::SECP256R1 | NamedGroup::SECP384R1 => Some(group),
        #[cfg(feature = "mlkem")]
        NamedGroup::X25519MLKEM768 => Some(NamedGroup::X25519),
        #[cfg(feature = "mlkem")]
        NamedGroup::SECP256R1MLKEM768 => Some(NamedGroup::SECP256R1),
        _ => None,
    }
}

/// The length of a public key on a curve (§4.3.8.2).
pub(super) const fn point_len(curve: NamedGroup) -> usize {
    match curve {
        NamedGroup::X25519 => 32,
        NamedGroup::SECP256R1 => 65,
        _ => MAX_POINT_LEN,
    }
}

/// Whether the group is a hybrid with ML-KEM.
pub(crate) const fn is_hybrid(group: NamedGroup) -> bool {
    matches!(group, NamedGroup::X25519MLKEM768 | NamedGroup::SECP256R1MLKEM768)
}

/// The lengths of the client's and the server's share for a group; 0 for a group that we do not support.
pub(crate) const fn share_lens(group: NamedGroup) -> [usize; 2] {
    match curve_of(group) {
        Some(curve) if is_hybrid(group) => {
            [point_len(curve).saturating_add(ENCAPSULATION_KEY_LEN), point_len(curve).saturating_add(CIPHERTEXT_LEN)]
        }
        Some(curve) => [point_len(curve); 2],
        None => [0; 2],
    }
}
