//! What a study consists of: plain data, for every renderer.

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
    /// Of two sentences that say the same.
    pub const fn new(en: &'static str, es: &'static str) -> Text {
        Text { en: Cow::Borrowed(en), es: Cow::Borrowed(es) }
    }

    /// Of two sentences with numbers and names in them.
    pub(super) fn made(en: String, es: String) -> Text {
        Text { en: Cow::Owned(en), es: Cow::Owned(es) }
    }
}

/// Where a value comes from, and so what can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// From captured bytes and a key log: the traffic secrets, and all that is below them.
    Capture,
    /// From a machine whose private shares were seen: everything.
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

/// Everything that was found out.
#[derive(Clone, Debug, Default)]
pub struct Study {
    /// One for each conversation that was given, in their order.
    pub connections: Vec<Connection>,
    /// What is wrong with the input as a whole.
    pub problems: Vec<Text>,
}

/// One connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Who with whom, as the input calls it.
    pub label: String,
    /// By which the key log knows the connection.
    pub client_random: Option<[u8; 32]>,
    /// How much could be seen.
    pub level: Level,
    /// What was agreed on, and how it ended.
    pub summary: Vec<Fact>,
    /// The byte strings that the fields lie in.
    pub spaces: Vec<Space>,
    /// In the order in which they crossed the wire, as far as the input tells.
    pub records: Vec<Record>,
    /// In the order of the records in which they begin.
    pub messages: Vec<Message>,
    /// Every field of every space; a field's place in this list is its `id`.
    pub fields: Vec<Field>,
    /// Transcript hashes (RFC 9846 §4.1).
    pub hashes: Vec<Derived>,
    /// The key schedule (RFC 9846 §7.1), from top to bottom.
    pub secrets: Vec<Derived>,
    /// What one can compute again.
    pub checks: Vec<Check>,
    /// What is wrong, or could not be read.
    pub problems: Vec<Problem>,
}

/// A line of the summary.
#[derive(Clone, Debug)]
pub struct Fact {
    /// A stable name: `cipher_suite`.
    pub name: &'static str,
    /// What it is called.
    pub title: Text,
    /// Its value.
    pub value: String,
}

/// A byte string.
#[derive(Clone, Debug)]
pub struct Space {
    /// What it holds.
    pub kind: SpaceKind,
    /// Who sent it.
    pub sender: Role,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The kinds of spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceKind {
    /// All that one end sent over TCP.
    Stream,
    /// A record that was opened: TLSInnerPlaintext (RFC 9846 §5.2).
    Plaintext,
    /// The handshake messages of one end under one kind of keys, one after the other.
    Messages(Keys),
}

/// The keys that protect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None.
    Plaintext,
    /// From the handshake traffic secret.
    Handshake,
    /// From the application traffic secret of this generation.
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
    /// Who sent it.
    pub sender: Role,
    /// The space that it lies in: its sender's stream.
    pub space: usize,
    /// Its first byte there.
    pub start: usize,
    /// Its length, with the header.
    pub len: usize,
    /// The ContentType that everybody sees.
    pub outer_type: u8,
    /// The ContentType of what it holds; `None` if it could not be opened.
    pub content_type: Option<u8>,
    /// The keys that protect it.
    pub keys: Keys,
    /// Its number under its key.
    pub sequence_number: Option<u64>,
    /// write_iv XOR sequence number (RFC 9846 §5.3).
    pub nonce: Option<Vec<u8>>,
    /// The space of what was in it, if it was protected.
    pub plaintext: Option<usize>,
    /// Why it could not be opened.
    pub unopened: Option<Text>,
    /// The messages that begin in it.
    pub messages: Vec<usize>,
    /// A line that says what is in it.
    pub title: String,
}

/// A handshake message (RFC 9846 §4).
#[derive(Clone, Debug)]
pub struct Message {
    /// Who sent it.
    pub sender: Role,
    /// Its name: `client_hello`.
    pub name: String,
    /// The keys that protect it.
    pub keys: Keys,
    /// The space that it lies in.
    pub space: usize,
    /// Its first byte there.
    pub start: usize,
    /// Its length, with the header.
    pub len: usize,
    /// Its field.
    pub field: usize,
    /// Whether all of it is there.
    pub complete: bool,
    pub(super) retry: bool,
}

/// A field. Those without children tile their space.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field that it is a part of.
    pub parent: Option<usize>,
    /// The space that it lies in.
    pub space: usize,
    /// Its first byte there.
    pub start: usize,
    /// Its length in bytes; may be 0.
    pub len: usize,
    /// The specification's name for it.
    pub name: Cow<'static, str>,
    /// What its bytes say, in printable characters.
    pub value: String,
    /// What it is for.
    pub text: Text,
    /// Where that is written.
    pub rfc: &'static str,
}

/// A hash, secret or key, and how it is made.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The RFC's name for it.
    pub name: String,
    /// How it is computed, in the RFC's notation.
    pub formula: String,
    /// What goes in.
    pub inputs: Vec<Input>,
    /// The result.
    pub value: Value,
    /// Which kind of input is needed to know it.
    pub level: Level,
    /// What it is for.
    pub text: Text,
    /// Where that is written.
    pub rfc: &'static str,
}

/// Bytes, or the reason why they are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Known.
    Known(Vec<u8>),
    /// Missing, and why.
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

/// What goes into a computation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Another entry of `secrets` or `hashes`.
    Named(String),
    /// Bytes by themselves, and what they are.
    Bytes(&'static str, Vec<u8>),
    /// A part of a space, and what it is.
    Span {
        /// What it is.
        name: String,
        /// The space.
        space: usize,
        /// Its first byte.
        start: usize,
        /// Its length.
        len: usize,
    },
}

/// Something that a reader can compute again, and compare.
#[derive(Clone, Debug)]
pub struct Check {
    /// `server Finished`, `client CertificateVerify`.
    pub name: String,
    /// What it should be: verify_data; for a signature, the content that was signed.
    pub expected: Value,
    /// What was received: verify_data, or the signature.
    pub got: Value,
    /// Whether it holds; `None` if something is missing.
    pub ok: Option<bool>,
    /// What goes in.
    pub inputs: Vec<Input>,
    /// How it is computed.
    pub formula: String,
    /// Which kind of input is needed to know it.
    pub level: Level,
    /// What it proves, or what is wrong.
    pub text: Text,
    /// Where that is written.
    pub rfc: &'static str,
}

/// Something wrong, and where.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The field that it was found in.
    pub field: Option<usize>,
    /// What is wrong.
    pub text: Text,
}
