//! Certificates: trust in peers, and our own identity.

mod pki;

mod accepted;
mod answerer;
mod encodings;
mod faulty_certificates;
mod files;
mod identity;
mod key_kinds;
mod keys;
mod lease;
mod lessons;
mod limbo;
#[cfg(feature = "mldsa")]
mod ml_dsa;
mod own_identity;
mod pem;

mod revocation;
mod revocation_cases;
mod revocation_worlds;
mod sentences;
mod signature_memo;
mod spiffe_bundle;
mod trust;
mod unverified_lists;
mod vouching;
