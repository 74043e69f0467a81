//! The names in a certificate's subjectAltName, for people.

use super::text::shown;
use crate::asn1::{Certificate, GeneralName};
use core::net::IpAddr;
use std::{string::String, string::ToString, vec::Vec};

/// The SANs of a certificate for a sentence, escaped.
pub(super) fn presented(cert: &Certificate<'_>) -> Vec<String> {
    let name = |name| match name {
        GeneralName::Dns(name) => Some(shown(name)),
        GeneralName::Uri(uri) => Some(shown(uri)),
        GeneralName::Email(address) => Some(shown(address)),
        GeneralName::Ip(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    };
    cert.names().filter_map(name).collect()
}

/// The address of an iPAddress SAN: 4 or 16 octets.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    match <[u8; 4]>::try_from(octets) {
        Ok(octets) => Some(IpAddr::from(octets)),
        Err(_) => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    }
}
