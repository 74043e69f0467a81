//! Our client with other servers, and our server with other clients and proxies, over TCP, each configured as in
//! docs/INTEROP.md. The tests check who is accepted, with which identity, and how refusals are reported.

mod book;
#[allow(dead_code, reason = "the other tests use the rest")]
mod ours;
mod pki;
#[allow(dead_code, reason = "the tests of examples/services use the rest")]
mod programs;
mod their_clients;
mod their_servers;
