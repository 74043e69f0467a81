//! Memory for handshake messages without records: what a transport that protects them itself, as QUIC does, carries.

mod inbox;
mod outbox;

pub use inbox::FlowInbox;
pub use outbox::{FlowOutbox, FlowOutboxView};
