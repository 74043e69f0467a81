//! Our authenticators (RFC 9261 §5.2): Certificate, CertificateVerify, Finished.

use super::contexts::Context;
use super::table::{self, Cause, State};
use super::{Authenticators, written};
use crate::codec::{
    CertificateType, CertificateVerify, CheckedExtensions, Extensions, Finished, HandshakeType, Place, SignatureScheme,
    Writer, write_certificate,
};
use crate::crypto::Hasher;
use crate::engine::authenticate::{can_carry, choose_scheme, write_own_certificate};
use crate::engine::peer_preferences::PeerPreferences;
use crate::engine::question::{Credential, Offer, SignQuestion};
use crate::error::Misuse;
use crate::list::List;
use crate::policy::Policy;
use crate::role::Role;
use crate::schedule::SignedContent;
use core::borrow::Borrow;

/// An authenticator of ours that is not complete yet. It belongs to one [`Authenticators`], and borrows the request that
/// it answers. First it asks for a credential, then for the signature. There is no time limit for the answers.
pub struct Proving<'m> {
    stamp: u64,
    /// The extensions of the request. `None`: it is spontaneous.
    request: Option<CheckedExtensions<'m>>,
    preferences: PeerPreferences,
    context: List<u8, 255>,
    /// Handshake Context || authenticator request
    transcript: Hasher,
    step: Step,
}

#[allow(clippy::large_enum_variant, reason = "no heap")]
enum Step {
    AskCredential,
    AskSign {
        /// ... || Certificate
        transcript: Hasher,
        question: SignQuestion,
    },
    Done,
}

impl<'m> Proving<'m> {
    pub(super) fn new(
        stamp: u64,
        request: Option<CheckedExtensions<'m>>,
        preferences: PeerPreferences,
        context: &[u8],
        transcript: Hasher,
    ) -> Proving<'m> {
        let context = List::collect(context.iter().copied());
        Proving { stamp, request, preferences, context, transcript, step: Step::AskCredential }
    }

    /// The answer that it awaits.
    pub fn state(&self) -> State {
        match self.step {
            Step::AskCredential => State::AskCredential,
            Step::AskSign { .. } => State::AskSign,
            Step::Done => State::Done,
        }
    }

    /// The question to the signer, once a credential has been chosen.
    pub fn sign_question(&self) -> Option<&SignQuestion> {
        match &self.step {
            Step::AskSign { question, .. } => Some(question),
            _ => None,
        }
    }

    /// certificate_request_context: that of the request, or ours for a spontaneous authenticator.
    pub fn context(&self) -> &[u8] {
        self.context.as_slice()
    }

    /// Whether the peer has asked for it. A spontaneous authenticator cannot be declined: drop it.
    pub fn is_requested(&self) -> bool {
        self.request.is_some()
    }
}

impl<P: Borrow<Policy>> Authenticators<P> {
    /// Begins a spontaneous authenticator, which only a server may send (RFC 9261 §5).
    ///
    /// # Errors
    /// [`Misuse::NotNow`] for a client.
    pub fn prove_unasked(&mut self) -> Result<Proving<'static>, Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::NotNow);
        }
        let (context, _): (Context, u64) = self.contexts.next();
        self.contexts.count();
        table::check(self.role, State::Idle, Cause::Call(&[]), State::AskCredential);
        let transcript = self.keys_of(self.role).transcript();
        let preferences = self.client_preferences.preferences();
        Ok(Proving::new(self.stamp, None, preferences, &context, transcript))
    }

    /// What the peer accepts: by its request, or for a spontaneous authenticator by signature_algorithms and server_name of
    /// its ClientHello.
    ///
    /// # Errors
    /// [`Misuse::StaleQuestion`]: `proving` belongs to another session.
    pub fn offer<'a>(&'a self, proving: &'a Proving<'_>) -> Result<Offer<'a>, Misuse> {
        self.owns(proving)?;
        let nothing = Extensions::ABSENT.check(Place::CertificateRequest).map_err(|_| Misuse::NotNow)?;
        Ok(match &proving.request {
            Some(request) => {
                let name = request.server_name().and_then(|name| core::str::from_utf8(name).ok());
                Offer::after_handshake(*request, &[], name)
            }
            None => Offer::after_handshake(nothing, proving.preferences.schemes.as_slice(), self.server_name.as_str()),
        })
    }

    /// Answers which certificate we show: writes Certificate to `out`, and returns its length. It is the first part of the
    /// authenticator: keep it until [`answer_sign`](Self::answer_sign) has written the second.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. [`Misuse::StaleQuestion`]: `proving` was answered before, or belongs to another
    /// session. [`Misuse::UnfitCredential`]: it has no certificate, or a raw public key. [`Misuse::NoRoom`]: `out` must have
    /// `needed` bytes. [`Misuse::NoCommonSignatureScheme`].
    pub fn answer_credential(
        &self,
        proving: &mut Proving<'_>,
        credential: &Credential<'_>,
        out: &mut [u8],
    ) -> Result<usize, Misuse> {
        self.owns(proving)?;
        let Step::AskCredential = proving.step else { return Err(Misuse::StaleQuestion) };
        if credential.chain.is_empty() || credential.certificate_type != CertificateType::X509 {
            return Err(Misuse::UnfitCredential);
        }
        let scheme: SignatureScheme =
            choose_scheme(&proving.preferences, credential).map_err(|_| Misuse::NoCommonSignatureScheme)?;
        let mut w = Writer::new(out);
        write_own_certificate(proving.context.as_slice(), &proving.preferences, credential, &mut w);
        let len = written(w, Misuse::UnfitCredential)?;
        let mut transcript = proving.transcript.fork();
        transcript.update(out.get(..len).unwrap_or_default());
        let content = SignedContent::authenticator(&transcript.hash());
        proving.step = Step::AskSign { transcript, question: SignQuestion { scheme, content } };
        let sent = Cause::Answer(&[HandshakeType::CERTIFICATE]);
        table::check(self.role, State::AskCredential, sent, State::AskSign);
        Ok(len)
    }

    /// Answers with the signature: writes CertificateVerify and Finished to `out`, and returns their length. Send them
    /// directly after Certificate: together they are the authenticator.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. [`Misuse::NoRoom`]: `out` must have `needed` bytes. [`Misuse::StaleQuestion`],
    /// [`Misuse::UnfitSignature`].
    pub fn answer_sign(&self, proving: &mut Proving<'_>, signature: &[u8], out: &mut [u8]) -> Result<usize, Misuse> {
        self.owns(proving)?;
        let Step::AskSign { transcript, question } = &proving.step else { return Err(Misuse::StaleQuestion) };
        if !can_carry(signature) {
            return Err(Misuse::UnfitSignature);
        }
        let proof = CertificateVerify { algorithm: question.scheme, signature };
        let mut counted = Writer::counting();
        proof.write(&mut counted);
        let certificate_verify = counted.len();
        let finished = |transcript: &Hasher| self.keys_of(self.role).finished(&transcript.hash());
        // All of it must have room before any of it is hashed. So it is counted with a verify_data of the same length.
        Finished { verify_data: finished(transcript).as_ref() }.write(&mut counted);
        let needed = counted.len();
        let out = out.get_mut(..needed).ok_or(Misuse::NoRoom { needed })?;
        let (first, second) = out.split_at_mut_checked(certificate_verify).ok_or(Misuse::NoRoom { needed })?;
        proof.write(&mut Writer::new(first));
        let mut transcript = transcript.fork();
        transcript.update(first);
        Finished { verify_data: finished(&transcript).as_ref() }.write(&mut Writer::new(second));
        let sent = Cause::Answer(&[HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED]);
        table::check(self.role, State::AskSign, sent, State::Done);
        proving.step = Step::Done;
        Ok(needed)
    }

    /// Declines: writes an empty authenticator to `out`, and returns its length. It replaces everything written before.
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. [`Misuse::NotNow`]: it is spontaneous. [`Misuse::NoRoom`]: `out` must have `needed`
    /// bytes. [`Misuse::StaleQuestion`].
    pub fn decline(&self, proving: &mut Proving<'_>, out: &mut [u8]) -> Result<usize, Misuse> {
        self.owns(proving)?;
        if !proving.is_requested() {
            return Err(Misuse::NotNow);
        }
        let state = proving.state();
        if state == State::Done {
            return Err(Misuse::StaleQuestion);
        }
        let transcript = with_empty_certificate(&proving.transcript, proving.context.as_slice());
        let verify_data = self.keys_of(self.role).finished(&transcript.hash());
        let mut w = Writer::new(out);
        Finished { verify_data: verify_data.as_ref() }.write(&mut w);
        let len = written(w, Misuse::NotNow)?;
        table::check(self.role, state, Cause::Decline(&[HandshakeType::FINISHED]), State::Done);
        proving.step = Step::Done;
        Ok(len)
    }

    fn owns(&self, proving: &Proving<'_>) -> Result<(), Misuse> {
        if proving.stamp == self.stamp { Ok(()) } else { Err(Misuse::StaleQuestion) }
    }
}

/// Handshake Context || authenticator request || Certificate without entries (RFC 9261 §6).
pub(super) fn with_empty_certificate(transcript: &Hasher, context: &[u8]) -> Hasher {
    let mut memory = [0; 4 + 1 + 255 + 3];
    let mut w = Writer::new(&mut memory);
    write_certificate(&mut w, context, [], |_| {});
    let len = w.len();
    let mut transcript = transcript.fork();
    transcript.update(memory.get(..len).unwrap_or_default());
    transcript
}
