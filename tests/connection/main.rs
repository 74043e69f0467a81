//! Tests with two ends of ours: how a program uses a handshake and a session.

mod carriers;
#[path = "../../examples/serial/certificates.rs"]
mod certificates;
mod common;
#[path = "../../examples/serial/device.rs"]
mod device;
#[path = "../support/end.rs"]
mod end;
#[path = "../support/identity.rs"]
mod identity;
#[path = "../../examples/serial/line.rs"]
mod line;
#[path = "../support/rsa.rs"]
mod rsa;
mod script;
#[path = "../support/wire.rs"]
mod wire;

mod answers;
mod arguments;
mod buffers;
mod client_alerts;
mod embedding;
mod flow;
mod found_by_fuzzing;
#[cfg(feature = "mlkem")]
mod hybrids;
mod limits;
mod many_shares;
mod max_fragment;
mod memory_needed;
mod message_edges;
mod metrics;
mod mutations;
mod pairs;
mod pins;
mod plans;
mod reauthentication;
mod root;
mod secrets;
mod serial;
mod session;
mod stream;
mod stream_ends;
mod stream_faults;
mod threads;
