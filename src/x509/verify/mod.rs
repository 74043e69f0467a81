//! The verdict on a peer, and the report that goes with it.

pub(super) mod cache;
mod explain;
mod path;

use crate::x509::asn1::Cert;
use crate::x509::expectations::{self, Expect, Leaf};
use crate::x509::hash::sha256;
use crate::x509::peer_identity::PeerIdentity;
use crate::x509::refusal::{Culprit, Refusal, RefusalReason};
use crate::x509::trust::Trust;
use crate::x509::{rules, text};
use crate::{CertificateType, Peer, Role, Verdict};
use cache::VerifiedChains;
use core::fmt;
use path::Located;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::{boxed::Box, string::String, vec::Vec};
use webpki::EndEntityCert;

/// What a peer is judged by, besides the [`Trust`].
#[derive(Clone, Copy)]
pub struct JudgeOptions<'a> {
    /// Who the peer may be; one must match. Empty: nobody.
    pub expect: &'a [Expect],
    /// The moment of the verdict.
    pub now: UnixTime,
    /// Our own leaves (or raw public keys), DER: a peer that presents one of them is refused.
    pub own: &'a [CertificateDer<'a>],
    /// Where chains are remembered that have been verified, if anywhere.
    pub cache: Option<&'a VerifiedChains>,
}

impl<'a> JudgeOptions<'a> {
    /// With no own leaves to watch for, and no cache.
    pub const fn new(expect: &'a [Expect], now: UnixTime) -> JudgeOptions<'a> {
        JudgeOptions { expect, now, own: &[], cache: None }
    }
}

/// The answer to `Verify`, and why.
#[derive(Debug)]
pub struct Judgement {
    /// For `Handshake::answer_verify`.
    pub verdict: Verdict,
    /// For people and authorisation.
    pub report: Report,
}

/// What was judged, and the outcome. `Display` is one sentence.
#[derive(Clone, Debug)]
pub struct Report {
    role: Role,
    certificate_type: CertificateType,
    leaf: Vec<u8>,
    outcome: Result<Accepted, Box<Refusal>>,
}

#[derive(Clone, Copy, Debug)]
struct Accepted {
    matched: usize,
}

impl Report {
    /// The peer's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Why it was refused; `None` if it was accepted.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.outcome.as_ref().err().map(|refusal| &**refusal)
    }

    /// Which of the expected identities matched, by its index; `None` if it was refused.
    pub fn matched(&self) -> Option<usize> {
        self.outcome.as_ref().ok().map(|accepted| accepted.matched)
    }

    /// The peer's certificate (or raw public key), DER: proven if [`Report::refusal`] is `None`, claimed otherwise.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// Who the accepted peer is; `None` if it was refused, or has shown a raw public key. Parses when called.
    pub fn identity(&self) -> Option<PeerIdentity> {
        match self.outcome {
            Ok(_) => self.claimed(),
            Err(_) => None,
        }
    }

    /// What the peer's certificate says, believed or not; `None` if it cannot be read. Parses when called.
    pub fn claimed(&self) -> Option<PeerIdentity> {
        match self.certificate_type {
            CertificateType::X509 => PeerIdentity::read(&self.leaf).ok(),
            _ => None,
        }
    }

    /// What `leaf` holds.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Err(refusal) => write!(f, "{refusal}"),
            Ok(_) => {
                let (claimed, serial) = claim(self.certificate_type, &self.leaf);
                match serial.is_empty() {
                    true => write!(f, "{} certificate {claimed} accepted", self.role),
                    false => write!(f, "{} certificate {claimed} (serial {serial}) accepted", self.role),
                }
            }
        }
    }
}

impl Trust {
    /// Judges a peer that has proved possession of its key: chain, revocation, use, then identity.
    ///
    /// Allocates a little (measured in docs/TRUST.md); never blocks, has no clock and asks no network.
    pub fn judge(&self, peer: &Peer<'_>, terms: &JudgeOptions<'_>) -> Judgement {
        let outcome = self.decide(peer, terms);
        let leaf = peer.leaf().to_vec();
        let (role, certificate_type) = (peer.role(), peer.certificate_type());
        let outcome = outcome.map_err(|(culprit, fault)| {
            let (claimed, serial) = claim(certificate_type, &leaf);
            Box::new(Refusal { role, claimed, serial, culprit, fault, now: terms.now })
        });
        let verdict = match &outcome {
            Ok(_) => Verdict::Accept,
            Err(refusal) => Verdict::Reject(refusal.fault.reason()),
        };
        Judgement { verdict, report: Report { role, certificate_type, leaf, outcome } }
    }

    fn decide(&self, peer: &Peer<'_>, terms: &JudgeOptions<'_>) -> Result<Accepted, Located> {
        let leaf_fault = |fault| (Culprit::Leaf, fault);
        if !self.allow_own && terms.own.iter().any(|own| own.as_ref() == peer.leaf()) {
            return Err(leaf_fault(RefusalReason::OwnCertificate));
        }
        if peer.certificate_type() == CertificateType::RAW_PUBLIC_KEY {
            return raw_key(peer.leaf(), terms.expect).map_err(leaf_fault);
        }
        if self.roots.is_empty() {
            return Err(leaf_fault(RefusalReason::NotRawKey));
        }
        let der = CertificateDer::from(peer.leaf());
        let cert = rules::read(&der).map_err(leaf_fault)?;
        let end_entity = EndEntityCert::try_from(&der).map_err(|error| leaf_fault(explain::unreadable(&error)))?;
        let leaf = Leaf { role: peer.role(), cert: &cert, end_entity: &end_entity };
        let remembered = terms.cache.map(|cache| (cache, cache::key(self, peer)));
        let bound = match remembered.and_then(|(cache, key)| cache.find(&key, terms.now)) {
            Some(bound) => bound,
            None => {
                let others: Vec<CertificateDer<'_>> = peer.chain().skip(1).map(CertificateDer::from).collect();
                let path = path::verify(self, &leaf, &others, terms.now, remembered.is_some())?;
                if let Some((cache, key)) = remembered {
                    cache.remember(key, &path);
                }
                path.bound
            }
        };
        // Judged every time, remembered or not: the leaf's own rules, then its identity.
        rules::leaf(&cert, peer.role(), self.require_purpose, self.strict).map_err(leaf_fault)?;
        let matched = expectations::find(terms.expect, &leaf, bound).map_err(leaf_fault)?;
        Ok(Accepted { matched })
    }
}

/// A raw public key (RFC 7250): possession is proved, so a pin is all there is to check. It matches no name, SPIFFE ID
/// or "any trusted".
fn raw_key(spki: &[u8], expected: &[Expect]) -> Result<Accepted, RefusalReason> {
    let hash = sha256(spki);
    match expected.iter().position(|expect| *expect == Expect::Spki(hash)) {
        Some(matched) => Ok(Accepted { matched }),
        None => Err(RefusalReason::UnknownKey(text::hex(&hash))),
    }
}

/// What a leaf says it is, escaped, and its serial number.
fn claim(certificate_type: CertificateType, leaf: &[u8]) -> (String, String) {
    if certificate_type == CertificateType::RAW_PUBLIC_KEY {
        return ("(raw public key)".into(), String::new());
    }
    let Ok(cert) = Cert::read(leaf) else { return ("(unreadable)".into(), String::new()) };
    let subject = match text::name(cert.subject) {
        name if name.is_empty() => expectations::presented(&cert).into_iter().next().unwrap_or("(no name)".into()),
        name => name,
    };
    (subject, text::serial(cert.serial))
}
