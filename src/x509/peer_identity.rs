//! The identity in a certificate, as plain data for authorisation and logs.

use super::hash::sha256;
use super::names::address;
use super::spiffe::{self, SpiffeId};
use super::text::{cut, date, hex, shown};
use super::time::unix_time;
use crate::asn1::{BadDer, Certificate, GeneralName, oid};
use core::{fmt, net::IpAddr};
use rustls_pki_types::UnixTime;
use std::{string::String, string::ToString, vec::Vec};

/// The contents of a certificate. [`Accepted::identity`](super::Accepted::identity) is proved, and
/// [`Refusal::claimed`](super::Refusal::claimed) is only claimed.
///
/// Compare the fields as they are. To print one, wrap it in [`Escaped`](super::Escaped). `Display` of the whole writes
/// one line, escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerIdentity {
    /// The subject as text (RFC 4514), last RDN first: `CN=api,O=Example`. Empty: the certificate has none. Different
    /// subjects have different texts, unless they differ only in the string type of a value. It is safe to print, but
    /// may be long.
    pub subject: String,
    /// The issuer in the same form.
    pub issuer: String,
    /// The subject in DER. One name may have several encodings (RFC 5280 §7.1).
    pub subject_der: Vec<u8>,
    /// The issuer in DER.
    pub issuer_der: Vec<u8>,
    /// The first common name. It never identifies a server; some PKIs identify clients by it.
    pub common_name: Option<String>,
    /// dNSName SANs.
    pub dns_names: Vec<String>,
    /// iPAddress SANs.
    pub ip_addresses: Vec<IpAddr>,
    /// uniformResourceIdentifier SANs.
    pub uris: Vec<String>,
    /// rfc822Name SANs.
    pub emails: Vec<String>,
    /// The SPIFFE ID, if this is a valid X.509-SVID.
    pub spiffe_id: Option<SpiffeId>,
    /// The serial number in hex.
    pub serial: String,
    /// The first second of the validity period.
    pub not_before: UnixTime,
    /// The last second of the validity period.
    pub not_after: UnixTime,
    /// SHA-256 over the certificate.
    pub fingerprint: [u8; 32],
    /// SHA-256 over the SubjectPublicKeyInfo, which `Expect::Spki` pins.
    pub spki_sha256: [u8; 32],
}

impl PeerIdentity {
    /// Reads a certificate in DER. The error says what is malformed.
    pub fn read(certificate: &[u8]) -> Result<PeerIdentity, &'static str> {
        let cert = Certificate::from_der(certificate).map_err(|BadDer(what)| what)?;
        let common_name = cert.subject.attributes().find(|attribute| attribute.id == oid::COMMON_NAME);
        let mut identity = PeerIdentity {
            subject: cert.subject.to_string(),
            issuer: cert.issuer.to_string(),
            subject_der: cert.subject.der().to_vec(),
            issuer_der: cert.issuer.der().to_vec(),
            common_name: common_name.and_then(|attribute| Some(attribute.chars()?.collect())),
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            spiffe_id: spiffe::svid(&cert).ok().and_then(|id| id.parse().ok()),
            serial: cert.serial.to_string(),
            not_before: unix_time(cert.not_before.unix()),
            not_after: unix_time(cert.not_after.unix()),
            fingerprint: sha256(certificate),
            spki_sha256: sha256(cert.spki.raw),
        };
        for name in cert.names() {
            match name {
                GeneralName::Dns(name) => identity.dns_names.push(name.to_string()),
                GeneralName::Ip(octets) => identity.ip_addresses.extend(address(octets)),
                GeneralName::Uri(uri) => identity.uris.push(uri.to_string()),
                GeneralName::Email(address) => identity.emails.push(address.to_string()),
                _ => {}
            }
        }
        Ok(identity)
    }

    /// Removes all names but the SPIFFE ID, because a root that is bound to a trust domain vouches for no other.
    pub(super) fn spiffe_only(mut self) -> PeerIdentity {
        let id = self.spiffe_id.as_ref().map(|id| id.as_str().to_string());
        (self.subject, self.subject_der, self.common_name) = (String::new(), Vec::new(), None);
        (self.dns_names, self.ip_addresses, self.emails) = (Vec::new(), Vec::new(), Vec::new());
        self.uris = id.into_iter().collect();
        self
    }
}

impl fmt::Display for PeerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<String> = Vec::new();
        if !self.subject.is_empty() {
            names.push(cut(self.subject.clone()));
        }
        let sans = self.dns_names.iter().chain(&self.uris).chain(&self.emails);
        names.extend(sans.map(|name| shown(name)));
        names.extend(self.ip_addresses.iter().map(ToString::to_string));
        let (serial, until, hash) = (&self.serial, date(self.not_after), hex(&self.fingerprint));
        write!(f, "{} (serial {serial}, valid until {until}, SHA-256 {hash})", names.join(", "))
    }
}
