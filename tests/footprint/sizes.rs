//! Upper limits for the sizes of a connection's types. (`no_allocation.rs` and `heap_of_verdicts.rs` count allocations,
//! and tests/connection/pairs/records.rs bytes on the wire. `examples/footprint` prints all.)

use countersign::authenticator::Authenticators;
use countersign::{Error, Handshake, Policy, Receiver, Sender, Session, SessionInfo, Transition, Want};
use std::mem::size_of;

#[track_caller]
fn at_most(ceiling: usize, name: &str, size: usize) {
    println!("{name}: {size} bytes, at most {ceiling}");
    assert!(size <= ceiling, "{name}: {size} bytes, ceiling {ceiling}");
}

#[test]
fn a_handshake_takes_two_and_a_half_kilobytes_inline() {
    // With hybrid groups a client keeps the expanded ML-KEM key, 2,400 bytes.
    let ceiling = if cfg!(feature = "mlkem") { 4_896 } else { 2_496 };
    at_most(ceiling, "Handshake<&Policy>", size_of::<Handshake<&Policy>>());
}

#[test]
fn an_idle_session_takes_1900_bytes_inline() {
    // 1,120 are ring's two keys. 424 are the session's parameters: 380 of them are room for the longest server name
    // (253) and the longest protocol name (127), because there is no heap. Each half has its own copy.
    at_most(424, "SessionInfo", size_of::<SessionInfo>());
    at_most(1_872, "Session", size_of::<Session>());
    at_most(1_120, "Sender", size_of::<Sender>());
    at_most(1_136, "Receiver", size_of::<Receiver>());
}

/// Each open request has two running hashes.
#[test]
fn authenticators_take_a_few_kilobytes_inline() {
    at_most(3_400, "Authenticators<&Policy>", size_of::<Authenticators<&Policy>>());
}

#[test]
fn what_is_returned_is_small() {
    at_most(160, "Want", size_of::<Want>());
    at_most(24, "Error", size_of::<Error>());
    at_most(8, "Transition", size_of::<Transition>());
}
