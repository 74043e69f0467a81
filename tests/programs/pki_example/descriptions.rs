//! `pki show`: certificates, keys and CRLs in words.

use super::{DAY, NOW, Workspace};
use crate::show;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;

#[test]
fn show_describes_and_never_shows_a_key() {
    let workspace = Workspace::new();
    workspace.run("issue client --client --dns a.example").unwrap();
    workspace.run("revoke client").unwrap();
    let text = show::file(&workspace.path("client.pem"), NOW).unwrap();
    for part in [
        "1 of 2: certificate CN=client",
        "2 of 2: certificate CN=development intermediate",
        "DNS a.example",
        "TLS client",
        "P-256",
        "ends in 90 days",
        "CA          no (critical)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let text = show::file(&workspace.path("crl.pem"), NOW).unwrap();
    assert!(text.contains("number      3") && text.contains("revoked     nothing"), "{text}");
    assert!(text.contains("on 2026-11-23 09:00 UTC"), "{text}");
    assert_eq!(show::file(&workspace.path("client.key"), NOW).unwrap(), "private key (not shown)\n");
    assert!(show::file(&workspace.path("issued"), NOW).unwrap_err().starts_with("cannot read "));
}

#[test]
fn show_escapes_every_name() {
    let evil = "a\n\u{1b}[31m\u{202e}\u{200b}\"',CN=b\u{9b}\u{7f}";
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, evil);
    params.subject_alt_names = vec![rcgen::SanType::URI("x:\u{1b}[2J\n".try_into().unwrap())];
    let der = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    let text = show::describe(der.der(), NOW).unwrap();
    assert!(
        text.starts_with("certificate CN=a\\u{a}\\u{1b}[31m\\u{202e}\\u{200b}\\\"\\'\\,CN=b\\u{9b}\\u{7f}\n  issuer "),
        "{text}"
    );
    assert!(text.contains("URI x:\\u{1b}[2J\\u{a}\n"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn show_refuses_what_it_cannot_read_without_harm() {
    let workspace = Workspace::new();
    workspace.run("issue client --dns a.example --spiffe spiffe://a/b").unwrap();
    workspace.run("revoke client").unwrap();
    let certificate = workspace.chain("client").swap_remove(0).to_vec();
    let crl = CertificateRevocationListDer::from_pem_slice(&workspace.read("crl.pem")).unwrap().to_vec();
    for whole in [certificate, crl] {
        assert!(show::describe(&whole, NOW).is_ok());
        for end in 0..whole.len() {
            assert!(show::describe(&whole[..end], NOW).is_err(), "cut at {end}");
        }
        assert!(show::describe(&[&whole[..], b"\0"].concat(), NOW).is_err(), "one byte more");
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x41;
            // Most changed bits leave a readable file. The others must not do worse than an unreadable file.
            if let Ok(text) = show::describe(&bent, NOW) {
                assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "flip at {at}");
            }
        }
    }
}

#[test]
fn times_in_words() {
    for (then, words) in [
        (NOW + 89 * DAY, "in 89 days"),
        (NOW + 3 * 3600 + 59, "in 3 h"),
        (NOW - 3 * 3600, "3 h ago"),
        (NOW - 119, "119 s ago"),
        (NOW - 120, "2 min ago"),
        (NOW, "0 s ago"),
    ] {
        assert_eq!(show::distance(then, NOW), words);
    }
    assert_eq!(show::utc(NOW), "2026-11-23 09:00 UTC");
}
