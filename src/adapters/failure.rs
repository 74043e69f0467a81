//! Why a connection failed: an `io::Error` that contains everything that is known.

use crate::role::stable_names;
use crate::x509::{Answerer, Declined, InvalidName, Refusal};
use crate::{Error, Misuse, State};
use core::fmt;
use std::{boxed::Box, error, io};

/// Any error of a signer.
pub type BoxError = Box<dyn error::Error + Send + Sync>;

/// Why a connection failed, if it was not the transport itself. [`io::Error::get_ref`](std::io::Error::get_ref) returns
/// it. Its `source` is the typed error: the [`Refusal`] if we refused the peer, and otherwise the [`Error`].
///
/// | kind of the `io::Error` | when |
/// |---|---|
/// | `TimedOut` | the deadline of the handshake or of closing has passed |
/// | `PermissionDenied` | we refused the peer's certificate (the `Refusal` is inside), or declined a question |
/// | `ConnectionAborted` | the peer sent an alert |
/// | `UnexpectedEof` | the transport ended without close_notify, or before the peer had accepted us |
/// | `InvalidInput` | an invalid name, or a call that is not possible now |
/// | `InvalidData` | the peer broke the protocol, or has no parameters in common with us |
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// We refused the peer's certificate.
    Refused {
        /// The error of the connection, with its alert.
        error: Error,
        /// Which certificate, and why.
        refusal: Refusal,
    },
    /// We could not answer.
    Declined {
        /// The error of the connection.
        error: Error,
        /// What failed.
        declined: Declined,
    },
    /// The signer failed.
    Signer {
        /// The error of the connection.
        error: Error,
        /// The error of the signer.
        source: BoxError,
    },
    /// Anything else that ended the connection.
    Failed(Error),
    /// The deadline passed in this state. In `AskCredential`, `AskSign` and `AskVerify` our own answer was late: that of the
    /// program, the signer or the judge. Otherwise the peer was late.
    TimedOut(State),
    /// The peer's QUIC transport parameters cannot be read. This is the error of quinn-proto.
    TransportParameters(BoxError),
    /// The name of the server is not valid.
    Name(InvalidName),
    /// A call that is not possible now.
    Misuse(Misuse),
}

impl Failure {
    /// Adds what the local answers know to the error of the handshake.
    pub(super) fn of(error: Error, answerer: &Answerer, signer: Option<BoxError>) -> Failure {
        match (signer, answerer.refusal(), answerer.declined()) {
            (Some(source), ..) => Failure::Signer { error, source },
            (None, Some(refusal), _) => Failure::Refused { error, refusal: refusal.clone() },
            (None, None, Some(declined)) => Failure::Declined { error, declined },
            (None, None, None) => Failure::Failed(error),
        }
    }

    /// The `Failure` inside this error, if it came from an adapter.
    pub fn inside(error: &io::Error) -> Option<&Failure> {
        error.get_ref()?.downcast_ref()
    }

    /// The error of the connection, if there is one.
    pub fn error(&self) -> Option<Error> {
        match self {
            Failure::Refused { error, .. }
            | Failure::Declined { error, .. }
            | Failure::Signer { error, .. }
            | Failure::Failed(error) => Some(*error),
            Failure::TimedOut(_) | Failure::TransportParameters(_) | Failure::Name(_) | Failure::Misuse(_) => None,
        }
    }

    /// A stable name for metrics and alerting: that of the refusal, of the error, or of the state in which the deadline
    /// passed.
    pub fn reason(&self) -> &'static str {
        match self {
            Failure::Refused { refusal, .. } => refusal.name(),
            Failure::Declined { declined, .. } => declined.name(),
            Failure::Signer { error, .. } | Failure::Failed(error) => error.name(),
            Failure::TimedOut(state) => state.name(),
            Failure::TransportParameters(_) => "TransportParameters",
            Failure::Name(_) => "InvalidName",
            Failure::Misuse(misuse) => misuse.name(),
        }
    }

    /// Why we refused the peer, if we did.
    pub fn refusal(&self) -> Option<&Refusal> {
        if let Failure::Refused { refusal, .. } = self { Some(refusal) } else { None }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Failure::Refused { error, .. }
            | Failure::Declined { error, .. }
            | Failure::Signer { error, .. }
            | Failure::Failed(error) => io::Error::from(*error).kind(),
            Failure::TimedOut(_) => io::ErrorKind::TimedOut,
            Failure::TransportParameters(_) => io::ErrorKind::InvalidData,
            Failure::Name(_) => io::ErrorKind::InvalidInput,
            Failure::Misuse(Misuse::NoRandomness) => io::ErrorKind::Other,
            Failure::Misuse(Misuse::Closed) => io::ErrorKind::BrokenPipe,
            Failure::Misuse(_) => io::ErrorKind::InvalidInput,
        }
    }
}

stable_names! { Failure: Refused Declined Signer Failed TimedOut TransportParameters Name Misuse }

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::Misuse(misuse)
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        io::Error::new(failure.kind(), failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused { error, refusal } => write!(f, "we, the {}, refused the peer: {refusal}", error.role()),
            Failure::Declined { error, declined } => write!(f, "we, the {}, could not go on: {declined}", error.role()),
            Failure::Signer { error, source } => write!(f, "we, the {}, got no signature: {source}", error.role()),
            Failure::Failed(error) => write!(f, "{error}"),
            Failure::TimedOut(state @ State::AskCredential) => {
                write!(f, "we took too long: no certificate was chosen in time (in {state})")
            }
            Failure::TimedOut(state @ State::AskSign) => write!(f, "our signer took too long (in {state})"),
            Failure::TimedOut(state @ State::AskVerify) => write!(f, "our judge took too long (in {state})"),
            Failure::TimedOut(state) => write!(f, "the peer took too long (in {state})"),
            Failure::TransportParameters(error) => {
                write!(f, "the peer's QUIC transport parameters cannot be read: {error}")
            }
            Failure::Name(error) => write!(f, "{error}"),
            Failure::Misuse(misuse) => write!(f, "{misuse}"),
        }
    }
}

impl error::Error for Failure {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Failure::Refused { refusal, .. } => Some(refusal),
            Failure::Declined { error, .. } | Failure::Failed(error) => Some(error),
            Failure::Signer { source, .. } | Failure::TransportParameters(source) => Some(&**source),
            Failure::TimedOut(_) => None,
            Failure::Name(error) => Some(error),
            Failure::Misuse(misuse) => Some(misuse),
        }
    }
}
