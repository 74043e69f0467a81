//! Keys of those to whom certificates are issued. ML-DSA (feature `mldsa`) is made by this crate, which rcgen has not: a
//! certificate is made for another key, whose place the real one takes before it is signed again.

use crate::files::{self, shown};
use rcgen::{CertificateParams, Issuer, KeyPair};
use std::path::Path;
#[cfg(feature = "mldsa")]
use {
    countersign::internals::asn1::{Tag, der},
    countersign::x509::SigningKey,
    rcgen::{KeyIdMethod, PublicKeyData as _, SigningKey as _},
    ring::digest::{SHA256, digest},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    P256,
    P384,
    Ed25519,
    /// By the last octet of its object identifier.
    #[cfg(feature = "mldsa")]
    MlDsa(u8),
}

impl KeyType {
    pub(crate) fn parse(name: &str) -> Option<KeyType> {
        match name {
            "p256" => Some(KeyType::P256),
            "p384" => Some(KeyType::P384),
            "ed25519" => Some(KeyType::Ed25519),
            #[cfg(feature = "mldsa")]
            "ml-dsa-44" => Some(KeyType::MlDsa(17)),
            #[cfg(feature = "mldsa")]
            "ml-dsa-65" => Some(KeyType::MlDsa(18)),
            #[cfg(feature = "mldsa")]
            "ml-dsa-87" => Some(KeyType::MlDsa(19)),
            _ => None,
        }
    }
}

/// A private key.
pub(crate) enum Key {
    Classical(Box<KeyPair>),
    #[cfg(feature = "mldsa")]
    MlDsa {
        key: SigningKey,
        pem: String,
    },
}

impl Key {
    pub(crate) fn generate(key_type: KeyType) -> Result<Key, String> {
        let made = match key_type {
            KeyType::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyType::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            // The form of RFC 8410 7 without the public key: OpenSSL 3.0 reads no other.
            KeyType::Ed25519 => {
                let header = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
                KeyPair::try_from([&header[..], &crate::ca::random::<32>()?].concat())
            }
            // RFC 9881 6: the seed.
            #[cfg(feature = "mldsa")]
            KeyType::MlDsa(set) => {
                let mut der = b"\x30\x34\x02\x01\x00\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03".to_vec();
                der.extend([set, 0x04, 0x22, 0x80, 0x20]);
                der.extend(crate::ca::random::<32>()?);
                return Key::ml_dsa(files::pem("PRIVATE KEY", &der));
            }
        };
        made.map(|key| Key::Classical(Box::new(key))).map_err(|error| format!("cannot make a key: {error}"))
    }

    pub(crate) fn read(path: &Path) -> Result<Key, String> {
        let text = files::read(path)?;
        let pem = String::from_utf8_lossy(&text);
        if let Ok(key) = KeyPair::from_pem(&pem) {
            return Ok(Key::Classical(Box::new(key)));
        }
        #[cfg(feature = "mldsa")]
        if let Ok(key) = Key::ml_dsa(pem.into_owned()) {
            return Ok(key);
        }
        Err(format!(
            "{} is not a key that can be used: P-256, P-384, Ed25519 or RSA (2048 to 4096 bits), not encrypted, in \
             PKCS#8 PEM form (openssl pkcs8 -topk8 -nocrypt -in KEY -out PLAIN makes that of others)",
            shown(path)
        ))
    }

    #[cfg(feature = "mldsa")]
    fn ml_dsa(pem: String) -> Result<Key, String> {
        let key = SigningKey::from_pem_or_der(pem.as_bytes()).map_err(|error| error.to_string())?;
        Ok(Key::MlDsa { key, pem })
    }

    pub(crate) fn pem(&self) -> String {
        match self {
            Key::Classical(key) => key.serialize_pem(),
            #[cfg(feature = "mldsa")]
            Key::MlDsa { pem, .. } => pem.clone(),
        }
    }

    /// A certificate for this key, in PEM.
    pub(crate) fn certify(&self, params: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> Result<String, String> {
        let unsigned = |error| format!("cannot sign: {error}");
        match self {
            Key::Classical(key) => Ok(params.signed_by(&**key, issuer).map_err(unsigned)?.pem()),
            #[cfg(feature = "mldsa")]
            Key::MlDsa { key, .. } => {
                let spki = key.public_key();
                let mut params = params;
                let identifier = digest(&SHA256, &spki).as_ref()[..20].to_vec();
                params.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
                let other = KeyPair::generate().map_err(unsigned)?;
                let made = params.signed_by(&other, issuer).map_err(unsigned)?;
                let signed = with_key(made.der(), &other.subject_public_key_info(), &spki, |tbs| {
                    issuer.key().sign(tbs).map_err(unsigned)
                })?;
                Ok(files::pem("CERTIFICATE", &signed))
            }
        }
    }
}

/// `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }` (RFC 5280 4.1) with another
/// key, signed again.
#[cfg(feature = "mldsa")]
fn with_key(
    certificate: &[u8],
    old: &[u8],
    new: &[u8],
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    let unreadable = |_| "cannot read the certificate that was made".to_owned();
    let mut fields = der::Reader::new(der::only(certificate, Tag::SEQUENCE).map_err(unreadable)?);
    let tbs = fields.read(Tag::SEQUENCE).map_err(unreadable)?;
    let algorithm = fields.element().map_err(unreadable)?.whole;
    let at = tbs.windows(old.len()).position(|window| window == old).ok_or("the certificate has another key")?;
    let tbs = sequence(0x30, &[&tbs[..at], new, &tbs[at + old.len()..]].concat());
    let signature = sequence(0x03, &[&[0], &sign(&tbs)?[..]].concat());
    Ok(sequence(0x30, &[&tbs[..], algorithm, &signature].concat()))
}

/// A DER value of up to 65,535 octets.
#[cfg(feature = "mldsa")]
fn sequence(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let header = match len {
        0..=127 => vec![tag, len as u8],
        128..=255 => vec![tag, 0x81, len as u8],
        _ => vec![tag, 0x82, (len >> 8) as u8, len as u8],
    };
    [header, content.to_vec()].concat()
}
