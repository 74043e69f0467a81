//! Honest ends on the real code, an attacker, and the claims about all of them. The explorer (tests/sessions) and the
//! fuzz target `sessions` share this model.
//!
//! **Real**: everything of the crate, also records, signatures and MACs. **Not real**: the key exchange. It has a toy
//! group with numbered private keys (`Policy::toy_key_exchange`), so that runs repeat byte by byte. The attacker has
//! every byte that was sent, and can compute everything with its own keys. It breaks no cryptography, because
//! `attacker` has no code for this.

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

/// Splits the whole records from the start of `bytes`. Returns the rest, too.
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
