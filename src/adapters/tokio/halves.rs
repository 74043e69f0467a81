//! A connection that is split for two tasks.

use super::incoming::{Fault, Incoming};
use super::outgoing::Outgoing;
use super::reauthentication::Reauthentication;
use super::stream::{Facts, Stream};
use super::wakers::{Half, Wakers};
use crate::adapters::failure::Failure;
use crate::x509::{Accepted, Lease};
use crate::{Error, Reply, SessionInfo};
use ::tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// What the halves share.
struct Shared<IO> {
    /// Locked only during its own poll calls.
    io: Mutex<IO>,
    /// Belongs to the writing half. The reading half uses it while the writing half is not being polled.
    outgoing: Mutex<Outgoing>,
    /// The KeyUpdate that the reading half found, until the half that is polled next answers it.
    owed: Mutex<Option<Reply>>,
    /// The error that the reading half found, until the half that is polled next tells the peer.
    untold: Mutex<Option<Error>>,
    wakers: Wakers,
    facts: Facts,
}

/// The reading half of a [`Stream`].
pub struct OwnedReadHalf<IO> {
    incoming: Incoming,
    /// How the connection failed, as it was reported first.
    failed: Option<Error>,
    shared: Arc<Shared<IO>>,
}

/// The writing half of a [`Stream`]. Shut it down to send close_notify; dropping it sends nothing.
pub struct OwnedWriteHalf<IO> {
    info: SessionInfo,
    shared: Arc<Shared<IO>>,
}

impl<IO> Stream<IO> {
    /// Splits the stream for two tasks. The halves have their own wakers and do not wait for each other's cryptography.
    pub fn into_split(self) -> (OwnedReadHalf<IO>, OwnedWriteHalf<IO>) {
        let Stream { io, incoming, outgoing, wakers, facts } = self;
        let info = incoming.receiver.info().clone();
        let (io, outgoing, owed, untold) = (Mutex::new(io), Mutex::new(outgoing), Mutex::new(None), Mutex::new(None));
        let shared = Arc::new(Shared { io, outgoing, owed, untold, wakers, facts });
        (OwnedReadHalf { incoming, failed: None, shared: Arc::clone(&shared) }, OwnedWriteHalf { info, shared })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<IO> Shared<IO> {
    /// Tells the sending half what it owes.
    fn take_over(&self, outgoing: &mut Outgoing) {
        if let Some(reply) = lock(&self.owed).take() {
            outgoing.owed = Some(reply);
        }
        if let Some(error) = lock(&self.untold).take() {
            outgoing.tell(error);
        }
    }

    /// The reading half has found something that the sending half must send.
    fn has_found(&self) -> bool {
        lock(&self.owed).is_some() || lock(&self.untold).is_some()
    }
}

/// The transport, locked for each of its poll calls.
struct Locked<'a, IO>(&'a Mutex<IO>);

impl<IO: AsyncRead + Unpin> AsyncRead for Locked<'_, IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(self.0)).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Locked<'_, IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *lock(self.0)).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(self.0)).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *lock(self.0)).poll_shutdown(cx)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Shared<IO> {
    /// Polls as the writing half. Afterwards it checks whether the reading half has found something in the meantime, or has
    /// sealed an alert just before.
    fn poll_out<T>(
        &self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Outgoing, &core::task::Waker, &mut Locked<'_, IO>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let waker = self.wakers.writing(Half::Write, cx);
        let mut outgoing = lock(&self.outgoing);
        self.take_over(&mut outgoing);
        let polled = poll(&mut outgoing, waker, &mut Locked(&self.io));
        let urgent = polled.is_ready() && outgoing.is_urgent();
        drop(outgoing);
        if urgent || self.has_found() {
            self.tell(Half::Write, cx);
        }
        polled
    }

    /// The error to report. If the writing half is being polled, it will tell the peer, and we do not know whether it can.
    fn told(&self, error: Error) -> Error {
        match self.outgoing.try_lock() {
            Ok(mut outgoing) => outgoing.tell(error),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().tell(error),
            Err(TryLockError::WouldBlock) => {
                *lock(&self.untold) = Some(error);
                error
            }
        }
    }

    /// Sends to the peer what is owed, unless the writing half is being polled: this will check itself.
    fn tell(&self, half: Half, cx: &Context<'_>) {
        loop {
            let mut outgoing = match self.outgoing.try_lock() {
                Ok(outgoing) => outgoing,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            self.take_over(&mut outgoing);
            if outgoing.has_work() {
                let waker = self.wakers.writing(half, cx);
                // A later write reports an error; an alert of the peer about it comes with a read.
                let _ = outgoing.poll_flush(waker, &mut Locked(&self.io));
            }
            drop(outgoing);
            // Check again: something may have been found before the unlocking, when the other half could not lock.
            if !self.has_found() {
                return;
            }
        }
    }
}

impl<IO> OwnedReadHalf<IO> {
    /// The identity that the peer has proved in the handshake.
    pub fn peer(&self) -> &Accepted {
        self.shared.facts.basis.peer()
    }

    /// See [`Stream::lease`].
    pub fn lease(&self) -> Lease {
        self.shared.facts.basis.lease()
    }

    /// See [`Stream::reauthentication`]; both halves return the same object.
    ///
    /// # Errors
    /// The same.
    pub fn reauthentication(&self) -> io::Result<Reauthentication> {
        self.shared.facts.reauthentication(self.info())
    }

    /// The negotiated parameters, and the time of the handshake.
    pub fn info(&self) -> &SessionInfo {
        self.incoming.receiver.info()
    }

    /// Joins the halves again.
    ///
    /// # Errors
    /// If they are not halves of one stream; both are returned.
    #[allow(clippy::result_large_err, reason = "the error is the two halves")]
    pub fn reunite(self, write: OwnedWriteHalf<IO>) -> Result<Stream<IO>, ReuniteError<IO>> {
        if !Arc::ptr_eq(&self.shared, &write.shared) {
            return Err(ReuniteError(self, write));
        }
        let OwnedReadHalf { incoming, failed, shared } = self;
        let OwnedWriteHalf { info, shared: other } = write;
        drop(other);
        match Arc::try_unwrap(shared) {
            Ok(shared) => {
                shared.take_over(&mut lock(&shared.outgoing));
                let Shared { io, outgoing, wakers, facts, .. } = shared;
                let io = io.into_inner().unwrap_or_else(PoisonError::into_inner);
                let outgoing = outgoing.into_inner().unwrap_or_else(PoisonError::into_inner);
                Ok(Stream { io, incoming, outgoing, wakers, facts })
            }
            // There are only two halves, and we had both.
            Err(shared) => {
                let write = OwnedWriteHalf { info, shared: Arc::clone(&shared) };
                Err(ReuniteError(OwnedReadHalf { incoming, failed, shared }, write))
            }
        }
    }
}

impl<IO> OwnedWriteHalf<IO> {
    /// The identity that the peer has proved in the handshake.
    pub fn peer(&self) -> &Accepted {
        self.shared.facts.basis.peer()
    }

    /// See [`Stream::lease`].
    pub fn lease(&self) -> Lease {
        self.shared.facts.basis.lease()
    }

    /// See [`Stream::reauthentication`]; both halves return the same object.
    ///
    /// # Errors
    /// The same.
    pub fn reauthentication(&self) -> io::Result<Reauthentication> {
        self.shared.facts.reauthentication(self.info())
    }

    /// The negotiated parameters, and the time of the handshake.
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }
}

/// Two halves of different streams.
pub struct ReuniteError<IO>(pub OwnedReadHalf<IO>, pub OwnedWriteHalf<IO>);

impl<IO> fmt::Debug for ReuniteError<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError")
    }
}

impl<IO> fmt::Display for ReuniteError<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these halves are not of one stream")
    }
}

impl<IO> std::error::Error for ReuniteError<IO> {}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for OwnedReadHalf<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.get_mut().poll_in(cx, |incoming, cx, io, owed| incoming.poll_read(cx, io, owed, buf))
    }
}

/// Data in the record in which it was opened, without a copy.
impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for OwnedReadHalf<IO> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let half = self.get_mut();
        ready!(half.poll_in(cx, |incoming, cx, io, owed| incoming.poll_data(cx, io, owed)))?;
        Poll::Ready(Ok(half.incoming.rx.data()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().incoming.consume(amount);
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> OwnedReadHalf<IO> {
    /// Polls the receiving half. What it owes to the peer is sent without waiting.
    fn poll_in(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(
            &mut Incoming,
            &mut Context<'_>,
            &mut Locked<'_, IO>,
            &mut Option<Reply>,
        ) -> Poll<Result<(), Fault>>,
    ) -> Poll<io::Result<()>> {
        let OwnedReadHalf { incoming, failed, shared } = self;
        let mut owed = None;
        let polled = poll(incoming, cx, &mut Locked(&shared.io), &mut owed);
        if owed.is_some() {
            *lock(&shared.owed) = owed; // it stands for those before it
        }
        let polled = polled.map_err(|fault| match fault {
            Fault::Tls(error) => Failure::Failed(*failed.get_or_insert_with(|| shared.told(error))).into(),
            Fault::Transport(error) => error,
        });
        shared.tell(Half::Read, cx);
        polled
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for OwnedWriteHalf<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.shared.poll_out(cx, |outgoing, waker, io| outgoing.poll_write(waker, io, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.poll_out(cx, |outgoing, waker, io| outgoing.poll_flush(waker, io))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.poll_out(cx, |outgoing, waker, io| outgoing.poll_shutdown(waker, io))
    }
}
