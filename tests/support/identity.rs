//! A small PKI for tests in which its details do not matter: a root, and leaves directly under it.

pub use countersign::adversary::Identity;
use countersign::x509::SigningKey;

/// A root and identities under it.
pub struct Pki {
    pub root: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Pki {
    pub fn new() -> Pki {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "countersign test root");
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Pki { root: rcgen::CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    /// A leaf for this DNS name, for both roles.
    pub fn issue(&self, name: &str, algorithm: &'static rcgen::SignatureAlgorithm) -> Identity {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        self.issue_for(name, &key)
    }

    /// A leaf with this key.
    pub fn issue_for(&self, name: &str, key: &rcgen::KeyPair) -> Identity {
        self.issue_with(name, key, |_| {})
    }

    /// A leaf that differs in this from the others.
    pub fn issue_with(
        &self,
        name: &str,
        key: &rcgen::KeyPair,
        change: impl FnOnce(&mut rcgen::CertificateParams),
    ) -> Identity {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let certificate = params.signed_by(key, &self.root).unwrap();
        Identity { chain: vec![certificate.der().clone()], key: SigningKey::from_der(&key.serialize_der()).unwrap() }
    }
}
