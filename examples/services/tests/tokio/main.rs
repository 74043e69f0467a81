//! The adapter for tokio: what its users rely on.

mod answers;
mod blocked;
mod cancelled;
mod data;
mod embedding;
mod ends;
mod faults;
mod flooded;
mod guide;
mod guide_server;
mod key_updates;
mod metrics;
mod reauthentication;
mod world;
