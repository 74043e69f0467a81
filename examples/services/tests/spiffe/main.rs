//! Workloads that have their identities from a SPIFFE agent, over its real gRPC API.

mod agent;
mod domain;
mod program;
mod renewal;
