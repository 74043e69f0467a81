//! What can be computed again: both CertificateVerify and both Finished.

use super::keys;
use super::model::{Check, Input, Level, Message, Text, Value};
use super::schedule::Schedule;
use super::transcript::Transcript;
use crate::Role;
use crate::asn1::Spki;
use crate::codec::SignatureScheme;
use crate::crypto::{CryptoMode, verify};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const MISSING_MESSAGE: Text =
    Text::new("there is no such message that could be read", "no hay ningún mensaje de este tipo que se pueda leer");

/// The four proofs of a mutual handshake, in the order in which they are given.
pub(super) fn all(transcript: &Transcript<'_>, schedule: &mut Schedule<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for role in [Role::Server, Role::Client] {
        checks.push(certificate_verify(role, transcript, schedule));
        checks.push(finished(role, transcript, schedule));
    }
    checks
}

fn unknown(name: String, formula: String, text: Text, rfc: &'static str, why: Text) -> Check {
    let (expected, got) = (Value::Missing(why.clone()), Value::Missing(why));
    Check { name, expected, got, ok: None, inputs: Vec::new(), formula, level: Level::Capture, text, rfc }
}

/// A span of a message, without its header.
fn span(name: &str, message: &Message, skip: usize, len: usize) -> Input {
    let start = message.start.saturating_add(skip);
    Input::Span { name: name.into(), space: message.space, start, len }
}

fn finished(role: Role, transcript: &Transcript<'_>, schedule: &mut Schedule<'_>) -> Check {
    let (name, key_name) = (format!("{role} Finished"), format!("{role}_finished_key"));
    let text = match role {
        Role::Server => Text::new(
            "The server has seen the same conversation, byte by byte, and holds the same secrets.",
            "El servidor ha visto la misma conversación, byte a byte, y tiene los mismos secretos.",
        ),
        Role::Client => Text::new(
            "The client has seen the same conversation, byte by byte, and holds the same secrets.",
            "El cliente ha visto la misma conversación, byte a byte, y tiene los mismos secretos.",
        ),
    };
    let rfc = "RFC 9846 §4.5.3";
    let Some((message, (hash, derived))) =
        transcript.message(role, "finished").and_then(|message| Some((message, transcript.hash(message, false)?)))
    else {
        return unknown(name, format!("HMAC({key_name}, ?)"), text, rfc, MISSING_MESSAGE);
    };
    let hash_name = schedule.add_hash(derived);
    let formula = format!("HMAC({key_name}, {hash_name})");
    let got = transcript.bytes(message).get(4..).unwrap_or_default().to_vec();
    let inputs = Vec::from([
        Input::Named(key_name.clone()),
        Input::Named(hash_name),
        span("verify_data", message, 4, got.len()),
    ]);
    let expected = schedule.bytes(&key_name).and_then(|key| keys::hmac(transcript.algorithm(), &key, &hash));
    let ok = expected.as_ref().map(|expected| *expected == got);
    let missing = Text::made(format!("needs {key_name}"), format!("necesita {key_name}"));
    let expected = expected.map_or(Value::Missing(missing), Value::Known);
    Check { name, expected, got: Value::Known(got), ok, inputs, formula, level: Level::Capture, text, rfc }
}

/// §4.5.2: 64 spaces, a context, a zero, the transcript hash. Written down a second time here, as this module is to
/// disagree with `schedule` if one of them is wrong.
fn signed_content(role: Role, hash: &[u8]) -> Vec<u8> {
    let mut content = alloc::vec![0x20; 64];
    content.extend_from_slice(match role {
        Role::Server => b"TLS 1.3, server CertificateVerify",
        Role::Client => b"TLS 1.3, client CertificateVerify",
    });
    content.push(0);
    content.extend_from_slice(hash);
    content
}

/// Scheme and signature of a CertificateVerify.
fn signature(body: &[u8]) -> Option<(SignatureScheme, &[u8])> {
    let [scheme_high, scheme_low, len_high, len_low, signature @ ..] = body else { return None };
    let len = usize::from(u16::from_be_bytes([*len_high, *len_low]));
    let scheme = SignatureScheme(u16::from_be_bytes([*scheme_high, *scheme_low]));
    (signature.len() == len).then_some((scheme, signature))
}

/// The first certificate of a Certificate message, and where it lies in the message.
fn leaf(message: &[u8]) -> Option<(usize, &[u8])> {
    let context = usize::from(*message.get(4)?);
    let at = context.checked_add(5)?.checked_add(3)?;
    let len = message.get(at..at.checked_add(3)?)?.iter().fold(0, |len: usize, byte| len << 8 | usize::from(*byte));
    let start = at.checked_add(3)?;
    Some((start, message.get(start..start.checked_add(len)?)?))
}

fn certificate_verify(role: Role, transcript: &Transcript<'_>, schedule: &mut Schedule<'_>) -> Check {
    let name = format!("{role} CertificateVerify");
    let text = match role {
        Role::Server => Text::new(
            "The server holds the private key of its certificate, and has signed this conversation and no other.",
            "El servidor tiene la clave privada de su certificado y ha firmado esta conversación y ninguna otra.",
        ),
        Role::Client => Text::new(
            "The client holds the private key of its certificate, and has signed this conversation and no other.",
            "El cliente tiene la clave privada de su certificado y ha firmado esta conversación y ninguna otra.",
        ),
    };
    let rfc = "RFC 9846 §4.5.2";
    let found = || {
        let message = transcript.message(role, "certificate_verify")?;
        let certificate = transcript.message(role, "certificate")?;
        let (hash, derived) = transcript.hash(message, false)?;
        let body = transcript.bytes(message).get(4..)?;
        let (scheme, signature) = signature(body)?;
        Some((message, certificate, hash, derived, scheme, signature, leaf(transcript.bytes(certificate))?))
    };
    let Some((message, certificate, hash, derived, scheme, signature, (leaf_at, leaf))) = found() else {
        return unknown(name, "verify(public key, signed content, signature)".into(), text, rfc, MISSING_MESSAGE);
    };
    let hash_name = schedule.add_hash(derived);
    let content = signed_content(role, hash.as_ref());
    let verdict = match Spki::of_certificate(leaf).or_else(|_| Spki::from_der(leaf)) {
        Ok(spki) => match verify(scheme, &spki.key, &content, signature, CryptoMode::Real) {
            Ok(()) => Ok(true),
            Err(crate::crypto::VerifyError::BadSignature) => Ok(false),
            Err(why) => Err(Text::made(
                format!("{why} ({scheme}, {}): not checked here", spki.key),
                format!("aquí no se comprueba: {why} ({scheme}, {})", spki.key),
            )),
        },
        Err(why) => Err(Text::made(
            format!("the certificate's key cannot be read: {why}"),
            format!("no se puede leer la clave del certificado: {why}"),
        )),
    };
    let inputs = Vec::from([
        Input::Named(hash_name.clone()),
        Input::Bytes("signed content", content.clone()),
        span("certificate", certificate, leaf_at, leaf.len()),
        span("signature", message, 8, signature.len()),
    ]);
    let formula = format!(
        "verify[{scheme}](public key of the certificate, 64 * 0x20 || \"TLS 1.3, {role} CertificateVerify\" || 0x00 || \
         {hash_name}, signature)"
    );
    let (ok, text) = match verdict {
        Ok(ok) => (Some(ok), text),
        Err(why) => (None, why),
    };
    let (expected, got) = (Value::Known(content), Value::Known(signature.to_vec()));
    Check { name, expected, got, ok, inputs, formula, level: Level::Capture, text, rfc }
}
