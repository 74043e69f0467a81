//! A peer that never stops, over a transport that is always ready.

use crate::key_updates::{bare, record};
use crate::world::World;
use countersign::Policy;
use countersign::adapters::tokio::Acceptor;
use countersign::x509::Expect;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

/// Once the tap is open, these bytes come again and again, and no read ever waits.
struct Flood {
    io: DuplexStream,
    tap: Arc<AtomicBool>,
    bytes: Vec<u8>,
}

impl AsyncRead for Flood {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.tap.load(SeqCst) {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = buf.remaining().min(self.bytes.len());
        buf.put_slice(&self.bytes[..n]);
        self.bytes.rotate_left(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_peer_that_never_stops_sending_is_left_at_the_close_deadline() {
    let mut world = World::new();
    let policy = Policy::new().null_crypto();
    world.server = world.server.policy(policy.clone()).close_deadline(Duration::from_millis(50));
    let (near, io) = duplex(10_000);
    let tap = Arc::new(AtomicBool::new(false));
    let flood = Flood { io, tap: Arc::clone(&tap), bytes: record(b"more", 23) };
    let (_client, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(flood));
    tap.store(true, SeqCst);
    server.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_stranger_that_never_stops_sending_is_left_after_its_alert() {
    let config = World::new().server.close_deadline(Duration::from_millis(50));
    let (_near, io) = duplex(10_000);
    let flood = Flood { io, tap: Arc::new(AtomicBool::new(true)), bytes: b"GET / HTTP/1.1\r\n".to_vec() };
    let error = Acceptor::new(config, [Expect::AnyTrusted]).accept(flood).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}
