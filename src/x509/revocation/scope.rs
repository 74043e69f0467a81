//! The scope of a CRL (RFC 5280 §5.2.5), and whether it covers a certificate (§6.3.3 (b)).

use crate::asn1::{
    BadDer, DistributionPointName, DistributionPoints, GeneralName, GeneralNames, IssuingDistributionPoint,
};
use std::vec::Vec;

/// The scope of a CRL: by default all certificates of its issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope {
    /// The names of the distribution point of this partial CRL; empty: it is not partial.
    points: Vec<Point>,
    only_user_certs: bool,
    only_ca_certs: bool,
    only_attribute_certs: bool,
}

/// A GeneralName as octets: its kind and its content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point(u8, Vec<u8>);

fn octets<'a>(name: &GeneralName<'a>) -> (u8, &'a [u8]) {
    match *name {
        GeneralName::OtherName(content) => (0, content),
        GeneralName::Email(text) => (1, text.as_bytes()),
        GeneralName::Dns(text) => (2, text.as_bytes()),
        GeneralName::X400(content) => (3, content),
        GeneralName::Directory(name) => (4, name.der()),
        GeneralName::EdiParty(content) => (5, content),
        GeneralName::Uri(text) => (6, text.as_bytes()),
        GeneralName::Ip(address) => (7, address),
        GeneralName::RegisteredId(id) => (8, id.content()),
    }
}

impl Scope {
    /// The error says why we cannot use a CRL with this extension.
    pub(super) fn read(point: &IssuingDistributionPoint<'_>) -> Result<Scope, BadDer> {
        if point.indirect {
            return Err(BadDer("indirect CRLs (indirectCRL) are not supported"));
        }
        if point.only_some_reasons.is_some() {
            return Err(BadDer("CRLs split by reason (onlySomeReasons) are not supported"));
        }
        let only = [point.only_user_certs, point.only_ca_certs, point.only_attribute_certs];
        if only.into_iter().filter(|only| *only).count() > 1 {
            return Err(BadDer("its issuingDistributionPoint leaves no certificate that it is about"));
        }
        let mut points = match point.name {
            None => Vec::new(),
            Some(DistributionPointName::Full(names)) => names.iter().map(|name| Point::new(&name)).collect(),
            Some(DistributionPointName::RelativeToIssuer(_)) => {
                return Err(BadDer("a distribution point that is named relative to its issuer is not supported"));
            }
        };
        points.sort();
        points.dedup();
        let [only_user_certs, only_ca_certs, only_attribute_certs] = only;
        Ok(Scope { points, only_user_certs, only_ca_certs, only_attribute_certs })
    }

    /// Whether it covers certificates of CAs, or those of end entities.
    pub(super) fn covers_kind(&self, is_ca: bool) -> bool {
        !self.only_attribute_certs && if is_ca { !self.only_user_certs } else { !self.only_ca_certs }
    }

    /// It covers attribute certificates, which have other serial numbers.
    pub(super) fn is_foreign(&self) -> bool {
        self.only_attribute_certs
    }

    /// Whether a partial CRL of this point covers a certificate that names these points. A certificate that names none is
    /// covered by a complete CRL, or by the only CRL.
    pub(super) fn covers_point(&self, named: Option<DistributionPoints<'_>>, only_one: bool) -> bool {
        if self.points.is_empty() {
            return true;
        }
        let Some(named) = named else { return only_one };
        named.iter().any(|point| match (point.name, point.reasons, point.crl_issuer) {
            (Some(DistributionPointName::Full(names)), None, None) => self.is_published_at(&names),
            // Another signer, some reasons only, or a relative name: this CRL does not cover it.
            _ => false,
        })
    }

    fn is_published_at(&self, names: &GeneralNames<'_>) -> bool {
        names.iter().any(|name| self.points.iter().any(|Point(kind, content)| (*kind, &content[..]) == octets(&name)))
    }
}

impl Point {
    fn new(name: &GeneralName<'_>) -> Point {
        let (kind, content) = octets(name);
        Point(kind, content.to_vec())
    }
}
