//! Handshake messages (RFC 9846 §4):
//!
//! ```text
//! struct {
//!     HandshakeType msg_type;
//!     uint24 length;
//!     select (Handshake.msg_type) { ... };
//! } Handshake;
//! ```

use super::{HandshakeType, Reader, Writer};

/// The length of msg_type and length.
pub const MESSAGE_HEADER: usize = 4;

/// A complete handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// msg_type
    pub typ: HandshakeType,
    /// The bytes after the header.
    pub body: &'a [u8],
    /// Header and body, which the transcript hashes.
    pub raw: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message at the start of `bytes`, and the bytes after it; `None` if the message is incomplete.
    pub fn split(bytes: &'a [u8]) -> Option<(Message<'a>, &'a [u8])> {
        let (typ, body_len) = header(bytes)?;
        let (raw, rest) = bytes.split_at_checked(MESSAGE_HEADER.checked_add(body_len)?)?;
        let (_, body) = raw.split_at_checked(MESSAGE_HEADER)?;
        Some((Message { typ, body, raw }, rest))
    }
}

/// Type and body length of the message at the start of `bytes`; `None` if there are fewer than four bytes.
pub fn header(bytes: &[u8]) -> Option<(HandshakeType, usize)> {
    let mut reader = Reader::new(bytes);
    let typ = HandshakeType(reader.u8().ok()?);
    let body_len = usize::try_from(reader.u24().ok()?).ok()?;
    Some((typ, body_len))
}

/// Writes a message whose body is what `body` writes.
pub fn write_message<'m>(w: &mut Writer<'m>, typ: HandshakeType, body: impl FnOnce(&mut Writer<'m>)) {
    w.u8(typ.0);
    w.vec_u24(body);
}
