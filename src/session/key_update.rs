//! KeyUpdate (RFC 9846 §4.7.3): the message, and the next generation of our key.

use crate::codec::{KeyUpdate, KeyUpdateRequest, MESSAGE_HEADER};
use crate::engine::Connected;
use crate::error::ErrorKind;
use crate::record::{OutboxView, WriteProtection};
use crate::schedule::TrafficSecret;

/// The length of the message.
pub(super) const LEN: usize = MESSAGE_HEADER + KeyUpdate::BODY_LEN;

/// Sends the message under the present key; what follows it goes under the next one, whose secret is returned.
pub(super) fn send(
    request_update: KeyUpdateRequest,
    secret: &TrafficSecret,
    write: &mut WriteProtection,
    tx: &mut OutboxView<'_>,
) -> Result<TrafficSecret, ErrorKind> {
    tx.room_for(&tx.plan(write).handshake(LEN))?;
    let (suite, crypto) = write.algorithms().ok_or(ErrorKind::Bug)?;
    let next = secret.next();
    let key = next.key(suite, crypto).map_err(|_| ErrorKind::CryptoFailed)?;
    tx.append_handshake(write, |w| KeyUpdate { request_update }.write(w), |_| ())?;
    tx.replace_key(write, key)?;
    Ok(next)
}

/// A server tells the client at once that it is accepted: no byte of ours was under way when the client wrote its
/// Finished, and this is the first one after. It asks for nothing.
pub(crate) fn confirm_client(
    connected: &mut Connected,
    write: &mut WriteProtection,
    tx: &mut OutboxView<'_>,
) -> Result<(), ErrorKind> {
    let next = send(KeyUpdateRequest::UPDATE_NOT_REQUESTED, &connected.secrets.server, write, tx)?;
    connected.confirmed = Some(next);
    tx.mark_owed();
    Ok(())
}
