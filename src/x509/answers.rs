//! The three answers for callers that have key, roots and clock at hand.

use super::expectations::Expect;
use super::identities::Identities;
use super::identities::identity::Identity;
use super::identities::key::SignError;
use super::refusal::Refusal;
use super::reloadable::Reloadable;
use super::trust::Trust;
use super::verify::cache::VerifiedChains;
use super::verify::{JudgeOptions, Report};
use crate::memory::Memory;
use crate::{AlertDescription, Credential, Handshake, Inbox, Offer, Outbox, Peer, Policy};
use crate::{Misuse, SignQuestion, Verdict, Want};
use core::{borrow::Borrow, fmt};
use rustls_pki_types::UnixTime;
use std::{sync::Arc, vec::Vec};

/// Answers one handshake's questions from what is at hand, and keeps the report: one `Answerer` per handshake.
pub struct Answerer<'a> {
    identities: &'a Reloadable<Identities>,
    trust: &'a Reloadable<Trust>,
    expect: &'a [Expect],
    /// The clock for the verdict; set it anew if the handshake has waited long.
    pub now: UnixTime,
    cache: Option<&'a VerifiedChains>,
    chosen: Option<Arc<Identity>>,
    report: Option<Report>,
    declined: Option<Declined>,
}

/// Why a question was declined.
#[derive(Clone, Copy)]
enum Declined {
    NoCredential,
    Signer(SignError),
}

/// Why our side ended the handshake: the facts beside the [`Error`](crate::Error), which knows only the alert.
/// `Display` is one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerFailure<'a> {
    /// The peer was refused.
    Refused(&'a Refusal),
    /// We have no credential of the certificate type that was agreed on.
    NoCredential,
    /// The signer failed.
    Signer(SignError),
}

impl fmt::Display for AnswerFailure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnswerFailure::Refused(refusal) => write!(f, "{refusal}"),
            AnswerFailure::NoCredential => {
                f.write_str("we have no credential of the certificate type that was agreed on")
            }
            AnswerFailure::Signer(error) => write!(f, "our signer failed: {error}"),
        }
    }
}

impl<'a> Answerer<'a> {
    /// For one handshake. The identities and the trust are looked up when a question comes.
    pub fn new(
        identities: &'a Reloadable<Identities>,
        trust: &'a Reloadable<Trust>,
        expect: &'a [Expect],
        now: UnixTime,
    ) -> Answerer<'a> {
        Answerer { identities, trust, expect, now, cache: None, chosen: None, report: None, declined: None }
    }

    /// Remembers verified chains there.
    pub fn with_cache(mut self, cache: &'a VerifiedChains) -> Answerer<'a> {
        self.cache = Some(cache);
        self
    }

    /// Answers `Credential`; `None`: we have nothing of the certificate type that was agreed on.
    pub fn choose(&mut self, offer: &Offer<'_>) -> Option<Credential<'_>> {
        self.chosen = self.identities.get().choose(offer);
        self.chosen.as_ref().map(|identity| identity.credential())
    }

    /// Answers `Sign`, with the key of the identity that was chosen.
    pub fn sign(&self, question: &SignQuestion) -> Result<Vec<u8>, SignError> {
        let identity = self.chosen.as_ref().ok_or(SignError::SchemeDoesNotFitKey)?;
        identity.sign(question.scheme(), question.message())
    }

    /// Answers `Verify`, and keeps the report.
    pub fn judge(&mut self, peer: &Peer<'_>) -> Verdict {
        let identities = self.identities.get();
        let terms =
            JudgeOptions { own: identities.leaves(), cache: self.cache, ..JudgeOptions::new(self.expect, self.now) };
        let judgement = self.trust.get().judge(peer, &terms);
        self.report = Some(judgement.report);
        judgement.verdict
    }

    /// Answers the question that the handshake has; `false`: it has none, but wants `Write` or `Read` or is `Done`.
    ///
    /// No credential that fits, or a signer that fails, declines the question; a bad peer is refused. Then the next
    /// `drive` returns the error, the alert lies in `tx`, and [`Answerer::failure`] knows the facts.
    ///
    /// ```
    /// # use countersign::{Error, Handshake, Inbox, Outbox, Policy, Misuse, Want, x509::Answerer};
    /// # fn until_the_transport_is_wanted(
    /// #     hs: &mut Handshake<Policy>, local: &mut Answerer<'_>, rx: &mut Inbox<Vec<u8>>, tx: &mut Outbox<Vec<u8>>,
    /// # ) -> Result<Want, Box<dyn std::error::Error>> {
    /// loop {
    ///     let want = hs.drive(rx, tx)?;
    ///     if !local.answer(hs, &want, rx, tx)? {
    ///         return Ok(want); // Write, Read or Done
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing: after [`Misuse::NoRoom`] send what is pending, or move to larger memory, and drive
    /// again.
    pub fn answer<P: Borrow<Policy>, R: Memory, T: Memory>(
        &mut self,
        hs: &mut Handshake<P>,
        want: &Want,
        rx: &Inbox<R>,
        tx: &mut Outbox<T>,
    ) -> Result<bool, Misuse> {
        match want {
            Want::Write | Want::Read | Want::Done => return Ok(false),
            Want::Credential(question) => match self.choose(&hs.offer(rx)?) {
                Some(credential) => hs.answer_credential(question, &credential, tx)?,
                None => {
                    hs.decline(question, AlertDescription::HANDSHAKE_FAILURE)?;
                    self.declined = Some(Declined::NoCredential);
                }
            },
            Want::Sign(question) => match self.sign(question) {
                Ok(signature) => hs.answer_sign(question, &signature, tx)?,
                Err(error) => {
                    hs.decline(question, AlertDescription::INTERNAL_ERROR)?;
                    self.declined = Some(Declined::Signer(error));
                }
            },
            Want::Verify(question) => {
                let verdict = self.judge(&hs.peer(rx)?);
                hs.answer_verify(question, verdict)?;
            }
        }
        Ok(true)
    }

    /// Why our answers ended the handshake, if they did.
    pub fn failure(&self) -> Option<AnswerFailure<'_>> {
        match self.declined {
            Some(Declined::NoCredential) => Some(AnswerFailure::NoCredential),
            Some(Declined::Signer(error)) => Some(AnswerFailure::Signer(error)),
            None => self.report()?.refusal().map(AnswerFailure::Refused),
        }
    }

    /// What [`Answerer::judge`] found: why the peer was refused, or who it is.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}
