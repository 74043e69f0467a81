//! Mutual TLS over tokio's transports (feature `tokio`): [`Connector`] and [`Acceptor`] make a [`Stream`], which is
//! `AsyncRead`, `AsyncBufRead` and `AsyncWrite`.
//!
//! ```no_run
//! use countersign::{adapters::{Config, tokio::Acceptor}, x509::Expect};
//! # use std::io;
//! # use tokio::io::{AsyncRead, AsyncWrite};
//! # fn spawn<T>(_: impl Future<Output = T>) {}
//! # async fn serve(_: impl AsyncRead + AsyncWrite) {}
//! # async fn run<IO: AsyncRead + AsyncWrite + Unpin>(listener: impl AsyncFn() -> io::Result<IO>) -> io::Result<()> {
//! let config = Config::from_pem_files("server.pem", "server-key.pem", "ca.pem")?;
//! let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
//! loop {
//!     let connecting = acceptor.accept(listener().await?); // the deadline of the handshake begins
//!     spawn(async move {
//!         let stream = connecting.await?;
//!         println!("{}", stream.peer());
//!         serve(stream).await;
//!         io::Result::Ok(())
//!     });
//! }
//! # }
//! ```
//!
//! **Dropping.** Dropping a [`Connecting`] ends the connection. Dropping a [`Stream`] sends nothing to the peer: call
//! [`Stream::close`]. `drop` never blocks. **Timers.** The deadlines of [`Config`](super::Config) need a runtime
//! with time enabled. Without a handshake deadline no handshake uses a timer.

mod answers;
mod attempt;
mod connect;
mod frames;
mod halves;
mod incoming;
mod linger;
mod memory;
mod outgoing;
mod reauthentication;
mod stream;
mod wakers;

pub use answers::{Judge, Signer};
pub use connect::{Acceptor, Connecting, Connector, Hello, Receiving};
pub use halves::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};
pub use reauthentication::Reauthentication;
pub use stream::Stream;
