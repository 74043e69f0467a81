//! Every limit on what a peer may make us do, with its reason.

/// Empty application-data records in a row (RFC 9846 §5.4 allows them as cover traffic): each costs us an AEAD opening
/// and brings the application nothing, so an endless run is an attack.
pub const MAX_EMPTY_RECORDS: u8 = 32;

/// change_cipher_spec records in all. Honest peers send one (RFC 9846 §E.4); each is dropped unauthenticated.
pub const MAX_CHANGE_CIPHER_SPECS: u8 = 32;

/// user_canceled alerts in a row. One is meant to be followed by close_notify (RFC 9846 §6.1).
pub const MAX_WARNINGS: u8 = 4;

/// Bytes of early data that are skipped (RFC 9846 §4.3.10), counted as ciphertext. We never accept early data and
/// never issue tickets, so a peer that sends some relies on a ticket of somebody else's: one full record is generous.
pub const MAX_EARLY_DATA: u32 = 16_384;

/// KeyUpdates without application data between (RFC 9846 §4.7.3): each costs a key derivation.
pub const MAX_KEY_UPDATES: u8 = 32;
