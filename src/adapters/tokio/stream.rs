//! A connection in one piece.

use super::answers::Answers;
use super::incoming::{Fault, Incoming};
use super::linger::{Linger, Timer};
use super::outgoing::Outgoing;
use super::reauthentication::Reauthentication;
use super::wakers::{Half, Wakers};
use crate::adapters::basis::Basis;
use crate::adapters::failure::Failure;
use crate::adapters::handshaking::Established;
use crate::x509::{Accepted, Lease};
use crate::{Exporter, Reply, SessionInfo, State};
use ::tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use core::fmt;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

/// A mutual TLS connection over an asynchronous transport.
///
/// Reading gives what the peer has written; the end says that it has sent close_notify, and an end without it is
/// `UnexpectedEof`. A read never waits for a write. Each write is sealed and handed to the transport at once, in records
/// of at most 16 KiB, those of [`poll_write_vectored`](AsyncWrite::poll_write_vectored) joined.
///
/// Buffers are lent while there is something to do: an idle connection, a pending read included, holds none.
///
/// `tokio::io::split` works, and so does [`into_split`](Self::into_split), whose halves do not wait for each other's
/// cryptography.
pub struct Stream<IO> {
    pub(super) io: IO,
    pub(super) incoming: Incoming,
    pub(super) outgoing: Outgoing,
    pub(super) wakers: Wakers,
    pub(super) facts: Facts,
}

/// What does not change.
pub(super) struct Facts {
    pub(super) basis: Basis,
    pub(super) exporter: Exporter,
    answers: Answers,
}

impl Facts {
    pub(super) fn reauthentication(&self, info: &SessionInfo) -> io::Result<Reauthentication> {
        Ok(Reauthentication::new(self.basis.reauthentication(info, &self.exporter)?, self.answers.clone()))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Stream<IO> {
    pub(super) fn new(established: Established, io: IO, answers: Answers) -> Stream<IO> {
        let Established { session, basis, rx, tx } = established;
        let (sender, receiver, exporter) = session.split();
        let metrics = &basis.config.metrics;
        let (incoming, outgoing) =
            (Incoming::new(receiver, rx, metrics.clone()), Outgoing::new(sender, tx, metrics.clone()));
        let facts = Facts { basis, exporter, answers };
        let mut stream = Stream { io, incoming, outgoing, wakers: Wakers::new(), facts };
        stream.incoming.give_back();
        stream.outgoing.give_back();
        stream
    }

    /// The transport, and what was agreed on.
    pub fn get_ref(&self) -> (&IO, &SessionInfo) {
        (&self.io, self.info())
    }

    /// Who the peer has proved to be in the handshake.
    pub fn peer(&self) -> &Accepted {
        self.facts.basis.peer()
    }

    /// What the peer has proved, in the handshake or since, to be judged again while the connection lives.
    pub fn lease(&self) -> Lease {
        self.facts.basis.lease()
    }

    /// Proves identities again, inside of this connection (RFC 9261). Each call gives the same one.
    ///
    /// # Errors
    /// `Other`: the system gives no randomness.
    pub fn reauthentication(&self) -> io::Result<Reauthentication> {
        self.facts.reauthentication(self.info())
    }

    /// What was agreed on, and when.
    pub fn info(&self) -> &SessionInfo {
        self.incoming.receiver.info()
    }

    /// Derives keys for other uses.
    pub fn exporter(&self) -> &Exporter {
        &self.facts.exporter
    }

    /// Waits until the peer is known to have accepted us. A server knows it from the start; a client asks the server for a
    /// sign of life, once, and reads without taking data. May be dropped and called again.
    ///
    /// # Errors
    /// What the server refused us for. `ResourceBusy`: data that came before the sign of life must be read first.
    pub async fn confirmed(&mut self) -> io::Result<()> {
        if self.incoming.receiver.is_confirmed() {
            return Ok(());
        }
        // Who has closed its side, or has failed, asks nothing; what comes says how it stands.
        if !self.outgoing.is_closed() {
            self.outgoing.confirm()?;
            self.incoming.receiver.expect_key_update();
        }
        poll_fn(|cx| self.poll_in(cx, Incoming::poll_confirmed)).await
    }

    /// Closes: says that we write no more, waits for the peer to say the same, but not longer than the close deadline.
    /// What the peer has written and nobody has read is dropped. Waiting saves what we sent last: TCP would reset a
    /// connection that is dropped with bytes unread, and the peer would lose them.
    ///
    /// # Errors
    /// What the peer said instead: an alert. `TimedOut`: the peer did not take what we sent in time; or we are a client
    /// and do not know whether the server has accepted us. A peer that has accepted us, and does not close, is no error.
    /// A connection that has failed gives its error again, when the peer has had a second at most to take our alert.
    pub async fn close(&mut self) -> io::Result<()> {
        let closed = self.close_in_order().await;
        if self.outgoing.has_sent_alert() {
            let mut linger = Linger::of(&self.facts.basis.config);
            poll_fn(|cx| linger.poll(cx, &mut self.io, &mut self.outgoing.tx)).await;
        }
        closed
    }

    async fn close_in_order(&mut self) -> io::Result<()> {
        let mut timer = Timer::after(self.facts.basis.config.close_deadline);
        let mut told = Poll::Pending;
        poll_fn(|cx| {
            if told.is_pending() {
                told = Pin::new(&mut *self).poll_shutdown(cx);
            }
            // It is read at the same time: a peer may want to be rid of its own before it takes ours. And if we could not
            // tell it anything, it may have said why.
            let ended = self.poll_in(cx, Incoming::poll_end);
            match ended {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // What we sent may not have left: then this is no orderly end.
                Poll::Ready(Ok(())) if told.is_ready() => return core::mem::replace(&mut told, Poll::Pending),
                _ => {}
            }
            ready!(timer.poll(cx));
            match core::mem::replace(&mut told, Poll::Pending) {
                Poll::Ready(Ok(())) if self.incoming.receiver.is_confirmed() => Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Ready(Err(Failure::TimedOut(State::Connected).into())),
            }
        })
        .await
    }

    /// Polls the receiving half; what it finds to be told is told, but never waited for.
    fn poll_in<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Incoming, &mut Context<'_>, &mut IO, &mut Option<Reply>) -> Poll<Result<T, Fault>>,
    ) -> Poll<io::Result<T>> {
        let polled = poll(&mut self.incoming, cx, &mut self.io, &mut self.outgoing.owed);
        let polled = polled.map_err(|fault| match fault {
            Fault::Tls(error) => Failure::Failed(self.outgoing.tell(error)).into(),
            Fault::Transport(error) => error,
        });
        if self.outgoing.has_work() {
            let waker = self.wakers.writing(Half::Read, cx);
            // An error shows when something is written; what the peer says about it comes by reading.
            let _ = self.outgoing.poll_flush(waker, &mut self.io);
        }
        polled
    }
}

/// With whom, and what was agreed on.
impl<IO> fmt::Debug for Stream<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (peer, info) = (self.facts.basis.peer(), self.incoming.receiver.info());
        f.debug_struct("Stream").field("peer", peer).field("info", info).finish_non_exhaustive()
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.get_mut().poll_in(cx, |incoming, cx, io, owed| incoming.poll_read(cx, io, owed, buf))
    }
}

/// Data where it was opened, without a copy.
impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for Stream<IO> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = self.get_mut();
        ready!(stream.poll_in(cx, Incoming::poll_data))?;
        Poll::Ready(Ok(stream.incoming.rx.data()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().incoming.consume(amount);
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Stream { io, outgoing, wakers, .. } = self.get_mut();
        outgoing.poll_write(wakers.writing(Half::Write, cx), io, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Stream { io, outgoing, wakers, .. } = self.get_mut();
        outgoing.poll_flush(wakers.writing(Half::Write, cx), io)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Stream { io, outgoing, wakers, .. } = self.get_mut();
        outgoing.poll_shutdown(wakers.writing(Half::Write, cx), io)
    }
}
