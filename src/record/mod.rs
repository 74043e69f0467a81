//! The record layer (RFC 9846 §5): bytes of the transport to fragments of content, and back.
//!
//! It does not know handshake states. The caller says which records are legal *now* ([`Expect`]).
//!
//! * [`Inbox`]: the memory for received bytes. Ciphertext is opened in place, and handshake messages become contiguous.
//! * [`ReadProtection`]: the read key, its sequence number and the counters of tolerated records; opens one record.
//! * [`Outbox`]: the memory for bytes to send. Messages of a flight coalesce in one open record until it is sealed.
//! * [`WriteProtection`]: the write key, its sequence number and limits; seals one record.
//!
//! On the path of every record, functions with one caller are `#[inline(always)]`. Otherwise their results are passed
//! through memory, and a load that has another size than the store before it stalls.

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
