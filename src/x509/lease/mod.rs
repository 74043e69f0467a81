//! Leases: the proved identity of a peer, and how long the proof is valid.

mod bytes;
mod collection;
mod same_identity;

pub use bytes::InvalidLease;
pub use collection::Leases;

use super::expectations::Expect;
use super::peer_identity::PeerIdentity;
use super::refusal::Refusal;
use super::time::unix_time;
use super::trust::Trust;
use super::verify::accepted::Accepted;
use super::verify::again::AskedCas;
use super::verify::memo::SignatureMemo;
use super::verify::options::JudgeOptions;
use crate::authenticator::Claim;
use crate::{CertificateType, Peer, Role};
use core::fmt;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::sync::Arc;
use std::vec::Vec;

/// What a peer has proved: its chain, the accepted identity, the snapshot, and how long the proof is valid. It is plain
/// data, about as large as the chain; a clone shares the chain. Keep it with the session, and call
/// [`check`](Lease::check) when trust has changed or time has passed: it judges the peer again without a message to it.
///
/// It detects what a connection does not notice: an expired certificate, a revocation after the handshake, a root that
/// is no longer trusted. It does not know whether the peer still has its key: [`renew`](Lease::renew) makes a new lease
/// when the peer proves its identity again ([`authenticator`](crate::authenticator)).
#[derive(Clone)]
pub struct Lease {
    accepted: Accepted,
    /// The expectation that matched.
    expect: Arc<Expect>,
    proved_at: u64,
}

/// The work that one pass over many leases does only once, for one snapshot at one time.
struct Pass {
    /// The verified signatures of the CAs, which many chains share.
    memo: SignatureMemo,
    asked: AskedCas,
}

impl Pass {
    fn new() -> Pass {
        Pass { memo: SignatureMemo::new(1024), asked: AskedCas::default() }
    }
}

impl Lease {
    /// From a new verdict. `expect` must be the expectations of that verdict; `None` if the one that matched is not
    /// among them.
    pub fn new(accepted: &Accepted, expect: &[Expect]) -> Option<Lease> {
        let expect = Arc::new(expect.get(accepted.matched())?.clone());
        Some(Lease { accepted: accepted.clone(), expect, proved_at: accepted.judged_at().as_secs() })
    }

    /// Judges the peer's chain again by the roots, lists and rules of this snapshot at this time, for the identity that
    /// was accepted before. Returns the new lease.
    ///
    /// If the snapshot is that of the last judgement, it compares times. If only the CRLs have changed, it checks the
    /// chain against them. Otherwise it judges the chain as in a handshake. It never blocks and uses no network.
    ///
    /// # Errors
    /// Why a handshake would be refused now: end the session.
    pub fn check(&self, trust: &Trust, now: UnixTime) -> Result<Lease, Refusal> {
        self.check_with(trust, &JudgeOptions::new(core::slice::from_ref(&*self.expect), now))
    }

    /// The same with new expectations (an allow-list may have become shorter) and a memo of signatures.
    ///
    /// # Errors
    /// As [`check`](Lease::check).
    pub fn check_with(&self, trust: &Trust, options: &JudgeOptions<'_>) -> Result<Lease, Refusal> {
        self.check_after(trust, options, &mut AskedCas::default())
    }

    /// The same as [`check`](Lease::check) for one of many leases.
    fn check_among(&self, trust: &Trust, pass: &mut Pass, now: UnixTime) -> Result<Lease, Refusal> {
        let Pass { memo, asked } = pass;
        let expect = core::slice::from_ref(&*self.expect);
        self.check_after(trust, &JudgeOptions { memo: Some(memo), ..JudgeOptions::new(expect, now) }, asked)
    }

    fn check_after(&self, trust: &Trust, options: &JudgeOptions<'_>, asked: &mut AskedCas) -> Result<Lease, Refusal> {
        let now = options.now;
        if options.expect.contains(&self.expect) {
            if self.accepted.snapshot() == trust.snapshot_id() && self.accepted.holds_at(now) {
                return Ok(self.clone());
            }
            if let Some(accepted) = trust.ask_crls_again(&self.accepted, now, asked) {
                return Ok(Lease { accepted, ..self.clone() });
            }
        }
        let chain = self.certificates();
        let accepted = trust.judge(&self.peer(&chain), options)?;
        let judged = Lease::new(&accepted, options.expect).unwrap_or_else(|| self.clone()); // it matched one of them
        Ok(Lease { proved_at: self.proved_at, ..judged })
    }

    /// A new lease when the peer proves its identity again in the session. The identity must be the same: the same
    /// SPIFFE ID; or the name, address or key by which it was accepted; or else the same subject and names; or the same
    /// raw public key. The other fields of `options` are those of the handshake.
    ///
    /// An authenticator that nobody asked for also renews the lease, but not [`proved_at`](Lease::proved_at): it may
    /// have been made at any time of the connection.
    ///
    /// To allow a change of identity, judge [`Claim::peer`] by [`Trust::judge`], and make a [`Lease::new`] from the
    /// result.
    ///
    /// # Errors
    /// Why the peer is refused; [`RefusalReason::OtherIdentity`](super::RefusalReason::OtherIdentity) for another
    /// identity. This lease does not change.
    pub fn renew(&self, claim: &Claim<'_>, trust: &Trust, options: &JudgeOptions<'_>) -> Result<Lease, Refusal> {
        let peer = claim.peer();
        let accepted = trust.judge(&peer, options)?;
        same_identity::check(&self.accepted, &self.expect, &accepted, options.expect)
            .map_err(|fault| Refusal::new(&peer, fault, options.now))?;
        let renewed = Lease::new(&accepted, options.expect).unwrap_or_else(|| self.clone());
        let proved_at = if claim.request().is_some() { renewed.proved_at } else { self.proved_at };
        Ok(Lease { proved_at, ..renewed })
    }

    /// The verdict.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// The last second at which it is valid without a new judgement: the earliest notAfter of the path, or the last
    /// second before the earliest nextUpdate of its CRLs. `None` for a raw public key.
    pub fn valid_until(&self) -> Option<UnixTime> {
        self.accepted.valid_until()
    }

    /// The peer's role.
    pub fn role(&self) -> Role {
        self.accepted.role()
    }

    /// The proved identity. Each call parses the certificate.
    pub fn identity(&self) -> Option<PeerIdentity> {
        self.accepted.identity()
    }

    /// The peer's certificate or raw public key in DER.
    pub fn leaf(&self) -> &[u8] {
        self.accepted.leaf()
    }

    /// The certificates of the path without the root, in DER.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.accepted.chain()
    }

    /// The type of [`leaf`](Lease::leaf).
    pub fn certificate_type(&self) -> CertificateType {
        self.accepted.certificate_type()
    }

    /// The expectation that the peer matched.
    pub fn expect(&self) -> &Expect {
        &self.expect
    }

    /// The time of the last judgement of chain and CRLs. A comparison of times is no judgement.
    pub fn judged_at(&self) -> UnixTime {
        self.accepted.judged_at()
    }

    /// The time when the peer last proved that it has its key: in the handshake, or by an authenticator that we requested.
    pub fn proved_at(&self) -> UnixTime {
        unix_time(self.proved_at)
    }

    /// Its size in bytes, including the heap.
    pub fn footprint(&self) -> usize {
        let chain = self.chain().fold(0usize, |sum, certificate| sum.saturating_add(certificate.len()));
        let text = match &*self.expect {
            Expect::Dns(name) => name.as_ref().len(),
            Expect::Spiffe(id) => id.as_str().len(),
            Expect::SpiffeTrustDomain(domain) => domain.as_str().len(),
            _ => 0,
        };
        // An `Arc` has two counters before the value.
        let counts = size_of::<[usize; 4]>();
        [size_of::<Lease>(), size_of::<Expect>(), counts, text]
            .iter()
            .fold(chain, |sum, part| sum.saturating_add(*part))
    }

    fn certificates(&self) -> Vec<CertificateDer<'_>> {
        self.chain().map(CertificateDer::from).collect()
    }

    fn peer<'a>(&self, chain: &'a [CertificateDer<'a>]) -> Peer<'a> {
        match self.certificate_type() {
            CertificateType::RAW_PUBLIC_KEY => Peer::raw_public_key(self.role(), chain),
            _ => Peer::new(self.role(), chain),
        }
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.accepted)?;
        match self.valid_until() {
            Some(until) => write!(f, " until {}", super::text::date(until)),
            None => f.write_str(" without end"),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({self})")
    }
}
