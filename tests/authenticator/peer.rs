//! A peer that makes authenticators from the exporter, by RFC 9261 §5 and without the crate's code for it.

use crate::identity::Identity;
use countersign::{Role, Session, SignatureScheme};
use ring::{digest, hmac};

/// The parts of an authenticator. Each may be wrong.
pub struct Recipe<'a> {
    pub session: &'a Session,
    pub sender: Role,
    /// The whole message. Empty: it is spontaneous.
    pub request: &'a [u8],
    pub context: &'a [u8],
    pub identity: &'a Identity,
    pub scheme: SignatureScheme,
    /// The extensions of the leaf's entry.
    pub extensions: &'a [u8],
}

impl<'a> Recipe<'a> {
    pub fn new(session: &'a Session, sender: Role, request: &'a [u8], identity: &'a Identity) -> Recipe<'a> {
        let context = countersign::authenticator::context(request).unwrap_or_default();
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
        Recipe { session, sender, request, context, identity, scheme, extensions: &[] }
    }

    fn export(&self, what: &str) -> Vec<u8> {
        let label = format!("EXPORTER-{} authenticator {what}", self.sender);
        let mut out = vec![0; self.hash().output_len()];
        self.session.exporter().export(label.as_bytes(), b"", &mut out).unwrap();
        out
    }

    fn hash(&self) -> &'static digest::Algorithm {
        match self.session.info().cipher_suite().0 {
            0x1302 => &digest::SHA384,
            _ => &digest::SHA256,
        }
    }

    fn finished(&self, transcript: &[&[u8]]) -> Vec<u8> {
        let algorithm = if self.hash() == &digest::SHA384 { hmac::HMAC_SHA384 } else { hmac::HMAC_SHA256 };
        let key = hmac::Key::new(algorithm, &self.export("finished key"));
        let hash = digest::digest(self.hash(), &transcript.concat());
        message(20, hmac::sign(&key, hash.as_ref()).as_ref())
    }

    fn certificate(&self, chain: &[&[u8]]) -> Vec<u8> {
        let mut entries = Vec::new();
        for (index, certificate) in chain.iter().enumerate() {
            let extensions = if index == 0 { self.extensions } else { &[] };
            entries.extend([&u24(certificate.len())[..], certificate].concat());
            entries.extend([&u16(extensions.len())[..], extensions].concat());
        }
        message(11, &[&[self.context.len() as u8], self.context, &u24(entries.len()), &entries].concat())
    }

    /// Certificate || CertificateVerify || Finished.
    pub fn make(&self) -> Vec<u8> {
        let chain: Vec<&[u8]> = self.identity.chain.iter().map(|each| each.as_ref()).collect();
        let context = self.export("handshake context");
        let certificate = self.certificate(&chain);
        let hash = digest::digest(self.hash(), &[&context[..], self.request, &certificate].concat());
        let content = [&[0x20; 64], &b"Exported Authenticator"[..], &[0], hash.as_ref()].concat();
        let signature = self.identity.key.sign(SignatureScheme::ECDSA_SECP256R1_SHA256, &content).unwrap();
        let body = [&self.scheme.0.to_be_bytes()[..], &u16(signature.len()), &signature].concat();
        let verify = message(15, &body);
        let finished = self.finished(&[&context, self.request, &certificate, &verify]);
        [certificate, verify, finished].concat()
    }

    /// Finished alone.
    pub fn decline(&self) -> Vec<u8> {
        self.finished(&[&self.export("handshake context"), self.request, &self.certificate(&[])])
    }
}

pub fn message(typ: u8, body: &[u8]) -> Vec<u8> {
    [&[typ], &u24(body.len())[..], body].concat()
}

/// A request with these extensions.
pub fn request(by: Role, context: &[u8], extensions: &[u8]) -> Vec<u8> {
    let typ = if by == Role::Client { 17 } else { 13 };
    message(typ, &[&[context.len() as u8], context, &u16(extensions.len()), extensions].concat())
}

pub fn extension(typ: u16, body: &[u8]) -> Vec<u8> {
    [&typ.to_be_bytes()[..], &u16(body.len()), body].concat()
}

/// signature_algorithms with ecdsa_secp256r1_sha256.
pub fn schemes() -> Vec<u8> {
    extension(13, &[0, 2, 4, 3])
}

pub fn u16(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap().to_be_bytes()
}

fn u24(len: usize) -> [u8; 3] {
    let [_, high @ ..] = u32::try_from(len).unwrap().to_be_bytes();
    high
}
