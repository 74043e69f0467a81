//! A service with an identity of a SPIFFE agent (for example SPIRE's), which echoes the data of every trusted peer; or
//! (with a SPIFFE ID) its client. No file has a key. `SPIFFE_ENDPOINT_SOCKET` is the address of the agent.
//!
//! ```sh
//! export SPIFFE_ENDPOINT_SOCKET=unix:///tmp/spire-agent/public/api.sock
//! cargo run --manifest-path examples/services/Cargo.toml --bin spiffe_echo -- 127.0.0.1:4433
//! cargo run --manifest-path examples/services/Cargo.toml --bin spiffe_echo -- 127.0.0.1:4433 spiffe://example.org/api
//! ```

use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector, Stream};
use countersign::x509::{Accepted, Expect, SpiffeId};
use countersign_services::program::{listen, sentence};
use countersign_services::workload;
use spiffe::X509Source;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use tokio::io::{AsyncWriteExt, copy, copy_bidirectional, join, stdin, stdout};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spiffe_echo: {}", sentence(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, server) = match &arguments[..] {
        [address] => (address, None),
        [address, server] => (address, Some(server.parse::<SpiffeId>()?)),
        _ => return Err("usage: spiffe_echo ADDRESS [SPIFFE ID OF THE SERVER]".into()),
    };
    // Waits until the agent has an SVID for us.
    let (config, _trust_changed) = workload::follow(X509Source::new().await?, Policy::new())?;
    match server {
        None => serve(address, config).await,
        Some(server) => Ok(call(address, Expect::Spiffe(server), config).await?),
    }
}

/// Every peer with an SVID of our trust domain, or of a federated one, is served.
async fn serve(address: &str, config: Config) -> Result<(), Box<dyn Error>> {
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let listener = listen(address).await?;
    loop {
        let (tcp, from) = listener.accept().await?;
        let connecting = acceptor.accept(tcp);
        tokio::spawn(async move {
            let outcome = async { echo(connecting.await?).await }.await;
            if let Err(error) = outcome {
                eprintln!("{from}: {}", sentence(&error));
            }
        });
    }
}

async fn echo(stream: Stream<TcpStream>) -> io::Result<()> {
    let (mut read, mut write) = stream.into_split();
    tell(read.peer());
    copy(&mut read, &mut write).await?;
    read.reunite(write).map_err(io::Error::other)?.close().await
}

/// The proved peer.
fn tell(accepted: &Accepted) {
    if let Some(peer) = accepted.identity() {
        eprintln!("met {peer}");
    }
}

async fn call(address: &str, server: Expect, config: Config) -> io::Result<()> {
    let tcp = TcpStream::connect(address).await?;
    let mut stream = Connector::new(config).connect_to(None, [server], tcp).await?;
    stream.confirmed().await?;
    tell(stream.peer());
    copy_bidirectional(&mut stream, &mut join(stdin(), stdout())).await?;
    stdout().flush().await?;
    stream.close().await
}
