//! Services over countersign's adapters: the programs are examples, what they promise is in the tests.
//!
//! What the programs over HTTP share is here, to be copied: [`serve`](serve::serve) for hyper, axum and tonic alike,
//! [`Peer`](peer::Peer) for their handlers, [`reauthenticate`](reauthenticate) to keep connections longer than certificates,
//! [`metrics::page`](metrics::page) for Prometheus, [`Dialer`](dial::Dialer) for the clients of hyper and tonic, and
//! [`Files`](files::Files), which are read again when they change. [`workload::follow`](workload::follow) has a SPIFFE agent
//! in their place.

pub mod dial;
pub mod files;
pub mod linger;
pub mod metrics;
pub mod peer;
pub mod program;
pub mod reauthenticate;
pub mod serve;
pub mod workload;
