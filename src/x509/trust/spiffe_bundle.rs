//! The certificates of a SPIFFE bundle in its JSON form: a JWK Set (RFC 7517) with keys for `x509-svid`, after SPIFFE
//! Trust Domain and Bundle §4 and X509-SVID §6.

use super::json::{Json, Malformed};
use crate::x509::pem;
use std::{format, string::String, string::ToString, vec::Vec};

/// A certificate and the line of its entry, or what is wrong there.
pub(super) type Entry = (usize, Result<Vec<u8>, String>);

/// Is it JSON? PEM and DER begin otherwise.
pub(super) fn is_json(file: &[u8]) -> bool {
    without_mark(file).trim_ascii_start().first() == Some(&b'{')
}

/// Without a byte order mark, which may be ignored (RFC 8259 §8.1).
fn without_mark(file: &[u8]) -> &[u8] {
    file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file)
}

/// The certificates of a bundle. An entry of another use or of an unknown key type is for others, and one without
/// certificate is empty: all three MUST be ignored (§4.2.1, §4.2.2; X509-SVID §6.2).
pub(super) fn certificates(file: &[u8]) -> Vec<Entry> {
    let json = match Json::read(without_mark(file)) {
        Ok(json) => json,
        Err(Malformed { line, what }) => return [(line, Err(format!("the SPIFFE bundle is no JSON: {what}")))].into(),
    };
    let Some(keys) = json.get("keys").and_then(Json::as_array) else {
        let what = match json.get("trust_domains") {
            Some(_) => "it is a map of SPIFFE bundles: load each of its \"trust_domains\" as a bundle of its own",
            None => "the SPIFFE bundle has no list of \"keys\"",
        };
        return [(1, Err(what.to_string()))].into();
    };
    let entries: Vec<Entry> = keys.iter().enumerate().filter_map(|(index, key)| entry(index, key)).collect();
    match entries.is_empty() {
        true => [(1, Err("the SPIFFE bundle has no certificate for \"x509-svid\"".to_string()))].into(),
        false => entries,
    }
}

/// The certificate of one JWK; `None`: it is to be ignored.
fn entry(index: usize, key: &Json) -> Option<Entry> {
    let wrong = |line, what: &str| Some((line, Err(format!("key {index} of the SPIFFE bundle: {what}"))));
    let Json::Object(_, line) = key else { return wrong(1, "it is no object") };
    let wrong = |what| wrong(*line, what);
    let text = |name| key.get(name).map(Json::as_str);
    match (text("use"), text("kty")) {
        (Some(Some("x509-svid")), Some(Some("EC" | "RSA" | "OKP"))) => {}
        (Some(Some(_)), Some(Some(_))) => return None,
        (Some(Some(_)), _) => return wrong("it has no \"kty\""),
        _ => return wrong("it has no \"use\""),
    }
    let chain = key.get("x5c")?;
    let Some(chain) = chain.as_array() else { return wrong("its \"x5c\" is no list") };
    match chain.first() {
        None => None,
        Some(Json::String(text, line)) => match base64(text) {
            Some(der) => Some((*line, Ok(der))),
            None => wrong("its \"x5c\" is no base64"),
        },
        Some(_) => wrong("its \"x5c\" holds no text"),
    }
}

/// Base64, not base64url, and without white space (RFC 7517 §4.7).
fn base64(text: &str) -> Option<Vec<u8>> {
    match text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        true => None,
        false => pem::decode(text.as_bytes(), false),
    }
}
