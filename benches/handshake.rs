//! Whole mutual handshakes by key type, group and suite, and each side alone. They are compared with the bare
//! operations of the provider (ring, or aws-lc-rs with that feature), and with rustls with the same provider.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench handshake -- ratios` prints the comparison of docs/PERFORMANCE.md.

use countersign::{CipherSuite, NamedGroup, Policy, Role};
use countersign_benches::bare::Bare;
use countersign_benches::clock::compare;
use countersign_benches::rustls_pair::Configs;
use countersign_benches::{End, KeyType, MEMORY, POLICY, World, floor, handshake, new_leaves, run, warm};
use criterion::Criterion;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Both sides, the bare operations of both sides, and rustls, by turns in one run.
fn ratios() {
    #[cfg(feature = "mlkem")]
    hybrid_ratios();
    static X25519: Policy = Policy::new().groups(&[NamedGroup::X25519]);
    for keys in KeyType::ALL {
        let certificates = keys.certificates();
        let world = World::new(&certificates);
        let (client, server) = (Bare::new(keys, &certificates.client), Bare::new(keys, &certificates.server));
        let rustls = Configs::new(&certificates);
        let (warm, warm_with_crls) = (warm(World::new(&certificates)), warm(World::with_crls(&certificates)));
        let new_leaves = new_leaves(keys);
        let mut next = new_leaves.iter().cycle();
        let rounds = if keys == KeyType::Rsa2048 { 200 } else { 1_000 };
        compare(
            &format!("mutual handshake, both sides, {keys:?}, chain of two"),
            rounds,
            1,
            &mut [
                ("bare operations", &mut || {
                    client.one_side();
                    server.one_side();
                }),
                ("the same, hashes, key schedule and records", &mut || {
                    client.one_side();
                    server.one_side();
                    floor::one_side();
                    floor::one_side();
                }),
                ("countersign, cold", &mut || drop(black_box(handshake(&world, &X25519)))),
                ("countersign, warm", &mut || drop(black_box(handshake(&warm, &X25519)))),
                ("countersign, warm, with CRLs", &mut || drop(black_box(handshake(&warm_with_crls, &X25519)))),
                ("countersign, new leaves, known intermediate", &mut || {
                    drop(black_box(handshake(next.next().expect("there are some"), &X25519)));
                }),
                ("rustls", &mut || drop(black_box(rustls.handshake()))),
            ],
        );
    }
}

/// The same with X25519MLKEM768. The bare operations include ML-KEM. rustls has it from aws-lc-rs, with either provider
/// of ours.
#[cfg(feature = "mlkem")]
fn hybrid_ratios() {
    use countersign_benches::bare::ml_kem;
    static HYBRID: Policy = Policy::new().groups(&[NamedGroup::X25519MLKEM768]);
    for keys in [KeyType::P256, KeyType::Ed25519] {
        let certificates = keys.certificates();
        let world = World::new(&certificates);
        let (client, server) = (Bare::new(keys, &certificates.client), Bare::new(keys, &certificates.server));
        let rustls = Configs::hybrid(&certificates);
        compare(
            &format!("mutual handshake, both sides, X25519MLKEM768, {keys:?}, chain of two"),
            1_000,
            1,
            &mut [
                ("bare operations", &mut || {
                    client.one_side();
                    server.one_side();
                    ml_kem();
                }),
                ("countersign, cold", &mut || drop(black_box(handshake(&world, &HYBRID)))),
                ("rustls with aws-lc-rs", &mut || drop(black_box(rustls.handshake()))),
            ],
        );
    }
}

/// The time that one role takes.
fn one_role(world: &World, role: Role) -> Duration {
    let mut time = Duration::ZERO;
    let (mut a, mut b, mut c, mut d) = ([0; MEMORY], [0; MEMORY], [0; MEMORY], [0; MEMORY]);
    let begun = Instant::now();
    let mut client = End::client(world, &POLICY, &mut a[..], &mut b[..]);
    let started = begun.elapsed();
    let mut server = End::server(world, &POLICY, &mut c[..], &mut d[..]);
    if role == Role::Client {
        time += started;
    }
    run(&mut client, &mut server, |each, work| {
        let begun = Instant::now();
        work();
        if each == role {
            time += begun.elapsed();
        }
    });
    time
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("handshake");
    for keys in KeyType::ALL {
        let certificates = keys.certificates();
        let world = World::new(&certificates);
        group.bench_function(format!("{keys:?}"), |b| b.iter(|| handshake(&world, &POLICY)));
        for role in [Role::Client, Role::Server] {
            group.bench_function(format!("{keys:?}, {role}"), |b| {
                b.iter_custom(|count| (0..count).map(|_| one_role(&world, role)).sum());
            });
        }
        let warm = warm(keys.world());
        group.bench_function(format!("{keys:?}, warm"), |b| b.iter(|| handshake(&warm, &POLICY)));
        let bare = Bare::new(keys, &certificates.client);
        group.bench_function(format!("{keys:?}, bare operations of one side"), |b| b.iter(|| bare.one_side()));
        let rustls = Configs::new(&certificates);
        group.bench_function(format!("{keys:?}, rustls"), |b| b.iter(|| rustls.handshake()));
    }
    let world = KeyType::P256.world();
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let policy = Policy::new().cipher_suites(&[suite]);
        group.bench_function(suite.to_string(), |b| b.iter(|| handshake(&world, &policy)));
    }
    for share in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let policy = Policy::new().groups(&[share]);
        group.bench_function(share.to_string(), |b| b.iter(|| handshake(&world, &policy)));
    }
    group.finish();
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios();
    }
    // For a profiler: only this many P-256 handshakes.
    if let Some(count) = std::env::args().find_map(|argument| argument.strip_prefix("count=")?.parse::<u32>().ok()) {
        let world = KeyType::P256.world();
        return (0..count).for_each(|_| drop(black_box(handshake(&world, &POLICY))));
    }
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
