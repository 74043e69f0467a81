//! Sealing and opening of application data, compared with ring alone and with rustls.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench record -- ratios` prints the comparison of docs/PERFORMANCE.md.

use countersign::{CipherSuite, Event, Inbox, Outbox, Policy, Session};
use countersign_benches::clock::compare;
use countersign_benches::rustls_pair::{Configs, send_data};
use countersign_benches::{KeyType, World, handshake};
use criterion::{Criterion, Throughput};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::hint::black_box;

const SIZES: [usize; 5] = [64, 256, 1024, 4096, 16_384];

/// A connection and its memory: data goes from client to server.
struct Pair {
    client: Session,
    server: Session,
    tx: Outbox<Vec<u8>>,
    rx: Inbox<Vec<u8>>,
    unused: Outbox<Vec<u8>>,
}

impl Pair {
    fn new(world: &World, policy: &Policy) -> Pair {
        let (client, mut server) = handshake(world, policy);
        let (mut rx, mut unused) = (Inbox::new(vec![0; 70_000]), Outbox::new(vec![0; 256]));
        assert_eq!(server.receive(&mut rx, &mut unused), Ok(Event::Read));
        Pair { client, server, tx: Outbox::new(vec![0; 70_000]), rx, unused }
    }

    fn carry(&mut self) {
        let pending = self.tx.pending();
        let len = pending.len();
        self.rx.space()[..len].copy_from_slice(pending);
        self.rx.filled(len);
        self.tx.sent(len);
    }

    fn receive(&mut self) {
        while self.server.receive(&mut self.rx, &mut self.unused) == Ok(Event::Data) {
            let len = black_box(self.rx.data()).len();
            self.rx.consume(len);
        }
    }

    /// One record, in place on both sides. The bytes that are in its place are sent.
    fn in_place(&mut self, size: usize) {
        let mut record = self.client.reserve(size, &mut self.tx).expect("open").expect("room");
        black_box(record.space());
        record.filled(size);
        record.seal().expect("a sealed record");
        self.carry();
        self.receive();
    }

    /// Data that is copied into as many records as it needs, by one call.
    fn written(&mut self, data: &[u8]) {
        assert_eq!(self.client.write(data, &mut self.tx), Ok(data.len()));
        self.carry();
        self.receive();
    }
}

/// The same with ring alone: seal in place, carry, open in place.
struct Raw {
    key: LessSafeKey,
    sequence: u64,
    tx: Vec<u8>,
    rx: Vec<u8>,
}

impl Raw {
    fn new() -> Raw {
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("a key"));
        Raw { key, sequence: 0, tx: vec![0; 17_000], rx: vec![0; 17_000] }
    }

    fn in_place(&mut self, size: usize) {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.sequence.to_be_bytes());
        self.sequence += 1;
        let aad = [23, 3, 3, 1, 0];
        let (content, after) = self.tx.split_at_mut(size);
        let nonce = || Nonce::assume_unique_for_key(nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce(), Aad::from(aad), content).expect("sealed");
        after[..16].copy_from_slice(tag.as_ref());
        self.rx[..size + 16].copy_from_slice(&self.tx[..size + 16]);
        black_box(self.key.open_in_place(nonce(), Aad::from(aad), &mut self.rx[..size + 16]).expect("opened"));
    }
}

fn aes_128() -> Policy {
    Policy::new().cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
}

fn ratios() {
    let certificates = KeyType::P256.certificates();
    let world = World::new(&certificates);
    let (mut in_place, mut written) = (Pair::new(&world, &aes_128()), Pair::new(&world, &aes_128()));
    let (mut raw, mut typed) = (Raw::new(), Raw::new());
    let (mut client, mut server) = Configs::new(&certificates).handshake();
    let (mut wire, mut out) = (Vec::with_capacity(20_000), vec![0; 20_000]);
    for size in SIZES {
        let data = vec![7; size];
        compare(
            &format!("AES-128-GCM, seal, carry and open {size} bytes"),
            2_000,
            if size > 1024 { 20 } else { 100 },
            &mut [
                ("raw ring", &mut || raw.in_place(size)),
                ("raw ring, with the byte of the content type", &mut || typed.in_place(size + 1)),
                ("countersign, in place", &mut || in_place.in_place(size)),
                ("countersign, write", &mut || written.written(&data)),
                ("rustls", &mut || send_data(&mut client, &mut server, &data, &mut wire, &mut out)),
            ],
        );
    }
}

fn benches(c: &mut Criterion) {
    let world = KeyType::P256.world();
    let mut group = c.benchmark_group("record");
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let mut pair = Pair::new(&world, &Policy::new().cipher_suites(&[suite]));
        for size in SIZES {
            group.throughput(Throughput::Bytes(size as u64));
            group.bench_function(format!("{suite}, {size} in place"), |b| b.iter(|| pair.in_place(size)));
        }
    }
    let mut raw = Raw::new();
    for size in SIZES {
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("raw ring, {size}"), |b| b.iter(|| raw.in_place(size)));
    }
    let (mut pair, data) = (Pair::new(&world, &aes_128()), vec![7; 4 * 16_384]);
    group.throughput(Throughput::Bytes(data.len() as u64));
    group.bench_function("four records of 16384 in one write", |b| b.iter(|| pair.written(&data)));
    group.finish();
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios();
    }
    // For a profiler: only this many records of 256 bytes.
    if let Some(count) = std::env::args().find_map(|argument| argument.strip_prefix("count=")?.parse::<u32>().ok()) {
        let mut pair = Pair::new(&KeyType::P256.world(), &aes_128());
        return (0..count).for_each(|_| pair.in_place(256));
    }
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
