//! What the handshake wants from its host, and the questions.

use super::log::Transition;
use crate::engine::Need;
use crate::engine::question::{CredentialQuestion, SignQuestion, VerifyQuestion};

/// What the handshake wants from its host. The same six wants serve both roles and both carriers.
///
/// A want is *level-triggered*: until it is met, [`Handshake::drive`](super::Handshake::drive) returns it again. So a
/// lost want does no harm. It can be kept, copied and sent to another thread, and has at most 160 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send the pending bytes of the outbox ([`Outbox::pending`](crate::Outbox::pending)), report how many were sent
    /// ([`Outbox::sent`](crate::Outbox::sent)), and drive again. A part of them is enough.
    Write,
    /// Read from the transport into the inbox ([`Inbox::space`](crate::Inbox::space), which is never empty now), report how
    /// many bytes have come ([`Inbox::filled`](crate::Inbox::filled)), and drive again. One byte is enough. The outbox is
    /// empty.
    Read,
    /// Which certificate do we show? Answer with
    /// [`Handshake::answer_credential`](super::Handshake::answer_credential), or
    /// [`decline`](super::Handshake::decline). [`Handshake::offer`](super::Handshake::offer) has what the peer accepts.
    Credential(CredentialQuestion),
    /// Sign this with the key of that certificate. Answer with
    /// [`Handshake::answer_sign`](super::Handshake::answer_sign), or [`decline`](super::Handshake::decline).
    Sign(SignQuestion),
    /// The peer has proved that it holds the key of its certificate. Do we accept its identity? Answer with
    /// [`Handshake::answer_verify`](super::Handshake::answer_verify). [`Handshake::peer`](super::Handshake::peer) shows
    /// its certificates.
    Verify(VerifyQuestion),
    /// Both sides have proved their identities, and everything has been sent: take the session with
    /// [`Handshake::finish`](super::Handshake::finish).
    Done,
}

/// The result of one [`Handshake::step`](super::Handshake::step).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One transition was made. Step again: others may follow before anything is wanted.
    Did(Transition),
    /// Nothing more happens until this is met.
    Want(Want),
}

/// Any of the three questions, to [`Handshake::decline`](super::Handshake::decline).
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// Which certificate?
    Credential(&'a CredentialQuestion),
    /// Which signature?
    Sign(&'a SignQuestion),
    /// Which verdict?
    Verify(&'a VerifyQuestion),
}

impl<'a> From<&'a CredentialQuestion> for Question<'a> {
    fn from(question: &'a CredentialQuestion) -> Self {
        Question::Credential(question)
    }
}

impl<'a> From<&'a SignQuestion> for Question<'a> {
    fn from(question: &'a SignQuestion) -> Self {
        Question::Sign(question)
    }
}

impl<'a> From<&'a VerifyQuestion> for Question<'a> {
    fn from(question: &'a VerifyQuestion) -> Self {
        Question::Verify(question)
    }
}

impl Question<'_> {
    pub(super) fn is(&self, need: &Need) -> bool {
        match (self, need) {
            (Question::Credential(question), Need::Credential(open)) => *question == open,
            (Question::Sign(question), Need::Sign(open)) => *question == open,
            (Question::Verify(question), Need::Verify(open)) => *question == open,
            _ => false,
        }
    }
}
