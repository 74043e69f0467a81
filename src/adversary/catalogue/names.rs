//! Names that resemble the right one. Whoever compares only a part of a name, or names of another kind, takes them for it.

use super::case::{Case, Right, case};
use super::who::{NameKind, Resembling, Who};
use crate::adversary::script::legal;
use crate::role::Role;
use alloc::format;
use alloc::vec::Vec;

const SAN: &str = "RFC 5280 §4.2.1.6";
const DNS: &str = "RFC 9525 §6.3";
const SVID: &str = "SPIFFE X.509-SVID §2";
const SPIFFE_ID: &str = "SPIFFE ID §2";

/// Each resemblance: its name, where the rule stands, and which certificate it is.
type Row = (Resembling, &'static str, &'static str, &'static str);

const OF_DNS: [Row; 13] = {
    use Resembling as R;
    [
        (R::LongerAtTheEnd, "longer-at-the-end", DNS, "for a longer name that begins with the right one"),
        (R::LongerAtTheBeginning, "longer-at-the-beginning", DNS, "for a longer name that ends with the right one"),
        (R::PartMore, "label-more", DNS, "for a name below the right one"),
        (R::PartLess, "label-less", DNS, "for the domain that the right name is in"),
        (R::AsUri, "as-uri", SAN, "in which the right name stands as URI only"),
        (R::AsEmail, "as-email", SAN, "in which the right name stands as e-mail address only"),
        (R::AsOtherName, "as-other-name", SAN, "in which the right name stands as otherName only"),
        (R::AsCommonName, "as-common-name", "RFC 9525 §2", "in which the right name is the subject's common name only"),
        (R::Nul, "nul", SAN, "for a name that continues with NUL and another domain"),
        (R::Wildcard, "wildcard", "RFC 9525 §6.3", "for a wildcard, which holds for whole domains"),
        (R::WildcardTooHigh, "wildcard-too-high", DNS, "for a wildcard that does not cover the right name"),
        (R::WildcardInside, "wildcard-inside", DNS, "for a wildcard in place of a label that is not the first"),
        (R::WildcardPartial, "wildcard-partial", DNS, "for a wildcard in place of a part of a label"),
    ]
};

const OF_SPIFFE: [Row; 12] = {
    use Resembling as R;
    [
        (R::LongerAtTheEnd, "longer-at-the-end", SPIFFE_ID, "for a longer ID that begins with the right one"),
        (R::LongerAtTheBeginning, "longer-at-the-beginning", SPIFFE_ID, "for a URI that ends with the right ID"),
        (R::PartMore, "segment-more", SPIFFE_ID, "for an ID with one segment more"),
        (R::PartLess, "segment-less", SPIFFE_ID, "for an ID with one segment less"),
        (R::OtherTrustDomain, "other-trust-domain", SPIFFE_ID, "for the same path in another trust domain"),
        (R::LongerTrustDomain, "longer-trust-domain", SPIFFE_ID, "for a trust domain that begins with the right one"),
        (R::OtherCase, "other-case", SPIFFE_ID, "for the same path in other case"),
        (R::AsDns, "as-dns", SVID, "in which the right ID stands as DNS name only"),
        (R::AsEmail, "as-email", SVID, "in which the right ID stands as e-mail address only"),
        (R::AsCommonName, "as-common-name", SVID, "in which the right ID is the subject's common name only"),
        (R::Nul, "nul", SPIFFE_ID, "for an ID that continues with NUL"),
        (R::SecondId, "second-id", SVID, "that has two IDs, one of them right"),
    ]
};

const OF_IP: [Row; 3] = {
    use Resembling as R;
    [
        (R::OtherAddress, "other", SAN, "for the address next to the right one"),
        (R::AsDns, "as-dns", "RFC 9525 §6.2", "in which the right address stands as DNS name only"),
        (
            R::AsCommonName,
            "as-common-name",
            "RFC 9525 §2",
            "in which the right address is the subject's common name only",
        ),
    ]
};

/// What is tried in place of a name of this kind.
fn rows(kind: NameKind) -> &'static [Row] {
    match kind {
        NameKind::Dns => &OF_DNS,
        NameKind::Spiffe => &OF_SPIFFE,
        NameKind::Ip => &OF_IP,
    }
}

/// Whether it is tried against this role.
fn applies(target: Role, which: Resembling) -> bool {
    match (target, which) {
        // It covers the right name (RFC 9525 §6.3).
        (Role::Client, Resembling::Wildcard) => false,
        (Role::Server, Resembling::WildcardTooHigh | Resembling::WildcardInside | Resembling::WildcardPartial) => false,
        _ => true,
    }
}

/// RFC 9525 is about the names of servers. RFC 6125, which it replaces, allowed partial wildcards (§6.4.3) and common names
/// (§6.4.4). And the holder of two SPIFFE IDs has the right one.
fn lax(which: Resembling) -> bool {
    use Resembling as R;
    matches!(which, R::SecondId | R::Wildcard | R::WildcardPartial | R::AsCommonName)
}

pub(super) fn cases(target: Role) -> Vec<Case> {
    let kinds = [(NameKind::Dns, "dns"), (NameKind::Spiffe, "spiffe"), (NameKind::Ip, "ip")];
    let cases = kinds.into_iter().flat_map(|(kind, label)| {
        let rows = rows(kind).iter().filter(move |(which, ..)| applies(target, *which));
        rows.map(move |(which, name, rule, with)| {
            let name = format!("name/{label}-{name}");
            let so = match target {
                Role::Server => format!("a client was served with a certificate {with}"),
                Role::Client => format!("the client sent its data to a server with a certificate {with}"),
            };
            // Names are the application's business: it may refuse in its own way.
            let case = case(target, name, legal(target.peer()), rule, Right::Refuse(&[]));
            let case = case.by(Who::Resembling(kind, *which)).so(so);
            if lax(*which) { case.lax() } else { case }
        })
    });
    cases.collect()
}
