//! The extension block (RFC 9846 §4.3).

use super::{
    Element, ExtensionType, List, Malformed, Reader, Writer, extension_table, numbers::all_differ, reader::whole,
};

/// ```text
/// struct {
///     ExtensionType extension_type;
///     opaque extension_data<0..2^16-1>;
/// } Extension;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// extension_type
    pub extension_type: ExtensionType,
    /// extension_data
    pub extension_data: &'a [u8],
}

impl<'a> Element<'a> for Extension<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Extension { extension_type: ExtensionType::read(reader)?, extension_data: reader.vec_u16()? })
    }
}

/// A block of extensions whose structure has been checked: no two of one type.
///
/// The methods named after an extension read its body with its exact structure. They return `Ok(None)` (or
/// `Ok(false)`) where the extension does not stand in the block. The methods of the same names of [`Writer`] write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// `None`: a hello that ends before its extension block (§4.2.2).
    list: Option<List<'a, Extension<'a>>>,
}

impl<'a> Extensions<'a> {
    /// No block at all, as in a hello that ends before it: older versions of TLS allow that (§4.2.2).
    pub const ABSENT: Extensions<'static> = Extensions { list: None };

    /// Checks a block, given without its length field.
    pub fn parse(raw: &'a [u8]) -> Result<Extensions<'a>, Malformed> {
        let list: List<'a, Extension<'a>> = List::parse(raw)?;
        if !all_differ(list.iter().map(|each| each.extension_type.0)) {
            return Err(Malformed::DuplicateExtension);
        }
        Ok(Extensions { list: Some(list) })
    }

    /// Reads `Extension extensions<0..2^16-1>`.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Extensions<'a>, Malformed> {
        Extensions::parse(reader.vec_u16()?)
    }

    /// Reads the block at the end of a hello, which may lack it.
    pub(super) fn read_if_present(reader: &mut Reader<'a>) -> Result<Extensions<'a>, Malformed> {
        if reader.is_empty() { Ok(Extensions::ABSENT) } else { Extensions::read(reader) }
    }

    /// Writes the block with its length field; nothing if it is absent.
    pub(super) fn write(&self, w: &mut Writer<'_>) {
        if let Some(list) = self.list {
            w.vec_u16(|w| w.bytes(list.raw()));
        }
    }

    /// False when a hello ends before its extension block.
    pub const fn is_present(&self) -> bool {
        self.list.is_some()
    }

    /// The block's bytes, without its length field.
    pub fn raw(&self) -> &'a [u8] {
        self.list.map_or(&[], |list| list.raw())
    }

    /// The extensions in the order received.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + Clone + use<'a> {
        self.list.into_iter().flat_map(List::iter)
    }

    /// The body of one extension.
    pub fn get(&self, extension_type: ExtensionType) -> Option<&'a [u8]> {
        self.iter().find(|each| each.extension_type == extension_type).map(|each| each.extension_data)
    }

    /// True when the block holds this extension.
    pub fn has(&self, extension_type: ExtensionType) -> bool {
        self.get(extension_type).is_some()
    }

    /// The extension that stands last (pre_shared_key must, §4.3.11).
    pub fn last(&self) -> Option<ExtensionType> {
        self.iter().last().map(|each| each.extension_type)
    }

    /// The first extension that we know but that may not stand in this message (illegal_parameter, §4.3).
    pub fn forbidden_in(&self, place: extension_table::Place) -> Option<ExtensionType> {
        let mut types = self.iter().map(|each| each.extension_type);
        types.find(|&each| extension_table::may_stand(each, place) == Some(false))
    }

    /// Reads one extension's body, which must end where `read` ends.
    pub(super) fn body<T>(
        &self,
        extension_type: ExtensionType,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.get(extension_type).map(|body| whole(body, read)).transpose()
    }

    /// True when the extension is there; then its body must be empty.
    pub(super) fn empty_body(&self, extension_type: ExtensionType) -> Result<bool, Malformed> {
        Ok(self.body(extension_type, |_| Ok(()))?.is_some())
    }
}

impl<'m> Writer<'m> {
    /// Writes one extension: its type, and what `body` writes after its length.
    pub fn extension(&mut self, extension_type: ExtensionType, body: impl FnOnce(&mut Writer<'m>)) {
        self.u16(extension_type.0);
        self.vec_u16(body);
    }
}
