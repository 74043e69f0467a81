//! Getters and writers of the extensions of hellos and EncryptedExtensions.

use super::extension_bodies::{
    KeyShareEntry, KeyShareParts, ProtocolName, ServerName, any_list_u16, cookie, host_name, list_u8, list_u16,
    selected_protocol,
};
use super::{CheckedExtensions, Element, ExtensionType, List, NamedGroup, Reader, SignatureScheme, Writer};

// supported_versions (RFC 9846 §4.3.1)

impl Writer<'_> {
    /// supported_versions of ClientHello.
    pub fn supported_versions(&mut self, versions: impl IntoIterator<Item = u16>) {
        self.extension(ExtensionType::SUPPORTED_VERSIONS, |w| {
            w.vec_u8(|w| versions.into_iter().for_each(|each| w.u16(each)));
        });
    }

    /// supported_versions of ServerHello and HelloRetryRequest.
    pub fn selected_version(&mut self, version: u16) {
        self.extension(ExtensionType::SUPPORTED_VERSIONS, |w| w.u16(version));
    }
}

// cookie (RFC 9846 §4.3.2)

impl<'a> CheckedExtensions<'a> {
    /// cookie: `opaque cookie<1..2^16-1>`.
    pub fn cookie(&self) -> Option<&'a [u8]> {
        self.body(ExtensionType::COOKIE, cookie)
    }
}

impl Writer<'_> {
    /// cookie
    pub fn cookie(&mut self, cookie: &[u8]) {
        self.extension(ExtensionType::COOKIE, |w| w.vec_u16(|w| w.bytes(cookie)));
    }
}

// signature_algorithms and signature_algorithms_cert (RFC 9846 §4.3.3); supported_groups (§4.3.7)

impl<'a> CheckedExtensions<'a> {
    /// signature_algorithms: `SignatureScheme supported_signature_algorithms<2..2^16-2>`.
    pub fn signature_algorithms(&self) -> Option<List<'a, SignatureScheme>> {
        self.body(ExtensionType::SIGNATURE_ALGORITHMS, list_u16)
    }

    /// signature_algorithms_cert: the same structure.
    pub fn signature_algorithms_cert(&self) -> Option<List<'a, SignatureScheme>> {
        self.body(ExtensionType::SIGNATURE_ALGORITHMS_CERT, list_u16)
    }

    /// supported_groups: `NamedGroup named_group_list<2..2^16-1>`.
    pub fn supported_groups(&self) -> Option<List<'a, NamedGroup>> {
        self.body(ExtensionType::SUPPORTED_GROUPS, list_u16)
    }
}

impl Writer<'_> {
    /// signature_algorithms
    pub fn signature_algorithms(&mut self, schemes: impl IntoIterator<Item = SignatureScheme>) {
        self.list_of_u16(ExtensionType::SIGNATURE_ALGORITHMS, schemes.into_iter().map(|each| each.0));
    }

    /// signature_algorithms_cert
    pub fn signature_algorithms_cert(&mut self, schemes: impl IntoIterator<Item = SignatureScheme>) {
        self.list_of_u16(ExtensionType::SIGNATURE_ALGORITHMS_CERT, schemes.into_iter().map(|each| each.0));
    }

    /// supported_groups
    pub fn supported_groups(&mut self, groups: impl IntoIterator<Item = NamedGroup>) {
        self.list_of_u16(ExtensionType::SUPPORTED_GROUPS, groups.into_iter().map(|each| each.0));
    }

    fn list_of_u16(&mut self, extension_type: ExtensionType, numbers: impl Iterator<Item = u16>) {
        self.extension(extension_type, |w| w.vec_u16(|w| numbers.for_each(|each| w.u16(each))));
    }
}

// psk_key_exchange_modes (RFC 9846 §4.3.9), early_data (§4.3.10)

impl<'a> CheckedExtensions<'a> {
    /// psk_key_exchange_modes: `PskKeyExchangeMode ke_modes<1..255>`.
    pub fn psk_key_exchange_modes(&self) -> Option<List<'a, u8>> {
        self.body(ExtensionType::PSK_KEY_EXCHANGE_MODES, list_u8)
    }

    /// early_data of ClientHello and EncryptedExtensions: empty.
    pub fn early_data(&self) -> bool {
        self.has(ExtensionType::EARLY_DATA)
    }

    /// early_data of NewSessionTicket: `uint32 max_early_data_size`.
    pub fn max_early_data_size(&self) -> Option<u32> {
        self.body(ExtensionType::EARLY_DATA, Reader::u32)
    }
}

impl Writer<'_> {
    /// psk_key_exchange_modes
    pub fn psk_key_exchange_modes(&mut self, modes: &[u8]) {
        self.extension(ExtensionType::PSK_KEY_EXCHANGE_MODES, |w| w.vec_u8(|w| w.bytes(modes)));
    }

    /// early_data of ClientHello and EncryptedExtensions.
    pub fn early_data(&mut self) {
        self.extension(ExtensionType::EARLY_DATA, |_| ());
    }

    /// early_data of NewSessionTicket.
    pub fn max_early_data_size(&mut self, size: u32) {
        self.extension(ExtensionType::EARLY_DATA, |w| w.u32(size));
    }
}

// server_name (RFC 6066 §3)

impl<'a> CheckedExtensions<'a> {
    /// The host name in server_name of ClientHello: `ServerName server_name_list<1..2^16-1>`.
    pub fn server_name(&self) -> Option<&'a [u8]> {
        self.body(ExtensionType::SERVER_NAME, host_name)
    }

    /// server_name of EncryptedExtensions: empty. The server has used the name.
    pub fn server_name_used(&self) -> bool {
        self.has(ExtensionType::SERVER_NAME)
    }
}

impl Writer<'_> {
    /// server_name of ClientHello, with one host name.
    pub fn server_name(&mut self, host_name: &[u8]) {
        self.extension(ExtensionType::SERVER_NAME, |w| {
            w.vec_u16(|w| {
                w.u8(ServerName::HOST_NAME);
                w.vec_u16(|w| w.bytes(host_name));
            });
        });
    }

    /// server_name of EncryptedExtensions.
    pub fn server_name_used(&mut self) {
        self.extension(ExtensionType::SERVER_NAME, |_| ());
    }
}

// application_layer_protocol_negotiation (RFC 7301 §3.1)

impl<'a> CheckedExtensions<'a> {
    /// application_layer_protocol_negotiation of ClientHello: `ProtocolName protocol_name_list<2..2^16-1>`.
    pub fn protocols(&self) -> Option<List<'a, ProtocolName<'a>>> {
        self.body(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, list_u16)
    }

    /// application_layer_protocol_negotiation of EncryptedExtensions: a list of exactly one name.
    pub fn selected_protocol(&self) -> Option<&'a [u8]> {
        self.body(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, selected_protocol)
    }
}

impl Writer<'_> {
    /// application_layer_protocol_negotiation of ClientHello.
    pub fn protocols<'p>(&mut self, names: impl IntoIterator<Item = &'p [u8]>) {
        self.extension(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |w| {
            w.vec_u16(|w| names.into_iter().for_each(|each| w.vec_u8(|w| w.bytes(each))));
        });
    }

    /// application_layer_protocol_negotiation of EncryptedExtensions.
    pub fn selected_protocol(&mut self, name: &[u8]) {
        self.protocols([name]);
    }
}

// key_share (RFC 9846 §4.3.8)

impl<'a> CheckedExtensions<'a> {
    /// key_share of ClientHello: `KeyShareEntry client_shares<0..2^16-1>`. The list may be empty.
    pub fn client_shares(&self) -> Option<List<'a, KeyShareEntry<'a>>> {
        self.body(ExtensionType::KEY_SHARE, any_list_u16)
    }

    /// key_share of ServerHello: `KeyShareEntry server_share`.
    pub fn server_share(&self) -> Option<KeyShareEntry<'a>> {
        self.body(ExtensionType::KEY_SHARE, KeyShareEntry::read)
    }

    /// key_share of HelloRetryRequest: `NamedGroup selected_group`.
    pub fn selected_group(&self) -> Option<NamedGroup> {
        self.body(ExtensionType::KEY_SHARE, NamedGroup::read)
    }
}

impl Writer<'_> {
    /// key_share of ClientHello.
    pub fn client_shares<'s, S: Into<KeyShareParts<'s>>>(&mut self, shares: impl IntoIterator<Item = S>) {
        let write = |w: &mut Writer<'_>| shares.into_iter().for_each(|each| each.into().write(w));
        self.extension(ExtensionType::KEY_SHARE, |w| w.vec_u16(write));
    }

    /// key_share of ServerHello.
    pub fn server_share(&mut self, share: KeyShareEntry<'_>) {
        self.extension(ExtensionType::KEY_SHARE, |w| KeyShareParts::from(share).write(w));
    }

    /// key_share of HelloRetryRequest.
    pub fn selected_group(&mut self, group: NamedGroup) {
        self.extension(ExtensionType::KEY_SHARE, |w| w.u16(group.0));
    }
}

// record_size_limit (RFC 8449 §4)

impl CheckedExtensions<'_> {
    /// record_size_limit: `uint16 RecordSizeLimit`. The engine checks its bounds, since the alert is illegal_parameter.
    pub fn record_size_limit(&self) -> Option<u16> {
        self.body(ExtensionType::RECORD_SIZE_LIMIT, Reader::u16)
    }
}

impl Writer<'_> {
    /// record_size_limit
    pub fn record_size_limit(&mut self, limit: u16) {
        self.extension(ExtensionType::RECORD_SIZE_LIMIT, |w| w.u16(limit));
    }
}
