//! The transition table (R10): which message is legal in which state, and the next state. It is data: the engine's check,
//! the diagrams in the documentation, the exhaustive test and the fuzzer's oracle read it.

use crate::codec::HandshakeType;
use crate::role::{Epoch, Role, State};

/// What moves a connection from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The peer's message.
    Receive {
        /// Its type.
        message: HandshakeType,
        /// The key changes after it, so no unread handshake byte may follow (RFC 9846 §5.1).
        boundary: bool,
    },
    /// We send these messages as soon as there is room.
    Send(&'static [HandshakeType]),
    /// The caller answers a question, and we send these messages.
    Answer(&'static [HandshakeType]),
}

/// One legal transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Our role.
    pub role: Role,
    /// The state before.
    pub state: State,
    /// What causes it.
    pub cause: Cause,
    /// The state after.
    pub next: State,
    /// The epoch of the messages received in `state`.
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

/// Every legal transition of both roles, in protocol order. Everything else is an error.
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

/// `None`: `message` is illegal in `state`. Otherwise, whether the key changes after it.
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
