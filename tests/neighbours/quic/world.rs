//! The identities: a CA, ends of ours and of rustls under it, and identities of another CA.

use countersign::adapters::Config;
use countersign::adapters::quinn::quinn_proto::{ClientConfig, ServerConfig};
use countersign::adapters::quinn::{QuicClientConfig, QuicServerConfig, TokenKey};
use countersign::x509::{Expect, Identities, Identity, Reloadable, SigningKey, Trust};
use countersign::{AlertDescription, Policy};
use quinn::crypto::rustls::{QuicClientConfig as RustlsClient, QuicServerConfig as RustlsServer};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{CipherSuite, RootCertStore};
use std::sync::{Arc, Mutex};

pub const ALPN: &[u8] = b"echo";

type Ca = rcgen::CertifiedIssuer<'static, rcgen::KeyPair>;

fn ca(name: &str) -> Ca {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertifiedIssuer::self_signed(params, key).unwrap()
}

/// A certificate and its key.
pub struct Leaf {
    pub chain: Vec<CertificateDer<'static>>,
    key: rcgen::KeyPair,
}

impl Leaf {
    fn issue(ca: &Ca, name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Leaf {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        Leaf { chain: vec![params.signed_by(&key, ca).unwrap().der().clone()], key }
    }

    fn rustls_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    fn ours(&self) -> Identity {
        Identity::new(self.chain.clone(), SigningKey::from_der(&self.key.serialize_der()).unwrap()).unwrap()
    }
}

pub struct World {
    ca: Ca,
    stranger: Ca,
    /// The errors of our ends.
    pub failures: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub fn new() -> World {
        World { ca: ca("ours"), stranger: ca("another"), failures: Arc::default() }
    }

    pub fn leaf(&self, name: &str) -> Leaf {
        Leaf::issue(&self.ca, name, |_| {})
    }

    pub fn expired(&self, name: &str) -> Leaf {
        Leaf::issue(&self.ca, name, |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1))
    }

    /// Of another CA, which no end trusts.
    pub fn stranger(&self, name: &str) -> Leaf {
        Leaf::issue(&self.stranger, name, |_| {})
    }

    /// With a chain of at least this many bytes.
    pub fn fat(&self, name: &str, bytes: usize) -> Leaf {
        Leaf::issue(&self.ca, name, |params| {
            let names = (0..bytes / 50).map(|n| format!("{n:040}.example"));
            params.subject_alt_names.extend(names.map(|name| rcgen::SanType::DnsName(name.try_into().unwrap())));
        })
    }

    // ---- ours ----

    pub fn config(&self, leaf: &Leaf, policy: Policy) -> Config {
        let trust = Trust::from_roots("ca", self.ca.pem().as_bytes()).unwrap();
        let identities = Identities::new(leaf.ours());
        Config::new(Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust))).policy(policy)
    }

    pub fn note(&self) -> impl Fn(&countersign::adapters::Failure) + Send + Sync + 'static {
        let failures = self.failures.clone();
        move |failure| failures.lock().unwrap().push(failure.to_string())
    }

    pub fn our_client_of(&self, leaf: &Leaf, policy: Policy) -> QuicClientConfig {
        QuicClientConfig::new(self.config(leaf, policy)).unwrap().on_failure(self.note())
    }

    pub fn our_server_of(&self, leaf: &Leaf, policy: Policy) -> QuicServerConfig {
        let config = self.config(leaf, policy);
        QuicServerConfig::new(config, [Expect::AnyTrusted]).unwrap().on_failure(self.note())
    }

    pub fn our_client_config(&self) -> QuicClientConfig {
        self.our_client_of(&self.leaf("client.test"), policy())
    }

    pub fn our_server_config(&self) -> QuicServerConfig {
        self.our_server_of(&self.leaf("server.test"), policy())
    }

    pub fn our_client(&self) -> ClientConfig {
        ClientConfig::new(Arc::new(self.our_client_config()))
    }

    pub fn our_server(&self) -> ServerConfig {
        server(self.our_server_config())
    }

    // ---- rustls ----

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.der().clone()).unwrap();
        Arc::new(roots)
    }

    pub fn rustls_client_of(&self, leaf: Option<&Leaf>, alpn: &[u8], suite: Option<CipherSuite>) -> ClientConfig {
        let provider = provider(suite);
        let verifier = WebPkiServerVerifier::builder_with_provider(self.roots(), provider.clone()).build().unwrap();
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_webpki_verifier(verifier);
        let mut config = match leaf {
            Some(leaf) => config.with_client_auth_cert(leaf.chain.clone(), leaf.rustls_key()).unwrap(),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = if alpn.is_empty() { vec![] } else { vec![alpn.to_vec()] };
        config.enable_early_data = true;
        ClientConfig::new(Arc::new(RustlsClient::with_initial(Arc::new(config), initial_suite()).unwrap()))
    }

    pub fn rustls_server_of(&self, leaf: &Leaf, alpn: &[u8], asks: bool) -> ServerConfig {
        let verifier = match asks {
            true => WebPkiClientVerifier::builder_with_provider(self.roots(), provider(None)).build().unwrap(),
            false => WebPkiClientVerifier::no_client_auth(),
        };
        let mut config = rustls::ServerConfig::builder_with_provider(provider(None))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(leaf.chain.clone(), leaf.rustls_key())
            .unwrap();
        config.alpn_protocols = if alpn.is_empty() { vec![] } else { vec![alpn.to_vec()] };
        config.max_early_data_size = u32::MAX;
        server(RustlsServer::with_initial(Arc::new(config), initial_suite()).unwrap())
    }

    pub fn rustls_client(&self) -> ClientConfig {
        self.rustls_client_of(Some(&self.leaf("client.test")), ALPN, None)
    }

    pub fn rustls_server(&self) -> ServerConfig {
        self.rustls_server_of(&self.leaf("server.test"), ALPN, true)
    }
}

pub fn policy() -> Policy {
    Policy::new().alpn(&[ALPN])
}

pub fn server(crypto: impl quinn::crypto::ServerConfig + 'static) -> ServerConfig {
    ServerConfig::new(Arc::new(crypto), Arc::new(TokenKey::random().unwrap()))
}

fn initial_suite() -> rustls::quic::Suite {
    rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().unwrap().quic_suite().unwrap()
}

/// ring's provider with only this cipher suite.
fn provider(suite: Option<CipherSuite>) -> Arc<rustls::crypto::CryptoProvider> {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites.retain(|each| suite.is_none_or(|suite| each.suite() == suite));
    Arc::new(provider)
}

/// The code of QUIC for this alert (RFC 9001 §4.8).
pub fn code(alert: AlertDescription) -> u64 {
    0x100 + u64::from(alert.0)
}
