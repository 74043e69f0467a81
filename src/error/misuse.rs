//! Calls that do not fit.

use super::ErrorKind;
use crate::role::stable_names;
use core::fmt;

/// An answer or a call that does not fit: it changes nothing and poisons nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The question is stale, answered already, or another connection's.
    StaleQuestion,
    /// The inbox belongs to another connection.
    ForeignInbox,
    /// The outbox belongs to another connection.
    ForeignOutbox,
    /// The reply to a KeyUpdate belongs to another connection.
    ForeignReply,
    /// The outbox has no room: send what is pending, or move to memory of `needed` bytes, and answer again.
    NoRoom {
        /// A capacity that will do, in bytes. For answers, replies and key updates it holds what is pending as well: less
        /// does once that has been sent. For `write` and `reserve` it takes the data, or as much of it as one record does,
        /// once what is pending has been sent.
        needed: usize,
    },
    /// The credential is of a type that was not agreed on, or has no certificate; or it names no schemes, and its leaf's
    /// key cannot be read or is of a kind that has none; or its authorities are no list of names.
    UnfitCredential,
    /// An empty signature, or one longer than 65,535 bytes.
    UnfitSignature,
    /// An extension that the handshake itself writes and reads, or one that is too long.
    UnfitExtension,
    /// The peer accepts no signature scheme of the credential that an authenticator was to show: show another one, or
    /// decline.
    NoCommonSignatureScheme,
    /// [`limits::MAX_OPEN_REQUESTS`](crate::limits::MAX_OPEN_REQUESTS) requests for authenticators are open.
    TooManyRequests,
    /// What is asked for is not there (yet, or any more).
    NotNow,
    /// The server's name is neither a DNS name nor an IP address.
    InvalidServerName,
    /// We have sent close_notify or an alert: nothing can follow it.
    Closed,
    /// The system's generator failed.
    NoRandomness,
}

stable_names! { Misuse:
    StaleQuestion ForeignInbox ForeignOutbox ForeignReply NoRoom UnfitCredential UnfitSignature UnfitExtension
    NoCommonSignatureScheme TooManyRequests NotNow InvalidServerName Closed NoRandomness
}

impl Misuse {
    /// What the record layer says about room, as a misuse of the call that answers or sends.
    pub(crate) fn of_outbox(kind: ErrorKind) -> Misuse {
        match kind {
            ErrorKind::OutboxTooSmall { needed } => Misuse::NoRoom { needed },
            _ => Misuse::NotNow,
        }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misuse::StaleQuestion => "this question is not open on this connection: call `drive` for the one that is",
            Misuse::ForeignInbox => "this inbox belongs to another connection",
            Misuse::ForeignOutbox => "this outbox belongs to another connection",
            Misuse::ForeignReply => "this reply answers another connection's KeyUpdate",
            Misuse::NoRoom { needed } => {
                return write!(f, "the outbox needs a capacity of {needed} bytes, or to be emptied first");
            }
            Misuse::UnfitCredential => {
                "our credential is unfit: it is empty, of a certificate type that was not agreed on, names no signature \
                 schemes while its first certificate's key cannot be read or used, or its list of CAs is malformed"
            }
            Misuse::UnfitSignature => "a signature of this length cannot be sent",
            Misuse::UnfitExtension => "this extension is the handshake's own, or is too long",
            Misuse::NoCommonSignatureScheme => "the peer accepts no signature scheme of this credential",
            Misuse::TooManyRequests => "as many requests for authenticators are open as may be: cancel one",
            Misuse::NotNow => "what is asked for is not available in this state",
            Misuse::InvalidServerName => "the server's name is neither a DNS name nor an IP address",
            Misuse::Closed => "our side of the connection is closed",
            Misuse::NoRandomness => "the system gave no randomness",
        })
    }
}

impl core::error::Error for Misuse {}
