//! cRLDistributionPoints of certificates (RFC 5280 §4.2.1.13) and issuingDistributionPoint of CRLs (§5.2.5).

use super::der::{BadDer, Reader, Tag, bits, check_list, elements, only};
use super::general_name::GeneralNames;

/// `CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint`, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoints<'a> {
    list: &'a [u8],
}

/// A place that publishes a CRL.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoint<'a> {
    /// distributionPoint: the name of the place.
    pub name: Option<DistributionPointName<'a>>,
    /// reasons: the ReasonFlags that the list there covers; `None` for all.
    pub reasons: Option<&'a [u8]>,
    /// cRLIssuer: who signs the list, if not the issuer of the certificate (an indirect CRL).
    pub crl_issuer: Option<GeneralNames<'a>>,
}

/// `DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }`
#[derive(Clone, Copy, Debug)]
pub enum DistributionPointName<'a> {
    /// Alternative names of one place, usually one URI.
    Full(GeneralNames<'a>),
    /// An RDN to append to the name of the CRL's issuer: the content of its SET.
    RelativeToIssuer(&'a [u8]),
}

impl<'a> DistributionPointName<'a> {
    fn from_content(choice: &'a [u8]) -> Result<DistributionPointName<'a>, BadDer> {
        let mut choice = Reader::new(choice);
        let name = choice.element()?;
        choice.finish()?;
        match name.tag.0 {
            0xa0 => GeneralNames::from_content(name.content).map(DistributionPointName::Full),
            0xa1 => Ok(DistributionPointName::RelativeToIssuer(name.content)),
            _ => Err(BadDer("a distribution point's name is malformed")),
        }
    }
}

impl<'a> DistributionPoint<'a> {
    fn read(list: &mut Reader<'a>) -> Result<DistributionPoint<'a>, BadDer> {
        let mut fields = list.sequence()?;
        let name = fields.optional(Tag::constructed(0))?.map(DistributionPointName::from_content).transpose()?;
        let reasons = fields.optional(Tag::primitive(1))?.map(bits).transpose()?;
        let crl_issuer = fields.optional(Tag::constructed(2))?.map(GeneralNames::from_content).transpose()?;
        fields.finish().map(|()| DistributionPoint { name, reasons, crl_issuer })
    }
}

impl<'a> DistributionPoints<'a> {
    /// Reads it from the value of the extension.
    pub fn from_der(value: &'a [u8]) -> Result<DistributionPoints<'a>, BadDer> {
        let list = only(value, Tag::SEQUENCE)?;
        check_list(list, DistributionPoint::read)?;
        Ok(DistributionPoints { list })
    }

    /// The points in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = DistributionPoint<'a>> + use<'a> {
        elements(self.list, DistributionPoint::read)
    }
}

/// The scope of a CRL. By default it covers all certificates of its issuer for all reasons.
///
/// ```text
/// IssuingDistributionPoint ::= SEQUENCE {
///     distributionPoint          [0] DistributionPointName OPTIONAL,
///     onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
///     onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
///     onlySomeReasons            [3] ReasonFlags OPTIONAL,
///     indirectCRL                [4] BOOLEAN DEFAULT FALSE,
///     onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IssuingDistributionPoint<'a> {
    /// distributionPoint: the place that publishes this list.
    pub name: Option<DistributionPointName<'a>>,
    /// onlyContainsUserCerts: the list covers end-entity certificates only.
    pub only_user_certs: bool,
    /// onlyContainsCACerts: the list covers CA certificates only.
    pub only_ca_certs: bool,
    /// onlySomeReasons: the ReasonFlags that the list covers.
    pub only_some_reasons: Option<&'a [u8]>,
    /// indirectCRL: entries may be about certificates of other issuers.
    pub indirect: bool,
    /// onlyContainsAttributeCerts: the list covers attribute certificates only.
    pub only_attribute_certs: bool,
}

impl<'a> IssuingDistributionPoint<'a> {
    /// Reads it from the value of the extension.
    pub fn from_der(value: &'a [u8]) -> Result<IssuingDistributionPoint<'a>, BadDer> {
        let mut fields = Reader::new(only(value, Tag::SEQUENCE)?);
        let point = IssuingDistributionPoint {
            name: fields.optional(Tag::constructed(0))?.map(DistributionPointName::from_content).transpose()?,
            only_user_certs: fields.flag(Tag::primitive(1))?,
            only_ca_certs: fields.flag(Tag::primitive(2))?,
            only_some_reasons: fields.optional(Tag::primitive(3))?.map(bits).transpose()?,
            indirect: fields.flag(Tag::primitive(4))?,
            only_attribute_certs: fields.flag(Tag::primitive(5))?,
        };
        fields.finish().map(|()| point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::general_name::GeneralName;
    use crate::asn1::made::der;
    use std::{string::String, string::ToString, vec::Vec};

    fn uris(names: GeneralNames<'_>) -> Vec<String> {
        let uri = |name| match name {
            GeneralName::Uri(uri) => uri.to_string(),
            other => panic!("{other:?}"),
        };
        names.iter().map(uri).collect()
    }

    fn full(uris: &[&str]) -> Vec<u8> {
        let names: Vec<u8> = uris.iter().flat_map(|uri| der(0x86, uri.as_bytes())).collect();
        der(0xa0, &der(0xa0, &names))
    }

    #[test]
    fn a_certificate_says_where_its_lists_are() {
        let one = der(0x30, &full(&["http://a/1", "http://b/1"]));
        let other = der(0x30, &[full(&["http://a/2"]), der(0x81, &[1, 0x60]), der(0xa2, &der(0x82, b"ca"))].concat());
        let relative = der(0x30, &der(0xa0, &der(0xa1, b"an RDN")));
        let value = der(0x30, &[one, other, relative].concat());
        let points: Vec<DistributionPoint<'_>> = DistributionPoints::from_der(&value).unwrap().iter().collect();
        let [one, other, relative] = &points[..] else { panic!("{points:?}") };
        let Some(DistributionPointName::Full(names)) = one.name else { panic!("{one:?}") };
        assert_eq!(uris(names), ["http://a/1", "http://b/1"]);
        assert!(one.reasons.is_none() && one.crl_issuer.is_none());
        assert_eq!((other.reasons, other.crl_issuer.is_some()), (Some(&[0x60][..]), true));
        assert!(matches!(relative.name, Some(DistributionPointName::RelativeToIssuer(b"an RDN"))));
        for broken in [
            b"?".to_vec(),
            der(0x30, b"?"),
            der(0x30, &der(0x31, &[])),
            der(0x30, &der(0x30, &der(0xa0, &[]))),
            der(0x30, &der(0x30, &der(0xa0, &der(0xa0, &[])))),
            der(0x30, &der(0x30, &der(0xa0, &der(0x86, b"a")))),
            der(0x30, &der(0x30, &der(0x81, &[]))),
            der(0x30, &der(0x30, &der(0x83, &[]))),
        ] {
            assert!(DistributionPoints::from_der(&broken).is_err(), "{broken:02x?}");
        }
    }

    #[test]
    fn a_list_says_what_it_is_about() {
        let read = |fields: &[Vec<u8>]| {
            let value = der(0x30, &fields.concat());
            let point = IssuingDistributionPoint::from_der(&value).map_err(|BadDer(what)| what)?;
            let IssuingDistributionPoint { only_user_certs, only_ca_certs, indirect, only_attribute_certs, .. } = point;
            let flags = [only_user_certs, only_ca_certs, indirect, only_attribute_certs];
            Ok::<_, &str>((point.name.is_some(), flags, point.only_some_reasons.map(<[u8]>::to_vec)))
        };
        let [no, yes] = [[0x00], [0xff]];
        assert_eq!(read(&[]), Ok((false, [false; 4], None)));
        assert_eq!(read(&[full(&["http://a"])]), Ok((true, [false; 4], None)));
        for (place, tag) in [0x81, 0x82, 0x84, 0x85].into_iter().enumerate() {
            let mut flags = [false; 4];
            flags[place] = true;
            assert_eq!(read(&[der(tag, &yes)]), Ok((false, flags, None)));
            // DER leaves the default out; who writes it says the same.
            assert_eq!(read(&[der(tag, &no)]), Ok((false, [false; 4], None)));
            assert!(read(&[der(tag, &[1])]).is_err());
        }
        assert_eq!(read(&[der(0x83, &[1, 0x60])]), Ok((false, [false; 4], Some([0x60].to_vec()))));
        for broken in [der(0x82, &yes), der(0x86, &yes), der(0xa1, &yes), b"?".to_vec()] {
            assert!(read(&[broken, der(0x81, &yes)]).is_err());
        }
    }
}
