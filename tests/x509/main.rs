//! Certificates: whom to trust, who we are.

mod pki;

mod culprits;
mod identity;
mod keys;
mod limbo;
mod local;
mod revocation;
mod trust;
mod verified_chains;
