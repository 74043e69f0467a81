use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connecting};
use std::error::Error;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_pem_files("server.pem", "server.key", "ca.pem")?;
    let acceptor = Acceptor::new(config, ["spiffe://example.org".parse()?]); // whoever has an ID of this trust domain
    let listener = TcpListener::bind("[::]:4433").await?;
    loop {
        let (tcp, from) = listener.accept().await?;
        let connecting = acceptor.accept(tcp); // at most 10 seconds
        tokio::spawn(async move { serve(connecting).await.map_err(|error| eprintln!("{from}: {error}")) });
    }
}

async fn serve(connecting: Connecting<TcpStream>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut stream = connecting.await?;
    println!("{}", stream.peer());
    let (mut read, mut write) = tokio::io::split(&mut stream);
    let copied = tokio::io::copy(&mut read, &mut write).await;
    stream.close().await?; // after an error, too: our alert shall arrive
    Ok(copied.map(drop)?)
}
