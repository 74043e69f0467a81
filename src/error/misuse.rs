//! Calls that do not fit.

use super::ErrorKind;
use super::sentences;
use crate::limits::MAX_OPEN_REQUESTS;

sentences! {
    /// An answer or a call that does not fit: it changes nothing and poisons nothing.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Misuse {
        /// The question is stale, answered already, or another connection's.
        StaleQuestion = "this question is not open on this connection: call `drive` for the one that is";
        /// The inbox belongs to another connection.
        ForeignInbox = "this inbox belongs to another connection";
        /// The outbox belongs to another connection.
        ForeignOutbox = "this outbox belongs to another connection";
        /// The reply to a KeyUpdate belongs to another connection.
        ForeignReply = "this reply answers another connection's KeyUpdate";
        /// The outbox has no room: send what is pending, or move to memory of `needed` bytes, and answer again.
        NoRoom {
            /// A capacity that will do, in bytes. For answers, replies and key updates it holds what is pending as well:
            /// less does once that has been sent. For `write` and `reserve` it takes the data, or as much of it as one
            /// record does, once what is pending has been sent.
            needed: usize
        } = "the outbox needs a capacity of {needed} bytes, or to be emptied first";
        /// The credential is of a type that was not agreed on, or has no certificate; or it names no schemes, and its
        /// leaf's key cannot be read or is of a kind that has none; or its authorities are no list of names.
        UnfitCredential =
            "our credential is unfit: it is empty, of a certificate type that was not agreed on, names no signature \
             schemes while its first certificate's key cannot be read or used, or its list of CAs is malformed";
        /// An empty signature, or one longer than 65,535 bytes.
        UnfitSignature = "a signature of this length cannot be sent";
        /// An extension that the handshake itself writes and reads, or one that is too long.
        UnfitExtension = "this extension is the handshake's own, or is too long";
        /// The peer accepts no signature scheme of the credential that an authenticator was to show: show another one,
        /// or decline.
        NoCommonSignatureScheme = "the peer accepts no signature scheme of this credential";
        /// The peer has left [`MAX_OPEN_REQUESTS`] requests for authenticators unanswered.
        TooManyRequests =
            "the peer has left {MAX_OPEN_REQUESTS} requests for authenticators unanswered: cancel one, or end the connection";
        /// What is asked for is not there (yet, or any more).
        NotNow = "what is asked for is not available in this state";
        /// The server's name is neither a DNS name nor an IP address.
        InvalidServerName = "the server's name is neither a DNS name nor an IP address";
        /// We have sent close_notify or an alert: nothing can follow it.
        Closed = "our side of the connection is closed";
        /// The system's generator failed.
        NoRandomness = "the system gave no randomness";
    }
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
