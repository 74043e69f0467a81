//! Certificates (RFC 5280 §4.1).

use super::algorithm::AlgorithmIdentifier;
use super::certificate_extensions::CertificateExtensions;
use super::der::{BadDer, Reader, Tag, only, whole_octets};
use super::fields::Fields;
use super::general_name::GeneralName;
use super::name::Name;
use super::serial::Serial;
use super::spki::Spki;
use super::time::Time;

/// An X.509 v3 certificate.
#[derive(Clone, Copy, Debug)]
pub struct Certificate<'a> {
    /// The whole certificate.
    pub der: &'a [u8],
    /// TBSCertificate with tag and length: the bytes that are signed.
    pub tbs: &'a [u8],
    /// The serial number.
    pub serial: Serial<'a>,
    /// The signature algorithm as TBSCertificate names it.
    pub signature: AlgorithmIdentifier<'a>,
    /// The signature algorithm as Certificate names it. §4.1.1.2: the two MUST be the same.
    pub signature_algorithm: AlgorithmIdentifier<'a>,
    /// The octets of the signature.
    pub signature_value: &'a [u8],
    /// The issuer.
    pub issuer: Name<'a>,
    /// The first second of the validity period.
    pub not_before: Time,
    /// The last second of the validity period.
    pub not_after: Time,
    /// The subject: the holder of the key.
    pub subject: Name<'a>,
    /// The subject's key.
    pub spki: Spki<'a>,
    /// The extensions.
    pub extensions: CertificateExtensions<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate in DER. The error says what is malformed.
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
            issuer: Name::called(fields.issuer, "malformed issuer")?,
            not_before,
            not_after,
            subject: Name::called(fields.subject, "malformed subject")?,
            spki: Spki::from_der(fields.subject_public_key_info).map_err(|_| BadDer("malformed public key"))?,
            extensions: extensions(fields.rest)?,
        })
    }

    /// Reads only subject and serial number, to name a certificate that is malformed elsewhere.
    pub fn label(der: &'a [u8]) -> Result<(Name<'a>, Serial<'a>), BadDer> {
        let fields = Fields::read(der)?;
        Ok((Name::from_der(fields.subject)?, Serial::read(&mut Reader::new(fields.serial_number))?))
    }

    /// Whether basicConstraints says that it is a CA.
    pub fn is_ca(&self) -> bool {
        self.extensions.basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// The names in subjectAltName.
    pub fn names(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        self.extensions.subject_alt_name.into_iter().flat_map(|names| names.iter())
    }

    /// Whether issuer and subject are the same. Such a certificate does not count in path lengths (RFC 5280 §6.1).
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der};
    use std::vec::Vec;

    fn says(made: &Made) -> Result<(), &'static str> {
        Certificate::from_der(&made.der()).map(drop).map_err(|BadDer(what)| what)
    }

    #[test]
    fn the_fields_of_a_certificate_are_where_they_are_written() {
        let made = Made::with(&[0x55, 0x1d, 17], &der(0x30, &der(0x82, b"a")));
        let der = made.der();
        let cert = Certificate::from_der(&der).unwrap();
        assert_eq!(cert.der, der);
        assert_eq!(cert.serial.content(), made.serial);
        assert_eq!(cert.signature.content, only(&made.signature, Tag::SEQUENCE).unwrap());
        assert_eq!((cert.signature, cert.signature_value), (cert.signature_algorithm, &[6; 64][..]));
        assert_eq!(
            (cert.issuer.der(), cert.subject.der(), cert.spki.raw),
            (&made.issuer[..], &made.subject[..], &made.spki[..])
        );
        // 2026-01-01 as UTCTime, 2050-01-01 as GeneralizedTime (RFC 5280 §4.1.2.5).
        assert_eq!((cert.not_before.unix(), cert.not_after.unix()), (1_767_225_600, 2_524_608_000));
        assert_eq!((cert.extensions.all.iter().count(), cert.names().count(), cert.is_ca()), (1, 1, false));
        // Between a header and the signature.
        assert_eq!(der.len(), 3 + cert.tbs.len() + made.signature.len() + 67);
        assert!(der[3..].starts_with(cert.tbs));
        assert_eq!(Spki::of_certificate(&der), Ok(cert.spki));
    }

    #[test]
    fn only_version_3_is_read() {
        for version in [0, 1, 3, 255] {
            let says = says(&Made { version, ..Made::default() });
            assert!(says.is_err_and(|what| what.contains("version 3")));
        }
    }

    #[test]
    fn what_is_malformed_is_named() {
        for (made, what) in [
            (Made { serial: Vec::new(), ..Made::default() }, "its serial number is no INTEGER in its shortest form"),
            (Made { serial: [0, 7].into(), ..Made::default() }, "its serial number is no INTEGER in its shortest form"),
            (Made { signature: der(0x30, &[]), ..Made::default() }, "malformed signature algorithm"),
            (Made { issuer: der(0x30, &[5, 0]), ..Made::default() }, "malformed issuer"),
            (Made { not_before: der(0x17, b"2601010000Z"), ..Made::default() }, "malformed validity"),
            (Made { subject: der(0x31, &[]), ..Made::default() }, "malformed subject"),
            (Made { spki: der(0x30, &[]), ..Made::default() }, "malformed public key"),
            (Made { extensions: [b"?".to_vec()].into(), ..Made::default() }, "malformed extensions"),
        ] {
            assert_eq!(says(&made), Err(what));
        }
        // issuerUniqueID [1] and subjectUniqueID [2] stand before the extensions [3].
        for (tag, what) in [
            (0x81, "it has a unique identifier, which is obsolete"),
            (0x82, "it has a unique identifier, which is obsolete"),
            (0x83, "malformed extensions"),
        ] {
            assert_eq!(extensions(Reader::new(&[tag, 1, 0])).err(), Some(BadDer(what)));
        }
        assert_eq!(says(&Made::default()), Ok(()));
        let good = Made::default().der();
        for cut in 0..good.len() {
            assert!(Certificate::from_der(&good[..cut]).is_err(), "cut at {cut}");
        }
        assert!(Certificate::from_der(&[&good[..], &[0]].concat()).is_err());
    }

    /// RFC 5280 §6.1: by the comparison of §7.1.
    #[test]
    fn a_self_issued_certificate_has_one_name() {
        let name = |tag: u8, text: &[u8]| {
            der(0x30, &der(0x31, &der(0x30, &[der(0x06, &[0x55, 4, 3]), der(tag, text)].concat())))
        };
        for (subject, same) in [(name(0x13, b"CORP ca"), true), (name(0x0c, b"Corp CA 2"), false)] {
            let certificate = Made { issuer: name(0x0c, b"Corp CA"), subject, ..Made::default() }.der();
            assert_eq!(Certificate::from_der(&certificate).unwrap().is_self_issued(), same);
        }
    }
}
