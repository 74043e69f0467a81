//! Who the peer is, and who we are: certificate chains, names, pins, key files. Ordinary code on top of the state
//! machine, which never calls it: it answers the questions `Credential`, `Sign` and `Verify`.
//!
//! * [`Trust`]: roots, CRLs and policy; [`Trust::judge`] answers `Verify` with a [`Judgement`].
//! * [`Expect`]: who the peer may be.
//! * [`Identities`]: who we are; answers `Credential` with an [`Identity`], whose [`SigningKey`] answers `Sign`.
//! * [`Reloadable`]: the identities and the trust of today, swapped while handshakes run.
//! * [`Answerer`]: all three answers in one line, for callers that have everything at hand.

mod answerer;
mod asn1;
mod cache;
mod chain;
mod credential;
mod crl;
mod expect;
mod hash;
mod identities;
mod identity;
mod judge;
mod key;
#[cfg(test)]
mod made;
mod pem;
mod refusal;
mod reloadable;
mod rules;
mod spiffe;
mod text;
mod trust;

pub use answerer::{AnswerFailure, Answerer};
pub use cache::VerifiedChains;
pub use credential::{Identity, IdentityError};
pub use expect::{Expect, InvalidName};
pub use identities::Identities;
pub use identity::PeerIdentity;
pub use judge::{JudgeOptions, Judgement, Report};
pub use key::{KeyError, SignError, SigningKey};
pub use refusal::{Culprit, Refusal, RefusalReason};
pub use reloadable::Reloadable;
pub use spiffe::{InvalidSpiffeId, SpiffeId, TrustDomain};
pub use text::Escaped;
pub use trust::{Problem, Trust, TrustBuilder, TrustError};
