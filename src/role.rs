//! The words in which a connection is described: its role, its state, its key epoch.

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
