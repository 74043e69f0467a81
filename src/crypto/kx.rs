//! Key exchange, shaped as a KEM: `start`, `respond`, `finish` (RFC 9846 §4.3.8, §7.4).
//!
//! The shape leaves room for hybrid groups, where the two shares are different things.

use super::{CryptoFailed, CryptoMode};
use crate::codec::NamedGroup;
use core::fmt;
use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey};
use ring::rand::SystemRandom;
use zeroize::Zeroize;

/// Why a key exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KxError {
    /// The peer's share: its length or form is wrong, its point is not on the curve, or it is of low order.
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

/// Our half of a key exchange whose share has been sent: the client's. Used for one connection, consumed by `finish`.
/// ring does not wipe the private key.
pub struct KeyExchange {
    public: Share,
    private: PrivateKey,
}

enum PrivateKey {
    Ring(EphemeralPrivateKey),
    /// No key at all: any share of the right length leads to the same secret.
    #[cfg(feature = "hazmat-testing")]
    Replay,
}

impl KeyExchange {
    /// The groups that we can speak, cheapest first (P-384 costs about ten times as much as the others).
    pub const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

    /// Makes an ephemeral key.
    pub fn start(group: NamedGroup, mode: CryptoMode) -> Result<KeyExchange, KxError> {
        let algorithm = ring_algorithm(group).ok_or(KxError::Failed)?;
        match mode {
            CryptoMode::Real => {
                let key =
                    EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(|_| KxError::Failed)?;
                let share = key.compute_public_key().map_err(|_| KxError::Failed)?;
                Ok(KeyExchange { public: Share::new(group, share.as_ref())?, private: PrivateKey::Ring(key) })
            }
            #[cfg(feature = "hazmat-testing")]
            CryptoMode::Null => {
                // 0x04: the form byte of an uncompressed point; for x25519 as good as any other.
                let share = [4; Share::MAX_LEN];
                let share = share.get(..share_len(group)).ok_or(KxError::Failed)?;
                Ok(KeyExchange { public: Share::new(group, share)?, private: PrivateKey::Replay })
            }
        }
    }

    /// The group it is for.
    pub fn group(&self) -> NamedGroup {
        self.public.group
    }

    /// Our share: the key_exchange field of a KeyShareEntry (§4.3.8).
    pub fn public_key(&self) -> &[u8] {
        self.public.as_ref()
    }

    /// The shared secret of our key and the peer's share.
    pub fn finish(self, peer_share: &[u8]) -> Result<SharedSecret, KxError> {
        check_share(self.public.group, peer_share)?;
        match self.private {
            PrivateKey::Ring(key) => {
                let algorithm = ring_algorithm(self.public.group).ok_or(KxError::Failed)?;
                // ring validates points as §4.3.8.2 asks, and refuses x25519's all-zero result (§7.4.2).
                agreement::agree_ephemeral(key, &UnparsedPublicKey::new(algorithm, peer_share), SharedSecret::new)
                    .map_err(|_| KxError::BadShare)
            }
            #[cfg(feature = "hazmat-testing")]
            PrivateKey::Replay => Ok(SharedSecret::new(&[0x5a; 32])),
        }
    }

    /// The server's side at once: a fresh key, its share, and the shared secret with the client's share.
    pub fn respond(group: NamedGroup, peer_share: &[u8], mode: CryptoMode) -> Result<(Share, SharedSecret), KxError> {
        // First what costs nothing: no key is made for a share that cannot be right.
        check_share(group, peer_share)?;
        let ours = KeyExchange::start(group, mode)?;
        let public = ours.public;
        Ok((public, ours.finish(peer_share)?))
    }
}

/// A share of ours (§4.3.8). 102 bytes.
#[derive(Clone, Copy)]
pub struct Share {
    group: NamedGroup,
    len: u8,
    bytes: [u8; Share::MAX_LEN],
}

impl Share {
    /// The longest share: an uncompressed point on P-384.
    pub const MAX_LEN: usize = 97;

    fn new(group: NamedGroup, share: &[u8]) -> Result<Share, KxError> {
        let mut bytes = [0; Share::MAX_LEN];
        bytes.get_mut(..share.len()).ok_or(KxError::Failed)?.copy_from_slice(share);
        Ok(Share { group, len: u8::try_from(share.len()).map_err(|_| KxError::Failed)?, bytes })
    }

    /// The group it is for.
    pub fn group(&self) -> NamedGroup {
        self.group
    }
}

impl AsRef<[u8]> for Share {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// What both sides now know: x25519's output, or the x coordinate in full length (§7.4.2). Wiped on drop. 49 bytes.
pub struct SharedSecret {
    bytes: [u8; SharedSecret::MAX_LEN],
    len: u8,
}

impl SharedSecret {
    const MAX_LEN: usize = 48;

    fn new(secret: &[u8]) -> SharedSecret {
        let mut bytes = [0; SharedSecret::MAX_LEN];
        let mut len = 0;
        for (to, from) in bytes.iter_mut().zip(secret) {
            *to = *from;
            len = u8::saturating_add(len, 1);
        }
        SharedSecret { bytes, len }
    }

    /// A shared secret of published test vectors.
    #[cfg(feature = "hazmat-testing")]
    #[doc(hidden)]
    pub fn of_vector(secret: &[u8]) -> SharedSecret {
        SharedSecret::new(secret)
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

fn ring_algorithm(group: NamedGroup) -> Option<&'static agreement::Algorithm> {
    match group {
        NamedGroup::X25519 => Some(&agreement::X25519),
        NamedGroup::SECP256R1 => Some(&agreement::ECDH_P256),
        NamedGroup::SECP384R1 => Some(&agreement::ECDH_P384),
        _ => None,
    }
}

/// The length of a share (§4.3.8.2); 0 for a group that we cannot speak.
const fn share_len(group: NamedGroup) -> usize {
    match group {
        NamedGroup::X25519 => 32,
        NamedGroup::SECP256R1 => 65,
        NamedGroup::SECP384R1 => 97,
        _ => 0,
    }
}

/// Judges what costs no arithmetic: length and form of the peer's share (§4.3.8.2): legacy_form = 4, then X and Y in full length.
pub fn check_share(group: NamedGroup, share: &[u8]) -> Result<(), KxError> {
    let form = match group {
        NamedGroup::X25519 => None,
        NamedGroup::SECP256R1 | NamedGroup::SECP384R1 => Some(4),
        _ => return Err(KxError::Failed),
    };
    if share.len() != share_len(group) || form.is_some_and(|form| share.first() != Some(&form)) {
        return Err(KxError::BadShare);
    }
    Ok(())
}
