//! Serial numbers of certificates (RFC 5280 §4.1.2.2).

use super::der::{BadDer, Reader};
use core::fmt;

/// A serial number in the shortest form of an INTEGER, so that equal numbers have equal octets. `Display` writes hex.
///
/// RFC 5280 allows issuers only positive numbers of at most 20 octets, and asks readers to handle others gracefully.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial<'a>(&'a [u8]);

impl<'a> Serial<'a> {
    /// Reads the next element.
    pub fn read(reader: &mut Reader<'a>) -> Result<Serial<'a>, BadDer> {
        reader.integer().map(Serial).map_err(|_| BadDer("its serial number is no INTEGER in its shortest form"))
    }

    /// The content of the INTEGER: two's complement.
    pub const fn content(self) -> &'a [u8] {
        self.0
    }

    /// Whether it is 0.
    pub fn is_zero(self) -> bool {
        self.0 == [0]
    }

    /// Whether it is below 0.
    pub fn is_negative(self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }

    /// Whether it has more than the 20 octets that an issuer may use.
    pub const fn is_too_long(self) -> bool {
        self.0.len() > 20
    }
}

/// Writes lower-case hex without a sign octet, `9f01`, and negative numbers with a minus sign, `-01`.
impl fmt::Display for Serial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_negative() {
            let octets = match self.0 {
                [0, octets @ ..] if !octets.is_empty() => octets,
                octets => octets,
            };
            return octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"));
        }
        // The magnitude is all bits inverted, plus one. The carry passes over the zeros at the end.
        let zeros = self.0.iter().rev().take_while(|octet| **octet == 0).count();
        let kept = self.0.len().saturating_sub(zeros);
        f.write_str("-")?;
        self.0.iter().zip(1..).try_for_each(|(octet, place)| {
            let octet = if place < kept { !octet } else { octet.wrapping_neg() };
            write!(f, "{octet:02x}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::der;
    use std::string::{String, ToString};

    fn read(content: &[u8]) -> Option<(String, bool, bool, bool)> {
        let der = der(0x02, content);
        let serial = Serial::read(&mut Reader::new(&der)).ok()?;
        Some((serial.to_string(), serial.is_zero(), serial.is_negative(), serial.is_too_long()))
    }

    #[test]
    fn a_serial_number_is_written_as_its_value() {
        for (content, text) in [
            (&[0][..], "00"),
            (&[1], "01"),
            (&[0x7f], "7f"),
            (&[0, 0x80], "80"),
            (&[0, 0x9f, 1], "9f01"),
            (&[0xff], "-01"),
            (&[0x80], "-80"),
            (&[0xff, 0x7f], "-0081"),
            (&[0xff, 0], "-0100"),
            (&[0x80, 0, 0], "-800000"),
            (&[0xfe, 0xff, 0], "-010100"),
        ] {
            let (written, zero, negative, long) = read(content).unwrap();
            assert_eq!((&*written, zero, negative, long), (text, text == "00", text.starts_with('-'), false));
        }
        assert!(read(&[1; 21]).is_some_and(|(_, _, _, long)| long));
        assert!(read(&[1; 20]).is_some_and(|(_, _, _, long)| !long));
    }

    /// Another encoding of its number must not hide a revoked certificate.
    #[test]
    fn a_serial_number_has_one_encoding() {
        for content in [&[][..], &[0, 0], &[0, 1], &[0, 0x7f], &[0, 0, 0x80], &[0xff, 0xff], &[0xff, 0x80]] {
            assert!(read(content).is_none(), "{content:02x?}");
        }
    }
}
