//! Authenticators of the peer (RFC 9261 §5.2, §6): structure, context, signature, Finished.

use super::proving::with_empty_certificate;
use super::table::{self, Cause, State};
use super::{Authenticators, RequestId, end};
use crate::codec::{Certificate, CertificateEntry, CertificateType, CertificateVerify, HandshakeType};
use crate::codec::{List, Message, SignatureScheme};
use crate::crypto::Hasher;
use crate::engine::authenticate::{check_certificate, check_signature, read_finished};
use crate::engine::check::malformed;
use crate::engine::question::{Peer, Verdict};
use crate::error::{Error, ErrorKind};
use crate::policy::Policy;
use crate::role::Role;
use crate::schedule::SignedContent;
use core::borrow::Borrow;

/// The peer has proved on this connection that it holds the key of a certificate. The caller judges the identity in the
/// certificate. This value borrows the message.
#[must_use = "the caller judges it"]
pub struct Claim<'m> {
    role: Role,
    certificate_list: List<'m, CertificateEntry<'m>>,
    context: &'m [u8],
    scheme: SignatureScheme,
    request: Option<RequestId>,
}

/// The peer has proved its identity again, and was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    role: Role,
    scheme: SignatureScheme,
    request: Option<RequestId>,
}

impl<'m> Claim<'m> {
    /// The certificates for the verdict, as in the handshake.
    pub fn peer(&self) -> Peer<'m> {
        Peer::after_handshake(self.role, self.certificate_list, self.scheme)
    }

    /// certificate_request_context: that of our request, or that of a server's spontaneous authenticator.
    pub fn context(&self) -> &'m [u8] {
        self.context
    }

    /// Our request that it answers. `None`: it is spontaneous, and may have been made at any time since the connection
    /// began. So it does not prove that the peer has the key *now*.
    pub fn request(&self) -> Option<RequestId> {
        self.request
    }
}

impl Proved {
    /// The role of the peer.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The scheme of the peer's CertificateVerify.
    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }

    /// See [`Claim::request`].
    pub fn request(&self) -> Option<RequestId> {
        self.request
    }
}

/// What an authenticator is bound to.
struct Bound {
    request: Option<RequestId>,
    /// Handshake Context || authenticator request
    transcript: Hasher,
}

impl<P: Borrow<Policy>> Authenticators<P> {
    /// Answers whether the identity is accepted.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`], if the verdict rejects it. Nothing is sent to the peer.
    pub fn answer_verify(&self, claim: Claim<'_>, verdict: Verdict) -> Result<Proved, Error> {
        let Claim { role, scheme, request, .. } = claim;
        table::check(self.role, State::AskVerify, Cause::Answer(&[]), State::Done);
        match verdict {
            Verdict::Accept => Ok(Proved { role, scheme, request }),
            Verdict::Reject(reason) => Err(self.error(ErrorKind::Rejected { reason })),
        }
    }

    /// Reads Certificate || CertificateVerify || Finished. `first` is the Certificate.
    pub(super) fn authenticator<'m>(&mut self, first: Message<'m>, rest: &'m [u8]) -> Result<Claim<'m>, ErrorKind> {
        let peer = self.role.peer();
        let whole = first.raw.len().saturating_add(rest.len());
        let (second, rest) = self.message(HandshakeType::CERTIFICATE_VERIFY, rest, whole)?;
        let (third, rest) = self.message(HandshakeType::FINISHED, rest, whole)?;
        end(third, rest)?;

        let certificate = Certificate::parse(first.body).map_err(malformed(first.typ))?;
        let proof = CertificateVerify::parse(second.body).map_err(malformed(second.typ))?;
        let verify_data = read_finished(self.keys_of(peer).algorithm(), third)?;
        let Bound { request, mut transcript } = self.bound(certificate.certificate_request_context)?;
        let policy = self.policy.borrow();
        let spki = check_certificate(policy, &certificate, peer, CertificateType::X509)?;

        transcript.update(first.raw);
        let content = SignedContent::authenticator(&transcript.hash());
        let signature = check_signature(policy, &proof, &content, &spki.key);
        transcript.update(second.raw);
        let finished = self.keys_of(peer).verify_finished(&transcript.hash(), verify_data, policy.crypto);
        match (signature, finished) {
            (Ok(_possession), Ok(())) => {}
            (Ok(_), Err(_)) => return Err(ErrorKind::BadFinished),
            (Err(ErrorKind::BadSignature), Err(_)) => {
                return Err(self.diagnose(request, [first, second], verify_data));
            }
            (Err(kind), _) => return Err(kind),
        }

        let awaited = match request {
            Some(RequestId(number)) => self.take(number).map_or(State::Idle, |_| State::WaitAuthenticator),
            None => {
                self.contexts.note_spontaneous(certificate.certificate_request_context);
                State::Idle
            }
        };
        let received: &[HandshakeType] =
            &[HandshakeType::CERTIFICATE, HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED];
        table::check(self.role, awaited, Cause::Receive(received), State::AskVerify);
        Ok(Claim {
            role: peer,
            certificate_list: certificate.certificate_list,
            context: certificate.certificate_request_context,
            scheme: proof.algorithm,
            request,
        })
    }

    /// The next message, which must be of this type.
    fn message<'m>(
        &self,
        typ: HandshakeType,
        bytes: &'m [u8],
        whole: usize,
    ) -> Result<(Message<'m>, &'m [u8]), ErrorKind> {
        let (message, rest) = self.next_message(typ, bytes, whole)?;
        match message.typ == typ {
            true => Ok((message, rest)),
            false => Err(ErrorKind::UnexpectedMessage { message: message.typ }),
        }
    }

    /// What an authenticator with this context is bound to: our request, or the connection alone.
    fn bound(&self, context: &[u8]) -> Result<Bound, ErrorKind> {
        match self.contexts.number(context) {
            Some(number) => {
                let open = self.open.iter().flatten().find(|open| open.number == number);
                let transcript = open.ok_or(ErrorKind::ReusedContext)?.transcript.fork();
                Ok(Bound { request: Some(RequestId(number)), transcript })
            }
            // Clients must not send spontaneous authenticators (RFC 9261 §5).
            None if self.role == Role::Server => Err(ErrorKind::UnknownContext),
            None if self.contexts.is_used(context) => Err(ErrorKind::ReusedContext),
            None if self.contexts.is_full() => Err(ErrorKind::TooManyAuthenticators),
            None => Ok(Bound { request: None, transcript: self.keys_of(Role::Server).transcript() }),
        }
    }

    /// Neither signature nor Finished is right. Finds what else the authenticator was made for, for the error.
    fn diagnose(
        &self,
        request: Option<RequestId>,
        [certificate, certificate_verify]: [Message<'_>; 2],
        verify_data: &[u8],
    ) -> ErrorKind {
        let crypto = self.policy.borrow().crypto;
        let fits = |sender: Role, mut transcript: Hasher| {
            transcript.update(certificate.raw);
            transcript.update(certificate_verify.raw);
            self.keys_of(sender).verify_finished(&transcript.hash(), verify_data, crypto).is_ok()
        };
        let mut others = self.open.iter().flatten().filter(|open| Some(RequestId(open.number)) != request);
        if others.any(|open| fits(self.role.peer(), open.transcript.fork())) {
            return ErrorKind::AuthenticatorOfOtherRequest;
        }
        let this = self.open.iter().flatten().find(|open| Some(RequestId(open.number)) == request);
        match fits(self.role, this.map_or_else(|| self.keys_of(self.role).transcript(), |open| open.of_our_role.fork()))
        {
            true => ErrorKind::AuthenticatorOfOtherRole,
            false => ErrorKind::ForeignAuthenticator,
        }
    }

    /// Reads Finished alone, by which the peer declines a request (RFC 9261 §6). Which one is found by its value.
    pub(super) fn empty_authenticator(&mut self, finished: Message<'_>) -> Result<RequestId, ErrorKind> {
        let keys = self.keys_of(self.role.peer());
        let verify_data = read_finished(keys.algorithm(), finished)?;
        let mode = self.policy.borrow().crypto;
        let answered = self.open.iter().flatten().find(|open| {
            let transcript = with_empty_certificate(&open.transcript, &self.contexts.of(open.number));
            keys.verify_finished(&transcript.hash(), verify_data, mode).is_ok()
        });
        let number = answered.ok_or(ErrorKind::BadFinished)?.number;
        self.take(number);
        let received = Cause::Receive(&[HandshakeType::FINISHED]);
        table::check(self.role, State::WaitAuthenticator, received, State::Done);
        Ok(RequestId(number))
    }
}
