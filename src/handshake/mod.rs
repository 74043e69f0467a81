//! The handshake over records: engine and record layer put together, as the loop that the caller drives.

mod log;
mod records;

pub use log::{Event, Transition};

use crate::codec::{AlertDescription, CipherSuite, Message, NamedGroup, SignatureScheme};
use crate::crypto::Suite;
use crate::engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Engine, Input, Need, ServerName};
use crate::error::{Error, Kind, Slip};
use crate::flight::Flight;
use crate::policy::Policy;
use crate::record::{EarlyData, Expect, Inbox, InboxView, Opened, Outbox, OutboxView, ReadProtection, WriteProtection};
use crate::role::{Epoch, Role, State};
use crate::seed::Seed;
use crate::session::{self, Session};
use core::borrow::Borrow;
use log::Log;
use records::Records;

/// What the handshake wants from its host: the six things that it can want, in either role.
///
/// A want is *level-triggered*: until it is met, [`Handshake::drive`] returns it again, so a lost one does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Send [`Outbox::pending`], say [`Outbox::sent`].
    Write,
    /// Read into [`Inbox::space`], say [`Inbox::filled`].
    Read,
    /// Which certificate shall we show? Answer with [`Handshake::present`]; [`Handshake::offer`] tells what the peer accepts.
    Credential(CredentialQuestion),
    /// Sign this. Answer with [`Handshake::signature`].
    Sign(SignQuestion),
    /// Is the peer who it must be? Answer with [`Handshake::verdict`]; [`Handshake::peer`] shows its certificates.
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
    core: Core,
}

/// The handshake without its type parameter.
struct Core {
    engine: Engine,
    read: ReadProtection,
    write: WriteProtection,
    log: Log,
    course: Course,
    /// We have sent an alert or close_notify: nothing may follow.
    closed: bool,
    early_data: EarlyData,
    end: End,
}

/// Whether the handshake goes on.
enum Course {
    Open,
    /// Raised by the next `drive`: a refusal, or an answer that could not be used.
    Refused(Kind),
    Failed(Error),
}

/// What is still to be done once both sides have proved themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// The last bytes are on their way.
    Sending,
    /// `Want::Done` has been returned.
    Done,
}

impl<P: Borrow<Policy>> Handshake<P> {
    /// A client's handshake with a server of this name: a DNS name, which is sent as server_name, or an IP address,
    /// which is not (RFC 6066 §3). The machine does not compare the name with the certificate: that is the verdict's part.
    ///
    /// # Errors
    /// [`Slip::InvalidServerName`], [`Slip::NoRandomness`] (key shares are drawn here).
    pub fn client(policy: P, server_name: Option<&str>, seed: Seed) -> Result<Self, Slip> {
        let server_name = match server_name {
            Some(name) => ServerName::new(name).ok_or(Slip::InvalidServerName)?,
            None => ServerName::NONE,
        };
        let engine = Engine::client(policy.borrow(), server_name, seed).map_err(|_| Slip::NoRandomness)?;
        Ok(Self::new(policy, engine, WriteProtection::client()))
    }

    /// A server's handshake.
    pub fn server(policy: P, seed: Seed) -> Self {
        Self::new(policy, Engine::server(seed), WriteProtection::server())
    }

    fn new(policy: P, engine: Engine, mut write: WriteProtection) -> Self {
        write.set_max_fragment(policy.borrow().max_fragment);
        let state = engine.state();
        let core = Core {
            engine,
            read: ReadProtection::new(),
            write,
            log: Log::new(state),
            course: Course::Open,
            closed: false,
            early_data: EarlyData::None,
            end: End::NotYet,
        };
        Handshake { policy, core }
    }

    /// Goes on until the caller is wanted, and says for what. Call it again after each want has been met.
    ///
    /// # Errors
    /// After a fatal error the alert for the peer lies in `tx`: send it, then close. Every later call returns the same
    /// error. [`Kind::InboxTooSmall`] and [`Kind::OutboxTooSmall`] are not fatal: move to larger memory and call again.
    pub fn drive<R, T>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Want, Error>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
        T: AsRef<[u8]> + AsMut<[u8]>,
    {
        loop {
            if let Step::Want(want) = self.step(rx, tx)? {
                return Ok(want);
            }
        }
    }

    /// One transition, or what is wanted for the next: for those who want to watch.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub fn step<R, T>(&mut self, rx: &mut Inbox<R>, tx: &mut Outbox<T>) -> Result<Step, Error>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
        T: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.core.step(self.policy.borrow(), &mut rx.view(), &mut tx.view())
    }

    /// The answer to [`Want::Credential`]. The credential is read here and not kept.
    ///
    /// # Errors
    /// A [`Slip`] changes nothing. If no scheme fits the credential's key, the next [`drive`](Self::drive) says so.
    pub fn present<T>(
        &mut self,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut Outbox<T>,
    ) -> Result<(), Slip>
    where
        T: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.core.present(self.policy.borrow(), question, credential, &mut tx.view())
    }

    /// The answer to [`Want::Sign`]. The signature is sent as it is: whether it is right, the peer will tell.
    ///
    /// # Errors
    /// A [`Slip`] changes nothing.
    pub fn signature<T>(&mut self, question: &SignQuestion, signature: &[u8], tx: &mut Outbox<T>) -> Result<(), Slip>
    where
        T: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.core.signature(self.policy.borrow(), question, signature, &mut tx.view())
    }

    /// The answer to [`Want::Verify`]. After a refusal the next [`drive`](Self::drive) returns the error, and the alert
    /// lies in `tx`.
    ///
    /// # Errors
    /// A [`Slip`] changes nothing.
    pub fn verdict(&mut self, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Slip> {
        self.core.verdict(self.policy.borrow(), question, verdict)
    }

    /// No answer can be given to a question: the signer failed, there is no credential. The next
    /// [`drive`](Self::drive) returns the error, and this alert lies in `tx`.
    ///
    /// # Errors
    /// A [`Slip`] changes nothing.
    pub fn decline<'q>(&mut self, question: impl Into<Question<'q>>, alert: AlertDescription) -> Result<(), Slip> {
        self.core.decline(self.policy.borrow(), question.into(), alert)
    }

    /// Gives up: user_canceled and close_notify lie in `tx`, every later call says [`Kind::Cancelled`]. Does nothing
    /// after an error.
    pub fn cancel<T: AsRef<[u8]> + AsMut<[u8]>>(&mut self, tx: &mut Outbox<T>) {
        let alerts = [AlertDescription::USER_CANCELED, AlertDescription::CLOSE_NOTIFY];
        self.core.end_with(self.policy.borrow(), Kind::Cancelled, &alerts, &mut tx.view());
    }

    /// Gives up with an alert of the caller's choice. Does nothing after an error.
    pub fn abort<T: AsRef<[u8]> + AsMut<[u8]>>(&mut self, alert: AlertDescription, tx: &mut Outbox<T>) {
        self.core.end_with(self.policy.borrow(), Kind::Aborted { alert }, &[alert], &mut tx.view());
    }

    /// Takes the session, after [`Want::Done`]; inbox and outbox go on with it.
    ///
    /// # Errors
    /// [`Slip::NotNow`] before that, or the second time.
    pub fn finish(&mut self) -> Result<Session, Slip> {
        self.core.finish(self.policy.borrow())
    }

    /// What the peer says about the certificate that it wants to see, while [`Want::Credential`] is open.
    ///
    /// # Errors
    /// [`Slip::ForeignInbox`], [`Slip::NotNow`].
    pub fn offer<'a, R>(&'a self, rx: &'a Inbox<R>) -> Result<Offer<'a>, Slip>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.core.check_stamp(rx.stamp())?;
        Offer::read(rx.flight(), &self.core.engine.facts, self.role()).ok_or(Slip::NotNow)
    }

    /// The peer's certificates, from [`Want::Verify`] on until the last question has been answered, and after an error.
    ///
    /// # Errors
    /// [`Slip::ForeignInbox`], [`Slip::NotNow`].
    pub fn peer<'a, R>(&'a self, rx: &'a Inbox<R>) -> Result<Peer<'a>, Slip>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.core.check_stamp(rx.stamp())?;
        self.core.engine.peer(rx.flight()).ok_or(Slip::NotNow)
    }

    /// Our role.
    pub fn role(&self) -> Role {
        self.core.engine.role()
    }

    /// What the handshake awaits; after an error, what it awaited then.
    pub fn state(&self) -> State {
        self.core.log.state()
    }

    /// The last transitions, oldest first; at most 16.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> + '_ {
        self.core.log.iter()
    }

    /// The cipher suite, once it is agreed on.
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.core.engine.facts.suite.map(Suite::number)
    }

    /// The key exchange group, once it is agreed on.
    pub fn group(&self) -> Option<NamedGroup> {
        self.core.engine.facts.group
    }

    /// Whether there was a HelloRetryRequest.
    pub fn retried(&self) -> bool {
        self.core.engine.facts.retried
    }

    /// The application protocol that was agreed on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.core.engine.facts.protocol(self.policy.borrow())
    }

    /// The name that the client asked for.
    pub fn server_name(&self) -> Option<&str> {
        self.core.engine.facts.server_name.as_str()
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn peer_scheme(&self) -> Option<SignatureScheme> {
        self.core.engine.facts.peer_scheme
    }

    /// The scheme of our CertificateVerify.
    pub fn own_scheme(&self) -> Option<SignatureScheme> {
        self.core.engine.facts.own_scheme
    }

    /// client_random, by which a key log names the connection.
    pub fn client_random(&self) -> &[u8; 32] {
        &self.core.engine.facts.client_random
    }

    /// Shows the traffic secrets that the present state holds, each under its name in the key log format. Whoever has
    /// them reads everything: for debugging only. Call it at [`Want::Sign`], [`Want::Verify`] and [`Want::Done`].
    pub fn expose_secrets(&self, show: &mut dyn FnMut(&'static str, &[u8])) {
        self.core.engine.expose(show);
    }
}

impl Core {
    fn step(&mut self, policy: &Policy, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Step, Error> {
        if let Course::Failed(error) = self.course {
            return Err(error);
        }
        self.try_step(policy, rx, tx).map_err(|kind| self.fail(policy, kind, tx))
    }

    fn try_step(&mut self, policy: &Policy, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Step, Kind> {
        if !rx.belongs_to(self.engine.facts.stamp) {
            return Err(Kind::ForeignInbox);
        }
        loop {
            if let Some(transition) = self.log.next_unreported() {
                return Ok(Step::Did(transition));
            }
            if let Course::Refused(refusal) = self.course {
                return Err(refusal);
            }
            if !self.engine.retains(policy) {
                rx.release_all();
            }
            let want = match self.engine.need(policy, rx.flight()) {
                Need::Send(len) => {
                    let plan = tx.plan(&self.write).change_cipher_spec().handshake(len).change_cipher_spec();
                    match tx.room_for(&plan) {
                        Ok(()) => self.advance(policy, rx, Input::Room, tx)?,
                        Err(too_small) if tx.is_empty() => return Err(too_small),
                        Err(_) => return self.want_write(tx),
                    }
                    continue;
                }
                Need::ReadKey => {
                    self.advance(policy, rx, Input::Room, tx)?;
                    continue;
                }
                Need::Message => match self.receive(policy, rx, tx)? {
                    Some(want) => want,
                    None => continue,
                },
                Need::Credential(question) => Want::Credential(question),
                Need::Sign(question) => Want::Sign(question),
                Need::Verify(question) => Want::Verify(question),
                Need::Nothing => return self.end(policy, rx, tx),
            };
            if want == Want::Write {
                return self.want_write(tx);
            }
            return Ok(Step::Want(want));
        }
    }

    /// One transition of the engine.
    fn advance(
        &mut self,
        policy: &Policy,
        rx: &InboxView<'_>,
        input: Input<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<(), Kind> {
        let mut records = Records {
            read: &mut self.read,
            write: &mut self.write,
            rx: Some(rx),
            tx,
            log: &mut self.log,
            early_data: &mut self.early_data,
            crypto: policy.crypto,
        };
        self.engine.advance(policy, rx.flight(), input, &mut records)?;
        self.log.enter(self.engine.state());
        Ok(())
    }

    /// Takes the peer's next message, opening records until there is one; or says what is wanted to get it.
    fn receive(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<Option<Want>, Kind> {
        loop {
            if let Some((typ, len)) = rx.message_header() {
                let boundary = self.engine.accepts(typ)?;
                if rx.retained_len().saturating_add(len) > policy.max_flight {
                    return Err(Kind::MessageTooLong { message: typ });
                }
                if let Some(next) = rx.next_message(policy.max_message)? {
                    rx.read(&next);
                    if boundary && rx.has_unread() {
                        return Err(Kind::DataAcrossKeyChange);
                    }
                    let at = next.range.start;
                    let bytes = rx.flight().get(next.range).ok_or(Kind::Internal)?;
                    let (message, _) = Message::split(bytes).ok_or(Kind::Internal)?;
                    self.log.received(message, self.read_epoch());
                    self.advance(policy, rx, Input::Message { message, at }, tx)?;
                    return Ok(None);
                }
            }
            match self.read.open(rx, self.expect())? {
                Some(Opened::Handshake | Opened::Dropped) => {}
                Some(Opened::ApplicationData) => return Err(Kind::EarlyApplicationData),
                Some(Opened::Alert(AlertDescription::USER_CANCELED)) => {}
                Some(Opened::Alert(AlertDescription::CLOSE_NOTIFY)) => return Err(Kind::ClosedInHandshake),
                Some(Opened::Alert(alert)) => return Err(Kind::from_alert(alert, false)),
                None if rx.eof() => return Err(Kind::Truncated),
                None if !tx.is_empty() => return Ok(Some(Want::Write)),
                None => {
                    self.read.want_more(rx)?;
                    return Ok(Some(Want::Read));
                }
            }
        }
    }

    /// Which records may stand now.
    fn expect(&self) -> Expect {
        let first = self.engine.state() == State::WaitClientHello && !self.engine.facts.retried;
        Expect {
            change_cipher_spec: !first,
            application_data: false,
            plaintext_alert: self.engine.role() == Role::Server,
            early_data: self.early_data,
        }
    }

    fn read_epoch(&self) -> Epoch {
        if self.read.is_protected() { Epoch::Handshake } else { Epoch::Plaintext }
    }

    /// Nothing more can be done before what is written has been sent.
    fn want_write(&mut self, tx: &mut OutboxView<'_>) -> Result<Step, Kind> {
        tx.seal_open_record(&mut self.write)?;
        Ok(Step::Want(Want::Write))
    }

    /// Both sides have proved themselves.
    fn end(&mut self, policy: &Policy, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Step, Kind> {
        if self.end == End::NotYet {
            self.write.set_padding(policy.padding);
            self.write.set_update_after(policy.update_after);
            match self.engine.role() {
                Role::Client => rx.mark(), // what has come by now confirms nothing
                Role::Server if policy.confirming_record => match session::confirm_client(&mut self.write, tx) {
                    Err(_) if !tx.is_empty() => return self.want_write(tx),
                    sent => sent?,
                },
                Role::Server => {}
            }
            self.end = End::Sending;
        }
        if !tx.is_empty() {
            return self.want_write(tx);
        }
        self.end = End::Done;
        Ok(Step::Want(Want::Done))
    }

    /// Whether this question is open.
    fn is_open(&mut self, policy: &Policy, question: Question<'_>) -> Result<(), Slip> {
        let open = matches!(self.course, Course::Open);
        let need = self.engine.need(policy, Flight::EMPTY);
        if open && question.is(&need) { Ok(()) } else { Err(Slip::StaleQuestion) }
    }

    /// An answer that makes the engine send. Its failure is for the next `drive`.
    fn answer(&mut self, policy: &Policy, input: Input<'_>, tx: &mut OutboxView<'_>) {
        let mut records = Records {
            read: &mut self.read,
            write: &mut self.write,
            rx: None,
            tx,
            log: &mut self.log,
            early_data: &mut self.early_data,
            crypto: policy.crypto,
        };
        match self.engine.advance(policy, Flight::EMPTY, input, &mut records) {
            Ok(()) => self.log.enter(self.engine.state()),
            Err(kind) => self.course = Course::Refused(kind),
        }
    }

    fn present(
        &mut self,
        policy: &Policy,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<(), Slip> {
        self.is_open(policy, question.into())?;
        if credential.chain.is_empty() || credential.certificate_type != self.engine.facts.own_type {
            return Err(Slip::UnfitCredential);
        }
        let (plain, protected) = self.engine.present_len(policy, credential);
        let plan = tx.plan(&self.write);
        let plan = match self.engine.role() {
            Role::Client => plan.change_cipher_spec().handshake(protected),
            Role::Server => {
                let limit = self.engine.peer_record_size_limit();
                plan.handshake(plain).change_cipher_spec().key(limit).handshake(protected)
            }
        };
        tx.room_for(&plan).map_err(no_room)?;
        self.log.answered(Event::Presented);
        self.answer(policy, Input::Credential(credential), tx);
        Ok(())
    }

    fn signature(
        &mut self,
        policy: &Policy,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut OutboxView<'_>,
    ) -> Result<(), Slip> {
        self.is_open(policy, question.into())?;
        if signature.is_empty() || signature.len() > usize::from(u16::MAX) {
            return Err(Slip::UnfitSignature);
        }
        let plan = tx.plan(&self.write).handshake(self.engine.sign_len(signature.len()));
        tx.room_for(&plan).map_err(no_room)?;
        self.log.answered(Event::Signed);
        self.answer(policy, Input::Signature(signature), tx);
        Ok(())
    }

    fn verdict(&mut self, policy: &Policy, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Slip> {
        self.is_open(policy, question.into())?;
        match verdict {
            Verdict::Reject(reason) => self.course = Course::Refused(Kind::Rejected { reason }),
            Verdict::Accept => {
                self.log.answered(Event::Accepted);
                match self.engine.advance(policy, Flight::EMPTY, Input::Accepted, &mut records::Nowhere) {
                    Ok(()) => self.log.enter(self.engine.state()),
                    Err(kind) => self.course = Course::Refused(kind),
                }
            }
        }
        Ok(())
    }

    fn decline(&mut self, policy: &Policy, question: Question<'_>, alert: AlertDescription) -> Result<(), Slip> {
        self.is_open(policy, question)?;
        self.course = Course::Refused(Kind::Declined { alert });
        Ok(())
    }

    /// Turns what went wrong into the error, and tells the peer: exactly one alert.
    fn fail(&mut self, policy: &Policy, kind: Kind, tx: &mut OutboxView<'_>) -> Error {
        let alert = kind.alert().filter(|_| !self.closed);
        let error = Error { kind, role: self.engine.role(), state: self.log.state(), alerts: alert.is_some() };
        if error.is_fatal() {
            if let Some(alert) = alert {
                self.alerts(policy, &[alert], tx);
            }
            self.closed = true;
            self.course = Course::Failed(error);
            self.forget();
        }
        error
    }

    /// The secrets of a failed connection are forgotten (§6). Its alert is sealed by now.
    fn forget(&mut self) {
        self.engine.forget();
        self.read = ReadProtection::new();
        self.write = WriteProtection::server();
    }

    /// A client's change_cipher_spec comes before whatever it protects first, also if that is an alert (§E.4).
    fn alerts(&mut self, policy: &Policy, alerts: &[AlertDescription], tx: &mut OutboxView<'_>) {
        let compatible = self.engine.role() == Role::Client && policy.middlebox_compatibility;
        if compatible && self.write.is_protected() && !self.write.has_sent_change_cipher_spec() {
            let _ = tx.change_cipher_spec(&mut self.write); // without room the alert alone must do
        }
        for alert in alerts {
            // There is always room for it, if the outbox has room for anything at all.
            let _ = tx.alert(&mut self.write, *alert);
        }
    }

    fn end_with(&mut self, policy: &Policy, kind: Kind, alerts: &[AlertDescription], tx: &mut OutboxView<'_>) {
        if self.has_failed() || self.closed {
            return;
        }
        self.alerts(policy, alerts, tx);
        self.closed = true;
        let error = Error { kind, role: self.engine.role(), state: self.log.state(), alerts: true };
        self.course = Course::Failed(error);
        self.forget();
    }

    fn has_failed(&self) -> bool {
        matches!(self.course, Course::Failed(_))
    }

    fn finish(&mut self, policy: &Policy) -> Result<Session, Slip> {
        if self.end != End::Done || self.has_failed() {
            return Err(Slip::NotNow);
        }
        let role = self.engine.role();
        let connected = self.engine.take_connected().ok_or(Slip::NotNow)?;
        self.closed = true; // what is sent from now on is the session's
        let read = core::mem::replace(&mut self.read, ReadProtection::new());
        let write = core::mem::replace(&mut self.write, WriteProtection::server());
        self.closed = true; // what is sent from now on is the session's
        Ok(Session::new(role, policy, self.engine.facts.stamp, connected, read, write))
    }

    fn check_stamp(&self, stamp: Option<u64>) -> Result<(), Slip> {
        if stamp == Some(self.engine.facts.stamp) { Ok(()) } else { Err(Slip::ForeignInbox) }
    }
}

/// What a record layer's size error means to whoever answers.
fn no_room(kind: Kind) -> Slip {
    match kind {
        Kind::OutboxTooSmall { needed } => Slip::NoRoom { needed: usize::try_from(needed).unwrap_or(usize::MAX) },
        _ => Slip::NotNow,
    }
}
