//! Who we are: a chain and its key, and the choice among several.

use super::asn1::{Cert, GeneralName};
use super::key::{KeyError, SignError, SigningKey};
use super::pem;
use crate::{CertificateType, Credential, Offer, SignatureScheme};
use core::fmt;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{string::String, sync::Arc, time::Duration, vec, vec::Vec};

/// One identity of ours: a chain, and its key unless that is kept elsewhere.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    certificate_type: CertificateType,
    schemes: Vec<SignatureScheme>,
    key: Option<SigningKey>,
    ocsp_staple: Option<Vec<u8>>,
    scts: Option<Vec<u8>>,
    expires: Option<UnixTime>,
}

/// Why a chain and key are no identity.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityError {
    /// The chain's file holds no certificate.
    NoCertificate,
    /// A certificate that cannot be read.
    Certificate {
        /// The line of its BEGIN; 0: DER.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// The private key.
    Key(KeyError),
    /// The private key belongs to another certificate.
    KeyOfAnother,
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityError::NoCertificate => f.write_str("no certificate found in the chain file"),
            IdentityError::Certificate { line, what } => write!(f, "the certificate at line {line}: {what}"),
            IdentityError::Key(error) => write!(f, "{error}"),
            IdentityError::KeyOfAnother => f.write_str("the private key does not belong to the first certificate"),
        }
    }
}

impl std::error::Error for IdentityError {}

impl From<KeyError> for IdentityError {
    fn from(error: KeyError) -> IdentityError {
        IdentityError::Key(error)
    }
}

impl Identity {
    /// A chain (leaf first; PEM, or one DER certificate) and its private key (PEM or DER).
    pub fn from_pem_or_der(chain: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let mut certificates = Vec::new();
        for section in pem::sections(chain) {
            if matches!(&*section.label, "" | "CERTIFICATE" | "X509 CERTIFICATE") {
                let error = |what| IdentityError::Certificate { line: section.line, what };
                let der = section.der.map_err(error)?;
                Cert::read(&der).map_err(|what| error(what.into()))?;
                certificates.push(CertificateDer::from(der));
            }
        }
        Identity::new(certificates, SigningKey::from_pem_or_der(key)?)
    }

    /// A chain, leaf first, and its private key.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: SigningKey) -> Result<Identity, IdentityError> {
        let schemes = key.schemes().to_vec();
        let identity = Identity { key: Some(key), ..Identity::external(chain, schemes)? };
        let leaf = identity.leaf().ok_or(IdentityError::NoCertificate)?;
        match &identity.key {
            Some(key) if key.public_key() == leaf.spki => Ok(identity),
            _ => Err(IdentityError::KeyOfAnother),
        }
    }

    /// A chain, leaf first, whose key is kept elsewhere (KMS, HSM) and signs with `schemes`, in order of preference.
    pub fn external(
        chain: Vec<CertificateDer<'static>>,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Identity, IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::NoCertificate)?;
        let error = |what: &str| IdentityError::Certificate { line: 0, what: what.into() };
        let seconds = Cert::read(leaf).map_err(error)?.not_after;
        Ok(Identity {
            chain,
            certificate_type: CertificateType::X509,
            schemes,
            key: None,
            ocsp_staple: None,
            scts: None,
            expires: Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds))),
        })
    }

    /// A raw public key (RFC 7250): no certificate; the peer pins the key.
    pub fn raw_public_key(key: SigningKey) -> Identity {
        Identity {
            chain: vec![CertificateDer::from(key.public_key())],
            certificate_type: CertificateType::RAW_PUBLIC_KEY,
            schemes: key.schemes().to_vec(),
            key: Some(key),
            ocsp_staple: None,
            scts: None,
            expires: None,
        }
    }

    /// With an OCSP response (DER) to staple where the peer asks for one.
    pub fn with_ocsp_staple(mut self, response: Vec<u8>) -> Identity {
        self.ocsp_staple = Some(response);
        self
    }

    /// With a SignedCertificateTimestampList (RFC 6962 §3.3) to send where the peer asks for one.
    pub fn with_scts(mut self, list: Vec<u8>) -> Identity {
        self.scts = Some(list);
        self
    }

    /// For `Handshake::present`.
    pub fn credential(&self) -> Credential<'_> {
        Credential {
            certificate_type: self.certificate_type,
            schemes: &self.schemes,
            ocsp_staple: self.ocsp_staple.as_deref(),
            scts: self.scts.as_deref(),
            ..Credential::new(&self.chain)
        }
    }

    /// For `Handshake::signature`, if the key is here.
    pub fn key(&self) -> Option<&SigningKey> {
        self.key.as_ref()
    }

    /// Signs with the key that is here; [`SignError::SchemeDoesNotFitKey`] if it is elsewhere.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.as_ref().ok_or(SignError::SchemeDoesNotFitKey)?.sign(scheme, message)
    }

    /// The chain, leaf first (or one SubjectPublicKeyInfo).
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The last second of the leaf's validity; `None` for a raw public key.
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    fn leaf(&self) -> Option<Cert<'_>> {
        Cert::read(self.chain.first()?).ok()
    }

    /// The DNS names of the leaf cover this server name.
    fn covers(&self, server_name: &str) -> bool {
        let Some(leaf) = self.leaf() else { return false };
        leaf.names().iter().any(|name| match name {
            GeneralName::Dns(name) => {
                let name = core::str::from_utf8(name).unwrap_or_default();
                let parent = server_name.split_once('.').map(|(_, parent)| parent);
                name.eq_ignore_ascii_case(server_name)
                    || name
                        .strip_prefix("*.")
                        .zip(parent)
                        .is_some_and(|(name, parent)| name.eq_ignore_ascii_case(parent))
            }
            _ => false,
        })
    }

    /// One of the chain's certificates was issued by one of these CAs (RFC 9846 §4.5.1.2).
    fn issued_by<'a>(&self, mut authorities: impl Iterator<Item = &'a [u8]>) -> bool {
        authorities.any(|name| {
            self.chain.iter().any(|certificate| Cert::read(certificate).is_ok_and(|cert| cert.issuer == name))
        })
    }
}

/// Our identities of the moment; the first is the default. Swap the whole in a [`Live`](super::Live) to renew.
pub struct Vault {
    identities: Vec<Arc<Identity>>,
    leaves: Vec<CertificateDer<'static>>,
}

impl Vault {
    /// One identity.
    pub fn new(identity: Identity) -> Vault {
        Vault { identities: Vec::new(), leaves: Vec::new() }.and(identity)
    }

    /// One more identity, after the others.
    pub fn and(mut self, identity: Identity) -> Vault {
        self.leaves.extend(identity.chain.first().cloned());
        self.identities.push(Arc::new(identity));
        self
    }

    /// All identities.
    pub fn identities(&self) -> &[Arc<Identity>] {
        &self.identities
    }

    /// Answers `Credential`: the identity that suits the peer best. `None`: it can verify none of our keys.
    ///
    /// It must be of a certificate type that the peer takes and sign with a scheme that it knows. Among those, in this
    /// order: its leaf covers the server name that a client asked for; it was issued by one of the peer's
    /// certificate_authorities; it was given first. Keep the returned `Arc`: the same identity must sign.
    pub fn choose(&self, offer: &Offer<'_>) -> Option<Arc<Identity>> {
        self.pick(
            offer.server_name(),
            offer.certificate_type(),
            offer.signature_schemes(),
            offer.certificate_authorities(),
        )
    }

    pub(super) fn pick<'a>(
        &self,
        server_name: Option<&str>,
        certificate_type: CertificateType,
        schemes: impl Iterator<Item = SignatureScheme> + Clone,
        authorities: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Option<Arc<Identity>> {
        let mut best: Option<(u8, &Arc<Identity>)> = None;
        for identity in &self.identities {
            let suits = identity.certificate_type == certificate_type
                && schemes.clone().any(|scheme| identity.schemes.contains(&scheme));
            if !suits {
                continue;
            }
            let named = u8::from(server_name.is_some_and(|name| identity.covers(name)));
            let issued = u8::from(identity.issued_by(authorities.clone()));
            let score = named << 1 | issued;
            if best.is_none_or(|(highest, _)| score > highest) {
                best = Some((score, identity));
            }
        }
        best.map(|(_, identity)| Arc::clone(identity))
    }

    /// Our leaves (and raw public keys), for [`Terms::own`](super::Terms).
    pub fn leaves(&self) -> &[CertificateDer<'static>] {
        &self.leaves
    }

    /// The moment at which the first of our certificates expires; `None` if there are only raw public keys.
    pub fn expires(&self) -> Option<UnixTime> {
        self.identities.iter().filter_map(|identity| identity.expires).min()
    }
}
