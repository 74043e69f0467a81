//! A peer that floods us with KeyUpdates, or sends what it must not; by hand, under the null AEAD.

use crate::world::World;
use countersign::adapters::{Config, Failure};
use countersign::x509::{Answerer, Expect};
use countersign::{Alert, AlertDescription, Handshake, Inbox, Outbox, Policy, Seed, Want};
use rustls_pki_types::UnixTime;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};

/// The transport of a client that has been driven by hand, after the handshake.
pub async fn bare<IO: AsyncRead + AsyncWrite + Unpin>(config: &Config, policy: Policy, mut io: IO) -> IO {
    let (identities, trust) = (config.identities().clone(), config.trust().clone());
    let expect = ["server.test".parse::<Expect>().unwrap()];
    let mut answerer = Answerer::new(identities, trust, expect, UnixTime::now());
    let mut hs = Handshake::client(policy, Some("server.test"), Seed::random().unwrap()).unwrap();
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
            Want::Done => return io,
            question => drop(answerer.answer(&mut hs, &question, &rx, &mut tx).unwrap()),
        }
    }
}

/// A record under the null AEAD: content, inner type, a tag of zeros.
pub fn record(content: &[u8], typ: u8) -> Vec<u8> {
    let inner = [content, &[typ], &[0; 16]].concat();
    let [high, low] = (inner.len() as u16).to_be_bytes();
    [&[23, 3, 3, high, low], &inner[..]].concat()
}

#[tokio::test]
async fn a_peer_that_requests_key_updates_and_never_reads_makes_nothing_grow() {
    const PIPE: usize = 2000;
    const REQUESTS: usize = 1000;
    let mut world = World::new();
    let policy = Policy::new().null_crypto();
    world.server = world.server.policy(policy.clone());
    let (near, far) = duplex(PIPE);
    let (mut io, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
    let mut server = server.unwrap();
    let reading = tokio::spawn(async move {
        let mut all = Vec::new();
        server.read_to_end(&mut all).await.unwrap();
        server.shutdown().await.unwrap();
        all.len()
    });
    for _ in 0..REQUESTS {
        io.write_all(&record(&[24, 0, 0, 1, 1], 22)).await.unwrap(); // KeyUpdate, update_requested
        io.write_all(&record(b"x", 23)).await.unwrap(); // so that the number of updates has no limit
    }
    io.write_all(&record(&[1, 0], 21)).await.unwrap(); // close_notify
    // The pipe to us is full of answers, and the server has read everything all the same. Now we read: no more than one
    // answer and its close_notify were waiting.
    let mut told = Vec::new();
    io.read_to_end(&mut told).await.unwrap();
    assert_eq!(reading.await.unwrap(), REQUESTS);
    assert!(told.len() > PIPE - 100, "the pipe was not full: {}", told.len());
    assert!(told.len() < PIPE + 300, "what waited was not bounded: {}", told.len());
}

/// Whoever asks is told each time which alert went out, and it did.
#[tokio::test]
async fn a_peer_that_breaks_the_protocol_is_told_and_so_are_we() {
    let alert = AlertDescription::UNEXPECTED_MESSAGE;
    for split in [false, true] {
        let mut world = World::new();
        let policy = Policy::new().null_crypto().confirm_clients(false);
        world.server = world.server.policy(policy.clone());
        let (near, far) = duplex(2000);
        let (mut io, server) = tokio::join!(bare(&world.client, policy, near), world.acceptor().accept(far));
        io.write_all(&record(b"what?", 99)).await.unwrap(); // no such type
        let reads: [io::Result<usize>; 2] = if split {
            let (mut read, _write) = server.unwrap().into_split();
            [read.read(&mut [0]).await, read.read(&mut [0]).await]
        } else {
            let mut server = server.unwrap();
            [server.read(&mut [0]).await, server.read(&mut [0]).await]
        };
        for error in reads.map(Result::unwrap_err) {
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let error = Failure::inside(&error).and_then(Failure::error).unwrap();
            assert_eq!(error.alert(), Some(Alert::Sent(alert)), "{error}");
        }
        let mut told = Vec::new();
        io.read_to_end(&mut told).await.unwrap();
        assert_eq!(told, record(&[2, 10], 21), "once");
    }
}
