//! What the protocol stories share: a small PKI and two ends in memory.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::wrong_self_convention)] // each test file uses its part

pub mod script;

use countersign::x509::SigningKey;
use countersign::{
    Credential, Error, Event, Handshake, Inbox, Outbox, Policy, Role, Seed, Session, Step, Transition, Verdict, Want,
};
use rustls_pki_types::CertificateDer;
use std::collections::BTreeMap;

/// Who an end is: a chain and its key.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: SigningKey,
}

/// A root, and identities under it.
pub struct Pki {
    root: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Pki {
    pub fn new() -> Pki {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(rcgen::DnType::CommonName, "countersign test root");
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Pki { root: rcgen::CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    pub fn root(&self) -> CertificateDer<'static> {
        self.root.der().clone()
    }

    /// A leaf for this DNS name, for both roles.
    pub fn issue(&self, name: &str, algorithm: &'static rcgen::SignatureAlgorithm) -> Identity {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        self.issue_for(name, &key)
    }

    /// A leaf with an RSA key, which comes from a file: ring makes none.
    pub fn issue_rsa(&self, name: &str) -> Identity {
        self.issue_for(
            name,
            &rcgen::KeyPair::from_pem(include_str!("../../../vectors/keys/rsa2048.pkcs8.pem")).unwrap(),
        )
    }

    pub fn issue_for(&self, name: &str, key: &rcgen::KeyPair) -> Identity {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(key, &self.root).unwrap();
        Identity { chain: vec![certificate.der().clone()], key: SigningKey::from_der(&key.serialize_der()).unwrap() }
    }
}

/// One end of a connection, with its memory.
pub struct End<'a> {
    pub hs: Handshake<Policy>,
    pub rx: Inbox<Vec<u8>>,
    pub tx: Outbox<Vec<u8>>,
    pub identity: &'a Identity,
    pub verdict: Verdict,
    pub transitions: Vec<Transition>,
    /// What a key log of this end would hold.
    pub secrets: BTreeMap<&'static str, Vec<u8>>,
}

/// A seed that only this test's connections have.
pub fn seed(number: u8) -> Seed {
    Seed::from_bytes(&[number; 64])
}

impl<'a> End<'a> {
    pub fn new(role: Role, policy: Policy, identity: &'a Identity) -> End<'a> {
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed(1)).unwrap(),
            Role::Server => Handshake::server(policy, seed(2)),
        };
        End {
            hs,
            rx: Inbox::new(vec![0; 40_000]),
            tx: Outbox::new(vec![0; 40_000]),
            identity,
            verdict: Verdict::Accept,
            transitions: Vec::new(),
            secrets: BTreeMap::new(),
        }
    }

    /// Drives until the transport is wanted or the handshake is done, answering every question.
    pub fn drive(&mut self) -> Result<Want, Error> {
        loop {
            let step = self.hs.step(&mut self.rx, &mut self.tx)?;
            let secrets = &mut self.secrets;
            self.hs.expose_secrets(&mut |label, secret| drop(secrets.insert(label, secret.to_vec())));
            match step {
                Step::Did(transition) => self.transitions.push(transition),
                Step::Want(Want::Credential(question)) => {
                    self.hs.answer_credential(&question, &Credential::new(&self.identity.chain), &mut self.tx).unwrap();
                }
                Step::Want(Want::Sign(question)) => {
                    let signature = self.identity.key.sign(question.scheme(), question.message()).unwrap();
                    self.hs.answer_sign(&question, &signature, &mut self.tx).unwrap();
                }
                Step::Want(Want::Verify(question)) => self.hs.answer_verify(&question, self.verdict).unwrap(),
                Step::Want(want) => return Ok(want),
            }
        }
    }

    /// Takes the bytes that are to be sent.
    pub fn sends(&mut self) -> Vec<u8> {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        bytes
    }

    /// Gets bytes from the transport; as many as there is space for are taken.
    pub fn gets(&mut self, bytes: &[u8]) -> usize {
        let space = self.rx.space();
        let len = bytes.len().min(space.len());
        space[..len].copy_from_slice(&bytes[..len]);
        if len > 0 {
            self.rx.filled(len);
        }
        len
    }
}

/// What an end's handshake came to: `None` while it goes on.
pub type Outcome = Option<Result<(), Error>>;

/// Drives one end once, and carries what it sends to the other.
pub fn turn(end: &mut End<'_>, other: &mut End<'_>) -> Outcome {
    let outcome = match end.drive() {
        Ok(Want::Done) => Some(Ok(())),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    };
    let bytes = end.sends();
    assert_eq!(other.gets(&bytes), bytes.len(), "the inbox is large enough for this test");
    outcome
}

/// Runs both ends until both have ended; then what each came to.
pub fn run(client: &mut End<'_>, server: &mut End<'_>) -> (Outcome, Outcome) {
    let mut outcomes = (None, None);
    for _ in 0..100 {
        outcomes = (turn(client, server), turn(server, client));
        if outcomes.0.is_some() && outcomes.1.is_some() {
            break;
        }
    }
    outcomes
}

/// Both sessions of a connection that must succeed.
pub fn connect(client: &mut End<'_>, server: &mut End<'_>) -> (Session, Session) {
    let (c, s) = run(client, server);
    c.expect("the client ends").unwrap();
    s.expect("the server ends").unwrap();
    (client.hs.finish().unwrap(), server.hs.finish().unwrap())
}

/// A connection after its handshake: both ends, and their sessions.
pub struct Connection<'a> {
    pub client: End<'a>,
    pub server: End<'a>,
    pub c: Session,
    pub s: Session,
}

impl<'a> Connection<'a> {
    pub fn new(mut client: End<'a>, mut server: End<'a>) -> Connection<'a> {
        let (c, s) = connect(&mut client, &mut server);
        Connection { client, server, c, s }
    }

    /// Carries what the client has written to the server, and shows what that makes of it, up to `Read`.
    pub fn to_server(&mut self) -> Result<(Vec<u8>, Vec<Event>), Error> {
        carry(&mut self.client, &mut self.server);
        receive(&mut self.s, &mut self.server)
    }

    /// The other way.
    pub fn to_client(&mut self) -> Result<(Vec<u8>, Vec<Event>), Error> {
        carry(&mut self.server, &mut self.client);
        receive(&mut self.c, &mut self.client)
    }
}

/// Carries what one end has written to the other.
pub fn carry(from: &mut End<'_>, to: &mut End<'_>) {
    let bytes = from.sends();
    assert_eq!(to.gets(&bytes), bytes.len(), "the inbox is large enough for this test");
}

/// Everything that a session has received: the data, and the other events in their order, without the final `Read`.
pub fn receive(session: &mut Session, end: &mut End<'_>) -> Result<(Vec<u8>, Vec<Event>), Error> {
    let (mut data, mut events) = (Vec::new(), Vec::new());
    loop {
        match session.receive(&mut end.rx, &mut end.tx)? {
            Event::Read => return Ok((data, events)),
            Event::Data => {
                data.extend_from_slice(end.rx.data());
                end.rx.consume(end.rx.data().len());
            }
            Event::Closed => {
                events.push(Event::Closed);
                return Ok((data, events));
            }
            event => events.push(event),
        }
    }
}
