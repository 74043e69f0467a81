//! A peer that does what a test says: records and messages by hand, over the crate's codec and key schedule.

use countersign::codec::{self, ContentType, Message, Writer};
use countersign::crypto::{CryptoMode, Hash, HashAlgorithm, Suite, TrafficKey};
use countersign::schedule::{HandshakeSecret, TrafficSecret};

/// A record without protection.
pub fn plain(content: ContentType, fragment: &[u8]) -> Vec<u8> {
    let mut record = vec![content.0, 3, 3];
    record.extend_from_slice(&(fragment.len() as u16).to_be_bytes());
    record.extend_from_slice(fragment);
    record
}

/// Cuts a stream of whole records into its records.
pub fn records(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while !stream.is_empty() {
        let len = 5 + usize::from(u16::from_be_bytes([stream[3], stream[4]]));
        records.push(stream[..len].to_vec());
        stream = &stream[len..];
    }
    records
}

/// Writes a message.
pub fn message(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut memory = vec![0; 20_000];
    let mut writer = Writer::new(&mut memory);
    write(&mut writer);
    let len = writer.finish().unwrap();
    memory.truncate(len);
    memory
}

/// One direction's protection.
pub struct Protection {
    key: TrafficKey,
    sequence: u64,
}

impl Protection {
    pub fn handshake(secret: &HandshakeSecret, suite: Suite) -> Protection {
        Protection { key: secret.key(suite, CryptoMode::Real).unwrap(), sequence: 0 }
    }

    pub fn application(secret: &TrafficSecret, suite: Suite) -> Protection {
        Protection { key: secret.key(suite, CryptoMode::Real).unwrap(), sequence: 0 }
    }

    /// A protected record with so much padding.
    pub fn seal(&mut self, content: ContentType, fragment: &[u8], padding: usize) -> Vec<u8> {
        let mut inner = fragment.to_vec();
        inner.push(content.0);
        inner.resize(inner.len() + padding, 0);
        let mut record = vec![23, 3, 3];
        record.extend_from_slice(&(inner.len() as u16 + 16).to_be_bytes());
        let tag = self.key.seal(self.sequence, &record, &mut inner).unwrap();
        self.sequence += 1;
        record.extend_from_slice(&inner);
        record.extend_from_slice(&tag);
        record
    }

    /// Opens a record: type and content, the padding taken off.
    pub fn open(&mut self, record: &[u8]) -> (ContentType, Vec<u8>) {
        let (header, body) = record.split_at(5);
        assert_eq!(header[0], 23, "a protected record");
        let mut body = body.to_vec();
        let len = self.key.open_within(self.sequence, header, &mut body, 0).expect("the record opens");
        self.sequence += 1;
        body.truncate(len);
        while body.last() == Some(&0) {
            body.pop();
        }
        let typ = body.pop().expect("a content type");
        (ContentType(typ), body)
    }
}

/// The transcript, kept as it is.
pub struct Transcript {
    pub hash: HashAlgorithm,
    pub bytes: Vec<u8>,
}

impl Transcript {
    pub fn new(hash: HashAlgorithm) -> Transcript {
        Transcript { hash, bytes: Vec::new() }
    }

    /// RFC 9846 §4.1: message_hash stands for the first ClientHello.
    pub fn retry(&mut self) {
        let hash = self.hash();
        self.bytes = vec![254, 0, 0, hash.as_ref().len() as u8];
        self.bytes.extend_from_slice(hash.as_ref());
    }

    pub fn append(&mut self, message: &[u8]) {
        self.bytes.extend_from_slice(message);
    }

    pub fn hash(&self) -> Hash {
        self.hash.hash(&self.bytes)
    }
}

/// Splits handshake bytes into messages, which must be whole.
pub fn messages(mut bytes: &[u8]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let (message, rest) = codec::Message::split(bytes).expect("a whole message");
        messages.push(message);
        bytes = rest;
    }
    messages
}
