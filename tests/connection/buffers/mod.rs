//! R3: the division of bytes and the sizes of the memories change only the number of calls. Too little memory is an
//! error that the caller can correct, and nothing is lost.
//!
//! These tests compare whole connections byte for byte. So they use null cryptography and Ed25519, whose signatures are
//! deterministic: then the exporter secret depends only on the transcript.

mod handshake;
mod session;

use crate::common::{Identity, Pki, seed};
use countersign::{
    Blame, Credential, ErrorKind, Event, Handshake, Inbox, Misuse, Outbox, Policy, Role, Session, Step, Transition,
    Verdict, Want,
};
use std::collections::VecDeque;
use std::sync::LazyLock;

/// The size of each memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Capacities {
    client_rx: usize,
    client_tx: usize,
    server_rx: usize,
    server_tx: usize,
}

const AMPLE: Capacities = Capacities { client_rx: 40_000, client_tx: 40_000, server_rx: 40_000, server_tx: 40_000 };

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("somebody.test", &rcgen::PKCS_ED25519));

/// The data that each end sends when connected.
fn speech(role: Role) -> Vec<u8> {
    (0..200u8).map(|n| if role == Role::Client { n } else { !n }).collect()
}

/// One end, its memories, and how often they were replaced by larger ones.
struct Side {
    hs: Handshake<Policy>,
    session: Option<Session>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    moves: usize,
    transitions: Vec<Transition>,
    unsaid: Vec<u8>,
    heard: Vec<u8>,
    closed: bool,
    exported: Vec<u8>,
}

impl Side {
    fn new(role: Role, policy: Policy, rx: usize, tx: usize) -> Side {
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed(1)).unwrap(),
            Role::Server => Handshake::server(policy, seed(2)),
        };
        Side {
            hs,
            session: None,
            rx: Inbox::new(vec![0xaa; rx]),
            tx: Outbox::new(vec![0xaa; tx]),
            moves: 0,
            transitions: Vec::new(),
            unsaid: speech(role),
            heard: Vec::new(),
            closed: false,
            exported: Vec::new(),
        }
    }

    fn grow_rx(&mut self, needed: usize) {
        let old = std::mem::replace(&mut self.rx, Inbox::new(vec![]));
        assert!(needed > old.capacity(), "{needed} bytes would do, and there are {}", old.capacity());
        let Ok(new) = old.move_into(vec![0xbb; needed]) else { panic!("{needed} bytes do not do") };
        self.rx = new;
        self.moves += 1;
    }

    fn grow_tx(&mut self, needed: usize) {
        let old = std::mem::replace(&mut self.tx, Outbox::new(vec![]));
        assert!(needed > old.capacity(), "{needed} bytes would do, and there are {}", old.capacity());
        let Ok(new) = old.move_into(vec![0xbb; needed]) else { panic!("{needed} bytes do not do") };
        self.tx = new;
        self.moves += 1;
    }

    fn grow(&mut self, kind: ErrorKind) {
        assert_eq!(kind.blame(), Blame::Caller);
        assert_eq!(kind.alert(), None);
        match kind {
            ErrorKind::InboxTooSmall { needed } => self.grow_rx(needed),
            ErrorKind::OutboxTooSmall { needed } => self.grow_tx(needed),
            other => panic!("{other}"),
        }
    }

    /// An answer or a write had no room: sends what is pending, or makes the memory larger.
    fn make_room(&mut self, misuse: Misuse, to: &mut VecDeque<u8>) {
        let Misuse::NoRoom { needed } = misuse else { panic!("{misuse}") };
        if self.tx.pending().is_empty() { self.grow_tx(needed) } else { self.send(usize::MAX, to) }
    }

    fn send(&mut self, chunk: usize, to: &mut VecDeque<u8>) {
        let len = chunk.min(self.tx.pending().len());
        assert!(len > 0, "Write is wanted when there is something to write");
        to.extend(&self.tx.pending()[..len]);
        self.tx.sent(len);
    }

    /// False: the transport has no bytes.
    fn read(&mut self, chunk: usize, from: &mut VecDeque<u8>) -> bool {
        let space = self.rx.space();
        assert!(!space.is_empty(), "Read is wanted when there is space to read into");
        let len = chunk.min(space.len()).min(from.len());
        for (to, byte) in space.iter_mut().zip(from.drain(..len)) {
            *to = byte;
        }
        if len > 0 {
            self.rx.filled(len);
        }
        len > 0
    }

    /// Continues until the transport has no more bytes.
    fn turn(&mut self, chunks: &mut impl Iterator<Item = usize>, from: &mut VecDeque<u8>, to: &mut VecDeque<u8>) {
        while self.session.is_none() {
            let chunk = chunks.next().unwrap();
            match self.hs.step(&mut self.rx, &mut self.tx) {
                Ok(Step::Did(transition)) => self.transitions.push(transition),
                Ok(Step::Want(Want::Write)) => self.send(chunk, to),
                Ok(Step::Want(Want::Read)) if self.read(chunk, from) => {}
                Ok(Step::Want(Want::Read)) => return,
                Ok(Step::Want(Want::Credential(question))) => {
                    assert!(self.hs.offer(&self.rx).is_ok());
                    let credential = Credential::new(&IDENTITY.chain);
                    if let Err(misuse) = self.hs.answer_credential(&question, &credential, &mut self.tx) {
                        self.make_room(misuse, to);
                    }
                }
                Ok(Step::Want(Want::Sign(question))) => {
                    let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                    if let Err(misuse) = self.hs.answer_sign(&question, &signature, &mut self.tx) {
                        self.make_room(misuse, to);
                    }
                }
                Ok(Step::Want(Want::Verify(question))) => {
                    assert_eq!(self.hs.peer(&self.rx).unwrap().leaf(), IDENTITY.chain[0].as_ref());
                    self.hs.answer_verify(&question, Verdict::Accept).unwrap();
                }
                Ok(Step::Want(Want::Done)) => {
                    let session = self.hs.finish().unwrap();
                    self.exported = session.exporter().expose_secret().to_vec();
                    self.session = Some(session);
                }
                Err(error) => self.grow(error.kind()),
            }
        }
        let mut session = self.session.take().unwrap();
        while !self.unsaid.is_empty() {
            match session.write(&self.unsaid, &mut self.tx) {
                Ok(len) => drop(self.unsaid.drain(..len)),
                Err(misuse) => self.make_room(misuse, to),
            }
            if self.unsaid.is_empty() {
                session.close(&mut self.tx).unwrap();
            }
            while !self.tx.pending().is_empty() {
                self.send(chunks.next().unwrap(), to);
            }
        }
        while !self.closed {
            match session.receive(&mut self.rx, &mut self.tx) {
                Ok(Event::Read) if self.read(chunks.next().unwrap(), from) => {}
                Ok(Event::Read) => break,
                Ok(Event::Data) => {
                    let len = chunks.next().unwrap().min(self.rx.data().len());
                    self.heard.extend_from_slice(&self.rx.data()[..len]);
                    self.rx.consume(len);
                }
                Ok(Event::Closed) => self.closed = true,
                Ok(_) => {}
                Err(error) => self.grow(error.kind()),
            }
        }
        self.session = Some(session);
    }
}

/// Everything that two runs have in common.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    transitions: [Vec<Transition>; 2],
    exported: [Vec<u8>; 2],
    heard: [Vec<u8>; 2],
}

/// A whole connection: handshake, data both ways, close. Each call transports `chunks` bytes.
fn connection(client: Policy, server: Policy, capacities: Capacities, chunks: &[usize]) -> (Outcome, [Side; 2]) {
    let mut client = Side::new(Role::Client, client, capacities.client_rx, capacities.client_tx);
    let mut server = Side::new(Role::Server, server, capacities.server_rx, capacities.server_tx);
    let (mut to_client, mut to_server) = (VecDeque::new(), VecDeque::new());
    let mut chunks = chunks.iter().copied().cycle();
    for _ in 0..20 {
        client.turn(&mut chunks, &mut to_client, &mut to_server);
        server.turn(&mut chunks, &mut to_server, &mut to_client);
    }
    assert!(client.closed && server.closed, "the connection has come to its end");
    let outcome = Outcome {
        transitions: [client.transitions.clone(), server.transitions.clone()],
        exported: [client.exported.clone(), server.exported.clone()],
        heard: [client.heard.clone(), server.heard.clone()],
    };
    assert_eq!(outcome.exported[0], outcome.exported[1]);
    (outcome, [client, server])
}

fn policy(retry: bool) -> Policy {
    let policy = Policy::new().null_crypto();
    if retry { policy.key_shares(&[]) } else { policy }
}

fn run(retry: bool, capacities: Capacities, chunks: &[usize]) -> (Outcome, [Side; 2]) {
    connection(policy(retry), policy(false), capacities, chunks)
}

/// The result of the connection with undivided bytes and large memory, with and without a HelloRetryRequest.
static EXPECTED: LazyLock<[Outcome; 2]> =
    LazyLock::new(|| [false, true].map(|retry| run(retry, AMPLE, &[usize::MAX]).0));
