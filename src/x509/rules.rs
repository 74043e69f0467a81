//! The rules of RFC 5280 that webpki leaves out, each by its section.
//!
//! There are two classes. *Validation* rules are always on. *Issuance* rules bind issuers, and a certificate that breaks
//! one is still safe to use (for example, without authorityKeyIdentifier). Many private PKIs break one, so they are on
//! only with `TrustBuilder::strict_issuance`.

use super::refusal::RefusalReason;
use crate::Role;
use crate::asn1::{BadDer, Certificate, GeneralName, NameConstraints, Oid, oid};
use crate::crypto::schemes_for;
use std::string::ToString;

/// What the builder of the snapshot chose.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    /// Issuance rules, too.
    pub(super) strict: bool,
    /// The leaf's extKeyUsage must name the purpose of its role.
    pub(super) require_purpose: bool,
    /// A client's certificate may be one for servers.
    pub(super) server_auth_for_clients: bool,
}

impl Rules {
    /// For the peer's own certificate.
    pub(super) fn leaf(self, cert: &Certificate<'_>, role: Role) -> Result<(), RefusalReason> {
        self.every(cert)?;
        if let Some(usage) = cert.extensions.key_usage {
            // §4.2.1.3: TLS 1.3 proves possession by a signature.
            if !usage.digital_signature() {
                return Err(RefusalReason::KeyUsage("digitalSignature"));
            }
            // §4.2.1.9: only a CA may have keyCertSign.
            if usage.key_cert_sign() {
                return Err(RefusalReason::NonConformant("its keyUsage has keyCertSign, but it is no CA"));
            }
        }
        // §4.2.1.10: name constraints only in CA certificates.
        if cert.extensions.name_constraints.is_some() {
            return Err(RefusalReason::NonConformant("it has nameConstraints, but it is no CA"));
        }
        let allowed = match self.require_purpose {
            true => {
                cert.extensions.ext_key_usage.is_some_and(|listed| self.purposes(role).any(|id| listed.contains(id)))
            }
            false => self.serves(cert, role),
        };
        if !allowed {
            return Err(RefusalReason::ExtKeyUsage(role));
        }
        public_key(cert)
    }

    /// For an intermediate CA. (webpki checks cA, path length, critical extensions and name constraints.)
    pub(super) fn intermediate(self, cert: &Certificate<'_>) -> Result<(), RefusalReason> {
        self.every(cert)?;
        self.ca(cert)
    }

    /// For a root, when it is loaded. A root that breaks a rule is not trusted.
    pub(super) fn root(self, cert: &Certificate<'_>) -> Result<(), RefusalReason> {
        if !cert.is_ca() {
            return Err(RefusalReason::NotCa);
        }
        // webpki does not read the extensions of roots. No policy is required, so every policy is allowed (§6.1.1 (c), (e)).
        critical_extensions(cert, &[oid::CERTIFICATE_POLICIES, oid::INHIBIT_ANY_POLICY])?;
        self.ca(cert)
    }

    /// The purposes in extKeyUsage that allow a peer its role (§4.2.1.12), except anyExtendedKeyUsage.
    pub(super) fn purposes(self, role: Role) -> impl Iterator<Item = Oid<'static>> {
        let (own, also) = match role {
            Role::Server => (oid::SERVER_AUTH, None),
            Role::Client => (oid::CLIENT_AUTH, self.server_auth_for_clients.then_some(oid::SERVER_AUTH)),
        };
        core::iter::once(own).chain(also)
    }

    /// Whether extKeyUsage allows the role (§4.2.1.12): in a CA certificate, to all certificates below it. Without the
    /// extension, and with anyExtendedKeyUsage, any role is allowed.
    pub(super) fn serves(self, cert: &Certificate<'_>, role: Role) -> bool {
        cert.extensions.ext_key_usage.is_none_or(|listed| {
            self.purposes(role).chain([oid::ANY_EXTENDED_KEY_USAGE]).any(|purpose| listed.contains(purpose))
        })
    }

    /// For every certificate below the root.
    fn every(self, cert: &Certificate<'_>) -> Result<(), RefusalReason> {
        // §4.1.2.4: the issuer is a non-empty name.
        if cert.issuer.is_empty() {
            return Err(RefusalReason::NonConformant("its issuer is empty"));
        }
        policies(cert)?;
        match self.strict {
            true => issuance(cert),
            false => Ok(()),
        }
    }

    /// For every CA.
    fn ca(self, cert: &Certificate<'_>) -> Result<(), RefusalReason> {
        // §4.1.2.6: a CA has a name.
        if cert.subject.is_empty() {
            return Err(RefusalReason::NonConformant("its subject is empty"));
        }
        // §4.2.1.3: keyCertSign.
        if cert.extensions.key_usage.is_some_and(|usage| !usage.key_cert_sign()) {
            return Err(RefusalReason::KeyUsage("keyCertSign"));
        }
        public_key(cert)?;
        match self.strict {
            true => issuance_of_ca(cert),
            false => Ok(()),
        }
    }
}

/// §4.2: a critical extension must be processed. webpki processes some; `also`: others that need no processing here.
pub(super) fn critical_extensions(cert: &Certificate<'_>, also: &[Oid<'_>]) -> Result<(), RefusalReason> {
    const PROCESSED: [Oid<'static>; 6] = [
        oid::KEY_USAGE,
        oid::SUBJECT_ALT_NAME,
        oid::BASIC_CONSTRAINTS,
        oid::NAME_CONSTRAINTS,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::EXT_KEY_USAGE,
    ];
    let mut critical = cert.extensions.all.iter().filter(|extension| extension.critical).map(|extension| extension.id);
    match critical.find(|id| !PROCESSED.contains(id) && !also.contains(id)) {
        Some(id) => Err(RefusalReason::CriticalExtension(id.to_string())),
        None => Ok(()),
    }
}

/// §4.2.1.11: we process no policies, so a certificate that requires one is refused. (Mappings do not matter then.)
pub(super) fn policies(cert: &Certificate<'_>) -> Result<(), RefusalReason> {
    match cert.extensions.policy_constraints.and_then(|constraints| constraints.require_explicit_policy) {
        Some(_) => Err(RefusalReason::PolicyRequired),
        None => Ok(()),
    }
}

/// The issuance rules for every certificate below the root.
fn issuance(cert: &Certificate<'_>) -> Result<(), RefusalReason> {
    // §4.2.1.1: MUST be present except in self-signed certificates.
    if cert.extensions.authority_key_id.is_none() {
        return Err(RefusalReason::NonConformant("it has no authorityKeyIdentifier"));
    }
    // §4.1.2.2: positive, at most 20 octets (21 with a sign octet would be 2^160 or more).
    match cert.serial {
        serial if serial.is_negative() => return Err(RefusalReason::NonConformant("its serial number is negative")),
        serial if serial.is_too_long() => return Err(RefusalReason::NonConformant("its serial number is too long")),
        serial if serial.is_zero() => return Err(RefusalReason::NonConformant("its serial number is zero")),
        _ => {}
    }
    // UTCTime can have years from 1950 to 1969 (§4.1.2.5.1), but no certificate is so old.
    if cert.not_before.is_before_1970() || cert.not_after.is_before_1970() {
        return Err(RefusalReason::NonConformant("its validity begins or ends before 1970"));
    }
    // RFC 1034 §3.5 does not allow underscores. Some service names have them.
    if cert.names().any(|name| matches!(name, GeneralName::Dns(text) if text.contains('_'))) {
        return Err(RefusalReason::NonConformant("a DNS name in its subjectAltName has an underscore"));
    }
    // §4.2.1.6: critical if the subject is empty.
    let named = cert.extensions.subject_alt_name.is_some();
    if named && cert.subject.is_empty() && !cert.extensions.all.is_critical(oid::SUBJECT_ALT_NAME) {
        return Err(RefusalReason::NonConformant("its subject is empty, but its subjectAltName not critical"));
    }
    Ok(())
}

/// The issuance rules for CA certificates.
fn issuance_of_ca(cert: &Certificate<'_>) -> Result<(), RefusalReason> {
    // §4.2.1.9: MUST be critical.
    if !cert.extensions.all.is_critical(oid::BASIC_CONSTRAINTS) {
        return Err(RefusalReason::NonConformant("its basicConstraints are not critical"));
    }
    // §4.2.1.2: MUST be present in all CA certificates.
    if cert.extensions.subject_key_id.is_none() {
        return Err(RefusalReason::NonConformant("it has no subjectKeyIdentifier"));
    }
    let Some(constraints) = &cert.extensions.name_constraints else { return Ok(()) };
    // §4.2.1.10: MUST be critical.
    if !cert.extensions.all.is_critical(oid::NAME_CONSTRAINTS) {
        return Err(RefusalReason::NonConformant("its nameConstraints are not critical"));
    }
    // A DNS constraint is a domain name without a leading dot, which only URI constraints have.
    match constraints.bases().any(|base| matches!(base, GeneralName::Dns(base) if base.starts_with('.'))) {
        true => Err(RefusalReason::NonConformant("a DNS name in its nameConstraints begins with a dot")),
        false => Ok(()),
    }
}

/// The kind in [`RefusalReason::UnsupportedConstraint`].
pub(super) const ADDRESSES: &str = "e-mail addresses";

/// A kind of name that `leaf` has, that the CA constrains, and that webpki cannot compare.
pub(super) fn unsupported_constraint(
    constraints: &NameConstraints<'_>,
    leaf: &Certificate<'_>,
) -> Option<&'static str> {
    use core::mem::discriminant;
    constraints.bases().find_map(|base| {
        let kind = match base {
            GeneralName::Dns(_) | GeneralName::Ip(_) => return None,
            // Every certificate has a directory name: its subject.
            GeneralName::Directory(_) => return Some("directory names"),
            GeneralName::Uri(_) => "URIs (SPIFFE IDs)",
            GeneralName::Email(_) => ADDRESSES,
            _ => "other names",
        };
        leaf.names().any(|name| discriminant(&name) == discriminant(&base)).then_some(kind)
    })
}

/// Whether the CA constrains e-mail addresses.
pub(super) fn constrains_addresses(cert: &Certificate<'_>) -> bool {
    let constraints = cert.extensions.name_constraints;
    constraints.is_some_and(|constraints| constraints.bases().any(|base| matches!(base, GeneralName::Email(_))))
}

/// §4.2.1.10: without subjectAltName, constraints on e-mail addresses apply to those in the subject. webpki does not read
/// them.
pub(super) fn has_address_in_subject(cert: &Certificate<'_>) -> bool {
    cert.extensions.subject_alt_name.is_none() && cert.subject.attributes().any(|part| part.id == oid::EMAIL_ADDRESS)
}

/// Checks that signatures in handshakes and certificates can be verified with this key.
pub(super) fn public_key(cert: &Certificate<'_>) -> Result<(), RefusalReason> {
    match schemes_for(&cert.spki.key) {
        [] => Err(RefusalReason::UnsupportedKey(cert.spki.key.to_string())),
        _ => Ok(()),
    }
}

/// Reads a certificate. A malformed one is refused with the reason.
pub(super) fn read(der: &[u8]) -> Result<Certificate<'_>, RefusalReason> {
    Certificate::from_der(der).map_err(|BadDer(what)| RefusalReason::Malformed(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asn1::made::{Made, der, name};
    use std::vec::Vec;

    const SAN: &[u8] = &[0x55, 0x1d, 17];
    const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
    const CONSTRAINTS: &[u8] = &[0x55, 0x1d, 30];

    /// The results of the rules for a leaf, without and with strict issuance.
    fn leaf_says(made: &Made) -> [Result<(), RefusalReason>; 2] {
        let certificate = made.der();
        let cert = Certificate::from_der(&certificate).unwrap();
        [false, true].map(|strict| Rules { strict, ..Rules::default() }.leaf(&cert, Role::Server))
    }

    fn root_says(made: &Made) -> [Result<(), RefusalReason>; 2] {
        let certificate = made.der();
        let cert = Certificate::from_der(&certificate).unwrap();
        [false, true].map(|strict| Rules { strict, ..Rules::default() }.root(&cert))
    }

    fn broken(what: &'static str) -> Result<(), RefusalReason> {
        Err(RefusalReason::NonConformant(what))
    }

    /// A leaf that breaks no rule, even with strict issuance.
    fn good() -> Made {
        Made::with(&[0x55, 0x1d, 35], &der(0x30, &der(0x80, b"id")))
    }

    /// A root that breaks no rule.
    fn good_root() -> Made {
        let id = Made::with(&[0x55, 0x1d, 14], &der(0x04, b"id"));
        id.and(&[0x55, 0x1d, 19], Some(255), &der(0x30, &der(0x01, &[255])))
    }

    /// §4.1.2.2: certificate users SHOULD be prepared to gracefully handle such certificates.
    #[test]
    fn only_the_strict_mind_a_serial_number_that_no_issuer_may_give() {
        for (serial, strictly) in [
            ([0].to_vec(), broken("its serial number is zero")),
            ([1].to_vec(), Ok(())),
            ([0x7f].to_vec(), Ok(())),
            ([0x80].to_vec(), broken("its serial number is negative")),
            ([0xff, 0x7f].to_vec(), broken("its serial number is negative")),
            ([0, 0x80].to_vec(), Ok(())),
            ([0x7f; 19].to_vec(), Ok(())),
            ([0x7f; 20].to_vec(), Ok(())),
            ([0x7f; 21].to_vec(), broken("its serial number is too long")),
            ([[0].to_vec(), [0xff; 20].to_vec()].concat(), broken("its serial number is too long")),
        ] {
            assert_eq!(leaf_says(&Made { serial, ..good() }), [Ok(()), strictly]);
        }
    }

    #[test]
    fn only_the_strict_mind_a_time_before_1970() {
        for (from, strictly) in [
            (b"500101000000Z", broken("its validity begins or ends before 1970")),
            (b"691231235959Z", broken("its validity begins or ends before 1970")),
            (b"700101000000Z", Ok(())),
        ] {
            assert_eq!(leaf_says(&Made { not_before: der(0x17, from), ..good() }), [Ok(()), strictly]);
        }
    }

    #[test]
    fn names_stand_where_they_must_and_are_well_formed() {
        let same = |says: Result<(), RefusalReason>| [says.clone(), says];
        assert_eq!(leaf_says(&good()), same(Ok(())));
        assert_eq!(leaf_says(&Made { issuer: der(0x30, &[]), ..good() }), same(broken("its issuer is empty")));
        let san = |critical, names: &[Vec<u8>]| good().and(SAN, critical, &der(0x30, &names.concat()));
        // Only with strict issuance: an underscore, in DNS names only.
        let underscore = broken("a DNS name in its subjectAltName has an underscore");
        assert_eq!(leaf_says(&san(None, &[der(0x82, b"a_b")])), [Ok(()), underscore]);
        assert_eq!(leaf_says(&san(None, &[der(0x86, b"a_b"), der(0x81, b"a_b")])), same(Ok(())));
        // Only with strict issuance: without a subject, subjectAltName is critical.
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
        let says = broken("it has nameConstraints, but it is no CA");
        let constraints = der(0x30, &der(0xa0, &der(0x30, &der(0x82, b"a"))));
        assert_eq!(leaf_says(&good().and(CONSTRAINTS, None, &constraints)), same(says));
        let policies = good().and(&[0x55, 0x1d, 36], None, &der(0x30, &der(0x80, &[0])));
        assert_eq!(leaf_says(&policies), same(Err(RefusalReason::PolicyRequired)));
        assert_eq!(leaf_says(&Made::default()), [Ok(()), broken("it has no authorityKeyIdentifier")]);
    }

    #[test]
    fn a_purpose_is_named_or_left_open_and_left_open_only_where_policy_lets_it() {
        let all = [oid::SERVER_AUTH, oid::CLIENT_AUTH, oid::ANY_EXTENDED_KEY_USAGE];
        for chosen in 0..8_usize {
            let [server, client, any] = [0, 1, 2].map(|index| chosen >> index & 1 == 1);
            let list: Vec<u8> =
                (0..3).filter(|index| chosen >> index & 1 == 1).flat_map(|i| der(0x06, all[i].content())).collect();
            let certificate = match chosen {
                0 => good().der(),
                _ => good().and(&[0x55, 0x1d, 37], None, &der(0x30, &list)).der(),
            };
            let cert = Certificate::from_der(&certificate).unwrap();
            for relaxed in [false, true] {
                for (role, named) in [(Role::Server, server), (Role::Client, client || (relaxed && server))] {
                    for required in [false, true] {
                        let rules =
                            Rules { require_purpose: required, server_auth_for_clients: relaxed, strict: false };
                        let open = !required && (any || chosen == 0);
                        let says = if named || open { Ok(()) } else { Err(RefusalReason::ExtKeyUsage(role)) };
                        assert_eq!(rules.leaf(&cert, role), says, "{role} {chosen} {required} {relaxed}");
                        assert_eq!(rules.serves(&cert, role), named || any || chosen == 0);
                    }
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
        // A critical extension that is not processed. If it is not critical, the root is good.
        for (oid, known) in [(&[0x55, 0x1d, 32][..], true), (&[0x55, 0x1d, 33], false), (&[0x2a, 3], false)] {
            assert_eq!(root_says(&good_root().and(oid, None, b"?")), same(Ok(())));
            let says = if known {
                Ok(())
            } else {
                Err(RefusalReason::CriticalExtension(Oid::from_content(oid).unwrap().to_string()))
            };
            assert_eq!(root_says(&good_root().and(oid, Some(255), b"?")), same(says));
        }
    }

    #[test]
    fn the_strict_want_name_constraints_critical_and_without_dots() {
        let subtree = |tag: u8, base: &[u8]| der(0x30, &der(tag, base));
        let says = |critical, lists: &[Vec<u8>]| {
            root_says(&good_root().and(CONSTRAINTS, critical, &der(0x30, &lists.concat())))
        };
        let dot = [Ok(()), broken("a DNS name in its nameConstraints begins with a dot")];
        let (good, dotted) = (subtree(0x82, b"a"), subtree(0x82, b".a"));
        for (lists, expected) in [
            ([der(0xa0, &good), der(0xa1, &good)], [Ok(()), Ok(())]),
            ([der(0xa0, &[good.clone(), dotted.clone()].concat()), Vec::new()], dot.clone()),
            ([der(0xa1, &dotted), Vec::new()], dot),
            ([der(0xa0, &subtree(0x86, b".a")), Vec::new()], [Ok(()), Ok(())]),
        ] {
            assert_eq!(says(Some(255), &lists), expected, "{lists:?}");
        }
        assert_eq!(says(None, &[der(0xa0, &good)]), [Ok(()), broken("its nameConstraints are not critical")]);
    }

    /// The refusal names the kind of the constraint.
    #[test]
    fn a_constraint_of_a_kind_that_cannot_be_compared_concerns_names_of_its_kind() {
        let kinds = [
            (0x81, Some("e-mail addresses")),
            (0x82, None),
            (0x86, Some("URIs (SPIFFE IDs)")),
            (0x87, None),
            (0xa0, Some("other names")),
        ];
        let constrained_to = |base: &[u8]| Made::with(CONSTRAINTS, &der(0x30, &der(0xa0, &der(0x30, base)))).der();
        for (constrained, kind) in kinds {
            let ca = constrained_to(&der(constrained, b"a"));
            let constraints = Certificate::from_der(&ca).unwrap().extensions.name_constraints.unwrap();
            for (has, _) in kinds {
                let certificate = Made::with(SAN, &der(0x30, &der(has, b"abcd"))).der();
                let leaf = Certificate::from_der(&certificate).unwrap();
                assert_eq!(unsupported_constraint(&constraints, &leaf), kind.filter(|_| has == constrained));
            }
        }
        // Every certificate has a directory name: its subject.
        let ca = constrained_to(&der(0xa4, &name(b"a")));
        let constraints = Certificate::from_der(&ca).unwrap().extensions.name_constraints.unwrap();
        let certificate = Made::default().der();
        let leaf = Certificate::from_der(&certificate).unwrap();
        assert_eq!(unsupported_constraint(&constraints, &leaf), Some("directory names"));
    }
}
