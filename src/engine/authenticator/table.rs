//! The transition table of an authenticator. It is data (R10): builds with debug assertions compare each transition with
//! it.

use crate::codec::HandshakeType;
use crate::role::Role;
use core::fmt;

/// What one authenticator awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing has been asked.
    Idle,
    /// We prove: the caller is asked for a credential.
    AskCredential,
    /// We prove: the certificate is written, and the caller is asked for the signature.
    AskSign,
    /// The peer proves: our request is written, and the authenticator is awaited.
    WaitAuthenticator,
    /// The peer has proved that it holds a key. The caller is asked for the verdict on its identity.
    AskVerify,
    /// The authenticator has been written, judged, declined or cancelled.
    Done,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What moves an authenticator from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The peer's messages, which come together.
    Receive(&'static [HandshakeType]),
    /// The caller begins or cancels it, and we write these messages.
    Call(&'static [HandshakeType]),
    /// The caller answers, and we write these messages.
    Answer(&'static [HandshakeType]),
    /// The caller declines, and we write these messages.
    Decline(&'static [HandshakeType]),
}

/// One legal transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Our role in the connection.
    pub role: Role,
    /// The state before.
    pub state: State,
    /// What causes it.
    pub cause: Cause,
    /// The state after.
    pub next: State,
}

const fn row(role: Role, state: State, cause: Cause, next: State) -> Row {
    Row { role, state, cause, next }
}

use Cause::{Answer, Call, Decline, Receive};
use HandshakeType as M;
use Role::{Client, Server};
use State::*;

const AUTHENTICATOR: &[HandshakeType] = &[M::CERTIFICATE, M::CERTIFICATE_VERIFY, M::FINISHED];
const EMPTY_AUTHENTICATOR: &[HandshakeType] = &[M::FINISHED];

/// Every legal transition of both roles (RFC 9261 §3). Everything else is an error.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    // Client Authentication: the server asks.
    row(Server, Idle,              Call(&[M::CERTIFICATE_REQUEST]),             WaitAuthenticator),
    row(Client, Idle,              Receive(&[M::CERTIFICATE_REQUEST]),          AskCredential),
    row(Client, AskCredential,     Answer(&[M::CERTIFICATE]),                   AskSign),
    row(Client, AskSign,           Answer(&[M::CERTIFICATE_VERIFY, M::FINISHED]), Done),
    row(Client, AskCredential,     Decline(EMPTY_AUTHENTICATOR),                Done),
    row(Client, AskSign,           Decline(EMPTY_AUTHENTICATOR),                Done),
    row(Server, WaitAuthenticator, Receive(AUTHENTICATOR),                      AskVerify),
    row(Server, WaitAuthenticator, Receive(EMPTY_AUTHENTICATOR),                Done),
    row(Server, WaitAuthenticator, Call(&[]),                                   Done), // cancelled
    row(Server, AskVerify,         Answer(&[]),                                 Done),

    // Server Authentication: the client asks.
    row(Client, Idle,              Call(&[M::CLIENT_CERTIFICATE_REQUEST]),      WaitAuthenticator),
    row(Server, Idle,              Receive(&[M::CLIENT_CERTIFICATE_REQUEST]),   AskCredential),
    row(Server, AskCredential,     Answer(&[M::CERTIFICATE]),                   AskSign),
    row(Server, AskSign,           Answer(&[M::CERTIFICATE_VERIFY, M::FINISHED]), Done),
    row(Server, AskCredential,     Decline(EMPTY_AUTHENTICATOR),                Done),
    row(Server, AskSign,           Decline(EMPTY_AUTHENTICATOR),                Done),
    row(Client, WaitAuthenticator, Receive(AUTHENTICATOR),                      AskVerify),
    row(Client, WaitAuthenticator, Receive(EMPTY_AUTHENTICATOR),                Done),
    row(Client, WaitAuthenticator, Call(&[]),                                   Done), // cancelled
    row(Client, AskVerify,         Answer(&[]),                                 Done),

    // Spontaneous Server Authentication.
    row(Server, Idle,              Call(&[]),                                   AskCredential),
    row(Client, Idle,              Receive(AUTHENTICATOR),                      AskVerify),
];

/// Whether these messages of the peer are legal in `state`, if they come together.
pub fn accepts(role: Role, state: State, messages: &[HandshakeType]) -> bool {
    TABLE.iter().any(|row| {
        let legal = matches!(row.cause, Receive(legal) if legal == messages);
        row.role == role && row.state == state && legal
    })
}

/// Checks that this transition of the authenticator is in the table.
pub(super) fn check(role: Role, state: State, cause: Cause, next: State) {
    debug_assert!(TABLE.contains(&row(role, state, cause, next)), "{role}: {state} to {next} by {cause:?}");
}
