//! The transition table: which message is legal in which state, and what follows. It is data: the engine's one check,
//! the diagrams in the documentation, the exhaustive test and the fuzzer's oracle all read it.

use crate::codec::HandshakeType;
use core::fmt;

/// Which end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends the ClientHello.
    Client,
    /// Answers it.
    Server,
}

impl Role {
    /// The other end.
    pub const fn peer(self) -> Role {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Role::Client => "client",
            Role::Server => "server",
        })
    }
}

/// Which keys protect a record (RFC 9846 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Epoch {
    /// None yet.
    Plaintext,
    /// The handshake traffic keys.
    Handshake,
    /// The application traffic keys.
    Application,
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Epoch::Plaintext => "plaintext",
            Epoch::Handshake => "handshake",
            Epoch::Application => "application",
        })
    }
}

/// What a connection awaits, after RFC 9846 appendix A: a peer's message (`Wait`), room to send (`Send`), or an answer
/// of the caller (`Ask`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the documentation
pub enum State {
    SendClientHello,
    WaitServerHello,
    WaitEncryptedExtensions,
    WaitCertificateRequest,
    WaitClientHello,
    SendHelloRetryRequest,
    WaitCertificate,
    WaitCertificateVerify,
    WaitFinished,
    AskVerify,
    AskCredential,
    AskSign,
    Connected,
    Closed,
    Failed,
}

impl State {
    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            State::SendClientHello => "SendClientHello",
            State::WaitServerHello => "WaitServerHello",
            State::WaitEncryptedExtensions => "WaitEncryptedExtensions",
            State::WaitCertificateRequest => "WaitCertificateRequest",
            State::WaitClientHello => "WaitClientHello",
            State::SendHelloRetryRequest => "SendHelloRetryRequest",
            State::WaitCertificate => "WaitCertificate",
            State::WaitCertificateVerify => "WaitCertificateVerify",
            State::WaitFinished => "WaitFinished",
            State::AskVerify => "AskVerify",
            State::AskCredential => "AskCredential",
            State::AskSign => "AskSign",
            State::Connected => "Connected",
            State::Closed => "Closed",
            State::Failed => "Failed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What moves a connection from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The peer's message; `boundary`: no handshake byte may follow it unread, because the key changes after it.
    Receive {
        /// The message.
        message: HandshakeType,
        /// True where the key changes.
        boundary: bool,
    },
    /// We send these messages as soon as there is room.
    Send(&'static [HandshakeType]),
    /// The caller answers, and we send these messages.
    Answer(&'static [HandshakeType]),
}

/// One legal transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub role: Role,
    /// Before.
    pub state: State,
    /// Why.
    pub cause: Cause,
    /// After.
    pub next: State,
    /// The epoch of what is received in `state`.
    pub epoch: Epoch,
}

const fn row(role: Role, state: State, epoch: Epoch, cause: Cause, next: State) -> Row {
    Row { role, state, cause, next, epoch }
}

const fn receive(message: HandshakeType) -> Cause {
    Cause::Receive { message, boundary: false }
}

const fn receive_last(message: HandshakeType) -> Cause {
    Cause::Receive { message, boundary: true }
}

use Cause::{Answer, Send};
use Epoch::{Application, Handshake, Plaintext};
use HandshakeType as M;
use Role::{Client, Server};
use State::*;

/// Every legal transition of both roles, in protocol order. Whatever is not here is an error.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(Client, SendClientHello,         Plaintext,   Send(&[M::CLIENT_HELLO]),            WaitServerHello),
    row(Client, WaitServerHello,         Plaintext,   receive_last(M::SERVER_HELLO),       WaitEncryptedExtensions),
    row(Client, WaitServerHello,         Plaintext,   receive_last(M::SERVER_HELLO),       SendClientHello), // HelloRetryRequest, once
    row(Client, WaitEncryptedExtensions, Handshake,   receive(M::ENCRYPTED_EXTENSIONS),    WaitCertificateRequest),
    row(Client, WaitCertificateRequest,  Handshake,   receive(M::CERTIFICATE_REQUEST),     WaitCertificate),
    row(Client, WaitCertificate,         Handshake,   receive(M::CERTIFICATE),             WaitCertificateVerify),
    row(Client, WaitCertificateVerify,   Handshake,   receive(M::CERTIFICATE_VERIFY),      WaitFinished),
    row(Client, WaitFinished,            Handshake,   receive_last(M::FINISHED),           AskVerify),
    row(Client, AskVerify,               Application, Answer(&[]),                         AskCredential),
    row(Client, AskCredential,           Application, Answer(&[M::CERTIFICATE]),           AskSign),
    row(Client, AskSign,                 Application, Answer(&[M::CERTIFICATE_VERIFY, M::FINISHED]), Connected),

    row(Server, WaitClientHello,         Plaintext,   receive_last(M::CLIENT_HELLO),       AskCredential),
    row(Server, WaitClientHello,         Plaintext,   receive_last(M::CLIENT_HELLO),       SendHelloRetryRequest), // once
    row(Server, SendHelloRetryRequest,   Plaintext,   Send(&[M::SERVER_HELLO]),            WaitClientHello),
    row(Server, AskCredential,           Plaintext,   Answer(&[M::SERVER_HELLO, M::ENCRYPTED_EXTENSIONS, M::CERTIFICATE_REQUEST, M::CERTIFICATE]), AskSign),
    row(Server, AskSign,                 Handshake,   Answer(&[M::CERTIFICATE_VERIFY, M::FINISHED]), WaitCertificate),
    row(Server, WaitCertificate,         Handshake,   receive(M::CERTIFICATE),             WaitCertificateVerify),
    row(Server, WaitCertificateVerify,   Handshake,   receive(M::CERTIFICATE_VERIFY),      WaitFinished),
    row(Server, WaitFinished,            Handshake,   receive_last(M::FINISHED),           AskVerify),
    row(Server, AskVerify,               Application, Answer(&[]),                         Connected),
];

/// Whether `message` is legal in `state`; if so, whether a key changes after it.
pub fn accepts(role: Role, state: State, message: HandshakeType) -> Option<bool> {
    TABLE.iter().find_map(|row| match row.cause {
        Cause::Receive { message: legal, boundary } if row.role == role && row.state == state && legal == message => {
            Some(boundary)
        }
        _ => None,
    })
}

/// Whether the table has a transition from `state` to `next`.
pub fn leads(role: Role, state: State, next: State) -> bool {
    TABLE.iter().any(|row| row.role == role && row.state == state && row.next == next)
}
