//! What the handshake wants from its host, and what answers are about.

use super::log::Transition;
use crate::engine::Need;
use crate::engine::question::{CredentialQuestion, SignQuestion, VerifyQuestion};

/// What the handshake wants from its host. The same six things serve both roles and both carriers.
///
/// A want is *level-triggered*: until it is met, [`Handshake::drive`](super::Handshake::drive) returns it again. A lost
/// one does no harm. It can be kept, copied and sent to another thread; at most 160 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send what the outbox has pending ([`Outbox::pending`](crate::Outbox::pending)), say how much was sent
    /// ([`Outbox::sent`](crate::Outbox::sent)), and drive again. A part of it is enough.
    Write,
    /// Read from the transport into the inbox ([`Inbox::space`](crate::Inbox::space), which is never empty now), say how
    /// much has come ([`Inbox::filled`](crate::Inbox::filled)), and drive again. One byte is enough. The outbox is empty.
    Read,
    /// Which certificate do we show? Answer with
    /// [`Handshake::answer_credential`](super::Handshake::answer_credential), or
    /// [`decline`](super::Handshake::decline). [`Handshake::offer`](super::Handshake::offer) tells what the peer accepts.
    Credential(CredentialQuestion),
    /// Sign this with the key of that certificate. Answer with
    /// [`Handshake::answer_sign`](super::Handshake::answer_sign), or [`decline`](super::Handshake::decline).
    Sign(SignQuestion),
    /// The peer holds the key of the certificate that it shows. Is it who it must be? Answer with
    /// [`Handshake::answer_verify`](super::Handshake::answer_verify). [`Handshake::peer`](super::Handshake::peer) shows
    /// its certificates.
    Verify(VerifyQuestion),
    /// Both sides have proved themselves, and everything has been sent: take the session with
    /// [`Handshake::finish`](super::Handshake::finish).
    Done,
}

/// What one [`Handshake::step`](super::Handshake::step) brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One transition was made. Step again: there may be more to do before anything is wanted.
    Did(Transition),
    /// Nothing more happens before this is met.
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
