//! The words in which a connection is described: its role, its state, its key epoch.

use core::fmt;

/// Gives an enum `name()`: the variant's own name, which is stable.
macro_rules! stable_names {
    ($enum:ident: $($variant:ident)*) => {
        impl $enum {
            /// The stable name, for metrics and alerting.
            pub const fn name(&self) -> &'static str {
                match self { $( $enum::$variant { .. } => stringify!($variant), )* }
            }
        }
    };
}
pub(crate) use stable_names;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Epoch {
    /// None yet.
    #[default]
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
pub enum State {
    /// Client: nothing has been sent, or the server wants another ClientHello (HelloRetryRequest). Awaits room for it in
    /// the outbox.
    SendClientHello,
    /// Client: the ClientHello is sent. Awaits ServerHello or HelloRetryRequest.
    WaitServerHello,
    /// Client: the handshake keys are there. Awaits EncryptedExtensions.
    WaitEncryptedExtensions,
    /// Client: the parameters are agreed on. Awaits CertificateRequest: a server that does not ask is refused.
    WaitCertificateRequest,
    /// Server: nothing has come, or HelloRetryRequest is sent. Awaits ClientHello, the first or the second.
    WaitClientHello,
    /// Server: the ClientHello has no key share that we take. Awaits room for HelloRetryRequest in the outbox.
    SendHelloRetryRequest,
    /// Client: CertificateRequest has come. Server: our flight is sent. Awaits the peer's Certificate.
    WaitCertificate,
    /// The peer's Certificate has come; nothing is proved by it. Awaits CertificateVerify.
    WaitCertificateVerify,
    /// The peer holds its certificate's key. Awaits Finished, which proves that both sides saw the same handshake.
    WaitFinished,
    /// The peer has proved itself. Awaits the caller's verdict on who it is.
    AskVerify,
    /// Client: the server is accepted. Server: the ClientHello will do. Awaits the certificate that we show.
    AskCredential,
    /// Our Certificate is sent. Awaits the signature by its key.
    AskSign,
    /// Both sides have proved themselves, and ours has accepted the peer. Awaits nothing: take the session. Errors of a
    /// session say this state.
    Connected,
    /// A session has ended by close_notify. For programs that show states: no handshake and no error says it.
    Closed,
    /// The connection has failed. No [`Error`](crate::Error) says this: it says what was awaited when it failed.
    Failed,
}

stable_names! { State:
    SendClientHello WaitServerHello WaitEncryptedExtensions WaitCertificateRequest WaitClientHello
    SendHelloRetryRequest WaitCertificate WaitCertificateVerify WaitFinished AskVerify AskCredential AskSign Connected
    Closed Failed
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How early data is told from what is to be read (RFC 9846 §4.3.10). We never accept any.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum EarlyData {
    /// There is none.
    #[default]
    None,
    /// After ServerHello: records that do not open are dropped, until one opens.
    Unopened,
    /// After HelloRetryRequest: protected records are dropped, until the second ClientHello.
    Protected,
}

#[cfg(test)]
mod tests {
    use crate::Misuse;

    #[test]
    fn a_stable_name_is_the_variants_own_whatever_it_holds() {
        assert_eq!((Misuse::Closed.name(), Misuse::NoRoom { needed: 7 }.name()), ("Closed", "NoRoom"));
        assert_eq!(super::State::AskSign.name(), "AskSign");
    }
}
