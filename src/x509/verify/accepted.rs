//! What an accepted peer has proved.

use super::path::{Path, Window};
use crate::asn1::Reader;
use crate::x509::hash::sha256;
use crate::x509::peer_identity::PeerIdentity;
use crate::x509::refusal::Claim;
use crate::{CertificateType, Peer, Role, Verdict};
use core::{fmt, time::Duration};
use rustls_pki_types::UnixTime;
use std::sync::Arc;

/// An accepted peer: who it is, by which chain, and until when the proof holds. `Display` is one sentence.
///
/// Plain data of the moment of the verdict; a clone shares it. What has happened since (a new CRL, a passed notAfter)
/// it does not know.
#[derive(Clone)]
pub struct Accepted {
    role: Role,
    certificate_type: CertificateType,
    matched: usize,
    /// `None`: a raw public key.
    path: Option<Proof>,
    /// The leaf, then the intermediates that were used, or one raw public key: DER, one behind the other.
    chain: Arc<[u8]>,
    leaf_len: usize,
}

#[derive(Clone, Copy)]
struct Proof {
    window: Window,
    /// The root vouches for SPIFFE IDs only.
    bound: bool,
}

impl Accepted {
    /// The certificate chain of `peer`, by `path`, is good for the expectation with the index `matched`.
    pub(super) fn certificate(peer: &Peer<'_>, matched: usize, path: &Path) -> Accepted {
        let proof = Proof { window: path.window, bound: path.bound };
        Accepted { path: Some(proof), ..Accepted::new(peer, matched, path.presented_at()) }
    }

    /// The raw public key of `peer` is the expectation with the index `matched`.
    pub(super) fn raw_public_key(peer: &Peer<'_>, matched: usize) -> Accepted {
        Accepted::new(peer, matched, core::iter::once(0))
    }

    fn new(peer: &Peer<'_>, matched: usize, places: impl Iterator<Item = usize> + Clone) -> Accepted {
        let parts = places.filter_map(|place| peer.chain().nth(place));
        let len = parts.clone().fold(0usize, |len, part| len.saturating_add(part.len()));
        let mut chain: Arc<[u8]> = core::iter::repeat_n(0, len).collect();
        let mut rest = Arc::get_mut(&mut chain).unwrap_or_default();
        for part in parts {
            if let Some((here, after)) = core::mem::take(&mut rest).split_at_mut_checked(part.len()) {
                here.copy_from_slice(part);
                rest = after;
            }
        }
        let (role, certificate_type) = (peer.role(), peer.certificate_type());
        Accepted { role, certificate_type, matched, path: None, chain, leaf_len: peer.leaf().len() }
    }

    /// The accepted peer's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Which of the expected identities matched, by its index.
    pub fn matched(&self) -> usize {
        self.matched
    }

    /// Who the peer has proved to be. Parses when called.
    ///
    /// If the root is bound to a SPIFFE trust domain, only the SPIFFE ID is proved, and the other names are left out.
    /// `None`: a raw public key has no names, its [`leaf`](Accepted::leaf) is all there is.
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
        // The certificates have been read before: nothing but the end stops this.
        core::iter::once(self.leaf()).chain(core::iter::from_fn(move || Some(rest.element().ok()?.whole)))
    }

    /// What [`leaf`](Accepted::leaf) holds.
    pub fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }

    /// The first moment at which the whole path is valid and its CRLs are current, seen from the verdict. `None`: a raw
    /// public key has no such time.
    pub fn valid_from(&self) -> Option<UnixTime> {
        self.path.map(|proof| UnixTime::since_unix_epoch(Duration::from_secs(proof.window.from)))
    }

    /// The last second at which all of that still holds: the earliest notAfter of the path, or the last second before
    /// the earliest nextUpdate of its CRLs. `None`: a raw public key has no such time.
    pub fn valid_until(&self) -> Option<UnixTime> {
        self.path.map(|proof| UnixTime::since_unix_epoch(Duration::from_secs(proof.window.to)))
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
        write!(f, "{} certificate {} accepted", self.role, Claim(self.certificate_type, self.leaf()))
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Accepted({self})")
    }
}
