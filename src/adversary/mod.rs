//! A peer that breaks one rule at a time, to attack any end of mutual TLS 1.3: this crate's own, another library's, a service.
//!
//! Three layers, none of which has a socket or a clock:
//!
//! * [`peer`]: a scripted [`Peer`](peer::Peer) of either role. It does the right thing until it is bent.
//! * [`script`] and [`catalogue`]: plain data. What a peer does; deviations, each with the rule that it breaks and what is
//!   right then.
//! * [`run`]: plays a script. It wants writing, reading, waiting and closing, and says what came of it; [`judge`] says what to think
//!   of that.
//!
//! The cryptography is real. (Null cryptography needs the test seams besides, which this feature never enables: features
//! unify, and a service that is built beside an adversary keeps its own.)
//!
//! **No promise of stability**: what is attacked, and how, grows with each release.

pub mod catalogue;
pub mod embedding;
pub mod judge;
pub mod peer;
pub mod run;
pub mod script;

use crate::x509::SigningKey;
use alloc::vec::Vec;
use rustls_pki_types::CertificateDer;

/// Who a peer says it is: a chain, and a key that may be another one's.
pub struct Identity {
    /// The certificates, the end entity's first.
    pub chain: Vec<CertificateDer<'static>>,
    /// What signs. [`x509::Identity`](crate::x509::Identity) would insist that it is the leaf's.
    pub key: SigningKey,
}
