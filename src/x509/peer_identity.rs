//! What a certificate says about its holder, as plain data for authorisation and logs.

use super::asn1::Cert;
use super::hash::sha256;
use super::names::address;
use super::spiffe::{self, SpiffeId};
use super::text::{self, Escaped, date, hex};
use core::{fmt, net::IpAddr};
use rustls_pki_types::UnixTime;
use std::{format, string::String, string::ToString, time::Duration, vec::Vec};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

/// A certificate's contents. Whether they are true is for the verdict: [`Accepted::identity`](super::Accepted::identity)
/// is proven, [`Refusal::claimed`](super::Refusal::claimed) only claimed.
///
/// Fields hold what the certificate says, to be compared; to print one, wrap it in [`Escaped`]. `Display` of the whole
/// is one line, escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerIdentity {
    /// The subject as `CN=api, O=Example`, escaped already, cut if it is long; empty if the certificate has none.
    pub subject: String,
    /// The issuer, in the same form.
    pub issuer: String,
    /// The first common name. Names no server; some call clients by it.
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
    /// The first second of its validity.
    pub not_before: UnixTime,
    /// The last second of its validity.
    pub not_after: UnixTime,
    /// SHA-256 over the certificate.
    pub fingerprint: [u8; 32],
    /// SHA-256 over the SubjectPublicKeyInfo: what `Expect::Spki` pins.
    pub spki_sha256: [u8; 32],
}

impl PeerIdentity {
    /// Reads a DER certificate; the error says what is malformed.
    pub fn read(certificate: &[u8]) -> Result<PeerIdentity, &'static str> {
        let cert = Cert::read(certificate)?;
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|_| "not a certificate")?;
        let time = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let (not_before, not_after) = cert.validity()?;
        let mut identity = PeerIdentity {
            subject: text::name(cert.subject),
            issuer: text::name(cert.issuer),
            common_name: text::common_name(parsed.subject()),
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            spiffe_id: spiffe::svid(&cert).ok().and_then(|id| id.parse().ok()),
            serial: text::serial(cert.serial),
            not_before: time(not_before),
            not_after: time(not_after),
            fingerprint: sha256(certificate),
            spki_sha256: sha256(cert.spki),
        };
        let names = parsed.subject_alternative_name().map_err(|_| "malformed subjectAltName")?;
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => identity.dns_names.push(name.to_string()),
                GeneralName::IPAddress(octets) => identity.ip_addresses.extend(address(octets)),
                GeneralName::URI(uri) => identity.uris.push(uri.to_string()),
                GeneralName::RFC822Name(address) => identity.emails.push(address.to_string()),
                _ => {}
            }
        }
        Ok(identity)
    }

    /// Without the names that a root bound to a SPIFFE trust domain does not vouch for: all but the SPIFFE ID.
    pub(super) fn spiffe_only(mut self) -> PeerIdentity {
        let id = self.spiffe_id.as_ref().map(|id| id.as_str().to_string());
        (self.subject, self.common_name) = (String::new(), None);
        (self.dns_names, self.ip_addresses, self.emails) = (Vec::new(), Vec::new(), Vec::new());
        self.uris = id.into_iter().collect();
        self
    }
}

impl fmt::Display for PeerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<String> = Vec::new();
        if !self.subject.is_empty() {
            names.push(self.subject.clone());
        }
        let sans = self.dns_names.iter().chain(&self.uris).chain(&self.emails);
        names.extend(sans.map(|name| format!("{}", Escaped(name))));
        names.extend(self.ip_addresses.iter().map(ToString::to_string));
        let (serial, until, hash) = (&self.serial, date(self.not_after), hex(&self.fingerprint));
        write!(f, "{} (serial {serial}, valid until {until}, SHA-256 {hash})", names.join(", "))
    }
}
