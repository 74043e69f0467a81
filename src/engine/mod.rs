//! The client and server state machines: a message or an answer in, effects out. They do not know records.
//!
//! [`Engine`] has the state of its role and the negotiated parameters. The module of each role has the states in protocol
//! order. Each state has exactly what it needs, and its transition consumes it.

mod authenticate;
pub mod authenticator;
mod certificate_request;
mod check;
mod chosen;
mod client;
mod effects;
mod evidence;
mod key_log;
mod longest_flight;
mod negotiated;
mod peer_preferences;
pub(crate) mod post_handshake;
pub mod question;
mod server;
mod server_name;
pub mod table;
pub(crate) mod ticket;
mod transition;

use crate::codec::{self, ExtensionType, HandshakeType, Message, Place};
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::limits::MAX_EXTENSION;
use crate::policy::{Bytes, Policy};
use crate::role::{Role, State};
use crate::seed::Seed;
pub(crate) use authenticate::{can_carry, can_sign};
pub(crate) use client::plan_longest_hello;
pub(crate) use effects::{Effects, Plan, Secret};
pub(crate) use evidence::Connected;
pub(crate) use longest_flight::plan_longest_flight;
pub(crate) use negotiated::Negotiated;
pub(crate) use peer_preferences::PackedPreferences;
use question::Peer;
pub(crate) use server_name::ServerName;
use transition::Context;
pub(crate) use transition::{Input, Need};

/// The state machine of one connection, either role.
pub struct Engine {
    machine: Machine,
    negotiated: Negotiated,
}

#[allow(clippy::large_enum_variant)] // no heap
enum Machine {
    Client(client::Client),
    Server(server::Server),
}

impl Engine {
    /// `middlebox_compatibility`: whether the ClientHello looks like one of TLS 1.2 (§E.4).
    pub(crate) fn client(
        policy: &Policy,
        server_name: ServerName,
        seed: Seed,
        middlebox_compatibility: bool,
    ) -> Result<Engine, ErrorKind> {
        let client = client::Client::start(policy, seed.session_id)?;
        let negotiated = Negotiated::client(seed.stamp(), seed.random, server_name, middlebox_compatibility);
        Ok(Engine { machine: Machine::Client(client), negotiated })
    }

    pub(crate) fn server(seed: Seed) -> Engine {
        let negotiated = Negotiated::server(seed.stamp());
        Engine { machine: Machine::Server(server::Server::start(seed.random)), negotiated }
    }

    /// Sends this opaque extension in ClientHello, or in EncryptedExtensions if the client sends it, too. False: the
    /// handshake itself writes and reads this type, or the body is too long.
    pub(crate) fn set_extension(&mut self, extension: ExtensionType, body: Bytes) -> bool {
        let opaque = extension == ExtensionType::QUIC_TRANSPORT_PARAMETERS
            || codec::may_stand(extension, Place::ClientHello).is_none();
        let fits = opaque && body.as_slice().len() <= MAX_EXTENSION;
        if fits {
            self.negotiated.extension = Some((extension, body));
        }
        fits
    }

    pub(crate) fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    pub(crate) fn role(&self) -> Role {
        match &self.machine {
            Machine::Client(_) => Role::Client,
            Machine::Server(_) => Role::Server,
        }
    }

    pub(crate) fn state(&self) -> State {
        match &self.machine {
            Machine::Client(client) => client.state(),
            Machine::Server(server) => server.state(),
        }
    }

    /// What must happen next.
    pub(crate) fn need(&self) -> Need {
        match &self.machine {
            Machine::Client(client) => client.need(&self.negotiated),
            Machine::Server(server) => server.need(&self.negotiated),
        }
    }

    /// Checks that a message of this type is legal now. True: no unread bytes may follow it, because a key changes.
    pub(crate) fn accepts(&self, message: HandshakeType) -> Result<bool, ErrorKind> {
        match (self.state(), message) {
            // RFC 9846 §4.4.2 lets a server ask for nothing; this crate is mutual or nothing.
            (State::WaitCertificateRequest, HandshakeType::CERTIFICATE) => Err(ErrorKind::NotMutual),
            (state, message) => {
                table::accepts(self.role(), state, message).ok_or(ErrorKind::UnexpectedMessage { message })
            }
        }
    }

    /// Plans what [`advance`](Self::advance) will send, and changes nothing. The driver checks with it that there is room.
    pub(crate) fn plan(
        &self,
        policy: &Policy,
        flight: Flight<'_>,
        input: &Input<'_>,
        plan: &mut impl Plan,
    ) -> Result<(), ErrorKind> {
        match &self.machine {
            Machine::Client(client) => client.plan(policy, &self.negotiated, flight, input, plan),
            Machine::Server(server) => server.plan(policy, &self.negotiated, input, plan),
        }
    }

    /// Makes one transition. After an error the engine is spent.
    pub(crate) fn advance(
        &mut self,
        policy: &Policy,
        flight: Flight<'_>,
        input: Input<'_>,
        out: &mut impl Effects,
    ) -> Result<(), ErrorKind> {
        let mut cx = Context { policy, negotiated: &mut self.negotiated, flight };
        match &mut self.machine {
            Machine::Client(client) => client.advance(&mut cx, input, out),
            Machine::Server(server) => server.advance(&mut cx, input, out),
        }
    }

    /// Whether the peer's messages must stay in the inbox: for a question, or for a hello that echoes a cookie.
    pub(crate) fn retains(&self) -> bool {
        match self.state() {
            State::WaitCertificateRequest => self.negotiated.extension.is_some(),
            State::SendClientHello
            | State::WaitCertificate
            | State::WaitCertificateVerify
            | State::WaitFinished
            | State::AskVerify
            | State::AskCredential => true,
            // A client still shows the accepted peer to its signer.
            State::AskSign => self.role() == Role::Client,
            _ => false,
        }
    }

    /// The peer's certificates, once it has proved itself: CertificateVerify alone does not (R7).
    pub(crate) fn peer<'a>(&'a self, flight: Flight<'a>) -> Option<Peer<'a>> {
        match self.state() {
            State::WaitFinished => None,
            _ => Peer::read(flight, &self.negotiated, self.role().peer()),
        }
    }

    /// The body of the peer's opaque extension, while its message is retained. That message is the first of the flight.
    pub(crate) fn peer_extension<'a>(&self, flight: Flight<'a>) -> Option<&'a [u8]> {
        let (extension, _) = self.negotiated.extension.as_ref()?;
        let (first, _) = Message::split(flight.bytes()).filter(|_| self.retains())?;
        let extensions = match (self.state(), first.typ) {
            (State::AskCredential, HandshakeType::CLIENT_HELLO) => {
                codec::ClientHello::parse(first.body).ok()?.extensions
            }
            (_, HandshakeType::ENCRYPTED_EXTENSIONS) => codec::EncryptedExtensions::parse(first.body).ok()?.extensions,
            _ => return None,
        };
        extensions.get(*extension)
    }

    /// Shows the secrets of the state, with their labels in the key log format.
    pub(crate) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        match &self.machine {
            Machine::Client(client) => client.expose(show),
            Machine::Server(server) => server.expose(show),
        }
    }

    /// The connection has failed: drops every secret.
    pub(crate) fn forget(&mut self) {
        match &mut self.machine {
            Machine::Client(client) => *client = client::Client::Spent,
            Machine::Server(server) => *server = server::Server::Spent,
        }
    }

    /// The session's keys once connected.
    pub(crate) fn connected_mut(&mut self) -> Option<&mut Connected> {
        match &mut self.machine {
            Machine::Client(client::Client::Connected(connected)) => Some(connected),
            Machine::Server(server::Server::Connected(connected)) => Some(connected),
            _ => None,
        }
    }

    /// Takes the session's keys out once connected.
    pub(crate) fn take_connected(&mut self) -> Option<Connected> {
        self.connected_mut()?;
        match &mut self.machine {
            Machine::Client(client) => match core::mem::replace(client, client::Client::Spent) {
                client::Client::Connected(connected) => Some(connected),
                _ => None,
            },
            Machine::Server(server) => match core::mem::replace(server, server::Server::Spent) {
                server::Server::Connected(connected) => Some(connected),
                _ => None,
            },
        }
    }
}
