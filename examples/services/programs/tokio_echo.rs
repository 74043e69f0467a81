//! A service over tokio that authenticates its clients, and echoes their data; or (with a name) its client.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin tokio_echo -- 127.0.0.1:4433 server.pem server-key.pem ca.pem
//! cargo run --manifest-path examples/services/Cargo.toml --bin tokio_echo -- 127.0.0.1:4433 client.pem client-key.pem ca.pem localhost
//! ```

use countersign::adapters::{Config, tokio::Acceptor, tokio::Connector};
use countersign::x509::Expect;
use std::io;
use tokio::io::{copy, join, stdin, stdout};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [address, chain, key, roots] => serve(address, Config::from_pem_files(chain, key, roots)?).await,
        [address, chain, key, roots, name] => call(address, name, Config::from_pem_files(chain, key, roots)?).await,
        _ => Err(io::Error::other("usage: tokio_echo ADDRESS CHAIN KEY ROOTS [NAME OF THE SERVER]")),
    }
}

async fn serve(address: &str, config: Config) -> io::Result<()> {
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]);
    let listener = TcpListener::bind(address).await?;
    loop {
        let (tcp, from) = listener.accept().await?;
        let connecting = acceptor.accept(tcp);
        tokio::spawn(async move {
            if let Err(error) = echo(connecting.await).await {
                eprintln!("{from}: {error}");
            }
        });
    }
}

async fn echo(stream: io::Result<countersign::adapters::tokio::Stream<TcpStream>>) -> io::Result<()> {
    let (mut read, mut write) = stream?.into_split();
    eprintln!("{}", read.peer());
    let copied = copy(&mut read, &mut write).await;
    let mut stream = read.reunite(write).map_err(io::Error::other)?;
    stream.close().await?; // after an error, too: our alert shall arrive
    copied.map(drop)
}

async fn call(address: &str, name: &str, config: Config) -> io::Result<()> {
    let mut stream = Connector::new(config).connect(name, TcpStream::connect(address).await?).await?;
    stream.confirmed().await?;
    tokio::io::copy_bidirectional(&mut stream, &mut join(stdin(), stdout())).await?;
    stream.close().await
}
