//! The memory for handshake messages without records, for transports that protect them themselves, as QUIC does.

mod inbox;
mod outbox;

pub use inbox::FlowInbox;
pub use outbox::{FlowOutbox, FlowOutboxView};
