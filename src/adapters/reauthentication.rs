//! Proves identities again inside a connection (RFC 9261), with the configuration of the connection.

use super::allowance::Allowance;
use super::config::{Config, seed};
#[cfg(feature = "tokio")]
use super::failure::BoxError;
use super::failure::Failure;
use super::metrics::Living;
use crate::authenticator::{Authenticators, Claim, Proving, Received, RequestId, RequestOptions};
use crate::x509::{Answerer, Declined, Expect, Identity, Lease, Refusal, append, decline};
use crate::{
    AlertDescription, Error, ErrorKind, Exporter, Misuse, Policy, Role, SessionInfo, SignQuestion, State, Verdict,
};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
#[cfg(feature = "tokio")]
use std::time::Duration;
use std::{io, time::Instant, vec, vec::Vec};

/// Proves our identity again inside one connection, and checks the peer's. It uses the current identities, trust and
/// time, and the expectations of the handshake. [`authenticator`](crate::authenticator) explains what this proves.
///
/// Send its messages to the peer, and give it those of the peer: in frames of your protocol, on a stream of HTTP/2, or
/// in [`Frames`](super::Frames). It does not read or write the connection, so it also works if HTTP owns the
/// connection. A clone shares its state. Drop it with its connection, because it has secrets of the connection.
///
/// An error here does not end the connection and sends no alert. If a peer does not prove its identity, or if its lease
/// is no longer valid, close the connection yourself. Each request of the peer costs us a signature. So
/// [`MAX_AUTHENTICATOR_REQUESTS`](crate::limits::MAX_AUTHENTICATOR_REQUESTS) are answered at once, and then one per
/// second.
#[derive(Clone)]
pub struct Reauthentication(Arc<Shared>);

struct Shared {
    role: Role,
    config: Config,
    expect: Arc<[Expect]>,
    state: Mutex<Authenticating>,
    /// For metrics.
    living: Weak<Living>,
}

struct Authenticating {
    authenticators: Authenticators<Arc<Policy>>,
    lease: Lease,
    /// How many requests of the peer we still answer.
    allowance: Allowance,
}

/// What the peer's message was.
#[derive(Debug)]
pub enum Reauthenticated {
    /// It was a request, and this is the answer: send it.
    Answer(Vec<u8>),
    /// It was a request that we cannot satisfy. The message is an empty authenticator, which tells the peer: send it.
    Unable {
        /// For the peer.
        message: Vec<u8>,
        /// For us.
        why: io::Error,
    },
    /// The peer has proved its identity, in answer to a request of ours. This is its new lease.
    Renewed(Lease),
    /// A server has proved its identity by a spontaneous authenticator. This is its new lease. It does not prove that the
    /// server has the key *now*, and it does not answer an open request.
    Unasked(Lease),
    /// The peer has declined this request of ours.
    Declined(RequestId),
}

impl Reauthentication {
    /// For the session to which `authenticators` belong.
    pub(super) fn new(
        config: &Config,
        expect: &Arc<[Expect]>,
        (lease, living): (Lease, Weak<Living>),
        (info, exporter): (&SessionInfo, &Exporter),
    ) -> io::Result<Reauthentication> {
        let seed = seed().map_err(Failure::from)?;
        let authenticators = Authenticators::new(Arc::clone(&config.policy), info, exporter, &seed);
        let (authenticators, allowance) = (authenticators.map_err(Failure::from)?, Allowance::new(Instant::now()));
        let state = Authenticating { authenticators, lease, allowance };
        let (config, expect, state) = (config.clone(), Arc::clone(expect), Mutex::new(state));
        Ok(Reauthentication(Arc::new(Shared { role: info.role(), config, expect, state, living })))
    }

    /// A request to the peer to prove its identity. Send it.
    ///
    /// # Errors
    /// `InvalidInput`, with [`Misuse::TooManyRequests`] inside, if the peer has not answered
    /// [`MAX_OPEN_REQUESTS`](crate::limits::MAX_OPEN_REQUESTS) requests.
    pub fn request(&self) -> io::Result<Vec<u8>> {
        Ok(self.request_with(&RequestOptions::default())?.1)
    }

    /// The same, with other contents of the request, and its name.
    ///
    /// # Errors
    /// Those of [`Authenticators::request`].
    pub fn request_with(&self, options: &RequestOptions<'_>) -> io::Result<(RequestId, Vec<u8>)> {
        let (mut state, mut message) = (self.lock(), vec![0; 1024]);
        loop {
            match state.authenticators.request(options, &mut message) {
                Ok((id, len)) => {
                    message.truncate(len);
                    return Ok((id, message));
                }
                Err(Misuse::NoRoom { needed }) if needed > message.len() => message.resize(needed, 0),
                Err(misuse) => return Err(Failure::from(misuse).into()),
            }
        }
    }

    /// Cancels a request of ours: its answer will be refused.
    ///
    /// # Errors
    /// `InvalidInput` if it is not open.
    pub fn cancel(&self, request: RequestId) -> io::Result<()> {
        Ok(self.lock().authenticators.cancel(request).map_err(Failure::from)?)
    }

    /// A spontaneous authenticator of a server, to show a new certificate. It does not prove that we have the key *now*.
    ///
    /// # Errors
    /// The error of our key. `InvalidInput` if we are a client.
    pub fn prove_unasked(&self) -> io::Result<Vec<u8>> {
        Ok(self.prove(&mut self.begin_unasked()?)?)
    }

    /// Takes exactly one message of the peer, without other bytes. Signs and verifies.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`] inside: we refuse the identity that the peer proves, or it is not the same
    /// as before. `InvalidData`: the message is wrong, or the peer asks too often
    /// ([`ErrorKind::TooManyAuthenticatorRequests`]). The lease does not change.
    pub fn receive(&self, message: &[u8]) -> io::Result<Reauthenticated> {
        match self.begin(message) {
            Ok(Received::Request(mut proving)) => {
                let made = self.prove(&mut proving);
                self.answer(&mut proving, made)
            }
            Ok(Received::Claim(claim)) => {
                let judged = self.judge(&claim);
                let verdict = judged.as_ref().map_or_else(Verdict::from, |_| Verdict::Accept);
                self.counted(self.renew(claim, judged, verdict))
            }
            Ok(Received::Declined(request)) => self.counted(Ok(Reauthenticated::Declined(request))),
            Err(failure) => self.counted(Err(failure.into())),
        }
    }

    /// What the peer has proved, and until when this is valid.
    pub fn lease(&self) -> Lease {
        self.lock().lease.clone()
    }

    /// Judges the lease again, with the current trust and time. Call it when trust has changed, and when the lease ends. It
    /// needs no answer of the peer and takes microseconds.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`] inside: the lease is no longer valid. Close the connection.
    pub fn check(&self) -> io::Result<Lease> {
        let mut state = self.lock();
        let lease = state.lease.clone();
        self.hold(&mut state, &lease)
    }

    /// Keeps this lease, if it is valid with the current trust and time.
    fn hold(&self, state: &mut Authenticating, lease: &Lease) -> io::Result<Lease> {
        let lease =
            lease.check(&self.0.config.trust.get(), UnixTime::now()).map_err(|refusal| self.refused(refusal))?;
        state.lease = lease.clone();
        if let Some(living) = self.0.living.upgrade() {
            living.holds(lease.valid_until());
        }
        Ok(lease)
    }

    /// Reads a message of the peer.
    pub(super) fn begin<'m>(&self, message: &'m [u8]) -> Result<Received<'m>, Failure> {
        let mut state = self.lock();
        let received = state.authenticators.receive(message).map_err(Failure::Failed)?;
        match matches!(received, Received::Request(_)) && !state.allowance.take(Instant::now()) {
            true => Err(Failure::Failed(self.error(ErrorKind::TooManyAuthenticatorRequests))),
            false => Ok(received),
        }
    }

    /// Counts how a proof of the peer has ended.
    pub(super) fn counted(&self, received: io::Result<Reauthenticated>) -> io::Result<Reauthenticated> {
        if let Some(metrics) = &self.0.config.metrics {
            let ended = received.as_ref().map(|received| match received {
                Reauthenticated::Declined(_) => "Declined",
                Reauthenticated::Unasked(_) => "Unasked",
                _ => "Renewed",
            });
            metrics.reauthentication(self.0.role, ended);
        }
        received
    }

    /// Begins a spontaneous authenticator.
    pub(super) fn begin_unasked(&self) -> Result<Proving<'static>, Failure> {
        Ok(self.lock().authenticators.prove_unasked()?)
    }

    /// The whole authenticator, signed by a local key.
    fn prove(&self, proving: &mut Proving<'_>) -> Result<Vec<u8>, Failure> {
        let (identity, certificate) = self.show(proving)?;
        let signature = self.sign_locally(&identity, proving)?;
        self.sign(proving, certificate, &signature)
    }

    pub(super) fn sign_locally(&self, identity: &Identity, proving: &Proving<'_>) -> Result<Vec<u8>, Failure> {
        let question = sign_question(proving)?;
        let signature = identity.sign(question.scheme(), question.message());
        signature.map_err(|error| self.declined(Declined::Signer(error)))
    }

    /// The first part of the authenticator, and the identity whose key must sign the second.
    pub(super) fn show(&self, proving: &mut Proving<'_>) -> Result<(Arc<Identity>, Vec<u8>), Failure> {
        let mut answerer = self.answerer();
        let certificate = answerer.show(&self.lock().authenticators, proving)?;
        let shown = certificate.zip(answerer.chosen().cloned());
        shown.map(|(certificate, identity)| (identity, certificate)).ok_or(self.declined(Declined::NoCredential))
    }

    /// Both parts.
    pub(super) fn sign(
        &self,
        proving: &mut Proving<'_>,
        mut message: Vec<u8>,
        signature: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let state = self.lock();
        append(&mut message, |out| state.authenticators.answer_sign(proving, signature, out))?;
        Ok(message)
    }

    /// The answer to the peer's request: an empty authenticator, if we could not make one.
    pub(super) fn answer(
        &self,
        proving: &mut Proving<'_>,
        made: Result<Vec<u8>, Failure>,
    ) -> io::Result<Reauthenticated> {
        match made {
            Ok(message) => Ok(Reauthenticated::Answer(message)),
            Err(why @ (Failure::Declined { .. } | Failure::Signer { .. } | Failure::TimedOut(_))) => {
                let message = decline(&self.lock().authenticators, proving).map_err(Failure::from)?;
                Ok(Reauthenticated::Unable { message, why: why.into() })
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The lease that the peer gets for its proof.
    pub(super) fn judge(&self, claim: &Claim<'_>) -> Result<Lease, Refusal> {
        let lease = self.lease();
        self.answerer().renew(&lease, claim)
    }

    /// Keeps the lease, if the last verdict accepts it too.
    pub(super) fn renew(
        &self,
        claim: Claim<'_>,
        judged: Result<Lease, Refusal>,
        verdict: Verdict,
    ) -> io::Result<Reauthenticated> {
        let is_asked = claim.request().is_some();
        let mut state = self.lock();
        let answered = state.authenticators.answer_verify(claim, verdict);
        match (judged, answered) {
            (Ok(lease), Ok(_)) => {
                // Trust may have changed since the local verdict: a judge may be slow.
                let held = self.hold(&mut state, &lease);
                held.map(if is_asked { Reauthenticated::Renewed } else { Reauthenticated::Unasked })
            }
            (Ok(_), Err(error)) => Err(Failure::Failed(error).into()),
            (Err(refusal), _) => Err(self.refused(refusal).into()),
        }
    }

    /// With the current certificates, trust and time.
    fn answerer(&self) -> Answerer {
        self.0.config.answerer(Arc::clone(&self.0.expect))
    }

    fn lock(&self) -> MutexGuard<'_, Authenticating> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self, refusal: Refusal) -> Failure {
        Failure::Refused { error: self.error(ErrorKind::Rejected { reason: refusal.rejection() }), refusal }
    }

    fn declined(&self, declined: Declined) -> Failure {
        Failure::Declined { error: self.error(DECLINED), declined }
    }

    /// How long a signer or a judge may take.
    #[cfg(feature = "tokio")]
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.0.config.handshake_deadline
    }

    /// The signer failed.
    #[cfg(feature = "tokio")]
    pub(super) fn not_signed(&self, source: BoxError) -> Failure {
        Failure::Signer { error: self.error(DECLINED), source }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        let role = self.0.role;
        Error { kind, role, state: State::Connected, alerts: false }
    }
}

const DECLINED: ErrorKind = ErrorKind::Declined { alert: AlertDescription::INTERNAL_ERROR };

/// The question that [`Reauthentication::show`] has left open.
pub(super) fn sign_question(proving: &Proving<'_>) -> Result<SignQuestion, Failure> {
    Ok(proving.sign_question().cloned().ok_or(Misuse::StaleQuestion)?)
}

/// Whose it is.
impl fmt::Debug for Reauthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reauthentication").field(&self.lease()).finish()
    }
}
