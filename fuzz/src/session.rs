//! `session`: after the handshake. Two honest ends with real cryptography that write, update keys, confirm, close and
//! abort in any order, over a transport that brings any number of bytes: what was written is what is read. And tickets
//! of any content: read in pieces or as a whole, the judgement is the same.

use super::choices::Choices;
use super::end::{End, connected, gets, policy};
use super::wire::null_protected;
use countersign::codec::{AlertDescription, ContentType, HandshakeType, write_message};
use countersign::{Error, Event, Inbox, Kind, Outbox, Session, Slip};

/// The first byte: bit 7, a ticket; else bits 0-1, the policy.
pub fn session(data: &[u8]) {
    let mut choices = Choices::new(data);
    match choices.byte() {
        0x80.. => ticket(choices.rest()),
        number => talk(usize::from(number & 3), choices),
    }
}

/// One end of a conversation.
struct Party {
    end: End,
    session: Session,
    /// Sent, and not yet delivered.
    wire: Vec<u8>,
    written: usize,
    read: usize,
    key_updates: usize,
    /// In all: how many of them come in a row depends on what is delivered when.
    empty_records: usize,
    aborted: bool,
    closed: bool,
    /// The peer's close_notify has come.
    peer_closed: bool,
    error: Option<Error>,
}

/// The byte at this place of everything that is written.
fn byte_at(place: usize) -> u8 {
    (place % 251) as u8
}

fn talk(number: usize, mut choices: Choices<'_>) {
    let mut parties = connected(policy(number, false), false).map(|(end, session)| Party {
        end,
        session,
        wire: Vec::new(),
        written: 0,
        read: 0,
        key_updates: 0,
        empty_records: 0,
        aborted: false,
        closed: false,
        peer_closed: false,
        error: None,
    });
    while !choices.is_empty() {
        let op = choices.byte();
        let (one, other) = parties.split_at_mut(1);
        let (party, peer) = if op & 1 == 0 { (&mut one[0], &mut other[0]) } else { (&mut other[0], &mut one[0]) };
        match op >> 1 & 15 {
            0 | 1 => party.writes(choices.word() % 3000),
            2 => party.seals(usize::from(choices.byte())),
            3 => party.key_updates += usize::from(party.tells(Session::update_key)),
            4 => party.key_updates += usize::from(party.tells(Session::confirm)),
            5 if choices.byte() == 0 => party.closes(),
            6 if choices.byte() == 0 => party.aborts(),
            7 => party.sends(),
            8..=11 => {
                peer.sends();
                let n = choices.word().min(peer.wire.len());
                party.gets(peer, n, usize::from(choices.byte()) + 1);
            }
            12 => party.gives_memory_back(),
            _ => {
                peer.sends();
                party.gets(peer, usize::MAX, usize::MAX);
            }
        }
    }
    // What one owes the other after reading is sent too.
    for _ in 0..3 {
        for _ in 0..2 {
            let [party, peer] = &mut parties;
            peer.sends();
            party.gets(peer, usize::MAX, usize::MAX);
            parties.reverse();
        }
    }
    let [a, b] = &parties;
    for (party, peer) in [(a, b), (b, a)] {
        if let Some(error) = party.error {
            let explained = match error.kind() {
                Kind::PeerAlert { .. } | Kind::PeerRejectedCertificate { .. } | Kind::PeerRejectedProof { .. } => {
                    peer.aborted || peer.error.is_some()
                }
                Kind::PeerEndedUnconfirmed { .. } => peer.aborted || peer.error.is_some(),
                Kind::Aborted { .. } => party.aborted,
                // Its own, its answers to ours, and one that its policy made before data for which there was no room.
                Kind::TooManyKeyUpdates => peer.key_updates + party.key_updates + peer.empty_records + 1 > 32,
                Kind::TooManyEmptyRecords => peer.empty_records > 32,
                _ => false,
            };
            assert!(explained, "two honest ends, and {error}");
        } else {
            assert_eq!(party.read, peer.written, "everything that was written has been read");
            assert_eq!(party.peer_closed, peer.closed, "close_notify comes if, and only if, it was sent");
        }
    }
    if [a, b].iter().all(|party| party.error.is_none() && !party.closed) {
        let (ours, theirs) = (a.session.expose_secrets(), b.session.expose_secrets());
        assert_eq!((ours.0, ours.1), (theirs.1, theirs.0), "both have followed every KeyUpdate");
    }
}

impl Party {
    fn over(&self) -> bool {
        self.aborted || self.closed || self.error.is_some()
    }

    fn writes(&mut self, len: usize) {
        let bytes: Vec<u8> = (self.written..self.written + len).map(byte_at).collect();
        match self.session.write(&bytes, &mut self.end.tx) {
            Ok(taken) => {
                assert!(taken <= len && !(self.over() && taken > 0), "nothing is written after the end");
                self.written += taken;
            }
            Err(slip) => self.refused(slip),
        }
    }

    fn seals(&mut self, wanted: usize) {
        let written = self.written;
        let len = match self.session.body(wanted, &mut self.end.tx) {
            Ok(body) => {
                let len = wanted.min(body.len());
                body[..len].iter_mut().zip(written..).for_each(|(byte, at)| *byte = byte_at(at));
                len
            }
            Err(slip) => return self.refused(slip),
        };
        match self.session.seal(len, &mut self.end.tx) {
            Ok(()) => {
                self.written += len;
                self.empty_records += usize::from(len == 0);
            }
            Err(slip) => self.refused(slip),
        }
    }

    fn tells(&mut self, what: fn(&mut Session, &mut Outbox<Vec<u8>>) -> Result<(), Slip>) -> bool {
        what(&mut self.session, &mut self.end.tx).map_err(|slip| self.refused(slip)).is_ok()
    }

    fn refused(&self, slip: Slip) {
        match slip {
            Slip::Closed => assert!(self.over(), "open, and refused"),
            Slip::NoRoom { .. } => assert!(!self.end.tx.is_empty(), "an empty outbox of 1500 bytes has room"),
            slip => panic!("{slip}"),
        }
    }

    fn closes(&mut self) {
        self.session.close(&mut self.end.tx).expect("there is always room for close_notify");
        self.closed |= !self.aborted && self.error.is_none();
    }

    fn aborts(&mut self) {
        match self.session.abort(AlertDescription::INTERNAL_ERROR, &mut self.end.tx) {
            Ok(()) => self.aborted = true,
            Err(slip) => self.refused(slip),
        }
    }

    fn sends(&mut self) {
        let bytes = self.end.sends();
        self.wire.extend(bytes);
    }

    /// `n` bytes of what the peer has sent; data is consumed in pieces of at most `piece` bytes.
    fn gets(&mut self, peer: &mut Party, n: usize, piece: usize) {
        let mut left = n.min(peer.wire.len());
        loop {
            let taken = gets(&mut self.end.rx, &peer.wire[..left]);
            peer.wire.drain(..taken);
            left -= taken;
            self.reads(piece);
            if left == 0 || self.error.is_some() || self.peer_closed {
                return;
            }
        }
    }

    fn reads(&mut self, piece: usize) {
        while self.error.is_none() {
            match self.session.receive(&mut self.end.rx, &mut self.end.tx) {
                Ok(Event::Read) => return assert!(!self.end.rx.space().is_empty(), "R3"),
                Ok(Event::Data) => {
                    let data = self.end.rx.data();
                    assert!(!data.is_empty() && !self.peer_closed);
                    let len = data.len().min(piece);
                    assert!(data[..len].iter().zip(self.read..).all(|(byte, at)| *byte == byte_at(at)));
                    self.read += len;
                    self.end.rx.consume(len);
                }
                Ok(Event::Closed) => {
                    self.peer_closed = true;
                    return;
                }
                Ok(Event::Confirmed) => {}
                Ok(Event::Owed(_)) => panic!("a whole session answers by itself"),
                Err(error) if !error.is_fatal() => self.end.grow(error),
                Err(error) => self.error = Some(error),
            }
            self.sends();
        }
    }

    /// An idle end needs no memory.
    fn gives_memory_back(&mut self) {
        let rx = std::mem::replace(&mut self.end.rx, Inbox::new(Vec::new()));
        self.end.rx = match rx.into_memory() {
            Ok(memory) => Inbox::new(memory),
            Err(rx) => rx,
        };
    }
}

/// What a client makes of a NewSessionTicket with this body: with memory for all of it, and with little.
fn ticket(body: &[u8]) {
    let mut message = vec![0; body.len().min(15_000) + 4];
    let mut writer = countersign::codec::Writer::new(&mut message);
    write_message(&mut writer, HandshakeType::NEW_SESSION_TICKET, |w| w.bytes(&body[..body.len().min(15_000)]));
    let whole = judged(20_000, &[null_protected(ContentType::HANDSHAKE, &message)]);
    let fragments: Vec<_> = message.chunks(20).map(|piece| null_protected(ContentType::HANDSHAKE, piece)).collect();
    let pieces = judged(60, &fragments);
    let same = match whole {
        // Without memory, these are not seen: an extension that stands twice, or where it may not, or with a body that
        // it may not have. Nothing of a ticket is kept, so it does no harm.
        Err(_) if message.len() > 60 - 22 => pieces.is_ok() || pieces == whole,
        _ => pieces == whole,
    };
    assert!(same, "a ticket is {whole:?} as a whole, and {pieces:?} in pieces");
}

fn judged(memory: usize, records: &[Vec<u8>]) -> Result<(), Option<countersign::Alert>> {
    let [(mut end, mut session), _] = connected(policy(0, true), true);
    let rx = std::mem::replace(&mut end.rx, Inbox::new(Vec::new()));
    // The inbox is idle: the client has read what the server said.
    drop(rx.into_memory().map_err(|_| ()).expect("an idle inbox"));
    end.rx = Inbox::new(vec![0; memory]);
    for record in records {
        let mut bytes = &record[..];
        while !bytes.is_empty() {
            bytes = &bytes[gets(&mut end.rx, bytes)..];
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => {}
                Ok(event) => panic!("{event:?} of a ticket"),
                Err(error) if !error.is_fatal() => panic!("a ticket needs no memory: {error}"),
                Err(error) => return Err(error.alert()),
            }
        }
    }
    Ok(())
}

/// Conversations, and tickets.
pub fn seeds() -> Vec<Vec<u8>> {
    let deliver = 26;
    let mut seeds = Vec::new();
    for policy in 0..3 {
        for op in 0..16u8 {
            for party in [0, 1] {
                let op = op << 1 | party;
                seeds.push(vec![policy, 0, 2, 0, deliver, deliver | 1, op, 0, 90, 0, op, 0, 9, deliver, deliver | 1]);
            }
        }
    }
    let ticket = [0, 0, 0, 9, 1, 2, 3, 4, 1, 0, 0, 60];
    let ticket = [&ticket[..], &[7; 60], &[0, 8, 0, 42, 0, 4, 0, 0, 0, 0]].concat();
    for len in [0, 11, 12, ticket.len() - 9, ticket.len() - 1, ticket.len()] {
        seeds.push([&[0x80], &ticket[..len]].concat());
    }
    seeds
}
