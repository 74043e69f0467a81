//! Compares ML-KEM-768 with RustCrypto's `ml-kem`: random and damaged seeds, keys and ciphertexts give the same
//! results. For libcrux this is direct, because seeds and randomness are arguments there. Both hybrid groups are
//! compared in either role, with either provider of ours.

use countersign::NamedGroup;
use countersign::internals::crypto::{CryptoMode, HashAlgorithm, KeyExchange, KxError, SharedSecret};
use countersign::internals::schedule::Early;
use libcrux_ml_kem::mlkem768;
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use ml_kem::{Decapsulate, KeyExport, array::Array};
use ring::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey};
use ring::rand::{SecureRandom, SystemRandom};

const ROUNDS: usize = 100;
const KEY_LEN: usize = 1184;
const CIPHERTEXT_LEN: usize = 1088;
/// q (FIPS 203 §2.4).
const MODULUS: u16 = 3329;

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).unwrap();
    bytes
}

fn below(bound: usize) -> usize {
    usize::from_be_bytes(random()) % bound
}

// ---- libcrux ----

/// The results of both for a seed, randomness for an encapsulation, and ciphertexts.
#[test]
fn keys_ciphertexts_and_secrets_are_the_same() {
    for _ in 0..ROUNDS {
        let (seed, randomness) = (random::<64>(), random::<32>());
        let case = format!("seed {}, randomness {}", hex::encode(seed), hex::encode(randomness));
        let ours = mlkem768::generate_key_pair(seed);
        let theirs = DecapsulationKey::from_seed(Array(seed));
        assert_eq!(ours.public_key().as_slice()[..], theirs.encapsulation_key().to_bytes()[..], "{case}");
        assert!(mlkem768::validate_public_key(ours.public_key()), "{case}");

        let (ciphertext, secret) = mlkem768::encapsulate(ours.public_key(), randomness);
        let (their_ciphertext, their_secret) = theirs.encapsulation_key().encapsulate_deterministic(&Array(randomness));
        assert_eq!(ciphertext.as_slice()[..], their_ciphertext[..], "{case}");
        assert_eq!(secret[..], their_secret[..], "{case}");

        let decapsulated = |ciphertext: [u8; CIPHERTEXT_LEN]| {
            let ours = mlkem768::decapsulate(ours.private_key(), &(&ciphertext).into());
            assert_eq!(ours[..], theirs.decapsulate(&Array(ciphertext))[..], "{case}, {}", hex::encode(ciphertext));
            ours
        };
        let whole: [u8; CIPHERTEXT_LEN] = *ciphertext.as_slice();
        assert_eq!(decapsulated(whole), secret, "{case}");
        // Implicit rejection (FIPS 203, algorithm 18): both compute the same secret, which nobody else knows.
        let mut flipped = whole;
        flipped[below(CIPHERTEXT_LEN)] ^= 1 << below(8);
        for broken in [flipped, random(), [0; CIPHERTEXT_LEN], [0xff; CIPHERTEXT_LEN]] {
            assert_ne!(decapsulated(broken), secret, "{case}");
        }
    }
}

/// An encapsulation key whose coefficient number `at` has this value, in 12 bits (FIPS 203, algorithm 5).
fn with_coefficient(mut key: [u8; KEY_LEN], at: usize, value: u16) -> [u8; KEY_LEN] {
    let [low, high] = value.to_le_bytes();
    let (place, odd) = (at / 2 * 3, at % 2 == 1);
    if odd {
        key[place + 1] = key[place + 1] & 0x0f | low << 4;
        key[place + 2] = high << 4 | low >> 4;
    } else {
        key[place] = low;
        key[place + 1] = key[place + 1] & 0xf0 | high;
    }
    key
}

/// The modulus check (FIPS 203 §7.2): by libcrux, by RustCrypto, and by our server, which receives the key as a share.
#[test]
fn what_is_no_encapsulation_key_is_refused_by_all() {
    let point = ephemeral(NamedGroup::X25519MLKEM768).1;
    for _ in 0..ROUNDS {
        let key = *mlkem768::generate_key_pair(random()).public_key().as_slice();
        let at = below(768);
        for value in [0, below(MODULUS.into()) as u16, MODULUS - 1, MODULUS, MODULUS + below(767) as u16, 4095] {
            let changed = with_coefficient(key, at, value);
            let case = format!("coefficient {at} is {value} in {}", hex::encode(key));
            assert_eq!(mlkem768::validate_public_key(&(&changed).into()), value < MODULUS, "{case}");
            assert_eq!(EncapsulationKey::new(&Array(changed)).is_ok(), value < MODULUS, "{case}");
            let share = [&changed[..], &point].concat();
            let answer = KeyExchange::respond(NamedGroup::X25519MLKEM768, &share, CryptoMode::Real);
            let expected = if value < MODULUS { None } else { Some(KxError::BadShare) };
            assert_eq!(answer.err(), expected, "{case}");
        }
    }
}

// ---- the hybrid groups ----

const GROUPS: [NamedGroup; 2] = [NamedGroup::X25519MLKEM768, NamedGroup::SECP256R1MLKEM768];

/// By the draft, the curve comes first for P-256 and last for X25519, in shares and in secrets.
fn in_order<'a>(group: NamedGroup, ml_kem: &'a [u8], curve: &'a [u8]) -> [&'a [u8]; 2] {
    if group == NamedGroup::X25519MLKEM768 { [ml_kem, curve] } else { [curve, ml_kem] }
}

/// Splits a share or a secret into ML-KEM's part with this length, and the curve's part.
fn apart(group: NamedGroup, whole: &[u8], ml_kem_len: usize) -> (&[u8], &[u8]) {
    if group == NamedGroup::X25519MLKEM768 {
        whole.split_at(ml_kem_len)
    } else {
        let (curve, ml_kem) = whole.split_at(whole.len() - ml_kem_len);
        (ml_kem, curve)
    }
}

fn curve(group: NamedGroup) -> &'static agreement::Algorithm {
    if group == NamedGroup::X25519MLKEM768 { &agreement::X25519 } else { &agreement::ECDH_P256 }
}

/// A key on the group's curve, and its share.
fn ephemeral(group: NamedGroup) -> (EphemeralPrivateKey, Vec<u8>) {
    let key = EphemeralPrivateKey::generate(curve(group), &SystemRandom::new()).unwrap();
    let share = key.compute_public_key().unwrap().as_ref().to_vec();
    (key, share)
}

fn agree(group: NamedGroup, key: EphemeralPrivateKey, share: &[u8]) -> Vec<u8> {
    agreement::agree_ephemeral(key, &UnparsedPublicKey::new(curve(group), share), <[u8]>::to_vec).unwrap()
}

/// Our share is compared by its result.
#[track_caller]
fn assert_same(ours: SharedSecret, theirs: &[u8]) {
    let [ours, theirs] = [ours, SharedSecret::of_vector(theirs)].map(|secret| {
        let secrets = Early::new(HashAlgorithm::Sha256).handshake(secret).traffic(&HashAlgorithm::Sha256.hash(b""));
        secrets.client.expose().to_vec()
    });
    assert_eq!(ours, theirs);
}

#[test]
fn our_client_and_their_server_come_to_the_same_secret() {
    for group in GROUPS.repeat(ROUNDS / 4) {
        let client = KeyExchange::start([group], CryptoMode::Real).unwrap();
        let share = client.share(group).concat();
        let (key, point) = apart(group, &share, KEY_LEN);
        let key = EncapsulationKey::new(&Array::try_from(key).unwrap()).unwrap();
        let (ciphertext, ml_kem_secret) = key.encapsulate_deterministic(&Array(random()));
        let (ours, ours_share) = ephemeral(group);
        let curve_secret = agree(group, ours, point);
        let answer = in_order(group, &ciphertext, &ours_share).concat();
        let secret = client.finish(group, &answer).unwrap();
        assert_same(secret, &in_order(group, &ml_kem_secret, &curve_secret).concat());
    }
}

#[test]
fn their_client_and_our_server_come_to_the_same_secret() {
    for group in GROUPS.repeat(ROUNDS / 4) {
        let key = DecapsulationKey::from_seed(Array(random()));
        let (theirs, point) = ephemeral(group);
        let share = in_order(group, &key.encapsulation_key().to_bytes(), &point).concat();
        let (answer, secret) = KeyExchange::respond(group, &share, CryptoMode::Real).unwrap();
        let (ciphertext, point) = apart(group, answer.as_ref(), CIPHERTEXT_LEN);
        let ml_kem_secret = key.decapsulate(&Ciphertext::try_from(ciphertext).unwrap());
        let curve_secret = agree(group, theirs, point);
        assert_same(secret, &in_order(group, &ml_kem_secret, &curve_secret).concat());
    }
}
