//! Errors as those of a transport, for programs that speak `std::io`.

use super::{Ending, Error, ErrorKind};
use crate::codec::AlertDescription;
use std::io;

/// The typed error stays inside: [`io::Error::get_ref`] gives it back.
///
/// | kind | when |
/// |---|---|
/// | `PermissionDenied` | we refused: a verdict, a declined question, an abort of our own |
/// | `ConnectionAborted` | the peer sent an alert, or we cancelled |
/// | `UnexpectedEof` | the peer closed too early, or the transport ended without close_notify |
/// | `InvalidInput` | memory too small, or another connection's |
/// | `Other` | a failure inside of us |
/// | `InvalidData` | everything else: the peer broke the protocol or shares nothing with us |
///
/// None is ever `WouldBlock`, `Interrupted` or `TimedOut`: this crate has no clock and waits for nothing.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error.kind {
            ErrorKind::Rejected { .. } | ErrorKind::Declined { .. } | ErrorKind::Aborted { .. } => {
                io::ErrorKind::PermissionDenied
            }
            ErrorKind::ClosedInHandshake
            | ErrorKind::Truncated
            | ErrorKind::PeerEndedUnconfirmed {
                how: Ending::Silence | Ending::Alert(AlertDescription::CLOSE_NOTIFY),
            } => io::ErrorKind::UnexpectedEof,
            ErrorKind::PeerRejectedCertificate { .. }
            | ErrorKind::PeerRejectedProof { .. }
            | ErrorKind::PeerAlert { .. }
            | ErrorKind::UnauthenticatedAlert { .. }
            | ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(_) }
            | ErrorKind::Cancelled => io::ErrorKind::ConnectionAborted,
            ErrorKind::ForeignInbox
            | ErrorKind::ForeignOutbox
            | ErrorKind::InboxTooSmall { .. }
            | ErrorKind::OutboxTooSmall { .. } => io::ErrorKind::InvalidInput,
            ErrorKind::CryptoFailed
            | ErrorKind::Bug
            | ErrorKind::KeyExhausted
            | ErrorKind::OwnMessageTooLong { .. } => io::ErrorKind::Other,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Rejection;
    use crate::role::{Role, State};

    /// What a program that knows only `std::io` sees; the typed error is inside.
    #[test]
    fn an_error_becomes_a_fitting_io_error_that_holds_it() {
        let close_notify = Ending::Alert(AlertDescription::CLOSE_NOTIFY);
        let unknown_ca = AlertDescription::UNKNOWN_CA;
        for (kind, expected) in [
            (ErrorKind::Rejected { reason: Rejection::Revoked }, io::ErrorKind::PermissionDenied),
            (ErrorKind::Declined { alert: unknown_ca }, io::ErrorKind::PermissionDenied),
            (ErrorKind::Aborted { alert: unknown_ca }, io::ErrorKind::PermissionDenied),
            (ErrorKind::Cancelled, io::ErrorKind::ConnectionAborted),
            (ErrorKind::PeerRejectedCertificate { alert: unknown_ca }, io::ErrorKind::ConnectionAborted),
            (ErrorKind::PeerRejectedProof { alert: unknown_ca }, io::ErrorKind::ConnectionAborted),
            (ErrorKind::PeerAlert { alert: unknown_ca }, io::ErrorKind::ConnectionAborted),
            (ErrorKind::UnauthenticatedAlert { alert: unknown_ca }, io::ErrorKind::ConnectionAborted),
            (ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(unknown_ca) }, io::ErrorKind::ConnectionAborted),
            (ErrorKind::PeerEndedUnconfirmed { how: close_notify }, io::ErrorKind::UnexpectedEof),
            (ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence }, io::ErrorKind::UnexpectedEof),
            (ErrorKind::ClosedInHandshake, io::ErrorKind::UnexpectedEof),
            (ErrorKind::Truncated, io::ErrorKind::UnexpectedEof),
            (ErrorKind::InboxTooSmall { needed: 5 }, io::ErrorKind::InvalidInput),
            (ErrorKind::OutboxTooSmall { needed: 5 }, io::ErrorKind::InvalidInput),
            (ErrorKind::ForeignInbox, io::ErrorKind::InvalidInput),
            (ErrorKind::CryptoFailed, io::ErrorKind::Other),
            (ErrorKind::Bug, io::ErrorKind::Other),
            (ErrorKind::KeyExhausted, io::ErrorKind::Other),
            (ErrorKind::BadRecordMac, io::ErrorKind::InvalidData),
            (ErrorKind::NotMutual, io::ErrorKind::InvalidData),
        ] {
            let error = Error { kind, role: Role::Client, state: State::AskVerify, alerts: false };
            let io = io::Error::from(error);
            assert_eq!(io.kind(), expected, "{error}");
            assert_eq!(io.get_ref().and_then(|inner| inner.downcast_ref()), Some(&error));
        }
    }
}
