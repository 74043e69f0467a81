//! The input of a study: the bytes of two ends.

use super::model::Text;
use crate::Role;
use alloc::string::String;
use alloc::vec::Vec;

/// The bytes of one connection: pieces of two streams, if possible in the order in which they crossed the wire.
// No Debug: it may hold secrets.
#[allow(missing_debug_implementations)]
#[derive(Clone, Default)]
pub struct Conversation {
    /// Names both ends, for people.
    pub label: String,
    /// Whether the pieces are in the order of the wire. If not, the study puts the records into the order of the protocol.
    pub ordered: bool,
    /// Problems of the input, such as missing bytes.
    pub problems: Vec<Text>,
    /// The private keys of both ends, if they are known. Such a study is live: it needs no key log.
    pub live: Option<PrivateShares>,
    pieces: Vec<(Role, Vec<u8>)>,
}

/// The private keys of a key exchange, and its result.
#[derive(Clone)]
// No Debug: it holds secrets.
#[allow(missing_debug_implementations)]
pub struct PrivateShares {
    /// The client's private key.
    pub client: Vec<u8>,
    /// The server's private key.
    pub server: Vec<u8>,
    /// The shared secret.
    pub shared_secret: Vec<u8>,
}

impl PrivateShares {
    /// The keys of both ends under `Policy::published_key_exchange`: those of RFC 7748 §6.1. (Those of other runs are
    /// unknown, since the cryptographic provider never reveals a private key.)
    #[cfg(feature = "hazmat-testing")]
    pub fn published() -> PrivateShares {
        use crate::crypto::published::{CLIENT, SERVER, SHARED};
        let ([client, _], [server, _]) = (CLIENT, SERVER);
        PrivateShares { client: client.into(), server: server.into(), shared_secret: SHARED.into() }
    }
}

impl Conversation {
    /// A conversation without bytes.
    pub fn new(label: impl Into<String>) -> Conversation {
        Conversation { label: label.into(), ordered: true, ..Conversation::default() }
    }

    /// A conversation of two whole streams.
    pub fn of_streams(label: impl Into<String>, client: &[u8], server: &[u8]) -> Conversation {
        let mut conversation = Conversation::new(label);
        conversation.ordered = false;
        conversation.add(Role::Client, client);
        conversation.add(Role::Server, server);
        conversation
    }

    /// Adds bytes that `from` has sent.
    pub fn add(&mut self, from: Role, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == from => piece.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.pieces.push((from, bytes.to_vec())),
        }
    }

    /// The pieces, each with its sender.
    pub fn pieces(&self) -> impl Iterator<Item = (Role, &[u8])> {
        self.pieces.iter().map(|(from, bytes)| (*from, &bytes[..]))
    }

    /// The stream of one end, and for each of its pieces the end in the stream and the index among all pieces.
    pub(super) fn stream(&self, role: Role) -> (Vec<u8>, Vec<(usize, usize)>) {
        let (mut stream, mut ends) = (Vec::new(), Vec::new());
        for (place, (_, bytes)) in self.pieces.iter().enumerate().filter(|(_, (from, _))| *from == role) {
            stream.extend_from_slice(bytes);
            ends.push((stream.len(), place));
        }
        (stream, ends)
    }
}
