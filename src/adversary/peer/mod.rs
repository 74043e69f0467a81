//! A scripted peer of either role: it has the right keys and follows the protocol until a script changes this.
//!
//! It is looser than [`Handshake`](crate::Handshake) on purpose. Every message can be composed, changed and sent at any
//! time ([`Peer::send`], [`Peer::compose`], [`Msg`]), and every record ([`Peer::record`], [`Peer::inner`], [`Peer::plain`]).
//! Pass the target's bytes to [`Peer::reads`]; the bytes for the target collect in [`Peer::out`]. Nothing panics:
//! [`Peer::trouble`] has what cannot be read or done.

mod compose;
mod keys;
mod message;
mod receiving;

use super::Identity;
use crate::codec::{AlertDescription, CipherSuite, HandshakeType, NamedGroup, SignatureScheme};
use crate::crypto::{CryptoMode, Hash, KeyExchange, Prk, Secret, Suite, TrafficKey};
use crate::role::{Epoch, Role, stable_names};
use crate::schedule::{ExporterSecret, Handshake, HandshakeSecret, Main, Pair, TrafficSecret};
use crate::x509::SigningKey;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

pub use message::{
    GREASE, Msg, certificate, certificate_verify, client_hello_head, extensions, numbers, server_hello_head, shares,
    written,
};

/// A name for the second ClientHello of a retry, where a change is to hit one of the two only.
pub const SECOND_CLIENT_HELLO: HandshakeType = HandshakeType(101);
/// The same for HelloRetryRequest: on the wire it is a ServerHello.
pub const HELLO_RETRY_REQUEST: HandshakeType = HandshakeType::HELLO_RETRY_REQUEST;

/// The content type of handshake messages.
pub const HANDSHAKE: u8 = 22;
/// That of alerts.
pub const ALERT: u8 = 21;
/// That of change_cipher_spec.
pub const CCS: u8 = 20;
/// That of application data.
pub const DATA: u8 = 23;

/// A change of a message on its way.
pub type Edit<'a> = &'a dyn Fn(&mut Msg);

/// One key of one direction.
pub struct Key {
    /// Whose key it is.
    pub epoch: Epoch,
    key: TrafficKey,
    sequence: u64,
}

impl Key {
    /// A key before its first record.
    pub const fn new(epoch: Epoch, key: TrafficKey) -> Key {
        Key { epoch, key, sequence: 0 }
    }
}

/// A record that the peer has received, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The keys it came under.
    pub epoch: Epoch,
    /// Its content type: the inner one, if it was protected.
    pub typ: u8,
    /// Its content.
    pub content: Vec<u8>,
    /// Of the record: header and fragment.
    pub len: usize,
    /// Of the padding.
    pub padding: usize,
    /// legacy_record_version.
    pub version: u16,
}

/// Why the peer can go no further: what the target has sent, or what the peer cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// A protected record, or one that ends a flight, before there are keys.
    NoKey,
    /// A record that does not open under the target's present key, which is of this epoch.
    NotUnderKey(Epoch),
    /// A protected record of nothing but padding.
    NoContentType,
    /// A message that cannot be parsed.
    Malformed(HandshakeType),
    /// A ServerHello of another version, with a suite that is not TLS 1.3's, or without a key share.
    NotTls13,
    /// The shares do not make a secret.
    KeyExchange,
    /// verify_data differs from ours.
    BadFinished,
    /// The signature is not the leaf's over our transcript.
    BadCertificateVerify,
    /// Our key cannot sign with this scheme.
    CannotSign(SignatureScheme),
    /// A record could not be sealed.
    CannotSeal,
}

stable_names! { Trouble:
    NoKey NotUnderKey NoContentType Malformed NotTls13 KeyExchange BadFinished BadCertificateVerify CannotSign CannotSeal
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::NoKey => f.write_str("it sent a protected record or a Finished before there were keys"),
            Trouble::NotUnderKey(epoch) => write!(f, "it sent a record that does not open under its {epoch} key"),
            Trouble::NoContentType => f.write_str("it sent a protected record of nothing but padding"),
            Trouble::Malformed(typ) => write!(f, "it sent a {typ} that cannot be parsed"),
            Trouble::NotTls13 => f.write_str("it answered with something else than TLS 1.3"),
            Trouble::KeyExchange => f.write_str("the key exchange failed"),
            Trouble::BadFinished => f.write_str("its Finished is wrong"),
            Trouble::BadCertificateVerify => f.write_str("its CertificateVerify is wrong"),
            Trouble::CannotSign(scheme) => write!(f, "our key cannot sign with {scheme}"),
            Trouble::CannotSeal => f.write_str("a record could not be sealed"),
        }
    }
}

impl core::error::Error for Trouble {}

/// The scripted peer.
pub struct Peer<'a> {
    /// Its own role; the target has the other.
    pub role: Role,
    /// Who it is.
    pub identity: &'a Identity,
    /// Whether cryptography protects anything.
    pub mode: CryptoMode,
    /// The suite: as a client the first that is offered, until the server has chosen.
    pub suite: Suite,
    /// More suites to offer.
    pub more_suites: Vec<Suite>,
    /// The suites of the first ClientHello, which the second repeats.
    offered_suites: Vec<CipherSuite>,
    /// The group of the second share, or of the server's share.
    pub group: NamedGroup,
    /// signature_algorithms, of ClientHello and CertificateRequest.
    pub schemes: Vec<SignatureScheme>,
    /// host_name of server_name; empty: no such extension.
    pub server_name: Vec<u8>,
    /// Protocols for ALPN; none: no such extension.
    pub alpn: Vec<Vec<u8>>,
    /// random of its hello.
    pub random: [u8; 32],
    /// legacy_session_id.
    pub session_id: Vec<u8>,
    /// As a server: send a HelloRetryRequest first.
    pub retry: bool,
    /// As a client: the cookie of a HelloRetryRequest, which goes into the second ClientHello.
    pub cookie: Option<Vec<u8>>,
    /// What it sends, changed on the way: the message, and how.
    pub edits: Vec<(HandshakeType, Edit<'a>)>,
    /// The scheme of its CertificateVerify; `None`: the key's first.
    pub scheme: Option<SignatureScheme>,
    /// Who signs its CertificateVerify; `None`: its own key.
    pub signer: Option<&'a SigningKey>,
    /// In whose context it signs; `None`: its own role's.
    pub signs_as: Option<Role>,
    /// Over which messages it signs; `None`: the transcript.
    pub signs_over: Option<Vec<u8>>,
    /// The Early Secret of the PSK that it offers, if the server selects that.
    pub early_secret: Option<Secret>,
    /// The most content that it puts into one record.
    pub fragment: usize,
    /// All messages so far, as far as they are hashed (§4.1).
    pub transcript: Vec<u8>,
    /// The body of the target's last ClientHello.
    pub client_hello: Vec<u8>,
    /// Our last key share.
    pub share: Vec<u8>,
    kx: Option<KeyExchange>,
    pending: Option<Handshake>,
    /// The handshake traffic secrets.
    pub handshake: Option<Pair<HandshakeSecret>>,
    main: Option<Main>,
    /// The Main Secret, once there are application secrets.
    pub main_secret: Option<Prk>,
    /// The present application traffic secrets.
    pub application: Option<Pair<TrafficSecret>>,
    /// Of generation 0.
    pub first_application: Option<Pair<Vec<u8>>>,
    /// The exporter secret.
    pub exporter: Option<ExporterSecret>,
    /// The key that it writes with.
    pub write: Option<Key>,
    /// The key that it reads with.
    pub read: Option<Key>,
    /// What waits to be sent.
    pub out: Vec<u8>,
    bytes: Vec<u8>,
    fragments: Vec<u8>,
    /// The records that have come.
    pub seen: Vec<Seen>,
    /// The messages that have come, each with the keys it came under and its header.
    pub messages: Vec<(Epoch, HandshakeType, Vec<u8>)>,
    /// A HelloRetryRequest was sent.
    pub retried: bool,
    /// The first thing that went wrong.
    pub trouble: Option<Trouble>,
}

impl<'a> Peer<'a> {
    /// A peer of this role with this identity, before the first message.
    pub fn new(role: Role, identity: &'a Identity) -> Peer<'a> {
        Peer {
            role,
            identity,
            mode: CryptoMode::Real,
            suite: Suite::Aes128GcmSha256,
            more_suites: Vec::new(),
            offered_suites: Vec::new(),
            group: NamedGroup::X25519,
            schemes: SCHEMES.to_vec(),
            server_name: b"server.test".to_vec(),
            alpn: Vec::new(),
            random: if role == Role::Client { [5; 32] } else { [6; 32] },
            session_id: vec![7; 32],
            retry: false,
            cookie: None,
            edits: Vec::new(),
            scheme: None,
            signer: None,
            signs_as: None,
            signs_over: None,
            early_secret: None,
            fragment: 1 << 14,
            transcript: Vec::new(),
            client_hello: Vec::new(),
            share: Vec::new(),
            kx: None,
            pending: None,
            handshake: None,
            main: None,
            main_secret: None,
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
            trouble: None,
        }
    }

    /// Edits of a HelloRetryRequest need one: for P-256, of which the client sends no share by itself.
    pub fn retries(&mut self, edited: HandshakeType) {
        if edited == HELLO_RETRY_REQUEST {
            (self.retry, self.group) = (true, NamedGroup::SECP256R1);
        }
    }

    fn fail(&mut self, trouble: Trouble) {
        self.trouble.get_or_insert(trouble);
    }

    /// The hash of the messages so far.
    pub fn transcript_hash(&self) -> Hash {
        self.suite.hash().hash(&self.transcript)
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
        self.sealed([DATA, 3, 3], inner);
    }

    /// The same with another type and version in its header.
    pub fn sealed(&mut self, [typ, major, minor]: [u8; 3], inner: &[u8]) {
        let mut record = inner.to_vec();
        let [high, low] = (record.len().saturating_add(16) as u16).to_be_bytes();
        let header = [typ, major, minor, high, low];
        let Some(Key { key, sequence, .. }) = &mut self.write else { return self.fail(Trouble::NoKey) };
        let Ok(tag) = key.seal(*sequence, &header, &mut record) else { return self.fail(Trouble::CannotSeal) };
        *sequence = sequence.wrapping_add(1);
        self.out.extend(header);
        self.out.extend(record);
        self.out.extend(tag);
    }

    /// An alert under the present key.
    pub fn alert(&mut self, level: u8, alert: AlertDescription) {
        self.record(ALERT, &[level, alert.0]);
    }

    // ---- sending messages ----

    /// The bytes of a legal message, edited and hashed.
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
        self.send_bytes(&bytes);
        self.change_key(typ);
    }

    /// Sends a message that has its header, in as many records as it takes.
    pub fn send_bytes(&mut self, message: &[u8]) {
        for fragment in message.chunks(self.fragment.max(1)) {
            self.record(HANDSHAKE, fragment);
        }
    }

    /// Sends these legal messages in as few records as the keys allow.
    pub fn send_flight(&mut self, types: &[HandshakeType]) {
        let mut flight = Vec::new();
        for typ in types {
            flight.extend(self.next_message(*typ));
            if changes_key(*typ) || Some(typ) == types.last() {
                self.send_bytes(&flight);
                flight.clear();
            }
            self.change_key(*typ);
        }
    }

    /// A message out of thin air: neither edited nor hashed.
    pub fn send_msg(&mut self, msg: &Msg) {
        self.record(HANDSHAKE, &msg.bytes());
    }
}

/// Whether the sender's keys change after this message.
fn changes_key(typ: HandshakeType) -> bool {
    matches!(typ, HandshakeType::SERVER_HELLO | HandshakeType::FINISHED | HandshakeType::KEY_UPDATE)
}

/// What the peer accepts, unless told otherwise.
pub const SCHEMES: [SignatureScheme; 4] = [
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::ECDSA_SECP384R1_SHA384,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_RSAE_SHA256,
];
