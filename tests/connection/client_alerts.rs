//! The records that a client sends when it refuses the server.

use crate::common::{End, Pki};
use countersign::{NamedGroup, Policy, Rejection, Role, Verdict};

/// The types of the records in these bytes.
fn record_types(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [typ, _, _, high, low, rest @ ..] = bytes {
        types.push(*typ);
        bytes = &rest[usize::from(u16::from_be_bytes([*high, *low]))..];
    }
    types
}

/// The bytes that a client sends when it refuses the server's certificate.
fn refusal(client: Policy, server: Policy) -> Vec<u8> {
    let pki = Pki::new();
    let id = pki.issue("server.test", &rcgen::PKCS_ED25519);
    let mut client = End::new(Role::Client, client, &id);
    let mut server = End::new(Role::Server, server, &id);
    client.verdict = Verdict::Reject(Rejection::UnknownCa);
    while client.drive().is_ok() {
        let hello = client.sends();
        server.gets(&hello);
        server.drive().unwrap();
        let flight = server.sends();
        client.gets(&flight);
    }
    client.sends()
}

// RFC 9846 §E.4: "immediately before its second flight", also if that is an alert.
#[test]
fn a_change_cipher_spec_comes_before_a_protected_alert() {
    assert_eq!(record_types(&refusal(Policy::new(), Policy::new())), [20, 23]);
}

#[test]
fn it_does_not_come_twice() {
    let retries = Policy::new().groups(&[NamedGroup::SECP384R1]);
    assert_eq!(record_types(&refusal(Policy::new(), retries)), [23], "it came before the second ClientHello");
}

#[test]
fn it_does_not_come_without_compatibility_mode() {
    let policy = Policy::new().middlebox_compatibility(false);
    assert_eq!(record_types(&refusal(policy, Policy::new())), [23]);
}
