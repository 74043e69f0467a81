//! HTTP/1.1, HTTP/2 and gRPC over mutual TLS, by one function.

use crate::linger::Lingering;
use crate::peer::Peer;
use crate::program::sentence;
use axum::Router;
use axum::response::IntoResponse;
use countersign::adapters::Failure;
use countersign::adapters::tokio::{Acceptor, Connecting, Reauthentication};
use countersign::x509::RefusalReason;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use std::error::Error;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// The limit of connections. Others wait in the system's queue.
const CONNECTIONS: u32 = 1024;
/// How long a client may take for the head of a request, and for its running requests when a connection must end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a lease is checked without a known change, because clocks jump and machines sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How long the notice to a peer may take before its connection is cut.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// Why connections end before their peers end them.
#[derive(Clone)]
struct Until {
    /// Its sender is dropped when the server must stop.
    stop: watch::Receiver<()>,
    /// Changes when the trust changes.
    trust: watch::Receiver<()>,
}

/// Why a connection must end.
enum End {
    /// We stop, or its proof has expired: running requests may finish.
    InPeace(Option<BoxError>),
    /// The peer is not trusted any more: running requests are cut.
    AtOnce(BoxError),
}

type BoxError = Box<dyn Error + Send + Sync>;

/// The connection of a request, for handlers that need it. It is in the extensions of each request.
#[derive(Clone)]
pub struct Session {
    /// Proves identities again inside of the connection.
    pub reauthentication: Reauthentication,
    cut: mpsc::Sender<BoxError>,
}

impl Session {
    /// Ends the connection at once.
    pub fn cut(&self, why: BoxError) {
        let _ = self.cut.try_send(why); // one notice is enough
    }
}

/// Serves `app` to the peers that `acceptor` accepts, until `stop`. Returns when the last connection has ended, or
/// after a time limit. Every tower service can be such a router: axum's own, tonic's (`Routes::into_axum_router`), and
/// a function on hyper's requests (`Router::fallback_service`).
/// function on hyper's requests (`Router::fallback_service`).
///
/// We end a connection in two ways:
///
/// * When we stop, or when its proof expires and was not renewed ([`reauthenticate`](crate::reauthenticate)), the peer is
///   asked to end it (HTTP/2 GOAWAY, or `connection: close`), and its running requests may finish. Requests after the proof
///   has expired are answered by 421 Misdirected Request, which means that the client should use another connection.
/// * When `trust` has changed and the peer is not trusted any more (it was revoked, or its root was removed), or when a
///   handler calls [`Session::cut`], the peer is notified and the connection is cut. Other connections are not disturbed.
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
                    sleep(Duration::from_millis(100)).await; // probably no file descriptor is free
                    continue;
                }
            };
            let _ = tcp.set_nodelay(true); // the delay would gain nothing
            // The deadline of the handshake begins here.
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
async fn serve_one(connecting: Connecting<TcpStream>, app: Router, until: Until) -> Result<(), BoxError> {
    let mut trust = until.trust.clone();
    trust.mark_unchanged(); // the handshake's verdict comes later
    let stream = connecting.await?;
    let peer = Peer::of(stream.peer()).ok_or("a raw public key, and no certificate")?;
    let (cut, mut is_cut) = mpsc::channel(1);
    let session = Session { reauthentication: stream.reauthentication()?, cut };
    let reauthentication = session.reauthentication.clone();
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(session.clone());
        // A client that is asked to end may send requests for a while.
        let (app, holds) = (app.clone(), session.reauthentication.check().is_ok());
        async move { if holds { app.oneshot(request).await } else { Ok(StatusCode::MISDIRECTED_REQUEST.into_response()) } }
    });
    // The negotiated protocol is spoken, and never another one.
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(PATIENCE);
    let http = if stream.info().alpn() == Some(b"h2") { http.http2_only() } else { http.http1_only() };
    let mut connection =
        pin!(http.serve_connection(TokioIo::new(Lingering::new(stream)), TowerToHyperService::new(service)));
    let end = tokio::select! {
        ended = connection.as_mut() => return ended,
        end = until.over(trust, &reauthentication) => end,
        Some(why) = is_cut.recv() => End::AtOnce(why),
    };
    let (why, patience) = match end {
        End::InPeace(why) => (why, PATIENCE),
        End::AtOnce(why) => (Some(why), LAST_WORDS),
    };
    connection.as_mut().graceful_shutdown();
    match (timeout(patience, connection).await, why) {
        (_, Some(why)) => Err(why),
        (ended, None) => ended?,
    }
}

impl Until {
    /// Waits until the connection must end.
    async fn over(mut self, mut trust: watch::Receiver<()>, reauthentication: &Reauthentication) -> End {
        loop {
            let changed = async {
                if trust.changed().await.is_err() {
                    pending::<()>().await; // nobody changes it
                }
            };
            tokio::select! {
                // It is judged again at once: it may have been renewed meanwhile.
                error = reauthentication.ended(LOOK_AGAIN) => return End::of(error),
                () = changed => {}
                _ = self.stop.changed() => return End::InPeace(None),
            }
        }
    }
}

impl End {
    /// Why a lease is not valid.
    fn of(error: io::Error) -> End {
        use RefusalReason::{CrlExpired, CrlNotYetValid, Expired, NotYetValid};
        let refusal = Failure::inside(&error).and_then(Failure::refusal);
        match refusal.map(|refusal| refusal.reason()) {
            // It is not valid yet, because a clock was set back.
            Some(Expired { .. } | CrlExpired { .. } | NotYetValid { .. } | CrlNotYetValid { .. }) => {
                End::InPeace(Some(error.into()))
            }
            _ => End::AtOnce(error.into()),
        }
    }
}
