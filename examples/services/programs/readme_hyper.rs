use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connecting};
use hyper::{Response, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::error::Error;
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::from_pem_files("server.pem", "server.key", "ca.pem")?;
    let config = config.policy(Policy::new().alpn(&[b"h2", b"http/1.1"]));
    let acceptor = Acceptor::new(config, ["spiffe://example.org".parse()?]); // whoever has an ID of this trust domain
    let listener = TcpListener::bind("[::]:4433").await?;
    loop {
        let (tcp, from) = listener.accept().await?;
        let connecting = acceptor.accept(tcp); // at most 10 seconds
        tokio::spawn(async move { serve(connecting).await.map_err(|error| eprintln!("{from}: {error}")) });
    }
}

async fn serve(connecting: Connecting<TcpStream>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let stream = connecting.await?;
    let hello = format!("hello, {}\n", stream.peer());
    let answer = service_fn(move |_| std::future::ready(hyper::Result::Ok(Response::new(hello.clone()))));
    hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await
}
