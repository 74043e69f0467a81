//! The example `probe` against servers of rustls: what a verifier leaves out is found by name, and a right one is clean.

#[allow(dead_code, reason = "the report says what was found")]
#[path = "../../../examples/probe/baseline.rs"]
mod baseline;
#[path = "../../../examples/probe/caller.rs"]
mod caller;
#[allow(dead_code, reason = "the report says what was seen")]
#[path = "../../../examples/probe/campaign.rs"]
mod campaign;
#[path = "../../../examples/probe/controls.rs"]
mod controls;
#[allow(dead_code, reason = "no CRL is out of date here")]
#[path = "../../../examples/probe/files.rs"]
mod files;
#[path = "../../../examples/probe/forged.rs"]
mod forged;
#[path = "../../../examples/probe/h2.rs"]
mod h2;
#[allow(dead_code, reason = "an echo is asked here")]
#[path = "../../../examples/probe/http.rs"]
mod http;
#[path = "../../../examples/probe/mint.rs"]
mod mint;
#[path = "../../../examples/probe/net.rs"]
mod net;
#[path = "../../../examples/probe/reissue.rs"]
mod reissue;
#[allow(dead_code, reason = "nobody is named here")]
#[path = "../../../examples/probe/resembling.rs"]
mod resembling;
#[path = "../../../examples/probe/resumption.rs"]
mod resumption;
#[allow(dead_code, reason = "clients are not called here")]
#[path = "../../../examples/probe/target.rs"]
mod target;
#[path = "../../../examples/probe/tls12.rs"]
mod tls12;
#[allow(dead_code, reason = "the report uses the rest")]
#[path = "../../../examples/probe/words.rs"]
mod words;

mod lenient;

use campaign::Status;
use countersign::Role;
use countersign::adversary::catalogue::all;
use countersign::adversary::judge::Verdict;
use lenient::{Leaves, Lenient};
use mint::{Given, Identities};
use net::{Limits, Preamble, Waits};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig, ServerConnection, server::WebPkiClientVerifier};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use target::{Line, Target, Words};

/// A CA in files, as an operator has it.
struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: PathBuf,
}

impl Ca {
    fn new(name: &str) -> Ca {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "probed root");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(dir.join("ca.pem"), issuer.pem()).unwrap();
        fs::write(dir.join("ca.key"), issuer.key().serialize_pem()).unwrap();
        Ca { issuer, dir }
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).to_str().unwrap().into()
    }

    /// A server's chain and key.
    fn leaf(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_string()]).unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        (vec![leaf], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// An echo over rustls, for as long as the process lives.
fn serve(ca: &Ca, leaves: Option<Leaves>) -> SocketAddr {
    let mut roots = RootCertStore::empty();
    roots.add(ca.issuer.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = match leaves {
        Some(Leaves::NoCertificate) => builder.allow_unauthenticated().build().unwrap(),
        Some(leaves) => Arc::new(Lenient::new(builder.build().unwrap(), ca.issuer.der().clone(), leaves)),
        None => builder.build().unwrap(),
    };
    let (chain, key) = ca.leaf();
    let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config.unwrap().with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (config, mut stream) = (Arc::clone(&config), stream.unwrap());
            thread::spawn(move || {
                let mut connection = ServerConnection::new(config).unwrap();
                let mut tls = rustls::Stream::new(&mut connection, &mut stream);
                let mut data = [0; 4096];
                while let Ok(n @ 1..) = tls.read(&mut data) {
                    if tls.write_all(&data[..n]).is_err() {
                        break;
                    }
                }
                // The alert, and what is unread: a reset would overtake it.
                let _ = connection.write_tls(&mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    address
}

/// The names of what was accepted.
fn accepted(ca: &Ca, address: SocketAddr, full: bool) -> Vec<String> {
    let (root, key) = (ca.path("ca.pem"), ca.path("ca.key"));
    let given = Given {
        target: Role::Server,
        ca: Some(&root),
        ca_key: Some(&key),
        issuer: None,
        root_key: None,
        crl: None,
        own: None,
        must_be_refused: Vec::new(),
        names: Vec::new(),
    };
    let mut target = Target {
        role: Role::Server,
        line: Line::Dial(address, Preamble::default()),
        words: Words { server_name: "localhost".into(), alpn: Vec::new(), ask: b"*\n".to_vec() },
        identities: Identities::make(&given).unwrap(),
        refusal: Vec::new(),
        waits: Waits {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(2),
            pause: Duration::from_millis(500),
        },
        limits: Limits::new(1000, 1 << 16, Duration::from_secs(120)),
    };
    let baseline = target.baseline().unwrap();
    let mut cases = all(Role::Server);
    cases.extend(resumption::cases());
    cases.retain(|case| full || case.quick);
    let findings = campaign::run(&target, &baseline, &cases, (4, false), &|_| {});
    let wrong = |status: &Status| matches!(status, Status::Judged(Verdict::Accepted) | Status::Crash | Status::Hang);
    findings.into_iter().filter(|finding| wrong(&finding.status)).map(|finding| finding.case.name.clone()).collect()
}

#[test]
fn rustls_is_clean() {
    let ca = Ca::new("clean");
    assert_eq!(accepted(&ca, serve(&ca, None), true), Vec::<String>::new());
}

#[test]
fn what_a_verifier_leaves_out_is_found_by_name() {
    for (leaves, names, also) in [
        (
            Leaves::NoCertificate,
            &[
                "certificate/none",
                "server_name/none",
                "server_name/unknown",
                "server_name/in-capitals",
                "alpn/none",
                "alpn/unknown",
            ][..],
            "resumption/ticket-of-nobody",
        ),
        (
            Leaves::TheChain,
            &["certificate/other-ca", "certificate/self-signed", "certificate/expired", "late/other-ca"],
            "certificate/",
        ),
        (Leaves::TheSignature, &["certificate/stolen", "certificate_verify/flipped"], "certificate_verify/"),
        (Leaves::TheTime, &["certificate/expired", "certificate/not-yet-valid"], "certificate/expired-intermediate"),
        (Leaves::ThePurpose, &["certificate/wrong-purpose"], "certificate/wrong-purpose"),
    ] {
        let ca = Ca::new(&format!("{leaves:?}"));
        let found = accepted(&ca, serve(&ca, Some(leaves)), false);
        for name in names {
            assert!(found.iter().any(|each| each == name), "{leaves:?}: {name} is not found: {found:?}");
        }
        // Who gets in so may get a ticket.
        let follows = |name: &String| name.starts_with(also) || name.starts_with("resumption/ticket-of-");
        let other: Vec<_> = found.iter().filter(|name| !names.contains(&name.as_str()) && !follows(name)).collect();
        assert!(other.is_empty(), "{leaves:?}: {other:?}");
    }
}
