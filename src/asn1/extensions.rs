//! The list of extensions (RFC 5280 §4.2).

use super::der::{BadDer, Reader, Tag, elements};
use super::oid::Oid;

/// A list with more extensions is refused, since the search for duplicates is quadratic.
const MAX_EXTENSIONS: usize = 64;

/// One extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// extnID
    pub id: Oid<'a>,
    /// critical: whoever does not process the extension must refuse the certificate or CRL.
    pub critical: bool,
    /// The content of extnValue.
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

/// A well-formed list of extensions without duplicates.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extensions<'a> {
    list: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// Reads the content of `SEQUENCE OF Extension`.
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

    /// The extensions in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        elements(self.list, Extension::read)
    }

    /// The extension with this object identifier.
    pub fn get(&self, id: Oid<'_>) -> Option<Extension<'a>> {
        self.iter().find(|extension| extension.id == id)
    }

    /// Whether the extension is present and critical.
    pub fn is_critical(&self, id: Oid<'_>) -> bool {
        self.get(id).is_some_and(|extension| extension.critical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::extension;
    use crate::asn1::oid;
    use std::vec::Vec;

    #[test]
    fn an_extension_is_found_by_its_number_only_and_stands_once() {
        let list = |lasts: &[u8]| -> Vec<u8> {
            lasts.iter().flat_map(|last| extension(&[0x55, 0x1d, *last], None, &[*last])).collect()
        };
        for last in 0..100 {
            let list = list(&[last, 100]);
            let read = Extensions::from_content(&list).unwrap();
            for other in 0..100 {
                let found = read.get(Oid::from_content(&[0x55, 0x1d, other]).unwrap()).map(|found| found.value);
                assert_eq!(found, (other == last).then_some(&[last][..]));
            }
            assert_eq!(read.iter().map(|each| each.value).collect::<Vec<_>>(), [[last], [100]]);
        }
        for twice in [15, 99] {
            let list = list(&[twice, 1, twice]);
            assert_eq!(Extensions::from_content(&list).err(), Some(BadDer("an extension stands twice")));
        }
        let many: Vec<u8> = (0..=64).collect();
        assert!(Extensions::from_content(&list(&many[..64])).is_ok());
        assert_eq!(Extensions::from_content(&list(&many)).err(), Some(BadDer("it has more than 64 extensions")));
        // The same number under another arc is another extension.
        for id in [&[0x55, 0x1c, 15][..], &[0x2b, 0x1d, 15], &[0x55, 0x1d, 15, 1], &[15]] {
            let list = extension(id, None, b"?");
            assert!(Extensions::from_content(&list).unwrap().get(oid::KEY_USAGE).is_none());
        }
    }

    #[test]
    fn critical_is_what_the_boolean_says_and_false_without_one() {
        let id = Oid::from_content(&[0x2a, 3]).unwrap();
        for (written, critical) in
            [(None, Some(false)), (Some(0), Some(false)), (Some(255), Some(true)), (Some(1), None)]
        {
            let list = extension(id.content(), written, b"value");
            let read = Extensions::from_content(&list).ok();
            assert_eq!(
                read.and_then(|read| read.get(id)),
                critical.map(|critical| Extension { id, critical, value: b"value" })
            );
            assert_eq!(read.map(|read| read.is_critical(id)), critical);
        }
    }
}
