//! The structures in extensions, and the functions that read the bodies. The table and the getters share them.

use super::{Element, List, Malformed, NamedGroup, Reader, Writer, reader::non_empty};

// vectors of structures

/// `T<1..2^8-1>`
pub(super) fn list_u8<'a, T: Element<'a>>(r: &mut Reader<'a>) -> Result<List<'a, T>, Malformed> {
    List::parse_non_empty(r.vec_u8()?)
}

/// `T<1..2^16-1>`
pub(super) fn list_u16<'a, T: Element<'a>>(r: &mut Reader<'a>) -> Result<List<'a, T>, Malformed> {
    List::parse_non_empty(r.vec_u16()?)
}

/// `T<0..2^16-1>`
pub(super) fn any_list_u16<'a, T: Element<'a>>(r: &mut Reader<'a>) -> Result<List<'a, T>, Malformed> {
    List::parse(r.vec_u16()?)
}

// key_share (RFC 9846 §4.3.8)

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

/// A KeyShareEntry to write. Its key_exchange is the concatenation of two values, as hybrid groups have it
/// (draft-ietf-tls-ecdhe-mlkem §3.1). For other groups the second value is empty.
#[derive(Clone, Copy, Debug)]
pub struct KeyShareParts<'a> {
    /// group
    pub group: NamedGroup,
    /// key_exchange
    pub key_exchange: [&'a [u8]; 2],
}

impl<'a> From<KeyShareEntry<'a>> for KeyShareParts<'a> {
    fn from(entry: KeyShareEntry<'a>) -> Self {
        KeyShareParts { group: entry.group, key_exchange: [entry.key_exchange, &[]] }
    }
}

impl KeyShareParts<'_> {
    pub(super) fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.group.0);
        w.vec_u16(|w| self.key_exchange.iter().for_each(|part| w.bytes(part)));
    }
}

// cookie (RFC 9846 §4.3.2)

/// `opaque cookie<1..2^16-1>`
pub(super) fn cookie<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    non_empty(r.vec_u16()?)
}

// server_name (RFC 6066 §3)

/// ```text
/// struct {
///     NameType name_type;
///     opaque HostName<1..2^16-1>;
/// } ServerName;
/// ```
/// Names of future types also begin with a 16-bit length (RFC 6066 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerName<'a> {
    /// name_type: [`ServerName::HOST_NAME`] is host_name.
    pub name_type: u8,
    /// The bytes of the name.
    pub name: &'a [u8],
}

impl ServerName<'_> {
    /// host_name: the type of DNS names.
    pub const HOST_NAME: u8 = 0;
}

impl<'a> Element<'a> for ServerName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(ServerName { name_type: reader.u8()?, name: non_empty(reader.vec_u16()?)? })
    }
}

/// The host name in a list of server names. No type of name may occur twice.
pub(super) fn host_name<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let names: List<'a, ServerName<'a>> = list_u16(r)?;
    let mut seen = [false; 256];
    for ServerName { name_type, .. } in names.iter() {
        let seen = seen.get_mut(usize::from(name_type)).ok_or(Malformed::BadServerNames)?;
        if core::mem::replace(seen, true) {
            return Err(Malformed::BadServerNames);
        }
    }
    let host_name = names.iter().find(|each| each.name_type == ServerName::HOST_NAME);
    host_name.map(|each| each.name).ok_or(Malformed::BadServerNames)
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

/// A list of exactly one name.
pub(super) fn selected_protocol<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let mut names = list_u16::<ProtocolName<'a>>(r)?.iter();
    match (names.next(), names.next()) {
        (Some(ProtocolName(name)), None) => Ok(name),
        _ => Err(Malformed::NotOneElement),
    }
}

// certificate_authorities (RFC 9846 §4.3.4)

/// `opaque DistinguishedName<1..2^16-1>`: a DER name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinguishedName<'a>(pub &'a [u8]);

impl<'a> Element<'a> for DistinguishedName<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        non_empty(reader.vec_u16()?).map(DistinguishedName)
    }
}

// status_request (RFC 6066 §8, RFC 9846 §4.5.1.1)

/// `CertificateStatusType ocsp`
pub(super) const OCSP: u8 = 1;

/// status_request of ClientHello.
///
/// ```text
/// CertificateStatusType status_type = ocsp;
/// ResponderID responder_id_list<0..2^16-1>;    opaque ResponderID<1..2^16-1>;
/// opaque request_extensions<0..2^16-1>;
/// ```
/// The structure of other status types is unknown: the body is ignored, and the result is false.
pub(super) fn status_request(r: &mut Reader<'_>) -> Result<bool, Malformed> {
    if r.u8()? != OCSP {
        r.take(r.rest().len())?;
        return Ok(false);
    }
    // A ResponderID is a vector of at least one byte, as a DistinguishedName is.
    any_list_u16::<DistinguishedName<'_>>(r)?;
    r.vec_u16()?;
    Ok(true)
}

/// status_request of a CertificateEntry.
///
/// ```text
/// CertificateStatusType status_type = ocsp;
/// opaque OCSPResponse<1..2^24-1>;
/// ```
pub(super) fn ocsp_response<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    match r.u8()? {
        OCSP => non_empty(r.vec_u24()?),
        _ => Err(Malformed::UnknownStatusType),
    }
}

// signed_certificate_timestamp (RFC 6962 §3.3.1, RFC 9846 §4.5.1.1)

/// `opaque SerializedSCT<1..2^16-1>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerializedSct<'a>(pub &'a [u8]);

impl<'a> Element<'a> for SerializedSct<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        non_empty(reader.vec_u16()?).map(SerializedSct)
    }
}

/// `SerializedSCT sct_list<1..2^16-1>`
pub(super) fn sct_list<'a>(r: &mut Reader<'a>) -> Result<List<'a, SerializedSct<'a>>, Malformed> {
    list_u16(r)
}
