//! One transition of the engine: its input, its context, and the need that comes next.

use super::negotiated::Negotiated;
use super::question::{Credential, CredentialQuestion, SignQuestion, VerifyQuestion};
use crate::codec::Message;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::policy::Policy;
use core::ops::Range;

/// What must happen before the next transition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The engine must send: give it `Input::Room` when there is room.
    Send,
    /// The engine must change the read key: give it `Input::Room`, with the inbox.
    ReadKey,
    /// The peer's next message.
    Message,
    Credential(CredentialQuestion),
    Sign(SignQuestion),
    Verify(VerifyQuestion),
    /// Connected or spent.
    Nothing,
}

/// The input of a transition.
pub(crate) enum Input<'a> {
    /// There is room for `Need::Send`, or the inbox is here for `Need::ReadKey`.
    Room,
    /// The peer's next message, which is in the flight.
    Message(Message<'a>),
    /// The answer to `Need::Credential`.
    Credential(&'a Credential<'a>),
    /// The answer to `Need::Sign`.
    Signature(&'a [u8]),
    /// The answer to `Need::Verify`: the caller accepts the peer.
    Accepted,
}

/// What a transition may read and change, beside its own state.
pub(super) struct Context<'a> {
    pub(super) policy: &'a Policy,
    pub(super) negotiated: &'a mut Negotiated,
    /// The retained messages of the peer.
    pub(super) flight: Flight<'a>,
}

impl Context<'_> {
    /// The place of a part of the peer's message in the flight.
    pub(super) fn find(&self, part: &[u8]) -> Result<Range<u32>, ErrorKind> {
        self.flight.find(part).ok_or(ErrorKind::Bug)
    }
}
