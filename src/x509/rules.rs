//! The rules of RFC 5280 that webpki leaves out, each by its section.
//!
//! Two classes. *Validation* rules are always on. *Issuance* rules bind issuers and leave the certificate safe to use
//! where they are broken (a missing authorityKeyIdentifier): they are on with `TrustBuilder::strict_issuance`, because
//! many private PKIs break one of them.

use super::asn1::{ANY_PURPOSE, Broken, CLIENT_AUTH, Cert, GeneralName, Id, KeyUsage, SERVER_AUTH, only, reader};
use super::asn1::{context, expect, general_name, optional};
use super::refusal::RefusalReason;
use crate::Role;
use crate::asn1::{PublicKey, Spki};
use der::{Reader, Tag};

/// An empty Name: SEQUENCE {}.
const EMPTY_NAME: &[u8] = &[0x30, 0];
/// RFC 5280 §4.1.2.2: serial numbers have at most 20 octets.
const MAX_SERIAL: usize = 20;

/// Rules for every certificate below the root.
fn every(cert: &Cert<'_>, strict: bool) -> Result<(), RefusalReason> {
    // §4.1.2.4: the issuer is a non-empty name.
    if cert.issuer == EMPTY_NAME {
        return Err(RefusalReason::Malformed("its issuer is empty"));
    }
    // §4.1.2.2: positive, at most 20 octets (21 with a sign octet would be 2^160 or more).
    match cert.serial {
        [] => return Err(RefusalReason::Malformed("its serial number is empty")),
        [first, ..] if *first >= 0x80 => return Err(RefusalReason::Malformed("its serial number is negative")),
        serial if serial.len() > MAX_SERIAL => return Err(RefusalReason::Malformed("its serial number is too long")),
        [0] => return Err(RefusalReason::Malformed("its serial number is zero")),
        _ => {}
    }
    // §4.2.1.11: we process no policies, so a constraint on them cannot be honoured.
    if cert.extension(Id::PolicyConstraints).is_some() {
        return Err(RefusalReason::UnsupportedConstraint("policies"));
    }
    // §4.2.1.1: MUST be there in all certificates except self-signed ones.
    if strict && cert.issuer_key_id().is_none() {
        return Err(RefusalReason::Malformed("it has no authorityKeyIdentifier"));
    }
    names(cert, strict)
}

/// §4.2.1.6: subject alternative names.
fn names(cert: &Cert<'_>, strict: bool) -> Result<(), RefusalReason> {
    let Some(extension) = cert.extension(Id::SubjectAltName) else { return Ok(()) };
    if only(extension.value, Tag::Sequence).is_none_or(<[u8]>::is_empty) {
        return Err(RefusalReason::Malformed("its subjectAltName is empty or broken"));
    }
    for name in cert.names().iter() {
        match name {
            GeneralName::Broken => return Err(RefusalReason::Malformed("its subjectAltName is broken")),
            GeneralName::Ip(octets) if octets.len() != 4 && octets.len() != 16 => {
                return Err(RefusalReason::Malformed("an IP address in its subjectAltName has the wrong length"));
            }
            GeneralName::Dns(text) | GeneralName::Uri(text) | GeneralName::Email(text) if !text.is_ascii() => {
                return Err(RefusalReason::Malformed("a name in its subjectAltName is not ASCII"));
            }
            // RFC 1034 §3.5 knows no underscore; service names in the wild do.
            GeneralName::Dns(text) if strict && text.contains(&b'_') => {
                return Err(RefusalReason::Malformed("a DNS name in its subjectAltName has an underscore"));
            }
            _ => {}
        }
    }
    // §4.2.1.6: critical if the subject is empty.
    if strict && cert.subject == EMPTY_NAME && !extension.critical {
        return Err(RefusalReason::Malformed("its subject is empty, but its subjectAltName not critical"));
    }
    Ok(())
}

/// Rules for the peer's own certificate. `required`: extKeyUsage must name the role.
pub(super) fn leaf(cert: &Cert<'_>, role: Role, required: bool, strict: bool) -> Result<(), RefusalReason> {
    every(cert, strict)?;
    if let Some(usage) = cert.key_usage().map_err(RefusalReason::Malformed)? {
        // §4.2.1.3: TLS 1.3 proves possession by a signature.
        if !usage.digital_signature() {
            return Err(RefusalReason::KeyUsage("digitalSignature"));
        }
        // §4.2.1.9: only a CA may have keyCertSign.
        if usage.key_cert_sign() {
            return Err(RefusalReason::Malformed("its keyUsage has keyCertSign, but it is no CA"));
        }
    }
    // §4.2.1.10: name constraints only in CA certificates.
    if cert.extension(Id::NameConstraints).is_some() {
        return Err(RefusalReason::Malformed("it has nameConstraints, but it is no CA"));
    }
    if !purpose(cert, role, required) {
        return Err(RefusalReason::ExtKeyUsage(role));
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
pub(super) fn intermediate(cert: &Cert<'_>, strict: bool) -> Result<(), RefusalReason> {
    every(cert, strict)?;
    ca(cert, strict)
}

/// Rules for a root, judged when it is loaded; a root that breaks one is not trusted.
pub(super) fn root(cert: &Cert<'_>, strict: bool) -> Result<(), RefusalReason> {
    if cert.is_ca().map_err(RefusalReason::Malformed)? != Some(true) {
        return Err(RefusalReason::NotCa);
    }
    // webpki does not look at the extensions of roots.
    let unknown = cert.extensions.iter().find(|extension| {
        let known = matches!(extension.oid, [0x55, 0x1d, 15 | 17 | 19 | 30..=32 | 37]);
        extension.critical && !known
    });
    if unknown.is_some() {
        return Err(RefusalReason::CriticalExtension);
    }
    ca(cert, strict)
}

/// Rules for every CA.
fn ca(cert: &Cert<'_>, strict: bool) -> Result<(), RefusalReason> {
    // §4.1.2.6: a CA has a name.
    if cert.subject == EMPTY_NAME {
        return Err(RefusalReason::Malformed("its subject is empty"));
    }
    // §4.2.1.3: keyCertSign.
    if cert.key_usage().map_err(RefusalReason::Malformed)?.is_some_and(|usage| !usage.key_cert_sign()) {
        return Err(RefusalReason::KeyUsage("keyCertSign"));
    }
    public_key(cert)?;
    if let Some(constraints) = cert.extension(Id::NameConstraints) {
        name_constraints(constraints.value, strict)?;
        // §4.2.1.10: MUST be critical.
        if strict && !constraints.critical {
            return Err(RefusalReason::Malformed("its nameConstraints are not critical"));
        }
    }
    if strict {
        // §4.2.1.9: MUST be critical.
        if !cert.extension(Id::BasicConstraints).is_some_and(|extension| extension.critical) {
            return Err(RefusalReason::Malformed("its basicConstraints are not critical"));
        }
        // §4.2.1.2: MUST be there in all CA certificates.
        if cert.key_id().is_none() {
            return Err(RefusalReason::Malformed("it has no subjectKeyIdentifier"));
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
fn name_constraints(value: &[u8], strict: bool) -> Result<(), RefusalReason> {
    const BROKEN: RefusalReason = RefusalReason::Malformed("its nameConstraints are broken");
    for base in subtrees(value).ok_or(BROKEN)? {
        match base {
            None | Some(GeneralName::Broken) => return Err(BROKEN),
            // A domain name, no pattern: the leading dot is a habit from URI constraints.
            Some(GeneralName::Dns(base)) if strict && base.first() == Some(&b'.') => {
                return Err(RefusalReason::Malformed("a DNS name in its nameConstraints begins with a dot"));
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
pub(super) fn public_key(cert: &Cert<'_>) -> Result<(), RefusalReason> {
    match Spki::from_der(cert.spki).map(|spki| spki.key) {
        Ok(PublicKey::Rsa { modulus_bits: ..2048, .. } | PublicKey::Unsupported(_)) => {
            Err(RefusalReason::UnsupportedKey)
        }
        Ok(_) => Ok(()),
        Err(_) => Err(RefusalReason::Malformed("its public key is broken")),
    }
}

/// Reads a certificate; what breaks the form is a fault.
pub(super) fn read(der: &[u8]) -> Result<Cert<'_>, RefusalReason> {
    Cert::read(der).map_err(|what: Broken| RefusalReason::Malformed(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der, name};
    use std::vec::Vec;

    const SAN: &[u8] = &[0x55, 0x1d, 17];
    const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];

    /// What the rules for a leaf say, by the default policy and by the strict one.
    fn leaf_says(made: &Made) -> [Result<(), RefusalReason>; 2] {
        let certificate = made.der();
        let cert = Cert::read(&certificate).unwrap();
        [false, true].map(|strict| leaf(&cert, Role::Server, false, strict))
    }

    fn root_says(made: &Made) -> [Result<(), RefusalReason>; 2] {
        let certificate = made.der();
        let cert = Cert::read(&certificate).unwrap();
        [false, true].map(|strict| root(&cert, strict))
    }

    fn broken(what: &'static str) -> Result<(), RefusalReason> {
        Err(RefusalReason::Malformed(what))
    }

    /// A leaf that no rule minds, strict or not.
    fn good() -> Made {
        Made::with(&[0x55, 0x1d, 35], &der(0x30, &der(0x80, b"id")))
    }

    /// A root that no rule minds.
    fn good_root() -> Made {
        let id = Made::with(&[0x55, 0x1d, 14], &der(0x04, b"id"));
        id.and(&[0x55, 0x1d, 19], Some(255), &der(0x30, &der(0x01, &[255])))
    }

    #[test]
    fn a_serial_number_is_positive_and_of_at_most_20_octets() {
        for (serial, says) in [
            (Vec::new(), broken("its serial number is empty")),
            ([0].to_vec(), broken("its serial number is zero")),
            ([1].to_vec(), Ok(())),
            ([0x7f].to_vec(), Ok(())),
            ([0x80].to_vec(), broken("its serial number is negative")),
            ([0xff; 2].to_vec(), broken("its serial number is negative")),
            ([0, 0x80].to_vec(), Ok(())),
            ([0x7f; 19].to_vec(), Ok(())),
            ([0x7f; 20].to_vec(), Ok(())),
            ([0x7f; 21].to_vec(), broken("its serial number is too long")),
            ([[0].to_vec(), [0xff; 20].to_vec()].concat(), broken("its serial number is too long")),
        ] {
            assert_eq!(leaf_says(&Made { serial, ..good() }), [says.clone(), says]);
        }
    }

    #[test]
    fn names_stand_where_they_must_and_are_well_formed() {
        let same = |says: Result<(), RefusalReason>| [says.clone(), says];
        assert_eq!(leaf_says(&good()), same(Ok(())));
        assert_eq!(leaf_says(&Made { issuer: der(0x30, &[]), ..good() }), same(broken("its issuer is empty")));
        let san = |critical, names: &[Vec<u8>]| good().and(SAN, critical, &der(0x30, &names.concat()));
        for len in 0..=20 {
            let ip = if len == 4 || len == 16 {
                Ok(())
            } else {
                broken("an IP address in its subjectAltName has the wrong length")
            };
            assert_eq!(leaf_says(&san(None, &[der(0x87, &[1; 20][..len])])), same(ip));
        }
        for tag in [0x81, 0x82, 0x86] {
            assert_eq!(leaf_says(&san(None, &[der(tag, b"a")])), same(Ok(())));
            let says = broken("a name in its subjectAltName is not ASCII");
            assert_eq!(leaf_says(&san(None, &[der(tag, "ä".as_bytes())])), same(says));
        }
        assert_eq!(leaf_says(&san(None, &[])), same(broken("its subjectAltName is empty or broken")));
        assert_eq!(leaf_says(&good().and(SAN, None, b"?")), same(broken("its subjectAltName is empty or broken")));
        assert_eq!(leaf_says(&san(None, &[der(0x0c, b"a")])), same(broken("its subjectAltName is broken")));
        // Only strictly: an underscore, in DNS names alone.
        let underscore = broken("a DNS name in its subjectAltName has an underscore");
        assert_eq!(leaf_says(&san(None, &[der(0x82, b"a_b")])), [Ok(()), underscore]);
        assert_eq!(leaf_says(&san(None, &[der(0x86, b"a_b"), der(0x81, b"a_b")])), same(Ok(())));
        // Only strictly: without a subject the names are critical.
        let says = broken("its subject is empty, but its subjectAltName not critical");
        for (subject, critical, strictly) in [
            (der(0x30, &[]), None, says),
            (der(0x30, &[]), Some(255), Ok(())),
            (name(b"a"), None, Ok(())),
            (name(b"a"), Some(255), Ok(())),
        ] {
            let made = Made { subject, ..san(critical, &[der(0x82, b"a")]) };
            assert_eq!(leaf_says(&made), [Ok(()), strictly]);
        }
    }

    #[test]
    fn what_a_leaf_may_not_have() {
        let same = |says: Result<(), RefusalReason>| [says.clone(), says];
        let usage = |bits: u8| leaf_says(&good().and(KEY_USAGE, None, &der(0x03, &[0, bits])));
        for bits in 0..=255_u8 {
            let says = match (bits & 0x80 != 0, bits & 0x04 != 0) {
                (false, _) => Err(RefusalReason::KeyUsage("digitalSignature")),
                (true, true) => broken("its keyUsage has keyCertSign, but it is no CA"),
                (true, false) => Ok(()),
            };
            assert_eq!(usage(bits), same(says));
        }
        assert_eq!(leaf_says(&good().and(KEY_USAGE, None, b"?")), same(broken("malformed keyUsage")));
        let says = broken("it has nameConstraints, but it is no CA");
        assert_eq!(leaf_says(&good().and(CONSTRAINTS, None, b"?")), same(says));
        let policies = good().and(&[0x55, 0x1d, 36], None, b"?");
        assert_eq!(leaf_says(&policies), same(Err(RefusalReason::UnsupportedConstraint("policies"))));
        assert_eq!(leaf_says(&Made::default()), [Ok(()), broken("it has no authorityKeyIdentifier")]);
    }

    #[test]
    fn a_purpose_is_named_or_left_open_and_left_open_only_where_policy_lets_it() {
        let all = [&SERVER_AUTH[..], &CLIENT_AUTH, &ANY_PURPOSE];
        for chosen in 0..8_usize {
            let [server, client, any] = [0, 1, 2].map(|index| chosen >> index & 1 == 1);
            let list: Vec<u8> =
                (0..3).filter(|index| chosen >> index & 1 == 1).flat_map(|i| der(0x06, all[i])).collect();
            let certificate = match chosen {
                0 => good().der(),
                _ => good().and(&[0x55, 0x1d, 37], None, &der(0x30, &list)).der(),
            };
            let cert = Cert::read(&certificate).unwrap();
            for (role, named) in [(Role::Server, server), (Role::Client, client)] {
                for required in [false, true] {
                    let open = !required && (any || chosen == 0);
                    assert_eq!(purpose(&cert, role, required), named || open, "{role} {chosen} {required}");
                }
            }
        }
    }

    #[test]
    fn what_a_root_must_have() {
        let same = |says: Result<(), RefusalReason>| [says.clone(), says];
        let ca = |value: &[u8], critical| {
            Made::with(&[0x55, 0x1d, 14], &der(0x04, b"id")).and(&[0x55, 0x1d, 19], critical, value)
        };
        let yes = der(0x30, &der(0x01, &[255]));
        assert_eq!(root_says(&good_root()), same(Ok(())));
        assert_eq!(root_says(&good()), same(Err(RefusalReason::NotCa)));
        assert_eq!(root_says(&ca(&der(0x30, &[]), Some(255))), same(Err(RefusalReason::NotCa)));
        assert_eq!(root_says(&ca(&yes, None)), [Ok(()), broken("its basicConstraints are not critical")]);
        let no_id = Made::default().and(&[0x55, 0x1d, 19], Some(255), &yes);
        assert_eq!(root_says(&no_id), [Ok(()), broken("it has no subjectKeyIdentifier")]);
        assert_eq!(root_says(&Made { subject: der(0x30, &[]), ..good_root() }), same(broken("its subject is empty")));
        for bits in 0..=255_u8 {
            let says = if bits & 0x04 != 0 { Ok(()) } else { Err(RefusalReason::KeyUsage("keyCertSign")) };
            assert_eq!(root_says(&good_root().and(KEY_USAGE, None, &der(0x03, &[0, bits]))), same(says));
        }
        // A critical extension that nobody processes; the same is no harm if it is not critical.
        for (oid, known) in [(&[0x55, 0x1d, 31][..], true), (&[0x55, 0x1d, 33], false), (&[0x2a, 3], false)] {
            assert_eq!(root_says(&good_root().and(oid, None, b"?")), same(Ok(())));
            let says = if known { Ok(()) } else { Err(RefusalReason::CriticalExtension) };
            assert_eq!(root_says(&good_root().and(oid, Some(255), b"?")), same(says));
        }
    }

    #[test]
    fn name_constraints_are_neither_empty_nor_broken() {
        let subtree = |tag: u8, base: &[u8]| der(0x30, &der(tag, base));
        let permitted = |subtrees: &[&[u8]]| der(0xa0, &subtrees.concat());
        let excluded = |subtrees: &[&[u8]]| der(0xa1, &subtrees.concat());
        let says = |value: &[u8]| root_says(&good_root().and(CONSTRAINTS, Some(255), value));
        let same = |says: Result<(), RefusalReason>| [says.clone(), says];
        let dot = [Ok(()), broken("a DNS name in its nameConstraints begins with a dot")];
        let bad = same(broken("its nameConstraints are broken"));
        let good = subtree(0x82, b"a");
        for (value, expected) in [
            (der(0x30, &permitted(&[&good])), same(Ok(()))),
            (der(0x30, &excluded(&[&good])), same(Ok(()))),
            (der(0x30, &[permitted(&[&good]), excluded(&[&good])].concat()), same(Ok(()))),
            (der(0x30, &permitted(&[&good, &subtree(0x82, b".a")])), dot.clone()),
            (der(0x30, &excluded(&[&subtree(0x82, b".a")])), dot),
            (der(0x30, &permitted(&[&subtree(0x86, b".a")])), same(Ok(()))),
            (der(0x30, &[]), bad.clone()),
            (b"?".to_vec(), bad.clone()),
            (der(0x30, &[permitted(&[&good]), der(0x04, b"?")].concat()), bad.clone()),
            (der(0x30, &permitted(&[&good, &subtree(0x0c, b"a")])), bad.clone()),
            (der(0x30, &excluded(&[&good, b"?"])), bad),
        ] {
            assert_eq!(says(&value), expected, "{value:?}");
        }
        let not_critical = good_root().and(CONSTRAINTS, None, &der(0x30, &permitted(&[&good])));
        assert_eq!(root_says(&not_critical), [Ok(()), broken("its nameConstraints are not critical")]);
    }

    /// Which constraint is named as the one that webpki cannot compare.
    #[test]
    fn a_constraint_of_a_kind_that_cannot_be_compared_concerns_names_of_its_kind() {
        let kinds = [
            (0x81, Some("e-mail addresses")),
            (0x82, None),
            (0x86, Some("URIs (SPIFFE IDs)")),
            (0x87, None),
            (0x80, Some("other names")),
        ];
        for (constrained, kind) in kinds {
            let value = der(0x30, &der(0xa0, &der(0x30, &der(constrained, b"a"))));
            for (has, _) in kinds {
                let certificate = Made::with(SAN, &der(0x30, &der(has, b"a"))).der();
                let leaf = Cert::read(&certificate).unwrap();
                assert_eq!(unsupported_constraint(&value, &leaf), kind.filter(|_| has == constrained));
            }
        }
        // Every certificate has a directory name: its subject.
        let value = der(0x30, &der(0xa1, &der(0x30, &der(0xa4, &name(b"a")))));
        let certificate = Made::default().der();
        assert_eq!(unsupported_constraint(&value, &Cert::read(&certificate).unwrap()), Some("directory names"));
    }
}
