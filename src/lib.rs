//! `countersign`: a TLS 1.3 handshake and record state machine for **mutual TLS only**, sans-IO.
//!
//! Both sides show a certificate and prove that they hold its key, both judge whose it is, or nothing happens. The
//! machine has no socket, clock, thread or callback: [`Handshake::drive`] says what it wants ([`Want`]), the caller
//! provides it and drives again, until there is a [`Session`].
//!
//! Two ends in one process, who know each other by the SHA-256 of their keys (raw public keys, RFC 7250):
//!
//! ```
//! # #[cfg(feature = "x509")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign::x509::{Expect, Identity, Reloadable, Answerer, SigningKey, Trust, Identities};
//! use countersign::{CertificateType, Handshake, Inbox, Outbox, Policy, Seed, Want};
//! use rustls_pki_types::UnixTime;
//! use std::sync::Arc;
//!
//! # fn new_key() -> Result<SigningKey, Box<dyn std::error::Error>> {
//! #     Ok(SigningKey::from_der(&rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519)?.serialize_der())?)
//! # }
//! const KEYS: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];
//! const POLICY: Policy = Policy::new().certificate_types(KEYS, KEYS);
//! let (ours, theirs) = (new_key()?, new_key()?);
//! let expect_ours = [Expect::public_key(&ours.public_key())];
//! let expect_theirs = [Expect::public_key(&theirs.public_key())];
//! let trust = Arc::new(Reloadable::new(Trust::raw_keys_only()));
//! let (our_identities, their_identities) = (
//!     Arc::new(Reloadable::new(Identities::new(Identity::raw_public_key(ours)))),
//!     Arc::new(Reloadable::new(Identities::new(Identity::raw_public_key(theirs)))),
//! );
//!
//! let mut client = (
//!     Handshake::client(POLICY, None, Seed::random()?)?,
//!     Answerer::new(our_identities, Arc::clone(&trust), expect_theirs, UnixTime::now()),
//!     Inbox::new([0; 4096]),
//!     Outbox::new([0; 4096]),
//! );
//! let mut server = (
//!     Handshake::server(POLICY, Seed::random()?),
//!     Answerer::new(their_identities, trust, expect_ours, UnixTime::now()),
//!     Inbox::new([0; 4096]),
//!     Outbox::new([0; 4096]),
//! );
//! let mut done = [false; 2];
//! while done != [true; 2] {
//!     for (at, (hs, answerer, rx, tx)) in [&mut client, &mut server].into_iter().enumerate() {
//!         loop {
//!             match hs.drive(rx, tx)? {
//!                 Want::Done => break done[at] = true,
//!                 Want::Read | Want::Write => break,
//!                 question => drop(answerer.answer(hs, &question, rx, tx)?),
//!             }
//!         }
//!     }
//!     // The transport.
//!     for (tx, rx) in [(&mut client.3, &mut server.2), (&mut server.3, &mut client.2)] {
//!         let len = tx.pending().len();
//!         rx.space()[..len].copy_from_slice(tx.pending());
//!         if len > 0 {
//!             rx.filled(len);
//!             tx.sent(len);
//!         }
//!     }
//! }
//! let (_session, _session_of_theirs) = (client.0.finish()?, server.0.finish()?);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "x509"))]
//! # fn main() {}
//! ```
//!
//! Where to look: [`Handshake`] and [`Session`] for records over a stream, [`flow`] for transports that protect
//! handshake bytes themselves, [`x509`] for the answers to the questions, [`ErrorKind`] for everything that can go wrong,
//! [`table`] for the transitions; and `tests/step_by_step.rs` for a handshake told step by step.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

/// The layers below the handshake: certificates, messages, cryptography, key schedule; for study, for tests and for tools.
///
/// **No promise of stability.** What is here may change in any release. A connection never needs it:
/// [`Handshake`], [`Session`] and the types they name are at the root.
#[path = "."]
pub mod internals {
    pub mod asn1;
    pub mod codec;
    pub mod crypto;
    pub mod schedule;
}
mod engine;
pub mod error;
mod flight;
/// The handshake by messages, for transports that protect handshake bytes themselves, as QUIC does: [`Flow`](flow::Flow) and
/// its memory.
pub mod flow {
    pub use crate::handshake::{ExposedSecret, Flow, FlowSession};
    pub use crate::messages::{FlowInbox, FlowOutbox};
}
mod handshake;
pub mod limits;
mod list;
mod memory;
mod messages;
mod policy;
mod record;
mod role;
mod seed;
mod session;
pub mod trace;
#[cfg(feature = "x509")]
pub mod x509;

use internals::{asn1, codec, crypto, schedule};

pub use codec::names::*;
pub use crypto::{EcdsaSigValue, MessageDigest};
pub use engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
pub use engine::table;
pub use error::{Alert, Blame, Ending, Error, ErrorKind, Misuse, Offered, Rejection};
pub use handshake::{
    AnyInbox, AnyOutbox, Carrier, Event as TransitionEvent, Handshake, Messages, Question, Records, Step, Transition,
    Want,
};
pub use memory::Memory;
pub use policy::{Bytes, Padding, Policy};
pub use record::{Inbox, Outbox};
pub use role::{Epoch, Role, State};
pub use seed::Seed;
pub use session::{Event, Exporter, Receiver, Reply, Sender, Session};

// The code in the documents compiles.
#[cfg(all(doctest, feature = "x509"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "x509"))]
#[doc = include_str!("../docs/GUIDE.md")]
struct Guide;
