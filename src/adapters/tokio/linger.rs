//! Timers, and the lingering close of failed connections, so that the alert arrives.

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

/// How often one poll reads unwanted bytes. A peer that never stops sending must not keep us from checking the clock.
pub(super) const AT_ONCE: usize = 64;

/// A deadline. The timer starts with the first poll, so that a connection can be made outside of a runtime.
pub(super) enum Timer {
    Never,
    At(Instant),
    Running(Pin<Box<Sleep>>),
}

impl Timer {
    /// After this time.
    pub(super) fn after(duration: Duration) -> Timer {
        Timer::Running(Box::pin(sleep(duration)))
    }

    /// After this time, or never.
    pub(super) fn after_or_never(duration: Option<Duration>) -> Timer {
        duration.and_then(|duration| Instant::now().checked_add(duration)).map_or(Timer::Never, Timer::At)
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Timer::At(instant) = *self {
            *self = Timer::Running(Box::pin(sleep_until(instant)));
        }
        match self {
            // The clock first: if the budget of a task is used up, tokio reports every timer as pending.
            Timer::Running(sleep) if sleep.deadline() <= Instant::now() => Poll::Ready(()),
            Timer::Running(sleep) => sleep.as_mut().poll(cx),
            Timer::Never | Timer::At(_) => Poll::Pending,
        }
    }
}

/// Writes the alert, ends the write side, and waits a little for the peer to close. TCP resets a connection that is
/// dropped with unread bytes, and the peer would never see the alert.
pub(super) struct Linger {
    /// `None`: no timer. Then it waits for the transport, as in the handshake, but not for the peer.
    timer: Option<Timer>,
    shut: bool,
}

impl Linger {
    /// At most a second, and no timer if the handshake has none.
    pub(super) fn of(config: &Config) -> Linger {
        Linger { timer: config.handshake_deadline.map(|_| Timer::after(config.last_words())), shut: false }
    }

    /// At most so long, whatever the deadline of the handshake is.
    pub(super) fn at_most(duration: Duration) -> Linger {
        Linger { timer: Some(Timer::after(duration)), shut: false }
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
