//! Key exchange (RFC 9846 §4.3.8, §7.4) in the three steps of a KEM: `start`, `respond`, `finish`.
//!
//! Hybrid groups (draft-ietf-tls-ecdhe-mlkem) combine an elliptic curve with ML-KEM-768. Their shares and their shared
//! secret are the concatenations of the two.

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

/// The private keys of a client for the shares in its ClientHello. It serves for one connection: `finish` consumes it.
/// Groups with the same curve share one key on that curve, and all hybrid groups share one ML-KEM key.
///
/// With *ring* it takes about 350 bytes, and with the feature `mlkem` 2,400 more, for the expanded ML-KEM key: expanding
/// the seed of 64 bytes again would cost a key generation. The ML-KEM key is wiped; *ring* does not wipe keys on curves.
pub struct KeyExchange {
    offered: [Option<NamedGroup>; KeyExchange::MAX_SHARES],
    curves: [Option<CurveKey>; KeyExchange::MAX_SHARES],
    ml_kem: Option<DecapsulationKey>,
    mode: CryptoMode,
}

/// A private key on a curve, and its public key: 32 bytes, or an uncompressed point.
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

    /// The shared secret for `group`, which is this curve or a hybrid of it. `ml_kem` is the shared secret of ML-KEM, and
    /// empty if the group is no hybrid.
    fn finish(self, group: NamedGroup, theirs: &[u8], ml_kem: &[u8]) -> Result<SharedSecret, KxError> {
        let algorithm = algorithm_of(self.curve).ok_or(KxError::Failed)?;
        agree(self.private, algorithm, theirs, |secret| SharedSecret::new(in_order(group, secret, ml_kem)))
            .map_err(|_| KxError::BadShare)
    }
}

impl KeyExchange {
    /// The groups that we support, best first (P-384 costs about ten times as much as the other curves).
    pub const GROUPS: &[NamedGroup] = &[
        #[cfg(feature = "mlkem")]
        NamedGroup::X25519MLKEM768,
        #[cfg(feature = "mlkem")]
        NamedGroup::SECP256R1MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ];

    /// The largest number of groups for which a client may offer shares.
    pub const MAX_SHARES: usize = 2;

    /// Generates the ephemeral keys for shares of these groups, at most [`MAX_SHARES`](Self::MAX_SHARES).
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

    /// Whether there is a share for this group.
    pub fn has(&self, group: NamedGroup) -> bool {
        self.offered.contains(&Some(group))
    }

    /// The KeyShareEntries for ClientHello (§4.3.8), in the order of the groups given to `start`.
    pub fn shares(&self) -> impl Iterator<Item = KeyShareParts<'_>> {
        self.offered.iter().flatten().map(|group| KeyShareParts { group: *group, key_exchange: self.share(*group) })
    }

    /// key_exchange of the KeyShareEntry for this group, in two parts; empty for a group that was not offered.
    pub fn share(&self, group: NamedGroup) -> [&[u8]; 2] {
        if let Some(share) = seams::share(self.mode, group) {
            return share.unwrap_or_default();
        }
        let curve = self.curves.iter().flatten().find(|key| Some(key.curve) == curve_of(group));
        let ml_kem = self.ml_kem.as_ref().filter(|_| is_hybrid(group));
        let ml_kem = ml_kem.map(DecapsulationKey::encapsulation_key).unwrap_or_default();
        in_order(group, curve.map(CurveKey::public).unwrap_or_default(), ml_kem)
    }

    /// The shared secret, from our key for `group` and the server's share.
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

    /// All that a server does: generates a key, and returns its share and the shared secret with the client's share.
    pub fn respond(group: NamedGroup, peer_share: &[u8], mode: CryptoMode) -> Result<(Share, SharedSecret), KxError> {
        // First the cheap checks: no key is generated for a share that cannot be valid.
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

/// The two values in the order of concatenation: in X25519MLKEM768 that of ML-KEM is the first, in other groups that of
/// the curve (draft-ietf-tls-ecdhe-mlkem §3.1).
fn in_order<'a>(group: NamedGroup, curve: &'a [u8], ml_kem: &'a [u8]) -> [&'a [u8]; 2] {
    match group {
        NamedGroup::X25519MLKEM768 => [ml_kem, curve],
        _ => [curve, ml_kem],
    }
}

/// Splits a peer's share into its two values. That of ML-KEM, a key or a ciphertext, has `N` bytes. Checks the lengths
/// and the form of a point (§4.3.8.2: legacy_form = 4, then X and Y in full length), but not that it is on the curve.
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

/// Checks the length of a client's share and the form of its point, without arithmetic.
pub fn check_client_share(group: NamedGroup, share: &[u8]) -> Result<(), KxError> {
    parts::<ENCAPSULATION_KEY_LEN>(group, share).map(drop)
}

#[cfg(test)]
mod tests;
