//! Our client against other people's servers, and our server for their clients and proxies, over TCP: each as
//! docs/INTEROP.md configures it. Who is let in, whom the other side believes to have met, and how refusals are said.

mod book;
#[allow(dead_code, reason = "the other tests use the rest")]
mod ours;
mod pki;
#[allow(dead_code, reason = "the tests of examples/services use the rest")]
mod programs;
mod their_clients;
mod their_servers;
