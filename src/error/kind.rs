//! The table of everything that can go wrong with a connection.

use super::{Blame, KeyKind, Offered, Rejection, sentences};
use crate::codec::{
    AlertDescription, CipherSuite, ContentType, ExtensionType, HandshakeType, Malformed, NamedGroup, SignatureScheme,
};
use crate::limits::{
    MAX_AUTHENTICATOR_REQUESTS, MAX_CHANGE_CIPHER_SPECS, MAX_CONTEXTS, MAX_COOKIE, MAX_EARLY_DATA, MAX_EMPTY_RECORDS,
    MAX_KEY_UPDATES, MAX_TICKETS, MAX_WARNINGS,
};
use crate::role::stable_names;
use core::fmt;

/// One line per kind: its fields with their documentation, blame, alert (`-`: none is sent), sentence.
macro_rules! kinds {
    (@alert -) => { None };
    (@alert $alert:ident) => { Some(AlertDescription::$alert) };
    ($(
        $(#[$doc:meta])*
        $name:ident $({ $($field:ident: $ty:ty = $field_doc:literal),* })?, $blame:ident, $alert:tt, $text:literal;
    )*) => {
        /// What went wrong. The documentation of each kind cites the rule; its `Display` is a sentence for operators.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[$doc])* $name $({ $( #[doc = $field_doc] $field: $ty ),* })?, )*
        }

        stable_names! { ErrorKind: $($name)* }

        impl ErrorKind {
            /// Who is to blame.
            pub const fn blame(&self) -> Blame {
                match self { $( ErrorKind::$name { .. } => Blame::$blame, )* }
            }

            /// The alert that we send for it; `None` where none is sent (the peer has ended the connection, or the
            /// caller can mend the matter).
            #[allow(unreachable_patterns, reason = "those two arms stand in the table as well")]
            pub const fn alert(&self) -> Option<AlertDescription> {
                match self {
                    ErrorKind::Rejected { reason } => Some(reason.alert()),
                    ErrorKind::Declined { alert } | ErrorKind::Aborted { alert } => Some(*alert),
                    $( ErrorKind::$name { .. } => kinds!(@alert $alert), )*
                }
            }

            /// Every kind's name with its alert, in the order of the table: for documentation and tests.
            pub const TABLE: &'static [(&'static str, Blame, Option<AlertDescription>)] =
                &[ $( (stringify!($name), Blame::$blame, kinds!(@alert $alert)), )* ];
        }

        impl core::error::Error for ErrorKind {}

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $( ErrorKind::$name $({ $($field),* })? => write!(f, $text), )* }
            }
        }
    };
}

kinds! {
    // ---- records (RFC 9846 §5) ----
    /// An unknown record type, an inner type that may not stand there, or a protected/unprotected record at the wrong time (§5).
    UnexpectedRecord { content: ContentType = "The record's type." }, Peer, UNEXPECTED_MESSAGE, "a record of type {content} where none may stand";
    /// The first bytes are no TLS record: HTTP, SSH, garbage (§5.1).
    NotTls, Peer, UNEXPECTED_MESSAGE, "the first bytes are not TLS: is it plain HTTP to a TLS port?";
    /// A record did not open: forged, damaged, or protected with other keys (§5.2).
    BadRecordMac, Peer, BAD_RECORD_MAC, "a record did not authenticate: damaged, forged, or protected with other keys";
    /// A record longer than 2^14 (+ 256 when protected) bytes, or than the announced record_size_limit (§5.1, §5.2; RFC 8449 §4).
    RecordOverflow { length: u16 = "The length of the record's fragment, or of what was protected in it, in bytes.", limit: u16 = "The most that it may be, in bytes." }, Peer, RECORD_OVERFLOW, "a record of {length} bytes is longer than the limit of {limit}";
    /// A handshake or alert record without content (§5.1, §5.4).
    EmptyFragment, Peer, UNEXPECTED_MESSAGE, "a handshake or alert record is empty";
    /// A protected record of nothing but padding (§5.4).
    NoContentType, Peer, UNEXPECTED_MESSAGE, "a protected record holds nothing but padding";
    /// More empty application-data records in a row than the limit.
    TooManyEmptyRecords, Peer, UNEXPECTED_MESSAGE, "more than {MAX_EMPTY_RECORDS} empty records in a row";
    /// Another content type between the fragments of one handshake message (§5.1).
    InterleavedRecord, Peer, UNEXPECTED_MESSAGE, "a handshake message is interrupted by a record of another type";
    /// A change_cipher_spec outside the handshake, or of other content than one byte 0x01 (§5).
    UnexpectedChangeCipherSpec, Peer, UNEXPECTED_MESSAGE, "a change_cipher_spec that is malformed or out of place";
    /// More change_cipher_spec records than the limit.
    TooManyChangeCipherSpecs, Peer, UNEXPECTED_MESSAGE, "more than {MAX_CHANGE_CIPHER_SPECS} change_cipher_spec records";
    /// Handshake bytes left over, whole message or part, when the key changes (§5.1).
    DataAcrossKeyChange, Peer, UNEXPECTED_MESSAGE, "handshake data spans a key change";
    /// Application data, also empty, before the handshake is complete (§5).
    EarlyApplicationData, Peer, UNEXPECTED_MESSAGE, "application data before the handshake was complete";
    /// More skipped early data than the limit (§4.3.10).
    TooMuchEarlyData, Peer, UNEXPECTED_MESSAGE, "more than {MAX_EARLY_DATA} bytes of early data, which is never accepted: turn 0-RTT off at the client";
    /// An alert that is not two bytes in a record of its own (§6).
    MalformedAlert, Peer, DECODE_ERROR, "an alert record is not exactly two bytes";
    /// More user_canceled warnings in a row than the limit (§6.1).
    TooManyWarnings, Peer, UNEXPECTED_MESSAGE, "more than {MAX_WARNINGS} warning alerts in a row";

    // ---- every message ----
    /// Lengths overrun, bytes trail, a list is empty that may not be, an extension stands twice (§4). What is wrong inside
    /// of an extension is MalformedExtension.
    Malformed { message: HandshakeType = "The message.", what: Malformed = "What is wrong with its bytes." }, Peer, DECODE_ERROR, "malformed {message}: {what}";
    /// An extension's body does not have the structure that it must have in this message (§4.3).
    MalformedExtension { message: HandshakeType = "The message that it stands in.", extension: ExtensionType = "The extension.", what: Malformed = "What is wrong with its body." }, Peer, DECODE_ERROR, "malformed extension {extension} in {message}: {what}";
    /// A message out of order, of unknown type, or never legal here (§4).
    UnexpectedMessage { message: HandshakeType = "The message that came." }, Peer, UNEXPECTED_MESSAGE, "{message} is not what comes next";
    /// A message beyond the policy's limit for one message, or for all of them that are held; judged from its header.
    MessageTooLong { message: HandshakeType = "The message that goes too far.", length: u32 = "What we should have to hold, in bytes.", limit: u32 = "The policy's limit, in bytes." }, Peer, ILLEGAL_PARAMETER, "{message} would make us hold {length} bytes, and our limit is {limit}: `Policy::max_flight` sets it";
    /// An extension that we did not offer (§4.3).
    UnsolicitedExtension { extension: ExtensionType = "The extension." }, Peer, UNSUPPORTED_EXTENSION, "extension {extension} is not wanted: it answers nothing that we offered, or this is no transport for it";
    /// An extension that is known, in a message where it may not stand (§4.3).
    ForbiddenExtension { extension: ExtensionType = "The extension." }, Peer, ILLEGAL_PARAMETER, "extension {extension} may not stand in this message";
    /// A mandatory extension is missing (§9.2).
    MissingExtension { extension: ExtensionType = "The extension." }, Peer, MISSING_EXTENSION, "extension {extension} is missing";

    // ---- hellos (§4.2) ----
    /// supported_versions is missing or lacks 0x0304, or legacy_version is not 0x0303 (§4.2.2, §4.3.1).
    UnsupportedVersion, Peer, PROTOCOL_VERSION, "the peer does not speak TLS 1.3, and nothing older is spoken here: turn TLS 1.3 on at the peer";
    /// The server's random carries the downgrade sentinel (§4.2.3).
    Downgrade, Peer, ILLEGAL_PARAMETER, "the server was talked down to an older version: somebody tampers with this connection";
    /// supported_versions of the server selects something other than 0x0304 (§4.3.1).
    IllegalSelectedVersion, Peer, ILLEGAL_PARAMETER, "the server selected a version that was not offered";
    /// legacy_compression_methods is not exactly {0} (§4.2.2, §4.2.3).
    IllegalCompression, Peer, ILLEGAL_PARAMETER, "compression other than null";
    /// legacy_session_id_echo differs from what we sent (§4.2.3).
    SessionIdMismatch, Peer, ILLEGAL_PARAMETER, "the server did not echo our legacy_session_id";
    /// The server's cipher suite was not offered (§4.2.3).
    IllegalCipherSuite { suite: CipherSuite = "The server's choice." }, Peer, ILLEGAL_PARAMETER, "cipher suite {suite} was not offered";
    /// A choice of HelloRetryRequest differs in the ServerHello (§4.2.4).
    ChangedAfterRetry, Peer, ILLEGAL_PARAMETER, "ServerHello contradicts HelloRetryRequest";
    /// The group was not offered, or is not the one retried for (§4.3.8).
    IllegalGroup { group: NamedGroup = "The server's choice." }, Peer, ILLEGAL_PARAMETER, "group {group} may not be used here";
    /// The share's length or encoding is wrong, or its point is not on the curve or of low order (§4.3.8.2, §7.4.2).
    IllegalKeyShare { group: NamedGroup = "The share's group." }, Peer, ILLEGAL_PARAMETER, "the {group} key share is invalid";
    /// Two shares for one group, or a share for a group that is not in supported_groups (§4.3.8).
    InconsistentKeyShares, Peer, ILLEGAL_PARAMETER, "key_share and supported_groups contradict each other";
    /// A HelloRetryRequest that would change nothing (§4.2.4).
    PointlessRetry, Peer, ILLEGAL_PARAMETER, "HelloRetryRequest asks for nothing new";
    /// The cookie is longer than our limit (§4.3.2).
    CookieTooLong { length: u16 = "The cookie's length in bytes." }, Peer, ILLEGAL_PARAMETER, "the HelloRetryRequest's cookie takes {length} bytes, and our limit is {MAX_COOKIE}";
    /// The second ClientHello changed what it must not, or lacks the share that was asked for (§4.2.2).
    IllegalSecondClientHello, Peer, ILLEGAL_PARAMETER, "the second ClientHello differs from the first where it must not";
    /// psk_key_exchange_modes missing beside pre_shared_key is MissingExtension; this one: pre_shared_key is not last (§4.3.11).
    PreSharedKeyNotLast, Peer, ILLEGAL_PARAMETER, "pre_shared_key is not the last extension";
    /// No cipher suite in common (§4.2.1).
    NoCommonCipherSuite { offered: Offered<CipherSuite> = "What the client offers." }, Peer, HANDSHAKE_FAILURE, "no cipher suite in common: the client offers {offered}; `Policy::cipher_suites` says what we take";
    /// No group in common (§4.2.1).
    NoCommonGroup { offered: Offered<NamedGroup> = "What the client offers." }, Peer, HANDSHAKE_FAILURE, "no key exchange group in common: the client offers {offered}; `Policy::groups` says what we take";
    /// No signature scheme in common (§4.2.1, §4.3.3).
    NoCommonSignatureScheme { offered: Offered<SignatureScheme> = "What the peer accepts." }, Peer, HANDSHAKE_FAILURE, "no signature scheme in common with our key: the peer accepts {offered}";
    /// No application protocol in common (RFC 7301 §3.2).
    NoApplicationProtocol, Peer, NO_APPLICATION_PROTOCOL, "no application protocol in common: compare the peer's ALPN names with ours (`Policy::alpn`)";
    /// The server selected a protocol that we did not offer (RFC 7301 §3.1).
    IllegalApplicationProtocol, Peer, ILLEGAL_PARAMETER, "the server selected an application protocol that was not offered";
    /// record_size_limit below 64, from a server above 16,385, or beside max_fragment_length (RFC 8449 §4, §5).
    IllegalRecordSizeLimit, Peer, ILLEGAL_PARAMETER, "record_size_limit is out of range, or stands beside max_fragment_length";
    /// No certificate type in common (RFC 7250 §4.2).
    NoCommonCertificateType, Peer, UNSUPPORTED_CERTIFICATE, "no certificate type in common: one side wants X.509 certificates, the other one raw public keys";
    /// A certificate type that was not offered (RFC 7250 §4.2).
    IllegalCertificateType, Peer, ILLEGAL_PARAMETER, "a certificate type that was not offered";

    // ---- authentication (§4.4, §4.5) ----
    /// The server sent no CertificateRequest: it does not want to know who we are (deliberately stricter than §4.4.2).
    NotMutual, Peer, HANDSHAKE_FAILURE, "the server did not ask for our certificate, so this is no mutual TLS: make the server require client certificates";
    /// certificate_request_context is not empty in the main handshake (§4.4.2, §4.5.1).
    IllegalContext, Peer, ILLEGAL_PARAMETER, "certificate_request_context must be empty in the handshake";
    /// The client sent an empty certificate list (§4.5.1.3).
    NoClientCertificate, Peer, CERTIFICATE_REQUIRED, "the client sent no certificate: it has none, or none that it thinks we accept";
    /// The server sent an empty certificate list (§4.5.1.3).
    NoServerCertificate, Peer, DECODE_ERROR, "the server sent no certificate";
    /// More certificates than the limit.
    ChainTooLong { number: u16 = "How many certificates there are.", limit: u8 = "The policy's limit." }, Peer, BAD_CERTIFICATE, "the certificate chain has {number} entries, and our limit is {limit}: `Policy::max_chain` sets it";
    /// A raw public key in a list of more than one entry (RFC 7250 §3).
    IllegalRawPublicKey, Peer, ILLEGAL_PARAMETER, "a raw public key must stand alone in its Certificate";
    /// The leaf's SubjectPublicKeyInfo cannot be read (§4.5.1).
    UnreadableLeaf, Peer, BAD_CERTIFICATE, "the leaf certificate cannot be parsed";
    /// The leaf's key is of a kind or size that we do not accept.
    UnsupportedKey { key: KeyKind = "What the key is." }, Peer, UNSUPPORTED_CERTIFICATE, "the leaf's public key cannot be used: it is {key}, and P-256, P-384, Ed25519 or RSA of 2048 to 8192 bits is needed";
    /// A scheme that we did not offer, or that does not fit the key (§4.5.2).
    IllegalSignatureScheme { scheme: SignatureScheme = "The scheme of the peer's CertificateVerify." }, Peer, ILLEGAL_PARAMETER, "signature scheme {scheme} was not offered or does not fit the key";
    /// The signature is wrong: other key, other transcript, other role (§4.5.2).
    BadSignature, Peer, DECRYPT_ERROR, "CertificateVerify does not prove possession of the certificate's key: do the peer's certificate and key belong together?";
    /// verify_data is wrong (§4.5.3).
    BadFinished, Peer, DECRYPT_ERROR, "Finished does not match: the two sides saw different handshakes";
    /// The caller's verdict on the peer's certificate: the peer has been told by the reason's alert.
    Rejected { reason: Rejection = "The verdict." }, Us, -, "we refused the peer's certificate: {reason}";
    /// The caller could not answer a question (no credential, signer failed).
    Declined { alert: AlertDescription = "The alert that the caller chose." }, Us, -, "our side could not go on, for want of a credential, a signature or a verdict (alert {alert})";
    /// The caller ended the connection with an alert of its choice.
    Aborted { alert: AlertDescription = "The alert that the caller chose." }, Us, -, "our side aborted with {alert}";
    /// The caller cancelled (§6.1: user_canceled, then close_notify).
    Cancelled, Us, -, "our side cancelled the handshake";
    /// A primitive failed on our side: no randomness, an impossible length.
    CryptoFailed, Us, INTERNAL_ERROR, "a cryptographic primitive failed on our side: does the system's random number generator work?";
    /// What cannot happen has happened: nothing that a peer, a caller or a system does leads here.
    Bug, Us, INTERNAL_ERROR, "this cannot happen: it is a bug in countersign. Please report it, with the transitions of the handshake";
    /// A message that we must send holds a list that is longer than its length field can say. Nothing of it was sent.
    OwnMessageTooLong { message: HandshakeType = "The message.", length: u32 = "The list's length in bytes.", limit: u32 = "The most that its length field can say." }, Us, INTERNAL_ERROR, "our {message} cannot be sent: a list in it takes {length} bytes, and TLS can carry {limit}. Shorten the chain, its staples, or the list of CAs";

    // ---- after the handshake (§4.7) ----
    /// request_update is neither 0 nor 1 (§4.7.3).
    IllegalKeyUpdate, Peer, ILLEGAL_PARAMETER, "KeyUpdate carries an unknown value";
    /// More KeyUpdates without data between than the limit (§4.7.3).
    TooManyKeyUpdates, Peer, UNEXPECTED_MESSAGE, "more than {MAX_KEY_UPDATES} KeyUpdates without data between";
    /// More session tickets without data between than the limit.
    TooManyTickets, Peer, UNEXPECTED_MESSAGE, "more than {MAX_TICKETS} NewSessionTickets without data between";
    /// Our write key has reached its limit and can be updated no more (§5.5).
    KeyExhausted, Us, INTERNAL_ERROR, "our write key is used up: open a new connection";

    // ---- authenticators (RFC 9261): they end nothing, and no alert is sent ----
    /// An authenticator for which there is no open request of ours; of a client, which may send none unasked (RFC 9261 §5).
    UnknownContext, Peer, -, "the authenticator answers no request that we have open on this connection";
    /// A certificate_request_context that has been used on this connection before (RFC 9261 §4, §5.2).
    ReusedContext, Peer, -, "this certificate_request_context has been used on this connection: each authenticator is accepted once, and each request answered once";
    /// More authenticators than the limit that nobody asked for.
    TooManyAuthenticators, Peer, -, "the server has sent {MAX_CONTEXTS} authenticators without being asked, and no more of them are accepted: ask for them";
    /// More requests of the peer than the adapters answer: each costs us a signature.
    TooManyAuthenticatorRequests, Peer, -, "the peer asks too often who we are: more than {MAX_AUTHENTICATOR_REQUESTS} times at once, and then more than once a second";
    /// An authenticator that was made with the keys of our own role (RFC 9261 §5.1).
    AuthenticatorOfOtherRole, Peer, -, "the authenticator was made with the keys of the other role: client and server are mistaken for each other";
    /// An authenticator with the context of one request, made for another one (RFC 9261 §5.2.2).
    AuthenticatorOfOtherRequest, Peer, -, "the authenticator was made for another request of ours than its context says";
    /// Neither CertificateVerify nor Finished is right (RFC 9261 §5.2.2).
    ForeignAuthenticator, Peer, -, "neither signature nor Finished of the authenticator fits this connection and this request: it was made on another connection (does a proxy between us end TLS?) or for another request, or it was damaged";

    // ---- the peer ends it (§6) ----
    /// The peer refused our certificate (42-46, 48, 49, 116).
    PeerRejectedCertificate { alert: AlertDescription = "The peer's alert." }, Peer, -, "the peer rejected our certificate ({alert}): the peer's log says why";
    /// The peer refused our CertificateVerify or Finished (decrypt_error).
    PeerRejectedProof { alert: AlertDescription = "The peer's alert." }, Peer, -, "the peer rejected our proof ({alert}): do our certificate and our key belong together?";
    /// Another fatal alert.
    PeerAlert { alert: AlertDescription = "The peer's alert." }, Peer, -, "the peer ended the connection with {alert}: the peer's log says why";
    /// An unprotected fatal alert while we expect protected records: anybody on the path could have sent it.
    UnauthenticatedAlert { alert: AlertDescription = "The alert. Nobody knows who sent it." }, Peer, -, "an unauthenticated alert, which anybody on the path may have sent, says {alert}";
    /// A fatal alert, close or EOF while the server has not spoken since our Finished (alert close_notify: closed).
    PeerEndedUnconfirmed { how: Ending = "How it ended." }, Peer, -, "the peer ended the connection before confirming us ({how}): it may have refused our certificate, and its log says why";
    /// close_notify inside the handshake.
    ClosedInHandshake, Peer, -, "the peer closed inside the handshake: the peer's log may say why";
    /// The transport ended without close_notify: truncated, by accident or by an attacker (§6.1).
    Truncated, Peer, -, "the transport ended without close_notify: what has come may not be all";

    // ---- the caller ----
    /// This inbox has been used by another connection.
    ForeignInbox, Caller, -, "this inbox belongs to another connection";
    /// This outbox has been used by another connection.
    ForeignOutbox, Caller, -, "this outbox belongs to another connection";
    /// The inbox is too small for what must be held at once; move to memory of `needed` bytes and call again.
    InboxTooSmall { needed: usize = "The capacity that does, in bytes." }, Caller, -, "the inbox needs {needed} bytes: move it to larger memory";
    /// The outbox is too small for what must be written at once; move to memory of `needed` bytes and call again.
    OutboxTooSmall { needed: usize = "The capacity that does, in bytes." }, Caller, -, "the outbox needs {needed} bytes: move it to larger memory";
}

sentences! {
    /// How a peer ended the connection.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Ending {
        /// By an alert; close_notify is one.
        Alert(alert: AlertDescription) = "{alert}";
        /// By ending the transport, without a word.
        Silence = "the transport just ended";
    }
}

impl ErrorKind {
    /// [`ErrorKind::MessageTooLong`].
    pub(crate) fn message_too_long(message: HandshakeType, length: usize, limit: usize) -> ErrorKind {
        let to_u32 = |bytes| u32::try_from(bytes).unwrap_or(u32::MAX);
        ErrorKind::MessageTooLong { message, length: to_u32(length), limit: to_u32(limit) }
    }

    /// [`ErrorKind::OwnMessageTooLong`].
    pub(crate) fn own_message_too_long(message: HandshakeType, length: usize, limit: usize) -> ErrorKind {
        let to_u32 = |bytes| u32::try_from(bytes).unwrap_or(u32::MAX);
        ErrorKind::OwnMessageTooLong { message, length: to_u32(length), limit: to_u32(limit) }
    }

    /// [`ErrorKind::RecordOverflow`].
    pub(crate) fn record_overflow(length: usize, limit: usize) -> ErrorKind {
        let to_u16 = |bytes| u16::try_from(bytes).unwrap_or(u16::MAX);
        ErrorKind::RecordOverflow { length: to_u16(length), limit: to_u16(limit) }
    }

    /// The alert that the peer sent, for the kinds that report one.
    pub(crate) const fn received(&self) -> Option<AlertDescription> {
        match self {
            ErrorKind::PeerRejectedCertificate { alert }
            | ErrorKind::PeerRejectedProof { alert }
            | ErrorKind::PeerAlert { alert }
            | ErrorKind::UnauthenticatedAlert { alert } => Some(*alert),
            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) } => Some(*alert),
            ErrorKind::ClosedInHandshake => Some(AlertDescription::CLOSE_NOTIFY),
            _ => None,
        }
    }

    /// What a fatal alert of the peer means to us; `unconfirmed`: we are a client whose server has not spoken since
    /// our Finished.
    pub(crate) const fn from_alert(alert: AlertDescription, unconfirmed: bool) -> ErrorKind {
        match alert {
            AlertDescription::BAD_CERTIFICATE
            | AlertDescription::UNSUPPORTED_CERTIFICATE
            | AlertDescription::CERTIFICATE_REVOKED
            | AlertDescription::CERTIFICATE_EXPIRED
            | AlertDescription::CERTIFICATE_UNKNOWN
            | AlertDescription::UNKNOWN_CA
            | AlertDescription::ACCESS_DENIED
            | AlertDescription::CERTIFICATE_REQUIRED => ErrorKind::PeerRejectedCertificate { alert },
            AlertDescription::DECRYPT_ERROR => ErrorKind::PeerRejectedProof { alert },
            _ if unconfirmed => ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) },
            _ => ErrorKind::PeerAlert { alert },
        }
    }
}
