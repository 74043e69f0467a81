//! Shows certificates and CRLs to people. Nothing is verified here.

use crate::ca::ip;
use crate::files::{self, shown};
use countersign::x509::pem::{self, Section};
use ring::digest::{SHA256, digest};
use std::fmt::Write;
use std::path::Path;
use x509_parser::asn1_rs::Oid;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{
    ASN1Time, CertificateRevocationList, FromDer, GeneralName, ParsedExtension, SubjectPublicKeyInfo, X509Certificate,
    X509Extension, X509Name,
};
use x509_parser::public_key::PublicKey;

/// Describes every block of a PEM file, or the one object of a DER file.
pub(crate) fn file(path: &Path, now: i64) -> Result<String, String> {
    let bytes = files::read(path)?;
    describe(&bytes, now).map_err(|why| format!("{}: {why}", shown(path)))
}

pub(crate) fn describe(bytes: &[u8], now: i64) -> Result<String, String> {
    let sections = pem::sections(bytes);
    if sections.is_empty() {
        return Err("there is no certificate and no CRL in it".to_string());
    }
    let mut text = String::new();
    for (index, section) in sections.iter().enumerate() {
        if sections.len() > 1 {
            let _ = write!(text, "{}{} of {}: ", if index == 0 { "" } else { "\n" }, index + 1, sections.len());
        }
        text += &block(section, now).map_err(|why| match section.line {
            0 => why,
            line => format!("line {line}: {why}"),
        })?;
    }
    Ok(text)
}

fn block(section: &Section<'_>, now: i64) -> Result<String, String> {
    match (section.line, &*section.label, section.problem()) {
        (_, _, Some(problem)) => Err(problem.to_string()),
        // DER without a label: the third element of a certificate is not a time, as it is in a CRL.
        (0, ..) => section.der().and_then(|der| {
            certificate(&der, now)
                .or_else(|_| crl(&der, now))
                .map_err(|_| "there is no certificate and no CRL in it".to_string())
        }),
        (_, "CERTIFICATE", None) => certificate(&section.der()?, now),
        (_, "X509 CRL", None) => crl(&section.der()?, now),
        (_, label, None) if label.ends_with("PRIVATE KEY") => Ok("private key (not shown)\n".to_string()),
        (_, label, None) => Ok(format!("{}, which is neither certificate nor CRL\n", escape(label))),
    }
}

fn certificate(der: &[u8], now: i64) -> Result<String, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(describe_certificate(&certificate, der, now)),
        Ok(_) => Err("bytes follow the certificate".to_string()),
        Err(error) => Err(format!("a certificate that cannot be read: {error}")),
    }
}

fn crl(der: &[u8], now: i64) -> Result<String, String> {
    match CertificateRevocationList::from_der(der) {
        Ok(([], crl)) => Ok(describe_crl(&crl, now)),
        Ok(_) => Err("bytes follow the CRL".to_string()),
        Err(error) => Err(format!("a CRL that cannot be read: {error}")),
    }
}

fn describe_certificate(certificate: &X509Certificate<'_>, der: &[u8], now: i64) -> String {
    let mut text = format!("certificate {}\n", name(certificate.subject()));
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:<11} {value}");
    };
    line("issuer", &name(certificate.issuer()));
    line("serial", &hex(certificate.raw_serial()));
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let state = if now < from {
        format!("not valid yet: begins {}", distance(from, now))
    } else if now > until {
        format!("expired {}", distance(until, now))
    } else {
        format!("ends {}", distance(until, now))
    };
    line("valid", &format!("{} to {} ({state})", utc(from), utc(until)));
    line("key", &key(certificate.public_key()));
    line("signed with", &object(&certificate.signature_algorithm.algorithm));
    for extension in certificate.extensions() {
        let (label, value) = describe_extension(extension);
        line(label, &value);
    }
    line("SHA-256", &hex(digest(&SHA256, der).as_ref()));
    line("key SHA-256", &hex(digest(&SHA256, certificate.public_key().raw).as_ref()));
    text
}

fn describe_crl(crl: &CertificateRevocationList<'_>, now: i64) -> String {
    let mut text = format!("CRL of {}\n", name(crl.issuer()));
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(text, "  {label:<11} {value}");
    };
    line("signed", &utc(crl.last_update().timestamp()));
    line(
        "next update",
        &match crl.next_update().map(|time| time.timestamp()) {
            Some(next) if now > next => format!("{} (out of date since {})", utc(next), distance(next, now)),
            Some(next) => format!("{} ({})", utc(next), distance(next, now)),
            None => "never said".to_string(),
        },
    );
    line("signed with", &object(&crl.signature_algorithm.algorithm));
    for extension in crl.extensions() {
        let (label, value) = describe_extension(extension);
        line(label, &value);
    }
    let mut none = true;
    for entry in crl.iter_revoked_certificates() {
        let reason = entry.reason_code().map(|(_, reason)| format!(", {reason}")).unwrap_or_default();
        let when = utc(entry.revocation_date.timestamp());
        line("revoked", &format!("{} on {when}{reason}", hex(entry.raw_serial())));
        none = false;
    }
    if none {
        line("revoked", "nothing");
    }
    text
}

/// An extension as a label and a value. Unknown ones are shown by their object identifier.
fn describe_extension(extension: &X509Extension<'_>) -> (&'static str, String) {
    let list = |names: &[GeneralName<'_>]| names.iter().map(general_name).collect::<Vec<_>>().join(", ");
    let (label, value) = match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => ("names", list(&names.general_names)),
        ParsedExtension::KeyUsage(usage) => ("key usage", usage.to_string()),
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let known = [
                (usage.any, "any"),
                (usage.server_auth, "TLS server"),
                (usage.client_auth, "TLS client"),
                (usage.code_signing, "code signing"),
                (usage.email_protection, "e-mail"),
                (usage.time_stamping, "time stamping"),
                (usage.ocsp_signing, "OCSP signing"),
            ];
            let known = known.iter().filter(|(set, _)| *set).map(|(_, words)| words.to_string());
            ("purpose", known.chain(usage.other.iter().map(object)).collect::<Vec<_>>().join(", "))
        }
        ParsedExtension::BasicConstraints(basic) => {
            let length = basic.path_len_constraint.map(|length| format!(", {length} more CAs below it at most"));
            ("CA", if basic.ca { format!("yes{}", length.unwrap_or_default()) } else { "no".to_string() })
        }
        ParsedExtension::SubjectKeyIdentifier(id) => ("key id", hex(id.0)),
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            ("issuer's id", id.key_identifier.as_ref().map_or("not by key".to_string(), |id| hex(id.0)))
        }
        ParsedExtension::NameConstraints(limits) => {
            let trees = |title: &str, trees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                let trees: Vec<_> = trees.iter().flatten().map(|tree| general_name(&tree.base)).collect();
                if trees.is_empty() { String::new() } else { format!("{title} {}", trees.join(", ")) }
            };
            let parts = [trees("only", &limits.permitted_subtrees), trees("never", &limits.excluded_subtrees)];
            ("may name", parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("; "))
        }
        ParsedExtension::CRLNumber(number) => ("number", number.to_string()),
        ParsedExtension::ParseError { .. } => ("malformed", object(&extension.oid)),
        _ => ("also", object(&extension.oid)),
    };
    (label, if extension.critical { format!("{value} (critical)") } else { value })
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS {}", escape(name)),
        GeneralName::URI(name) => format!("URI {}", escape(name)),
        GeneralName::RFC822Name(name) => format!("e-mail {}", escape(name)),
        GeneralName::IPAddress(octets) => match ip(octets) {
            Some(address) => format!("IP {address}"),
            None => format!("IP #{}", hex(octets)),
        },
        GeneralName::DirectoryName(directory) => format!("directory {}", self::name(directory)),
        GeneralName::RegisteredID(oid) => format!("object {}", object(oid)),
        GeneralName::OtherName(oid, _) => format!("other name of type {}", object(oid)),
        _ => "a name of another kind".to_string(),
    }
}

/// A distinguished name, similar to RFC 4514 but in the certificate's order.
fn name(name: &X509Name<'_>) -> String {
    let one = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
        let label = match oid2abbrev(attribute.attr_type(), oid_registry()) {
            Ok(label) => label.to_string(),
            Err(_) => object(attribute.attr_type()),
        };
        let value = match attribute.as_str() {
            // Separators inside of a value are escaped.
            Ok(value) => escape(value).replace(',', "\\,").replace('+', "\\+"),
            Err(_) => format!("#{}", hex(attribute.as_slice())),
        };
        format!("{label}={value}")
    };
    let names: Vec<_> = name.iter().map(|set| set.iter().map(one).collect::<Vec<_>>().join("+")).collect();
    if names.is_empty() { "(no name)".to_string() } else { names.join(", ") }
}

fn key(key: &SubjectPublicKeyInfo<'_>) -> String {
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match (key.parsed(), curve) {
        (Ok(PublicKey::EC(_)), Some(curve)) => match curve.to_id_string().as_str() {
            "1.2.840.10045.3.1.7" => "P-256".to_string(),
            "1.3.132.0.34" => "P-384".to_string(),
            "1.3.132.0.35" => "P-521".to_string(),
            other => format!("elliptic curve {other}"),
        },
        (Ok(PublicKey::RSA(rsa)), _) => format!("RSA, {} bits", rsa.key_size()),
        _ => object(&key.algorithm.algorithm),
    }
}

/// The name of an object identifier, if it is known.
fn object(oid: &Oid<'_>) -> String {
    match oid.to_id_string().as_str() {
        "1.3.101.112" => "Ed25519".to_string(),
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44".to_string(),
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65".to_string(),
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87".to_string(),
        number => oid_registry().get(oid).map_or(number.to_string(), |entry| entry.sn().to_string()),
    }
}

/// Makes a name from a file or a command line safe to print. It escapes control characters (which a terminal would
/// execute), quotes and backslashes, and characters that reorder, join or hide text (bidirectional and zero-width
/// characters).
pub(crate) fn escape(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '"' | '\'' | '`' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => {
                let _ = write!(text, "{}", c.escape_unicode());
            }
            c if c.is_control() => {
                let _ = write!(text, "{}", c.escape_unicode());
            }
            c => text.push(c),
        }
    }
    text
}

/// A path as one word of a shell command.
pub(crate) fn driver(path: &Path) -> String {
    let text = path.to_string_lossy();
    if text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_')) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn utc(seconds: i64) -> String {
    let Ok(time) = ASN1Time::from_timestamp(seconds) else {
        return format!("{seconds} s from 1970");
    };
    let time = time.to_datetime();
    let month = u8::from(time.month());
    format!("{:04}-{month:02}-{:02} {:02}:{:02} UTC", time.year(), time.day(), time.hour(), time.minute())
}

/// The time from `now` to `then` in words, in the largest unit with at least two: "3 h ago", "in 89 days".
pub(crate) fn distance(then: i64, now: i64) -> String {
    let seconds = then.abs_diff(now);
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    if then > now { format!("in {count} {unit}") } else { format!("{count} {unit} ago") }
}
