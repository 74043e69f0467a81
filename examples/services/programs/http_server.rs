//! HTTP/1.1 and HTTP/2 over mutual TLS, by hyper and axum. Handlers know the peer, and decide by its SPIFFE ID.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin http_server -- --listen 127.0.0.1:8443 --cert pki/server.pem --key pki/server.key --ca pki/ca.pem --crl pki/crl.pem --admin spiffe://example.org/client
//! ```
//!
//! An administrator may read `/admin` and `/metrics`, a page for Prometheus (whose `tls_config` has a client
//! certificate). The files may be replaced while the program runs. After SIGTERM or SIGINT it answers the running
//! requests and ends.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use countersign::adapters::Metrics;
use countersign::adapters::tokio::Acceptor;
use countersign::x509::{Expect, Identities, Reloadable, SignatureMemo, SpiffeId};
use countersign_services::files::Files;
use countersign_services::metrics;
use countersign_services::peer::Peer;
use countersign_services::program::{self, told_to_stop};
use countersign_services::reauthenticate;
use countersign_services::serve::serve;
use hyper::header::CONTENT_TYPE;
use hyper::{StatusCode, Version};
use pico_args::Arguments;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

/// The number of remembered signatures of chains, 33 bytes each.
const MEMO: usize = 4096;

const USAGE: &str = "\
usage: http_server --listen ADDR:PORT
    --admin SPIFFE-ID  who may see /admin and /metrics (any number of times)";

/// The state of all handlers.
#[derive(Clone)]
struct Shared {
    /// The SPIFFE IDs that may read /admin and /metrics.
    admins: Arc<[SpiffeId]>,
    metrics: Arc<Metrics>,
    memo: Arc<SignatureMemo>,
    identities: Arc<Reloadable<Identities>>,
}

#[tokio::main]
async fn main() -> ExitCode {
    program::exit("http_server", USAGE, run(Arguments::from_env()).await)
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let address: String = arguments.value_from_str("--listen")?;
    let admins: Vec<SpiffeId> = arguments.values_from_str("--admin")?;
    let files = Files::from_arguments(&mut arguments)?;
    program::no_more(arguments)?;
    let (config, trust) = files.watched()?;
    let (metrics, memo) = (Arc::new(Metrics::new()), Arc::new(SignatureMemo::new(MEMO)));
    let config = config.metrics(Arc::clone(&metrics)).memo(Arc::clone(&memo));
    let shared = Shared { admins: admins.into(), metrics, memo, identities: Arc::clone(config.identities()) };
    // Every peer with a certificate of our roots may connect. The handlers decide what it may do.
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let listener = program::listen(&address).await?;
    serve(listener, acceptor, trust, app(shared), told_to_stop()).await;
    Ok(())
}

fn app(shared: Shared) -> Router {
    Router::new()
        .route("/", get(whoami))
        .route("/admin", get(admin))
        .route("/metrics", get(show_metrics))
        .route("/echo", post(echo))
        .route(reauthenticate::PATH, post(reauthenticate::ask))
        .with_state(shared)
}

/// Every trusted peer may read this.
async fn whoami(peer: Peer, version: Version) -> String {
    match peer.spiffe_id() {
        Some(id) => format!("you are {id}, by {version:?}\n"),
        None => format!("you are {}, by {version:?}\n", peer.identity().subject),
    }
}

/// Only administrators may read this.
async fn admin(State(shared): State<Shared>, peer: Peer) -> Result<&'static str, (StatusCode, String)> {
    shared.is_admin(&peer).map(|()| "welcome\n")
}

/// Also only for administrators.
async fn show_metrics(State(shared): State<Shared>, peer: Peer) -> Result<impl IntoResponse, (StatusCode, String)> {
    shared.is_admin(&peer)?;
    let page = metrics::page(&shared.metrics, &shared.memo, &shared.identities.get());
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page))
}

impl Shared {
    fn is_admin(&self, peer: &Peer) -> Result<(), (StatusCode, String)> {
        if peer.is_one_of(&self.admins) {
            return Ok(());
        }
        Err((StatusCode::FORBIDDEN, format!("{} may not see this\n", peer.identity())))
    }
}

async fn echo(body: Body) -> Body {
    body
}
