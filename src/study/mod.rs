//! Explains any mutual TLS 1.3 handshake byte by byte: from captured bytes and a key log, anybody's.
//!
//! [`explain`] makes a [`Study`] of [`Conversation`]s (two directions of TLS records) and a [`KeyLog`]; it is plain data,
//! which the renderers show: [`html`] (a page), [`json`] (schema `countersign-study/1`), [`text`] (for a terminal) and
//! [`mermaid`] (a picture).
//! What they cannot know is missing, and says why; of a run whose private shares are known ([`Conversation::live`], feature
//! `study-live`) nothing is.
//! Nothing here panics, whatever the bytes are: what is broken is explained up to the first wrong length, and what is
//! missing says why.
//!
//! ```
//! use countersign::study::{Conversation, KeyLog, explain};
//!
//! // The first bytes of a ClientHello, and nothing more.
//! let conversation = Conversation::of_streams("a broken hello", &[22, 3, 1, 0, 4, 1, 0, 0, 200], &[]);
//! let study = explain(&[conversation], &KeyLog::parse(b""));
//! let connection = &study.connections[0];
//! assert_eq!(connection.messages[0].name, "client_hello");
//! assert!(!connection.messages[0].complete);
//! assert!(!connection.problems.is_empty());
//! ```
//!
//! **A study holds secrets.** Whoever reads it reads the connection. It is for one's own connections, and for learning.

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
