//! quinn itself, over sockets.

use crate::handshakes::pairs;
use crate::world::World;
use countersign::adapters::quinn::{ResetKey, endpoint_config};
use quinn::{ClientConfig, Endpoint, ServerConfig, TokioRuntime};
use std::net::UdpSocket;
use std::sync::Arc;

fn endpoint(server: Option<ServerConfig>) -> Endpoint {
    let config = endpoint_config(ResetKey::random().unwrap());
    Endpoint::new(config, server, UdpSocket::bind("127.0.0.1:0").unwrap(), Arc::new(TokioRuntime)).unwrap()
}

const LEN: usize = 16 << 20;

/// Much data in both directions at once, on several streams, with key updates.
async fn transfer(client: ClientConfig, server: ServerConfig) {
    let (near, far) = (endpoint(None), endpoint(Some(server)));
    let address = far.local_addr().unwrap();
    let echo = tokio::spawn(async move {
        let connection = far.accept().await.unwrap().await.unwrap();
        while let Ok((mut send, mut receive)) = connection.accept_bi().await {
            tokio::spawn(async move {
                while let Some(chunk) = receive.read_chunk(usize::MAX, true).await.unwrap() {
                    send.write_chunk(chunk.bytes).await.unwrap();
                }
                send.finish().unwrap();
            });
        }
        assert!(connection.peer_identity().is_some());
        far.wait_idle().await;
    });
    let connection = near.connect_with(client, address, "server.test").unwrap().await.unwrap();
    let data: Arc<Vec<u8>> = Arc::new((0..LEN / 4).map(|n| (n % 251) as u8).collect());
    let mut streams = Vec::new();
    for _ in 0..4 {
        let (connection, data) = (connection.clone(), data.clone());
        streams.push(tokio::spawn(async move {
            let (mut send, mut receive) = connection.open_bi().await.unwrap();
            let speak = async {
                for part in data.chunks(LEN / 32) {
                    send.write_all(part).await.unwrap();
                    connection.force_key_update();
                }
                send.finish().unwrap();
            };
            let (heard, ()) = tokio::join!(receive.read_to_end(LEN), speak);
            assert!(heard.unwrap() == *data);
        }));
    }
    for stream in streams {
        stream.await.unwrap();
    }
    connection.close(0_u32.into(), b"");
    near.wait_idle().await;
    echo.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn much_data_goes_both_ways_at_once_across_key_updates() {
    let world = World::new();
    for (_, client, server) in pairs(&world) {
        transfer(client, server).await;
    }
}

/// In parallel, each with its own identities.
#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_serves_many_connections() {
    let world = World::new();
    let (near, far) = (endpoint(None), endpoint(Some(world.our_server())));
    let address = far.local_addr().unwrap();
    tokio::spawn(async move {
        while let Some(incoming) = far.accept().await {
            tokio::spawn(async move {
                let connection = incoming.await.unwrap();
                let (mut send, mut receive) = connection.accept_bi().await.unwrap();
                send.write_all(&receive.read_to_end(100).await.unwrap()).await.unwrap();
                send.finish().unwrap();
                connection.closed().await;
            });
        }
    });
    let calls: Vec<_> = (0..50_u8)
        .map(|n| {
            let connecting = near.connect_with(world.our_client(), address, "server.test").unwrap();
            tokio::spawn(async move {
                let connection = connecting.await.unwrap();
                let (mut send, mut receive) = connection.open_bi().await.unwrap();
                send.write_all(&[n; 50]).await.unwrap();
                send.finish().unwrap();
                assert_eq!(receive.read_to_end(100).await.unwrap(), [n; 50]);
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    assert!(world.failures.lock().unwrap().is_empty());
}
