//! The state machine over real transports. Each adapter is a feature of the crate; none is on by default.
//!
//! * [`Config`]: our identities, our trust, the policy and the deadlines, shared by all adapters.
//! * `stream`: blocking, over `std::net::TcpStream` and other types that read and write.
//! * `tokio`: asynchronous, over tokio's `AsyncRead` and `AsyncWrite`.
//! * `quinn`: QUIC, over `quinn_proto`, and so over quinn.
//! * `Metrics`: counters of all connections of the adapters for streams.
//! * `Reauthentication`: proves identities again inside a live connection of either adapter for streams. `Frames`
//!   carry its messages in programs without a framing of their own.
//! * [`Failure`]: the contents of each `io::Error` that is not the transport's own, and why a QUIC handshake failed.
//!
//! ```no_run
//! # #[cfg(feature = "stream")]
//! # fn main() -> std::io::Result<()> {
//! use countersign::adapters::{Config, stream::Connector};
//! use std::{io::Write, net::TcpStream};
//!
//! let connector = Connector::new(Config::from_pem_files("client.pem", "client-key.pem", "ca.pem")?);
//! let mut stream = connector.connect("api.internal", TcpStream::connect("api.internal:4433")?)?;
//! stream.write_all(b"hello")?;
//! stream.close()
//! # }
//! # #[cfg(not(feature = "stream"))]
//! # fn main() {}
//! ```

#[cfg(any(feature = "stream", feature = "tokio"))]
mod allowance;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod basis;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod broken;
mod config;
mod failure;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod frames;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod handshaking;
mod key_log;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod metrics;
#[cfg(feature = "quinn")]
pub mod quinn;
#[cfg(any(feature = "stream", feature = "tokio"))]
mod reauthentication;
#[cfg(feature = "stream")]
pub mod stream;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use config::{Config, KeyLog};
pub use failure::{BoxError, Failure};
#[cfg(any(feature = "stream", feature = "tokio"))]
pub use frames::{Frame, Frames};
#[cfg(any(feature = "stream", feature = "tokio"))]
pub use metrics::{Metrics, Outcome, VerdictTimes};
#[cfg(any(feature = "stream", feature = "tokio"))]
pub use reauthentication::{Reauthenticated, Reauthentication};
