//! GeneralName (RFC 5280 §4.2.1.6).

use super::der::{BadDer, Element, Reader, Tag, check_list, elements, only};
use super::name::Name;
use super::oid::Oid;

/// A name of a subject, an issuer or a distribution point.
#[derive(Clone, Copy, Debug)]
pub enum GeneralName<'a> {
    /// The content of otherName.
    OtherName(&'a [u8]),
    /// rfc822Name: an e-mail address; ASCII.
    Email(&'a str),
    /// dNSName; ASCII.
    Dns(&'a str),
    /// The content of x400Address.
    X400(&'a [u8]),
    /// directoryName
    Directory(Name<'a>),
    /// The content of ediPartyName.
    EdiParty(&'a [u8]),
    /// uniformResourceIdentifier; ASCII.
    Uri(&'a str),
    /// iPAddress: 4 or 16 octets; in name constraints 8 or 32, with a mask. The length has not been checked.
    Ip(&'a [u8]),
    /// registeredID
    RegisteredId(Oid<'a>),
}

impl<'a> GeneralName<'a> {
    /// Reads the next element. All tags are IMPLICIT except that of directoryName, since Name is a CHOICE.
    pub fn read(names: &mut Reader<'a>) -> Result<GeneralName<'a>, BadDer> {
        let Element { tag, content, .. } = names.element()?;
        let ia5 = || match content.is_ascii() {
            true => core::str::from_utf8(content).map_err(|_| NOT_ASCII),
            false => Err(NOT_ASCII),
        };
        Ok(match tag.0 {
            0xa0 => GeneralName::OtherName(content),
            0x81 => GeneralName::Email(ia5()?),
            0x82 => GeneralName::Dns(ia5()?),
            0xa3 => GeneralName::X400(content),
            0xa4 => GeneralName::Directory(Name::from_der(content)?),
            0xa5 => GeneralName::EdiParty(content),
            0x86 => GeneralName::Uri(ia5()?),
            0x87 => GeneralName::Ip(content),
            0x88 => GeneralName::RegisteredId(Oid::from_content(content)?),
            _ => return Err(BadDer("a GeneralName is malformed")),
        })
    }
}

/// An IA5String has only ASCII characters.
pub(super) const NOT_ASCII: BadDer = BadDer("a name is not ASCII");

/// `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName`, well-formed.
#[derive(Clone, Copy, Debug)]
pub struct GeneralNames<'a> {
    list: &'a [u8],
}

impl<'a> GeneralNames<'a> {
    /// Reads the SEQUENCE with tag and length.
    pub fn from_der(der: &'a [u8]) -> Result<GeneralNames<'a>, BadDer> {
        GeneralNames::from_content(only(der, Tag::SEQUENCE)?)
    }

    /// Reads the content of the SEQUENCE.
    pub fn from_content(list: &'a [u8]) -> Result<GeneralNames<'a>, BadDer> {
        match check_list(list, GeneralName::read)? {
            0 => Err(BadDer("a list of names is empty")),
            _ => Ok(GeneralNames { list }),
        }
    }

    /// The names in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        elements(self.list, GeneralName::read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{der, name};
    use std::{format, string::String, vec::Vec};

    fn debug(list: &[u8]) -> Result<Vec<String>, BadDer> {
        GeneralNames::from_content(list).map(|names| names.iter().map(|name| format!("{name:?}")).collect())
    }

    /// RFC 5280 §4.2.1.6 makes some of them IMPLICIT over primitive types. In DER each kind has one identifier octet.
    #[test]
    fn the_tag_decides_the_kind_of_a_general_name_and_a_constructed_string_is_none() {
        for tag in 0..=255u8 {
            let content = match tag {
                0xa4 => name(b"api"),
                0x88 => [0x2a, 3].to_vec(),
                _ => b"name".to_vec(),
            };
            let known = match tag {
                0xa0 => Some("OtherName"),
                0x81 => Some("Email"),
                0x82 => Some("Dns"),
                0xa3 => Some("X400"),
                0xa4 => Some("Directory"),
                0xa5 => Some("EdiParty"),
                0x86 => Some("Uri"),
                0x87 => Some("Ip"),
                0x88 => Some("RegisteredId"),
                _ => None,
            };
            let names = debug(&[der(tag, &content), der(0x82, b"next")].concat());
            match known {
                Some(known) => {
                    let names = names.unwrap();
                    assert!(names[0].starts_with(known) && names[1] == "Dns(\"next\")", "{names:?}");
                }
                None => assert!(names.is_err(), "tag {tag:02x}"),
            }
        }
    }

    #[test]
    fn a_list_is_not_empty_and_whole() {
        for broken in
            [&[][..], &[0x82, 9, b'a'], &[0x82], &[0x82, 1, b'a', 0x0c, 0], &[0x82, 1, 0xe4], &[0x86, 1, 0x80]]
        {
            assert!(debug(broken).is_err(), "{broken:02x?}");
        }
        assert!(GeneralNames::from_der(&der(0x30, &der(0x82, b"a"))).is_ok());
        assert!(GeneralNames::from_der(&der(0x31, &der(0x82, b"a"))).is_err());
    }
}
