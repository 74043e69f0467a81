//! The scripted peer against an end of the crate: the legal path with a deviation, and its expected result.

use super::{Edit, HELLO_RETRY_REQUEST, Peer, SECOND_CLIENT_HELLO};
use crate::end::End;
use crate::identity::{Identity, Pki};
use countersign::{
    Alert, AlertDescription, Blame, Epoch, Error, Event, HandshakeType, Policy, Role, Session, State, Step, Want,
};
use std::sync::OnceLock;

/// A server and a client that trust each other.
pub struct Identities {
    pub pki: Pki,
    pub server: Identity,
    pub client: Identity,
}

pub fn identities() -> &'static Identities {
    static IDENTITIES: OnceLock<Identities> = OnceLock::new();
    IDENTITIES.get_or_init(|| {
        let pki = Pki::new();
        let server = pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
        let client = pki.issue("client.test", &rcgen::PKCS_ED25519);
        Identities { pki, server, client }
    })
}

/// The scripted peer and an end.
pub struct Story<'a> {
    pub end: End<'a>,
    pub peer: Peer<'a>,
    /// The result of the end's handshake, and then of its session.
    pub result: Option<Result<(), Error>>,
    pub session: Option<Session>,
    /// Questions are not answered in this state.
    pub hold: Option<State>,
    /// What the end's session has received.
    pub data: Vec<u8>,
    pub events: Vec<Event>,
}

impl<'a> Story<'a> {
    /// An end of this role under this policy.
    pub fn new(role: Role, policy: Policy) -> Story<'a> {
        Story::of(role, policy, identities())
    }

    pub fn of(role: Role, policy: Policy, identities: &'a Identities) -> Story<'a> {
        let (own, other) = match role {
            Role::Client => (&identities.client, &identities.server),
            Role::Server => (&identities.server, &identities.client),
        };
        let (end, peer) = (End::new(role, policy, own), Peer::new(role.peer(), other));
        Story { end, peer, result: None, session: None, hold: None, data: Vec::new(), events: Vec::new() }
    }

    pub fn client() -> Story<'a> {
        Story::new(Role::Client, Policy::new())
    }

    pub fn server() -> Story<'a> {
        Story::new(Role::Server, Policy::new())
    }

    /// The same with one changed message of the peer.
    pub fn edit(mut self, typ: HandshakeType, edit: Edit<'a>) -> Story<'a> {
        self.peer.edits.push((typ, edit));
        self
    }

    /// The last message of this type that the end has sent, header included.
    pub fn sent(&self, typ: HandshakeType) -> &[u8] {
        self.peer.received(typ).unwrap_or_else(|| panic!("the end has sent no {typ}"))
    }

    /// The state of the end.
    pub fn state(&self) -> State {
        self.end.hs.state()
    }

    /// Carries the peer's bytes to the end, drives it, and carries its bytes back.
    pub fn turn(&mut self) {
        let bytes = std::mem::take(&mut self.peer.out);
        let mut rest = &bytes[..];
        loop {
            let taken = self.end.gets(rest);
            rest = &rest[taken..];
            self.drive();
            if rest.is_empty() || taken == 0 {
                return;
            }
        }
    }

    /// The same, byte by byte.
    pub fn trickle(&mut self) {
        for byte in std::mem::take(&mut self.peer.out) {
            self.end.gets(&[byte]);
            self.drive();
        }
    }

    /// Drives the end until it wants the transport.
    pub fn drive(&mut self) {
        loop {
            let over = if self.session.is_some() { self.receive() } else { self.step() };
            let bytes = self.end.sends();
            self.peer.reads(&bytes);
            assert_eq!(self.peer.trouble, None, "the end sends what the peer can read, and proves it");
            if over {
                return;
            }
        }
    }

    fn step(&mut self) -> bool {
        let end = &mut self.end;
        match end.hs.step(&mut end.rx, &mut end.tx) {
            Ok(Step::Did(transition)) => end.transitions.push(transition),
            Ok(Step::Want(Want::Write)) => assert!(!end.tx.pending().is_empty(), "there is something to write"),
            Ok(Step::Want(Want::Read)) => {
                assert!(!end.rx.space().is_empty(), "there is space to read into");
                return true;
            }
            Ok(Step::Want(_)) if self.hold == Some(end.hs.state()) => return true,
            Ok(Step::Want(Want::Credential(question))) => {
                let credential = countersign::Credential::new(&end.identity.chain);
                end.hs.answer_credential(&question, &credential, &mut end.tx).unwrap();
            }
            Ok(Step::Want(Want::Sign(question))) => {
                let signature = end.identity.key.sign(question.scheme(), question.message()).unwrap();
                end.hs.answer_sign(&question, &signature, &mut end.tx).unwrap();
            }
            Ok(Step::Want(Want::Verify(question))) => end.hs.answer_verify(&question, end.verdict).unwrap(),
            Ok(Step::Want(Want::Done)) => {
                self.result = Some(Ok(()));
                self.session = Some(end.hs.finish().unwrap());
            }
            Err(error) => {
                self.result = Some(Err(error));
                return true;
            }
        }
        false
    }

    fn receive(&mut self) -> bool {
        let end = &mut self.end;
        match self.session.as_mut().unwrap().receive(&mut end.rx, &mut end.tx) {
            Ok(Event::Data) => {
                self.data.extend(end.rx.data());
                end.rx.consume(end.rx.data().len());
                self.events.push(Event::Data);
            }
            Ok(event @ (Event::Read | Event::Closed)) => {
                self.events.push(event);
                return true;
            }
            Ok(event) => self.events.push(event),
            Err(error) => {
                self.result = Some(Err(error));
                return true;
            }
        }
        false
    }

    /// The next message of the legal path in the end's state.
    pub fn next(&self) -> Option<HandshakeType> {
        Some(match (self.end.hs.role(), self.state()) {
            (Role::Server, State::WaitClientHello) if self.peer.retried => SECOND_CLIENT_HELLO,
            (Role::Server, State::WaitClientHello) => HandshakeType::CLIENT_HELLO,
            (Role::Client, State::WaitServerHello) if self.peer.retry && !self.peer.retried => HELLO_RETRY_REQUEST,
            (Role::Client, State::WaitServerHello) => HandshakeType::SERVER_HELLO,
            (Role::Client, State::WaitEncryptedExtensions) => HandshakeType::ENCRYPTED_EXTENSIONS,
            (Role::Client, State::WaitCertificateRequest) => HandshakeType::CERTIFICATE_REQUEST,
            (_, State::WaitCertificate) => HandshakeType::CERTIFICATE,
            (_, State::WaitCertificateVerify) => HandshakeType::CERTIFICATE_VERIFY,
            (_, State::WaitFinished) => HandshakeType::FINISHED,
            _ => return None,
        })
    }

    /// Plays the legal path, message by message, until the end is in this state and waits for the peer (or for an
    /// answer, if it is held there).
    pub fn until(mut self, state: State) -> Story<'a> {
        self.turn();
        while self.state() != state {
            // A failed end keeps the state in which it failed. Without this check the loop would not end.
            let next = self.next().filter(|_| self.result.is_none());
            let next = next.unwrap_or_else(|| panic!("{:?} on the way to {state}", self.result));
            self.peer.send(next);
            self.turn();
        }
        self
    }

    /// Plays the legal path to its end, with any result.
    pub fn play(mut self) -> Story<'a> {
        self.turn();
        while let (None, Some(next)) = (&self.result, self.next()) {
            self.peer.send(next);
            self.turn();
        }
        self
    }

    /// Plays the legal path. Both must succeed, so the end has a session.
    pub fn connected(self) -> Story<'a> {
        let story = self.play();
        match &story.result {
            Some(Ok(())) => story,
            other => panic!("not connected: {other:?}"),
        }
    }

    /// The end's error.
    pub fn error(&self) -> Error {
        match self.result {
            Some(Err(error)) => error,
            other => panic!("no error but {other:?} in {}", self.state()),
        }
    }

    /// The end has refused the peer: with this kind, which blames the peer, in this state. The peer has received
    /// exactly this one fatal alert, under these keys. Afterwards every call returns the same error, and nothing more
    /// is sent.
    #[track_caller]
    pub fn refused(&mut self, kind: &str, alert: AlertDescription, state: State, epoch: Epoch) {
        let error = self.error();
        assert_eq!(error.kind().name(), kind, "{error}");
        assert_eq!(error.blame(), Blame::Peer, "{error}");
        assert_eq!(error.alert(), Some(Alert::Sent(alert)), "{error}");
        assert_eq!(error.state(), state, "{error}");
        assert_eq!(error.role(), self.peer.role.peer());
        assert_eq!(self.peer.alerts(), [(epoch, vec![2, alert.0])], "{error}");
        self.is_dead(error);
    }

    /// Every call returns the same error, and nothing more is sent.
    #[track_caller]
    pub fn is_dead(&mut self, error: Error) {
        let before = self.peer.seen.len();
        for bytes in [&[][..], &[22, 3, 3, 0, 4, 1, 0, 0, 0]] {
            self.end.gets(bytes);
            self.drive();
            assert_eq!(self.error(), error);
        }
        assert_eq!(self.peer.seen.len(), before, "nothing more is sent");
    }
}

/// A deviation: its name, the change of the message, the kind of the error, the alert.
pub type Row<'a> = (&'a str, Edit<'a>, &'a str, AlertDescription);

/// The state in which an end judges a message, and the keys of its alert.
pub fn judged(role: Role, typ: HandshakeType) -> (State, Epoch) {
    match (role, typ) {
        (Role::Server, HandshakeType::CLIENT_HELLO | SECOND_CLIENT_HELLO) => (State::WaitClientHello, Epoch::Plaintext),
        (Role::Client, HandshakeType::SERVER_HELLO | HELLO_RETRY_REQUEST) => (State::WaitServerHello, Epoch::Plaintext),
        (_, HandshakeType::ENCRYPTED_EXTENSIONS) => (State::WaitEncryptedExtensions, Epoch::Handshake),
        (_, HandshakeType::CERTIFICATE_REQUEST) => (State::WaitCertificateRequest, Epoch::Handshake),
        (role, typ) => {
            let state = match typ {
                HandshakeType::CERTIFICATE => State::WaitCertificate,
                HandshakeType::CERTIFICATE_VERIFY => State::WaitCertificateVerify,
                _ => State::WaitFinished,
            };
            (state, if role == Role::Client { Epoch::Handshake } else { Epoch::Application })
        }
    }
}

/// An end of this role under this policy refuses every changed message of the rows, in the state that judges it.
#[track_caller]
pub fn refuses(role: Role, policy: &Policy, typ: HandshakeType, rows: &[Row<'_>]) {
    for (what, edit, kind, alert) in rows {
        println!("{role} gets {typ}: {what}");
        let mut story = Story::new(role, policy.clone()).edit(typ, edit);
        story.peer.retries(typ);
        let mut story = story.play();
        let (state, epoch) = judged(role, typ);
        story.refused(kind, *alert, state, epoch);
    }
}

/// A change of the same message that the end must accept: both are connected.
#[track_caller]
pub fn accepts(role: Role, policy: &Policy, typ: HandshakeType, rows: &[(&str, Edit<'_>)]) {
    for (what, edit) in rows {
        println!("{role} gets {typ}: {what}");
        let mut story = Story::new(role, policy.clone()).edit(typ, edit);
        story.peer.retries(typ);
        story.connected();
    }
}
