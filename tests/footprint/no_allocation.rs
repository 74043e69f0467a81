//! The core uses no heap: a whole connection on fixed arrays, with all allocations of this thread counted.
//!
//! Signature and verdict belong to the caller. Here ring signs, which does not allocate for ECDSA and Ed25519, and the
//! verdict compares bytes.

use crate::counting::allocations;
use crate::pki::{Ca, leaf_params};
use countersign::{
    CipherSuite, Credential, Event, Handshake, Inbox, NamedGroup, Outbox, Padding, Policy, Role, Seed, Session,
    SignatureScheme, Verdict, Want,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use rustls_pki_types::CertificateDer;

/// A signer that does not allocate.
#[allow(clippy::large_enum_variant)]
enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn sign(&self, message: &[u8]) -> ring::signature::Signature {
        match self {
            Key::Ecdsa(key) => key.sign(&SystemRandom::new(), message).unwrap(),
            Key::Ed25519(key) => key.sign(message),
        }
    }
}

/// One end on arrays.
struct End<'a> {
    hs: Handshake<&'a Policy>,
    rx: Inbox<[u8; 4_096]>,
    tx: Outbox<[u8; 4_096]>,
    chain: &'a [CertificateDer<'static>],
    key: &'a Key,
    peer: &'a [u8],
    done: bool,
}

impl End<'_> {
    fn turn(&mut self, other: &mut Inbox<[u8; 4_096]>) {
        loop {
            match self.hs.drive(&mut self.rx, &mut self.tx).unwrap() {
                Want::Credential(question) => {
                    assert!(self.hs.offer(&self.rx).unwrap().signature_schemes().count() > 0);
                    self.hs.answer_credential(&question, &Credential::new(self.chain), &mut self.tx).unwrap();
                }
                Want::Sign(question) => {
                    let signature = self.key.sign(question.message());
                    self.hs.answer_sign(&question, signature.as_ref(), &mut self.tx).unwrap();
                }
                Want::Verify(question) => {
                    let peer = self.hs.peer(&self.rx).unwrap();
                    assert_eq!((peer.leaf(), peer.spki().is_some()), (self.peer, true));
                    self.hs.answer_verify(&question, Verdict::Accept).unwrap();
                }
                Want::Write => carry(&mut self.tx, other),
                Want::Read => return,
                Want::Done => {
                    self.done = true;
                    return;
                }
            }
        }
    }
}

fn carry(from: &mut Outbox<[u8; 4_096]>, to: &mut Inbox<[u8; 4_096]>) {
    let pending = from.pending();
    let len = pending.len();
    to.space()[..len].copy_from_slice(pending);
    to.filled(len);
    from.sent(len);
}

/// The whole life of a connection, as two programs would run it.
fn live(mut client: End<'_>, mut server: End<'_>) {
    while !(client.done && server.done) {
        client.turn(&mut server.rx);
        server.turn(&mut client.rx);
    }
    let (mut c, mut s) = (client.hs.finish().unwrap(), server.hs.finish().unwrap());
    talk(&mut c, &mut client.rx, &mut client.tx, &mut s, &mut server.rx, &mut server.tx);
}

fn talk(
    c: &mut Session,
    client_rx: &mut Inbox<[u8; 4_096]>,
    client_tx: &mut Outbox<[u8; 4_096]>,
    s: &mut Session,
    server_rx: &mut Inbox<[u8; 4_096]>,
    server_tx: &mut Outbox<[u8; 4_096]>,
) {
    assert_eq!(c.receive(client_rx, client_tx), Ok(Event::Confirmed));
    for round in 0..5u8 {
        assert_eq!(c.write(&[round; 1_000], client_tx), Ok(1_000));
        c.confirm(client_tx).unwrap();
        carry(client_tx, server_rx);
        assert_eq!(s.receive(server_rx, server_tx), Ok(Event::Data));
        assert_eq!(server_rx.data(), [round; 1_000]);
        server_rx.consume(1_000);
        assert_eq!(s.receive(server_rx, server_tx), Ok(Event::Read));
        let mut record = s.reserve(500, server_tx).unwrap().unwrap();
        record.space()[..500].fill(round);
        record.filled(500);
        record.seal().unwrap();
        s.update_key(server_tx).unwrap();
        carry(server_tx, client_rx);
        assert_eq!(c.receive(client_rx, client_tx), Ok(Event::Data));
        assert_eq!(client_rx.data(), [round; 500]);
        client_rx.consume(500);
        assert_eq!(c.receive(client_rx, client_tx), Ok(Event::Read));
    }
    assert_eq!(c.exporter().tls_exporter(), s.exporter().tls_exporter());
    c.close(client_tx).unwrap();
    carry(client_tx, server_rx);
    assert_eq!(s.receive(server_rx, server_tx), Ok(Event::Closed));
    s.close(server_tx).unwrap();
    carry(server_tx, client_rx);
    assert_eq!(c.receive(client_rx, client_tx), Ok(Event::Closed));
}

/// The chain and the key of a new identity.
fn identity(ca: &Ca, scheme: SignatureScheme) -> (Vec<CertificateDer<'static>>, Key) {
    let algorithm = match scheme {
        SignatureScheme::ED25519 => &rcgen::PKCS_ED25519,
        SignatureScheme::ECDSA_SECP384R1_SHA384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        _ => &rcgen::PKCS_ECDSA_P256_SHA256,
    };
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let leaf = ca.issue_for(key, leaf_params("somebody.test", &["somebody.test"]));
    let der = leaf.key.serialize_der();
    let ecdsa = |algorithm| Key::Ecdsa(EcdsaKeyPair::from_pkcs8(algorithm, &der, &SystemRandom::new()).unwrap());
    let key = match scheme {
        SignatureScheme::ED25519 => Key::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).unwrap()),
        SignatureScheme::ECDSA_SECP384R1_SHA384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        _ => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
    };
    (vec![leaf.der], key)
}

#[test]
#[cfg_attr(feature = "aws-lc-rs", ignore = "aws-lc-rs allocates for nearly all that it does")]
fn a_connection_does_not_allocate_from_its_first_byte_to_its_last() {
    let ca = Ca::root("Root");
    let schemes =
        [SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::ECDSA_SECP384R1_SHA384, SignatureScheme::ED25519];
    let suites = [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ];
    let groups = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
    let identities = schemes.map(|scheme| identity(&ca, scheme));
    for (number, (suite, group)) in suites.into_iter().zip(groups).enumerate() {
        for retry in [false, true] {
            let policy = Policy::new().cipher_suites(&[suite]).alpn(&[b"h2"]).padding(Padding::Multiple(64));
            let policy = policy.record_size_limit(2_000).groups(&[group]).update_after(3);
            let server_policy = policy.clone();
            let client_policy = if retry { policy.key_shares(&[]) } else { policy };
            let (client_id, server_id) = (&identities[number], &identities[(number + 1) % 3]);
            let (counted, ()) = allocations(|| {
                let (rx, tx) = (Inbox::new([0; 4_096]), Outbox::new([0; 4_096]));
                let hs = Handshake::client(&client_policy, Some("somebody.test"), Seed::from_bytes(&[1; 64])).unwrap();
                let (chain, key, peer) = (&client_id.0[..], &client_id.1, &server_id.0[0][..]);
                let client = End { hs, rx, tx, chain, key, peer, done: false };
                let (rx, tx) = (Inbox::new([0; 4_096]), Outbox::new([0; 4_096]));
                let hs = Handshake::server(&server_policy, Seed::from_bytes(&[2; 64]));
                let (chain, key, peer) = (&server_id.0[..], &server_id.1, &client_id.0[0][..]);
                let server = End { hs, rx, tx, chain, key, peer, done: false };
                live(client, server);
            });
            assert_eq!(counted, 0, "{suite}, {group}, retry {retry}");
        }
    }
}

/// Errors do not allocate either, because they consist of numbers.
#[test]
fn a_failed_handshake_does_not_allocate() {
    let policy = Policy::new();
    let (counted, error) = allocations(|| {
        let mut hs = Handshake::server(&policy, Seed::from_bytes(&[2; 64]));
        assert_eq!(hs.role(), Role::Server);
        let (mut rx, mut tx) = (Inbox::new([0; 1_000]), Outbox::new([0; 1_000]));
        rx.space()[..9].copy_from_slice(b"GET / HTT");
        rx.filled(9);
        let error = hs.drive(&mut rx, &mut tx).unwrap_err();
        assert!(!tx.pending().is_empty());
        error
    });
    assert_eq!(counted, 0);
    assert!(error.to_string().starts_with("the first bytes are not TLS"));
}
