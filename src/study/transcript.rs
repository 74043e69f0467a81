//! Computes transcript hashes (RFC 9846 §4.1) from the messages in their spaces.

use super::model::{Derived, Input, Level, Message, Space, Text, Value};
use crate::Role;
use crate::crypto::{Hash, HashAlgorithm};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The messages of the transcript in their order.
pub(super) struct Transcript<'a> {
    algorithm: HashAlgorithm,
    messages: Vec<&'a Message>,
    spaces: &'a [Space],
}

impl<'a> Transcript<'a> {
    /// Puts the messages into the order of §4.1. Later messages than both Finished do not count.
    pub(super) fn new(algorithm: HashAlgorithm, all: &'a [Message], spaces: &'a [Space]) -> Transcript<'a> {
        let of = |sender: Role, keys: &'static str| {
            all.iter()
                .filter(move |message| message.complete && message.sender == sender && message.keys.name() == keys)
        };
        let mut messages = Vec::new();
        let mut hellos = of(Role::Client, "plaintext");
        for server in of(Role::Server, "plaintext") {
            messages.extend(hellos.next());
            messages.push(server);
        }
        messages.extend(of(Role::Server, "handshake"));
        messages.extend(of(Role::Client, "handshake"));
        Transcript { algorithm, messages, spaces }
    }

    pub(super) fn message(&self, sender: Role, name: &str) -> Option<&'a Message> {
        self.messages.iter().find(|message| message.sender == sender && message.name == name).copied()
    }

    /// The last message with this name, such as the second ClientHello after a HelloRetryRequest.
    pub(super) fn last(&self, sender: Role, name: &str) -> Option<&'a Message> {
        self.messages.iter().rfind(|message| message.sender == sender && message.name == name).copied()
    }

    pub(super) fn bytes(&self, message: &Message) -> &'a [u8] {
        let space = self.spaces.get(message.space).map_or(&[][..], |space| &space.bytes);
        space.get(message.start..message.start.saturating_add(message.len)).unwrap_or_default()
    }

    pub(super) fn located(&self, message: &Message) -> Located<'a> {
        Located { space: message.space, start: message.start, bytes: self.bytes(message) }
    }

    /// Hashes all messages before `message`, and `message` itself if `with_it`.
    pub(super) fn hash(&self, message: &Message, with_it: bool) -> Option<(Hash, Derived)> {
        let at = self.messages.iter().position(|each| core::ptr::eq(*each, message))?;
        let count = at.saturating_add(usize::from(with_it));
        let messages = self.messages.get(..count)?;
        let last = messages.last()?;
        let mut hashed = Vec::new();
        let mut inputs = Vec::new();
        for (place, message) in messages.iter().enumerate() {
            let bytes = self.bytes(message);
            // §4.1: before a HelloRetryRequest, message_hash replaces the ClientHello.
            if place == 0 && messages.get(1).is_some_and(|second| second.retry) {
                let hash = self.algorithm.hash(bytes);
                let mut message_hash = Vec::from([254, 0, 0, self.algorithm.output_len_u8()]);
                message_hash.extend_from_slice(hash.as_ref());
                hashed.extend_from_slice(&message_hash);
                inputs.push(Input::Bytes("message_hash", message_hash));
            } else {
                hashed.extend_from_slice(bytes);
                let (name, space, start, len) = (called(message), message.space, message.start, message.len);
                inputs.push(Input::Span { name, space, start, len });
            }
        }
        let hash = self.algorithm.hash(&hashed);
        let name = format!("ClientHello...{}", called(last));
        let derived = Derived {
            formula: format!("Transcript-Hash({name})"),
            name,
            inputs,
            value: Value::Known(hash.as_ref().to_vec()),
            level: Level::Capture,
            text: Text::new(
                "The hash of all handshake messages so far: what was said, in a few bytes.",
                "El hash de todos los mensajes hasta aquí: lo dicho, resumido en unos pocos bytes.",
            ),
            rfc: "RFC 9846 §4.1",
        };
        Some((hash, derived))
    }

    pub(super) const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }
}

/// A message and its position.
#[derive(Clone, Copy)]
pub(super) struct Located<'a> {
    pub space: usize,
    pub start: usize,
    pub bytes: &'a [u8],
}

impl Located<'_> {
    /// A part of the message.
    pub(super) fn span(&self, name: &str, skip: usize, len: usize) -> Input {
        Input::Span { name: name.into(), space: self.space, start: self.start.saturating_add(skip), len }
    }
}

/// The RFC's name of a message, with its sender if both send such a message.
pub(super) fn called(message: &Message) -> String {
    let name: String = message
        .name
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        })
        .collect();
    match message.name.as_str() {
        "certificate" | "certificate_verify" | "finished" => format!("{} {name}", message.sender),
        _ => name,
    }
}
