//! The three answers for callers that have key, roots and clock at hand.

use super::cache::VerifiedChains;
use super::credential::Identity;
use super::expect::Expect;
use super::judge::{Report, Terms};
use super::key::SignError;
use super::live::Live;
use super::trust::Trust;
use super::vault::Vault;
use crate::{
    AlertDescription, Credential, Handshake, Inbox, Offer, Outbox, Peer, Policy, SignQuestion, Slip, Verdict, Want,
};
use core::borrow::Borrow;
use rustls_pki_types::UnixTime;
use std::{sync::Arc, vec::Vec};

/// Answers one handshake's questions from what is at hand, and keeps the report: one `Local` per handshake.
pub struct Local<'a> {
    vault: &'a Live<Vault>,
    trust: &'a Live<Trust>,
    expect: &'a [Expect],
    /// The clock for the verdict; set it anew if the handshake has waited long.
    pub now: UnixTime,
    cache: Option<&'a VerifiedChains>,
    chosen: Option<Arc<Identity>>,
    report: Option<Report>,
}

impl<'a> Local<'a> {
    /// For one handshake. The vault and the trust are looked up when a question comes.
    pub fn new(vault: &'a Live<Vault>, trust: &'a Live<Trust>, expect: &'a [Expect], now: UnixTime) -> Local<'a> {
        Local { vault, trust, expect, now, cache: None, chosen: None, report: None }
    }

    /// Remembers verified chains there.
    pub fn with_cache(mut self, cache: &'a VerifiedChains) -> Local<'a> {
        self.cache = Some(cache);
        self
    }

    /// Answers the question `want`. If there is no identity to show, or the key cannot sign, the question is declined,
    /// and the next `drive` says so. Afterwards drive again.
    ///
    /// # Errors
    /// The handshake's [`Slip`]s ([`Slip::NoRoom`]: send, then drive again: the question is repeated);
    /// [`Slip::NotNow`] for `Write`, `Read` and `Done`, which are the caller's.
    pub fn answer<P, R, T>(
        &mut self,
        hs: &mut Handshake<P>,
        want: &Want,
        rx: &Inbox<R>,
        tx: &mut Outbox<T>,
    ) -> Result<(), Slip>
    where
        P: Borrow<Policy>,
        R: AsRef<[u8]> + AsMut<[u8]>,
        T: AsRef<[u8]> + AsMut<[u8]>,
    {
        match want {
            Want::Credential(question) => match self.choose(&hs.offer(rx)?) {
                Some(credential) => hs.present(question, &credential, tx),
                None => hs.decline(question, AlertDescription::HANDSHAKE_FAILURE),
            },
            Want::Sign(question) => match self.sign(question) {
                Ok(signature) => hs.signature(question, &signature, tx),
                Err(_) => hs.decline(question, AlertDescription::INTERNAL_ERROR),
            },
            Want::Verify(question) => {
                let verdict = self.judge(&hs.peer(rx)?);
                hs.verdict(question, verdict)
            }
            Want::Write | Want::Read | Want::Done => Err(Slip::NotNow),
        }
    }

    /// Answers `Credential`; `None`: we have nothing that the peer could verify.
    pub fn choose(&mut self, offer: &Offer<'_>) -> Option<Credential<'_>> {
        self.chosen = self.vault.get().choose(offer);
        self.chosen.as_ref().map(|identity| identity.credential())
    }

    /// Answers `Sign`, with the key of the identity that was chosen.
    pub fn sign(&self, question: &SignQuestion) -> Result<Vec<u8>, SignError> {
        let identity = self.chosen.as_ref().ok_or(SignError::SchemeDoesNotFitKey)?;
        identity.sign(question.scheme(), question.message())
    }

    /// Answers `Verify`, and keeps the report.
    pub fn judge(&mut self, peer: &Peer<'_>) -> Verdict {
        let vault = self.vault.get();
        let terms = Terms { own: vault.leaves(), cache: self.cache, ..Terms::new(self.expect, self.now) };
        let judgement = self.trust.get().judge(peer, &terms);
        self.report = Some(judgement.report);
        judgement.verdict
    }

    /// What [`Local::judge`] found: why the peer was refused, or who it is.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}
