//! Either implementation against the vectors of Project Wycheproof.

use super::*;
use crate::asn1::MlDsa;
use std::vec::Vec;

const VECTORS: [(MlDsa, &str); 3] = [
    (MlDsa::MlDsa44, include_str!("../../../../vectors/wycheproof/ml_dsa_44.txt")),
    (MlDsa::MlDsa65, include_str!("../../../../vectors/wycheproof/ml_dsa_65.txt")),
    (MlDsa::MlDsa87, include_str!("../../../../vectors/wycheproof/ml_dsa_87.txt")),
];

/// The cases of one kind, each with `N` values; `-`: empty.
fn cases<const N: usize>(vectors: &str, kind: &str) -> Vec<[Vec<u8>; N]> {
    let mut cases = Vec::new();
    for line in vectors.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if words[0] == kind {
            let value = |word: &&str| hex::decode(word.trim_start_matches('-')).unwrap();
            cases.push(words[2..].iter().map(value).collect::<Vec<_>>().try_into().unwrap());
        }
    }
    assert!(!cases.is_empty());
    cases
}

#[test]
fn a_valid_signature_stands_and_an_invalid_one_does_not() {
    for (set, vectors) in VECTORS {
        for [key, message, signature] in cases(vectors, "valid") {
            assert_eq!(verify(set, &key, &message, &signature), Ok(()));
            assert!(verify(set, &key, &[&message[..], &[0]].concat(), &signature).is_err());
        }
        for [key, message, signature] in cases(vectors, "invalid") {
            assert!(verify(set, &key, &message, &signature).is_err());
        }
    }
}

/// A key of this seed, and the same expanded, have this public key, and sign what it verifies.
#[test]
fn a_key_is_made_of_its_seed_or_taken_expanded() {
    for (set, vectors) in VECTORS {
        for [seed, public] in cases(vectors, "seed") {
            let key = SigningKey::from_seed(set, seed[..].try_into().unwrap()).unwrap();
            assert_eq!(key.public_key(), public);
            assert_eq!(verify(set, &public, b"message", &key.sign(b"message").unwrap()), Ok(()));
        }
        for [expanded, public] in cases(vectors, "expanded") {
            let key = SigningKey::from_expanded(set, &expanded, &public).unwrap();
            assert!(key.is_expanded_to(&expanded) && key.set() == set);
            assert_eq!(verify(set, &public, b"message", &key.sign(b"message").unwrap()), Ok(()));
            let mut changed = expanded.clone();
            changed[100] ^= 1;
            assert!(!key.is_expanded_to(&changed) && !key.is_expanded_to(&expanded[1..]));
            let mut other = public.clone();
            other[100] ^= 1;
            assert_eq!(SigningKey::from_expanded(set, &expanded, &other).err(), Some(Rejected));
            assert_eq!(SigningKey::from_expanded(set, &expanded[1..], &public).err(), Some(Rejected));
        }
    }
}

/// FIPS 204 §3.4: hedged.
#[test]
fn no_signature_is_made_twice() {
    for (set, _) in VECTORS {
        let key = SigningKey::from_seed(set, &[7; 32]).unwrap();
        assert_ne!(key.sign(b"message").unwrap(), key.sign(b"message").unwrap());
    }
}

#[test]
fn keys_and_signatures_of_other_lengths_are_refused() {
    for (set, vectors) in VECTORS {
        let [key, message, signature] = cases(vectors, "valid").remove(0);
        assert!(verify(set, &key[1..], &message, &signature).is_err());
        assert!(verify(set, &[&key[..], &[0]].concat(), &message, &signature).is_err());
        assert!(verify(set, &[], &message, &[]).is_err());
    }
}
