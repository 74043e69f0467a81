//! Proving identities again inside of a connection (RFC 9261), by what the connection was made with.

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

/// Proves identities again inside of one connection, and checks those of the peer, by the identities, the trust and the
/// clock of now, and the expectations of the handshake. See [`authenticator`](crate::authenticator) for what that proves.
///
/// What it gives goes to the peer, and what the peer's gives comes back: by frames of your protocol, on a stream of HTTP/2,
/// by [`Frames`](super::Frames). It does not read or write the connection, and a clone is the same one: it may stand beside
/// a connection that HTTP owns. Drop it with its connection: it holds secrets of it.
///
/// What goes wrong here ends nothing and sends no alert. A peer that does not prove who it is, or whose lease does not hold
/// any more, is cut off by you: close the connection. Each request of the peer costs us a signature: so
/// [`MAX_AUTHENTICATOR_REQUESTS`](crate::limits::MAX_AUTHENTICATOR_REQUESTS) are answered at once, and then one a second.
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
    /// How many requests of the peer are answered.
    allowance: Allowance,
}

/// What the peer's message was.
#[derive(Debug)]
pub enum Reauthenticated {
    /// A request, and this is the answer: send it.
    Answer(Vec<u8>),
    /// A request that we cannot satisfy. The message says so to the peer, an empty authenticator: send it.
    Unable {
        /// For the peer.
        message: Vec<u8>,
        /// For us.
        why: io::Error,
    },
    /// The peer has proved who it is, in answer to a request of ours: so long it holds now.
    Renewed(Lease),
    /// A server has shown who it is, and nobody had asked: so long it holds now. It proves no *now*: whoever waits for the
    /// answer to a request still does.
    Unasked(Lease),
    /// The peer does not answer this request of ours, and says so.
    Declined(RequestId),
}

impl Reauthentication {
    /// For the session that these are of.
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

    /// "Prove who you are": a message for the peer.
    ///
    /// # Errors
    /// `InvalidInput`, with [`Misuse::TooManyRequests`] inside: the peer has left
    /// [`MAX_OPEN_REQUESTS`](crate::limits::MAX_OPEN_REQUESTS) unanswered.
    pub fn request(&self) -> io::Result<Vec<u8>> {
        Ok(self.request_with(&RequestOptions::default())?.1)
    }

    /// The same, with what else the request is to say, and by which name it is known.
    ///
    /// # Errors
    /// As [`Authenticators::request`].
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

    /// A request of ours is not waited for any more: its answer will be refused.
    ///
    /// # Errors
    /// `InvalidInput`: it is not open.
    pub fn cancel(&self, request: RequestId) -> io::Result<()> {
        Ok(self.lock().authenticators.cancel(request).map_err(Failure::from)?)
    }

    /// A server's: proves who we are though nobody has asked, to show a certificate that is new. It does not prove the *now*.
    ///
    /// # Errors
    /// What our key fails of. `InvalidInput`: we are a client.
    pub fn prove_unasked(&self) -> io::Result<Vec<u8>> {
        Ok(self.prove(&mut self.begin_unasked()?)?)
    }

    /// Takes a message of the peer: exactly one, nothing before it and nothing behind it. Signs and verifies.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`] inside: the peer proves to be somebody whom we refuse, or somebody else than
    /// it was. `InvalidData`: what is wrong with the message, or that the peer asks too often
    /// ([`ErrorKind::TooManyAuthenticatorRequests`]). The lease is what it was.
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

    /// What the peer has proved, and until when that holds.
    pub fn lease(&self) -> Lease {
        self.lock().lease.clone()
    }

    /// Judges the lease again, by the trust and the clock of now: to be called when trust has changed, and when the lease
    /// ends. Asks nobody; takes microseconds.
    ///
    /// # Errors
    /// `PermissionDenied`, with the [`Refusal`] inside: it does not hold any more. Close the connection.
    pub fn check(&self) -> io::Result<Lease> {
        let mut state = self.lock();
        let lease = state.lease.clone();
        self.hold(&mut state, &lease)
    }

    /// Keeps this lease, if it holds by the trust and the clock of now.
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

    /// What has become of a proof of the peer.
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

    /// Begins an authenticator that nobody has asked for.
    pub(super) fn begin_unasked(&self) -> Result<Proving<'static>, Failure> {
        Ok(self.lock().authenticators.prove_unasked()?)
    }

    /// The whole authenticator, by a key that is at hand.
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

    /// Its first part, and whose key must sign the second.
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

    /// What goes to the peer, which has asked: an empty authenticator, if we could make none.
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

    /// The lease that the peer would have by what it has proved.
    pub(super) fn judge(&self, claim: &Claim<'_>) -> Result<Lease, Refusal> {
        let lease = self.lease();
        self.answerer().renew(&lease, claim)
    }

    /// Keeps it, if the last verdict says so as well.
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
                // Trust may have changed since it was judged: a judge may take its time.
                let held = self.hold(&mut state, &lease);
                held.map(if is_asked { Reauthenticated::Renewed } else { Reauthenticated::Unasked })
            }
            (Ok(_), Err(error)) => Err(Failure::Failed(error).into()),
            (Err(refusal), _) => Err(self.refused(refusal).into()),
        }
    }

    /// With today's certificates, trust and clock.
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

    /// The signer that was asked has failed.
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

/// The question that [`Reauthentication::show`] has left.
pub(super) fn sign_question(proving: &Proving<'_>) -> Result<SignQuestion, Failure> {
    Ok(proving.sign_question().cloned().ok_or(Misuse::StaleQuestion)?)
}

/// Whose it is.
impl fmt::Debug for Reauthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reauthentication").field(&self.lease()).finish()
    }
}
