//! Services over countersign's adapters. The programs are examples; tests check their promises.
//!
//! This library has the common parts of the HTTP programs. Copy them: [`serve`](serve::serve) for hyper, axum and
//! tonic, [`Peer`](peer::Peer) for their handlers, [`reauthenticate`](reauthenticate) for connections that live longer
//! than certificates, [`metrics::page`](metrics::page) for Prometheus, [`Dialer`](dial::Dialer) for the clients of
//! hyper and tonic, and [`Files`](files::Files), which are read again when they change.
//! [`workload::follow`](workload::follow) uses a SPIFFE agent instead of files.

pub mod dial;
pub mod files;
pub mod linger;
pub mod metrics;
pub mod peer;
pub mod program;
pub mod reauthenticate;
pub mod serve;
pub mod workload;
