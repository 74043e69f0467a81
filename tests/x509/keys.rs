//! Private keys are read in every form that OpenSSL writes, and sign what their public key verifies.

use countersign::SignatureScheme;
use countersign::x509::{KeyError, SignError, SigningKey};
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use std::path::PathBuf;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/keys").join(name)).unwrap()
}

fn load(name: &str) -> Result<SigningKey, KeyError> {
    SigningKey::from_pem_or_der(&file(name))
}

#[test]
fn every_form_of_a_key_has_the_public_key_that_openssl_says() {
    for (private, public) in [
        ("p256.pkcs8.pem", "p256.public.pem"),
        ("p256.sec1.pem", "p256.public.pem"),
        ("p384.pkcs8.pem", "p384.public.pem"),
        ("p384.sec1.pem", "p384.public.pem"),
        ("ed25519.pkcs8.pem", "ed25519.public.pem"),
        ("rsa2048.pkcs8.pem", "rsa2048.public.pem"),
        ("rsa2048.pkcs1.pem", "rsa2048.public.pem"),
        ("rsa4096.pkcs8.pem", "rsa4096.public.pem"),
    ] {
        let expected = SubjectPublicKeyInfoDer::from_pem_slice(&file(public)).unwrap();
        assert_eq!(load(private).unwrap().public_key(), expected.as_ref(), "{private}");
        let der = PrivateKeyDer::from_pem_slice(&file(private)).unwrap();
        assert_eq!(SigningKey::try_from(&der).unwrap().public_key(), expected.as_ref(), "{private} by pki-types");
        let bytes = SigningKey::from_pem_or_der(der.secret_der()).unwrap();
        assert_eq!(bytes.public_key(), expected.as_ref(), "{private} as DER");
    }
}

#[test]
fn each_scheme_of_a_key_signs_what_its_public_key_verifies() {
    let algorithm = |scheme| -> &'static dyn VerificationAlgorithm {
        match scheme {
            SignatureScheme::ECDSA_SECP256R1_SHA256 => &signature::ECDSA_P256_SHA256_ASN1,
            SignatureScheme::ECDSA_SECP384R1_SHA384 => &signature::ECDSA_P384_SHA384_ASN1,
            SignatureScheme::ED25519 => &signature::ED25519,
            SignatureScheme::RSA_PSS_RSAE_SHA256 => &signature::RSA_PSS_2048_8192_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384 => &signature::RSA_PSS_2048_8192_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512 => &signature::RSA_PSS_2048_8192_SHA512,
            other => panic!("{other}"),
        }
    };
    // The public key proper lies at the end of the SubjectPublicKeyInfo.
    for (name, schemes, public_len) in [
        ("p256.sec1.pem", 1, 65),
        ("p384.sec1.pem", 1, 97),
        ("ed25519.pkcs8.pem", 1, 32),
        ("rsa2048.pkcs1.pem", 3, 270),
    ] {
        let key = load(name).unwrap();
        assert_eq!(key.schemes().len(), schemes);
        for scheme in key.schemes() {
            let signature = key.sign(*scheme, b"to be signed").unwrap();
            let spki = key.public_key();
            let public = UnparsedPublicKey::new(algorithm(*scheme), &spki[spki.len() - public_len..]);
            assert!(public.verify(b"to be signed", &signature).is_ok(), "{name} {scheme}");
            assert!(public.verify(b"to be singed", &signature).is_err(), "{name} {scheme}");
        }
        let foreign = SignatureScheme::RSA_PKCS1_SHA256;
        assert_eq!(key.sign(foreign, b"").unwrap_err(), SignError::SchemeDoesNotFitKey);
    }
}

#[test]
fn parameters_and_certificates_before_the_key_are_passed_over() {
    assert!(load("p256.params-and-sec1.pem").is_ok());
    let mut combined = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    combined.extend(file("ed25519.pkcs8.pem"));
    assert!(SigningKey::from_pem_or_der(&combined).is_ok());
}

#[test]
fn unusable_keys_say_why() {
    for (name, error) in [
        ("unsupported.rsa1024.pem", KeyError::Unsupported),
        ("unsupported.p521.pem", KeyError::Unsupported),
        ("unsupported.ed448.pem", KeyError::Unsupported),
        ("encrypted.pkcs8.pem", KeyError::Encrypted),
        ("encrypted.pkcs1.pem", KeyError::Encrypted),
        ("p256.no-public.pem", KeyError::NoPublicKey),
        ("p256.public.pem", KeyError::NoKey),
    ] {
        assert_eq!(load(name).err(), Some(error), "{name}");
    }
    assert_eq!(SigningKey::from_pem_or_der(b"").err(), Some(KeyError::NoKey));
    let cut = "# comment\n-----BEGIN PRIVATE KEY-----\nMC4CAQ";
    let error = SigningKey::from_pem_or_der(cut.as_bytes()).err().unwrap();
    assert_eq!(error.to_string(), "the private key at line 2: it has no END line");
}

#[test]
fn cut_and_flipped_keys_are_refused_or_still_consistent_and_never_panic() {
    for name in ["p256.sec1.pem", "p384.pkcs8.pem", "ed25519.pkcs8.pem", "rsa2048.pkcs1.pem"] {
        let der = PrivateKeyDer::from_pem_slice(&file(name)).unwrap();
        let der = der.secret_der();
        for cut in 0..der.len() {
            assert!(SigningKey::from_der(&der[..cut]).is_err(), "{name} cut at {cut}");
        }
        for index in 0..der.len().min(150) {
            let mut broken = der.to_vec();
            broken[index] ^= 1;
            if let Ok(key) = SigningKey::from_der(&broken) {
                let _ = key.sign(key.schemes()[0], b"message");
            }
        }
    }
}
