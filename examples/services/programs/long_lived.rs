//! gRPC connections that stay open while certificates rotate every two seconds.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin long_lived
//! ```
//!
//! A server has tonic's health service. Three clients each have one HTTP/2 connection, and a SPIFFE certificate that is
//! valid for six seconds. The clients send requests all the time. On a stream beside these requests the server asks
//! each client to prove its identity *now* (RFC 9261), and the answer renews its lease. Then one client is revoked: its
//! connection ends within a second. Another one stops answering: its connection ends when its certificate expires. The
//! third is not disturbed.

#[path = "../../long_lived/ca.rs"]
mod ca;

use axum::body::Body;
use axum::routing::post;
use ca::{Ca, LIFE};
use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::{Expect, Reloadable};
use countersign_services::dial::Dialer;
use countersign_services::program::sentence;
use countersign_services::reauthenticate;
use countersign_services::serve::serve;
use hyper::Uri;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioExecutor;
use std::error::Error;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{interval, sleep};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROTATION: Duration = Duration::from_secs(2);
const POLICY: Policy = Policy::new().alpn(&[b"h2"]);

/// A client, and the end of its connection.
struct Client {
    name: &'static str,
    config: Config,
    proves: bool,
    answers: AtomicU64,
    gone: Mutex<Option<Instant>>,
}

impl Client {
    fn gone(&self) -> Option<Instant> {
        *self.gone.lock().ok()?
    }

    /// One connection, until it ends.
    async fn run(&self, server: Uri) -> Result<()> {
        let expect: Expect = "spiffe://example.org/server".parse()?;
        let dialed = Dialer::new(Connector::new(self.config.clone())).expect(expect).dial(&server).await?;
        let reauthentication = dialed.reauthentication.clone();
        let (sender, connection) = http2::handshake(TokioExecutor::new(), dialed).await?;
        let proving = async {
            if !self.proves {
                return pending().await;
            }
            let (request, mut to_server) = reauthenticate::request(&server)?;
            let response = sender.clone().send_request(request).await?;
            reauthenticate::answer(&reauthentication, response, &mut to_server).await
        };
        tokio::select! {
            ended = connection => Ok(ended?),
            ended = proving => ended,
            ended = self.ask(&sender, &server) => ended,
        }
    }

    /// A health request, twenty times a second.
    async fn ask(&self, sender: &SendRequest<Body>, server: &Uri) -> Result<()> {
        let service = tower::service_fn(|request: hyper::Request<tonic::body::Body>| {
            let mut sender = sender.clone();
            async move { sender.send_request(request.map(Body::new)).await }
        });
        let mut health = HealthClient::with_origin(service, server.clone());
        let mut ticks = interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            health.check(HealthCheckRequest::default()).await?;
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let ca = Ca::new()?;
    let trust = Arc::new(Reloadable::new(ca.trust(&[])?));
    let (trust_changed, changes) = watch::channel(());
    let config = |name| -> Result<Config> {
        let identities = Arc::new(Reloadable::new(ca.issue(name)?));
        Ok(Config::new(identities, Arc::clone(&trust)).policy(POLICY))
    };

    let server = config("server")?;
    let (reporter, health) = health_reporter();
    reporter.set_service_status("", ServingStatus::Serving).await;
    let app = Routes::new(health).into_axum_router().route(reauthenticate::PATH, post(reauthenticate::ask));
    let acceptor = Acceptor::new(server.clone(), ["spiffe://example.org".parse::<Expect>()?]);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address: Uri = format!("https://127.0.0.1:{}", listener.local_addr()?.port()).parse()?;
    tokio::spawn(serve(listener, acceptor, changes, app, pending()));

    let mut clients = Vec::new();
    for (name, proves) in [("alice", true), ("bob", true), ("carol", false)] {
        let (config, answers, gone) = (config(name)?, AtomicU64::new(0), Mutex::new(None));
        let client = Arc::new(Client { name, config, proves, answers, gone });
        clients.push(Arc::clone(&client));
        let address = address.clone();
        tokio::spawn(async move {
            let ended = client.run(address).await.err().map_or("closed".to_owned(), |error| sentence(&*error));
            eprintln!("{}: {ended}", client.name);
            client.gone.lock().map(|mut gone| *gone = Some(Instant::now())).ok();
        });
    }

    // Carol's certificate is the first one, valid for LIFE. Bob is revoked one second before it ends.
    let [alice, bob, carol] = &clients[..] else { unreachable!("three") };
    let (began, mut rotated, mut revoked) = (Instant::now(), Instant::now(), None);
    while began.elapsed() < 2 * LIFE {
        sleep(Duration::from_millis(10)).await;
        if rotated.elapsed() >= ROTATION {
            rotated = Instant::now();
            for Client { name, config, .. } in clients.iter().map(|client| &**client) {
                config.identities().set(ca.issue(name)?);
            }
            server.identities().set(ca.issue("server")?);
        }
        if revoked.is_none() && began.elapsed() >= LIFE - Duration::from_secs(1) {
            trust.set(ca.trust(&["bob"])?);
            trust_changed.send_replace(());
            revoked = Some(Instant::now());
            eprintln!("bob is revoked");
        }
    }

    let after_revocation = bob.gone().zip(revoked).ok_or("bob is still there")?;
    let after_revocation = after_revocation.0 - after_revocation.1;
    let carol_lived = carol.gone().ok_or("carol is still there")? - began;
    println!("bob was gone {} ms after his revocation", after_revocation.as_millis());
    println!("carol, who proved nothing, was gone after {} ms", carol_lived.as_millis());
    for Client { name, answers, .. } in clients.iter().map(|client| &**client) {
        println!("{name}: {} answers", answers.load(Ordering::Relaxed));
    }
    assert!(after_revocation < Duration::from_secs(1));
    assert!(carol_lived >= LIFE - Duration::from_secs(1) && carol_lived < LIFE + Duration::from_secs(3));
    assert!(alice.gone().is_none(), "alice never noticed");
    Ok(())
}
