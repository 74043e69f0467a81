//! Transcript and key schedule (RFC 9846 §4.1, §7). The wrong secret at the wrong time does not compile.
//!
//! [`key_schedule`](self) is drawn as in §7.1: the stages [`Early`], [`Handshake`] and [`Main`] are consumed on the way
//! down; what leaves to the right is a [`HandshakeSecret`] or a [`TrafficSecret`]. The hashes that go in come from one
//! chain, [`Transcript`].

mod certificate_verify;
mod key_schedule;
mod secrets;
mod transcript;

pub use certificate_verify::{PossessionProved, SignedContent};
pub use key_schedule::{Early, Handshake, Main};
pub use secrets::{BadFinished, ExporterSecret, FinishedVerified, HandshakeSecret, Pair, TrafficSecret};
pub use transcript::{OpenTranscript, Transcript, at};
