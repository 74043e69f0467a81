//! What went wrong: who (peer, us, caller), during which state, what, and which alert was sent or received.
//!
//! [`ErrorKind`] is one table: each kind has its blame, its alert and its sentence in one line.

use crate::codec::{
    AlertDescription, CipherSuite, ContentType, ExtensionType, HandshakeType, Malformed, NamedGroup, SignatureScheme,
};
use crate::role::{Role, State};
use core::fmt;

/// Who is to blame for an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The peer broke the protocol, ended the connection, or shares nothing with us.
    Peer,
    /// Our side decided so: a verdict, a declined question, a failed primitive.
    Us,
    /// The embedding program: memory too small. Nothing was lost; mend it and call again.
    Caller,
}

/// Why a caller refuses the peer's certificate: the answer `Reject(reason)` to `Verify`.
///
/// The peer sees only [`Rejection::alert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// No path to a trusted root.
    UnknownCa,
    /// Expired, or not yet valid.
    Expired,
    /// On a CRL.
    Revoked,
    /// A good certificate for somebody else.
    WrongName,
    /// A malformed certificate or chain, a violated constraint, a broken or MD5/SHA-1 signature in the chain.
    BadCertificate,
    /// Key usage or extended key usage forbids this role; an unsupported or weak key.
    UnsupportedCertificate,
    /// Genuine, but not allowed here.
    AccessDenied,
    /// Revocation status unknown, CRL expired, or a reason that fits no other.
    CertificateUnknown,
    /// Chosen by the caller.
    Alert(AlertDescription),
}

impl Rejection {
    /// The alert that tells the peer.
    pub const fn alert(self) -> AlertDescription {
        match self {
            Rejection::UnknownCa => AlertDescription::UNKNOWN_CA,
            Rejection::Expired => AlertDescription::CERTIFICATE_EXPIRED,
            Rejection::Revoked => AlertDescription::CERTIFICATE_REVOKED,
            Rejection::WrongName | Rejection::BadCertificate => AlertDescription::BAD_CERTIFICATE,
            Rejection::UnsupportedCertificate => AlertDescription::UNSUPPORTED_CERTIFICATE,
            Rejection::AccessDenied => AlertDescription::ACCESS_DENIED,
            Rejection::CertificateUnknown => AlertDescription::CERTIFICATE_UNKNOWN,
            Rejection::Alert(alert) => alert,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejection::UnknownCa => "no path to a trusted root",
            Rejection::Expired => "it has expired or is not yet valid",
            Rejection::Revoked => "it has been revoked",
            Rejection::WrongName => "it is for another name",
            Rejection::BadCertificate => "the certificate or its chain is malformed or broken",
            Rejection::UnsupportedCertificate => "its key or its permitted use does not fit",
            Rejection::AccessDenied => "this identity is not allowed here",
            Rejection::CertificateUnknown => "its status could not be established",
            Rejection::Alert(alert) => return write!(f, "the caller chose the alert {alert}"),
        })
    }
}

/// One line per kind: blame, alert (`-`: none is sent), sentence.
macro_rules! kinds {
    (@alert -) => { None };
    (@alert $alert:ident) => { Some(AlertDescription::$alert) };
    ($( $(#[$doc:meta])* $name:ident $({ $($field:ident: $ty:ty),* })? , $by:ident, $alert:tt, $text:literal; )*) => {
        /// What went wrong. The documentation of each kind cites the rule; its `Display` is a sentence for operators.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[$doc])* $name $({ $(#[doc = concat!("The ", stringify!($field), " in question.")] $field: $ty),* })? , )*
        }

        impl ErrorKind {
            /// The kind's name, for logs and tables.
            pub const fn name(&self) -> &'static str {
                match self { $( ErrorKind::$name { .. } => stringify!($name), )* }
            }

            /// Who is to blame.
            pub const fn blame(&self) -> Blame {
                match self { $( ErrorKind::$name { .. } => Blame::$by, )* }
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
                &[ $( (stringify!($name), Blame::$by, kinds!(@alert $alert)), )* ];
        }

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
    UnexpectedRecord { content: ContentType }, Peer, UNEXPECTED_MESSAGE, "a record of type {content} where none may stand";
    /// The first bytes are no TLS record: HTTP, SSH, garbage (§5.1).
    NotTls, Peer, UNEXPECTED_MESSAGE, "the first bytes are not TLS (plain HTTP to a TLS port?)";
    /// A record did not open: forged, damaged, or protected with other keys (§5.2).
    BadRecordMac, Peer, BAD_RECORD_MAC, "a record did not authenticate: damaged, forged, or protected with other keys";
    /// A record longer than 2^14 (+ 256 when protected) bytes, or than the announced record_size_limit (§5.1, §5.2; RFC 8449 §4).
    RecordOverflow, Peer, RECORD_OVERFLOW, "a record is longer than the limit";
    /// A handshake or alert record without content (§5.1, §5.4).
    EmptyFragment, Peer, UNEXPECTED_MESSAGE, "a handshake or alert record is empty";
    /// A protected record of nothing but padding (§5.4).
    NoContentType, Peer, UNEXPECTED_MESSAGE, "a protected record holds nothing but padding";
    /// More empty application-data records in a row than the limit.
    TooManyEmptyRecords, Peer, UNEXPECTED_MESSAGE, "too many empty records in a row";
    /// Another content type between the fragments of one handshake message (§5.1).
    InterleavedRecord, Peer, UNEXPECTED_MESSAGE, "a handshake message is interrupted by a record of another type";
    /// A change_cipher_spec outside the handshake, or of other content than one byte 0x01 (§5).
    UnexpectedChangeCipherSpec, Peer, UNEXPECTED_MESSAGE, "a change_cipher_spec that is malformed or out of place";
    /// More change_cipher_spec records than the limit.
    TooManyChangeCipherSpecs, Peer, UNEXPECTED_MESSAGE, "too many change_cipher_spec records";
    /// Handshake bytes left over, whole message or part, when the key changes (§5.1).
    DataAcrossKeyChange, Peer, UNEXPECTED_MESSAGE, "handshake data spans a key change";
    /// Application data, also empty, before the handshake is complete (§5).
    EarlyApplicationData, Peer, UNEXPECTED_MESSAGE, "application data before the handshake was complete";
    /// More skipped early data than the limit (§4.3.10).
    TooMuchEarlyData, Peer, UNEXPECTED_MESSAGE, "too much early data (0-RTT is never accepted)";
    /// An alert that is not two bytes in a record of its own (§6).
    MalformedAlert, Peer, DECODE_ERROR, "an alert record is not exactly two bytes";
    /// More user_canceled warnings in a row than the limit (§6.1).
    TooManyWarnings, Peer, UNEXPECTED_MESSAGE, "too many warning alerts in a row";

    // ---- every message ----
    /// Lengths overrun, bytes trail, a list is empty that may not be, an extension stands twice (§4).
    Malformed { message: HandshakeType, what: Malformed }, Peer, DECODE_ERROR, "malformed {message}: {what}";
    /// A message out of order, of unknown type, or never legal here (§4).
    UnexpectedMessage { message: HandshakeType }, Peer, UNEXPECTED_MESSAGE, "{message} is not what comes next";
    /// A message announced longer than the policy's limit; judged from its header.
    MessageTooLong { message: HandshakeType }, Peer, ILLEGAL_PARAMETER, "{message} is longer than our limit";
    /// An extension that we did not offer (§4.3).
    UnsolicitedExtension { extension: ExtensionType }, Peer, UNSUPPORTED_EXTENSION, "extension {extension} answers nothing that we offered";
    /// An extension that is known, in a message where it may not stand (§4.3).
    ForbiddenExtension { extension: ExtensionType }, Peer, ILLEGAL_PARAMETER, "extension {extension} may not stand in this message";
    /// A mandatory extension is missing (§9.2).
    MissingExtension { extension: ExtensionType }, Peer, MISSING_EXTENSION, "extension {extension} is missing";

    // ---- hellos (§4.2) ----
    /// supported_versions is missing or lacks 0x0304, or legacy_version is not 0x0303 (§4.2.2, §4.3.1).
    UnsupportedVersion, Peer, PROTOCOL_VERSION, "the peer does not speak TLS 1.3";
    /// The server's random carries the downgrade sentinel (§4.2.3).
    Downgrade, Peer, ILLEGAL_PARAMETER, "the server was talked down to an older version: somebody tampers with this connection";
    /// supported_versions of the server selects something other than 0x0304 (§4.3.1).
    IllegalSelectedVersion, Peer, ILLEGAL_PARAMETER, "the server selected a version that was not offered";
    /// legacy_compression_methods is not exactly {0} (§4.2.2, §4.2.3).
    IllegalCompression, Peer, ILLEGAL_PARAMETER, "compression other than null";
    /// legacy_session_id_echo differs from what we sent (§4.2.3).
    SessionIdMismatch, Peer, ILLEGAL_PARAMETER, "the server did not echo our legacy_session_id";
    /// The server's cipher suite was not offered (§4.2.3).
    IllegalCipherSuite { suite: CipherSuite }, Peer, ILLEGAL_PARAMETER, "cipher suite {suite} was not offered";
    /// A choice of HelloRetryRequest differs in the ServerHello (§4.2.4).
    ChangedAfterRetry, Peer, ILLEGAL_PARAMETER, "ServerHello contradicts HelloRetryRequest";
    /// The group was not offered, or is not the one retried for (§4.3.8).
    IllegalGroup { group: NamedGroup }, Peer, ILLEGAL_PARAMETER, "group {group} may not be used here";
    /// The share's length or encoding is wrong, or its point is not on the curve or of low order (§4.3.8.2, §7.4.2).
    IllegalKeyShare { group: NamedGroup }, Peer, ILLEGAL_PARAMETER, "the {group} key share is invalid";
    /// Two shares for one group, or a share for a group that is not in supported_groups (§4.3.8).
    InconsistentKeyShares, Peer, ILLEGAL_PARAMETER, "key_share and supported_groups contradict each other";
    /// A HelloRetryRequest that would change nothing (§4.2.4).
    PointlessRetry, Peer, ILLEGAL_PARAMETER, "HelloRetryRequest asks for nothing new";
    /// The cookie is longer than our limit (§4.3.2).
    CookieTooLong, Peer, ILLEGAL_PARAMETER, "the HelloRetryRequest's cookie is longer than our limit";
    /// The second ClientHello changed what it must not, or lacks the share that was asked for (§4.2.2).
    IllegalSecondClientHello, Peer, ILLEGAL_PARAMETER, "the second ClientHello differs from the first where it must not";
    /// psk_key_exchange_modes missing beside pre_shared_key is MissingExtension; this one: pre_shared_key is not last (§4.3.11).
    PreSharedKeyNotLast, Peer, ILLEGAL_PARAMETER, "pre_shared_key is not the last extension";
    /// No cipher suite in common (§4.2.1).
    NoCommonCipherSuite, Peer, HANDSHAKE_FAILURE, "no cipher suite in common";
    /// No group in common (§4.2.1).
    NoCommonGroup, Peer, HANDSHAKE_FAILURE, "no key exchange group in common";
    /// No signature scheme in common (§4.2.1, §4.3.3).
    NoCommonSignatureScheme, Peer, HANDSHAKE_FAILURE, "no signature scheme in common with our key";
    /// No application protocol in common (RFC 7301 §3.2).
    NoApplicationProtocol, Peer, NO_APPLICATION_PROTOCOL, "no application protocol in common";
    /// The server selected a protocol that we did not offer (RFC 7301 §3.1).
    IllegalApplicationProtocol, Peer, ILLEGAL_PARAMETER, "the server selected an application protocol that was not offered";
    /// record_size_limit below 64, or beside max_fragment_length (RFC 8449 §4, §5).
    IllegalRecordSizeLimit, Peer, ILLEGAL_PARAMETER, "record_size_limit is out of range";
    /// No certificate type in common (RFC 7250 §4.2).
    NoCommonCertificateType, Peer, UNSUPPORTED_CERTIFICATE, "no certificate type in common";
    /// A certificate type that was not offered (RFC 7250 §4.2).
    IllegalCertificateType, Peer, ILLEGAL_PARAMETER, "a certificate type that was not offered";

    // ---- authentication (§4.4, §4.5) ----
    /// The server sent no CertificateRequest: it does not want to know who we are (deliberately stricter than §4.4.2).
    NotMutual, Peer, HANDSHAKE_FAILURE, "the server did not ask for our certificate: this is no mutual TLS";
    /// certificate_request_context is not empty in the main handshake (§4.4.2, §4.5.1).
    IllegalContext, Peer, ILLEGAL_PARAMETER, "certificate_request_context must be empty in the handshake";
    /// The client sent an empty certificate list (§4.5.1.3).
    NoClientCertificate, Peer, CERTIFICATE_REQUIRED, "the client sent no certificate";
    /// The server sent an empty certificate list (§4.5.1.3).
    NoServerCertificate, Peer, DECODE_ERROR, "the server sent no certificate";
    /// More certificates than the limit.
    ChainTooLong, Peer, BAD_CERTIFICATE, "the certificate chain has too many entries";
    /// A raw public key in a list of more than one entry (RFC 7250 §3).
    IllegalRawPublicKey, Peer, ILLEGAL_PARAMETER, "a raw public key must stand alone in its Certificate";
    /// The leaf's SubjectPublicKeyInfo cannot be read (§4.5.1).
    UnreadableLeaf, Peer, BAD_CERTIFICATE, "the leaf certificate cannot be parsed";
    /// The leaf's key is of a kind or size that we do not accept.
    UnsupportedKey, Peer, UNSUPPORTED_CERTIFICATE, "the leaf's public key is of an unsupported kind or size";
    /// A scheme that we did not offer, or that does not fit the key (§4.5.2).
    IllegalSignatureScheme { scheme: SignatureScheme }, Peer, ILLEGAL_PARAMETER, "signature scheme {scheme} was not offered or does not fit the key";
    /// The signature is wrong: other key, other transcript, other role (§4.5.2).
    BadSignature, Peer, DECRYPT_ERROR, "CertificateVerify does not prove possession of the certificate's key";
    /// verify_data is wrong (§4.5.3).
    BadFinished, Peer, DECRYPT_ERROR, "Finished does not match: the two sides saw different handshakes";
    /// The caller's verdict on the peer's certificate: the peer has been told by the reason's alert.
    Rejected { reason: Rejection }, Us, -, "we refused the peer's certificate: {reason}";
    /// The caller could not answer a question (no credential, signer failed).
    Declined { alert: AlertDescription }, Us, -, "our side could not go on (alert {alert})";
    /// The caller ended the connection with an alert of its choice.
    Aborted { alert: AlertDescription }, Us, -, "our side aborted with {alert}";
    /// The caller cancelled (§6.1: user_canceled, then close_notify).
    Cancelled, Us, -, "our side cancelled the handshake";
    /// A primitive failed on our side: no randomness, an impossible length.
    Internal, Us, INTERNAL_ERROR, "a cryptographic primitive failed on our side";
    /// The message we must send is longer than TLS can carry.
    CredentialTooLong, Us, INTERNAL_ERROR, "our certificate chain is too long to be sent";

    // ---- after the handshake (§4.7) ----
    /// request_update is neither 0 nor 1 (§4.7.3).
    IllegalKeyUpdate, Peer, ILLEGAL_PARAMETER, "KeyUpdate carries an unknown value";
    /// More KeyUpdates without data between than the limit (§4.7.3).
    TooManyKeyUpdates, Peer, UNEXPECTED_MESSAGE, "too many KeyUpdates without data between";
    /// More session tickets than the limit.
    TooManyTickets, Peer, UNEXPECTED_MESSAGE, "too many NewSessionTickets";
    /// Our write key has reached its limit and can be updated no more (§5.5).
    KeyExhausted, Us, INTERNAL_ERROR, "our write key is used up";

    // ---- the peer ends it (§6) ----
    /// The peer refused our certificate (42-46, 48, 49, 116).
    PeerRejectedCertificate { alert: AlertDescription }, Peer, -, "the peer rejected our certificate ({alert})";
    /// The peer refused our CertificateVerify or Finished (decrypt_error).
    PeerRejectedProof { alert: AlertDescription }, Peer, -, "the peer rejected our proof ({alert})";
    /// Another fatal alert.
    PeerAlert { alert: AlertDescription }, Peer, -, "the peer ended the connection with {alert}";
    /// An unprotected fatal alert while we expect protected records: anybody on the path could have sent it.
    UnauthenticatedAlert { alert: AlertDescription }, Peer, -, "an unauthenticated alert says: {alert}";
    /// A fatal alert, close or EOF while the server has not spoken since our Finished (alert close_notify: closed).
    PeerEndedUnconfirmed { how: Ending }, Peer, -, "the peer ended the connection before confirming us ({how})";
    /// close_notify inside the handshake.
    ClosedInHandshake, Peer, -, "the peer closed inside the handshake";
    /// The transport ended without close_notify: truncated, by accident or by an attacker (§6.1).
    Truncated, Peer, -, "the transport ended without close_notify";

    // ---- the caller ----
    /// This inbox has been used by another connection.
    ForeignInbox, Caller, -, "this inbox belongs to another connection";
    /// This outbox has been used by another connection.
    ForeignOutbox, Caller, -, "this outbox belongs to another connection";
    /// The inbox is too small for what must be held at once; move to memory of `needed` bytes and call again.
    InboxTooSmall { needed: u32 }, Caller, -, "the inbox needs {needed} bytes";
    /// The outbox is too small for what must be written at once; move to memory of `needed` bytes and call again.
    OutboxTooSmall { needed: u32 }, Caller, -, "the outbox needs {needed} bytes";
}

impl From<Rejection> for ErrorKind {
    fn from(reason: Rejection) -> ErrorKind {
        ErrorKind::Rejected { reason }
    }
}

/// How a peer ended the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By an alert; close_notify is one.
    Alert(AlertDescription),
    /// By ending the transport, without a word.
    Silence,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Alert(alert) => write!(f, "{alert}"),
            Ending::Silence => f.write_str("the transport just ended"),
        }
    }
}

/// An alert, and which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alert {
    /// We send it: it lies in the outbox.
    Sent(AlertDescription),
    /// The peer sent it.
    Received(AlertDescription),
}

/// Why a connection cannot go on: who, during which state, what, and which alert. 24 bytes, `Copy`.
///
/// Only [`Error::is_fatal`] errors stay: every later call returns the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    pub(crate) kind: ErrorKind,
    pub(crate) role: Role,
    pub(crate) state: State,
    /// False where an alert or close_notify of ours had gone out before.
    pub(crate) alerts: bool,
}

impl Error {
    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Who is to blame.
    pub fn blame(&self) -> Blame {
        self.kind.blame()
    }

    /// Our role in the connection.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the connection awaited when it went wrong.
    pub fn state(&self) -> State {
        self.state
    }

    /// The alert that was sent or received. `None`: the transport just ended, or the caller can mend the matter.
    pub fn alert(&self) -> Option<Alert> {
        match self.kind.received() {
            Some(alert) => Some(Alert::Received(alert)),
            None if self.alerts => self.kind.alert().map(Alert::Sent),
            None => None,
        }
    }

    /// False: the caller's memory is too small, nothing has changed; call again with larger memory.
    pub fn is_fatal(&self) -> bool {
        self.kind.blame() != Blame::Caller
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (as {}, in {}", self.kind, self.role, self.state)?;
        if let Some(Alert::Sent(alert)) = self.alert() {
            write!(f, ", alert {alert} sent")?;
        }
        f.write_str(")")
    }
}

impl core::error::Error for Error {}

impl ErrorKind {
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
    /// The outbox has no room: send what is pending, or move to memory of `needed` bytes, and answer again.
    NoRoom {
        /// The capacity that holds the answer as well as what is pending; less does once that has been sent.
        needed: usize,
    },
    /// The credential is of a type that was not agreed on, or has no certificate.
    UnfitCredential,
    /// An empty signature, or one longer than 65,535 bytes.
    UnfitSignature,
    /// What is asked for is not there (yet, or any more).
    NotNow,
    /// The server's name is neither a DNS name nor an IP address.
    InvalidServerName,
    /// We have sent close_notify or an alert: nothing can follow it.
    Closed,
    /// The system's generator failed.
    NoRandomness,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misuse::StaleQuestion => "this question is not open on this connection",
            Misuse::ForeignInbox => "this inbox belongs to another connection",
            Misuse::ForeignOutbox => "this outbox belongs to another connection",
            Misuse::NoRoom { needed } => {
                return write!(f, "the outbox needs a capacity of {needed} bytes, or to be emptied first");
            }
            Misuse::UnfitCredential => "the credential is empty or of a certificate type that was not agreed on",
            Misuse::UnfitSignature => "a signature of this length cannot be sent",
            Misuse::NotNow => "what is asked for is not available in this state",
            Misuse::InvalidServerName => "the server's name is neither a DNS name nor an IP address",
            Misuse::Closed => "our side of the connection is closed",
            Misuse::NoRandomness => "the system gave no randomness",
        })
    }
}

impl core::error::Error for Misuse {}
