//! What is to be explained: the bytes of two ends.

use super::model::Text;
use crate::Role;
use alloc::string::String;
use alloc::vec::Vec;

/// One conversation: pieces of two streams, in the order in which they crossed the wire, as far as that is known.
// No Debug: it may hold secrets.
#[allow(missing_debug_implementations)]
#[derive(Clone, Default)]
pub struct Conversation {
    /// Who with whom, for people.
    pub label: String,
    /// Whether the order of the pieces is that of the wire. If not, the records are put into the protocol's order.
    pub ordered: bool,
    /// What is wrong with the input: bytes that are missing.
    pub problems: Vec<Text>,
    /// What only the ends themselves know: makes the study a live one, which needs no key log.
    pub live: Option<PrivateShares>,
    pieces: Vec<(Role, Vec<u8>)>,
}

/// The private halves of a key exchange, and what came of it.
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
    /// Those of two ends under `Policy::published_key_exchange`: the keys of RFC 7748 §6.1. (Of other runs nobody can tell:
    /// the provider of cryptography never shows a private key.)
    #[cfg(feature = "hazmat-testing")]
    pub fn published() -> PrivateShares {
        use crate::crypto::published::{CLIENT, SERVER, SHARED};
        let ([client, _], [server, _]) = (CLIENT, SERVER);
        PrivateShares { client: client.into(), server: server.into(), shared_secret: SHARED.into() }
    }
}

impl Conversation {
    /// Nothing has been said yet.
    pub fn new(label: impl Into<String>) -> Conversation {
        Conversation { label: label.into(), ordered: true, ..Conversation::default() }
    }

    /// Of two whole streams.
    pub fn of_streams(label: impl Into<String>, client: &[u8], server: &[u8]) -> Conversation {
        let mut conversation = Conversation::new(label);
        conversation.ordered = false;
        conversation.add(Role::Client, client);
        conversation.add(Role::Server, server);
        conversation
    }

    /// `from` has sent these bytes.
    pub fn add(&mut self, from: Role, bytes: &[u8]) {
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == from => piece.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.pieces.push((from, bytes.to_vec())),
        }
    }

    /// The pieces.
    pub fn pieces(&self) -> impl Iterator<Item = (Role, &[u8])> {
        self.pieces.iter().map(|(from, bytes)| (*from, &bytes[..]))
    }

    /// One end's stream, and where each of its pieces ends: its place among all pieces.
    pub(super) fn stream(&self, role: Role) -> (Vec<u8>, Vec<(usize, usize)>) {
        let (mut stream, mut ends) = (Vec::new(), Vec::new());
        for (place, (_, bytes)) in self.pieces.iter().enumerate().filter(|(_, (from, _))| *from == role) {
            stream.extend_from_slice(bytes);
            ends.push((stream.len(), place));
        }
        (stream, ends)
    }
}
