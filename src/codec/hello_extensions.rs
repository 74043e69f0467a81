//! The bodies of the extensions that stand in hellos and EncryptedExtensions; key_share has a file of its own.

use super::{
    Element, ExtensionType, Extensions, List, Malformed, NamedGroup, Reader, SignatureScheme, Writer, reader::non_empty,
};

// supported_versions (RFC 9846 §4.3.1)

impl<'a> Extensions<'a> {
    /// supported_versions of ClientHello: `ProtocolVersion versions<2..254>`.
    pub fn supported_versions(&self) -> Result<Option<List<'a, u16>>, Malformed> {
        self.body(ExtensionType::SUPPORTED_VERSIONS, |r| List::parse_non_empty(r.vec_u8()?))
    }

    /// supported_versions of ServerHello and HelloRetryRequest: `ProtocolVersion selected_version`.
    pub fn selected_version(&self) -> Result<Option<u16>, Malformed> {
        self.body(ExtensionType::SUPPORTED_VERSIONS, Reader::u16)
    }
}

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

impl<'a> Extensions<'a> {
    /// cookie: `opaque cookie<1..2^16-1>`.
    pub fn cookie(&self) -> Result<Option<&'a [u8]>, Malformed> {
        self.body(ExtensionType::COOKIE, |r| non_empty(r.vec_u16()?))
    }
}

impl Writer<'_> {
    /// cookie
    pub fn cookie(&mut self, cookie: &[u8]) {
        self.extension(ExtensionType::COOKIE, |w| w.vec_u16(|w| w.bytes(cookie)));
    }
}

// signature_algorithms and signature_algorithms_cert (RFC 9846 §4.3.3); supported_groups (§4.3.7)

impl<'a> Extensions<'a> {
    /// signature_algorithms: `SignatureScheme supported_signature_algorithms<2..2^16-2>`.
    pub fn signature_algorithms(&self) -> Result<Option<List<'a, SignatureScheme>>, Malformed> {
        self.body(ExtensionType::SIGNATURE_ALGORITHMS, |r| List::parse_non_empty(r.vec_u16()?))
    }

    /// signature_algorithms_cert: as signature_algorithms.
    pub fn signature_algorithms_cert(&self) -> Result<Option<List<'a, SignatureScheme>>, Malformed> {
        self.body(ExtensionType::SIGNATURE_ALGORITHMS_CERT, |r| List::parse_non_empty(r.vec_u16()?))
    }

    /// supported_groups: `NamedGroup named_group_list<2..2^16-1>`.
    pub fn supported_groups(&self) -> Result<Option<List<'a, NamedGroup>>, Malformed> {
        self.body(ExtensionType::SUPPORTED_GROUPS, |r| List::parse_non_empty(r.vec_u16()?))
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

impl<'a> Extensions<'a> {
    /// psk_key_exchange_modes: `PskKeyExchangeMode ke_modes<1..255>`.
    pub fn psk_key_exchange_modes(&self) -> Result<Option<List<'a, u8>>, Malformed> {
        self.body(ExtensionType::PSK_KEY_EXCHANGE_MODES, |r| List::parse_non_empty(r.vec_u8()?))
    }

    /// early_data of ClientHello and EncryptedExtensions: empty.
    pub fn early_data(&self) -> Result<bool, Malformed> {
        self.empty_body(ExtensionType::EARLY_DATA)
    }

    /// early_data of NewSessionTicket: `uint32 max_early_data_size`.
    pub fn max_early_data_size(&self) -> Result<Option<u32>, Malformed> {
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

/// ```text
/// struct {
///     NameType name_type;
///     opaque HostName<1..2^16-1>;
/// } ServerName;
/// ```
/// Names of future types begin with a 16-bit length as well (RFC 6066 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerName<'a> {
    /// name_type; host_name is [`ServerName::HOST_NAME`].
    pub name_type: u8,
    /// The name's bytes.
    pub name: &'a [u8],
}

impl ServerName<'_> {
    /// The type of a DNS name.
    pub const HOST_NAME: u8 = 0;
}

impl<'a> Element<'a> for ServerName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(ServerName { name_type: reader.u8()?, name: non_empty(reader.vec_u16()?)? })
    }
}

impl<'a> Extensions<'a> {
    /// server_name of ClientHello: `ServerName server_name_list<1..2^16-1>`. Returns the one host name's bytes.
    pub fn server_name(&self) -> Result<Option<&'a [u8]>, Malformed> {
        self.body(ExtensionType::SERVER_NAME, |r| {
            let names: List<'a, ServerName<'a>> = List::parse_non_empty(r.vec_u16()?)?;
            let mut seen = [false; 256];
            for ServerName { name_type, .. } in names.iter() {
                let seen = seen.get_mut(usize::from(name_type)).ok_or(Malformed::BadServerNames)?;
                if core::mem::replace(seen, true) {
                    return Err(Malformed::BadServerNames);
                }
            }
            let host_name = names.iter().find(|each| each.name_type == ServerName::HOST_NAME);
            host_name.map(|each| each.name).ok_or(Malformed::BadServerNames)
        })
    }

    /// server_name of EncryptedExtensions: empty, the server has used the name.
    pub fn server_name_used(&self) -> Result<bool, Malformed> {
        self.empty_body(ExtensionType::SERVER_NAME)
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

/// `opaque ProtocolName<1..2^8-1>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolName<'a>(pub &'a [u8]);

impl<'a> Element<'a> for ProtocolName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        non_empty(reader.vec_u8()?).map(ProtocolName)
    }
}

impl<'a> Extensions<'a> {
    /// application_layer_protocol_negotiation of ClientHello: `ProtocolName protocol_name_list<2..2^16-1>`.
    pub fn protocols(&self) -> Result<Option<List<'a, ProtocolName<'a>>>, Malformed> {
        self.body(ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION, |r| List::parse_non_empty(r.vec_u16()?))
    }

    /// application_layer_protocol_negotiation of EncryptedExtensions: a list of exactly one name.
    pub fn selected_protocol(&self) -> Result<Option<&'a [u8]>, Malformed> {
        self.protocols()?
            .map(|list| {
                let mut names = list.iter();
                match (names.next(), names.next()) {
                    (Some(ProtocolName(name)), None) => Ok(name),
                    _ => Err(Malformed::NotOneElement),
                }
            })
            .transpose()
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

// record_size_limit (RFC 8449 §4)

impl Extensions<'_> {
    /// record_size_limit: `uint16 RecordSizeLimit`. Its bounds are judged elsewhere: they mean illegal_parameter.
    pub fn record_size_limit(&self) -> Result<Option<u16>, Malformed> {
        self.body(ExtensionType::RECORD_SIZE_LIMIT, Reader::u16)
    }
}

impl Writer<'_> {
    /// record_size_limit
    pub fn record_size_limit(&mut self, limit: u16) {
        self.extension(ExtensionType::RECORD_SIZE_LIMIT, |w| w.u16(limit));
    }
}
