//! KeyUpdate (RFC 9846 §4.7.3): the message, and the next generation of our key.

use crate::codec::{KeyUpdate, KeyUpdateRequest, MESSAGE_HEADER};
use crate::engine::Connected;
use crate::error::ErrorKind;
use crate::record::{OutboxView, WriteProtection};
use crate::schedule::TrafficSecret;

/// The length of the message.
pub(super) const LEN: usize = MESSAGE_HEADER + KeyUpdate::BODY_LEN;

/// Sends the message under the present key, and changes to the next key. Returns its secret.
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

/// Confirms the client: a KeyUpdate without a request directly after the handshake. The server has sent nothing since its
/// Finished, so this is the first record after the client's Finished.
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
