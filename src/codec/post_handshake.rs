//! The messages after the handshake: NewSessionTicket (RFC 9846 §4.7.1) and KeyUpdate (§4.7.3).

use super::{
    Element, Extensions, HandshakeType, KeyUpdateRequest, Malformed, Writer,
    reader::{non_empty, whole},
    write_message,
};

/// ```text
/// struct {
///     uint32 ticket_lifetime;
///     uint32 ticket_age_add;
///     opaque ticket_nonce<0..255>;
///     opaque ticket<1..2^16-1>;
///     Extension extensions<0..2^16-1>;
/// } NewSessionTicket;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// ticket_lifetime, in seconds
    pub ticket_lifetime: u32,
    /// ticket_age_add
    pub ticket_age_add: u32,
    /// ticket_nonce
    pub ticket_nonce: &'a [u8],
    /// ticket
    pub ticket: &'a [u8],
    /// extensions
    pub extensions: Extensions<'a>,
}

impl<'a> NewSessionTicket<'a> {
    /// Reads the message's body.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        whole(body, |r| {
            Ok(NewSessionTicket {
                ticket_lifetime: r.u32()?,
                ticket_age_add: r.u32()?,
                ticket_nonce: r.vec_u8()?,
                ticket: non_empty(r.vec_u16()?)?,
                extensions: Extensions::read(r)?,
            })
        })
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::NEW_SESSION_TICKET, |w| {
            w.u32(self.ticket_lifetime);
            w.u32(self.ticket_age_add);
            w.vec_u8(|w| w.bytes(self.ticket_nonce));
            w.vec_u16(|w| w.bytes(self.ticket));
            w.vec_u16(|w| w.bytes(self.extensions.raw()));
        });
    }
}

/// ```text
/// struct {
///     KeyUpdateRequest request_update;
/// } KeyUpdate;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// request_update, unchecked: for other values than the two the engine sends illegal_parameter.
    pub request_update: KeyUpdateRequest,
}

impl KeyUpdate {
    /// The length of the message's body.
    pub const BODY_LEN: usize = 1;

    /// Reads the message's body.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        whole(body, |r| Ok(KeyUpdate { request_update: KeyUpdateRequest::read(r)? }))
    }

    /// Writes the whole message.
    pub fn write(&self, w: &mut Writer<'_>) {
        write_message(w, HandshakeType::KEY_UPDATE, |w| w.u8(self.request_update.0));
    }
}
