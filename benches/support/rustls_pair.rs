//! The same handshake with rustls: mutual, TLS 1.3 only, no resumption, no tickets. It has the crate's provider, or
//! aws-lc-rs for hybrid groups, which rustls does not have with ring.

use crate::{Certificates, Issued, SERVER_NAME};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use std::io::{Read, Write};
use std::sync::Arc;

pub struct Configs {
    pub client: Arc<ClientConfig>,
    pub server: Arc<ServerConfig>,
}

fn key(issued: &Issued) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(issued.key.serialize_der()))
}

impl Configs {
    pub fn new(certificates: &Certificates) -> Configs {
        #[cfg(feature = "aws-lc-rs")]
        use rustls::crypto::aws_lc_rs as by;
        #[cfg(not(feature = "aws-lc-rs"))]
        use rustls::crypto::ring as by;
        let mut provider = by::default_provider();
        provider.kx_groups = vec![by::kx_group::X25519];
        provider.cipher_suites = vec![by::cipher_suite::TLS13_AES_128_GCM_SHA256];
        Configs::with(provider, certificates)
    }

    /// With X25519MLKEM768.
    #[cfg(feature = "mlkem")]
    pub fn hybrid(certificates: &Certificates) -> Configs {
        use rustls::crypto::aws_lc_rs as by;
        let mut provider = by::default_provider();
        provider.kx_groups = vec![by::kx_group::X25519MLKEM768];
        provider.cipher_suites = vec![by::cipher_suite::TLS13_AES_128_GCM_SHA256];
        Configs::with(provider, certificates)
    }

    fn with(provider: CryptoProvider, certificates: &Certificates) -> Configs {
        let provider = Arc::new(provider);
        let mut roots = RootCertStore::empty();
        roots.add(certificates.root.clone()).expect("a usable root");
        let roots = Arc::new(roots);
        let mut client = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("a version")
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(certificates.client.chain.clone(), key(&certificates.client))
            .expect("a usable credential");
        client.resumption = Resumption::disabled();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots, provider.clone()).build().expect("a verifier");
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("a version")
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates.server.chain.clone(), key(&certificates.server))
            .expect("a usable credential");
        server.send_tls13_tickets = 0;
        server.session_storage = Arc::new(NoServerSessionStorage {});
        Configs { client: Arc::new(client), server: Arc::new(server) }
    }

    /// A whole handshake, both sides.
    pub fn handshake(&self) -> (ClientConnection, ServerConnection) {
        let name = ServerName::try_from(SERVER_NAME).expect("a name");
        let mut client = ClientConnection::new(self.client.clone(), name).expect("a client");
        let mut server = ServerConnection::new(self.server.clone()).expect("a server");
        let mut wire = Vec::with_capacity(4096);
        while client.is_handshaking() || server.is_handshaking() {
            while client.wants_write() {
                client.write_tls(&mut wire).expect("written");
            }
            deliver(&mut wire, |bytes| server.read_tls(bytes));
            server.process_new_packets().expect("an honest peer");
            while server.wants_write() {
                server.write_tls(&mut wire).expect("written");
            }
            deliver(&mut wire, |bytes| client.read_tls(bytes));
            client.process_new_packets().expect("an honest peer");
        }
        (client, server)
    }
}

fn deliver(wire: &mut Vec<u8>, mut read: impl FnMut(&mut &[u8]) -> std::io::Result<usize>) {
    let mut bytes = &wire[..];
    while !bytes.is_empty() {
        read(&mut bytes).expect("read");
    }
    wire.clear();
}

/// Sends one piece of data from client to server; `wire` and `out` are reused.
pub fn send_data(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
    data: &[u8],
    wire: &mut Vec<u8>,
    out: &mut [u8],
) {
    client.writer().write_all(data).expect("buffered");
    while client.wants_write() {
        client.write_tls(wire).expect("written");
    }
    deliver(wire, |bytes| server.read_tls(bytes));
    server.process_new_packets().expect("an honest peer");
    server.reader().read_exact(&mut out[..data.len()]).expect("all there");
}
