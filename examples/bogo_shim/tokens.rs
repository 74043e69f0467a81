//! The runner's names for what goes wrong: BoringSSL's reason codes.

use countersign::{
    AlertDescription, ContentType, Ending, Error, ErrorKind, ExtensionType, Role, State, internals::codec::Malformed,
};

/// The transport ended without close_notify: what BoringSSL's shim says then.
pub(crate) const TRUNCATED: &str = "Unexpected SSL_shutdown result: -1 != 1";

/// Each kind's name and its token. Where the token hangs on a detail, [`token`] decides, and this is the rest.
pub(crate) const TABLE: &[(&str, &str)] = &[
    ("UnexpectedRecord", "UNEXPECTED_RECORD"),
    ("NotTls", "WRONG_VERSION_NUMBER"),
    ("BadRecordMac", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ("RecordOverflow", "DATA_LENGTH_TOO_LONG"),
    ("EmptyFragment", "UNEXPECTED_RECORD"),
    ("NoContentType", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ("TooManyEmptyRecords", "TOO_MANY_EMPTY_FRAGMENTS"),
    ("InterleavedRecord", "UNEXPECTED_RECORD"),
    ("UnexpectedChangeCipherSpec", "UNEXPECTED_RECORD"),
    ("TooManyChangeCipherSpecs", "TOO_MANY_EMPTY_FRAGMENTS"),
    ("DataAcrossKeyChange", "EXCESS_HANDSHAKE_DATA"),
    ("EarlyApplicationData", "UNEXPECTED_RECORD"),
    ("TooMuchEarlyData", "TOO_MUCH_SKIPPED_EARLY_DATA"),
    ("MalformedAlert", "BAD_ALERT"),
    ("TooManyWarnings", "TOO_MANY_WARNING_ALERTS"),
    ("Malformed", "DECODE_ERROR"),
    ("UnexpectedMessage", "UNEXPECTED_MESSAGE"),
    ("MessageTooLong", "EXCESSIVE_MESSAGE_SIZE"),
    ("UnsolicitedExtension", "UNEXPECTED_EXTENSION"),
    ("ForbiddenExtension", "UNEXPECTED_EXTENSION"),
    ("MissingExtension", "MISSING_EXTENSION"),
    ("UnsupportedVersion", "UNSUPPORTED_PROTOCOL"),
    ("Downgrade", "TLS13_DOWNGRADE"),
    ("IllegalSelectedVersion", "UNSUPPORTED_PROTOCOL"),
    ("IllegalCompression", "DECODE_ERROR"),
    ("SessionIdMismatch", "SERVER_ECHOED_INVALID_SESSION_ID"),
    ("IllegalCipherSuite", "WRONG_CIPHER_RETURNED"),
    ("ChangedAfterRetry", "WRONG_CIPHER_RETURNED"),
    ("IllegalGroup", "WRONG_CURVE"),
    ("IllegalKeyShare", "BAD_ECPOINT"),
    ("InconsistentKeyShares", "DUPLICATE_KEY_SHARE"),
    ("PointlessRetry", "EMPTY_HELLO_RETRY_REQUEST"),
    ("CookieTooLong", "DECODE_ERROR"),
    ("IllegalSecondClientHello", "WRONG_CURVE"),
    ("PreSharedKeyNotLast", "PRE_SHARED_KEY_MUST_BE_LAST"),
    ("NoCommonCipherSuite", "NO_SHARED_CIPHER"),
    ("NoCommonGroup", "NO_SHARED_GROUP"),
    ("NoCommonSignatureScheme", "NO_COMMON_SIGNATURE_ALGORITHMS"),
    ("NoApplicationProtocol", "NO_APPLICATION_PROTOCOL"),
    ("IllegalApplicationProtocol", "INVALID_ALPN_PROTOCOL"),
    ("IllegalRecordSizeLimit", "DECODE_ERROR"),
    ("NoCommonCertificateType", "UNKNOWN_CERTIFICATE_TYPE"),
    ("IllegalCertificateType", "UNKNOWN_CERTIFICATE_TYPE"),
    ("NotMutual", "UNEXPECTED_MESSAGE"),
    ("IllegalContext", "DECODE_ERROR"),
    ("NoClientCertificate", "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
    ("NoServerCertificate", "PEER_DID_NOT_RETURN_A_CERTIFICATE"),
    ("ChainTooLong", "EXCESSIVE_MESSAGE_SIZE"),
    ("IllegalRawPublicKey", "DECODE_ERROR"),
    ("UnreadableLeaf", "CANNOT_PARSE_LEAF_CERT"),
    ("UnsupportedKey", "UNSUPPORTED_ALGORITHM"),
    ("IllegalSignatureScheme", "WRONG_SIGNATURE_TYPE"),
    ("BadSignature", "BAD_SIGNATURE"),
    ("BadFinished", "DIGEST_CHECK_FAILED"),
    ("Rejected", "CERTIFICATE_VERIFY_FAILED"),
    ("Declined", "INTERNAL_ERROR"),
    ("Aborted", "INTERNAL_ERROR"),
    ("Cancelled", "INTERNAL_ERROR"),
    ("Internal", "INTERNAL_ERROR"),
    ("CredentialTooLong", "INTERNAL_ERROR"),
    ("IllegalKeyUpdate", "DECODE_ERROR"),
    ("TooManyKeyUpdates", "TOO_MANY_KEY_UPDATES"),
    ("TooManyTickets", "EXCESSIVE_MESSAGE_SIZE"),
    ("KeyExhausted", "INTERNAL_ERROR"),
    ("PeerRejectedCertificate", "ALERT"),
    ("PeerRejectedProof", "ALERT"),
    ("PeerAlert", "ALERT"),
    ("UnauthenticatedAlert", "ALERT"),
    ("PeerEndedUnconfirmed", TRUNCATED),
    ("ClosedInHandshake", "CONNECTION_CLOSED"),
    ("Truncated", TRUNCATED),
    ("ForeignInbox", "INTERNAL_ERROR"),
    ("InboxTooSmall", "INTERNAL_ERROR"),
    ("OutboxTooSmall", "INTERNAL_ERROR"),
];

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

/// The alerts that SSL 3.0 had keep its name; the number tells which these are.
fn received(alert: AlertDescription, state: State) -> String {
    let name = alert.to_string().to_uppercase();
    match alert.0 {
        40 if state == State::WaitServerHello => "HANDSHAKE_FAILURE_ON_CLIENT_HELLO".into(),
        0 | 10 | 20 | 30 | 40..=47 => format!("SSLV3_ALERT_{name}"),
        _ => format!("TLSV1_ALERT_{name}"),
    }
}
