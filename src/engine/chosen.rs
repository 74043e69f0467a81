//! The parameters that a server chooses: our choice as a server, and the server's choice as a client learns it.

use super::peer_preferences::PeerPreferences;
use super::server_name::ServerName;
use crate::codec::{CertificateType, NamedGroup};
use crate::crypto::{Share, Suite, share_lens};
use crate::list::List;
use crate::policy::Policy;
use core::num::NonZeroU8;

/// Our choice as a server, and the parts of the ClientHello that its answers need.
pub(super) struct Choice {
    pub(super) client_random: [u8; 32],
    pub(super) legacy_session_id: List<u8, 32>,
    pub(super) suite: Suite,
    pub(super) group: NamedGroup,
    /// The client has sent no share for the group: a HelloRetryRequest is sent.
    pub(super) retry: bool,
    /// The client's share for the group. `None` if `retry`.
    pub(super) client_share: Option<Share>,
    /// Early data may follow, and is skipped (RFC 9846 §4.3.10).
    pub(super) early_data: bool,
    /// The DNS name that the client asks for.
    pub(super) server_name: ServerName,
    /// The selected application protocol: its number in the policy's list.
    pub(super) alpn: Option<NonZeroU8>,
    pub(super) own_type: CertificateType,
    pub(super) peer_type: CertificateType,
    /// The client has sent client_certificate_type, so we answer it (RFC 7250).
    pub(super) offers_client_types: bool,
    /// The same for server_certificate_type.
    pub(super) offers_server_types: bool,
    /// The same for our opaque extension.
    pub(super) offers_extension: bool,
    /// The client's record_size_limit (RFC 8449).
    pub(super) record_size_limit: Option<u16>,
    /// What the client accepts of our certificate and signature.
    pub(super) preferences: PeerPreferences,
}

impl Choice {
    /// The choice with the longest answers under this policy, for plans.
    pub(super) fn longest(policy: &Policy, record_size_limit: u16) -> Choice {
        let group = policy.groups.as_slice().iter().copied().max_by_key(|group| share_lens(*group));
        let protocol = policy.protocols().max_by_key(|name| name.len()).unwrap_or_default();
        Choice {
            client_random: [0; 32],
            legacy_session_id: List::collect([0; 32]),
            suite: Suite::Aes128GcmSha256,
            group: group.unwrap_or(NamedGroup::X25519),
            retry: false,
            client_share: None,
            early_data: false,
            server_name: ServerName::LONGEST,
            alpn: policy.find_protocol(|ours| ours == protocol),
            own_type: CertificateType::X509,
            peer_type: CertificateType::X509,
            offers_client_types: true,
            offers_server_types: true,
            offers_extension: true,
            record_size_limit: Some(record_size_limit),
            preferences: PeerPreferences::all(),
        }
    }
}

/// The server's choice in EncryptedExtensions, as a client reads it.
pub(super) struct ServerParameters {
    /// The selected application protocol: its number in the policy's list.
    pub(super) alpn: Option<NonZeroU8>,
    pub(super) own_type: CertificateType,
    pub(super) peer_type: CertificateType,
    /// The server's record_size_limit (RFC 8449).
    pub(super) record_size_limit: Option<u16>,
}
