//! What an accepted peer has proved.

use super::path::Path;
use crate::asn1::Reader;
use crate::x509::hash::sha256;
use crate::x509::peer_identity::PeerIdentity;
use crate::x509::refusal::Claim;
use crate::x509::time::{Window, unix_time};
use crate::x509::trust::SnapshotId;
use crate::{CertificateType, Peer, Role, Verdict};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::sync::Arc;

/// An accepted peer: its identity, its chain, and until when the proof is valid. `Display` is one sentence.
///
/// It is plain data of the time of the verdict; a clone shares it. It does not know later changes (a new CRL, a passed
/// notAfter).
#[derive(Clone)]
pub struct Accepted {
    role: Role,
    certificate_type: CertificateType,
    matched: usize,
    /// `None`: a raw public key.
    path: Option<Proof>,
    /// The leaf, then the intermediates of the path, or one raw public key: concatenated DER.
    chain: Arc<[u8]>,
    leaf_len: usize,
    snapshot: SnapshotId,
    judged_at: u64,
}

#[derive(Clone, Copy)]
pub(super) struct Proof {
    pub(super) window: Window,
    /// The root is accepted for SPIFFE IDs only.
    pub(super) bound: bool,
    /// Its place among the snapshot's roots.
    pub(super) root: u16,
}

impl Accepted {
    /// The certificate chain of `peer`, by `path`, is good for the expectation with the index `matched`.
    pub(super) fn certificate(
        peer: &Peer<'_>,
        matched: usize,
        path: &Path,
        snapshot: SnapshotId,
        now: UnixTime,
    ) -> Accepted {
        let Path { window, bound, root, .. } = *path;
        let parts = path.presented_at().filter_map(|place| peer.chain().nth(place));
        let accepted = Accepted::new(peer.role(), peer.certificate_type(), parts, snapshot, now);
        Accepted { matched, path: Some(Proof { window, bound, root }), ..accepted }
    }

    /// The raw public key of `peer` is the expectation with the index `matched`.
    pub(super) fn raw_public_key(peer: &Peer<'_>, matched: usize, snapshot: SnapshotId, now: UnixTime) -> Accepted {
        let key = core::iter::once(peer.leaf());
        Accepted { matched, ..Accepted::new(peer.role(), peer.certificate_type(), key, snapshot, now) }
    }

    /// A peer that was accepted elsewhere: it is valid only at the time of that verdict. `bound`: its root is accepted for
    /// SPIFFE IDs only.
    pub(in crate::x509) fn elsewhere(
        role: Role,
        certificate_type: CertificateType,
        chain: &[&[u8]],
        bound: bool,
        now: UnixTime,
    ) -> Accepted {
        let at = now.as_secs();
        let proof = Proof { window: Window { from: at, to: at }, bound, root: u16::MAX };
        let path = (certificate_type != CertificateType::RAW_PUBLIC_KEY).then_some(proof);
        Accepted { path, ..Accepted::new(role, certificate_type, chain.iter().copied(), SnapshotId::NONE, now) }
    }

    fn new<'a>(
        role: Role,
        certificate_type: CertificateType,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
        snapshot: SnapshotId,
        now: UnixTime,
    ) -> Accepted {
        let len = parts.clone().fold(0usize, |len, part| len.saturating_add(part.len()));
        let leaf_len = parts.clone().next().map_or(0, <[u8]>::len);
        let mut chain: Arc<[u8]> = core::iter::repeat_n(0, len).collect();
        let mut rest = Arc::get_mut(&mut chain).unwrap_or_default();
        for part in parts {
            if let Some((here, after)) = core::mem::take(&mut rest).split_at_mut_checked(part.len()) {
                here.copy_from_slice(part);
                rest = after;
            }
        }
        let judged_at = now.as_secs();
        Accepted { role, certificate_type, matched: 0, path: None, chain, leaf_len, snapshot, judged_at }
    }

    /// The certificates of the path without the leaf, concatenated.
    pub(super) fn cas(&self) -> &[u8] {
        self.chain.get(self.leaf_len..).unwrap_or_default()
    }

    /// How the path was found.
    pub(super) fn proof(&self) -> Option<Proof> {
        self.path
    }

    /// The same, judged again: it is valid for this time, with this snapshot.
    pub(super) fn again(&self, window: Window, snapshot: SnapshotId, now: UnixTime) -> Accepted {
        let path = self.path.map(|proof| Proof { window, ..proof });
        Accepted { path, snapshot, judged_at: now.as_secs(), ..self.clone() }
    }

    /// Whether it is valid at this time without another verdict.
    pub(in crate::x509) fn holds_at(&self, now: UnixTime) -> bool {
        self.path.is_none_or(|proof| proof.window.contains(now))
    }

    /// The snapshot of the verdict.
    pub(in crate::x509) fn snapshot(&self) -> SnapshotId {
        self.snapshot
    }

    /// Whether its root is accepted for SPIFFE IDs only.
    pub(in crate::x509) fn is_bound(&self) -> bool {
        self.path.is_some_and(|proof| proof.bound)
    }

    /// The time of the verdict.
    pub fn judged_at(&self) -> UnixTime {
        unix_time(self.judged_at)
    }

    /// The accepted peer's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Which of the expected identities matched, by its index.
    pub fn matched(&self) -> usize {
        self.matched
    }

    /// The identity that the peer has proved. Each call parses the leaf.
    ///
    /// If the root is bound to a SPIFFE trust domain, only the SPIFFE ID is proved, and the other names are left out.
    /// `None`: a raw public key has no names, only its [`leaf`](Accepted::leaf).
    pub fn identity(&self) -> Option<PeerIdentity> {
        let identity = PeerIdentity::read(self.leaf()).ok();
        match self.path? {
            Proof { bound: true, .. } => identity.map(PeerIdentity::spiffe_only),
            Proof { bound: false, .. } => identity,
        }
    }

    /// The peer's certificate or raw public key, DER.
    pub fn leaf(&self) -> &[u8] {
        self.chain.get(..self.leaf_len).unwrap_or_default()
    }

    /// The certificates of the path that was verified, DER: the leaf and its intermediates, without the root. A raw
    /// public key is one SubjectPublicKeyInfo.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Reader::new(self.chain.get(self.leaf_len..).unwrap_or_default());
        // The certificates have been read before, so only the end stops this.
        core::iter::once(self.leaf()).chain(core::iter::from_fn(move || Some(rest.element().ok()?.whole)))
    }

    /// The type of [`leaf`](Accepted::leaf).
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }

    /// The first second at which the whole path is valid and its CRLs are current, as known at the verdict. `None`: a raw
    /// public key has no such time.
    pub fn valid_from(&self) -> Option<UnixTime> {
        self.path.map(|proof| unix_time(proof.window.from))
    }

    /// The last second at which the path is valid and its CRLs are current: the earliest notAfter of the path, or the last
    /// second before the earliest nextUpdate of its CRLs. `None`: a raw public key has no such time.
    pub fn valid_until(&self) -> Option<UnixTime> {
        self.path.map(|proof| unix_time(proof.window.to))
    }

    /// SHA-256 over the whole [`leaf`](Accepted::leaf).
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(self.leaf())
    }
}

impl From<&Accepted> for Verdict {
    fn from(_: &Accepted) -> Verdict {
        Verdict::Accept
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} certificate {} accepted", self.role, Claim(self.certificate_type, self.leaf()))?;
        match self.identity().and_then(|identity| identity.spiffe_id) {
            Some(id) => write!(f, "; its SPIFFE ID is {id}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accepted({self})")
    }
}
