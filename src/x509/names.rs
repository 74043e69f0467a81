//! The names in a certificate's subjectAltName, for people.

use super::text::{self, shown};
use crate::asn1::{Certificate, GeneralName};
use core::net::IpAddr;
use std::{format, string::String, string::ToString, vec::Vec};

/// Each SAN of a certificate with its kind, escaped: `DNS name "api.internal"`. So readers can see two names in one SAN, or
/// an address in a DNS name.
pub(super) fn presented(cert: &Certificate<'_>) -> Vec<String> {
    let told = |name| match name {
        GeneralName::Dns(name) => format!("DNS name \"{}\"", shown(name)),
        GeneralName::Uri(uri) => format!("URI \"{}\"", shown(uri)),
        GeneralName::Email(address) => format!("e-mail address \"{}\"", shown(address)),
        GeneralName::Ip(octets) => match address(octets) {
            Some(address) => format!("IP address {address}"),
            None => "an IP address of a wrong length".into(),
        },
        GeneralName::Directory(name) => format!("directory name \"{}\"", text::name(&name)),
        GeneralName::RegisteredId(id) => format!("registered ID {id}"),
        GeneralName::OtherName(_) => "an otherName".into(),
        GeneralName::X400(_) => "an x400Address".into(),
        GeneralName::EdiParty(_) => "an ediPartyName".into(),
    };
    cert.names().map(told).collect()
}

/// The name of a certificate without a subject, for sentences: its first SAN that people can read.
pub(super) fn label(cert: &Certificate<'_>) -> Option<String> {
    cert.names().find_map(|name| match name {
        GeneralName::Dns(name) | GeneralName::Uri(name) | GeneralName::Email(name) => Some(shown(name)),
        GeneralName::Ip(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    })
}

/// The address of an iPAddress SAN: 4 or 16 octets.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    match <[u8; 4]>::try_from(octets) {
        Ok(octets) => Some(IpAddr::from(octets)),
        Err(_) => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
    }
}
