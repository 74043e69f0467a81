//! The loop of the handshake: one transition at a time, the answers, the end. Both carriers use this driver.

use super::carrier::{AnyOutboxView, Carry};
use super::log::{Event, Log};
use super::want::{Question, Step, Want};
use crate::codec::{AlertDescription, DistinguishedName, List, Message, Writer};
use crate::crypto::Suite;
use crate::engine::question::{Credential, CredentialQuestion, SignQuestion, Verdict, VerifyQuestion};
use crate::engine::{Connected, Effects, Engine, Input, Need, Secret, can_carry, can_sign};
use crate::error::{Error, ErrorKind, Misuse};
use crate::flight::Flight;
use crate::policy::Policy;
use crate::record::InboxView;

/// Engine and carrier put together: [`Handshake`](super::Handshake) without its policy.
pub(super) struct Driver<C> {
    pub(super) engine: Engine,
    pub(super) carrier: C,
    pub(super) log: Log,
    phase: Phase,
    /// Why the handshake ends: because of an answer (the next `drive` returns the error), or it has failed.
    error: Option<ErrorKind>,
}

/// The progress of the handshake in the driver.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Up to the last message and the last answer.
    Open,
    /// Both sides have proved their identities. The last bytes must be sent.
    Sending,
    /// `Want::Done` has been returned.
    Done,
    /// From now on the session sends.
    HandedOver,
    /// Every call returns the error (R4).
    Failed,
}

impl<C: Carry> Driver<C> {
    pub(super) fn new(engine: Engine, policy: &Policy) -> Driver<C> {
        Driver {
            log: Log::new(engine.state()),
            carrier: C::new(engine.role(), policy),
            engine,
            phase: Phase::Open,
            error: None,
        }
    }

    // ---- the loop ----

    /// Continues until something is wanted, or, if `watched`, until there is a transition to report.
    pub(super) fn step(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut C::OutboxView<'_>,
        watched: bool,
    ) -> Result<Step, Error> {
        if let (Phase::Failed, Some(kind)) = (self.phase, self.error) {
            return Err(self.error(kind));
        }
        if !rx.belongs_to(self.stamp()) {
            return Err(self.error(ErrorKind::ForeignInbox));
        }
        if !tx.belongs_to(self.stamp()) {
            return Err(self.error(ErrorKind::ForeignOutbox));
        }
        self.try_step(policy, rx, tx, watched).map_err(|kind| self.fail(kind, tx))
    }

    fn try_step(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut C::OutboxView<'_>,
        watched: bool,
    ) -> Result<Step, ErrorKind> {
        loop {
            while let Some(transition) = self.log.next_unreported() {
                if watched {
                    return Ok(Step::Did(transition));
                }
            }
            if let Some(refusal) = self.error {
                return Err(refusal);
            }
            if !self.engine.retains() {
                rx.release_all();
            }
            match self.engine.need() {
                Need::Send => match self.room_for(policy, rx.flight(), &Input::Room, tx) {
                    Err(ErrorKind::OutboxTooSmall { .. }) if !tx.is_empty() => return self.want_write(tx),
                    room => {
                        room?;
                        self.advance(policy, Some(rx), Input::Room, tx)?;
                    }
                },
                Need::ReadKey => self.advance(policy, Some(rx), Input::Room, tx)?,
                Need::Message => {
                    if !self.receive(policy, rx, tx)? {
                        if !tx.is_empty() {
                            return self.want_write(tx);
                        }
                        self.carrier.want_more(rx)?; // R3: before it asks for bytes that have no room
                        return Ok(Step::Want(Want::Read));
                    }
                }
                Need::Credential(question) => return Ok(Step::Want(Want::Credential(question))),
                Need::Sign(question) => return Ok(Step::Want(Want::Sign(question))),
                Need::Verify(question) => return Ok(Step::Want(Want::Verify(question))),
                Need::Nothing => return self.end(policy, rx, tx),
            }
        }
    }

    /// Takes the peer's next message. False: it is not complete.
    fn receive(
        &mut self,
        policy: &Policy,
        rx: &mut InboxView<'_>,
        tx: &mut C::OutboxView<'_>,
    ) -> Result<bool, ErrorKind> {
        loop {
            self.carrier.check_unread(rx)?;
            if let Some((typ, len)) = rx.message_header() {
                let boundary = self.engine.accepts(typ)?;
                let held = rx.retained_len().saturating_add(len);
                if held > policy.max_flight {
                    return Err(ErrorKind::message_too_long(typ, held, policy.max_flight));
                }
                if let Some(next) = rx.next_message(policy.max_message)? {
                    rx.read(&next);
                    if boundary && rx.has_unread() {
                        return Err(ErrorKind::DataAcrossKeyChange);
                    }
                    let message = rx.flight().get(next.range).and_then(Message::split);
                    let (message, _) = message.ok_or(ErrorKind::Bug)?;
                    self.log.received(message, self.carrier.read_epoch());
                    self.advance(policy, Some(rx), Input::Message(message), tx)?;
                    return Ok(true);
                }
            }
            if !self.carrier.open(rx, &self.engine)? {
                return Ok(false);
            }
        }
    }

    /// Nothing more can be done until the written bytes have been sent.
    fn want_write(&mut self, tx: &mut C::OutboxView<'_>) -> Result<Step, ErrorKind> {
        self.carrier.flush(tx)?;
        Ok(Step::Want(Want::Write))
    }

    /// Both sides have proved their identities.
    fn end(&mut self, policy: &Policy, rx: &mut InboxView<'_>, tx: &mut C::OutboxView<'_>) -> Result<Step, ErrorKind> {
        let role = self.engine.role();
        if self.phase == Phase::Open {
            if !self.carrier.connected(rx, tx, &mut self.engine, policy)? {
                return self.want_write(tx);
            }
            self.phase = Phase::Sending;
        }
        self.carrier.after_handshake(rx, role)?;
        if !tx.is_empty() {
            return self.want_write(tx);
        }
        if self.phase == Phase::Sending {
            self.phase = Phase::Done;
        }
        Ok(Step::Want(Want::Done))
    }

    // ---- transitions ----

    /// Makes one transition of the engine. `rx`: `None` for an answer.
    fn advance(
        &mut self,
        policy: &Policy,
        rx: Option<&InboxView<'_>>,
        input: Input<'_>,
        tx: &mut C::OutboxView<'_>,
    ) -> Result<(), ErrorKind> {
        let flight = rx.map_or(Flight::EMPTY, InboxView::flight);
        let mut effects = self.carrier.effects(rx, tx, &mut self.log, policy.crypto);
        self.engine.advance(policy, flight, input, &mut effects)?;
        drop(effects);
        self.log.enter(self.engine.role(), self.engine.state());
        Ok(())
    }

    /// Checks that TLS can carry what the transition sends, and that it has room.
    fn room_for(
        &self,
        policy: &Policy,
        flight: Flight<'_>,
        input: &Input<'_>,
        tx: &C::OutboxView<'_>,
    ) -> Result<(), ErrorKind> {
        let mut plan = self.carrier.plan(tx);
        self.engine.plan(policy, flight, input, &mut plan)?;
        self.carrier.room_for(tx, &plan)
    }

    /// Processes an answer that sends something. Without room it changes nothing.
    fn answer(
        &mut self,
        policy: &Policy,
        event: Event,
        input: Input<'_>,
        tx: &mut C::OutboxView<'_>,
    ) -> Result<(), Misuse> {
        let outcome = match self.room_for(policy, Flight::EMPTY, &input, tx) {
            Err(ErrorKind::OutboxTooSmall { needed }) => return Err(Misuse::NoRoom { needed }),
            Err(kind) => Err(kind),
            Ok(()) => {
                self.log.answered(event);
                self.advance(policy, None, input, tx)
            }
        };
        self.answered(outcome);
        Ok(())
    }

    /// Keeps the error of an answer for the next `drive` (R2).
    fn answered(&mut self, outcome: Result<(), ErrorKind>) {
        if let Err(kind) = outcome {
            self.error = Some(kind);
        }
    }

    // ---- the answers ----

    /// Checks that this question is open.
    fn check_open(&self, question: Question<'_>) -> Result<(), Misuse> {
        if self.error.is_none() && question.is(&self.engine.need()) { Ok(()) } else { Err(Misuse::StaleQuestion) }
    }

    fn check_outbox(&self, tx: &mut C::OutboxView<'_>) -> Result<(), Misuse> {
        if tx.belongs_to(self.stamp()) { Ok(()) } else { Err(Misuse::ForeignOutbox) }
    }

    pub(super) fn answer_credential(
        &mut self,
        policy: &Policy,
        question: &CredentialQuestion,
        credential: &Credential<'_>,
        tx: &mut C::OutboxView<'_>,
    ) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        self.check_outbox(tx)?;
        let authorities = credential.certificate_authorities.unwrap_or_default();
        if credential.chain.is_empty()
            || credential.certificate_type != self.engine.negotiated().own_type
            || List::<DistinguishedName<'_>>::parse(authorities).is_err()
            || !can_sign(credential)
        {
            return Err(Misuse::UnfitCredential);
        }
        self.answer(policy, Event::Presented, Input::Credential(credential), tx)
    }

    pub(super) fn answer_sign(
        &mut self,
        policy: &Policy,
        question: &SignQuestion,
        signature: &[u8],
        tx: &mut C::OutboxView<'_>,
    ) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        self.check_outbox(tx)?;
        if !can_carry(signature) {
            return Err(Misuse::UnfitSignature);
        }
        self.answer(policy, Event::Signed, Input::Signature(signature), tx)
    }

    pub(super) fn answer_verify(
        &mut self,
        policy: &Policy,
        question: &VerifyQuestion,
        verdict: Verdict,
    ) -> Result<(), Misuse> {
        self.check_open(question.into())?;
        match verdict {
            Verdict::Reject(reason) => self.answered(Err(ErrorKind::Rejected { reason })),
            Verdict::Accept => {
                self.log.answered(Event::Accepted);
                let outcome = self.engine.advance(policy, Flight::EMPTY, Input::Accepted, &mut Nowhere);
                self.log.enter(self.engine.role(), self.engine.state());
                self.answered(outcome);
            }
        }
        Ok(())
    }

    pub(super) fn decline(&mut self, question: Question<'_>, alert: AlertDescription) -> Result<(), Misuse> {
        self.check_open(question)?;
        self.answered(Err(ErrorKind::Declined { alert }));
        Ok(())
    }

    // ---- the end ----

    /// Makes the error, and sends its alert to the peer. If the caller has chosen user_canceled, which does not end the
    /// connection, close_notify follows (RFC 9846 §6.1).
    fn fail(&mut self, kind: ErrorKind, tx: &mut C::OutboxView<'_>) -> Error {
        let error = self.error(kind);
        if error.is_fatal() {
            const CANCELED: [AlertDescription; 2] = [AlertDescription::USER_CANCELED, AlertDescription::CLOSE_NOTIFY];
            let alert = kind.alert();
            let alerts = if alert == Some(AlertDescription::USER_CANCELED) { &CANCELED } else { alert.as_slice() };
            self.end_with(kind, alerts, tx);
        }
        error
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error { kind, role: self.engine.role(), state: self.log.state(), alerts: kind.alert().is_some() }
    }

    /// The caller cancels the handshake.
    pub(super) fn give_up(
        &mut self,
        kind: ErrorKind,
        alerts: &[AlertDescription],
        tx: &mut C::OutboxView<'_>,
    ) -> Result<(), Misuse> {
        self.check_outbox(tx)?;
        if !matches!(self.phase, Phase::Failed | Phase::HandedOver) {
            self.end_with(kind, alerts, tx);
        }
        Ok(())
    }

    /// The error stays (R4), and the secrets are dropped (RFC 9846 §6).
    fn end_with(&mut self, kind: ErrorKind, alerts: &[AlertDescription], tx: &mut C::OutboxView<'_>) {
        self.carrier.alert(tx, &self.engine, alerts);
        (self.phase, self.error) = (Phase::Failed, Some(kind));
        self.engine.forget();
        self.carrier.forget();
    }

    /// Takes the result of the handshake. `at_once`: also while the last bytes are pending.
    pub(super) fn take_connected(&mut self, at_once: bool) -> Result<Connected, Misuse> {
        if self.error.is_some() || (self.phase != Phase::Done && !at_once) {
            return Err(Misuse::NotNow);
        }
        self.engine.take_connected().ok_or(Misuse::NotNow)
    }

    /// From now on the session sends.
    pub(super) fn hand_over(&mut self) {
        self.phase = Phase::HandedOver;
    }

    pub(super) fn stamp(&self) -> u64 {
        self.engine.negotiated().stamp
    }
}

/// For a verdict, whose only effect is the transition.
struct Nowhere;

impl Effects for Nowhere {
    fn message(&mut self, _: &dyn Fn(&mut Writer<'_>), _: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind> {
        Err(ErrorKind::Bug)
    }

    fn write_key(&mut self, _: Suite, _: Secret<'_>) -> Result<(), ErrorKind> {
        Err(ErrorKind::Bug)
    }

    fn read_key(&mut self, _: Suite, _: Secret<'_>) -> Result<(), ErrorKind> {
        Err(ErrorKind::Bug)
    }
}
