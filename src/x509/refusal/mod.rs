//! Refusals of peers.

mod reason;

pub(super) use reason::Predicate;
pub use reason::RefusalReason;

use super::names;
use super::peer_identity::PeerIdentity;
use super::text;
use crate::asn1::Certificate;
use crate::{AlertDescription, CertificateType, Peer, Rejection, Role, Verdict};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::{boxed::Box, string::String, string::ToString, vec::Vec};

/// The certificate at fault. Text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultyCertificate {
    /// The peer's own certificate.
    Leaf,
    /// An intermediate CA certificate that the peer has sent.
    Intermediate {
        /// The position in the peer's list, where the leaf is 0.
        place: usize,
        /// The subject.
        subject: String,
        /// The serial number in hex.
        serial: String,
    },
    /// A root that we trust.
    Root {
        /// The subject.
        subject: String,
        /// The serial number in hex.
        serial: String,
    },
}

impl FaultyCertificate {
    /// The certificate at this place of the peer's list; 0 is the leaf.
    pub(super) fn presented(place: usize, der: &[u8]) -> FaultyCertificate {
        if place == 0 {
            return FaultyCertificate::Leaf;
        }
        let (subject, serial) = match Certificate::label(der) {
            Ok((subject, serial)) => (text::name(&subject), serial.to_string()),
            Err(_) => ("(unreadable)".into(), String::new()),
        };
        FaultyCertificate::Intermediate { place, subject, serial }
    }

    pub(super) fn root(cert: &Certificate<'_>) -> FaultyCertificate {
        FaultyCertificate::Root { subject: text::name(&cert.subject), serial: cert.serial.to_string() }
    }
}

/// A reason, and the certificate at fault.
pub(super) type Fault = (FaultyCertificate, RefusalReason);

/// The peer's own certificate is at fault.
pub(super) const fn of_leaf(reason: RefusalReason) -> Fault {
    (FaultyCertificate::Leaf, reason)
}

/// Why a peer was refused, with the facts. `Display` writes one sentence:
/// `client certificate CN=api (serial 4f01) expired 3 h ago (2026-11-23 09:00 UTC)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal(Box<Facts>);

#[derive(Clone, PartialEq, Eq)]
struct Facts {
    role: Role,
    certificate_type: CertificateType,
    leaf: Vec<u8>,
    certificate: FaultyCertificate,
    reason: RefusalReason,
    now: UnixTime,
}

impl Refusal {
    pub(super) fn new(peer: &Peer<'_>, (certificate, reason): Fault, now: UnixTime) -> Refusal {
        let (role, certificate_type, leaf) = (peer.role(), peer.certificate_type(), peer.leaf().to_vec());
        Refusal(Box::new(Facts { role, certificate_type, leaf, certificate, reason, now }))
    }

    /// The refused peer's role.
    pub fn role(&self) -> Role {
        self.0.role
    }

    /// The reason.
    pub fn reason(&self) -> &RefusalReason {
        &self.0.reason
    }

    /// The stable name of the reason, for metrics and alerting.
    pub fn name(&self) -> &'static str {
        self.0.reason.name()
    }

    /// The certificate at fault.
    pub fn certificate(&self) -> &FaultyCertificate {
        &self.0.certificate
    }

    /// The answer to the handshake.
    pub fn rejection(&self) -> Rejection {
        self.0.reason.rejection()
    }

    /// The alert that the peer gets.
    pub fn alert(&self) -> AlertDescription {
        self.0.reason.alert()
    }

    /// The identity that the peer claims, which is not proved. `None` for a raw public key, or a certificate that
    /// cannot be read. Each call parses the certificate.
    pub fn claimed(&self) -> Option<PeerIdentity> {
        match self.0.certificate_type {
            CertificateType::X509 => PeerIdentity::read(&self.0.leaf).ok(),
            _ => None,
        }
    }

    /// The peer's certificate or raw public key in DER, as presented.
    pub fn leaf(&self) -> &[u8] {
        &self.0.leaf
    }

    /// The type of [`leaf`](Refusal::leaf).
    pub fn certificate_type(&self) -> CertificateType {
        self.0.certificate_type
    }
}

impl From<&Refusal> for Verdict {
    fn from(refusal: &Refusal) -> Verdict {
        Verdict::Reject(refusal.rejection())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { role, certificate_type, leaf, certificate, reason, now } = &*self.0;
        let at_fault = match certificate {
            FaultyCertificate::Leaf => None,
            FaultyCertificate::Intermediate { subject, serial, .. } => Some(("CA", subject, serial)),
            FaultyCertificate::Root { subject, serial } => Some(("root", subject, serial)),
        };
        if let Some((kind, subject, serial)) = at_fault {
            write!(f, "{kind} certificate {subject} (serial {serial}) in the chain of ")?;
        }
        write!(f, "{role} certificate {} ", Claim(*certificate_type, leaf))?;
        if at_fault.is_some() {
            f.write_str("is at fault: it ")?;
        }
        write!(f, "{}", Predicate { reason, now: *now })
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({}, {:?}: {self})", self.name(), self.0.certificate)
    }
}

impl std::error::Error for Refusal {}

/// What a leaf calls itself, escaped, and its serial number.
pub(super) struct Claim<'a>(pub(super) CertificateType, pub(super) &'a [u8]);

impl fmt::Display for Claim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == CertificateType::RAW_PUBLIC_KEY {
            return f.write_str("(raw public key)");
        }
        let Ok(cert) = Certificate::from_der(self.1) else { return f.write_str("(unreadable)") };
        match text::name(&cert.subject) {
            name if !name.is_empty() => f.write_str(&name)?,
            _ => f.write_str(&names::label(&cert).unwrap_or("(no name)".into()))?,
        }
        write!(f, " (serial {})", cert.serial)
    }
}
