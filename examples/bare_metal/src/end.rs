//! One end of a connection in its own memory: its key, the key that it trusts, and the loop.

use core::fmt;
use countersign::pki_types::CertificateDer;
use countersign::{
    CertificateType, Credential, Error, Handshake, Inbox, Misuse, Outbox, Policy, Rejection, Role, Seed, Session,
    Verdict, Want,
};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

/// The size of each inbox, and of each outbox.
pub const MEMORY: usize = 2 * 1024;

const TYPES: [CertificateType; 2] = [CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];
/// Limits the peer to the size of the inbox.
pub static RAW_PUBLIC_KEYS: Policy = Policy::new().fit_inbox(MEMORY).certificate_types(&TYPES, &TYPES);
pub static CERTIFICATES: Policy = Policy::new().fit_inbox(MEMORY);

/// The provisioned data: our key, and the credential for it.
pub struct Identity {
    certificate: [CertificateDer<'static>; 1],
    spki: [CertificateDer<'static>; 1],
    key: &'static [u8],
}

impl Identity {
    /// The SubjectPublicKeyInfo that the peer pins.
    pub fn spki(&'static self) -> &'static [u8] {
        &self.spki[0]
    }
}

macro_rules! identity {
    ($name:literal) => {
        Identity {
            certificate: [CertificateDer::from_slice(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".cert")))],
            spki: [CertificateDer::from_slice(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".spki")))],
            key: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".key")),
        }
    };
}

pub static CLIENT: Identity = identity!("client");
pub static SERVER: Identity = identity!("server");
pub static STRANGER: Identity = identity!("stranger");

/// The memory of one end.
pub struct Arrays {
    pub rx: [u8; MEMORY],
    pub tx: [u8; MEMORY],
}

/// One end.
pub struct End<'m> {
    hs: Handshake<&'static Policy>,
    pub rx: Inbox<&'m mut [u8]>,
    pub tx: Outbox<&'m mut [u8]>,
    identity: &'static Identity,
    key: EcdsaKeyPair,
    /// The only key that we trust, as its SubjectPublicKeyInfo.
    pin: &'static [u8],
}

/// Why an end fails.
#[derive(Debug)]
pub enum Failure {
    /// The connection has failed.
    Connection(Error),
    /// A call that did not fit.
    Misuse(Misuse),
    /// Signing failed, there is no randomness, or the key is malformed.
    Crypto,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Connection(error) => error.fmt(f),
            Failure::Misuse(misuse) => misuse.fmt(f),
            Failure::Crypto => f.write_str("signing failed, or there is no randomness, or the key is none"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Connection(error)
    }
}

impl From<Misuse> for Failure {
    fn from(misuse: Misuse) -> Failure {
        Failure::Misuse(misuse)
    }
}

impl<'m> End<'m> {
    pub fn new(
        arrays: &'m mut Arrays,
        role: Role,
        policy: &'static Policy,
        identity: &'static Identity,
        pin: &'static [u8],
    ) -> Result<End<'m>, Failure> {
        let seed = Seed::random().map_err(|_| Failure::Crypto)?;
        let hs = match role {
            Role::Client => Handshake::client(policy, None, seed)?,
            Role::Server => Handshake::server(policy, seed),
        };
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, identity.key, &SystemRandom::new())
            .map_err(|_| Failure::Crypto)?;
        let (rx, tx) = (Inbox::new(&mut arrays.rx[..]), Outbox::new(&mut arrays.tx[..]));
        Ok(End { hs, rx, tx, identity, key, pin })
    }

    /// Continues until `Write`, `Read` or `Done`.
    pub fn drive(&mut self) -> Result<Want, Failure> {
        let End { hs, rx, tx, identity, key, pin } = self;
        loop {
            match hs.drive(rx, tx)? {
                Want::Credential(question) => {
                    let credential = match hs.offer(rx)?.certificate_type() {
                        CertificateType::RAW_PUBLIC_KEY => Credential::raw_public_key(&identity.spki),
                        _ => Credential::new(&identity.certificate),
                    };
                    hs.answer_credential(&question, &credential, tx)?;
                }
                Want::Sign(question) => {
                    let signature = key.sign(&SystemRandom::new(), question.message()).map_err(|_| Failure::Crypto)?;
                    hs.answer_sign(&question, signature.as_ref(), tx)?;
                }
                // The peer has proved that it holds its key. It must be the one that we trust.
                Want::Verify(question) => {
                    let known = hs.peer(rx)?.spki() == Some(*pin);
                    let verdict = if known { Verdict::Accept } else { Verdict::Reject(Rejection::AccessDenied) };
                    hs.answer_verify(&question, verdict)?;
                }
                want => return Ok(want),
            }
        }
    }

    /// The session after `Done`.
    pub fn finish(&mut self) -> Result<Session, Failure> {
        Ok(self.hs.finish()?)
    }

    /// The transport: copies pending bytes to the other inbox, as many as have room.
    pub fn send_to(&mut self, other: &mut End<'_>) {
        let (pending, space) = (self.tx.pending(), other.rx.space());
        let len = pending.len().min(space.len());
        if len == 0 {
            return; // `filled(0)` would mean the end of the stream
        }
        space[..len].copy_from_slice(&pending[..len]);
        other.rx.filled(len);
        self.tx.sent(len);
    }
}
