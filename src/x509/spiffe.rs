//! SPIFFE: IDs, trust domains, and the rules of an X.509-SVID, after the SPIFFE-ID and X509-SVID standards
//! (<https://github.com/spiffe/spiffe/tree/main/standards>).

use crate::asn1::{Certificate, GeneralName};
use core::{fmt, str::FromStr};
use std::string::{String, ToString};

const SCHEME: &str = "spiffe://";
/// SPIFFE-ID §2.3: the longest ID, and the longest trust domain name.
const MAX_ID: usize = 2048;
const MAX_DOMAIN: usize = 255;

/// A trust domain's name, as `example.org`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

/// A SPIFFE ID with a path, as `spiffe://example.org/billing/api`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpiffeId(String);

/// Text that is no SPIFFE ID or trust domain; says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSpiffeId(pub &'static str);

impl fmt::Display for InvalidSpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidSpiffeId {}

impl TrustDomain {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Would a reader who is not strict take this URI for an ID of the domain? (`SPIFFE://Example.org:443/..`)
    pub(super) fn claims(&self, uri: &str) -> bool {
        let scheme = uri.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
        let rest = uri.get(SCHEME.len()..).unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
        scheme && host.eq_ignore_ascii_case(&self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = InvalidSpiffeId;

    /// Takes `example.org` and `spiffe://example.org`.
    fn from_str(text: &str) -> Result<TrustDomain, InvalidSpiffeId> {
        let name = text.strip_prefix(SCHEME).unwrap_or(text);
        check_domain(name)?;
        Ok(TrustDomain(name.to_string()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.0)
    }
}

impl SpiffeId {
    /// The whole URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trust domain's name.
    pub fn trust_domain(&self) -> &str {
        trust_domain(&self.0)
    }

    /// The path, with its leading slash.
    pub fn path(&self) -> &str {
        split(&self.0).map_or("", |(_, path)| path)
    }
}

impl FromStr for SpiffeId {
    type Err = InvalidSpiffeId;

    fn from_str(text: &str) -> Result<SpiffeId, InvalidSpiffeId> {
        check_id(text)?;
        Ok(SpiffeId(text.to_string()))
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `spiffe://domain/path` into `domain` and `/path`.
fn split(id: &str) -> Option<(&str, &str)> {
    let rest = id.strip_prefix(SCHEME)?;
    rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))
}

/// SPIFFE-ID §2.1: lower-case letters, digits, `.`, `-`, `_`; no port, user or percent-encoding.
fn check_domain(name: &str) -> Result<(), InvalidSpiffeId> {
    match name.len() {
        0 => return Err(InvalidSpiffeId("the trust domain is empty")),
        len if len > MAX_DOMAIN => return Err(InvalidSpiffeId("the trust domain is longer than 255 bytes")),
        _ => {}
    }
    match name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')) {
        true => Ok(()),
        false => Err(InvalidSpiffeId("the trust domain may hold only a-z, 0-9, '.', '-' and '_'")),
    }
}

/// SPIFFE-ID §2: scheme, trust domain, and for a leaf a non-empty path (X509-SVID §3.1) of plain segments.
fn check_id(id: &str) -> Result<(), InvalidSpiffeId> {
    if id.len() > MAX_ID {
        return Err(InvalidSpiffeId("the SPIFFE ID is longer than 2048 bytes"));
    }
    let (domain, path) = split(id).ok_or(InvalidSpiffeId("its URI is no spiffe:// ID"))?;
    check_domain(domain)?;
    let segments = path.strip_prefix('/').ok_or(InvalidSpiffeId("the SPIFFE ID has no path"))?;
    for segment in segments.split('/') {
        match segment {
            "" => return Err(InvalidSpiffeId("the SPIFFE ID has an empty path segment or a trailing slash")),
            "." | ".." => return Err(InvalidSpiffeId("the SPIFFE ID has a relative path segment")),
            _ => {}
        }
        if !segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
            return Err(InvalidSpiffeId("a SPIFFE path may hold only letters, digits, '.', '-' and '_'"));
        }
    }
    Ok(())
}

/// The SPIFFE ID of a leaf that is a valid X.509-SVID, by X509-SVID §2 to §5.2, borrowed; the error says why
/// it is none. Its chain is judged elsewhere.
pub(super) fn svid<'a>(leaf: &Certificate<'a>) -> Result<&'a str, &'static str> {
    let mut uris = leaf.names().filter_map(|name| match name {
        GeneralName::Uri(uri) => Some(uri),
        _ => None,
    });
    let id = match (uris.next(), uris.next()) {
        (Some(id), None) => id,
        (None, _) => return Err("it has no URI SAN"),
        // §2: MUST reject.
        (Some(_), Some(_)) => return Err("it has more than one URI SAN"),
    };
    check_id(id).map_err(|InvalidSpiffeId(why)| why)?;
    // §5.2: a leaf, and not one that signs.
    if leaf.is_ca() {
        return Err("a CA certificate identifies nobody");
    }
    // §4.3: MUST be set. (That it MUST be critical binds the issuer.)
    match leaf.extensions.key_usage {
        None => return Err("it has no keyUsage"),
        Some(usage) if usage.key_cert_sign() || usage.crl_sign() => {
            return Err("its keyUsage has keyCertSign or cRLSign");
        }
        Some(usage) if !usage.digital_signature() => {
            return Err("its keyUsage lacks digitalSignature");
        }
        Some(_) => {}
    }
    // §4.4 wants both purposes in an extKeyUsage: that binds the issuer. The peer's own role is judged with every leaf.
    Ok(id)
}

/// The trust domain of an ID that [`svid`] has found valid.
pub(super) fn trust_domain(id: &str) -> &str {
    split(id).map_or("", |(domain, _)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der};
    use std::{format, string::String};

    fn reason(id: &str) -> &'static str {
        id.parse::<SpiffeId>().unwrap_err().0
    }

    #[test]
    fn the_ids_of_the_standard_are_taken_apart() {
        for (id, domain, path) in [
            ("spiffe://staging.example.com/payments/mysql", "staging.example.com", "/payments/mysql"),
            ("spiffe://k8s-west.example.com/ns/staging/sa/default", "k8s-west.example.com", "/ns/staging/sa/default"),
            ("spiffe://a_b/X.y_Z-0", "a_b", "/X.y_Z-0"),
            ("spiffe://example.com/...", "example.com", "/..."),
        ] {
            let id: SpiffeId = id.parse().unwrap();
            assert_eq!((id.trust_domain(), id.path()), (domain, path));
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        for (id, says) in [
            ("https://example.com/a", "no spiffe:// ID"),
            ("SPIFFE://example.com/a", "no spiffe:// ID"),
            ("spiffe:/example.com/a", "no spiffe:// ID"),
            ("", "no spiffe:// ID"),
            ("spiffe:///a", "trust domain is empty"),
            ("spiffe://", "trust domain is empty"),
            ("spiffe://Example.com/a", "a-z"),
            ("spiffe://example.com:443/a", "a-z"),
            ("spiffe://user@example.com/a", "a-z"),
            ("spiffe://ex%61mple.com/a", "a-z"),
            ("spiffe://example.com", "no path"),
            ("spiffe://example.com?q/a", "a-z"),
            ("spiffe://example.com/", "empty path segment"),
            ("spiffe://example.com/a/", "trailing slash"),
            ("spiffe://example.com//a", "empty path segment"),
            ("spiffe://example.com/a/../b", "relative"),
            ("spiffe://example.com/./b", "relative"),
            ("spiffe://example.com/..", "relative"),
            ("spiffe://example.com/.", "relative"),
            ("spiffe://example.com/a/..", "relative"),
            ("spiffe://example.com/a/.", "relative"),
            ("spiffe://example.com/a?q=1", "only letters"),
            ("spiffe://example.com/a#f", "only letters"),
            ("spiffe://example.com/%2e%2e/b", "only letters"),
            ("spiffe://example.com/a b", "only letters"),
            ("spiffe://example.com/ä", "only letters"),
            ("spiffe://example.com/a\0b", "only letters"),
        ] {
            assert!(reason(id).contains(says), "{id}: {}", reason(id));
            assert_eq!(InvalidSpiffeId(reason(id)).to_string(), reason(id));
        }
    }

    // SPIFFE-ID §2.1, §2.2: these characters and no others, wherever they stand.
    #[test]
    fn every_character_is_plain_or_refused_at_every_place() {
        for character in (0..=0xff_u8).map(char::from).chain(['\u{2024}', '\u{ff0e}', '\u{202e}']) {
            let in_path = character.is_ascii_alphanumeric() || "-_.".contains(character);
            let in_domain = in_path && !character.is_ascii_uppercase();
            for around in [("", "ab"), ("a", "b"), ("ab", "")] {
                let part = format!("{}{character}{}", around.0, around.1);
                // A slash cuts the part in two: neither may be empty.
                let cut = character == '/' && !around.0.is_empty() && !around.1.is_empty();
                let domain = format!("spiffe://{part}/p").parse::<SpiffeId>();
                assert_eq!(domain.is_ok(), in_domain || cut, "{part}");
                assert_eq!(part.parse::<TrustDomain>().is_ok(), in_domain, "{part}");
                for path in [format!("{part}/x"), format!("x/{part}/x"), format!("x/{part}")] {
                    let id = format!("spiffe://example.com/{path}").parse::<SpiffeId>();
                    assert_eq!(id.is_ok(), in_path || cut, "{path}");
                }
            }
        }
    }

    // SPIFFE-ID §2.2: "Path segments MUST NOT be empty, `.` or `..`": the first, one between, the last, the only one.
    #[test]
    fn a_path_has_no_empty_or_relative_segment_at_any_place() {
        for (segment, says) in [("", "empty"), (".", "relative"), ("..", "relative")] {
            for path in ["{}", "{}/a", "a/{}/b", "a/{}", "a/b/{}", "{}/{}", "a/{}/.."] {
                let id = format!("spiffe://example.com/{}", path.replace("{}", segment));
                assert!(reason(&id).contains(says), "{id}: {}", reason(&id));
            }
        }
        for segment in ["...", "..a", "a..", ".a", "a.", "-", "_"] {
            for path in ["{}", "{}/a", "a/{}/b", "a/{}"] {
                let id = format!("spiffe://example.com/{}", path.replace("{}", segment));
                assert_eq!(id.parse::<SpiffeId>().map(|id| id.to_string()), Ok(id.clone()), "kept as it is");
            }
        }
    }

    // X509-SVID §4.3: digitalSignature, and neither keyCertSign nor cRLSign.
    #[test]
    fn an_svid_has_a_key_that_signs_handshakes_and_nothing_else() {
        let says = |made: Made| svid(&Certificate::from_der(&made.der()).unwrap()).map(drop);
        let leaf = || Made::with(&[0x55, 0x1d, 17], &der(0x30, &der(0x86, b"spiffe://example.org/api")));
        assert_eq!(says(leaf()), Err("it has no keyUsage"));
        for bits in 1..=255_u8 {
            // The first bits are digitalSignature (0), keyCertSign (5), cRLSign (6); DER ends with the last one that is set.
            let unused = u8::try_from(bits.trailing_zeros()).unwrap();
            let has = |bit: u8| bits & 0x80 >> bit != 0;
            let expected = match (has(0), has(5) || has(6)) {
                (_, true) => Err("its keyUsage has keyCertSign or cRLSign"),
                (false, false) => Err("its keyUsage lacks digitalSignature"),
                (true, false) => Ok(()),
            };
            assert_eq!(says(leaf().and(&[0x55, 0x1d, 15], None, &der(0x03, &[unused, bits]))), expected, "{bits:08b}");
        }
    }

    #[test]
    fn lengths_are_limited_at_2048_and_255() {
        let id = |path: usize| format!("spiffe://example.com/{}", "p".repeat(path));
        assert!(id(2048 - 21).parse::<SpiffeId>().is_ok());
        assert!(reason(&id(2048 - 20)).contains("2048"));
        let domain = |len: usize| String::from_utf8(std::vec![b'd'; len]).unwrap();
        assert!(domain(255).parse::<TrustDomain>().is_ok());
        assert!(domain(256).parse::<TrustDomain>().is_err());
    }

    #[test]
    fn trust_domains_are_read_with_and_without_the_scheme() {
        assert_eq!("spiffe://example.org".parse::<TrustDomain>(), "example.org".parse());
        assert!("spiffe://example.org/path".parse::<TrustDomain>().is_err());
        assert!("".parse::<TrustDomain>().is_err());
    }
}
