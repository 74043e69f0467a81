//! A peer that breaks one rule at a time, to attack any end of mutual TLS 1.3: of this crate, another library or a
//! service.
//!
//! Three layers, none of which has a socket or a clock:
//!
//! * [`peer`]: a scripted [`Peer`](peer::Peer) of either role. It follows the protocol until a script changes this.
//! * [`script`] and [`catalogue`]: plain data. Scripts are what a peer does. The catalogue has deviations, each with the
//!   rule that it breaks and the correct reaction.
//! * [`run`]: runs a script. It wants writing, reading, waiting and closing, and returns the outcome; [`judge`] judges
//!   the outcome.
//!
//! The cryptography is real. (Null cryptography also needs the feature `hazmat-testing`, which this feature never
//! enables: Cargo unifies features, and a service in the same build must keep its cryptography.)
//!
//! **No promise of stability**: the attacks change with each release.

pub mod catalogue;
pub mod embedding;
pub mod judge;
pub mod peer;
pub mod run;
pub mod script;

use crate::x509::SigningKey;
use alloc::vec::Vec;
use rustls_pki_types::CertificateDer;

/// Who a peer says it is: a certificate chain, and a key that may belong to another one.
pub struct Identity {
    /// The certificates, the end entity's first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key that signs. [`x509::Identity`](crate::x509::Identity) would insist that it belongs to the leaf.
    pub key: SigningKey,
}
