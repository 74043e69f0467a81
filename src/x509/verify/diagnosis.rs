//! Why webpki has found no path: checks each certificate, from the leaf upwards, and reports the first fault with its
//! place. webpki's own error does not say which certificate it means, and often not what is wrong with it.
//!
//! Nothing is accepted here. Only refusals come here, so cost matters little; signatures are limited nevertheless.

use super::path::MAX_INTERMEDIATES;
use crate::asn1::{Certificate, oid};
use crate::x509::expectations::Leaf;
use crate::x509::refusal::{Fault, FaultyCertificate, RefusalReason, of_leaf};
use crate::x509::time::Window;
use crate::x509::trust::Trust;
use crate::x509::{rules, signatures, text};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{format, string::String, vec::Vec};
use webpki::Error;

/// At most this many signatures are verified.
const MAX_SIGNATURES: usize = 20;

/// What is wrong with a chain for which webpki has found no path, and has given this error.
pub(super) fn diagnose(
    error: &Error,
    trust: &Trust,
    roots: &[Certificate<'_>],
    leaf: &Leaf<'_>,
    others: &[CertificateDer<'_>],
    now: UnixTime,
) -> Fault {
    match error {
        Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => return of_leaf(RefusalReason::TooComplex),
        _ => {}
    }
    let mut diagnosis = Diagnosis { trust, roots, leaf, others, now, between: Vec::new(), signatures: MAX_SIGNATURES };
    match diagnosis.climb(0, leaf.cert) {
        Err(fault) => fault,
        Ok(()) => of_leaf(unexplained(error)),
    }
}

/// What is wrong with a leaf that webpki cannot read, though we can.
pub(super) fn unreadable_leaf(error: &Error, cert: &Certificate<'_>) -> RefusalReason {
    form(cert).err().unwrap_or_else(|| unexplained(error))
}

fn unexplained(error: &Error) -> RefusalReason {
    RefusalReason::PathSearch(format!("{error:?}"))
}

struct Diagnosis<'a> {
    trust: &'a Trust,
    roots: &'a [Certificate<'a>],
    leaf: &'a Leaf<'a>,
    /// The certificates after the leaf.
    others: &'a [CertificateDer<'a>],
    now: UnixTime,
    /// The CAs from the leaf to the current certificate, with their places in the peer's list.
    between: Vec<(usize, Certificate<'a>)>,
    /// How many signatures may still be verified.
    signatures: usize,
}

/// A CA with the name of the issuer.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    /// Its place in the peer's list; `None`: a root of ours.
    place: Option<usize>,
    cert: Certificate<'a>,
}

impl Candidate<'_> {
    /// By RFC 5280 §7.1 for our roots; octet by octet, as webpki compares, for what was sent.
    fn has_name_of_issuer(&self, cert: &Certificate<'_>) -> bool {
        match self.place {
            None => self.cert.subject.matches(&cert.issuer),
            Some(_) => self.cert.subject.der() == cert.issuer.der(),
        }
    }
}

impl<'a> Diagnosis<'a> {
    /// The fault of the certificate at `place` of the peer's list, or else of those above it.
    fn climb(&mut self, place: usize, cert: &Certificate<'a>) -> Result<(), Fault> {
        self.itself(place, cert).map_err(|reason| (FaultyCertificate::presented(place, cert.der), reason))?;
        let named: Vec<Candidate<'a>> =
            self.candidates().filter(|candidate| candidate.has_name_of_issuer(cert)).collect();
        let mut dead_end = None;
        for candidate in &named {
            self.signatures = self.signatures.checked_sub(1).ok_or(of_leaf(RefusalReason::TooComplex))?;
            if !is_signed_by(cert, &candidate.cert) {
                continue;
            }
            let Some(place) = candidate.place else { return self.path(&candidate.cert) };
            self.between.push((place, candidate.cert));
            let above = self.climb(place, &candidate.cert);
            self.between.pop();
            match above {
                // Perhaps another certificate of this CA leads further.
                Err(fault @ (_, RefusalReason::UnknownIssuer(_))) => dead_end = Some(fault),
                outcome => return outcome,
            }
        }
        Err(dead_end.unwrap_or_else(|| self.not_issued(place, cert, &named)))
    }

    /// Possible issuers: our roots first, then the sent certificates that have not been used yet.
    fn candidates(&self) -> impl Iterator<Item = Candidate<'a>> {
        let roots = self.roots.iter().map(|cert| Candidate { place: None, cert: *cert });
        let used = |place| self.between.iter().any(|(used, _)| *used == place);
        let unused = self.others.iter().zip(1..).filter(move |(_, place)| !used(*place));
        // `not_issued` reports a certificate that cannot be read.
        roots.chain(
            unused.filter_map(|(der, place)| Some(Candidate { place: Some(place), cert: rules::read(der).ok()? })),
        )
    }

    /// What is wrong with one certificate by itself.
    fn itself(&self, place: usize, cert: &Certificate<'_>) -> Result<(), RefusalReason> {
        form(cert)?;
        Window::of(cert).check(self.now)?;
        match (place, cert.is_ca()) {
            (0, true) => return Err(RefusalReason::CaAsLeaf),
            (0, false) => {}
            (_, false) => return Err(RefusalReason::NotCa),
            (_, true) => self.trust.rules.intermediate(cert)?,
        }
        match self.trust.rules.serves(cert, self.leaf.role) {
            true => Ok(()),
            false => Err(RefusalReason::ExtKeyUsage(self.leaf.role)),
        }
    }

    /// No CA with the name of its issuer has signed it.
    fn not_issued(&self, place: usize, cert: &Certificate<'a>, named: &[Candidate<'a>]) -> Fault {
        let issuer = issuer_name(cert);
        if named.is_empty() {
            if self.candidates().any(|candidate| candidate.cert.subject.matches(&cert.issuer)) {
                return (FaultyCertificate::presented(place, cert.der), RefusalReason::NameEncoding(issuer));
            }
            let mut unreadable =
                self.others.iter().zip(1..).filter_map(|(der, place)| Some((place, der, rules::read(der).err()?)));
            return match unreadable.next() {
                Some((place, der, reason)) => (FaultyCertificate::presented(place, der), reason),
                None => of_leaf(RefusalReason::UnknownIssuer(issuer)),
            };
        }
        // The key is not usable; the keys of roots were checked when they were loaded.
        let unusable = named.iter().find_map(|ca| Some((ca.place?, ca.cert.der, rules::public_key(&ca.cert).err()?)));
        if let Some((place, der, reason)) = unusable {
            return (FaultyCertificate::presented(place, der), reason);
        }
        // The key identifiers distinguish another CA with the same name from a forged signature.
        let other_key = |ca: &Candidate<'_>| match (cert.extensions.authority_key_id, ca.cert.extensions.subject_key_id)
        {
            (Some(wanted), Some(has)) => wanted != has,
            _ => false,
        };
        match (named.iter().all(other_key), named.iter().any(|ca| ca.place.is_none())) {
            (true, true) => of_leaf(RefusalReason::OtherRootKey(issuer)),
            (true, false) => of_leaf(RefusalReason::UnknownIssuer(issuer)),
            (false, _) => (FaultyCertificate::presented(place, cert.der), RefusalReason::BadSignature(issuer)),
        }
    }

    /// Each certificate up to this root is good by itself, and has signed the one below. So the fault is in the whole path.
    fn path(&self, root: &Certificate<'a>) -> Result<(), Fault> {
        if self.between.len() > MAX_INTERMEDIATES {
            let (intermediates, most) = (self.between.len(), MAX_INTERMEDIATES);
            return Err(of_leaf(RefusalReason::PathTooLong { intermediates, most }));
        }
        for ((place, ca), below) in self.between.iter().zip(0usize..) {
            let most = ca.extensions.basic_constraints.and_then(|constraints| constraints.path_len);
            if let Some(most) = most.and_then(|most| usize::try_from(most).ok()).filter(|most| below > *most) {
                return Err((FaultyCertificate::presented(*place, ca.der), RefusalReason::PathLength { below, most }));
            }
        }
        // webpki refuses every name of a kind that it cannot compare; this is not a name outside the constraints.
        let cas = self.between.iter().map(|(_, ca)| ca).chain([root]);
        let constrained: Vec<&Certificate<'_>> = cas.filter(|ca| ca.extensions.name_constraints.is_some()).collect();
        let mut constraints = constrained.iter().filter_map(|ca| ca.extensions.name_constraints);
        match constraints.find_map(|constraints| rules::unsupported_constraint(&constraints, self.leaf.cert)) {
            Some(kind) => Err(of_leaf(RefusalReason::UnsupportedConstraint(kind))),
            None if constrained.is_empty() => Ok(()),
            None => {
                let names: Vec<String> = constrained.iter().map(|ca| text::name(&ca.subject)).collect();
                Err(of_leaf(RefusalReason::NameConstraints(names.join(" or "))))
            }
        }
    }
}

fn is_signed_by(cert: &Certificate<'_>, issuer: &Certificate<'_>) -> bool {
    signatures::verify(issuer.spki.raw, &cert.signature_algorithm, cert.tbs, cert.signature_value).is_ok()
}

fn issuer_name(cert: &Certificate<'_>) -> String {
    match text::name(&cert.issuer) {
        name if name.is_empty() => "an issuer without a name".into(),
        name => name,
    }
}

/// webpki reads no certificate beyond two octets of length.
const MAX_CERTIFICATE: usize = 0xffff;

/// What webpki does not read, or reads differently, at any place of the certificate in the chain.
fn form(cert: &Certificate<'_>) -> Result<(), RefusalReason> {
    if cert.der.len() > MAX_CERTIFICATE {
        return Err(RefusalReason::TooLarge(cert.der.len()));
    }
    rules::policies(cert)?;
    rules::critical_extensions(cert, &[])?;
    if cert.signature != cert.signature_algorithm {
        return Err(RefusalReason::NonConformant("its two signature algorithms differ"));
    }
    if cert.not_before > cert.not_after {
        return Err(RefusalReason::NonConformant("its validity ends before it begins"));
    }
    // webpki has no times before 1970.
    if cert.not_before.is_before_1970() || cert.not_after.is_before_1970() {
        return Err(RefusalReason::NonConformant("its validity begins or ends before 1970"));
    }
    match signatures::is_supported(&cert.signature_algorithm) {
        true => Ok(()),
        false => Err(match cert.signature_algorithm.id {
            oid::MD5_WITH_RSA => RefusalReason::WeakSignature("MD5"),
            oid::SHA1_WITH_RSA | oid::ECDSA_WITH_SHA1 | oid::DSA_WITH_SHA1 => RefusalReason::WeakSignature("SHA-1"),
            _ => RefusalReason::UnsupportedSignature(signatures::name_of(&cert.signature_algorithm)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::asn1::made::{Made, der};
    use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
    use webpki::EndEntityCert;

    fn params(name: &str, is_ca: IsCa) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        params
    }

    /// The longest path, with every pathLenConstraint at its limit: there is nothing to blame. Only webpki's error is told.
    #[test]
    fn a_chain_without_a_fault_is_not_called_faulty() {
        let key = || KeyPair::generate().unwrap();
        let unlimited = params("root", IsCa::Ca(BasicConstraints::Unconstrained));
        let mut issuer = Issuer::new(unlimited.clone(), key());
        let root = unlimited.self_signed(issuer.key()).unwrap();
        let mut others = Vec::new();
        for below in (0..6).rev() {
            let ca = params(&format!("CA above {below}"), IsCa::Ca(BasicConstraints::Constrained(below)));
            let key = key();
            others.insert(0, ca.signed_by(&key, &issuer).unwrap().der().clone());
            issuer = Issuer::new(ca, key);
        }
        let leaf = params("leaf", IsCa::ExplicitNoCa).signed_by(&key(), &issuer).unwrap();
        let trust = Trust::from_roots("root", root.der()).unwrap();
        let (cert, root) = (rules::read(leaf.der()).unwrap(), rules::read(root.der()).unwrap());
        let end_entity = EndEntityCert::try_from(leaf.der()).unwrap();
        let leaf = Leaf { role: Role::Client, cert: &cert, end_entity: &end_entity };
        let now = UnixTime::since_unix_epoch(core::time::Duration::from_secs(1_795_435_200));
        for (error, reason) in [
            (Error::UnknownIssuer, RefusalReason::PathSearch("UnknownIssuer".into())),
            (Error::MaximumNameConstraintComparisonsExceeded, RefusalReason::TooComplex),
            (Error::MaximumPathBuildCallsExceeded, RefusalReason::TooComplex),
            (Error::MaximumSignatureChecksExceeded, RefusalReason::TooComplex),
        ] {
            assert_eq!(diagnose(&error, &trust, &[root], &leaf, &others, now), of_leaf(reason));
        }
    }

    #[test]
    fn a_certificate_may_be_as_long_as_webpki_reads_and_valid_for_one_second() {
        let says = |made: &Made| form(&rules::read(&made.der()).unwrap());
        assert_eq!(says(&Made::default()), Ok(()));
        // An extension that fills it up.
        let long = |len: usize| Made::with(&[0x2a, 3], &std::vec![0; len]);
        let around = long(60_000).der().len().checked_sub(60_000).unwrap();
        assert_eq!(says(&long(MAX_CERTIFICATE - around)), Ok(()));
        assert_eq!(says(&long(MAX_CERTIFICATE - around + 1)), Err(RefusalReason::TooLarge(65_536)));
        // Made's notAfter is 2050-01-01 00:00:00.
        let from =
            |second: &[u8]| Made { not_before: der(0x18, &[b"2050010100000", second].concat()), ..Made::default() };
        assert_eq!(says(&from(b"0Z")), Ok(()));
        assert_eq!(says(&from(b"1Z")), Err(RefusalReason::NonConformant("its validity ends before it begins")));
    }
}
