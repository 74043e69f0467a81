//! What a key exchange consists of: the share of each side, the secret that they lead to, and how long each of them is.

use super::super::CryptoFailed;
use super::super::provider::ml_kem::{CIPHERTEXT_LEN, ENCAPSULATION_KEY_LEN};
use crate::codec::NamedGroup;
use core::fmt;
use core::num::NonZeroU16;
use zeroize::Zeroize;

/// Why a key exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KxError {
    /// The peer's share: its length or form is wrong, its point is not on the curve or of low order, or it is no
    /// encapsulation key.
    BadShare,
    /// Our side: a group that we cannot speak, or no randomness.
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

/// A share that is kept or sent: a server's own, or the one of the client that it answers (§4.3.8). 102 bytes; 1,254 with
/// the feature `mlkem`.
pub struct Share {
    group: NamedGroup,
    /// Not zero, so that an `Option` takes no more.
    len: NonZeroU16,
    bytes: [u8; Share::MAX_LEN],
}

impl Share {
    /// The longest share: an uncompressed point on P-384, or an encapsulation key and a point on P-256.
    pub const MAX_LEN: usize = if cfg!(feature = "mlkem") { ENCAPSULATION_KEY_LEN + 65 } else { MAX_POINT_LEN };

    /// Of these two parts, the second of which may be empty.
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

    /// The group it is for.
    pub fn group(&self) -> NamedGroup {
        self.group
    }
}

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len.get())).unwrap_or_default()
    }
}

/// What both sides now know: x25519's output, or the x coordinate in full length (§7.4.2), and that of ML-KEM before or
/// behind it. Wiped on drop. 65 bytes.
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

    /// A shared secret of published test vectors.
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

/// The longest public part of a key on a curve: a point on P-384.
pub(super) const MAX_POINT_LEN: usize = 97;

/// The curve of a group, which may be a hybrid; `None` for a group that we cannot speak.
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

/// Whether the group holds against a quantum computer that comes later.
pub(crate) const fn is_hybrid(group: NamedGroup) -> bool {
    matches!(group, NamedGroup::X25519MLKEM768 | NamedGroup::SECP256R1MLKEM768)
}

/// The lengths of the shares of a group, the client's and the server's; 0 for a group that we cannot speak.
pub(crate) const fn share_lens(group: NamedGroup) -> [usize; 2] {
    match curve_of(group) {
        Some(curve) if is_hybrid(group) => {
            [point_len(curve).saturating_add(ENCAPSULATION_KEY_LEN), point_len(curve).saturating_add(CIPHERTEXT_LEN)]
        }
        Some(curve) => [point_len(curve); 2],
        None => [0; 2],
    }
}
