//! Certificates: whom to trust, who we are.

#[path = "../support/common/mod.rs"]
mod common;
#[path = "../support/pki.rs"]
mod pki;

mod culprits;
mod identity;
mod keys;
mod limbo;
mod local;
mod revocation;
mod trust;
mod verified_chains;
