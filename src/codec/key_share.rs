//! key_share (RFC 9846 §4.3.8).

use super::{Element, ExtensionType, Extensions, List, Malformed, NamedGroup, Reader, Writer, reader::non_empty};

/// ```text
/// struct {
///     NamedGroup group;
///     opaque key_exchange<1..2^16-1>;
/// } KeyShareEntry;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// group
    pub group: NamedGroup,
    /// key_exchange
    pub key_exchange: &'a [u8],
}

impl<'a> Element<'a> for KeyShareEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(KeyShareEntry { group: NamedGroup::read(reader)?, key_exchange: non_empty(reader.vec_u16()?)? })
    }
}

impl KeyShareEntry<'_> {
    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.group.0);
        w.vec_u16(|w| w.bytes(self.key_exchange));
    }
}

impl<'a> Extensions<'a> {
    /// key_share of ClientHello: `KeyShareEntry client_shares<0..2^16-1>`; the list may be empty.
    pub fn client_shares(&self) -> Result<Option<List<'a, KeyShareEntry<'a>>>, Malformed> {
        self.body(ExtensionType::KEY_SHARE, |r| List::parse(r.vec_u16()?))
    }

    /// key_share of ServerHello: `KeyShareEntry server_share`.
    pub fn server_share(&self) -> Result<Option<KeyShareEntry<'a>>, Malformed> {
        self.body(ExtensionType::KEY_SHARE, KeyShareEntry::read)
    }

    /// key_share of HelloRetryRequest: `NamedGroup selected_group`.
    pub fn selected_group(&self) -> Result<Option<NamedGroup>, Malformed> {
        self.body(ExtensionType::KEY_SHARE, NamedGroup::read)
    }
}

impl Writer<'_> {
    /// key_share of ClientHello.
    pub fn client_shares<'s>(&mut self, shares: impl IntoIterator<Item = KeyShareEntry<'s>>) {
        self.extension(ExtensionType::KEY_SHARE, |w| w.vec_u16(|w| shares.into_iter().for_each(|each| each.write(w))));
    }

    /// key_share of ServerHello.
    pub fn server_share(&mut self, share: KeyShareEntry<'_>) {
        self.extension(ExtensionType::KEY_SHARE, |w| share.write(w));
    }

    /// key_share of HelloRetryRequest.
    pub fn selected_group(&mut self, group: NamedGroup) {
        self.extension(ExtensionType::KEY_SHARE, |w| w.u16(group.0));
    }
}
