//! The names in a certificate's subjectAltName, for people.

use super::asn1::{Cert, GeneralName};
use super::text::shown;
use core::net::IpAddr;
use std::{string::String, string::ToString, vec::Vec};

/// The SANs of a certificate for a sentence, escaped.
pub(super) fn presented(cert: &Cert<'_>) -> Vec<String> {
    let text = |bytes: &[u8]| shown(&String::from_utf8_lossy(bytes));
    let name = |name| match name {
        GeneralName::Dns(name) => Some(text(name)),
        GeneralName::Uri(uri) => Some(text(uri)),
        GeneralName::Email(address) => Some(text(address)),
        GeneralName::Ip(octets) => address(octets).map(|address| address.to_string()),
        GeneralName::Other(_) | GeneralName::Broken => None,
    };
    cert.names().iter().filter_map(name).collect()
}

/// The address of an iPAddress SAN: 4 or 16 octets.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    match <[u8; 4]>::try_from(octets) {
        Ok(octets) => Some(IpAddr::from(octets)),
        Err(_) => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    }
}
