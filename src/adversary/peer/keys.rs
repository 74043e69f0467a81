//! The peer's keys: which follow which message (RFC 9846 §7).

use super::{Key, Peer, Trouble};
use crate::codec::{HandshakeType, NamedGroup};
use crate::crypto::{KeyExchange, SharedSecret};
use crate::role::{Epoch, Role};
use crate::schedule::{Early, Handshake, HandshakeSecret, Pair, TrafficSecret};
use crate::trace::KeyLogLine;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

impl Peer<'_> {
    /// Hashes a message. That of the first ClientHello is replaced when a retry is asked for (§4.1).
    pub fn hash(&mut self, typ: HandshakeType, bytes: &[u8]) {
        if typ == HandshakeType::HELLO_RETRY_REQUEST {
            let hash = self.transcript_hash();
            let hash = hash.as_ref();
            self.transcript = [&[HandshakeType::MESSAGE_HASH.0, 0, 0, hash.len() as u8], hash].concat();
            self.retried = true;
        }
        self.transcript.extend(bytes);
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
        let next = |Pair { client, server }: Pair<TrafficSecret>| match sender {
            Role::Client => Pair { client: client.next(), server },
            Role::Server => Pair { client, server: server.next() },
        };
        self.application = self.application.take().map(next);
    }

    /// The server's side of the key exchange.
    pub(super) fn respond(&mut self, share: &[u8]) {
        match KeyExchange::respond(self.group, share, self.mode) {
            Ok((ours, secret)) => {
                self.share = ours.as_ref().to_vec();
                self.pending = Some(self.handshake_secret(secret));
            }
            Err(_) => self.fail(Trouble::KeyExchange),
        }
    }

    /// The client's.
    pub(super) fn finish_key_exchange(&mut self, group: NamedGroup, share: &[u8]) {
        match self.kx.take().map(|kx| kx.finish(group, share)) {
            Some(Ok(secret)) => {
                let stage = self.handshake_secret(secret);
                self.handshake_keys(stage);
            }
            _ => self.fail(Trouble::KeyExchange),
        }
    }

    /// The Handshake Secret: of the Early Secret that was given, or else of that without a PSK.
    fn handshake_secret(&self, shared: SharedSecret) -> Handshake {
        match &self.early_secret {
            Some(early) => Handshake::after(early, &shared),
            None => Early::new(self.suite.hash()).handshake(shared),
        }
    }

    fn handshake_keys(&mut self, stage: Handshake) {
        let secrets = stage.traffic(&self.transcript_hash());
        let (client, server) = (self.key_of(&secrets.client), self.key_of(&secrets.server));
        (self.write, self.read) = match self.role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        self.handshake = Some(secrets);
        self.main = Some(stage.main());
    }

    fn key_of(&self, secret: &HandshakeSecret) -> Option<Key> {
        Some(Key::new(Epoch::Handshake, secret.key(self.suite, self.mode).ok()?))
    }

    /// The transcript stands at the server's Finished.
    pub(super) fn application_keys(&mut self) {
        let Some(main) = self.main.take() else { return };
        self.main_secret = Some(main.prk());
        let (application, exporter) = main.application(&self.transcript_hash());
        let Pair { client, server } = &application;
        self.first_application = Some(Pair { client: client.expose().to_vec(), server: server.expose().to_vec() });
        self.application = Some(application);
        self.exporter = Some(exporter);
    }

    /// A key of this sender's present application secret.
    pub fn application_key(&self, sender: Role) -> Option<Key> {
        let secret = of(self.application.as_ref()?, sender);
        Some(Key::new(Epoch::Application, secret.key(self.suite, self.mode).ok()?))
    }

    /// A key of this sender's handshake secret, from its first record on.
    pub fn handshake_key(&self, sender: Role) -> Option<Key> {
        self.key_of(of(self.handshake.as_ref()?, sender))
    }

    /// The key log of the connection, as Wireshark and `study` read it, so far as there are keys.
    pub fn key_log(&self) -> String {
        let (handshake, application) = (self.handshake.as_ref(), self.first_application.as_ref());
        let their_random = self.client_hello.get(2..34).unwrap_or_default();
        let random = if self.role == Role::Client { &self.random[..] } else { their_random };
        let Ok(client_random) = random.try_into() else { return String::new() };
        [
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", handshake.map(|pair| pair.client.expose())),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", handshake.map(|pair| pair.server.expose())),
            ("CLIENT_TRAFFIC_SECRET_0", application.map(|pair| &pair.client[..])),
            ("SERVER_TRAFFIC_SECRET_0", application.map(|pair| &pair.server[..])),
        ]
        .into_iter()
        .filter_map(|(label, secret)| Some(format!("{}\n", KeyLogLine { label, client_random, secret: secret? })))
        .collect()
    }

    /// verify_data of our own Finished, if it comes now; zeros without keys.
    pub fn verify_data(&self) -> Vec<u8> {
        let hash = self.transcript_hash();
        match &self.handshake {
            None => alloc::vec![0; hash.as_ref().len()],
            Some(secrets) => of(secrets, self.role).finished(&hash).as_ref().to_vec(),
        }
    }
}

/// That of this sender.
pub(super) fn of<T>(pair: &Pair<T>, sender: Role) -> &T {
    match sender {
        Role::Client => &pair.client,
        Role::Server => &pair.server,
    }
}
