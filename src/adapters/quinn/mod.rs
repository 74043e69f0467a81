//! Mutual TLS for quinn's QUIC (feature `quinn`; RFC 9001): [`QuicClientConfig`] and [`QuicServerConfig`] are the
//! cryptographic configurations for `quinn_proto` and `quinn`.
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
//! **The peer.** `Connection::peer_identity()` is an [`Accepted`](crate::x509::Accepted), after the peer has proved its
//! identity and was accepted. `handshake_data()` is a [`HandshakeData`].
//!
//! **What the peer is told.** It gets a CONNECTION_CLOSE with the alert's code and name, and nothing else. quinn shows its
//! reason to both ends, so our reason is not in it. Our reasons go to [`on_failure`](QuicServerConfig::on_failure), and
//! [`alert`] reads the alert of a peer.
//!
//! **When data flows.** A client may send data as soon as it has accepted the server and signed; the server has not judged
//! it then. A server sends data, even 0.5-RTT data, only after it has accepted the client. So data from a server of this
//! crate means that it has accepted us. There is no 0-RTT and no resumption.
//!
//! **No waiting.** quinn needs each answer at once, on its own task. So an identity with an external key
//! ([`Identity::external`](crate::x509::Identity::external)) cannot sign here, and there is no judge.
//! There is no timer either. `max_idle_timeout` of quinn's `TransportConfig` ends a silent handshake; use your own
//! timeout for a connecting peer that is not silent. The deadlines of [`Config`](super::Config) have no effect here.
//!
//! **Versions.** Only QUIC version 1 (RFC 9000) is supported. This feature follows quinn-proto 0.11, which it re-exports,
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
