//! One chain against one snapshot: webpki builds and checks the path, our rules judge each path that it finds.

use super::explain::{explain, unknown_status};
use crate::Role;
use crate::x509::asn1::{Cert, only};
use crate::x509::crl;
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Culprit, RefusalReason};
use crate::x509::rules;
use crate::x509::trust::Trust;
use crate::x509::{asn1, spiffe, text};
use core::cell::{Cell, RefCell};
use der::Tag;
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
    /// The presented list is exactly the path used, in order, with nothing else but perhaps the root at its end.
    pub(super) exact: bool,
}

/// A fault, and where.
pub(super) type Located = (Culprit, RefusalReason);

/// Verifies a presented chain in full: `others` are the certificates that came after the leaf. The path's window is
/// computed if it is to be remembered.
pub(super) fn verify(
    trust: &Trust,
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
    remember: bool,
) -> Result<Path, Located> {
    let found = Cell::new(None);
    let refused: RefCell<Option<Located>> = RefCell::new(None);
    let judge = |path: &VerifiedPath<'_>| match examine(trust, leaf.cert, path, others, now, remember) {
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
    let lists = trust.crls.references(now);
    if lists.is_empty() && !trust.crls.is_empty() && !trust.relaxed.unknown_status {
        return Err(unknown_status(trust, leaf.cert, &[], now));
    }
    let revocation = crl::options(&lists, trust.relaxed);
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let purpose = Purpose(leaf.role);
    let result = leaf
        .end_entity
        .verify_for_usage(algorithms, &trust.anchors, others, now, purpose, revocation, Some(&judge))
        .map(drop);
    match (result, found.get()) {
        (Ok(()), Some(path)) => Ok(path),
        (Ok(()), None) => Err((Culprit::Leaf, RefusalReason::TooComplex)),
        (Err(error), _) => match refused.take() {
            Some(refused) => Err(refused),
            None => Err(explain(&error, trust, leaf, others, now)),
        },
    }
}

/// Our rules for a path that webpki has verified.
fn examine(
    trust: &Trust,
    leaf: &Cert<'_>,
    path: &VerifiedPath<'_>,
    presented: &[CertificateDer<'_>],
    now: UnixTime,
    remember: bool,
) -> Result<Path, Located> {
    let root = trust.root_of(path.anchor()).ok_or((Culprit::Leaf, RefusalReason::TooComplex))?;
    let mut window = Window { from: root.not_before, to: root.not_after };
    let of_root = |fault| match rules::read(&root.der) {
        Ok(cert) => (ca(&cert), fault),
        Err(_) => (Culprit::Leaf, fault),
    };
    // RFC 5280 §6.1 leaves the root's own validity to the one who trusts it; an expired root is refused here.
    if now.as_secs() > root.not_after {
        return Err(of_root(RefusalReason::Expired(at(root.not_after))));
    }
    if now.as_secs() < root.not_before {
        return Err(of_root(RefusalReason::NotYetValid(at(root.not_before))));
    }
    let mut narrow = |cert: &Cert<'_>, is_leaf: bool| {
        if remember {
            let (from, to) = cert.validity().map_err(RefusalReason::Malformed)?;
            window.narrow(from, to);
            if !trust.crls.is_empty() && (is_leaf || !trust.relaxed.leaf_only) {
                let (from, to) = trust.crls.window(cert, now, trust.relaxed);
                window.narrow(from, to);
            }
        }
        Ok(())
    };
    let read = |der| rules::read(der).map_err(|fault| (Culprit::Leaf, fault));
    let mut below = *leaf;
    if let Some(domain) = &root.domain {
        let id = spiffe::svid(leaf).map_err(|fault| (Culprit::Leaf, fault))?;
        if spiffe::trust_domain(id) != domain.as_str() {
            return Err((Culprit::Leaf, RefusalReason::ForeignTrustDomain(id.into())));
        }
    }
    narrow(leaf, true).map_err(|fault| (Culprit::Leaf, fault))?;
    let mut direct = true;
    let mut intermediate_count = 0usize;
    let mut exact = true;
    let mut rest = presented.iter();
    let intermediates: [Option<CertificateDer<'_>>; MAX_INTERMEDIATES] = {
        let mut list = [const { None }; MAX_INTERMEDIATES];
        let mut slots = list.iter_mut();
        for cert in path.intermediate_certificates() {
            *slots.next().ok_or((Culprit::Leaf, RefusalReason::PathTooLong))? = Some(cert.der());
        }
        list
    };
    for der in intermediates.iter().flatten() {
        let cert = read(der)?;
        let here = |fault| (ca(&cert), fault);
        rules::intermediate(&cert, trust.strict).map_err(here)?;
        narrow(&cert, false).map_err(here)?;
        exact &= rest.next().is_some_and(|presented| presented == der);
        direct = false;
        // RFC 5280 §6.1.4 (l): self-issued certificates (a CA's key rollover) do not count.
        if cert.issuer != cert.subject {
            intermediate_count = intermediate_count.saturating_add(1);
        }
        below = cert;
    }
    if intermediate_count > trust.max_intermediates {
        return Err((Culprit::Leaf, RefusalReason::PathTooLong));
    }
    // webpki knows no keyUsage of roots.
    if !root.may_sign_crls && !trust.crls.is_empty() && (direct || !trust.relaxed.leaf_only) {
        let covered = only(below.issuer, Tag::Sequence).is_some_and(|issuer| trust.crls.covers(issuer));
        if covered {
            return Err(of_root(RefusalReason::CrlUnusable("its keyUsage lacks cRLSign")));
        }
    }
    // Many servers append the root.
    exact &= match (rest.next(), rest.next()) {
        (None, _) => true,
        (Some(last), None) => last.as_ref() == root.der,
        _ => false,
    };
    Ok(Path { window, bound: root.domain.is_some(), exact })
}

/// webpki's own limit.
const MAX_INTERMEDIATES: usize = 6;

/// extKeyUsage for the peer's role, in every certificate of the path that has one; anyExtendedKeyUsage fits. That the
/// leaf has one is judged by [`rules::leaf`].
struct Purpose(Role);

impl webpki::ExtendedKeyUsageValidator for Purpose {
    fn validate(&self, purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let (wanted, required) = match self.0 {
            Role::Server => (webpki::KeyPurposeId::new(&asn1::SERVER_AUTH), KeyUsage::server_auth()),
            Role::Client => (webpki::KeyPurposeId::new(&asn1::CLIENT_AUTH), KeyUsage::client_auth()),
        };
        let any = webpki::KeyPurposeId::new(&asn1::ANY_PURPOSE);
        let mut absent = true;
        for purpose in purposes {
            absent = false;
            let purpose = purpose?;
            if purpose == wanted || purpose == any {
                return Ok(());
            }
        }
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

/// A CA as the culprit.
pub(super) fn ca(cert: &Cert<'_>) -> Culprit {
    Culprit::Ca { subject: text::name(cert.subject), serial: text::serial(cert.serial) }
}
