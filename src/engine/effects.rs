//! The effects of the engine on its carrier: messages, keys, limits.

use crate::codec::{HandshakeType, NotWritten, Writer};
use crate::crypto::Suite;
use crate::error::ErrorKind;
use crate::policy::Policy;
use crate::schedule::{HandshakeSecret, TrafficSecret, Transcript, at};

/// A traffic secret that a direction changes to.
pub enum Secret<'a> {
    Handshake(&'a HandshakeSecret),
    Application(&'a TrafficSecret),
}

/// The engine's effects. The carriers (records, messages) implement it.
///
/// The next key exists only after a message has been written and hashed. So effects happen at once, and no list of
/// effects is returned. The caller has checked by a [`Plan`] that there is room.
pub trait Effects {
    /// Sends a handshake message under the current write key, and shows its bytes to `seen`, header included.
    fn message(&mut self, write: &dyn Fn(&mut Writer<'_>), seen: &mut dyn FnMut(&[u8])) -> Result<(), ErrorKind>;
    /// Protects what we send from now on.
    fn write_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind>;
    /// Opens what the peer sends from now on. Fails while any of the peer's bytes is unread (R8).
    fn read_key(&mut self, suite: Suite, secret: Secret<'_>) -> Result<(), ErrorKind>;

    // ---- a carrier without records ignores these ----

    /// Sends a change_cipher_spec (§E.4).
    fn change_cipher_spec(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
    /// The peer's record_size_limit binds protected records from now on (RFC 8449).
    fn peer_record_size_limit(&mut self, _: u16) {}
    /// Our own record_size_limit binds the peer from now on.
    fn own_record_size_limit(&mut self, _: u16) {}
}

/// What a transition will send: its later calls of [`Effects`], in their order. Next to each function that sends is one
/// that plans, and both write the same messages.
pub trait Plan {
    /// A handshake message of `len` bytes, header included.
    fn message(&mut self, len: usize);
    /// A new write key.
    fn write_key(&mut self) {}
    /// A change_cipher_spec.
    fn change_cipher_spec(&mut self) {}
    /// The peer's record_size_limit binds from then on.
    fn peer_record_size_limit(&mut self, _: u16) {}
}

/// Sends one message, and appends it to the transcript.
pub(super) fn send<At: at::Before>(
    out: &mut impl Effects,
    transcript: Transcript<At>,
    write: impl Fn(&mut Writer<'_>),
) -> Result<Transcript<At::Next>, ErrorKind> {
    transcript.append_sent(|seen| out.message(&write, seen))
}

/// record_size_limit binds both sides if both have sent one (RFC 8449 §4).
pub(super) fn limit_records(out: &mut impl Effects, policy: &Policy, peer: Option<u16>) {
    if let Some(limit) = peer {
        out.peer_record_size_limit(limit);
        if let Some(own) = policy.record_size_limit {
            out.own_record_size_limit(own);
        }
    }
}

/// Plans one message. A message that is too long for TLS is refused here, before anything has been sent.
pub(super) fn plan(plan: &mut impl Plan, write: impl Fn(&mut Writer<'_>)) -> Result<(), ErrorKind> {
    let mut typ = [0]; // the writer only counts what has no room
    let mut writer = Writer::new(&mut typ);
    write(&mut writer);
    match writer.finish() {
        Ok(len) | Err(NotWritten::NoRoom { needed: len }) => plan.message(len),
        Err(NotWritten::TooLong { length, limit }) => {
            let [typ] = typ;
            return Err(ErrorKind::own_message_too_long(HandshakeType(typ), length, limit));
        }
    }
    Ok(())
}
