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

/// So many connections at once; the next ones wait in the system's queue.
const CONNECTIONS: u32 = 1024;
/// How long a client may take for the head of a request, and, once a connection is to end, for the requests on it.
const PATIENCE: Duration = Duration::from_secs(10);
/// So often a lease is looked at though nothing is known to have changed: clocks jump, and machines sleep.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// How long it takes to tell a peer that we talk to it no more.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// What ends connections before their peers do.
#[derive(Clone)]
struct Until {
    /// The sender is dropped when the server is to stop.
    stop: watch::Receiver<()>,
    /// Changes with whom we trust.
    trust: watch::Receiver<()>,
}

/// Why a connection is to end.
enum End {
    /// We stop, or the clock says that its proof does not hold: what is under way may be finished.
    InPeace(Option<BoxError>),
    /// Nobody is there any more whom we would talk to: what is under way is not finished.
    AtOnce(BoxError),
}

type BoxError = Box<dyn Error + Send + Sync>;

/// The connection on which a request came, for handlers that have to do with it: in the extensions of each request.
#[derive(Clone)]
pub struct Session {
    /// Proves identities again inside of it.
    pub reauthentication: Reauthentication,
    cut: mpsc::Sender<BoxError>,
}

impl Session {
    /// Ends the connection, whatever is under way on it.
    pub fn cut(&self, why: BoxError) {
        let _ = self.cut.try_send(why); // it is enough to be told once
    }
}

/// Serves `app` to whom `acceptor` admits, until `stop`; returns when the last connection has ended, or the patience with
/// it. Whatever is a service for tower can be such a router: axum's own, tonic's (`Routes::into_axum_router`), and a
/// function on hyper's requests (`Router::fallback_service`).
///
/// A connection ends before its peer ends it
///
/// * when we stop, and when its proof expires that was not renewed ([`reauthenticate`](crate::reauthenticate)): it is asked to
///   (HTTP/2 GOAWAY, or `connection: close`), and may finish what is under way; what it asks for after its proof has expired is
///   answered by 421 Misdirected Request: "by another connection";
/// * when `trust` has changed, and the peer is not trusted any more, because it was revoked or its root is gone; and when a
///   handler cuts it ([`Session::cut`]): it is told, and cut off. All others never notice.
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
        // A client that is asked to end may go on asking for a while.
        let (app, holds) = (app.clone(), session.reauthentication.check().is_ok());
        async move { if holds { app.oneshot(request).await } else { Ok(StatusCode::MISDIRECTED_REQUEST.into_response()) } }
    });
    // What was agreed on is spoken, and nothing that looks like something else.
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
    /// Waits until a connection is to end.
    async fn over(mut self, mut trust: watch::Receiver<()>, reauthentication: &Reauthentication) -> End {
        loop {
            let changed = async {
                if trust.changed().await.is_err() {
                    pending::<()>().await; // nobody will change it
                }
            };
            tokio::select! {
                // Judged again at once; it may have been renewed meanwhile.
                error = reauthentication.ended(LOOK_AGAIN) => return End::of(error),
                () = changed => {}
                _ = self.stop.changed() => return End::InPeace(None),
            }
        }
    }
}

impl End {
    /// Why a lease does not hold.
    fn of(error: io::Error) -> End {
        use RefusalReason::{CrlExpired, CrlNotYetValid, Expired, NotYetValid};
        let refusal = Failure::inside(&error).and_then(Failure::refusal);
        match refusal.map(|refusal| refusal.reason()) {
            // Not yet: a clock has been set back.
            Some(Expired { .. } | CrlExpired { .. } | NotYetValid { .. } | CrlNotYetValid { .. }) => {
                End::InPeace(Some(error.into()))
            }
            _ => End::AtOnce(error.into()),
        }
    }
}
