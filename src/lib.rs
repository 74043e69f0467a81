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
mod role;
pub mod schedule;
#[cfg(feature = "x509")]
pub mod x509;

pub use codec::names::*;
pub use engine::question::{Credential, Offer, Peer, SignQuestion, Verdict};
pub use error::{By, Kind, Reason};
pub use role::Role;
