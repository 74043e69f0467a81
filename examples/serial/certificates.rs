//! A root, and chains of leaf and intermediate with a given length.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair, PKCS_ED25519};
use rustls_pki_types::CertificateDer;

/// A chain and the key of its leaf. It is Ed25519, because its signatures all have the same length.
pub struct Issued {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
}

/// The issuing CAs.
pub struct Certificates {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).expect("a key")
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.serial_number = Some(vec![0x40; 16].into());
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    params
}

impl Certificates {
    pub fn new() -> Certificates {
        let root = CertifiedIssuer::self_signed(ca("root"), key()).expect("a root");
        let intermediate = CertifiedIssuer::signed_by(ca("intermediate"), key(), &root).expect("an intermediate");
        Certificates { root, intermediate }
    }

    pub fn root(&self) -> &[u8] {
        self.root.der()
    }

    /// A chain for this name with this total length. A meaningless extension fills the leaf.
    pub fn issue(&self, name: &str, bytes: usize) -> Issued {
        let key = key();
        for filling in 130.. {
            let mut params = params(name);
            params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().expect("a DNS name"))];
            params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
            // 1.3.6.1.4.1.32473 is for documentation (RFC 5612).
            let nothing = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 32_473, 1], vec![0; filling]);
            params.custom_extensions = vec![nothing];
            let leaf = params.signed_by(&key, &self.intermediate).expect("a leaf");
            let chain = vec![leaf.der().clone(), self.intermediate.der().clone()];
            let len: usize = chain.iter().map(|certificate| certificate.len()).sum();
            if len == bytes {
                return Issued { chain, key };
            }
            assert!(len < bytes, "a chain of {len} bytes has no filling that makes it {bytes}");
        }
        unreachable!("it grows with each byte")
    }
}
