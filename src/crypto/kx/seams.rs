//! What replaces key exchange (`hazmat-testing`): constants, published keys, or a toy group. `None` in all other modes.

use super::share::{KxError, Share, SharedSecret, share_lens};
use super::{published, toy};
use crate::codec::NamedGroup;
use crate::crypto::CryptoMode;

/// A client's share of this group.
pub(super) fn share(mode: CryptoMode, group: NamedGroup) -> Option<Result<[&'static [u8]; 2], KxError>> {
    let [len, _] = share_lens(group);
    match mode {
        CryptoMode::Real => None,
        CryptoMode::Null => Some(Ok([fours(len), &[]])),
        CryptoMode::Published => Some(published_share(group).map(|share| [share, &[]])),
        CryptoMode::ToyKeyExchange(private) => Some(Ok(toy_share(private, len))),
    }
}

/// The shared secret, for a client.
pub(super) fn finish(mode: CryptoMode, theirs: &[u8]) -> Option<Result<SharedSecret, KxError>> {
    match mode {
        CryptoMode::Real => None,
        CryptoMode::Null => Some(Ok(constant_secret())),
        // The other end uses the published keys as well, or it is no such run.
        CryptoMode::Published if theirs == published::SERVER[1] => Some(Ok(published_secret())),
        CryptoMode::Published => Some(Err(KxError::BadShare)),
        CryptoMode::ToyKeyExchange(private) => Some(toy_secret(private, theirs)),
    }
}

/// A server's share of this group, and the shared secret.
pub(super) fn respond(
    mode: CryptoMode,
    group: NamedGroup,
    theirs: &[u8],
) -> Option<Result<(Share, SharedSecret), KxError>> {
    let [_, len] = share_lens(group);
    let (share, secret) = match mode {
        CryptoMode::Real => return None,
        CryptoMode::Null => ([fours(len), &[]], Ok(constant_secret())),
        CryptoMode::Published => ([&published::SERVER[1][..], &[]], published_answer(group, theirs)),
        CryptoMode::ToyKeyExchange(private) => (toy_share(private, len), toy_secret(private, theirs)),
    };
    Some(secret.and_then(|secret| Ok((Share::new(group, share)?, secret))))
}

/// As long as a share. 0x04 is the form octet of an uncompressed point; for x25519 it is as good as any other, and for
/// ML-KEM the beginning of a key that may be.
fn fours(len: usize) -> &'static [u8] {
    const FOURS: &[u8] = &[4; Share::MAX_LEN];
    FOURS.get(..len).unwrap_or_default()
}

fn constant_secret() -> SharedSecret {
    SharedSecret::new([&[0x5a; 32], &[]])
}

/// As long as a share of the group, and in the form of one.
fn toy_share(private: u8, len: usize) -> [&'static [u8]; 2] {
    [fours(len.saturating_sub(toy::VALUE_LEN)), toy::public(private)]
}

fn toy_secret(private: u8, theirs: &[u8]) -> Result<SharedSecret, KxError> {
    let secret = toy::agree(private, theirs).ok_or(KxError::BadShare)?;
    Ok(SharedSecret::new([&secret, &[]]))
}

/// The client's published share, of x25519 only.
fn published_share(group: NamedGroup) -> Result<&'static [u8], KxError> {
    if group == NamedGroup::X25519 { Ok(&published::CLIENT[1]) } else { Err(KxError::Failed) }
}

fn published_secret() -> SharedSecret {
    SharedSecret::new([&published::SHARED, &[]])
}

fn published_answer(group: NamedGroup, theirs: &[u8]) -> Result<SharedSecret, KxError> {
    if theirs == published_share(group)? { Ok(published_secret()) } else { Err(KxError::BadShare) }
}
