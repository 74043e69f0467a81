//! The scripted peer of `differential`: correct except for one deviation.

use super::super::end::pki;
use super::super::wire::{HEADER, plain, records, written};
use super::{Deviation, Subject};
use countersign::internals::codec::{
    CertificateVerify, CipherSuite, ContentType, ExtensionType, Finished, HandshakeType, KeyShareEntry, KeyUpdate,
    KeyUpdateRequest, MESSAGE_HEADER, Message, NamedGroup, Place, ServerHello, SignatureScheme, TLS13,
    write_certificate, write_certificate_request, write_client_hello, write_encrypted_extensions, write_message,
    write_server_hello,
};
use countersign::internals::crypto::{CryptoMode::Real, HashAlgorithm, Hasher, KeyExchange, Suite, TrafficKey};
use countersign::internals::schedule::{Early, HandshakeSecret, Main, Pair, SignedContent};
use countersign::{Role, internals::codec};

/// The key of one direction, and the number of the next record.
struct Direction {
    key: TrafficKey,
    sequence: u64,
}

const SUITE: Suite = Suite::Aes128GcmSha256;

impl Direction {
    pub(super) fn new(key: TrafficKey) -> Direction {
        Direction { key, sequence: 0 }
    }

    fn seal(&mut self, content: ContentType, fragment: &[u8], padding: usize) -> Vec<u8> {
        let mut inner = [fragment, &[content.0], &vec![0; padding]].concat();
        let header = plain(ContentType::APPLICATION_DATA, &vec![0; inner.len() + 16])[..HEADER].to_vec();
        let tag = self.key.seal(self.sequence, &header, &mut inner).expect("a record");
        self.sequence += 1;
        [header, inner, tag.to_vec()].concat()
    }

    /// The content of a handshake record that opens.
    fn open(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let (header, fragment) = record.split_at(HEADER);
        let mut fragment = fragment.to_vec();
        let len = self.key.open_within(self.sequence, header, &mut fragment, 0).ok()?;
        self.sequence += 1;
        let end = fragment[..len].iter().rposition(|byte| *byte != 0)?;
        (fragment[end] == ContentType::HANDSHAKE.0).then(|| fragment[..end].to_vec())
    }
}

/// The scripted peer: correct except for one deviation.
pub(super) struct Peer<'a> {
    deviation: Deviation<'a>,
    transcript: Hasher,
    write: Option<Direction>,
    /// How many of its messages have been processed.
    turn: usize,
}

type Make<'m> = &'m dyn Fn(&Hasher) -> Vec<u8>;

impl<'a> Peer<'a> {
    pub(super) fn new(deviation: Deviation<'a>) -> Peer<'a> {
        Peer { deviation, transcript: Hasher::new(HashAlgorithm::Sha256), write: None, turn: 0 }
    }

    fn record(&mut self, content: ContentType, fragment: &[u8]) -> Vec<u8> {
        let padding = if self.deviation.kind == "padding" { usize::from(self.deviation.argument) } else { 0 };
        match &mut self.write {
            Some(direction) => direction.seal(content, fragment, padding),
            None => plain(content, fragment),
        }
    }

    /// Sends these messages, each made directly before it is sent, with the deviation if it is in one of them.
    fn flight(&mut self, subject: &mut dyn Subject, messages: &[Make<'_>]) {
        let Deviation { kind, at, argument, bytes } = self.deviation;
        let here = at.checked_sub(self.turn).filter(|at| *at < messages.len());
        self.turn += messages.len();
        let mut order: Vec<usize> = (0..messages.len()).collect();
        match (kind, here) {
            ("omit", Some(at)) => drop(order.remove(at)),
            ("swap", Some(at)) if at + 1 < order.len() => order.swap(at, at + 1),
            ("repeat", Some(at)) => order.insert(at, at),
            _ => {}
        }
        for place in order {
            let mut message = messages[place](&self.transcript);
            let mut tail = Vec::new();
            let mut fragment = 16_384;
            if here == Some(place) {
                match kind {
                    "change_cipher_spec" => {
                        let count = usize::from(argument % 4) + 1;
                        (0..count).for_each(|_| subject.gets(&[20, 3, 3, 0, 1, 1]));
                    }
                    "data" => {
                        let record = self.record(ContentType::APPLICATION_DATA, &bytes[..bytes.len().min(100)]);
                        subject.gets(&record);
                    }
                    "warning" => {
                        let record = self.record(ContentType::ALERT, &[1, 90]);
                        subject.gets(&record);
                    }
                    "insert message" => {
                        let inserted = written(|w| write_message(w, HandshakeType(argument), |w| w.bytes(cap(bytes))));
                        self.transcript.update(&inserted);
                        let record = self.record(ContentType::HANDSHAKE, &inserted);
                        subject.gets(&record);
                    }
                    "fragments" => fragment = usize::from(argument) + 1,
                    "tail in the record" if bytes.is_empty() => {
                        let update = KeyUpdate { request_update: KeyUpdateRequest::UPDATE_NOT_REQUESTED };
                        tail = written(|w| update.write(w));
                    }
                    "tail in the record" => tail = cap(bytes).to_vec(),
                    _ => message = changed(message, kind, argument, cap(bytes)),
                }
            }
            self.transcript.update(&message);
            message.extend(tail);
            for fragment in message.chunks(fragment) {
                let record = self.record(ContentType::HANDSHAKE, fragment);
                subject.gets(&record);
            }
        }
    }

    /// CertificateVerify over everything that was sent and received.
    fn proof(&self, role: Role, transcript: &Hasher) -> Vec<u8> {
        let content = match role {
            Role::Client => SignedContent::client(&transcript.hash()),
            Role::Server => SignedContent::server(&transcript.hash()),
        };
        let signature = pki().of(role).key.sign(SignatureScheme::ED25519, content.as_ref()).expect("a signature");
        written(|w| CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &signature }.write(w))
    }

    fn schedule(&self, ours: KeyExchange, theirs: &[u8]) -> Option<(Pair<HandshakeSecret>, Main)> {
        let handshake = Early::new(SUITE.hash()).handshake(ours.finish(NamedGroup::X25519, theirs).ok()?);
        let secrets = handshake.traffic(&self.transcript.hash());
        Some((secrets, handshake.main()))
    }

    /// The last records, under the application key.
    fn talk(&mut self, subject: &mut dyn Subject, key: TrafficKey) {
        self.write = Some(Direction::new(key));
        self.deviation.kind = if self.deviation.kind == "padding" { "padding" } else { "nothing" };
        let record = self.record(ContentType::APPLICATION_DATA, b"data");
        subject.gets(&record);
        subject.sends();
    }

    pub(super) fn plays_client(mut self, subject: &mut dyn Subject) -> Option<()> {
        let ours = KeyExchange::start([NamedGroup::X25519], Real).ok()?;
        let hello = written(|w| {
            write_client_hello(w, &[3; 32], &[4; 32], [CipherSuite::TLS_AES_128_GCM_SHA256], |w| {
                w.server_name(b"server.test");
                w.supported_groups([NamedGroup::X25519]);
                w.signature_algorithms([SignatureScheme::ED25519]);
                w.supported_versions([TLS13]);
                w.client_shares(ours.shares());
            });
        });
        self.flight(subject, &[&|_| hello.clone()]);

        let sent = subject.sends();
        let (records, _) = records(&sent);
        let mut records = records.into_iter().filter(|record| record[0] != ContentType::CHANGE_CIPHER_SPEC.0);
        let server_hello = records.next()?.get(HEADER..)?;
        let share = Message::split(server_hello).and_then(|(message, _)| ServerHello::parse(message.body).ok())?;
        let share = share.extensions.check(Place::ServerHello).ok()?.server_share()?;
        self.transcript.update(server_hello);
        let (secrets, main) = self.schedule(ours, share.key_exchange)?;
        let mut read = Direction::new(secrets.server.key(SUITE, Real).ok()?);
        let mut flight = Vec::new();
        for record in records {
            let Some(content) = read.open(record) else { break };
            flight.extend(content);
        }
        let mut rest = &flight[..];
        while let Some((message, after)) = Message::split(rest) {
            self.transcript.update(message.raw);
            rest = after;
            if message.typ == HandshakeType::FINISHED {
                break;
            }
        }
        let (application, _) = main.application(&self.transcript.hash());
        self.write = Some(Direction::new(secrets.client.key(SUITE, Real).ok()?));
        let chain = &pki().client.chain;
        let deviation = self.deviation;
        let signer = Peer::new(deviation);
        self.flight(
            subject,
            &[
                &|_| written(|w| write_certificate(w, &[], chain.iter().map(AsRef::as_ref), |_| ())),
                &|transcript| signer.proof(Role::Client, transcript),
                &|transcript| finished(&secrets.client, transcript),
            ],
        );
        self.talk(subject, application.client.key(SUITE, Real).ok()?);
        Some(())
    }

    pub(super) fn plays_server(mut self, subject: &mut dyn Subject) -> Option<()> {
        let sent = subject.sends();
        let client_hello = sent.get(HEADER..)?;
        let (message, _) = Message::split(client_hello)?;
        let hello = codec::ClientHello::parse(message.body).ok()?;
        let share = hello
            .extensions
            .check(Place::ClientHello)
            .ok()?
            .client_shares()?
            .iter()
            .find(|share| share.group == NamedGroup::X25519)?;
        self.transcript.update(message.raw);
        let ours = KeyExchange::start([NamedGroup::X25519], Real).ok()?;
        let server_hello = written(|w| {
            write_server_hello(w, &[5; 32], hello.legacy_session_id, SUITE.number(), |w| {
                w.selected_version(TLS13);
                let [key_exchange, _] = ours.share(NamedGroup::X25519);
                w.server_share(KeyShareEntry { group: NamedGroup::X25519, key_exchange });
            });
        });
        self.flight(subject, &[&|_| server_hello.clone()]);
        let (secrets, main) = self.schedule(ours, share.key_exchange)?;
        self.write = Some(Direction::new(secrets.server.key(SUITE, Real).ok()?));
        let chain = &pki().server.chain;
        let signer = Peer::new(self.deviation);
        self.flight(
            subject,
            &[
                &|_| written(|w| write_encrypted_extensions(w, |_| ())),
                &|_| {
                    written(|w| {
                        write_certificate_request(w, &[], |w| w.signature_algorithms([SignatureScheme::ED25519]));
                    })
                },
                &|_| written(|w| write_certificate(w, &[], chain.iter().map(AsRef::as_ref), |_| ())),
                &|transcript| signer.proof(Role::Server, transcript),
                &|transcript| finished(&secrets.server, transcript),
            ],
        );
        let (application, _) = main.application(&self.transcript.hash());
        subject.sends();
        self.talk(subject, application.server.key(SUITE, Real).ok()?);
        Some(())
    }
}

/// Insertions into a message stay small.
fn cap(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(2000)]
}

fn finished(secret: &HandshakeSecret, transcript: &Hasher) -> Vec<u8> {
    let verify_data = secret.finished(&transcript.hash());
    written(|w| Finished { verify_data: verify_data.as_ref() }.write(w))
}

/// A message with another body or type.
fn changed(message: Vec<u8>, kind: &str, argument: u8, bytes: &[u8]) -> Vec<u8> {
    let mut typ = message[0];
    let mut body = message[MESSAGE_HEADER..].to_vec();
    match kind {
        "append" if bytes.is_empty() => body.push(argument),
        "append" => body.extend_from_slice(bytes),
        "truncate" => body.truncate(body.len().saturating_sub(usize::from(argument) + 1)),
        "flip" => {
            let at = bytes.first().map_or(0, |byte| usize::from(*byte))
                + 256 * bytes.get(1).map_or(0, |byte| usize::from(*byte));
            let at = at % body.len().max(1);
            if let Some(byte) = body.get_mut(at) {
                *byte ^= argument.max(1);
            }
        }
        "type" => typ = argument,
        "empty body" => body.clear(),
        _ => {
            if let Some(other) = with_extensions(&message, kind, argument, bytes) {
                return other;
            }
        }
    }
    written(|w| write_message(w, HandshakeType(typ), |w| w.bytes(&body)))
}

/// The type of the extension that is inserted.
pub(super) fn inserted(argument: u8, bytes: &[u8]) -> ExtensionType {
    ExtensionType(u16::from(argument) | u16::from(bytes.first().copied().unwrap_or(0) & 0xf) << 8)
}

/// A message with another extension block, which is at its end.
fn with_extensions(message: &[u8], kind: &str, argument: u8, bytes: &[u8]) -> Option<Vec<u8>> {
    let (parsed, _) = Message::split(message)?;
    let body = parsed.body;
    let extensions = match parsed.typ {
        HandshakeType::CLIENT_HELLO => codec::ClientHello::parse(body).ok()?.extensions,
        HandshakeType::SERVER_HELLO => ServerHello::parse(body).ok()?.extensions,
        HandshakeType::ENCRYPTED_EXTENSIONS => codec::EncryptedExtensions::parse(body).ok()?.extensions,
        HandshakeType::CERTIFICATE_REQUEST => codec::CertificateRequest::parse(body).ok()?.extensions,
        _ => return None,
    };
    let before = &body[..body.len() - extensions.raw().len() - 2];
    let mut list: Vec<(ExtensionType, Vec<u8>)> =
        extensions.iter().map(|each| (each.extension_type, each.extension_data.to_vec())).collect();
    let place = usize::from(argument) % list.len().max(1);
    match kind {
        "insert extension" => {
            list.insert(0, (inserted(argument, bytes), bytes.get(1..).unwrap_or_default().to_vec()));
        }
        "remove extension" if !list.is_empty() => drop(list.remove(place)),
        "replace extension" if !list.is_empty() => list[place].1 = bytes.to_vec(),
        "duplicate extension" if !list.is_empty() => list.push(list[place].clone()),
        _ => return None,
    }
    Some(written(|w| {
        write_message(w, parsed.typ, |w| {
            w.bytes(before);
            w.vec_u16(|w| list.iter().for_each(|(typ, data)| w.extension(*typ, |w| w.bytes(data))));
        });
    }))
}
