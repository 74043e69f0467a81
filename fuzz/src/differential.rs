//! `differential`: a scripted peer speaks the same handshake, with real cryptography and the same deviation, to
//! countersign and to rustls. Where one is connected and the other refuses, the difference must be in the list below,
//! with its reason.

use super::choices::Choices;
use super::end::{gets, pki, seed};
use super::wire::{HEADER, plain, records, written};
use countersign::internals::codec::{
    CertificateVerify, CipherSuite, ContentType, ExtensionType, Finished, HandshakeType, KeyShareEntry, KeyUpdate,
    KeyUpdateRequest, MESSAGE_HEADER, Message, NamedGroup, Place, ServerHello, SignatureScheme, TLS13, may_stand,
    write_certificate, write_certificate_request, write_client_hello, write_encrypted_extensions, write_message,
    write_server_hello,
};
use countersign::internals::crypto::{CryptoMode::Real, HashAlgorithm, Hasher, KeyExchange, Suite, TrafficKey};
use countersign::internals::schedule::{Early, HandshakeSecret, Main, Pair, SignedContent};
use countersign::x509::{Expect, JudgeOptions, Trust, VerifiedChains};
use countersign::{Credential, Error, Event, Handshake, Inbox, Outbox, Policy, Role, Session, Want, internals::codec};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use std::sync::{Arc, LazyLock};

/// Where the two differ, and may.
struct Difference {
    /// Our role.
    role: Role,
    /// The name of our error; empty: we are connected.
    ours: &'static str,
    /// What their error says, among other things; empty: they are connected.
    theirs: &'static str,
    /// Why that is as it should be.
    #[allow(dead_code, reason = "for readers")]
    reason: &'static str,
}

const fn client(ours: &'static str, theirs: &'static str, reason: &'static str) -> Difference {
    Difference { role: Role::Client, ours, theirs, reason }
}

const fn server(ours: &'static str, theirs: &'static str, reason: &'static str) -> Difference {
    Difference { role: Role::Server, ours, theirs, reason }
}

const DIFFERENCES: &[Difference] = &[
    // We refuse.
    client("NotMutual", "", "a server that does not ask who we are: this is no mutual TLS"),
    client("NoCommonSignatureScheme", "", "the same: they go on without a certificate (§4.4.2 lets them)"),
    client("SessionIdMismatch", "", "§4.2.3 wants the echo checked"),
    client("UnsupportedVersion", "", "legacy_version of ServerHello is not 0x0303 (§4.2.3)"),
    client("ForbiddenExtension", "", "§4.3: known, and not for this message; they look at fewer extensions"),
    client("UnsolicitedExtension", "", "psk_key_exchange_modes, which they offer and we do not"),
    client("Malformed", "", "the body of an extension that they do not read"),
    server("ForbiddenExtension", "", "§4.3, as above"),
    server("Malformed", "", "the body of an extension that they do not read"),
    server("UnsupportedVersion", "", "legacy_version is not 0x0303 (§4.2.2)"),
    server("NoCommonCertificateType", "", "they do not know RFC 7250"),
    server("IllegalRecordSizeLimit", "", "they do not know RFC 8449"),
    // They refuse.
    client(
        "",
        "InappropriateMessage { expect_types: [Handshake], got_type: ChangeCipherSpec }",
        "§5 allows a change_cipher_spec from the first ClientHello on",
    ),
    client("", "IllegalMiddleboxChangeCipherSpec", "they allow one, we allow 32"),
    server("", "IllegalMiddleboxChangeCipherSpec", "they allow one, we allow 32"),
    server(
        "",
        "ServerNameMustContainOneHostName",
        "a name that is no DNS name counts as none: only the caller uses it",
    ),
];

/// What the scripted peer does wrong. The numbers are for the seeds: append only.
pub const KINDS: &[&str] = &[
    "nothing",
    "omit",
    "repeat",
    "swap",
    "append",
    "truncate",
    "flip",
    "type",
    "insert message",
    "insert extension",
    "remove extension",
    "replace extension",
    "duplicate extension",
    "fragments",
    "tail in the record",
    "change_cipher_spec",
    "data",
    "warning",
    "padding",
    "empty body",
];

#[derive(Clone, Copy, Debug)]
struct Deviation<'a> {
    kind: &'static str,
    /// Which of the peer's messages.
    at: usize,
    argument: u8,
    bytes: &'a [u8],
}

/// The first byte is the role under test, the second the kind of deviation, the third the message, the fourth an
/// argument; the rest are bytes to put somewhere.
pub fn differential(data: &[u8]) {
    if let Some(difference) = difference(data) {
        panic!("{difference}");
    }
}

/// The difference that is in no list.
fn difference(data: &[u8]) -> Option<String> {
    let mut choices = Choices::new(data);
    let role = if choices.byte() & 1 == 0 { Role::Client } else { Role::Server };
    let (kind, at, argument) = (*choices.of(KINDS), usize::from(choices.byte() % 7), choices.byte());
    let deviation = Deviation { kind, at, argument, bytes: choices.rest() };
    let mut ours = Ours::new(role);
    let mut theirs = theirs(role);
    let run = |subject: &mut dyn Subject| match role {
        Role::Client => Peer::new(deviation).plays_server(subject),
        Role::Server => Peer::new(deviation).plays_client(subject),
    };
    run(&mut ours);
    run(&mut theirs);
    let (ours, theirs) = (ours.outcome(), theirs.outcome());
    if deviation.kind == "nothing" {
        assert_eq!((&ours, &theirs), (&Ok(()), &Ok(())), "an honest peer is accepted");
    }
    let (our_name, their_name) = match (&ours, &theirs) {
        (Ok(()), Ok(())) | (Err(_), Err(_)) => return None,
        (Ok(()), Err(theirs)) => ("", theirs.as_str()),
        (Err(ours), Ok(())) => (ours.as_str(), ""),
    };
    // What we do not know or do, we do not read: they do, and refuse malformed ones (TLS 1.2, RFC 8879).
    let extension = inserted(argument, deviation.bytes);
    let ignored =
        may_stand(extension, Place::ClientHello).is_none() || extension == ExtensionType::COMPRESS_CERTIFICATE;
    let foreign = kind == "insert extension" && ignored;
    if our_name.is_empty() && foreign && their_name.starts_with("InvalidMessage") {
        return None;
    }
    let known = DIFFERENCES.iter().any(|known| {
        let same = match known.theirs {
            "" => their_name.is_empty(),
            word => their_name.contains(word),
        };
        known.role == role && our_name.split(' ').next() == Some(known.ours) && same
    });
    (!known).then(|| format!("as {role}, {deviation:02x?}: ours {ours:?}, theirs {theirs:?}"))
}

/// An implementation under test.
trait Subject {
    fn gets(&mut self, bytes: &[u8]);
    fn sends(&mut self) -> Vec<u8>;
    /// Whether it is connected, or why not.
    fn outcome(&self) -> Result<(), String>;
}

static POLICY: Policy = Policy::new();

struct Ours {
    role: Role,
    hs: Handshake<&'static Policy>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    session: Option<Session>,
    error: Option<Error>,
}

impl Ours {
    fn new(role: Role) -> Ours {
        let hs = match role {
            Role::Client => Handshake::client(&POLICY, Some("server.test"), seed(role, 0)).expect("a client"),
            Role::Server => Handshake::server(&POLICY, seed(role, 0)),
        };
        let (rx, tx) = (Inbox::new(vec![0; 40_000]), Outbox::new(vec![0; 4000]));
        let mut ours = Ours { role, hs, rx, tx, session: None, error: None };
        ours.runs();
        ours
    }

    fn runs(&mut self) {
        static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::from_roots("root", &pki().root).expect("a root"));
        static CACHE: LazyLock<VerifiedChains> = LazyLock::new(|| VerifiedChains::new(16));
        let identity = pki().of(self.role);
        while self.error.is_none() && self.session.is_none() {
            match self.hs.drive(&mut self.rx, &mut self.tx) {
                Ok(Want::Read | Want::Write) => return,
                Ok(Want::Credential(question)) => {
                    self.hs
                        .answer_credential(&question, &Credential::new(&identity.chain), &mut self.tx)
                        .expect("an answer");
                }
                Ok(Want::Sign(question)) => {
                    let signature = identity.key.sign(question.scheme(), question.message()).expect("a signature");
                    self.hs.answer_sign(&question, &signature, &mut self.tx).expect("an answer");
                }
                Ok(Want::Verify(question)) => {
                    let expect = match self.role {
                        Role::Client => "server.test".parse().expect("a name"),
                        Role::Server => Expect::AnyTrusted,
                    };
                    let peer = self.hs.peer(&self.rx).expect("the peer");
                    let terms = JudgeOptions {
                        cache: Some(&CACHE),
                        ..JudgeOptions::new(std::slice::from_ref(&expect), UnixTime::now())
                    };
                    let judgement = TRUST.judge(&peer, &terms);
                    self.hs.answer_verify(&question, judgement.verdict).expect("an answer");
                }
                Ok(Want::Done) => self.session = Some(self.hs.finish().expect("a session")),
                Err(error) => self.error = Some(error),
            }
        }
        while let (None, Some(session)) = (self.error, &mut self.session) {
            match session.receive(&mut self.rx, &mut self.tx) {
                Ok(Event::Read | Event::Closed) => return,
                Ok(Event::Data) => self.rx.consume(usize::MAX),
                Ok(_) => {}
                Err(error) => self.error = Some(error),
            }
        }
    }
}

impl Subject for Ours {
    fn gets(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            bytes = &bytes[gets(&mut self.rx, bytes)..];
            self.runs();
        }
    }

    fn sends(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !self.tx.pending().is_empty() {
            bytes.extend_from_slice(self.tx.pending());
            self.tx.sent(usize::MAX);
            self.runs();
        }
        bytes
    }

    fn outcome(&self) -> Result<(), String> {
        match (self.error, &self.session) {
            (Some(error), _) => Err(format!("{} {error}", error.kind().name())),
            (None, Some(_)) => Ok(()),
            (None, None) => Err(format!("Waits in {}", self.hs.state())),
        }
    }
}

struct Theirs {
    connection: rustls::Connection,
    error: Option<rustls::Error>,
}

fn theirs(role: Role) -> Theirs {
    static CONFIGS: LazyLock<(Arc<rustls::ClientConfig>, Arc<rustls::ServerConfig>)> = LazyLock::new(|| {
        let provider = || Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(pki().root.clone()).expect("a root");
        let roots = Arc::new(roots);
        let chain = |role| pki().of(role).chain.clone();
        let key = |role| PrivateKeyDer::try_from(pki().of(role).pkcs8.clone()).expect("a key");
        let client = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("TLS 1.3")
            .with_root_certificates(roots.clone())
            .with_client_auth_cert(chain(Role::Client), key(Role::Client))
            .expect("a client");
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider());
        let server = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("TLS 1.3")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_single_cert(chain(Role::Server), key(Role::Server))
            .expect("a server");
        let mut client = client;
        client.resumption = rustls::client::Resumption::disabled();
        (Arc::new(client), Arc::new(server))
    });
    let connection = match role {
        Role::Client => {
            let name = "server.test".try_into().expect("a name");
            rustls::ClientConnection::new(CONFIGS.0.clone(), name).expect("a client").into()
        }
        Role::Server => rustls::ServerConnection::new(CONFIGS.1.clone()).expect("a server").into(),
    };
    Theirs { connection, error: None }
}

impl Subject for Theirs {
    fn gets(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            self.connection.read_tls(&mut bytes).expect("bytes in memory");
            self.error = self.connection.process_new_packets().err();
            let _ = std::io::Read::read_to_end(&mut self.connection.reader(), &mut Vec::new());
        }
    }

    fn sends(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut bytes).expect("memory");
        }
        bytes
    }

    fn outcome(&self) -> Result<(), String> {
        match &self.error {
            Some(error) => Err(format!("{error:?}")),
            None if self.connection.is_handshaking() => Err("waits".into()),
            None => Ok(()),
        }
    }
}

/// One direction's key, and the number of the next record.
struct Direction {
    key: TrafficKey,
    sequence: u64,
}

const SUITE: Suite = Suite::Aes128GcmSha256;

impl Direction {
    fn new(key: TrafficKey) -> Direction {
        Direction { key, sequence: 0 }
    }

    fn seal(&mut self, content: ContentType, fragment: &[u8], padding: usize) -> Vec<u8> {
        let mut inner = [fragment, &[content.0], &vec![0; padding]].concat();
        let header = plain(ContentType::APPLICATION_DATA, &vec![0; inner.len() + 16])[..HEADER].to_vec();
        let tag = self.key.seal(self.sequence, &header, &mut inner).expect("a record");
        self.sequence += 1;
        [header, inner, tag.to_vec()].concat()
    }

    /// The content, if it is a handshake record that opens.
    fn open(&mut self, record: &[u8]) -> Option<Vec<u8>> {
        let (header, fragment) = record.split_at(HEADER);
        let mut fragment = fragment.to_vec();
        let len = self.key.open_within(self.sequence, header, &mut fragment, 0).ok()?;
        self.sequence += 1;
        let end = fragment[..len].iter().rposition(|byte| *byte != 0)?;
        (fragment[end] == ContentType::HANDSHAKE.0).then(|| fragment[..end].to_vec())
    }
}

/// The scripted peer: honest, but for one deviation.
struct Peer<'a> {
    deviation: Deviation<'a>,
    transcript: Hasher,
    write: Option<Direction>,
    /// How many of its messages have had their turn.
    turn: usize,
}

type Make<'m> = &'m dyn Fn(&Hasher) -> Vec<u8>;

impl<'a> Peer<'a> {
    fn new(deviation: Deviation<'a>) -> Peer<'a> {
        Peer { deviation, transcript: Hasher::new(HashAlgorithm::Sha256), write: None, turn: 0 }
    }

    fn record(&mut self, content: ContentType, fragment: &[u8]) -> Vec<u8> {
        let padding = if self.deviation.kind == "padding" { usize::from(self.deviation.argument) } else { 0 };
        match &mut self.write {
            Some(direction) => direction.seal(content, fragment, padding),
            None => plain(content, fragment),
        }
    }

    /// Sends these messages, which are made when it is their turn; with the deviation, if it is in here.
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

    /// CertificateVerify over what has been sent and received.
    fn proof(&self, role: Role, transcript: &Hasher) -> Vec<u8> {
        let content = match role {
            Role::Client => SignedContent::client(&transcript.hash()),
            Role::Server => SignedContent::server(&transcript.hash()),
        };
        let signature = pki().of(role).key.sign(SignatureScheme::ED25519, content.as_ref()).expect("a signature");
        written(|w| CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &signature }.write(w))
    }

    fn schedule(&self, ours: KeyExchange, theirs: &[u8]) -> Option<(Pair<HandshakeSecret>, Main)> {
        let handshake = Early::new(SUITE.hash()).handshake(ours.finish(theirs).ok()?);
        let secrets = handshake.traffic(&self.transcript.hash());
        Some((secrets, handshake.main()))
    }

    /// The last words, under the application key.
    fn talk(&mut self, subject: &mut dyn Subject, key: TrafficKey) {
        self.write = Some(Direction::new(key));
        self.deviation.kind = if self.deviation.kind == "padding" { "padding" } else { "nothing" };
        let record = self.record(ContentType::APPLICATION_DATA, b"data");
        subject.gets(&record);
        subject.sends();
    }

    fn plays_client(mut self, subject: &mut dyn Subject) -> Option<()> {
        let ours = KeyExchange::start(NamedGroup::X25519, Real).ok()?;
        let hello = written(|w| {
            write_client_hello(w, &[3; 32], &[4; 32], [CipherSuite::TLS_AES_128_GCM_SHA256], |w| {
                w.server_name(b"server.test");
                w.supported_groups([NamedGroup::X25519]);
                w.signature_algorithms([SignatureScheme::ED25519]);
                w.supported_versions([TLS13]);
                w.client_shares([KeyShareEntry { group: NamedGroup::X25519, key_exchange: ours.public_key() }]);
            });
        });
        self.flight(subject, &[&|_| hello.clone()]);

        let sent = subject.sends();
        let (records, _) = records(&sent);
        let mut records = records.into_iter().filter(|record| record[0] != ContentType::CHANGE_CIPHER_SPEC.0);
        let server_hello = records.next()?.get(HEADER..)?;
        let share = Message::split(server_hello).and_then(|(message, _)| ServerHello::parse(message.body).ok())?;
        let share = share.extensions.server_share().ok()??;
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

    fn plays_server(mut self, subject: &mut dyn Subject) -> Option<()> {
        let sent = subject.sends();
        let client_hello = sent.get(HEADER..)?;
        let (message, _) = Message::split(client_hello)?;
        let hello = codec::ClientHello::parse(message.body).ok()?;
        let share = hello.extensions.client_shares().ok()??.iter().find(|share| share.group == NamedGroup::X25519)?;
        self.transcript.update(message.raw);
        let ours = KeyExchange::start(NamedGroup::X25519, Real).ok()?;
        let server_hello = written(|w| {
            write_server_hello(w, &[5; 32], hello.legacy_session_id, SUITE.number(), |w| {
                w.selected_version(TLS13);
                w.server_share(KeyShareEntry { group: NamedGroup::X25519, key_exchange: ours.public_key() });
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

/// What is put into a message stays small.
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
fn inserted(argument: u8, bytes: &[u8]) -> ExtensionType {
    ExtensionType(u16::from(argument) | u16::from(bytes.first().copied().unwrap_or(0) & 0xf) << 8)
}

/// A message whose extension block, which stands at its end, is another.
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

/// Every deviation at every message.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (role, messages) in [(0, 6), (1, 4)] {
        for kind in 0..KINDS.len() as u8 {
            for at in 0..messages {
                seeds.push(vec![role, kind, at, 0]);
                seeds.push(vec![role, kind, at, 43, 0, 3, 4]);
                seeds.push(vec![role, kind, at, 1, 2, 1, 1]);
            }
        }
    }
    seeds
}
