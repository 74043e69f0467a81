//! What the peer receives: it opens every record, checks what it must, and keeps everything.

use super::keys::of;
use super::{ALERT, DATA, HANDSHAKE, Peer, Seen, Trouble};
use crate::asn1::Spki;
use crate::codec::{
    AlertDescription, Certificate, CertificateVerify, ClientHello, ExtensionType, HandshakeType, Message, Place,
    ServerHello,
};
use crate::crypto::Suite;
use crate::role::{Epoch, Role};
use crate::schedule::SignedContent;
use alloc::vec::Vec;

impl Peer<'_> {
    /// Takes what the target has sent. What cannot be read is kept as [`Peer::trouble`], and ends the reading.
    pub fn reads(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        while let [_, _, _, high, low, ..] = self.bytes[..] {
            let len = usize::from(u16::from_be_bytes([high, low])).saturating_add(5);
            if self.bytes.len() < len || self.trouble.is_some() {
                return;
            }
            let record: Vec<u8> = self.bytes.drain(..len).collect();
            if let Err(trouble) = self.read_record(&record) {
                self.fail(trouble);
            }
        }
    }

    /// An alert in plaintext behind what could not be read: the target may say what it is that it did not like.
    pub fn unread_alert(&self) -> Option<AlertDescription> {
        let mut bytes = &self.bytes[..];
        while let [typ, _, _, high, low, rest @ ..] = bytes {
            let (fragment, next) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
            match (*typ, fragment) {
                (ALERT, [_, alert]) => return Some(AlertDescription(*alert)),
                _ => bytes = next,
            }
        }
        None
    }

    fn read_record(&mut self, record: &[u8]) -> Result<(), Trouble> {
        let (header, fragment) = record.split_first_chunk::<5>().ok_or(Trouble::NoKey)?;
        let [mut typ, major, minor, ..] = *header;
        let (mut content, mut epoch, mut padding) = (fragment.to_vec(), Epoch::Plaintext, 0);
        if typ == DATA {
            let key = self.read.as_mut().ok_or(Trouble::NoKey)?;
            let opened = key.key.open_within(key.sequence, header, &mut content, 0);
            content.truncate(opened.map_err(|_| Trouble::NotUnderKey(key.epoch))?);
            key.sequence = key.sequence.wrapping_add(1);
            epoch = key.epoch;
            let inner = content.len();
            while content.last() == Some(&0) {
                content.pop();
            }
            padding = inner.saturating_sub(content.len());
            typ = content.pop().ok_or(Trouble::NoContentType)?;
        }
        let version = u16::from_be_bytes([major, minor]);
        self.seen.push(Seen { epoch, typ, content: content.clone(), len: record.len(), padding, version });
        if typ == HANDSHAKE {
            self.fragments.extend(content);
            while let Some((message, _)) = Message::split(&self.fragments) {
                let (typ, raw) = (message.typ, message.raw.to_vec());
                self.fragments.drain(..raw.len());
                self.read_message(epoch, typ, &raw)?;
            }
        }
        Ok(())
    }

    fn read_message(&mut self, epoch: Epoch, typ: HandshakeType, raw: &[u8]) -> Result<(), Trouble> {
        let body = raw.get(4..).unwrap_or_default();
        self.messages.push((epoch, typ, raw.to_vec()));
        match typ {
            HandshakeType::CLIENT_HELLO => {
                self.client_hello = body.to_vec();
                let hello = ClientHello::parse(body).map_err(|_| Trouble::Malformed(typ))?;
                self.session_id = hello.legacy_session_id.to_vec();
                self.transcript.extend(raw);
            }
            HandshakeType::SERVER_HELLO => self.read_server_hello(raw, body)?,
            HandshakeType::CERTIFICATE_VERIFY => {
                self.check_certificate_verify(body)?;
                self.transcript.extend(raw);
            }
            HandshakeType::FINISHED => {
                let secrets = self.handshake.as_ref().ok_or(Trouble::NoKey)?;
                let finished = of(secrets, self.role.peer()).verify_finished(&self.transcript_hash(), body, self.mode);
                let _ = finished.map_err(|_| Trouble::BadFinished)?;
                self.transcript.extend(raw);
                if self.role == Role::Client {
                    self.application_keys();
                }
                self.read = self.application_key(self.role.peer());
            }
            HandshakeType::KEY_UPDATE => {
                self.next_generation(self.role.peer());
                self.read = self.application_key(self.role.peer());
            }
            HandshakeType::NEW_SESSION_TICKET => {}
            _ => self.transcript.extend(raw),
        }
        Ok(())
    }

    fn read_server_hello(&mut self, raw: &[u8], body: &[u8]) -> Result<(), Trouble> {
        let malformed = Trouble::Malformed(HandshakeType::SERVER_HELLO);
        let hello = ServerHello::parse(body).map_err(|_| malformed)?;
        self.suite = Suite::from(hello.cipher_suite).ok_or(Trouble::NotTls13)?;
        if hello.is_hello_retry_request() {
            let extensions = hello.extensions.check(Place::HelloRetryRequest).map_err(|_| malformed)?;
            self.group = extensions.selected_group().unwrap_or(self.group);
            self.cookie = extensions.cookie().map(<[u8]>::to_vec);
            self.hash(HandshakeType::HELLO_RETRY_REQUEST, raw);
            return Ok(());
        }
        self.transcript.extend(raw);
        if !hello.extensions.has(ExtensionType::PRE_SHARED_KEY) {
            self.early_secret = None;
        }
        let extensions = hello.extensions.check(Place::ServerHello).map_err(|_| malformed)?;
        let share = extensions.server_share().ok_or(Trouble::NotTls13)?;
        self.finish_key_exchange(share.group, share.key_exchange);
        Ok(())
    }

    /// The target's CertificateVerify is right: over our transcript, in its role, by the key of its leaf.
    fn check_certificate_verify(&self, body: &[u8]) -> Result<(), Trouble> {
        let malformed = Trouble::Malformed(HandshakeType::CERTIFICATE_VERIFY);
        let proof = CertificateVerify::parse(body).map_err(|_| malformed)?;
        let content = match self.role {
            Role::Client => SignedContent::server(&self.transcript_hash()),
            Role::Server => SignedContent::client(&self.transcript_hash()),
        };
        let certificate = self.received(HandshakeType::CERTIFICATE).and_then(|raw| raw.get(4..)).unwrap_or_default();
        let certificate =
            Certificate::parse(certificate).map_err(|_| Trouble::Malformed(HandshakeType::CERTIFICATE))?;
        let leaf = certificate.certificate_list.iter().next().ok_or(Trouble::BadCertificateVerify)?;
        let key = Spki::of_certificate(leaf.cert_data).or_else(|_| Spki::from_der(leaf.cert_data));
        let key = key.map_err(|_| Trouble::Malformed(HandshakeType::CERTIFICATE))?;
        let verified = content.verify(proof.algorithm, &key.key, proof.signature, self.mode);
        verified.map(drop).map_err(|_| Trouble::BadCertificateVerify)
    }

    /// The last message of this type that the target has sent, header included.
    pub fn received(&self, typ: HandshakeType) -> Option<&[u8]> {
        self.messages.iter().rev().find(|(_, each, _)| *each == typ).map(|(_, _, raw)| &raw[..])
    }

    /// The types of the messages that the target has sent.
    pub fn types(&self) -> Vec<HandshakeType> {
        self.messages.iter().map(|(_, typ, _)| *typ).collect()
    }

    /// The alerts that the target has sent, each with the keys it came under.
    pub fn alerts(&self) -> Vec<(Epoch, Vec<u8>)> {
        self.seen.iter().filter(|seen| seen.typ == ALERT).map(|seen| (seen.epoch, seen.content.clone())).collect()
    }

    /// The application data that the target has sent.
    pub fn data(&self) -> Vec<u8> {
        self.seen.iter().filter(|seen| seen.typ == DATA).flat_map(|seen| seen.content.iter().copied()).collect()
    }
}
