//! rustls as the peer, in process. It represents Linkerd's proxy, which uses it: identities are DNS names of service
//! accounts (and SPIFFE IDs), one private CA issues both certificates, and both sides have a common ALPN protocol.

#[path = "../support/pki.rs"]
mod pki;

#[cfg(feature = "mlkem")]
#[path = "hybrids.rs"]
mod hybrids;

#[path = "raw_keys.rs"]
mod raw_keys;

use countersign::x509::{Answerer, Expect, Identities, Identity, PeerIdentity, Reloadable, SigningKey, Trust};
use countersign::{ErrorKind, Event, Handshake, Inbox, Outbox, Policy, Rejection, Role, Seed, Session, Want};
use pki::{Ca, Leaf, now};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{AlertDescription, ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig};
use rustls::{ServerConnection, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::sync::Arc;

const WEB: &str = "web.shop.serviceaccount.identity.linkerd.cluster.local";
const API: &str = "api.shop.serviceaccount.identity.linkerd.cluster.local";
const WEB_ID: &str = "spiffe://root.linkerd.cluster.local/ns/shop/sa/web";
const ALPN: &[u8] = b"transport.l5d.io/v1";
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13];

/// A trust anchor, and the issuer of the identity service below it.
struct Mesh {
    anchor: Ca,
    issuer: Ca,
}

impl Mesh {
    fn new(name: &str) -> Mesh {
        let anchor = Ca::root(name);
        let issuer = anchor.intermediate("identity");
        Mesh { anchor, issuer }
    }

    /// Chain and key of a proxy.
    fn leaf(&self, names: &[&str]) -> Leaf {
        self.issuer.leaf(names[0].split('.').next().unwrap(), names)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.anchor.der.clone()).unwrap();
        Arc::new(roots)
    }

    fn rustls_client(&self, issued_by: Option<&Mesh>) -> ClientConfig {
        let verifier = WebPkiServerVerifier::builder_with_provider(self.roots(), provider()).build().unwrap();
        let config = ClientConfig::builder_with_details(provider(), Arc::new(Clock)).with_protocol_versions(VERSIONS);
        let config = config.unwrap().with_webpki_verifier(verifier);
        let mut config = match issued_by {
            Some(mesh) => {
                let leaf = mesh.leaf(&[WEB, WEB_ID]);
                config.with_client_auth_cert(vec![leaf.der.clone(), mesh.issuer.der.clone()], key(&leaf)).unwrap()
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        config
    }

    fn rustls_server(&self, issued_by: &Mesh) -> ServerConfig {
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots(), provider()).build().unwrap();
        issued_by.rustls_server_with(provider(), verifier)
    }

    fn rustls_server_with(&self, provider: Arc<CryptoProvider>, verifier: Arc<dyn ClientCertVerifier>) -> ServerConfig {
        let config = ServerConfig::builder_with_details(provider, Arc::new(Clock)).with_protocol_versions(VERSIONS);
        let config = config.unwrap().with_client_cert_verifier(verifier);
        let leaf = self.leaf(&[API]);
        let mut config = config.with_single_cert(vec![leaf.der.clone(), self.issuer.der.clone()], key(&leaf)).unwrap();
        config.alpn_protocols = vec![ALPN.to_vec()];
        config
    }

    fn ours(&self, role: Role, issued_by: &Mesh) -> Us {
        let (names, expect): (&[&str], _) = match role {
            Role::Client => (&[WEB, WEB_ID], API),
            Role::Server => (&[API], WEB),
        };
        let leaf = issued_by.leaf(names);
        let signing_key = SigningKey::from_der(&leaf.key.serialize_der()).unwrap();
        let identity = Identity::new(vec![leaf.der.clone(), issued_by.issuer.der.clone()], signing_key).unwrap();
        Us {
            role,
            policy: Policy::new().alpn(&[ALPN]),
            identities: Arc::new(Reloadable::new(Identities::new(identity))),
            trust: Arc::new(Reloadable::new(Trust::from_roots("anchor", &self.anchor.der).unwrap())),
            expect: vec![expect.parse().unwrap()],
        }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn key(leaf: &Leaf) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap()
}

/// The time at which the test certificates are valid.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(now())
    }
}

/// Our side, as a program would have it.
struct Us {
    role: Role,
    policy: Policy,
    identities: Arc<Reloadable<Identities>>,
    trust: Arc<Reloadable<Trust>>,
    expect: Vec<Expect>,
}

impl Us {
    fn end(&self) -> Ours {
        let seed = Seed::random().unwrap();
        Ours {
            hs: match self.role {
                Role::Client => Handshake::client(self.policy.clone(), Some(API), seed).unwrap(),
                Role::Server => Handshake::server(self.policy.clone(), seed),
            },
            answerer: Answerer::new(self.identities.clone(), self.trust.clone(), self.expect.clone(), now()),
            rx: Inbox::new(vec![0; 40_000]),
            tx: Outbox::new(vec![0; 40_000]),
            session: None,
            heard: Vec::new(),
            closed: false,
        }
    }
}

/// Our end of one connection.
struct Ours {
    hs: Handshake<Policy>,
    answerer: Answerer,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    session: Option<Session>,
    heard: Vec<u8>,
    closed: bool,
}

impl Ours {
    /// Processes everything that has come.
    fn turn(&mut self) -> Result<(), ErrorKind> {
        while self.session.is_none() {
            match self.hs.drive(&mut self.rx, &mut self.tx).map_err(|error| error.kind())? {
                Want::Done => self.session = Some(self.hs.finish().unwrap()),
                Want::Read | Want::Write => return Ok(()),
                question => assert!(self.answerer.answer(&mut self.hs, &question, &self.rx, &mut self.tx).unwrap()),
            }
        }
        let session = self.session.as_mut().unwrap();
        loop {
            match session.receive(&mut self.rx, &mut self.tx).map_err(|error| error.kind())? {
                Event::Data => {
                    self.heard.extend_from_slice(self.rx.data());
                    self.rx.consume(self.rx.data().len());
                }
                Event::Closed => self.closed = true,
                Event::Read => return Ok(()),
                Event::Confirmed | Event::Owed(_) => continue,
            }
            if self.closed {
                return Ok(());
            }
        }
    }

    fn session(&mut self) -> &mut Session {
        self.session.as_mut().unwrap()
    }

    fn identity(&self) -> PeerIdentity {
        self.answerer.accepted().unwrap().identity().unwrap()
    }
}

/// Carries bytes in both directions until none are left. Returns the results of both sides.
fn exchange(ours: &mut Ours, theirs: &mut Connection) -> (Result<(), ErrorKind>, Result<(), rustls::Error>) {
    let mut outcome = (Ok(()), Ok(()));
    loop {
        if outcome.0.is_ok() {
            outcome.0 = ours.turn();
        }
        let sent = ours.tx.pending().to_vec();
        ours.tx.sent(sent.len());
        let mut rest = &sent[..];
        while !rest.is_empty() && outcome.1.is_ok() {
            theirs.read_tls(&mut rest).unwrap();
            outcome.1 = theirs.process_new_packets().map(drop);
        }
        let mut answer = Vec::new();
        while theirs.wants_write() {
            theirs.write_tls(&mut answer).unwrap();
        }
        if sent.is_empty() && answer.is_empty() {
            return outcome;
        }
        let mut rest = &answer[..];
        while !rest.is_empty() && outcome.0.is_ok() {
            let space = ours.rx.space();
            let (now, later) = rest.split_at(rest.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            ours.rx.filled(now.len());
            rest = later;
            outcome.0 = ours.turn();
        }
    }
}

fn rustls_client(config: ClientConfig) -> Connection {
    let name = ServerName::try_from(API).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap().into()
}

fn rustls_server(config: ServerConfig) -> Connection {
    ServerConnection::new(Arc::new(config)).unwrap().into()
}

/// The peer that rustls has accepted.
fn met(theirs: &Connection) -> PeerIdentity {
    PeerIdentity::read(&theirs.peer_certificates().unwrap()[0]).unwrap()
}

fn meet(ours: &mut Ours, theirs: &mut Connection) {
    assert_eq!(exchange(ours, theirs), (Ok(()), Ok(())));
    assert!(!theirs.is_handshaking());
    assert_eq!((ours.hs.alpn(), theirs.alpn_protocol()), (Some(ALPN), Some(ALPN)));
}

/// Data in both directions with key updates of both sides, one exported secret, and an orderly end.
fn talk(ours: &mut Ours, theirs: &mut Connection) {
    const PIECE: usize = 10_000; // rustls buffers at most 16 KiB
    let data: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let (mut from_us, mut from_them, mut they_heard) = (&data[..], &data[..], Vec::new());
    while !from_us.is_empty() || !from_them.is_empty() {
        let taken = ours.session.as_mut().unwrap().write(&from_us[..from_us.len().min(PIECE)], &mut ours.tx).unwrap();
        from_us = &from_us[taken..];
        let taken = theirs.writer().write(&from_them[..from_them.len().min(PIECE)]).unwrap();
        from_them = &from_them[taken..];
        assert_eq!(exchange(ours, theirs), (Ok(()), Ok(())));
        let mut part = [0; PIECE];
        while let Ok(n @ 1..) = theirs.reader().read(&mut part) {
            they_heard.extend_from_slice(&part[..n]);
        }
        match theirs {
            Connection::Client(client) => client.refresh_traffic_keys().unwrap(),
            Connection::Server(server) => server.refresh_traffic_keys().unwrap(),
        }
        ours.session.as_mut().unwrap().update_key(&mut ours.tx).unwrap();
    }
    assert!(they_heard == data && ours.heard == data);
    assert!(ours.session().is_confirmed());

    let (mut our_secret, their_secret) =
        ([0; 32], theirs.export_keying_material([0; 32], b"EXPORTER-test", Some(b"context")));
    ours.session().exporter().export(b"EXPORTER-test", b"context", &mut our_secret).unwrap();
    assert_eq!(their_secret.unwrap(), our_secret);

    ours.session.as_mut().unwrap().close(&mut ours.tx).unwrap();
    assert_eq!(exchange(ours, theirs), (Ok(()), Ok(())));
    assert_eq!(theirs.reader().read(&mut [0]).unwrap(), 0, "the end of the data, and no truncation");
    theirs.send_close_notify();
    assert_eq!(exchange(ours, theirs), (Ok(()), Ok(())));
    assert!(ours.closed);
}

#[test]
fn our_client_and_a_rustls_server_know_each_other() {
    let mesh = Mesh::new("anchor");
    let us = mesh.ours(Role::Client, &mesh);
    let (mut ours, mut theirs) = (us.end(), rustls_server(mesh.rustls_server(&mesh)));
    meet(&mut ours, &mut theirs);
    assert_eq!(ours.identity().dns_names, [API]);
    assert_eq!((met(&theirs).dns_names, met(&theirs).uris), (vec![WEB.into()], vec![WEB_ID.into()]));
    assert!(matches!(&theirs, Connection::Server(server) if server.server_name() == Some(API)));
    talk(&mut ours, &mut theirs);
}

#[test]
fn a_rustls_client_and_our_server_know_each_other() {
    let mesh = Mesh::new("anchor");
    for expect in [WEB, WEB_ID, "spiffe://root.linkerd.cluster.local"] {
        let us = Us { expect: vec![expect.parse().unwrap()], ..mesh.ours(Role::Server, &mesh) };
        let (mut ours, mut theirs) = (us.end(), rustls_client(mesh.rustls_client(Some(&mesh))));
        meet(&mut ours, &mut theirs);
        assert_eq!((ours.identity().dns_names, ours.identity().uris), (vec![WEB.into()], vec![WEB_ID.into()]));
        assert_eq!(met(&theirs).dns_names, [API]);
        assert_eq!(ours.hs.server_name(), Some(API));
        talk(&mut ours, &mut theirs);
    }
}

#[test]
fn a_hello_retry_request_of_either_side_is_followed() {
    let mesh = Mesh::new("anchor");
    let p384 = CryptoProvider { kx_groups: vec![ring::kx_group::SECP384R1], ..ring::default_provider() };
    let verifier = WebPkiClientVerifier::builder_with_provider(mesh.roots(), provider()).build().unwrap();
    let us = mesh.ours(Role::Client, &mesh);
    let (mut ours, mut theirs) = (us.end(), rustls_server(mesh.rustls_server_with(Arc::new(p384), verifier)));
    meet(&mut ours, &mut theirs);
    assert!(ours.hs.retried());

    let mut us = mesh.ours(Role::Server, &mesh);
    us.policy = us.policy.groups(&[countersign::NamedGroup::SECP384R1]);
    let (mut ours, mut theirs) = (us.end(), rustls_client(mesh.rustls_client(Some(&mesh))));
    meet(&mut ours, &mut theirs);
    assert!(ours.hs.retried());
    talk(&mut ours, &mut theirs);
}

#[test]
fn rustls_refuses_our_stranger_and_we_are_told() {
    let (mesh, stranger) = (Mesh::new("anchor"), Mesh::new("another"));
    let us = mesh.ours(Role::Client, &stranger);
    let (mut ours, mut theirs) = (us.end(), rustls_server(mesh.rustls_server(&mesh)));
    let (our_end, their_end) = exchange(&mut ours, &mut theirs);
    assert!(
        matches!(our_end, Err(ErrorKind::PeerRejectedCertificate { alert }) if alert == countersign::AlertDescription::UNKNOWN_CA)
    );
    assert!(matches!(their_end, Err(rustls::Error::InvalidCertificate(_))), "{their_end:?}");

    let us = mesh.ours(Role::Server, &stranger);
    let (mut ours, mut theirs) = (us.end(), rustls_client(mesh.rustls_client(Some(&mesh))));
    let (our_end, their_end) = exchange(&mut ours, &mut theirs);
    assert!(
        matches!(our_end, Err(ErrorKind::PeerRejectedCertificate { alert }) if alert == countersign::AlertDescription::UNKNOWN_CA)
    );
    assert!(matches!(their_end, Err(rustls::Error::InvalidCertificate(_))), "{their_end:?}");
}

#[test]
fn we_refuse_a_stranger_and_rustls_is_told() {
    let (mesh, stranger) = (Mesh::new("anchor"), Mesh::new("another"));
    let told = |alert| Err(rustls::Error::AlertReceived(alert));
    let us = mesh.ours(Role::Client, &mesh);
    let (mut ours, mut theirs) = (us.end(), rustls_server(mesh.rustls_server(&stranger)));
    let rejected = Err(ErrorKind::Rejected { reason: Rejection::UnknownCa });
    assert_eq!(exchange(&mut ours, &mut theirs), (rejected, told(AlertDescription::UnknownCA)));

    let us = mesh.ours(Role::Server, &mesh);
    let (mut ours, mut theirs) = (us.end(), rustls_client(mesh.rustls_client(Some(&stranger))));
    assert_eq!(exchange(&mut ours, &mut theirs), (rejected, told(AlertDescription::UnknownCA)));
    assert!(ours.session.is_none());
}

#[test]
fn nobody_comes_without_a_certificate() {
    let mesh = Mesh::new("anchor");
    let us = mesh.ours(Role::Server, &mesh);
    let (mut ours, mut theirs) = (us.end(), rustls_client(mesh.rustls_client(None)));
    let (our_end, their_end) = exchange(&mut ours, &mut theirs);
    assert_eq!(our_end.unwrap_err().alert(), Some(countersign::AlertDescription::CERTIFICATE_REQUIRED));
    assert_eq!(their_end, Err(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)));

    // A server that does not request our certificate is refused.
    let us = mesh.ours(Role::Client, &mesh);
    let config = mesh.rustls_server_with(provider(), WebPkiClientVerifier::no_client_auth());
    let (mut ours, mut theirs) = (us.end(), rustls_server(config));
    let (our_end, their_end) = exchange(&mut ours, &mut theirs);
    assert_eq!(our_end, Err(ErrorKind::NotMutual));
    assert_eq!(their_end, Err(rustls::Error::AlertReceived(AlertDescription::HandshakeFailure)));
}
