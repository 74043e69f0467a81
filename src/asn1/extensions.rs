//! Extensions (RFC 5280 §4.2): as a list, and those of certificates that we process.

use super::der::{BadDer, Reader, Tag, bits, only, saturated, unsigned};
use super::distribution_point::DistributionPoints;
use super::general_name::{GeneralName, GeneralNames, NOT_ASCII};
use super::oid::{self, Oid};

/// More extensions than this are refused: duplicates are looked for in pairs.
const MAX_EXTENSIONS: usize = 64;

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which it is.
    pub id: Oid<'a>,
    /// Who does not process it must refuse what it stands in.
    pub critical: bool,
    /// What the OCTET STRING holds.
    pub value: &'a [u8],
}

impl<'a> Extension<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Extension<'a>, BadDer> {
        let mut fields = list.sequence()?;
        let id = Oid::read(&mut fields)?;
        let critical = fields.flag(Tag::BOOLEAN)?;
        let value = fields.read(Tag::OCTET_STRING)?;
        fields.finish().map(|()| Extension { id, critical, value })
    }
}

/// A well-formed list of extensions, of which none stands twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a> {
    list: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// From the content of `SEQUENCE OF Extension`.
    pub fn from_content(list: &'a [u8]) -> Result<Extensions<'a>, BadDer> {
        let mut reader = Reader::new(list);
        let mut seen: [&[u8]; MAX_EXTENSIONS] = [&[]; MAX_EXTENSIONS];
        let mut count = 0usize;
        while !reader.is_empty() {
            let extension = Extension::read(&mut reader).map_err(|_| BadDer("malformed extensions"))?;
            if seen.iter().take(count).any(|seen| *seen == extension.id.content()) {
                return Err(BadDer("an extension stands twice"));
            }
            *seen.get_mut(count).ok_or(BadDer("it has more than 64 extensions"))? = extension.id.content();
            count = count.saturating_add(1);
        }
        Ok(Extensions { list })
    }

    /// The extensions, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let mut reader = Reader::new(self.list);
        // All have been read before.
        core::iter::from_fn(move || Extension::read(&mut reader).ok())
    }

    /// The extension with this object identifier.
    pub fn get(&self, id: Oid<'_>) -> Option<Extension<'a>> {
        self.iter().find(|extension| extension.id == id)
    }

    /// Is it there, and critical?
    pub fn is_critical(&self, id: Oid<'_>) -> bool {
        self.get(id).is_some_and(|extension| extension.critical)
    }
}

/// The extensions of a certificate: all as a list, and those that have rules of their own, read.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateExtensions<'a> {
    /// All of them.
    pub all: Extensions<'a>,
    /// §4.2.1.9
    pub basic_constraints: Option<BasicConstraints>,
    /// §4.2.1.3
    pub key_usage: Option<KeyUsage>,
    /// §4.2.1.12
    pub ext_key_usage: Option<Purposes<'a>>,
    /// §4.2.1.6
    pub subject_alt_name: Option<GeneralNames<'a>>,
    /// §4.2.1.10
    pub name_constraints: Option<NameConstraints<'a>>,
    /// §4.2.1.11
    pub policy_constraints: Option<PolicyConstraints>,
    /// subjectKeyIdentifier (§4.2.1.2)
    pub subject_key_id: Option<&'a [u8]>,
    /// keyIdentifier of authorityKeyIdentifier (§4.2.1.1), which may do without it.
    pub authority_key_id: Option<&'a [u8]>,
    /// §4.2.1.13
    pub crl_distribution_points: Option<DistributionPoints<'a>>,
    /// noRevAvail (RFC 9608): its issuer publishes nothing about its revocation.
    pub no_rev_avail: bool,
}

impl<'a> CertificateExtensions<'a> {
    /// From the content of `SEQUENCE OF Extension`.
    pub fn from_content(list: &'a [u8]) -> Result<CertificateExtensions<'a>, BadDer> {
        let all = Extensions::from_content(list)?;
        let mut read = CertificateExtensions { all, ..CertificateExtensions::default() };
        for Extension { id, value, .. } in all.iter() {
            let malformed = |what| move |_| BadDer(what);
            match id {
                oid::BASIC_CONSTRAINTS => {
                    let constraints = BasicConstraints::from_der(value);
                    read.basic_constraints = Some(constraints.map_err(malformed("malformed basicConstraints"))?);
                }
                oid::KEY_USAGE => {
                    read.key_usage = Some(KeyUsage::from_der(value).map_err(malformed("malformed keyUsage"))?);
                }
                oid::EXT_KEY_USAGE => {
                    let purposes = Purposes::from_der(value);
                    read.ext_key_usage = Some(purposes.map_err(malformed("malformed extKeyUsage"))?);
                }
                oid::SUBJECT_ALT_NAME => {
                    let names = GeneralNames::from_der(value).map_err(|bad| match bad {
                        NOT_ASCII => BadDer("a name in its subjectAltName is not ASCII"),
                        _ => BadDer("its subjectAltName is empty or malformed"),
                    });
                    read.subject_alt_name = Some(names?);
                }
                oid::NAME_CONSTRAINTS => {
                    let constraints = NameConstraints::from_der(value);
                    read.name_constraints = Some(constraints.map_err(malformed("malformed nameConstraints"))?);
                }
                oid::POLICY_CONSTRAINTS => {
                    let constraints = PolicyConstraints::from_der(value);
                    read.policy_constraints = Some(constraints.map_err(malformed("malformed policyConstraints"))?);
                }
                oid::SUBJECT_KEY_IDENTIFIER => {
                    let id = only(value, Tag::OCTET_STRING);
                    read.subject_key_id = Some(id.map_err(malformed("malformed subjectKeyIdentifier"))?);
                }
                oid::AUTHORITY_KEY_IDENTIFIER => {
                    let id = authority_key_id(value);
                    read.authority_key_id = id.map_err(malformed("malformed authorityKeyIdentifier"))?;
                }
                oid::CRL_DISTRIBUTION_POINTS => {
                    let points = DistributionPoints::from_der(value);
                    read.crl_distribution_points = Some(points.map_err(malformed("malformed cRLDistributionPoints"))?);
                }
                oid::NO_REV_AVAIL => {
                    only(value, Tag::NULL).map_err(malformed("malformed noRevAvail"))?;
                    read.no_rev_avail = true;
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

/// `AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] .. OPTIONAL, authorityCertIssuer [1] .. OPTIONAL,
/// authorityCertSerialNumber [2] .. OPTIONAL }`: its keyIdentifier.
pub(super) fn authority_key_id(value: &[u8]) -> Result<Option<&[u8]>, BadDer> {
    let mut fields = Reader::new(only(value, Tag::SEQUENCE)?);
    let key_id = fields.optional(Tag::primitive(0))?;
    fields.optional(Tag::constructed(1))?;
    fields.optional(Tag::primitive(2))?;
    fields.finish().map(|()| key_id)
}

/// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Its key may verify signatures of certificates.
    pub ca: bool,
    /// How many intermediate certificates may follow it, self-issued ones not counted.
    pub path_len: Option<u32>,
}

impl BasicConstraints {
    fn from_der(value: &[u8]) -> Result<BasicConstraints, BadDer> {
        let mut fields = Reader::new(only(value, Tag::SEQUENCE)?);
        let ca = fields.flag(Tag::BOOLEAN)?;
        let path_len = match fields.is_empty() {
            true => None,
            false => Some(saturated(fields.unsigned()?)),
        };
        fields.finish().map(|()| BasicConstraints { ca, path_len })
    }
}

/// The bits of keyUsage that concern us; decipherOnly, in a second octet, does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    fn from_der(value: &[u8]) -> Result<KeyUsage, BadDer> {
        let octets = bits(only(value, Tag::BIT_STRING)?)?;
        Ok(KeyUsage(octets.first().copied().unwrap_or(0)))
    }

    /// May it sign handshakes?
    pub const fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// May it sign certificates?
    pub const fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// May it sign CRLs?
    pub const fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// `ExtKeyUsageSyntax ::= SEQUENCE OF KeyPurposeId`, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct Purposes<'a> {
    list: &'a [u8],
}

impl<'a> Purposes<'a> {
    fn from_der(value: &'a [u8]) -> Result<Purposes<'a>, BadDer> {
        let list = only(value, Tag::SEQUENCE)?;
        let mut purposes = Reader::new(list);
        while !purposes.is_empty() {
            Oid::read(&mut purposes)?;
        }
        Ok(Purposes { list })
    }

    /// The purposes, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        let mut purposes = Reader::new(self.list);
        // All have been read before.
        core::iter::from_fn(move || Oid::read(&mut purposes).ok())
    }

    /// Is it in the list itself? ([`oid::ANY_EXTENDED_KEY_USAGE`] does not stand for it here.)
    pub fn contains(&self, purpose: Oid<'_>) -> bool {
        self.iter().any(|present| present == purpose)
    }
}

/// `NameConstraints ::= SEQUENCE { permittedSubtrees [0] .. OPTIONAL, excludedSubtrees [1] .. OPTIONAL }`, well-formed,
/// with one of them at least.
#[derive(Clone, Copy, Debug)]
pub struct NameConstraints<'a> {
    permitted: &'a [u8],
    excluded: &'a [u8],
}

impl<'a> NameConstraints<'a> {
    fn from_der(value: &'a [u8]) -> Result<NameConstraints<'a>, BadDer> {
        let mut fields = Reader::new(only(value, Tag::SEQUENCE)?);
        let permitted = fields.optional(Tag::constructed(0))?;
        let excluded = fields.optional(Tag::constructed(1))?;
        fields.finish()?;
        for list in [permitted, excluded].into_iter().flatten() {
            let mut subtrees = Reader::new(list);
            while !subtrees.is_empty() {
                subtree(&mut subtrees)?;
            }
        }
        match permitted.or(excluded) {
            Some(_) => {
                Ok(NameConstraints { permitted: permitted.unwrap_or_default(), excluded: excluded.unwrap_or_default() })
            }
            None => Err(BadDer("nameConstraints are empty")),
        }
    }

    /// The base of each subtree, permitted or excluded.
    pub fn bases(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        [self.permitted, self.excluded].into_iter().flat_map(|list| {
            let mut subtrees = Reader::new(list);
            // All have been read before.
            core::iter::from_fn(move || subtree(&mut subtrees).ok())
        })
    }
}

/// `GeneralSubtree ::= SEQUENCE { base GeneralName, .. }`; minimum and maximum are not used (§4.2.1.10).
fn subtree<'a>(list: &mut Reader<'a>) -> Result<GeneralName<'a>, BadDer> {
    let mut fields = list.sequence()?;
    let base = GeneralName::read(&mut fields)?;
    fields.finish().map(|()| base)
}

/// `PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] .. OPTIONAL, inhibitPolicyMapping [1] .. OPTIONAL }`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// After so many more certificates, an acceptable policy is needed.
    pub require_explicit_policy: Option<u32>,
    /// After so many more certificates, policies may not be mapped.
    pub inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    fn from_der(value: &[u8]) -> Result<PolicyConstraints, BadDer> {
        let mut fields = Reader::new(only(value, Tag::SEQUENCE)?);
        let mut skip = |number| -> Result<Option<u32>, BadDer> {
            let content = fields.optional(Tag::primitive(number))?;
            content.map(|content| unsigned(content).map(saturated)).transpose()
        };
        let constraints = PolicyConstraints { require_explicit_policy: skip(0)?, inhibit_policy_mapping: skip(1)? };
        fields.finish().map(|()| constraints)
    }
}
