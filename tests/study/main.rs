//! The study of bytes is correct and complete, and never causes a panic.

mod authenticators;
#[cfg(feature = "study-pcap")]
mod capture;
#[allow(dead_code, reason = "the tests of authenticators use the rest")]
#[path = "../authenticator/common.rs"]
mod common;
#[cfg(feature = "study-pcap")]
mod damaged_captures;
mod diagram;
#[path = "../support/end.rs"]
mod end;
mod golden;
mod heard;
#[path = "../support/identity.rs"]
mod identity;
mod lines;
mod machine;
mod page;
mod properties;
mod rfc8448;
mod strange;
#[path = "../internals/vectors.rs"]
mod vectors;
