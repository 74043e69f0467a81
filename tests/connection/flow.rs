//! The handshake by messages: the same engine without records.

use crate::common::{Identity, Pki, seed};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::{
    Alert, AlertDescription, Bytes, Credential, Epoch, Error, ErrorKind, ExtensionType, HandshakeType, NamedGroup,
    Policy, Rejection, Role, State, Step, TransitionEvent, Verdict, Want,
};

const PARAMETERS: ExtensionType = ExtensionType::QUIC_TRANSPORT_PARAMETERS;

fn parameters_of(role: Role) -> &'static [u8] {
    match role {
        Role::Client => b"client parameters",
        Role::Server => b"server parameters",
    }
}

pub struct End<'a> {
    pub flow: Flow<Policy>,
    pub rx: FlowInbox<Vec<u8>>,
    pub tx: FlowOutbox<Vec<u8>>,
    identity: &'a Identity,
    verdict: Verdict,
    /// The peer's opaque extension at the first question.
    extension: Option<Vec<u8>>,
    sent: Vec<(Epoch, Vec<u8>)>,
}

impl<'a> End<'a> {
    pub fn new(role: Role, identity: &'a Identity) -> End<'a> {
        let policy = Policy::new().groups(&[NamedGroup::X25519]);
        let flow = match role {
            Role::Client => Flow::client(policy, Some("server.test"), seed(1)).unwrap(),
            Role::Server => Flow::server(policy, seed(2)),
        };
        let flow = flow.with_extension(PARAMETERS, Bytes::Static(parameters_of(role))).unwrap();
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

    pub fn drive(&mut self) -> Result<Want, Error> {
        loop {
            let want = self.flow.drive(&mut self.rx, &mut self.tx)?;
            if self.extension.is_none() {
                self.extension = self.flow.peer_extension(&self.rx).ok().map(<[u8]>::to_vec);
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

    pub fn convey(&mut self, other: &mut End<'_>) {
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

pub fn identities() -> (Identity, Identity) {
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

    // A key change ends each piece, so every piece has one epoch.
    let epochs: Vec<_> = server.sent.iter().map(|(epoch, _)| *epoch).collect();
    assert_eq!(epochs, [Epoch::Plaintext, Epoch::Handshake]);
    // RFC 9001 §8.4: no session id, because there is no compatibility mode.
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
                let rx = rx.move_into(vec![]).unwrap_or_else(|(rx, _)| rx); // without room the inbox is returned
                client.rx = rx.move_into(vec![0; needed]).expect("it is larger");
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

/// Both ends of a finished handshake. Their sessions have been taken.
pub fn connected<'a>(client: &'a Identity, server: &'a Identity) -> (End<'a>, End<'a>) {
    let (mut client, mut server) = (End::new(Role::Client, client), End::new(Role::Server, server));
    client.drive().unwrap();
    client.convey(&mut server);
    server.convey(&mut client);
    client.convey(&mut server);
    for end in [&mut client, &mut server] {
        assert_eq!(end.drive(), Ok(Want::Done));
        assert!(end.flow.finish().is_ok());
        assert!(end.flow.finish().is_err(), "once");
    }
    (client, server)
}

pub const TICKET: [u8; 18] = [4, 0, 0, 14, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 1, 7, 0, 0];

#[test]
fn every_transition_can_be_watched_and_is_kept() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    let mut seen = Vec::new();
    while let Step::Did(transition) = client.flow.step(&mut client.rx, &mut client.tx).unwrap() {
        seen.push(transition);
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].event, TransitionEvent::Sent(HandshakeType::CLIENT_HELLO));
    assert_eq!((seen[0].epoch, seen[0].state), (Epoch::Plaintext, State::WaitServerHello));
    client.convey(&mut server);
    server.convey(&mut client);
    client.convey(&mut server);
    let events: Vec<String> = client.flow.transitions().map(|transition| transition.to_string()).collect();
    assert_eq!(events.len(), 13, "{events:#?}");
    assert!(events[2].starts_with("received encrypted_extensions") && events[2].contains("handshake keys"));
    assert!(events[12].starts_with("sent finished") && events[12].ends_with("-> Connected"), "{}", events[12]);
    for end in [&client, &server] {
        assert_eq!(end.flow.server_name(), Some("server.test"));
        assert_eq!(end.flow.group().map(|group| group.to_string()).as_deref(), Some("x25519"));
        assert!(!end.flow.retried() && end.flow.cipher_suite().is_some());
        assert!(end.flow.own_scheme().is_some() && end.flow.peer_scheme().is_some());
    }
    assert_eq!(client.flow.client_random(), server.flow.client_random());
    let mut labels = Vec::new();
    client.flow.expose_secrets(&mut |label, _| labels.push(label));
    assert_eq!(labels, ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"]);
}

#[test]
fn the_handshake_secrets_are_there_until_the_connection_fails() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.drive().unwrap();
    assert!(client.flow.handshake_secrets().is_none());
    client.convey(&mut server);
    server.convey(&mut client);
    for end in [&mut client, &mut server] {
        assert!(end.flow.handshake_secrets().is_some());
        end.flow.cancel(&mut end.tx).unwrap();
        assert!(end.flow.handshake_secrets().is_none());
    }
}

#[test]
fn an_error_after_the_handshake_stays_and_names_the_alert() {
    let (client, server) = identities();
    let (mut client, mut server) = connected(&client, &server);
    // A KeyUpdate is refused, because such transports update their keys themselves (RFC 9001 §6).
    let key_update = [24, 0, 0, 1, 0];
    client.rx.feed(Epoch::Application, &key_update);
    let error = client.drive().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedMessage { message: HandshakeType::KEY_UPDATE });
    assert_eq!(error.alert(), Some(Alert::Sent(AlertDescription::UNEXPECTED_MESSAGE)));
    client.rx.feed(Epoch::Application, &TICKET);
    assert_eq!(client.drive(), Err(error), "R4");
    // Only clients receive tickets (RFC 9846 §4.7.1).
    server.rx.feed(Epoch::Application, &TICKET);
    let error = server.drive().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedMessage { message: HandshakeType::NEW_SESSION_TICKET });
}

#[test]
fn tickets_are_checked_and_dropped_in_any_pieces() {
    let (client, server) = identities();
    let (mut client, _) = connected(&client, &server);
    for byte in [TICKET, TICKET].concat() {
        assert_eq!(client.rx.feed(Epoch::Application, &[byte]), 1);
        assert_eq!(client.drive(), Ok(Want::Done), "a part is no error");
    }
    assert!(client.rx.is_empty());
    // A ticket of another epoch, and a malformed one.
    client.rx.feed(Epoch::Handshake, &TICKET);
    assert_eq!(
        client.drive().unwrap_err().kind(),
        ErrorKind::UnexpectedMessage { message: HandshakeType::NEW_SESSION_TICKET }
    );
    let (client, server) = identities();
    let (mut client, _) = connected(&client, &server);
    let mut longer = TICKET;
    longer[3] += 1;
    client.rx.feed(Epoch::Application, &[&longer[..], &[0]].concat());
    assert_eq!(client.drive().unwrap_err().kind().name(), "Malformed");
}

#[test]
fn a_ticket_before_the_handshake_is_done_is_out_of_order() {
    let (client, server) = identities();
    let (mut client, _) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.drive().unwrap();
    client.rx.feed(Epoch::Plaintext, &TICKET);
    let error = client.drive().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedMessage { message: HandshakeType::NEW_SESSION_TICKET });
}

#[test]
fn memory_grows_and_is_given_back() {
    let (client, server) = identities();
    let (mut client, mut server) = (End::new(Role::Client, &client), End::new(Role::Server, &server));
    client.rx = FlowInbox::new(vec![]);
    client.tx = FlowOutbox::new(vec![]);
    let ErrorKind::OutboxTooSmall { needed } = client.drive().unwrap_err().kind() else { panic!() };
    client.tx.grow(needed - 1);
    assert!(client.drive().is_err(), "exact");
    client.tx.grow(needed);
    assert_eq!(client.drive(), Ok(Want::Write));
    client.convey(&mut server);
    client.tx.grow(4000);
    while let Some((epoch, bytes)) = server.tx.pending() {
        let taken = client.rx.feed(epoch, bytes);
        server.tx.sent(taken);
        if let Err(error) = client.drive() {
            let ErrorKind::InboxTooSmall { needed } = error.kind() else { panic!("{error}") };
            client.rx.grow(needed);
        }
    }
    client.convey(&mut server);
    assert_eq!((client.drive(), server.drive()), (Ok(Want::Done), Ok(Want::Done)));
    assert_eq!(client.tx.into_memory().ok().map(|memory| memory.len()), Some(4000));
    // The contents move to the new memory.
    let mut tx = FlowOutbox::new([0; 4000]);
    assert_eq!((tx.capacity(), FlowInbox::new([0; 100]).capacity()), (4000, 100));
    let mut another = Flow::client(Policy::new(), None, seed(3)).unwrap();
    another.drive(&mut FlowInbox::new([0; 100]), &mut tx).unwrap();
    let hello = tx.pending().unwrap().1.to_vec();
    let (tx, small) = tx.move_into([0; 10]).err().unwrap();
    let tx = tx.into_memory().err().unwrap().move_into(vec![0; hello.len()]).ok().unwrap();
    assert_eq!((tx.pending().unwrap().1, small.len()), (&hello[..], 10));
}
