//! Proving identities again, with answers that take time.

use super::answers::Answers;
use super::linger::Timer;
use crate::adapters::failure::Failure;
use crate::adapters::reauthentication::{self as base, Reauthenticated, sign_question};
use crate::authenticator::{Proving, Received, RequestId, RequestOptions};
use crate::{Misuse, State, Verdict, x509::Lease};
use ::tokio::time::timeout;
use core::future::{Future, poll_fn};
use core::{fmt, time::Duration};
use std::{io, sync::Arc, time::SystemTime, vec::Vec};

/// Proves identities again inside of one connection, and checks those of the peer: by the identities, the trust and the clock
/// of now, the expectations of the handshake, and its [`Signer`](super::Signer) and [`Judge`](super::Judge). See
/// [`authenticator`](crate::authenticator) for what that proves.
///
/// What it gives goes to the peer, and what the peer's gives comes back: by frames of your protocol, on a stream of HTTP/2,
/// by [`Frames`](crate::adapters::Frames). It does not read or write the connection, and a clone is the same one: it may
/// stand beside a connection that HTTP owns. Drop it with its connection: it holds secrets of it.
///
/// What goes wrong here ends nothing and sends no alert. A peer that does not prove who it is, or whose lease does not hold
/// any more, is cut off by you: close the connection. Each request of the peer costs us a signature: so
/// [`MAX_AUTHENTICATOR_REQUESTS`](crate::limits::MAX_AUTHENTICATOR_REQUESTS) are answered at once, and then one a second.
#[derive(Clone)]
pub struct Reauthentication {
    base: base::Reauthentication,
    answers: Answers,
}

impl Reauthentication {
    pub(super) fn new(base: base::Reauthentication, answers: Answers) -> Reauthentication {
        Reauthentication { base, answers }
    }

    /// "Prove who you are": a message for the peer.
    ///
    /// # Errors
    /// `InvalidInput`, with [`Misuse::TooManyRequests`](crate::Misuse) inside: the peer has left
    /// [`MAX_OPEN_REQUESTS`](crate::limits::MAX_OPEN_REQUESTS) unanswered.
    pub fn request(&self) -> io::Result<Vec<u8>> {
        self.base.request()
    }

    /// The same, with what else the request is to say, and by which name it is known.
    ///
    /// # Errors
    /// As [`Authenticators::request`](crate::authenticator::Authenticators::request).
    pub fn request_with(&self, options: &RequestOptions<'_>) -> io::Result<(RequestId, Vec<u8>)> {
        self.base.request_with(options)
    }

    /// A request of ours is not waited for any more: its answer will be refused.
    ///
    /// # Errors
    /// `InvalidInput`: it is not open.
    pub fn cancel(&self, request: RequestId) -> io::Result<()> {
        self.base.cancel(request)
    }

    /// A server's: proves who we are though nobody has asked, to show a certificate that is new. It does not prove the *now*.
    ///
    /// # Errors
    /// What our key or the signer fails of; `TimedOut`: it took too long. `InvalidInput`: we are a client.
    pub async fn prove_unasked(&self) -> io::Result<Vec<u8>> {
        Ok(self.prove(&mut self.base.begin_unasked()?).await?)
    }

    /// Takes a message of the peer: exactly one, nothing before it and nothing behind it. Signs and verifies, and asks the
    /// signer and the judge, who may take as long as a handshake
    /// ([`Config::handshake_deadline`](crate::adapters::Config::handshake_deadline)). Dropped before its end, a request stays
    /// unanswered, and an authenticator has been used up: the peer is to be asked again.
    ///
    /// # Errors
    /// `PermissionDenied`: we refuse whom the peer proves to be, or it is somebody else than it was; the
    /// [`Refusal`](crate::x509::Refusal) is inside, if it was not the judge's. `InvalidData`: what is wrong with the message,
    /// or that the peer asks too often ([`ErrorKind::TooManyAuthenticatorRequests`](crate::ErrorKind)). `TimedOut`: the judge
    /// took too long. (A signer that takes too long makes us [`Unable`](Reauthenticated::Unable).) The lease is what it was.
    pub async fn receive(&self, message: &[u8]) -> io::Result<Reauthenticated> {
        match self.base.begin(message) {
            Ok(Received::Request(mut proving)) => {
                let made = self.prove(&mut proving).await;
                self.base.answer(&mut proving, made)
            }
            Ok(Received::Claim(claim)) => {
                let judged = self.base.judge(&claim);
                let verdict = match (&judged, &self.answers.judge) {
                    (Err(refusal), _) => refusal.into(),
                    (Ok(_), None) => Verdict::Accept,
                    (Ok(lease), Some(judge)) => {
                        let opinion = Arc::clone(judge).judge(lease.accepted().clone());
                        match self.in_time(State::AskVerify, opinion).await {
                            Ok(opinion) => opinion.map_or_else(Verdict::Reject, |()| Verdict::Accept),
                            Err(late) => return self.base.counted(Err(late.into())),
                        }
                    }
                };
                self.base.counted(self.base.renew(claim, judged, verdict))
            }
            Ok(Received::Declined(request)) => self.base.counted(Ok(Reauthenticated::Declined(request))),
            Err(failure) => self.base.counted(Err(failure.into())),
        }
    }

    /// What the peer has proved, and until when that holds.
    pub fn lease(&self) -> Lease {
        self.base.lease()
    }

    /// Judges the lease again, by the trust and the clock of now: to be called when trust has changed, and when the lease
    /// ends. Asks nobody, the judge neither; takes microseconds.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`](crate::x509::Refusal) inside: it does not hold any more. Close the connection.
    pub fn check(&self) -> io::Result<Lease> {
        self.base.check()
    }

    /// Waits until the lease does not hold any more, and gives the error of [`check`](Self::check): beside the reads of a
    /// connection, in a `select!`. It looks when the lease ends, and every so often, because trust may change and clocks may
    /// jump: a revocation takes effect so much later at most. May be dropped and called again.
    pub async fn ended(&self, every: Duration) -> io::Error {
        loop {
            let lease = match self.check() {
                Ok(lease) => lease,
                Err(error) => return error,
            };
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            // The last second is still good.
            let end = lease.valid_until().map(|last| Duration::from_secs(last.as_secs().saturating_add(1)));
            let left = end.map_or(every, |end| end.saturating_sub(now));
            // Whoever keeps the task busy must not keep us from looking at the clock.
            let mut timer = Timer::after(left.min(every));
            poll_fn(|cx| timer.poll(cx)).await;
        }
    }

    /// The whole authenticator, by a key that is here or elsewhere.
    async fn prove(&self, proving: &mut Proving<'_>) -> Result<Vec<u8>, Failure> {
        let (identity, certificate) = self.base.show(proving)?;
        let signature = match &self.answers.signer {
            Some(signer) if identity.key().is_none() => {
                let answer = Arc::clone(signer).sign(identity, sign_question(proving)?);
                let answer = self.in_time(State::AskSign, answer).await?;
                answer.map_err(|error| self.base.not_signed(error))?
            }
            _ => self.base.sign_locally(&identity, proving)?,
        };
        self.base.sign(proving, certificate, &signature).map_err(|failure| match failure {
            Failure::Misuse(unfit @ Misuse::UnfitSignature) => self.base.not_signed(unfit.into()),
            failure => failure,
        })
    }

    /// Waits for an answer that somebody else gives, until the deadline.
    async fn in_time<T>(&self, state: State, answer: impl Future<Output = T>) -> Result<T, Failure> {
        match self.base.deadline() {
            Some(deadline) => timeout(deadline, answer).await.map_err(|_| Failure::TimedOut(state)),
            None => Ok(answer.await),
        }
    }
}

/// Whose it is.
impl fmt::Debug for Reauthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
