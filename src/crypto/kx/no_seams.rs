//! Without `hazmat-testing` the key exchange is always real.

use super::share::{KxError, Share, SharedSecret};
use crate::codec::NamedGroup;
use crate::crypto::CryptoMode;

pub(super) fn share(_: CryptoMode, _: NamedGroup) -> Option<Result<[&'static [u8]; 2], KxError>> {
    None
}

pub(super) fn finish(_: CryptoMode, _: &[u8]) -> Option<Result<SharedSecret, KxError>> {
    None
}

pub(super) fn respond(_: CryptoMode, _: NamedGroup, _: &[u8]) -> Option<Result<(Share, SharedSecret), KxError>> {
    None
}
