//! Counters of connections over tokio.

use crate::world::World;
use countersign::Policy;
use countersign::adapters::Metrics;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// However they are come upon: by a read, or while the client waits to be confirmed.
#[tokio::test]
async fn each_key_update_that_one_end_sends_the_other_one_counts() {
    for (pings, update_after) in [(0, 1000), (1, 1000), (20, 3)] {
        let [client_metrics, server_metrics] = [(); 2].map(|()| Arc::new(Metrics::new()));
        let mut world = World::new();
        world.client =
            world.client.metrics(Arc::clone(&client_metrics)).policy(Policy::new().update_after(update_after));
        world.server = world.server.metrics(Arc::clone(&server_metrics));
        let (mut client, mut server) = world.meet(1000).await;
        let serving = tokio::spawn(async move {
            let mut ping = [0; 4];
            while server.read_exact(&mut ping).await.is_ok() {
                server.write_all(&ping).await.unwrap();
            }
            server.close().await.unwrap();
        });
        client.confirmed().await.unwrap();
        for _ in 0..pings {
            client.write_all(b"ping").await.unwrap();
            client.read_exact(&mut [0; 4]).await.unwrap();
        }
        client.close().await.unwrap();
        serving.await.unwrap();
        let counted = |metrics: &Metrics| (metrics.key_updates_sent(), metrics.key_updates_received());
        let (sent, received) = counted(&server_metrics);
        assert_eq!(counted(&client_metrics), (received, sent), "{pings} pings");
        assert!(sent > 0 && received > 0);
    }
}
