//! An honest end: the real machine, its host's answers, and everything that an omniscient observer knows.

use super::identities::{IDENTITIES, whose};
use super::questions;
use countersign::{
    CertificateType, CipherSuite, Credential, ErrorKind, Event, Handshake, Inbox, NamedGroup, Outbox, Policy, Role,
    Seed, Session, SignatureScheme, State, Verdict, Want,
};
use std::collections::BTreeMap;

/// How an end's host judges its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// A client accepts the server that it wants. A server accepts every known identity, and knows which one it is.
    Right,
    /// A planted fault: a client accepts every identity.
    Careless,
    /// A planted fault: the host looks at any certificate of the chain, and not only at the leaf.
    AnyOfChain,
}

/// One honest end of a scenario.
#[derive(Clone)]
pub struct Spec {
    pub role: Role,
    pub identity: usize,
    /// Only for clients: the server that it wants.
    pub wants: Option<usize>,
    pub policy: Policy,
    pub judge: Judge,
    /// Its randomness: for its hello, and its private key.
    pub number: u8,
}

impl Spec {
    pub fn client(number: u8, identity: usize, wants: usize) -> Spec {
        let (role, wants, policy) = (Role::Client, Some(wants), common(Policy::new(), number));
        Spec { role, identity, wants, policy, judge: Judge::Right, number }
    }

    pub fn server(number: u8, identity: usize) -> Spec {
        let policy = common(Policy::new(), number);
        Spec { role: Role::Server, identity, wants: None, policy, judge: Judge::Right, number }
    }

    pub fn with(self, policy: Policy) -> Spec {
        Spec { policy: common(policy, self.number), ..self }
    }
}

/// The policy of all ends of the explorer. It has one suite, the one of `keys`.
fn common(policy: Policy, number: u8) -> Policy {
    policy
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .signature_schemes(&[SignatureScheme::ED25519])
        .middlebox_compatibility(false)
        .toy_key_exchange(number)
}

/// An input of an end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Brought {
    pub record: Vec<u8>,
    /// Its host answers Sign with this signature instead of the right one: it confuses its sessions.
    pub signature: Option<Vec<u8>>,
}

impl Brought {
    pub fn new(record: Vec<u8>) -> Brought {
        Brought { record, signature: None }
    }
}

/// The peer that an end has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `None`: an unknown identity.
    pub who: Option<usize>,
    pub leaf: Vec<u8>,
    pub certificate_type: CertificateType,
}

/// The negotiated parameters, in a form that is equal for both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub suite: Option<CipherSuite>,
    pub group: Option<NamedGroup>,
    pub retried: bool,
    pub alpn: Option<Vec<u8>>,
    pub server_name: Option<String>,
    pub client_random: [u8; 32],
    /// The client's, then the server's.
    pub schemes: [Option<SignatureScheme>; 2],
    pub certificate_types: Option<[CertificateType; 2]>,
}

/// Everything that is known about an end.
#[derive(Clone, Debug)]
pub struct Facts {
    pub state: State,
    /// Every record, and whether the end has sent it.
    pub log: Vec<(bool, Vec<u8>)>,
    /// Its traffic secrets with their labels in the key log.
    pub secrets: BTreeMap<&'static str, Vec<u8>>,
    /// Its host was asked for a verdict.
    pub asked: bool,
    pub accepted: Option<Accepted>,
    pub signatures: Vec<Vec<u8>>,
    /// Once connected.
    pub exporter: Option<Vec<u8>>,
    pub terms: Option<Terms>,
    pub data: Vec<Vec<u8>>,
    pub confirmed: bool,
    /// The host has given a signature for another question.
    pub mixed_up: bool,
}

/// A running end.
pub struct End<'s> {
    spec: &'s Spec,
    hs: Handshake<&'s Policy>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
    session: Option<Session>,
    pub facts: Facts,
}

/// The name of the error.
pub type Refused = &'static str;

/// The application data that this end sends.
pub fn data_of(spec: &Spec) -> Vec<u8> {
    format!("data of {}, {} {}", IDENTITIES[spec.identity].name, spec.role, spec.number).into_bytes()
}

impl Facts {
    /// Its host has rejected the peer.
    pub fn has_refused(&self) -> bool {
        self.asked && self.accepted.is_none()
    }
}

impl<'s> End<'s> {
    /// Started: a client has sent its ClientHello.
    pub fn new(spec: &'s Spec) -> End<'s> {
        let policy = &spec.policy;
        let seed = Seed::from_bytes(&[spec.number; 64]);
        let hs = match spec.wants {
            Some(wants) => Handshake::client(policy, Some(&format!("{}.test", IDENTITIES[wants].name)), seed),
            None => Ok(Handshake::server(policy, seed)),
        };
        let hs = hs.expect("a name");
        let facts = Facts {
            state: hs.state(),
            log: Vec::new(),
            secrets: BTreeMap::new(),
            asked: false,
            accepted: None,
            signatures: Vec::new(),
            exporter: None,
            terms: None,
            data: Vec::new(),
            confirmed: false,
            mixed_up: false,
        };
        let (rx, tx) = (Inbox::new(vec![0; 4096]), Outbox::new(vec![0; 4096]));
        let mut end = End { spec, hs, rx, tx, session: None, facts };
        end.goes_on(None).expect("the beginning is nobody's fault");
        end
    }

    /// Processes a record and everything that follows from it.
    pub fn takes(&mut self, brought: &Brought) -> Result<(), Refused> {
        self.facts.log.push((false, brought.record.clone()));
        let mut rest = &brought.record[..];
        while !rest.is_empty() {
            let space = self.rx.space();
            let len = rest.len().min(space.len());
            space[..len].copy_from_slice(&rest[..len]);
            self.rx.filled(len);
            rest = &rest[len..];
            self.goes_on(brought.signature.as_deref())?;
        }
        Ok(())
    }

    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    fn goes_on(&mut self, signature: Option<&[u8]>) -> Result<(), Refused> {
        if self.session.is_none() {
            self.shakes_hands(signature)?;
        }
        if self.session.is_some() {
            self.receives()?;
        }
        Ok(())
    }

    fn shakes_hands(&mut self, signature: Option<&[u8]>) -> Result<(), Refused> {
        loop {
            let want = match self.hs.drive(&mut self.rx, &mut self.tx) {
                Ok(want) => want,
                Err(error) => {
                    // An error that is not fatal: the message does not fit, and stays unread.
                    let harmless = !matches!(error.kind(), ErrorKind::Bug | ErrorKind::CryptoFailed);
                    assert!(harmless, "no peer can make us fail internally: {error}");
                    return Err(error.name());
                }
            };
            let secrets = &mut self.facts.secrets;
            self.hs.expose_secrets(&mut |name, secret| drop(secrets.insert(name, secret.to_vec())));
            self.facts.state = self.hs.state();
            questions::refuses_others(&mut self.hs, &want, &mut self.tx, self.spec.number);
            let identity = &IDENTITIES[self.spec.identity];
            match &want {
                Want::Credential(question) => {
                    let offer = self.hs.offer(&self.rx).expect("Credential is open");
                    let raw = offer.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
                    let credential =
                        if raw { Credential::raw_public_key(&identity.raw) } else { Credential::new(&identity.chain) };
                    self.hs.answer_credential(question, &credential, &mut self.tx).expect("a good credential");
                }
                Want::Sign(question) => {
                    let right = identity.key.sign(question.scheme(), question.message()).expect("our key's scheme");
                    self.facts.mixed_up |= signature.is_some();
                    let given = signature.unwrap_or(&right);
                    self.hs.answer_sign(question, given, &mut self.tx).expect("a signature");
                    self.facts.signatures.push(given.to_vec());
                }
                Want::Verify(question) => {
                    let peer = self.hs.peer(&self.rx).expect("Verify is open");
                    let certificate_type = peer.certificate_type();
                    let leaf = peer.leaf().to_vec();
                    let who = match self.spec.judge {
                        Judge::AnyOfChain => peer.chain().filter_map(whose).min(),
                        _ => whose(&leaf),
                    };
                    let wanted = who.is_some() && self.spec.wants.is_none_or(|wants| who == Some(wants));
                    self.facts.asked = true;
                    if !wanted && self.spec.judge != Judge::Careless {
                        return Ok(()); // it is not answered, and never asked again
                    }
                    self.facts.accepted = Some(Accepted { who, leaf, certificate_type });
                    self.hs.answer_verify(question, Verdict::Accept).expect("an open question");
                }
                Want::Write => self.sends(),
                Want::Read => return Ok(()),
                Want::Done => break,
            }
            if matches!(want, Want::Credential(_) | Want::Sign(_) | Want::Verify(_)) {
                questions::refuses_again(&mut self.hs, &want, &mut self.tx);
            }
        }
        self.facts.terms = Some(self.terms());
        let mut session = self.hs.finish().expect("Done");
        self.facts.exporter = Some(session.exporter().expose_secret().to_vec());
        session.write(&data_of(self.spec), &mut self.tx).expect("room");
        self.session = Some(session);
        self.sends();
        Ok(())
    }

    fn terms(&self) -> Terms {
        let (own, peer) = (self.hs.own_scheme(), self.hs.peer_scheme());
        Terms {
            suite: self.hs.cipher_suite(),
            group: self.hs.group(),
            retried: self.hs.retried(),
            alpn: self.hs.alpn().map(<[u8]>::to_vec),
            server_name: self.hs.server_name().map(str::to_owned),
            client_random: *self.hs.client_random(),
            schemes: if self.spec.role == Role::Client { [own, peer] } else { [peer, own] },
            certificate_types: None,
        }
    }

    fn receives(&mut self) -> Result<(), Refused> {
        let Some(session) = &mut self.session else { return Ok(()) };
        let (own, peer) = (session.info().own_certificate_type(), session.info().peer_certificate_type());
        if let Some(terms) = &mut self.facts.terms {
            terms.certificate_types = Some(if self.spec.role == Role::Client { [own, peer] } else { [peer, own] });
        }
        loop {
            match session.receive(&mut self.rx, &mut self.tx).map_err(|error| error.name())? {
                Event::Read => break,
                Event::Data => {
                    let data = self.rx.data().to_vec();
                    self.rx.consume(data.len());
                    self.facts.data.push(data);
                }
                Event::Confirmed => self.facts.confirmed = true,
                Event::Owed(_) => {}
                Event::Closed => return Err("closed"),
            }
        }
        self.sends();
        Ok(())
    }

    fn sends(&mut self) {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        let (records, rest) = super::records(&bytes);
        assert!(rest.is_empty(), "only whole records are sent");
        self.facts.log.extend(records.into_iter().map(|record| (true, record.to_vec())));
    }
}
