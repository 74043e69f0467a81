//! A client by hyper: HTTP/2 or HTTP/1.1, as the server supports.
//!
//! ```sh
//! cargo run --manifest-path examples/services/Cargo.toml --bin http_client -- https://localhost:8443/ --cert pki/client.pem --key pki/client.key --ca pki/ca.pem
//! ```

use countersign::adapters::tokio::Connector;
use countersign_services::dial::Dialer;
use countersign_services::files::Files;
use countersign_services::program;
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use pico_args::Arguments;
use std::error::Error;
use std::io::{Write, stdout};
use std::process::ExitCode;

const USAGE: &str = "\
usage: http_client URL
    --expect NAME      who the server must be, if not the host of the URL: as spiffe://example.org/server";

#[tokio::main]
async fn main() -> ExitCode {
    program::exit("http_client", USAGE, run(Arguments::from_env()).await)
}

async fn run(mut arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let files = Files::from_arguments(&mut arguments)?;
    let expect = arguments.opt_value_from_str("--expect")?;
    let uri: Uri = arguments.free_from_str()?;
    program::no_more(arguments)?;
    let mut dialer = Dialer::new(Connector::new(files.config()?));
    if let Some(expect) = expect {
        dialer = dialer.expect(expect);
    }
    let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(dialer);
    let response = client.get(uri).await?;
    eprintln!("{:?} {}", response.version(), response.status());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await.transpose()? {
        if let Ok(data) = frame.into_data() {
            stdout().write_all(&data)?;
        }
    }
    Ok(())
}
