//! The fuzz targets. Each takes the fuzzer's bytes, and panics if a promise of countersign is broken.
//!
//! `fuzz_targets/` wraps them for libFuzzer; `tests/corpus.rs` runs the same code over the seeds, on any toolchain.

mod authenticator;
mod bytes;
mod choices;
mod codec_roundtrip;
mod differential;
mod embedding;
mod end;
mod explain;
mod flow;
mod halves;
mod inbox;
mod interrupted;
mod key_files;
mod man_in_the_middle;
mod message_sequence;
mod pem;
mod refusals;
mod revocation;
mod session;
mod sessions;
mod tap;
mod wire;
mod x509_verdict;

pub use authenticator::authenticator;
pub use bytes::{client_bytes, server_bytes};
pub use codec_roundtrip::codec_roundtrip;
pub use differential::differential;
pub use embedding::embedding;
pub use explain::explain;
pub use flow::flow;
pub use halves::halves;
pub use inbox::inbox;
pub use interrupted::interrupted;
pub use key_files::key_files;
pub use man_in_the_middle::man_in_the_middle;
pub use message_sequence::message_sequence;
pub use pem::pem;
pub use refusals::refusals;
pub use revocation::revocation;
pub use session::session;
pub use sessions::sessions;
pub use x509_verdict::x509_verdict;

/// A fuzz target.
pub struct Target {
    pub name: &'static str,
    /// Runs it with the fuzzer's bytes.
    pub run: fn(&[u8]),
    /// Its seeds.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

const fn target(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, run, seeds }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    target("client_bytes", client_bytes, bytes::client_seeds),
    target("server_bytes", server_bytes, bytes::server_seeds),
    target("message_sequence", message_sequence, message_sequence::seeds),
    target("man_in_the_middle", man_in_the_middle, man_in_the_middle::seeds),
    target("codec_roundtrip", codec_roundtrip, codec_roundtrip::seeds),
    target("inbox", inbox, inbox::seeds),
    target("x509_verdict", x509_verdict, x509_verdict::seeds),
    target("session", session, session::seeds),
    target("differential", differential, differential::seeds),
    target("flow", flow, flow::seeds),
    target("explain", explain, explain::seeds),
    target("authenticator", authenticator, authenticator::seeds),
    target("interrupted", interrupted, interrupted::seeds),
    target("halves", halves, halves::seeds),
    target("revocation", revocation, revocation::seeds),
    target("refusals", refusals, refusals::seeds),
    target("pem", pem, pem::seeds),
    target("key_files", key_files, key_files::seeds),
    target("embedding", embedding, embedding::seeds),
    target("sessions", sessions, sessions::seeds),
];
