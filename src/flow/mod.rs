//! The handshake without records, for transports that protect handshake bytes themselves, as QUIC does (RFC 9001).
//!
//! The same engine and the same questions as [`crate::Handshake`]; messages instead of records. What is sent belongs to
//! an [`Epoch`], and what is received must be said to. Handshake secrets are there as soon as they exist
//! ([`Flow::handshake_secrets`]); application secrets only as a pair, and only after both sides have been accepted
//! ([`Flow::finish`]): late for 0.5-RTT data, never early.

mod inbox;
mod outbox;

pub use inbox::FlowInbox;
pub use outbox::FlowOutbox;

use crate::codec::{AlertDescription, Message, Writer};
use crate::crypto::Suite;
use crate::engine::post_handshake::{self, PostHandshake};
use crate::engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Effects, Engine, Input, Need, Secret, ServerName};
use crate::error::{Error, ErrorKind, Misuse};
use crate::flight::Flight;
use crate::handshake::{Question, Want};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::role::{Epoch, Role, State};
use crate::schedule::Pair;
use crate::seed::Seed;
use crate::session::Exporter;
use core::borrow::Borrow;
use zeroize::Zeroizing;

/// A traffic secret that has been handed out: 32 or 48 bytes, wiped on drop.
pub struct ExposedSecret {
    bytes: Zeroizing<[u8; 48]>,
    len: usize,
}

impl ExposedSecret {
    fn new(secret: &[u8]) -> ExposedSecret {
        let mut bytes = Zeroizing::new([0; 48]);
        for (to, from) in bytes.iter_mut().zip(secret) {
            *to = *from;
        }
        ExposedSecret { bytes, len: secret.len() }
    }

    /// The secret. Whoever has it reads what is protected with it.
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What is left of a message-level handshake.
pub struct FlowSession {
    /// The suite whose AEAD and hash protect the data.
    pub suite: Suite,
    /// client_ and server_application_traffic_secret_0.
    pub secrets: Pair<ExposedSecret>,
    /// Keys for other uses.
    pub exporter: Exporter,
}

/// A mutual TLS 1.3 handshake by messages. Driven like [`crate::Handshake`]; errors carry the alert for the transport
/// to convey, and none is written.
pub struct Flow<P> {
    policy: P,
    engine: Engine,
    keys: Keys,
    refusal: Option<ErrorKind>,
    failed: Option<Error>,
    state: State,
}

/// The effects' keys, for the transport.
struct Keys {
    read_epoch: Epoch,
    write_epoch: Epoch,
    own: Option<ExposedSecret>,
    peer: Option<ExposedSecret>,
}

impl<P: Borrow<Policy>> Flow<P> {
    /// A client's handshake. See [`crate::Handshake::client`].
    ///
    /// # Errors
    /// [`Misuse::InvalidServerName`], [`Misuse::NoRandomness`].
    pub fn client(policy: P, server_name: Option<&str>, seed: Seed) -> Result<Self, Misuse> {
        let server_name = match server_name {
            Some(name) => ServerName::new(name).ok_or(Misuse::InvalidServerName)?,
            None => ServerName::NONE,
        };
        // There are no records to disguise (RFC 9001 §8.4).
        let engine = Engine::client(policy.borrow(), server_name, seed, false).map_err(|_| Misuse::NoRandomness)?;
        Ok(Self::new(policy, engine))
    }

    /// A server's handshake.
    pub fn server(policy: P, seed: Seed) -> Self {
        Self::new(policy, Engine::server(seed))
    }

    fn new(policy: P, engine: Engine) -> Self {
        let state = engine.state();
        let keys = Keys { read_epoch: Epoch::Plaintext, write_epoch: Epoch::Plaintext, own: None, peer: None };
        Flow { policy, engine, keys, refusal: None, failed: None, state }
    }

    /// Goes on until the caller is wanted. `Write`: convey [`FlowOutbox::pending`]. `Read`: give what comes to
    /// [`FlowInbox::feed`], of the epoch that [`Flow::read_epoch`] says.
    ///
    /// # Errors
    /// After a fatal error the transport conveys [`Error::alert`], for which it may need the handshake secrets: they stay
    /// until this value is dropped, which it should be then (RFC 9846 §6). Every later call returns the same error. [`ErrorKind::InboxTooSmall`] and
    /// [`ErrorKind::OutboxTooSmall`] are not fatal: move to larger memory and call again.
    pub fn drive<R: Memory, T: Memory>(
        &mut self,
        rx: &mut FlowInbox<R>,
        tx: &mut FlowOutbox<T>,
    ) -> Result<Want, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.try_drive(rx, tx).map_err(|kind| self.fail(kind))
    }

    fn try_drive<R: Memory, T: Memory>(
        &mut self,
        rx: &mut FlowInbox<R>,
        tx: &mut FlowOutbox<T>,
    ) -> Result<Want, ErrorKind> {
        loop {
            if let Some(refusal) = self.refusal {
                return Err(refusal);
            }
            let policy = self.policy.borrow();
            if !self.engine.retains(policy) {
                rx.release();
            }
            match self.engine.need(policy, rx.flight()) {
                Need::Send(len) => match tx.room_for(len) {
                    Err(_) if !tx.is_empty() => return Ok(Want::Write),
                    room => {
                        room?;
                        let mut effects = Messages { keys: &mut self.keys, unread: rx.has_unread(), tx };
                        self.engine.advance(policy, rx.flight(), Input::Room, &mut effects)?;
                    }
                },
                Need::ReadKey => {
                    let mut effects = Messages { keys: &mut self.keys, unread: rx.has_unread(), tx };
                    self.engine.advance(policy, rx.flight(), Input::Room, &mut effects)?;
                }
                Need::Message => {
                    if !self.receive(rx, tx)? {
                        if !tx.is_empty() {
                            return Ok(Want::Write);
                        }
                        rx.room_for(0)?; // R3: nothing is asked for that cannot be taken
                        return Ok(Want::Read);
                    }
                }
                Need::Credential(question) => return Ok(Want::Credential(question)),
                Need::Sign(question) => return Ok(Want::Sign(question)),
                Need::Verify(question) => return Ok(Want::Verify(question)),
                Need::Nothing if tx.is_empty() => return Ok(Want::Done),
                Need::Nothing => return Ok(Want::Write),
            }
            self.state = self.engine.state();
        }
    }

    /// Takes the peer's next message, if all of it is there.
    fn receive<R: Memory, T: Memory>(
        &mut self,
        rx: &mut FlowInbox<R>,
        tx: &mut FlowOutbox<T>,
    ) -> Result<bool, ErrorKind> {
        let policy = self.policy.borrow();
        rx.check_epoch(self.keys.read_epoch)?;
        let Some((typ, len)) = rx.message_header() else { return Ok(false) };
        let boundary = self.engine.accepts(typ)?;
        if len > policy.max_message || rx.retained_len().saturating_add(len) > policy.max_flight {
            return Err(ErrorKind::MessageTooLong { message: typ });
        }
        let Some(range) = rx.read_message(len)? else { return Ok(false) };
        if boundary && rx.has_unread() {
            return Err(ErrorKind::DataAcrossKeyChange);
        }
        let (message, _) = rx.flight().get(range).and_then(Message::split).ok_or(ErrorKind::Internal)?;
        let mut effects = Messages { keys: &mut self.keys, unread: rx.has_unread(), tx };
        self.engine.advance(policy, rx.flight(), Input::Message(message), &mut effects)?;
        Ok(true)
    }

    /// The answer to [`Want::Credential`].
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_credential<T: Memory>(
        &mut self,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut FlowOutbox<T>,
    ) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        if credential.chain.is_empty() || credential.certificate_type != self.engine.negotiated().own_type {
            return Err(Misuse::UnfitCredential);
        }
        let (plain, protected) = self.engine.present_len(self.policy.borrow(), credential);
        tx.room_for(plain.saturating_add(protected))?;
        self.answer(Input::Credential(credential), tx);
        Ok(())
    }

    /// The answer to [`Want::Sign`].
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_sign<T: Memory>(
        &mut self,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut FlowOutbox<T>,
    ) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        if signature.is_empty() || signature.len() > usize::from(u16::MAX) {
            return Err(Misuse::UnfitSignature);
        }
        tx.room_for(self.engine.sign_len(signature.len()))?;
        self.answer(Input::Signature(signature), tx);
        Ok(())
    }

    /// The answer to [`Want::Verify`].
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_verify(&mut self, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        match verdict {
            Verdict::Reject(reason) => self.refusal = Some(reason.into()),
            Verdict::Accept => self.answer(Input::Accepted, &mut FlowOutbox::new([])),
        }
        Ok(())
    }

    /// No answer can be given to a question.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn decline<'q>(&mut self, question: impl Into<Question<'q>>, alert: AlertDescription) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        self.refusal = Some(ErrorKind::Declined { alert });
        Ok(())
    }

    fn check_open(&mut self, question: Question<'_>) -> Result<(), Misuse> {
        let open = self.failed.is_none() && self.refusal.is_none();
        let need = self.engine.need(self.policy.borrow(), Flight::EMPTY);
        if open && question.is(&need) { Ok(()) } else { Err(Misuse::StaleQuestion) }
    }

    fn answer<T: Memory>(&mut self, input: Input<'_>, tx: &mut FlowOutbox<T>) {
        let mut effects = Messages { keys: &mut self.keys, unread: false, tx };
        match self.engine.advance(self.policy.borrow(), Flight::EMPTY, input, &mut effects) {
            Ok(()) => self.state = self.engine.state(),
            Err(kind) => self.refusal = Some(kind),
        }
    }

    fn fail(&mut self, kind: ErrorKind) -> Error {
        let error = Error { kind, role: self.role(), state: self.state, alerts: kind.alert().is_some() };
        if error.is_fatal() {
            self.failed = Some(error);
            self.engine.forget();
        }
        error
    }

    /// The keys under which the peer's next bytes come.
    pub fn read_epoch(&self) -> Epoch {
        self.keys.read_epoch
    }

    /// client_ and server_handshake_traffic_secret with their suite, once both exist.
    pub fn handshake_secrets(&self) -> Option<(Suite, Pair<&ExposedSecret>)> {
        let (own, peer) = (self.keys.own.as_ref()?, self.keys.peer.as_ref()?);
        let pair = match self.role() {
            Role::Client => Pair { client: own, server: peer },
            Role::Server => Pair { client: peer, server: own },
        };
        Some((self.engine.negotiated().suite?, pair))
    }

    /// The peer's opaque extension ([`Policy::extension`]), while the message that carried it is retained: up to the
    /// first question.
    pub fn peer_extension<'a, R: Memory>(&self, rx: &'a FlowInbox<R>) -> Option<&'a [u8]> {
        let (extension, _) = self.policy.borrow().extension.as_ref()?;
        self.engine.peer_extension(rx.flight(), *extension)
    }

    /// What the peer says about the certificate that it wants to see.
    ///
    /// # Errors
    /// [`Misuse::NotNow`].
    pub fn offer<'a, R: Memory>(&'a self, rx: &'a FlowInbox<R>) -> Result<Offer<'a>, Misuse> {
        Offer::read(rx.flight(), self.engine.negotiated(), self.role()).ok_or(Misuse::NotNow)
    }

    /// The peer's certificates.
    ///
    /// # Errors
    /// [`Misuse::NotNow`].
    pub fn peer<'a, R: Memory>(&'a self, rx: &'a FlowInbox<R>) -> Result<Peer<'a>, Misuse> {
        self.engine.peer(rx.flight()).ok_or(Misuse::NotNow)
    }

    /// Our role.
    pub fn role(&self) -> Role {
        self.engine.role()
    }

    /// What the handshake awaits; after an error, what it awaited then.
    pub fn state(&self) -> State {
        self.state
    }

    /// The application protocol that was agreed on.
    pub fn alpn(&self) -> Option<&[u8]> {
        self.engine.negotiated().protocol(self.policy.borrow())
    }

    /// Takes the session's secrets, after [`Want::Done`]. (A client has them as soon as it has signed; what lies in its
    /// outbox must be conveyed all the same.)
    ///
    /// # Errors
    /// [`Misuse::NotNow`].
    pub fn finish(&mut self) -> Result<FlowSession, Misuse> {
        let connected = self.engine.take_connected().ok_or(Misuse::NotNow)?;
        let Pair { client, server } = &connected.secrets;
        let secrets = Pair { client: ExposedSecret::new(client.expose()), server: ExposedSecret::new(server.expose()) };
        Ok(FlowSession { suite: connected.suite, secrets, exporter: Exporter::new(connected.exporter) })
    }

    /// Judges a handshake message that came after the handshake, as the bytes of one whole message. A NewSessionTicket
    /// is checked and dropped; KeyUpdate is refused, since such transports update keys by themselves (RFC 9001 §6).
    ///
    /// # Errors
    /// The peer's fault; the transport conveys the alert.
    pub fn after_handshake(&mut self, message: &[u8]) -> Result<(), Error> {
        let judged = || {
            let (message, rest) = Message::split(message).ok_or(ErrorKind::DataAcrossKeyChange)?;
            post_handshake::accepts(self.role(), message.typ)?;
            match post_handshake::judge(message)? {
                PostHandshake::Ticket if rest.is_empty() => Ok(()),
                _ => Err(ErrorKind::UnexpectedMessage { message: message.typ }),
            }
        };
        judged().map_err(|kind| self.fail(kind))
    }
}

/// The engine's effects as messages.
struct Messages<'a, T> {
    keys: &'a mut Keys,
    /// Whether something of the peer's is unread.
    unread: bool,
    tx: &'a mut FlowOutbox<T>,
}

impl<T: Memory> Effects for Messages<'_, T> {
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        self.tx.append(self.keys.write_epoch, write, seen)
    }

    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn write_key(&mut self, _: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        self.keys.write_epoch = match secret {
            Secret::Handshake(secret) => {
                self.keys.own = Some(ExposedSecret::new(secret.expose()));
                Epoch::Handshake
            }
            Secret::Application(_) => Epoch::Application,
        };
        Ok(())
    }

    fn read_key(&mut self, _: Suite, secret: Secret<'_>) -> Result<(), ErrorKind> {
        if self.unread {
            return Err(ErrorKind::DataAcrossKeyChange);
        }
        self.keys.read_epoch = match secret {
            Secret::Handshake(secret) => {
                self.keys.peer = Some(ExposedSecret::new(secret.expose()));
                Epoch::Handshake
            }
            Secret::Application(_) => Epoch::Application,
        };
        Ok(())
    }

    // Limits and early data are the transport's own affair.
    fn peer_record_size_limit(&mut self, _: u16) {}

    fn own_record_size_limit(&mut self, _: u16) {}

    fn skip_early_data(&mut self, _: bool) {}
}
