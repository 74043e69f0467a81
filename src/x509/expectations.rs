//! The expected identities of the peer. They are compared only after the chain has been verified.

use super::hash::sha256;
use super::names::presented;
use super::refusal::RefusalReason;
use super::spiffe::{self, InvalidSpiffeId, SpiffeId, TrustDomain};
use super::text::{Escaped, hex};
use crate::Role;
use crate::asn1::Certificate;
use core::{cell::OnceCell, fmt, net::IpAddr};
use rustls_pki_types::{CertificateDer, DnsName, ServerName};
use std::{format, string::String, string::ToString, vec::Vec};
use webpki::EndEntityCert;

/// An accepted identity. A list of several is an allow-list: one of them must match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expect {
    /// This DNS name in subjectAltName (RFC 9525; `*.example.org` covers one label), never in the common name.
    Dns(DnsName<'static>),
    /// This IP address in subjectAltName.
    Ip(IpAddr),
    /// This SPIFFE ID, in a valid X.509-SVID.
    Spiffe(SpiffeId),
    /// Any SPIFFE ID of this trust domain, in a valid X.509-SVID.
    SpiffeTrustDomain(TrustDomain),
    /// The key with this SHA-256 of its SubjectPublicKeyInfo. Raw public keys (RFC 7250) can match only this. The chain
    /// of a certificate must also be valid.
    Spki([u8; 32]),
    /// Any peer with a valid chain. Only for clients: for a server it would mean "any server that answers".
    AnyTrusted,
}

impl Expect {
    /// [`Expect::Spki`] for this SubjectPublicKeyInfo in DER, as [`SigningKey::public_key`](super::SigningKey) gives
    /// it.
    pub fn public_key(spki: &[u8]) -> Expect {
        Expect::Spki(sha256(spki))
    }
}

/// The text is not a DNS name, address or SPIFFE ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName(String);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is no DNS name, IP address or SPIFFE ID (give it without a port, and without https://)", self.0)
    }
}

impl std::error::Error for InvalidName {}

impl core::str::FromStr for Expect {
    type Err = InvalidName;

    /// `api.internal`, `10.0.0.7`, `::1`, `spiffe://example.org/api`, `spiffe://example.org` (its trust domain).
    fn from_str(text: &str) -> Result<Expect, InvalidName> {
        let error = |why: &str| InvalidName(format!("\"{}\"{why}", Escaped(text)));
        if text.starts_with("spiffe:") {
            let spiffe = |InvalidSpiffeId(why)| error(&format!(" ({why})"));
            return match text.parse::<TrustDomain>() {
                Ok(domain) => Ok(Expect::SpiffeTrustDomain(domain)),
                Err(_) => text.parse().map(Expect::Spiffe).map_err(spiffe),
            };
        }
        match text.parse() {
            Ok(address) => Ok(Expect::Ip(address)),
            Err(_) => match DnsName::try_from(text) {
                Ok(name) => Ok(Expect::Dns(name.to_owned())),
                Err(_) => Err(error("")),
            },
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Dns(name) => write!(f, "DNS name {}", name.as_ref()),
            Expect::Ip(address) => write!(f, "IP address {address}"),
            Expect::Spiffe(id) => write!(f, "{id}"),
            Expect::SpiffeTrustDomain(domain) => write!(f, "trust domain {domain}"),
            Expect::Spki(hash) => write!(f, "the key with SHA-256 {}", hex(hash)),
            Expect::AnyTrusted => f.write_str("any trusted certificate"),
        }
    }
}

/// The peer's own certificate.
pub(super) struct Leaf<'a> {
    pub(super) role: Role,
    pub(super) cert: &'a Certificate<'a>,
    pub(super) end_entity: &'a EndEntityCert<'a>,
}

/// The index of the first of `expected` that a leaf with a valid chain matches. `bound` means that its root vouches for
/// SPIFFE IDs only.
pub(super) fn find(expected: &[Expect], leaf: &Leaf<'_>, bound: bool) -> Result<usize, RefusalReason> {
    let mut invalid_svid = None;
    let spki_hash = OnceCell::new();
    if leaf.role == Role::Server && expected.iter().all(|expect| *expect == Expect::AnyTrusted) {
        return Err(RefusalReason::NothingExpected);
    }
    for (index, expect) in expected.iter().enumerate() {
        match matches(expect, leaf, bound, &spki_hash) {
            Ok(true) => return Ok(index),
            Ok(false) => {}
            Err(fault) => invalid_svid = Some(fault),
        }
    }
    // "No valid SVID" is more precise than "not on the list".
    Err(invalid_svid.unwrap_or_else(|| mismatch(expected, leaf)))
}

fn matches(
    expect: &Expect,
    leaf: &Leaf<'_>,
    bound: bool,
    spki_hash: &OnceCell<[u8; 32]>,
) -> Result<bool, RefusalReason> {
    let svid = || spiffe::svid(leaf.cert).map_err(RefusalReason::Svid);
    Ok(match expect {
        Expect::Dns(_) | Expect::Ip(_) => !bound && is_for(leaf.end_entity, expect),
        Expect::Spiffe(id) => svid()? == id.as_str(),
        Expect::SpiffeTrustDomain(domain) => spiffe::trust_domain(svid()?) == domain.as_str(),
        Expect::Spki(hash) => spki_hash.get_or_init(|| sha256(leaf.cert.spki.raw)) == hash,
        Expect::AnyTrusted => leaf.role == Role::Client,
    })
}

/// Whether a certificate has this name or address in subjectAltName.
fn is_for(certificate: &EndEntityCert<'_>, expect: &Expect) -> bool {
    let name = match expect {
        Expect::Dns(name) => ServerName::DnsName(name.borrow()),
        Expect::Ip(address) => ServerName::IpAddress((*address).into()),
        _ => return false,
    };
    certificate.verify_is_valid_for_subject_name(&name).is_ok()
}

/// Whether a certificate that has been accepted has this name or address.
pub(super) fn names_it(certificate: &[u8], expect: &Expect) -> bool {
    EndEntityCert::try_from(&CertificateDer::from(certificate)).is_ok_and(|certificate| is_for(&certificate, expect))
}

fn mismatch(expected: &[Expect], leaf: &Leaf<'_>) -> RefusalReason {
    let presented = presented(leaf.cert);
    match leaf.role {
        Role::Client => RefusalReason::NotAllowed { presented },
        Role::Server => {
            let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
            RefusalReason::WrongName { expected: expected.join(" or "), presented }
        }
    }
}
