//! A handshake over its transport, which is polled.

use super::answers::{Answer, Answers};
use super::linger::{Linger, Timer};
use crate::adapters::failure::{BoxError, Failure};
use crate::adapters::handshaking::{FIRST, Handshaking};
use crate::engine::question::VerifyQuestion;
use crate::{Rejection, SignQuestion, Verdict, Want};
use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::boxed::Box;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

/// An answer that has been asked for.
enum InFlight {
    Signature(SignQuestion, Answer<Vec<u8>, BoxError>),
    Opinion(VerifyQuestion, Answer<(), Rejection>),
}

/// A running handshake.
pub(super) struct Open<IO> {
    pub(super) io: IO,
    pub(super) handshaking: Handshaking,
    pub(super) answers: Answers,
    in_flight: Option<InFlight>,
    deadline: Timer,
    unflushed: bool,
}

/// A handshake that runs, has failed, or is complete.
pub(super) enum Attempt<IO> {
    Open(Box<Open<IO>>),
    /// The alert is being sent.
    Ending(Box<Open<IO>>, Linger, io::Error),
    Failed(io::Error),
    Over,
}

impl<IO> Attempt<IO> {
    pub(super) fn new(handshaking: Result<Handshaking, Failure>, io: IO, answers: &Answers) -> Attempt<IO> {
        let handshaking = match handshaking {
            Ok(handshaking) => handshaking,
            Err(failure) => return Attempt::Failed(failure.into()),
        };
        let deadline = Timer::after_or_never(handshaking.config.handshake_deadline);
        let answers = answers.clone();
        Attempt::of(Box::new(Open { io, handshaking, answers, in_flight: None, deadline, unflushed: false }))
    }

    pub(super) fn of(open: Box<Open<IO>>) -> Attempt<IO> {
        Attempt::Open(open)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Attempt<IO> {
    /// Polls to the end, or to the ClientHello. Unfinished steps are kept.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, to_hello: bool) -> Poll<io::Result<Box<Open<IO>>>> {
        loop {
            let polled = match self {
                Attempt::Open(open) => ready!(open.poll(cx, to_hello)),
                Attempt::Ending(open, linger, _) => {
                    ready!(linger.poll(cx, &mut open.io, &mut open.handshaking.tx));
                    Ok(())
                }
                Attempt::Failed(_) | Attempt::Over => Ok(()),
            };
            if let (Attempt::Open(open), Err(error)) = (&mut *self, &polled) {
                open.handshaking.attempted.failed(error);
            }
            match (core::mem::replace(self, Attempt::Over), polled) {
                (Attempt::Open(open), Ok(())) => return Poll::Ready(Ok(open)),
                (Attempt::Open(open), Err(error)) if !open.handshaking.tx.pending().is_empty() => {
                    let linger = Linger::of(&open.handshaking.config);
                    *self = Attempt::Ending(open, linger, error);
                }
                (Attempt::Open(_), Err(error)) | (Attempt::Ending(_, _, error) | Attempt::Failed(error), _) => {
                    return Poll::Ready(Err(error));
                }
                (Attempt::Over, _) => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            }
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Open<IO> {
    fn poll(&mut self, cx: &mut Context<'_>, to_hello: bool) -> Poll<io::Result<()>> {
        loop {
            if self.deadline.poll(cx).is_ready() {
                self.in_flight = None;
                let state = self.handshaking.state();
                return Poll::Ready(Err(self.handshaking.time_out(state).into()));
            }
            if self.in_flight.is_some() {
                ready!(self.poll_answer(cx))?;
            }
            match self.handshaking.drive()? {
                Want::Credential(_) if to_hello => return Poll::Ready(Ok(())),
                Want::Done => {
                    self.unflushed = self.unflushed && Pin::new(&mut self.io).poll_flush(cx).is_pending();
                    return if self.unflushed { Poll::Pending } else { Poll::Ready(Ok(())) };
                }
                Want::Write => ready!(self.poll_write(cx)),
                Want::Read => ready!(self.poll_read(cx))?,
                question => self.ask(&question)?,
            }
        }
    }

    /// Answers a question, or asks the signer or the judge.
    fn ask(&mut self, question: &Want) -> Result<(), Failure> {
        match (question, &self.answers) {
            (Want::Sign(question), Answers { signer: Some(signer), .. }) => {
                if let Some(identity) = self.handshaking.identity_with_key_elsewhere() {
                    let answer = Arc::clone(signer).sign(identity, question.clone());
                    self.in_flight = Some(InFlight::Signature(question.clone(), answer));
                    return Ok(());
                }
            }
            (Want::Verify(question), Answers { judge: Some(judge), .. }) => {
                let verdict = self.handshaking.judge()?;
                let Some(accepted) = self.handshaking.accepted() else {
                    return self.handshaking.answer_verify(question, verdict);
                };
                let answer = Arc::clone(judge).judge(accepted);
                self.in_flight = Some(InFlight::Opinion(question.clone(), answer));
                return Ok(());
            }
            _ => {}
        }
        self.handshaking.answer(question)
    }

    /// Polls the answer of the signer or the judge, and gives it to the handshake.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.in_flight {
            None => {}
            Some(InFlight::Signature(question, answer)) => {
                let signature = ready!(answer.as_mut().poll(cx));
                let answered = signature.and_then(|it| Ok(self.handshaking.answer_sign(question, &it)?));
                if let Err(error) = answered {
                    self.handshaking.decline_sign(question, error)?;
                }
            }
            Some(InFlight::Opinion(question, answer)) => {
                let opinion = ready!(answer.as_mut().poll(cx));
                let verdict = opinion.map_or_else(Verdict::Reject, |()| Verdict::Accept);
                self.handshaking.answer_verify(question, verdict)?;
            }
        }
        self.in_flight = None;
        Poll::Ready(Ok(()))
    }

    /// Writes once. An error is not reported here: an alert of the peer may say more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let tx = &mut self.handshaking.tx;
        match ready!(Pin::new(&mut self.io).poll_write(cx, tx.pending())) {
            Ok(0) | Err(_) => tx.sent(tx.pending().len()),
            Ok(n) => tx.sent(n),
        }
        self.unflushed = true;
        Poll::Ready(())
    }

    /// Reads once, and flushes the transport at the same time.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed {
            self.unflushed = Pin::new(&mut self.io).poll_flush(cx).is_pending();
        }
        if self.handshaking.holds_nothing() {
            let mut first = [0; FIRST];
            let mut first = ReadBuf::new(&mut first);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut first))?;
            self.handshaking.begins(Some(first.filled()));
            return Poll::Ready(Ok(()));
        }
        let rx = &mut self.handshaking.rx;
        let mut space = ReadBuf::new(rx.space());
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut space))?;
        let n = space.filled().len();
        rx.filled(n);
        Poll::Ready(Ok(()))
    }
}
