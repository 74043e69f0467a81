//! The inline log of transitions: the last sixteen, readable at any time, an error included.

use crate::codec::{HandshakeType, Message, ServerHello};
use crate::role::{Epoch, State};
use core::fmt;

/// How many transitions are kept. One call makes at most six.
const KEPT: usize = 16;

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

/// One transition: what happened, under which keys, and what is awaited after it. 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What happened.
    pub event: Event,
    /// The keys that protect the message.
    pub epoch: Epoch,
    /// What is awaited then.
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

/// The log of one connection.
pub(super) struct Log {
    ring: [Transition; KEPT],
    /// How many transitions there have been (not 30 in the longest handshake), and how many `step` has reported.
    logged: u8,
    reported: u8,
    /// Up to where the transitions have got their state.
    entered: u8,
    state: State,
}

impl Log {
    pub(super) const fn new(state: State) -> Log {
        let nothing = Transition { event: Event::Accepted, epoch: Epoch::Plaintext, state, len: 0 };
        Log { ring: [nothing; KEPT], logged: 0, reported: 0, entered: 0, state }
    }

    fn slot(number: u8) -> usize {
        usize::from(number) & (KEPT - 1)
    }

    fn push(&mut self, event: Event, epoch: Epoch, len: usize) {
        let transition = Transition { event, epoch, state: self.state(), len: u32::try_from(len).unwrap_or(u32::MAX) };
        if let Some(slot) = self.ring.get_mut(Self::slot(self.logged)) {
            *slot = transition;
        }
        self.logged = self.logged.wrapping_add(1);
    }

    /// We wrote a message.
    pub(super) fn sent(&mut self, message: Message<'_>, epoch: Epoch) {
        self.push(Event::Sent(name(message)), epoch, message.raw.len());
    }

    /// A message of the peer is being processed.
    pub(super) fn received(&mut self, message: Message<'_>, epoch: Epoch) {
        self.push(Event::Received(name(message)), epoch, message.raw.len());
    }

    /// The caller answered.
    pub(super) fn answered(&mut self, answer: Event) {
        self.push(answer, Epoch::Plaintext, 0);
    }

    /// What was logged since the last call led to this state.
    pub(super) fn enter(&mut self, state: State) {
        while self.entered != self.logged {
            if let Some(slot) = self.ring.get_mut(Self::slot(self.entered)) {
                slot.state = state;
            }
            self.entered = self.entered.wrapping_add(1);
        }
        self.state = state;
    }

    /// The state, as entered last.
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// The next transition that no `step` has reported.
    pub(super) fn next_unreported(&mut self) -> Option<Transition> {
        if self.reported == self.logged {
            return None;
        }
        let transition = self.ring.get(Self::slot(self.reported)).copied();
        self.reported = self.reported.wrapping_add(1);
        transition
    }

    /// The last transitions, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Transition> + '_ {
        let kept = self.logged.min(KEPT as u8);
        let first = self.logged.wrapping_sub(kept);
        (0..kept).filter_map(move |each| self.ring.get(Self::slot(first.wrapping_add(each))).copied())
    }
}

/// HelloRetryRequest is a ServerHello on the wire; whoever watches wants to see the difference.
fn name(message: Message<'_>) -> HandshakeType {
    let retry = message.typ == HandshakeType::SERVER_HELLO
        && ServerHello::parse(message.body).is_ok_and(|hello| hello.is_hello_retry_request());
    if retry { HandshakeType::HELLO_RETRY_REQUEST } else { message.typ }
}
