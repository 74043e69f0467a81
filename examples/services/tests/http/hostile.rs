//! Clients that hold out: they keep a connection for which they prove nothing any more.

use crate::expiry::{config, root};
use axum::Router;
use axum::routing::{get, post};
use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::Expect;
use countersign_services::dial::Dialer;
use countersign_services::{reauthenticate, serve::serve};
use hyper::Uri;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use std::future::pending;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;

/// A server that asks its clients who they are, and a client whose certificate lasts so long.
async fn world(lasts: Duration) -> (Uri, Config) {
    let root = root();
    let config = |name, lasts| config(&root, name, lasts).policy(Policy::new().alpn(&[b"h2"]));
    let acceptor = Acceptor::new(config("localhost", Duration::from_secs(3600)), [Expect::AnyTrusted]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    let app = Router::new().route("/", get(async || "hello")).route(reauthenticate::PATH, post(reauthenticate::ask));
    let (trust, unchanged) = watch::channel(());
    tokio::spawn(async move {
        let _trust = trust;
        serve(listener, acceptor, unchanged, app, pending()).await;
    });
    (uri, config("client.test", lasts))
}

/// It opens the stream on which it is asked, and gives it no flow-control window.
#[tokio::test]
async fn a_client_that_does_not_let_itself_be_asked_loses_its_connection() {
    let (uri, client) = world(Duration::from_secs(3600)).await;
    let dialed = Dialer::new(Connector::new(client)).dial(&uri).await.unwrap();
    let mut http = http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = http.initial_stream_window_size(0).handshake(dialed).await.unwrap();
    let connection = tokio::spawn(connection);
    let (request, _to_server) = reauthenticate::request(&uri).unwrap();
    let _response = sender.send_request(request).await.unwrap();
    timeout(Duration::from_secs(60), connection).await.expect("an end").unwrap().unwrap_err();
}

/// It acknowledges no PING, so that it may open streams behind GOAWAY; HTTP/2 by hand.
#[tokio::test]
async fn a_request_behind_the_end_of_the_lease_is_not_answered_on_this_connection() {
    let (uri, client) = world(Duration::from_secs(5)).await;
    let tcp = TcpStream::connect(("127.0.0.1", uri.port_u16().unwrap())).await.unwrap();
    let (mut read, mut write) = Connector::new(client).connect("localhost", tcp).await.unwrap().into_split();
    let asking = tokio::spawn(async move {
        write.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        for stream in (1u32..).step_by(2) {
            // GET https://localhost/, END_STREAM and END_HEADERS.
            let block = b"\x82\x87\x84\x41\x09localhost";
            let header = [&[0, 0, 14, HEADERS, 5][..], &stream.to_be_bytes(), block].concat();
            write.write_all(&header).await.unwrap();
            sleep(Duration::from_millis(100)).await;
        }
    });
    let (mut is_over, mut served) = (false, 0);
    let refused = timeout(Duration::from_secs(60), async {
        loop {
            let mut header = [0; 9];
            read.read_exact(&mut header).await.unwrap();
            let [a, b, c, kind, ..] = header;
            let mut body = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            read.read_exact(&mut body).await.unwrap();
            match (kind, body.first()) {
                (GOAWAY, _) => is_over = true,
                (HEADERS, Some(0x88)) if is_over => return false, // 200
                (HEADERS, _) if is_over => return true,
                (HEADERS, _) => served += 1,
                _ => {}
            }
        }
    });
    assert!(refused.await.expect("an answer") && served > 0);
    asking.abort();
}
