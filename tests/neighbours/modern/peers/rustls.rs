//! rustls with aws-lc-rs, or with ring (RUSTLS_PROVIDER=ring). What it is told and what it says stands in ../peers.rs.

use countersign::x509::PeerIdentity;
use countersign::{CipherSuite, NamedGroup};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, Connection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    StreamOwned,
};
use std::env;
use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

type Certificates = Vec<CertificateDer<'static>>;

/// What it has of the directory.
struct Files {
    roots: Arc<RootCertStore>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    own: Option<(Certificates, PrivateKeyDer<'static>)>,
}

impl Files {
    fn read(directory: &Path, name: &str) -> Result<Files, Box<dyn Error>> {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(directory.join("ca.pem"))? {
            roots.add(root?)?;
        }
        let own = match name {
            "-" => None,
            name => {
                let chain = CertificateDer::pem_file_iter(directory.join(format!("{name}.pem")))?;
                let key = PrivateKeyDer::from_pem_file(directory.join(format!("{name}.key")))?;
                Some((chain.collect::<Result<_, _>>()?, key))
            }
        };
        let crls = CertificateRevocationListDer::pem_file_iter(directory.join("crl.pem"))?.collect::<Result<_, _>>()?;
        Ok(Files { roots: Arc::new(roots), crls, own })
    }
}

fn provider(groups: &str) -> Arc<CryptoProvider> {
    let by_ring = env::var("RUSTLS_PROVIDER").is_ok_and(|name| name == "ring");
    let mut provider = if by_ring { ring::default_provider() } else { aws_lc_rs::default_provider() };
    if groups != "-" {
        let group = |name: &str| -> Option<&'static dyn SupportedKxGroup> {
            let number = |group: &&&'static dyn SupportedKxGroup| NamedGroup(group.name().into()).to_string() == name;
            aws_lc_rs::ALL_KX_GROUPS.iter().find(number).copied()
        };
        provider.kx_groups = groups.split(',').filter_map(group).collect();
    }
    Arc::new(provider)
}

fn client(files: Files, provider: Arc<CryptoProvider>) -> Result<Connection, Box<dyn Error>> {
    let verifier = WebPkiServerVerifier::builder_with_provider(files.roots, Arc::clone(&provider));
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    let config = config.with_webpki_verifier(verifier.with_crls(files.crls).build()?);
    let config = match files.own {
        Some((chain, key)) => config.with_client_auth_cert(chain, key)?,
        None => config.with_no_client_auth(),
    };
    Ok(ClientConnection::new(Arc::new(config), "localhost".try_into()?)?.into())
}

fn server(files: Files, provider: Arc<CryptoProvider>, asks: bool) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let verifier = WebPkiClientVerifier::builder_with_provider(files.roots, Arc::clone(&provider));
    let verifier = match asks {
        true => verifier.with_crls(files.crls).build()?,
        false => WebPkiClientVerifier::no_client_auth(),
    };
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
    let (chain, key) = files.own.ok_or("serve without a certificate")?;
    Ok(Arc::new(config.with_client_cert_verifier(verifier).with_single_cert(chain, key)?))
}

fn met(tls: &Connection) -> Result<String, Box<dyn Error>> {
    let peer = PeerIdentity::read(&tls.peer_certificates().ok_or("nobody")?[0])?;
    let name = peer.dns_names.first().or(peer.uris.first()).ok_or("no name")?;
    let suite = CipherSuite(tls.negotiated_cipher_suite().ok_or("no suite")?.suite().into());
    let group = NamedGroup(tls.negotiated_key_exchange_group().ok_or("no group")?.name().into());
    let retried = match tls.handshake_kind() {
        Some(HandshakeKind::FullWithHelloRetryRequest) => "retried",
        _ => "once",
    };
    Ok(format!("CN={} {name} {suite} {group} {retried}", peer.common_name.unwrap_or_default()))
}

/// One line each way, the client's first.
fn talk(mut tls: Connection, mut tcp: TcpStream, is_server: bool) -> Result<String, Box<dyn Error>> {
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    while tls.is_handshaking() {
        if let Err(error) = tls.complete_io(&mut tcp) {
            let _ = tls.write_tls(&mut tcp); // the alert
            return Err(error.into());
        }
    }
    let whom = met(&tls)?;
    let mut heard = Vec::new();
    if !is_server {
        tls.writer().write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    }
    while !heard.contains(&b'\n') {
        tls.complete_io(&mut tcp)?;
        match tls.reader().read_to_end(&mut heard) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
            _ => {}
        }
    }
    if is_server {
        tls.writer().write_all(format!("the peer met {whom}\n").as_bytes())?;
    }
    tls.send_close_notify();
    while tls.wants_write() {
        tls.write_tls(&mut tcp)?;
    }
    let heard = String::from_utf8_lossy(&heard);
    Ok(format!("{whom} | {}", heard.lines().next().unwrap_or_default()))
}

/// Says back what it hears. It closes only when it has heard all: a reset would overtake its alert.
fn echo(config: Arc<ServerConfig>, mut tcp: TcpStream) -> Result<(), Box<dyn Error>> {
    tcp.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut tls = StreamOwned::new(ServerConnection::new(config)?, &tcp);
    let mut heard = [0; 4096];
    loop {
        match tls.read(&mut heard) {
            Ok(0) => break tls.conn.send_close_notify(),
            Ok(count) => tls.write_all(&heard[..count])?,
            Err(_) => break, // its alert waits to be written, if there is one
        }
    }
    while tls.conn.wants_write() {
        tls.conn.write_tls(&mut &tcp)?;
    }
    tcp.shutdown(Shutdown::Write)?;
    tcp.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [role, directory, name, groups, rest @ ..] = &arguments[..] else {
        let (_, version) =
            include_str!("../../Cargo.lock").split_once("name = \"rustls\"\nversion = \"").ok_or("no rustls")?;
        println!("version rustls {} with aws-lc-rs", version.split('"').next().unwrap_or_default());
        return Ok(());
    };
    let files = Files::read(Path::new(directory), name)?;
    let (tls, tcp) = match role.as_str() {
        "client" => (client(files, provider(groups)), TcpStream::connect(format!("127.0.0.1:{}", rest[0]))?),
        role => {
            let config = server(files, provider(groups), role != "careless");
            let listener = TcpListener::bind("127.0.0.1:0")?;
            println!("listening {}", listener.local_addr()?.port());
            if role == "echo" {
                let config = config?;
                loop {
                    let (config, (tcp, _)) = (Arc::clone(&config), listener.accept()?);
                    thread::spawn(move || echo(config, tcp).unwrap_or_default());
                }
            }
            (config.and_then(|config| Ok(ServerConnection::new(config)?.into())), listener.accept()?.0)
        }
    };
    match tls.and_then(|tls| talk(tls, tcp, role != "client")) {
        Ok(outcome) => println!("met {outcome}"),
        Err(error) => println!("refused {error}"),
    }
    Ok(())
}
