//! Both ends under one root.

use countersign::adapters::Config;
use countersign::adapters::tokio::{Acceptor, Connector, Stream};
use countersign::adversary;
use countersign::x509::{Expect, Identities, Identity, Reloadable, SigningKey, Trust};
use rustls_pki_types::CertificateDer;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::DuplexStream;

pub struct World {
    root: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
    pub client: Config,
    pub server: Config,
}

fn root() -> rcgen::CertifiedIssuer<'static, rcgen::KeyPair> {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, "countersign test root");
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    rcgen::CertifiedIssuer::self_signed(params, key).unwrap()
}

impl World {
    pub fn new() -> World {
        let root = root();
        let config = |name| config(&root, identity(&root, name));
        World { client: config("client.test"), server: config("server.test"), root }
    }

    pub fn root_pem(&self) -> String {
        self.root.pem()
    }

    /// Another configuration under the same root.
    pub fn config(&self, name: &str) -> Config {
        config(&self.root, identity(&self.root, name))
    }

    /// One whose key is elsewhere, and that key.
    pub fn external(&self, name: &str) -> (Config, SigningKey) {
        let (identity, key) = self.elsewhere(name);
        (config(&self.root, identity), key)
    }

    /// Another certificate under the same root.
    pub fn identity(&self, name: &str) -> Identity {
        identity(&self.root, name)
    }

    /// An identity whose key is elsewhere, and that key.
    pub fn elsewhere(&self, name: &str) -> (Identity, SigningKey) {
        let (chain, key) = chain_and_key(&self.root, name);
        (Identity::external(chain, key.schemes().to_vec()).unwrap(), key)
    }

    /// Who the scripted peer of a check is.
    pub fn peer(&self, name: &str) -> adversary::Identity {
        let (chain, key) = chain_and_key(&self.root, name);
        adversary::Identity { chain, key }
    }

    /// A configuration whose certificate nobody here trusts.
    pub fn stranger(&self, name: &str) -> Config {
        config(&self.root, identity(&root(), name))
    }

    pub fn connector(&self) -> Connector {
        Connector::new(self.client.clone())
    }

    pub fn acceptor(&self) -> Acceptor {
        Acceptor::new(self.server.clone(), [Expect::AnyTrusted])
    }

    /// Two ends that have met over a pipe of so many bytes.
    pub async fn meet(&self, pipe: usize) -> (Stream<DuplexStream>, Stream<DuplexStream>) {
        let (near, far) = tokio::io::duplex(pipe);
        tokio::try_join!(self.connector().connect("server.test", near), self.acceptor().accept(far)).unwrap()
    }
}

fn chain_and_key(
    root: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
    name: &str,
) -> (Vec<CertificateDer<'static>>, SigningKey) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, root).unwrap();
    (vec![certificate.der().clone()], SigningKey::from_der(&key.serialize_der()).unwrap())
}

fn identity(root: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>, name: &str) -> Identity {
    let (chain, key) = chain_and_key(root, name);
    Identity::new(chain, key).unwrap()
}

fn config(root: &rcgen::CertifiedIssuer<'static, rcgen::KeyPair>, identity: Identity) -> Config {
    let trust = Trust::from_roots("root", root.pem().as_bytes()).unwrap();
    Config::new(Arc::new(Reloadable::new(Identities::new(identity))), Arc::new(Reloadable::new(trust)))
        .close_deadline(Duration::from_secs(5))
}
