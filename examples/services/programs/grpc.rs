//! gRPC by tonic: a server of the standard health service for the listed SPIFFE IDs, or (with a URL) its client.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin grpc -- --listen 127.0.0.1:8443 --allow spiffe://example.org/client --cert pki/server.pem --key pki/server.key --ca pki/ca.pem
//! cargo run --manifest-path examples/services/Cargo.toml --bin grpc -- https://localhost:8443 --cert pki/client.pem --key pki/client.key --ca pki/ca.pem
//! ```

use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::{Expect, SpiffeId};
use countersign_services::dial::Dialer;
use countersign_services::files::Files;
use countersign_services::peer::Peer;
use countersign_services::program::{self, told_to_stop};
use countersign_services::serve::serve;
use pico_args::Arguments;
use std::error::Error;
use std::process::ExitCode;
use tonic::service::{InterceptorLayer, Routes};
use tonic::transport::Endpoint;
use tonic::{Request, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::server::health_reporter;

const USAGE: &str = "\
usage: grpc --listen ADDR:PORT
    --allow SPIFFE-ID  who may ask (any number of times)
or:    grpc URL";

#[tokio::main]
async fn main() -> ExitCode {
    program::exit("grpc", USAGE, run(Arguments::from_env()).await)
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let files = Files::from_arguments(&mut arguments)?;
    let address: Option<String> = arguments.opt_value_from_str("--listen")?;
    let allowed = arguments.values_from_str("--allow")?;
    let url: Option<String> = arguments.opt_free_from_str()?;
    program::no_more(arguments)?;
    match (address, url) {
        (Some(address), None) => server(&address, files, allowed).await,
        (None, Some(url)) => client(url, files).await,
        _ => Err(pico_args::Error::MissingArgument.into()),
    }
}

async fn server(address: &str, files: Files, allowed: Vec<SpiffeId>) -> Result<(), Box<dyn Error>> {
    let (config, trust) = files.watched()?;
    let (reporter, health) = health_reporter();
    reporter.set_service_status("", ServingStatus::Serving).await;
    let who_may = InterceptorLayer::new(move |request: Request<()>| match request.extensions().get::<Peer>() {
        Some(peer) if peer.is_one_of(&allowed) => Ok(request),
        Some(peer) => Err(Status::permission_denied(format!("{} may not ask", peer.identity()))),
        None => Err(Status::unauthenticated("this request did not come over mutual TLS")),
    });
    let app = Routes::new(health).into_axum_router().layer(who_may);
    let listener = program::listen(address).await?;
    let stop = async {
        told_to_stop().await;
        // A watching client is told before the connection ends.
        reporter.set_service_status("", ServingStatus::NotServing).await;
    };
    serve(listener, Acceptor::new(config, [Expect::AnyTrusted]), trust, app, stop).await;
    Ok(())
}

/// One request.
async fn client(url: String, files: Files) -> Result<(), Box<dyn Error>> {
    let dialer = Dialer::new(Connector::new(files.config()?));
    let channel = Endpoint::try_from(url)?.connect_with_connector(dialer).await?;
    let mut client = HealthClient::new(channel);
    let answer = client.check(HealthCheckRequest::default()).await?;
    println!("{:?}", answer.into_inner().status());
    Ok(())
}
