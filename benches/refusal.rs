//! The cost of a refused client for a server, from its first byte to the alert: there is no asymmetric operation.

use countersign::{CipherSuite, Error, Handshake, Inbox, Outbox, Policy, Seed};
use countersign_benches::{End, KeyType, POLICY, World};
use criterion::{Criterion, criterion_group, criterion_main};

static CHACHA20: Policy = Policy::new().cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256]);

fn refuse(seed: Seed, bytes: &[u8]) -> Error {
    let mut server = Handshake::server(&CHACHA20, seed);
    let (mut rx, mut tx) = ([0; 1024], [0; 256]);
    let (mut rx, mut tx) = (Inbox::new(&mut rx[..]), Outbox::new(&mut tx[..]));
    rx.space()[..bytes.len()].copy_from_slice(bytes);
    rx.filled(bytes.len());
    server.drive(&mut rx, &mut tx).expect_err("refused")
}

/// The first record of one of our clients.
fn client_hello(world: &World, policy: &Policy) -> Vec<u8> {
    let mut client = End::client(world, policy, vec![0; 1024], vec![0; 1024]);
    client.drive().expect("a hello");
    client.tx.pending().to_vec()
}

/// supported_versions with TLS 1.2 only.
fn wrong_version(mut hello: Vec<u8>) -> Vec<u8> {
    let extension = [0, 0x2b, 0, 3, 2, 3, 4];
    let at = hello.windows(extension.len()).position(|window| window == extension).expect("supported_versions");
    hello[at + 6] = 3;
    hello
}

fn refusal(c: &mut Criterion) {
    let world = KeyType::P256.world();
    let aes = Policy::new().cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let cases = [
        ("garbage", b"GET / HTTP/1.1\r\nHost: server.test\r\n\r\n".to_vec(), "NotTls"),
        ("wrong version", wrong_version(client_hello(&world, &POLICY)), "UnsupportedVersion"),
        ("no common suite", client_hello(&world, &aes), "NoCommonCipherSuite"),
    ];
    let mut group = c.benchmark_group("refusal");
    group.bench_function("drawing the seed", |b| b.iter(Seed::random));
    for (name, bytes, kind) in cases {
        assert_eq!(refuse(Seed::from_bytes(&[7; 64]), &bytes).name(), kind);
        group.bench_function(format!("{name}, seed given"), |b| {
            b.iter(|| refuse(Seed::from_bytes(&[7; 64]), &bytes));
        });
        group.bench_function(name, |b| b.iter(|| refuse(Seed::random().expect("randomness"), &bytes)));
    }
    group.finish();
}

criterion_group!(benches, refusal);
criterion_main!(benches);
