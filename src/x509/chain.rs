//! One chain against one snapshot: webpki builds and checks the path, our rules judge each path it finds, and a
//! failure is explained with the certificate at fault.

use super::asn1::{Cert, Id, only};
use super::crl::{self, unusable};
use super::expect::Leaf;
use super::refusal::{Culprit, RefusalReason};
use super::trust::Trust;
use super::{asn1, rules, spiffe, text};
use crate::Role;
use core::cell::{Cell, RefCell};
use der::Tag;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{string::String, time::Duration, vec::Vec};
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
fn ca(cert: &Cert<'_>) -> Culprit {
    Culprit::Ca { subject: text::name(cert.subject), serial: text::serial(cert.serial) }
}

/// What webpki's error means, and which certificate it means: webpki does not say, so the presented chain is searched
/// for it. Only after a refusal, so cost does not matter.
fn explain(error: &Error, trust: &Trust, leaf: &Leaf<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> Located {
    let (role, leaf_cert) = (leaf.role, leaf.cert);
    let cas: Vec<Cert<'_>> = others.iter().filter_map(|der| Cert::read(der).ok()).collect();
    let located = |fault: RefusalReason, guilty: &dyn Fn(&Cert<'_>) -> bool| match guilty(leaf_cert) {
        true => (Culprit::Leaf, fault),
        false => (cas.iter().find(|cert| guilty(cert)).map_or(Culprit::Leaf, ca), fault),
    };
    match error {
        Error::CertExpired { not_after, .. } => located(RefusalReason::Expired(*not_after), &|cert| {
            cert.validity().is_ok_and(|(_, to)| to == not_after.as_secs())
        }),
        Error::CertNotValidYet { not_before, .. } => {
            let guilty = |cert: &Cert<'_>| cert.validity().is_ok_and(|(from, _)| from == not_before.as_secs());
            located(RefusalReason::NotYetValid(*not_before), &guilty)
        }
        Error::InvalidCertValidity => {
            let fault = RefusalReason::Malformed("its validity ends before it begins");
            located(fault, &|cert| cert.validity().is_ok_and(|(from, to)| from > to))
        }
        Error::BadDerTime => {
            located(RefusalReason::Malformed("its validity is malformed"), &|cert| cert.validity().is_err())
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            located(RefusalReason::ExtKeyUsage(role), &|cert| match cert.purposes() {
                Some(_) => rules::purpose(cert, role, false).eq(&false),
                None => false,
            })
        }
        Error::CertRevoked => located(RefusalReason::Revoked, &|cert| trust.crls.revokes(cert)),
        Error::UnknownRevocationStatus => unknown_status(trust, leaf_cert, &cas, now),
        Error::CrlExpired { next_update, .. } => (Culprit::Leaf, RefusalReason::CrlExpired(*next_update)),
        Error::IssuerNotCrlSigner
        | Error::InvalidCrlSignatureForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            (Culprit::Leaf, RefusalReason::CrlUnusable(unusable(error)))
        }
        Error::CaUsedAsEndEntity => (Culprit::Leaf, RefusalReason::CaAsLeaf),
        Error::EndEntityUsedAsCa => {
            located(RefusalReason::NotCa, &|cert| cert.der != leaf_cert.der && !matches!(cert.is_ca(), Ok(Some(true))))
        }
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            (Culprit::Leaf, RefusalReason::PathTooLong)
        }
        Error::NameConstraintViolation | Error::MalformedNameConstraint | Error::InvalidNetworkMaskConstraint => {
            (Culprit::Leaf, constraint(trust, leaf_cert, &cas))
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => (Culprit::Leaf, RefusalReason::TooComplex),
        Error::UnsupportedSignatureAlgorithmContext(context) => {
            (Culprit::Leaf, signature_algorithm(&context.signature_algorithm_id))
        }
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            match cas.iter().find(|cert| rules::public_key(cert).is_err()) {
                Some(weak) => (ca(weak), RefusalReason::UnsupportedKey),
                None => (Culprit::Leaf, RefusalReason::BadSignature),
            }
        }
        Error::InvalidSignatureForPublicKey => match cas.iter().find(|cert| rules::public_key(cert).is_err()) {
            // A key too small to be used cannot verify anything.
            Some(weak) => (ca(weak), RefusalReason::UnsupportedKey),
            None => other_key(trust, leaf_cert, &cas),
        },
        Error::UnknownIssuer => unknown_issuer(trust, leaf_cert, &cas, others),
        Error::SignatureAlgorithmMismatch => {
            (Culprit::Leaf, RefusalReason::Malformed("its two signature algorithms differ"))
        }
        _ => (Culprit::Leaf, RefusalReason::Malformed("it or its chain breaks the rules of X.509")),
    }
}

/// What webpki cannot read.
pub(super) fn unreadable(error: &Error) -> RefusalReason {
    match error {
        Error::UnsupportedCriticalExtension => RefusalReason::CriticalExtension,
        Error::SignatureAlgorithmMismatch => RefusalReason::Malformed("its two signature algorithms differ"),
        _ => RefusalReason::Malformed("it or its chain breaks the rules of X.509"),
    }
}

/// The certificates from the leaf upwards, as far as the presented ones go by name.
fn climb<'a, 'c>(leaf: &'a Cert<'c>, cas: &'a [Cert<'c>]) -> impl Iterator<Item = &'a Cert<'c>> {
    let mut next = Some(leaf);
    let mut left = cas.len();
    core::iter::from_fn(move || {
        let here = next?;
        next = cas.iter().find(|ca| ca.subject == here.issuer && ca.der != here.der);
        match left.checked_sub(1) {
            Some(fewer) => left = fewer,
            None => next = None,
        }
        Some(here)
    })
}

fn unknown_issuer(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>], others: &[CertificateDer<'_>]) -> Located {
    if let Some(fault) = others.iter().find_map(|der| rules::read(der).err()) {
        return (Culprit::Leaf, fault);
    }
    let top = climb(leaf, cas).last().unwrap_or(leaf);
    // A root that is known but was not usable would have been reported when it was loaded.
    match trust.roots.iter().any(|root| Cert::read(&root.der).is_ok_and(|root| root.subject == top.issuer)) {
        true => (Culprit::Leaf, RefusalReason::BadSignature),
        false => (Culprit::Leaf, RefusalReason::UnknownIssuer(issuer_name(top))),
    }
}

fn issuer_name(cert: &Cert<'_>) -> String {
    match text::name(cert.issuer) {
        name if name.is_empty() => "an issuer without a name".into(),
        name => name,
    }
}

/// A wrong signature: is it a forgery, or another CA of the same name? The key identifiers tell.
fn other_key(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>]) -> Located {
    for cert in climb(leaf, cas) {
        let Some(wanted) = cert.issuer_key_id() else { continue };
        let mut of_name = trust.roots.iter().filter_map(|root| Cert::read(&root.der).ok());
        let mut known = false;
        let fits = of_name.by_ref().filter(|root| root.subject == cert.issuer).any(|root| {
            known = true;
            root.key_id().is_none_or(|id| id == wanted)
        });
        if known && !fits && !cas.iter().any(|ca| ca.key_id() == Some(wanted)) {
            return (Culprit::Leaf, RefusalReason::OtherRootKey(issuer_name(cert)));
        }
    }
    (Culprit::Leaf, RefusalReason::BadSignature)
}

fn unknown_status(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>], now: UnixTime) -> Located {
    let covers = |cert: &Cert<'_>| {
        let issuer = only(cert.issuer, Tag::Sequence).unwrap_or_default();
        trust.crls.references(now).iter().any(|list| list.issuer() == issuer)
    };
    let cert = climb(leaf, cas).find(|cert| !covers(cert)).unwrap_or(leaf);
    let issuer = only(cert.issuer, Tag::Sequence).unwrap_or_default();
    let unknown = || RefusalReason::StatusUnknown(issuer_name(cert));
    let fault = trust.crls.not_yet_valid(issuer, now).unwrap_or_else(unknown);
    (if cert.der == leaf.der { Culprit::Leaf } else { ca(cert) }, fault)
}

/// webpki refuses every name of a kind that it cannot compare; tell that from a name outside its constraints.
fn constraint(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>]) -> RefusalReason {
    let roots = trust.roots.iter().filter_map(|root| Cert::read(&root.der).ok());
    let top = climb(leaf, cas).last().map(|top| top.issuer);
    let roots: Vec<Cert<'_>> = roots.filter(|root| Some(root.subject) == top).collect();
    let mut constraints = cas.iter().chain(&roots).filter_map(|cert| cert.extension(Id::NameConstraints));
    constraints
        .find_map(|extension| rules::unsupported_constraint(extension.value, leaf))
        .map_or(RefusalReason::NameConstraints, RefusalReason::UnsupportedConstraint)
}

/// Names the broken algorithms; `id` is the content of an AlgorithmIdentifier.
fn signature_algorithm(id: &[u8]) -> RefusalReason {
    let oid = asn1::reader(id).and_then(|mut id| asn1::expect(&mut id, Tag::ObjectIdentifier)).unwrap_or_default();
    match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4] => RefusalReason::WeakSignature("MD5"),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5] => RefusalReason::WeakSignature("SHA-1"),
        // ecdsa-with-SHA1, dsa-with-sha1.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] | [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] => {
            RefusalReason::WeakSignature("SHA-1")
        }
        oid => RefusalReason::UnsupportedSignature(text::hex(oid)),
    }
}
