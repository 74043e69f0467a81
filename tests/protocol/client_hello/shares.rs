//! The share that is used, and the others.

use super::{CH, accepted, refused, share};
use crate::peer::message::{KEY_SHARE, Msg, shares};
use crate::peer::{HANDSHAKE, Story};
use countersign::AlertDescription as A;
use countersign::internals::codec::{NamedGroup, Place, ServerHello};
use countersign::internals::crypto::CryptoMode;
use countersign::{Epoch, Policy, Role, State};

// req: 9846-4.3.8.2-1
#[test]
fn a_share_of_wrong_form_is_illegal() {
    let (kind, alert) = ("IllegalKeyShare", A::ILLEGAL_PARAMETER);
    let bad = |group: NamedGroup, bytes: Vec<u8>| move |m: &mut Msg| m.set(KEY_SHARE, &shares(&[(group, &bytes)]));
    let (p256, p384) = (share(NamedGroup::SECP256R1), share(NamedGroup::SECP384R1));
    let compressed = [&[2][..], &p256[1..33]].concat();
    let form = |byte: u8| [&[byte][..], &p256[1..]].concat();
    refused(&[
        ("x25519 short", &bad(NamedGroup::X25519, vec![9; 31]), kind, alert),
        ("x25519 long", &bad(NamedGroup::X25519, vec![9; 33]), kind, alert),
        ("P-256 short", &bad(NamedGroup::SECP256R1, p256[..64].to_vec()), kind, alert),
        ("P-256 long", &bad(NamedGroup::SECP256R1, [&p256[..], &[0]].concat()), kind, alert),
        ("P-256 compressed", &bad(NamedGroup::SECP256R1, compressed), kind, alert),
        ("P-256 hybrid form", &bad(NamedGroup::SECP256R1, form(6)), kind, alert),
        ("P-256 at infinity", &bad(NamedGroup::SECP256R1, vec![0]), kind, alert),
        ("P-384 short", &bad(NamedGroup::SECP384R1, p384[..96].to_vec()), kind, alert),
        ("P-384 with a point of P-256", &bad(NamedGroup::SECP384R1, p256.clone()), kind, alert),
    ]);
}

// req: 9846-7.4.2-2, 9846-4.3.8.2-1
#[test]
fn a_share_that_is_no_point_or_of_low_order_is_illegal() {
    let off = |group| {
        let mut point = share(group);
        *point.last_mut().unwrap() ^= 1;
        point
    };
    let mut out_of_range = vec![0xff; 65];
    out_of_range[0] = 4;
    let origin = [&[4][..], &[0; 64]].concat();
    for (group, bytes) in [
        (NamedGroup::X25519, vec![0; 32]),
        (NamedGroup::X25519, [&[1][..], &[0; 31]].concat()),
        (NamedGroup::SECP256R1, off(NamedGroup::SECP256R1)),
        (NamedGroup::SECP256R1, out_of_range),
        (NamedGroup::SECP256R1, origin),
        (NamedGroup::SECP384R1, off(NamedGroup::SECP384R1)),
    ] {
        let edit = |m: &mut Msg| m.set(KEY_SHARE, &shares(&[(group, &bytes)]));
        let mut story = Story::server().edit(CH, &edit).play();
        // The first asymmetric operation comes after the credential.
        story.refused("IllegalKeyShare", A::ILLEGAL_PARAMETER, State::AskCredential, Epoch::Plaintext);
    }
}

// req: 9846-4.3.8-7
#[test]
fn a_share_may_be_used_again_in_another_connection() {
    // Two servers get the same ClientHello, byte for byte.
    let hello = Story::server().peer.next_message(CH);
    let mut shares = Vec::new();
    for _ in 0..2 {
        let mut story = Story::server();
        story.peer.plain(HANDSHAKE, &hello);
        let bytes = std::mem::take(&mut story.peer.out);
        story.end.gets(&bytes);
        story.end.drive().unwrap();
        let sent = story.end.sends();
        let body = ServerHello::parse(&sent[9..5 + usize::from(u16::from_be_bytes([sent[3], sent[4]]))]).unwrap();
        shares.push(body.extensions.check(Place::ServerHello).unwrap().server_share().unwrap().key_exchange.to_vec());
        assert_eq!(story.state(), State::WaitCertificate);
    }
    assert_ne!(shares[0], shares[1], "ours is fresh");
    // So does a server: with null cryptography it always sends the same.
    let policy = || Policy::new().null_crypto();
    for _ in 0..2 {
        let mut story = Story::new(Role::Client, policy());
        story.peer.mode = CryptoMode::Null;
        story.connected();
    }
}

#[test]
fn shares_that_are_not_used_are_not_looked_at_and_the_high_bit_of_x25519_is_masked() {
    let used = |m: &mut Msg| -> Vec<u8> { m.get(KEY_SHARE).unwrap()[6..].to_vec() };
    accepted(&[
        ("garbage for P-256 and P-384 beside x25519", &|m| {
            let x25519 = used(m);
            let (p256, p384) = ((NamedGroup::SECP256R1, &[1][..]), (NamedGroup::SECP384R1, &[2, 3][..]));
            m.set(KEY_SHARE, &shares(&[p256, (NamedGroup::X25519, &x25519), p384]));
        }),
        ("the high bit", &|m| {
            let mut x25519 = used(m);
            x25519[31] |= 0x80;
            m.set(KEY_SHARE, &shares(&[(NamedGroup::X25519, &x25519)]));
        }),
    ]);
}
