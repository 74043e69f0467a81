//! Issued certificates: chains, names, purposes, serial numbers, arguments.

use super::{NOW, Workspace, refused};
use crate::cli::{self, Failure};
use crate::{files, names, show};
use rustls_pki_types::ServerName;
use std::fs;
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

#[test]
fn a_chain_is_good_for_its_role_and_no_other() {
    let workspace = Workspace::new();
    for key in ["p256", "p384", "ed25519"] {
        workspace.run(&format!("issue server-{key} --server --dns localhost --key {key}")).unwrap();
        workspace.run(&format!("issue client-{key} --client --key {key}")).unwrap();
        workspace.run(&format!("issue both-{key} --dns localhost --key {key}")).unwrap();
        for (name, server, client) in [("server", true, false), ("client", false, true), ("both", true, true)] {
            let chain = workspace.chain(&format!("{name}-{key}"));
            assert_eq!(chain.len(), 2, "leaf and intermediate");
            assert_eq!(workspace.verify(&chain, KeyUsage::server_auth()).is_ok(), server, "{name}-{key} as server");
            assert_eq!(workspace.verify(&chain, KeyUsage::client_auth()).is_ok(), client, "{name}-{key} as client");
        }
    }
}

/// An ML-DSA leaf under a P-256 CA and under an ML-DSA CA. This crate judges it with the CRL, before and after its
/// revocation.
#[cfg(feature = "mldsa")]
#[test]
fn an_ml_dsa_key_is_made_certified_renewed_and_revoked() {
    for ca in ["p256", "ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        let workspace = Workspace::empty();
        workspace.run(&format!("init --key {ca}")).unwrap();
        for key in ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
            live(&workspace, key);
        }
    }
}

#[cfg(feature = "mldsa")]
fn live(workspace: &Workspace, key: &str) {
    let judged = || judged(workspace, key);
    workspace.run(&format!("issue {key} --server --dns localhost --key {key}")).unwrap();
    let identity = || {
        let [chain, private] = ["pem", "key"].map(|end| workspace.read(&format!("{key}.{end}")));
        countersign::x509::Identity::from_pem_or_der(&chain, &private).unwrap()
    };
    let first = identity().chain()[0].clone();
    assert_eq!(judged(), Ok(()));
    assert!(workspace.run(&format!("renew {key}")).unwrap().contains("its old key"));
    assert_ne!(identity().chain()[0], first);
    assert_eq!(judged(), Ok(()));
    workspace.run(&format!("revoke {key}")).unwrap();
    assert_eq!(judged(), Err(countersign::x509::RefusalReason::Revoked.name()));
}

/// The verdict of this crate on a server's chain, with the CRLs.
#[cfg(feature = "mldsa")]
fn judged(workspace: &Workspace, name: &str) -> Result<(), &'static str> {
    use countersign::x509::{JudgeOptions, Trust};
    let trust = Trust::builder().roots("ca.pem", &workspace.read("ca.pem")).crls("crl.pem", &workspace.read("crl.pem"));
    let expect = ["localhost".parse().unwrap()];
    let now = rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(workspace.now as u64));
    let chain = workspace.chain(name);
    let peer = countersign::Peer::new(countersign::Role::Server, &chain);
    let judged = trust.build().unwrap().judge(&peer, &JudgeOptions::new(&expect, now));
    judged.map(drop).map_err(|refusal| refusal.reason().name())
}

/// In a CA with ML-DSA keys, every signature is ML-DSA: on certificates (the root's included) and CRLs.
#[cfg(feature = "mldsa")]
#[test]
fn a_ca_of_ml_dsa_has_nothing_classical_in_it() {
    let workspace = Workspace::empty();
    workspace.run("init --key ml-dsa-65").unwrap();
    workspace.run("issue server --server --dns localhost --key ml-dsa-65").unwrap();
    for (file, objects) in [("server.pem", 2), ("ca.pem", 1), ("crl.pem", 2)] {
        let text = show::file(&workspace.path(file), workspace.now).unwrap();
        let signed = |line: &&str| line.trim_start().starts_with("signed with");
        assert_eq!(text.lines().filter(signed).count(), objects, "{file}: {text}");
        assert!(text.lines().filter(signed).all(|line| line.ends_with("ML-DSA-65")), "{file}: {text}");
        let mut keys = text.lines().filter(|line| line.trim_start().starts_with("key   "));
        assert!(keys.all(|line| line.ends_with("ML-DSA-65")), "{file}: {text}");
    }
}

#[test]
fn names_are_in_the_subject_alternative_name() {
    let workspace = Workspace::new();
    workspace.run("issue server --server --dns LocalHost --dns *.example.org --ip 127.0.0.1 --ip ::1").unwrap();
    let chain = workspace.chain("server");
    let leaf = EndEntityCert::try_from(&chain[0]).unwrap();
    for (name, good) in
        [("localhost", true), ("a.example.org", true), ("127.0.0.1", true), ("::1", true), ("server", false)]
    {
        let name = ServerName::try_from(name).unwrap();
        assert_eq!(leaf.verify_is_valid_for_subject_name(&name).is_ok(), good, "{name:?}");
    }
}

#[test]
fn a_leaf_and_its_cas_say_what_they_are_for() {
    let workspace = Workspace::new();
    workspace.run("issue api --dns localhost").unwrap();
    let mut chain = workspace.chain("api");
    chain.extend(files::certificates(&workspace.path("ca.pem")).unwrap());
    let parsed: Vec<_> = chain.iter().map(|der| X509Certificate::from_der(der).unwrap().1).collect();
    for (certificate, (ca, path_length)) in parsed.iter().zip([(false, None), (true, Some(0)), (true, Some(1))]) {
        let basic = certificate.basic_constraints().unwrap().unwrap();
        assert!(basic.critical);
        assert_eq!((basic.value.ca, basic.value.path_len_constraint), (ca, path_length));
        let usage = certificate.key_usage().unwrap().unwrap();
        assert!(usage.critical);
        assert_eq!(usage.value.to_string(), if ca { "Key Cert Sign, CRL Sign" } else { "Digital Signature" });
    }
    let text: Vec<_> = chain.iter().map(|der| show::describe(der, NOW).unwrap()).collect();
    let line = |text: &str, label: &str| {
        let found = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
        found.unwrap_or_else(|| panic!("no '{label}' in {text}")).trim().to_string()
    };
    for pair in text.windows(2) {
        assert_eq!(line(&pair[0], "issuer's id"), line(&pair[1], "key id"), "each names the key that signed it");
    }
}

#[test]
fn serial_numbers_are_positive_and_never_the_same() {
    let workspace = Workspace::new();
    workspace.run("issue a --client").unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..5 {
        let der = workspace.chain("a").swap_remove(0);
        let serial = X509Certificate::from_der(&der).unwrap().1.raw_serial().to_vec();
        assert_eq!(serial.len(), 16);
        assert!((0x40..0x80).contains(&serial[0]), "positive, no padding");
        assert!(seen.insert(serial), "although the key is the same");
        workspace.run("renew a").unwrap();
    }
}

#[test]
fn an_svid_has_exactly_one_uri_and_both_purposes() {
    let workspace = Workspace::new();
    workspace.run("issue web --spiffe spiffe://example.org/web --dns web.example.org").unwrap();
    let chain = workspace.chain("web");
    let (_, leaf) = X509Certificate::from_der(&chain[0]).unwrap();
    let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert!(matches!(
        names[..],
        [GeneralName::DNSName("web.example.org"), GeneralName::URI("spiffe://example.org/web")]
    ));
    let purpose = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(purpose.server_auth && purpose.client_auth);
    for line in [
        "issue x --spiffe spiffe://example.org/a --spiffe spiffe://example.org/b",
        "issue x --spiffe spiffe://example.org/a --client",
        "issue x --spiffe spiffe://example.org/a --server",
    ] {
        assert!(matches!(workspace.run(line), Err(Failure::Usage(_))), "{line}");
    }
}

#[test]
fn spiffe_ids_by_the_specification() {
    assert!(names::spiffe("spiffe://example.org/ns/a/sa/B-1_x.y").is_ok());
    assert!(names::spiffe(&format!("spiffe://{}/x", "a".repeat(255))).is_ok());
    for id in [
        "https://example.org/a",
        "SPIFFE://example.org/a",
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe:///a",
        "spiffe://Example.org/a",
        "spiffe://user@example.org/a",
        "spiffe://example.org:443/a",
        "spiffe://example.org/a/",
        "spiffe://example.org//a",
        "spiffe://example.org/a/../b",
        "spiffe://example.org/./a",
        "spiffe://example.org/a%2fb",
        "spiffe://example.org/a?b",
        "spiffe://example.org/a#b",
        "spiffe://example.org/\u{e4}",
        &format!("spiffe://{}/x", "a".repeat(256)),
        &format!("spiffe://example.org/{}", "a".repeat(2028)),
    ] {
        assert!(names::spiffe(id).is_err(), "{id}");
    }
}

#[test]
fn dns_names_and_file_names() {
    for name in ["localhost", "a.b.example", "*.example.org", "xn--bcher-kva.example", "_dns.example"] {
        assert_eq!(names::dns(name).as_deref(), Ok(name));
    }
    let long = [&"a".repeat(64), ".example"].concat();
    for name in [
        "",
        ".",
        "a..b",
        "a.",
        "-a.b",
        "a-.b",
        "*",
        "a.*.b",
        "**.b",
        "b\u{fc}cher.example",
        "127.0.0.1",
        "::1",
        "a b",
        &long,
    ] {
        assert!(names::dns(name).is_err(), "{name}");
    }
    for name in ["server", "Client-1", "a.b_c", &"a".repeat(64)] {
        assert!(names::file_name(name).is_ok(), "{name}");
    }
    for name in
        ["", ".", "..", ".a", "-a", "a/b", "..\\a", "a b", "ca", "CA", "crl", "intermediate", "issued", &"a".repeat(65)]
    {
        assert!(names::file_name(name).is_err(), "{name}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_a_matter_of_usage() {
    let workspace = Workspace::new();
    for line in [
        "",
        "frobnicate",
        "init now",
        "init --dns localhost",
        "issue",
        "issue a b --client",
        "issue a",
        "issue a --server",
        "issue a --server --client",
        "issue ../a --client",
        "issue a --client --days 0",
        "issue a --client --days 36501",
        "issue a --client --days soon",
        "issue a --client --days 1 --days 2",
        "issue a --client --ip localhost",
        "issue a --client --dns 10.0.0.1",
        "issue a --client --key dsa",
        "issue a --client --p12",
        "renew",
        "renew a --dns localhost",
        "revoke",
        "revoke a --days 1",
        "crl a",
        "show",
    ] {
        assert!(matches!(workspace.run(line), Err(Failure::Usage(_))), "{line}");
    }
    let missing_value = cli::run(["issue", "a", "--days"].map(Into::into), NOW);
    assert!(matches!(missing_value, Err(Failure::Usage(_))));
    let Err(Failure::Usage(rsa)) = workspace.run("issue a --client --key rsa") else { panic!() };
    assert!(rsa.contains("openssl genpkey -algorithm RSA"), "{rsa}");
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_nothing_behind() {
    let workspace = Workspace::empty();
    assert!(refused(workspace.run("issue a --client")).contains("there is no CA"));
    workspace.run("init").unwrap();
    assert!(refused(workspace.run("renew a")).contains("cannot read"));
    assert!(refused(workspace.run("revoke a")).contains("nothing was ever issued to a"));
    assert!(refused(workspace.run("issue a --client --days 3651")).contains("--days 3650 at most"));
    assert!(!workspace.path("a.key").exists() && !workspace.path("a.pem").exists());
    let half = Workspace::empty();
    fs::write(half.path("intermediate.key"), "a key of something").unwrap();
    assert!(refused(half.run("init")).contains("half a CA"));
    assert_eq!(half.read("intermediate.key"), b"a key of something");
}
