//! Stories of two ends of ours: what a program does with a handshake and a session.

#[path = "../support/common/mod.rs"]
mod common;
#[path = "../support/wire.rs"]
#[allow(dead_code, unreachable_pub)]
mod wire;

mod answers;
mod buffers;
mod client_alerts;
mod flow;
mod found_by_fuzzing;
mod limits;
mod many_shares;
mod max_fragment;
mod mutations;
mod pairs;
mod secrets;
