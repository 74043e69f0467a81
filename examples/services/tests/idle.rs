//! What idle connections hold.

#[path = "../../../benches/support/held.rs"]
mod held;
#[path = "tokio/world.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod world;

use held::held;
use tokio::io::AsyncReadExt;
use tokio::task::yield_now;
use world::World;

#[tokio::test]
async fn an_idle_connection_with_a_pending_read_holds_no_buffers() {
    const PAIRS: usize = 100;
    let world = World::new();
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
