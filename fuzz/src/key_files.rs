//! `key_files`: private keys and identities with any contents. An accepted key signs, and its signature verifies with
//! its public key. An error contains no control characters of the file, and no part of the key.

use super::choices::Choices;
use super::end::pki;
use countersign::x509::{Identity, SigningKey};
use ring::signature::{ED25519, UnparsedPublicKey};
use std::fmt::Display;

/// The first byte: 0, the rest is one file, key or bundle; 1, the rest is the key of one of the pool's chains; 2, a
/// good key with changed bytes: its number, then positions of two bytes, each with a value to XOR.
pub fn key_files(data: &[u8]) {
    let mut choices = Choices::new(data);
    match choices.byte() % 3 {
        0 => file(choices.rest()),
        1 => {
            let chain = &pki().client.chain[0];
            match Identity::from_pem_or_der(chain, choices.rest()) {
                Ok(identity) => {
                    let key = identity.key().expect("it came with its key");
                    assert_eq!(key.public_key(), pki().client.key.public_key(), "the leaf's own key");
                }
                Err(error) => harmless(&error, &[]),
            }
        }
        _ => {
            let keys = keys();
            let mut key = choices.of(&keys).clone();
            while !choices.is_empty() {
                let at = choices.word() % key.len();
                key[at] ^= choices.byte();
            }
            file(&key);
        }
    }
}

fn file(bytes: &[u8]) {
    match SigningKey::from_pem_or_der(bytes) {
        Ok(key) => signs(&key),
        Err(error) => harmless(&error, bytes),
    }
    if let Err(error) = Identity::from_pem(bytes) {
        harmless(&error, bytes);
    }
    if let Err(error) = Identity::external_from_pem(bytes, Vec::new()) {
        harmless(&error, bytes);
    }
}

fn signs(key: &SigningKey) {
    let public = key.public_key();
    for scheme in key.schemes() {
        let signature = key.sign(*scheme, b"message").expect("one of its own schemes");
        assert!(!signature.is_empty());
        // Ed25519 is the only kind with a public key of this length.
        if public.len() == 44 {
            let holds = UnparsedPublicKey::new(&ED25519, &public[12..]).verify(b"message", &signature);
            assert!(holds.is_ok(), "signed by the key that it names");
        }
    }
    assert!(!key.schemes().is_empty(), "a key that can sign nothing is no key");
}

/// `file`: its contents must not be in the error, except common words.
fn harmless(error: &impl Display, file: &[u8]) {
    let said = error.to_string();
    assert!(!said.is_empty() && said.chars().all(|c| !c.is_control()), "{said:?}");
    assert!(said.len() <= 2000, "{} bytes are no sentence: {said}", said.len());
    // The base64 of a key has long runs without spaces. Labels and words are shorter.
    let secret = file.windows(24).find(|part| {
        part.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
            && part.iter().any(u8::is_ascii_digit)
            && part.iter().any(u8::is_ascii_lowercase)
            && part.iter().any(u8::is_ascii_uppercase)
            && said.as_bytes().windows(24).any(|said| said == *part)
    });
    assert!(secret.is_none(), "the error shows what may be a key: {said}");
}

/// A key of each kind that rcgen can make, in DER and PEM.
fn keys() -> Vec<Vec<u8>> {
    use std::sync::OnceLock;
    static KEYS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut keys = Vec::new();
        for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384] {
            let der = rcgen::KeyPair::generate_for(algorithm).expect("a key").serialize_der();
            keys.push(pem("PRIVATE KEY", &der));
            keys.push(der);
        }
        keys
    })
    .clone()
}

/// RFC 7468.
pub fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (number, three) in der.chunks(3).enumerate() {
        if number % 16 == 0 {
            text.push('\n');
        }
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { digit.into() } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----{text}\n-----END {label}-----\n").into_bytes()
}

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = keys().iter().map(|key| [&[0], &key[..]].concat()).collect();
    let client = &pki().client;
    seeds.push([&[1], &client.pkcs8[..]].concat());
    seeds.push([&[1], &pem("PRIVATE KEY", &client.pkcs8)[..]].concat());
    seeds.push([&[0], &pem("PRIVATE KEY", &client.pkcs8)[..], &pem("CERTIFICATE", &client.chain[0])].concat());
    for label in
        ["ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY"]
    {
        seeds.push([&[0], &pem(label, &client.pkcs8)[..]].concat());
    }
    for key in 0..6 {
        for place in [0, 1, 4, 9, 16, 17, 30, 60] {
            seeds.push(vec![2, key, 0, place, 1]);
        }
    }
    seeds
}
