//! Mutual TLS for quinn's QUIC (feature `quinn`; RFC 9001): [`QuicClientConfig`] and [`QuicServerConfig`] are what
//! `quinn_proto` and `quinn` take as their cryptography.
//!
//! ```no_run
//! use countersign::adapters::Config;
//! use countersign::adapters::quinn::{QuicClientConfig, QuicServerConfig, ResetKey, TokenKey, endpoint_config, quinn_proto};
//! use countersign::{Policy, x509::Expect};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new().alpn(&[b"echo"]); // QUIC needs an application protocol
//! let config = Config::from_pem_files("server.pem", "server.key", "ca.pem")?.policy(policy);
//!
//! let crypto = QuicServerConfig::new(config.clone(), [Expect::AnyTrusted])?
//!     .on_failure(|failure| eprintln!("{failure}"));
//! let server = quinn_proto::ServerConfig::new(Arc::new(crypto), Arc::new(TokenKey::random()?));
//! let client = quinn_proto::ClientConfig::new(Arc::new(QuicClientConfig::new(config)?));
//! let endpoint = endpoint_config(ResetKey::random()?);
//! # let _ = (server, client, endpoint);
//! # Ok(())
//! # }
//! ```
//!
//! **Who it is.** `Connection::peer_identity()` holds an [`Accepted`](crate::x509::Accepted), from the moment at which the
//! peer has proved itself and was accepted; `handshake_data()` holds a [`HandshakeData`].
//!
//! **What the peer is told.** A CONNECTION_CLOSE with the alert's code and name, and nothing else: quinn gives its reason
//! to both ends, so that ours is not in it. Our reasons go to [`on_failure`](QuicServerConfig::on_failure), and
//! [`alert`] reads what a peer has told us.
//!
//! **When data flows.** A client's may go out as soon as it has accepted the server and signed; the server has not judged
//! it then. A server's, 0.5-RTT included, goes out only after it has accepted the client: so whatever comes from a server
//! of this crate says that we are accepted. There is no 0-RTT and no resumption.
//!
//! **What quinn cannot wait for.** It asks for an answer at once, and on its own task. So an identity whose key is elsewhere
//! ([`Identity::external`](crate::x509::Identity::external)) cannot sign here, and there is no second opinion on a peer.
//! There is no timer here either: `max_idle_timeout` of quinn's `TransportConfig` ends a silent handshake; put a timeout
//! around a connecting peer that is not silent. [`Config`](super::Config)'s deadlines do nothing here.
//!
//! **Versions.** Only QUIC version 1 (RFC 9000) is spoken. This feature follows quinn-proto 0.11, which it re-exports,
//! and is exempt from this crate's promise of stability.

mod config;
mod host_keys;
mod keys;
mod session;
mod shared;

pub use config::{QuicClientConfig, QuicServerConfig};
pub use host_keys::{ResetKey, TokenKey, endpoint_config};
pub use quinn_proto;
pub use session::{HandshakeData, alert};
pub use shared::NoAlpn;
