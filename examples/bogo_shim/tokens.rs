//! The runner's tokens for errors: BoringSSL's reason codes.

use crate::token_table::TABLE;
use countersign::{
    AlertDescription, ContentType, Ending, Error, ErrorKind, ExtensionType, Role, State, internals::codec::Malformed,
};

/// The runner's token for this error.
pub(crate) fn token(error: &Error) -> String {
    let token = match error.kind() {
        ErrorKind::PeerRejectedCertificate { alert }
        | ErrorKind::PeerRejectedProof { alert }
        | ErrorKind::PeerAlert { alert }
        | ErrorKind::UnauthenticatedAlert { alert }
        | ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) } => return received(alert, error.state()),
        ErrorKind::Malformed { what: Malformed::DuplicateExtension, .. } => "DUPLICATE_EXTENSION",
        ErrorKind::MissingExtension { extension: ExtensionType::KEY_SHARE } => "MISSING_KEY_SHARE",
        ErrorKind::MissingExtension { extension: ExtensionType::SUPPORTED_GROUPS } => "NO_SHARED_GROUP",
        ErrorKind::MissingExtension { extension: ExtensionType::SIGNATURE_ALGORITHMS } => match error.role() {
            Role::Client => "DECODE_ERROR",
            Role::Server => "NO_COMMON_SIGNATURE_ALGORITHMS",
        },
        ErrorKind::UnexpectedRecord { content: ContentType::HANDSHAKE } => "INVALID_OUTER_RECORD_TYPE",
        ErrorKind::IllegalCompression if error.role() == Role::Server => "INVALID_COMPRESSION_LIST",
        ErrorKind::Declined { alert: AlertDescription::NO_APPLICATION_PROTOCOL } => "NO_APPLICATION_PROTOCOL",
        kind => {
            let entry = TABLE.iter().find(|(name, _)| *name == kind.name());
            entry.map_or("INTERNAL_ERROR", |(_, token)| token)
        }
    };
    token.into()
}

/// Alerts of SSL 3.0 keep their name. The number tells which these are.
fn received(alert: AlertDescription, state: State) -> String {
    let name = alert.to_string().to_uppercase();
    match alert.0 {
        40 if state == State::WaitServerHello => "HANDSHAKE_FAILURE_ON_CLIENT_HELLO".into(),
        0 | 10 | 20 | 30 | 40..=47 => format!("SSLV3_ALERT_{name}"),
        _ => format!("TLSV1_ALERT_{name}"),
    }
}
