//! The server's choice from a ClientHello (RFC 9846 §4.2.1, §4.2.2), or the reason why there is none.
//!
//! Nothing here needs an asymmetric operation, so a refused hello costs little.

use super::hello_digest::hello_digest;
use crate::codec::numbers::Numbers;
use crate::codec::{
    self, CertificateType, ClientHello, ExtensionType, Extensions, KeyShareEntry, LEGACY_VERSION, NamedGroup, Place,
    TLS13,
};
use crate::crypto::{Hash, Share, Suite, check_client_share};
use crate::engine::authenticate::no_common_signature_scheme;
use crate::engine::check::{bad_share, check_extensions, malformed_versions, missing};
use crate::engine::chosen::Choice;
use crate::engine::peer_preferences::PeerPreferences;
use crate::engine::server_name::ServerName;
use crate::error::{ErrorKind, Offered};
use crate::limits::MIN_RECORD_SIZE_LIMIT;
use crate::list::List;
use crate::policy::Policy;
use core::num::NonZeroU8;

/// Chooses from a ClientHello, and changes nothing. `opaque`: the type of our opaque extension. `retried`: the digest of
/// the first hello, and the requested group.
pub(super) fn negotiate(
    policy: &Policy,
    opaque: Option<ExtensionType>,
    hello: &ClientHello<'_>,
    retried: Option<(Hash, NamedGroup)>,
) -> Result<Choice, ErrorKind> {
    // The version is checked first, because the rest of an older client's hello need not be valid (§4.2.2, §4.3.1).
    let versions = hello.extensions.supported_versions().map_err(malformed_versions(Place::ClientHello))?;
    if !versions.is_some_and(|versions| versions.contains(TLS13)) || hello.legacy_version != LEGACY_VERSION {
        return Err(ErrorKind::UnsupportedVersion);
    }
    if hello.legacy_compression_methods != [0] {
        return Err(ErrorKind::IllegalCompression);
    }
    let extensions = check_extensions(&hello.extensions, Place::ClientHello)?;
    // This extension is an error over a transport that is not QUIC (RFC 9001 §8.2).
    let quic = ExtensionType::QUIC_TRANSPORT_PARAMETERS;
    if extensions.has(quic) && opaque != Some(quic) {
        return Err(ErrorKind::UnsolicitedExtension { extension: quic });
    }
    if extensions.has(ExtensionType::PRE_SHARED_KEY) {
        check_pre_shared_key(&hello.extensions)?;
    }

    // Mandatory without a PSK (§9.2).
    let groups = extensions.supported_groups().ok_or(missing(ExtensionType::SUPPORTED_GROUPS))?;
    let shares = extensions.client_shares().ok_or(missing(ExtensionType::KEY_SHARE))?;
    let schemes = extensions.signature_algorithms().ok_or(missing(ExtensionType::SIGNATURE_ALGORITHMS))?;
    check_shares(shares, groups)?;

    let early_data = extensions.early_data();
    if let Some((digest, group)) = retried {
        // The second hello has one share, for the requested group (§4.2.2).
        let answers = shares.iter().map(|share| share.group).eq([group]);
        if hello_digest(hello) != digest || early_data || !answers {
            return Err(ErrorKind::IllegalSecondClientHello);
        }
    }

    let suite = policy.cipher_suites.as_slice().iter().copied().find(|suite| hello.cipher_suites.contains(*suite));
    let suite = suite.and_then(Suite::from).ok_or_else(|| ErrorKind::NoCommonCipherSuite {
        offered: Offered::new(hello.cipher_suites.iter(), |each| each.0),
    })?;
    let preferences = PeerPreferences::read(schemes, &extensions, extensions.status_request());
    if preferences.schemes.is_empty() {
        return Err(no_common_signature_scheme(schemes.iter())); // no credential can help
    }
    let (group, retry) = choose_group(policy.groups.as_slice(), groups, shares)?;

    let record_size_limit = extensions.record_size_limit();
    if record_size_limit.is_some_and(|limit| limit < MIN_RECORD_SIZE_LIMIT) {
        return Err(ErrorKind::IllegalRecordSizeLimit); // RFC 8449 §4; larger than TLS knows is legal
    }
    let protocols = extensions.protocols().filter(|_| !policy.alpn.is_empty());
    let alpn = protocols.map(|offered| choose_protocol(policy, offered)).transpose()?;
    if policy.require_alpn && alpn.is_none() {
        return Err(ErrorKind::NoApplicationProtocol);
    }
    let server_types = extensions.server_certificate_types();
    let client_types = extensions.client_certificate_types();
    let own_type = choose_type(policy.server_certificate_types.as_slice(), server_types)?;
    let peer_type = choose_type(policy.client_certificate_types.as_slice(), client_types)?;
    let server_name = extensions.server_name();
    let server_name = server_name.and_then(|name| ServerName::new(core::str::from_utf8(name).ok()?));
    let client_share = shares.iter().find(|share| share.group == group);
    let client_share = client_share.map(|share| Share::new(group, [share.key_exchange, &[]])).transpose();
    Ok(Choice {
        client_random: *hello.random,
        legacy_session_id: List::collect(hello.legacy_session_id.iter().copied()),
        suite,
        group,
        retry,
        client_share: client_share.map_err(|_| ErrorKind::IllegalKeyShare { group })?,
        early_data,
        server_name: server_name.filter(|name| name.as_dns_name().is_some()).unwrap_or(ServerName::NONE),
        alpn,
        own_type,
        peer_type,
        offers_client_types: client_types.is_some(),
        offers_server_types: server_types.is_some(),
        offers_extension: opaque.is_some_and(|extension| extensions.has(extension)),
        record_size_limit,
        preferences,
    })
}

/// Checks an offer of PSKs. We select none, but the offer must be well-formed (§4.3.9, §4.3.11).
fn check_pre_shared_key(extensions: &Extensions<'_>) -> Result<(), ErrorKind> {
    if !extensions.has(ExtensionType::PSK_KEY_EXCHANGE_MODES) {
        return Err(missing(ExtensionType::PSK_KEY_EXCHANGE_MODES));
    }
    if extensions.last() != Some(ExtensionType::PRE_SHARED_KEY) {
        return Err(ErrorKind::PreSharedKeyNotLast);
    }
    Ok(())
}

/// Checks that no group has two shares, and that each is in supported_groups (§4.3.8).
fn check_shares(
    shares: codec::List<'_, KeyShareEntry<'_>>,
    groups: codec::List<'_, NamedGroup>,
) -> Result<(), ErrorKind> {
    for mut left in Numbers::eighths() {
        for group in groups.iter() {
            left.add(group.0);
        }
        if !shares.iter().all(|share| left.take(share.group.0)) {
            return Err(ErrorKind::InconsistentKeyShares);
        }
    }
    Ok(())
}

/// Our first preference among the shares. Without one: our first preference among the client's groups, which needs a
/// HelloRetryRequest.
fn choose_group(
    ours: &[NamedGroup],
    groups: codec::List<'_, NamedGroup>,
    shares: codec::List<'_, KeyShareEntry<'_>>,
) -> Result<(NamedGroup, bool), ErrorKind> {
    let shared = ours.iter().find_map(|group| shares.iter().find(|share| share.group == *group));
    if let Some(share) = shared {
        let group = share.group;
        check_client_share(group, share.key_exchange).map_err(bad_share(group))?;
        return Ok((group, false));
    }
    match ours.iter().copied().find(|group| groups.contains(*group)) {
        Some(group) => Ok((group, true)),
        None => Err(ErrorKind::NoCommonGroup { offered: Offered::new(groups.iter(), |each| each.0) }),
    }
}

/// Our first preference among the client's application protocols (RFC 7301 §3.2).
fn choose_protocol(policy: &Policy, offered: codec::List<'_, codec::ProtocolName<'_>>) -> Result<NonZeroU8, ErrorKind> {
    let agreed = policy.find_protocol(|ours| offered.iter().any(|each| each.0 == ours));
    agreed.ok_or(ErrorKind::NoApplicationProtocol)
}

/// Our first preference among the types that the client accepts. Without the extension it is X.509 (RFC 7250 §4.2).
fn choose_type(
    ours: &[CertificateType],
    offered: Option<codec::List<'_, CertificateType>>,
) -> Result<CertificateType, ErrorKind> {
    let takes = |each: CertificateType| offered.map_or(each == CertificateType::X509, |list| list.contains(each));
    ours.iter().copied().find(|each| takes(*each)).ok_or(ErrorKind::NoCommonCertificateType)
}
