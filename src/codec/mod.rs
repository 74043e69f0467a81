//! Bytes to messages and back. Borrowing parsers: no state, no cryptography, no allocation.

pub mod names;

pub use names::*;

mod malformed;
pub use malformed::Malformed;
