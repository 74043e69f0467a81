//! What a server chooses: as we choose it ourselves, and as another one tells us.

use super::peer_preferences::PeerPreferences;
use super::server_name::ServerName;
use crate::codec::{CertificateType, NamedGroup};
use crate::crypto::{Share, Suite, share_lens};
use crate::list::List;
use crate::policy::Policy;
use core::num::NonZeroU8;

/// What we choose as a server, and what we need of the ClientHello to answer it.
pub(super) struct Choice {
    pub(super) client_random: [u8; 32],
    pub(super) legacy_session_id: List<u8, 32>,
    pub(super) suite: Suite,
    pub(super) group: NamedGroup,
    /// There is no share for the group yet: HelloRetryRequest.
    pub(super) retry: bool,
    /// The client's share for the group, if there is one yet.
    pub(super) client_share: Option<Share>,
    /// Early data may follow, to be skipped.
    pub(super) early_data: bool,
    /// The DNS name that the client asks for.
    pub(super) server_name: ServerName,
    /// The selected application protocol: its number in the policy's list.
    pub(super) alpn: Option<NonZeroU8>,
    pub(super) own_type: CertificateType,
    pub(super) peer_type: CertificateType,
    /// It sent client_certificate_type, server_certificate_type, our opaque extension: each is answered.
    pub(super) offers_client_types: bool,
    pub(super) offers_server_types: bool,
    pub(super) offers_extension: bool,
    /// The longest inner plaintext that the client takes (RFC 8449).
    pub(super) record_size_limit: Option<u16>,
    /// What the client accepts of us.
    pub(super) preferences: PeerPreferences,
}

impl Choice {
    /// The choice to which a server has most to say, under this policy.
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

/// What the server says in EncryptedExtensions that it has chosen: for a client.
pub(super) struct ServerParameters {
    /// The selected application protocol: its number in the policy's list.
    pub(super) alpn: Option<NonZeroU8>,
    pub(super) own_type: CertificateType,
    pub(super) peer_type: CertificateType,
    /// The longest inner plaintext that the server takes (RFC 8449).
    pub(super) record_size_limit: Option<u16>,
}
