//! A proof that expires while its connection lives.

use axum::Router;
use axum::routing::get;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::{Expect, Identities, Identity, Reloadable, SigningKey, Trust};
use countersign_services::serve::serve;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

pub type Root = CertifiedIssuer<'static, KeyPair>;

pub fn root() -> Root {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An identity that lasts so long.
pub fn config(root: &Root, name: &str, lasts: Duration) -> Config {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut params = CertificateParams::new(vec![name.to_string()]).unwrap();
    params.not_after = rcgen::date_time_ymd(1970, 1, 1) + (now + lasts);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let chain = vec![params.signed_by(&key, root).unwrap().der().clone()];
    let identity = Identity::new(chain, SigningKey::from_der(&key.serialize_der()).unwrap()).unwrap();
    let trust = Trust::from_roots("root", root.pem().as_bytes()).unwrap();
    Config::new(Arc::new(Reloadable::new(Identities::new(identity))), Arc::new(Reloadable::new(trust)))
}

#[tokio::test]
async fn a_connection_ends_when_the_clients_certificate_expires() {
    let root = root();
    let server = config(&root, "server.test", Duration::from_secs(3600));
    let client = config(&root, "client.test", Duration::from_secs(3));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_trust, unchanged) = watch::channel(());
    let app = Router::new().route("/", get(async || "hello"));
    tokio::spawn(serve(listener, Acceptor::new(server, [Expect::AnyTrusted]), unchanged, app, pending()));
    let tcp = TcpStream::connect(address).await.unwrap();
    let mut stream = Connector::new(client).connect("server.test", tcp).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: server.test\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
    assert!(answer.ends_with(b"hello"), "it was answered, and nothing more came");
}
