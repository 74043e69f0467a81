//! The extensions of certificates that we process (RFC 5280 §4.2.1; RFC 9608).

use super::der::{BadDer, Reader, Tag, bits, check_list, elements, only, saturated, unsigned};
use super::distribution_point::DistributionPoints;
use super::extensions::{Extension, Extensions};
use super::general_name::{GeneralName, GeneralNames, NOT_ASCII};
use super::oid::{self, Oid};

/// The extensions of a certificate: all of them as a list, and the ones that we process.
#[derive(Clone, Copy, Debug, Default)]
pub struct CertificateExtensions<'a> {
    /// All of them.
    pub all: Extensions<'a>,
    /// basicConstraints (§4.2.1.9)
    pub basic_constraints: Option<BasicConstraints>,
    /// keyUsage (§4.2.1.3)
    pub key_usage: Option<KeyUsage>,
    /// extKeyUsage (§4.2.1.12)
    pub ext_key_usage: Option<ExtKeyUsage<'a>>,
    /// subjectAltName (§4.2.1.6)
    pub subject_alt_name: Option<GeneralNames<'a>>,
    /// nameConstraints (§4.2.1.10)
    pub name_constraints: Option<NameConstraints<'a>>,
    /// policyConstraints (§4.2.1.11)
    pub policy_constraints: Option<PolicyConstraints>,
    /// subjectKeyIdentifier (§4.2.1.2)
    pub subject_key_id: Option<&'a [u8]>,
    /// keyIdentifier of authorityKeyIdentifier (§4.2.1.1), where it is optional.
    pub authority_key_id: Option<&'a [u8]>,
    /// cRLDistributionPoints (§4.2.1.13)
    pub crl_distribution_points: Option<DistributionPoints<'a>>,
    /// noRevAvail (RFC 9608): the issuer publishes no revocation information about this certificate.
    pub no_rev_avail: bool,
}

impl<'a> CertificateExtensions<'a> {
    /// Reads them from the content of `SEQUENCE OF Extension`.
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
                    let purposes = ExtKeyUsage::from_der(value);
                    read.ext_key_usage = Some(purposes.map_err(malformed("malformed extKeyUsage"))?);
                }
                oid::SUBJECT_ALT_NAME => {
                    read.subject_alt_name = Some(subject_alt_name(value)?);
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
                    read.no_rev_avail = match value {
                        // NULL
                        [0x05, 0x00] => true,
                        _ => return Err(BadDer("malformed noRevAvail")),
                    };
                }
                _ => {}
            }
        }
        Ok(read)
    }
}

fn subject_alt_name(value: &[u8]) -> Result<GeneralNames<'_>, BadDer> {
    let names = GeneralNames::from_der(value).map_err(|bad| match bad {
        NOT_ASCII => BadDer("a name in its subjectAltName is not ASCII"),
        _ => BadDer("its subjectAltName is empty or malformed"),
    })?;
    match names.iter().all(|name| !matches!(name, GeneralName::Ip(octets) if octets.len() != 4 && octets.len() != 16)) {
        true => Ok(names),
        false => Err(BadDer("an IP address in its subjectAltName has the wrong length")),
    }
}

/// `AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] .. OPTIONAL, authorityCertIssuer [1] .. OPTIONAL,
/// authorityCertSerialNumber [2] .. OPTIONAL }`: reads keyIdentifier.
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
    /// cA: the key may verify signatures of certificates.
    pub ca: bool,
    /// pathLenConstraint: how many intermediate certificates may follow. Self-issued ones do not count.
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

/// The first octet of keyUsage. The second holds decipherOnly, which TLS 1.3 has no use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    fn from_der(value: &[u8]) -> Result<KeyUsage, BadDer> {
        let octets = bits(only(value, Tag::BIT_STRING)?)?;
        Ok(KeyUsage(octets.first().copied().unwrap_or(0)))
    }

    /// Whether the key may sign handshakes.
    pub const fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Whether the key may sign certificates.
    pub const fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// Whether the key may sign CRLs.
    pub const fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// `ExtKeyUsageSyntax ::= SEQUENCE OF KeyPurposeId`, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct ExtKeyUsage<'a> {
    list: &'a [u8],
}

impl<'a> ExtKeyUsage<'a> {
    fn from_der(value: &'a [u8]) -> Result<ExtKeyUsage<'a>, BadDer> {
        let list = only(value, Tag::SEQUENCE)?;
        check_list(list, Oid::read)?;
        Ok(ExtKeyUsage { list })
    }

    /// The purposes in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        elements(self.list, Oid::read)
    }

    /// Whether the list has this purpose. Here [`oid::ANY_EXTENDED_KEY_USAGE`] does not stand for other purposes.
    pub fn contains(&self, purpose: Oid<'_>) -> bool {
        self.iter().any(|present| present == purpose)
    }
}

/// `NameConstraints ::= SEQUENCE { permittedSubtrees [0] .. OPTIONAL, excludedSubtrees [1] .. OPTIONAL }`, well-formed
/// and with at least one of them.
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
        permitted.or(excluded).ok_or(BadDer("nameConstraints are empty"))?;
        let [permitted, excluded] = [permitted, excluded].map(Option::unwrap_or_default);
        check_list(permitted, subtree)?;
        check_list(excluded, subtree)?;
        Ok(NameConstraints { permitted, excluded })
    }

    /// The base of each subtree, permitted or excluded.
    pub fn bases(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        [self.permitted, self.excluded].into_iter().flat_map(|list| elements(list, subtree))
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
    /// After this many more certificates the path needs an acceptable policy.
    pub require_explicit_policy: Option<u32>,
    /// After this many more certificates policy mapping is not allowed.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{der, extension};
    use std::vec::Vec;

    fn one(id: Oid<'_>, value: &[u8]) -> Vec<u8> {
        extension(id.content(), None, value)
    }

    /// What is read of a certificate with this one extension; the error.
    fn read<T>(id: Oid<'_>, value: &[u8], take: impl Fn(CertificateExtensions<'_>) -> T) -> Result<T, &'static str> {
        CertificateExtensions::from_content(&one(id, value)).map(take).map_err(|BadDer(what)| what)
    }

    #[test]
    fn each_key_usage_is_its_bit() {
        let usage = |value: &[u8]| read(oid::KEY_USAGE, value, |read| read.key_usage.unwrap());
        for octet in 0..=255u8 {
            let usage = usage(&der(0x03, &[0, octet])).unwrap();
            // RFC 5280 §4.2.1.3: bits 0, 5 and 6, counted from the top.
            let bit = |number: u32| octet & (0x80 >> number) != 0;
            assert_eq!([usage.digital_signature(), usage.key_cert_sign(), usage.crl_sign()], [bit(0), bit(5), bit(6)]);
        }
        let none = usage(&der(0x03, &[0])).unwrap();
        assert!(!none.digital_signature() && !none.key_cert_sign() && !none.crl_sign());
        // Bits beyond the end do not count in silence: readers differ in whether they see them.
        for broken in [der(0x03, &[]), der(0x03, &[7, 0x84]), der(0x03, &[8, 0]), der(0x04, &[0, 0x80]), b"?".to_vec()]
        {
            assert_eq!(usage(&broken), Err("malformed keyUsage"));
        }
    }

    #[test]
    fn what_basic_constraints_say() {
        let says = |content: &[u8]| read(oid::BASIC_CONSTRAINTS, content, |read| read.basic_constraints.unwrap());
        let sequence = |parts: &[&[u8]]| der(0x30, &parts.concat());
        let (yes, no) = (der(0x01, &[0xff]), der(0x01, &[0]));
        for (value, ca, path_len) in [
            (sequence(&[&yes]), true, None),
            (sequence(&[&no]), false, None),
            (sequence(&[]), false, None),
            (sequence(&[&yes, &der(0x02, &[0])]), true, Some(0)),
            (sequence(&[&yes, &der(0x02, &[0, 200])]), true, Some(200)),
            (sequence(&[&yes, &der(0x02, &[1; 9])]), true, Some(u32::MAX)),
            (sequence(&[&der(0x02, &[3])]), false, Some(3)),
        ] {
            assert_eq!(says(&value), Ok(BasicConstraints { ca, path_len }));
        }
        for broken in [
            sequence(&[&der(0x01, &[1])]),
            sequence(&[&yes, &der(0x02, &[0xff])]),
            sequence(&[&yes, &der(0x02, &[0, 1])]),
            sequence(&[&yes, &der(0x02, &[1]), &[5, 0]]),
            b"garbage".to_vec(),
        ] {
            assert_eq!(says(&broken), Err("malformed basicConstraints"));
        }
    }

    #[test]
    fn key_identifiers_are_what_their_extensions_hold() {
        let subject =
            |value: &[u8]| read(oid::SUBJECT_KEY_IDENTIFIER, value, |read| read.subject_key_id.map(<[u8]>::to_vec));
        assert_eq!(subject(&der(0x04, b"own")), Ok(Some(b"own".to_vec())));
        assert_eq!(subject(b"own"), Err("malformed subjectKeyIdentifier"));
        let authority = |content: &[u8]| {
            read(oid::AUTHORITY_KEY_IDENTIFIER, &der(0x30, content), |read| read.authority_key_id.map(<[u8]>::to_vec))
        };
        assert_eq!(authority(&der(0x80, b"issuer")), Ok(Some(b"issuer".to_vec())));
        // By name and number, without keyIdentifier.
        assert_eq!(authority(&[der(0xa1, b""), der(0x82, b"7")].concat()), Ok(None));
        assert_eq!(authority(&[]), Ok(None));
        assert_eq!(authority(b"?"), Err("malformed authorityKeyIdentifier"));
    }

    #[test]
    fn a_purpose_is_contained_if_it_is_in_the_list() {
        let all = [oid::SERVER_AUTH, oid::CLIENT_AUTH, oid::ANY_EXTENDED_KEY_USAGE];
        for chosen in 0..8_usize {
            let present: Vec<Oid<'_>> =
                (0..3).filter(|index| chosen >> index & 1 == 1).map(|index| all[index]).collect();
            let list: Vec<u8> = present.iter().flat_map(|id| der(0x06, id.content())).collect();
            let list = one(oid::EXT_KEY_USAGE, &der(0x30, &list));
            let purposes = CertificateExtensions::from_content(&list).unwrap().ext_key_usage.unwrap();
            assert_eq!(purposes.iter().collect::<Vec<_>>(), present);
            for purpose in all {
                assert_eq!(purposes.contains(purpose), present.contains(&purpose));
            }
        }
        assert!(CertificateExtensions::from_content(&[]).unwrap().ext_key_usage.is_none());
        assert_eq!(read(oid::EXT_KEY_USAGE, &der(0x30, b"?"), |_| ()), Err("malformed extKeyUsage"));
    }

    #[test]
    fn names_of_the_subject_are_well_formed() {
        let says = |list: &[u8]| read(oid::SUBJECT_ALT_NAME, &der(0x30, list), |_| ());
        for len in 0..=20 {
            let ip = if len == 4 || len == 16 {
                Ok(())
            } else {
                Err("an IP address in its subjectAltName has the wrong length")
            };
            assert_eq!(says(&der(0x87, &[1; 20][..len])), ip);
        }
        for tag in [0x81, 0x82, 0x86] {
            assert_eq!(says(&der(tag, b"a")), Ok(()));
            assert_eq!(says(&der(tag, "ä".as_bytes())), Err("a name in its subjectAltName is not ASCII"));
            // DER has IA5String in one piece: a constructed one is no name.
            let pieces = der(tag | 0x20, &der(0x16, b"a"));
            assert_eq!(says(&pieces), Err("its subjectAltName is empty or malformed"));
        }
        for broken in [Vec::new(), b"?".to_vec(), der(0x0c, b"a")] {
            assert_eq!(says(&broken), Err("its subjectAltName is empty or malformed"));
        }
    }

    #[test]
    fn name_constraints_are_neither_empty_nor_broken() {
        let says =
            |value: &[u8]| read(oid::NAME_CONSTRAINTS, value, |read| read.name_constraints.unwrap().bases().count());
        let subtree = |tag: u8, base: &[u8]| der(0x30, &der(tag, base));
        let (good, ip) = (subtree(0x82, b"a"), subtree(0x87, &[0; 8]));
        let [permitted, excluded] = [der(0xa0, &[good.clone(), ip].concat()), der(0xa1, &good)];
        assert_eq!(says(&der(0x30, &permitted)), Ok(2));
        assert_eq!(says(&der(0x30, &excluded)), Ok(1));
        assert_eq!(says(&der(0x30, &[permitted.clone(), excluded.clone()].concat())), Ok(3));
        for broken in [
            der(0x30, &[]),
            b"?".to_vec(),
            der(0x30, &[excluded, permitted.clone()].concat()),
            der(0x30, &[permitted, der(0x04, b"?")].concat()),
            der(0x30, &der(0xa0, &[good, subtree(0x0c, b"a")].concat())),
            der(0x30, &der(0xa1, b"?")),
            // minimum 1: not used (§4.2.1.10).
            der(0x30, &der(0xa0, &der(0x30, &[der(0x82, b"a"), der(0x80, &[1])].concat()))),
        ] {
            assert_eq!(says(&broken), Err("malformed nameConstraints"));
        }
    }

    #[test]
    fn what_policy_constraints_and_no_rev_avail_say() {
        let says = |content: &[u8]| {
            read(oid::POLICY_CONSTRAINTS, &der(0x30, content), |read| {
                let constraints = read.policy_constraints.unwrap();
                (constraints.require_explicit_policy, constraints.inhibit_policy_mapping)
            })
        };
        assert_eq!(says(&der(0x80, &[0])), Ok((Some(0), None)));
        assert_eq!(says(&[der(0x80, &[2]), der(0x81, &[0, 200])].concat()), Ok((Some(2), Some(200))));
        for broken in [der(0x80, &[]), der(0x80, &[0xff]), der(0xa0, &[0]), der(0x82, &[0])] {
            assert_eq!(says(&broken), Err("malformed policyConstraints"));
        }
        assert_eq!(read(oid::NO_REV_AVAIL, &[5, 0], |read| read.no_rev_avail), Ok(true));
        for broken in [&[][..], &[4, 0], &[5, 1, 0]] {
            assert_eq!(read(oid::NO_REV_AVAIL, broken, |_| ()), Err("malformed noRevAvail"));
        }
    }
}
