//! A transport with a clock: calls that end at a deadline, and a lingering close.

use super::transport::{Timeouts, Transport};
use crate::adapters::broken::Broken;
use crate::{Inbox, Outbox};
use std::io;
use std::time::{Duration, Instant};
use std::vec::Vec;

pub(super) struct Link<S> {
    pub(super) io: S,
    /// Why nothing more can be written. An alert of the peer may say more.
    pub(super) broken: Option<Broken>,
    /// Something was written since the last flush, and the transport may still keep it.
    unflushed: bool,
}

impl<S: Transport> Link<S> {
    pub(super) fn new(io: S) -> Link<S> {
        Link { io, broken: None, unflushed: false }
    }

    /// Limits the next call to this deadline. False: it has passed.
    pub(super) fn wait_until(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let Some(deadline) = deadline else { return Ok(true) };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        self.io.set_timeouts(Timeouts { read: Some(left), write: Some(left) })?;
        Ok(true)
    }

    /// Writes once. An error is kept: an alert of the peer may say more.
    pub(super) fn write_once(&mut self, tx: &mut Outbox<Vec<u8>>) -> io::Result<()> {
        let written = if self.broken.is_some() { Ok(0) } else { self.io.write(tx.pending()) };
        self.unflushed = true;
        match written {
            Ok(0) => {
                self.broken.get_or_insert_with(|| Broken::new(io::ErrorKind::WriteZero.into()));
                tx.sent(tx.pending().len()); // nobody will get it
            }
            Ok(n) => tx.sent(n),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(error),
            Err(error) => self.broken = Some(Broken::new(error)),
        }
        Ok(())
    }

    /// Writes all that is pending. Only a timeout is an error here; see [`broken`](Self::broken).
    pub(super) fn write_all(&mut self, tx: &mut Outbox<Vec<u8>>) -> io::Result<()> {
        while !tx.pending().is_empty() {
            self.write_once(tx)?;
        }
        Ok(())
    }

    pub(super) fn is_flushed(&self) -> bool {
        !self.unflushed
    }

    /// Flushes the transport, if there is anything to flush. Only a timeout is an error here.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while self.unflushed {
            match self.io.flush() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if is_timeout(&error) => return Err(error),
                Err(error) => drop(self.broken.get_or_insert(Broken::new(error))),
                Ok(()) => {}
            }
            self.unflushed = false;
        }
        Ok(())
    }

    /// Reads once, perhaps the end of the stream. Flushes the transport before.
    pub(super) fn fill(&mut self, rx: &mut Inbox<Vec<u8>>) -> io::Result<()> {
        self.flush()?;
        let n = self.read_once(rx.space())?;
        rx.filled(n);
        Ok(())
    }

    /// Reads once.
    pub(super) fn read_once(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.io.read(space) {
                Ok(n) => return Ok(n),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(error),
                // The first error says more.
                Err(error) => return Err(self.broken.as_ref().map_or(error, Broken::error)),
            }
        }
    }

    /// Sends pending bytes (an alert), ends the write side, and waits a little for the peer to close.
    /// After a close with unread bytes TCP resets the connection, and the peer would never see the alert.
    /// Without pending bytes there is nothing to wait for.
    pub(super) fn linger(&mut self, tx: &mut Outbox<Vec<u8>>, close_deadline: Duration) {
        if tx.pending().is_empty() {
            return;
        }
        let deadline = Instant::now().checked_add(close_deadline);
        let before = self.io.timeouts().unwrap_or_default();
        if self.write_until(tx, deadline).is_ok() {
            let _ = self.io.shutdown_write();
            let mut unwanted = [0; 4096];
            while let Ok(true) = self.wait_until(deadline) {
                match self.io.read(&mut unwanted) {
                    Ok(0) => break,
                    Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                    _ => {}
                }
            }
        }
        let _ = self.io.set_timeouts(before);
    }

    /// Writes what is pending, until the deadline.
    pub(super) fn write_until(&mut self, tx: &mut Outbox<Vec<u8>>, deadline: Option<Instant>) -> io::Result<()> {
        while !tx.pending().is_empty() && self.broken.is_none() {
            if !self.wait_until(deadline)? {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.write_once(tx)?;
        }
        self.flush()
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}
