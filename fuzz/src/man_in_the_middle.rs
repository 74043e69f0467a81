//! `man_in_the_middle`: two honest ends with real cryptography, and the fuzzer on the path between them. It edits,
//! drops, repeats, splits, merges, reorders, reflects and injects records.
//!
//! Either the run is as if nobody had touched it, or an end has an error. The ends never disagree on their identities,
//! keys or parameters. An end never receives data that the other has not sent in this order. close_notify comes only
//! after all data.

use super::choices::Choices;
use super::end::{End, POLICY_COUNT, gets, pki, policy};
use super::wire::{HEADER, records};
use countersign::internals::codec::ContentType;
use countersign::{Error, Event, Role, Session, Want};

/// How much each side sends.
const DATA: usize = 700;

/// The first byte is the policy. The edits follow, one for each record in the order of delivery.
pub fn man_in_the_middle(data: &[u8]) {
    let mut choices = Choices::new(data);
    let policy = policy(usize::from(choices.byte()) % POLICY_COUNT, false);
    let mut sides = [Role::Client, Role::Server].map(|role| Side::new(End::new(role, policy, true, 3000)));
    let mut wires = [Wire::default(), Wire::default()]; // from the client, from the server
    let mut untouched = true;
    for _ in 0..200 {
        for from in [0, 1] {
            sides[from].runs();
            let sent = std::mem::take(&mut sides[from].end.sent);
            let (whole, rest) = records(&sent);
            assert!(rest.is_empty(), "only whole records are sent");
            wires[from].sent.extend(whole.iter().map(|record| record.to_vec()));
            wires[from].waiting.extend(whole.iter().map(|record| record.to_vec()));
        }
        if wires.iter().all(|wire| wire.waiting.is_empty()) {
            break;
        }
        for from in [0, 1] {
            while !wires[from].waiting.is_empty() {
                let pieces = edit(&mut choices, &mut wires, from, &mut untouched);
                for piece in pieces {
                    sides[1 - from].gets(&piece);
                }
            }
        }
    }
    for side in &mut sides {
        side.ends();
    }
    let [client, server] = sides;
    agree(&client, &server);
    if untouched {
        for side in [&client, &server] {
            assert!(side.closed && side.error.is_none(), "an untouched run succeeds: {:?}", side.error);
        }
    }
}

/// One direction: everything that was sent, and what has not been delivered.
#[derive(Default)]
struct Wire {
    sent: Vec<Vec<u8>>,
    waiting: Vec<Vec<u8>>,
}

/// The names of the edits by their number, for the seeds. Append only.
pub const EDITS: &[&str] = &[
    "pass",
    "drop",
    "twice",
    "flip",
    "cut",
    "shorten",
    "split",
    "merge",
    "swap",
    "replay",
    "reflect",
    "ccs",
    "alert",
    "inject",
    "pieces",
    "type",
    "plain handshake",
    "lengthen",
];

/// Takes a record (or two) from the wire, and returns what arrives instead.
fn edit(choices: &mut Choices<'_>, wires: &mut [Wire; 2], from: usize, untouched: &mut bool) -> Vec<Vec<u8>> {
    let edit = if choices.is_empty() { "pass" } else { choices.of(EDITS) };
    let record = wires[from].waiting.remove(0);
    let with_length = |mut record: Vec<u8>| {
        let len = (record.len() - HEADER).min(0xffff) as u16;
        record[3..5].copy_from_slice(&len.to_be_bytes());
        record
    };
    *untouched &= edit == "pass" || edit == "pieces";
    match edit {
        "drop" => vec![],
        "twice" => vec![record.clone(), record],
        "flip" => {
            let (at, mut record) = (choices.word(), record);
            let at = at % (8 * record.len());
            record[at / 8] ^= 1 << (at % 8);
            vec![record]
        }
        "cut" => vec![record[..choices.word() % record.len()].to_vec()],
        "shorten" => {
            let len = HEADER + choices.word() % (record.len() - HEADER + 1);
            vec![with_length(record[..len].to_vec())]
        }
        "split" => {
            let at = HEADER + choices.word() % (record.len() - HEADER + 1);
            let second = [&record[..HEADER], &record[at..]].concat();
            vec![with_length(record[..at].to_vec()), with_length(second)]
        }
        "merge" if !wires[from].waiting.is_empty() => {
            let next = wires[from].waiting.remove(0);
            vec![with_length([&record[..], &next[HEADER..]].concat())]
        }
        "swap" if !wires[from].waiting.is_empty() => vec![wires[from].waiting.remove(0), record],
        "replay" => vec![choices.of(&wires[from].sent).clone(), record],
        "reflect" if !wires[1 - from].sent.is_empty() => vec![choices.of(&wires[1 - from].sent).clone(), record],
        "ccs" => vec![vec![20, 3, 3, 0, 1, 1], record],
        "alert" => vec![vec![21, 3, 3, 0, 2, 2, choices.byte()], record],
        "inject" => vec![choices.few().to_vec(), record],
        "pieces" => {
            let at = choices.word() % record.len();
            vec![record[..at].to_vec(), record[at..].to_vec()]
        }
        "type" => {
            let mut record = record;
            record[usize::from(choices.byte()) % HEADER] = choices.byte();
            vec![record]
        }
        "plain handshake" => {
            let message = choices.few();
            let record = [&[ContentType::HANDSHAKE.0, 3, 3, 0, 0], message].concat();
            vec![with_length(record)]
        }
        "lengthen" => vec![with_length([&record[..], choices.few()].concat())],
        _ => vec![record],
    }
}

/// An honest end and what it has seen.
struct Side {
    end: End,
    session: Option<Session>,
    error: Option<Error>,
    written: usize,
    received: Vec<u8>,
    closed: bool,
}

/// The data of a role after the handshake: each byte differs from its neighbours and from the other role's.
fn data_of(role: Role) -> Vec<u8> {
    (0..DATA).map(|at| (at % 251) as u8 ^ if role == Role::Client { 0 } else { 0x80 }).collect()
}

impl Side {
    fn new(end: End) -> Side {
        Side { end, session: None, error: None, written: 0, received: Vec::new(), closed: false }
    }

    /// Continues as far as possible without the transport. `End::sent` collects what it sends.
    fn runs(&mut self) {
        while self.error.is_none() && self.session.is_none() {
            match self.end.drive() {
                Ok(Want::Read) => return,
                Ok(Want::Done) => self.session = Some(self.end.finish()),
                Ok(_) => {}
                Err(error) => self.error = Some(error),
            }
            self.end.sends();
        }
        self.talks();
    }

    fn talks(&mut self) {
        let (Some(session), end) = (&mut self.session, &mut self.end) else { return };
        let ours = data_of(end.role);
        while self.error.is_none() && !self.closed {
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => break,
                Ok(Event::Data) => {
                    let data = end.rx.data();
                    self.received.extend_from_slice(data);
                    let len = data.len();
                    end.rx.consume(len);
                }
                Ok(Event::Closed) => self.closed = true,
                Ok(_) => {}
                Err(error) if !error.is_fatal() => end.grow(error),
                Err(error) => self.error = Some(error),
            }
            end.sends();
        }
        if self.error.is_some() {
            return;
        }
        while self.written < ours.len() {
            let len = session.write(&ours[self.written..][..100], &mut end.tx).expect("our side is open");
            self.written += len;
            if self.written == 300 {
                let changed = match end.role {
                    Role::Client => session.confirm(&mut end.tx),
                    Role::Server => session.update_key(&mut end.tx),
                };
                changed.expect("there is room for a KeyUpdate");
            }
            end.sends();
            if self.written == ours.len() {
                session.close(&mut end.tx).expect("there is room for close_notify");
                end.sends();
            }
        }
    }

    fn gets(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() && !self.closed {
            let n = gets(&mut self.end.rx, bytes);
            bytes = &bytes[n..];
            self.runs();
        }
    }

    fn ends(&mut self) {
        if self.error.is_none() && !self.closed {
            let _ = self.end.rx.space();
            self.end.rx.filled(0);
            self.runs();
            assert!(self.error.is_some() || self.closed, "the end of the transport is the end");
        }
    }
}

fn agree(client: &Side, server: &Side) {
    for (side, other) in [(client, server), (server, client)] {
        let theirs = pki().of(other.end.role);
        if let Some(peer) = &side.end.peer {
            let genuine = peer.iter().map(Vec::as_slice).eq(theirs.chain.iter().map(|der| der.as_ref()));
            assert!(genuine, "a peer that is not the other end");
        }
        assert!(side.session.is_none() || side.end.peer.is_some(), "connected without a verdict");
        assert!(data_of(other.end.role).starts_with(&side.received), "data that the peer did not send");
        assert!(side.received.is_empty() || other.session.is_some(), "data from a peer that is not connected");
        if side.closed {
            assert_eq!(side.received.len(), DATA, "close_notify before the data");
        }
    }
    // A server is connected only after the client's Finished, which the client sends only after its verdict.
    assert!(server.session.is_none() || client.session.is_some(), "a server connected to nobody");
    let confirmed = client.session.as_ref().is_some_and(Session::is_confirmed);
    assert!(!confirmed || server.session.is_some(), "confirmed by a server that is not connected");
    for (name, secret) in &client.end.secrets {
        for (_, theirs) in server.end.secrets.iter().filter(|(theirs, _)| theirs == name) {
            assert_eq!(secret, theirs, "the two ends disagree on {name}");
        }
    }
    if let (Some(ours), Some(theirs)) = (&client.session, &server.session) {
        let (a, b) = (&client.end.hs, &server.end.hs);
        if client.error.is_none() && server.error.is_none() {
            assert_eq!(ours.exporter().tls_exporter(), theirs.exporter().tls_exporter());
            assert_eq!(ours.exporter().expose_secret(), theirs.exporter().expose_secret());
        }
        assert_eq!((a.cipher_suite(), a.group(), a.retried()), (b.cipher_suite(), b.group(), b.retried()));
        assert_eq!((a.alpn(), a.server_name()), (b.alpn(), b.server_name()));
        assert_eq!(a.client_random(), b.client_random());
        assert_eq!((a.own_scheme(), a.peer_scheme()), (b.peer_scheme(), b.own_scheme()));
    }
}

/// Each edit at each of the first records, with each policy.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for policy in 0..POLICY_COUNT as u8 {
        for edit in 0..EDITS.len() as u8 {
            for at in 0..8 {
                seeds.push([&[policy][..], &vec![0; at], &[edit, 0, 41, 3, 1, 2, 3]].concat());
            }
        }
    }
    seeds
}
