//! The names that are allowed in certificates and as file names.

use crate::show::escape;
use std::net::IpAddr;

/// The NAME of a certificate. It is also a file name, and the subject's common name (at most 64 characters, RFC 5280
/// A.1).
pub(crate) fn file_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let taken = ["ca", "intermediate", "crl", "issued"].contains(&name.to_ascii_lowercase().as_str());
    match name {
        _ if taken => Err(format!("'{name}' is a name that the CA uses itself")),
        _ if name.is_empty() || name.len() > 64 || !name.chars().all(plain) || name.starts_with(['.', '-']) => {
            Err(format!(
                "'{}' cannot be a NAME: 1 to 64 letters, digits, '.', '-', '_', no '.' or '-' in front",
                escape(name)
            ))
        }
        _ => Ok(()),
    }
}

/// A DNS name in lower case. Its first label may be `*`.
pub(crate) fn dns(name: &str) -> Result<String, String> {
    let shown = escape(name);
    if !name.is_ascii() {
        return Err(format!("'{shown}' is not ASCII: write international names in their xn-- form"));
    }
    if name.parse::<IpAddr>().is_ok() {
        return Err(format!("'{shown}' is an address: use --ip"));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !labels.split('.').all(label) {
        return Err(format!("'{shown}' is no DNS name"));
    }
    Ok(name.to_ascii_lowercase())
}

/// The SPIFFE ID of a workload, by the rules of SPIFFE-ID 2.1 to 2.3. The path must not be empty (X509-SVID 3.1).
pub(crate) fn spiffe(id: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("'{}' is no SPIFFE ID: {why}", escape(id)));
    let Some(rest) = id.strip_prefix("spiffe://") else {
        return refuse("it does not begin with spiffe://");
    };
    let Some((domain, path)) = rest.split_once('/') else {
        return refuse("a workload's ID has a path, like spiffe://example.org/client");
    };
    let sign = |b: u8| matches!(b, b'.' | b'-' | b'_') || b.is_ascii_digit();
    if id.len() > 2048 {
        return refuse("it is longer than 2048 bytes");
    }
    if !(1..=255).contains(&domain.len()) || !domain.bytes().all(|b| sign(b) || b.is_ascii_lowercase()) {
        return refuse("a trust domain is 1 to 255 of a-z, 0-9, '.', '-', '_'");
    }
    let segment = |s: &str| !matches!(s, "" | "." | "..") && s.bytes().all(|b| sign(b) || b.is_ascii_alphabetic());
    if !path.split('/').all(segment) {
        return refuse("a path's segments are letters, digits, '.', '-', '_', and none is empty, '.' or '..'");
    }
    Ok(id.to_string())
}
