//! What [`Handshake`](super::Handshake) is without its type parameter: one transition at a time, the answers, the end.

use super::log::{Event, Log};
use super::records::{Nowhere, Records};
use super::{Question, Step, Want};
use crate::codec::{AlertDescription, Message};
use crate::engine::question::{Credential, CredentialQuestion, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Engine, Input, Need};
use crate::error::{Error, ErrorKind, Misuse};
use crate::flight::Flight;
use crate::policy::Policy;
use crate::record::{EarlyData, Expect, InboxView, Opened, OutboxView, ReadProtection, WriteProtection};
use crate::role::{Epoch, Role, State};
use crate::session::{self, Session};

/// The handshake without its type parameter: engine and record layer put together.
pub(super) struct Driver {
    pub(super) engine: Engine,
    read: ReadProtection,
    write: WriteProtection,
    pub(super) log: Log,
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
    Refused(ErrorKind),
    Failed(Error),
}

/// Whether the peer's next message was there.
enum Received {
    Message,
    Nothing,
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

impl Driver {
    pub(super) fn new(engine: Engine, write: WriteProtection) -> Driver {
        Driver {
            log: Log::new(engine.state()),
            engine,
            read: ReadProtection::new(),
            write,
            course: Course::Open,
            closed: false,
            early_data: EarlyData::None,
            end: End::NotYet,
        }
    }

    /// Goes on until something is wanted, or, if `watched`, until there is a transition to report.
    pub(super) fn step(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
        watched: bool,
    ) -> Result<Step, Error> {
        if let Course::Failed(error) = self.course {
            return Err(error);
        }
        self.try_step(policy, rx, tx, watched).map_err(|kind| self.fail(policy, kind, tx))
    }

    fn try_step(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
        watched: bool,
    ) -> Result<Step, ErrorKind> {
        if !rx.belongs_to(self.engine.negotiated().stamp) {
            return Err(ErrorKind::ForeignInbox);
        }
        loop {
            while let Some(transition) = self.log.next_unreported() {
                if watched {
                    return Ok(Step::Did(transition));
                }
            }
            if let Course::Refused(refusal) = self.course {
                return Err(refusal);
            }
            if !self.engine.retains(policy) {
                rx.release_all();
            }
            match self.engine.need(policy, rx.flight()) {
                Need::Send(len) => {
                    let plan = tx.plan(&self.write).change_cipher_spec().handshake(len).change_cipher_spec();
                    match tx.room_for(&plan) {
                        Ok(()) => self.advance(policy, rx, Input::Room, tx)?,
                        Err(too_small) if tx.is_empty() => return Err(too_small),
                        Err(_) => return self.want_write(tx),
                    }
                }
                Need::ReadKey => self.advance(policy, rx, Input::Room, tx)?,
                Need::Message => match self.receive(policy, rx, tx)? {
                    Received::Message => {}
                    Received::Nothing if tx.is_empty() => return Ok(Step::Want(Want::Read)),
                    Received::Nothing => return self.want_write(tx),
                },
                Need::Credential(question) => return Ok(Step::Want(Want::Credential(question))),
                Need::Sign(question) => return Ok(Step::Want(Want::Sign(question))),
                Need::Verify(question) => return Ok(Step::Want(Want::Verify(question))),
                Need::Nothing => return self.end(policy, rx, tx),
            }
        }
    }

    /// One transition of the engine.
    fn advance(
        &mut self,
        policy: &Policy,
        rx: &InboxView<'_>,
        input: Input<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<(), ErrorKind> {
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

    /// Takes the peer's next message, opening records until there is one.
    fn receive(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<Received, ErrorKind> {
        loop {
            if let Some((typ, len)) = rx.message_header() {
                let boundary = self.engine.accepts(typ)?;
                if rx.retained_len().saturating_add(len) > policy.max_flight {
                    return Err(ErrorKind::MessageTooLong { message: typ });
                }
                if let Some(next) = rx.next_message(policy.max_message)? {
                    rx.read(&next);
                    if boundary && rx.has_unread() {
                        return Err(ErrorKind::DataAcrossKeyChange);
                    }
                    let bytes = rx.flight().get(next.range).ok_or(ErrorKind::Internal)?;
                    let (message, _) = Message::split(bytes).ok_or(ErrorKind::Internal)?;
                    self.log.received(message, self.read_epoch());
                    self.advance(policy, rx, Input::Message(message), tx)?;
                    return Ok(Received::Message);
                }
            }
            match self.read.open(rx, self.expect())? {
                Some(Opened::Handshake | Opened::Dropped) => {}
                Some(Opened::ApplicationData) => return Err(ErrorKind::EarlyApplicationData),
                Some(Opened::Alert(AlertDescription::USER_CANCELED)) => {}
                Some(Opened::Alert(AlertDescription::CLOSE_NOTIFY)) => return Err(ErrorKind::ClosedInHandshake),
                Some(Opened::Alert(alert)) => return Err(ErrorKind::from_alert(alert, false)),
                None if rx.eof() => return Err(ErrorKind::Truncated),
                None => {
                    if tx.is_empty() {
                        self.read.want_more(rx)?;
                    }
                    return Ok(Received::Nothing);
                }
            }
        }
    }

    /// Which records may stand now.
    fn expect(&self) -> Expect {
        let first = self.engine.state() == State::WaitClientHello && !self.engine.negotiated().retried;
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
    fn want_write(&mut self, tx: &mut OutboxView<'_>) -> Result<Step, ErrorKind> {
        tx.seal_open_record(&mut self.write)?;
        Ok(Step::Want(Want::Write))
    }

    /// Both sides have proved themselves.
    fn end(&mut self, policy: &Policy, rx: &mut InboxView<'_>, tx: &mut OutboxView<'_>) -> Result<Step, ErrorKind> {
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
    fn is_open(&mut self, policy: &Policy, question: Question<'_>) -> Result<(), Misuse> {
        let open = matches!(self.course, Course::Open);
        let need = self.engine.need(policy, Flight::EMPTY);
        if open && question.is(&need) { Ok(()) } else { Err(Misuse::StaleQuestion) }
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

    pub(super) fn answer_credential(
        &mut self,
        policy: &Policy,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut OutboxView<'_>,
    ) -> Result<(), Misuse> {
        self.is_open(policy, question.into())?;
        if credential.chain.is_empty() || credential.certificate_type != self.engine.negotiated().own_type {
            return Err(Misuse::UnfitCredential);
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

    pub(super) fn answer_sign(
        &mut self,
        policy: &Policy,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut OutboxView<'_>,
    ) -> Result<(), Misuse> {
        self.is_open(policy, question.into())?;
        if signature.is_empty() || signature.len() > usize::from(u16::MAX) {
            return Err(Misuse::UnfitSignature);
        }
        let plan = tx.plan(&self.write).handshake(self.engine.sign_len(signature.len()));
        tx.room_for(&plan).map_err(no_room)?;
        self.log.answered(Event::Signed);
        self.answer(policy, Input::Signature(signature), tx);
        Ok(())
    }

    pub(super) fn answer_verify(
        &mut self,
        policy: &Policy,
        question: &VerifyQuestion,
        verdict: Verdict,
    ) -> Result<(), Misuse> {
        self.is_open(policy, question.into())?;
        match verdict {
            Verdict::Reject(reason) => self.course = Course::Refused(ErrorKind::Rejected { reason }),
            Verdict::Accept => {
                self.log.answered(Event::Accepted);
                match self.engine.advance(policy, Flight::EMPTY, Input::Accepted, &mut Nowhere) {
                    Ok(()) => self.log.enter(self.engine.state()),
                    Err(kind) => self.course = Course::Refused(kind),
                }
            }
        }
        Ok(())
    }

    pub(super) fn decline(
        &mut self,
        policy: &Policy,
        question: Question<'_>,
        alert: AlertDescription,
    ) -> Result<(), Misuse> {
        self.is_open(policy, question)?;
        self.course = Course::Refused(ErrorKind::Declined { alert });
        Ok(())
    }

    /// Turns what went wrong into the error, and tells the peer: exactly one alert.
    fn fail(&mut self, policy: &Policy, kind: ErrorKind, tx: &mut OutboxView<'_>) -> Error {
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

    pub(super) fn end_with(
        &mut self,
        policy: &Policy,
        kind: ErrorKind,
        alerts: &[AlertDescription],
        tx: &mut OutboxView<'_>,
    ) {
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

    pub(super) fn finish(&mut self, policy: &Policy) -> Result<Session, Misuse> {
        if self.end != End::Done || self.has_failed() {
            return Err(Misuse::NotNow);
        }
        let role = self.engine.role();
        let connected = self.engine.take_connected().ok_or(Misuse::NotNow)?;
        let read = core::mem::replace(&mut self.read, ReadProtection::new());
        let write = core::mem::replace(&mut self.write, WriteProtection::server());
        self.closed = true; // what is sent from now on is the session's
        Ok(Session::new(role, policy, self.engine.negotiated().stamp, connected, read, write))
    }

    pub(super) fn check_stamp(&self, stamp: Option<u64>) -> Result<(), Misuse> {
        if stamp == Some(self.engine.negotiated().stamp) { Ok(()) } else { Err(Misuse::ForeignInbox) }
    }
}

/// What a record layer's size error means to whoever answers.
fn no_room(kind: ErrorKind) -> Misuse {
    match kind {
        ErrorKind::OutboxTooSmall { needed } => {
            Misuse::NoRoom { needed: usize::try_from(needed).unwrap_or(usize::MAX) }
        }
        _ => Misuse::NotNow,
    }
}
