//! Published faults of other TLS implementations from 2022 to 2026 in their verdicts on certificates, each tried on
//! ours. `docs/lessons/README.md` has the fault, the implementation and the rule.

use crate::pki::{Ca, NOW, at, custom, now};
use crate::trust::{dns, judge, trust};
use countersign::AlertDescription as A;
use countersign::x509::{Expect, JudgeOptions, RefusalReason, SignatureMemo, SigningKey};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose as Purpose, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;

const NAME: &str = "api.internal";

/// A peer in this role is refused with this reason, if leaf and CA under a trusted root have these changes.
#[track_caller]
fn refused(
    role: Role,
    leaf: impl FnOnce(&mut CertificateParams),
    ca: impl FnOnce(&mut CertificateParams),
) -> (RefusalReason, A) {
    let root = Ca::root("Root");
    let ca = root.intermediate_with("Issuing", ca);
    let leaf = ca.leaf_with("api", &[NAME], leaf);
    let refusal = judge(&trust(&[&root]), role, &[&leaf.der, &ca.der], &dns(NAME), NOW).unwrap_err();
    (refusal.reason().clone(), refusal.rejection().alert())
}

fn as_issued(_: &mut CertificateParams) {}

fn meant_for(purposes: &[Purpose]) -> impl Fn(&mut CertificateParams) {
    move |params| params.extended_key_usages = purposes.to_vec()
}

fn used_for(usages: &[KeyUsagePurpose]) -> impl Fn(&mut CertificateParams) {
    move |params| params.key_usages = usages.to_vec()
}

/// Refused for this role: by extKeyUsage of the leaf, by its keyUsage, and by extKeyUsage of its CA.
#[track_caller]
fn the_usage_must_fit(role: Role, other: Purpose) {
    let unsupported = A::UNSUPPORTED_CERTIFICATE;
    for purposes in [
        &[other.clone()][..],
        &[other.clone(), Purpose::CodeSigning],
        &[Purpose::CodeSigning],
        &[Purpose::EmailProtection],
        &[Purpose::OcspSigning, Purpose::TimeStamping],
    ] {
        let expected = (RefusalReason::ExtKeyUsage(role), unsupported);
        assert_eq!(refused(role, meant_for(purposes), as_issued), expected, "{purposes:?}");
        assert_eq!(refused(role, as_issued, meant_for(purposes)), expected, "{purposes:?} in the CA");
    }
    // An empty list of purposes is not the same as no extension (RFC 5280 §4.2.1.12: SIZE (1..MAX)).
    let empty = |params: &mut CertificateParams| {
        params.extended_key_usages.clear();
        params.custom_extensions.push(custom(&[2, 5, 29, 37], &[0x30, 0], false));
    };
    let expected = (RefusalReason::ExtKeyUsage(role), unsupported);
    assert_eq!(refused(role, empty, as_issued), expected);
    assert_eq!(refused(role, as_issued, empty), expected);
    // TLS 1.3 proves possession by a signature.
    for usages in [
        &[KeyUsagePurpose::KeyEncipherment][..],
        &[KeyUsagePurpose::KeyAgreement],
        &[KeyUsagePurpose::ContentCommitment],
        &[KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DataEncipherment],
    ] {
        let expected = (RefusalReason::KeyUsage("digitalSignature"), unsupported);
        assert_eq!(refused(role, used_for(usages), as_issued), expected, "{usages:?}");
    }
}

/// CVE-2026-45388 (OSEC-2026-06), ocaml-tls: a client accepted a server with a certificate for clients, or for other
/// purposes.
#[test]
fn cve_2026_45388_a_server_has_a_certificate_for_servers() {
    the_usage_must_fit(Role::Server, Purpose::ClientAuth);
}

/// CVE-2026-45389 (OSEC-2026-07), ocaml-tls: a server accepted a client with a certificate for servers.
#[test]
fn cve_2026_45389_a_client_has_a_certificate_for_clients() {
    the_usage_must_fit(Role::Client, Purpose::ServerAuth);
}

/// A GeneralName as the base of a subtree, and the lists of NameConstraints with it.
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const EMAIL: u8 = 0x81;
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

/// A CA may vouch only for names under this base, or for all others. Returns whether a leaf with these names is
/// accepted as `expect`.
///
/// It is tried in both roles, with constraints of a root and of an intermediate, critical (as required) and not. All
/// results must be equal.
#[track_caller]
fn constrained(subtrees: u8, kind: u8, base: &str, names: &[&str], expect: &str) -> Result<(), RefusalReason> {
    let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let constraints = tlv(0x30, &tlv(subtrees, &tlv(0x30, &tlv(kind, base.as_bytes()))));
    let expect: [Expect; 1] = [expect.parse().unwrap()];
    let mut judged = Vec::new();
    for (in_root, critical) in [(true, true), (true, false), (false, true), (false, false)] {
        let constrain = |params: &mut CertificateParams| {
            params.custom_extensions.push(custom(&[2, 5, 29, 30], &constraints, critical));
        };
        let root = if in_root { Ca::root_with("Constrained", constrain) } else { Ca::root("Root") };
        let ca = if in_root { root.intermediate("CA") } else { root.intermediate_with("Constrained", constrain) };
        let leaf = ca.leaf("api", names);
        for role in [Role::Client, Role::Server] {
            let judgement = judge(&trust(&[&root]), role, &[&leaf.der, &ca.der], &expect, NOW);
            judged.push(judgement.map(drop).map_err(|refusal| {
                assert_eq!(refusal.rejection().alert(), A::BAD_CERTIFICATE);
                refusal.reason().clone()
            }));
        }
    }
    assert!(judged.iter().all(|each| *each == judged[0]), "{judged:?}");
    judged.remove(0)
}

/// RUSTSEC-2026-0098, rustls-webpki (with which this crate builds paths): name constraints on URIs were ignored. With
/// SPIFFE IDs, only they keep a CA in its trust domain.
///
/// A constraint that cannot be compared refuses every name of its kind, because it is unknown whether it holds.
#[test]
fn rustsec_2026_0098_a_constraint_on_uris_is_never_passed_over() {
    const ID: &str = "spiffe://example.org/api";
    let unsupported = |kind| Err(RefusalReason::UnsupportedConstraint(kind));
    for subtrees in [PERMITTED, EXCLUDED] {
        for base in ["example.org", "example.com", ".example.org", "spiffe://example.com/"] {
            for names in [&[ID][..], &[NAME, ID], &[ID, NAME], &[NAME, "https://example.org/"]] {
                let expect = if names.contains(&NAME) { NAME } else { ID };
                assert_eq!(constrained(subtrees, URI, base, names, expect), unsupported("URIs (SPIFFE IDs)"));
            }
            // A leaf without a name of this kind is not affected (RFC 5280 §4.2.1.10).
            assert_eq!(constrained(subtrees, URI, base, &[NAME], NAME), Ok(()));
        }
        // The same fault for another kind of name.
        let expected = unsupported("e-mail addresses");
        assert_eq!(constrained(subtrees, EMAIL, "example.org", &[NAME, "a@example.org"], NAME), expected);
    }
}

/// RUSTSEC-2026-0099, rustls-webpki: a wildcard was accepted under a constraint that allows only one of its names. The
/// same in wolfSSL (CVE-2026-10592), and in Go for excluded names (CVE-2025-61727).
#[test]
fn rustsec_2026_0099_a_wildcard_lies_within_a_constraint_only_with_all_that_it_stands_for() {
    let refused = || Err(RefusalReason::NameConstraints("CN=Constrained".into()));
    for (subtrees, base, wildcard, expect, judged) in [
        (PERMITTED, "accept.example.com", "*.example.com", "reject.example.com", refused()),
        (PERMITTED, "accept.example.com", "*.example.com", "accept.example.com", refused()),
        (PERMITTED, "accept.example.com", "*.reject.example.com", "a.reject.example.com", refused()),
        (PERMITTED, "accept.example.com", "*.accept.example.com", "a.accept.example.com", Ok(())),
        (PERMITTED, "example.com", "*.example.com", "a.example.com", Ok(())),
        (EXCLUDED, "reject.example.com", "*.example.com", "reject.example.com", refused()),
        (EXCLUDED, "reject.example.com", "*.example.com", "accept.example.com", refused()),
        (EXCLUDED, "reject.example.com", "*.reject.example.com", "a.reject.example.com", refused()),
        (EXCLUDED, "reject.example.com", "*.accept.example.com", "a.accept.example.com", Ok(())),
    ] {
        println!("{subtrees:02x} {base}: {wildcard} for {expect}");
        assert_eq!(constrained(subtrees, DNS, base, &[wildcard], expect), judged);
        // An allowed name beside it does not help.
        let beside = if subtrees == PERMITTED { "b.accept.example.com" } else { "b.other.test" };
        assert_eq!(constrained(subtrees, DNS, base, &[beside, wildcard], expect), judged);
    }
}

/// CVE-2024-12797, OpenSSL: a client did not notice that the server had another raw public key than the expected one.
/// `tests/protocol/lessons/certificate_type.rs` tests the handshake's part.
#[test]
fn cve_2024_12797_a_raw_public_key_that_is_not_pinned_is_refused() {
    let root = Ca::root("Root");
    let key = || {
        let key = rcgen::KeyPair::generate().unwrap();
        SigningKey::from_der(&key.serialize_der()).unwrap().public_key().to_vec()
    };
    let (expected, shown) = (key(), key());
    let spki = [CertificateDer::from(shown.clone())];
    for role in [Role::Client, Role::Server] {
        let verdict = |expect: &[Expect]| {
            let judged = trust(&[&root]).judge(&Peer::raw_public_key(role, &spki), &JudgeOptions::new(expect, now()));
            (Verdict::from(&judged), judged.err().map(|refusal| refusal.name()))
        };
        let (accepted, unknown) = (verdict(&[Expect::public_key(&shown)]), Some("UnknownKey"));
        assert_eq!(accepted, (Verdict::Accept, None));
        assert_eq!(verdict(&[Expect::public_key(&expected)]).1, unknown);
        // No name, and no trust in chains, replaces the pin.
        assert_eq!(verdict(&[NAME.parse().unwrap()]).1, unknown);
        assert!(verdict(&[Expect::AnyTrusted]).1.is_some());
        assert!(verdict(&[]).1.is_some());
    }
}

/// GO-2026-4337 (CVE-2025-68121), Go: a session was resumed although the roots had been changed after the peer was
/// verified. This crate remembers only which key has signed which bytes, and no verdict.
#[test]
fn go_2026_4337_what_other_roots_have_verified_is_not_accepted() {
    let (before, after) = (Ca::root("Root"), Ca::root("Root"));
    let ca = before.intermediate("Issuing");
    let leaf = ca.leaf("api", &[NAME]);
    let chain = [leaf.der, ca.der];
    let (memo, expect) = (SignatureMemo::new(8), dns(NAME));
    let options = JudgeOptions { memo: Some(&memo), ..JudgeOptions::new(&expect, at(NOW)) };
    for role in [Role::Client, Role::Server] {
        let peer = Peer::new(role, &chain);
        for _ in 0..2 {
            assert!(trust(&[&before]).judge(&peer, &options).is_ok());
        }
        let refusal = trust(&[&after]).judge(&peer, &options).unwrap_err();
        assert_eq!(refusal.rejection(), Rejection::UnknownCa);
    }
    assert!(!memo.is_empty(), "it was remembered");
}
