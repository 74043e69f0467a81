//! The log of the last sixteen transitions. It stays readable after an error.

use crate::codec::{HandshakeType, MESSAGE_HEADER, Message, ServerHello};
use crate::engine::table::{self, Cause, Row};
use crate::role::{Epoch, Role, State};
use core::fmt;

/// How many transitions are kept. One call makes at most six, so `step` misses none.
const KEPT: usize = 16;

const HEADER: u32 = MESSAGE_HEADER as u32;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// We wrote this message to the outbox.
    Sent(HandshakeType),
    /// We processed this message of the peer.
    Received(HandshakeType),
    /// The caller presented a credential.
    Presented,
    /// The caller signed.
    Signed,
    /// The caller accepted the peer.
    Accepted,
}

impl Event {
    /// The keys that protect the message (RFC 9846 §2); none for an answer.
    fn epoch(self) -> Epoch {
        match self {
            Event::Sent(message) | Event::Received(message) => match message {
                HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO | HandshakeType::HELLO_RETRY_REQUEST => {
                    Epoch::Plaintext
                }
                _ => Epoch::Handshake,
            },
            Event::Presented | Event::Signed | Event::Accepted => Epoch::Plaintext,
        }
    }
}

/// One transition: what happened, under which keys, and the next state. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What happened.
    pub event: Event,
    /// The keys that protect the message.
    pub epoch: Epoch,
    /// The state after it.
    pub state: State,
    /// The message's length in bytes, header included; 0 for an answer.
    pub len: u32,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direction, message) = match self.event {
            Event::Sent(message) => ("sent", message),
            Event::Received(message) => ("received", message),
            Event::Presented => return write!(f, "answered Credential -> {}", self.state),
            Event::Signed => return write!(f, "answered Sign -> {}", self.state),
            Event::Accepted => return write!(f, "answered Verify -> {}", self.state),
        };
        write!(f, "{direction} {message} ({} bytes, {} keys) -> {}", self.len, self.epoch, self.state)
    }
}

/// A transition as it is stored, in 6 bytes.
#[derive(Clone, Copy)]
struct Entry {
    event: Event,
    state: State,
    /// The length of the message's body, as in its header.
    body_len: [u8; 3],
}

impl Entry {
    fn transition(self) -> Transition {
        let [high, middle, low] = self.body_len;
        let len = match self.event {
            Event::Sent(_) | Event::Received(_) => u32::from_be_bytes([0, high, middle, low]).saturating_add(HEADER),
            Event::Presented | Event::Signed | Event::Accepted => 0,
        };
        Transition { event: self.event, epoch: self.event.epoch(), state: self.state, len }
    }
}

/// The log of one connection.
pub struct Log {
    ring: [Entry; KEPT],
    /// How many transitions there have been (fewer than 30 in the longest handshake), and how many `step` has reported.
    logged: u8,
    reported: u8,
    /// How many transitions have their state.
    entered: u8,
    state: State,
}

impl Log {
    pub(super) const fn new(state: State) -> Log {
        let nothing = Entry { event: Event::Accepted, state, body_len: [0; 3] };
        Log { ring: [nothing; KEPT], logged: 0, reported: 0, entered: 0, state }
    }

    fn slot(number: u8) -> usize {
        usize::from(number) & (KEPT - 1)
    }

    fn push(&mut self, event: Event, epoch: Epoch, message: &[u8]) {
        debug_assert_eq!(event.epoch(), epoch, "{event:?}");
        let body_len = match message {
            [_, high, middle, low, ..] => [*high, *middle, *low],
            _ => [0; 3],
        };
        if let Some(slot) = self.ring.get_mut(Self::slot(self.logged)) {
            *slot = Entry { event, state: self.state, body_len };
        }
        self.logged = self.logged.wrapping_add(1);
    }

    /// We wrote this message.
    pub(super) fn sent(&mut self, message: &[u8], epoch: Epoch) {
        if let Some((message, _)) = Message::split(message) {
            self.push(Event::Sent(name(message)), epoch, message.raw);
        }
    }

    /// A message of the peer is being processed.
    pub(super) fn received(&mut self, message: Message<'_>, epoch: Epoch) {
        self.push(Event::Received(name(message)), epoch, message.raw);
    }

    /// The caller answered.
    pub(super) fn answered(&mut self, answer: Event) {
        self.push(answer, Epoch::Plaintext, &[]);
    }

    /// Sets the state to which the transitions since the last call have led.
    pub(super) fn enter(&mut self, role: Role, state: State) {
        debug_assert!(self.is_in_table(role, state), "{role}: {} -> {state} is not in the table", self.state);
        while self.entered != self.logged {
            if let Some(slot) = self.ring.get_mut(Self::slot(self.entered)) {
                slot.state = state;
            }
            self.entered = self.entered.wrapping_add(1);
        }
        self.state = state;
    }

    /// Whether the table leads to this state by the transitions since the last call (R10). A change of the read key is not
    /// logged, and is not a transition.
    fn is_in_table(&self, role: Role, next: State) -> bool {
        let new = (0..self.logged.wrapping_sub(self.entered)).map(|each| self.entered.wrapping_add(each));
        let events = new.filter_map(|number| self.ring.get(Self::slot(number))).map(|entry| entry.event);
        let mut rows = table::TABLE.iter().filter(|row| (row.role, row.state, row.next) == (role, self.state, next));
        (self.entered == self.logged && self.state == next) || rows.any(|row| events.clone().eq(events_of(row)))
    }

    /// The state entered last.
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// The next transition that no `step` has reported.
    pub(super) fn next_unreported(&mut self) -> Option<Transition> {
        if self.reported == self.logged {
            return None;
        }
        let transition = self.ring.get(Self::slot(self.reported)).map(|entry| entry.transition());
        self.reported = self.reported.wrapping_add(1);
        transition
    }

    /// The last transitions, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Transition> + '_ {
        let kept = self.logged.min(KEPT as u8);
        let first = self.logged.wrapping_sub(kept);
        (0..kept).filter_map(move |each| Some(self.ring.get(Self::slot(first.wrapping_add(each)))?.transition()))
    }
}

/// The events in the log for this row of the table.
fn events_of(row: &Row) -> impl Iterator<Item = Event> + use<> {
    let (first, sent) = match row.cause {
        Cause::Receive { message, .. } => (Some(Event::Received(message)), &[][..]),
        Cause::Send(sent) => (None, sent),
        Cause::Answer(sent) => (Some(answer_in(row.state)), sent),
    };
    // HelloRetryRequest: the table has the wire's type, ServerHello.
    let retries = matches!((row.state, row.next), (State::WaitServerHello, State::SendClientHello))
        || row.state == State::SendHelloRetryRequest;
    first.into_iter().chain(sent.iter().map(|message| Event::Sent(*message))).map(move |event| match event {
        Event::Received(_) if retries => Event::Received(HandshakeType::HELLO_RETRY_REQUEST),
        Event::Sent(_) if retries => Event::Sent(HandshakeType::HELLO_RETRY_REQUEST),
        event => event,
    })
}

fn answer_in(state: State) -> Event {
    match state {
        State::AskCredential => Event::Presented,
        State::AskSign => Event::Signed,
        _ => Event::Accepted,
    }
}

/// HelloRetryRequest is a ServerHello on the wire, but the log shows the difference.
fn name(message: Message<'_>) -> HandshakeType {
    let retry = message.typ == HandshakeType::SERVER_HELLO
        && ServerHello::parse(message.body).is_ok_and(|hello| hello.is_hello_retry_request());
    if retry { HandshakeType::HELLO_RETRY_REQUEST } else { message.typ }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(events: &[Event]) -> Log {
        let mut log = Log::new(State::WaitServerHello);
        events.iter().for_each(|event| log.push(*event, event.epoch(), &[]));
        log
    }

    #[test]
    fn a_transition_that_the_table_does_not_have_is_seen() {
        const RECEIVED: Event = Event::Received(HandshakeType::SERVER_HELLO);
        let is_in_table = |events: &[Event], next| log(events).is_in_table(Role::Client, next);
        assert!(is_in_table(&[RECEIVED], State::WaitEncryptedExtensions));
        assert!(is_in_table(&[Event::Received(HandshakeType::HELLO_RETRY_REQUEST)], State::SendClientHello));
        assert!(is_in_table(&[], State::WaitServerHello), "nothing has happened");
        // Another next state, no event, another event, or one event more.
        assert!(!is_in_table(&[RECEIVED], State::WaitCertificateRequest));
        assert!(!is_in_table(&[RECEIVED], State::WaitServerHello));
        assert!(!is_in_table(&[RECEIVED], State::SendClientHello));
        assert!(!is_in_table(&[], State::WaitEncryptedExtensions));
        assert!(!is_in_table(&[Event::Accepted], State::WaitEncryptedExtensions));
        let sent = Event::Sent(HandshakeType::FINISHED);
        assert!(!is_in_table(&[RECEIVED, sent], State::WaitEncryptedExtensions));
    }
}
