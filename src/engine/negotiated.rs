//! The parameters that are negotiated so far. The functions here write them, after the message has been checked.

use super::chosen::{Choice, ServerParameters};
use super::peer_preferences::PackedPreferences;
use super::server_name::ServerName;
use crate::codec::{CertificateType, ExtensionType, NamedGroup, SignatureScheme};
use crate::crypto::Suite;
use crate::policy::{Bytes, Policy};
use crate::role::EarlyData;
use core::num::{NonZeroU8, NonZeroU16};
use core::ops::Range;

/// The parameters that are negotiated so far, and the positions of the peer's messages for the questions.
pub(crate) struct Negotiated {
    /// Identifies this connection in this process, for its inbox and its questions.
    pub(crate) stamp: u64,
    pub(crate) client_random: [u8; 32],
    /// The name that the client asks for; empty: none.
    pub(crate) server_name: ServerName,
    /// The handshake looks like TLS 1.2 to middleboxes (§E.4): the client sends a session id, and both sides send a
    /// change_cipher_spec. A client decides it, a server follows.
    pub(crate) middlebox_compatibility: bool,
    pub(crate) suite: Option<Suite>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) retried: bool,
    /// The early data that a client may have sent, and that is dropped (§4.3.10).
    pub(crate) early_data: EarlyData,
    /// The selected application protocol: its number in the policy's list.
    pub(crate) alpn: Option<NonZeroU8>,
    /// Numbers of schemes. No scheme has the number 0, so each option takes two bytes.
    own_scheme: Option<NonZeroU16>,
    peer_scheme: Option<NonZeroU16>,
    pub(crate) own_type: CertificateType,
    pub(crate) peer_type: CertificateType,
    /// Only for servers: what the ClientHello says about our certificate and signature, for authenticators.
    pub(crate) client_preferences: PackedPreferences,
    /// The body of the ClientHello or CertificateRequest, which says what the peer accepts of our certificate.
    pub(crate) offer: Range<u32>,
    /// The body of the peer's Certificate.
    pub(crate) chain: Range<u32>,
    /// Our opaque extension.
    pub(crate) extension: Option<(ExtensionType, Bytes)>,
}

impl Negotiated {
    /// What a client knows before it sends.
    pub(super) fn client(
        stamp: u64,
        client_random: [u8; 32],
        server_name: ServerName,
        middlebox_compatibility: bool,
    ) -> Negotiated {
        Negotiated {
            stamp,
            client_random,
            server_name,
            middlebox_compatibility,
            suite: None,
            group: None,
            retried: false,
            early_data: EarlyData::None,
            alpn: None,
            own_scheme: None,
            peer_scheme: None,
            own_type: CertificateType::X509,
            peer_type: CertificateType::X509,
            client_preferences: PackedPreferences::default(),
            offer: 0..0,
            chain: 0..0,
            extension: None,
        }
    }

    /// A server knows nothing before the ClientHello.
    pub(super) fn server(stamp: u64) -> Negotiated {
        Negotiated::client(stamp, [0; 32], ServerName::NONE, false)
    }

    /// The values with the longest ClientHello, for plans.
    pub(super) fn longest(middlebox_compatibility: bool, extension: Option<&Bytes>) -> Negotiated {
        let extension = extension.map(|body| (ExtensionType::QUIC_TRANSPORT_PARAMETERS, body.clone())); // any type
        Negotiated { extension, ..Negotiated::client(0, [0; 32], ServerName::LONGEST, middlebox_compatibility) }
    }

    /// The scheme of our CertificateVerify.
    pub(crate) fn own_scheme(&self) -> Option<SignatureScheme> {
        self.own_scheme.map(|number| SignatureScheme(number.get()))
    }

    /// The scheme of the peer's CertificateVerify.
    pub(crate) fn peer_scheme(&self) -> Option<SignatureScheme> {
        self.peer_scheme.map(|number| SignatureScheme(number.get()))
    }

    /// The name of the selected application protocol.
    pub(crate) fn protocol<'p>(&self, policy: &'p Policy) -> Option<&'p [u8]> {
        policy.protocol(self.alpn?)
    }

    /// Whether our opaque extension has this type.
    pub(super) fn is_opaque(&self, extension: ExtensionType) -> bool {
        self.extension.as_ref().is_some_and(|(ours, _)| *ours == extension)
    }

    /// As a server we have chosen from the ClientHello with this body.
    pub(super) fn set_choice(&mut self, choice: &Choice, client_hello: Range<u32>) {
        self.client_random = choice.client_random;
        self.server_name = choice.server_name.clone();
        self.middlebox_compatibility = !choice.legacy_session_id.is_empty();
        self.suite = Some(choice.suite);
        self.group = Some(choice.group);
        self.retried |= choice.retry;
        self.early_data = match (choice.early_data, choice.retry) {
            (true, true) => EarlyData::Protected,
            (true, false) => EarlyData::Unopened,
            (false, _) => EarlyData::None,
        };
        self.alpn = choice.alpn;
        self.own_type = choice.own_type;
        self.peer_type = choice.peer_type;
        self.client_preferences = PackedPreferences::new(&choice.preferences);
        self.offer = client_hello;
    }

    /// The server's HelloRetryRequest has been checked. Without a group it has only a cookie.
    pub(super) fn set_hello_retry_request(&mut self, suite: Suite, group: Option<NamedGroup>) {
        self.suite = Some(suite);
        self.group = group;
        self.retried = true;
    }

    /// The server's ServerHello has been checked.
    pub(super) fn set_server_hello(&mut self, suite: Suite, group: NamedGroup) {
        self.suite = Some(suite);
        self.group = Some(group);
    }

    /// The server's EncryptedExtensions has been checked.
    pub(super) fn set_encrypted_extensions(&mut self, chosen: &ServerParameters) {
        self.alpn = chosen.alpn;
        self.own_type = chosen.own_type;
        self.peer_type = chosen.peer_type;
    }

    /// The server's CertificateRequest with this body has been checked.
    pub(super) fn set_certificate_request(&mut self, certificate_request: Range<u32>) {
        self.offer = certificate_request;
    }

    /// The peer's Certificate with this body has been checked. The peer has not proved possession yet.
    pub(super) fn set_certificate(&mut self, certificate: Range<u32>) {
        self.chain = certificate;
    }

    /// The peer's CertificateVerify has been checked.
    pub(super) fn set_peer_scheme(&mut self, scheme: SignatureScheme) {
        self.peer_scheme = NonZeroU16::new(scheme.0);
    }

    /// The scheme of our CertificateVerify has been chosen.
    pub(super) fn set_own_scheme(&mut self, scheme: SignatureScheme) {
        self.own_scheme = NonZeroU16::new(scheme.0);
    }
}
