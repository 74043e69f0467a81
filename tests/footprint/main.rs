//! What a connection costs beside time: allocations, sizes, bytes on the wire. An allocator that counts is the
//! process's own, so that this is a test binary of its own.

#[path = "../support/crl.rs"]
mod crl;
#[path = "../support/pki.rs"]
mod pki;

mod counting;
mod heap_of_verdicts;
mod no_allocation;
mod sizes;
