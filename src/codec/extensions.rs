//! The extension block (RFC 9846 §4.3).

use super::extension_bodies::list_u8;
use super::extension_table::{Place, check_body, may_stand};
use super::{Element, ExtensionType, List, Malformed, Reader, Writer, numbers::all_differ, reader::whole};

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

/// A block of extensions, no two of one type. What they hold can be read after [`check`](Self::check).
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

    /// Checks the block by the table: first that no extension stands here that may not, then every body. Extensions that
    /// we do not know are passed over.
    pub fn check(&self, place: Place) -> Result<CheckedExtensions<'a>, BadExtension> {
        for Extension { extension_type: extension, .. } in self.iter() {
            if may_stand(extension, place) == Some(false) {
                return Err(BadExtension::Forbidden { extension });
            }
        }
        for Extension { extension_type: extension, extension_data } in self.iter() {
            check_body(extension, place, extension_data).map_err(|what| BadExtension::Malformed { extension, what })?;
        }
        Ok(CheckedExtensions(*self))
    }

    /// supported_versions of ClientHello, before the block is checked: the rest of an older client's hello need not make
    /// sense. `ProtocolVersion versions<2..254>`
    pub fn supported_versions(&self) -> Result<Option<List<'a, u16>>, Malformed> {
        self.get(ExtensionType::SUPPORTED_VERSIONS).map(|body| whole(body, list_u8)).transpose()
    }

    /// supported_versions of ServerHello and HelloRetryRequest, before the block is checked, as in a ClientHello.
    /// `ProtocolVersion selected_version`
    pub fn selected_version(&self) -> Result<Option<u16>, Malformed> {
        self.get(ExtensionType::SUPPORTED_VERSIONS).map(|body| whole(body, Reader::u16)).transpose()
    }
}

/// Why a block of extensions cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadExtension {
    /// We know the extension, and it may not stand in this message (illegal_parameter, §4.3).
    Forbidden {
        /// The extension.
        extension: ExtensionType,
    },
    /// The extension's body cannot be decoded (decode_error).
    Malformed {
        /// The extension.
        extension: ExtensionType,
        /// What is wrong with it.
        what: Malformed,
    },
}

impl core::fmt::Display for BadExtension {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            BadExtension::Forbidden { extension } => write!(f, "extension {extension} may not stand in this message"),
            BadExtension::Malformed { extension, what } => write!(f, "malformed extension {extension}: {what}"),
        }
    }
}

impl core::error::Error for BadExtension {}

/// A block of extensions each of which may stand in its message, with bodies that have been checked.
///
/// The methods named after an extension give what it holds; `None` (or `false`) where it does not stand in the block.
/// The methods of the same names of [`Writer`] write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedExtensions<'a>(Extensions<'a>);

impl<'a> CheckedExtensions<'a> {
    /// True when the block holds this extension.
    pub fn has(&self, extension_type: ExtensionType) -> bool {
        self.0.has(extension_type)
    }

    /// What an extension holds, read as the table has checked it.
    pub(super) fn body<T>(
        &self,
        extension_type: ExtensionType,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
    ) -> Option<T> {
        whole(self.0.get(extension_type)?, read).ok()
    }

    /// The bytes of a body.
    pub(super) fn raw_body(&self, extension_type: ExtensionType) -> Option<&'a [u8]> {
        self.0.get(extension_type)
    }
}

impl<'m> Writer<'m> {
    /// Writes one extension: its type, and what `body` writes after its length.
    pub fn extension(&mut self, extension_type: ExtensionType, body: impl FnOnce(&mut Writer<'m>)) {
        self.u16(extension_type.0);
        self.vec_u16(body);
    }
}
