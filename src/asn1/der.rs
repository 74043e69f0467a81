//! A reader of DER (X.690 §10) that borrows its input. It is strict: of several encodings of one value it accepts one.

use core::fmt;

/// The bytes are not the DER that was expected. The text is the end of a sentence and says which part is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDer(pub &'static str);

impl fmt::Display for BadDer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for BadDer {}

/// An identifier octet: the class, whether constructed or primitive, and a tag number up to 30.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub u8);

#[allow(missing_docs)]
impl Tag {
    pub const BOOLEAN: Tag = Tag(0x01);
    pub const INTEGER: Tag = Tag(0x02);
    pub const BIT_STRING: Tag = Tag(0x03);
    pub const OCTET_STRING: Tag = Tag(0x04);
    pub const NULL: Tag = Tag(0x05);
    pub const OBJECT_IDENTIFIER: Tag = Tag(0x06);
    pub const ENUMERATED: Tag = Tag(0x0a);
    pub const UTF8_STRING: Tag = Tag(0x0c);
    pub const NUMERIC_STRING: Tag = Tag(0x12);
    pub const PRINTABLE_STRING: Tag = Tag(0x13);
    pub const TELETEX_STRING: Tag = Tag(0x14);
    pub const IA5_STRING: Tag = Tag(0x16);
    pub const UTC_TIME: Tag = Tag(0x17);
    pub const GENERALIZED_TIME: Tag = Tag(0x18);
    pub const VISIBLE_STRING: Tag = Tag(0x1a);
    pub const UNIVERSAL_STRING: Tag = Tag(0x1c);
    pub const BMP_STRING: Tag = Tag(0x1e);
    pub const SEQUENCE: Tag = Tag(0x30);
    pub const SET: Tag = Tag(0x31);
}

impl Tag {
    /// `[number]` IMPLICIT over a primitive type.
    pub const fn primitive(number: u8) -> Tag {
        Tag(0x80 | number)
    }

    /// `[number]` EXPLICIT, or IMPLICIT over a constructed type.
    pub const fn constructed(number: u8) -> Tag {
        Tag(0xa0 | number)
    }
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: Tag,
    /// The content octets.
    pub content: &'a [u8],
    /// Identifier, length and content octets.
    pub whole: &'a [u8],
}

/// Reads elements from the front of a slice. After an error its position is unspecified.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    /// Whether everything has been read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if anything is left.
    pub fn finish(&self) -> Result<(), BadDer> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(BadDer("something is left over at the end")),
        }
    }

    /// The next element, of any tag.
    pub fn element(&mut self) -> Result<Element<'a>, BadDer> {
        let start = self.rest;
        let (&tag, rest) = start.split_first().ok_or(TOO_SHORT)?;
        if tag & 0x1f == 0x1f {
            return Err(BadDer("a tag has a number above 30"));
        }
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length).ok_or(TOO_SHORT)?;
        let whole = start.len().checked_sub(rest.len()).and_then(|len| start.get(..len)).ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(Element { tag: Tag(tag), content, whole })
    }

    /// The next element, which must have this tag.
    pub fn tagged(&mut self, tag: Tag) -> Result<Element<'a>, BadDer> {
        let element = self.element()?;
        match element.tag == tag {
            true => Ok(element),
            false => Err(BadDer("an element has another type")),
        }
    }

    /// The content of the next element, which must have this tag.
    pub fn read(&mut self, tag: Tag) -> Result<&'a [u8], BadDer> {
        self.tagged(tag).map(|element| element.content)
    }

    /// The content of the next element if it has this tag.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>, BadDer> {
        match self.peek() == Some(tag) {
            true => self.read(tag).map(Some),
            false => Ok(None),
        }
    }

    /// The tag of the next element; `None` at the end.
    pub fn peek(&self) -> Option<Tag> {
        self.rest.first().copied().map(Tag)
    }

    /// A reader of the content of the next element, a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Reader<'a>, BadDer> {
        self.read(Tag::SEQUENCE).map(Reader::new)
    }

    /// The content octets of an INTEGER: two's complement in the shortest form (X.690 §8.3.2).
    pub fn integer(&mut self) -> Result<&'a [u8], BadDer> {
        self.read(Tag::INTEGER).and_then(shortest_integer)
    }

    /// The octets of a non-negative INTEGER without leading zeros; none for zero.
    pub fn unsigned(&mut self) -> Result<&'a [u8], BadDer> {
        self.integer().and_then(unsigned)
    }

    /// A BOOLEAN DEFAULT FALSE.
    pub fn flag(&mut self, tag: Tag) -> Result<bool, BadDer> {
        self.optional(tag)?.map_or(Ok(false), boolean)
    }
}

/// Reads a list to its end and counts its elements.
pub(super) fn check_list<'a, T>(
    list: &'a [u8],
    read: impl Fn(&mut Reader<'a>) -> Result<T, BadDer>,
) -> Result<usize, BadDer> {
    let (mut reader, mut count) = (Reader::new(list), 0usize);
    while !reader.is_empty() {
        read(&mut reader)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The elements of a list that [`check_list`] has checked.
pub(super) fn elements<'a, T>(
    list: &'a [u8],
    read: impl Fn(&mut Reader<'a>) -> Result<T, BadDer> + Clone,
) -> impl Iterator<Item = T> + Clone {
    let mut reader = Reader::new(list);
    core::iter::from_fn(move || read(&mut reader).ok())
}

const TOO_SHORT: BadDer = BadDer("it ends too early");

/// The length octets (X.690 §8.1.3, §10.1): definite, in the shortest form.
fn length(bytes: &[u8]) -> Result<(usize, &[u8]), BadDer> {
    let (&first, rest) = bytes.split_first().ok_or(TOO_SHORT)?;
    let count = match first {
        0..=0x7f => return Ok((usize::from(first), rest)),
        0x80 => return Err(BadDer("a length is indefinite, which DER does not allow")),
        0x81..=0x84 => usize::from(first & 0x7f),
        _ => return Err(BadDer("a length is beyond 4 GiB")),
    };
    let (octets, rest) = rest.split_at_checked(count).ok_or(TOO_SHORT)?;
    let mut length = 0u32;
    for octet in octets {
        length = length << 8 | u32::from(*octet);
    }
    if octets.first() == Some(&0) || length < 0x80 {
        return Err(BadDer("a length is not in its shortest form"));
    }
    Ok((usize::try_from(length).map_err(|_| TOO_SHORT)?, rest))
}

/// The content of the only element in `bytes`, which must have this tag.
pub fn only(bytes: &[u8], tag: Tag) -> Result<&[u8], BadDer> {
    let mut reader = Reader::new(bytes);
    let content = reader.read(tag)?;
    reader.finish().map(|()| content)
}

/// The content of a BOOLEAN (X.690 §11.1).
pub fn boolean(content: &[u8]) -> Result<bool, BadDer> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(BadDer("a BOOLEAN is neither FALSE nor TRUE")),
    }
}

/// Checks that the content of an INTEGER has the shortest form.
pub fn shortest_integer(content: &[u8]) -> Result<&[u8], BadDer> {
    match content {
        [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(BadDer("an INTEGER is not in its shortest form")),
        _ => Ok(content),
    }
}

/// The octets of a non-negative INTEGER's content, without leading zeros.
pub fn unsigned(content: &[u8]) -> Result<&[u8], BadDer> {
    match shortest_integer(content)? {
        [0x00, value @ ..] => Ok(value),
        [0x80..=0xff, ..] => Err(BadDer("an INTEGER is negative")),
        value => Ok(value),
    }
}

/// The octets of an unsigned INTEGER as a number; `u32::MAX` if it is larger.
pub fn saturated(octets: &[u8]) -> u32 {
    match octets.len() {
        0..=4 => octets.iter().fold(0, |value, octet| value << 8 | u32::from(*octet)),
        _ => u32::MAX,
    }
}

/// The length in bits of an unsigned INTEGER, given its octets without leading zeros.
pub fn bit_length(octets: &[u8]) -> usize {
    let unused = octets.first().map_or(0, |first| first.leading_zeros());
    octets.len().saturating_mul(8).saturating_sub(usize::try_from(unused).unwrap_or(0))
}

/// The octets in the content of a BIT STRING (X.690 §8.6, §11.2.1). Unused bits must be zero.
pub fn bits(content: &[u8]) -> Result<&[u8], BadDer> {
    let bad = BadDer("a BIT STRING is malformed");
    let (&unused, octets) = content.split_first().ok_or(bad)?;
    let padding = match (unused, octets.last()) {
        (0, _) => 0,
        (1..=7, Some(last)) => last & !(0xff << unused),
        _ => return Err(bad),
    };
    match padding {
        0 => Ok(octets),
        _ => Err(bad),
    }
}

/// The octets of a BIT STRING without unused bits, as keys and signatures are.
pub fn whole_octets(content: &[u8]) -> Result<&[u8], BadDer> {
    match content {
        [0, octets @ ..] => Ok(octets),
        _ => Err(BadDer("a BIT STRING does not hold whole octets")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString, vec, vec::Vec};

    #[test]
    fn an_element_is_tag_length_content_and_ends_where_its_length_says() {
        let mut reader = Reader::new(&[0x04, 2, 7, 8, 0x30, 0]);
        let first = reader.element().unwrap();
        assert_eq!(first, Element { tag: Tag::OCTET_STRING, content: &[7, 8], whole: &[4, 2, 7, 8] });
        assert!(!reader.is_empty() && reader.finish().is_err());
        assert!(reader.sequence().unwrap().is_empty());
        assert!(reader.is_empty() && reader.finish().is_ok() && reader.peek().is_none());
        assert!(reader.element().is_err());
        assert!(only(&[4, 1, 7, 0], Tag::OCTET_STRING).is_err());
    }

    #[test]
    fn a_length_has_one_encoding() {
        for (bytes, expected) in [
            (&[0x00][..], Some(0)),
            (&[0x7f], Some(127)),
            (&[0x80], None),
            (&[0x81, 0x7f], None),
            (&[0x81, 0x80], Some(128)),
            (&[0x81, 0xff], Some(255)),
            (&[0x82, 0x00, 0xff], None),
            (&[0x82, 0x01, 0x00], Some(256)),
            (&[0x83, 0x01, 0x00, 0x00], Some(65536)),
            (&[0x84, 0x01, 0x00, 0x00, 0x00], Some(1 << 24)),
            (&[0x84, 0x00, 0x01, 0x00, 0x00], None),
            (&[0x85, 0x01, 0x00, 0x00, 0x00, 0x00], None),
            (&[0xff], None),
            (&[0x82, 0x01], None),
            (&[], None),
        ] {
            assert_eq!(length(bytes).ok().map(|(length, _)| length), expected, "{bytes:02x?}");
        }
        for (bytes, says) in [
            (&[0x80][..], "a length is indefinite, which DER does not allow"),
            (&[0x85, 1, 0, 0, 0, 0], "a length is beyond 4 GiB"),
            (&[0x81, 0x7f], "a length is not in its shortest form"),
            (&[0x82, 1], "it ends too early"),
        ] {
            assert_eq!(length(bytes).map_err(|bad| bad.to_string()), Err(says.into()));
        }
    }

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let element = [&[0x04, 0x81, 0x80][..], &[9; 128]].concat();
        for cut in 0..element.len() {
            assert!(Reader::new(&element[..cut]).element().is_err(), "cut at {cut}");
        }
        assert_eq!(Reader::new(&element).element().unwrap().content, [9; 128]);
    }

    #[test]
    fn an_integer_is_in_its_shortest_form() {
        let integer = |content: &[u8]| {
            let element = [&[2, content.len() as u8], content].concat();
            (Reader::new(&element).integer().is_ok(), Reader::new(&element).unsigned().map(<[u8]>::to_vec).ok())
        };
        for (content, shortest, value) in [
            (&[][..], false, None),
            (&[0], true, Some(vec![])),
            (&[1], true, Some(vec![1])),
            (&[0x7f], true, Some(vec![0x7f])),
            (&[0x80], true, None),
            (&[0xff], true, None),
            (&[0, 0], false, None),
            (&[0, 0x7f], false, None),
            (&[0, 0x80], true, Some(vec![0x80])),
            (&[0xff, 0x7f], true, None),
            (&[0xff, 0x80], false, None),
            (&[1, 0], true, Some(vec![1, 0])),
        ] {
            assert_eq!(integer(content), (shortest, value), "{content:02x?}");
        }
        for (octets, number) in [(&[][..], 0), (&[1, 0], 256), (&[0xff; 4], u32::MAX), (&[1, 0, 0, 0, 0], u32::MAX)] {
            assert_eq!(saturated(octets), number);
        }
    }

    #[test]
    fn a_boolean_has_two_values_of_one_octet() {
        for octet in 0..=255 {
            let value = match octet {
                0 => Some(false),
                255 => Some(true),
                _ => None,
            };
            assert_eq!(boolean(&[octet]).ok(), value);
            assert!(boolean(&[octet, octet]).is_err());
        }
        assert!(boolean(&[]).is_err());
        let flag = |bytes: &[u8]| Reader::new(bytes).flag(Tag::BOOLEAN).ok();
        assert_eq!(
            [flag(&[]), flag(&[1, 1, 255]), flag(&[1, 1, 0]), flag(&[2, 0])].map(|each| each),
            [Some(false), Some(true), Some(false), Some(false)]
        );
        assert_eq!(flag(&[1, 1, 1]), None);
    }

    #[test]
    fn the_unused_bits_of_a_bit_string_are_zero() {
        for unused in 0..=9u8 {
            assert_eq!(bits(&[unused]).is_ok(), unused == 0);
            for octet in 0..=255u8 {
                let zero = unused < 8 && u32::from(octet).trailing_zeros() >= u32::from(unused);
                assert_eq!(bits(&[unused, octet]).ok(), zero.then_some(&[octet][..]), "{unused} {octet:02x}");
            }
        }
        assert!(bits(&[]).is_err() && whole_octets(&[]).is_err() && whole_octets(&[1, 0]).is_err());
        assert_eq!(whole_octets(&[0, 1, 2]), Ok(&[1, 2][..]));
    }

    #[test]
    fn a_tag_of_two_octets_is_refused() {
        let tags: Vec<u8> = (0..=255).filter(|tag| Reader::new(&[*tag, 0]).element().is_err()).collect();
        assert_eq!(tags, [0x1f, 0x3f, 0x5f, 0x7f, 0x9f, 0xbf, 0xdf, 0xff]);
    }
}
