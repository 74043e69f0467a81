//! What the handshake wants from its host, and what answers are about.

use super::log::Transition;
use crate::engine::Need;
use crate::engine::question::{CredentialQuestion, SignQuestion, VerifyQuestion};

/// What the handshake wants from its host: the six things that it can want, in either role.
///
/// A want is *level-triggered*: until it is met, [`Handshake::drive`](super::Handshake::drive) returns it again, so a
/// lost one does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send what the outbox has pending, and say how much was sent.
    Write,
    /// Read into the inbox, and say how much has come.
    Read,
    /// Which certificate shall we show? Answer with
    /// [`Handshake::answer_credential`](super::Handshake::answer_credential);
    /// [`Handshake::offer`](super::Handshake::offer) tells what the peer accepts.
    Credential(CredentialQuestion),
    /// Sign this. Answer with [`Handshake::answer_sign`](super::Handshake::answer_sign).
    Sign(SignQuestion),
    /// Is the peer who it must be? Answer with [`Handshake::answer_verify`](super::Handshake::answer_verify);
    /// [`Handshake::peer`](super::Handshake::peer) shows its certificates.
    Verify(VerifyQuestion),
    /// Both sides have proved themselves: take the session with `finish`.
    Done,
}

/// What one [`Handshake::step`](super::Handshake::step) brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One transition; step again.
    Did(Transition),
    /// No transition without the caller.
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
