//! The checks of both CertificateVerify and both Finished messages.

use super::keys;
use super::model::{Check, Input, Level, Text, Value};
use super::schedule::{Schedule, needs};
use super::transcript::{Located, Transcript};
use crate::Role;
use crate::asn1::Spki;
use crate::codec::SignatureScheme;
use crate::crypto::{CryptoMode, Hash, verify};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const MISSING_MESSAGE: Text =
    Text::new("there is no such message that could be read", "no hay ningún mensaje de este tipo que se pueda leer");

/// The four checks of a mutual handshake, in the order of the messages.
pub(super) fn all(transcript: &Transcript<'_>, schedule: &mut Schedule<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    for role in [Role::Server, Role::Client] {
        checks.push(certificate_verify(role, transcript, schedule));
        checks.push(finished(role, transcript, schedule));
    }
    checks
}

pub(super) fn unknown(name: String, formula: String, text: Text, rfc: &'static str, why: Text) -> Check {
    let (expected, got) = (Value::Missing(why.clone()), Value::Missing(why));
    Check { name, expected, got, ok: None, inputs: Vec::new(), formula, level: Level::Capture, text, rfc }
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
    let hash = (hash, schedule.add_hash(derived));
    mac(name, key_name, text, rfc, hash, transcript.located(message), schedule)
}

/// The check of a Finished: HMAC(key, hash).
pub(super) fn mac(
    name: String,
    key_name: String,
    text: Text,
    rfc: &'static str,
    (hash, hash_name): (Hash, String),
    message: Located<'_>,
    schedule: &Schedule<'_>,
) -> Check {
    let formula = format!("HMAC({key_name}, {hash_name})");
    let got = message.bytes.get(4..).unwrap_or_default().to_vec();
    let inputs =
        Vec::from([Input::Named(key_name.clone()), Input::Named(hash_name), message.span("verify_data", 4, got.len())]);
    let expected = schedule.bytes(&key_name).and_then(|key| keys::hmac(schedule.algorithm(), &key, &hash));
    let ok = expected.as_ref().map(|expected| *expected == got);
    let expected = expected.map_or(Value::Missing(needs(&key_name)), Value::Known);
    Check { name, expected, got: Value::Known(got), ok, inputs, formula, level: Level::Capture, text, rfc }
}

/// The signed content of §4.5.2: 64 spaces, a context string, a zero byte and the transcript hash. This is independent of
/// `schedule`, so that the two disagree if one of them is wrong.
fn signed_content(context: &str, hash: &[u8]) -> Vec<u8> {
    let mut content = alloc::vec![0x20; 64];
    content.extend_from_slice(context.as_bytes());
    content.push(0);
    content.extend_from_slice(hash);
    content
}

/// The scheme and signature in a CertificateVerify.
fn scheme_and_signature(body: &[u8]) -> Option<(SignatureScheme, &[u8])> {
    let [scheme_high, scheme_low, len_high, len_low, signature @ ..] = body else { return None };
    let len = usize::from(u16::from_be_bytes([*len_high, *len_low]));
    let scheme = SignatureScheme(u16::from_be_bytes([*scheme_high, *scheme_low]));
    (signature.len() == len).then_some((scheme, signature))
}

/// The first certificate of a Certificate message, and its position in the message.
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
        Some((transcript.located(message), transcript.located(certificate), transcript.hash(message, false)?))
    };
    let Some((message, certificate, (hash, derived))) = found() else {
        return unknown(name, VERIFY.into(), text, rfc, MISSING_MESSAGE);
    };
    let hash = (hash, schedule.add_hash(derived));
    signature(name, &format!("TLS 1.3, {role} CertificateVerify"), text, rfc, hash, certificate, message)
}

/// The formula of a signature.
pub(super) const VERIFY: &str = "verify(public key, signed content, signature)";

/// The check of a CertificateVerify: a signature by the key in a Certificate message, over a context and a hash.
pub(super) fn signature(
    name: String,
    context: &str,
    text: Text,
    rfc: &'static str,
    (hash, hash_name): (Hash, String),
    certificate: Located<'_>,
    message: Located<'_>,
) -> Check {
    let parts = message.bytes.get(4..).and_then(scheme_and_signature).zip(leaf(certificate.bytes));
    let Some(((scheme, signature), (leaf_at, leaf))) = parts else {
        return unknown(name, VERIFY.into(), text, rfc, MISSING_MESSAGE);
    };
    let content = signed_content(context, hash.as_ref());
    let verdict = match Spki::of_certificate(leaf).or_else(|_| Spki::from_der(leaf)) {
        Ok(spki) => match verify(scheme, &spki.key, &content, signature, CryptoMode::Real) {
            Ok(()) => Ok(true),
            Err(crate::crypto::VerifyError::BadSignature) => Ok(false),
            Err(why) => Err(Text::made(
                format!("{why} ({scheme}, {}): not checked here", spki.key),
                format!(
                    "aquí no se comprueba: la clave no se admite, o no encaja con el esquema ({scheme}, {})",
                    spki.key
                ),
            )),
        },
        Err(why) => Err(Text::made(
            format!("the certificate's key cannot be read: {why}"),
            "no se puede leer la clave del certificado".into(),
        )),
    };
    let inputs = Vec::from([
        Input::Named(hash_name.clone()),
        Input::Bytes("signed content", content.clone()),
        certificate.span("certificate", leaf_at, leaf.len()),
        message.span("signature", 8, signature.len()),
    ]);
    let formula = format!(
        "verify[{scheme}](public key of the certificate, 64 * 0x20 || \"{context}\" || 0x00 || \
         {hash_name}, signature)"
    );
    let (ok, text) = match verdict {
        Ok(ok) => (Some(ok), text),
        Err(why) => (None, why),
    };
    let (expected, got) = (Value::Known(content), Value::Known(signature.to_vec()));
    Check { name, expected, got, ok, inputs, formula, level: Level::Capture, text, rfc }
}
