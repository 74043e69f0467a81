//! Transcript and key schedule (RFC 9846 §4.1, §7). Code that uses a wrong secret, or one too early, does not compile.
//!
//! The stages [`Early`], [`Handshake`] and [`Main`] follow the figure in §7.1 from top to bottom, and each step consumes
//! a stage. The secrets at the right of the figure are [`HandshakeSecret`] and [`TrafficSecret`]. The hashes come from
//! [`Transcript`].
//!
//! ```
//! use countersign::internals::codec::NamedGroup;
//! use countersign::internals::crypto::{CryptoMode, HashAlgorithm, KeyExchange};
//! use countersign::internals::schedule::{Early, Transcript, at};
//!
//! let client = KeyExchange::start([NamedGroup::X25519], CryptoMode::Real)?;
//! let [client_share, _] = client.share(NamedGroup::X25519);
//! let (_server_share, shared_secret) =
//!     KeyExchange::respond(NamedGroup::X25519, client_share, CryptoMode::Real)?;
//!
//! let transcript = Transcript::<at::ClientHello>::start(HashAlgorithm::Sha256, b"ClientHello").append(b"ServerHello");
//! let handshake = Early::new(HashAlgorithm::Sha256).handshake(shared_secret);
//! let secrets = handshake.traffic(&transcript.hash());
//! let main = handshake.main();
//! # assert_ne!(secrets.client.expose(), secrets.server.expose());
//! # Ok::<(), countersign::internals::crypto::KxError>(())
//! ```

mod authenticator;
mod certificate_verify;
mod key_schedule;
mod secrets;
mod transcript;

pub(crate) use authenticator::AuthenticatorKeys;
pub use certificate_verify::{PossessionProved, SignedContent};
pub use key_schedule::{Early, Handshake, Main};
pub use secrets::{BadFinished, ExporterSecret, FinishedVerified, HandshakeSecret, Pair, TrafficSecret};
pub use transcript::{OpenTranscript, Transcript, at};
