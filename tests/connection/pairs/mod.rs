//! Two ends in memory, with everything that can be negotiated: each pair makes a handshake, sends data both ways and
//! closes.

mod confirmed;
mod cookie;
mod negotiation;
mod records;
mod sessions;

use crate::common::{Connection, End, Identity, Pki};
use crate::rsa;
use countersign::{CipherSuite, Event, NamedGroup, Policy, Role, Session, SignatureScheme};

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// A root, and an identity with each kind of key and its signature scheme.
struct People {
    pki: Pki,
    all: [(Identity, SignatureScheme); 4],
}

impl People {
    fn new() -> People {
        let pki = Pki::new();
        let all = [
            (pki.issue("p256.test", &rcgen::PKCS_ECDSA_P256_SHA256), SignatureScheme::ECDSA_SECP256R1_SHA256),
            (pki.issue("p384.test", &rcgen::PKCS_ECDSA_P384_SHA384), SignatureScheme::ECDSA_SECP384R1_SHA384),
            (pki.issue("ed25519.test", &rcgen::PKCS_ED25519), SignatureScheme::ED25519),
            (pki.issue_for("rsa.test", &rsa::key_pair()), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ];
        People { pki, all }
    }
}

/// One pair with one key each, for tests in which keys do not matter.
fn pair(client: Policy, server: Policy, identity: &Identity) -> (End<'_>, End<'_>) {
    (End::new(Role::Client, client, identity), End::new(Role::Server, server, identity))
}

fn identity() -> Identity {
    Pki::new().issue("somebody.test", &rcgen::PKCS_ED25519)
}

fn talk(connection: &mut Connection<'_>) {
    let Connection { client, server, c, s } = connection;
    let data: Vec<u8> = (0..20_000u32).map(|n| n as u8).collect();
    assert_eq!(c.write(&data, &mut client.tx), Ok(data.len()));
    assert_eq!(s.write(&data[..1], &mut server.tx), Ok(1));
    assert_eq!(connection.to_server().unwrap().0, data);
    assert_eq!(connection.to_client().unwrap().0, &data[..1]);
}

fn close(connection: &mut Connection<'_>) {
    connection.c.close(&mut connection.client.tx).unwrap();
    assert_eq!(connection.to_server(), Ok((vec![], vec![Event::Closed])));
    connection.s.close(&mut connection.server.tx).unwrap();
    assert_eq!(connection.to_client().unwrap().1.last(), Some(&Event::Closed));
}

/// Both sessions have the same keys, and both handshakes had them.
fn agree(connection: &mut Connection<'_>) {
    assert_eq!(same_keys(&connection.c, &connection.s), (true, false), "the server has changed its key, to confirm");
    assert_eq!(connection.to_client(), Ok((vec![], vec![Event::Confirmed])));
    let Connection { client, server, c, s } = connection;
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ] {
        assert!(client.secrets[label].len() >= 32, "{label}");
        assert_eq!(client.secrets[label], server.secrets[label], "{label}");
    }
    assert_eq!(client.secrets.len(), 4, "nothing else is shown");
    assert_eq!(c.exporter().expose_secret(), s.exporter().expose_secret());
    assert_eq!(client.hs.client_random(), server.hs.client_random());
    assert_eq!(same_keys(c, s), (true, true));
}

fn same_keys(c: &Session, s: &Session) -> (bool, bool) {
    let ((c_write, c_read), (s_write, s_read)) = (c.expose_secrets(), s.expose_secrets());
    (c_write == s_read, s_write == c_read)
}
