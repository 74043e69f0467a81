//! What a connection costs beside time, held by ceilings: sizes and bytes on the wire. (Allocations are counted in
//! `no_allocation.rs` and `heap_of_verdicts.rs`; `examples/footprint` prints all of it.)

use crate::support::{End, KeyType, MEMORY, POLICY, World, run};
use countersign::{Error, Handshake, Policy, Receiver, Sender, Session, Transition, Want};
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
    let world = World::new(KeyType::P256);
    let mut client = End::client(&world, &POLICY, vec![0; MEMORY], vec![0; MEMORY]);
    let mut server = End::server(&world, &POLICY, vec![0; MEMORY], vec![0; MEMORY]);
    run(&mut client, &mut server, |_, work| work());
    at_most(380, "the client", client.sent - world.client.certificate_bytes());
    at_most(380, "the server", server.sent - world.server.certificate_bytes());
}
