//! A pin is a SubjectPublicKeyInfo, as `Peer::spki` returns it.

use crate::common::Pki;
use crate::rsa;
use countersign::{Peer, Role};
use rcgen::PublicKeyData;
use rustls_pki_types::CertificateDer;

#[test]
fn a_pin_is_of_the_key_whatever_shows_it() {
    let pki = Pki::new();
    let generated = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519]
        .map(|algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap());
    for key in generated.iter().chain([&rsa::key_pair()]) {
        let pin = key.subject_public_key_info();
        let identity = pki.issue_for("server.test", key);
        // The key of a chain is that of its leaf.
        let chain = [identity.chain[0].clone(), pki.root.der().clone()];
        assert_eq!(Peer::new(Role::Server, &chain).spki(), Some(&pin[..]));
        // A renewed certificate with the same key has the same pin.
        let renewed = pki.issue_for("other.test", key);
        assert_ne!(renewed.chain, identity.chain);
        assert_eq!(Peer::new(Role::Server, &renewed.chain).spki(), Some(&pin[..]));
        let raw = [CertificateDer::from(&pin[..])];
        assert_eq!(Peer::raw_public_key(Role::Client, &raw).spki(), Some(&pin[..]));
    }
}

/// It is never an empty key, which would equal an empty pin.
#[test]
fn what_cannot_be_read_has_no_key() {
    let identity = Pki::new().issue("server.test", &rcgen::PKCS_ED25519);
    let certificate = &identity.chain[0];
    for len in 0..certificate.len() {
        let cut = [CertificateDer::from(&certificate[..len])];
        assert_eq!(Peer::new(Role::Server, &cut).spki(), None, "{len} bytes of {}", certificate.len());
    }
    assert_eq!(Peer::new(Role::Server, &[]).spki(), None);
    let spki = Peer::new(Role::Server, &identity.chain).spki().unwrap();
    for len in 0..spki.len() {
        let cut = [CertificateDer::from(&spki[..len])];
        assert_eq!(Peer::raw_public_key(Role::Server, &cut).spki(), None, "{len} bytes of {}", spki.len());
    }
    // Bytes of the other type.
    assert_eq!(Peer::new(Role::Server, &[CertificateDer::from(spki)]).spki(), None);
    assert_eq!(Peer::raw_public_key(Role::Server, &identity.chain).spki(), None);
}
