use super::*;
use std::vec::Vec;

const REAL: CryptoMode = CryptoMode::Real;

fn groups() -> impl Iterator<Item = NamedGroup> {
    KeyExchange::GROUPS.iter().copied()
}

fn start(group: NamedGroup, mode: CryptoMode) -> (KeyExchange, Vec<u8>) {
    let started = KeyExchange::start([group], mode).unwrap();
    let share = started.share(group).concat();
    (started, share)
}

#[test]
fn both_sides_come_to_the_same_secret_and_never_to_the_same_twice() {
    for group in groups() {
        let mut secrets = Vec::new();
        for _connection in 0..2 {
            let (client, client_share) = start(group, REAL);
            let (server_share, server_secret) = KeyExchange::respond(group, &client_share, REAL).unwrap();
            assert_eq!(server_share.group(), group);
            assert_eq!([client_share.len(), server_share.as_ref().len()], share_lens(group));
            let client_secret = client.finish(group, server_share.as_ref()).unwrap();
            assert_eq!(client_secret.expose(), server_secret.expose());
            let length = match group {
                NamedGroup::SECP384R1 => 48,
                group if is_hybrid(group) => 64,
                _ => 32,
            };
            assert_eq!(client_secret.expose().len(), length);
            secrets.push(client_secret.expose().to_vec());
        }
        assert_ne!(secrets[0], secrets[1]);
    }
}

// req: 9846-7.4.2-1
#[test]
fn leading_zeros_of_the_shared_secret_are_kept() {
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1] {
        // One secret in 256 begins with a zero byte.
        let secret = (0..20_000).find_map(|_| {
            let (client, client_share) = start(group, REAL);
            let (share, server) = KeyExchange::respond(group, &client_share, REAL).unwrap();
            (server.expose()[0] == 0).then(|| (client.finish(group, share.as_ref()).unwrap(), server))
        });
        let (client, server) = secret.unwrap();
        assert_eq!(client.expose().len(), 32);
        assert_eq!(client.expose(), server.expose());
    }
}

/// What a client says of a server's share.
fn refused_by_client(group: NamedGroup, share: &[u8], mode: CryptoMode) -> Option<KxError> {
    start(group, mode).0.finish(group, share).err()
}

/// What a server says of a client's share.
fn refused_by_server(group: NamedGroup, share: &[u8], mode: CryptoMode) -> Option<KxError> {
    KeyExchange::respond(group, share, mode).err()
}

const BAD: Option<KxError> = Some(KxError::BadShare);

/// The share of a client and of a server, both good.
fn shares(group: NamedGroup) -> [Vec<u8>; 2] {
    let client = start(group, REAL).1;
    let server = KeyExchange::respond(group, &client, REAL).unwrap().0.as_ref().to_vec();
    [client, server]
}

#[test]
fn a_share_of_another_length_is_refused() {
    for group in groups() {
        let [client_len, server_len] = share_lens(group);
        let longer = [&shares(group)[0][..], &[0; 100]].concat();
        for length in 0..=longer.len() {
            let refused = (length != client_len).then_some(KxError::BadShare);
            assert_eq!(refused_by_server(group, &longer[..length], CryptoMode::Null), refused, "{group} {length}");
            assert_eq!(check_client_share(group, &longer[..length]).err(), refused);
        }
        let longer = [&shares(group)[1][..], &[0; 100]].concat();
        for length in 0..=longer.len() {
            let refused = (length != server_len).then_some(KxError::BadShare);
            assert_eq!(refused_by_client(group, &longer[..length], CryptoMode::Null), refused, "{group} {length}");
        }
        assert_eq!(refused_by_client(group, &longer, REAL), BAD);
        assert_eq!(refused_by_client(group, &[], REAL), BAD);
        assert_eq!(refused_by_server(group, &[], REAL), BAD);
    }
}

/// §4.3.8.2: compressed, hybrid and infinity forms, points off the curve, coordinates out of range.
#[test]
fn a_share_that_is_no_uncompressed_point_on_the_curve_is_refused() {
    for group in groups().filter(|group| curve_of(*group) != Some(NamedGroup::X25519)) {
        let len = point_len(curve_of(group).unwrap());
        let [client, server] = shares(group);
        let bad = |edit: &dyn Fn(&mut [u8]), mode| {
            let (mut client, mut server) = (client.clone(), server.clone());
            edit(&mut client[..len]);
            edit(&mut server[..len]);
            assert_eq!([refused_by_server(group, &client, mode), refused_by_client(group, &server, mode)], [BAD; 2]);
        };
        for form in (0..=255).filter(|form| *form != 4) {
            bad(&|point| point[0] = form, CryptoMode::Null);
        }
        bad(&|point| point[len - 1] ^= 1, REAL);
        bad(&|point| point[1..].fill(0xff), REAL);
        bad(&|point| point[1..].fill(0), REAL);
    }
}

/// §7.4.2: the all-zero result, which the points of low order lead to.
#[test]
fn an_x25519_share_of_low_order_is_refused() {
    for group in groups().filter(|group| curve_of(*group) == Some(NamedGroup::X25519)) {
        for point in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let [client, server] = shares(group).map(|mut share| {
                let from = share.len() - 32; // ML-KEM's value stands before it
                share[from..].copy_from_slice(&hex::decode(point).unwrap());
                share
            });
            assert_eq!(refused_by_server(group, &client, REAL), BAD);
            assert_eq!(refused_by_client(group, &server, REAL), BAD);
        }
    }
}

#[test]
fn groups_that_we_cannot_speak_are_our_failure() {
    for number in 0..=u16::MAX {
        let group = NamedGroup(number);
        if !KeyExchange::GROUPS.contains(&group) {
            assert_eq!(KeyExchange::start([group], REAL).err(), Some(KxError::Failed));
            assert_eq!(KeyExchange::respond(group, &[4; 65], REAL).err(), Some(KxError::Failed));
        }
    }
}

#[test]
fn a_group_that_was_not_offered_has_no_share_and_no_secret() {
    for mode in [REAL, CryptoMode::Null] {
        let started = KeyExchange::start([NamedGroup::X25519, NamedGroup::SECP256R1], mode).unwrap();
        assert_eq!(
            started.shares().map(|share| share.group).collect::<Vec<_>>(),
            [NamedGroup::X25519, NamedGroup::SECP256R1]
        );
        assert!(!started.has(NamedGroup::SECP384R1));
        assert_eq!(started.finish(NamedGroup::SECP384R1, &[4; 97]).err(), Some(KxError::Failed));
    }
    assert_eq!(KeyExchange::start([NamedGroup::X25519; 3], REAL).err(), Some(KxError::Failed));
}

#[test]
fn the_replayed_exchange_is_the_same_every_time() {
    for group in groups() {
        let [(first, share), (_, second)] = [(); 2].map(|()| start(group, CryptoMode::Null));
        assert_eq!(share, second);
        assert_eq!(share.len(), share_lens(group)[0]);
        let first = first.finish(group, &shares(group)[1]).unwrap();
        let (_, second) = KeyExchange::respond(group, &second, CryptoMode::Null).unwrap();
        assert_eq!(first.expose(), second.expose());
    }
}

/// RFC 7748 §6.1. That the published keys lead to the published secret is computed by tests/study/tools/recompute.py.
#[test]
fn with_published_keys_both_sides_come_to_the_published_secret_and_nobody_else_is_answered() {
    const PUBLISHED: CryptoMode = CryptoMode::Published;
    let x25519 = NamedGroup::X25519;
    let (client, share) = start(x25519, PUBLISHED);
    let (answer, secret) = KeyExchange::respond(x25519, &share, PUBLISHED).unwrap();
    assert_eq!(client.finish(x25519, answer.as_ref()).unwrap().expose(), secret.expose());
    let stranger = start(x25519, REAL).1;
    assert_eq!(refused_by_server(x25519, &stranger, PUBLISHED), BAD);
    assert_eq!(refused_by_client(x25519, &stranger, PUBLISHED), BAD);
    assert_eq!(KeyExchange::start([NamedGroup::SECP256R1], PUBLISHED).err(), Some(KxError::Failed));
}

#[cfg(feature = "mlkem")]
mod hybrids {
    use super::*;

    const HYBRIDS: [(NamedGroup, NamedGroup); 2] =
        [(NamedGroup::X25519MLKEM768, NamedGroup::X25519), (NamedGroup::SECP256R1MLKEM768, NamedGroup::SECP256R1)];

    /// draft-ietf-tls-ecdhe-mlkem §3.1.1: the plain group's share is a part of the hybrid's, and either may be answered.
    #[test]
    fn a_hybrid_and_the_group_of_its_curve_are_offered_with_one_key() {
        for (hybrid, plain) in HYBRIDS {
            for chosen in [hybrid, plain] {
                let client = KeyExchange::start([hybrid, plain], REAL).unwrap();
                assert!(client.share(hybrid).contains(&&client.share(plain).concat()[..]));
                let (share, secret) = KeyExchange::respond(chosen, &client.share(chosen).concat(), REAL).unwrap();
                assert_eq!(client.finish(chosen, share.as_ref()).unwrap().expose(), secret.expose());
            }
        }
    }

    #[test]
    fn no_key_of_ml_kem_is_made_for_a_plain_group() {
        for (hybrid, plain) in HYBRIDS {
            assert!(start(hybrid, REAL).0.ml_kem.is_some());
            assert!(start(plain, REAL).0.ml_kem.is_none());
        }
    }

    #[test]
    fn two_hybrids_are_offered_with_one_key_of_ml_kem() {
        let [x25519, p256] = HYBRIDS.map(|(hybrid, _)| hybrid);
        for chosen in [x25519, p256] {
            let client = KeyExchange::start([x25519, p256], REAL).unwrap();
            assert_eq!(client.share(x25519)[0], client.share(p256)[1]);
            let (share, secret) = KeyExchange::respond(chosen, &client.share(chosen).concat(), REAL).unwrap();
            assert_eq!(client.finish(chosen, share.as_ref()).unwrap().expose(), secret.expose());
        }
    }

    /// §3.1.3: ML-KEM's secret first with x25519, last with secp256r1.
    #[test]
    fn the_secret_is_that_of_ml_kem_and_that_of_the_curve_in_the_groups_order() {
        for (hybrid, _) in HYBRIDS {
            let (client, share) = start(hybrid, REAL);
            let (share, secret) = KeyExchange::respond(hybrid, &share, REAL).unwrap();
            let (_, ciphertext) = parts::<CIPHERTEXT_LEN>(hybrid, share.as_ref()).unwrap();
            let ml_kem = client.ml_kem.as_ref().unwrap().decapsulate(ciphertext.unwrap()).unwrap();
            let place = if hybrid == NamedGroup::X25519MLKEM768 { 0..32 } else { 32..64 };
            assert_eq!(secret.expose()[place], *ml_kem);
        }
    }

    /// FIPS 203 §7.2: each coefficient is below q = 3329.
    #[test]
    fn what_is_no_encapsulation_key_is_a_bad_share() {
        for (hybrid, _) in HYBRIDS {
            let from = if hybrid == NamedGroup::X25519MLKEM768 { 0 } else { 65 };
            let share = start(hybrid, REAL).1;
            for coefficient in [0, 383, 767] {
                let mut share = share.clone();
                // Two coefficients take three bytes, the lower bits first; 0xd01 is 3329.
                let at = from + coefficient / 2 * 3;
                (share[at], share[at + 1]) = (0x01, share[at + 1] & 0xf0 | 0x0d);
                assert_eq!(refused_by_server(hybrid, &share, REAL), BAD);
            }
        }
    }

    /// FIPS 203 §6.3: implicit rejection. The handshake then fails at Finished.
    #[test]
    fn a_changed_ciphertext_leads_to_another_secret() {
        for (hybrid, _) in HYBRIDS {
            let (client, share) = start(hybrid, REAL);
            let (share, secret) = KeyExchange::respond(hybrid, &share, REAL).unwrap();
            let mut share = share.as_ref().to_vec();
            share[700] ^= 1;
            assert_ne!(client.finish(hybrid, &share).unwrap().expose(), secret.expose());
        }
    }
}
