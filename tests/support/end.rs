//! One end of a connection in memory, as a simple program would have it.

use crate::identity::Identity;
use countersign::{
    AnyInbox, AnyOutbox, Carrier, Credential, Error, Handshake, Inbox, Outbox, Policy, Records, Role, Seed, Step,
    Transition, Verdict, Want,
};
use std::collections::BTreeMap;

/// A carrier whose memory is vectors.
pub trait InMemory: Carrier {
    type Rx: AnyInbox<Carrier = Self>;
    type Tx: AnyOutbox<Carrier = Self>;
}

impl InMemory for Records {
    type Rx = Inbox<Vec<u8>>;
    type Tx = Outbox<Vec<u8>>;
}

/// One end of a connection, with its memory.
pub struct End<'a, C: InMemory = Records> {
    pub hs: Handshake<Policy, C>,
    pub rx: C::Rx,
    pub tx: C::Tx,
    pub identity: &'a Identity,
    pub verdict: Verdict,
    pub transitions: Vec<Transition>,
    /// The lines of this end's key log.
    pub secrets: BTreeMap<&'static str, Vec<u8>>,
}

/// A seed for the connections of this test only.
pub fn seed(number: u8) -> Seed {
    Seed::from_bytes(&[number; 64])
}

impl<'a, C: InMemory> End<'a, C> {
    pub fn with_memory(role: Role, policy: Policy, identity: &'a Identity, rx: C::Rx, tx: C::Tx) -> End<'a, C> {
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed(1)).unwrap(),
            Role::Server => Handshake::server(policy, seed(2)),
        };
        let (transitions, secrets) = (Vec::new(), BTreeMap::new());
        End { hs, rx, tx, identity, verdict: Verdict::Accept, transitions, secrets }
    }

    /// Drives until the transport is wanted or the handshake is done, and answers every question.
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
}

impl<'a> End<'a> {
    pub fn new(role: Role, policy: Policy, identity: &'a Identity) -> End<'a> {
        let (rx, tx) = (Inbox::new(vec![0; 40_000]), Outbox::new(vec![0; 40_000]));
        End::with_memory(role, policy, identity, rx, tx)
    }

    /// Takes the bytes to send.
    pub fn sends(&mut self) -> Vec<u8> {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        bytes
    }

    /// Receives bytes, as many as there is space for.
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
