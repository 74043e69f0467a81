//! A scripted peer: it writes records and messages with the crate's codec and key schedule.

use crate::wire;
use countersign::internals::codec::{self, ContentType, Message};
use countersign::internals::crypto::{AeadKey, CryptoMode, Hash, HashAlgorithm, Suite, TrafficKey};
use countersign::internals::schedule::{HandshakeSecret, TrafficSecret};

/// Cuts a stream of whole records into its records.
pub fn records(stream: &[u8]) -> Vec<&[u8]> {
    let (records, rest) = wire::records(stream);
    assert!(rest.is_empty(), "only whole records are sent");
    records
}

enum Key {
    Schedule(TrafficKey),
    Exposed(AeadKey, Vec<u8>),
}

fn expand_label(hash: HashAlgorithm, secret: &[u8], label: &[u8], out: &mut [u8]) {
    struct Len(usize);
    impl ring::hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }
    let algorithm = match hash {
        HashAlgorithm::Sha256 => ring::hkdf::HKDF_SHA256,
        HashAlgorithm::Sha384 => ring::hkdf::HKDF_SHA384,
    };
    let (len, label_len) = ((out.len() as u16).to_be_bytes(), [label.len() as u8 + 6]);
    let info: [&[u8]; 5] = [&len, &label_len, b"tls13 ", label, &[0]];
    ring::hkdf::Prk::new_less_safe(algorithm, secret).expand(&info, Len(out.len())).unwrap().fill(out).unwrap();
}

/// The protection of one direction.
pub struct Protection {
    key: Key,
    sequence: u64,
}

impl Protection {
    pub fn handshake(secret: &HandshakeSecret, suite: Suite) -> Protection {
        Protection { key: Key::Schedule(secret.key(suite, CryptoMode::Real).unwrap()), sequence: 0 }
    }

    pub fn application(secret: &TrafficSecret, suite: Suite) -> Protection {
        Protection { key: Key::Schedule(secret.key(suite, CryptoMode::Real).unwrap()), sequence: 0 }
    }

    /// From a traffic secret of the key log.
    pub fn of(secret: &[u8], suite: Suite) -> Protection {
        let hash = suite.hash();
        let key = |label: &[u8], len: usize| {
            let mut out = vec![0; len];
            expand_label(hash, secret, label, &mut out);
            out
        };
        let (key, iv) = (key(b"key", suite.key_len()), key(b"iv", 12));
        Protection { key: Key::Exposed(AeadKey::new(suite, &key, CryptoMode::Real).unwrap(), iv), sequence: 0 }
    }

    /// A protected record with this much padding.
    pub fn seal(&mut self, content: ContentType, fragment: &[u8], padding: usize) -> Vec<u8> {
        let mut inner = fragment.to_vec();
        inner.push(content.0);
        inner.resize(inner.len() + padding, 0);
        let mut record = vec![23, 3, 3];
        record.extend_from_slice(&(inner.len() as u16 + 16).to_be_bytes());
        let tag = match &self.key {
            Key::Schedule(key) => key.seal(self.sequence, &record, &mut inner).unwrap(),
            Key::Exposed(key, iv) => key.seal_in_place(nonce(iv, self.sequence), &record, &mut inner).unwrap(),
        };
        self.sequence += 1;
        record.extend_from_slice(&inner);
        record.extend_from_slice(&tag);
        record
    }

    /// Opens a record. Returns type and content without the padding.
    pub fn open(&mut self, record: &[u8]) -> (ContentType, Vec<u8>) {
        let (header, body) = record.split_at(5);
        assert_eq!(header[0], 23, "a protected record");
        let mut body = body.to_vec();
        let len = match &self.key {
            Key::Schedule(key) => key.open_within(self.sequence, header, &mut body, 0),
            Key::Exposed(key, iv) => key.open_within(nonce(iv, self.sequence), header, &mut body, 0),
        };
        let len = len.expect("the record opens");
        self.sequence += 1;
        body.truncate(len);
        while body.last() == Some(&0) {
            body.pop();
        }
        let typ = body.pop().expect("a content type");
        (ContentType(typ), body)
    }
}

/// RFC 9846 §5.3.
fn nonce(iv: &[u8], sequence: u64) -> [u8; 12] {
    let mut nonce: [u8; 12] = iv.try_into().unwrap();
    for (byte, sequence) in nonce[4..].iter_mut().zip(sequence.to_be_bytes()) {
        *byte ^= sequence;
    }
    nonce
}

/// The messages of the transcript.
pub struct Transcript {
    pub hash: HashAlgorithm,
    pub bytes: Vec<u8>,
}

impl Transcript {
    pub fn new(hash: HashAlgorithm) -> Transcript {
        Transcript { hash, bytes: Vec::new() }
    }

    /// RFC 9846 §4.1: message_hash replaces the first ClientHello.
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

/// Splits handshake bytes into whole messages.
pub fn messages(mut bytes: &[u8]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let (message, rest) = codec::Message::split(bytes).expect("a whole message");
        messages.push(message);
        bytes = rest;
    }
    messages
}
