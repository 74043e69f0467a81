//! The peer's keys: which follow which message.

use super::{HELLO_RETRY_REQUEST, Key, Peer};
use countersign::internals::schedule::{Handshake, HandshakeSecret, Pair};
use countersign::{Epoch, HandshakeType, Role};

impl Peer<'_> {
    pub(super) fn hash(&mut self, typ: HandshakeType, bytes: &[u8]) {
        if typ == HELLO_RETRY_REQUEST {
            let hash = self.suite.hash().hash(&self.transcript);
            self.transcript = [&[254, 0, 0, hash.as_ref().len() as u8], hash.as_ref()].concat();
            self.retried = true;
        }
        self.transcript.extend(bytes);
    }

    pub(super) fn changes_key(&self, typ: HandshakeType) -> bool {
        matches!(typ, HandshakeType::SERVER_HELLO | HandshakeType::FINISHED | HandshakeType::KEY_UPDATE)
    }

    /// The keys that follow a message of ours.
    pub fn change_key(&mut self, typ: HandshakeType) {
        match (self.role, typ) {
            (Role::Server, HandshakeType::SERVER_HELLO) => {
                if let Some(stage) = self.pending.take() {
                    self.handshake_keys(stage);
                }
            }
            (Role::Server, HandshakeType::FINISHED) if self.main.is_some() => {
                self.application_keys();
                self.write = self.application_key(Role::Server);
            }
            (Role::Client, HandshakeType::FINISHED) if self.application.is_some() => {
                self.write = self.application_key(Role::Client);
            }
            (role, HandshakeType::KEY_UPDATE) if self.application.is_some() => {
                self.next_generation(role);
                self.write = self.application_key(role);
            }
            _ => {}
        }
    }

    pub(super) fn next_generation(&mut self, sender: Role) {
        let Pair { client, server } = self.application.take().expect("application secrets");
        self.application = Some(match sender {
            Role::Client => Pair { client: client.next(), server },
            Role::Server => Pair { client, server: server.next() },
        });
    }

    pub(super) fn handshake_keys(&mut self, stage: Handshake) {
        let secrets = stage.traffic(&self.transcript_hash());
        let key = |secret: &HandshakeSecret| {
            Some(Key { epoch: Epoch::Handshake, key: secret.key(self.suite, self.mode).unwrap(), sequence: 0 })
        };
        let (client, server) = (key(&secrets.client), key(&secrets.server));
        (self.write, self.read) = match self.role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        self.handshake = Some(secrets);
        self.main = Some(stage.main());
    }

    /// The transcript stands at the server's Finished.
    pub(super) fn application_keys(&mut self) {
        let (application, exporter) = self.main.take().unwrap().application(&self.transcript_hash());
        let Pair { client, server } = &application;
        self.first_application = Some(Pair { client: client.expose().to_vec(), server: server.expose().to_vec() });
        self.application = Some(application);
        self.exporter = Some(exporter);
    }

    /// A key of this sender's present application secret.
    pub fn application_key(&self, sender: Role) -> Option<Key> {
        let secrets = self.application.as_ref()?;
        let secret = if sender == Role::Client { &secrets.client } else { &secrets.server };
        Some(Key { epoch: Epoch::Application, key: secret.key(self.suite, self.mode).unwrap(), sequence: 0 })
    }

    /// A key of this sender's handshake secret, from its first record on.
    pub fn handshake_key(&self, sender: Role) -> Option<Key> {
        let secrets = self.handshake.as_ref()?;
        let secret = if sender == Role::Client { &secrets.client } else { &secrets.server };
        Some(Key { epoch: Epoch::Handshake, key: secret.key(self.suite, self.mode).unwrap(), sequence: 0 })
    }
}
