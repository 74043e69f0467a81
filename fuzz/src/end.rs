//! One end of a connection with its memory and its answers, and the assertions of every target.

use countersign::x509::SigningKey;
use countersign::{
    Alert, CertificateType, Credential, Error, ErrorKind, Handshake, Inbox, Misuse, Outbox, Padding, Policy, Role,
    Seed, Session, Verdict, Want, limits,
};
use rustls_pki_types::CertificateDer;
use std::sync::{LazyLock, OnceLock};

/// The identity of an end.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: SigningKey,
    /// The same key in PKCS #8, for other implementations.
    pub pkcs8: Vec<u8>,
}

/// A root and two identities under it. With Ed25519 all signatures have one length, so runs are comparable.
pub struct Pki {
    pub root: CertificateDer<'static>,
    pub client: Identity,
    pub server: Identity,
}

pub fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.serial_number = Some(1.into());
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        let root = rcgen::CertifiedIssuer::self_signed(params, key).expect("a root");
        let identity = |name: &str, serial: u64| {
            let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
            params.serial_number = Some(serial.into());
            let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
            let chain = vec![params.signed_by(&key, &root).expect("a certificate").der().clone()];
            let pkcs8 = key.serialize_der();
            Identity { chain, key: SigningKey::from_der(&pkcs8).expect("a key"), pkcs8 }
        };
        Pki { root: root.der().clone(), client: identity("client.test", 2), server: identity("server.test", 3) }
    })
}

impl Pki {
    pub fn of(&self, role: Role) -> &Identity {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }
}

/// The policies of the targets: the default, everything enabled, and small limits.
static POLICIES: LazyLock<[Policy; 3]> = LazyLock::new(|| {
    let all = Policy::new()
        .alpn(&[b"h2", b"http/1.1"])
        .record_size_limit(1024)
        .request_ocsp_staple(true)
        .request_scts(true)
        .padding(Padding::Multiple(64))
        .certificate_types(
            &[CertificateType::X509, CertificateType::RAW_PUBLIC_KEY],
            &[CertificateType::X509, CertificateType::RAW_PUBLIC_KEY],
        )
        .update_after(3);
    let small = Policy::new().max_flight(2000, 2500).max_chain(2).middlebox_compatibility(false).key_shares(&[]);
    [Policy::new(), all, small]
});
static NULL_POLICIES: LazyLock<[Policy; 3]> = LazyLock::new(|| POLICIES.clone().map(Policy::null_crypto));

pub const POLICY_COUNT: usize = 3;

/// One of the policies, with real or null cryptography.
pub fn policy(number: usize, null: bool) -> &'static Policy {
    let policies: &'static [Policy; POLICY_COUNT] = if null { &NULL_POLICIES } else { &POLICIES };
    &policies[number % POLICY_COUNT]
}

/// The seed of one end of one run.
pub fn seed(role: Role, salt: u8) -> Seed {
    let mut bytes = [salt; 64];
    bytes[0] = if role == Role::Client { 1 } else { 2 };
    Seed::from_bytes(&bytes)
}

/// The session id of a client with the seed 0.
pub const SESSION_ID: [u8; 32] = [0; 32];

/// The most memory that a peer can make us use: a flight, and one record.
pub const MOST_INBOX: usize = limits::MAX_FLIGHT + 4 - 1 + 16_645;

/// One end that a target drives.
pub struct End {
    pub role: Role,
    pub hs: Handshake<&'static Policy>,
    pub rx: Inbox<Vec<u8>>,
    pub tx: Outbox<Vec<u8>>,
    /// Makes real signatures.
    pub real: bool,
    /// The peer's certificates at Verify.
    pub peer: Option<Vec<Vec<u8>>>,
    /// The traffic secrets with their labels in key logs.
    pub secrets: Vec<(&'static str, Vec<u8>)>,
    /// Everything that was sent.
    pub sent: Vec<u8>,
}

impl End {
    pub fn new(role: Role, policy: &'static Policy, real: bool, inbox: usize) -> End {
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed(role, 0)).expect("a client"),
            Role::Server => Handshake::server(policy, seed(role, 0)),
        };
        let (rx, tx) = (Inbox::new(vec![0; inbox]), Outbox::new(vec![0; 1500]));
        End { role, hs, rx, tx, real, peer: None, secrets: Vec::new(), sent: Vec::new() }
    }

    /// Drives until the transport is wanted, or the handshake is done or has failed. Answers every question, and makes
    /// the memory larger when necessary.
    pub fn drive(&mut self) -> Result<Want, Error> {
        loop {
            let want = match self.hs.drive(&mut self.rx, &mut self.tx) {
                Ok(want) => want,
                Err(error) if !error.is_fatal() => {
                    self.grow(error);
                    continue;
                }
                Err(error) => {
                    self.failed(error);
                    return Err(error);
                }
            };
            assert_eq!(self.hs.drive(&mut self.rx, &mut self.tx).as_ref(), Ok(&want), "wants are level-triggered (R1)");
            let identity = pki().of(self.role);
            match want {
                Want::Credential(question) => {
                    let offer = self.hs.offer(&self.rx).expect("the offer is there while Credential is open");
                    let raw = offer.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
                    let _ = (offer.alpn().count(), offer.signature_schemes_cert().count(), offer.server_name());
                    let _ = offer.certificate_authorities().count();
                    let spki = [CertificateDer::from(identity.key.public_key())];
                    let credential =
                        if raw { Credential::raw_public_key(&spki) } else { Credential::new(&identity.chain) };
                    loop {
                        match self.hs.answer_credential(&question, &credential, &mut self.tx) {
                            Err(Misuse::NoRoom { needed }) => self.grow_outbox(needed),
                            answered => break answered.expect("an open question can be answered"),
                        }
                    }
                    assert_eq!(
                        self.hs.answer_credential(&question, &credential, &mut self.tx),
                        Err(Misuse::StaleQuestion)
                    );
                }
                Want::Sign(question) => {
                    self.expose();
                    let signature = match self.real {
                        true => identity.key.sign(question.scheme(), question.message()).expect("a signature"),
                        false => vec![0x51; 64],
                    };
                    loop {
                        match self.hs.answer_sign(&question, &signature, &mut self.tx) {
                            Err(Misuse::NoRoom { needed }) => self.grow_outbox(needed),
                            answered => break answered.expect("an open question can be answered"),
                        }
                    }
                }
                Want::Verify(question) => {
                    self.expose();
                    let peer = self.hs.peer(&self.rx).expect("the peer is there while Verify is open");
                    let _ = (peer.ocsp_staple(), peer.scts(), peer.scheme());
                    let chain: Vec<Vec<u8>> = peer.chain().map(<[u8]>::to_vec).collect();
                    assert!(!chain.is_empty(), "a peer without a certificate is never asked about");
                    assert!(self.peer.is_none(), "one verdict for each handshake (R7)");
                    self.peer = Some(chain);
                    self.hs.answer_verify(&question, Verdict::Accept).expect("an open question can be answered");
                }
                Want::Read => {
                    assert!(!self.rx.space().is_empty(), "Read is never wanted without space (R3)");
                    return Ok(Want::Read);
                }
                Want::Write => {
                    assert!(!self.tx.pending().is_empty(), "Write is never wanted without anything to send");
                    return Ok(Want::Write);
                }
                Want::Done => {
                    assert!(self.tx.is_empty(), "Done comes when everything is sent (R5)");
                    return Ok(Want::Done);
                }
            }
        }
    }

    fn expose(&mut self) {
        let secrets = &mut self.secrets;
        self.hs.expose_secrets(&mut |name, secret| {
            if secrets.iter().all(|(known, _)| *known != name) {
                secrets.push((name, secret.to_vec()));
            }
        });
    }

    /// The assertions after every fatal error.
    fn failed(&mut self, error: Error) {
        assert_eq!(self.hs.drive(&mut self.rx, &mut self.tx), Err(error), "an error stays (R4)");
        assert!(self.hs.finish().is_err(), "no session after an error");
        assert!(
            !matches!(error.kind(), ErrorKind::CryptoFailed | ErrorKind::Bug),
            "no peer can make us fail internally: {error}"
        );
        assert!(!error.to_string().is_empty() && self.hs.transitions().count() <= 16, "an error can be told");
        if let Some(Alert::Sent(_)) = error.alert() {
            assert!(!self.tx.pending().is_empty(), "the alert lies in the outbox");
        }
    }

    pub fn grow(&mut self, error: Error) {
        match error.kind() {
            ErrorKind::InboxTooSmall { needed } => {
                assert!(needed > self.rx.capacity(), "more is wanted than there is");
                assert!(needed <= MOST_INBOX, "a peer cannot make us hold {needed} bytes");
                let old = std::mem::replace(&mut self.rx, Inbox::new(Vec::new()));
                self.rx = old.move_into(vec![0; needed]).map_err(|_| ()).expect("larger memory will do");
            }
            ErrorKind::OutboxTooSmall { needed } => {
                assert!(needed > self.tx.capacity(), "more is wanted than there is");
                self.grow_outbox(needed);
            }
            other => panic!("{other} is the caller's fault"),
        }
    }

    pub fn grow_outbox(&mut self, needed: usize) {
        assert!(needed <= 40_000, "our own flight is small");
        let old = std::mem::replace(&mut self.tx, Outbox::new(Vec::new()));
        let memory = vec![0; needed.max(old.capacity() + 1)];
        self.tx = old.move_into(memory).map_err(|_| ()).expect("larger memory will do");
    }

    /// Takes the bytes to send.
    pub fn sends(&mut self) -> Vec<u8> {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        self.sent.extend_from_slice(&bytes);
        bytes
    }

    /// Delivers bytes, as many as there is space for. Returns how many.
    pub fn gets(&mut self, bytes: &[u8]) -> usize {
        gets(&mut self.rx, bytes)
    }

    /// After [`Want::Done`].
    pub fn finish(&mut self) -> Session {
        let session = self.hs.finish().expect("a session after Done");
        assert!(self.hs.finish().is_err(), "only one");
        session
    }
}

/// Delivers bytes, as many as there is space for. Returns how many.
pub fn gets(rx: &mut Inbox<Vec<u8>>, bytes: &[u8]) -> usize {
    let space = rx.space();
    let len = bytes.len().min(space.len());
    space[..len].copy_from_slice(&bytes[..len]);
    if len > 0 {
        rx.filled(len);
    }
    len
}

/// Two connected honest ends, client and server, each with its session. Nothing is in transit.
pub fn connected(policy: &'static Policy, null: bool) -> [(End, Session); 2] {
    let [mut client, mut server] = [Role::Client, Role::Server].map(|role| End::new(role, policy, !null, 4000));
    for _ in 0..10 {
        let done = [run(&mut client, &mut server), run(&mut server, &mut client)];
        if done == [true, true] {
            break;
        }
    }
    let sessions = [client.finish(), server.finish()];
    // The server's first record, so that nothing is in transit.
    let [mut of_client, of_server] = sessions;
    while of_client.receive(&mut client.rx, &mut client.tx).expect("an honest server") != countersign::Event::Read {}
    [(client, of_client), (server, of_server)]
}

/// Drives one end, and carries its bytes to the other. Returns whether it is done.
fn run(end: &mut End, other: &mut End) -> bool {
    loop {
        let want = end.drive().expect("two honest ends");
        let sent = end.sends();
        let mut bytes = &sent[..];
        while !bytes.is_empty() {
            bytes = &bytes[other.gets(bytes)..];
            if !bytes.is_empty() {
                let want = other.drive().expect("two honest ends");
                assert_eq!(want, Want::Read, "more is wanted of a flight that is not all there");
            }
        }
        match want {
            Want::Done => return true,
            Want::Read => return false,
            _ => {}
        }
    }
}
