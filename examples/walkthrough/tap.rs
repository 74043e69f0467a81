//! A listener between both ends, who has their secrets.

use countersign::study::{Conversation, KeyLog, explain, text};
use countersign::trace::KeyLogLine;
use countersign::{Handshake, Policy, Role};
use std::cell::RefCell;

#[derive(Default)]
pub(crate) struct Tap {
    heard: RefCell<Conversation>,
    log: RefCell<String>,
}

impl Tap {
    pub(crate) fn hear(&self, from: Role, bytes: &[u8]) {
        self.heard.borrow_mut().add(from, bytes);
    }

    /// Takes the secrets of an end's present state. Called after each step, because secrets do not stay.
    pub(crate) fn secrets(&self, hs: &Handshake<&'static Policy>) {
        let client_random = hs.client_random();
        hs.expose_secrets(&mut |label, secret| {
            let line = format!("{}\n", KeyLogLine { label, client_random, secret });
            let mut log = self.log.borrow_mut();
            if !log.contains(&line) {
                log.push_str(&line);
            }
        });
    }

    /// Every message with this name and its bytes. Without a name, all messages.
    pub(crate) fn show(&self, name: Option<&str>) {
        let mut heard = self.heard.borrow().clone();
        heard.ordered = true;
        let study = explain(&[heard], &KeyLog::parse(self.log.borrow().as_bytes()));
        for connection in &study.connections {
            for message in &connection.messages {
                if name.is_none_or(|name| name == message.name) {
                    println!("\n  {}: {} ({} bytes)", message.sender, message.name, message.len);
                    print!("{}", text::message(connection, message));
                }
            }
        }
    }
}
