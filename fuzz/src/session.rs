//! `session`: two honest ends after the handshake write, update keys, confirm, close and abort in any order, over a
//! transport with pieces of any size. An observer opens every record as soon as it is sealed: it must be the one that
//! the call requires. Its effect at the receiver is predicted: data, a key, an answer, an end, or an exceeded limit. In
//! addition, tickets with any contents get the same verdict as a whole and in pieces.

mod seeds;
mod ticket;

use super::choices::Choices;
use super::end::{End, connected, gets, policy};
use super::tap::Tap;
use super::wire::{HEADER, records, text};
use countersign::internals::codec::{AlertDescription, ContentType, HandshakeType};
use countersign::{Alert, Error, ErrorKind, Event, Inbox, Misuse, Outbox, Role, Session, limits};
pub use seeds::seeds;
use std::collections::VecDeque;
use ticket::ticket;

/// The first byte: bit 7, a ticket; otherwise bits 0-1, the policy; bit 2, real cryptography.
pub fn session(data: &[u8]) {
    let mut choices = Choices::new(data);
    match choices.byte() {
        0x80.. => ticket(choices.rest()),
        how => talk(usize::from(how & 3) % 3, how & 4 != 0, choices),
    }
}

/// The contents of one record.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sealed {
    Data(usize),
    /// Whether it requests an answer, and how many records its key had protected before.
    KeyUpdate(bool, u64),
    Alert(AlertDescription),
}

/// How receiving ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ends {
    Closed,
    Fails(ErrorKind),
    Alert(AlertDescription),
}

/// One end of the connection.
struct Party {
    end: End,
    session: Session,
    error: Option<Error>,
    read: usize,
    /// The peer's close_notify has been received.
    peer_closed: bool,

    // What it sends.
    tap: Tap,
    /// How many bytes of the outbox have been checked.
    tapped: usize,
    /// The number of records after which data needs the next key.
    update_after: u64,
    written: usize,
    /// It must answer a KeyUpdate; a pending answer, which also answers later requests; it waits for the answer to its
    /// own request.
    owes: bool,
    answers: bool,
    asked: bool,
    /// Our last record has been sent.
    over: bool,

    // What is in transit to its peer: the bytes, and their contents with the missing length.
    wire: VecDeque<u8>,
    sealed: VecDeque<(Sealed, usize)>,

    // The predicted effects of its peer's records.
    readable: usize,
    empty_records: u8,
    key_updates: u8,
    ends: Option<Ends>,
}

fn talk(number: usize, real: bool, mut choices: Choices<'_>) {
    let mut parties = connected(policy(number, !real), !real).map(|(end, session)| Party {
        // The server has sent one record: the KeyUpdate that confirms.
        tap: Tap::new(session.expose_secrets().0, real, 0),
        key_updates: u8::from(end.role == Role::Client),
        update_after: if number == 1 { 3 } else { u64::MAX },
        end,
        session,
        error: None,
        read: 0,
        peer_closed: false,
        tapped: 0,
        written: 0,
        owes: false,
        answers: false,
        asked: false,
        over: false,
        wire: VecDeque::new(),
        sealed: VecDeque::new(),
        readable: 0,
        empty_records: 0,
        ends: None,
    });
    let mut many = 200u8;
    while !choices.is_empty() {
        let op = choices.byte();
        let (one, other) = parties.split_at_mut(1);
        let (party, peer) = if op & 1 == 0 { (&mut one[0], &mut other[0]) } else { (&mut other[0], &mut one[0]) };
        match op >> 1 & 15 {
            0 | 1 => party.writes(choices.word() % 3000),
            2 => party.seals(usize::from(choices.byte())),
            3 => party.updates_key(),
            4 => party.confirms(),
            5 if choices.byte() == 0 => party.closes(),
            6 if choices.byte() == 0 => party.aborts(),
            7 => party.sends(),
            8..=11 => {
                peer.sends();
                let n = choices.word();
                party.gets(peer, n, usize::from(choices.byte()) + 1);
            }
            12 => party.gives_memory_back(),
            13 => {
                peer.sends();
                party.gets(peer, usize::MAX, usize::MAX);
            }
            // Many of them, because there are limits.
            op @ (14 | 15) => {
                for _ in 0..many.min(choices.byte() % 40) {
                    if op == 14 {
                        party.seals(0)
                    } else {
                        party.updates_key()
                    }
                    party.sends();
                    many -= 1;
                }
            }
            _ => {}
        }
    }
    // Answers that are owed after reading are sent, too.
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
        if party.error.is_none() {
            assert_eq!(party.read, peer.written, "everything that was written has been read");
            assert_eq!(party.peer_closed, peer.over, "close_notify comes if, and only if, it was sent");
            if !peer.over {
                assert_eq!(party.session.expose_secrets().1, peer.tap.secret(), "it has followed every KeyUpdate");
            }
        }
    }
}

/// Sending.
impl Party {
    /// Checks the records that the last call has sealed.
    fn has_sealed(&mut self) -> Vec<Sealed> {
        let (whole, rest) = records(&self.end.tx.pending()[self.tapped..]);
        assert!(rest.is_empty(), "no record is left open");
        let mut all = Vec::new();
        for record in whole {
            let number = self.tap.sequence;
            let sealed = match self.tap.open(record) {
                (ContentType::APPLICATION_DATA, content) => {
                    assert!(number < self.update_after, "data under a key that is used up");
                    Sealed::Data(content.len())
                }
                (ContentType::ALERT, content) => Sealed::Alert(AlertDescription(content[1])),
                (ContentType::HANDSHAKE, content) => {
                    assert!(content.len() == 5 && content[..4] == [HandshakeType::KEY_UPDATE.0, 0, 0, 1]);
                    self.tap.next_key();
                    Sealed::KeyUpdate(content[4] == 1, number)
                }
                (typ, _) => panic!("a record of {typ}"),
            };
            all.push(sealed);
            self.sealed.push_back((sealed, record.len()));
        }
        self.tapped = self.end.tx.pending().len();
        if !self.over {
            assert_eq!(self.session.expose_secrets().0, self.tap.secret(), "the secret of the present key");
        }
        all
    }

    /// The same after the answer to a KeyUpdate, which comes before everything else.
    fn has_sealed_besides_answer(&mut self) -> Vec<Sealed> {
        let mut sealed = self.has_sealed();
        if self.owes && !sealed.is_empty() {
            assert!(matches!(sealed.remove(0), Sealed::KeyUpdate(false, _)), "first the answer");
            (self.owes, self.answers) = (false, true);
        }
        sealed
    }

    /// Checks the written records if the policy's updates come directly before data, and not too early.
    fn is_data(&self, mut sealed: &[Sealed]) -> usize {
        let mut len = 0;
        loop {
            sealed = match sealed {
                [Sealed::Data(n), rest @ ..] | [Sealed::KeyUpdate(..), Sealed::Data(n), rest @ ..] => {
                    if let [Sealed::KeyUpdate(requested, number), ..] = sealed {
                        assert!(!requested && *number == self.update_after, "an update too early");
                    }
                    len += n;
                    rest
                }
                rest => {
                    assert_eq!(rest, [], "something else than data");
                    return len;
                }
            };
        }
    }

    fn writes(&mut self, len: usize) {
        let taken = self.session.write(text(self.written, len), &mut self.end.tx);
        let sealed = self.has_sealed_besides_answer();
        let sealed = self.is_data(&sealed);
        match taken {
            Ok(taken) => {
                assert!(taken <= len && !(self.over && taken > 0), "nothing is written after the end");
                assert_eq!(sealed, taken);
                self.written += taken;
            }
            Err(misuse) => assert!(misuse == Misuse::Closed && self.over, "{misuse}"),
        }
    }

    fn seals(&mut self, wanted: usize) {
        let written = self.written;
        let taken = match self.session.reserve(wanted, &mut self.end.tx) {
            Ok(Some(mut record)) => {
                let len = record.write(text(written, wanted));
                record.seal().expect("what has been reserved can be sealed");
                Ok(Some(len))
            }
            Ok(None) => Ok(None),
            Err(misuse) => Err(misuse),
        };
        let sealed = self.has_sealed_besides_answer();
        match taken {
            Ok(Some(len)) => {
                assert_eq!(self.is_data(&sealed), len);
                assert!(!sealed.is_empty(), "a record, if only an empty one");
                self.written += len;
            }
            Ok(None) => {
                assert_eq!(sealed, []);
                assert!(!self.end.tx.is_empty(), "something is there to be sent first");
            }
            Err(misuse) => {
                assert_eq!(sealed, []);
                assert!(misuse == Misuse::Closed && self.over, "{misuse}");
            }
        }
    }

    fn updates_key(&mut self) {
        let done = self.makes_room(Session::update_key);
        let sealed = self.has_sealed();
        match done {
            Ok(()) => {
                assert!(matches!(sealed[..], [Sealed::KeyUpdate(false, _)]), "{sealed:?} for a KeyUpdate");
                self.answers |= std::mem::take(&mut self.owes); // it is an answer, too
            }
            Err(misuse) => {
                assert_eq!(sealed, []);
                self.refused(misuse)
            }
        }
    }

    fn confirms(&mut self) {
        let done = self.makes_room(Session::confirm);
        let sealed = self.has_sealed_besides_answer();
        match done {
            Ok(()) if self.asked => assert_eq!(sealed, [], "one request at a time"),
            Ok(()) => {
                assert!(matches!(sealed[..], [Sealed::KeyUpdate(true, _)]), "{sealed:?} for a request");
                self.asked = true;
            }
            Err(misuse) => {
                assert_eq!(sealed, []);
                self.refused(misuse)
            }
        }
    }

    /// Every second time, moves to memory of the needed size and calls again. It must be enough for the call, and for
    /// the answer before it.
    fn makes_room<T>(
        &mut self,
        mut call: impl FnMut(&mut Session, &mut Outbox<Vec<u8>>) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        let mut result = call(&mut self.session, &mut self.end.tx);
        for _ in 0..2 {
            let Err(Misuse::NoRoom { needed }) = result else { break };
            if needed % 2 == 1 {
                return result;
            }
            let old = std::mem::replace(&mut self.end.tx, Outbox::new(Vec::new()));
            self.end.tx = old.move_into(vec![0; needed]).map_err(|_| ()).expect("room for what is held, and more");
            result = call(&mut self.session, &mut self.end.tx);
        }
        assert!(!matches!(result, Err(Misuse::NoRoom { .. })), "as much as was needed is not enough");
        result
    }

    fn refused(&self, misuse: Misuse) {
        match misuse {
            Misuse::Closed => assert!(self.over, "open, and refused"),
            Misuse::NoRoom { .. } => assert!(!self.end.tx.is_empty(), "an empty outbox of 1500 bytes has room"),
            misuse => panic!("{misuse}"),
        }
    }

    /// Sends this as our last record, unless the last one has been sent.
    fn ends(&mut self, alert: AlertDescription) {
        let last = if self.over { vec![] } else { vec![Sealed::Alert(alert)] };
        self.over = true;
        assert_eq!(self.has_sealed(), last, "one alert, and nothing after it");
    }

    fn closes(&mut self) {
        self.session.close(&mut self.end.tx).expect("there is always room for close_notify");
        self.ends(AlertDescription::CLOSE_NOTIFY);
    }

    fn aborts(&mut self) {
        let alert = AlertDescription::INTERNAL_ERROR;
        match self.session.abort(alert, &mut self.end.tx) {
            Ok(()) => {
                assert!(!self.over);
                self.ends = Some(Ends::Fails(ErrorKind::Aborted { alert }));
            }
            Err(misuse) => self.refused(misuse),
        }
        self.ends(alert);
    }

    fn sends(&mut self) {
        self.wire.extend(self.end.sends());
        assert!(!self.end.tx.owes_peer());
        (self.tapped, self.answers) = (0, false);
        if self.end.tx.capacity() != 1500 {
            self.end.tx = Outbox::new(vec![0; 1500]);
        }
    }
}

/// Receiving.
impl Party {
    /// Delivers `n` bytes of the peer. Data is consumed in pieces of at most `piece` bytes.
    fn gets(&mut self, peer: &mut Party, n: usize, piece: usize) {
        let mut left = n.min(peer.wire.len());
        loop {
            let taken = gets(&mut self.end.rx, &peer.wire.make_contiguous()[..left]);
            peer.wire.drain(..taken);
            self.awaits(peer, taken);
            left -= taken;
            self.reads(piece);
            if left == 0 || self.error.is_some() || self.peer_closed {
                return;
            }
        }
    }

    /// The predicted effects of these bytes of the peer.
    fn awaits(&mut self, peer: &mut Party, mut bytes: usize) {
        while let Some((sealed, left)) = peer.sealed.front_mut() {
            let n = bytes.min(*left);
            (bytes, *left) = (bytes - n, *left - n);
            if *left > 0 {
                return;
            }
            let sealed = *sealed;
            peer.sealed.pop_front();
            if self.ends.is_none() {
                self.awaits_record(sealed);
            }
        }
    }

    /// The limits count empty records in a row, and KeyUpdates without data between them except answers
    /// (docs/SECURITY.md).
    fn awaits_record(&mut self, sealed: Sealed) {
        match sealed {
            Sealed::Data(0) => {
                self.empty_records += 1;
                if self.empty_records > limits::MAX_EMPTY_RECORDS {
                    self.ends = Some(Ends::Fails(ErrorKind::TooManyEmptyRecords));
                }
            }
            Sealed::Data(n) => {
                (self.empty_records, self.key_updates) = (0, 0);
                self.readable += n;
            }
            Sealed::KeyUpdate(requested, _) => {
                self.empty_records = 0;
                self.key_updates += u8::from(!self.asked);
                if self.key_updates > limits::MAX_KEY_UPDATES {
                    self.ends = Some(Ends::Fails(ErrorKind::TooManyKeyUpdates));
                } else {
                    (self.owes, self.asked) = (self.owes || requested && !self.answers, false);
                }
            }
            Sealed::Alert(AlertDescription::CLOSE_NOTIFY) => self.ends = Some(Ends::Closed),
            Sealed::Alert(alert) => self.ends = Some(Ends::Alert(alert)),
        }
    }

    fn reads(&mut self, piece: usize) {
        while self.error.is_none() && !self.reads_one(piece) {}
        assert_eq!(self.read, self.readable, "all of the data that has come");
        let ends = self.error.map(|error| match error.alert() {
            Some(Alert::Received(alert)) => Ends::Alert(alert),
            _ => Ends::Fails(error.kind()),
        });
        assert_eq!(ends.or(self.peer_closed.then_some(Ends::Closed)), self.ends);
    }

    /// Whether this was everything.
    fn reads_one(&mut self, piece: usize) -> bool {
        let result = self.session.receive(&mut self.end.rx, &mut self.end.tx);
        match result {
            Ok(Event::Read) => {
                assert!(!self.end.rx.space().is_empty(), "R3");
                self.answers_at_once();
                return true;
            }
            Ok(Event::Data) => {
                let data = self.end.rx.data();
                assert!(!data.is_empty() && !self.peer_closed);
                let len = data.len().min(piece);
                assert_eq!(data[..len], *text(self.read, len));
                self.read += len;
                self.end.rx.consume(len);
            }
            Ok(Event::Closed) => {
                self.peer_closed = true;
                self.answers_at_once();
            }
            Ok(event) => panic!("{event:?} of a whole session that is confirmed"),
            Err(error) if !error.is_fatal() => self.end.grow(error),
            Err(error) => {
                self.error = Some(error);
                assert!(self.session.exporter().tls_exporter().is_err(), "a failed session exports nothing");
                if let Some(alert) = error.kind().alert() {
                    self.ends(alert);
                }
                self.over = true;
            }
        }
        assert_eq!(self.has_sealed(), [], "nobody asked for that");
        self.peer_closed
    }

    /// This host may have no data to send, so it does not wait for that.
    fn answers_at_once(&mut self) {
        let room = self.end.tx.capacity() - self.end.tx.pending().len() >= KEY_UPDATE + 48;
        assert_eq!(self.has_sealed(), [], "nothing before our next data");
        match self.session.answer_key_update(&mut self.end.tx) {
            Ok(()) | Err(Misuse::NoRoom { .. }) => {}
            refused => panic!("{refused:?}"),
        }
        assert_eq!(self.has_sealed_besides_answer(), []);
        assert!(!self.owes || self.over || !room, "an answer is owed, and there was room");
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

/// A protected KeyUpdate.
const KEY_UPDATE: usize = HEADER + 5 + 1 + 16;
