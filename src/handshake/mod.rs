//! The handshake and its driver, for messages in records and messages without records.

mod carrier;
mod driver;
mod log;
mod memory_needed;
mod messages;
mod records;
mod want;

pub use carrier::{AnyInbox, AnyOutbox, Carrier};
pub use log::{Event, Transition};
pub use messages::{ExposedSecret, Messages};
pub use records::Records;
pub use want::{Question, Step, Want};

use crate::codec::{AlertDescription, CipherSuite, ExtensionType, NamedGroup, SignatureScheme};
use crate::crypto::Suite;
use crate::engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Engine, ServerName};
use crate::error::{Error, ErrorKind, Misuse};
use crate::flight::Flight;
use crate::policy::{Bytes, Policy};
use crate::role::{Epoch, Role, State};
use crate::schedule::Pair;
use crate::seed::Seed;
use crate::session::{Attached, Exporter, Session, SessionInfo};
use carrier::Carry;
use core::borrow::Borrow;
use driver::Driver;
use rustls_pki_types::UnixTime;

/// A mutual TLS 1.3 handshake, as client or server.
///
/// It does nothing by itself: [`drive`](Self::drive) returns what it wants, and the caller provides it and drives
/// again. `P` is the policy: `Policy`, `&'static Policy`, `Arc<Policy>`. `C` is the carrier of the messages:
/// [`Records`] over a stream; for [`Messages`] see [`Flow`].
pub struct Handshake<P, C = Records> {
    policy: P,
    driver: Driver<C>,
    attached: Attached,
}

/// A mutual TLS 1.3 handshake by messages instead of records, for transports that protect handshake bytes themselves,
/// as QUIC does (RFC 9001). Driven like any [`Handshake`], with [`FlowInbox`](crate::flow::FlowInbox) and
/// [`FlowOutbox`](crate::flow::FlowOutbox).
///
/// Sent and received bytes have an [`Epoch`]. No alert is written: the transport must convey the alert of the error
/// ([`Error::alert`]). Feed messages after the handshake to the inbox too, and call [`drive`](Handshake::drive): it
/// checks and drops a NewSessionTicket, and refuses a KeyUpdate, since such transports update their keys themselves.
///
/// ```
/// use countersign::flow::{Flow, FlowInbox, FlowOutbox, FlowSession};
/// # #[cfg(feature = "x509")]
/// use countersign::x509::Answerer;
/// use countersign::{Alert, Epoch, Policy, Want};
///
/// /// The transport. (QUIC: CRYPTO frames in Initial, Handshake and 1-RTT packets.)
/// trait Transport {
///     fn send(&mut self, epoch: Epoch, bytes: &[u8]);
///     /// The next bytes of the peer, in order, and the epoch of their keys.
///     fn receive(&mut self) -> (Epoch, Vec<u8>);
///     fn close(&mut self, alert: Option<Alert>);
/// }
///
/// # #[cfg(feature = "x509")]
/// fn shake_hands(
///     flow: &mut Flow<Policy>,
///     answerer: &mut Answerer,
///     transport: &mut impl Transport,
///     (rx, tx): (&mut FlowInbox<Vec<u8>>, &mut FlowOutbox<Vec<u8>>),
/// ) -> Result<FlowSession, Box<dyn std::error::Error>> {
///     let (mut epoch, mut bytes) = (Epoch::Plaintext, Vec::new());
///     loop {
///         match flow.drive(rx, tx) {
///             Ok(Want::Write) => {
///                 while let Some((epoch, bytes)) = tx.pending() {
///                     transport.send(epoch, bytes);
///                     let n = bytes.len();
///                     tx.sent(n);
///                 }
///             }
///             Ok(Want::Read) => {
///                 if bytes.is_empty() {
///                     (epoch, bytes) = transport.receive();
///                 }
///                 let n = rx.feed(epoch, &bytes); // feed the rest after the next drive
///                 bytes.drain(..n);
///             }
///             Ok(Want::Done) => return Ok(flow.finish()?),
///             Ok(question) => drop(answerer.answer(flow, &question, rx, tx)?),
///             Err(error) => {
///                 transport.close(error.alert());
///                 return Err(error.into());
///             }
///         }
///         // flow.handshake_secrets() has the secrets of Epoch::Handshake as soon as they exist.
///     }
/// }
/// ```
pub type Flow<P> = Handshake<P, Messages>;

impl<P: Borrow<Policy>, C: Carrier> Handshake<P, C> {
    /// A client's handshake with the server of this name: a DNS name, which is sent as server_name, or an IP address,
    /// which is not (RFC 6066 §3). The handshake does not compare the name with the certificate: that is for the
    /// verdict.
    ///
    /// # Errors
    /// [`Misuse::InvalidServerName`], [`Misuse::NoRandomness`] (this generates the key shares).
    pub fn client(policy: P, server_name: Option<&str>, seed: Seed) -> Result<Self, Misuse> {
        let server_name = match server_name {
            Some(name) => ServerName::new(name).ok_or(Misuse::InvalidServerName)?,
            None => ServerName::NONE,
        };
        let compatible = C::middlebox_compatibility(policy.borrow());
        let engine =
            Engine::client(policy.borrow(), server_name, seed, compatible).map_err(|_| Misuse::NoRandomness)?;
        Ok(Handshake::new(policy, engine))
    }

    /// A server's handshake.
    pub fn server(policy: P, seed: Seed) -> Self {
        Handshake::new(policy, Engine::server(seed))
    }

    fn new(policy: P, engine: Engine) -> Self {
        Handshake { driver: Driver::new(engine, policy.borrow()), policy, attached: Attached::default() }
    }

    /// Adds an opaque extension, for protocols with parameters in an extension (QUIC: RFC 9001 §8.2). A client sends
    /// it in ClientHello. A server sends it in EncryptedExtensions if the client has sent the same type.
    /// [`peer_extension`](Self::peer_extension) is the peer's.
    ///
    /// ```
    /// # use countersign::{Bytes, ExtensionType, Misuse, Policy, Seed, flow::Flow};
    /// # fn new(seed: Seed, parameters: &'static [u8]) -> Result<Flow<Policy>, Misuse> {
    /// Flow::client(Policy::new(), Some("server.test"), seed)?
    ///     .with_extension(ExtensionType::QUIC_TRANSPORT_PARAMETERS, Bytes::Static(parameters))
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Misuse::UnfitExtension`]: the handshake uses this type itself, or the body is longer than
    /// [`MAX_EXTENSION`](crate::limits::MAX_EXTENSION). [`Misuse::NotNow`]: the handshake has begun.
    pub fn with_extension(mut self, extension: ExtensionType, body: Bytes) -> Result<Self, Misuse> {
        if self.transitions().next().is_some() {
            return Err(Misuse::NotNow);
        }
        if self.driver.engine.set_extension(extension, body) { Ok(self) } else { Err(Misuse::UnfitExtension) }
    }

    /// Makes all transitions that are possible, and returns what the handshake wants next. Provide it and call again.
    ///
    /// # Errors
    /// After a fatal error the alert for the peer is in `tx`: send it, then close. Every later call returns the same
    /// error. [`ErrorKind::InboxTooSmall`] and [`ErrorKind::OutboxTooSmall`] are not fatal: move to larger memory and
    /// call again.
    pub fn drive<R: AnyInbox<Carrier = C>, T: AnyOutbox<Carrier = C>>(
        &mut self,
        rx: &mut R,
        tx: &mut T,
    ) -> Result<Want, Error> {
        loop {
            if let Step::Want(want) = self.driver.step(self.policy.borrow(), &mut rx.rx(), &mut tx.tx(), false)? {
                return Ok(want);
            }
        }
    }

    /// Makes one transition, or returns what the next one needs, to watch the handshake.
    ///
    /// # Errors
    /// Those of [`drive`](Self::drive).
    pub fn step<R: AnyInbox<Carrier = C>, T: AnyOutbox<Carrier = C>>(
        &mut self,
        rx: &mut R,
        tx: &mut T,
    ) -> Result<Step, Error> {
        self.driver.step(self.policy.borrow(), &mut rx.rx(), &mut tx.tx(), true)
    }

    /// Answers [`Want::Credential`]. The credential is not kept.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. If no scheme fits the credential's key, the next [`drive`](Self::drive) returns
    /// the error.
    pub fn answer_credential<T: AnyOutbox<Carrier = C>>(
        &mut self,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut T,
    ) -> Result<(), Misuse> {
        self.driver.answer_credential(self.policy.borrow(), question, credential, &mut tx.tx())
    }

    /// Answers [`Want::Sign`]. The signature is sent unchecked: the peer verifies it.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_sign<T: AnyOutbox<Carrier = C>>(
        &mut self,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut T,
    ) -> Result<(), Misuse> {
        self.driver.answer_sign(self.policy.borrow(), question, signature, &mut tx.tx())
    }

    /// Answers [`Want::Verify`]. After a refusal the next [`drive`](Self::drive) returns the error, and the alert is in
    /// `tx`.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_verify(&mut self, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Misuse> {
        self.driver.answer_verify(self.policy.borrow(), question, verdict)
    }

    /// Declines a question, because the signer failed or there is no credential. The next [`drive`](Self::drive)
    /// returns the error, and this alert is in `tx`.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn decline<'q>(&mut self, question: impl Into<Question<'q>>, alert: AlertDescription) -> Result<(), Misuse> {
        self.driver.decline(question.into(), alert)
    }

    /// Cancels the handshake: user_canceled and close_notify are in `tx`, and every later call returns
    /// [`ErrorKind::Cancelled`]. Does nothing after an error.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`].
    pub fn cancel<T: AnyOutbox<Carrier = C>>(&mut self, tx: &mut T) -> Result<(), Misuse> {
        let alerts = [AlertDescription::USER_CANCELED, AlertDescription::CLOSE_NOTIFY];
        self.driver.give_up(ErrorKind::Cancelled, &alerts, &mut tx.tx())
    }

    /// Ends the handshake with this alert. After user_canceled it also sends close_notify (RFC 9846 §6.1). Does nothing
    /// after an error.
    ///
    /// # Errors
    /// [`Misuse::ForeignOutbox`].
    pub fn abort<T: AnyOutbox<Carrier = C>>(&mut self, alert: AlertDescription, tx: &mut T) -> Result<(), Misuse> {
        let alerts = [alert, AlertDescription::CLOSE_NOTIFY];
        let alerts = if alert == AlertDescription::USER_CANCELED { &alerts[..] } else { &alerts[..1] };
        self.driver.give_up(ErrorKind::Aborted { alert }, alerts, &mut tx.tx())
    }

    /// What the peer accepts and requests, while [`Want::Credential`] is open.
    ///
    /// # Errors
    /// [`Misuse::ForeignInbox`], [`Misuse::NotNow`].
    pub fn offer<'a, R: AnyInbox<Carrier = C>>(&'a self, rx: &'a R) -> Result<Offer<'a>, Misuse> {
        Offer::read(self.flight(rx)?, self.driver.engine.negotiated(), self.role()).ok_or(Misuse::NotNow)
    }

    /// The peer's certificates, from [`Want::Verify`] until the last question has been answered, and after an error.
    ///
    /// # Errors
    /// [`Misuse::ForeignInbox`], [`Misuse::NotNow`].
    pub fn peer<'a, R: AnyInbox<Carrier = C>>(&'a self, rx: &'a R) -> Result<Peer<'a>, Misuse> {
        self.driver.engine.peer(self.flight(rx)?).ok_or(Misuse::NotNow)
    }

    /// The body of the peer's opaque extension, of the type given to [`with_extension`](Self::with_extension). It is
    /// available up to the first question, while the message with it is retained.
    ///
    /// # Errors
    /// [`Misuse::ForeignInbox`], [`Misuse::NotNow`].
    pub fn peer_extension<'a, R: AnyInbox<Carrier = C>>(&'a self, rx: &'a R) -> Result<&'a [u8], Misuse> {
        self.driver.engine.peer_extension(self.flight(rx)?).ok_or(Misuse::NotNow)
    }

    /// The peer's messages in this connection's inbox.
    fn flight<'a, R: AnyInbox<Carrier = C>>(&self, rx: &'a R) -> Result<Flight<'a>, Misuse> {
        let (flight, stamp) = rx.held();
        if stamp == Some(self.driver.stamp()) { Ok(flight) } else { Err(Misuse::ForeignInbox) }
    }

    /// Our role.
    pub fn role(&self) -> Role {
        self.driver.engine.role()
    }

    /// What the handshake waits for; after an error, what it waited for.
    pub fn state(&self) -> State {
        self.driver.log.state()
    }

    /// The last transitions, at most 16, oldest first.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> + '_ {
        self.driver.log.iter()
    }

    /// The cipher suite, once it is negotiated.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.driver.engine.negotiated().suite.map(Suite::number)
    }

    /// The key exchange group, once it is negotiated.
    pub fn group(&self) -> Option<NamedGroup> {
        self.driver.engine.negotiated().group
    }

    /// Whether there was a HelloRetryRequest.
    pub fn retried(&self) -> bool {
        self.driver.engine.negotiated().retried
    }

    /// The negotiated application protocol (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.driver.engine.negotiated().protocol(self.policy.borrow())
    }

    /// The name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.driver.engine.negotiated().server_name.as_str()
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn peer_scheme(&self) -> Option<SignatureScheme> {
        self.driver.engine.negotiated().peer_scheme()
    }

    /// The scheme of our CertificateVerify.
    pub fn own_scheme(&self) -> Option<SignatureScheme> {
        self.driver.engine.negotiated().own_scheme()
    }

    /// client_random, which identifies the connection in a key log.
    pub fn client_random(&self) -> &[u8; 32] {
        &self.driver.engine.negotiated().client_random
    }

    /// Attaches a value to the connection for [`SessionInfo::attached`], such as the result of a verdict. It replaces
    /// an earlier one.
    #[cfg(feature = "alloc")]
    pub fn attach(&mut self, value: alloc::sync::Arc<dyn core::any::Any + Send + Sync>) {
        self.attached.value = Some(value);
    }

    /// The negotiated parameters for the session.
    fn info(&self, made_at: Option<UnixTime>) -> Result<SessionInfo, Misuse> {
        let (negotiated, attached) = (self.driver.engine.negotiated(), self.attached.clone());
        SessionInfo::new(self.role(), negotiated, self.policy.borrow(), made_at, attached).ok_or(Misuse::NotNow)
    }

    /// Shows the traffic secrets of the current state, each with its name in key logs. Whoever has them can read
    /// everything: use it for debugging only. Call it at [`Want::Sign`], [`Want::Verify`] and [`Want::Done`].
    pub fn expose_secrets(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        self.driver.engine.expose(show);
    }
}

impl<P: Borrow<Policy>> Handshake<P, Records> {
    /// Returns the session after [`Want::Done`]. Continue with the same inbox and outbox.
    ///
    /// # Errors
    /// [`Misuse::NotNow`] before that, and for a second call.
    pub fn finish(&mut self) -> Result<Session, Misuse> {
        self.finish_with(None)
    }

    /// The same with the current time for [`SessionInfo::made_at`].
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_at(&mut self, now: UnixTime) -> Result<Session, Misuse> {
        self.finish_with(Some(now))
    }

    fn finish_with(&mut self, made_at: Option<UnixTime>) -> Result<Session, Misuse> {
        let info = self.info(made_at)?;
        let connected = self.driver.take_connected(false)?;
        let Records { read, write } = &mut self.driver.carrier;
        let (read, write) = (read.take(), write.take());
        self.driver.hand_over();
        Ok(Session::new(info, self.policy.borrow(), self.driver.stamp(), connected, read, write))
    }
}

/// The result of a handshake by messages. If [`drive`](Handshake::drive) returns an error afterwards, the connection
/// has failed: drop this, so that its secrets are forgotten (RFC 9846 §6).
pub struct FlowSession {
    /// The cipher suite.
    pub suite: Suite,
    /// client_ and server_application_traffic_secret_0.
    pub secrets: Pair<ExposedSecret>,
    /// Exports keying material.
    pub exporter: Exporter,
    /// The negotiated parameters.
    pub info: SessionInfo,
}

impl<P: Borrow<Policy>> Handshake<P, Messages> {
    /// The epoch of the peer's next bytes.
    pub fn read_epoch(&self) -> Epoch {
        self.driver.carrier.read_epoch()
    }

    /// client_ and server_handshake_traffic_secret with their suite, as soon as both exist and until the connection
    /// fails.
    pub fn handshake_secrets(&self) -> Option<(Suite, Pair<&ExposedSecret>)> {
        let (own, peer) = (self.driver.carrier.own.as_ref()?, self.driver.carrier.peer.as_ref()?);
        let pair = match self.role() {
            Role::Client => Pair { client: own, server: peer },
            Role::Server => Pair { client: peer, server: own },
        };
        Some((self.driver.engine.negotiated().suite?, pair))
    }

    /// Returns the secrets of the session: for a server after [`Want::Done`], for a client as soon as it has signed
    /// (its outbox must still be conveyed). The two application secrets come together, and only after both sides have
    /// been accepted. This is too late for 0.5-RTT data, but never too early.
    ///
    /// # Errors
    /// [`Misuse::NotNow`] before that, and for a second call.
    pub fn finish(&mut self) -> Result<FlowSession, Misuse> {
        self.finish_with(None)
    }

    /// The same with the current time for [`SessionInfo::made_at`].
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_at(&mut self, now: UnixTime) -> Result<FlowSession, Misuse> {
        self.finish_with(Some(now))
    }

    fn finish_with(&mut self, made_at: Option<UnixTime>) -> Result<FlowSession, Misuse> {
        let info = self.info(made_at)?;
        let connected = self.driver.take_connected(self.role() == Role::Client)?;
        let Pair { client, server } = &connected.secrets;
        let secrets = Pair { client: ExposedSecret::new(client.expose()), server: ExposedSecret::new(server.expose()) };
        Ok(FlowSession { suite: connected.suite, secrets, exporter: Exporter::new(connected.exporter), info })
    }
}
