//! The client and server state machines: a message or an answer in, effects out. Knows nothing of records.
//!
//! [`Engine`] holds the role's state and the facts that are agreed on; each role's file holds its states in protocol
//! order, each state with exactly what it needs, consumed by its transition.

mod authenticate;
mod client;
mod client_hello;
mod evidence;
mod hello_digest;
mod negotiate;
pub(crate) mod post_handshake;
pub mod question;
mod server;
pub mod table;

use crate::codec::{
    self, CertificateType, ExtensionType, Extensions, HandshakeType, Message, NamedGroup, SignatureScheme, Writer,
};
use crate::crypto::Suite;
use crate::error::ErrorKind;
use crate::flight::Flight;
use crate::list::List;
use crate::policy::Policy;
use crate::role::{Role, State};
use crate::schedule::{HandshakeSecret, Pair, TrafficSecret};
use crate::seed::Seed;
use core::ops::Range;
pub(crate) use evidence::Connected;
use question::{Credential, CredentialQuestion, Peer, SignQuestion, Tag, VerifyQuestion};

/// A traffic secret that a direction changes to.
pub(crate) enum Secret<'a> {
    Handshake(&'a HandshakeSecret),
    Application(&'a TrafficSecret),
}

/// What the engine makes happen outside of itself. Records and message-level transports both stand behind it.
///
/// A message is written and hashed in one go because the next key exists only when it has been: hence a sink, and not a
/// list of effects returned. Whoever calls a handler has made sure that there is room for what it sends.
pub(crate) trait Effects {
    /// Sends a handshake message, under the current write key; shows `seen` its bytes, header included.
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind>;
    /// Sends a change_cipher_spec (§E.4); transports without records ignore it.
    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind>;
    /// Protects what we send from now on.
    fn write_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind>;
    /// Opens what the peer sends from now on. Fails if anything of the peer's is unread (R8).
    fn read_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind>;
    /// The peer's record_size_limit binds protected records from now on (RFC 8449).
    fn peer_record_size_limit(&mut self, limit: u16);
    /// Our own record_size_limit binds the peer from now on.
    fn own_record_size_limit(&mut self, limit: u16);
    /// The client offered early data: it is to be skipped; `after_retry` tells how (§4.3.10).
    fn skip_early_data(&mut self, after_retry: bool);
}

/// What both sides have agreed on so far, and where the peer's flight lies.
pub(crate) struct Negotiated {
    /// Names this connection inside this process: to its inbox, and in its questions.
    pub(crate) stamp: u64,
    pub(crate) client_random: [u8; 32],
    /// The name that the client asks for, as text; empty: none.
    pub(crate) server_name: ServerName,
    pub(crate) suite: Option<Suite>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) retried: bool,
    /// As a client: send a session id and a change_cipher_spec (§E.4).
    pub(crate) middlebox_compatibility: bool,
    /// Where in the policy's ALPN list the selected name stands.
    pub(crate) alpn: Option<u8>,
    pub(crate) own_scheme: Option<SignatureScheme>,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) own_type: CertificateType,
    pub(crate) peer_type: CertificateType,
    /// Body of the ClientHello or CertificateRequest.
    pub(crate) offer: Range<u32>,
    /// Body of the peer's Certificate.
    pub(crate) chain: Range<u32>,
    /// Body of the message that carries the peer's opaque extension: ClientHello or EncryptedExtensions.
    pub(crate) parameters: Range<u32>,
}

/// What the peer's ClientHello or CertificateRequest says about our Certificate and CertificateVerify. Kept, so that
/// answers need no inbox.
#[derive(Default)]
pub(crate) struct PeerPreferences {
    schemes: List<SignatureScheme, 12>,
    ocsp_staple: bool,
    scts: bool,
}

impl PeerPreferences {
    /// From extensions that have been checked.
    fn read(
        schemes: codec::List<'_, SignatureScheme>,
        extensions: &Extensions<'_>,
        ocsp_staple: bool,
    ) -> PeerPreferences {
        let known = schemes.iter().filter(|scheme| may_sign(*scheme));
        PeerPreferences {
            schemes: List::collect(known),
            ocsp_staple,
            scts: extensions.has(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP),
        }
    }
}

/// The schemes that CertificateVerify may carry (§4.3.3, §4.5.2), whether or not this crate can verify them: signing is
/// the caller's. SHA-1 and PKCS #1 v1.5 are not among them.
fn may_sign(scheme: SignatureScheme) -> bool {
    matches!(
        scheme,
        SignatureScheme::ECDSA_SECP256R1_SHA256
            | SignatureScheme::ECDSA_SECP384R1_SHA384
            | SignatureScheme::ECDSA_SECP521R1_SHA512
            | SignatureScheme::ED25519
            | SignatureScheme::ED448
            | SignatureScheme::RSA_PSS_RSAE_SHA256
            | SignatureScheme::RSA_PSS_RSAE_SHA384
            | SignatureScheme::RSA_PSS_RSAE_SHA512
            | SignatureScheme::RSA_PSS_PSS_SHA256
            | SignatureScheme::RSA_PSS_PSS_SHA384
            | SignatureScheme::RSA_PSS_PSS_SHA512
    )
}

/// A DNS name or IP address as text, inline.
#[derive(Clone)]
pub(crate) struct ServerName {
    text: [u8; 255],
    len: u8,
    /// Whether it may go into server_name: DNS names only (RFC 6066 §3).
    pub(crate) is_dns: bool,
}

impl ServerName {
    pub(crate) const NONE: ServerName = ServerName { text: [0; 255], len: 0, is_dns: false };

    /// None if it is neither a DNS name nor an IP address.
    pub(crate) fn new(text: &str) -> Option<ServerName> {
        let is_dns = match rustls_pki_types::ServerName::try_from(text).ok()? {
            rustls_pki_types::ServerName::DnsName(_) => true,
            rustls_pki_types::ServerName::IpAddress(_) => false,
            _ => return None,
        };
        let mut name = ServerName { text: [0; 255], len: u8::try_from(text.len()).ok()?, is_dns };
        name.text.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(name)
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        let text = self.text.get(..usize::from(self.len))?;
        core::str::from_utf8(text).ok().filter(|text| !text.is_empty())
    }
}

/// What a handler may look at and change.
pub(crate) struct Context<'a> {
    pub(crate) role: Role,
    pub(crate) policy: &'a Policy,
    pub(crate) negotiated: &'a mut Negotiated,
    /// The peer's current flight, as far as it is retained.
    pub(crate) flight: Flight<'a>,
}

impl Context<'_> {
    /// Where a part of the peer's message lies in the flight.
    fn find(&self, part: &[u8]) -> Result<Range<u32>, ErrorKind> {
        self.flight.find(part).ok_or(ErrorKind::Internal)
    }
}

impl Negotiated {
    /// Names this connection in its questions.
    fn tag(&self, role: Role) -> Tag {
        Tag(role, self.stamp)
    }

    /// The name of the selected application protocol.
    pub(crate) fn protocol<'p>(&self, policy: &'p Policy) -> Option<&'p [u8]> {
        policy.protocols().nth(usize::from(self.alpn?))
    }

    fn new(stamp: u64, client_random: [u8; 32], server_name: ServerName) -> Negotiated {
        Negotiated {
            stamp,
            client_random,
            server_name,
            suite: None,
            group: None,
            retried: false,
            middlebox_compatibility: false,
            alpn: None,
            own_scheme: None,
            peer_scheme: None,
            own_type: CertificateType::X509,
            peer_type: CertificateType::X509,
            offer: 0..0,
            chain: 0..0,
            parameters: 0..0,
        }
    }
}

/// Shows the secrets that a state holds under their names in the key log format.
fn expose(
    handshake: Option<&Pair<HandshakeSecret>>,
    application: Option<&Pair<TrafficSecret>>,
    show: &mut dyn FnMut(&'static str, &[u8]),
) {
    if let Some(secrets) = handshake {
        show("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.client.expose());
        show("SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.server.expose());
    }
    if let Some(secrets) = application {
        show("CLIENT_TRAFFIC_SECRET_0", secrets.client.expose());
        show("SERVER_TRAFFIC_SECRET_0", secrets.server.expose());
    }
}

/// What must happen before the engine goes on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It wants to send: `Input::Room` once there is room for a message of this many bytes, and a change_cipher_spec.
    Send(usize),
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

/// The state machine of one connection, either role.
pub(crate) struct Engine {
    machine: Machine,
    pub(crate) negotiated: Negotiated,
}

#[allow(clippy::large_enum_variant)] // no heap
enum Machine {
    Client(client::Client),
    Server(server::Server),
}

/// The length of a message as written.
fn message_len(write: &dyn Fn(&mut Writer<'_>)) -> usize {
    let mut counter = Writer::counting();
    write(&mut counter);
    counter.len()
}

impl Engine {
    pub(crate) fn client(policy: &Policy, server_name: ServerName, seed: Seed) -> Result<Engine, ErrorKind> {
        let mut negotiated = Negotiated::new(seed.stamp(), seed.random, server_name);
        let client = client::Client::start(policy, seed.session_id)?;
        negotiated.middlebox_compatibility = policy.middlebox_compatibility;
        Ok(Engine { machine: Machine::Client(client), negotiated })
    }

    pub(crate) fn server(seed: Seed) -> Engine {
        let negotiated = Negotiated::new(seed.stamp(), [0; 32], ServerName::NONE); // client_random is yet to come
        Engine { machine: Machine::Server(server::Server::start(seed.random)), negotiated }
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
    pub(crate) fn need(&mut self, policy: &Policy, flight: Flight<'_>) -> Need {
        let cx = Context { role: self.role(), policy, negotiated: &mut self.negotiated, flight };
        match &self.machine {
            Machine::Client(client) => client.need(&cx),
            Machine::Server(server) => server.need(),
        }
    }

    /// Whether a message of this type is legal now; if so, whether nothing unread may follow it.
    pub(crate) fn accepts(&self, message: HandshakeType) -> Result<bool, ErrorKind> {
        match (self.state(), message) {
            // RFC 9846 §4.4.2 lets a server ask for nothing; this crate is mutual or nothing.
            (State::WaitCertificateRequest, HandshakeType::CERTIFICATE) => Err(ErrorKind::NotMutual),
            (state, message) => {
                table::accepts(self.role(), state, message).ok_or(ErrorKind::UnexpectedMessage { message })
            }
        }
    }

    /// One transition. On an error the engine is spent.
    pub(crate) fn advance(
        &mut self,
        policy: &Policy,
        flight: Flight<'_>,
        input: Input<'_>,
        out: &mut impl Effects,
    ) -> Result<(), ErrorKind> {
        let mut cx = Context { role: self.role(), policy, negotiated: &mut self.negotiated, flight };
        match &mut self.machine {
            Machine::Client(client) => client.advance(&mut cx, input, out),
            Machine::Server(server) => server.advance(&mut cx, input, out),
        }
    }

    /// The lengths of the messages that presenting `credential` sends: unprotected, protected.
    pub(crate) fn present_len(&mut self, policy: &Policy, credential: &Credential<'_>) -> (usize, usize) {
        let cx = Context { role: self.role(), policy, negotiated: &mut self.negotiated, flight: Flight::EMPTY };
        match &self.machine {
            Machine::Client(client) => (0, client.present_len(credential)),
            Machine::Server(server) => server.present_len(&cx, credential),
        }
    }

    /// Whether the peer's messages are still referred to: by a question, or by a hello that echoes a cookie.
    pub(crate) fn retains(&self, policy: &Policy) -> bool {
        match self.state() {
            State::WaitCertificateRequest => policy.extension.is_some(),
            State::SendClientHello
            | State::WaitCertificate
            | State::WaitCertificateVerify
            | State::WaitFinished
            | State::AskVerify
            | State::AskCredential => true,
            // A client still shows whom it has accepted, to whoever signs.
            State::AskSign => self.role() == Role::Client,
            _ => false,
        }
    }

    /// The peer's record_size_limit, or that of TLS.
    pub(crate) fn peer_record_size_limit(&self) -> u16 {
        match &self.machine {
            Machine::Server(server) => server.peer_record_size_limit(),
            _ => None,
        }
        .unwrap_or(u16::MAX)
    }

    /// The peer's certificates, once it has proved itself: CertificateVerify alone does not (R7).
    pub(crate) fn peer<'a>(&'a self, flight: Flight<'a>) -> Option<Peer<'a>> {
        match self.state() {
            State::WaitFinished => None,
            _ => Peer::read(flight, &self.negotiated, self.role().peer()),
        }
    }

    /// The body of the peer's opaque extension, as long as its message is retained.
    pub(crate) fn peer_extension<'a>(&self, flight: Flight<'a>, extension: ExtensionType) -> Option<&'a [u8]> {
        let body = flight.get(self.negotiated.parameters.clone()).filter(|body| !body.is_empty())?;
        let extensions = match self.role() {
            Role::Client => codec::EncryptedExtensions::parse(body).ok()?.extensions,
            Role::Server => codec::ClientHello::parse(body).ok()?.extensions,
        };
        extensions.get(extension)
    }

    /// Shows the secrets that the state holds, under their names in the key log format.
    pub(crate) fn expose(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        match &self.machine {
            Machine::Client(client) => client.expose(show),
            Machine::Server(server) => server.expose(show),
        }
    }

    /// The length of the messages that a signature of `signature_len` bytes sends.
    pub(crate) fn sign_len(&self, signature_len: usize) -> usize {
        let finished = self.negotiated.suite.map_or(0, |suite| suite.hash().output_len());
        // CertificateVerify: header 4, scheme 2, length 2; Finished: header 4.
        signature_len.saturating_add(finished).saturating_add(12)
    }

    /// Drops every secret: the connection has failed.
    pub(crate) fn forget(&mut self) {
        match &mut self.machine {
            Machine::Client(client) => *client = client::Client::Spent,
            Machine::Server(server) => *server = server::Server::Spent,
        }
    }

    /// Takes the session's keys out, once connected.
    pub(crate) fn take_connected(&mut self) -> Option<Connected> {
        match &mut self.machine {
            Machine::Client(client) => client.take_connected(),
            Machine::Server(server) => server.take_connected(),
        }
    }
}
