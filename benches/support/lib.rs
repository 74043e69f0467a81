//! The common parts of the benches: worlds with each kind of key, the bare operations of the provider, rustls, and a
//! clock.

/// The provider of the crate.
#[cfg(feature = "aws-lc-rs")]
use aws_lc_rs as provider;
#[cfg(not(feature = "aws-lc-rs"))]
use ring as provider;

pub mod bare;
pub mod clock;
pub mod floor;
pub mod rustls_pair;
#[path = "../../examples/footprint/world.rs"]
mod world;

use countersign::x509::SignatureMemo;
use countersign::{Policy, Session};
use std::sync::Arc;
pub use world::{Certificates, End, Issued, MEMORY, POLICY, SERVER_NAME, World, run};

/// How the certificates of one PKI are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    P256,
    Ed25519,
    Rsa2048,
}

/// A public test key: rcgen with ring makes no RSA keys.
const RSA_2048: &str = include_str!("../../vectors/keys/rsa2048.pkcs8.pem");

impl KeyType {
    pub const ALL: [KeyType; 3] = [KeyType::P256, KeyType::Ed25519, KeyType::Rsa2048];

    fn generate(self) -> rcgen::KeyPair {
        match self {
            KeyType::P256 => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            KeyType::Ed25519 => rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519),
            KeyType::Rsa2048 => rcgen::KeyPair::from_pem(RSA_2048),
        }
        .expect("a key")
    }

    pub fn certificates(self) -> Certificates {
        Certificates::new(|| self.generate())
    }

    pub fn world(self) -> World {
        World::new(&self.certificates())
    }
}

/// The same services, which remember each other's signatures.
pub fn warm(world: World) -> World {
    let memos = Some(Arc::new([SignatureMemo::new(16), SignatureMemo::new(16)]));
    let world = World { memos, ..world };
    handshake(&world, &POLICY);
    world
}

/// Pairs of services under one intermediate. Each service remembers the intermediate, but has forgotten the other's
/// leaf before they meet again.
pub fn new_leaves(keys: KeyType) -> Vec<World> {
    let memos = Arc::new([SignatureMemo::new(REMEMBERED), SignatureMemo::new(REMEMBERED)]);
    let certificates = Certificates::several(2 * REMEMBERED, || keys.generate());
    let worlds = certificates.iter().map(|each| World { memos: Some(memos.clone()), ..World::new(each) });
    worlds.inspect(|world| drop(handshake(world, &POLICY))).collect()
}

/// The smallest memo.
const REMEMBERED: usize = 8;

/// A whole handshake, both sides; memory on the stack.
pub fn handshake(world: &World, policy: &Policy) -> (Session, Session) {
    let (mut a, mut b, mut c, mut d) = ([0; MEMORY], [0; MEMORY], [0; MEMORY], [0; MEMORY]);
    let mut client = End::client(world, policy, &mut a[..], &mut b[..]);
    let mut server = End::server(world, policy, &mut c[..], &mut d[..]);
    run(&mut client, &mut server, |_, work| work());
    (client.hs.finish().expect("done"), server.hs.finish().expect("done"))
}
