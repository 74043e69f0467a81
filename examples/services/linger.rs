//! A stream whose last answer is not lost when it is shut down.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long the peer may take to close after we have closed.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many reads of discarded bytes one poll makes.
const AT_ONCE: usize = 64;

/// Shuts down, and then waits a short time for the peer to close. hyper drops a connection directly after the shutdown.
/// If bytes are unread then (of a refused request, for example), TCP resets the connection, and the peer loses our last
/// answer.
pub struct Lingering<S> {
    stream: S,
    /// Set when our side has closed: until then we wait for the peer.
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    pub fn new(stream: S) -> Lingering<S> {
        Lingering { stream, until: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Lingering { stream, until } = &mut *self;
        ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        let until = until.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        let mut unwanted = [0; 4096];
        for _ in 0..AT_ONCE {
            let mut unwanted = ReadBuf::new(&mut unwanted);
            match Pin::new(&mut *stream).poll_read(cx, &mut unwanted) {
                Poll::Ready(Ok(())) if !unwanted.filled().is_empty() => {}
                // The end or an error: there is nothing more to wait for.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return until.as_mut().poll(cx).map(Ok),
            }
        }
        cx.waker().wake_by_ref();
        until.as_mut().poll(cx).map(Ok)
    }
}
