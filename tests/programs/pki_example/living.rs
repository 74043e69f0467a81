//! Later commands: renewal, revocation, CRLs. No key is overwritten.

use super::{DAY, Workspace, refused};
use crate::show;
use std::fs;
use webpki::KeyUsage;
use x509_parser::prelude::{FromDer, X509Certificate};

#[test]
fn no_key_is_overwritten_unless_a_new_one_is_asked_for() {
    let workspace = Workspace::new();
    let ca = workspace.read("ca.key");
    assert!(workspace.run("init").unwrap().contains("left as it is"));
    assert_eq!(workspace.read("ca.key"), ca);

    workspace.run("issue a --client").unwrap();
    let key = workspace.read("a.key");
    assert!(refused(workspace.run("issue a --client")).contains("pki renew a"));
    fs::remove_file(workspace.path("a.pem")).unwrap();
    assert!(refused(workspace.run("issue a --client --key p384")).contains("never overwritten"));
    assert_eq!(workspace.read("a.key"), key);
    assert!(workspace.run("issue a --client").unwrap().contains("the key that was there"));
    assert_eq!(workspace.read("a.key"), key);
    workspace.run("renew a").unwrap();
    assert_eq!(workspace.read("a.key"), key);
    assert!(workspace.run("renew a --key ed25519").unwrap().contains("a new key"));
    assert_ne!(workspace.read("a.key"), key);
    workspace.verify(&workspace.chain("a"), KeyUsage::client_auth()).unwrap();
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::new();
    workspace.run("issue a --client").unwrap();
    let mode = |file: &str| fs::metadata(workspace.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["ca.key", "intermediate.key", "a.key"].map(mode), [0o600; 3]);
    workspace.run("renew a --key p256").unwrap();
    assert_eq!(mode("a.key"), 0o600, "also when it took another's place");
    assert!(
        fs::read_dir(&workspace.dir).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().ends_with(".new"))
    );
}

#[test]
fn the_roots_key_is_not_needed_after_init() {
    let workspace = Workspace::new();
    fs::remove_file(workspace.path("ca.key")).unwrap();
    for line in ["issue a --client", "renew a", "revoke a", "crl", "init"] {
        workspace.run(line).unwrap();
    }
}

#[test]
fn renew_keeps_names_role_and_days() {
    let mut workspace = Workspace::new();
    workspace.run("issue web --dns a.example --ip ::1 --spiffe spiffe://example.org/web --days 7").unwrap();
    workspace.run("issue client --client --days 7").unwrap();
    let before = (workspace.facts("web"), workspace.facts("client"));
    assert_eq!(before.0.len(), 4, "{before:?}");
    workspace.now += 8 * DAY;
    assert!(workspace.verify(&workspace.chain("web"), KeyUsage::server_auth()).is_err(), "it has expired");
    workspace.run("renew web").unwrap();
    workspace.run("renew client --days 30").unwrap();
    workspace.verify(&workspace.chain("web"), KeyUsage::server_auth()).unwrap();
    let end = |name: &str| {
        let der = workspace.chain(name).swap_remove(0);
        X509Certificate::from_der(&der).unwrap().1.validity().not_after.timestamp()
    };
    assert_eq!((end("web"), end("client")), (workspace.now + 7 * DAY, workspace.now + 30 * DAY));
    assert_eq!((workspace.facts("web"), workspace.facts("client")), before);
}

#[test]
fn revoke_finds_every_certificate_of_the_name_and_no_other() {
    let workspace = Workspace::new();
    workspace.run("issue client --client").unwrap();
    workspace.run("issue client-2 --client").unwrap();
    let first = workspace.chain("client");
    workspace.run("renew client").unwrap();
    let second = workspace.chain("client");
    let number = workspace.crl_number();
    assert_eq!(workspace.run("revoke client").unwrap().matches("revoked client, serial").count(), 2);
    for chain in [&first, &second] {
        assert!(matches!(workspace.verify(chain, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
    }
    workspace.verify(&workspace.chain("client-2"), KeyUsage::client_auth()).unwrap();
    assert_eq!(workspace.crl_number(), number + 1);
    assert!(workspace.run("revoke client").unwrap().contains("expired or revoked already"), "it is not listed twice");
    // Certificates that are signed later have it, too.
    workspace.run("issue other --client").unwrap();
    assert!(matches!(workspace.verify(&first, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
}

#[test]
fn a_revoked_name_comes_back_with_a_new_key_only() {
    let workspace = Workspace::new();
    workspace.run("issue client --client").unwrap();
    workspace.run("revoke client").unwrap();
    let key = workspace.read("client.key");
    assert!(refused(workspace.run("renew client")).contains("was revoked on 2026-11-23 09:00 UTC"));
    workspace.run("renew client --key p256").unwrap();
    assert_ne!(workspace.read("client.key"), key);
    workspace.verify(&workspace.chain("client"), KeyUsage::client_auth()).unwrap();
}

#[test]
fn a_crl_ends_and_is_signed_again() {
    let mut workspace = Workspace::new();
    workspace.run("issue client --client --days 365").unwrap();
    workspace.now += 91 * DAY;
    assert!(matches!(
        workspace.verify(&workspace.chain("client"), KeyUsage::client_auth()),
        Err(webpki::Error::CrlExpired { .. })
    ));
    assert!(show::file(&workspace.path("crl.pem"), workspace.now).unwrap().contains("(out of date since 24 h ago)"));
    workspace.run("crl").unwrap();
    workspace.verify(&workspace.chain("client"), KeyUsage::client_auth()).unwrap();
}

/// crl.pem is the only record of revocations: it is read as a whole, or not changed.
#[test]
fn a_crl_file_that_somebody_has_edited_is_read_whole_or_refused() {
    let workspace = Workspace::new();
    workspace.run("issue client --client").unwrap();
    let chain = workspace.chain("client");
    workspace.run("revoke client").unwrap();
    let good = String::from_utf8(workspace.read("crl.pem")).unwrap();
    let (ours, roots) = good.split_at(good.rfind("-----BEGIN").unwrap());
    for edited in [
        good.replace('\n', "\r\n"),
        format!("\u{feff}{good}"),
        format!("# both CAs\n\n{ours}\n# the root's\n{roots}\n"),
        format!("{roots}{ours}"),
    ] {
        std::fs::write(workspace.path("crl.pem"), &edited).unwrap();
        workspace.run("crl").unwrap();
        assert!(
            matches!(workspace.verify(&chain, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)),
            "{edited}"
        );
        let file = workspace.read("crl.pem");
        let sections = countersign::x509::pem::sections(&file);
        assert!(sections.len() == 2 && sections.iter().all(|section| section.der().is_ok()));
    }
    let line = 1 + ours.lines().count();
    for (edited, says) in [
        (format!("{}{roots}", ours.trim_end()), "it has to stand on lines of its own"),
        (format!("{ours}{ours}{roots}"), "this is a second CRL of this CA"),
        (format!("{ours}{}", roots.replace("-----BEGIN", "----BEGIN")), "this is not quite a BEGIN or END line"),
        (format!("{ours}{}", roots.replacen("\nMI", "\nM?", 1)), "is not base64"),
        (format!("{ours}{}", String::from_utf8(workspace.read("ca.pem")).unwrap()), "this is not a CRL"),
    ] {
        std::fs::write(workspace.path("crl.pem"), &edited).unwrap();
        let told = refused(workspace.run("crl"));
        assert!(told.contains(says) && told.contains("crl.pem line "), "{told}");
        assert!(says.contains("lines of its own") || told.contains(&format!("line {line}: ")), "{told}");
        assert_eq!(workspace.read("crl.pem"), edited.as_bytes(), "not touched");
    }
}
