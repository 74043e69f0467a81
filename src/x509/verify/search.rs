//! Verifies one chain with one snapshot: webpki searches a path to one of our roots and checks it, and our rules judge
//! each path that it finds.

use super::diagnosis::diagnose;
use super::memo;
use super::options::JudgeOptions;
use super::path::{Path, examine};
use crate::Role;
use crate::asn1::{Certificate, Oid, oid};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, RefusalReason, of_leaf};
use crate::x509::rules::{self, Rules};
use crate::x509::signatures::ALGORITHMS;
use crate::x509::trust::{Root, Trust};
use core::cell::{Cell, RefCell};
use rustls_pki_types::{CertificateDer, Der, SignatureVerificationAlgorithm, TrustAnchor};
use std::vec::Vec;
use webpki::{Error, KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext, VerifiedPath};

/// Why a search has found no path.
enum NoPath {
    /// There is one, and our rules refuse it.
    Refused(Fault),
    /// webpki has found none.
    Failed(Error),
}

/// Verifies a presented chain in full: `others` are the certificates that came after the leaf.
pub(super) fn search(
    trust: &Trust,
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    options: &JudgeOptions<'_>,
) -> Result<Path, Fault> {
    let error = match attempt(trust, leaf, others, options, &trust.anchors, &|index| trust.roots.get(index)) {
        Ok(path) => return Ok(path),
        Err(NoPath::Refused(fault)) => return Err(fault),
        Err(NoPath::Failed(error)) => error,
    };
    // From here on cost matters less: a chain with correctly encoded names is accepted before this.
    let roots: Vec<Certificate<'_>> = trust.roots.iter().filter_map(|root| rules::read(&root.der).ok()).collect();
    let aliases = aliases(trust, &roots, leaf, others);
    if !aliases.is_empty() {
        let (anchors, roots): (Vec<TrustAnchor<'_>>, Vec<&Root>) = aliases.into_iter().unzip();
        match attempt(trust, leaf, others, options, &anchors, &|index| roots.get(index).copied()) {
            Ok(path) => return Ok(path),
            Err(NoPath::Refused(fault)) => return Err(fault),
            Err(NoPath::Failed(_)) => {}
        }
    }
    Err(diagnose(&error, trust, &roots, leaf, others, options.now))
}

/// Roots with their names in the encoding of the presented certificates. webpki compares names octet by octet. By RFC
/// 5280 §7.1 a name is the same in another string type, in other case, or with other spaces.
fn aliases<'a>(
    trust: &'a Trust,
    roots: &[Certificate<'_>],
    leaf: &Leaf<'a>,
    others: &'a [CertificateDer<'_>],
) -> Vec<(TrustAnchor<'a>, &'a Root)> {
    let mut aliases: Vec<(TrustAnchor<'a>, &Root)> = Vec::new();
    // A certificate that cannot be read issues nothing. The diagnosis reports it.
    let sent = others.iter().filter_map(|der| rules::read(der).ok());
    for issuer in core::iter::once(*leaf.cert).chain(sent).map(|cert| cert.issuer) {
        for ((anchor, root), cert) in trust.anchors.iter().zip(&trust.roots).zip(roots) {
            let other_encoding = cert.subject.der() != issuer.der() && cert.subject.matches(&issuer);
            let known = |(alias, of): &(TrustAnchor<'a>, &Root)| {
                core::ptr::eq(*of, root) && *alias.subject == *issuer.content()
            };
            if other_encoding && !aliases.iter().any(known) {
                aliases.push((TrustAnchor { subject: Der::from(issuer.content()), ..anchor.clone() }, root));
            }
        }
    }
    aliases
}

/// One search with these trust anchors. `root_of` gives the index of the root of an anchor.
fn attempt<'a>(
    trust: &Trust,
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    options: &JudgeOptions<'_>,
    anchors: &[TrustAnchor<'_>],
    root_of: &dyn Fn(usize) -> Option<&'a Root>,
) -> Result<Path, NoPath> {
    let found = Cell::new(None);
    let refused: RefCell<Option<Fault>> = RefCell::new(None);
    let judge = |path: &VerifiedPath<'_>| {
        let index = anchors.iter().position(|anchor| core::ptr::eq(anchor, path.anchor()));
        let root = index.and_then(root_of).ok_or(Error::UnknownIssuer)?;
        match examine(trust, root, leaf, path, others, options.now) {
            Ok(path) => {
                found.set(Some(path));
                Ok(())
            }
            Err(fault) => {
                // The fault of the first path is reported; webpki continues to search for another path.
                refused.borrow_mut().get_or_insert(fault);
                Err(Error::UnknownIssuer)
            }
        }
    };
    let purpose = Purpose(trust.rules, leaf.role);
    let verify = |algorithms: &[&dyn SignatureVerificationAlgorithm]| {
        let certificate = leaf.end_entity;
        certificate.verify_for_usage(algorithms, anchors, others, options.now, purpose, None, Some(&judge)).map(drop)
    };
    let result = match options.memo {
        Some(memo) => verify(&memo::remembering(memo).each_ref().map(|each| each as _)),
        None => verify(&ALGORITHMS),
    };
    match (result, found.get()) {
        (Ok(()), Some(path)) => Ok(path),
        // webpki accepts only after we have accepted.
        (Ok(()), None) => Err(NoPath::Refused(of_leaf(RefusalReason::TooComplex))),
        (Err(error), _) => Err(refused.take().map_or(NoPath::Failed(error), NoPath::Refused)),
    }
}

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
