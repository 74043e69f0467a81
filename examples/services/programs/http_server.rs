//! HTTP/1.1 and HTTP/2 over mutual TLS, by hyper and axum: a handler knows who asks, and decides by SPIFFE ID.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin http_server -- --listen 127.0.0.1:8443 --cert pki/server.pem --key pki/server.key --ca pki/ca.pem --crl pki/crl.pem --admin spiffe://example.org/client
//! ```
//!
//! The files may be replaced while it runs. SIGTERM and SIGINT end it once the requests that it is at are answered.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use countersign::adapters::tokio::Acceptor;
use countersign::x509::{Expect, SpiffeId};
use countersign_services::files::Files;
use countersign_services::peer::Peer;
use countersign_services::program::{self, told_to_stop};
use countersign_services::serve::serve;
use hyper::{StatusCode, Version};
use pico_args::Arguments;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

const USAGE: &str = "\
usage: http_server --listen ADDR:PORT
    --admin SPIFFE-ID  who may see /admin (any number of times)";

/// The SPIFFE IDs that may see /admin.
type Admins = Arc<[SpiffeId]>;

#[tokio::main]
async fn main() -> ExitCode {
    program::exit("http_server", USAGE, run(Arguments::from_env()).await)
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let address: String = arguments.value_from_str("--listen")?;
    let admins = arguments.values_from_str("--admin")?;
    let files = Files::from_arguments(&mut arguments)?;
    program::no_more(arguments)?;
    let (config, trust) = files.watched()?;
    // Whom our roots have certified may talk to us; what they may do is for the handlers.
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let listener = program::listen(&address).await?;
    serve(listener, acceptor, trust, app(admins.into()), told_to_stop()).await;
    Ok(())
}

fn app(admins: Admins) -> Router {
    Router::new().route("/", get(whoami)).route("/admin", get(admin)).route("/echo", post(echo)).with_state(admins)
}

/// Whoever is trusted may ask this.
async fn whoami(peer: Peer, version: Version) -> String {
    match peer.spiffe_id() {
        Some(id) => format!("you are {id}, by {version:?}\n"),
        None => format!("you are {}, by {version:?}\n", peer.identity().subject),
    }
}

/// Only these may see this.
async fn admin(State(admins): State<Admins>, peer: Peer) -> Result<&'static str, (StatusCode, String)> {
    if peer.is_one_of(&admins) {
        return Ok("welcome\n");
    }
    Err((StatusCode::FORBIDDEN, format!("{} may not see this\n", peer.identity())))
}

async fn echo(body: Body) -> Body {
    body
}
