//! Certificate, CertificateVerify, Finished and the verdict, in both roles (RFC 9846 §4.5).

mod certificate;
mod certificate_verify;
mod finished;
mod verdict;

use crate::peer::identities;
use crate::peer::message::written;
use countersign::{HandshakeType, Role};

const BOTH: [Role; 2] = [Role::Client, Role::Server];
const CT: HandshakeType = HandshakeType::CERTIFICATE;
const CV: HandshakeType = HandshakeType::CERTIFICATE_VERIFY;
const FIN: HandshakeType = HandshakeType::FINISHED;

/// The leaf that the peer of an end in this role shows.
fn leaf(role: Role) -> &'static [u8] {
    if role == Role::Client { &identities().server.chain[0] } else { &identities().client.chain[0] }
}

fn block(write: impl Fn(&mut countersign::internals::codec::Writer<'_>)) -> Vec<u8> {
    written(write)
}
