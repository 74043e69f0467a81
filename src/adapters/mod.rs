//! The machine over real transports, as features of the crate: none is on by default.
//!
//! * [`Config`]: who we are, whom we trust, what may be spoken, how long anything may take; shared by all adapters.
//! * [`stream`]: blocking, over `std::net::TcpStream` and anything else that reads and writes.
//! * [`Failure`]: what is inside of each `io::Error` that is not the transport's own.
//!
//! ```no_run
//! use countersign::adapters::{Config, stream::Connector};
//! use std::{io::Write, net::TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! let connector = Connector::new(Config::from_pem_files("client.pem", "client-key.pem", "ca.pem")?);
//! let mut stream = connector.connect("api.internal", TcpStream::connect("api.internal:4433")?)?;
//! stream.write_all(b"hello")?;
//! stream.close()
//! # }
//! ```

mod config;
mod failure;
mod handshaking;
pub mod stream;

pub use config::{Config, KeyLog};
pub use failure::Failure;
pub use handshaking::Info;
