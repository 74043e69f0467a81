//! Signers and judges that take time.

use crate::world::World;
use countersign::adapters::tokio::{Acceptor, Judge, Signer};
use countersign::adapters::{BoxError, Failure};
use countersign::x509::{Accepted, Expect, Identity, SigningKey};
use countersign::{AlertDescription, Error, ErrorKind, Rejection, SignQuestion};
use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use tokio::io::duplex;
use tokio::task::yield_now;

pub struct Slow {
    pub key: SigningKey,
    pub asked: Arc<AtomicUsize>,
    /// So many signatures are good.
    pub fails_after: usize,
}

impl Signer for Slow {
    async fn sign(&self, _: Arc<Identity>, question: SignQuestion) -> Result<Vec<u8>, BoxError> {
        let asked = self.asked.fetch_add(1, SeqCst);
        for _ in 0..10 {
            yield_now().await;
        }
        if asked >= self.fails_after {
            return Err("the KMS is away".into());
        }
        Ok(self.key.sign(question.scheme(), question.message()).map_err(|error| error.to_string())?)
    }
}

/// Refuses who has this common name, while it is banned.
pub struct NotYou {
    pub name: &'static str,
    pub banned: Arc<AtomicBool>,
}

impl NotYou {
    fn new(name: &'static str) -> NotYou {
        NotYou { name, banned: Arc::new(AtomicBool::new(true)) }
    }
}

impl Judge for NotYou {
    async fn judge(&self, peer: Accepted) -> Result<(), Rejection> {
        yield_now().await;
        let name = peer.identity().and_then(|identity| identity.common_name);
        if name.as_deref() == Some(self.name) && self.banned.load(SeqCst) {
            Err(Rejection::AccessDenied)
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn a_signer_elsewhere_signs_once_however_often_the_handshake_is_left() {
    let world = World::new();
    let (config, key) = world.external("server.test");
    let asked = Arc::new(AtomicUsize::new(0));
    let signer = Slow { key, asked: Arc::clone(&asked), fails_after: 1 };
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]).signer(signer);
    let (near, far) = duplex(1000);
    let mut accepting = acceptor.accept(far);
    let client = tokio::spawn(world.connector().connect("server.test", near));
    // Each future of `run` is dropped after it has been polled once.
    let server = loop {
        tokio::select! {
            biased;
            server = accepting.run() => break server,
            () = yield_now() => {}
        }
    };
    server.unwrap();
    client.await.unwrap().unwrap();
    assert_eq!(asked.load(SeqCst), 1);
}

#[tokio::test]
async fn a_signer_that_fails_is_inside_of_the_error() {
    let world = World::new();
    let (config, key) = world.external("server.test");
    let signer = Slow { key, asked: Arc::default(), fails_after: 0 };
    let acceptor = Acceptor::new(config, [Expect::AnyTrusted]).signer(signer);
    let (near, far) = duplex(1000);
    let (client, server) = tokio::join!(world.connector().connect("server.test", near), acceptor.accept(far));
    let server = server.unwrap_err();
    assert_eq!(server.kind(), io::ErrorKind::PermissionDenied);
    assert!(server.to_string().contains("the KMS is away"), "{server}");
    assert_eq!(client.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
}

/// What cannot be a signature ends the handshake, and the peer is told.
pub struct Broken(pub Vec<u8>);

impl Signer for Broken {
    async fn sign(&self, _: Arc<Identity>, _: SignQuestion) -> Result<Vec<u8>, BoxError> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_signer_that_answers_nonsense_ends_the_handshake_and_the_peer_is_told() {
    let world = World::new();
    for nonsense in [vec![], vec![7; 64], vec![7; 70_000]] {
        let (config, _) = world.external("server.test");
        let acceptor = Acceptor::new(config, [Expect::AnyTrusted]).signer(Broken(nonsense));
        let (near, far) = duplex(1000);
        let (client, server) = tokio::join!(world.connector().connect("server.test", near), acceptor.accept(far));
        let (client, server) = (client.unwrap_err(), server.map(drop).unwrap_err());
        println!("{:?} {client}\n{:?} {server}", client.kind(), server.kind());
        // Either of the two finds it, and tells the other.
        let aborted = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionAborted;
        assert!(aborted(&client) != aborted(&server), "{client}, {server}");
    }
}

#[tokio::test]
async fn a_judge_may_refuse_whom_we_trust() {
    let world = World::new();
    for (name, refused) in [("client.test", true), ("other.test", false)] {
        let acceptor = world.acceptor().judge(NotYou::new(name));
        let (near, far) = duplex(1000);
        let client = async { world.connector().connect("server.test", near).await?.confirmed().await };
        let (client, server) = tokio::join!(client, acceptor.accept(far));
        assert_eq!(server.is_err(), refused);
        match server {
            Ok(server) => assert_eq!(server.get_ref().1.peer().unwrap().leaf(), server.peer().leaf()),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
                assert!(error.source().is_some_and(|source| source.is::<Error>()), "the typed error: {error:?}");
            }
        }
        if let Err(error) = client {
            let alert = AlertDescription::ACCESS_DENIED;
            let kind = Failure::inside(&error).and_then(Failure::error).unwrap().kind();
            assert_eq!(kind, ErrorKind::PeerRejectedCertificate { alert });
        }
    }
}

#[tokio::test]
async fn no_judge_accepts_whom_we_do_not_trust() {
    let mut world = World::new();
    world.client = world.stranger("client.test");
    let acceptor = world.acceptor().judge(NotYou::new("nobody"));
    let (near, far) = duplex(1000);
    let (_client, server) = tokio::join!(world.connector().connect("server.test", near), acceptor.accept(far));
    let error = server.unwrap_err();
    assert!(Failure::inside(&error).is_some_and(|failure| failure.refusal().is_some()), "{error}");
}
