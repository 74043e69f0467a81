//! How a server judges a ClientHello (RFC 9846 §4.2.1, §4.2.2, §4.3).

mod preferences;
mod psk_and_early_data;
mod retry;
mod shares;
mod structure;

use crate::peer::message::{KEY_SHARE, Msg, shares};
use crate::peer::{self, Row, Story, accepts, refuses};
use countersign::internals::codec::{CheckedExtensions, EncryptedExtensions, NamedGroup, Place, ServerHello};
use countersign::internals::crypto::{CryptoMode, KeyExchange};
use countersign::{HandshakeType, Policy, Role};

const CH: HandshakeType = HandshakeType::CLIENT_HELLO;

fn refused(rows: &[Row<'_>]) {
    refuses(Role::Server, &Policy::new(), CH, rows);
}

fn accepted(rows: &[(&str, peer::Edit<'_>)]) {
    accepts(Role::Server, &Policy::new(), CH, rows);
}

/// A new share, as a client of this group sends it.
fn share(group: NamedGroup) -> Vec<u8> {
    KeyExchange::start([group], CryptoMode::Real).unwrap().share(group).concat()
}

/// The ServerHello and the EncryptedExtensions that the server has sent.
fn server_hello<'a>(story: &'a Story<'_>) -> ServerHello<'a> {
    ServerHello::parse(&story.sent(HandshakeType::SERVER_HELLO)[4..]).unwrap()
}

fn encrypted_extensions<'a>(story: &'a Story<'_>) -> EncryptedExtensions<'a> {
    EncryptedExtensions::parse(&story.sent(HandshakeType::ENCRYPTED_EXTENSIONS)[4..]).unwrap()
}

/// The server's answer.
fn answers<'a>(story: &'a Story<'_>) -> CheckedExtensions<'a> {
    encrypted_extensions(story).extensions.check(Place::EncryptedExtensions).unwrap()
}

fn no_share(m: &mut Msg) {
    m.set(KEY_SHARE, &shares(&[]));
}
