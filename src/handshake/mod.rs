//! The handshake over records: engine and record layer put together, as the loop that the caller drives.

mod driver;
mod log;
mod records;

pub use log::{Event, Transition};

use crate::codec::{AlertDescription, CipherSuite, NamedGroup, SignatureScheme};
use crate::crypto::Suite;
use crate::engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Engine, Need, ServerName};
use crate::error::{Error, ErrorKind, Misuse};
use crate::memory::Memory;
use crate::policy::Policy;
use crate::record::{Inbox, Outbox, WriteProtection};
use crate::role::{Role, State};
use crate::seed::Seed;
use crate::session::Session;
use core::borrow::Borrow;
use driver::Driver;

/// What the handshake wants from its host: the six things that it can want, in either role.
///
/// A want is *level-triggered*: until it is met, [`Handshake::drive`] returns it again, so a lost one does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send [`Outbox::pending`], say [`Outbox::sent`].
    Write,
    /// Read into [`Inbox::space`], say [`Inbox::filled`].
    Read,
    /// Which certificate shall we show? Answer with [`Handshake::answer_credential`]; [`Handshake::offer`] tells what the peer accepts.
    Credential(CredentialQuestion),
    /// Sign this. Answer with [`Handshake::answer_sign`].
    Sign(SignQuestion),
    /// Is the peer who it must be? Answer with [`Handshake::answer_verify`]; [`Handshake::peer`] shows its certificates.
    Verify(VerifyQuestion),
    /// Both sides have proved themselves: take the session with [`Handshake::finish`].
    Done,
}

/// What one [`Handshake::step`] brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// One transition; step again.
    Did(Transition),
    /// No transition without the caller.
    Want(Want),
}

/// Any of the three questions, to [`Handshake::decline`].
#[derive(Clone, Copy, Debug)]
pub enum Question<'a> {
    /// Which certificate?
    Credential(&'a CredentialQuestion),
    /// Which signature?
    Sign(&'a SignQuestion),
    /// Which verdict?
    Verify(&'a VerifyQuestion),
}

impl<'a> From<&'a CredentialQuestion> for Question<'a> {
    fn from(question: &'a CredentialQuestion) -> Self {
        Question::Credential(question)
    }
}

impl<'a> From<&'a SignQuestion> for Question<'a> {
    fn from(question: &'a SignQuestion) -> Self {
        Question::Sign(question)
    }
}

impl<'a> From<&'a VerifyQuestion> for Question<'a> {
    fn from(question: &'a VerifyQuestion) -> Self {
        Question::Verify(question)
    }
}

impl Question<'_> {
    pub(crate) fn is(&self, need: &Need) -> bool {
        match (self, need) {
            (Question::Credential(question), Need::Credential(open)) => *question == open,
            (Question::Sign(question), Need::Sign(open)) => *question == open,
            (Question::Verify(question), Need::Verify(open)) => *question == open,
            _ => false,
        }
    }
}

/// A mutual TLS 1.3 handshake, as client or server.
///
/// It does nothing by itself: [`drive`](Self::drive) says what it wants, the caller provides and drives again. `P` is
/// how the policy is held: `Policy`, `&'static Policy`, `Arc<Policy>`.
pub struct Handshake<P> {
    policy: P,
    driver: Driver,
}

impl<P: Borrow<Policy>> Handshake<P> {
    /// A client's handshake with a server of this name: a DNS name, which is sent as server_name, or an IP address,
    /// which is not (RFC 6066 §3). The machine does not compare the name with the certificate: that is the verdict's part.
    ///
    /// # Errors
    /// [`Misuse::InvalidServerName`], [`Misuse::NoRandomness`] (key shares are drawn here).
    pub fn client(policy: P, server_name: Option<&str>, seed: Seed) -> Result<Self, Misuse> {
        let server_name = match server_name {
            Some(name) => ServerName::new(name).ok_or(Misuse::InvalidServerName)?,
            None => ServerName::NONE,
        };
        let compatible = policy.borrow().middlebox_compatibility;
        let engine =
            Engine::client(policy.borrow(), server_name, seed, compatible).map_err(|_| Misuse::NoRandomness)?;
        Ok(Self::new(policy, engine, WriteProtection::client()))
    }

    /// A server's handshake.
    pub fn server(policy: P, seed: Seed) -> Self {
        Self::new(policy, Engine::server(seed), WriteProtection::server())
    }

    fn new(policy: P, engine: Engine, mut write: WriteProtection) -> Self {
        write.set_max_fragment(policy.borrow().max_fragment);
        Handshake { policy, driver: Driver::new(engine, write) }
    }

    /// Goes on until the caller is wanted, and says for what. Call it again after each want has been met.
    ///
    /// # Errors
    /// After a fatal error the alert for the peer lies in `tx`: send it, then close. Every later call returns the same
    /// error. [`ErrorKind::InboxTooSmall`] and [`ErrorKind::OutboxTooSmall`] are not fatal: move to larger memory and call again.
    pub fn drive<R: Memory, T: Memory>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Want, Error> {
        loop {
            if let Step::Want(want) = self.driver.step(self.policy.borrow(), &mut rx.view(), &mut tx.view(), false)? {
                return Ok(want);
            }
        }
    }

    /// One transition, or what is wanted for the next: for those who want to watch.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub fn step<R: Memory, T: Memory>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Step, Error> {
        self.driver.step(self.policy.borrow(), &mut rx.view(), &mut tx.view(), true)
    }

    /// The answer to [`Want::Credential`]. The credential is read here and not kept.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. If no scheme fits the credential's key, the next [`drive`](Self::drive) says so.
    pub fn answer_credential<T: Memory>(
        &mut self,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut Outbox<T>,
    ) -> Result<(), Misuse> {
        self.driver.answer_credential(self.policy.borrow(), question, credential, &mut tx.view())
    }

    /// The answer to [`Want::Sign`]. The signature is sent as it is: whether it is right, the peer will tell.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_sign<T: Memory>(
        &mut self,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut Outbox<T>,
    ) -> Result<(), Misuse> {
        self.driver.answer_sign(self.policy.borrow(), question, signature, &mut tx.view())
    }

    /// The answer to [`Want::Verify`]. After a refusal the next [`drive`](Self::drive) returns the error, and the alert
    /// lies in `tx`.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn answer_verify(&mut self, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Misuse> {
        self.driver.answer_verify(self.policy.borrow(), question, verdict)
    }

    /// No answer can be given to a question: the signer failed, there is no credential. The next
    /// [`drive`](Self::drive) returns the error, and this alert lies in `tx`.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing.
    pub fn decline<'q>(&mut self, question: impl Into<Question<'q>>, alert: AlertDescription) -> Result<(), Misuse> {
        self.driver.decline(self.policy.borrow(), question.into(), alert)
    }

    /// Gives up: user_canceled and close_notify lie in `tx`, every later call says [`ErrorKind::Cancelled`]. Does nothing
    /// after an error.
    pub fn cancel<T: Memory>(&mut self, tx: &mut Outbox<T>) {
        let alerts = [AlertDescription::USER_CANCELED, AlertDescription::CLOSE_NOTIFY];
        self.driver.end_with(self.policy.borrow(), ErrorKind::Cancelled, &alerts, &mut tx.view());
    }

    /// Gives up with an alert of the caller's choice. Does nothing after an error.
    pub fn abort<T: Memory>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) {
        self.driver.end_with(self.policy.borrow(), ErrorKind::Aborted { alert }, &[alert], &mut tx.view());
    }

    /// Takes the session, after [`Want::Done`]; inbox and outbox go on with it.
    ///
    /// # Errors
    /// [`Misuse::NotNow`] before that, or the second time.
    pub fn finish(&mut self) -> Result<Session, Misuse> {
        self.driver.finish(self.policy.borrow())
    }

    /// What the peer says about the certificate that it wants to see, while [`Want::Credential`] is open.
    ///
    /// # Errors
    /// [`Misuse::ForeignInbox`], [`Misuse::NotNow`].
    pub fn offer<'a, R: Memory>(&'a self, rx: &'a Inbox<R>) -> Result<Offer<'a>, Misuse> {
        self.driver.check_stamp(rx.stamp())?;
        Offer::read(rx.flight(), self.driver.engine.negotiated(), self.role()).ok_or(Misuse::NotNow)
    }

    /// The peer's certificates, from [`Want::Verify`] on until the last question has been answered, and after an error.
    ///
    /// # Errors
    /// [`Misuse::ForeignInbox`], [`Misuse::NotNow`].
    pub fn peer<'a, R: Memory>(&'a self, rx: &'a Inbox<R>) -> Result<Peer<'a>, Misuse> {
        self.driver.check_stamp(rx.stamp())?;
        self.driver.engine.peer(rx.flight()).ok_or(Misuse::NotNow)
    }

    /// Our role.
    pub fn role(&self) -> Role {
        self.driver.engine.role()
    }

    /// What the handshake awaits; after an error, what it awaited then.
    pub fn state(&self) -> State {
        self.driver.log.state()
    }

    /// The last transitions, oldest first; at most 16.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> + '_ {
        self.driver.log.iter()
    }

    /// The cipher suite, once it is agreed on.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.driver.engine.negotiated().suite.map(Suite::number)
    }

    /// The key exchange group, once it is agreed on.
    pub fn group(&self) -> Option<NamedGroup> {
        self.driver.engine.negotiated().group
    }

    /// Whether there was a HelloRetryRequest.
    pub fn retried(&self) -> bool {
        self.driver.engine.negotiated().retried
    }

    /// The application protocol that was agreed on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.driver.engine.negotiated().protocol(self.policy.borrow())
    }

    /// The name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.driver.engine.negotiated().server_name.as_str()
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn peer_scheme(&self) -> Option<SignatureScheme> {
        self.driver.engine.negotiated().peer_scheme
    }

    /// The scheme of our CertificateVerify.
    pub fn own_scheme(&self) -> Option<SignatureScheme> {
        self.driver.engine.negotiated().own_scheme
    }

    /// client_random, by which a key log names the connection.
    pub fn client_random(&self) -> &[u8; 32] {
        &self.driver.engine.negotiated().client_random
    }

    /// Shows the traffic secrets that the present state holds, each under its name in the key log format. Whoever has
    /// them reads everything: for debugging only. Call it at [`Want::Sign`], [`Want::Verify`] and [`Want::Done`].
    pub fn expose_secrets(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        self.driver.engine.expose(show);
    }
}
