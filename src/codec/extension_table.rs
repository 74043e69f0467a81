//! Which extension may appear in which message, and how its body is checked: the table of RFC 9846 §4.3.

use super::extension_bodies::{
    DistinguishedName, KeyShareEntry, ProtocolName, any_list_u16, cookie, host_name, list_u8, list_u16, ocsp_response,
    sct_list, selected_protocol, status_request,
};
use super::reader::{Reader, whole};
use super::{CertificateType, Element, ExtensionType, HandshakeType, Malformed, NamedGroup, SignatureScheme};

/// The messages of TLS 1.3 that have a block of extensions, by the abbreviations of the table.
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
    /// ClientCertificateRequest: what CR may hold, and server_name (RFC 9261 §4)
    ClientCertificateRequest,
    /// CT: each CertificateEntry has a block.
    Certificate,
    /// NST
    NewSessionTicket,
}

impl Place {
    /// The type of the message.
    pub const fn message(self) -> HandshakeType {
        match self {
            CH => HandshakeType::CLIENT_HELLO,
            SH | HRR => HandshakeType::SERVER_HELLO,
            EE => HandshakeType::ENCRYPTED_EXTENSIONS,
            CR => HandshakeType::CERTIFICATE_REQUEST,
            CCR => HandshakeType::CLIENT_CERTIFICATE_REQUEST,
            CT => HandshakeType::CERTIFICATE,
            NST => HandshakeType::NEW_SESSION_TICKET,
        }
    }
}

/// Checks that a body has exactly the structure that this message requires.
pub type CheckBody = fn(&[u8]) -> Result<(), Malformed>;

use ExtensionType as Ext;
use Place::{
    Certificate as CT, CertificateRequest as CR, ClientCertificateRequest as CCR, ClientHello as CH,
    EncryptedExtensions as EE, HelloRetryRequest as HRR, NewSessionTicket as NST, ServerHello as SH,
};

/// Every extension that this crate knows, in numerical order. For each message in which it may appear, the table has the
/// check of its body. The getters of [`super::CheckedExtensions`] use the same functions.
///
/// max_fragment_length and signed_certificate_timestamp are taken from RFC 8446 §4.2, since RFC 9846 leaves them out.
#[rustfmt::skip]
pub const EXTENSION_TABLE: &[(ExtensionType, &[(Place, CheckBody)])] = &[
    (Ext::SERVER_NAME,                            &[(CH, HOST_NAME), (EE, EMPTY), (CR, UNREAD), (CCR, HOST_NAME)]),
    (Ext::MAX_FRAGMENT_LENGTH,                    &[(CH, UNREAD), (EE, UNREAD)]),
    (Ext::STATUS_REQUEST,                         &[(CH, STATUS_REQUEST), (CR, EMPTY), (CCR, EMPTY), (CT, OCSP_RESPONSE)]),
    (Ext::SUPPORTED_GROUPS,                       &[(CH, GROUPS), (EE, GROUPS)]),
    (Ext::SIGNATURE_ALGORITHMS,                   &[(CH, SCHEMES), (CR, SCHEMES), (CCR, SCHEMES)]),
    (Ext::USE_SRTP,                               &[(CH, UNREAD), (EE, UNREAD)]),
    (Ext::HEARTBEAT,                              &[(CH, UNREAD), (EE, UNREAD)]),
    (Ext::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, &[(CH, PROTOCOLS), (EE, SELECTED_PROTOCOL)]),
    (Ext::SIGNED_CERTIFICATE_TIMESTAMP,           &[(CH, EMPTY), (CR, EMPTY), (CCR, EMPTY), (CT, SCT_LIST)]),
    (Ext::CLIENT_CERTIFICATE_TYPE,                &[(CH, CERTIFICATE_TYPES), (EE, CERTIFICATE_TYPE)]),
    (Ext::SERVER_CERTIFICATE_TYPE,                &[(CH, CERTIFICATE_TYPES), (EE, CERTIFICATE_TYPE)]),
    (Ext::PADDING,                                &[(CH, UNREAD)]),
    (Ext::COMPRESS_CERTIFICATE,                   &[(CH, UNREAD), (CR, UNREAD), (CCR, UNREAD)]),
    (Ext::RECORD_SIZE_LIMIT,                      &[(CH, UINT16), (EE, UINT16)]),
    (Ext::PRE_SHARED_KEY,                         &[(CH, UNREAD), (SH, UNREAD)]),
    (Ext::EARLY_DATA,                             &[(CH, EMPTY), (EE, EMPTY), (NST, UINT32)]),
    (Ext::SUPPORTED_VERSIONS,                     &[(CH, VERSIONS), (SH, UINT16), (HRR, UINT16)]),
    (Ext::COOKIE,                                 &[(CH, COOKIE), (HRR, COOKIE)]),
    (Ext::PSK_KEY_EXCHANGE_MODES,                 &[(CH, MODES)]),
    (Ext::CERTIFICATE_AUTHORITIES,                &[(CH, AUTHORITIES), (CR, AUTHORITIES), (CCR, AUTHORITIES)]),
    (Ext::OID_FILTERS,                            &[(CR, UNREAD), (CCR, UNREAD)]),
    (Ext::POST_HANDSHAKE_AUTH,                    &[(CH, UNREAD)]),
    (Ext::SIGNATURE_ALGORITHMS_CERT,              &[(CH, SCHEMES), (CR, SCHEMES), (CCR, SCHEMES)]),
    (Ext::KEY_SHARE,                              &[(CH, CLIENT_SHARES), (SH, SERVER_SHARE), (HRR, GROUP)]),
    (Ext::QUIC_TRANSPORT_PARAMETERS,              &[(CH, UNREAD), (EE, UNREAD)]),
];

// The checks of bodies.

const EMPTY: CheckBody = |body| is(|_| Ok(()), body);
/// For extensions that we do not process.
const UNREAD: CheckBody = |_| Ok(());
const UINT16: CheckBody = |body| is(Reader::u16, body);
const UINT32: CheckBody = |body| is(Reader::u32, body);
const HOST_NAME: CheckBody = |body| is(host_name, body);
const STATUS_REQUEST: CheckBody = |body| is(status_request, body);
const OCSP_RESPONSE: CheckBody = |body| is(ocsp_response, body);
const SCT_LIST: CheckBody = |body| is(sct_list, body);
const GROUPS: CheckBody = |body| is(list_u16::<NamedGroup>, body);
const GROUP: CheckBody = |body| is(NamedGroup::read, body);
const SCHEMES: CheckBody = |body| is(list_u16::<SignatureScheme>, body);
const PROTOCOLS: CheckBody = |body| is(list_u16::<ProtocolName<'_>>, body);
const SELECTED_PROTOCOL: CheckBody = |body| is(selected_protocol, body);
const CERTIFICATE_TYPES: CheckBody = |body| is(list_u8::<CertificateType>, body);
const CERTIFICATE_TYPE: CheckBody = |body| is(CertificateType::read, body);
const VERSIONS: CheckBody = |body| is(list_u8::<u16>, body);
const COOKIE: CheckBody = |body| is(cookie, body);
const MODES: CheckBody = |body| is(list_u8::<u8>, body);
const AUTHORITIES: CheckBody = |body| is(list_u16::<DistinguishedName<'_>>, body);
const CLIENT_SHARES: CheckBody = |body| is(any_list_u16::<KeyShareEntry<'_>>, body);
const SERVER_SHARE: CheckBody = |body| is(KeyShareEntry::read, body);

fn is<'a, T>(read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>, body: &'a [u8]) -> Result<(), Malformed> {
    whole(body, read).map(drop)
}

/// The row of an extension; `None` if we do not know the extension.
fn places(extension_type: ExtensionType) -> Option<&'static [(Place, CheckBody)]> {
    EXTENSION_TABLE.iter().find(|(known, _)| *known == extension_type).map(|(_, places)| *places)
}

/// Whether an extension may appear in a message; `None` if we do not know the extension.
pub fn may_stand(extension_type: ExtensionType, place: Place) -> Option<bool> {
    places(extension_type).map(|places| places.iter().any(|(each, _)| *each == place))
}

/// Checks a body by the table. Accepts any body of an extension that we do not know or that may not appear there.
pub(super) fn check_body(extension_type: ExtensionType, place: Place, body: &[u8]) -> Result<(), Malformed> {
    let mut places = places(extension_type).unwrap_or_default().iter();
    places.find(|(each, _)| *each == place).map_or(Ok(()), |(_, check)| check(body))
}
