//! HTTP/1.1, HTTP/2 and gRPC over mutual TLS, by one function.

use crate::peer::Peer;
use crate::program::sentence;
use axum::Router;
use countersign::adapters::tokio::{Acceptor, Connecting};
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls_pki_types::UnixTime;
use std::error::Error;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// So many connections at once; the next ones wait in the system's queue.
const CONNECTIONS: u32 = 1024;
/// How long a client may take for the head of a request, and, once a connection is to end, for the requests on it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What ends a connection before its peer does.
#[derive(Clone)]
struct Until {
    /// The sender is dropped when the server is to stop.
    stop: watch::Receiver<()>,
    /// Changes with whom we trust.
    trust: watch::Receiver<()>,
}

/// Serves `app` to whom `acceptor` admits, until `stop`; returns when the last connection has ended, or the patience with
/// it. Whatever is a service for tower can be such a router: axum's own, tonic's (`Routes::into_axum_router`), and a
/// function on hyper's requests (`Router::fallback_service`).
///
/// Each connection is asked to end (HTTP/2 GOAWAY, or `connection: close`) when we stop, when `trust` changes, so that a
/// client that has been revoked must show its certificate again, and at the last moment at which its proof holds.
pub async fn serve(
    listener: TcpListener,
    acceptor: Acceptor,
    trust: watch::Receiver<()>,
    app: Router,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (running, stopped) = watch::channel(());
    let until = Until { stop: stopped, trust };
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            let (tcp, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    eprintln!("cannot accept a connection: {error}; trying again");
                    sleep(Duration::from_millis(100)).await; // out of file descriptors, most likely
                    continue;
                }
            };
            let _ = tcp.set_nodelay(true); // it would only be slower
            // The deadline of the handshake begins.
            let connection = serve_one(acceptor.accept(tcp), app.clone(), until.clone());
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    eprintln!("{from}: {}", sentence(&*error));
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        () = stop => {}
        () = accepting => {}
    }
    drop((listener, running));
    if timeout(PATIENCE * 2, places.acquire_many(CONNECTIONS)).await.is_err() {
        eprintln!("not all connections have ended in time");
    }
}

/// One connection, from the handshake to its end.
async fn serve_one(
    connecting: Connecting<TcpStream>,
    app: Router,
    until: Until,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut trust = until.trust.clone();
    trust.mark_unchanged(); // the handshake's verdict comes later
    let stream = connecting.await?;
    let accepted = stream.peer();
    let proof = accepted.valid_until();
    let peer = Peer::of(accepted).ok_or("a raw public key, and no certificate")?;
    // What was agreed on is spoken, and nothing that looks like something else.
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(PATIENCE);
    let http = if stream.info().alpn() == Some(b"h2") { http.http2_only() } else { http.http1_only() };
    let app = app.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)));
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = until.over(trust, proof) => {}
    }
    connection.as_mut().graceful_shutdown();
    timeout(PATIENCE, connection).await?
}

impl Until {
    /// Waits until a connection is to end.
    async fn over(mut self, mut trust: watch::Receiver<()>, proof: Option<UnixTime>) {
        let proof = async {
            match proof {
                Some(until) => {
                    sleep(Duration::from_secs(until.as_secs().saturating_sub(UnixTime::now().as_secs()))).await
                }
                None => pending().await,
            }
        };
        let changed = async {
            if trust.changed().await.is_err() {
                pending::<()>().await; // nobody will change it
            }
        };
        tokio::select! {
            () = proof => {}
            () = changed => {}
            _ = self.stop.changed() => {}
        }
    }
}
