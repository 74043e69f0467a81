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

/// A block of extensions without duplicates. [`check`](Self::check) checks the bodies and gives access to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extensions<'a> {
    /// `None`: a hello that ends before its extension block (§4.2.2).
    list: Option<List<'a, Extension<'a>>>,
}

impl<'a> Extensions<'a> {
    /// A hello without an extension block, which older versions of TLS allow (§4.2.2).
    pub const ABSENT: Extensions<'static> = Extensions { list: None };

    /// Reads a block, given without its length field.
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

    /// Reads the block at the end of a hello, where it may be missing.
    pub(super) fn read_if_present(reader: &mut Reader<'a>) -> Result<Extensions<'a>, Malformed> {
        if reader.is_empty() { Ok(Extensions::ABSENT) } else { Extensions::read(reader) }
    }

    /// Writes the block with its length field. An absent block writes nothing.
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

    /// Whether the block holds this extension.
    pub fn has(&self, extension_type: ExtensionType) -> bool {
        self.get(extension_type).is_some()
    }

    /// The last extension (which pre_shared_key must be, §4.3.11).
    pub fn last(&self) -> Option<ExtensionType> {
        self.iter().last().map(|each| each.extension_type)
    }

    /// Checks the block by the table: first that every extension may appear in this message, then every body. Ignores
    /// extensions that we do not know.
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

    /// supported_versions of ClientHello, `ProtocolVersion versions<2..254>`. It can be read before the block is checked,
    /// since the other extensions of an older client may be malformed for TLS 1.3.
    pub fn supported_versions(&self) -> Result<Option<List<'a, u16>>, Malformed> {
        self.get(ExtensionType::SUPPORTED_VERSIONS).map(|body| whole(body, list_u8)).transpose()
    }

    /// supported_versions of ServerHello and HelloRetryRequest, `ProtocolVersion selected_version`. It can be read before
    /// the block is checked, as in ClientHello.
    pub fn selected_version(&self) -> Result<Option<u16>, Malformed> {
        self.get(ExtensionType::SUPPORTED_VERSIONS).map(|body| whole(body, Reader::u16)).transpose()
    }
}

/// Why a block of extensions is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadExtension {
    /// We know the extension, and it may not appear in this message (illegal_parameter, §4.3).
    Forbidden {
        /// The extension.
        extension: ExtensionType,
    },
    /// The body of the extension cannot be decoded (decode_error).
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

/// A block of extensions that may all appear in their message and whose bodies have been checked.
///
/// The methods named after an extension return its content, or `None` (or `false`) if the block does not hold it.
/// The methods of [`Writer`] with the same names write the extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedExtensions<'a>(Extensions<'a>);

impl<'a> CheckedExtensions<'a> {
    /// Whether the block holds this extension.
    pub fn has(&self, extension_type: ExtensionType) -> bool {
        self.0.has(extension_type)
    }

    /// The content of an extension, read by the function with which the table has checked it.
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
    /// Writes an extension whose body is what `body` writes.
    pub fn extension(&mut self, extension_type: ExtensionType, body: impl FnOnce(&mut Writer<'m>)) {
        self.u16(extension_type.0);
        self.vec_u16(body);
    }
}
