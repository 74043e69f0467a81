//! A lease: what a peer has proved, and until when that holds, to be judged again without the peer.

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

/// What a peer has proved: its chain, as whom it was accepted, under which snapshot, and for how long that holds. Plain
/// data, about as large as the chain; a clone shares it. Keep it beside the session, and ask it whenever trust or time has
/// changed: [`check`](Lease::check) judges the peer again without asking it for anything.
///
/// It ends what cannot be seen from inside of a connection: an expired certificate, a revocation that came after the
/// handshake, a root that is trusted no more. What it cannot know is whether the peer still holds its key:
/// [`renew`](Lease::renew) makes a lease of what the peer proves again ([`authenticator`](crate::authenticator)).
#[derive(Clone)]
pub struct Lease {
    accepted: Accepted,
    /// The expectation that matched.
    expect: Arc<Expect>,
    proved_at: u64,
}

/// What one pass over many leases, by one snapshot at one time, does once for all.
struct Pass {
    /// The signatures of the CAs, which many chains share.
    memo: SignatureMemo,
    asked: AskedCas,
}

impl Pass {
    fn new() -> Pass {
        Pass { memo: SignatureMemo::new(1024), asked: AskedCas::default() }
    }
}

impl Lease {
    /// From a verdict of now; `expect` are the expectations of that verdict. `None`: they are others, the one that matched
    /// is not among them.
    pub fn new(accepted: &Accepted, expect: &[Expect]) -> Option<Lease> {
        let expect = Arc::new(expect.get(accepted.matched())?.clone());
        Some(Lease { accepted: accepted.clone(), expect, proved_at: accepted.judged_at().as_secs() })
    }

    /// Judges again: the chain that the peer has shown, by the roots, lists and rules of this snapshot, at this time, as
    /// whom it was accepted before. The lease that it gives holds from now on.
    ///
    /// Under the snapshot of the last judgement it compares clocks. If nothing but the CRLs has changed, they are asked; else
    /// the chain is judged as in a handshake. Never blocks, and asks no network.
    ///
    /// # Errors
    /// Why the peer would not be let in today: end its session.
    pub fn check(&self, trust: &Trust, now: UnixTime) -> Result<Lease, Refusal> {
        self.check_with(trust, &JudgeOptions::new(core::slice::from_ref(&*self.expect), now))
    }

    /// The same, by today's expectations (an allow-list may have become shorter), and with a memo of signatures.
    ///
    /// # Errors
    /// As [`check`](Lease::check).
    pub fn check_with(&self, trust: &Trust, options: &JudgeOptions<'_>) -> Result<Lease, Refusal> {
        self.check_after(trust, options, &mut AskedCas::default())
    }

    /// As [`check`](Lease::check), for one of many in one pass.
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

    /// A new lease from what the peer proves again in its session, if it is who it was: the same SPIFFE ID; or the name,
    /// address or key by which it was accepted; or, if that was none of them, the same subject and names; of a raw public key,
    /// the same key. The other fields of `options` are those of the handshake.
    ///
    /// An authenticator that nobody asked for renews the lease as well, but not [`proved_at`](Lease::proved_at): it may
    /// have been made at any time of the connection.
    ///
    /// To let the peer become somebody else, judge [`Claim::peer`] by [`Trust::judge`], and make a [`Lease::new`] of that.
    ///
    /// # Errors
    /// Why it is refused; [`RefusalReason::OtherIdentity`](super::RefusalReason::OtherIdentity), if it is somebody else.
    /// This lease is what it was.
    pub fn renew(&self, claim: &Claim<'_>, trust: &Trust, options: &JudgeOptions<'_>) -> Result<Lease, Refusal> {
        let peer = claim.peer();
        let accepted = trust.judge(&peer, options)?;
        same_identity::check(&self.accepted, &self.expect, &accepted, options.expect)
            .map_err(|fault| Refusal::new(&peer, fault, options.now))?;
        let renewed = Lease::new(&accepted, options.expect).unwrap_or_else(|| self.clone());
        let proved_at = if claim.request().is_some() { renewed.proved_at } else { self.proved_at };
        Ok(Lease { proved_at, ..renewed })
    }

    /// The verdict that it stands on.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// The last second at which it holds without being judged again: the earliest notAfter of the path, or the last second
    /// before the earliest nextUpdate of its CRLs. `None`: a raw public key has no such time.
    pub fn valid_until(&self) -> Option<UnixTime> {
        self.accepted.valid_until()
    }

    /// The peer's role.
    pub fn role(&self) -> Role {
        self.accepted.role()
    }

    /// Who the peer has proved to be. Parses when called.
    pub fn identity(&self) -> Option<PeerIdentity> {
        self.accepted.identity()
    }

    /// The peer's certificate or raw public key, DER.
    pub fn leaf(&self) -> &[u8] {
        self.accepted.leaf()
    }

    /// The certificates of the path, without the root, DER.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.accepted.chain()
    }

    /// What [`leaf`](Lease::leaf) holds.
    pub fn certificate_type(&self) -> CertificateType {
        self.accepted.certificate_type()
    }

    /// As whom the peer was accepted.
    pub fn expect(&self) -> &Expect {
        &self.expect
    }

    /// When chain and CRLs were looked at last; to compare clocks is not that.
    pub fn judged_at(&self) -> UnixTime {
        self.accepted.judged_at()
    }

    /// When the peer is known to have held its key last: at the handshake, or when it answered a request for an
    /// authenticator.
    pub fn proved_at(&self) -> UnixTime {
        unix_time(self.proved_at)
    }

    /// How many bytes it takes, those on the heap included.
    pub fn footprint(&self) -> usize {
        let chain = self.chain().fold(0usize, |sum, certificate| sum.saturating_add(certificate.len()));
        let text = match &*self.expect {
            Expect::Dns(name) => name.as_ref().len(),
            Expect::Spiffe(id) => id.as_str().len(),
            Expect::SpiffeTrustDomain(domain) => domain.as_str().len(),
            _ => 0,
        };
        // Two counts of references before what is shared.
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
