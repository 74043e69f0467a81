//! The three questions that a handshake asks, and what it shows beside them.

use crate::codec::{CertificateType, SignatureScheme};
use crate::role::Role;
use rustls_pki_types::CertificateDer;

/// The peer's claims, shown at `Want::Verify`.
#[derive(Clone, Copy)]
pub struct Peer<'a> {
    role: Role,
    chain: &'a [CertificateDer<'a>],
    certificate_type: CertificateType,
}

impl<'a> Peer<'a> {
    /// To try a verifier without a handshake.
    pub fn new(role: Role, chain: &'a [CertificateDer<'a>]) -> Peer<'a> {
        Peer { role, chain, certificate_type: CertificateType::X509 }
    }
    /// Stub.
    pub fn raw_public_key(role: Role, chain: &'a [CertificateDer<'a>]) -> Peer<'a> {
        Peer { role, chain, certificate_type: CertificateType::RAW_PUBLIC_KEY }
    }
    /// The peer's role.
    pub fn role(&self) -> Role {
        self.role
    }
    /// DER certificates, leaf first.
    pub fn chain(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.chain.iter().map(|c| c.as_ref())
    }
    /// The leaf.
    pub fn leaf(&self) -> &'a [u8] {
        self.chain.first().map_or(&[], |c| c.as_ref())
    }
    /// X509 or RawPublicKey.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }
}

/// What the peer can verify, shown at `Want::Credential`.
#[derive(Clone, Copy)]
pub struct Offer<'a> {
    server_name: Option<&'a str>,
    schemes: &'a [SignatureScheme],
    authorities: &'a [&'a [u8]],
    certificate_type: CertificateType,
}

impl<'a> Offer<'a> {
    /// Server: the name the client asks for.
    pub fn server_name(&self) -> Option<&'a str> {
        self.server_name
    }
    /// signature_algorithms.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        self.schemes.iter().copied()
    }
    /// signature_algorithms_cert, or the former if absent.
    pub fn signature_schemes_cert(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        self.schemes.iter().copied()
    }
    /// DER names; empty if the peer sent none.
    pub fn certificate_authorities(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.authorities.iter().copied()
    }
    /// What our certificate must be.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }
}

/// What we present: the answer to `Want::Credential`.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    /// Leaf first.
    pub chain: &'a [CertificateDer<'a>],
    /// What the chain holds.
    pub certificate_type: CertificateType,
    /// In order of preference; empty: by the leaf's key, in the peer's order.
    pub schemes: &'a [SignatureScheme],
    /// An OCSP response to staple.
    pub ocsp_staple: Option<&'a [u8]>,
    /// A SignedCertificateTimestampList to send.
    pub scts: Option<&'a [u8]>,
}

impl<'a> Credential<'a> {
    /// The rest default.
    pub fn new(chain: &'a [CertificateDer<'a>]) -> Credential<'a> {
        Credential { chain, certificate_type: CertificateType::X509, schemes: &[], ocsp_staple: None, scts: None }
    }
}

/// Asks for a signature.
#[derive(Clone)]
pub struct SignQuestion {
    scheme: SignatureScheme,
    message: [u8; 146],
    len: usize,
}

impl SignQuestion {
    /// The scheme to sign with.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
    /// The whole to-be-signed content of RFC 9846 §4.5.2.
    pub fn message(&self) -> &[u8] {
        self.message.get(..self.len).unwrap_or_default()
    }
}

/// The answer to `Want::Verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The peer is who it should be.
    Accept,
    /// It is not.
    Reject(crate::error::Reason),
}
