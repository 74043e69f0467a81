//! Shares of the hybrid groups with one fault (draft-ietf-tls-ecdhe-mlkem §3.1).

use crate::peer::message::{GROUPS, KEY_SHARE, Msg, shares, written};
use crate::peer::{Row, Story, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::NamedGroup;
use countersign::internals::crypto::{CryptoMode, KeyExchange};
use countersign::{Epoch, HandshakeType, Policy, Role, State};

/// Each hybrid: whether the curve's value comes first, and its length.
const HYBRIDS: [(NamedGroup, bool, usize); 2] =
    [(NamedGroup::X25519MLKEM768, false, 32), (NamedGroup::SECP256R1MLKEM768, true, 65)];

fn client_share(group: NamedGroup) -> Vec<u8> {
    KeyExchange::start([group], CryptoMode::Real).unwrap().share(group).concat()
}

/// Offers only this share and its group.
fn offers(group: NamedGroup, share: &[u8]) -> impl Fn(&mut Msg) {
    move |m| {
        m.set(GROUPS, &[&[0, 2][..], &group.0.to_be_bytes()].concat());
        m.set(KEY_SHARE, &shares(&[(group, share)]));
    }
}

#[test]
fn a_client_share_of_another_length_or_form_is_illegal_and_costs_nothing() {
    for (group, ..) in HYBRIDS {
        let good = client_share(group);
        let mut rows = vec![
            ("one byte short", good[..good.len() - 1].to_vec()),
            ("one byte long", [&good[..], &[0]].concat()),
            ("the encapsulation key alone", vec![1; 1184]),
            ("a ciphertext in place of a key", vec![4; good.len() - 96]),
        ];
        if group == NamedGroup::SECP256R1MLKEM768 {
            rows.push(("a compressed point's form", [&[2][..], &good[1..]].concat()));
        }
        for (what, share) in rows {
            let edit = offers(group, &share);
            refuses(
                Role::Server,
                &Policy::new(),
                HandshakeType::CLIENT_HELLO,
                &[(what, &edit, "IllegalKeyShare", A::ILLEGAL_PARAMETER)],
            );
        }
    }
}

/// "the server MUST perform the encapsulation key check [...] and abort with an illegal_parameter alert if it fails".
/// The curve's value gets all checks of RFC 9846 §4.3.8.2 and §7.4.2.
#[test]
fn a_client_share_that_is_no_key_or_no_point_is_illegal() {
    for (group, curve_first, curve_len) in HYBRIDS {
        let good = client_share(group);
        let (point_at, key_at) = if curve_first { (0, curve_len) } else { (1184, 0) };
        let mut not_reduced = good.clone();
        not_reduced[key_at..key_at + 3].fill(0xff);
        let mut no_point = good.clone();
        no_point[point_at + 1..point_at + curve_len].fill(0);
        no_point[point_at] = if curve_first { 4 } else { 0 };
        for share in [not_reduced, no_point] {
            let edit = offers(group, &share);
            let mut story = Story::server().edit(HandshakeType::CLIENT_HELLO, &edit).play();
            story.refused("IllegalKeyShare", A::ILLEGAL_PARAMETER, State::AskCredential, Epoch::Plaintext);
        }
    }
}

/// "the client MUST check if the ciphertext length matches the selected group, and abort with an illegal_parameter alert".
#[test]
fn a_server_share_of_another_length_or_with_a_bad_point_is_illegal() {
    for (group, curve_first, curve_len) in HYBRIDS {
        let (good, _) = KeyExchange::respond(group, &client_share(group), CryptoMode::Real).unwrap();
        let good = good.as_ref().to_vec();
        let mut no_point = good.clone();
        let point_at = if curve_first { 0 } else { 1088 };
        no_point[point_at..point_at + curve_len].fill(0);
        let of = |share: &[u8]| {
            let entry = written(|w| {
                w.u16(group.0);
                w.vec_u16(|w| w.bytes(share));
            });
            move |m: &mut Msg| m.set(KEY_SHARE, &entry)
        };
        let (short, long) = (of(&good[..good.len() - 1]), of(&[&good[..], &[0]].concat()));
        let (ciphertext, key, point) = (of(&good[..1088]), of(&client_share(group)), of(&no_point));
        let row = |what, edit| -> Row<'_> { (what, edit, "IllegalKeyShare", A::ILLEGAL_PARAMETER) };
        refuses(
            Role::Client,
            &Policy::new().groups(&[group]),
            HandshakeType::SERVER_HELLO,
            &[
                row("one byte short", &short),
                row("one byte long", &long),
                row("the ciphertext alone", &ciphertext),
                row("a client's share", &key),
                row("no point", &point),
            ],
        );
    }
}

#[test]
fn shares_have_the_lengths_of_the_draft() {
    for (group, len) in [(NamedGroup::X25519MLKEM768, 1216), (NamedGroup::SECP256R1MLKEM768, 1249)] {
        assert_eq!(client_share(group).len(), len);
        let (server, _) = KeyExchange::respond(group, &client_share(group), CryptoMode::Real).unwrap();
        assert_eq!(server.as_ref().len(), len - 96);
    }
}
