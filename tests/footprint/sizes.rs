//! What a connection costs beside time, held by ceilings: sizes and bytes on the wire. (Allocations are counted in
//! `no_allocation.rs` and `heap_of_verdicts.rs`; `examples/footprint` prints all of it.)

use crate::common::{End, Identity};
use crate::pki::Ca;
use countersign::x509::SigningKey;
use countersign::{Error, Handshake, Policy, Receiver, Role, Sender, Session, State, Transition, Want};
use std::mem::size_of;

#[track_caller]
fn at_most(ceiling: usize, name: &str, size: usize) {
    println!("{name}: {size} bytes, at most {ceiling}");
    assert!(size <= ceiling, "{name}: {size} bytes, ceiling {ceiling}");
}

#[test]
fn a_handshake_takes_two_and_a_half_kilobytes_inline() {
    at_most(2_500, "Handshake<&Policy>", size_of::<Handshake<&Policy>>());
}

#[test]
fn an_idle_session_takes_1400_bytes_inline() {
    at_most(1_400, "Session", size_of::<Session>());
    at_most(656, "Sender", size_of::<Sender>());
    at_most(672, "Receiver", size_of::<Receiver>());
}

#[test]
fn what_is_returned_is_small() {
    at_most(160, "Want", size_of::<Want>());
    at_most(24, "Error", size_of::<Error>());
    at_most(8, "Transition", size_of::<Transition>());
}

/// Everything but the certificates: with SNI, session id, change_cipher_spec, signature_algorithms_cert and, from the
/// server, the confirming record. A chain of 835 bytes makes 1,215 bytes each way of it. Six of the bytes are the
/// most that three ECDSA signatures in DER vary by.
#[test]
fn a_mutual_handshake_sends_at_most_380_bytes_each_way_beside_the_certificates() {
    let root = Ca::root("root");
    let issuing = root.intermediate("issuing");
    let identity = |name: &str| {
        let leaf = issuing.leaf(name, &[name]);
        let key = SigningKey::from_der(&leaf.key.serialize_der()).unwrap();
        Identity { chain: vec![leaf.der, issuing.der.clone()], key }
    };
    let (client_identity, server_identity) = (identity("client.test"), identity("server.test"));
    let mut client = End::new(Role::Client, Policy::new(), &client_identity);
    let mut server = End::new(Role::Server, Policy::new(), &server_identity);
    let (mut from_client, mut from_server) = (0, 0);
    while client.hs.state() != State::Connected || server.hs.state() != State::Connected {
        from_client += carry(&mut client, &mut server);
        from_server += carry(&mut server, &mut client);
    }
    let certificates = |identity: &Identity| identity.chain.iter().map(|each| each.len()).sum::<usize>();
    at_most(380, "the client", from_client - certificates(&client_identity));
    at_most(380, "the server", from_server - certificates(&server_identity));
}

/// Drives one end, and carries what it sends to the other. Says how many bytes that was.
fn carry(from: &mut End<'_>, to: &mut End<'_>) -> usize {
    from.drive().unwrap();
    let bytes = from.sends();
    assert_eq!(to.gets(&bytes), bytes.len());
    bytes.len()
}
