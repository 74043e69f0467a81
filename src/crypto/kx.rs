//! Key exchange, shaped as a KEM: `start`, `respond`, `finish` (RFC 9846 §4.3.8, §7.4).
//!
//! The shape leaves room for hybrid groups, where the two shares are different things.

use super::provider::agreement::{self, EphemeralPrivateKey};
use super::provider::{agree, rand::SystemRandom};
use super::{CryptoFailed, CryptoMode};
use crate::codec::NamedGroup;
use core::fmt;
use core::num::NonZeroU8;
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
/// *ring* does not wipe the private key.
pub struct KeyExchange {
    public: Share,
    private: PrivateKey,
}

enum PrivateKey {
    Real(EphemeralPrivateKey),
    /// No key at all: any share of the right length leads to the same secret.
    #[cfg(feature = "hazmat-testing")]
    Replay,
}

impl KeyExchange {
    /// The groups that we can speak, cheapest first (P-384 costs about ten times as much as the others).
    pub const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

    /// Makes an ephemeral key.
    pub fn start(group: NamedGroup, mode: CryptoMode) -> Result<KeyExchange, KxError> {
        let algorithm = algorithm_of(group).ok_or(KxError::Failed)?;
        match mode {
            CryptoMode::Real => {
                let key =
                    EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(|_| KxError::Failed)?;
                let share = key.compute_public_key().map_err(|_| KxError::Failed)?;
                Ok(KeyExchange { public: Share::new(group, share.as_ref())?, private: PrivateKey::Real(key) })
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
            PrivateKey::Real(key) => {
                let algorithm = algorithm_of(self.public.group).ok_or(KxError::Failed)?;
                agree(key, algorithm, peer_share, SharedSecret::new).map_err(|_| KxError::BadShare)
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

/// A share of ours (§4.3.8). 100 bytes.
#[derive(Clone, Copy)]
pub struct Share {
    group: NamedGroup,
    /// Not zero, so that an `Option` takes no more.
    len: NonZeroU8,
    bytes: [u8; Share::MAX_LEN],
}

impl Share {
    /// The longest share: an uncompressed point on P-384.
    pub const MAX_LEN: usize = 97;

    fn new(group: NamedGroup, share: &[u8]) -> Result<Share, KxError> {
        let mut bytes = [0; Share::MAX_LEN];
        bytes.get_mut(..share.len()).ok_or(KxError::Failed)?.copy_from_slice(share);
        let len = u8::try_from(share.len()).ok().and_then(NonZeroU8::new).ok_or(KxError::Failed)?;
        Ok(Share { group, len, bytes })
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

fn algorithm_of(group: NamedGroup) -> Option<&'static agreement::Algorithm> {
    match group {
        NamedGroup::X25519 => Some(&agreement::X25519),
        NamedGroup::SECP256R1 => Some(&agreement::ECDH_P256),
        NamedGroup::SECP384R1 => Some(&agreement::ECDH_P384),
        _ => None,
    }
}

/// The length of a share (§4.3.8.2); 0 for a group that we cannot speak.
pub(crate) const fn share_len(group: NamedGroup) -> usize {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const REAL: CryptoMode = CryptoMode::Real;

    #[test]
    fn both_sides_come_to_the_same_secret_and_never_to_the_same_twice() {
        for group in KeyExchange::GROUPS {
            let mut secrets = Vec::new();
            for _connection in 0..2 {
                let client = KeyExchange::start(group, REAL).unwrap();
                assert_eq!(client.group(), group);
                let (server_share, server_secret) = KeyExchange::respond(group, client.public_key(), REAL).unwrap();
                assert_eq!(server_share.group(), group);
                assert_eq!(server_share.as_ref().len(), share_len(group));
                let client_secret = client.finish(server_share.as_ref()).unwrap();
                assert_eq!(client_secret.expose(), server_secret.expose());
                let length = if group == NamedGroup::SECP384R1 { 48 } else { 32 };
                assert_eq!(client_secret.expose().len(), length);
                secrets.push(client_secret.expose().to_vec());
            }
            assert_ne!(secrets[0], secrets[1]);
        }
    }

    // req: 9846-7.4.2-1
    #[test]
    fn leading_zeros_of_the_shared_secret_are_kept() {
        for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
            // One secret in 256 begins with a zero byte.
            let secret = (0..20_000).find_map(|_| {
                let client = KeyExchange::start(group, REAL).unwrap();
                let (share, server) = KeyExchange::respond(group, client.public_key(), REAL).unwrap();
                (server.expose()[0] == 0).then(|| (client.finish(share.as_ref()).unwrap(), server))
            });
            let (client, server) = secret.unwrap();
            assert_eq!(client.expose().len(), 32);
            assert_eq!(client.expose(), server.expose());
        }
    }

    /// What both sides say about a share.
    fn refused(group: NamedGroup, share: &[u8], mode: CryptoMode) -> [Option<KxError>; 2] {
        let client = KeyExchange::start(group, mode).unwrap().finish(share).err();
        [client, KeyExchange::respond(group, share, mode).err()]
    }

    const BAD: [Option<KxError>; 2] = [Some(KxError::BadShare); 2];

    #[test]
    fn a_share_of_another_length_is_refused() {
        for group in KeyExchange::GROUPS {
            let share = KeyExchange::start(group, REAL).unwrap();
            let longer = [share.public_key(), &[0]].concat();
            for length in (0..=longer.len()).filter(|length| *length != share_len(group)) {
                assert_eq!(refused(group, &longer[..length], CryptoMode::Null), BAD);
            }
            assert_eq!(refused(group, &longer, REAL), BAD);
            assert_eq!(refused(group, &[], REAL), BAD);
        }
    }

    /// §4.3.8.2: compressed, hybrid and infinity forms, points off the curve, coordinates out of range.
    #[test]
    fn a_share_that_is_no_uncompressed_point_on_the_curve_is_refused() {
        for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
            let share = KeyExchange::start(group, REAL).unwrap().public_key().to_vec();
            for form in (0..=255).filter(|form| *form != 4) {
                let mut share = share.clone();
                share[0] = form;
                assert_eq!(refused(group, &share, CryptoMode::Null), BAD);
            }
            let mut off_the_curve = share.clone();
            *off_the_curve.last_mut().unwrap() ^= 1;
            assert_eq!(refused(group, &off_the_curve, REAL), BAD);
            let mut out_of_range = std::vec![0xff; share.len()];
            out_of_range[0] = 4;
            assert_eq!(refused(group, &out_of_range, REAL), BAD);
            let mut origin = std::vec![0; share.len()];
            origin[0] = 4;
            assert_eq!(refused(group, &origin, REAL), BAD);
        }
    }

    /// §7.4.2: the all-zero result, which the points of low order lead to.
    #[test]
    fn an_x25519_share_of_low_order_is_refused() {
        for point in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert_eq!(refused(NamedGroup::X25519, &hex::decode(point).unwrap(), REAL), BAD);
        }
    }

    #[test]
    fn groups_that_we_cannot_speak_are_our_failure() {
        for number in 0..=u16::MAX {
            let group = NamedGroup(number);
            if !KeyExchange::GROUPS.contains(&group) {
                assert_eq!(KeyExchange::start(group, REAL).err(), Some(KxError::Failed));
                assert_eq!(KeyExchange::respond(group, &[4; 65], REAL).err(), Some(KxError::Failed));
            }
        }
    }

    #[test]
    fn the_replayed_exchange_is_the_same_every_time() {
        for group in KeyExchange::GROUPS {
            let [first, second] = [(); 2].map(|()| KeyExchange::start(group, CryptoMode::Null).unwrap());
            assert_eq!(first.public_key(), second.public_key());
            assert_eq!(first.public_key().len(), share_len(group));
            let real = KeyExchange::start(group, REAL).unwrap();
            let first = first.finish(real.public_key()).unwrap();
            let (_, second) = KeyExchange::respond(group, second.public_key(), CryptoMode::Null).unwrap();
            assert_eq!(first.expose(), second.expose());
        }
    }
}
