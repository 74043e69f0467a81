//! Post-handshake messages (RFC 9846 §4.7), judged in the same way for both carriers.

use super::check::{check_extensions, malformed};
use crate::codec::{HandshakeType, KeyUpdate, KeyUpdateRequest, Message, NewSessionTicket, Place};
use crate::error::ErrorKind;
use crate::role::Role;

/// The meaning of a legal message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostHandshake {
    /// NewSessionTicket: checked and dropped, because every connection proves both identities again.
    Ticket,
    /// KeyUpdate: the peer's next record is under its next key.
    KeyUpdate {
        /// update_requested: we must update our key, too.
        requested: bool,
    },
}

/// Checks that a message of this type is legal, as soon as its header has come. A CertificateRequest is not, because
/// post_handshake_auth is never offered (§4.7.2).
pub(crate) fn accepts(role: Role, message: HandshakeType) -> Result<(), ErrorKind> {
    match (role, message) {
        (_, HandshakeType::KEY_UPDATE) | (Role::Client, HandshakeType::NEW_SESSION_TICKET) => Ok(()),
        _ => Err(ErrorKind::UnexpectedMessage { message }),
    }
}

/// Judges a whole message of a type that [`accepts`] accepts.
pub(crate) fn judge(message: Message<'_>) -> Result<PostHandshake, ErrorKind> {
    let malformed = malformed(message.typ);
    match message.typ {
        HandshakeType::NEW_SESSION_TICKET => {
            let ticket = NewSessionTicket::parse(message.body).map_err(&malformed)?;
            check_extensions(&ticket.extensions, Place::NewSessionTicket)?;
            Ok(PostHandshake::Ticket)
        }
        HandshakeType::KEY_UPDATE => match KeyUpdate::parse(message.body).map_err(&malformed)?.request_update {
            KeyUpdateRequest::UPDATE_NOT_REQUESTED => Ok(PostHandshake::KeyUpdate { requested: false }),
            KeyUpdateRequest::UPDATE_REQUESTED => Ok(PostHandshake::KeyUpdate { requested: true }),
            _ => Err(ErrorKind::IllegalKeyUpdate),
        },
        typ => Err(ErrorKind::UnexpectedMessage { message: typ }),
    }
}
