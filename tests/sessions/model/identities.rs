//! The participants: three honest ones and the attacker. Each has one key and one certificate, which all trust.

use countersign::x509::SigningKey;
use rustls_pki_types::CertificateDer;
use std::sync::LazyLock;

pub struct Identity {
    pub name: &'static str,
    pub chain: Vec<CertificateDer<'static>>,
    /// The same key as a raw public key (RFC 7250).
    pub raw: Vec<CertificateDer<'static>>,
    pub key: SigningKey,
}

pub const ALICE: usize = 0;
pub const BOB: usize = 1;
pub const CAROL: usize = 2;
/// The attacker.
pub const MALLORY: usize = 3;

/// Ed25519: its signatures have one length and are deterministic.
pub static IDENTITIES: LazyLock<[Identity; 4]> = LazyLock::new(|| {
    ["alice", "bob", "carol", "mallory"].map(|name| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let params = rcgen::CertificateParams::new(vec![format!("{name}.test")]).expect("a name");
        let chain = vec![params.self_signed(&key).expect("a certificate").der().clone()];
        let key = SigningKey::from_der(&key.serialize_der()).expect("a key");
        let raw = vec![CertificateDer::from(key.public_key())];
        Identity { name, chain, raw, key }
    })
});

/// The owner of this certificate or key.
pub fn whose(shown: &[u8]) -> Option<usize> {
    IDENTITIES.iter().position(|identity| [&identity.chain, &identity.raw].iter().any(|each| each[0].as_ref() == shown))
}
