//! The cost of a connection other than time: allocations, sizes, bytes on the wire. It is a test binary of its own,
//! because its allocator counts.

#[path = "../support/crl.rs"]
mod crl;
#[path = "../support/pki.rs"]
mod pki;

mod counting;
mod heap_of_verdicts;
mod no_allocation;
mod sizes;
