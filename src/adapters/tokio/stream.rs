//! A connection that is not split.

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
/// A read returns the data of the peer. The end means that the peer has sent close_notify; an end without it is
/// `UnexpectedEof`. A read never waits for a write. Each write is sealed and handed to the transport at once, in records
/// of at most 16 KiB. [`poll_write_vectored`](AsyncWrite::poll_write_vectored) joins its buffers in one record.
///
/// A connection has buffers only while it needs them: an idle one has none, even if a read is pending.
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

/// The parts that do not change.
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

    /// The transport, and the negotiated parameters.
    pub fn get_ref(&self) -> (&IO, &SessionInfo) {
        (&self.io, self.info())
    }

    /// The identity that the peer has proved in the handshake.
    pub fn peer(&self) -> &Accepted {
        self.facts.basis.peer()
    }

    /// The lease of the peer, from the handshake or a later proof. It can be judged again during the connection.
    pub fn lease(&self) -> Lease {
        self.facts.basis.lease()
    }

    /// Proves identities again inside this connection (RFC 9261). All calls return the same object.
    ///
    /// # Errors
    /// `Other` if the system has no randomness.
    pub fn reauthentication(&self) -> io::Result<Reauthentication> {
        self.facts.reauthentication(self.info())
    }

    /// The negotiated parameters, and the time of the handshake.
    pub fn info(&self) -> &SessionInfo {
        self.incoming.receiver.info()
    }

    /// Derives keys for other uses.
    pub fn exporter(&self) -> &Exporter {
        &self.facts.exporter
    }

    /// Waits until we know that the peer has accepted us. A server knows it from the start. A client asks the server once
    /// to confirm it, and reads without taking data. May be dropped and called again.
    ///
    /// # Errors
    /// The server's alert, if it has refused us. `ResourceBusy`: data that came before the confirmation must be read first.
    pub async fn confirmed(&mut self) -> io::Result<()> {
        if self.incoming.receiver.is_confirmed() {
            return Ok(());
        }
        // After our close or a failure we cannot ask, but what comes may tell.
        if !self.outgoing.is_closed() {
            self.outgoing.confirm()?;
            self.incoming.receiver.expect_key_update();
        }
        poll_fn(|cx| self.poll_in(cx, Incoming::poll_confirmed)).await
    }

    /// Closes: sends close_notify, and waits for that of the peer, but not longer than the close deadline. Unread data of
    /// the peer is dropped. The wait protects our last data: TCP would reset a connection that is dropped with unread
    /// bytes, and the peer would lose this data.
    ///
    /// # Errors
    /// The peer's alert, if it sends one. `TimedOut`: the peer did not take our data in time, or we are a client and do not
    /// know whether the server has accepted us. If a peer has accepted us and does not close, that is not an error.
    /// A failed connection returns its error again, after the peer has had at most a second to take our alert.
    pub async fn close(&mut self) -> io::Result<()> {
        let closed = self.close_in_order().await;
        if self.outgoing.has_sent_alert() {
            let mut linger = Linger::at_most(self.facts.basis.config.last_words());
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
            // Read at the same time: the peer may want to send its data before it takes ours. And if we could not write, an
            // alert of the peer may say why.
            let ended = self.poll_in(cx, Incoming::poll_end);
            match ended {
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                // Our data may not have left, so this is not an orderly end.
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

    /// Polls the receiving half. What it owes to the peer is sent without waiting.
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
            // A later write reports an error; an alert of the peer about it comes with a read.
            let _ = self.outgoing.poll_flush(waker, &mut self.io);
        }
        polled
    }
}

/// The peer and the negotiated parameters.
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

/// Data in the record in which it was opened, without a copy.
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
