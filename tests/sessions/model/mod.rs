//! Honest ends on the real code, an attacker, and what must hold of all of them together. The explorer (tests/sessions)
//! and the fuzz target `sessions` share it.
//!
//! **Real**: everything of the crate; the records, signatures and MACs too. **Not real**: the key exchange, which is that
//! of a toy group with numbered private keys (`Policy::toy_key_exchange`), so that runs repeat byte by byte. The attacker
//! has every byte that was sent, and can compute what anybody can who has his own keys; that he breaks no cryptography
//! is that `attacker` has no code for it.

pub mod attacker;
pub mod claims;
pub mod end;
pub mod exchanges;
mod forge;
pub mod hellos;
pub mod identities;
mod keys;
pub mod overhear;
mod questions;
pub mod scenarios;
pub mod system;

/// The whole records at the start of `bytes`, and what is left.
fn records(mut bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut records = Vec::new();
    while let Some((header, _)) = bytes.split_first_chunk::<{ keys::HEADER }>() {
        let len = keys::HEADER + usize::from(u16::from_be_bytes([header[3], header[4]]));
        let Some((record, rest)) = bytes.split_at_checked(len) else { break };
        records.push(record);
        bytes = rest;
    }
    (records, bytes)
}
