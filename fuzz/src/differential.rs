//! `differential`: a scripted peer makes the same handshake, with real cryptography and the same deviation, with
//! countersign and with rustls. If one is connected and the other refuses, the difference must be in the list below,
//! with its reason.

mod peer;

use super::choices::Choices;
use super::end::{gets, pki, seed};
use countersign::internals::codec::{ExtensionType, Place, may_stand};
use countersign::x509::{Expect, JudgeOptions, SignatureMemo, Trust};
use countersign::{Credential, Error, Event, Handshake, Inbox, Outbox, Policy, Role, Session, Verdict, Want};
use peer::{Peer, inserted};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use std::sync::{Arc, LazyLock};

/// An allowed difference.
struct Difference {
    /// Our role.
    role: Role,
    /// The name of our error. Empty: we are connected.
    ours: &'static str,
    /// A part of their error. Empty: they are connected.
    theirs: &'static str,
    /// Why the difference is right.
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
    client("MalformedExtension", "", "the body of an extension that they do not read"),
    server("ForbiddenExtension", "", "§4.3, as above"),
    server("MalformedExtension", "", "the body of an extension that they do not read"),
    server("UnsupportedVersion", "", "legacy_version is not 0x0303 (§4.2.2)"),
    server("NoCommonCertificateType", "", "they do not know RFC 7250"),
    server("IllegalRecordSizeLimit", "", "they do not know RFC 8449"),
    server("UnsolicitedExtension", "", "quic_transport_parameters without QUIC (RFC 9001 §8.2)"),
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
    server("", "TrailingData(\"Empty\")", "extended_main_secret with a body: TLS 1.3 does not read it"),
    server("", "OfferedDuplicateCertificateCompressions", "we do not read compress_certificate (RFC 8879)"),
];

/// The deviations of the scripted peer. Seeds use the numbers: append only.
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
    /// The message with the deviation.
    at: usize,
    argument: u8,
    bytes: &'a [u8],
}

/// The first byte is the role under test, the second the kind of deviation, the third the message, the fourth an
/// argument. The rest is inserted somewhere.
pub fn differential(data: &[u8]) {
    if let Some(difference) = difference(data) {
        panic!("{difference}");
    }
}

/// A difference that is not in the list.
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
    // We do not read what we do not support. They support it, and refuse malformed contents (TLS 1.2, RFC 8879).
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
    /// Whether it is connected. If not, the error.
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
        static MEMO: LazyLock<SignatureMemo> = LazyLock::new(|| SignatureMemo::new(16));
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
                        memo: Some(&MEMO),
                        ..JudgeOptions::new(std::slice::from_ref(&expect), UnixTime::now())
                    };
                    let judged = TRUST.judge(&peer, &terms);
                    self.hs.answer_verify(&question, Verdict::from(&judged)).expect("an answer");
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
