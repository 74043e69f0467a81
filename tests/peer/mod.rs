//! A scripted peer of either role: it holds the right keys and does the right thing, until a test bends it.
//!
//! [`Story`] puts it against an end of the crate. A test plays the legal handshake with one edit, or up to a state and
//! then sends what it likes, record by record; the peer opens what comes back and keeps every record it saw.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)] // each test file uses its part

pub mod message;

use crate::common::{End, Identity, Pki};
use countersign::codec::{Certificate, CertificateVerify, Message, ServerHello, spki};
use countersign::crypto::{CryptoMode, Hash, KeyExchange, Suite, TrafficKey};
use countersign::schedule::{
    Early, ExporterSecret, Handshake, HandshakeSecret, Main, Pair, SignedContent, TrafficSecret,
};
use countersign::{
    Alert, AlertDescription, By, Epoch, Error, Event, HandshakeType, NamedGroup, Policy, Role, Session,
    SignatureScheme, State, Step, Want,
};
use message::{Msg, certificate, certificate_verify, client_hello_head, extensions, server_hello_head};
use std::sync::OnceLock;

/// Names for the two hellos of a retry, where edits are to hit one of them only.
pub const SECOND_CLIENT_HELLO: HandshakeType = HandshakeType(101);
pub const HELLO_RETRY_REQUEST: HandshakeType = HandshakeType::HELLO_RETRY_REQUEST;

pub const HANDSHAKE: u8 = 22;
pub const ALERT: u8 = 21;
pub const CCS: u8 = 20;
pub const DATA: u8 = 23;

/// One key of one direction.
pub struct Key {
    pub epoch: Epoch,
    key: TrafficKey,
    sequence: u64,
}

/// A record that the peer has received, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub epoch: Epoch,
    pub typ: u8,
    pub content: Vec<u8>,
    /// Of the record: header and fragment.
    pub len: usize,
    /// Of the padding.
    pub padding: usize,
    /// legacy_record_version.
    pub version: u16,
}

/// The scripted peer.
pub struct Peer<'a> {
    pub role: Role,
    pub identity: &'a Identity,
    pub mode: CryptoMode,
    pub suite: Suite,
    pub group: NamedGroup,
    pub session_id: Vec<u8>,
    /// As a server: send a HelloRetryRequest first.
    pub retry: bool,
    /// What it sends, changed on the way: the message, and how.
    pub edits: Vec<(HandshakeType, &'a dyn Fn(&mut Msg))>,
    /// The scheme of its CertificateVerify; `None`: the key's first.
    pub scheme: Option<SignatureScheme>,
    /// The most content that it puts into one record.
    pub fragment: usize,
    /// All messages so far, as far as they are hashed (§4.1).
    pub transcript: Vec<u8>,
    pub client_hello: Vec<u8>,
    pub share: Vec<u8>,
    kx: Option<KeyExchange>,
    pending: Option<Handshake>,
    pub handshake: Option<Pair<HandshakeSecret>>,
    main: Option<Main>,
    pub application: Option<Pair<TrafficSecret>>,
    pub exporter: Option<ExporterSecret>,
    pub write: Option<Key>,
    pub read: Option<Key>,
    /// What waits to be sent.
    pub out: Vec<u8>,
    /// What has come: bytes of a record, bytes of a message, records, messages.
    bytes: Vec<u8>,
    fragments: Vec<u8>,
    pub seen: Vec<Seen>,
    pub messages: Vec<(Epoch, HandshakeType, Vec<u8>)>,
    pub retried: bool,
}

impl<'a> Peer<'a> {
    pub fn new(role: Role, identity: &'a Identity) -> Peer<'a> {
        Peer {
            role,
            identity,
            mode: CryptoMode::Real,
            suite: Suite::Aes128GcmSha256,
            group: NamedGroup::X25519,
            session_id: vec![7; 32],
            retry: false,
            edits: Vec::new(),
            scheme: None,
            fragment: 1 << 14,
            transcript: Vec::new(),
            client_hello: Vec::new(),
            share: Vec::new(),
            kx: None,
            pending: None,
            handshake: None,
            main: None,
            application: None,
            exporter: None,
            write: None,
            read: None,
            out: Vec::new(),
            bytes: Vec::new(),
            fragments: Vec::new(),
            seen: Vec::new(),
            messages: Vec::new(),
            retried: false,
        }
    }

    /// Edits of a HelloRetryRequest need one: for P-256, of which the client sends no share by itself.
    fn retries(&mut self, edited: HandshakeType) {
        if edited == HELLO_RETRY_REQUEST {
            (self.retry, self.group) = (true, NamedGroup::SECP256R1);
        }
    }

    // ---- sending records ----

    /// A record as it stands.
    pub fn plain(&mut self, typ: u8, content: &[u8]) {
        self.header(typ, content.len());
        self.out.extend(content);
    }

    /// The header of a record alone.
    pub fn header(&mut self, typ: u8, length: usize) {
        self.out.extend([typ, 3, 3]);
        self.out.extend((length as u16).to_be_bytes());
    }

    /// A record under the present key, if there is one.
    pub fn record(&mut self, typ: u8, content: &[u8]) {
        match self.write {
            None => self.plain(typ, content),
            Some(_) => self.inner(&[content, &[typ]].concat()),
        }
    }

    /// A protected record with this TLSInnerPlaintext.
    pub fn inner(&mut self, inner: &[u8]) {
        let Key { key, sequence, .. } = self.write.as_mut().expect("a key to write with");
        let mut record = inner.to_vec();
        let [high, low] = ((record.len() + 16) as u16).to_be_bytes();
        let header = [DATA, 3, 3, high, low];
        let tag = key.seal(*sequence, &header, &mut record).unwrap();
        *sequence += 1;
        self.out.extend(header);
        self.out.extend(record);
        self.out.extend(tag);
    }

    pub fn alert(&mut self, level: u8, alert: AlertDescription) {
        self.record(ALERT, &[level, alert.0]);
    }

    /// The bytes of a legal message, edited and hashed; the keys change after it if they should.
    pub fn next_message(&mut self, typ: HandshakeType) -> Vec<u8> {
        let mut msg = self.compose(typ);
        for (_, edit) in self.edits.iter().filter(|(edited, _)| *edited == typ) {
            edit(&mut msg);
        }
        let bytes = msg.bytes();
        self.hash(typ, &bytes);
        bytes
    }

    /// Sends a legal message in a record of its own, then changes the key if it is time.
    pub fn send(&mut self, typ: HandshakeType) {
        let bytes = self.next_message(typ);
        for fragment in bytes.chunks(self.fragment) {
            self.record(HANDSHAKE, fragment);
        }
        self.change_key(typ);
    }

    /// Sends these legal messages in as few records as the keys allow.
    pub fn send_flight(&mut self, types: &[HandshakeType]) {
        let mut flight = Vec::new();
        for typ in types {
            flight.extend(self.next_message(*typ));
            if self.changes_key(*typ) || Some(typ) == types.last() {
                flight.chunks(self.fragment).for_each(|fragment| self.record(HANDSHAKE, fragment));
                flight.clear();
            }
            self.change_key(*typ);
        }
    }

    /// A message out of thin air: neither edited nor hashed.
    pub fn send_msg(&mut self, msg: &Msg) {
        self.record(HANDSHAKE, &msg.bytes());
    }

    // ---- composing messages ----

    /// A legal message of this type, as far as what has happened makes one possible.
    pub fn compose(&mut self, typ: HandshakeType) -> Msg {
        match typ {
            HandshakeType::CLIENT_HELLO => self.compose_client_hello(&[NamedGroup::X25519]),
            SECOND_CLIENT_HELLO => {
                let mut second = self.compose_client_hello(&[self.group]);
                second.typ = HandshakeType::CLIENT_HELLO;
                second
            }
            HELLO_RETRY_REQUEST => {
                let random = &countersign::codec::HELLO_RETRY_REQUEST_RANDOM;
                let head = server_hello_head(random, &self.session_id, self.suite.number());
                Msg::new(HandshakeType::SERVER_HELLO, head).with(extensions(|w| {
                    w.selected_version(0x0304);
                    w.selected_group(self.group);
                }))
            }
            HandshakeType::SERVER_HELLO => self.compose_server_hello(),
            HandshakeType::ENCRYPTED_EXTENSIONS => Msg::new(typ, vec![]).with(vec![]),
            HandshakeType::CERTIFICATE_REQUEST => Msg::new(typ, vec![0]).with(extensions(|w| {
                w.signature_algorithms(SCHEMES);
            })),
            HandshakeType::CERTIFICATE => {
                let entries: Vec<(&[u8], &[u8])> =
                    self.identity.chain.iter().map(|each| (each.as_ref(), &[][..])).collect();
                certificate(&[], &entries)
            }
            HandshakeType::CERTIFICATE_VERIFY => self.compose_certificate_verify(),
            HandshakeType::FINISHED => Msg::new(typ, self.verify_data()),
            HandshakeType::KEY_UPDATE => Msg::new(typ, vec![0]),
            HandshakeType::NEW_SESSION_TICKET => {
                Msg::new(typ, [&[0; 8][..], &[1, 0], &[0, 3], b"abc"].concat()).with(vec![])
            }
            _ => Msg::new(typ, vec![]),
        }
    }

    fn compose_client_hello(&mut self, groups: &[NamedGroup]) -> Msg {
        let kx = KeyExchange::start(groups[0], self.mode).unwrap();
        self.share = kx.public_key().to_vec();
        self.kx = Some(kx);
        let suites = [self.suite.number()];
        Msg::new(HandshakeType::CLIENT_HELLO, client_hello_head(&[5; 32], &self.session_id, &suites)).with(extensions(
            |w| {
                w.server_name(b"server.test");
                w.supported_groups([NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
                w.signature_algorithms(SCHEMES);
                w.supported_versions([0x0304]);
                w.extension(message::KEY_SHARE, |w| w.bytes(&message::shares(&[(groups[0], &self.share)])));
            },
        ))
    }

    fn compose_server_hello(&mut self) -> Msg {
        if self.role == Role::Server && !self.client_hello.is_empty() {
            let hello = countersign::codec::ClientHello::parse(&self.client_hello).unwrap();
            let share = hello.extensions.client_shares().unwrap().unwrap().iter().find(|each| each.group == self.group);
            let share = share.map(|each| each.key_exchange.to_vec());
            if let Some(share) = share {
                let (ours, secret) = KeyExchange::respond(self.group, &share, self.mode).unwrap();
                let early = Early::new(self.suite.hash()).handshake(secret);
                self.share = ours.as_ref().to_vec();
                self.pending = Some(early);
            }
        }
        let head = server_hello_head(&[6; 32], &self.session_id, self.suite.number());
        Msg::new(HandshakeType::SERVER_HELLO, head).with(extensions(|w| {
            w.selected_version(0x0304);
            w.server_share(countersign::codec::KeyShareEntry { group: self.group, key_exchange: &self.share });
        }))
    }

    fn compose_certificate_verify(&mut self) -> Msg {
        let hash = self.transcript_hash();
        let content = match self.role {
            Role::Client => SignedContent::client(&hash),
            Role::Server => SignedContent::server(&hash),
        };
        let scheme = self.scheme.unwrap_or(self.identity.key.schemes()[0]);
        let signature = match self.mode {
            CryptoMode::Real => self.identity.key.sign(scheme, content.as_ref()).unwrap(),
            _ => vec![1; 64],
        };
        certificate_verify(scheme, &signature)
    }

    /// verify_data of our own Finished, if it comes now.
    pub fn verify_data(&self) -> Vec<u8> {
        let hash = self.transcript_hash();
        match (&self.handshake, self.role) {
            (None, _) => vec![0; hash.as_ref().len()],
            (Some(secrets), Role::Client) => secrets.client.finished(&hash).as_ref().to_vec(),
            (Some(secrets), Role::Server) => secrets.server.finished(&hash).as_ref().to_vec(),
        }
    }

    pub fn transcript_hash(&self) -> Hash {
        self.suite.hash().hash(&self.transcript)
    }
}

/// What the peer accepts and can do.
pub const SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
];

/// Keys.
impl Peer<'_> {
    fn hash(&mut self, typ: HandshakeType, bytes: &[u8]) {
        if typ == HELLO_RETRY_REQUEST {
            let hash = self.suite.hash().hash(&self.transcript);
            self.transcript = [&[254, 0, 0, hash.as_ref().len() as u8], hash.as_ref()].concat();
            self.retried = true;
        }
        self.transcript.extend(bytes);
    }

    fn changes_key(&self, typ: HandshakeType) -> bool {
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
            (role, HandshakeType::KEY_UPDATE) => {
                self.next_generation(role);
                self.write = self.application_key(role);
            }
            _ => {}
        }
    }

    fn next_generation(&mut self, sender: Role) {
        let Pair { client, server } = self.application.take().expect("application secrets");
        self.application = Some(match sender {
            Role::Client => Pair { client: client.next(), server },
            Role::Server => Pair { client, server: server.next() },
        });
    }

    fn handshake_keys(&mut self, stage: Handshake) {
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
    fn application_keys(&mut self) {
        let (application, exporter) = self.main.take().unwrap().application(&self.transcript_hash());
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

/// Receiving.
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
                let hello = countersign::codec::ClientHello::parse(body).unwrap();
                self.session_id = hello.legacy_session_id.to_vec();
                self.transcript.extend(&raw);
            }
            HandshakeType::SERVER_HELLO => {
                let hello = ServerHello::parse(body).unwrap();
                self.suite = Suite::from(hello.cipher_suite).unwrap();
                if hello.is_hello_retry_request() {
                    self.group = hello.extensions.selected_group().unwrap().unwrap();
                    return self.hash(HELLO_RETRY_REQUEST, &raw);
                }
                self.transcript.extend(&raw);
                let share = hello.extensions.server_share().unwrap().unwrap();
                let kx = self.kx.take().unwrap();
                assert_eq!(kx.group(), share.group);
                let stage = Early::new(self.suite.hash()).handshake(kx.finish(share.key_exchange).unwrap());
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
        let key = match spki::leaf_spki(leaf.cert_data) {
            Ok(key) => key,
            Err(_) => spki::parse_spki(leaf.cert_data).unwrap(),
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

/// A server and a client that trust each other.
pub struct Identities {
    pub pki: Pki,
    pub server: Identity,
    pub client: Identity,
}

pub fn identities() -> &'static Identities {
    static IDENTITIES: OnceLock<Identities> = OnceLock::new();
    IDENTITIES.get_or_init(|| {
        let pki = Pki::new();
        let server = pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
        let client = pki.issue("client.test", &rcgen::PKCS_ED25519);
        Identities { pki, server, client }
    })
}

/// The scripted peer against an end.
pub struct Story<'a> {
    pub end: End<'a>,
    pub peer: Peer<'a>,
    /// What the end's handshake, then its session, came to.
    pub result: Option<Result<(), Error>>,
    pub session: Option<Session>,
    /// Questions are not answered in this state.
    pub hold: Option<State>,
    /// What the end's session has received.
    pub data: Vec<u8>,
    pub events: Vec<Event>,
}

impl<'a> Story<'a> {
    /// An end of this role under this policy.
    pub fn new(role: Role, policy: Policy) -> Story<'a> {
        Story::of(role, policy, identities())
    }

    pub fn of(role: Role, policy: Policy, identities: &'a Identities) -> Story<'a> {
        let (own, other) = match role {
            Role::Client => (&identities.client, &identities.server),
            Role::Server => (&identities.server, &identities.client),
        };
        let (end, peer) = (End::new(role, policy, own), Peer::new(role.peer(), other));
        Story { end, peer, result: None, session: None, hold: None, data: Vec::new(), events: Vec::new() }
    }

    pub fn client() -> Story<'a> {
        Story::new(Role::Client, Policy::new())
    }

    pub fn server() -> Story<'a> {
        Story::new(Role::Server, Policy::new())
    }

    /// The same with one message of the peer changed on the way.
    pub fn edit(mut self, typ: HandshakeType, edit: &'a dyn Fn(&mut Msg)) -> Story<'a> {
        self.peer.edits.push((typ, edit));
        self
    }

    /// What the end awaits.
    pub fn state(&self) -> State {
        self.end.hs.state()
    }

    /// Carries what the peer has to send to the end, lets it work, and carries back what it says.
    pub fn turn(&mut self) {
        let bytes = std::mem::take(&mut self.peer.out);
        let mut rest = &bytes[..];
        loop {
            let taken = self.end.gets(rest);
            rest = &rest[taken..];
            self.drive();
            if rest.is_empty() || taken == 0 {
                return;
            }
        }
    }

    /// The same, byte for byte.
    pub fn trickle(&mut self) {
        for byte in std::mem::take(&mut self.peer.out) {
            self.end.gets(&[byte]);
            self.drive();
        }
    }

    /// The end works until it wants the transport.
    pub fn drive(&mut self) {
        loop {
            let over = if self.session.is_some() { self.receive() } else { self.step() };
            let bytes = self.end.sends();
            self.peer.reads(&bytes);
            if over {
                return;
            }
        }
    }

    fn step(&mut self) -> bool {
        let end = &mut self.end;
        match end.hs.step(&mut end.rx, &mut end.tx) {
            Ok(Step::Did(transition)) => end.transitions.push(transition),
            Ok(Step::Want(Want::Write)) => assert!(!end.tx.pending().is_empty(), "there is something to write"),
            Ok(Step::Want(Want::Read)) => {
                assert!(!end.rx.space().is_empty(), "there is space to read into");
                return true;
            }
            Ok(Step::Want(_)) if self.hold == Some(end.hs.state()) => return true,
            Ok(Step::Want(Want::Credential(question))) => {
                let credential = countersign::Credential::new(&end.identity.chain);
                end.hs.present(&question, &credential, &mut end.tx).unwrap();
            }
            Ok(Step::Want(Want::Sign(question))) => {
                let signature = end.identity.key.sign(question.scheme(), question.message()).unwrap();
                end.hs.signature(&question, &signature, &mut end.tx).unwrap();
            }
            Ok(Step::Want(Want::Verify(question))) => end.hs.verdict(&question, end.verdict).unwrap(),
            Ok(Step::Want(Want::Done)) => {
                self.result = Some(Ok(()));
                self.session = Some(end.hs.finish().unwrap());
            }
            Err(error) => {
                self.result = Some(Err(error));
                return true;
            }
        }
        false
    }

    fn receive(&mut self) -> bool {
        let end = &mut self.end;
        match self.session.as_mut().unwrap().receive(&mut end.rx, &mut end.tx) {
            Ok(Event::Data) => {
                self.data.extend(end.rx.data());
                end.rx.consume(end.rx.data().len());
                self.events.push(Event::Data);
            }
            Ok(event @ (Event::Read | Event::Closed)) => {
                self.events.push(event);
                return true;
            }
            Ok(event) => self.events.push(event),
            Err(error) => {
                self.result = Some(Err(error));
                return true;
            }
        }
        false
    }

    /// The message that the legal path has next, in the state that the end is in.
    pub fn next(&self) -> Option<HandshakeType> {
        Some(match (self.end.hs.role(), self.state()) {
            (Role::Server, State::WaitClientHello) if self.peer.retried => SECOND_CLIENT_HELLO,
            (Role::Server, State::WaitClientHello) => HandshakeType::CLIENT_HELLO,
            (Role::Client, State::WaitServerHello) if self.peer.retry && !self.peer.retried => HELLO_RETRY_REQUEST,
            (Role::Client, State::WaitServerHello) => HandshakeType::SERVER_HELLO,
            (Role::Client, State::WaitEncryptedExtensions) => HandshakeType::ENCRYPTED_EXTENSIONS,
            (Role::Client, State::WaitCertificateRequest) => HandshakeType::CERTIFICATE_REQUEST,
            (_, State::WaitCertificate) => HandshakeType::CERTIFICATE,
            (_, State::WaitCertificateVerify) => HandshakeType::CERTIFICATE_VERIFY,
            (_, State::WaitFinished) => HandshakeType::FINISHED,
            _ => return None,
        })
    }

    /// Plays the legal path, message by message, until the end is in this state and awaits the peer (or an answer, if
    /// it is held there).
    pub fn until(mut self, state: State) -> Story<'a> {
        self.turn();
        while self.state() != state {
            let next = self.next().unwrap_or_else(|| panic!("{:?} on the way to {state}", self.result));
            self.peer.send(next);
            self.turn();
        }
        self
    }

    /// Plays the legal path to its end, whatever it comes to.
    pub fn play(mut self) -> Story<'a> {
        self.turn();
        while let (None, Some(next)) = (&self.result, self.next()) {
            self.peer.send(next);
            self.turn();
        }
        self
    }

    /// Plays the legal path; both must be satisfied. Then the end has a session.
    pub fn connected(self) -> Story<'a> {
        let story = self.play();
        match &story.result {
            Some(Ok(())) => story,
            other => panic!("not connected: {other:?}"),
        }
    }

    /// The end's error.
    pub fn error(&self) -> Error {
        match self.result {
            Some(Err(error)) => error,
            other => panic!("no error but {other:?} in {}", self.state()),
        }
    }

    /// The end has refused the peer: this kind, blamed on the peer, in this state; and the peer has got exactly one
    /// alert, this one, fatal, under these keys. From then on every call says the same, and nothing more is sent.
    #[track_caller]
    pub fn refused(&mut self, kind: &str, alert: AlertDescription, state: State, epoch: Epoch) {
        let error = self.error();
        assert_eq!(error.kind().name(), kind, "{error}");
        assert_eq!(error.by(), By::Peer, "{error}");
        assert_eq!(error.alert(), Some(Alert::Sent(alert)), "{error}");
        assert_eq!(error.state(), state, "{error}");
        assert_eq!(error.role(), self.peer.role.peer());
        assert_eq!(self.peer.alerts(), [(epoch, vec![2, alert.0])], "{error}");
        self.is_dead(error);
    }

    /// Every call says the same, and nothing more is sent.
    #[track_caller]
    pub fn is_dead(&mut self, error: Error) {
        let before = self.peer.seen.len();
        for bytes in [&[][..], &[22, 3, 3, 0, 4, 1, 0, 0, 0]] {
            self.end.gets(bytes);
            self.drive();
            assert_eq!(self.error(), error);
        }
        assert_eq!(self.peer.seen.len(), before, "nothing more is sent");
    }
}

/// A deviation: what it is, how the message is changed, the kind of the error, the alert.
pub type Row<'a> = (&'a str, &'a dyn Fn(&mut Msg), &'a str, AlertDescription);

/// Where the end stands when it judges a message of the peer, and under which keys its alert goes out.
pub fn judged(role: Role, typ: HandshakeType) -> (State, Epoch) {
    match (role, typ) {
        (Role::Server, HandshakeType::CLIENT_HELLO | SECOND_CLIENT_HELLO) => (State::WaitClientHello, Epoch::Plaintext),
        (Role::Client, HandshakeType::SERVER_HELLO | HELLO_RETRY_REQUEST) => (State::WaitServerHello, Epoch::Plaintext),
        (_, HandshakeType::ENCRYPTED_EXTENSIONS) => (State::WaitEncryptedExtensions, Epoch::Handshake),
        (_, HandshakeType::CERTIFICATE_REQUEST) => (State::WaitCertificateRequest, Epoch::Handshake),
        (role, typ) => {
            let state = match typ {
                HandshakeType::CERTIFICATE => State::WaitCertificate,
                HandshakeType::CERTIFICATE_VERIFY => State::WaitCertificateVerify,
                _ => State::WaitFinished,
            };
            (state, if role == Role::Client { Epoch::Handshake } else { Epoch::Application })
        }
    }
}

/// An end of this role under this policy refuses every row's change of this message, where it judges that message.
#[track_caller]
pub fn refuses(role: Role, policy: &Policy, typ: HandshakeType, rows: &[Row<'_>]) {
    for (what, edit, kind, alert) in rows {
        println!("{role} gets {typ}: {what}");
        let mut story = Story::new(role, policy.clone()).edit(typ, edit);
        story.peer.retries(typ);
        let mut story = story.play();
        let (state, epoch) = judged(role, typ);
        story.refused(kind, *alert, state, epoch);
    }
}

/// The same message changed in a way that the end must bear with: both are connected.
#[track_caller]
pub fn accepts(role: Role, policy: &Policy, typ: HandshakeType, rows: &[(&str, &dyn Fn(&mut Msg))]) {
    for (what, edit) in rows {
        println!("{role} gets {typ}: {what}");
        let mut story = Story::new(role, policy.clone()).edit(typ, edit);
        story.peer.retries(typ);
        story.connected();
    }
}
