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
