//! The cost of a verdict on leaf and intermediate, compared with the two signatures that it must verify.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench verdict -- ratios` prints the comparison of docs/PERFORMANCE.md. Targets for P-256: fresh at most
//! 1.05 x the signatures, remembered under 5 us.

use countersign::x509::{JudgeOptions, SignatureMemo};
use countersign::{Peer, Role, Verdict};
use countersign_benches::clock::compare;
use countersign_benches::{KeyType, World};
use criterion::Criterion;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256};
use ring::signature::{UnparsedPublicKey, VerificationAlgorithm};
use std::hint::black_box;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// One service judges another. For the bare signatures the chain has been parsed before.
struct Bench<'a> {
    world: &'a World,
    algorithm: &'static dyn VerificationAlgorithm,
    /// Leaf, intermediate, root.
    parsed: [X509Certificate<'a>; 3],
    memo: SignatureMemo,
}

impl<'a> Bench<'a> {
    fn new(keys: KeyType, root: &'a [u8], world: &'a World) -> Bench<'a> {
        let parse = |der: &'a [u8]| X509Certificate::from_der(der).expect("a certificate").1;
        let chain = &world.server.chain;
        Bench {
            world,
            algorithm: match keys {
                KeyType::P256 => &ECDSA_P256_SHA256_ASN1,
                KeyType::Ed25519 => &ED25519,
                KeyType::Rsa2048 => &RSA_PKCS1_2048_8192_SHA256,
            },
            parsed: [parse(&chain[0]), parse(&chain[1]), parse(root)],
            memo: SignatureMemo::new(16),
        }
    }

    /// Only the signatures of leaf and intermediate.
    fn signatures(&self) {
        for pair in self.parsed.windows(2) {
            let [certificate, issuer] = pair else { unreachable!("windows of two") };
            let key = UnparsedPublicKey::new(self.algorithm, &issuer.public_key().subject_public_key.data);
            let signature = &certificate.signature_value.data;
            key.verify(black_box(certificate.tbs_certificate.as_ref()), signature).expect("genuine");
        }
    }

    fn judge(&self, memo: Option<&SignatureMemo>) {
        let peer = Peer::new(Role::Server, black_box(&self.world.server.chain));
        let terms = JudgeOptions { memo, ..JudgeOptions::new(&self.world.server_expects, self.world.now) };
        assert_eq!(Verdict::from(&black_box(self.world.trust.judge(&peer, &terms))), Verdict::Accept);
    }
}

fn ratios() {
    for keys in KeyType::ALL {
        let certificates = keys.certificates();
        let world = World::new(&certificates);
        let bench = Bench::new(keys, &certificates.root, &world);
        compare(
            &format!("verdict on leaf and intermediate, {keys:?}"),
            2_000,
            1,
            &mut [
                ("the two signatures", &mut || bench.signatures()),
                ("fresh", &mut || bench.judge(None)),
                ("remembered", &mut || bench.judge(Some(&bench.memo))),
            ],
        );
    }
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("verdict");
    for keys in KeyType::ALL {
        let certificates = keys.certificates();
        let world = World::new(&certificates);
        let bench = Bench::new(keys, &certificates.root, &world);
        group.bench_function(format!("{keys:?}, the two signatures"), |b| b.iter(|| bench.signatures()));
        group.bench_function(format!("{keys:?}, fresh"), |b| b.iter(|| bench.judge(None)));
        group.bench_function(format!("{keys:?}, remembered"), |b| b.iter(|| bench.judge(Some(&bench.memo))));
    }
    group.finish();
}

fn main() {
    if std::env::args().any(|argument| argument == "ratios") {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    benches(&mut criterion);
    criterion.final_summary();
}
