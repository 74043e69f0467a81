//! Explains a certificate in DER element by element (X.690, RFC 5280 §4.1).

use super::fields::Walker;
use super::grammar::Show;
use super::model::Text;
use super::names;
use crate::asn1::{Certificate, GeneralName, GeneralNames, Name, Oid, Reader, Spki, Time};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

/// The name and the content of an element.
struct Part {
    /// The identifier octet that distinguishes it from optional parts; `None` for any.
    tag: Option<u8>,
    name: &'static str,
    inside: Inside,
}

enum Inside {
    /// These parts in this order. A part with another tag is absent.
    Parts(&'static [Part]),
    /// Any number of this part.
    Each(&'static Part),
    /// No parts with names of their own.
    Leaf,
}

use Inside::{Each, Leaf, Parts};

const fn part(name: &'static str, inside: Inside) -> Part {
    Part { tag: None, name, inside }
}

const fn tagged(tag: u8, name: &'static str, inside: Inside) -> Part {
    Part { tag: Some(tag), name, inside }
}

const ALGORITHM: &[Part] = &[part("algorithm", Leaf), part("parameters", Leaf)];
const SPKI: &[Part] = &[part("spki_algorithm", Parts(ALGORITHM)), part("subjectPublicKey", Leaf)];
const EXTENSION: Part = part(
    "certificate_extension",
    Parts(&[part("extnID", Leaf), tagged(0x01, "critical", Leaf), part("extnValue", Leaf)]),
);
const TBS: &[Part] = &[
    tagged(0xa0, "version", Parts(&[part("version_number", Leaf)])),
    tagged(0x02, "serialNumber", Leaf),
    part("signature_in_tbs", Parts(ALGORITHM)),
    part("issuer", Leaf),
    part("validity", Parts(&[part("notBefore", Leaf), part("notAfter", Leaf)])),
    part("subject", Leaf),
    part("subjectPublicKeyInfo", Parts(SPKI)),
    tagged(0x81, "issuerUniqueID", Leaf),
    tagged(0x82, "subjectUniqueID", Leaf),
    tagged(0xa3, "certificate_extensions", Parts(&[part("extensions_sequence", Each(&EXTENSION))])),
];
const CERTIFICATE: Part = part(
    "certificate",
    Parts(&[
        part("tbsCertificate", Parts(TBS)),
        part("signatureAlgorithm", Parts(ALGORITHM)),
        part("signatureValue", Leaf),
    ]),
);
const RAW_PUBLIC_KEY: Part = part("subjectPublicKeyInfo", Parts(SPKI));

/// Explains a certificate or a raw public key (RFC 7250). Returns the name of its subject.
pub(super) fn certificate(walker: &mut Walker<'_>, range: Range<usize>, parent: usize) -> String {
    let bytes = walker.get(range.clone());
    let (whole, value) = match (Certificate::from_der(bytes), Spki::from_der(bytes)) {
        (_, Ok(spki)) => (&RAW_PUBLIC_KEY, format!("{}", spki.key)),
        (Ok(certificate), _) => (&CERTIFICATE, describe(&certificate)),
        (Err(problem), _) => {
            let text = Text::made(
                format!("the certificate is malformed: {problem}"),
                format!("el certificado está mal formado: {problem}"),
            );
            walker.found.problem(Some(parent), text);
            (&CERTIFICATE, String::new())
        }
    };
    match element(walker, whole, range.clone(), parent) {
        Some(end) if end < range.end => leftover(walker, end..range.end, parent),
        _ => {}
    }
    value
}

fn describe(certificate: &Certificate<'_>) -> String {
    let mut names: Vec<String> = Vec::new();
    if !certificate.subject.is_empty() {
        names.push(certificate.subject.to_string());
    }
    names.extend(certificate.names().map(general_name));
    names::printable(names.join(", ").as_bytes())
}

/// The name as OpenSSL writes it: `DNS:api.internal`.
fn general_name(name: GeneralName<'_>) -> String {
    match name {
        GeneralName::Dns(name) => format!("DNS:{name}"),
        GeneralName::Uri(uri) => format!("URI:{uri}"),
        GeneralName::Email(address) => format!("email:{address}"),
        GeneralName::Ip(octets) => match (<[u8; 4]>::try_from(octets), <[u8; 16]>::try_from(octets)) {
            (Ok(octets), _) => format!("IP:{}", core::net::Ipv4Addr::from(octets)),
            (_, Ok(octets)) => format!("IP:{}", core::net::Ipv6Addr::from(octets)),
            _ => format!("IP:{}", names::hex(octets)),
        },
        GeneralName::Directory(name) => format!("dirName:{name}"),
        GeneralName::RegisteredId(id) => format!("RID:{id}"),
        GeneralName::OtherName(content) => format!("otherName:{}", names::hex(content)),
        GeneralName::X400(content) => format!("x400:{}", names::hex(content)),
        GeneralName::EdiParty(content) => format!("ediParty:{}", names::hex(content)),
    }
}

fn leftover(walker: &mut Walker<'_>, range: Range<usize>, parent: usize) {
    let text = Text::new("these bytes belong to no element", "estos bytes no pertenecen a ningún elemento");
    walker.unreadable(Some(parent), range, text);
}

/// The number of identifier and length octets, and the end of the element.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let (first, rest) = (*bytes.get(1)?, bytes.get(2..)?);
    let (octets, len) = match first {
        0..=0x7f => (0, usize::from(first)),
        0x81..=0x83 => {
            let octets = usize::from(first & 0x0f);
            let len = rest.get(..octets)?.iter().fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
            (octets, len)
        }
        _ => return None,
    };
    let header = octets.saturating_add(2);
    Some((header, header.checked_add(len).filter(|end| *end <= bytes.len())?))
}

/// Explains an element and returns its end. `None` if the rest of the range is unreadable, which the study then says.
fn element(walker: &mut Walker<'_>, part: &Part, range: Range<usize>, parent: usize) -> Option<usize> {
    let bytes = walker.get(range.clone());
    let Some((header, len)) = header(bytes) else {
        let text = Text::new("this is no DER element", "esto no es un elemento DER");
        walker.unreadable(Some(parent), range, text);
        return None;
    };
    let end = range.start.saturating_add(len);
    let content = range.start.saturating_add(header)..end;
    let tag = bytes.first().copied().unwrap_or_default();
    let id = walker.field(Some(parent), range.start..end, part.name, String::new());
    let value = names::number(u64::from(tag), 1, super::grammar::Naming::Plain);
    let value = format!("{}, {} bytes", tag_name(tag).map_or(value, Into::into), content.len());
    walker.field(Some(id), range.start..content.start, "tag and length", value);
    match &part.inside {
        Leaf => {
            let value = value_of(part.name, tag, walker.get(content.clone()), walker.get(range.start..end));
            walker.set_value(id, value.clone());
            walker.explained(Some(id), content, format!("{} content", part.name), value, "content");
        }
        Each(each) => {
            let mut at = content.start;
            while at < content.end {
                let Some(next) = element(walker, each, at..content.end, id) else { break };
                at = next;
            }
        }
        Parts(parts) => {
            let mut at = content.start;
            for part in *parts {
                let Some(tag) = walker.get(at..content.end).first() else { break };
                if part.tag.is_some_and(|expected| expected != *tag) {
                    continue;
                }
                match element(walker, part, at..content.end, id) {
                    Some(next) => at = next,
                    None => return Some(end),
                }
            }
            if at < content.end {
                leftover(walker, at..content.end, id);
            }
            extension_value(walker, part.name, id, walker.get(range.start..end));
        }
    }
    Some(end)
}

/// Names an extension of a certificate by its identifier, and explains its value.
fn extension_value(walker: &mut Walker<'_>, name: &str, id: usize, whole: &[u8]) {
    if name != "certificate_extension" {
        return;
    }
    let mut reader = Reader::new(whole);
    let oid = reader.element().ok().and_then(|sequence| Oid::read(&mut Reader::new(sequence.content)).ok());
    if let Some(oid) = oid {
        walker.set_value(id, oid.to_string());
    }
}

fn tag_name(tag: u8) -> Option<&'static str> {
    Some(match tag {
        0x01 => "BOOLEAN",
        0x02 => "INTEGER",
        0x03 => "BIT STRING",
        0x04 => "OCTET STRING",
        0x05 => "NULL",
        0x06 => "OBJECT IDENTIFIER",
        0x0c => "UTF8String",
        0x13 => "PrintableString",
        0x17 => "UTCTime",
        0x18 => "GeneralizedTime",
        0x30 => "SEQUENCE",
        0x31 => "SET",
        0x80..=0x9e | 0xa0..=0xbe => "context-specific",
        _ => return None,
    })
}

/// The value of an element: names, times and identifiers as text, the rest in hex.
fn value_of(name: &str, tag: u8, content: &[u8], whole: &[u8]) -> String {
    let words = match (name, tag) {
        (_, 0x06) => Oid::from_content(content).ok().map(|oid| oid.to_string()),
        ("issuer" | "subject", _) => Name::from_der(whole).ok().map(|name| name.to_string()),
        ("notBefore" | "notAfter", _) => Time::read(&mut Reader::new(whole)).ok().map(|time| time.to_string()),
        ("extnValue", _) => GeneralNames::from_der(content)
            .ok()
            .map(|names| names.iter().map(general_name).collect::<Vec<_>>().join(", ")),
        ("version_number", _) => match content {
            [version @ 0..=2] => Some(format!("v{}", version.saturating_add(1))),
            _ => None,
        },
        _ => None,
    };
    match words {
        Some(words) => names::printable(words.as_bytes()),
        None => names::bytes(content, Show::Hex),
    }
}
