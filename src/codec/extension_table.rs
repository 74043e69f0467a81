//! Which extension may stand in which message: the table of RFC 9846 §4.3.

use super::ExtensionType;

/// The extension blocks of TLS 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// CH
    ClientHello,
    /// SH
    ServerHello,
    /// HRR
    HelloRetryRequest,
    /// EE
    EncryptedExtensions,
    /// CR
    CertificateRequest,
    /// CT: each entry has a block of its own.
    Certificate,
    /// NST
    NewSessionTicket,
}

use ExtensionType as Ext;
use Place::{
    Certificate as CT, CertificateRequest as CR, ClientHello as CH, EncryptedExtensions as EE,
    HelloRetryRequest as HRR, NewSessionTicket as NST, ServerHello as SH,
};

/// Every extension that this crate knows, in numerical order, with the messages in which it may stand.
///
/// max_fragment_length and signed_certificate_timestamp are as in RFC 8446 §4.2: RFC 9846 leaves them out.
pub const EXTENSION_TABLE: &[(ExtensionType, &[Place])] = &[
    (Ext::SERVER_NAME, &[CH, EE, CR]),
    (Ext::MAX_FRAGMENT_LENGTH, &[CH, EE]),
    (Ext::STATUS_REQUEST, &[CH, CR, CT]),
    (Ext::SUPPORTED_GROUPS, &[CH, EE]),
    (Ext::SIGNATURE_ALGORITHMS, &[CH, CR]),
    (Ext::USE_SRTP, &[CH, EE]),
    (Ext::HEARTBEAT, &[CH, EE]),
    (Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, &[CH, EE]),
    (Ext::SIGNED_CERTIFICATE_TIMESTAMP, &[CH, CR, CT]),
    (Ext::CLIENT_CERTIFICATE_TYPE, &[CH, EE]),
    (Ext::SERVER_CERTIFICATE_TYPE, &[CH, EE]),
    (Ext::PADDING, &[CH]),
    (Ext::COMPRESS_CERTIFICATE, &[CH, CR]),
    (Ext::RECORD_SIZE_LIMIT, &[CH, EE]),
    (Ext::PRE_SHARED_KEY, &[CH, SH]),
    (Ext::EARLY_DATA, &[CH, EE, NST]),
    (Ext::SUPPORTED_VERSIONS, &[CH, SH, HRR]),
    (Ext::COOKIE, &[CH, HRR]),
    (Ext::PSK_KEY_EXCHANGE_MODES, &[CH]),
    (Ext::CERTIFICATE_AUTHORITIES, &[CH, CR]),
    (Ext::OID_FILTERS, &[CR]),
    (Ext::POST_HANDSHAKE_AUTH, &[CH]),
    (Ext::SIGNATURE_ALGORITHMS_CERT, &[CH, CR]),
    (Ext::KEY_SHARE, &[CH, SH, HRR]),
    (Ext::QUIC_TRANSPORT_PARAMETERS, &[CH, EE]),
];

/// Whether an extension may stand in a message; `None` if we do not know the extension.
pub fn may_stand(extension_type: ExtensionType, place: Place) -> Option<bool> {
    EXTENSION_TABLE.iter().find(|(known, _)| *known == extension_type).map(|(_, places)| places.contains(&place))
}
