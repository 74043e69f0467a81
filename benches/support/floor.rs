//! The work of a mutual TLS 1.3 handshake beside its asymmetric operations, by the provider, and nothing else: random
//! hello, transcript hash, key schedule, record keys, records. No message is written, read or judged.

use crate::provider::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use crate::provider::rand::{SecureRandom, SystemRandom};
use crate::provider::{digest, hmac};
use std::hint::black_box;

/// The messages of a P-256 handshake with leaf and intermediate: their lengths, and whether the transcript hash up to
/// them is used (RFC 9846 §4.1).
const MESSAGES: [(usize, bool); 10] = [
    (250, false), // ClientHello
    (122, true),  // ServerHello
    (10, false),  // EncryptedExtensions
    (50, false),  // CertificateRequest
    (850, true),  // Certificate
    (80, true),   // CertificateVerify
    (36, true),   // Finished
    (850, true),  // the client's Certificate
    (80, true),   // CertificateVerify
    (36, false),  // Finished
];

/// HMAC key set-ups: two extractions, Handshake Secret, Main Secret, four traffic secrets, and for each Finished the
/// handshake traffic secret again and the finished_key (§4.5.3, §7.1, §7.3).
const KEYINGS: usize = 12;
/// HMACs: two extractions, six secrets, key and IV four times, finished_key and verify_data twice.
const MACS: usize = 20;

/// One side. A client would also hash its first ClientHello by SHA-384.
pub fn one_side() {
    let mut random = [0; 64];
    SystemRandom::new().fill(&mut random).expect("the system has randomness");
    let mut transcript = digest::Context::new(&digest::SHA256);
    let message = black_box([7; 850]);
    for (length, hashed) in MESSAGES {
        transcript.update(&message[..length]);
        if hashed {
            black_box(transcript.clone().finish());
        }
    }
    let mut secret = hmac::Key::new(hmac::HMAC_SHA256, &random[..32]);
    for each in 0..MACS {
        // An HkdfLabel with a transcript hash, and the counter of HKDF-Expand: 55 bytes.
        let tag = hmac::sign(&secret, black_box(&message[..55]));
        if each + 1 < KEYINGS {
            secret = hmac::Key::new(hmac::HMAC_SHA256, tag.as_ref());
        }
    }
    let nonce = || Nonce::assume_unique_for_key([0; 12]);
    let keys = [[1; 16], [2; 16], [3; 16], [4; 16]]
        .map(|key| LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).expect("a key")));
    let mut flight = message;
    for key in &keys[..2] {
        // The peer's flight is opened and ours is sealed, which is the same work.
        let tag = key.seal_in_place_separate_tag(nonce(), Aad::from([0; 5]), &mut flight).expect("sealed");
        black_box(tag.as_ref());
    }
    black_box(&keys);
}
