//! The parts of a study, as plain data for the renderers.

use crate::Role;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// A sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// Spanish.
    pub es: Cow<'static, str>,
}

impl Text {
    /// A text from a sentence in each language.
    pub const fn new(en: &'static str, es: &'static str) -> Text {
        Text { en: Cow::Borrowed(en), es: Cow::Borrowed(es) }
    }

    /// The same for sentences with numbers and names.
    pub(super) fn made(en: String, es: String) -> Text {
        Text { en: Cow::Owned(en), es: Cow::Owned(es) }
    }
}

/// What kind of input a value needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Captured bytes and a key log: enough for the traffic secrets and everything that is derived from them.
    Capture,
    /// The private keys of a live run: enough for everything.
    Live,
}

impl Level {
    /// `capture` or `live`.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Capture => "capture",
            Level::Live => "live",
        }
    }
}

/// The explanation of some conversations.
#[derive(Clone, Debug, Default)]
pub struct Study {
    /// One connection for each conversation, in the same order.
    pub connections: Vec<Connection>,
    /// Problems of the input as a whole.
    pub problems: Vec<Text>,
}

/// The explanation of one connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The label of the conversation.
    pub label: String,
    /// The random of ClientHello, which identifies the connection in a key log.
    pub client_random: Option<[u8; 32]>,
    /// What kind of input the study had.
    pub level: Level,
    /// The negotiated parameters, and how the connection ended.
    pub summary: Vec<Fact>,
    /// The byte strings to which the fields refer.
    pub spaces: Vec<Space>,
    /// The records, if possible in the order in which they crossed the wire.
    pub records: Vec<Record>,
    /// The messages, in the order of the records in which they begin.
    pub messages: Vec<Message>,
    /// The fields of all spaces. The `id` of a field is its index in this list.
    pub fields: Vec<Field>,
    /// Transcript hashes (RFC 9846 §4.1).
    pub hashes: Vec<Derived>,
    /// The key schedule (RFC 9846 §7.1), from top to bottom.
    pub secrets: Vec<Derived>,
    /// The CertificateVerify and Finished messages, verified.
    pub checks: Vec<Check>,
    /// Errors, and bytes that could not be read.
    pub problems: Vec<Problem>,
}

/// A line of the summary.
#[derive(Clone, Debug)]
pub struct Fact {
    /// A stable name: `cipher_suite`.
    pub name: &'static str,
    /// The title.
    pub title: Text,
    /// The value.
    pub value: String,
}

/// A byte string.
#[derive(Clone, Debug)]
pub struct Space {
    /// The kind.
    pub kind: SpaceKind,
    /// The sender.
    pub sender: Role,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The kinds of spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceKind {
    /// The whole stream of one end.
    Stream,
    /// The TLSInnerPlaintext of a record (RFC 9846 §5.2).
    Plaintext,
    /// The consecutive handshake messages of one end under one kind of keys.
    Messages(Keys),
}

/// The keys that protect a record or a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// No key.
    Plaintext,
    /// The key from the handshake traffic secret.
    Handshake,
    /// The key from the application traffic secret with this number.
    Application(u32),
}

impl Keys {
    /// `plaintext`, `handshake`, `application`.
    pub const fn name(self) -> &'static str {
        match self {
            Keys::Plaintext => "plaintext",
            Keys::Handshake => "handshake",
            Keys::Application(_) => "application",
        }
    }
}

/// A record (RFC 9846 §5).
#[derive(Clone, Debug)]
pub struct Record {
    /// The sender.
    pub sender: Role,
    /// The space: the stream of the sender.
    pub space: usize,
    /// The position of the first byte in the space.
    pub start: usize,
    /// The length, with the header.
    pub len: usize,
    /// The ContentType in the header.
    pub outer_type: u8,
    /// The ContentType of the content; `None` if the record could not be opened.
    pub content_type: Option<u8>,
    /// The keys that protect it.
    pub keys: Keys,
    /// The sequence number.
    pub sequence_number: Option<u64>,
    /// write_iv XOR sequence number (RFC 9846 §5.3).
    pub nonce: Option<Vec<u8>>,
    /// The space with the plaintext, if the record was protected.
    pub plaintext: Option<usize>,
    /// Why the record could not be opened.
    pub unopened: Option<Text>,
    /// The messages that begin in this record.
    pub messages: Vec<usize>,
    /// The content in one line.
    pub title: String,
}

/// A handshake message (RFC 9846 §4).
#[derive(Clone, Debug)]
pub struct Message {
    /// The sender.
    pub sender: Role,
    /// The name: `client_hello`.
    pub name: String,
    /// The keys that protect it.
    pub keys: Keys,
    /// The space.
    pub space: usize,
    /// The position of the first byte in the space.
    pub start: usize,
    /// The length, with the header.
    pub len: usize,
    /// The field of the whole message.
    pub field: usize,
    /// Whether the message is complete.
    pub complete: bool,
    pub(super) retry: bool,
}

/// A field. Every byte of a space belongs to exactly one field without children.
#[derive(Clone, Debug)]
pub struct Field {
    /// The enclosing field.
    pub parent: Option<usize>,
    /// The space.
    pub space: usize,
    /// The position of the first byte in the space.
    pub start: usize,
    /// The length in bytes; may be 0.
    pub len: usize,
    /// The name in the specification.
    pub name: Cow<'static, str>,
    /// The value in printable characters.
    pub value: String,
    /// The explanation.
    pub text: Text,
    /// The section that specifies it.
    pub rfc: &'static str,
}

/// A hash, secret or key, and how it is computed.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The name in the RFC.
    pub name: String,
    /// The computation in the notation of the RFC.
    pub formula: String,
    /// The inputs of the computation.
    pub inputs: Vec<Input>,
    /// The result.
    pub value: Value,
    /// What kind of input the study needs to know it.
    pub level: Level,
    /// The explanation.
    pub text: Text,
    /// The section that specifies it.
    pub rfc: &'static str,
}

/// Bytes, or the reason why they are unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Known.
    Known(Vec<u8>),
    /// Unknown, and why.
    Missing(Text),
}

impl Value {
    /// The bytes, if known.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Known(bytes) => Some(bytes),
            Value::Missing(_) => None,
        }
    }
}

/// An input of a computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Another entry of `secrets` or `hashes`.
    Named(String),
    /// A name, and bytes that are in no space.
    Bytes(&'static str, Vec<u8>),
    /// A part of a space.
    Span {
        /// The name.
        name: String,
        /// The space.
        space: usize,
        /// The position of the first byte.
        start: usize,
        /// The length.
        len: usize,
    },
}

/// The verification of a CertificateVerify or Finished, which a reader can repeat.
#[derive(Clone, Debug)]
pub struct Check {
    /// `server Finished`, `client CertificateVerify`.
    pub name: String,
    /// The expected verify_data, or the signed content of a signature.
    pub expected: Value,
    /// The received verify_data or signature.
    pub got: Value,
    /// Whether it verifies; `None` if something is missing.
    pub ok: Option<bool>,
    /// The inputs of the computation.
    pub inputs: Vec<Input>,
    /// The computation.
    pub formula: String,
    /// What kind of input the study needs to know it.
    pub level: Level,
    /// What it proves, or why it fails.
    pub text: Text,
    /// The section that specifies it.
    pub rfc: &'static str,
}

/// An error in a field, or in the connection.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The field; `None` if it concerns the whole connection.
    pub field: Option<usize>,
    /// The error.
    pub text: Text,
}
