//! Names (RFC 5280 §4.1.2.4), their comparison (§7.1), and their text (RFC 4514).

use super::der::{BadDer, Element, Reader, Tag, check_list, elements};
use super::oid::Oid;
use core::fmt::{self, Write};

/// More than anybody uses. Comparing and printing take time that is quadratic in this number.
const MAX_RDNS: usize = 128;
const MAX_ATTRIBUTES_OF_RDN: usize = 16;

const TOO_MANY_PARTS: BadDer = BadDer("a name has more than 128 parts");
const TOO_MANY_ATTRIBUTES: BadDer = BadDer("a part of a name has more than 16 attributes");

/// A well-formed Name.
///
/// `Display` writes it as RFC 4514 says, last RDN first: `CN=api,O=Example`. Different names have different texts,
/// unless they differ only in the string type of a value. Control, bidirectional and invisible characters are escaped
/// too (as octets of UTF-8 in hex), so the text is safe to print. It may be as long as the name.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    der: &'a [u8],
    /// The content of the SEQUENCE.
    rdns: &'a [u8],
}

impl<'a> Name<'a> {
    /// Reads the next element: `SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }`.
    pub fn read(reader: &mut Reader<'a>) -> Result<Name<'a>, BadDer> {
        let Element { content, whole, .. } = reader.tagged(Tag::SEQUENCE)?;
        match check_list(content, Rdn::read)? {
            0..=MAX_RDNS => Ok(Name { der: whole, rdns: content }),
            _ => Err(TOO_MANY_PARTS),
        }
    }

    /// Reads a Name, which must be all of `der`.
    pub fn from_der(der: &'a [u8]) -> Result<Name<'a>, BadDer> {
        let mut reader = Reader::new(der);
        let name = Name::read(&mut reader)?;
        reader.finish().map(|()| name)
    }

    /// The same, but the error says `what` of a malformed name. A name that is too large keeps its own error.
    pub(super) fn called(der: &'a [u8], what: &'static str) -> Result<Name<'a>, BadDer> {
        Name::from_der(der).map_err(|bad| match bad {
            TOO_MANY_PARTS | TOO_MANY_ATTRIBUTES => bad,
            _ => BadDer(what),
        })
    }

    /// The DER with tag and length.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The content without tag and length, which is the form that webpki uses.
    pub const fn content(&self) -> &'a [u8] {
        self.rdns
    }

    /// Whether it has no RDN.
    pub const fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The attributes of all RDNs in the order of the name.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        self.rdns().flat_map(Rdn::attributes)
    }

    /// Compares names as RFC 5280 §7.1 says: the same types and values in the same order and grouping. For strings, ASN.1
    /// type, case, spaces at both ends and repeated spaces do not matter. Other values must have the same octets.
    ///
    /// The comparison does no Unicode normalisation and keeps the characters that RFC 4518 §2.2 maps to nothing. So it
    /// never finds two names equal that are different for the RFC.
    pub fn matches(&self, other: &Name<'_>) -> bool {
        self.der == other.der || self.canonical().eq(other.canonical())
    }

    /// A sequence that is the same for two names exactly if they [match](Name::matches), to hash names or look them up.
    pub fn canonical(&self) -> impl Iterator<Item = u32> {
        self.rdns().flat_map(Rdn::canonical)
    }

    fn rdns(&self) -> impl Iterator<Item = Rdn<'a>> + use<'a> {
        elements(self.rdns, Rdn::read)
    }
}

/// A RelativeDistinguishedName: the content of the SET.
#[derive(Clone, Copy)]
struct Rdn<'a>(&'a [u8]);

impl<'a> Rdn<'a> {
    fn read(rdns: &mut Reader<'a>) -> Result<Rdn<'a>, BadDer> {
        let content = rdns.read(Tag::SET)?;
        match check_list(content, Attribute::read)? {
            1..=MAX_ATTRIBUTES_OF_RDN => Ok(Rdn(content)),
            0 => Err(BadDer("a part of a name is empty")),
            _ => Err(TOO_MANY_ATTRIBUTES),
        }
    }

    fn attributes(self) -> impl Iterator<Item = Attribute<'a>> + Clone {
        elements(self.0, Attribute::read)
    }

    /// The attributes, smallest first: their order in the SET depends on their encoding.
    fn canonical(self) -> impl Iterator<Item = u32> {
        let at = move |place: usize| self.attributes().nth(place).into_iter().flat_map(Attribute::canonical);
        let mut places: [usize; MAX_ATTRIBUTES_OF_RDN] = core::array::from_fn(|place| place);
        let count = self.attributes().count().min(MAX_ATTRIBUTES_OF_RDN);
        places.get_mut(..count).unwrap_or_default().sort_unstable_by(|one, other| at(*one).cmp(at(*other)));
        core::iter::once(PART).chain(places.into_iter().take(count).flat_map(at))
    }
}

// Separators in canonical sequences, larger than any character.
const PART: u32 = 0x11_0000;
const ATTRIBUTE: u32 = 0x11_0001;
const TEXT: u32 = 0x11_0002;
const OCTETS: u32 = 0x11_0003;

/// An AttributeTypeAndValue.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// The type.
    pub id: Oid<'a>,
    /// The value, of any ASN.1 type.
    pub value: Element<'a>,
}

impl<'a> Attribute<'a> {
    fn read(attributes: &mut Reader<'a>) -> Result<Attribute<'a>, BadDer> {
        let mut fields = attributes.sequence()?;
        let (id, value) = (Oid::read(&mut fields)?, fields.element()?);
        fields.finish().map(|()| Attribute { id, value })
    }

    /// The characters of the value; `None` if it is no string, or has octets that its string type does not allow.
    pub fn chars(&self) -> Option<Chars<'a>> {
        Chars::of(self.value)
    }

    fn canonical(self) -> impl Iterator<Item = u32> {
        let octets = |octets: &'a [u8]| octets.iter().map(|octet| u32::from(*octet));
        let text = self.chars().map(|chars| core::iter::once(TEXT).chain(folded(chars)));
        let other = match text {
            Some(_) => None,
            None => Some(core::iter::once(OCTETS).chain(octets(self.value.whole))),
        };
        let value = text.into_iter().flatten().chain(other.into_iter().flatten());
        core::iter::once(ATTRIBUTE).chain(octets(self.id.content())).chain(value)
    }
}

/// Lower case, one space between words, none at the ends (RFC 4518 §2.2, §2.6.1).
fn folded(chars: Chars<'_>) -> impl Iterator<Item = u32> {
    let (mut words, mut spaces) = (false, false);
    chars.flat_map(move |c| {
        let blank = c.is_whitespace();
        let between = (!blank && words && spaces).then_some(' ');
        (words, spaces) = (words || !blank, blank);
        let lower = (!blank).then(|| c.to_lowercase());
        between.into_iter().chain(lower.into_iter().flatten()).map(u32::from)
    })
}

/// The characters of a string of any type.
#[derive(Clone, Debug)]
pub struct Chars<'a>(Encoding<'a>);

#[derive(Clone, Debug)]
enum Encoding<'a> {
    Utf8(core::str::Chars<'a>),
    /// BMPString: 16 bits each.
    Bmp(core::slice::Iter<'a, [u8; 2]>),
    /// UniversalString: 32 bits each.
    Universal(core::slice::Iter<'a, [u8; 4]>),
}

impl<'a> Chars<'a> {
    fn of(Element { tag, content, .. }: Element<'a>) -> Option<Chars<'a>> {
        let utf8 = || core::str::from_utf8(content).ok().map(|text| Encoding::Utf8(text.chars()));
        let encoding = match tag {
            Tag::UTF8_STRING => utf8()?,
            // Implementations disagree about TeletexString beyond ASCII.
            Tag::PRINTABLE_STRING
            | Tag::IA5_STRING
            | Tag::NUMERIC_STRING
            | Tag::VISIBLE_STRING
            | Tag::TELETEX_STRING
                if content.is_ascii() =>
            {
                utf8()?
            }
            Tag::BMP_STRING => match content.as_chunks() {
                (units, []) if units.iter().all(|unit| bmp(*unit).is_some()) => Encoding::Bmp(units.iter()),
                _ => return None,
            },
            Tag::UNIVERSAL_STRING => match content.as_chunks() {
                (units, []) if units.iter().all(|unit| universal(*unit).is_some()) => Encoding::Universal(units.iter()),
                _ => return None,
            },
            _ => return None,
        };
        Some(Chars(encoding))
    }
}

fn bmp(unit: [u8; 2]) -> Option<char> {
    char::from_u32(u16::from_be_bytes(unit).into())
}

fn universal(unit: [u8; 4]) -> Option<char> {
    char::from_u32(u32::from_be_bytes(unit))
}

impl Iterator for Chars<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match &mut self.0 {
            Encoding::Utf8(chars) => chars.next(),
            Encoding::Bmp(units) => units.next().and_then(|unit| bmp(*unit)),
            Encoding::Universal(units) => units.next().and_then(|unit| universal(*unit)),
        }
    }
}

/// Whether it is a control, bidirectional or invisible character. Such characters can forge a log line, move a cursor,
/// or make two names look alike.
pub fn is_deceptive(c: char) -> bool {
    match c {
        // Soft hyphen, Arabic letter mark, zero-width and directional marks.
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' => true,
        // Line separators, embeddings, overrides and isolates; byte order mark; tags.
        '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 4514 §2.1: the last RDN comes first.
        let count = self.rdns().count();
        for index in (0..count).rev() {
            let Some(rdn) = self.rdns().nth(index) else { continue };
            for (place, attribute) in rdn.attributes().enumerate() {
                if place > 0 {
                    f.write_char('+')?;
                }
                write_attribute(&attribute, f)?;
            }
            if index > 0 {
                f.write_char(',')?;
            }
        }
        Ok(())
    }
}

/// RFC 4514 §2.3: `CN=text`, `CN=#hex` for a value that is no string, and `1.2.3=#hex` for a type without a name.
fn write_attribute(attribute: &Attribute<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = attribute.id.name();
    match name {
        Some(name) => f.write_str(name)?,
        None => attribute.id.write_dotted(f)?,
    }
    f.write_char('=')?;
    if let (Some(_), Some(chars)) = (name, attribute.chars()) {
        return write_text(chars, f);
    }
    f.write_char('#')?;
    attribute.value.whole.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
}

/// Escapes the characters of RFC 4514 §2.4 and those that [deceive](is_deceptive).
fn write_text(chars: Chars<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut chars = chars.peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' | '#' if first => write!(f, "\\{c}")?,
            ' ' if chars.peek().is_none() => f.write_str("\\ ")?,
            c if is_deceptive(c) => {
                c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|octet| write!(f, "\\{octet:02X}"))?;
            }
            c => f.write_char(c)?,
        }
        first = false;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::der;
    use std::{string::String, string::ToString, vec, vec::Vec};

    const CN: &[u8] = &[0x55, 4, 3];
    const O: &[u8] = &[0x55, 4, 10];
    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;

    fn attribute(id: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
        der(0x30, &[der(0x06, id), der(tag, value)].concat())
    }

    fn name(rdns: &[&[&[u8]]]) -> Vec<u8> {
        der(0x30, &rdns.iter().flat_map(|rdn| der(0x31, &rdn.concat())).collect::<Vec<u8>>())
    }

    fn cn(tag: u8, value: &[u8]) -> Vec<u8> {
        name(&[&[&attribute(CN, tag, value)]])
    }

    fn text(der: &[u8]) -> String {
        Name::from_der(der).unwrap().to_string()
    }

    fn matches(one: &[u8], other: &[u8]) -> bool {
        let [one, other] = [one, other].map(|der| Name::from_der(der).unwrap());
        let matches = one.matches(&other);
        assert_eq!(other.matches(&one), matches);
        assert_eq!(one.canonical().eq(other.canonical()), matches, "the key follows the comparison");
        matches
    }

    #[test]
    fn a_name_is_written_last_rdn_first_with_the_escapes_of_rfc_4514() {
        assert_eq!(text(&name(&[])), "");
        let (c, o) = (attribute(&[0x55, 4, 6], PRINTABLE, b"US"), attribute(O, UTF8, b"Example"));
        let api = attribute(CN, UTF8, b"api");
        assert_eq!(text(&name(&[&[&c], &[&o], &[&api]])), "CN=api,O=Example,C=US");
        assert_eq!(text(&name(&[&[&api, &o]])), "CN=api+O=Example");
        for (value, escaped) in [
            (&b"api, O=Admins"[..], "api\\, O=Admins"),
            (b"a+b;c<d>e\"f\\g=h", "a\\+b\\;c\\<d\\>e\\\"f\\\\g=h"),
            (b"#hash#", "\\#hash#"),
            (b" a  b ", "\\ a  b\\ "),
            (b" ", "\\ "),
            (b"", ""),
            (b"a\0b", "a\\00b"),
            (b"a\r\n\x1b[2K", "a\\0D\\0A\\1B[2K"),
            ("x\u{202e}gpj.exe\u{200b}\u{9b}".as_bytes(), "x\\E2\\80\\AEgpj.exe\\E2\\80\\8B\\C2\\9B"),
            ("Zoë Müller 東京".as_bytes(), "Zoë Müller 東京"),
        ] {
            assert_eq!(text(&cn(UTF8, value)), std::format!("CN={escaped}"));
        }
    }

    #[test]
    fn a_value_that_is_no_string_is_written_in_hex_and_a_type_without_a_name_in_numbers() {
        assert_eq!(text(&cn(UTF8, &[0xff, 0xfe])), "CN=#0C02FFFE");
        assert_eq!(text(&cn(UTF8, b"#0C02FFFE")), "CN=\\#0C02FFFE");
        assert_eq!(text(&cn(PRINTABLE, &[0xe4])), "CN=#1301E4");
        assert_eq!(text(&cn(0x1e, &[0, b'a', 0])), "CN=#1E03006100");
        assert_eq!(text(&cn(0x1e, &[0xd8, 0])), "CN=#1E02D800");
        assert_eq!(text(&cn(0x1e, &[0, b'a', 0x67, 0x71])), "CN=a東");
        assert_eq!(text(&cn(0x1c, &[0, 1, 0xf6, 0])), "CN=\u{1f600}");
        assert_eq!(text(&cn(0x1c, &[0, 0, 0, b'a', 0, 0x11, 0, 0])), "CN=#1C080000006100110000");
        assert_eq!(text(&cn(0x30, &[])), "CN=#3000");
        assert_eq!(text(&name(&[&[&attribute(&[0x2a, 3], UTF8, b"a")]])), "1.2.3=#0C0161");
    }

    /// RFC 5280 §7.1, RFC 4518.
    #[test]
    fn strings_match_whatever_their_type_case_and_spaces() {
        let root = cn(UTF8, b"Example Root CA");
        for (tag, value) in [
            (UTF8, &b"Example Root CA"[..]),
            (PRINTABLE, b"Example Root CA"),
            (PRINTABLE, b"EXAMPLE  root   ca"),
            (0x16, b" Example Root CA "),
            (0x14, b"Example\tRoot CA"),
            (0x1e, b"\0E\0x\0a\0m\0p\0l\0e\0 \0R\0o\0o\0t\0 \0C\0A"),
        ] {
            assert!(matches(&root, &cn(tag, value)), "{tag:02x} {value:?}");
        }
        for value in [&b"Example Root"[..], b"ExampleRoot CA", b"Example Root CA 2", b"", b"Example Root C\xc3\x84"] {
            assert!(!matches(&root, &cn(UTF8, value)), "{value:?}");
        }
        assert!(matches(&cn(UTF8, "MÜLLER".as_bytes()), &cn(UTF8, "müller".as_bytes())));
        assert!(!matches(&cn(UTF8, "Müller".as_bytes()), &cn(UTF8, b"Muller")));
        assert!(!matches(&cn(UTF8, "ad\u{200b}min".as_bytes()), &cn(UTF8, b"admin")));
        assert!(matches(&cn(UTF8, b""), &cn(PRINTABLE, b"  ")));
    }

    #[test]
    fn what_is_no_string_matches_only_the_same_octets() {
        assert!(matches(&cn(UTF8, &[0xff]), &cn(UTF8, &[0xff])));
        assert!(!matches(&cn(UTF8, &[0xff]), &cn(PRINTABLE, &[0xff])));
        assert!(!matches(&cn(0x14, &[0xc4]), &cn(0x14, &[0xe4])));
        assert!(!matches(&cn(0x14, &[0xe4]), &cn(UTF8, "ä".as_bytes())));
        // Octets beyond ASCII in a type of ASCII, although they are UTF-8; a unit that is no character, after one that is.
        for tag in [PRINTABLE, 0x12, 0x14, 0x16, 0x1a] {
            assert!(!matches(&cn(tag, "ä".as_bytes()), &cn(UTF8, "ä".as_bytes())));
        }
        assert!(!matches(&cn(0x1c, &[0, 0, 0, b'a', 0, 0, 0xd8, 0]), &cn(UTF8, b"a")));
    }

    #[test]
    fn types_order_and_grouping_are_part_of_a_name() {
        let [api, admins] = [attribute(CN, UTF8, b"api"), attribute(O, UTF8, b"Admins")];
        let names = [
            name(&[]),
            name(&[&[&api]]),
            name(&[&[&attribute(O, UTF8, b"api")]]),
            name(&[&[&api], &[&admins]]),
            name(&[&[&admins], &[&api]]),
            name(&[&[&api, &admins]]),
            name(&[&[&attribute(CN, UTF8, b"api, O=Admins")]]),
            name(&[&[&api], &[&admins], &[&admins]]),
            name(&[&[&api, &api]]),
        ];
        for (index, one) in names.iter().enumerate() {
            for (at, other) in names.iter().enumerate() {
                assert_eq!(matches(one, other), index == at);
                assert_eq!(text(one) == text(other), index == at, "{}", text(one));
            }
        }
    }

    /// The SET is sorted by encodings, which case and string type change.
    #[test]
    fn the_order_within_an_rdn_does_not_matter() {
        let many: Vec<_> = (b'a'..=b'p').map(|letter| attribute(CN, UTF8, &[letter])).collect();
        let upper: Vec<_> = (b'A'..=b'P').rev().map(|letter| attribute(CN, PRINTABLE, &[b' ', letter])).collect();
        let one_rdn = |attributes: &[Vec<u8>]| der(0x30, &der(0x31, &attributes.concat()));
        assert!(matches(&one_rdn(&many), &one_rdn(&upper)));
        let [a, b] = [attribute(CN, UTF8, b"a"), attribute(CN, UTF8, b"b")];
        assert!(!matches(&name(&[&[&a, &a, &b]]), &name(&[&[&a, &b, &b]])));
    }

    #[test]
    fn a_broken_name_is_refused() {
        let api = attribute(CN, UTF8, b"api");
        for broken in [
            vec![],
            der(0x31, &[]),
            der(0x30, &der(0x30, &api)),
            der(0x30, &der(0x31, &[])),
            der(0x30, &der(0x31, &der(0x30, &der(0x06, CN)))),
            der(0x30, &der(0x31, &der(0x30, &[der(UTF8, b"a"), der(0x06, CN)].concat()))),
            der(0x30, &der(0x31, &der(0x30, &[der(0x06, CN), der(UTF8, b"a"), der(UTF8, b"b")].concat()))),
            [name(&[]), vec![0]].concat(),
            name(&[&[&api[..]; 17]]),
            name(&[&[&api[..]][..]; 129]),
        ] {
            assert!(Name::from_der(&broken).is_err(), "{broken:02x?}");
        }
        assert!(Name::from_der(&name(&[&[&api[..]; 16][..]; 128])).is_ok());
        let says = |rdn: &[u8]| Name::from_der(&der(0x30, &der(0x31, rdn))).err();
        assert_eq!(says(&[]), Some(BadDer("a part of a name is empty")));
        assert_eq!(says(&api.repeat(17)), Some(TOO_MANY_ATTRIBUTES));
    }
}
