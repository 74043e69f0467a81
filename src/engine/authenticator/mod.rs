//! Proves an identity again inside a session: exported authenticators (RFC 9261).
//!
//! Either end may send a *request*. The other answers with an *authenticator*: Certificate, CertificateVerify and
//! Finished, bound to this connection and to this request. A server may also send a spontaneous authenticator.
//! [`Authenticators`] writes and reads these messages for one session; the application transports them. The three
//! questions and the answers are those of the handshake: an `x509::Answerer` answers them here, too.
//!
//! A valid answer to a request proves that its sender has the secrets of this connection, and has the key of the
//! certificate *now*, after the request. It does not prove that nobody else has them, nor that the other end was the same
//! all the time. A spontaneous authenticator does not prove *now*: it may have been made at any time since the connection
//! began (RFC 9261 §9).
//!
//! ```
//! # fn main() {}
//! # #[cfg(feature = "x509")]
//! # mod example {
//! use countersign::authenticator::{Authenticators, Received, RequestOptions};
//! use countersign::x509::{Answerer, Lease};
//! use countersign::{Policy, Verdict};
//! use std::error::Error;
//!
//! /// A server asks. The application sends the request to the client.
//! fn ask(ours: &mut Authenticators<Policy>) -> Result<Vec<u8>, Box<dyn Error>> {
//!     let mut request = vec![0; 1024];
//!     let (_, len) = ours.request(&RequestOptions::default(), &mut request)?;
//!     request.truncate(len);
//!     Ok(request)
//! }
//!
//! /// Either end receives a message. The application sends the result to the peer.
//! fn receive(
//!     ours: &mut Authenticators<Policy>,
//!     answerer: &mut Answerer,
//!     lease: &mut Lease,
//!     message: &[u8],
//! ) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
//!     match ours.receive(message)? {
//!         Received::Request(proving) => Ok(Some(answerer.prove(ours, proving)?)),
//!         Received::Claim(claim) => {
//!             let renewed = answerer.renew(lease, &claim); // checks that it is the same identity
//!             let verdict = renewed.as_ref().map_or_else(Verdict::from, |_| Verdict::Accept);
//!             let proved = ours.answer_verify(claim, verdict)?;
//!             // A spontaneous one may be old.
//!             proved.request().ok_or("we have not asked for it")?;
//!             *lease = renewed?;
//!             Ok(None)
//!         }
//!         Received::Declined(request) => Err(format!("the peer does not answer {request:?}").into()),
//!     }
//! }
//! # }
//! ```

mod checking;
mod contexts;
mod proving;
mod table;

pub use checking::{Claim, Proved};
pub use proving::Proving;
pub use table::{Cause, Row, State, TABLE, accepts};

use super::certificate_request::write_extensions;
use super::check::{check_extensions, malformed};
use super::peer_preferences::{PackedPreferences, PeerPreferences};
use super::server_name::ServerName;
use crate::codec::{
    CertificateRequest, DistinguishedName, ExtensionType, HandshakeType, List, Malformed, Message, NotWritten, Place,
    Writer, write_certificate_request, write_client_certificate_request,
};
use crate::crypto::Hasher;
use crate::error::{Error, ErrorKind, Misuse};
use crate::limits::MAX_OPEN_REQUESTS;
use crate::policy::Policy;
use crate::role::{self, Role};
use crate::schedule::{AuthenticatorKeys, Pair};
use contexts::Contexts;
use core::borrow::Borrow;

/// Writes and reads the requests and authenticators of one session. It has about 3,400 bytes, none on the heap.
///
/// It holds secrets of the session: drop it when the session ends or fails. An error here does not end the session: an
/// [`Error`] says what was wrong with the peer's message, and the application decides what to do.
pub struct Authenticators<P> {
    policy: P,
    role: Role,
    stamp: u64,
    keys: Pair<AuthenticatorKeys>,
    /// What the client accepts by its ClientHello. Spontaneous authenticators need it.
    client_preferences: PackedPreferences,
    server_name: ServerName,
    contexts: Contexts,
    open: [Option<OpenRequest>; MAX_OPEN_REQUESTS],
}

/// A request of ours that waits for its authenticator.
struct OpenRequest {
    /// The number of its context.
    number: u64,
    /// Handshake Context || authenticator request
    transcript: Hasher,
    /// The same with our own Handshake Context, to name the error (see `diagnose`).
    of_our_role: Hasher,
}

/// Identifies one of our requests in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

/// The contents of a request that do not come from the policy. Its signature_algorithms, signature_algorithms_cert,
/// status_request and signed_certificate_timestamp come from the policy.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestOptions<'a> {
    /// Only for clients: the DNS name that the server must prove.
    pub server_name: Option<&'a str>,
    /// certificate_authorities, instead of
    /// [`Policy::certificate_authorities`](crate::Policy::certificate_authorities): DER-encoded names, each after its
    /// 16-bit length. Empty: the extension is not sent.
    pub certificate_authorities: Option<&'a [u8]>,
    /// The body of oid_filters (RFC 9846 §4.3.5). Many implementations ignore this extension.
    pub oid_filters: Option<&'a [u8]>,
}

/// What the peer has sent.
#[allow(clippy::large_enum_variant, reason = "no heap")]
pub enum Received<'m> {
    /// A request to prove our identity: answer or decline it.
    Request(Proving<'m>),
    /// An authenticator: the peer has proved that it holds the key of a certificate. Judge the identity in it.
    Claim(Claim<'m>),
    /// An empty authenticator: the peer declines this request.
    Declined(RequestId),
}

impl<P: Borrow<Policy>> Authenticators<P> {
    pub(crate) fn start(
        policy: P,
        role: Role,
        (stamp, seed): (u64, &[u8; 32]),
        keys: Pair<AuthenticatorKeys>,
        (client_preferences, server_name): (PackedPreferences, ServerName),
    ) -> Authenticators<P> {
        let contexts = Contexts::new(if role == Role::Client { &keys.client } else { &keys.server }, seed);
        let open = [const { None }; MAX_OPEN_REQUESTS];
        Authenticators { policy, role, stamp, keys, client_preferences, server_name, contexts, open }
    }

    /// Asks the peer to prove an identity: writes a CertificateRequest (a client: ClientCertificateRequest) to `out`, and
    /// returns its length. Several requests may be open, up to
    /// [`MAX_OPEN_REQUESTS`], and may be answered in any order.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. [`Misuse::NoRoom`]: `out` must have `needed` bytes. [`Misuse::UnfitExtension`]: a server
    /// has given a server_name, or the list of CAs is malformed or too long. [`Misuse::TooManyRequests`],
    /// [`Misuse::InvalidServerName`].
    pub fn request(&mut self, options: &RequestOptions<'_>, out: &mut [u8]) -> Result<(RequestId, usize), Misuse> {
        let RequestOptions { server_name, certificate_authorities, oid_filters } = *options;
        let name = server_name.map(|name| ServerName::new(name).ok_or(Misuse::InvalidServerName)).transpose()?;
        let policy = self.policy.borrow();
        let authorities = certificate_authorities.unwrap_or(policy.certificate_authorities.as_slice());
        let unfit = List::<DistinguishedName<'_>>::parse(authorities).is_err();
        if unfit || (name.is_some() && self.role == Role::Server) {
            return Err(Misuse::UnfitExtension);
        }
        let place = self.open.iter().position(Option::is_none).ok_or(Misuse::TooManyRequests)?;
        let (context, number) = self.contexts.next();
        let mut w = Writer::new(out);
        let extensions = |w: &mut Writer<'_>| {
            write_extensions(policy, authorities, w);
            if let Some(name) = name.as_ref().and_then(ServerName::as_dns_name) {
                w.server_name(name.as_bytes());
            }
            if let Some(filters) = oid_filters {
                w.extension(ExtensionType::OID_FILTERS, |w| w.bytes(filters));
            }
        };
        match self.role {
            Role::Server => write_certificate_request(&mut w, &context, extensions),
            Role::Client => write_client_certificate_request(&mut w, &context, extensions),
        }
        let len = written(w, Misuse::UnfitExtension)?;
        let request = out.get(..len).unwrap_or_default();
        let mut transcript = self.keys_of(self.role.peer()).transcript();
        transcript.update(request);
        let mut of_our_role = self.keys_of(self.role).transcript();
        of_our_role.update(request);
        if let Some(place) = self.open.get_mut(place) {
            *place = Some(OpenRequest { number, transcript, of_our_role });
        }
        self.contexts.count();
        table::check(self.role, State::Idle, Cause::Call(request_of(self.role)), State::WaitAuthenticator);
        Ok((RequestId(number), len))
    }

    /// Cancels a request of ours: a later answer is refused.
    ///
    /// # Errors
    /// [`Misuse::NotNow`]: the request is not open.
    pub fn cancel(&mut self, request: RequestId) -> Result<(), Misuse> {
        self.take(request.0).map(drop).ok_or(Misuse::NotNow)?;
        table::check(self.role, State::WaitAuthenticator, Cause::Call(&[]), State::Done);
        Ok(())
    }

    /// Our open requests.
    pub fn open_requests(&self) -> impl Iterator<Item = RequestId> {
        self.open.iter().flatten().map(|open| RequestId(open.number))
    }

    /// Processes a message of the peer: a request, an authenticator, or an empty authenticator. `message` must have nothing
    /// before or after it.
    ///
    /// # Errors
    /// The message is invalid. Nothing has changed: requests stay open.
    pub fn receive<'m>(&mut self, message: &'m [u8]) -> Result<Received<'m>, Error> {
        self.judge(message).map_err(|kind| self.error(kind))
    }

    fn judge<'m>(&mut self, bytes: &'m [u8]) -> Result<Received<'m>, ErrorKind> {
        let (first, rest) = self.next_message(HandshakeType::CERTIFICATE, bytes, bytes.len())?;
        match (self.role, first.typ) {
            (_, HandshakeType::CERTIFICATE) => self.authenticator(first, rest).map(Received::Claim),
            (_, HandshakeType::FINISHED) => {
                end(first, rest)?;
                self.empty_authenticator(first).map(Received::Declined)
            }
            (Role::Client, HandshakeType::CERTIFICATE_REQUEST)
            | (Role::Server, HandshakeType::CLIENT_CERTIFICATE_REQUEST) => {
                end(first, rest)?;
                self.asked(first).map(Received::Request)
            }
            (_, message) => Err(ErrorKind::UnexpectedMessage { message }),
        }
    }

    /// Splits the next message from `bytes`. Without one, the error names `missing`. `whole`: the length of all messages.
    fn next_message<'m>(
        &self,
        missing: HandshakeType,
        bytes: &'m [u8],
        whole: usize,
    ) -> Result<(Message<'m>, &'m [u8]), ErrorKind> {
        let policy = self.policy.borrow();
        let (typ, len) = crate::codec::header(bytes).ok_or(truncated(missing))?;
        for (length, limit) in [(len, policy.max_message), (whole, policy.max_flight)] {
            if length > limit {
                return Err(ErrorKind::message_too_long(typ, length, limit));
            }
        }
        Message::split(bytes).ok_or(truncated(typ))
    }

    /// A request of the peer (RFC 9261 §4).
    fn asked<'m>(&mut self, message: Message<'m>) -> Result<Proving<'m>, ErrorKind> {
        let place = match self.role {
            Role::Client => Place::CertificateRequest,
            Role::Server => Place::ClientCertificateRequest,
        };
        let request = CertificateRequest::parse(message.body).map_err(malformed(message.typ))?;
        let extensions = check_extensions(&request.extensions, place)?;
        let preferences = PeerPreferences::of_request(&extensions)?;
        let context = request.certificate_request_context;
        if self.contexts.number(context).is_some() || self.contexts.is_used(context) {
            return Err(ErrorKind::ReusedContext);
        }
        self.contexts.note_request(context);
        let mut transcript = self.keys_of(self.role).transcript();
        transcript.update(message.raw);
        table::check(self.role, State::Idle, Cause::Receive(request_of(self.role.peer())), State::AskCredential);
        Ok(Proving::new(self.stamp, Some(extensions), preferences, context, transcript))
    }

    fn take(&mut self, number: u64) -> Option<OpenRequest> {
        let mut slots = self.open.iter_mut();
        slots.find(|slot| slot.as_ref().is_some_and(|open| open.number == number))?.take()
    }

    fn keys_of(&self, sender: Role) -> &AuthenticatorKeys {
        match sender {
            Role::Client => &self.keys.client,
            Role::Server => &self.keys.server,
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, role: self.role, state: role::State::Connected, alerts: false }
    }
}

/// The message with which this role asks.
fn request_of(role: Role) -> &'static [HandshakeType] {
    match role {
        Role::Client => &[HandshakeType::CLIENT_CERTIFICATE_REQUEST],
        Role::Server => &[HandshakeType::CERTIFICATE_REQUEST],
    }
}

/// The certificate_request_context of a request or an authenticator. `None`: it is an empty authenticator, or another
/// message.
pub fn context(message: &[u8]) -> Option<&[u8]> {
    let (message, _) = Message::split(message)?;
    match message.typ {
        HandshakeType::CERTIFICATE | HandshakeType::CERTIFICATE_REQUEST | HandshakeType::CLIENT_CERTIFICATE_REQUEST => {
            crate::codec::Reader::new(message.body).vec_u8().ok()
        }
        _ => None,
    }
}

/// Checks that nothing follows.
fn end(last: Message<'_>, rest: &[u8]) -> Result<(), ErrorKind> {
    let trailing = ErrorKind::Malformed { message: last.typ, what: Malformed::TrailingBytes };
    if rest.is_empty() { Ok(()) } else { Err(trailing) }
}

fn truncated(message: HandshakeType) -> ErrorKind {
    ErrorKind::Malformed { message, what: Malformed::Truncated }
}

/// The length of what was written, or `NoRoom`. `too_long`: the error if TLS cannot carry it.
fn written(w: Writer<'_>, too_long: Misuse) -> Result<usize, Misuse> {
    w.finish().map_err(|error| match error {
        NotWritten::NoRoom { needed } => Misuse::NoRoom { needed },
        NotWritten::TooLong { .. } => too_long,
    })
}
