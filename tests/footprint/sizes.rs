//! What a connection costs beside time, held by ceilings: sizes. (Allocations are counted in `no_allocation.rs` and
//! `heap_of_verdicts.rs`, bytes on the wire in tests/connection/pairs/records.rs; `examples/footprint` prints all of it.)

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
    // Of these, 16 name the connection that an outbox must belong to (R1).
    at_most(1_408, "Session", size_of::<Session>());
    at_most(672, "Sender", size_of::<Sender>());
    at_most(672, "Receiver", size_of::<Receiver>());
}

#[test]
fn what_is_returned_is_small() {
    at_most(160, "Want", size_of::<Want>());
    at_most(24, "Error", size_of::<Error>());
    at_most(8, "Transition", size_of::<Transition>());
}
