//! What an error of webpki means, and which certificate it means. Only after a refusal, so cost does not matter.

use crate::x509::asn1::{self, Cert, Id, only};
use crate::x509::crl::unusable;
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason};
use crate::x509::trust::Trust;
use crate::x509::{rules, text};
use der::Tag;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{string::String, vec::Vec};
use webpki::Error;

/// What webpki's error means, and which certificate it means: webpki does not say, so the presented chain is searched
/// for it. Only after a refusal, so cost does not matter.
pub(super) fn explain(
    error: &Error,
    trust: &Trust,
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Fault {
    let (role, leaf_cert) = (leaf.role, leaf.cert);
    let cas = readable(others);
    let located = |fault: RefusalReason, guilty: &dyn Fn(&Cert<'_>) -> bool| match guilty(leaf_cert) {
        true => (FaultyCertificate::Leaf, fault),
        false => {
            (cas.iter().find(|cert| guilty(cert)).map_or(FaultyCertificate::Leaf, |cert| at_fault(cert, others)), fault)
        }
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
        Error::UnknownRevocationStatus => unknown_status(trust, leaf_cert, others, now),
        Error::CrlExpired { next_update, .. } => (FaultyCertificate::Leaf, RefusalReason::CrlExpired(*next_update)),
        Error::IssuerNotCrlSigner
        | Error::InvalidCrlSignatureForPublicKey
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => {
            (FaultyCertificate::Leaf, RefusalReason::CrlUnusable(unusable(error)))
        }
        Error::CaUsedAsEndEntity => (FaultyCertificate::Leaf, RefusalReason::CaAsLeaf),
        Error::EndEntityUsedAsCa => {
            located(RefusalReason::NotCa, &|cert| cert.der != leaf_cert.der && !matches!(cert.is_ca(), Ok(Some(true))))
        }
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            (FaultyCertificate::Leaf, RefusalReason::PathTooLong)
        }
        Error::NameConstraintViolation | Error::MalformedNameConstraint | Error::InvalidNetworkMaskConstraint => {
            (FaultyCertificate::Leaf, constraint(trust, leaf_cert, &cas))
        }
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => (FaultyCertificate::Leaf, RefusalReason::TooComplex),
        Error::UnsupportedSignatureAlgorithmContext(context) => {
            (FaultyCertificate::Leaf, signature_algorithm(&context.signature_algorithm_id))
        }
        Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            match cas.iter().find(|cert| rules::public_key(cert).is_err()) {
                Some(weak) => (at_fault(weak, others), RefusalReason::UnsupportedKey),
                None => (FaultyCertificate::Leaf, RefusalReason::BadSignature),
            }
        }
        Error::InvalidSignatureForPublicKey => match cas.iter().find(|cert| rules::public_key(cert).is_err()) {
            // A key too small to be used cannot verify anything.
            Some(weak) => (at_fault(weak, others), RefusalReason::UnsupportedKey),
            None => other_key(trust, leaf_cert, &cas),
        },
        Error::UnknownIssuer => unknown_issuer(trust, leaf_cert, &cas, others),
        Error::SignatureAlgorithmMismatch => {
            (FaultyCertificate::Leaf, RefusalReason::Malformed("its two signature algorithms differ"))
        }
        _ => (FaultyCertificate::Leaf, RefusalReason::Malformed("it or its chain breaks the rules of X.509")),
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

/// The presented certificates after the leaf that can be read.
fn readable<'c>(others: &'c [CertificateDer<'_>]) -> Vec<Cert<'c>> {
    others.iter().filter_map(|der| Cert::read(der).ok()).collect()
}

/// A presented certificate as the one at fault.
fn at_fault(cert: &Cert<'_>, others: &[CertificateDer<'_>]) -> FaultyCertificate {
    let index = others.iter().position(|other| other.as_ref() == cert.der);
    FaultyCertificate::presented(index.map_or(0, |index| index.saturating_add(1)), cert)
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

fn unknown_issuer(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>], others: &[CertificateDer<'_>]) -> Fault {
    if let Some(fault) = others.iter().find_map(|der| rules::read(der).err()) {
        return (FaultyCertificate::Leaf, fault);
    }
    let top = climb(leaf, cas).last().unwrap_or(leaf);
    // A root that is known but was not usable would have been reported when it was loaded.
    match trust.roots.iter().any(|root| Cert::read(&root.der).is_ok_and(|root| root.subject == top.issuer)) {
        true => (FaultyCertificate::Leaf, RefusalReason::BadSignature),
        false => (FaultyCertificate::Leaf, RefusalReason::UnknownIssuer(issuer_name(top))),
    }
}

fn issuer_name(cert: &Cert<'_>) -> String {
    match text::name(cert.issuer) {
        name if name.is_empty() => "an issuer without a name".into(),
        name => name,
    }
}

/// A wrong signature: is it a forgery, or another CA of the same name? The key identifiers tell.
fn other_key(trust: &Trust, leaf: &Cert<'_>, cas: &[Cert<'_>]) -> Fault {
    for cert in climb(leaf, cas) {
        let Some(wanted) = cert.issuer_key_id() else { continue };
        let mut of_name = trust.roots.iter().filter_map(|root| Cert::read(&root.der).ok());
        let mut known = false;
        let fits = of_name.by_ref().filter(|root| root.subject == cert.issuer).any(|root| {
            known = true;
            root.key_id().is_none_or(|id| id == wanted)
        });
        if known && !fits && !cas.iter().any(|ca| ca.key_id() == Some(wanted)) {
            return (FaultyCertificate::Leaf, RefusalReason::OtherRootKey(issuer_name(cert)));
        }
    }
    (FaultyCertificate::Leaf, RefusalReason::BadSignature)
}

pub(super) fn unknown_status(trust: &Trust, leaf: &Cert<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> Fault {
    let cas = readable(others);
    let covers = |cert: &Cert<'_>| {
        let issuer = only(cert.issuer, Tag::Sequence).unwrap_or_default();
        trust.crls.references(now).iter().any(|list| list.issuer() == issuer)
    };
    let cert = climb(leaf, &cas).find(|cert| !covers(cert)).unwrap_or(leaf);
    let issuer = only(cert.issuer, Tag::Sequence).unwrap_or_default();
    let unknown = || RefusalReason::StatusUnknown(issuer_name(cert));
    let fault = trust.crls.not_yet_valid(issuer, now).unwrap_or_else(unknown);
    (at_fault(cert, others), fault)
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
