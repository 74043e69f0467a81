//! Replacements of the key exchange for `hazmat-testing`: constants, published keys, or a toy group. The functions return
//! `None` if the key exchange is real.

use super::share::{KxError, Share, SharedSecret, share_lens};
use super::{published, toy};
use crate::codec::NamedGroup;
use crate::crypto::CryptoMode;

/// The client's share for this group.
pub(super) fn share(mode: CryptoMode, group: NamedGroup) -> Option<Result<[&'static [u8]; 2], KxError>> {
    let [len, _] = share_lens(group);
    match mode {
        CryptoMode::Real => None,
        CryptoMode::Null => Some(Ok([fours(len), &[]])),
        CryptoMode::Published => Some(published_share(group).map(|share| [share, &[]])),
        CryptoMode::ToyKeyExchange(private) => Some(Ok(toy_share(private, len))),
    }
}

/// The shared secret of the client.
pub(super) fn finish(mode: CryptoMode, theirs: &[u8]) -> Option<Result<SharedSecret, KxError>> {
    match mode {
        CryptoMode::Real => None,
        CryptoMode::Null => Some(Ok(constant_secret())),
        // The server must use the published keys too.
        CryptoMode::Published if theirs == published::SERVER[1] => Some(Ok(published_secret())),
        CryptoMode::Published => Some(Err(KxError::BadShare)),
        CryptoMode::ToyKeyExchange(private) => Some(toy_secret(private, theirs)),
    }
}

/// The server's share for this group, and the shared secret.
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

/// A constant share. 0x04 is the form octet of an uncompressed point, any octet will do for x25519, and for ML-KEM it
/// is the beginning of a possible key.
fn fours(len: usize) -> &'static [u8] {
    const FOURS: &[u8] = &[4; Share::MAX_LEN];
    FOURS.get(..len).unwrap_or_default()
}

fn constant_secret() -> SharedSecret {
    SharedSecret::new([&[0x5a; 32], &[]])
}

/// A share in the toy group, with the length and form of a share of the real group.
fn toy_share(private: u8, len: usize) -> [&'static [u8]; 2] {
    [fours(len.saturating_sub(toy::VALUE_LEN)), toy::public(private)]
}

fn toy_secret(private: u8, theirs: &[u8]) -> Result<SharedSecret, KxError> {
    let secret = toy::agree(private, theirs).ok_or(KxError::BadShare)?;
    Ok(SharedSecret::new([&secret, &[]]))
}

/// The client's published share, for x25519 only.
fn published_share(group: NamedGroup) -> Result<&'static [u8], KxError> {
    if group == NamedGroup::X25519 { Ok(&published::CLIENT[1]) } else { Err(KxError::Failed) }
}

fn published_secret() -> SharedSecret {
    SharedSecret::new([&published::SHARED, &[]])
}

fn published_answer(group: NamedGroup, theirs: &[u8]) -> Result<SharedSecret, KxError> {
    if theirs == published_share(group)? { Ok(published_secret()) } else { Err(KxError::BadShare) }
}
