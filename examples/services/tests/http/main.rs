//! The programs over HTTP and gRPC, run as a user runs them: with each other, and with other people's.

#[path = "../../../../tests/neighbours/programs/book.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod book;
mod expiry;
mod hostile;
mod long_lived;
mod many;
mod metrics;
mod mounted;
mod neighbours;
mod ours;
#[path = "../../../../tests/neighbours/programs/pki.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod pki;
#[path = "../../../../tests/neighbours/programs/programs.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod programs;
mod readme;
mod run;
