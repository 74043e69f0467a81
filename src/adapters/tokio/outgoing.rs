//! The sending half of a connection: it seals data and writes it to the transport.

use super::memory;
use crate::adapters::broken::Broken;
use crate::adapters::failure::Failure;
use crate::adapters::handshaking::OUTBOX;
use crate::adapters::metrics::{KeyUpdates, Metrics, Way};
use crate::{Alert, Error, Misuse, Outbox, Reply, Sender};
use ::tokio::io::AsyncWrite;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, IoSlice};
use std::{sync::Arc, vec::Vec};

/// One write takes at most one record.
const MOST: usize = 1 << 14;

pub(super) struct Outgoing {
    pub(super) sender: Sender,
    pub(super) tx: Outbox<Vec<u8>>,
    /// The peer's last KeyUpdate, if it has not been answered. One answer is enough for several (RFC 9846 §4.7.3).
    pub(super) owed: Option<Reply>,
    /// How the connection failed, once the peer has been told.
    told: Option<Error>,
    /// Something was written to the transport since its last flush.
    unflushed: bool,
    /// An owed message has been sealed, and not yet flushed.
    urgent: bool,
    /// The last write was pending.
    blocked: bool,
    /// Why nothing more can be written.
    broken: Option<Broken>,
    key_updates: KeyUpdates,
}

impl Outgoing {
    pub(super) fn new(sender: Sender, tx: Outbox<Vec<u8>>, metrics: Option<Arc<Metrics>>) -> Outgoing {
        let mut key_updates = KeyUpdates::new(metrics, Way::Sent);
        key_updates.note(sender.counters().generation);
        Outgoing {
            sender,
            tx,
            owed: None,
            told: None,
            unflushed: false,
            urgent: false,
            blocked: false,
            broken: None,
            key_updates,
        }
    }

    /// Returns the memory, if nothing is in it.
    pub(super) fn give_back(&mut self) {
        memory::take_back_outbox(&mut self.tx, OUTBOX);
    }

    /// Whether there is anything to write without new data.
    pub(super) fn has_work(&self) -> bool {
        self.urgent || self.owed.is_some() || !self.tx.pending().is_empty()
    }

    /// Whether the peer waits for bytes that may still be in the buffers of the transport.
    pub(super) fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Seals the alert of an error, and returns the error to report: the same each time.
    pub(super) fn tell(&mut self, error: Error) -> Error {
        let told = match self.told {
            Some(told) => told,
            None => {
                memory::lend_outbox(&mut self.tx, OUTBOX);
                self.urgent = true;
                self.sender.alert(&error, &mut self.tx).unwrap_or(error) // it is our own outbox
            }
        };
        self.told = Some(told);
        told
    }

    /// Whether the connection has failed, and we have sent an alert.
    pub(super) fn has_sent_alert(&self) -> bool {
        self.told.is_some_and(|error| matches!(error.alert(), Some(Alert::Sent(_))))
    }

    /// Seals what is owed. False: pending bytes must be written first.
    fn pay(&mut self) -> bool {
        let Some(reply) = &self.owed else { return true };
        // Not while bytes are pending: later, one answer is enough for all requests that come in the meantime.
        if !self.tx.is_empty() {
            return false;
        }
        memory::lend_outbox(&mut self.tx, OUTBOX);
        if let Err(Misuse::NoRoom { needed }) = self.sender.reply(reply, &mut self.tx) {
            self.tx.grow(needed);
            let _ = self.sender.reply(reply, &mut self.tx); // it has the room that it wanted
        }
        // After any other refusal nothing is owed any more: we have closed, or the last key is in use.
        self.owed = None;
        self.urgent = true;
        true
    }

    /// Writes everything that is pending and owed. While this is pending, the waker wakes the tasks that want to write.
    fn poll_drain<IO: AsyncWrite + Unpin>(&mut self, waker: &Waker, io: &mut IO) -> Poll<io::Result<()>> {
        let drained = self.poll_drain_now(waker, io);
        self.key_updates.note(self.sender.counters().generation);
        // The transport does not wake a task that waits until the bytes of the other half have gone.
        if core::mem::replace(&mut self.blocked, drained.is_pending()) && drained.is_ready() {
            waker.wake_by_ref();
        }
        drained
    }

    fn poll_drain_now<IO: AsyncWrite + Unpin>(&mut self, waker: &Waker, io: &mut IO) -> Poll<io::Result<()>> {
        let cx = &mut Context::from_waker(waker);
        loop {
            let paid = self.pay();
            while !self.tx.pending().is_empty() {
                if let Some(broken) = &self.broken {
                    self.tx.sent(self.tx.pending().len()); // nobody will get it
                    return Poll::Ready(Err(broken.error()));
                }
                match ready!(Pin::new(&mut *io).poll_write(cx, self.tx.pending())) {
                    Ok(0) => return Poll::Ready(Err(self.breaks(io::ErrorKind::WriteZero.into()))),
                    Ok(n) => self.tx.sent(n),
                    Err(error) => return Poll::Ready(Err(self.breaks(error))),
                }
                self.unflushed = true;
            }
            if paid {
                break;
            }
        }
        self.give_back();
        Poll::Ready(Ok(()))
    }

    fn breaks(&mut self, error: io::Error) -> io::Error {
        let broken = self.broken.insert(Broken::new(error)).error();
        self.tx.sent(self.tx.pending().len());
        self.urgent = false;
        self.give_back();
        broken
    }

    /// Seals data and writes it to the transport, as far as this accepts it at once.
    pub(super) fn poll_write<IO: AsyncWrite + Unpin>(
        &mut self,
        waker: &Waker,
        io: &mut IO,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(waker, io))?;
        self.check_broken()?;
        let mut filled = bufs.iter().filter(|buf| !buf.is_empty());
        let taken = match (filled.next(), filled.next()) {
            (None, _) => return Poll::Ready(Ok(0)),
            (Some(one), None) => self.seal(one)?,
            // Several buffers go into one record.
            _ => {
                let mut joined =
                    Vec::with_capacity(MOST.min(bufs.iter().fold(0, |len, buf| buf.len().saturating_add(len))));
                for buf in bufs {
                    let room = MOST.saturating_sub(joined.len());
                    joined.extend(buf.iter().take(room));
                }
                self.seal(&joined)?
            }
        };
        // The next call writes the rest, and reports an error.
        let _ = self.poll_drain(waker, io);
        Poll::Ready(Ok(taken))
    }

    fn seal(&mut self, data: &[u8]) -> io::Result<usize> {
        match self.with_room(|sender, tx| sender.write(data, tx))? {
            0 => Err(io::ErrorKind::WriteZero.into()), // the outbox was empty
            n => Ok(n),
        }
    }

    /// Runs it with enough memory, which is returned if it is refused.
    fn with_room<T>(
        &mut self,
        mut write: impl FnMut(&mut Sender, &mut Outbox<Vec<u8>>) -> Result<T, Misuse>,
    ) -> io::Result<T> {
        memory::lend_outbox(&mut self.tx, OUTBOX);
        loop {
            match write(&mut self.sender, &mut self.tx) {
                Ok(written) => return Ok(written),
                Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
                Err(misuse) => {
                    self.give_back();
                    return Err(Failure::from(misuse).into());
                }
            }
        }
    }

    /// Whether we send nothing more.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Asks the peer to confirm that it has accepted us.
    pub(super) fn confirm(&mut self) -> io::Result<()> {
        self.with_room(|sender, tx| sender.confirm(tx))
    }

    /// Writes and flushes everything.
    pub(super) fn poll_flush<IO: AsyncWrite + Unpin>(&mut self, waker: &Waker, io: &mut IO) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(waker, io))?;
        if self.unflushed {
            ready!(Pin::new(io).poll_flush(&mut Context::from_waker(waker)))?;
            self.unflushed = false;
        }
        self.urgent = false;
        Poll::Ready(self.check_broken())
    }

    fn check_broken(&self) -> io::Result<()> {
        self.broken.as_ref().map_or(Ok(()), |broken| Err(broken.error()))
    }

    /// Sends close_notify, and ends the write side of the transport.
    pub(super) fn poll_shutdown<IO: AsyncWrite + Unpin>(&mut self, waker: &Waker, io: &mut IO) -> Poll<io::Result<()>> {
        if !self.sender.is_closed() {
            self.with_room(|sender, tx| sender.close(tx))?;
        }
        ready!(self.poll_drain(waker, io))?;
        // This half reports the failure each time, whichever half found it.
        self.check_broken()?;
        match ready!(Pin::new(io).poll_shutdown(&mut Context::from_waker(waker))) {
            // All our data has left, and the peer has closed already.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            shut => Poll::Ready(shut),
        }
    }
}
