//! A connection that lives long.

use crate::pki;
use axum::Router;
use axum::routing::get;
use countersign::Policy;
use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector};
use countersign::x509::{Expect, Identities, Identity};
use countersign_services::dial::Dialer;
use countersign_services::peer::Peer;
use countersign_services::serve::serve;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper::{Request, Uri};
use hyper_util::rt::TokioExecutor;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::future::pending;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

const REQUESTS: usize = 100_000;
/// So many are under way at once.
const AT_ONCE: usize = 50;
/// After so many the server's certificate is renewed.
const RENEWED: usize = 1000;
/// After so many records a key is.
const RECORDS: u64 = 5000;

async fn whoami(peer: Peer) -> String {
    peer.spiffe_id().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn a_hundred_thousand_requests_over_one_connection_while_certificates_are_renewed_behind_it() {
    let dir = pki::make();
    let config = |name: &str| {
        let [chain, key] = ["pem", "key"].map(|suffix| dir.path(&format!("pki/{name}.{suffix}")));
        let policy = Policy::new().alpn(&[b"h2"]).update_after(RECORDS);
        Config::from_pem_files(chain, key, dir.path("pki/ca.pem")).unwrap().policy(policy)
    };
    let server = config("server");
    let identities = server.identities().clone();
    let names = ["server", "renewed-server"]
        .map(|name| [dir.read(&format!("pki/{name}.pem")), dir.read(&format!("pki/{name}.key"))]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri: Uri = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    let (_trust, unchanged) = watch::channel(());
    let app = Router::new().route("/", get(whoami));
    tokio::spawn(serve(listener, Acceptor::new(server, [Expect::AnyTrusted]), unchanged, app, pending()));

    let connector = Connector::new(config("client"));
    let dialer = Dialer::new(connector.clone());
    let (client, connection) = http2::handshake(TokioExecutor::new(), dialer.dial(&uri).await.unwrap()).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut under_way = JoinSet::new();
    for number in 0..REQUESTS {
        if number % RENEWED == 0 {
            let [chain, key] = &names[number / RENEWED % 2];
            identities.set(Identities::new(Identity::from_pem_or_der(chain, key).unwrap()));
            // Others meet the new certificate meanwhile.
            let tcp = TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
            let met = connector.connect("localhost", tcp).await.unwrap();
            let leaf = CertificateDer::from_pem_slice(chain).unwrap();
            assert_eq!(met.peer().leaf(), &*leaf);
        }
        if under_way.len() == AT_ONCE {
            under_way.join_next().await.unwrap().unwrap();
        }
        let (mut client, request) = (client.clone(), Request::get(uri.clone()).body(Empty::<Bytes>::new()).unwrap());
        under_way.spawn(async move {
            client.ready().await.unwrap();
            let answer = client.send_request(request).await.unwrap().collect().await.unwrap().to_bytes();
            assert_eq!(answer, "spiffe://example.org/client");
        });
    }
    while let Some(done) = under_way.join_next().await {
        done.unwrap();
    }
    drop(client);
    connection.await.unwrap().unwrap();
}
