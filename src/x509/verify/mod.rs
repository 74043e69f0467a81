//! The steps of the verdict on a peer, in their order.

pub(super) mod accepted;
pub(super) mod again;
mod diagnosis;
pub(super) mod memo;
pub(super) mod options;
mod path;
mod search;

use crate::x509::expectations::{self, Expect, Leaf};
use crate::x509::hash::sha256;
use crate::x509::refusal::{Fault, Refusal, RefusalReason, of_leaf};
use crate::x509::trust::Trust;
use crate::x509::{rules, text};
use crate::{CertificateType, Peer, Verdict};
use accepted::Accepted;
use options::JudgeOptions;
use rustls_pki_types::CertificateDer;
use std::vec::Vec;
use webpki::EndEntityCert;

impl Trust {
    /// Judges a peer that has proved possession of its key: chain, revocation, use, then identity. Both results convert
    /// to the answer for [`Handshake::answer_verify`](crate::Handshake::answer_verify).
    ///
    /// It allocates a little (measured in docs/TRUST.md), never blocks, and uses neither clock nor network.
    pub fn judge(&self, peer: &Peer<'_>, options: &JudgeOptions<'_>) -> Result<Accepted, Refusal> {
        self.decide(peer, options).map_err(|fault| Refusal::new(peer, fault, options.now))
    }

    fn decide(&self, peer: &Peer<'_>, options: &JudgeOptions<'_>) -> Result<Accepted, Fault> {
        if !self.allow_own && options.own.iter().any(|own| own.as_ref() == peer.leaf()) {
            return Err(of_leaf(RefusalReason::OwnCertificate));
        }
        if peer.certificate_type() == CertificateType::RAW_PUBLIC_KEY {
            let matched = raw_key(peer.leaf(), options.expect).map_err(of_leaf)?;
            return Ok(Accepted::raw_public_key(peer, matched, self.snapshot_id(), options.now));
        }
        if self.roots.is_empty() {
            return Err(of_leaf(RefusalReason::NotRawKey));
        }
        let der = CertificateDer::from(peer.leaf());
        let cert = rules::read(&der).map_err(of_leaf)?;
        let end_entity =
            EndEntityCert::try_from(&der).map_err(|error| of_leaf(diagnosis::unreadable_leaf(&error, &cert)))?;
        let leaf = Leaf { role: peer.role(), cert: &cert, end_entity: &end_entity };
        let others: Vec<CertificateDer<'_>> = peer.chain().skip(1).map(CertificateDer::from).collect();
        let path = search::search(self, &leaf, &others, options)?;
        self.rules.leaf(&cert, peer.role()).map_err(of_leaf)?;
        let matched = expectations::find(options.expect, &leaf, path.bound).map_err(of_leaf)?;
        Ok(Accepted::certificate(peer, matched, &path, self.snapshot_id(), options.now))
    }
}

impl From<&Result<Accepted, Refusal>> for Verdict {
    fn from(judged: &Result<Accepted, Refusal>) -> Verdict {
        match judged {
            Ok(accepted) => accepted.into(),
            Err(refusal) => refusal.into(),
        }
    }
}

/// A raw public key (RFC 7250): possession is proved, so only a pin is checked. It matches no name, SPIFFE ID
/// or "any trusted".
fn raw_key(spki: &[u8], expected: &[Expect]) -> Result<usize, RefusalReason> {
    let hash = sha256(spki);
    let matched = expected.iter().position(|expect| *expect == Expect::Spki(hash));
    matched.ok_or_else(|| RefusalReason::UnknownKey(text::hex(&hash)))
}
