//! Whom we trust: an immutable snapshot of roots, CRLs and policy.

mod builder;
mod json;
mod problem;
mod spiffe_bundle;

pub use builder::TrustBuilder;
pub use problem::{Problem, ProblemKind, TrustError};

use crate::asn1::Certificate;
use crate::limits::MAX_AUTHORITIES;
use crate::x509::revocation::{Relaxed, Revocation};
use crate::x509::rules::Rules;
use crate::x509::spiffe::TrustDomain;
use crate::x509::time::Window;
use crate::{Bytes, Role};
use rustls_pki_types::TrustAnchor;
use std::vec::Vec;

/// An immutable snapshot of roots, CRLs and rules. To change anything, replace it (in a
/// [`Reloadable`](crate::x509::Reloadable)): a handshake is judged by the snapshot at the time of its verdict.
///
/// It does not judge OCSP responses: `Peer::ocsp_staple` gives a stapled one to the caller.
pub struct Trust {
    /// For webpki; `roots` has the same order.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    pub(super) roots: Vec<Root>,
    pub(super) revocation: Revocation,
    pub(super) relaxed: Relaxed,
    pub(super) rules: Rules,
    pub(super) allow_own: bool,
    pub(super) max_intermediates: usize,
    /// See [`Trust::id`].
    pub(super) id: [u8; 32],
    /// The same without the CRLs.
    pub(super) paths: [u8; 32],
}

/// Names a snapshot, and what of it has no end of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct SnapshotId {
    all: [u8; 32],
    paths: [u8; 32],
}

impl SnapshotId {
    /// That of no snapshot.
    pub(super) const NONE: SnapshotId = SnapshotId { all: [0; 32], paths: [0; 32] };

    /// Whether both find and refuse the same paths: they differ in CRLs at most.
    pub(super) fn has_same_paths(&self, other: &SnapshotId) -> bool {
        self.paths == other.paths
    }
}

/// A root and what webpki does not look at.
pub(super) struct Root {
    pub(super) der: Vec<u8>,
    pub(super) validity: Window,
    /// pathLenConstraint (RFC 5280 §4.2.1.9)
    pub(super) path_len: Option<u32>,
    /// Its nameConstraints are about e-mail addresses, among others.
    pub(super) constrains_addresses: bool,
    /// What extKeyUsage allows: clients, servers.
    serves: [bool; 2],
    /// The only SPIFFE trust domain it vouches for.
    pub(super) domain: Option<TrustDomain>,
}

impl Root {
    /// Whether its extKeyUsage allows it to vouch for a peer of this role.
    pub(super) fn serves(&self, role: Role) -> bool {
        let [clients, servers] = self.serves;
        match role {
            Role::Client => clients,
            Role::Server => servers,
        }
    }
}

impl Trust {
    /// Builds a snapshot from roots, CRLs and rules.
    pub fn builder() -> TrustBuilder {
        TrustBuilder::default()
    }

    /// A snapshot of roots only, from one PEM file (or one DER certificate), with the default rules. `source` names the
    /// file in errors.
    pub fn from_roots(source: &str, file: &[u8]) -> Result<Trust, TrustError> {
        Trust::builder().roots(source, file).build()
    }

    /// A snapshot that trusts no certificate. Only raw public keys (RFC 7250) can match, by `Expect::Spki`.
    pub fn raw_keys_only() -> Trust {
        TrustBuilder::default().into_trust(Vec::new()).0
    }

    /// SHA-256 over everything that decides about a chain. Snapshots that judge chains differently have different ids,
    /// and snapshots from equal files and options have the same id. Use it in logs, and to detect changes.
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    /// The same, in both parts.
    pub(super) fn snapshot_id(&self) -> SnapshotId {
        SnapshotId { all: self.id, paths: self.paths }
    }

    /// The number of roots.
    pub fn root_count(&self) -> usize {
        self.roots.len()
    }

    /// The names of the roots in DER, for `certificate_authorities` (RFC 9846 §4.3.4).
    pub fn root_names(&self) -> impl Iterator<Item = &[u8]> {
        self.roots.iter().filter_map(|root| Some(Certificate::from_der(&root.der).ok()?.subject.der()))
    }

    /// The roots' names for [`Policy::certificate_authorities`](crate::Policy::certificate_authorities).
    ///
    /// They are a hint. If all of them take more than 64,512 bytes (about 450 roots), more than a CertificateRequest
    /// carries beside its other extensions, the list is empty, and the hint is left out: some of the names alone would
    /// make clients withhold good certificates of the others.
    pub fn certificate_authorities(&self) -> Bytes {
        let mut list = Vec::new();
        for name in self.root_names() {
            // opaque DistinguishedName<1..2^16-1> (RFC 9846 §4.3.4).
            let Ok(len) = u16::try_from(name.len()) else { return Bytes::EMPTY };
            list.extend_from_slice(&len.to_be_bytes());
            list.extend_from_slice(name);
            if list.len() > MAX_AUTHORITIES {
                return Bytes::EMPTY;
            }
        }
        Bytes::Shared(list.into())
    }
}
