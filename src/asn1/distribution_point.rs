//! cRLDistributionPoints of certificates (RFC 5280 §4.2.1.13) and issuingDistributionPoint of CRLs (§5.2.5).

use super::der::{BadDer, Reader, Tag, bits, only};
use super::general_name::GeneralNames;

/// `CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint`, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoints<'a> {
    list: &'a [u8],
}

/// One place from which a CRL is to be had.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoint<'a> {
    /// Its name.
    pub name: Option<DistributionPointName<'a>>,
    /// The reasons that the list there is about, as bits of ReasonFlags; `None`: all.
    pub reasons: Option<&'a [u8]>,
    /// Who signs the list, if that is not the certificate's issuer (an indirect CRL).
    pub crl_issuer: Option<GeneralNames<'a>>,
}

/// `DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RDN }`
#[derive(Clone, Copy, Debug)]
pub enum DistributionPointName<'a> {
    /// Names of one place, any of which will do: mostly a URI.
    Full(GeneralNames<'a>),
    /// An RDN to be added to the issuer's name: the content of its SET.
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
    /// From an extension's value.
    pub fn from_der(value: &'a [u8]) -> Result<DistributionPoints<'a>, BadDer> {
        let list = only(value, Tag::SEQUENCE)?;
        let mut points = Reader::new(list);
        while !points.is_empty() {
            DistributionPoint::read(&mut points)?;
        }
        Ok(DistributionPoints { list })
    }

    /// The points, in their order.
    pub fn iter(&self) -> impl Iterator<Item = DistributionPoint<'a>> + use<'a> {
        let mut points = Reader::new(self.list);
        // All have been read before.
        core::iter::from_fn(move || DistributionPoint::read(&mut points).ok())
    }
}

/// What a CRL is about; by default all certificates of its issuer, for all reasons.
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
    /// Where this list is to be had.
    pub name: Option<DistributionPointName<'a>>,
    /// It is about end-entity certificates only.
    pub only_user_certs: bool,
    /// It is about CA certificates only.
    pub only_ca_certs: bool,
    /// It is about these reasons only, as bits of ReasonFlags.
    pub only_some_reasons: Option<&'a [u8]>,
    /// Its entries may be about certificates of others.
    pub indirect: bool,
    /// It is about attribute certificates only.
    pub only_attribute_certs: bool,
}

impl<'a> IssuingDistributionPoint<'a> {
    /// From an extension's value.
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
