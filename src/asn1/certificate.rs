//! Certificates (RFC 5280 §4.1).

use super::algorithm::AlgorithmIdentifier;
use super::der::{BadDer, Element, Reader, Tag, only, whole_octets};
use super::extensions::CertificateExtensions;
use super::name::Name;
use super::serial::Serial;
use super::spki::Spki;
use super::time::Time;

/// The fields of a certificate, told apart but not looked into.
///
/// ```text
/// Certificate ::= SEQUENCE {
///     tbsCertificate       TBSCertificate,
///     signatureAlgorithm   AlgorithmIdentifier,
///     signatureValue       BIT STRING }
///
/// TBSCertificate ::= SEQUENCE {
///     version         [0]  Version DEFAULT v1,
///     serialNumber         INTEGER,
///     signature            AlgorithmIdentifier,
///     issuer               Name,
///     validity             Validity,
///     subject              Name,
///     subjectPublicKeyInfo SubjectPublicKeyInfo,
///     issuerUniqueID  [1]  UniqueIdentifier OPTIONAL,
///     subjectUniqueID [2]  UniqueIdentifier OPTIONAL,
///     extensions      [3]  Extensions OPTIONAL }
/// ```
pub(super) struct Fields<'a> {
    tbs: &'a [u8],
    version: Option<&'a [u8]>,
    serial_number: &'a [u8],
    signature: &'a [u8],
    issuer: &'a [u8],
    validity: &'a [u8],
    subject: &'a [u8],
    pub(super) subject_public_key_info: &'a [u8],
    rest: Reader<'a>,
    signature_algorithm: &'a [u8],
    signature_value: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Fields<'a>, BadDer> {
        let not_one = |_| BadDer("it is not a certificate");
        let mut certificate = Reader::new(only(der, Tag::SEQUENCE).map_err(not_one)?);
        let Element { content, whole, .. } = certificate.tagged(Tag::SEQUENCE).map_err(not_one)?;
        let signature_algorithm = certificate.read(Tag::SEQUENCE).map_err(not_one)?;
        let signature_value = certificate.read(Tag::BIT_STRING).map_err(not_one)?;
        certificate.finish().map_err(not_one)?;

        let mut tbs = Reader::new(content);
        let version = tbs.optional(Tag::constructed(0)).map_err(|_| BadDer("malformed version"))?;
        let mut field = |tag, what| tbs.tagged(tag).map(|field| field.whole).map_err(|_| BadDer(what));
        let fields = Fields {
            tbs: whole,
            version,
            serial_number: field(Tag::INTEGER, "malformed serial number")?,
            signature: field(Tag::SEQUENCE, "malformed signature algorithm")?,
            issuer: field(Tag::SEQUENCE, "malformed issuer")?,
            validity: field(Tag::SEQUENCE, "malformed validity")?,
            subject: field(Tag::SEQUENCE, "malformed subject")?,
            subject_public_key_info: field(Tag::SEQUENCE, "malformed public key")?,
            rest: tbs,
            signature_algorithm,
            signature_value,
        };
        while !tbs.is_empty() {
            tbs.element().map_err(|_| BadDer("malformed extensions"))?;
        }
        Ok(fields)
    }
}

/// An X.509 v3 certificate, read once.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    /// The whole certificate.
    pub der: &'a [u8],
    /// TBSCertificate, with tag and length: what is signed.
    pub tbs: &'a [u8],
    /// The number that its issuer gave it.
    pub serial: Serial<'a>,
    /// With what it says that it is signed, within what is signed.
    pub signature: AlgorithmIdentifier<'a>,
    /// With what it is signed. §4.1.1.2: MUST be the same.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The signature's octets.
    pub signature_value: &'a [u8],
    /// Who issued it.
    pub issuer: Name<'a>,
    /// The first second of its validity.
    pub not_before: Time,
    /// The last second of its validity.
    pub not_after: Time,
    /// Whose it is.
    pub subject: Name<'a>,
    /// The subject's key.
    pub spki: Spki<'a>,
    /// Its extensions.
    pub extensions: CertificateExtensions<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER; the error says what is malformed.
    pub fn from_der(der: &'a [u8]) -> Result<Certificate<'a>, BadDer> {
        let fields = Fields::read(der)?;
        match fields.version.map(|version| only(version, Tag::INTEGER)) {
            Some(Ok([2])) => {}
            _ => return Err(BadDer("it is not X.509 version 3 (made without extensions?)")),
        }
        let algorithm =
            |content| AlgorithmIdentifier::from_content(content).map_err(|_| BadDer("malformed signature algorithm"));
        let validity = || {
            let mut times = Reader::new(only(fields.validity, Tag::SEQUENCE)?);
            let times_read = (Time::read(&mut times)?, Time::read(&mut times)?);
            times.finish().map(|()| times_read)
        };
        let (not_before, not_after) = validity().map_err(|_: BadDer| BadDer("malformed validity"))?;
        Ok(Certificate {
            der,
            tbs: fields.tbs,
            serial: Serial::read(&mut Reader::new(fields.serial_number))?,
            signature: algorithm(only(fields.signature, Tag::SEQUENCE)?)?,
            signature_algorithm: algorithm(fields.signature_algorithm)?,
            signature_value: whole_octets(fields.signature_value).map_err(|_| BadDer("malformed signature"))?,
            issuer: Name::from_der(fields.issuer).map_err(|_| BadDer("malformed issuer"))?,
            not_before,
            not_after,
            subject: Name::from_der(fields.subject).map_err(|_| BadDer("malformed subject"))?,
            spki: Spki::from_der(fields.subject_public_key_info).map_err(|_| BadDer("malformed public key"))?,
            extensions: extensions(fields.rest)?,
        })
    }

    /// Are issuer and subject the same? (RFC 5280 §6.1: such a certificate does not count for path lengths.)
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }
}

fn extensions(mut rest: Reader<'_>) -> Result<CertificateExtensions<'_>, BadDer> {
    const MALFORMED: BadDer = BadDer("malformed extensions");
    let list = match rest.peek() {
        Some(tag) if tag == Tag::primitive(1) || tag == Tag::primitive(2) => {
            return Err(BadDer("it has a unique identifier, which is obsolete"));
        }
        Some(_) => {
            let wrapped = rest.read(Tag::constructed(3)).map_err(|_| MALFORMED)?;
            only(wrapped, Tag::SEQUENCE).map_err(|_| MALFORMED)?
        }
        None => &[],
    };
    rest.finish().map_err(|_| MALFORMED)?;
    CertificateExtensions::from_content(list)
}
