//! Explains mutual TLS 1.3 handshakes of any implementation byte by byte, from captured bytes and a key log.
//!
//! [`explain`] makes a [`Study`] from [`Conversation`]s (two directions of TLS records) and a [`KeyLog`]. A study is plain
//! data. The renderers are [`html`] (a page), [`json`] (schema `countersign-study/1`), [`text`] (for a terminal) and
//! [`mermaid`] (a diagram).
//!
//! If a value is unknown, the study gives the reason. Nothing is unknown in a run whose private keys are known
//! ([`Conversation::live`], feature `study-live`). No input causes a panic: a broken message is explained up to its first
//! wrong length.
//!
//! ```
//! use countersign::study::{Conversation, KeyLog, explain};
//!
//! // Only the first bytes of a ClientHello.
//! let conversation = Conversation::of_streams("a broken hello", &[22, 3, 1, 0, 4, 1, 0, 0, 200], &[]);
//! let study = explain(&[conversation], &KeyLog::parse(b""));
//! let connection = &study.connections[0];
//! assert_eq!(connection.messages[0].name, "client_hello");
//! assert!(!connection.messages[0].complete);
//! assert!(!connection.problems.is_empty());
//! ```
//!
//! **A study holds secrets.** Whoever has it can read the connection. Use it for your own connections, and to learn.

mod authenticator;
pub mod capture;
mod checks;
mod connection;
mod conversation;
mod der;
mod extensions;
mod fields;
mod grammar;
mod hello;
pub mod html;
pub mod json;
mod key_log;
mod key_texts;
mod keys;
pub mod mermaid;
mod message;
mod model;
mod names;
mod schedule;
mod shared;
mod side;
pub mod text;
mod texts;
mod texts_certificate;
mod transcript;
mod walk;
mod words;

pub use connection::explain;
pub use conversation::{Conversation, PrivateShares};
pub use key_log::KeyLog;
pub use model::{
    Check, Connection, Derived, Fact, Field, Input, Keys, Level, Message, Problem, Record, Space, SpaceKind, Study,
    Text, Value,
};
