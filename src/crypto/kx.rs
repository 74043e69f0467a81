//! Key exchange, shaped as a KEM: `start`, `respond`, `finish` (RFC 9846 §4.3.8, §7.4).
//!
//! The hybrid groups (draft-ietf-tls-ecdhe-mlkem) put two together: what goes over the wire, and the secret, are the
//! values of an elliptic curve and of ML-KEM-768, one behind the other.

#[cfg(feature = "hazmat-testing")]
pub(crate) mod published;
#[cfg_attr(not(feature = "hazmat-testing"), path = "kx/no_seams.rs")]
mod seams;
mod share;
#[cfg(feature = "hazmat-testing")]
mod toy;

use super::CryptoMode;
use super::provider::agreement::{self, EphemeralPrivateKey};
use super::provider::ml_kem::{self, CIPHERTEXT_LEN, DecapsulationKey, ENCAPSULATION_KEY_LEN};
use super::provider::{agree, rand::SystemRandom};
use crate::codec::{KeyShareParts, NamedGroup};

pub use share::{KxError, Share, SharedSecret};
use share::{MAX_POINT_LEN, point_len};
pub(crate) use share::{curve_of, is_hybrid, share_lens};

/// Our half of the key exchanges that a ClientHello offers: the client's. Used for one connection, consumed by `finish`.
/// Groups of the same curve share its key, and all hybrid groups the key of ML-KEM.
///
/// With *ring* about 350 bytes, and 2,400 more with the feature `mlkem`: the expanded key of ML-KEM is kept, since a second
/// expansion of its seed (64 bytes) would cost a key generation. *ring* does not wipe the private keys of curves; that of
/// ML-KEM is wiped.
pub struct KeyExchange {
    offered: [Option<NamedGroup>; KeyExchange::MAX_SHARES],
    curves: [Option<CurveKey>; KeyExchange::MAX_SHARES],
    ml_kem: Option<DecapsulationKey>,
    mode: CryptoMode,
}

/// A key on a curve, and its public part: 32 bytes, or an uncompressed point.
struct CurveKey {
    curve: NamedGroup,
    private: EphemeralPrivateKey,
    public: [u8; MAX_POINT_LEN],
}

impl CurveKey {
    fn generate(curve: NamedGroup) -> Result<CurveKey, KxError> {
        let algorithm = algorithm_of(curve).ok_or(KxError::Failed)?;
        let private = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(|_| KxError::Failed)?;
        let point = private.compute_public_key().map_err(|_| KxError::Failed)?;
        let mut public = [0; MAX_POINT_LEN];
        public.get_mut(..point.as_ref().len()).ok_or(KxError::Failed)?.copy_from_slice(point.as_ref());
        Ok(CurveKey { curve, private, public })
    }

    fn public(&self) -> &[u8] {
        self.public.get(..point_len(self.curve)).unwrap_or_default()
    }

    /// The shared secret of `group`, which is this curve's or a hybrid of it. `ml_kem`: that of ML-KEM, empty if the
    /// group is no hybrid.
    fn finish(self, group: NamedGroup, theirs: &[u8], ml_kem: &[u8]) -> Result<SharedSecret, KxError> {
        let algorithm = algorithm_of(self.curve).ok_or(KxError::Failed)?;
        agree(self.private, algorithm, theirs, |secret| SharedSecret::new(in_order(group, secret, ml_kem)))
            .map_err(|_| KxError::BadShare)
    }
}

impl KeyExchange {
    /// The groups that we can speak, best first (P-384 costs about ten times as much as the other curves).
    pub const GROUPS: &[NamedGroup] = &[
        #[cfg(feature = "mlkem")]
        NamedGroup::X25519MLKEM768,
        #[cfg(feature = "mlkem")]
        NamedGroup::SECP256R1MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];

    /// The most groups that one may offer shares of.
    pub const MAX_SHARES: usize = 2;

    /// Makes the ephemeral keys for shares of these groups, at most [`MAX_SHARES`](Self::MAX_SHARES).
    pub fn start(groups: impl IntoIterator<Item = NamedGroup>, mode: CryptoMode) -> Result<KeyExchange, KxError> {
        let mut started = KeyExchange { offered: [None; 2], curves: [None, None], ml_kem: None, mode };
        for group in groups {
            let curve = curve_of(group).ok_or(KxError::Failed)?;
            *started.offered.iter_mut().find(|place| place.is_none()).ok_or(KxError::Failed)? = Some(group);
            if let Some(share) = seams::share(mode, group) {
                share?;
                continue;
            }
            if !started.curves.iter().flatten().any(|key| key.curve == curve) {
                let place = started.curves.iter_mut().find(|place| place.is_none()).ok_or(KxError::Failed)?;
                *place = Some(CurveKey::generate(curve)?);
            }
            if is_hybrid(group) && started.ml_kem.is_none() {
                started.ml_kem = Some(DecapsulationKey::generate()?);
            }
        }
        Ok(started)
    }

    /// Is there a share of this group?
    pub fn has(&self, group: NamedGroup) -> bool {
        self.offered.contains(&Some(group))
    }

    /// Our shares: the KeyShareEntries of ClientHello (§4.3.8), in the order in which their groups were given.
    pub fn shares(&self) -> impl Iterator<Item = KeyShareParts<'_>> {
        self.offered.iter().flatten().map(|group| KeyShareParts { group: *group, key_exchange: self.share(*group) })
    }

    /// The key_exchange field of the KeyShareEntry for this group; nothing for one that was not offered.
    pub fn share(&self, group: NamedGroup) -> [&[u8]; 2] {
        if let Some(share) = seams::share(self.mode, group) {
            return share.unwrap_or_default();
        }
        let curve = self.curves.iter().flatten().find(|key| Some(key.curve) == curve_of(group));
        let ml_kem = self.ml_kem.as_ref().filter(|_| is_hybrid(group));
        let ml_kem = ml_kem.map(DecapsulationKey::encapsulation_key).unwrap_or_default();
        in_order(group, curve.map(CurveKey::public).unwrap_or_default(), ml_kem)
    }

    /// The shared secret of our key for `group` and the server's share.
    pub fn finish(self, group: NamedGroup, peer_share: &[u8]) -> Result<SharedSecret, KxError> {
        if !self.has(group) {
            return Err(KxError::Failed);
        }
        let (point, ciphertext) = parts::<CIPHERTEXT_LEN>(group, peer_share)?;
        if let Some(secret) = seams::finish(self.mode, peer_share) {
            return secret;
        }
        let ours = self.curves.into_iter().flatten().find(|key| Some(key.curve) == curve_of(group));
        let ours = ours.ok_or(KxError::Failed)?;
        match ciphertext {
            None => ours.finish(group, point, &[]),
            Some(ciphertext) => {
                let secret = self.ml_kem.ok_or(KxError::Failed)?.decapsulate(ciphertext)?;
                ours.finish(group, point, &*secret)
            }
        }
    }

    /// The server's side at once: a fresh key, its share, and the shared secret with the client's share.
    pub fn respond(group: NamedGroup, peer_share: &[u8], mode: CryptoMode) -> Result<(Share, SharedSecret), KxError> {
        // First what costs nothing: no key is made for a share that cannot be right.
        let (point, encapsulation_key) = parts::<ENCAPSULATION_KEY_LEN>(group, peer_share)?;
        if let Some(response) = seams::respond(mode, group, peer_share) {
            return response;
        }
        let curve = curve_of(group).ok_or(KxError::Failed)?;
        let Some(encapsulation_key) = encapsulation_key else {
            let ours = CurveKey::generate(curve)?;
            return Ok((Share::new(group, [ours.public(), &[]])?, ours.finish(group, point, &[])?));
        };
        let (ciphertext, secret) = ml_kem::encapsulate(encapsulation_key).map_err(|_| KxError::BadShare)?;
        let ours = CurveKey::generate(curve)?;
        let share = Share::new(group, in_order(group, ours.public(), &ciphertext))?;
        Ok((share, ours.finish(group, point, &*secret)?))
    }
}

fn algorithm_of(curve: NamedGroup) -> Option<&'static agreement::Algorithm> {
    match curve {
        NamedGroup::X25519 => Some(&agreement::X25519),
        NamedGroup::SECP256R1 => Some(&agreement::ECDH_P256),
        NamedGroup::SECP384R1 => Some(&agreement::ECDH_P384),
        _ => None,
    }
}

/// In which order the values of a group are concatenated: X25519MLKEM768 has ML-KEM's first, the others the curve's
/// (draft-ietf-tls-ecdhe-mlkem §3.1).
fn in_order<'a>(group: NamedGroup, curve: &'a [u8], ml_kem: &'a [u8]) -> [&'a [u8]; 2] {
    match group {
        NamedGroup::X25519MLKEM768 => [ml_kem, curve],
        _ => [curve, ml_kem],
    }
}

/// The other way round: the two values of a peer's share. That of ML-KEM has `N` bytes: a key or a ciphertext. Judges
/// what costs no arithmetic: lengths, and a point's form (§4.3.8.2): legacy_form = 4, then X and Y in full length.
fn parts<const N: usize>(group: NamedGroup, share: &[u8]) -> Result<(&[u8], Option<&[u8; N]>), KxError> {
    let curve = curve_of(group).ok_or(KxError::Failed)?;
    let (point, ml_kem) = match group {
        NamedGroup::X25519MLKEM768 => share.split_first_chunk().map(|(ml_kem, point)| (point, Some(ml_kem))),
        NamedGroup::SECP256R1MLKEM768 => share.split_last_chunk().map(|(point, ml_kem)| (point, Some(ml_kem))),
        _ => Some((share, None)),
    }
    .ok_or(KxError::BadShare)?;
    match (curve, point) {
        (NamedGroup::X25519, _) | (_, [4, ..]) if point.len() == point_len(curve) => Ok((point, ml_kem)),
        _ => Err(KxError::BadShare),
    }
}

/// Judges what costs no arithmetic: the length of a client's share, and its point's form.
pub fn check_client_share(group: NamedGroup, share: &[u8]) -> Result<(), KxError> {
    parts::<ENCAPSULATION_KEY_LEN>(group, share).map(drop)
}

#[cfg(test)]
mod tests;
