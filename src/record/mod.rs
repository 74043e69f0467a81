//! The record layer (RFC 9846 §5): bytes of the transport to fragments of content, and back.
//!
//! It knows nothing of handshake states. What may stand where *now* is told by the caller ([`Expect`]).
//!
//! * [`Inbox`]: the memory for what the peer sends. Ciphertext comes in, is opened in place, and handshake messages
//!   come to lie side by side.
//! * [`ReadProtection`]: the read key, its sequence number and the counters of what is tolerated; opens one record.
//! * [`Outbox`]: the memory for what we send. Messages of a flight coalesce in one open record until it is sealed.
//! * [`WriteProtection`]: the write key, its sequence number and limits; seals one record.
//!
//! Where every record passes, functions with one caller are `#[inline(always)]`: what they return would else go through
//! memory, and a processor waits for bytes that are read in other sizes than they were written.

mod data_protection;
mod header;
mod inbox;
mod key;
mod memory_needed;
mod open;
mod outbox;
mod plan;
mod seal;
#[cfg(test)]
mod tests;

pub(crate) use data_protection::DataProtection;
pub use inbox::Inbox;
pub(crate) use inbox::InboxView;
pub(crate) use open::{Expect, Opened, ReadProtection, ReadState};
pub use outbox::Outbox;
pub(crate) use outbox::OutboxView;
pub use plan::Plan;
pub(crate) use seal::WriteProtection;
