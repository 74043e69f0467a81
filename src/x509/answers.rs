//! The answers to the three questions, for programs with keys, trust and clock in memory.

use super::expectations::Expect;
use super::identities::Identities;
use super::identities::identity::Identity;
use super::identities::key::SignError;
use super::lease::Lease;
use super::refusal::Refusal;
use super::reloadable::Reloadable;
use super::trust::Trust;
use super::verify::accepted::Accepted;
use super::verify::memo::SignatureMemo;
use super::verify::options::JudgeOptions;
use crate::authenticator::{Authenticators, Claim, Proving};
use crate::error::sentences;
use crate::{AlertDescription, AnyInbox, AnyOutbox, Carrier, Credential, Handshake, Offer, Peer, Policy};
use crate::{Misuse, SessionInfo, SignQuestion, Verdict, Want};
use core::borrow::Borrow;
use rustls_pki_types::UnixTime;
use std::{sync::Arc, vec::Vec};

/// Answers the questions of one handshake with keys and trust in memory, and keeps the result. Make one for each handshake.
///
/// It owns its data, so that one value can hold it together with its handshake. Its three parts can also be called
/// alone: [`choose`](Answerer::choose), [`sign`](Answerer::sign) and [`judge`](Answerer::judge). A program that
/// signs elsewhere, or judges on another thread, replaces one of them.
pub struct Answerer {
    identities: Arc<Reloadable<Identities>>,
    trust: Arc<Reloadable<Trust>>,
    expect: Arc<[Expect]>,
    /// The time for the verdict. Set it again if the handshake has waited long.
    pub now: UnixTime,
    memo: Option<Arc<SignatureMemo>>,
    chosen: Option<Arc<Identity>>,
    judged: Option<Result<Accepted, Refusal>>,
    declined: Option<Declined>,
}

sentences! {
    /// Why a question of the handshake was declined. The [`Error`](crate::Error) has only the alert. `Display` writes a
    /// sentence.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[non_exhaustive]
    pub enum Declined {
        /// We have no credential of the negotiated certificate type.
        NoCredential = "we have no credential of the certificate type that was agreed on";
        /// The signer failed.
        Signer(error: SignError) = "our signer failed: {error}";
    }
}

impl SessionInfo {
    /// The accepted peer, if [`Answerer::answer`] has answered `Verify`, or if the caller has attached the result of
    /// [`Trust::judge`] ([`Handshake::attach`]).
    pub fn peer(&self) -> Option<&Accepted> {
        self.attached()?.downcast_ref()
    }
}

impl Answerer {
    /// For one handshake. At each question it uses the current identities or trust. `expect` lists the accepted peers.
    pub fn new(
        identities: Arc<Reloadable<Identities>>,
        trust: Arc<Reloadable<Trust>>,
        expect: impl Into<Arc<[Expect]>>,
        now: UnixTime,
    ) -> Answerer {
        let expect = expect.into();
        Answerer { identities, trust, expect, now, memo: None, chosen: None, judged: None, declined: None }
    }

    /// Remembers verified signatures in this memo.
    pub fn with_memo(mut self, memo: Arc<SignatureMemo>) -> Answerer {
        self.memo = Some(memo);
        self
    }

    /// Answers `Credential`. `None` if we have no credential of the negotiated certificate type.
    pub fn choose(&mut self, offer: &Offer<'_>) -> Option<Credential<'_>> {
        self.chosen = self.identities.get().choose(offer);
        self.chosen.as_ref().map(|identity| identity.credential())
    }

    /// Answers `Sign` with the key of the chosen identity.
    pub fn sign(&self, question: &SignQuestion) -> Result<Vec<u8>, SignError> {
        let identity = self.chosen.as_ref().ok_or(SignError::KeyElsewhere)?;
        identity.sign(question.scheme(), question.message())
    }

    /// Answers `Verify`, and keeps the result.
    pub fn judge(&mut self, peer: &Peer<'_>) -> Verdict {
        let identities = self.identities.get();
        let memo = self.memo.as_deref();
        let options = JudgeOptions { own: identities.leaves(), memo, ..JudgeOptions::new(&self.expect, self.now) };
        let judged = self.trust.get().judge(peer, &options);
        let verdict = Verdict::from(&judged);
        self.judged = Some(judged);
        verdict
    }

    /// Answers the question in `want`, and attaches an accepted peer to the session ([`SessionInfo::peer`]). `false`: `want`
    /// is no question but `Write`, `Read` or `Done`.
    ///
    /// Without a fitting credential, or if the signer fails, it declines the question. A bad peer is refused. Then the next
    /// `drive` returns the error, the alert is in `tx`, and [`refusal`](Answerer::refusal) or
    /// [`declined`](Answerer::declined) has the reason.
    ///
    /// ```
    /// # use countersign::{Error, Handshake, Inbox, Outbox, Policy, Misuse, Want, x509::Answerer};
    /// # fn until_the_transport_is_wanted(
    /// #     hs: &mut Handshake<Policy>, answerer: &mut Answerer, rx: &mut Inbox<Vec<u8>>, tx: &mut Outbox<Vec<u8>>,
    /// # ) -> Result<Want, Box<dyn std::error::Error>> {
    /// loop {
    ///     let want = hs.drive(rx, tx)?;
    ///     if !answerer.answer(hs, &want, rx, tx)? {
    ///         return Ok(want); // Write, Read or Done
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// A [`Misuse`] changes nothing. After [`Misuse::NoRoom`] send the pending bytes, or move to larger memory, and
    /// drive again.
    pub fn answer<P, C, R, T>(
        &mut self,
        hs: &mut Handshake<P, C>,
        want: &Want,
        rx: &R,
        tx: &mut T,
    ) -> Result<bool, Misuse>
    where
        P: Borrow<Policy>,
        C: Carrier,
        R: AnyInbox<Carrier = C>,
        T: AnyOutbox<Carrier = C>,
    {
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
                if let Some(accepted) = self.accepted() {
                    hs.attach(Arc::new(accepted.clone()));
                }
            }
        }
        Ok(true)
    }

    /// Makes an authenticator (RFC 9261), requested or spontaneous: chooses the identity and signs. If we have no identity
    /// that the peer accepts, or if the signer fails, it is an empty one, which declines the request. Then
    /// [`declined`](Answerer::declined) has the reason.
    ///
    /// # Errors
    /// [`Misuse::StaleQuestion`]: `proving` belongs to another session, or was answered in part. [`Misuse::NotNow`]: it is
    /// spontaneous, so there is nothing to decline.
    pub fn prove<P: Borrow<Policy>>(
        &mut self,
        authenticators: &Authenticators<P>,
        mut proving: Proving<'_>,
    ) -> Result<Vec<u8>, Misuse> {
        let Some(mut message) = self.show(authenticators, &mut proving)? else {
            return decline(authenticators, &mut proving);
        };
        let question = proving.sign_question().ok_or(Misuse::StaleQuestion)?;
        match self.sign(question) {
            Ok(signature) => {
                append(&mut message, |out| authenticators.answer_sign(&mut proving, &signature, out))?;
                Ok(message)
            }
            Err(error) => {
                self.declined = Some(Declined::Signer(error));
                decline(authenticators, &mut proving)
            }
        }
    }

    /// The Certificate of an authenticator. `None` if we have no identity that the peer accepts.
    pub(crate) fn show<P: Borrow<Policy>>(
        &mut self,
        authenticators: &Authenticators<P>,
        proving: &mut Proving<'_>,
    ) -> Result<Option<Vec<u8>>, Misuse> {
        self.declined = None;
        let mut message = Vec::new();
        let chosen = self.choose(&authenticators.offer(proving)?);
        let fits = chosen
            .map(|credential| append(&mut message, |out| authenticators.answer_credential(proving, &credential, out)));
        match fits {
            Some(Ok(())) => Ok(Some(message)),
            Some(Err(Misuse::NoCommonSignatureScheme | Misuse::UnfitCredential)) | None => {
                self.declined = Some(Declined::NoCredential);
                Ok(None)
            }
            Some(Err(misuse)) => Err(misuse),
        }
    }

    /// The identity that has answered `Credential`. Its key must sign.
    pub fn chosen(&self) -> Option<&Arc<Identity>> {
        self.chosen.as_ref()
    }

    /// The peer, if it has been accepted.
    pub fn accepted(&self) -> Option<&Accepted> {
        self.judged.as_ref()?.as_ref().ok()
    }

    /// The accepted peer's lease. Keep it with the session to judge it again.
    pub fn lease(&self) -> Option<Lease> {
        Lease::new(self.accepted()?, &self.expect)
    }

    /// Judges a peer that has proved its identity again, by the current trust and our expectations, and returns the new
    /// lease. See [`Lease::renew`].
    pub fn renew(&mut self, lease: &Lease, claim: &Claim<'_>) -> Result<Lease, Refusal> {
        let identities = self.identities.get();
        let memo = self.memo.as_deref();
        let options = JudgeOptions { own: identities.leaves(), memo, ..JudgeOptions::new(&self.expect, self.now) };
        lease.renew(claim, &self.trust.get(), &options)
    }

    /// The accepted peer, to keep with the session.
    pub fn into_accepted(self) -> Option<Accepted> {
        self.judged?.ok()
    }

    /// Why the peer was refused. `None`: it was not.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.judged.as_ref()?.as_ref().err()
    }

    /// Why a question was declined. `None`: none was.
    pub fn declined(&self) -> Option<Declined> {
        self.declined
    }
}

/// An empty authenticator, which replaces everything that was written.
pub(crate) fn decline<P: Borrow<Policy>>(
    authenticators: &Authenticators<P>,
    proving: &mut Proving<'_>,
) -> Result<Vec<u8>, Misuse> {
    let mut message = Vec::new();
    append(&mut message, |out| authenticators.decline(proving, out))?;
    Ok(message)
}

/// Appends what `write` writes, and makes room for it.
pub(crate) fn append(
    message: &mut Vec<u8>,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Misuse>,
) -> Result<(), Misuse> {
    let start = message.len();
    let mut room = 1024;
    loop {
        message.resize(start.saturating_add(room), 0);
        match write(message.get_mut(start..).unwrap_or_default()) {
            Ok(len) => {
                message.truncate(start.saturating_add(len));
                return Ok(());
            }
            Err(Misuse::NoRoom { needed }) if needed > room => room = needed,
            Err(misuse) => {
                message.truncate(start);
                return Err(misuse);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `write` gets, and what it says about the room that it needs.
    #[test]
    fn a_message_gets_the_room_that_it_needs_once_and_nothing_stays_of_one_that_fails() {
        for needed in [0, 1, 1023, 1024, 1025, 70_000] {
            let mut message = b"before".to_vec();
            let written = append(&mut message, |out| match out.get_mut(..needed) {
                Some(out) => {
                    out.fill(7);
                    Ok(needed)
                }
                None => Err(Misuse::NoRoom { needed }),
            });
            assert_eq!((written, &message[..]), (Ok(()), &[b"before", &std::vec![7; needed][..]].concat()[..]));
        }
        // It wants no more than it had, and has not written: it would never end.
        for misuse in [Misuse::NoRoom { needed: 1024 }, Misuse::NoRoom { needed: 1 }, Misuse::StaleQuestion] {
            let mut message = b"before".to_vec();
            let mut calls = 0;
            let mut write = |_: &mut [u8]| {
                calls += 1;
                assert!(calls < 3, "called again and again");
                Err(misuse)
            };
            assert_eq!((append(&mut message, &mut write), &message[..]), (Err(misuse), &b"before"[..]));
        }
    }
}
