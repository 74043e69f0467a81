//! Futures that are dropped.

use crate::world::World;
use countersign::adapters::tokio::{Connecting, Stream};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::yield_now;

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// Runs a handshake by futures that are dropped after a few polls.
async fn in_pieces(mut connecting: Connecting<DuplexStream>, seed: u64) -> io::Result<Stream<DuplexStream>> {
    let mut numbers = Numbers(seed);
    loop {
        let patience = async {
            for _ in 0..numbers.next(6) {
                yield_now().await;
            }
        };
        tokio::select! {
            biased;
            stream = connecting.run() => return stream,
            () = patience => {}
        }
        yield_now().await;
    }
}

#[tokio::test]
async fn five_hundred_handshakes_are_left_at_random_points_over_a_pipe_of_37_bytes() {
    let world = World::new();
    for seed in 0..500 {
        let (near, far) = duplex(37);
        let client = in_pieces(world.connector().connect("server.test", near), seed);
        let server = in_pieces(world.acceptor().accept(far), seed + 1000);
        let (mut client, mut server) = tokio::try_join!(client, server).unwrap();
        let mut back = [0; 5];
        let (wrote, read) = tokio::join!(client.write_all(b"hello"), server.read_exact(&mut back));
        wrote.and(read.map(drop)).unwrap();
        assert_eq!(&back, b"hello");
    }
}

#[tokio::test]
async fn a_handshake_that_is_dropped_ends_the_connection() {
    let world = World::new();
    let (near, far) = duplex(37);
    let mut client = world.connector().connect("server.test", near);
    tokio::select! {
        biased;
        _ = client.run() => unreachable!("nobody answers"),
        () = yield_now() => {}
    }
    drop(client);
    let error = world.acceptor().accept(far).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
}

#[tokio::test]
async fn reads_that_are_dropped_lose_nothing() {
    let (mut client, mut server) = World::new().meet(37).await;
    let data: Vec<u8> = (0..50_000u32).map(|at| at.to_le_bytes()[0]).collect();
    let sent = data.clone();
    let writer = tokio::spawn(async move {
        client.write_all(&sent).await.unwrap();
        client.close().await.unwrap();
    });
    let mut all = Vec::new();
    loop {
        tokio::select! {
            biased;
            n = server.read_buf(&mut all) => if n.unwrap() == 0 { break },
            () = yield_now() => {}
        }
    }
    server.close().await.unwrap();
    writer.await.unwrap();
    assert_eq!(all, data);
}
