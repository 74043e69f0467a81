//! What an error of webpki means, and which certificate it means. Only after a refusal, so cost does not matter.

use crate::asn1::{AlgorithmIdentifier, Certificate, oid};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason};
use crate::x509::trust::Trust;
use crate::x509::{rules, signature_scheme, text};
use rustls_pki_types::CertificateDer;
use std::{string::String, vec::Vec};
use webpki::Error;

/// What webpki's error means, and which certificate it means: webpki does not say, so the presented chain is searched
/// for it. Only after a refusal, so cost does not matter.
pub(super) fn explain(error: &Error, trust: &Trust, leaf: &Leaf<'_>, others: &[CertificateDer<'_>]) -> Fault {
    let (role, leaf_cert) = (leaf.role, leaf.cert);
    let cas = readable(others);
    let located = |fault: RefusalReason, guilty: &dyn Fn(&Certificate<'_>) -> bool| match guilty(leaf_cert) {
        true => (FaultyCertificate::Leaf, fault),
        false => {
            (cas.iter().find(|cert| guilty(cert)).map_or(FaultyCertificate::Leaf, |cert| at_fault(cert, others)), fault)
        }
    };
    match error {
        Error::CertExpired { not_after, .. } => {
            located(RefusalReason::Expired(*not_after), &|cert| cert.not_after.unix() == not_after.as_secs())
        }
        Error::CertNotValidYet { not_before, .. } => {
            let guilty = |cert: &Certificate<'_>| cert.not_before.unix() == not_before.as_secs();
            located(RefusalReason::NotYetValid(*not_before), &guilty)
        }
        Error::InvalidCertValidity => {
            let fault = RefusalReason::Malformed("its validity ends before it begins");
            located(fault, &|cert| cert.not_before > cert.not_after)
        }
        // webpki has no times before 1970.
        Error::BadDerTime => unreadable_ca(others).unwrap_or_else(|| {
            located(RefusalReason::Malformed("its validity begins or ends before 1970"), &|cert| {
                cert.not_before.is_before_1970() || cert.not_after.is_before_1970()
            })
        }),
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            located(RefusalReason::ExtKeyUsage(role), &|cert| !trust.rules.serves(cert, role))
        }
        Error::CaUsedAsEndEntity => (FaultyCertificate::Leaf, RefusalReason::CaAsLeaf),
        Error::EndEntityUsedAsCa => located(RefusalReason::NotCa, &|cert| cert.der != leaf_cert.der && !cert.is_ca()),
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
            unsupported_key(&cas, others).unwrap_or((FaultyCertificate::Leaf, RefusalReason::BadSignature))
        }
        // A key of a size that cannot be used verifies nothing.
        Error::InvalidSignatureForPublicKey => {
            unsupported_key(&cas, others).unwrap_or_else(|| other_key(trust, leaf_cert, &cas))
        }
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
fn readable<'c>(others: &'c [CertificateDer<'_>]) -> Vec<Certificate<'c>> {
    others.iter().filter_map(|der| Certificate::from_der(der).ok()).collect()
}

/// A presented certificate as the one at fault.
fn at_fault(cert: &Certificate<'_>, others: &[CertificateDer<'_>]) -> FaultyCertificate {
    let index = others.iter().position(|other| other.as_ref() == cert.der);
    FaultyCertificate::presented(index.map_or(0, |index| index.saturating_add(1)), cert.der)
}

/// The certificates from the leaf upwards, as far as the presented ones go by name.
fn climb<'a, 'c>(leaf: &'a Certificate<'c>, cas: &'a [Certificate<'c>]) -> impl Iterator<Item = &'a Certificate<'c>> {
    let mut next = Some(leaf);
    let mut left = cas.len();
    core::iter::from_fn(move || {
        let here = next?;
        next = cas.iter().find(|ca| ca.subject.der() == here.issuer.der() && ca.der != here.der);
        match left.checked_sub(1) {
            Some(fewer) => left = fewer,
            None => next = None,
        }
        Some(here)
    })
}

fn unknown_issuer(
    trust: &Trust,
    leaf: &Certificate<'_>,
    cas: &[Certificate<'_>],
    others: &[CertificateDer<'_>],
) -> Fault {
    if let Some(fault) = unreadable_ca(others) {
        return fault;
    }
    let top = climb(leaf, cas).last().unwrap_or(leaf);
    // A root that is known but was not usable would have been reported when it was loaded.
    match trust
        .roots
        .iter()
        .any(|root| Certificate::from_der(&root.der).is_ok_and(|root| root.subject.der() == top.issuer.der()))
    {
        true => (FaultyCertificate::Leaf, RefusalReason::BadSignature),
        false => (FaultyCertificate::Leaf, RefusalReason::UnknownIssuer(issuer_name(top))),
    }
}

fn issuer_name(cert: &Certificate<'_>) -> String {
    match text::name(&cert.issuer) {
        name if name.is_empty() => "an issuer without a name".into(),
        name => name,
    }
}

/// A wrong signature: is it a forgery, or another CA of the same name? The key identifiers tell.
fn other_key(trust: &Trust, leaf: &Certificate<'_>, cas: &[Certificate<'_>]) -> Fault {
    for cert in climb(leaf, cas) {
        let Some(wanted) = cert.extensions.authority_key_id else { continue };
        let mut of_name = trust.roots.iter().filter_map(|root| Certificate::from_der(&root.der).ok());
        let mut known = false;
        let fits = of_name.by_ref().filter(|root| root.subject.der() == cert.issuer.der()).any(|root| {
            known = true;
            root.extensions.subject_key_id.is_none_or(|id| id == wanted)
        });
        if known && !fits && !cas.iter().any(|ca| ca.extensions.subject_key_id == Some(wanted)) {
            return (FaultyCertificate::Leaf, RefusalReason::OtherRootKey(issuer_name(cert)));
        }
    }
    (FaultyCertificate::Leaf, RefusalReason::BadSignature)
}

/// webpki refuses every name of a kind that it cannot compare; tell that from a name outside its constraints.
fn constraint(trust: &Trust, leaf: &Certificate<'_>, cas: &[Certificate<'_>]) -> RefusalReason {
    let roots = trust.roots.iter().filter_map(|root| Certificate::from_der(&root.der).ok());
    let top = climb(leaf, cas).last().map(|top| top.issuer.der());
    let roots: Vec<Certificate<'_>> = roots.filter(|root| Some(root.subject.der()) == top).collect();
    let mut constraints = cas.iter().chain(&roots).filter_map(|cert| cert.extensions.name_constraints);
    constraints
        .find_map(|constraints| rules::unsupported_constraint(&constraints, leaf))
        .map_or(RefusalReason::NameConstraints, RefusalReason::UnsupportedConstraint)
}

/// The first CA certificate that cannot be read.
fn unreadable_ca(others: &[CertificateDer<'_>]) -> Option<Fault> {
    others
        .iter()
        .zip(1..)
        .find_map(|(der, place)| Some((FaultyCertificate::presented(place, der), rules::read(der).err()?)))
}

/// The first CA whose key we verify nothing with.
fn unsupported_key(cas: &[Certificate<'_>], others: &[CertificateDer<'_>]) -> Option<Fault> {
    cas.iter().find_map(|cert| Some((at_fault(cert, others), rules::public_key(cert).err()?)))
}

/// Names the broken algorithms; `id` is the content of an AlgorithmIdentifier.
fn signature_algorithm(id: &[u8]) -> RefusalReason {
    let Ok(algorithm) = AlgorithmIdentifier::from_content(id) else {
        return RefusalReason::Malformed("malformed signature algorithm");
    };
    match algorithm.id {
        oid::MD5_WITH_RSA => RefusalReason::WeakSignature("MD5"),
        oid::SHA1_WITH_RSA | oid::ECDSA_WITH_SHA1 | oid::DSA_WITH_SHA1 => RefusalReason::WeakSignature("SHA-1"),
        _ => RefusalReason::UnsupportedSignature(signature_scheme::told(&algorithm)),
    }
}
