//! The messages of a connection, read with the secrets of one of its ends.

use super::end::Facts;
use super::keys::{next_generation, open, sha256};
use countersign::Role;
use countersign::internals::codec::{HandshakeType, Message, ServerHello};

/// One handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub by: Role,
    pub typ: HandshakeType,
    pub raw: Vec<u8>,
}

/// The key of one sender.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// `None`: its records are not protected yet.
    pub secret: Option<Vec<u8>>,
    /// The number of its next record.
    pub sequence: u64,
}

/// A connection up to now.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    pub said: Vec<Said>,
    pub client: Sender,
    pub server: Sender,
}

impl Conversation {
    pub fn sender(&mut self, role: Role) -> &mut Sender {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// The messages as they are hashed (§4.1), up to and including the last one that `until` selects. All if it selects
    /// none.
    pub fn transcript(&self, until: impl Fn(&Said) -> bool) -> Vec<u8> {
        let len = self.said.iter().rposition(until).map_or(self.said.len(), |at| at + 1);
        let mut transcript = Vec::new();
        for said in &self.said[..len] {
            if is_retry(said) {
                let hash = sha256(&transcript);
                transcript = [&[254, 0, 0, hash.len() as u8][..], &hash].concat();
            }
            transcript.extend_from_slice(&said.raw);
        }
        transcript
    }

    fn hears(&mut self, facts: &Facts, by: Role, content: &[u8]) {
        let mut rest = content;
        while let Some((message, after)) = Message::split(rest) {
            let said = Said { by, typ: message.typ, raw: message.raw.to_vec() };
            rest = after;
            let secret = |name: &str| Sender { secret: facts.secrets.get(name).cloned(), sequence: 0 };
            match (by, said.typ) {
                (_, HandshakeType::SERVER_HELLO) if !is_retry(&said) => {
                    self.client = secret("CLIENT_HANDSHAKE_TRAFFIC_SECRET");
                    self.server = secret("SERVER_HANDSHAKE_TRAFFIC_SECRET");
                }
                (Role::Client, HandshakeType::FINISHED) => self.client = secret("CLIENT_TRAFFIC_SECRET_0"),
                (Role::Server, HandshakeType::FINISHED) => self.server = secret("SERVER_TRAFFIC_SECRET_0"),
                (_, HandshakeType::KEY_UPDATE) => {
                    let sender = self.sender(by);
                    let secret = sender.secret.as_deref().map(next_generation);
                    *sender = Sender { secret, sequence: 0 };
                    continue;
                }
                _ => {}
            }
            self.said.push(said);
        }
    }
}

pub fn is_retry(said: &Said) -> bool {
    said.typ == HandshakeType::SERVER_HELLO
        && ServerHello::parse(&said.raw[4..]).is_ok_and(|hello| hello.is_hello_retry_request())
}

/// What this end has sent and accepted.
pub fn overhear(facts: &Facts, role: Role) -> Conversation {
    let mut conversation = Conversation::default();
    for (sent, record) in &facts.log {
        let by = if *sent { role } else { role.peer() };
        let sender = conversation.sender(by);
        let (typ, content) = match (record[0], &sender.secret) {
            (23, Some(secret)) => {
                let opened = open(secret, sender.sequence, record);
                sender.sequence += 1;
                let Some(opened) = opened else { continue }; // accepted, although it should not be
                opened
            }
            (typ, _) => (typ, record[super::keys::HEADER..].to_vec()),
        };
        if typ == 22 {
            conversation.hears(facts, by, &content);
        }
    }
    conversation
}
