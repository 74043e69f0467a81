//! What the peer receives: it opens every record, checks what it must, and keeps everything.

use super::{ALERT, DATA, HANDSHAKE, HELLO_RETRY_REQUEST, Peer, Seen};
use countersign::internals::asn1::Spki;
use countersign::internals::codec::{Certificate, CertificateVerify, Message, Place, ServerHello};
use countersign::internals::crypto::Suite;
use countersign::internals::schedule::{Early, SignedContent};
use countersign::{Epoch, HandshakeType, Role};

impl Peer<'_> {
    /// Takes what the end has sent.
    pub fn reads(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        while self.bytes.len() >= 5 {
            let len = 5 + usize::from(u16::from_be_bytes([self.bytes[3], self.bytes[4]]));
            if self.bytes.len() < len {
                return;
            }
            let record: Vec<u8> = self.bytes.drain(..len).collect();
            self.read_record(&record);
        }
    }

    fn read_record(&mut self, record: &[u8]) {
        let (header, fragment) = record.split_at(5);
        let (mut typ, mut content, mut epoch, mut padding) = (header[0], fragment.to_vec(), Epoch::Plaintext, 0);
        if typ == DATA {
            let key = self.read.as_mut().expect("a protected record, and no key to read it with");
            let opened = key.key.open_within(key.sequence, header, &mut content, 0);
            let len = opened.unwrap_or_else(|_| panic!("what the end sent is not under its {} key", key.epoch));
            key.sequence += 1;
            epoch = key.epoch;
            let inner = len;
            content.truncate(content[..len].iter().rposition(|byte| *byte != 0).expect("a content type") + 1);
            padding = inner - content.len();
            typ = content.pop().unwrap();
        }
        let version = u16::from_be_bytes([header[1], header[2]]);
        self.seen.push(Seen { epoch, typ, content: content.clone(), len: record.len(), padding, version });
        if typ == HANDSHAKE {
            self.fragments.extend(content);
            while let Some((message, _)) = Message::split(&self.fragments) {
                let (typ, raw) = (message.typ, message.raw.to_vec());
                self.fragments.drain(..raw.len());
                self.read_message(epoch, typ, raw);
            }
        }
    }

    fn read_message(&mut self, epoch: Epoch, typ: HandshakeType, raw: Vec<u8>) {
        let body = &raw[4..];
        self.messages.push((epoch, typ, raw.clone()));
        match typ {
            HandshakeType::CLIENT_HELLO => {
                self.client_hello = body.to_vec();
                let hello = countersign::internals::codec::ClientHello::parse(body).unwrap();
                self.session_id = hello.legacy_session_id.to_vec();
                self.transcript.extend(&raw);
            }
            HandshakeType::SERVER_HELLO => {
                let hello = ServerHello::parse(body).unwrap();
                self.suite = Suite::from(hello.cipher_suite).unwrap();
                if hello.is_hello_retry_request() {
                    self.group = hello.extensions.check(Place::HelloRetryRequest).unwrap().selected_group().unwrap();
                    return self.hash(HELLO_RETRY_REQUEST, &raw);
                }
                self.transcript.extend(&raw);
                let share = hello.extensions.check(Place::ServerHello).unwrap().server_share().unwrap();
                let kx = self.kx.take().unwrap();
                let secret = kx.finish(share.group, share.key_exchange).unwrap();
                let stage = Early::new(self.suite.hash()).handshake(secret);
                self.handshake_keys(stage);
            }
            HandshakeType::CERTIFICATE_VERIFY => {
                self.check_certificate_verify(body);
                self.transcript.extend(&raw);
            }
            HandshakeType::FINISHED => {
                let secrets = self.handshake.as_ref().unwrap();
                let secret = if self.role == Role::Client { &secrets.server } else { &secrets.client };
                let finished = secret.verify_finished(&self.transcript_hash(), body, self.mode);
                assert!(finished.is_ok(), "the end's Finished is right");
                self.transcript.extend(&raw);
                if self.role == Role::Client {
                    self.application_keys();
                }
                self.read = self.application_key(self.role.peer());
            }
            HandshakeType::KEY_UPDATE => {
                self.next_generation(self.role.peer());
                self.read = self.application_key(self.role.peer());
            }
            _ => self.transcript.extend(&raw),
        }
    }

    /// The end's CertificateVerify is right: over our transcript, in its role, by the key of its leaf.
    fn check_certificate_verify(&self, body: &[u8]) {
        let proof = CertificateVerify::parse(body).unwrap();
        let content = match self.role {
            Role::Client => SignedContent::server(&self.transcript_hash()),
            Role::Server => SignedContent::client(&self.transcript_hash()),
        };
        let certificate = self.message(HandshakeType::CERTIFICATE);
        let leaf = Certificate::parse(&certificate[4..]).unwrap().certificate_list.iter().next().unwrap();
        let key = match Spki::of_certificate(leaf.cert_data) {
            Ok(key) => key,
            Err(_) => Spki::from_der(leaf.cert_data).unwrap(),
        };
        let verified = content.verify(proof.algorithm, &key.key, proof.signature, self.mode);
        assert!(verified.is_ok(), "the end's CertificateVerify is right");
    }

    /// The last message of this type that the end has sent, header included.
    pub fn message(&self, typ: HandshakeType) -> &[u8] {
        let found = self.messages.iter().rev().find(|(_, each, _)| *each == typ);
        &found.unwrap_or_else(|| panic!("the end has sent no {typ}")).2
    }

    /// The types of the messages that the end has sent.
    pub fn types(&self) -> Vec<HandshakeType> {
        self.messages.iter().map(|(_, typ, _)| *typ).collect()
    }

    /// The alerts that the end has sent, each with the keys it came under.
    pub fn alerts(&self) -> Vec<(Epoch, Vec<u8>)> {
        self.seen.iter().filter(|seen| seen.typ == ALERT).map(|seen| (seen.epoch, seen.content.clone())).collect()
    }
}
