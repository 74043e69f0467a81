//! A QUIC service that authenticates its clients, and echoes what comes on each stream; or (with a name) its client.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin quic_echo -- 127.0.0.1:4433 server.pem server-key.pem ca.pem
//! cargo run --manifest-path examples/services/Cargo.toml --bin quic_echo -- 127.0.0.1:4433 client.pem client-key.pem ca.pem localhost
//! ```

use countersign::adapters::Config;
use countersign::adapters::quinn::{QuicClientConfig, QuicServerConfig, ResetKey, TokenKey, endpoint_config};
use countersign::{Policy, x509::Accepted, x509::Expect};
use quinn::{ClientConfig, ConnectionError, Endpoint, Incoming, ServerConfig, TokioRuntime};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::io::{copy, stdin, stdout};
use tokio::time::timeout;

/// quinn has no limit for a peer that sends and never ends.
const HANDSHAKE: Duration = Duration::from_secs(10);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [address, chain, key, roots] => serve(address.parse()?, config(chain, key, roots)?).await,
        [address, chain, key, roots, name] => call(address.parse()?, name, config(chain, key, roots)?).await,
        _ => Err("usage: quic_echo ADDRESS CHAIN KEY ROOTS [NAME OF THE SERVER]".into()),
    }
}

fn config(chain: &str, key: &str, roots: &str) -> Outcome<Config> {
    Ok(Config::from_pem_files(chain, key, roots)?.policy(Policy::new().alpn(&[b"echo"])))
}

fn endpoint(address: SocketAddr, server: Option<ServerConfig>) -> Outcome<Endpoint> {
    let (config, socket) = (endpoint_config(ResetKey::random()?), UdpSocket::bind(address)?);
    Ok(Endpoint::new(config, server, socket, Arc::new(TokioRuntime))?)
}

async fn serve(address: SocketAddr, config: Config) -> Outcome<()> {
    let crypto = QuicServerConfig::new(config, [Expect::AnyTrusted])?.on_failure(|failure| eprintln!("{failure}"));
    let server = ServerConfig::new(Arc::new(crypto), Arc::new(TokenKey::random()?));
    let endpoint = endpoint(address, Some(server))?;
    eprintln!("listening on {}", endpoint.local_addr()?);
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let from = incoming.remote_address();
            if let Err(error) = echo(incoming).await {
                eprintln!("{from}: {error}");
            }
        });
    }
    Ok(())
}

async fn echo(incoming: Incoming) -> Outcome<()> {
    let connection = timeout(HANDSHAKE, incoming).await??;
    let peer = connection.peer_identity().ok_or("nobody")?.downcast::<Accepted>().map_err(|_| "not ours")?;
    eprintln!("{peer}");
    loop {
        let (mut send, mut receive) = match connection.accept_bi().await {
            Ok(stream) => stream,
            Err(ConnectionError::ApplicationClosed(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        copy(&mut receive, &mut send).await?;
        send.finish()?;
    }
}

async fn call(server: SocketAddr, name: &str, config: Config) -> Outcome<()> {
    let any = if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let endpoint = endpoint(any, None)?;
    let crypto = QuicClientConfig::new(config)?.on_failure(|failure| eprintln!("{failure}"));
    let client = ClientConfig::new(Arc::new(crypto));
    let connection = timeout(HANDSHAKE, endpoint.connect_with(client, server, name)?).await??;
    let (mut send, mut receive) = connection.open_bi().await?;
    let speak = async {
        copy(&mut stdin(), &mut send).await?;
        send.finish()?;
        Outcome::Ok(())
    };
    let hear = async { Outcome::Ok(copy(&mut receive, &mut stdout()).await?) };
    tokio::try_join!(speak, hear)?;
    connection.close(0_u32.into(), b"");
    endpoint.wait_idle().await; // until the server has received everything
    Ok(())
}
