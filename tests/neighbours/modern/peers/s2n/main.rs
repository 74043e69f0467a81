//! s2n-tls by its own bindings. What it is told and what it says stands in ../../peers.rs. Its groups are those of a security
//! policy, whatever it is told, and its client shares a key for X25519MLKEM768; it says nothing of a HelloRetryRequest.

use s2n_tls::callbacks::VerifyHostNameCallback;
use s2n_tls::config::{Builder, Config};
use s2n_tls::connection::Connection;
use s2n_tls::enums::ClientAuthType;
use s2n_tls::security::Policy;
use s2n_tls_tokio::{TlsAcceptor, TlsConnector, TlsStream};
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A server takes clients of any name that its roots have certified.
struct AnyName;

impl VerifyHostNameCallback for AnyName {
    fn verify_host_name(&self, _: &str) -> bool {
        true
    }
}

fn config(role: &str, directory: &Path, name: &str) -> Result<Config, Box<dyn Error>> {
    let read = |file: &str| std::fs::read(directory.join(file));
    let mut config = Builder::new();
    config
        .set_security_policy(&Policy::from_version("default_pq")?)?
        .with_system_certs(false)?
        .trust_pem(&read("ca.pem")?)?;
    // Otherwise it waits for up to half a minute before it tells of a failure.
    config.set_max_blinding_delay(1)?;
    if name != "-" {
        config.load_pem(&read(&format!("{name}.pem"))?, &read(&format!("{name}.key"))?)?;
    }
    match role {
        "client" => config.set_client_auth_type(ClientAuthType::Optional)?,
        "server" | "echo" => {
            config.set_client_auth_type(ClientAuthType::Required)?.set_verify_host_callback(AnyName)?
        }
        _ => config.set_client_auth_type(ClientAuthType::None)?,
    };
    Ok(config.build()?)
}

fn met(connection: &Connection) -> Result<String, Box<dyn Error>> {
    let chain = connection.peer_cert_chain()?;
    let leaf = chain.iter().next().ok_or("nobody")??;
    let (_, leaf) = X509Certificate::from_der(leaf.der()?)?;
    let common_name = leaf.subject().iter_common_name().next().ok_or("no name")?.as_str()?;
    let names = &leaf.subject_alternative_name()?.ok_or("no names")?.value.general_names;
    let (GeneralName::DNSName(name) | GeneralName::URI(name)) = &names[0] else { return Err("another name".into()) };
    let group = connection.selected_key_exchange_group().unwrap_or("?");
    Ok(format!("CN={common_name} {name} {} {group} ?", connection.cipher_suite()?))
}

/// One line each way, the client's first.
async fn talk(mut tls: TlsStream<TcpStream>, is_server: bool) -> Result<String, Box<dyn Error>> {
    let whom = met(tls.as_ref())?;
    let mut heard = String::new();
    if !is_server {
        tls.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
        tls.flush().await?;
    }
    BufReader::new(&mut tls).read_line(&mut heard).await?;
    if heard.is_empty() {
        return Err("closed".into());
    }
    if is_server {
        tls.write_all(format!("the peer met {whom}\n").as_bytes()).await?;
    }
    let _ = tls.shutdown().await;
    Ok(format!("{whom} | {}", heard.trim_end()))
}

/// Says back what it hears. It closes only when it has heard all: a reset would overtake its alert.
async fn echo(tcp: TcpStream, config: Config) -> std::io::Result<()> {
    let acceptor = TlsAcceptor::new(config);
    let mut tcp = tcp;
    if let Ok(mut tls) = acceptor.accept(&mut tcp).await {
        let (mut reader, mut writer) = tokio::io::split(&mut tls);
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
        let _ = tls.shutdown().await;
    }
    tcp.shutdown().await?;
    tokio::io::copy(&mut tcp, &mut tokio::io::sink()).await.map(drop)
}

async fn run(role: &str, config: Config, port: Option<&String>) -> Result<String, Box<dyn Error>> {
    if role == "client" {
        let tcp = TcpStream::connect(format!("127.0.0.1:{}", port.ok_or("no port")?)).await?;
        return talk(TlsConnector::new(config).connect("localhost", tcp).await?, false).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    while role == "echo" {
        tokio::spawn(timeout(Duration::from_secs(20), echo(listener.accept().await?.0, config.clone())));
    }
    talk(TlsAcceptor::new(config).accept(listener.accept().await?.0).await?, true).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [role, directory, name, groups, rest @ ..] = &arguments[..] else {
        let lock = include_str!("Cargo.lock").split_once("name = \"s2n-tls\"\nversion = \"").ok_or("no s2n-tls")?.1;
        println!("version s2n-tls {}", lock.split('"').next().unwrap_or_default());
        return Ok(());
    };
    if role == "client" && groups.contains(',') && !groups.starts_with("X25519MLKEM768,") {
        println!("cannot share another key first");
        return Ok(());
    }
    let config = match config(role, Path::new(directory), name) {
        Ok(config) => config,
        Err(error) => {
            println!("cannot {error}");
            return Ok(());
        }
    };
    let patience = if role == "echo" { Duration::MAX } else { Duration::from_secs(20) };
    match timeout(patience, run(role, config, rest.first())).await? {
        Ok(outcome) => println!("met {outcome}"),
        Err(error) => println!("refused {error}"),
    }
    Ok(())
}
