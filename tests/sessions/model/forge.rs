//! Makes authenticators and requests from a session's exporter (RFC 9261 §4, §5).

use super::hellos::written;
use super::identities::{IDENTITIES, MALLORY};
use countersign::internals::codec::{
    CertificateVerify, Finished, HandshakeType, Message, write_certificate, write_certificate_request,
    write_client_certificate_request,
};
use countersign::{Role, Session, SignatureScheme};
use ring::{digest, hmac};

#[derive(Clone, Copy)]
pub struct Forge<'s> {
    pub session: &'s Session,
    pub sender: Role,
}

impl Forge<'_> {
    pub fn request(by: Role, context: &[u8]) -> Vec<u8> {
        let schemes = [SignatureScheme::ED25519];
        match by {
            Role::Server => written(|w| write_certificate_request(w, context, |w| w.signature_algorithms(schemes))),
            Role::Client => {
                written(|w| write_client_certificate_request(w, context, |w| w.signature_algorithms(schemes)))
            }
        }
    }

    /// The signature in an authenticator.
    pub fn signature_of(authenticator: &[u8]) -> Option<Vec<u8>> {
        let (_, rest) = Message::split(authenticator)?;
        let (verify, _) =
            Message::split(rest).filter(|(message, _)| message.typ == HandshakeType::CERTIFICATE_VERIFY)?;
        Some(CertificateVerify::parse(verify.body).ok()?.signature.to_vec())
    }

    fn export(&self, what: &str) -> Vec<u8> {
        let label = format!("EXPORTER-{} authenticator {what}", self.sender);
        let mut out = vec![0; 32];
        self.session.exporter().export(label.as_bytes(), b"", &mut out).expect("32 bytes");
        out
    }

    fn finished(&self, transcript: &[&[u8]]) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.export("finished key"));
        let mac = hmac::sign(&key, digest::digest(&digest::SHA256, &transcript.concat()).as_ref());
        written(|w| Finished { verify_data: mac.as_ref() }.write(w))
    }

    /// With somebody's certificate, and with this signature or the attacker's own.
    pub fn authenticator(&self, request: &[u8], context: &[u8], who: usize, signature: Option<Vec<u8>>) -> Vec<u8> {
        let handshake_context = self.export("handshake context");
        let leaf = IDENTITIES[who].chain[0].as_ref();
        let certificate = written(|w| write_certificate(w, context, [leaf], |_| ()));
        let hash = digest::digest(&digest::SHA256, &[&handshake_context, request, &certificate].concat());
        let content = [&[0x20; 64], &b"Exported Authenticator"[..], &[0], hash.as_ref()].concat();
        let own = || IDENTITIES[MALLORY].key.sign(SignatureScheme::ED25519, &content).expect("a signature");
        let signature = signature.unwrap_or_else(own);
        let verify =
            written(|w| CertificateVerify { algorithm: SignatureScheme::ED25519, signature: &signature }.write(w));
        let finished = self.finished(&[&handshake_context, request, &certificate, &verify]);
        [certificate, verify, finished].concat()
    }

    pub fn empty(&self, request: &[u8], context: &[u8]) -> Vec<u8> {
        let certificate = written(|w| write_certificate(w, context, [], |_| ()));
        self.finished(&[&self.export("handshake context"), request, &certificate])
    }
}
