//! The handshake by messages: the same engine, no records.

use crate::common::{Identity, Pki, seed};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::{
    Bytes, Credential, Epoch, Error, ErrorKind, ExtensionType, Policy, Rejection, Role, State, Verdict, Want,
};

const PARAMETERS: ExtensionType = ExtensionType::QUIC_TRANSPORT_PARAMETERS;

struct End<'a> {
    flow: Flow<Policy>,
    rx: FlowInbox<Vec<u8>>,
    tx: FlowOutbox<Vec<u8>>,
    identity: &'a Identity,
    verdict: Verdict,
    /// The peer's opaque extension, as seen at the first question.
    extension: Option<Vec<u8>>,
    sent: Vec<(Epoch, Vec<u8>)>,
}

impl<'a> End<'a> {
    fn new(role: Role, identity: &'a Identity) -> End<'a> {
        let policy = Policy::new();
        let (flow, body) = match role {
            Role::Client => ("c", &b"client parameters"[..]),
            Role::Server => ("s", &b"server parameters"[..]),
        };
        let policy = policy.extension(PARAMETERS, Bytes::Static(body));
        let flow = match flow {
            "c" => Flow::client(policy, Some("server.test"), seed(1)).unwrap(),
            _ => Flow::server(policy, seed(2)),
        };
        End {
            flow,
            rx: FlowInbox::new(vec![0; 4000]),
            tx: FlowOutbox::new(vec![0; 4000]),
            identity,
            verdict: Verdict::Accept,
            extension: None,
            sent: Vec::new(),
        }
    }

    fn drive(&mut self) -> Result<Want, Error> {
        loop {
            let want = self.flow.drive(&mut self.rx, &mut self.tx)?;
            if self.extension.is_none() {
                self.extension = self.flow.peer_extension(&self.rx).map(<[u8]>::to_vec);
            }
            match want {
                Want::Credential(question) => {
                    self.flow
                        .answer_credential(&question, &Credential::new(&self.identity.chain), &mut self.tx)
                        .unwrap();
                }
                Want::Sign(question) => {
                    let signature = self.identity.key.sign(question.scheme(), question.message()).unwrap();
                    self.flow.answer_sign(&question, &signature, &mut self.tx).unwrap();
                }
                Want::Verify(question) => self.flow.answer_verify(&question, self.verdict).unwrap(),
                want => return Ok(want),
            }
        }
    }

    fn convey(&mut self, other: &mut End<'_>) {
        while let Some((epoch, bytes)) = self.tx.pending() {
            let bytes = bytes.to_vec();
            self.tx.sent(bytes.len());
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let n = other.rx.feed(epoch, rest);
                rest = &rest[n..];
                other.drive().unwrap();
            }
            self.sent.push((epoch, bytes));
        }
    }
}

fn identities() -> (Identity, Identity) {
    let pki = Pki::new();
    (pki.issue("client.test", &rcgen::PKCS_ED25519), pki.issue("server.test", &rcgen::PKCS_ED25519))
}

#[test]
fn both_sides_prove_themselves_without_a_record() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    assert_eq!(client.drive(), Ok(Want::Write));
    client.convey(&mut server);
    server.convey(&mut client);
    assert_eq!(server.flow.state(), State::WaitCertificate);
    let (_, of_client) = client.flow.handshake_secrets().expect("from ServerHello on");
    let (_, of_server) = server.flow.handshake_secrets().expect("from ServerHello on");
    assert_eq!(of_client.client.expose(), of_server.client.expose());
    assert_eq!(of_client.server.expose(), of_server.server.expose());
    assert!(server.flow.finish().is_err(), "application secrets only after acceptance (R6)");
    client.convey(&mut server);

    assert_eq!(client.drive(), Ok(Want::Done));
    assert_eq!(server.drive(), Ok(Want::Done));
    let (client_session, server_session) = (client.flow.finish().unwrap(), server.flow.finish().unwrap());
    assert_eq!(client_session.secrets.client.expose(), server_session.secrets.client.expose());
    assert_eq!(client_session.secrets.server.expose(), server_session.secrets.server.expose());
    assert_eq!(client_session.exporter.tls_exporter().unwrap(), server_session.exporter.tls_exporter().unwrap());
    assert_eq!(client.extension.as_deref(), Some(&b"server parameters"[..]));
    assert_eq!(server.extension.as_deref(), Some(&b"client parameters"[..]));

    // Emission stops at each key change: every piece belongs to one epoch.
    let epochs: Vec<_> = server.sent.iter().map(|(epoch, _)| *epoch).collect();
    assert_eq!(epochs, [Epoch::Plaintext, Epoch::Handshake]);
    // RFC 9001 §8.4: no session id, there is nothing to disguise.
    let (_, hello) = &client.sent[0];
    assert_eq!(hello[4 + 2 + 32], 0);
}

#[test]
fn bytes_of_the_wrong_epoch_are_refused() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.drive().unwrap();
    let hello = client.tx.pending().unwrap().1.to_vec();
    server.rx.feed(Epoch::Handshake, &hello);
    let error = server.drive().unwrap_err();
    assert_eq!(error.kind().name(), "UnexpectedMessage");
    assert_eq!(server.drive().unwrap_err(), error, "an error stays");
}

#[test]
fn a_message_may_not_span_a_key_change() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.drive().unwrap();
    let mut hello = client.tx.pending().unwrap().1.to_vec();
    hello.push(11); // the first byte of a Certificate
    server.rx.feed(Epoch::Plaintext, &hello);
    assert_eq!(server.drive().unwrap_err().kind(), ErrorKind::DataAcrossKeyChange);
}

#[test]
fn an_inbox_that_is_too_small_says_how_much_it_needs_and_moves() {
    let (client, server) = identities();
    for memory in 0..200 {
        let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
        client.rx = FlowInbox::new(vec![0; memory]);
        client.drive().unwrap();
        client.convey(&mut server);
        let mut moves = 0;
        while let Some((epoch, bytes)) = server.tx.pending() {
            let n = client.rx.feed(epoch, bytes);
            server.tx.sent(n);
            if let Err(error) = client.drive() {
                let ErrorKind::InboxTooSmall { needed } = error.kind() else { panic!("{error}") };
                let rx = std::mem::replace(&mut client.rx, FlowInbox::new(vec![]));
                let rx = rx.move_into(vec![]).unwrap_or_else(|(rx, _)| rx); // what does not fit comes back
                client.rx = rx.move_into(vec![0; needed as usize]).ok().expect("it is larger");
                moves += 1;
            } else {
                assert!(n > 0, "Read is not returned without space ({memory} bytes)");
            }
        }
        assert!(moves > 1, "a flight is longer than a message");
        client.convey(&mut server);
        assert_eq!((client.drive(), server.drive()), (Ok(Want::Done), Ok(Want::Done)));
    }
}

#[test]
fn a_refused_server_never_sees_the_clients_certificate() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.verdict = Verdict::Reject(Rejection::WrongName);
    client.drive().unwrap();
    client.convey(&mut server);
    let mut error = None;
    while let Some((epoch, bytes)) = server.tx.pending() {
        let n = client.rx.feed(epoch, bytes);
        server.tx.sent(n);
        error = client.drive().err();
    }
    assert_eq!(error.unwrap().kind(), ErrorKind::Rejected { reason: Rejection::WrongName });
    assert_eq!(client.tx.pending(), None);
}
