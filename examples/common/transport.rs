//! The loop between the state machine and a socket.

use super::key_log::ConnectionKeys;
use super::words::Failure;
use countersign::x509::Answerer;
use countersign::{ErrorKind, Handshake, Inbox, Misuse, Outbox, Policy, Session, Want};
use std::borrow::Borrow;
use std::io::{self, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Memory for one record each way (see docs/GUIDE.md). Flights that are longer are asked for.
pub(crate) const INBOX: usize = 16_645;
pub(crate) const OUTBOX: usize = 16_454;

/// Nobody waits longer for a handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// A peer that takes nothing of what we send for so long is given up.
const SLOW_READER: Duration = Duration::from_secs(30);
/// Nor for a peer to close, once it has been told that we have.
const FAREWELL: Duration = Duration::from_secs(2);

/// A socket and the memory on both sides of it.
pub(crate) struct Link {
    pub(crate) stream: TcpStream,
    pub(crate) rx: Inbox<Vec<u8>>,
    pub(crate) tx: Outbox<Vec<u8>>,
    /// Why nothing more can be sent. What the peer has sent may say more about it: an alert.
    broken: Option<io::Error>,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> Link {
        let _ = stream.set_nodelay(true); // flights are written whole
        let _ = stream.set_write_timeout(Some(SLOW_READER));
        Link { stream, rx: Inbox::new(vec![0; INBOX]), tx: Outbox::new(vec![0; OUTBOX]), broken: None }
    }

    /// The handshake, up to the session. After a failure the peer has been told.
    pub(crate) fn handshake<P: Borrow<Policy>>(
        &mut self,
        hs: &mut Handshake<P>,
        answerer: &mut Answerer,
        keys: &mut ConnectionKeys<'_>,
    ) -> Result<Session, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match hs.drive(&mut self.rx, &mut self.tx) {
                Ok(Want::Write) => self.flush(),
                Ok(Want::Read) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(self.give_up(hs));
                    }
                    let _ = self.stream.set_read_timeout(Some(left));
                    match self.fill() {
                        Ok(()) => {}
                        Err(error) if is_timeout(&error) => return Err(self.give_up(hs)),
                        Err(error) => return Err(Failure::Transport(error, hs.state())),
                    }
                }
                Ok(Want::Done) => {
                    let _ = self.stream.set_read_timeout(None);
                    keys.note(hs);
                    let session = hs.finish()?;
                    keys.note_exporter(hs.client_random(), &session);
                    return Ok(session);
                }
                Ok(question) => {
                    keys.note(hs);
                    match answerer.answer(hs, &question, &self.rx, &mut self.tx) {
                        Ok(_) => {}
                        Err(Misuse::NoRoom { needed }) => grow_outbox(&mut self.tx, needed),
                        Err(misuse) => return Err(misuse.into()),
                    }
                }
                // Not fatal: our memory is too small.
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.grow_inbox(needed),
                    ErrorKind::OutboxTooSmall { needed } => grow_outbox(&mut self.tx, needed),
                    _ => {
                        self.farewell();
                        return Err(Failure::Tls(error));
                    }
                },
            }
        }
    }

    fn give_up<P: Borrow<Policy>>(&mut self, hs: &mut Handshake<P>) -> Failure {
        let state = hs.state();
        let _ = hs.cancel(&mut self.tx); // it is our own outbox
        self.farewell();
        Failure::TooSlow(state)
    }

    /// Sends all that is pending.
    pub(crate) fn flush(&mut self) {
        while !self.tx.pending().is_empty() {
            match self.broken.as_ref().map_or_else(|| self.stream.write(self.tx.pending()), |_| Ok(0)) {
                // Nobody will get it. What has come before may still be read.
                Ok(0) => self.tx.sent(self.tx.pending().len()),
                Ok(n) => self.tx.sent(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.broken = Some(error),
            }
        }
    }

    /// Reads once; the end of the stream included.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        loop {
            match self.stream.read(self.rx.space()) {
                Ok(n) => {
                    self.rx.filled(n);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What broke first says more.
                Err(error) => return Err(self.broken.take().unwrap_or(error)),
            }
        }
    }

    /// Reads once, but waits no longer than this; `false`: nothing has come.
    pub(crate) fn fill_within(&mut self, patience: Duration) -> io::Result<bool> {
        // After a failed write one more look is taken: the peer may have said why.
        let broken = self.broken.is_some();
        self.stream.set_read_timeout(Some(if broken { FAREWELL } else { patience }))?;
        match self.fill() {
            Ok(()) => Ok(true),
            Err(error) if is_timeout(&error) && !broken => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Why nothing more can be sent, if so.
    pub(crate) fn take_broken(&mut self) -> Option<io::Error> {
        self.broken.take()
    }

    /// Sends what is pending (the alert, close_notify), says that nothing more will come, and waits a little for the
    /// peer to close. Closing with bytes unread makes the transport reset the connection, and the peer would never see
    /// the alert.
    pub(crate) fn farewell(&mut self) {
        let until = Instant::now() + FAREWELL;
        let _ = self.stream.set_write_timeout(Some(FAREWELL));
        self.flush();
        farewell(&self.stream, until);
    }

    pub(crate) fn grow_inbox(&mut self, needed: usize) {
        grow_inbox(&mut self.rx, needed);
    }
}

/// Shuts the write side and drains the read side.
pub(crate) fn farewell(mut stream: &TcpStream, until: Instant) {
    let _ = stream.shutdown(Shutdown::Write);
    let mut unwanted = [0; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut unwanted) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Moves to memory of the size that is needed. What lies in the old one moves along.
pub(crate) fn grow_inbox(rx: &mut Inbox<Vec<u8>>, needed: usize) {
    let old = mem::replace(rx, Inbox::new(Vec::new()));
    *rx = old.move_into(vec![0; needed]).unwrap_or_else(|(old, _)| old);
}

pub(crate) fn grow_outbox(tx: &mut Outbox<Vec<u8>>, needed: usize) {
    let old = mem::replace(tx, Outbox::new(Vec::new()));
    *tx = old.move_into(vec![0; needed]).unwrap_or_else(|(old, _)| old);
}
