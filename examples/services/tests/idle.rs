//! What idle connections hold.

#[path = "../../../benches/support/held.rs"]
mod held;
#[path = "tokio/world.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod world;

use countersign::adapters::tokio::Connecting;
use held::held;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::yield_now;
use world::World;

/// Memory is counted for all tests together.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Whoever connects and says nothing costs a descriptor.
#[tokio::test]
async fn an_accept_holds_no_buffers_before_something_has_come() {
    const ACCEPTS: usize = 100;
    let (_alone, world) = (alone().await, World::new());
    drop(world.meet(512).await); // what is made once is there
    let pipes: Vec<_> = (0..ACCEPTS).map(|_| duplex(512)).collect();
    let before = held();
    let mut silent = Vec::new();
    for (near, far) in pipes {
        let mut accepting: Connecting<DuplexStream> = world.acceptor().accept(far);
        {
            let mut run = pin!(accepting.run());
            assert!(poll_fn(|cx| Poll::Ready(run.as_mut().poll(cx).is_pending())).await);
        }
        silent.push((near, accepting));
    }
    let each = (held() - before) / ACCEPTS;
    println!("{each} bytes for an accept that waits for its first byte");
    assert!(each < 8_000, "a record's buffer is longer: {each}");
    // They go on from there.
    let (near, accepting) = silent.pop().unwrap();
    let (client, server) = tokio::join!(world.connector().connect("server.test", near), accepting);
    client.and(server.map(drop).map_err(|error| panic!("{error}"))).unwrap();
}

#[tokio::test]
async fn a_write_that_is_refused_holds_no_buffer() {
    const PAIRS: usize = 50;
    let (_alone, world) = (alone().await, World::new());
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        let (mut client, server) = world.meet(512).await;
        client.shutdown().await.unwrap();
        pairs.push((client, server));
    }
    let before = held();
    for (client, _) in &mut pairs {
        client.write_all(b"too late").await.unwrap_err();
    }
    let each = held().saturating_sub(before) / PAIRS;
    assert!(each < 1000, "{each}");
}

#[tokio::test]
async fn an_idle_connection_with_a_pending_read_holds_no_buffers() {
    const PAIRS: usize = 100;
    let (_alone, world) = (alone().await, World::new());
    drop(world.meet(512).await); // what is made once is there
    let before = held();
    let mut clients = Vec::new();
    let mut servers = tokio::task::JoinSet::new();
    for _ in 0..PAIRS {
        let (client, mut server) = world.meet(512).await;
        clients.push(client);
        servers.spawn(async move { server.read(&mut [0]).await.map(drop) });
    }
    for client in &mut clients {
        client.confirmed().await.unwrap();
    }
    yield_now().await;
    assert!(servers.try_join_next().is_none(), "all reads are pending");
    let pair = (held() - before) / PAIRS;
    println!("{pair} bytes for both ends of a connection, the pipe between them included");
    assert!(pair < 16_000, "one record's buffer is longer: {pair}");
}
