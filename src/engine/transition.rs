//! One transition of the engine: what moves it on, what it works with, what it needs next.

use super::negotiated::Negotiated;
use super::question::{Credential, CredentialQuestion, SignQuestion, VerifyQuestion};
use crate::codec::Message;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::policy::Policy;
use core::ops::Range;

/// What must happen before the engine goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It wants to send: `Input::Room` once there is room.
    Send,
    /// It wants to change the read key: `Input::Room`, with the inbox at hand.
    ReadKey,
    /// The peer's next message.
    Message,
    Credential(CredentialQuestion),
    Sign(SignQuestion),
    Verify(VerifyQuestion),
    /// Nothing: connected.
    Nothing,
}

/// What moves the engine on.
pub(crate) enum Input<'a> {
    /// There is room for what `Need::Send` announced.
    Room,
    /// The peer's next message, which lies in the flight.
    Message(Message<'a>),
    /// The answer to `Need::Credential`.
    Credential(&'a Credential<'a>),
    /// The answer to `Need::Sign`.
    Signature(&'a [u8]),
    /// The answer to `Need::Verify`, if it is yes.
    Accepted,
}

/// What a transition may look at and change, beside its own state.
pub(super) struct Context<'a> {
    pub(super) policy: &'a Policy,
    pub(super) negotiated: &'a mut Negotiated,
    /// The peer's messages, as far as they are retained.
    pub(super) flight: Flight<'a>,
}

impl Context<'_> {
    /// Where a part of the peer's message lies in the flight.
    pub(super) fn find(&self, part: &[u8]) -> Result<Range<u32>, ErrorKind> {
        self.flight.find(part).ok_or(ErrorKind::Bug)
    }
}
