//! What the attacker can deliver to an honest end: everything that was sent, in any order and to any end, and
//! everything that it can write itself, combined from both.

use super::end::{Brought, Facts, Spec};
use super::hellos::{self, GROUPS, OWN, contains, replaced};
use super::identities::{ALICE, BOB, CAROL, IDENTITIES, MALLORY};
use super::keys::{HEADER, plain, seal, sha256, verify_data};
use super::overhear::{Conversation, Said, overhear};
use super::system;
use countersign::internals::codec::{
    CertificateVerify, Finished, HandshakeType, write_certificate, write_certificate_request,
    write_encrypted_extensions,
};
use countersign::{CertificateType, Role, SignatureScheme, State};
use hellos::written;

pub type Input = system::Input<Brought>;

fn input(what: impl Into<String>, record: Vec<u8>) -> Input {
    Input { what: what.into(), act: Brought::new(record) }
}

/// An end, and what the attacker knows about it.
#[derive(Clone, Debug)]
pub struct View {
    pub facts: Facts,
    pub conversation: Conversation,
    /// The attacker has the secrets of the connection: it made the other share, or it was given the private keys.
    pub open: bool,
}

impl View {
    pub fn new(facts: Facts, spec: &Spec, leaked: bool) -> View {
        let conversation = overhear(&facts, spec.role);
        let hello = facts.log.iter().rev().find(|(sent, record)| !sent && record[0] == 22);
        let own = hello.is_some_and(|(_, record)| contains(record, &hellos::public(OWN)));
        View { conversation, open: own || leaked, facts }
    }
}

fn handshake(what: impl Into<String>, message: &[u8]) -> Input {
    input(what, plain(22, message))
}

/// What it can deliver to this end by itself. `oracle` is a planted fault: alice's signer signs everything.
pub fn own(spec: &Spec, view: &View, oracle: bool) -> Vec<Input> {
    match view.facts.state {
        State::WaitClientHello => {
            let random = [0xa1; 32];
            vec![
                handshake("own ClientHello", &hellos::client_hello(&random, Some(GROUPS[0]), false)),
                handshake("own ClientHello, P-256", &hellos::client_hello(&random, Some(GROUPS[1]), false)),
                handshake("own ClientHello, raw public keys", &hellos::client_hello(&random, Some(GROUPS[0]), true)),
                handshake("own ClientHello without a share", &hellos::client_hello(&random, None, false)),
            ]
        }
        State::WaitServerHello => {
            let mut hellos: Vec<Input> = GROUPS
                .iter()
                .map(|group| handshake(format!("own ServerHello, {group}"), &hellos::server_hello(&[0xa2; 32], *group)))
                .collect();
            hellos.push(handshake("own HelloRetryRequest", &hellos::hello_retry_request()));
            hellos
        }
        _ => protected(spec, view, oracle),
    }
}

/// Messages of its own, under the keys of a connection whose secrets it has.
fn protected(spec: &Spec, view: &View, oracle: bool) -> Vec<Input> {
    let by = spec.role.peer();
    let Some(sealer) = Sealer::new(view, by) else { return Vec::new() };
    let mut inputs = Vec::new();
    let mut message = |what: &str, message: Vec<u8>| inputs.push(sealer.message(format!("own {what}"), &message));

    message("EncryptedExtensions", written(|w| write_encrypted_extensions(w, |_| ())));
    message(
        "EncryptedExtensions, raw public keys",
        written(|w| {
            write_encrypted_extensions(w, |w| {
                w.client_certificate_type(CertificateType::RAW_PUBLIC_KEY);
                w.server_certificate_type(CertificateType::RAW_PUBLIC_KEY);
            });
        }),
    );
    message(
        "CertificateRequest",
        written(|w| write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519]))),
    );
    message("Certificate, empty", written(|w| write_certificate(w, &[], [], |_| ())));
    let certificate = |leaf: &[&[u8]]| written(|w| write_certificate(w, &[], leaf.iter().copied(), |_| ()));
    let [mallory, honest @ ..] = [MALLORY, ALICE, BOB, CAROL].map(|who| &IDENTITIES[who]);
    message("Certificate", certificate(&[&mallory.chain[0]]));
    message("raw public key", certificate(&[&mallory.raw[0]]));
    for other in honest {
        message(&format!("Certificate of {}", other.name), certificate(&[&other.chain[0]]));
        message(
            &format!("Certificate behind that of {}", other.name),
            certificate(&[&other.chain[0], &mallory.chain[0]]),
        );
    }
    message("raw public key of alice", certificate(&[&honest[0].raw[0]]));
    if by == Role::Client {
        message("Certificate and that of alice", certificate(&[&mallory.chain[0], &honest[0].chain[0]]));
    }
    let key = &mallory.key;
    for context in ["TLS 1.3, client CertificateVerify", "TLS 1.3, server CertificateVerify", "Exported Authenticator"]
    {
        let transcript = sha256(&view.conversation.transcript(|_| false));
        let content = [&[0x20; 64][..], context.as_bytes(), &[0], &transcript].concat();
        let signature = key.sign(SignatureScheme::ED25519, &content).expect("a signature");
        message(&format!("CertificateVerify, {context}"), certificate_verify(&signature));
        if oracle {
            let signature = honest[0].key.sign(SignatureScheme::ED25519, &content).expect("a signature");
            message(&format!("CertificateVerify by alice, {context}"), certificate_verify(&signature));
        }
    }
    let whole = view.conversation.transcript(|_| false);
    let to_certificate = view.conversation.transcript(|said| said.typ == HandshakeType::CERTIFICATE);
    for role in [Role::Client, Role::Server] {
        let name =
            if role == Role::Client { "CLIENT_HANDSHAKE_TRAFFIC_SECRET" } else { "SERVER_HANDSHAKE_TRAFFIC_SECRET" };
        let Some(secret) = view.facts.secrets.get(name) else { continue };
        for (of, transcript) in [("all", &whole), ("all up to Certificate", &to_certificate)] {
            let verify_data = verify_data(secret, transcript);
            message(
                &format!("Finished of the {role} over {of}"),
                written(|w| Finished { verify_data: &verify_data }.write(w)),
            );
        }
    }
    if view.facts.data.is_empty() {
        inputs.push(sealer.record("own data".to_owned(), 23, b"data of mallory"));
    }
    inputs
}

fn certificate_verify(signature: &[u8]) -> Vec<u8> {
    written(|w| CertificateVerify { algorithm: SignatureScheme::ED25519, signature }.write(w))
}

/// The attacker's side of a connection whose secrets it has.
struct Sealer<'v> {
    secret: &'v [u8],
    sequence: u64,
}

impl<'v> Sealer<'v> {
    fn new(view: &'v View, by: Role) -> Option<Sealer<'v>> {
        let sender = if by == Role::Client { &view.conversation.client } else { &view.conversation.server };
        let secret = sender.secret.as_deref().filter(|_| view.open)?;
        Some(Sealer { secret, sequence: sender.sequence })
    }

    fn record(&self, what: String, typ: u8, content: &[u8]) -> Input {
        input(what, seal(self.secret, self.sequence, typ, content))
    }

    fn message(&self, what: String, message: &[u8]) -> Input {
        self.record(what, 22, message)
    }
}

/// What it can deliver to an end because of another end's messages, or this one's own. `tired`: the host may confuse
/// the signatures of two of its sessions.
pub fn learned(spec: &Spec, view: &View, other: &Spec, theirs: &View, tired: bool) -> Vec<Input> {
    let from = format!("{} {}", IDENTITIES[other.identity].name, other.number);
    let sent: Vec<&[u8]> = theirs.facts.log.iter().filter(|(sent, _)| *sent).map(|(_, record)| &record[..]).collect();
    // Unchanged.
    let mut inputs: Vec<Input> = (sent.iter().enumerate())
        .map(|(place, record)| input(format!("record {place} of {from}"), record.to_vec()))
        .collect();
    // Hellos with a part of the attacker's.
    let hellos = sent.iter().filter(|record| record[0] == 22).map(|record| &record[HEADER..]);
    if matches!(view.facts.state, State::WaitClientHello | State::WaitServerHello) {
        let public = hellos::public(other.number);
        let spliced = hellos.filter_map(|hello| replaced(hello, &public, &hellos::public(OWN)));
        inputs.extend(spliced.map(|hello| handshake(format!("hello of {from} with the own share"), &hello)));
        let random = [other.number; 32];
        inputs.push(match view.facts.state {
            State::WaitClientHello => handshake(
                format!("own ClientHello, random of {from}"),
                &hellos::client_hello(&random, Some(GROUPS[0]), false),
            ),
            _ => handshake(format!("own ServerHello, random of {from}"), &hellos::server_hello(&random, GROUPS[0])),
        });
    } else if let Some(sealer) = Sealer::new(view, spec.role.peer()).filter(|_| theirs.open) {
        // Messages that it has decrypted on another connection, under this connection's keys.
        let said = theirs.conversation.said.iter().filter(|said| said.by == other.role && !is_hello(said));
        inputs.extend(said.map(|said| sealer.message(format!("{} of {from}", said.typ), &said.raw)));
    }
    let signs_next = matches!(view.facts.state, State::WaitClientHello | State::WaitFinished);
    if tired && signs_next && other.number != spec.number && other.identity == spec.identity {
        let mixed: Vec<Input> = (theirs.facts.signatures.iter())
            .flat_map(|signature| inputs.iter().map(move |input| (signature, input)))
            .map(|(signature, input)| Input {
                what: format!("{}, signed for another session", input.what),
                act: Brought { signature: Some(signature.clone()), ..input.act.clone() },
            })
            .collect();
        inputs.extend(mixed);
    }
    inputs
}

fn is_hello(said: &Said) -> bool {
    matches!(said.typ, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO)
}
