//! Mutual TLS over a blocking transport (feature `stream`): [`Connector`] and [`Acceptor`] make a [`Stream`], which reads,
//! writes and closes as a `TcpStream` does.
//!
//! ```no_run
//! use countersign::{adapters::{Config, stream::Acceptor}, x509::Expect};
//! use std::{io, net::TcpListener};
//!
//! # fn main() -> io::Result<()> {
//! let config = Config::from_pem_files("server.pem", "server-key.pem", "ca.pem")?;
//! let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
//! for tcp in TcpListener::bind("[::]:4433")?.incoming() {
//!     let (acceptor, tcp) = (acceptor.clone(), tcp?);
//!     std::thread::spawn(move || -> io::Result<()> {
//!         let mut stream = acceptor.accept(tcp)?;
//!         println!("{}", stream.peer());
//!         stream.echo()
//! #       ;Ok(())
//!     });
//! }
//! # Ok(())
//! # }
//! # trait Echo { fn echo(&mut self) {} }
//! # impl<S> Echo for S {}
//! ```

mod connect;
mod link;
mod transport;

pub use connect::{Acceptor, Connector, Hello};
pub use transport::{Timeouts, Transport, Untimed};

use super::basis::Basis;
use super::failure::Failure;
use super::handshaking::Established;
use super::metrics::{KeyUpdates, Way};
use super::reauthentication::Reauthentication;
use crate::x509::{Accepted, Lease};
use crate::{ErrorKind, Event, Exporter, Inbox, Misuse, Outbox, Session, SessionInfo, State};
use core::fmt;
use link::{Link, is_timeout};
use std::io::{self, BufRead, Read, Write};
use std::time::{Duration, Instant};
use std::vec::Vec;

/// A mutual TLS connection over a blocking transport.
///
/// A read returns the data of the peer. `Ok(0)` means that the peer has sent close_notify; an end without it is
/// `UnexpectedEof`. Each write is sealed and handed to the transport at once: nothing waits for `flush`. Timeouts of
/// the transport ([`get_ref`](Self::get_ref)) apply to each call. After `WouldBlock` or `TimedOut` the connection can be
/// used again. The transport must block: the `WouldBlock` of a non-blocking one is treated as an expired deadline.
///
/// A read may write: pending bytes, and the answer to a KeyUpdate of the peer, are sent first. So a peer that asks for
/// KeyUpdates and reads nothing can block a read until the write timeout of the transport. Set one, or use the adapter
/// for tokio, where a read never waits for a write.
///
/// Call [`close`](Self::close) at the end. Dropping the stream sends nothing, and for the peer this looks like an
/// attack on the transport.
pub struct Stream<S> {
    link: Link<S>,
    session: Session,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    basis: Basis,
    key_updates: [KeyUpdates; 2],
}

/// The parts of a [`Stream`], for programs that continue with the session itself.
pub struct Parts<S> {
    /// The transport.
    pub io: S,
    /// The session; its [`info`](Session::info) knows the peer.
    pub session: Session,
    /// Received bytes that have not been read yet.
    pub rx: Inbox<Vec<u8>>,
    /// Bytes to be sent.
    pub tx: Outbox<Vec<u8>>,
}

impl<S: Transport> Stream<S> {
    fn new(established: Established, link: Link<S>) -> Stream<S> {
        let Established { session, basis, rx, tx } = established;
        let key_updates = [Way::Sent, Way::Received].map(|way| KeyUpdates::new(basis.config.metrics.clone(), way));
        let mut stream = Stream { link, session, rx, tx, basis, key_updates };
        stream.count_key_updates();
        stream
    }

    /// The identity that the peer has proved in the handshake.
    pub fn peer(&self) -> &Accepted {
        self.basis.peer()
    }

    /// The lease of the peer, from the handshake or a later proof. It can be judged again during the connection.
    pub fn lease(&self) -> Lease {
        self.basis.lease()
    }

    /// Proves identities again inside this connection (RFC 9261). All calls return the same object.
    ///
    /// # Errors
    /// `InvalidInput` if the connection had failed before the first call. `Other` if the system has no randomness.
    pub fn reauthentication(&self) -> io::Result<Reauthentication> {
        self.basis.reauthentication(self.session.info(), self.session.exporter())
    }

    /// The negotiated parameters, and the time of the handshake.
    pub fn info(&self) -> &SessionInfo {
        self.session.info()
    }

    /// The transport. Do not read or write it: this breaks the connection.
    pub fn get_ref(&self) -> &S {
        &self.link.io
    }

    /// Derives keys for other uses.
    pub fn exporter(&self) -> &Exporter {
        self.session.exporter()
    }

    /// Takes the stream apart.
    pub fn into_parts(self) -> Parts<S> {
        Parts { io: self.link.io, session: self.session, rx: self.rx, tx: self.tx }
    }

    /// Waits until we know that the peer has accepted us. A server knows it from the start. A client asks the server to
    /// confirm it; if the server has refused us, its alert is the error.
    ///
    /// # Errors
    /// `ResourceBusy`: data that came before the confirmation must be read first. Otherwise those of a read.
    pub fn confirmed(&mut self) -> io::Result<()> {
        if self.session.is_confirmed() {
            return Ok(());
        }
        self.link.write_all(&mut self.tx)?;
        match self.session.confirm(&mut self.tx) {
            // After our close or a failure we cannot ask, but what comes may tell.
            Ok(()) | Err(Misuse::Closed) => {}
            Err(misuse) => return Err(Failure::from(misuse).into()),
        }
        while !self.session.is_confirmed() {
            match self.receive()? {
                Event::Read => self.exchange()?,
                Event::Data if !self.session.is_confirmed() => return Err(io::ErrorKind::ResourceBusy.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends close_notify: we write no more. Reading continues.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn shutdown_write(&mut self) -> io::Result<()> {
        self.session.close(&mut self.tx).map_err(Failure::from)?;
        self.link.write_all(&mut self.tx)?;
        self.check_broken()?;
        self.link.io.shutdown_write()
    }

    /// Closes: sends close_notify, and waits for that of the peer, but not longer than the close deadline. Unread data of
    /// the peer is dropped. The wait protects our last data: TCP would reset a connection that is dropped with unread
    /// bytes, and the peer would lose this data.
    ///
    /// # Errors
    /// The peer's alert, if it sends one. `TimedOut`: the peer did not take our data in time, or we are a client and do not
    /// know whether the server has accepted us. If a peer has accepted us and does not close, that is not an error.
    pub fn close(&mut self) -> io::Result<()> {
        let deadline = Instant::now().checked_add(self.basis.config.close_deadline);
        let before = self.link.io.timeouts()?;
        let outcome = self.close_until(deadline);
        let _ = self.link.io.set_timeouts(before);
        match outcome {
            Err(error) if is_timeout(&error) => Err(Failure::TimedOut(State::Connected).into()),
            outcome => outcome,
        }
    }

    fn close_until(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        self.session.close(&mut self.tx).map_err(Failure::from)?;
        let mut ended = false;
        while !self.tx.pending().is_empty() && self.link.broken.is_none() {
            match self.link.write_until(&mut self.tx, turn(deadline)) {
                // The peer may want to send its data before it takes ours.
                Err(error) if is_timeout(&error) && !is_over(deadline) => {
                    ended = ended || self.read_on(turn(deadline))?;
                }
                written => written?,
            }
        }
        self.link.write_until(&mut self.tx, deadline)?; // which flushes
        let _ = self.link.io.shutdown_write(); // the peer may have closed already
        while !ended {
            if is_over(deadline) {
                self.all_sent()?;
                // The peer knows that we have closed, and need not send anything.
                return if self.session.is_confirmed() { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) };
            }
            ended = self.read_on(deadline)?;
        }
        self.all_sent()
    }

    /// Reads until `deadline` and drops the data. Returns whether the peer has ended.
    fn read_on(&mut self, deadline: Option<Instant>) -> io::Result<bool> {
        loop {
            match self.receive() {
                Ok(Event::Data) => self.rx.consume(self.rx.data().len()),
                Ok(Event::Closed) => return Ok(true),
                Ok(Event::Read) => {
                    if !self.link.wait_until(deadline)? {
                        return Ok(false);
                    }
                    match self.link.fill(&mut self.rx) {
                        Err(error) if is_timeout(&error) => return Ok(false),
                        filled => filled?,
                    }
                }
                Ok(_) => {}
                Err(error) if is_truncated(&error) => return Ok(true), // the answer to our close_notify may be none
                Err(error) => return Err(error),
            }
        }
    }

    /// For metrics.
    fn count_key_updates(&mut self) {
        let counters = self.session.counters();
        let [sent, received] = &mut self.key_updates;
        sent.note(counters.sent.generation);
        received.note(counters.received.generation);
    }

    /// What has come. A fatal error has been sent to the peer as an alert.
    fn receive(&mut self) -> io::Result<Event> {
        self.count_key_updates();
        loop {
            match self.session.receive(&mut self.rx, &mut self.tx) {
                Ok(event) => return Ok(event),
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
                    _ => {
                        self.link.linger(&mut self.tx, self.basis.config.close_deadline);
                        return Err(Failure::Failed(error).into());
                    }
                },
            }
        }
    }

    /// Sends owed messages, and reads once. If the peer takes nothing, we read nevertheless, after the timeout of the
    /// transport.
    fn exchange(&mut self) -> io::Result<()> {
        // A program that only reads answers here, but not while bytes are pending: later, one answer is enough for several
        // requests.
        if self.tx.is_empty() {
            let _ = self.session.answer_key_update(&mut self.tx); // the outbox is ours, and empty
        }
        let _ = self.link.write_all(&mut self.tx);
        self.link.fill(&mut self.rx)
    }

    /// Why nothing more can be written: the peer's alert, or else the error of the transport.
    /// Our data may not have left, so this is not an orderly end.
    fn all_sent(&self) -> io::Result<()> {
        self.link.broken.as_ref().map_or(Ok(()), |broken| Err(broken.error()))
    }

    fn check_broken(&mut self) -> io::Result<()> {
        let Some(broken) = self.link.broken.clone() else { return Ok(()) };
        let deadline = Instant::now().checked_add(self.basis.config.close_deadline);
        let before = self.link.io.timeouts().unwrap_or_default();
        let said = self.read_why(deadline);
        let _ = self.link.io.set_timeouts(before);
        Err(said.unwrap_or_else(|| broken.error()))
    }

    /// The error that the peer reports, if it comes before any data.
    fn read_why(&mut self, deadline: Option<Instant>) -> Option<io::Error> {
        loop {
            match self.receive() {
                Ok(Event::Read) => {
                    if !self.link.wait_until(deadline).ok()? {
                        return None;
                    }
                    self.link.fill(&mut self.rx).ok()?;
                }
                Ok(Event::Data | Event::Closed) => return None,
                Ok(_) => {}
                Err(error) if is_truncated(&error) => return None,
                Err(error) => return Some(error),
            }
        }
    }
}

/// How long one direction is tried before it is the turn of the other.
const TURN: Duration = Duration::from_millis(20);

fn turn(deadline: Option<Instant>) -> Option<Instant> {
    let turn = Instant::now().checked_add(TURN);
    deadline.map_or(turn, |deadline| turn.map(|turn| turn.min(deadline)))
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

fn is_truncated(error: &io::Error) -> bool {
    let error = Failure::inside(error).and_then(Failure::error);
    error.is_some_and(|error| error.kind() == ErrorKind::Truncated)
}

/// The peer and the negotiated parameters.
impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (peer, info) = (self.basis.peer(), self.session.info());
        f.debug_struct("Stream").field("peer", peer).field("info", info).finish_non_exhaustive()
    }
}

impl<S: Transport> Read for Stream<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<S: Transport> BufRead for Stream<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        loop {
            match self.receive()? {
                Event::Data => return Ok(self.rx.data()),
                Event::Closed => return Ok(&[]),
                Event::Read => self.exchange()?,
                Event::Confirmed | Event::Owed(_) => {}
            }
        }
    }

    fn consume(&mut self, amount: usize) {
        self.rx.consume(amount);
    }
}

impl<S: Transport> Write for Stream<S> {
    /// Seals and sends. After an error nothing of `buf` was taken.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.check_broken()?;
        let taken = loop {
            match self.session.write(buf, &mut self.tx) {
                Ok(0) if !buf.is_empty() => self.link.write_all(&mut self.tx)?,
                Ok(n) => break n,
                Err(Misuse::NoRoom { needed }) if self.tx.is_empty() => self.tx.grow(needed),
                Err(Misuse::NoRoom { .. }) => self.link.write_all(&mut self.tx)?,
                Err(misuse) => return Err(Failure::from(misuse).into()),
            }
            self.check_broken()?;
        };
        self.count_key_updates();
        // Taken data is sent with the next call at the latest.
        let _ = self.link.write_all(&mut self.tx);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.link.write_all(&mut self.tx)?;
        self.link.flush()?;
        self.check_broken()
    }
}
