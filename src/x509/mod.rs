//! Certificate chains, names, pins and key files. It answers the questions `Credential`, `Sign` and `Verify`. It is
//! ordinary code on top of the state machine, which never calls it.
//!
//! * [`Trust`]: roots, CRLs and rules. [`Trust::judge`] answers `Verify`, by [`Accepted`] or a [`Refusal`].
//! * [`Expect`]: an expected identity of the peer.
//! * [`Identities`]: our identities. It answers `Credential` by an [`Identity`], whose [`SigningKey`] answers `Sign`.
//! * [`Lease`], [`Leases`]: what accepted peers have proved, to judge again while their sessions live.
//! * [`Reloadable`]: the current identities or trust, which can be replaced while handshakes run.
//! * [`Answerer`]: all three answers in one line, for programs with keys and trust in memory.

mod answers;
mod expectations;
mod hash;
mod identities;
mod lease;
#[cfg(feature = "mldsa")]
mod ml_dsa;
mod names;
mod peer_identity;
pub mod pem;
mod refusal;
mod reloadable;
mod revocation;
mod rules;
mod signatures;
mod spiffe;
mod text;
mod time;
mod trust;
mod verify;

pub use answers::{Answerer, Declined};
#[cfg(any(feature = "stream", feature = "tokio"))]
pub(crate) use answers::{append, decline};
pub use expectations::{Expect, InvalidName};
pub use identities::Identities;
pub use identities::identity::{Identity, IdentityError};
pub use identities::key::{SignError, SigningKey};
pub use identities::private_key::KeyError;
pub use lease::{InvalidLease, Lease, Leases};
pub use peer_identity::PeerIdentity;
pub use refusal::{FaultyCertificate, Refusal, RefusalReason};
pub use reloadable::Reloadable;
pub use spiffe::{InvalidSpiffeId, SpiffeId, TrustDomain};
pub use text::Escaped;
pub use trust::{Problem, ProblemKind, Trust, TrustBuilder, TrustError};
pub use verify::accepted::Accepted;
pub use verify::memo::SignatureMemo;
pub use verify::options::JudgeOptions;
