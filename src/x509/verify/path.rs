//! One chain against one snapshot: webpki builds and checks the path, our rules judge each path that it finds.

use super::explain::explain;
use crate::Role;
use crate::asn1::{Certificate, GeneralName, Oid, oid};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason};
use crate::x509::revocation::Issuer;
use crate::x509::rules::{self, Rules};
use crate::x509::spiffe;
use crate::x509::text::shown;
use crate::x509::trust::{Root, Trust};
use core::cell::{Cell, RefCell};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{time::Duration, vec::Vec};
use webpki::{Error, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext, VerifiedPath};

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

    fn narrow(&mut self, from: u64, to: u64) {
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
    /// The intermediates used, from the leaf upwards, by their places in the presented list; the leaf's is 0.
    pub(super) places: [u16; MAX_INTERMEDIATES],
    pub(super) intermediates: u8,
    /// The presented list is exactly the path used, in order, with nothing else but perhaps the root at its end.
    pub(super) exact: bool,
}

impl Path {
    /// A path that uses the first `intermediates` certificates after the leaf, in order, and no others.
    pub(super) fn exact(window: Window, bound: bool, intermediates: u8) -> Path {
        Path { window, bound, places: core::array::from_fn(place), intermediates, exact: true }
    }

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

/// Verifies a presented chain in full: `others` are the certificates that came after the leaf.
pub(super) fn verify(
    trust: &Trust,
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Path, Fault> {
    let found = Cell::new(None);
    let refused: RefCell<Option<Fault>> = RefCell::new(None);
    let judge = |path: &VerifiedPath<'_>| match examine(trust, leaf, path, others, now) {
        Ok(path) => {
            found.set(Some(path));
            Ok(())
        }
        Err(fault) => {
            // The first path's fault is told; webpki goes on looking for another path.
            refused.borrow_mut().get_or_insert(fault);
            Err(Error::UnknownIssuer)
        }
    };
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let purpose = Purpose(trust.rules, leaf.role);
    let result = leaf
        .end_entity
        .verify_for_usage(algorithms, &trust.anchors, others, now, purpose, None, Some(&judge))
        .map(drop);
    match (result, found.get()) {
        (Ok(()), Some(path)) => Ok(path),
        (Ok(()), None) => Err((FaultyCertificate::Leaf, RefusalReason::TooComplex)),
        (Err(error), _) => match refused.take() {
            Some(refused) => Err(refused),
            None => Err(explain(&error, trust, leaf, others)),
        },
    }
}

/// Our rules for a path that webpki has verified.
fn examine(
    trust: &Trust,
    Leaf { role, cert: leaf, .. }: &Leaf<'_>,
    path: &VerifiedPath<'_>,
    presented: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Path, Fault> {
    let root = trust.root_of(path.anchor()).ok_or((FaultyCertificate::Leaf, RefusalReason::TooComplex))?;
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
    let mut counted = 0usize;
    let mut places = [0; MAX_INTERMEDIATES];
    let mut slots = places.iter_mut();
    for used in path.intermediate_certificates().map(|cert| cert.der()) {
        let found = presented.iter().enumerate().find(|(_, der)| **der == used);
        let ((index, der), slot) = found.zip(slots.next()).ok_or(of_leaf(RefusalReason::PathTooLong))?;
        *slot = place(index);
        let here = FaultyAt::Intermediate(place(index), der);
        let cert = rules::read(der).map_err(|reason| (here.certificate(), reason))?;
        trust.rules.intermediate(&cert).map_err(|reason| (here.certificate(), reason))?;
        window.narrow(cert.not_before.unix(), cert.not_after.unix());
        let (from, to) = revocation(&below, &cert)?;
        window.narrow(from, to);
        // RFC 5280 §6.1.4 (l): self-issued certificates (a CA's key rollover) do not count.
        if !cert.is_self_issued() {
            counted = counted.saturating_add(1);
        }
        below = (here, cert);
    }
    let intermediates = MAX_INTERMEDIATES.saturating_sub(slots.len());
    if counted > trust.max_intermediates {
        return Err(of_leaf(RefusalReason::PathTooLong));
    }
    if root.path_len.is_some_and(|most| usize::try_from(most).is_ok_and(|most| counted > most)) {
        return Err(of_root(RefusalReason::PathTooLong));
    }
    if trust.revocation.is_asked() {
        let root = rules::read(&root.der).map_err(of_leaf)?;
        let (from, to) = revocation(&below, &root)?;
        window.narrow(from, to);
    }
    let in_order = places.iter().take(intermediates).enumerate().all(|(index, at)| *at == place(index));
    // Many servers append the root.
    let exact = in_order
        && match presented.get(intermediates..) {
            Some([]) => true,
            Some([last]) => last.as_ref() == root.der,
            _ => false,
        };
    let intermediates = u8::try_from(intermediates).unwrap_or(u8::MAX);
    Ok(Path { window, bound: root.domain.is_some(), places, intermediates, exact })
}

/// Where in the chain a certificate stands that may be at fault.
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

/// webpki's own limit.
const MAX_INTERMEDIATES: usize = 6;

/// extKeyUsage for the peer's role, in every certificate of the path that has one; anyExtendedKeyUsage fits. That the
/// leaf has one is judged by [`rules::leaf`].
struct Purpose(Rules, Role);

impl webpki::ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let Purpose(rules, role) = *self;
        let mut absent = true;
        for purpose in purposes {
            let purpose = purpose?;
            let is = |id: Oid<'_>| purpose == webpki::KeyPurposeId::new(id.content());
            if rules.purposes(role).chain([oid::ANY_EXTENDED_KEY_USAGE]).any(is) {
                return Ok(());
            }
            absent = false;
        }
        let required = match role {
            Role::Server => KeyUsage::server_auth(),
            Role::Client => KeyUsage::client_auth(),
        };
        match absent {
            true => Ok(()),
            false => {
                Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present: Vec::new() }))
            }
        }
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}
