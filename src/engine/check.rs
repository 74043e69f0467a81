//! What is checked of every message: its structure, and by the table of §4.3 its extensions.

use crate::codec::{BadExtension, CheckedExtensions, ExtensionType, Extensions, HandshakeType, Malformed};
use crate::codec::{NamedGroup, Place};
use crate::crypto::KxError;
use crate::error::ErrorKind;

/// Names the message in which a structure error was found.
pub(super) fn malformed(message: HandshakeType) -> impl Fn(Malformed) -> ErrorKind {
    move |what| ErrorKind::Malformed { message, what }
}

/// Names supported_versions, which is read before the other extensions are checked.
pub(super) fn malformed_versions(place: Place) -> impl Fn(Malformed) -> ErrorKind {
    let (message, extension) = (place.message(), ExtensionType::SUPPORTED_VERSIONS);
    move |what| ErrorKind::MalformedExtension { message, extension, what }
}

/// An extension that must be there is not (§9.2).
pub(super) fn missing(extension: ExtensionType) -> ErrorKind {
    ErrorKind::MissingExtension { extension }
}

/// Names the group whose key exchange failed.
pub(super) fn bad_share(group: NamedGroup) -> impl Fn(KxError) -> ErrorKind {
    move |error| match error {
        KxError::BadShare => ErrorKind::IllegalKeyShare { group },
        KxError::Failed => ErrorKind::CryptoFailed,
    }
}

/// A block of extensions must be as the table of §4.3 has it.
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

/// An answer may hold what we offered, and nothing else (§4.3).
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
