//! A read never waits for a write.

use crate::key_updates::{bare, record};
use crate::world::World;
use countersign::adapters::Failure;
use countersign::{ErrorKind, Policy};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

/// A transport whose write blocks the whole thread: it says that it has begun, and waits until it may go on.
struct Blocking {
    io: DuplexStream,
    blocks: Arc<AtomicBool>,
    begun: Sender<()>,
    go_on: Arc<Mutex<Receiver<()>>>,
}

impl AsyncRead for Blocking {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Blocking {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.blocks.swap(false, SeqCst) {
            self.begun.send(()).unwrap();
            self.go_on.lock().unwrap().recv().unwrap();
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// The fatal error lies behind data that has been read; the writing half is in the middle of a write.
#[tokio::test]
async fn a_fatal_error_is_read_while_a_write_is_blocked_and_the_peer_is_told_afterwards() {
    let (mut world, policy) = (World::new(), Policy::new().null_crypto());
    world.server = world.server.policy(policy.clone());
    let ((near, far), blocks) = (duplex(10_000), Arc::new(AtomicBool::new(false)));
    let ((begun, has_begun), (let_go, go_on)) = (channel(), channel());
    let far = Blocking { io: far, blocks: Arc::clone(&blocks), begun, go_on: Arc::new(Mutex::new(go_on)) };
    let (mut near, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
    let (mut read, mut write) = server.unwrap().into_split();
    // Data, and a record of a type that there is not.
    near.write_all(&[record(b"x", 23), record(b"y", 99)].concat()).await.unwrap();
    assert_eq!(read.read(&mut [0; 10]).await.unwrap(), 1, "both have come");
    blocks.store(true, SeqCst);
    let writer = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { write.write_all(b"data").await.and(Ok(write)) })
    });
    has_begun.recv().unwrap();
    let errors = [read.read(&mut [0; 10]).await.unwrap_err(), read.read(&mut [0; 10]).await.unwrap_err()];
    assert_eq!(errors[0].to_string(), errors[1].to_string(), "the same each time");
    let kind = Failure::inside(&errors[0]).and_then(Failure::error).expect("a TLS error").kind();
    assert!(matches!(kind, ErrorKind::UnexpectedRecord { .. }), "{kind:?}");
    let_go.send(()).unwrap();
    drop(writer.join().unwrap().unwrap());
    let mut told = Vec::new();
    drop(read);
    near.read_to_end(&mut told).await.unwrap();
    assert!(told.ends_with(&record(&[2, 10], 21)), "the data, then unexpected_message: {told:?}");
}
