//! The receiving half of a connection: it opens what comes from the transport.

use super::linger::AT_ONCE;
use super::memory;
use crate::adapters::handshaking::INBOX;
use crate::adapters::metrics::{KeyUpdates, Metrics, Way};
use crate::{Error, ErrorKind, Event, Inbox, Receiver, Reply};
use ::tokio::io::{AsyncRead, ReadBuf};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::{io, sync::Arc, vec::Vec};

/// Why nothing more comes.
pub(super) enum Fault {
    /// The error of the transport.
    Transport(io::Error),
    /// The error of the connection: the sending half tells the peer.
    Tls(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Transport(error)
    }
}

pub(super) struct Incoming {
    pub(super) receiver: Receiver,
    pub(super) rx: Inbox<Vec<u8>>,
    key_updates: KeyUpdates,
}

impl Incoming {
    pub(super) fn new(receiver: Receiver, rx: Inbox<Vec<u8>>, metrics: Option<Arc<Metrics>>) -> Incoming {
        Incoming { receiver, rx, key_updates: KeyUpdates::new(metrics, Way::Received) }
    }

    /// Returns the memory, if nothing is in it.
    pub(super) fn give_back(&mut self) {
        memory::take_back_inbox(&mut self.rx, INBOX);
    }

    /// The next event for the reader: data, the end, or, once, our confirmation. `owed` records what the sending half must
    /// send to the peer. While this is pending, no memory is held, unless it has part of a record.
    pub(super) fn poll_event<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
    ) -> Poll<Result<Event, Fault>> {
        memory::lend_inbox(&mut self.rx, INBOX);
        let polled = self.poll_with_memory(cx, io, owed);
        if !matches!(polled, Poll::Ready(Ok(Event::Data))) {
            self.give_back();
        }
        polled
    }

    fn poll_with_memory<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
    ) -> Poll<Result<Event, Fault>> {
        loop {
            match self.receiver.receive(&mut self.rx) {
                Ok(Event::Owed(reply)) => {
                    *owed = Some(reply); // it stands for those before it
                    self.key_updates.note(self.receiver.counters().generation);
                }
                Ok(Event::Read) => {
                    let mut space = ReadBuf::new(self.rx.space());
                    ready!(Pin::new(&mut *io).poll_read(cx, &mut space))?;
                    let n = space.filled().len();
                    self.rx.filled(n);
                }
                Ok(event) => return Poll::Ready(Ok(event)),
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
                    _ => return Poll::Ready(Err(Fault::Tls(error))),
                },
            }
        }
    }

    /// Polls until application data is in `rx`, or the peer has closed.
    pub(super) fn poll_data<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
    ) -> Poll<Result<(), Fault>> {
        loop {
            match ready!(self.poll_event(cx, io, owed))? {
                Event::Data | Event::Closed => return Poll::Ready(Ok(())),
                Event::Confirmed | Event::Read | Event::Owed(_) => {}
            }
        }
    }

    /// This many bytes of the data have been read.
    pub(super) fn consume(&mut self, n: usize) {
        self.rx.consume(n);
        self.give_back();
    }

    /// Copies application data to `buf`. Nothing is copied if the peer has closed.
    pub(super) fn poll_read<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Fault>> {
        ready!(self.poll_data(cx, io, owed))?;
        let data = self.rx.data();
        let n = data.len().min(buf.remaining());
        buf.put_slice(data.get(..n).unwrap_or_default());
        self.consume(n);
        Poll::Ready(Ok(()))
    }

    /// Reads until we know that the peer has accepted us, and takes no data.
    pub(super) fn poll_confirmed<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
    ) -> Poll<Result<(), Fault>> {
        while !self.receiver.is_confirmed() {
            match ready!(self.poll_event(cx, io, owed))? {
                Event::Data if !self.receiver.is_confirmed() => {
                    return Poll::Ready(Err(io::Error::from(io::ErrorKind::ResourceBusy).into()));
                }
                _ => {}
            }
        }
        // The confirmation may have come already. Anything else that is found here, the next call finds again.
        while let Ok(Event::Owed(reply)) = self.receiver.receive(&mut self.rx) {
            *owed = Some(reply);
        }
        self.give_back();
        Poll::Ready(Ok(()))
    }

    /// Reads to the end, and drops the data.
    pub(super) fn poll_end<IO: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        owed: &mut Option<Reply>,
    ) -> Poll<Result<(), Fault>> {
        for _ in 0..AT_ONCE {
            match ready!(self.poll_event(cx, io, owed)) {
                Ok(Event::Closed) => return Poll::Ready(Ok(())),
                Ok(Event::Data) => self.rx.consume(self.rx.data().len()),
                Ok(_) => {}
                // A peer need not answer our close_notify.
                Err(Fault::Tls(error)) if error.kind() == ErrorKind::Truncated => return Poll::Ready(Ok(())),
                Err(fault) => return Poll::Ready(Err(fault)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
