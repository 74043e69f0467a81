//! Either implementation against the vectors of Project Wycheproof.

use super::*;
use crate::crypto::CryptoFailed;
use std::vec::Vec;

const VECTORS: &str = include_str!("../../../../vectors/wycheproof/ml_kem_768.txt");

/// The cases of one kind, each with `N` values.
fn cases<const N: usize>(kind: &str) -> Vec<[Vec<u8>; N]> {
    let mut cases = Vec::new();
    for line in VECTORS.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == kind {
            let values: Vec<Vec<u8>> = words[2..].iter().map(|value| hex::decode(value).unwrap()).collect();
            cases.push(values.try_into().unwrap());
        }
    }
    assert!(!cases.is_empty());
    cases
}

fn array<const N: usize>(bytes: &[u8]) -> &[u8; N] {
    bytes.try_into().unwrap()
}

#[test]
fn a_ciphertext_is_decapsulated_to_its_secret() {
    for [dk, ciphertext, secret] in cases("decaps") {
        let key = DecapsulationKey::from_bytes(array(&dk));
        assert_eq!(key.decapsulate(array(&ciphertext)).unwrap()[..], secret);
    }
}

#[test]
fn what_is_no_encapsulation_key_is_refused() {
    for [key] in cases("not-a-key") {
        assert_eq!(encapsulate(array(&key)).err(), Some(CryptoFailed));
    }
}

/// The keys of the other cases: what is encapsulated to one of them has the right lengths, and is never the same twice.
#[test]
fn a_secret_is_encapsulated_for_every_key() {
    for [_, key, ..] in cases::<4>("encaps") {
        let [(one, first), (other, second)] = [(); 2].map(|()| encapsulate(array(&key)).unwrap());
        assert!(one != other && first != second);
    }
}

#[test]
fn a_new_key_decapsulates_what_is_encapsulated_for_it() {
    let key = DecapsulationKey::generate().unwrap();
    let (ciphertext, secret) = encapsulate(array(key.encapsulation_key())).unwrap();
    assert_eq!(key.decapsulate(&ciphertext), Ok(secret));
}

/// aws-lc-rs takes neither seeds nor randomness of others.
#[cfg(not(feature = "aws-lc-rs"))]
#[test]
fn keys_and_ciphertexts_are_those_of_their_randomness() {
    use super::libcrux::encapsulate_with;
    for [seed, key, ciphertext, secret] in cases("keygen") {
        let ours = DecapsulationKey::from_seed(*array(&seed));
        assert_eq!(ours.encapsulation_key(), key);
        assert_eq!(ours.decapsulate(array(&ciphertext)).unwrap()[..], secret);
    }
    for [randomness, key, ciphertext, secret] in cases("encaps") {
        let (ours, known) = encapsulate_with(array(&key), *array(&randomness)).unwrap();
        assert_eq!((&ours[..], &known[..]), (&ciphertext[..], &secret[..]));
    }
}
