//! The keys of CAs and leaves. rcgen has no ML-DSA (feature `mldsa`), so this crate makes those keys.

use crate::files::{self, shown};
use rcgen::{CertificateParams, KeyPair};
use std::path::Path;
#[cfg(feature = "mldsa")]
use {
    crate::ca::unsigned,
    countersign::x509::SigningKey,
    rcgen::{KeyIdMethod, SigningKey as _},
    ring::digest::{SHA256, digest},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    P256,
    P384,
    Ed25519,
    /// The value is the last octet of the object identifier.
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
        stand_in: Box<KeyPair>,
    },
}

impl Key {
    pub(crate) fn generate(key_type: KeyType) -> Result<Key, String> {
        let made = match key_type {
            KeyType::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyType::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            // The form of RFC 8410 §7 without the public key, because OpenSSL 3.0 reads no other.
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
        let stand_in = Box::new(KeyPair::generate().map_err(unsigned)?);
        Ok(Key::MlDsa { key, pem, stand_in })
    }

    pub(crate) fn pem(&self) -> String {
        match self {
            Key::Classical(key) => key.serialize_pem(),
            #[cfg(feature = "mldsa")]
            Key::MlDsa { pem, .. } => pem.clone(),
        }
    }

    /// The key for rcgen: this one, or a substitute.
    pub(crate) fn for_rcgen(&self) -> &KeyPair {
        match self {
            Key::Classical(key) => key,
            #[cfg(feature = "mldsa")]
            Key::MlDsa { stand_in, .. } => stand_in,
        }
    }

    /// The key identifier of the real key (RFC 5280 §4.2.1.2).
    #[cfg_attr(not(feature = "mldsa"), expect(unused_mut, reason = "rcgen knows the key"))]
    pub(crate) fn identify(&self, mut params: CertificateParams) -> CertificateParams {
        #[cfg(feature = "mldsa")]
        if let Key::MlDsa { key, .. } = self {
            let identifier = digest(&SHA256, &key.public_key()).as_ref()[..20].to_vec();
            params.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
        }
        params
    }

    /// The real key, which rcgen does not have.
    #[cfg(feature = "mldsa")]
    pub(crate) fn real(&self) -> Option<&SigningKey> {
        match self {
            Key::Classical(_) => None,
            Key::MlDsa { key, .. } => Some(key),
        }
    }

    #[cfg(feature = "mldsa")]
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        match self {
            Key::Classical(key) => key.sign(message).map_err(unsigned),
            Key::MlDsa { key, .. } => {
                let scheme = key.schemes().first().ok_or("the key signs nothing")?;
                key.sign(*scheme, message).map_err(|error| error.to_string())
            }
        }
    }
}
