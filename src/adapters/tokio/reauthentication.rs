//! Proves identities again, with asynchronous answers.

use super::answers::Answers;
use super::linger::Timer;
use crate::adapters::failure::Failure;
use crate::adapters::reauthentication::{self as base, Reauthenticated, sign_question};
use crate::authenticator::{Proving, Received, RequestId, RequestOptions};
use crate::{Misuse, State, Verdict, x509::Lease};
use core::future::{Future, poll_fn};
use core::{fmt, pin::pin, task::Poll, time::Duration};
use std::{io, sync::Arc, time::SystemTime, vec::Vec};

/// An interval of nothing would never let the task go.
const SHORTEST: Duration = Duration::from_millis(1);

/// Proves our identity again inside one connection, and checks the peer's. It uses the current identities, trust and
/// time, and the expectations, the [`Signer`](super::Signer) and the [`Judge`](super::Judge) of the handshake.
/// [`authenticator`](crate::authenticator) explains what this proves.
///
/// Send its messages to the peer, and give it those of the peer: in frames of your protocol, on a stream of HTTP/2, or
/// in [`Frames`](crate::adapters::Frames). It does not read or write the connection, so it also works if HTTP owns the
/// connection. A clone shares its state. Drop it with its connection, because it has secrets of the connection.
///
/// An error here does not end the connection and sends no alert. If a peer does not prove its identity, or if its lease
/// is no longer valid, close the connection yourself. Each request of the peer costs us a signature. So
/// [`MAX_AUTHENTICATOR_REQUESTS`](crate::limits::MAX_AUTHENTICATOR_REQUESTS) are answered at once, and then one per
/// second.
#[derive(Clone)]
pub struct Reauthentication {
    base: base::Reauthentication,
    answers: Answers,
}

impl Reauthentication {
    pub(super) fn new(base: base::Reauthentication, answers: Answers) -> Reauthentication {
        Reauthentication { base, answers }
    }

    /// A request to the peer to prove its identity. Send it.
    ///
    /// # Errors
    /// `InvalidInput`, with [`Misuse::TooManyRequests`](crate::Misuse) inside, if the peer has not answered
    /// [`MAX_OPEN_REQUESTS`](crate::limits::MAX_OPEN_REQUESTS) requests.
    pub fn request(&self) -> io::Result<Vec<u8>> {
        self.base.request()
    }

    /// The same, with other contents of the request, and its name.
    ///
    /// # Errors
    /// Those of [`Authenticators::request`](crate::authenticator::Authenticators::request).
    pub fn request_with(&self, options: &RequestOptions<'_>) -> io::Result<(RequestId, Vec<u8>)> {
        self.base.request_with(options)
    }

    /// Cancels a request of ours: its answer will be refused.
    ///
    /// # Errors
    /// `InvalidInput` if it is not open.
    pub fn cancel(&self, request: RequestId) -> io::Result<()> {
        self.base.cancel(request)
    }

    /// A spontaneous authenticator of a server, to show a new certificate. It does not prove that we have the key *now*.
    ///
    /// # Errors
    /// The error of our key or of the signer. `TimedOut` if it took too long. `InvalidInput` if we are a client.
    pub async fn prove_unasked(&self) -> io::Result<Vec<u8>> {
        Ok(self.prove(&mut self.base.begin_unasked()?).await?)
    }

    /// Takes exactly one message of the peer, without other bytes. Signs and verifies, and asks the
    /// signer and the judge, who may take as long as a handshake
    /// ([`Config::handshake_deadline`](crate::adapters::Config::handshake_deadline)). If the future is dropped before its
    /// end, a request stays unanswered, and an authenticator is used up: ask the peer again.
    ///
    /// # Errors
    /// `PermissionDenied`: we refuse the identity that the peer proves, or it is not the same as before. The
    /// [`Refusal`](crate::x509::Refusal) is inside, unless the judge refused. `InvalidData`: the message is wrong, or the
    /// peer asks too often ([`ErrorKind::TooManyAuthenticatorRequests`](crate::ErrorKind)). `TimedOut`: the judge took too
    /// long. (If the signer takes too long, we are [`Unable`](Reauthenticated::Unable).) The lease does not change.
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

    /// What the peer has proved, and until when this is valid.
    pub fn lease(&self) -> Lease {
        self.base.lease()
    }

    /// Judges the lease again, with the current trust and time. Call it when trust has changed, and when the lease ends. It
    /// asks neither the peer nor the judge, and takes microseconds.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`](crate::x509::Refusal) inside: the lease is no longer valid. Close the
    /// connection.
    pub fn check(&self) -> io::Result<Lease> {
        self.base.check()
    }

    /// Waits until the lease is no longer valid, and returns the error of [`check`](Self::check). Use it in a `select!`,
    /// together with the reads of a connection. It checks when the lease ends, and once in every interval, because trust may
    /// change and clocks may jump. So a revocation takes effect after one interval at most. May be dropped and called again.
    pub async fn ended(&self, every: Duration) -> io::Error {
        loop {
            let lease = match self.check() {
                Ok(lease) => lease,
                Err(error) => return error,
            };
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            // The last second is still valid.
            let end = lease.valid_until().map(|last| Duration::from_secs(last.as_secs().saturating_add(1)));
            let left = end.map_or(every, |end| end.saturating_sub(now));
            // A busy task must not keep us from checking the clock.
            let mut timer = Timer::after(left.min(every).max(SHORTEST));
            poll_fn(|cx| timer.poll(cx)).await;
        }
    }

    /// The whole authenticator, signed by a local or an external key.
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

    /// Waits for an external answer, until the deadline.
    async fn in_time<T>(&self, state: State, answer: impl Future<Output = T>) -> Result<T, Failure> {
        let (mut timer, mut answer) = (Timer::after_or_never(self.base.deadline()), pin!(answer));
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => timer.poll(cx).map(|()| Err(Failure::TimedOut(state))),
        })
        .await
    }
}

/// Whose it is.
impl fmt::Debug for Reauthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}
