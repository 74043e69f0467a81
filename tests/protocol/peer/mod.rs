//! A scripted peer of either role: it holds the right keys and does the right thing, until a test bends it.
//!
//! [`story`] puts it against an end of the crate. A test plays the legal handshake with one edit, or up to a state and
//! then sends what it likes, record by record; the peer opens what comes back and keeps every record it saw.

mod keys;
pub mod message;
mod receiving;
pub mod story;

use crate::identity::Identity;
use countersign::internals::crypto::{CryptoMode, Hash, KeyExchange, Suite, TrafficKey};
use countersign::internals::schedule::{
    Early, ExporterSecret, Handshake, HandshakeSecret, Main, Pair, SignedContent, TrafficSecret,
};
use countersign::{AlertDescription, Epoch, HandshakeType, NamedGroup, Role, SignatureScheme};
use message::{Msg, certificate, certificate_verify, client_hello_head, extensions, server_hello_head};
pub use story::{Edit, Row, Story, accepts, identities, judged, refuses};

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
    pub edits: Vec<(HandshakeType, Edit<'a>)>,
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
    /// Of generation 0.
    pub first_application: Option<Pair<Vec<u8>>>,
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
            first_application: None,
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
    pub fn retries(&mut self, edited: HandshakeType) {
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
                let random = &countersign::internals::codec::HELLO_RETRY_REQUEST_RANDOM;
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
        let kx = KeyExchange::start([groups[0]], self.mode).unwrap();
        self.share = kx.share(groups[0]).concat();
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
            let hello = countersign::internals::codec::ClientHello::parse(&self.client_hello).unwrap();
            let share = hello
                .extensions
                .check(countersign::internals::codec::Place::ClientHello)
                .unwrap()
                .client_shares()
                .unwrap()
                .iter()
                .find(|each| each.group == self.group);
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
            w.server_share(countersign::internals::codec::KeyShareEntry {
                group: self.group,
                key_exchange: &self.share,
            });
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
