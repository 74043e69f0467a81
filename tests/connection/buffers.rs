//! R3: how bytes are cut, and how large the memories are, changes nothing but the number of calls. Memory that is too
//! small is an error that the caller mends; nothing is lost by it.
//!
//! To compare whole connections byte for byte, these use the null cryptography and Ed25519 (whose signatures are
//! deterministic): then the exporter secret is a function of the transcript alone.
#![allow(clippy::unwrap_used)]

use crate::common::script::{Protection, message};
use crate::common::{Connection, End, Identity, Pki, seed};
use countersign::internals::codec::NewSessionTicket;
use countersign::internals::crypto::Suite;
use countersign::{
    Blame, ContentType, Credential, ErrorKind, Event, Handshake, Inbox, Misuse, Outbox, Policy, Role, Session, State,
    Step, Transition, Verdict, Want,
};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::LazyLock;

/// The bytes of each memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Capacities {
    client_rx: usize,
    client_tx: usize,
    server_rx: usize,
    server_tx: usize,
}

const AMPLE: Capacities = Capacities { client_rx: 40_000, client_tx: 40_000, server_rx: 40_000, server_tx: 40_000 };

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("somebody.test", &rcgen::PKCS_ED25519));

/// What each end says to the other when connected.
fn speech(role: Role) -> Vec<u8> {
    (0..200u8).map(|n| if role == Role::Client { n } else { !n }).collect()
}

/// One end, its memories, and how often they had to be changed for larger ones.
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

    fn grow_rx(&mut self, needed: u32) {
        let old = std::mem::replace(&mut self.rx, Inbox::new(vec![]));
        assert!(needed as usize > old.capacity(), "{needed} bytes would do, and there are {}", old.capacity());
        let Ok(new) = old.move_into(vec![0xbb; needed as usize]) else { panic!("{needed} bytes do not do") };
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
            ErrorKind::OutboxTooSmall { needed } => self.grow_tx(needed as usize),
            other => panic!("{other}"),
        }
    }

    /// An answer or a write had no room: what is pending is sent, or the memory is changed.
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

    /// False: the transport has nothing.
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

    /// Goes on until the transport has nothing more.
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

/// All that may be compared between two runs.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    transitions: [Vec<Transition>; 2],
    exported: [Vec<u8>; 2],
    heard: [Vec<u8>; 2],
}

/// A whole connection: handshake, data both ways, close. `chunks` is how many bytes go in each call.
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

/// What the connection comes to when nothing is cut and memory is ample; with a HelloRetryRequest, and without.
static EXPECTED: LazyLock<[Outcome; 2]> =
    LazyLock::new(|| [false, true].map(|retry| run(retry, AMPLE, &[usize::MAX]).0));

#[test]
fn the_reference_is_what_it_should_be() {
    for (retry, expected) in [false, true].into_iter().zip(&*EXPECTED) {
        assert_eq!(expected.heard, [speech(Role::Server), speech(Role::Client)]);
        assert_eq!(expected.transitions.each_ref().map(Vec::len), if retry { [15, 15] } else { [13, 13] });
    }
    assert_ne!(EXPECTED[0].exported, EXPECTED[1].exported);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_connection(
        retry: bool,
        chunks in prop::collection::vec(prop_oneof![1..4usize, 1..100usize, 1..2_000usize], 1..40),
    ) {
        let (outcome, sides) = run(retry, AMPLE, &chunks);
        prop_assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
        prop_assert_eq!(sides.map(|side| side.moves), [0, 0]);
    }

    #[test]
    fn any_memory_gives_the_same_connection_after_moving_where_it_is_too_small(
        retry: bool,
        chunks in prop::collection::vec(prop_oneof![1..4usize, 1..100usize, 1..2_000usize], 1..40),
        rx in (0..1_500usize, 0..1_500usize),
        tx in (48..1_500usize, 48..1_500usize),
    ) {
        let capacities = Capacities { client_rx: rx.0, client_tx: tx.0, server_rx: rx.1, server_tx: tx.1 };
        let (outcome, _) = run(retry, capacities, &chunks);
        prop_assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
    }
}

#[test]
fn one_byte_at_a_time_is_enough() {
    for retry in [false, true] {
        let (outcome, sides) = run(retry, AMPLE, &[1]);
        assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
        assert_eq!(sides.map(|side| side.moves), [0, 0]);
    }
    // And with real cryptography.
    let (outcome, _) = connection(Policy::new(), Policy::new(), AMPLE, &[1]);
    assert_eq!(outcome.heard, EXPECTED[0].heard);
    assert_eq!(outcome.transitions, EXPECTED[0].transitions, "real cryptography takes as many bytes");
}

/// Each memory has a smallest size that does, found here by bisection; every larger one does as well, and no smaller.
/// Who begins with less never ends with more than this: `needed` is not exaggerated.
#[test]
fn each_memory_has_a_minimum_and_everything_above_it_does() {
    type Set = fn(usize) -> Capacities;
    let memories: [(&str, usize, Set); 4] = [
        ("client_rx", 0, |n| Capacities { client_rx: n, ..AMPLE }),
        ("client_tx", 0, |n| Capacities { client_tx: n, ..AMPLE }),
        ("server_rx", 1, |n| Capacities { server_rx: n, ..AMPLE }),
        ("server_tx", 1, |n| Capacities { server_tx: n, ..AMPLE }),
    ];
    for (name, side, set) in memories {
        for retry in [false, true] {
            for chunk in [1, 50, usize::MAX] {
                let moves = |capacity| {
                    let (outcome, sides) = run(retry, set(capacity), &[chunk]);
                    assert_eq!(&outcome, &EXPECTED[usize::from(retry)], "{name} {capacity}");
                    let ends = [sides[side].rx.capacity(), sides[side].tx.capacity()];
                    (sides[side].moves, if name.ends_with("rx") { ends[0] } else { ends[1] })
                };
                let (mut too_small, mut enough) = (48, 4_000);
                assert!(moves(too_small).0 > 0 && moves(enough).0 == 0);
                while enough - too_small > 1 {
                    let middle = usize::midpoint(too_small, enough);
                    if moves(middle).0 == 0 { enough = middle } else { too_small = middle }
                }
                println!("{name}: {enough} bytes, retry {retry}, chunks of {chunk}");
                for capacity in (enough..enough + 30).chain([enough + 100, enough + 1_000]) {
                    assert_eq!(moves(capacity), (0, capacity), "{name}");
                }
                for capacity in (too_small - 30..=too_small).chain([50, 100, 300]).filter(|n| *n <= too_small) {
                    let (moves, end) = moves(capacity);
                    assert!(moves > 0, "{name}: {capacity} did, though {too_small} did not");
                    assert_eq!(end, enough, "{name}: from {capacity}, it ends with what is needed");
                }
            }
        }
    }
}

/// Beyond the policy's limits the peer is to blame, however small the memory is: it cannot make us want more.
#[test]
fn a_message_beyond_the_policy_is_the_peers_fault_and_judged_from_its_header() {
    for memory in [60, 500, 40_000] {
        let policy = Policy::new().max_flight(200, 32_000);
        let mut client = Side::new(Role::Client, policy, memory, 4_000);
        let mut server = Side::new(Role::Server, Policy::new(), 4_000, 4_000);
        let (mut to_client, mut to_server) = (VecDeque::new(), VecDeque::new());
        let mut chunks = [usize::MAX].into_iter().cycle();
        client.turn(&mut chunks, &mut to_client, &mut to_server);
        server.turn(&mut chunks, &mut to_server, &mut to_client);
        let error = loop {
            match client.hs.drive(&mut client.rx, &mut client.tx) {
                Ok(Want::Read) => assert!(client.read(usize::MAX, &mut to_client)),
                Ok(want) => panic!("{want:?}"),
                Err(error) if error.is_fatal() => break error,
                Err(error) => client.grow(error.kind()),
            }
        };
        assert_eq!(error.kind(), ErrorKind::MessageTooLong { message: countersign::HandshakeType::CERTIFICATE });
        assert_eq!(error.blame(), Blame::Peer);
        assert_eq!(error.state(), State::WaitCertificate);
    }
}

/// A size error says the same until it is mended, and has no consequence.
#[test]
fn a_size_error_repeats_and_poisons_nothing() {
    let mut client = Side::new(Role::Client, Policy::new(), 0, 0);
    let error = client.hs.drive(&mut client.rx, &mut client.tx).unwrap_err();
    let ErrorKind::OutboxTooSmall { needed } = error.kind() else { panic!("{error}") };
    assert!(!error.is_fatal());
    assert_eq!((error.alert(), error.blame(), error.state()), (None, Blame::Caller, State::SendClientHello));
    assert_eq!(error.to_string(), format!("the outbox needs {needed} bytes (as client, in SendClientHello)"));
    for _ in 0..3 {
        assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Err(error));
    }
    assert_eq!(client.hs.transitions().count(), 0);
    client.grow(error.kind());
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Write));
    client.tx.sent(usize::MAX);
    let error = client.hs.drive(&mut client.rx, &mut client.tx).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InboxTooSmall { needed: 5 }, "a record's header, for the beginning");
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Err(error));
    client.grow(error.kind());
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Read));
}

/// A session's record that does not fit: the same call goes on in larger memory, and the record is whole.
#[test]
fn a_record_larger_than_the_inbox_waits_for_larger_memory() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.c.write(&[5; 10_000], &mut connection.client.tx).unwrap();
    let record = connection.client.sends();
    let Connection { s, server, .. } = &mut connection;
    server.rx = Inbox::new(vec![0; 300]);
    assert_eq!(server.gets(&record), 300);
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::InboxTooSmall { needed: 10_022 }, false));
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error));
    assert!(server.tx.is_empty(), "the peer has done nothing wrong");
    let rx = std::mem::replace(&mut server.rx, Inbox::new(vec![]));
    let Ok(rx) = rx.move_into(vec![0; 10_022]) else { panic!("it fits") };
    server.rx = rx;
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
    server.gets(&record[300..]);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), [5; 10_000]);
}

/// A session whose outbox is full takes nothing; one whose outbox is too small for anything says what it needs.
#[test]
fn a_session_without_room_loses_nothing() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let Connection { c, client, .. } = &mut connection;
    for capacity in [0, 47, 48, 60] {
        client.tx = Outbox::new(vec![0; capacity]);
        let Err(Misuse::NoRoom { needed }) = c.write(b"ab", &mut client.tx) else { panic!("{capacity} bytes do") };
        assert!(needed > capacity);
        assert_eq!(c.body(1, &mut client.tx).err(), Some(Misuse::NoRoom { needed }));
        client.tx = Outbox::new(vec![0; needed]);
        assert_eq!(c.write(b"ab", &mut client.tx), Ok(1), "one byte at a time, if need be");
        assert_eq!(c.write(b"b", &mut client.tx), Ok(0), "full");
        assert!(matches!(c.update_key(&mut client.tx), Err(Misuse::NoRoom { .. })));
        client.sends();
        assert_eq!(c.write(b"b", &mut client.tx), Ok(1));
    }
}

/// The answer to a KeyUpdate that finds no room waits for it, and still goes before data.
#[test]
fn an_answer_that_is_owed_waits_for_room() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let secret = connection.s.expose_secrets().0.to_vec();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.server.tx = Outbox::new(vec![0; 50]);
    assert_eq!(connection.to_server(), Ok((vec![], vec![])));
    assert!(connection.server.tx.is_empty() && connection.s.expose_secrets().0 == secret, "no room for an answer");
    let Connection { s, server, .. } = &mut connection;
    assert!(matches!(s.write(b"data", &mut server.tx), Err(Misuse::NoRoom { .. })), "data does not overtake it");
    server.tx = Outbox::new(vec![0; 1_000]);
    s.write(b"data", &mut server.tx).unwrap();
    assert_ne!(s.expose_secrets().0, secret);
    assert_eq!(connection.to_client(), Ok((b"data".to_vec(), vec![])));
}

/// A key that is used up is updated when the data that asks for it has room as well, and not before.
#[test]
fn our_update_waits_for_room_for_the_data_behind_it() {
    const KEY_UPDATE: usize = 5 + 5 + 1 + 16;
    let record = |content: usize| 5 + content + 1 + 16;
    type Send = fn(&mut Session, usize, &mut Outbox<Vec<u8>>) -> usize;
    let write: Send = |session, len, tx| session.write(&vec![7; len], tx).unwrap();
    let body: Send = |session, len, tx| match session.body(len, tx).unwrap().len().min(len) {
        0 => 0,
        taken => session.seal(taken, tx).map(|()| taken).unwrap(),
    };
    for send in [write, body] {
        let client = End::new(Role::Client, Policy::new().update_after(1), &IDENTITY);
        let server = End::new(Role::Server, Policy::new(), &IDENTITY);
        let Connection { mut client, mut c, .. } = Connection::new(client, server);
        let capacity = record(100) + KEY_UPDATE + record(60) + 48;
        client.tx = Outbox::new(vec![0; capacity]);
        assert_eq!(send(&mut c, 100, &mut client.tx), 100);
        let secret = c.expose_secrets().0.to_vec();
        assert_eq!(send(&mut c, 61, &mut client.tx), 0, "one byte too much");
        assert_eq!(client.tx.pending().len(), record(100), "and no update");
        assert_eq!(c.expose_secrets().0, secret);
        assert_eq!(c.seal(61, &mut client.tx), Err(Misuse::NoRoom { needed: capacity + 1 }), "no body was given");
        assert_eq!(send(&mut c, 60, &mut client.tx), 60);
        assert_eq!(client.tx.pending().len(), capacity - 48, "both");
        assert_ne!(c.expose_secrets().0, secret);
        // What never has room together goes one after the other.
        let most = capacity - 48 - 22;
        client.sends();
        assert_eq!(send(&mut c, most, &mut client.tx), 0);
        assert_eq!(client.sends().len(), KEY_UPDATE);
        assert_eq!(send(&mut c, most, &mut client.tx), most);
    }
}

/// What is to be ignored need not fit: a ticket larger than the memory is checked and skipped as it comes.
#[test]
fn a_ticket_larger_than_the_inbox_is_read_in_pieces() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new().confirming_record(false), &IDENTITY);
    let Connection { mut client, c: mut session, .. } = Connection::new(client, server);
    let suite = Suite::from(client.hs.cipher_suite().unwrap()).unwrap();
    let mut protection = Protection::of(session.expose_secrets().1, suite);
    let ticket = vec![3; 10_000];
    let ticket = message(|w| {
        let extensions = countersign::internals::codec::Extensions::parse(&[]).unwrap();
        NewSessionTicket { ticket_lifetime: 1, ticket_age_add: 2, ticket_nonce: &[0], ticket: &ticket, extensions }
            .write(w);
    });
    let mut stream = VecDeque::new();
    for fragment in ticket.chunks(300) {
        stream.extend(protection.seal(ContentType::HANDSHAKE, fragment, 0));
    }
    stream.extend(protection.seal(ContentType::APPLICATION_DATA, b"after it", 0));
    client.rx = Inbox::new(vec![0; 400]);
    let mut data = Vec::new();
    while data.is_empty() {
        match session.receive(&mut client.rx, &mut client.tx) {
            Ok(Event::Read) => {
                let space = client.rx.space();
                let len = space.len().min(stream.len());
                assert!(len > 0);
                for (to, byte) in space.iter_mut().zip(stream.drain(..len)) {
                    *to = byte;
                }
                client.rx.filled(len);
            }
            Ok(Event::Data) => data = client.rx.data().to_vec(),
            other => assert_eq!(other, Ok(Event::Confirmed)),
        }
    }
    assert_eq!(data, b"after it");
}

/// An idle session holds no memory: its buffers go back to the pool, and others serve when it wakes up.
#[test]
fn an_idle_session_gives_its_buffers_back() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    for round in 0..3u8 {
        for end in [&mut connection.client, &mut connection.server] {
            assert!(end.rx.is_empty() && end.tx.is_empty());
            let rx = std::mem::replace(&mut end.rx, Inbox::new(vec![]));
            let tx = std::mem::replace(&mut end.tx, Outbox::new(vec![]));
            assert!(rx.into_memory().is_ok() && tx.into_memory().is_ok());
            end.rx = Inbox::new(vec![0xcc; 500]);
            end.tx = Outbox::new(vec![0xcc; 500]);
        }
        connection.c.write(&[round; 100], &mut connection.client.tx).unwrap();
        assert!(std::mem::replace(&mut connection.client.rx, Inbox::new(vec![0; 500])).into_memory().is_ok());
        assert_eq!(connection.to_server(), Ok((vec![round; 100], vec![])));
        connection.s.write(&[round; 100], &mut connection.server.tx).unwrap();
        assert_eq!(connection.to_client(), Ok((vec![round; 100], vec![])));
    }
}

/// What is held is not given away.
#[test]
fn buffers_that_hold_something_are_not_given_back() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.c.write(b"pending", &mut connection.client.tx).unwrap();
    let tx = std::mem::replace(&mut connection.client.tx, Outbox::new(vec![]));
    let Err(mut tx) = tx.into_memory() else { panic!("something is pending") };
    let (whole, _) = (tx.pending().to_vec(), tx.sent(0));
    let Err((tx, _)) = tx.move_into(vec![0; 20]) else { panic!("it does not fit") };
    assert_eq!(tx.pending(), whole);
    let Ok(tx) = tx.move_into(vec![0; 200]) else { panic!("it fits") };
    assert_eq!(tx.pending(), whole);
    // The same on the other side, with half a record.
    let half = whole.len() / 2;
    connection.server.gets(&whole[..half]);
    let rx = std::mem::replace(&mut connection.server.rx, Inbox::new(vec![]));
    let Err(rx) = rx.into_memory() else { panic!("half a record is there") };
    let Err((rx, _)) = rx.move_into(vec![0; half - 1]) else { panic!("it does not fit") };
    let Ok(rx) = rx.move_into(vec![0; 100]) else { panic!("it fits") };
    connection.server.rx = rx;
    connection.server.gets(&whole[half..]);
    let Connection { s, server, .. } = &mut connection;
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), b"pending");
    assert!(std::mem::replace(&mut server.rx, Inbox::new(vec![])).into_memory().is_err(), "unconsumed data is held");
}
