//! The key schedule of one side (RFC 9846 §7.1), from the shared secret to the application keys, compared with the AEAD
//! key set-ups in it.

use countersign::internals::codec::NamedGroup;
use countersign::internals::crypto::{CryptoMode, HashAlgorithm, KeyExchange, SharedSecret, Suite};
use countersign::internals::schedule::Early;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn shared_secret() -> SharedSecret {
    let client = KeyExchange::start([NamedGroup::X25519], CryptoMode::Real).expect("the system has randomness");
    let [client_share, _] = client.share(NamedGroup::X25519);
    let (_, secret) =
        KeyExchange::respond(NamedGroup::X25519, client_share, CryptoMode::Real).expect("an honest share");
    secret
}

/// All secrets and keys of a handshake: four traffic secrets with their keys, two Finished, the exporter secret.
fn all_of_it(suite: Suite, shared_secret: SharedSecret) {
    let transcript_hash = suite.hash().hash(b"ClientHello...");
    let handshake = Early::new(suite.hash()).handshake(shared_secret);
    let secrets = handshake.traffic(&transcript_hash);
    let main = handshake.main();
    for secret in [&secrets.client, &secrets.server] {
        black_box(secret.key(suite, CryptoMode::Real).is_ok());
        black_box(secret.finished(&transcript_hash));
    }
    let (traffic, exporter) = main.application(&transcript_hash);
    for secret in [&traffic.client, &traffic.server] {
        black_box(secret.key(suite, CryptoMode::Real).is_ok());
    }
    black_box(exporter);
}

fn schedule(c: &mut Criterion) {
    let mut group = c.benchmark_group("schedule");
    for suite in Suite::ALL {
        group.bench_function(format!("{suite:?}"), |b| {
            b.iter_batched(shared_secret, |secret| all_of_it(suite, secret), BatchSize::SmallInput);
        });
    }
    group.bench_function("hash of 1 KiB, SHA-256", |b| b.iter(|| HashAlgorithm::Sha256.hash(black_box(&[7; 1024]))));
    group.finish();
}

criterion_group!(benches, schedule);
criterion_main!(benches);
