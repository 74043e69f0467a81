//! Compares the identity of a new proof with that of the lease.

use crate::CertificateType;
use crate::asn1::{Certificate, GeneralName};
use crate::x509::expectations::{Expect, names_it};
use crate::x509::hash::sha256;
use crate::x509::refusal::{Fault, RefusalReason, of_leaf};
use crate::x509::verify::accepted::Accepted;
use crate::x509::{names, spiffe};
use std::collections::BTreeSet;
use std::string::{String, ToString};
use std::vec::Vec;

/// Checks that the new proof is of the identity that was proved before.
pub(super) fn check(before: &Accepted, known: &Expect, proved: &Accepted, expect: &[Expect]) -> Result<(), Fault> {
    let other = |was: String| Err(of_leaf(RefusalReason::OtherIdentity { was }));
    if before.certificate_type() == CertificateType::RAW_PUBLIC_KEY {
        return match proved.leaf() == before.leaf() {
            true => Ok(()),
            false => other("another raw public key".to_string()),
        };
    }
    // Both have been read when they were judged.
    let (Ok(was), Ok(is)) = (Certificate::from_der(before.leaf()), Certificate::from_der(proved.leaf())) else {
        return other("a certificate that cannot be read".to_string());
    };
    let same = match (spiffe::svid(&was), known) {
        (Ok(id), _) => spiffe::svid(&is).is_ok_and(|now| now == id),
        (Err(_), name @ (Expect::Dns(_) | Expect::Ip(_))) => {
            expect.get(proved.matched()) == Some(name) || (!proved.is_bound() && names_it(proved.leaf(), name))
        }
        (Err(_), Expect::Spki(hash)) => sha256(is.spki.raw) == *hash,
        (Err(_), _) => was.subject.matches(&is.subject) && all(&was) == all(&is),
    };
    if same { Ok(()) } else { other(called(&was, known)) }
}

/// Every name in subjectAltName: its number in GeneralName, and its whole value in one form. The texts for people cannot be
/// compared, because they are cut and do not show the value of an otherName.
fn all(certificate: &Certificate<'_>) -> BTreeSet<(u8, Vec<u8>)> {
    let name = |name| match name {
        GeneralName::OtherName(content) => (0, content.to_vec()),
        GeneralName::Email(address) => (1, address.as_bytes().to_vec()),
        // DNS names are compared without case.
        GeneralName::Dns(name) => (2, name.to_ascii_lowercase().into_bytes()),
        GeneralName::X400(content) => (3, content.to_vec()),
        GeneralName::Directory(name) => (4, name.canonical().flat_map(u32::to_be_bytes).collect()),
        GeneralName::EdiParty(content) => (5, content.to_vec()),
        GeneralName::Uri(uri) => (6, uri.as_bytes().to_vec()),
        GeneralName::Ip(octets) => (7, octets.to_vec()),
        GeneralName::RegisteredId(id) => (8, id.content().to_vec()),
    };
    certificate.names().map(name).collect()
}

/// The name of the lease's identity, for the refusal.
fn called(was: &Certificate<'_>, known: &Expect) -> String {
    match known {
        expect @ (Expect::Dns(_) | Expect::Ip(_) | Expect::Spiffe(_) | Expect::Spki(_)) => expect.to_string(),
        _ => {
            let names = names::presented(was);
            if names.is_empty() { crate::x509::text::name(&was.subject) } else { names.join(", ") }
        }
    }
}
