//! A path that webpki has found and checked, and our rules for it.

use crate::asn1::{Certificate, GeneralName};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason, of_leaf};
use crate::x509::revocation::Issuer;
use crate::x509::rules;
use crate::x509::spiffe;
use crate::x509::text::shown;
use crate::x509::time::Window;
use crate::x509::trust::{Root, Trust};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::VerifiedPath;

/// webpki's own limit.
pub(super) const MAX_INTERMEDIATES: usize = 6;

/// A valid chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    /// How long it is valid: from the latest notBefore to the earliest of notAfter and nextUpdate.
    pub(super) window: Window,
    /// Its root is accepted for one SPIFFE trust domain only (to which the leaf belongs).
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

/// Our rules for a path that webpki has verified.
pub(super) fn examine(
    trust: &Trust,
    root: &Root,
    Leaf { role, cert: leaf, .. }: &Leaf<'_>,
    path: &VerifiedPath<'_>,
    presented: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Path, Fault> {
    let mut window = root.validity;
    let of_root = |reason| match rules::read(&root.der) {
        Ok(cert) => (FaultyCertificate::root(&cert), reason),
        Err(unreadable) => of_leaf(unreadable),
    };
    // RFC 5280 §6.1 does not decide whether an expired root is trusted; it is refused here.
    root.validity.check(now).map_err(of_root)?;
    // RFC 5280 §6.2 lets us decide whether a root's own extensions limit its paths. They do.
    if !root.serves(*role) {
        return Err(of_root(RefusalReason::ExtKeyUsage(*role)));
    }
    vouches(trust, root, leaf).map_err(of_leaf)?;
    window.narrow(Window::of(leaf));
    // Checked for each certificate below the root, when its issuer is known.
    let mut below = (0, **leaf);
    let revocation = |(place, cert): &(usize, Certificate<'_>), issuer: &Certificate<'_>| {
        let status = trust.revocation.check(cert, *place == 0, &Issuer::new(issuer), now, trust.relaxed);
        status.map_err(|reason| (FaultyCertificate::presented(*place, cert.der), reason))
    };
    // webpki accepts no more than we have places for.
    let too_long = || {
        let (intermediates, most) = (path.intermediate_certificates().count(), MAX_INTERMEDIATES);
        of_leaf(RefusalReason::PathTooLong { intermediates, most })
    };
    // The first certificate whose only e-mail address is in its subject.
    let mut addressed = rules::has_address_in_subject(leaf).then_some((0, leaf.der));
    let constrained = |(place, der): (usize, &[u8])| {
        (FaultyCertificate::presented(place, der), RefusalReason::UnsupportedConstraint(rules::ADDRESSES))
    };
    let mut places = [0; MAX_INTERMEDIATES];
    let mut slots = places.iter_mut();
    for used in path.intermediate_certificates().map(|cert| cert.der()) {
        let found = (1..).zip(presented).find(|(_, der)| **der == used);
        let ((place, der), slot) = found.zip(slots.next()).ok_or_else(too_long)?;
        *slot = u16::try_from(place).unwrap_or(u16::MAX);
        let here = |reason| (FaultyCertificate::presented(place, der), reason);
        let cert = rules::read(der).map_err(here)?;
        trust.rules.intermediate(&cert).map_err(here)?;
        window.narrow(Window::of(&cert));
        window.narrow(revocation(&below, &cert)?);
        if let Some(addressed) = addressed.filter(|_| rules::constrains_addresses(&cert)) {
            return Err(constrained(addressed));
        }
        addressed = addressed.or(rules::has_address_in_subject(&cert).then_some((place, &**der)));
        below = (place, cert);
    }
    if let Some(addressed) = addressed.filter(|_| root.constrains_addresses) {
        return Err(constrained(addressed));
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
        window.narrow(revocation(&below, &root)?);
    }
    let intermediates = u8::try_from(intermediates).unwrap_or(u8::MAX);
    let index = trust.roots.iter().position(|known| core::ptr::eq(known, root));
    let index = index.and_then(|index| u16::try_from(index).ok()).unwrap_or(u16::MAX);
    Ok(Path { window, bound: root.domain.is_some(), root: index, places, intermediates })
}

/// Whether this root is accepted for the leaf's SPIFFE ID. A root that is bound to a trust domain is accepted only for
/// IDs of this domain. If a domain has roots of its own, no other root is accepted for its IDs.
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
