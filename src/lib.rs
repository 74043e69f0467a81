//! `countersign`: a TLS 1.3 handshake and record state machine for **mutual TLS only**, sans-IO.
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

pub mod codec;
pub mod crypto;
mod engine;
pub mod error;
mod flight;
pub mod flow;
mod handshake;
pub mod limits;
mod list;
mod policy;
mod record;
mod role;
pub mod schedule;
mod seed;
mod session;
pub mod trace;
#[cfg(feature = "x509")]
pub mod x509;

pub use codec::names::*;
pub use engine::question::{Credential, CredentialQuestion, Offer, Peer, SignQuestion, Verdict, VerifyQuestion};
pub use engine::table;
pub use error::{Alert, By, Ending, Error, Kind, Reason, Slip};
pub use handshake::{Event as TransitionEvent, Handshake, Question, Step, Transition, Want};
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
#[doc = include_str!("../docs/EMBEDDING.md")]
struct Embedding;
