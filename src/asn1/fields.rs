//! From a certificate to its parts.

use super::der::{BadDer, Element, Reader, Tag, only};

/// The fields of a certificate. Their contents have not been read.
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
    pub(super) tbs: &'a [u8],
    pub(super) version: Option<&'a [u8]>,
    pub(super) serial_number: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) issuer: &'a [u8],
    pub(super) validity: &'a [u8],
    pub(super) subject: &'a [u8],
    pub(super) subject_public_key_info: &'a [u8],
    pub(super) rest: Reader<'a>,
    pub(super) signature_algorithm: &'a [u8],
    pub(super) signature_value: &'a [u8],
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
