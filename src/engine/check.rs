//! The checks of every message: its structure, and its extensions by the table of RFC 9846 §4.3.

use crate::codec::{BadExtension, CheckedExtensions, ExtensionType, Extensions, HandshakeType, Malformed};
use crate::codec::{NamedGroup, Place};
use crate::crypto::KxError;
use crate::error::ErrorKind;

/// Adds the message to a structure error.
pub(super) fn malformed(message: HandshakeType) -> impl Fn(Malformed) -> ErrorKind {
    move |what| ErrorKind::Malformed { message, what }
}

/// The same for supported_versions, which is read before the other extensions are checked.
pub(super) fn malformed_versions(place: Place) -> impl Fn(Malformed) -> ErrorKind {
    let (message, extension) = (place.message(), ExtensionType::SUPPORTED_VERSIONS);
    move |what| ErrorKind::MalformedExtension { message, extension, what }
}

/// A mandatory extension is missing (§9.2).
pub(super) fn missing(extension: ExtensionType) -> ErrorKind {
    ErrorKind::MissingExtension { extension }
}

/// Adds the group to a key exchange error.
pub(super) fn bad_share(group: NamedGroup) -> impl Fn(KxError) -> ErrorKind {
    move |error| match error {
        KxError::BadShare => ErrorKind::IllegalKeyShare { group },
        KxError::Failed => ErrorKind::CryptoFailed,
    }
}

/// Checks a block of extensions by the table of §4.3.
pub(super) fn check_extensions<'a>(
    extensions: &Extensions<'a>,
    place: Place,
) -> Result<CheckedExtensions<'a>, ErrorKind> {
    extensions.check(place).map_err(|bad| match bad {
        BadExtension::Forbidden { extension } => ErrorKind::ForbiddenExtension { extension },
        BadExtension::Malformed { extension, what } => {
            ErrorKind::MalformedExtension { message: place.message(), extension, what }
        }
    })
}

/// Checks a block that answers ours: it may have only extensions that we `offered` (§4.3).
pub(super) fn check_answers<'a>(
    extensions: &Extensions<'a>,
    place: Place,
    offered: impl Fn(ExtensionType) -> bool,
) -> Result<CheckedExtensions<'a>, ErrorKind> {
    let mut types = extensions.iter().map(|each| each.extension_type);
    match types.find(|extension| !offered(*extension)) {
        Some(extension) => Err(ErrorKind::UnsolicitedExtension { extension }),
        None => check_extensions(extensions, place),
    }
}
