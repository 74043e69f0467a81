//! What comes later: renewal, revocation, CRLs, and no key overwritten.

use super::{DAY, Room, refused};
use crate::show;
use std::fs;
use webpki::KeyUsage;
use x509_parser::prelude::{FromDer, X509Certificate};

#[test]
fn no_key_is_overwritten_unless_a_new_one_is_asked_for() {
    let room = Room::new();
    let ca = room.read("ca.key");
    assert!(room.run("init").unwrap().contains("left as it is"));
    assert_eq!(room.read("ca.key"), ca);

    room.run("issue a --client").unwrap();
    let key = room.read("a.key");
    assert!(refused(room.run("issue a --client")).contains("pki renew a"));
    fs::remove_file(room.path("a.pem")).unwrap();
    assert!(refused(room.run("issue a --client --key p384")).contains("never overwritten"));
    assert_eq!(room.read("a.key"), key);
    assert!(room.run("issue a --client").unwrap().contains("the key that was there"));
    assert_eq!(room.read("a.key"), key);
    room.run("renew a").unwrap();
    assert_eq!(room.read("a.key"), key);
    assert!(room.run("renew a --key ed25519").unwrap().contains("a new key"));
    assert_ne!(room.read("a.key"), key);
    room.verify(&room.chain("a"), KeyUsage::client_auth()).unwrap();
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    room.run("issue a --client").unwrap();
    let mode = |file: &str| fs::metadata(room.path(file)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["ca.key", "intermediate.key", "a.key"].map(mode), [0o600; 3]);
    room.run("renew a --key p256").unwrap();
    assert_eq!(mode("a.key"), 0o600, "also when it took another's place");
    assert!(fs::read_dir(&room.dir).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().ends_with(".new")));
}

#[test]
fn the_roots_key_is_not_needed_after_init() {
    let room = Room::new();
    fs::remove_file(room.path("ca.key")).unwrap();
    for line in ["issue a --client", "renew a", "revoke a", "crl", "init"] {
        room.run(line).unwrap();
    }
}

#[test]
fn renew_keeps_names_role_and_days() {
    let mut room = Room::new();
    room.run("issue web --dns a.example --ip ::1 --spiffe spiffe://example.org/web --days 7").unwrap();
    room.run("issue client --client --days 7").unwrap();
    let before = (room.facts("web"), room.facts("client"));
    assert_eq!(before.0.len(), 4, "{before:?}");
    room.now += 8 * DAY;
    assert!(room.verify(&room.chain("web"), KeyUsage::server_auth()).is_err(), "it has expired");
    room.run("renew web").unwrap();
    room.run("renew client --days 30").unwrap();
    room.verify(&room.chain("web"), KeyUsage::server_auth()).unwrap();
    let end = |name: &str| {
        let der = room.chain(name).swap_remove(0);
        X509Certificate::from_der(&der).unwrap().1.validity().not_after.timestamp()
    };
    assert_eq!((end("web"), end("client")), (room.now + 7 * DAY, room.now + 30 * DAY));
    assert_eq!((room.facts("web"), room.facts("client")), before);
}

#[test]
fn revoke_finds_every_certificate_of_the_name_and_no_other() {
    let room = Room::new();
    room.run("issue client --client").unwrap();
    room.run("issue client-2 --client").unwrap();
    let first = room.chain("client");
    room.run("renew client").unwrap();
    let second = room.chain("client");
    let number = room.crl_number();
    assert_eq!(room.run("revoke client").unwrap().matches("revoked client, serial").count(), 2);
    for chain in [&first, &second] {
        assert!(matches!(room.verify(chain, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
    }
    room.verify(&room.chain("client-2"), KeyUsage::client_auth()).unwrap();
    assert_eq!(room.crl_number(), number + 1);
    assert!(room.run("revoke client").unwrap().contains("expired or revoked already"), "it is not listed twice");
    // Whatever is signed later remembers it.
    room.run("issue other --client").unwrap();
    assert!(matches!(room.verify(&first, KeyUsage::client_auth()), Err(webpki::Error::CertRevoked)));
}

#[test]
fn a_revoked_name_comes_back_with_a_new_key_only() {
    let room = Room::new();
    room.run("issue client --client").unwrap();
    room.run("revoke client").unwrap();
    let key = room.read("client.key");
    assert!(refused(room.run("renew client")).contains("was revoked on 2026-11-23 09:00 UTC"));
    room.run("renew client --key p256").unwrap();
    assert_ne!(room.read("client.key"), key);
    room.verify(&room.chain("client"), KeyUsage::client_auth()).unwrap();
}

#[test]
fn a_crl_ends_and_is_signed_again() {
    let mut room = Room::new();
    room.run("issue client --client --days 365").unwrap();
    room.now += 91 * DAY;
    assert!(matches!(
        room.verify(&room.chain("client"), KeyUsage::client_auth()),
        Err(webpki::Error::CrlExpired { .. })
    ));
    assert!(show::file(&room.path("crl.pem"), room.now).unwrap().contains("(out of date since 24 h ago)"));
    room.run("crl").unwrap();
    room.verify(&room.chain("client"), KeyUsage::client_auth()).unwrap();
}
