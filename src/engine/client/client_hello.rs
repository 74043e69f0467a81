//! The ClientHello that we send (RFC 9846 §4.2.2). A server may answer only what it offers.

use crate::codec::{
    CertificateType, CipherSuite, ExtensionType, KeyShareParts, MESSAGE_HEADER, NamedGroup, TLS13, Writer,
    write_client_hello, write_hello_retry_request,
};
use crate::crypto::{KeyExchange, Share, share_lens};
use crate::engine::effects::{Plan, plan};
use crate::engine::negotiated::Negotiated;
use crate::error::ErrorKind;
use crate::limits::MAX_COOKIE;
use crate::list::List;
use crate::policy::{Bytes, Policy};

/// Starts the key exchange of one ClientHello: one share for each of `groups`, in the policy's order (§4.3.8).
pub(super) fn start_shares(policy: &Policy, groups: &[NamedGroup]) -> Result<KeyExchange, ErrorKind> {
    let offered = policy.groups.as_slice().iter().copied().filter(|group| groups.contains(group));
    KeyExchange::start(offered, policy.crypto).map_err(|_| ErrorKind::CryptoFailed)
}

/// What a ClientHello is written from, beside the policy and the negotiated parameters.
pub(super) struct Hello {
    pub(super) session_id: [u8; 32],
    pub(super) shares: KeyExchange,
}

impl Hello {
    /// legacy_session_id: 32 random bytes for the middleboxes, or none (§E.4).
    pub(super) fn legacy_session_id(&self, negotiated: &Negotiated) -> &[u8] {
        if negotiated.middlebox_compatibility { &self.session_id } else { &[] }
    }

    /// Writes ClientHello (§4.2.2). The second differs from the first only by what HelloRetryRequest requires: share, cookie.
    pub(super) fn write(&self, policy: &Policy, negotiated: &Negotiated, cookie: Option<&[u8]>, w: &mut Writer<'_>) {
        write_hello(policy, negotiated, self.legacy_session_id(negotiated), self.shares.shares(), cookie, w);
    }
}

fn write_hello<'a>(
    policy: &Policy,
    negotiated: &Negotiated,
    session_id: &[u8],
    shares: impl Iterator<Item = KeyShareParts<'a>>,
    cookie: Option<&[u8]>,
    w: &mut Writer<'_>,
) {
    let suites = policy.cipher_suites.as_slice().iter().copied();
    write_client_hello(w, &negotiated.client_random, session_id, suites, |w| {
        if let Some(name) = negotiated.server_name.as_dns_name() {
            w.server_name(name.as_bytes());
        }
        w.supported_groups(policy.groups.as_slice().iter().copied());
        w.signature_algorithms(policy.signature_schemes.as_slice().iter().copied());
        if let Some(schemes) = policy.announced_schemes_cert() {
            w.signature_algorithms_cert(schemes.iter().copied());
        }
        if !policy.alpn.is_empty() {
            w.protocols(policy.protocols());
        }
        if policy.request_ocsp_staple {
            w.status_request();
        }
        if policy.request_scts {
            w.sct_request();
        }
        if let Some(limit) = policy.record_size_limit {
            w.record_size_limit(limit);
        }
        if offers_types(&policy.client_certificate_types) {
            w.client_certificate_types(policy.client_certificate_types.as_slice().iter().copied());
        }
        if offers_types(&policy.server_certificate_types) {
            w.server_certificate_types(policy.server_certificate_types.as_slice().iter().copied());
        }
        w.supported_versions([TLS13]);
        if let Some(cookie) = cookie {
            w.cookie(cookie);
        }
        if let Some((extension, body)) = &negotiated.extension {
            w.extension(*extension, |w| w.bytes(body.as_slice()));
        }
        w.client_shares(shares);
    });
}

/// The longest cookie that we echo. The policy's limit for messages holds for HelloRetryRequest, too, which has at least
/// the cookie and supported_versions.
fn longest_cookie(policy: &Policy, session_id: &[u8]) -> &'static [u8] {
    let mut retry = Writer::counting();
    write_hello_retry_request(&mut retry, session_id, CipherSuite(0), |w| {
        w.selected_version(TLS13);
        w.cookie(&[]);
    });
    let beside = retry.len().saturating_sub(MESSAGE_HEADER);
    let any_cookie: &[u8] = &[0; MAX_COOKIE];
    any_cookie.get(..policy.max_message.saturating_sub(beside)).unwrap_or(any_cookie)
}

/// Plans the longest ClientHello: the first, or the second with the longest cookie. Both have the longest server name.
pub(crate) fn plan_longest_hello(
    policy: &Policy,
    extension: Option<&Bytes>,
    second: bool,
    out: &mut impl Plan,
) -> Result<(), ErrorKind> {
    let negotiated = Negotiated::longest(policy.middlebox_compatibility, extension);
    let session_id = if policy.middlebox_compatibility { &[0; 32][..] } else { &[] };
    let any_share = [0; Share::MAX_LEN];
    let share = |group: &NamedGroup| {
        let [len, _] = share_lens(*group);
        KeyShareParts { group: *group, key_exchange: [any_share.get(..len).unwrap_or_default(), &[]] }
    };
    let longest = policy.groups.as_slice().iter().max_by_key(|group| share_lens(**group));
    let (groups, cookie) = match second {
        true => (longest.map_or(&[][..], core::slice::from_ref), Some(longest_cookie(policy, session_id))),
        false => (policy.key_shares.as_slice(), None),
    };
    if second && policy.middlebox_compatibility {
        out.change_cipher_spec();
    }
    plan(out, |w| write_hello(policy, &negotiated, session_id, groups.iter().map(share), cookie, w))
}

/// X.509 as the only type is not sent (RFC 7250 §4.1).
fn offers_types(types: &List<CertificateType, 2>) -> bool {
    types.as_slice() != [CertificateType::X509]
}

/// Whether our ClientHello has this extension. A server may answer no other (§4.3).
pub(super) fn offered(policy: &Policy, negotiated: &Negotiated, extension: ExtensionType) -> bool {
    match extension {
        ExtensionType::SUPPORTED_GROUPS
        | ExtensionType::SIGNATURE_ALGORITHMS
        | ExtensionType::SUPPORTED_VERSIONS
        | ExtensionType::KEY_SHARE => true,
        ExtensionType::SERVER_NAME => negotiated.server_name.as_dns_name().is_some(),
        ExtensionType::SIGNATURE_ALGORITHMS_CERT => policy.announced_schemes_cert().is_some(),
        ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => !policy.alpn.is_empty(),
        ExtensionType::STATUS_REQUEST => policy.request_ocsp_staple,
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => policy.request_scts,
        ExtensionType::RECORD_SIZE_LIMIT => policy.record_size_limit.is_some(),
        ExtensionType::CLIENT_CERTIFICATE_TYPE => offers_types(&policy.client_certificate_types),
        ExtensionType::SERVER_CERTIFICATE_TYPE => offers_types(&policy.server_certificate_types),
        other => negotiated.is_opaque(other),
    }
}
