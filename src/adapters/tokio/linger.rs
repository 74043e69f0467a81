//! Timers, and the lingering close of what has failed: the alert arrives.

use crate::Outbox;
use crate::adapters::config::Config;
use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::time::{Instant, Sleep, sleep, sleep_until};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::boxed::Box;
use std::vec::Vec;

/// So often a poll reads what nobody wants. Whoever never stops sending must not keep us from looking at the clock.
pub(super) const AT_ONCE: usize = 64;

/// A moment to wait for. It is made when it is first polled, so that a connection may be made outside of a runtime.
pub(super) enum Timer {
    Never,
    At(Instant),
    Running(Pin<Box<Sleep>>),
}

impl Timer {
    /// So long from now on.
    pub(super) fn after(duration: Duration) -> Timer {
        Timer::Running(Box::pin(sleep(duration)))
    }

    /// So long from now on, or never.
    pub(super) fn after_or_never(duration: Option<Duration>) -> Timer {
        duration.and_then(|duration| Instant::now().checked_add(duration)).map_or(Timer::Never, Timer::At)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Timer::At(instant) = *self {
            *self = Timer::Running(Box::pin(sleep_until(instant)));
        }
        match self {
            // The clock first: to a task whose budget is used up tokio says that no timer is over yet.
            Timer::Running(sleep) if sleep.deadline() <= Instant::now() => Poll::Ready(()),
            Timer::Running(sleep) => sleep.as_mut().poll(cx),
            Timer::Never | Timer::At(_) => Poll::Pending,
        }
    }
}

/// Writes the alert, ends the write side, and waits a little for the peer to close: dropping a connection with bytes
/// unread makes TCP reset it, and the peer would never see the alert.
pub(super) struct Linger {
    /// `None`: no timer is wanted. Then the transport is waited for, as in the handshake, but not the peer.
    timer: Option<Timer>,
    shut: bool,
}

impl Linger {
    /// At most a second, and no timer where the handshake has none.
    pub(super) fn of(config: &Config) -> Linger {
        Linger { timer: config.handshake_deadline.map(|_| Timer::after(config.last_words())), shut: false }
    }

    pub(super) fn poll<IO: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        tx: &mut Outbox<Vec<u8>>,
    ) -> Poll<()> {
        match self.poll_peer(cx, io, tx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => match &mut self.timer {
                Some(timer) => timer.poll(cx),
                None if self.shut => Poll::Ready(()),
                None => Poll::Pending,
            },
        }
    }

    fn poll_peer<IO: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut IO,
        tx: &mut Outbox<Vec<u8>>,
    ) -> Poll<()> {
        while !tx.pending().is_empty() {
            match ready!(Pin::new(&mut *io).poll_write(cx, tx.pending())) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(n) => tx.sent(n),
            }
        }
        if !self.shut {
            if ready!(Pin::new(&mut *io).poll_shutdown(cx)).is_err() {
                return Poll::Ready(());
            }
            self.shut = true;
        }
        let mut unwanted = [0; 1024];
        for _ in 0..AT_ONCE {
            let mut unwanted = ReadBuf::new(&mut unwanted);
            match ready!(Pin::new(&mut *io).poll_read(cx, &mut unwanted)) {
                Ok(()) if !unwanted.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
