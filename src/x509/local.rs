//! The three answers for callers that have key, roots and clock at hand.

use super::cache::VerifiedChains;
use super::credential::{Identity, Vault};
use super::expect::Expect;
use super::judge::{Report, Terms};
use super::key::SignError;
use super::live::Live;
use super::trust::Trust;
use crate::{Credential, Offer, Peer, SignQuestion, Verdict};
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
