//! The parameters of a session.

use crate::codec::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};
use crate::crypto::Suite;
use crate::engine::{Negotiated, PackedPreferences, ServerName};
use crate::list::List;
use crate::policy::Policy;
use crate::role::Role;
use core::fmt;
use core::time::Duration;
use rustls_pki_types::UnixTime;

/// The negotiated parameters of a session, and when it was made. It is plain data and stays readable after an error.
/// Both halves of a split session have it.
#[derive(Clone)]
pub struct SessionInfo {
    role: Role,
    cipher_suite: CipherSuite,
    group: NamedGroup,
    own_scheme: SignatureScheme,
    peer_scheme: SignatureScheme,
    own_certificate_type: CertificateType,
    peer_certificate_type: CertificateType,
    retried: bool,
    alpn: List<u8, 127>,
    pub(super) server_name: ServerName,
    /// Only for servers: what the client accepts.
    pub(super) client_preferences: PackedPreferences,
    /// As bytes, so that it needs no alignment.
    made_at: Option<[u8; 8]>,
    #[cfg_attr(not(feature = "alloc"), allow(dead_code, reason = "there is nothing in it"))]
    attached: Attached,
}

/// The value that the caller attaches to a connection. Empty without an allocator.
#[derive(Clone, Default)]
pub(crate) struct Attached {
    #[cfg(feature = "alloc")]
    pub(crate) value: Option<alloc::sync::Arc<dyn core::any::Any + Send + Sync>>,
}

impl SessionInfo {
    /// `None` before everything is negotiated.
    pub(crate) fn new(
        role: Role,
        negotiated: &Negotiated,
        policy: &Policy,
        made_at: Option<UnixTime>,
        attached: Attached,
    ) -> Option<SessionInfo> {
        let protocol = negotiated.protocol(policy).unwrap_or_default();
        Some(SessionInfo {
            role,
            cipher_suite: negotiated.suite.map(Suite::number)?,
            group: negotiated.group?,
            own_scheme: negotiated.own_scheme()?,
            peer_scheme: negotiated.peer_scheme()?,
            own_certificate_type: negotiated.own_type,
            peer_certificate_type: negotiated.peer_type,
            retried: negotiated.retried,
            alpn: List::collect(protocol.iter().copied()),
            server_name: negotiated.server_name.clone(),
            client_preferences: negotiated.client_preferences,
            made_at: made_at.map(|time| time.as_secs().to_be_bytes()),
            attached,
        })
    }

    /// Our role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The cipher suite.
    pub fn cipher_suite(&self) -> CipherSuite {
        self.cipher_suite
    }

    /// The key exchange group.
    pub fn group(&self) -> NamedGroup {
        self.group
    }

    /// The scheme of our CertificateVerify.
    pub fn own_scheme(&self) -> SignatureScheme {
        self.own_scheme
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn peer_scheme(&self) -> SignatureScheme {
        self.peer_scheme
    }

    /// The type of our certificate: X.509 or raw public key.
    pub fn own_certificate_type(&self) -> CertificateType {
        self.own_certificate_type
    }

    /// The type of the peer's certificate: X.509 or raw public key.
    pub fn peer_certificate_type(&self) -> CertificateType {
        self.peer_certificate_type
    }

    /// The negotiated application protocol (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        Some(self.alpn.as_slice()).filter(|name| !name.is_empty())
    }

    /// The name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_str()
    }

    /// Whether there was a HelloRetryRequest.
    pub fn retried(&self) -> bool {
        self.retried
    }

    /// The time given to [`Handshake::finish_at`](crate::Handshake::finish_at): the end of the handshake by the caller's
    /// clock.
    pub fn made_at(&self) -> Option<UnixTime> {
        self.made_at.map(|secs| UnixTime::since_unix_epoch(Duration::from_secs(u64::from_be_bytes(secs))))
    }

    /// The value given to [`Handshake::attach`](crate::Handshake::attach).
    #[cfg(feature = "alloc")]
    pub fn attached(&self) -> Option<&alloc::sync::Arc<dyn core::any::Any + Send + Sync>> {
        self.attached.value.as_ref()
    }
}

/// Shows everything except the attached value.
impl fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo")
            .field("role", &self.role)
            .field("cipher_suite", &self.cipher_suite)
            .field("group", &self.group)
            .field("own_scheme", &self.own_scheme)
            .field("peer_scheme", &self.peer_scheme)
            .field("own_certificate_type", &self.own_certificate_type)
            .field("peer_certificate_type", &self.peer_certificate_type)
            .field("alpn", &format_args!("{}", self.alpn.as_slice().escape_ascii()))
            .field("server_name", &self.server_name())
            .field("retried", &self.retried)
            .field("made_at", &self.made_at())
            .finish_non_exhaustive()
    }
}
