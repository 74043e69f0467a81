//! Reads the fields of a certificate in place: `der`'s readers, no allocation.
//!
//! The rules of RFC 5280 are judged on this view in the hot path; `x509-parser` only describes certificates to people.

use crate::SignatureScheme;
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber, asn1::GeneralizedTime, asn1::UtcTime};

/// The bytes are not the DER of a certificate; says which part.
pub(super) type Broken = &'static str;

/// The identifier octet of a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// More extensions than this are refused: duplicates are looked for in pairs.
const MAX_EXTENSIONS: usize = 64;

/// `[n]`, constructed.
pub(super) const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `[n]` IMPLICIT over a primitive type.
pub(super) const fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

pub(super) fn reader(bytes: &[u8]) -> Option<SliceReader<'_>> {
    SliceReader::new(bytes).ok()
}

/// The next value and its tag.
fn any<'a>(reader: &mut SliceReader<'a>) -> Option<(Tag, &'a [u8])> {
    let header = Header::decode(reader).ok()?;
    Some((header.tag(), reader.read_slice(header.length()).ok()?))
}

/// The next value, which must have this tag.
pub(super) fn expect<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Option<&'a [u8]> {
    any(reader).and_then(|(found, value)| (found == tag).then_some(value))
}

/// The next value if it has this tag; leaves the reader where it is otherwise.
pub(super) fn optional<'a>(reader: &mut SliceReader<'a>, tag: Tag) -> Option<Option<&'a [u8]>> {
    match reader.is_finished() {
        false if Tag::peek(reader).ok()? == tag => expect(reader, tag).map(Some),
        _ => Some(None),
    }
}

/// The only value in `bytes`, which must have this tag.
pub(super) fn only(bytes: &[u8], tag: Tag) -> Option<&[u8]> {
    let mut reader = reader(bytes)?;
    let value = expect(&mut reader, tag)?;
    reader.is_finished().then_some(value)
}

/// A DER BOOLEAN's content.
fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [0x00] => Some(false),
        [0xff] => Some(true),
        _ => None,
    }
}

/// UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), as seconds since 1970.
fn time(reader: &mut SliceReader<'_>) -> Option<u64> {
    Some(match Tag::peek(reader).ok()? {
        Tag::UtcTime => UtcTime::decode(reader).ok()?.to_unix_duration().as_secs(),
        _ => GeneralizedTime::decode(reader).ok()?.to_unix_duration().as_secs(),
    })
}

/// One extension (RFC 5280 §4.2).
#[derive(Clone, Copy)]
pub(super) struct Extension<'a> {
    /// The object identifier's content octets.
    pub(super) oid: &'a [u8],
    pub(super) critical: bool,
    /// What the OCTET STRING holds.
    pub(super) value: &'a [u8],
}

/// The extensions that have rules of their own: the last arc of id-ce, 2.5.29.x.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Id {
    SubjectKeyIdentifier = 14,
    KeyUsage = 15,
    SubjectAltName = 17,
    BasicConstraints = 19,
    CrlNumber = 20,
    NameConstraints = 30,
    AuthorityKeyIdentifier = 35,
    PolicyConstraints = 36,
    ExtKeyUsage = 37,
}

const KNOWN: [Id; 9] = [
    Id::SubjectKeyIdentifier,
    Id::KeyUsage,
    Id::SubjectAltName,
    Id::BasicConstraints,
    Id::CrlNumber,
    Id::NameConstraints,
    Id::AuthorityKeyIdentifier,
    Id::PolicyConstraints,
    Id::ExtKeyUsage,
];

/// The place of an extension in [`Extensions::known`].
fn place(oid: &[u8]) -> Option<usize> {
    let [0x55, 0x1d, last] = oid else { return None };
    KNOWN.iter().position(|id| *id as u8 == *last)
}

/// A well-formed list of extensions, read once.
#[derive(Clone, Copy)]
pub(super) struct Extensions<'a> {
    list: &'a [u8],
    known: [Option<Extension<'a>>; KNOWN.len()],
}

impl<'a> Extensions<'a> {
    /// `list`: the content of the SEQUENCE OF Extension. An extension may stand only once (RFC 5280 §4.2).
    pub(super) fn read(list: &'a [u8]) -> Result<Extensions<'a>, Broken> {
        const BROKEN: Broken = "malformed extensions";
        const TWICE: Broken = "an extension stands twice";
        let mut reader = reader(list).ok_or(BROKEN)?;
        let mut known = [None; KNOWN.len()];
        let mut others: [&[u8]; MAX_EXTENSIONS] = [&[]; MAX_EXTENSIONS];
        let mut count = 0usize;
        while !reader.is_finished() {
            let extension = next_extension(&mut reader).ok_or(BROKEN)?;
            if let Some(slot) = place(extension.oid).and_then(|place| known.get_mut(place)) {
                if slot.replace(extension).is_some() {
                    return Err(TWICE);
                }
            } else {
                if others.get(..count).unwrap_or_default().contains(&extension.oid) {
                    return Err(TWICE);
                }
                *others.get_mut(count).ok_or("too many extensions")? = extension.oid;
                count = count.saturating_add(1);
            }
        }
        Ok(Extensions { list, known })
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Extension<'a>> {
        let mut reader = reader(self.list);
        core::iter::from_fn(move || match &mut reader {
            Some(reader) if !reader.is_finished() => next_extension(reader),
            _ => None,
        })
    }

    pub(super) fn get(&self, id: Id) -> Option<Extension<'a>> {
        let place = KNOWN.iter().position(|known| *known == id)?;
        *self.known.get(place)?
    }
}

fn next_extension<'a>(list: &mut SliceReader<'a>) -> Option<Extension<'a>> {
    let mut fields = reader(expect(list, Tag::Sequence)?)?;
    let oid = expect(&mut fields, Tag::ObjectIdentifier)?;
    let (tag, content) = any(&mut fields)?;
    let (critical, value) = match tag {
        Tag::Boolean => (boolean(content)?, expect(&mut fields, Tag::OctetString)?),
        Tag::OctetString => (false, content), // critical BOOLEAN DEFAULT FALSE
        _ => return None,
    };
    fields.is_finished().then_some(Extension { oid, critical, value })
}

const MALFORMED_VALIDITY: Broken = "malformed validity";

/// The fields of an X.509 v3 certificate (RFC 5280 §4.1), borrowed.
#[derive(Clone, Copy)]
pub(super) struct Cert<'a> {
    /// The whole certificate.
    pub(super) der: &'a [u8],
    /// INTEGER content: big-endian two's complement.
    pub(super) serial: &'a [u8],
    /// The content of the AlgorithmIdentifier that it is signed with.
    pub(super) signature: &'a [u8],
    /// The whole Name, with tag and length.
    pub(super) issuer: &'a [u8],
    /// The content of Validity.
    validity: &'a [u8],
    /// The whole Name, with tag and length.
    pub(super) subject: &'a [u8],
    /// The whole SubjectPublicKeyInfo, with tag and length.
    pub(super) spki: &'a [u8],
    pub(super) extensions: Extensions<'a>,
}

impl<'a> Cert<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Cert<'a>, Broken> {
        let outer = only(der, Tag::Sequence).ok_or("it is not a certificate")?;
        let tbs = reader(outer).and_then(|mut outer| {
            let tbs = expect(&mut outer, Tag::Sequence)?;
            expect(&mut outer, Tag::Sequence)?;
            expect(&mut outer, Tag::BitString)?;
            outer.is_finished().then_some(tbs)
        });
        let mut tbs = tbs.and_then(reader).ok_or("it is not a certificate")?;
        let version = optional(&mut tbs, context(0)).ok_or("malformed version")?;
        match version.map(|version| only(version, Tag::Integer)) {
            Some(Some([2])) => {}
            _ => return Err("it is not X.509 version 3 (made without extensions?)"),
        }
        let serial = expect(&mut tbs, Tag::Integer).ok_or("malformed serial number")?;
        let signature = expect(&mut tbs, Tag::Sequence).ok_or("malformed signature algorithm")?;
        let issuer = name(&mut tbs).ok_or("malformed issuer")?;
        let validity = expect(&mut tbs, Tag::Sequence).ok_or(MALFORMED_VALIDITY)?;
        let subject = name(&mut tbs).ok_or("malformed subject")?;
        let spki = name(&mut tbs).ok_or("malformed public key")?;
        let extensions = extensions(&mut tbs)?;
        Ok(Cert { der, serial, signature, issuer, validity, subject, spki, extensions })
    }

    /// notBefore and notAfter, both inclusive, in seconds since 1970.
    pub(super) fn validity(&self) -> Result<(u64, u64), Broken> {
        let times = reader(self.validity).and_then(|mut fields| {
            let times = (time(&mut fields)?, time(&mut fields)?);
            fields.is_finished().then_some(times)
        });
        times.ok_or(MALFORMED_VALIDITY)
    }

    pub(super) fn extension(&self, id: Id) -> Option<Extension<'a>> {
        self.extensions.get(id)
    }

    /// `keyUsage`, if present (RFC 5280 §4.2.1.3).
    pub(super) fn key_usage(&self) -> Result<Option<KeyUsage>, Broken> {
        match self.extension(Id::KeyUsage) {
            Some(extension) => KeyUsage::read(extension.value).map(Some).ok_or("malformed keyUsage"),
            None => Ok(None),
        }
    }

    /// `basicConstraints`, if present: is it a CA? (RFC 5280 §4.2.1.9; webpki judges the path length.)
    pub(super) fn is_ca(&self) -> Result<Option<bool>, Broken> {
        const BROKEN: Broken = "malformed basicConstraints";
        let Some(extension) = self.extension(Id::BasicConstraints) else { return Ok(None) };
        let mut fields = only(extension.value, Tag::Sequence).and_then(reader).ok_or(BROKEN)?;
        match optional(&mut fields, Tag::Boolean).ok_or(BROKEN)? {
            Some(content) => boolean(content).map(Some).ok_or(BROKEN),
            None => Ok(Some(false)),
        }
    }

    /// The purposes of `extKeyUsage` as object identifier contents, if present (RFC 5280 §4.2.1.12).
    pub(super) fn purposes(&self) -> Option<Purposes<'a>> {
        let extension = self.extension(Id::ExtKeyUsage)?;
        Some(Purposes(only(extension.value, Tag::Sequence).unwrap_or_default()))
    }

    /// The names of `subjectAltName` (RFC 5280 §4.2.1.6); none without the extension.
    pub(super) fn names(&self) -> GeneralNames<'a> {
        let list = self.extension(Id::SubjectAltName).and_then(|extension| only(extension.value, Tag::Sequence));
        GeneralNames(list.unwrap_or_default())
    }

    /// The scheme that it is signed with, by its usual code point (§4.3.3; ECDSA's ties a curve to the hash, which a
    /// certificate does not say); `None` for those that we do not accept, and for RSA-PSS, whose hash lies deeper.
    pub(super) fn signature_scheme(&self) -> Option<SignatureScheme> {
        const PKCS1: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
        const ECDSA_SHA2: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
        let oid = expect(&mut reader(self.signature)?, Tag::ObjectIdentifier)?;
        match (oid.strip_prefix(&PKCS1), oid.strip_prefix(&ECDSA_SHA2)) {
            (Some([11]), _) => Some(SignatureScheme::RSA_PKCS1_SHA256),
            (Some([12]), _) => Some(SignatureScheme::RSA_PKCS1_SHA384),
            (Some([13]), _) => Some(SignatureScheme::RSA_PKCS1_SHA512),
            (_, Some([2])) => Some(SignatureScheme::ECDSA_SECP256R1_SHA256),
            (_, Some([3])) => Some(SignatureScheme::ECDSA_SECP384R1_SHA384),
            _ => (oid == [0x2b, 0x65, 112]).then_some(SignatureScheme::ED25519),
        }
    }

    /// `subjectKeyIdentifier` (RFC 5280 §4.2.1.2).
    pub(super) fn key_id(&self) -> Option<&'a [u8]> {
        only(self.extension(Id::SubjectKeyIdentifier)?.value, Tag::OctetString)
    }

    /// `authorityKeyIdentifier.keyIdentifier` (RFC 5280 §4.2.1.1).
    pub(super) fn issuer_key_id(&self) -> Option<&'a [u8]> {
        let fields = only(self.extension(Id::AuthorityKeyIdentifier)?.value, Tag::Sequence)?;
        optional(&mut reader(fields)?, context_primitive(0))?
    }
}

/// A Name, or any other SEQUENCE that we keep whole.
fn name<'a>(tbs: &mut SliceReader<'a>) -> Option<&'a [u8]> {
    tbs.tlv_bytes().ok().filter(|whole| whole.first() == Some(&SEQUENCE))
}

fn extensions<'a>(tbs: &mut SliceReader<'a>) -> Result<Extensions<'a>, Broken> {
    const BROKEN: Broken = "malformed extensions";
    // The unique identifiers are obsolete; nobody uses them, and webpki refuses them.
    let list = match optional(tbs, context(3)).ok_or(BROKEN)? {
        Some(wrapped) => only(wrapped, Tag::Sequence).ok_or(BROKEN)?,
        None => &[],
    };
    match tbs.is_finished() {
        true => Extensions::read(list),
        false => Err(BROKEN),
    }
}

/// The bits of keyUsage (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy)]
pub(super) struct KeyUsage(u8);

impl KeyUsage {
    fn read(value: &[u8]) -> Option<KeyUsage> {
        match only(value, Tag::BitString)? {
            // First the number of unused bits; decipherOnly in a second octet does not concern us.
            [0..=7, bits, ..] => Some(KeyUsage(*bits)),
            [0] => Some(KeyUsage(0)),
            _ => None,
        }
    }

    pub(super) fn digital_signature(self) -> bool {
        self.0 & 0x80 != 0
    }

    pub(super) fn key_cert_sign(self) -> bool {
        self.0 & 0x04 != 0
    }

    pub(super) fn crl_sign(self) -> bool {
        self.0 & 0x02 != 0
    }
}

/// `SEQUENCE OF KeyPurposeId`.
#[derive(Clone, Copy)]
pub(super) struct Purposes<'a>(&'a [u8]);

/// id-kp-serverAuth, id-kp-clientAuth: 1.3.6.1.5.5.7.3.1 and .2.
pub(super) const SERVER_AUTH: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 1];
pub(super) const CLIENT_AUTH: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 2];
/// anyExtendedKeyUsage: 2.5.29.37.0.
pub(super) const ANY_PURPOSE: [u8; 4] = [0x55, 0x1d, 37, 0];

impl<'a> Purposes<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut list = reader(self.0);
        core::iter::from_fn(move || match &mut list {
            Some(list) if !list.is_finished() => expect(list, Tag::ObjectIdentifier),
            _ => None,
        })
    }

    pub(super) fn contains(self, purpose: &[u8]) -> bool {
        self.iter().any(|present| present == purpose)
    }
}

/// A GeneralName (RFC 5280 §4.2.1.6), as far as we use it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GeneralName<'a> {
    Dns(&'a [u8]),
    Ip(&'a [u8]),
    Uri(&'a [u8]),
    Email(&'a [u8]),
    /// otherName, directoryName and the rest: context-specific tag number.
    Other(u32),
    /// Not a GeneralName. Nothing follows it.
    Broken,
}

#[derive(Clone, Copy)]
pub(super) struct GeneralNames<'a>(pub(super) &'a [u8]);

impl<'a> GeneralNames<'a> {
    pub(super) fn iter(self) -> impl Iterator<Item = GeneralName<'a>> {
        let mut list = reader(self.0);
        core::iter::from_fn(move || {
            let names = list.as_mut().filter(|names| !names.is_finished())?;
            let name = general_name(names);
            if name.is_none() {
                list = None;
            }
            Some(name.unwrap_or(GeneralName::Broken))
        })
    }
}

/// One GeneralName; `None` if it is none.
pub(super) fn general_name<'a>(names: &mut SliceReader<'a>) -> Option<GeneralName<'a>> {
    let (Tag::ContextSpecific { number, .. }, name) = any(names)? else { return None };
    Some(match number.0 {
        1 => GeneralName::Email(name),
        2 => GeneralName::Dns(name),
        6 => GeneralName::Uri(name),
        7 => GeneralName::Ip(name),
        number @ (0 | 3 | 4 | 5 | 8) => GeneralName::Other(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der, extension};
    use std::vec::Vec;

    #[test]
    fn a_boolean_has_two_values_of_one_octet() {
        for octet in 0..=255 {
            let value = match octet {
                0 => Some(false),
                255 => Some(true),
                _ => None,
            };
            assert_eq!(boolean(&[octet]), value);
            assert_eq!(boolean(&[octet, octet]), None);
        }
        assert_eq!(boolean(&[]), None);
    }

    #[test]
    fn the_fields_of_a_certificate_are_where_they_are_written() {
        let made = Made::default();
        let der = made.der();
        let cert = Cert::read(&der).unwrap();
        assert_eq!(cert.der, der);
        assert_eq!(cert.serial, made.serial);
        assert_eq!(cert.signature, only(&made.signature, Tag::Sequence).unwrap());
        assert_eq!((cert.issuer, cert.subject, cert.spki), (&made.issuer[..], &made.subject[..], &made.spki[..]));
        // 2026-01-01 as UTCTime, 2050-01-01 as GeneralizedTime (RFC 5280 §4.1.2.5).
        assert_eq!(cert.validity(), Ok((1_767_225_600, 2_524_608_000)));
        assert_eq!(cert.extensions.iter().count(), 0);
        for version in [0, 1, 3, 255] {
            assert!(
                Cert::read(&Made { version, ..Made::default() }.der()).is_err_and(|what| what.contains("version 3"))
            );
        }
    }

    #[test]
    fn an_extension_is_found_by_its_number_only_and_stands_once() {
        let known = KNOWN.map(|id| id as u8);
        let others: Vec<u8> = (0..100).filter(|last| !known.contains(last)).collect();
        let list = |lasts: &[u8]| -> Vec<u8> {
            lasts.iter().flat_map(|last| extension(&[0x55, 0x1d, *last], None, &[*last])).collect()
        };
        for (id, last) in KNOWN.into_iter().zip(known) {
            let list = list(&[last, others[0]]);
            let read = Extensions::read(&list).unwrap();
            for each in KNOWN {
                let found = read.get(each).map(|found| (found.oid, found.value));
                assert_eq!(found, (each == id).then_some((&[0x55, 0x1d, last][..], &[last][..])));
            }
            assert_eq!(read.iter().map(|each| each.value).collect::<Vec<_>>(), [[last], [others[0]]]);
        }
        for twice in known.into_iter().chain([others[0]]) {
            let list = list(&[twice, others[1], twice]);
            assert_eq!(Extensions::read(&list).err(), Some("an extension stands twice"));
        }
        assert!(Extensions::read(&list(&others[..MAX_EXTENSIONS])).is_ok());
        assert_eq!(Extensions::read(&list(&others[..=MAX_EXTENSIONS])).err(), Some("too many extensions"));
        // The same number under another arc is another extension.
        for oid in [&[0x55, 0x1c, 15][..], &[0x2b, 0x1d, 15], &[0x55, 0x1d, 15, 1], &[15]] {
            let list = extension(oid, None, &[]);
            assert!(Extensions::read(&list).unwrap().get(Id::KeyUsage).is_none());
        }
    }

    #[test]
    fn critical_is_what_the_boolean_says_and_false_without_one() {
        for (written, critical) in
            [(None, Some(false)), (Some(0), Some(false)), (Some(255), Some(true)), (Some(1), None)]
        {
            let list = extension(&[0x55, 0x1d, 15], written, b"value");
            let read = Extensions::read(&list).ok().and_then(|read| read.get(Id::KeyUsage));
            assert_eq!(read.map(|found| found.critical), critical);
            assert!(read.is_none_or(|found| found.value == b"value"));
        }
    }

    #[test]
    fn each_key_usage_is_its_bit() {
        for octet in 0..=255 {
            for unused in 0..=9 {
                let usage = KeyUsage::read(&der(0x03, &[unused, octet]));
                let bits = usage.map(|usage| (usage.digital_signature(), usage.key_cert_sign(), usage.crl_sign()));
                // RFC 5280 §4.2.1.3: bits 0, 5 and 6, counted from the top.
                let bit = |number: u32| octet & (0x80 >> number) != 0;
                assert_eq!(bits, (unused < 8).then_some((bit(0), bit(5), bit(6))));
            }
        }
        let none = KeyUsage::read(&der(0x03, &[0])).unwrap();
        assert!(!none.digital_signature() && !none.key_cert_sign() && !none.crl_sign());
        assert!(KeyUsage::read(&der(0x03, &[])).is_none());
        assert!(KeyUsage::read(&der(0x04, &[0, 0x80])).is_none());
    }

    #[test]
    fn what_basic_constraints_say_about_being_a_ca() {
        let is_ca = |content: &[u8]| {
            let certificate = Made::with(&[0x55, 0x1d, 19], content).der();
            Cert::read(&certificate).unwrap().is_ca()
        };
        let boolean = |value| der(0x30, &der(0x01, &[value]));
        assert_eq!(is_ca(&boolean(0xff)), Ok(Some(true)));
        assert_eq!(is_ca(&boolean(0)), Ok(Some(false)));
        assert_eq!(is_ca(&der(0x30, &[])), Ok(Some(false)));
        assert!(is_ca(&boolean(1)).is_err());
        assert!(is_ca(b"garbage").is_err());
        assert_eq!(Cert::read(&Made::default().der()).unwrap().is_ca(), Ok(None));
    }

    #[test]
    fn key_identifiers_are_what_their_extensions_hold() {
        let subject = Made::with(&[0x55, 0x1d, 14], &der(0x04, b"own")).der();
        let subject = Cert::read(&subject).unwrap();
        assert_eq!((subject.key_id(), subject.issuer_key_id()), (Some(&b"own"[..]), None));
        for (content, id) in [
            (der(0x80, b"issuer"), Some(&b"issuer"[..])),
            // By name and number, without keyIdentifier.
            (der(0x82, b"7"), None),
            (Vec::new(), None),
        ] {
            let authority = Made::with(&[0x55, 0x1d, 35], &der(0x30, &content)).der();
            let authority = Cert::read(&authority).unwrap();
            assert_eq!((authority.key_id(), authority.issuer_key_id()), (None, id));
        }
    }

    #[test]
    fn a_purpose_is_contained_if_it_is_in_the_list() {
        let all = [&SERVER_AUTH[..], &CLIENT_AUTH, &ANY_PURPOSE];
        for chosen in 0..8_usize {
            let present: Vec<&[u8]> = (0..3).filter(|index| chosen >> index & 1 == 1).map(|index| all[index]).collect();
            let list: Vec<u8> = present.iter().flat_map(|oid| der(0x06, oid)).collect();
            let certificate = Made::with(&[0x55, 0x1d, 37], &der(0x30, &list)).der();
            let purposes = Cert::read(&certificate).unwrap().purposes().unwrap();
            assert_eq!(purposes.iter().collect::<Vec<_>>(), present);
            for purpose in all {
                assert_eq!(purposes.contains(purpose), present.contains(&purpose));
            }
        }
        assert!(Cert::read(&Made::default().der()).unwrap().purposes().is_none());
    }

    #[test]
    fn a_general_name_is_told_by_its_tag_and_nothing_follows_a_broken_one() {
        for number in 0..=12 {
            let list = [der(0x80 | number, b"name"), der(0x82, b"next")].concat();
            let names: Vec<GeneralName<'_>> = GeneralNames(&list).iter().collect();
            let first = match number {
                1 => GeneralName::Email(b"name"),
                2 => GeneralName::Dns(b"name"),
                6 => GeneralName::Uri(b"name"),
                7 => GeneralName::Ip(b"name"),
                0 | 3 | 4 | 5 | 8 => GeneralName::Other(number.into()),
                _ => GeneralName::Broken,
            };
            let both = [first, GeneralName::Dns(b"next")];
            let expected = if first == GeneralName::Broken { &both[..1] } else { &both };
            assert!(names == expected, "tag {number}");
        }
        // A universal tag, though a name follows; a length beyond the end; no length.
        for broken in [&[0x0c, 1, b'a', 0x82, 1, b'b'][..], &[0x82, 9, b'a'], &[0x82]] {
            assert!(GeneralNames(broken).iter().collect::<Vec<_>>() == [GeneralName::Broken]);
        }
    }

    // §4.3.3, of certificates.
    #[test]
    fn a_certificates_signature_is_named_as_in_signature_algorithms() {
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
        const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
        let named = |oid: &[u8]| {
            let certificate = Made { signature: der(0x30, &der(0x06, oid)), ..Made::default() }.der();
            Cert::read(&certificate).unwrap().signature_scheme()
        };
        for last in 0..=20 {
            assert_eq!(
                named(&[RSA, &[last]].concat()),
                match last {
                    11 => Some(SignatureScheme::RSA_PKCS1_SHA256),
                    12 => Some(SignatureScheme::RSA_PKCS1_SHA384),
                    13 => Some(SignatureScheme::RSA_PKCS1_SHA512),
                    _ => None,
                }
            );
            assert_eq!(
                named(&[ECDSA, &[last]].concat()),
                match last {
                    2 => Some(SignatureScheme::ECDSA_SECP256R1_SHA256),
                    3 => Some(SignatureScheme::ECDSA_SECP384R1_SHA384),
                    _ => None,
                }
            );
            assert_eq!(named(&[0x2b, 0x65, 100 + last]), (last == 12).then_some(SignatureScheme::ED25519));
        }
    }
}
