//! A peer that floods us with KeyUpdates.

use crate::world::World;
use countersign::x509::{Answerer, Expect};
use countersign::{Event, Handshake, Inbox, Outbox, Policy, Role, Seed, Session, Want};
use rustls_pki_types::UnixTime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};

/// An end that is driven by hand.
struct Bare<IO> {
    io: IO,
    session: Session,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
}

async fn bare<IO: AsyncRead + AsyncWrite + Unpin>(world: &World, role: Role, mut io: IO) -> Bare<IO> {
    let (config, expect) = match role {
        Role::Client => (&world.client, "server.test".parse().unwrap()),
        Role::Server => (&world.server, Expect::AnyTrusted),
    };
    let (identities, trust) = (config.identities().clone(), config.trust().clone());
    let mut answerer = Answerer::new(identities, trust, [expect], UnixTime::now());
    let seed = Seed::random().unwrap();
    let mut hs = match role {
        Role::Client => Handshake::client(Policy::new(), Some("server.test"), seed).unwrap(),
        Role::Server => Handshake::server(Policy::new(), seed),
    };
    let (mut rx, mut tx) = (Inbox::new(vec![0; 20_000]), Outbox::new(vec![0; 20_000]));
    loop {
        match hs.drive(&mut rx, &mut tx).unwrap() {
            Want::Write => {
                let n = io.write(tx.pending()).await.unwrap();
                tx.sent(n);
            }
            Want::Read => {
                let n = io.read(rx.space()).await.unwrap();
                rx.filled(n);
            }
            Want::Done => return Bare { io, session: hs.finish().unwrap(), rx, tx },
            question => drop(answerer.answer(&mut hs, &question, &rx, &mut tx).unwrap()),
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Bare<IO> {
    async fn send(&mut self) {
        self.io.write_all(self.tx.pending()).await.unwrap();
        self.tx.sent(self.tx.pending().len());
    }
}

/// A flood of requests takes a peer that believes each to have been answered. That belief is made on another connection,
/// whose peer does update its keys.
#[tokio::test]
async fn a_peer_that_requests_key_updates_and_never_reads_makes_nothing_grow() {
    const PIPE: usize = 2000;
    const REQUESTS: usize = 1000;
    let world = World::new();
    let (near, far) = duplex(100_000);
    let (mut updating, updated) = tokio::join!(bare(&world, Role::Client, near), bare(&world, Role::Server, far));
    let Bare { io: mut updated_io, session, rx: mut updated_rx, .. } = updated;
    let (_, mut updated, _) = session.split();

    let (near, far) = duplex(PIPE);
    let (flood, server) = tokio::join!(bare(&world, Role::Client, near), world.acceptor().accept(far));
    let Bare { mut io, session, mut tx, .. } = flood;
    let (mut sender, _receiver, _) = session.split();
    let mut server = server.unwrap();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        server.shutdown().await.unwrap();
        all.len()
    });
    for _ in 0..REQUESTS {
        updating.session.update_key(&mut updating.tx).unwrap();
        updating.session.write(b"x", &mut updating.tx).unwrap();
        updating.send().await;
        loop {
            match updated.receive(&mut updated_rx).unwrap() {
                Event::Read => {
                    let n = updated_io.read(updated_rx.space()).await.unwrap();
                    updated_rx.filled(n);
                }
                Event::Data => break updated_rx.consume(1),
                Event::Owed(reply) => sender.reply(&reply, &mut tx).unwrap(),
                Event::Confirmed | Event::Closed => {}
            }
        }
        sender.confirm(&mut tx).unwrap();
        // A byte, so that the number of updates has no limit.
        sender.write(b"x", &mut tx).unwrap();
        io.write_all(tx.pending()).await.unwrap();
        tx.sent(tx.pending().len());
    }
    sender.close(&mut tx).unwrap();
    io.write_all(tx.pending()).await.unwrap();
    // Its pipe to us is full of answers, and it has read everything all the same. Now we read: no more than one answer
    // and its close_notify were waiting.
    let mut told = Vec::new();
    io.read_to_end(&mut told).await.unwrap();
    assert_eq!(reading.await.unwrap(), REQUESTS);
    assert!(told.len() > PIPE - 100, "the flood was one: {}", told.len());
    assert!(told.len() < PIPE + 300, "what waited was bounded: {}", told.len());
}
