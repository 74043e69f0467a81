//! An identity: a chain and its key.

use super::key::{SignError, SigningKey};
use super::private_key::{self, KeyError, at_line};
use crate::asn1::{BadDer, Certificate, GeneralName, Name};
use crate::crypto::schemes_for;
use crate::error::sentences;
use crate::x509::pem::{self, Wanted};
use crate::x509::signatures::signature_scheme;
use crate::x509::time::unix_time;
use crate::{CertificateType, Credential, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{format, string::String, string::ToString, vec, vec::Vec};

/// One of our identities: a chain, and its key unless that is elsewhere.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    certificate_type: CertificateType,
    schemes: Vec<SignatureScheme>,
    key: Option<SigningKey>,
    ocsp_staple: Option<Vec<u8>>,
    scts: Option<Vec<u8>>,
    expires: Option<UnixTime>,
}

sentences! {
    /// Why a chain and a key do not make an identity.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum IdentityError {
        /// The chain, or its file, has no certificate.
        NoCertificate = "no certificate found in the chain file: it is empty, or text without one";
        /// The chain's file has something other than a certificate, which this names.
        OtherKind(what: String) = "no certificate found in the chain file: {what}";
        /// A certificate that cannot be read.
        Certificate {
            /// The line of its BEGIN; 0: DER.
            line: usize,
            /// What is wrong.
            what: String
        } = "the certificate{}: {what}", at_line(*line);
        /// The private key.
        Key(error: KeyError) = "{error}";
        /// The private key belongs to another certificate.
        KeyOfAnother = "the private key does not belong to the first certificate (is that the leaf?)";
        /// The private key belongs to no certificate of the file.
        NoCertificateOfKey = "the private key belongs to none of the certificates";
        /// The first certificate's key cannot sign with this scheme.
        SchemeDoesNotFitKey(scheme: SignatureScheme) = "the key of the first certificate cannot sign with {scheme}";
        /// The first certificate's key is of this kind, which signs no handshake.
        UnsupportedKey(key: String) =
            "the key of the first certificate is {key}, with which no handshake is signed: P-256, P-384, Ed25519 or \
             RSA of 2048 to 8192 bits is needed";
    }
}

impl From<KeyError> for IdentityError {
    fn from(error: KeyError) -> IdentityError {
        match error {
            KeyError::KeyOfAnother => IdentityError::KeyOfAnother,
            error => IdentityError::Key(error),
        }
    }
}

/// Reads a certificate.
fn parse(der: &[u8]) -> Result<Certificate<'_>, IdentityError> {
    let error = |BadDer(what): BadDer| IdentityError::Certificate { line: 0, what: what.into() };
    Certificate::from_der(der).map_err(error)
}

impl Identity {
    /// An identity from a chain (leaf first; PEM, or one DER certificate) and its private key (PEM or DER).
    pub fn from_pem_or_der(chain: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let chain = certificates(chain)?;
        let leaf = parse(chain.first().ok_or(IdentityError::NoCertificate)?)?;
        let key = private_key::read_file(key, &[leaf.spki.key])?;
        Identity::new(chain, key)
    }

    /// An identity from one PEM file with the private key and its chain in any order, such as the credential bundle of
    /// a Kubernetes pod. The leaf is the certificate of the key. Each issuer is put after the certificate that it has
    /// issued.
    pub fn from_pem(bundle: &[u8]) -> Result<Identity, IdentityError> {
        let certificates = certificates(bundle)?;
        let keys = certificates.iter().map(|der| Ok(parse(der)?.spki.key));
        let key = private_key::read_file(bundle, &keys.collect::<Result<Vec<_>, IdentityError>>()?);
        let key = key.map_err(|error| match error {
            KeyError::KeyOfAnother => IdentityError::NoCertificateOfKey,
            error => error.into(),
        })?;
        let public_key = key.public_key();
        Identity::new(in_order(certificates, &public_key)?, key)
    }

    /// An identity from a chain, leaf first, and its private key.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: SigningKey) -> Result<Identity, IdentityError> {
        let schemes = key.schemes().to_vec();
        let identity = Identity { key: Some(key), ..Identity::external(chain, schemes)? };
        let leaf = identity.certificates().next().ok_or(IdentityError::NoCertificate)?;
        match &identity.key {
            Some(key) if key.public_key() == leaf.spki.raw => Ok(identity),
            _ => Err(IdentityError::KeyOfAnother),
        }
    }

    /// An identity from a chain (leaf first; PEM, or one DER certificate) whose key is elsewhere: see
    /// [`external`](Self::external).
    pub fn external_from_pem(chain: &[u8], schemes: Vec<SignatureScheme>) -> Result<Identity, IdentityError> {
        Identity::external(certificates(chain)?, schemes)
    }

    /// An identity from a chain, leaf first, whose key is elsewhere (KMS, HSM) and signs with `schemes`, in order of
    /// preference. Each scheme must fit the leaf's key. An empty list stands for all schemes of the key, in the peer's
    /// order.
    pub fn external(
        chain: Vec<CertificateDer<'static>>,
        schemes: Vec<SignatureScheme>,
    ) -> Result<Identity, IdentityError> {
        let leaf = chain.first().ok_or(IdentityError::NoCertificate)?;
        let leaf = parse(leaf)?;
        let expires = unix_time(leaf.not_after.unix());
        let fitting = schemes_for(&leaf.spki.key);
        if let Some(wrong) = schemes.iter().find(|scheme| !fitting.contains(scheme)) {
            return Err(IdentityError::SchemeDoesNotFitKey(*wrong));
        }
        if fitting.is_empty() {
            return Err(IdentityError::UnsupportedKey(leaf.spki.key.to_string()));
        }
        Ok(Identity {
            chain,
            certificate_type: CertificateType::X509,
            schemes,
            key: None,
            ocsp_staple: None,
            scts: None,
            expires: Some(expires),
        })
    }

    /// A raw public key (RFC 7250), without a certificate. The peer pins the key.
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

    /// Adds an OCSP response (DER), which is stapled if the peer asks for one.
    pub fn with_ocsp_staple(mut self, response: Vec<u8>) -> Identity {
        self.ocsp_staple = Some(response);
        self
    }

    /// Adds a SignedCertificateTimestampList (RFC 6962 §3.3), which is sent if the peer asks for one.
    pub fn with_scts(mut self, list: Vec<u8>) -> Identity {
        self.scts = Some(list);
        self
    }

    /// The credential for `Handshake::answer_credential`.
    pub fn credential(&self) -> Credential<'_> {
        Credential {
            certificate_type: self.certificate_type,
            schemes: &self.schemes,
            ocsp_staple: self.ocsp_staple.as_deref(),
            scts: self.scts.as_deref(),
            ..Credential::new(&self.chain)
        }
    }

    /// The key for `Handshake::answer_sign`, unless it is elsewhere.
    pub fn key(&self) -> Option<&SigningKey> {
        self.key.as_ref()
    }

    /// Signs with the key. [`SignError::KeyElsewhere`] if it is elsewhere.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.key.as_ref().ok_or(SignError::KeyElsewhere)?.sign(scheme, message)
    }

    /// The chain, leaf first (or one SubjectPublicKeyInfo).
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The last second of the leaf's validity; `None` for a raw public key.
    pub fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    /// The type of `chain`.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }

    /// The chain, as far as it can be read; nothing of a raw public key.
    fn certificates(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.chain.iter().filter_map(|certificate| Certificate::from_der(certificate).ok())
    }

    /// The DNS names of the leaf cover this server name.
    pub(super) fn covers(&self, server_name: &str) -> bool {
        let Some(leaf) = self.certificates().next() else { return false };
        leaf.names().any(|name| match name {
            GeneralName::Dns(name) => {
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

    /// The peer knows every scheme that the chain is signed with.
    pub(super) fn is_signed_with(&self, knows: impl Fn(SignatureScheme) -> bool) -> bool {
        self.certificates().all(|cert| signature_scheme(&cert.signature).is_some_and(&knows))
    }

    /// Whether it signs with this scheme.
    pub(super) fn signs_with(&self, scheme: SignatureScheme) -> bool {
        self.schemes.is_empty() || self.schemes.contains(&scheme)
    }

    /// Whether one of these CAs (names in DER) has issued a certificate of the chain (RFC 9846 §4.5.1.2).
    pub fn is_issued_by<'a>(&self, authorities: impl Iterator<Item = &'a [u8]>) -> bool {
        // Names that cannot be read are ignored: the list is only a hint.
        let mut names = authorities.filter_map(|der| Name::from_der(der).ok());
        names.any(|name| self.certificates().any(|cert| cert.issuer.matches(&name)))
    }
}

/// The certificates of a PEM file, or one DER certificate.
fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let mut certificates = Vec::new();
    for section in pem::read(file, Wanted::Certificates) {
        let error = |what| IdentityError::Certificate { line: section.line, what };
        let der = section.der().map_err(error)?;
        if let Err(BadDer(what)) = Certificate::from_der(&der) {
            return Err(error(pem::other_kind(&der, Wanted::Certificates).unwrap_or_else(|| what.into())));
        }
        certificates.push(CertificateDer::from(der));
    }
    match certificates.is_empty() {
        false => Ok(certificates),
        true => Err(pem::blocks(file).map_or(IdentityError::NoCertificate, |blocks| {
            IdentityError::OtherKind(format!("the file holds only {blocks}"))
        })),
    }
}

/// The certificate of this public key first, then the issuer of the one before, then the rest as it stands.
fn in_order(
    mut certificates: Vec<CertificateDer<'static>>,
    public_key: &[u8],
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let mut chain = Vec::new();
    let mut next =
        certificates.iter().position(|der| Certificate::from_der(der).is_ok_and(|cert| cert.spki.raw == public_key));
    if next.is_none() && !certificates.is_empty() {
        return Err(IdentityError::NoCertificateOfKey);
    }
    while let Some(index) = next {
        let der = certificates.remove(index);
        next = Certificate::from_der(&der).ok().and_then(|below| {
            let issued = |der: &CertificateDer<'_>| {
                Certificate::from_der(der).is_ok_and(|cert| cert.subject.matches(&below.issuer))
            };
            certificates.iter().position(issued)
        });
        chain.push(der);
    }
    chain.append(&mut certificates);
    Ok(chain)
}
