//! The rules of RFC 5280 that webpki leaves out, each by its section.
//!
//! Two classes. *Validation* rules are always on. *Issuance* rules bind issuers and leave the certificate safe to use
//! where they are broken (a missing authorityKeyIdentifier): they are on with `TrustBuilder::strict_issuance`, because
//! many private PKIs break one of them.

use super::asn1::{ANY_PURPOSE, Broken, CLIENT_AUTH, Cert, GeneralName, Id, KeyUsage, SERVER_AUTH, only, reader};
use super::asn1::{context, expect, general_name, optional};
use super::fault::Fault;
use crate::Role;
use crate::codec::{PublicKey, spki::parse_spki};
use der::{Reader, Tag};

/// An empty Name: SEQUENCE {}.
const EMPTY_NAME: &[u8] = &[0x30, 0];
/// RFC 5280 §4.1.2.2: serial numbers have at most 20 octets.
const MAX_SERIAL: usize = 20;

/// Rules for every certificate below the root.
fn every(cert: &Cert<'_>, strict: bool) -> Result<(), Fault> {
    // §4.1.2.4: the issuer is a non-empty name.
    if cert.issuer == EMPTY_NAME {
        return Err(Fault::Malformed("its issuer is empty"));
    }
    // §4.1.2.2: positive, at most 20 octets (21 with a sign octet would be 2^160 or more).
    match cert.serial {
        [] => return Err(Fault::Malformed("its serial number is empty")),
        [first, ..] if *first >= 0x80 => return Err(Fault::Malformed("its serial number is negative")),
        serial if serial.len() > MAX_SERIAL => return Err(Fault::Malformed("its serial number is too long")),
        [0] => return Err(Fault::Malformed("its serial number is zero")),
        _ => {}
    }
    // §4.2.1.11: we process no policies, so a constraint on them cannot be honoured.
    if cert.extension(Id::PolicyConstraints).is_some() {
        return Err(Fault::UnsupportedConstraint("policies"));
    }
    // §4.2.1.1: MUST be there in all certificates except self-signed ones.
    if strict && cert.issuer_key_id().is_none() {
        return Err(Fault::Malformed("it has no authorityKeyIdentifier"));
    }
    names(cert, strict)
}

/// §4.2.1.6: subject alternative names.
fn names(cert: &Cert<'_>, strict: bool) -> Result<(), Fault> {
    let Some(extension) = cert.extension(Id::SubjectAltName) else { return Ok(()) };
    if only(extension.value, Tag::Sequence).is_none_or(<[u8]>::is_empty) {
        return Err(Fault::Malformed("its subjectAltName is empty or broken"));
    }
    for name in cert.names().iter() {
        match name {
            GeneralName::Broken => return Err(Fault::Malformed("its subjectAltName is broken")),
            GeneralName::Ip(octets) if octets.len() != 4 && octets.len() != 16 => {
                return Err(Fault::Malformed("an IP address in its subjectAltName has the wrong length"));
            }
            GeneralName::Dns(text) | GeneralName::Uri(text) | GeneralName::Email(text) if !text.is_ascii() => {
                return Err(Fault::Malformed("a name in its subjectAltName is not ASCII"));
            }
            // RFC 1034 §3.5 knows no underscore; service names in the wild do.
            GeneralName::Dns(text) if strict && text.contains(&b'_') => {
                return Err(Fault::Malformed("a DNS name in its subjectAltName has an underscore"));
            }
            _ => {}
        }
    }
    // §4.2.1.6: critical if the subject is empty.
    if strict && cert.subject == EMPTY_NAME && !extension.critical {
        return Err(Fault::Malformed("its subject is empty, but its subjectAltName not critical"));
    }
    Ok(())
}

/// Rules for the peer's own certificate. `required`: extKeyUsage must name the role.
pub(super) fn leaf(cert: &Cert<'_>, role: Role, required: bool, strict: bool) -> Result<(), Fault> {
    every(cert, strict)?;
    if let Some(usage) = cert.key_usage().map_err(Fault::Malformed)? {
        // §4.2.1.3: TLS 1.3 proves possession by a signature.
        if !usage.digital_signature() {
            return Err(Fault::KeyUsage("digitalSignature"));
        }
        // §4.2.1.9: only a CA may have keyCertSign.
        if usage.key_cert_sign() {
            return Err(Fault::Malformed("its keyUsage has keyCertSign, but it is no CA"));
        }
    }
    // §4.2.1.10: name constraints only in CA certificates.
    if cert.extension(Id::NameConstraints).is_some() {
        return Err(Fault::Malformed("it has nameConstraints, but it is no CA"));
    }
    if !purpose(cert, role, required) {
        return Err(Fault::ExtKeyUsage(role));
    }
    public_key(cert)
}

/// §4.2.1.12: absent, or anyExtendedKeyUsage: any purpose; either may be refused by policy.
pub(super) fn purpose(cert: &Cert<'_>, role: Role, required: bool) -> bool {
    let purpose = match role {
        Role::Server => SERVER_AUTH,
        Role::Client => CLIENT_AUTH,
    };
    match cert.purposes() {
        Some(purposes) => purposes.contains(&purpose) || (!required && purposes.contains(&ANY_PURPOSE)),
        None => !required,
    }
}

/// Rules for an intermediate CA. (webpki: cA is TRUE, path length, critical extensions, name constraints.)
pub(super) fn intermediate(cert: &Cert<'_>, strict: bool) -> Result<(), Fault> {
    every(cert, strict)?;
    ca(cert, strict)
}

/// Rules for a root, judged when it is loaded; a root that breaks one is not trusted.
pub(super) fn root(cert: &Cert<'_>, strict: bool) -> Result<(), Fault> {
    if cert.is_ca().map_err(Fault::Malformed)? != Some(true) {
        return Err(Fault::NotCa);
    }
    // webpki does not look at the extensions of roots.
    let unknown = cert.extensions.iter().find(|extension| {
        let known = matches!(extension.oid, [0x55, 0x1d, 15 | 17 | 19 | 30..=32 | 37]);
        extension.critical && !known
    });
    if unknown.is_some() {
        return Err(Fault::CriticalExtension);
    }
    ca(cert, strict)
}

/// Rules for every CA.
fn ca(cert: &Cert<'_>, strict: bool) -> Result<(), Fault> {
    // §4.1.2.6: a CA has a name.
    if cert.subject == EMPTY_NAME {
        return Err(Fault::Malformed("its subject is empty"));
    }
    // §4.2.1.3: keyCertSign.
    if cert.key_usage().map_err(Fault::Malformed)?.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(Fault::KeyUsage("keyCertSign"));
    }
    public_key(cert)?;
    if let Some(constraints) = cert.extension(Id::NameConstraints) {
        name_constraints(constraints.value, strict)?;
        // §4.2.1.10: MUST be critical.
        if strict && !constraints.critical {
            return Err(Fault::Malformed("its nameConstraints are not critical"));
        }
    }
    if strict {
        // §4.2.1.9: MUST be critical.
        if !cert.extension(Id::BasicConstraints).is_some_and(|extension| extension.critical) {
            return Err(Fault::Malformed("its basicConstraints are not critical"));
        }
        // §4.2.1.2: MUST be there in all CA certificates.
        if cert.key_id().is_none() {
            return Err(Fault::Malformed("it has no subjectKeyIdentifier"));
        }
    }
    Ok(())
}

/// The base of every GeneralSubtree of nameConstraints, permitted and excluded; `None` if they are broken or empty.
fn subtrees(value: &[u8]) -> Option<impl Iterator<Item = Option<GeneralName<'_>>>> {
    let mut fields = reader(only(value, Tag::Sequence)?)?;
    let permitted = optional(&mut fields, context(0))?;
    let excluded = optional(&mut fields, context(1))?;
    permitted.or(excluded)?;
    if !fields.is_finished() {
        return None;
    }
    let bases = [permitted, excluded].into_iter().flatten().filter_map(reader).flat_map(|mut list| {
        core::iter::from_fn(move || match list.is_finished() {
            true => None,
            false => {
                let subtree = expect(&mut list, Tag::Sequence).and_then(reader);
                let base = subtree.and_then(|mut subtree| general_name(&mut subtree));
                // Nothing can be read after something broken.
                if base.is_none() {
                    list = reader(&[])?;
                }
                Some(base)
            }
        })
    });
    Some(bases)
}

/// §4.2.1.10: neither empty nor broken. (webpki compares the names.)
fn name_constraints(value: &[u8], strict: bool) -> Result<(), Fault> {
    const BROKEN: Fault = Fault::Malformed("its nameConstraints are broken");
    for base in subtrees(value).ok_or(BROKEN)? {
        match base {
            None | Some(GeneralName::Broken) => return Err(BROKEN),
            // A domain name, no pattern: the leading dot is a habit from URI constraints.
            Some(GeneralName::Dns(base)) if strict && base.first() == Some(&b'.') => {
                return Err(Fault::Malformed("a DNS name in its nameConstraints begins with a dot"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// A kind of name that is constrained, that webpki cannot compare, and that `leaf` has.
pub(super) fn unsupported_constraint(value: &[u8], leaf: &Cert<'_>) -> Option<&'static str> {
    use core::mem::discriminant;
    subtrees(value)?.flatten().find_map(|base| {
        let kind = match base {
            GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::Broken => return None,
            // Every certificate has a directory name: its subject.
            GeneralName::Other(4) => return Some("directory names"),
            GeneralName::Uri(_) => "URIs (SPIFFE IDs)",
            GeneralName::Email(_) => "e-mail addresses",
            GeneralName::Other(_) => "other names",
        };
        leaf.names().iter().any(|name| discriminant(&name) == discriminant(&base)).then_some(kind)
    })
}

/// Can root or CA sign CRLs? keyUsage present without cRLSign: no (§4.2.1.3).
pub(super) fn may_sign_crls(usage: Option<KeyUsage>) -> bool {
    usage.is_none_or(KeyUsage::crl_sign)
}

/// P-256, P-384, Ed25519, or RSA with a modulus of 2048 bits or more.
pub(super) fn public_key(cert: &Cert<'_>) -> Result<(), Fault> {
    match parse_spki(cert.spki).map(|spki| spki.key) {
        Ok(PublicKey::Rsa { modulus_bits: ..2048, .. } | PublicKey::Unsupported) => Err(Fault::UnsupportedKey),
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::Malformed("its public key is broken")),
    }
}

/// Reads a certificate; what breaks the form is a fault.
pub(super) fn read(der: &[u8]) -> Result<Cert<'_>, Fault> {
    Cert::read(der).map_err(|what: Broken| Fault::Malformed(what))
}
