//! A path that webpki has found and checked, and what our rules say of it.

use crate::asn1::{Certificate, GeneralName};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason};
use crate::x509::revocation::Issuer;
use crate::x509::rules;
use crate::x509::spiffe;
use crate::x509::text::shown;
use crate::x509::trust::{Root, Trust};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use webpki::VerifiedPath;

/// webpki's own limit.
pub(super) const MAX_INTERMEDIATES: usize = 6;

/// The time during which a verified path keeps holding, in seconds since 1970, both ends included: the latest notBefore
/// to the earliest of notAfter and nextUpdate over the path used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Window {
    pub(super) fn contains(self, now: UnixTime) -> bool {
        (self.from..=self.to).contains(&now.as_secs())
    }

    pub(super) fn narrow(&mut self, from: u64, to: u64) {
        self.from = self.from.max(from);
        self.to = self.to.min(to);
    }
}

/// A chain that holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    pub(super) window: Window,
    /// Its root vouches for one SPIFFE trust domain only (to which the leaf belongs).
    pub(super) bound: bool,
    /// Which of the snapshot's roots it leads to.
    pub(super) root: u16,
    /// The intermediates used, from the leaf upwards, by their places in the presented list; the leaf's is 0.
    pub(super) places: [u16; MAX_INTERMEDIATES],
    pub(super) intermediates: u8,
}

impl Path {
    /// The places of the certificates used, leaf first.
    pub(super) fn presented_at(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        let intermediates = self.places.iter().take(self.intermediates.into());
        core::iter::once(0).chain(intermediates.map(|place| usize::from(*place)))
    }
}

/// The place of the intermediate with this index, if they are presented in order.
fn place(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX).saturating_add(1)
}

/// Our rules for a path that webpki has verified.
pub(super) fn examine(
    trust: &Trust,
    root: &Root,
    Leaf { role, cert: leaf, .. }: &Leaf<'_>,
    path: &VerifiedPath<'_>,
    presented: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Path, Fault> {
    let mut window = Window { from: root.not_before, to: root.not_after };
    let of_root = |reason| match rules::read(&root.der) {
        Ok(cert) => (FaultyCertificate::root(&cert), reason),
        Err(unreadable) => (FaultyCertificate::Leaf, unreadable),
    };
    let of_leaf = |reason| (FaultyCertificate::Leaf, reason);
    // RFC 5280 §6.1 leaves the root's own validity to the one who trusts it; an expired root is refused here.
    if now.as_secs() > root.not_after {
        return Err(of_root(RefusalReason::Expired(at(root.not_after))));
    }
    if now.as_secs() < root.not_before {
        return Err(of_root(RefusalReason::NotYetValid(at(root.not_before))));
    }
    // RFC 5280 §6.2 leaves it to us whether what a root says of itself limits what it vouches for. It does.
    if !root.serves(*role) {
        return Err(of_root(RefusalReason::ExtKeyUsage(*role)));
    }
    vouches(trust, root, leaf).map_err(of_leaf)?;
    window.narrow(leaf.not_before.unix(), leaf.not_after.unix());
    // Asked of each certificate below the root, once its issuer is known.
    let mut below = (FaultyAt::Leaf, **leaf);
    let revocation = |(at, cert): &(FaultyAt<'_>, Certificate<'_>), issuer: &Certificate<'_>| {
        let is_leaf = matches!(at, FaultyAt::Leaf);
        let status = trust.revocation.check(cert, is_leaf, &Issuer::new(issuer), now, trust.relaxed);
        status.map_err(|reason| (at.certificate(), reason))
    };
    // webpki takes no more than we have places for.
    let too_long = || {
        let (intermediates, most) = (path.intermediate_certificates().count(), MAX_INTERMEDIATES);
        of_leaf(RefusalReason::PathTooLong { intermediates, most })
    };
    // The first certificate whose only e-mail address stands in its subject.
    let mut addressed = rules::has_address_in_subject(leaf).then_some(FaultyAt::Leaf);
    let constrained = |at: &FaultyAt<'_>| (at.certificate(), RefusalReason::UnsupportedConstraint(rules::ADDRESSES));
    let mut places = [0; MAX_INTERMEDIATES];
    let mut slots = places.iter_mut();
    for used in path.intermediate_certificates().map(|cert| cert.der()) {
        let found = presented.iter().enumerate().find(|(_, der)| **der == used);
        let ((index, der), slot) = found.zip(slots.next()).ok_or_else(too_long)?;
        *slot = place(index);
        let here = FaultyAt::Intermediate(place(index), der);
        let cert = rules::read(der).map_err(|reason| (here.certificate(), reason))?;
        trust.rules.intermediate(&cert).map_err(|reason| (here.certificate(), reason))?;
        window.narrow(cert.not_before.unix(), cert.not_after.unix());
        let (from, to) = revocation(&below, &cert)?;
        window.narrow(from, to);
        if let Some(addressed) = addressed.filter(|_| rules::constrains_addresses(&cert)) {
            return Err(constrained(&addressed));
        }
        addressed = addressed.or(rules::has_address_in_subject(&cert).then_some(here));
        below = (here, cert);
    }
    if let Some(addressed) = addressed.filter(|_| root.constrains_addresses) {
        return Err(constrained(&addressed));
    }
    let intermediates = MAX_INTERMEDIATES.saturating_sub(slots.len());
    let path_len = root.path_len.and_then(|most| usize::try_from(most).ok());
    if intermediates > path_len.unwrap_or(usize::MAX).min(trust.max_intermediates) {
        // RFC 5280 §6.1.4 (l): self-issued certificates (a CA's key rollover) do not count.
        let counts = |der: &CertificateDer<'_>| !rules::read(der).is_ok_and(|cert| cert.is_self_issued());
        let counted = path.intermediate_certificates().filter(|cert| counts(&cert.der())).count();
        if counted > trust.max_intermediates {
            let most = trust.max_intermediates;
            return Err(of_leaf(RefusalReason::PathTooLong { intermediates: counted, most }));
        }
        if let Some(most) = path_len.filter(|most| counted > *most) {
            return Err(of_root(RefusalReason::PathLength { below: counted, most }));
        }
    }
    if trust.revocation.is_asked() {
        let root = rules::read(&root.der).map_err(of_leaf)?;
        let (from, to) = revocation(&below, &root)?;
        window.narrow(from, to);
    }
    let intermediates = u8::try_from(intermediates).unwrap_or(u8::MAX);
    let index = trust.roots.iter().position(|known| core::ptr::eq(known, root));
    let index = index.and_then(|index| u16::try_from(index).ok()).unwrap_or(u16::MAX);
    Ok(Path { window, bound: root.domain.is_some(), root: index, places, intermediates })
}

/// Where in the chain a certificate stands that may be at fault.
#[derive(Clone, Copy)]
enum FaultyAt<'a> {
    Leaf,
    Intermediate(u16, &'a [u8]),
}

impl FaultyAt<'_> {
    fn certificate(&self) -> FaultyCertificate {
        match self {
            FaultyAt::Leaf => FaultyCertificate::Leaf,
            FaultyAt::Intermediate(place, der) => FaultyCertificate::presented((*place).into(), der),
        }
    }
}

/// Is it for this root to vouch for the leaf's SPIFFE ID? A root bound to a trust domain vouches for its IDs and nothing
/// else; no other root vouches for IDs of a domain that has roots of its own.
fn vouches(trust: &Trust, root: &Root, leaf: &Certificate<'_>) -> Result<(), RefusalReason> {
    if let Some(domain) = &root.domain {
        let id = spiffe::svid(leaf).map_err(RefusalReason::Svid)?;
        return match spiffe::trust_domain(id) == domain.as_str() {
            true => Ok(()),
            false => Err(RefusalReason::ForeignTrustDomain(id.into())),
        };
    }
    let bound = || trust.roots.iter().filter_map(|root| root.domain.as_ref());
    let foreign = leaf.names().find_map(|name| match name {
        GeneralName::Uri(uri) if bound().any(|domain| domain.claims(uri)) => Some(uri),
        _ => None,
    });
    foreign.map_or(Ok(()), |uri| Err(RefusalReason::ForeignTrustDomain(shown(uri))))
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}
