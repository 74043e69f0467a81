//! Whom does `Trust` accept, whom does it refuse, and what does it say?

use crate::pki::{self, Ca, DAY, HOUR, NOW, at, now};
use countersign::x509::{Culprit, Expect, JudgeOptions, Judgement, RefusalReason, Trust};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::{DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;

fn trust(roots: &[&Ca]) -> Trust {
    let mut builder = Trust::builder();
    for root in roots {
        builder = builder.roots("roots", &root.der);
    }
    builder.build().unwrap()
}

fn dns(name: &str) -> Vec<Expect> {
    vec![name.parse().unwrap()]
}

/// Judges a server as a client would.
fn server(trust: &Trust, chain: &[&CertificateDer<'_>], expect: &[Expect], now: u64) -> Judgement {
    judge(trust, Role::Server, chain, expect, now)
}

fn client(trust: &Trust, chain: &[&CertificateDer<'_>], expect: &[Expect], now: u64) -> Judgement {
    judge(trust, Role::Client, chain, expect, now)
}

fn judge(trust: &Trust, role: Role, chain: &[&CertificateDer<'_>], expect: &[Expect], now: u64) -> Judgement {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_ref())).collect();
    trust.judge(&Peer::new(role, &chain), &JudgeOptions::new(expect, at(now)))
}

/// The reason and the sentence of a refusal.
fn refused(judgement: Judgement) -> (Rejection, String) {
    match judgement.verdict {
        Verdict::Reject(reason) => (reason, judgement.report.to_string()),
        Verdict::Accept => panic!("accepted: {}", judgement.report),
    }
}

#[test]
fn a_chain_to_a_trusted_root_with_the_right_name_is_accepted() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal", "*.web.internal", "10.0.0.7"]);
    let trust = trust(&[&root]);
    for name in ["api.internal", "API.internal", "a.web.internal", "10.0.0.7"] {
        let judgement = server(&trust, &[&leaf.der, &ca.der], &dns(name), NOW);
        assert_eq!(judgement.verdict, Verdict::Accept, "{name}: {}", judgement.report);
        assert_eq!(judgement.report.matched(), Some(0));
    }
    for name in ["web.internal", "a.b.web.internal", "api", "10.0.0.8", "api.internal.evil"] {
        let (reason, text) = refused(server(&trust, &[&leaf.der, &ca.der], &dns(name), NOW));
        assert_eq!(reason, Rejection::WrongName, "{name}");
        assert!(text.contains("it is for api.internal, *.web.internal, 10.0.0.7"), "{text}");
    }
}

#[test]
fn a_common_name_is_no_server_name() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api.internal", &["other.internal"]);
    let (reason, _) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::WrongName);
}

#[test]
fn expiry_is_told_with_its_distance_and_date() {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("api", &["api.internal"], |params| {
        params.not_after = rcgen::date_time_ymd(2026, 11, 23) + std::time::Duration::from_secs(9 * HOUR);
    });
    let trust = trust(&[&root]);
    let judgement = client(&trust, &[&leaf.der], &[Expect::AnyTrusted], NOW);
    let serial: String = leaf.serial.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        judgement.report.to_string(),
        format!("client certificate CN=api (serial {serial}) expired 3 h ago (2026-11-23 09:00 UTC)")
    );
    assert_eq!(judgement.verdict, Verdict::Reject(Rejection::Expired));
    let last = NOW - 3 * HOUR;
    assert_eq!(client(&trust, &[&leaf.der], &[Expect::AnyTrusted], last).verdict, Verdict::Accept);
    assert_eq!(refused(client(&trust, &[&leaf.der], &[Expect::AnyTrusted], last + 1)).0, Rejection::Expired);
}

#[test]
fn an_expired_ca_or_root_is_named() {
    let soon = rcgen::date_time_ymd(2026, 11, 1);
    let root = Ca::root("Root");
    let ca = root.intermediate_with("Issuing", |params| params.not_after = soon);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der, &ca.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::Expired);
    assert!(text.starts_with("CA certificate CN=Issuing (serial "), "{text}");
    assert!(text.contains("of server certificate CN=api"), "{text}");
    let root = Ca::root_with("Old Root", |params| params.not_after = soon);
    let leaf = root.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::Expired);
    assert!(text.starts_with("CA certificate CN=Old Root (serial "), "{text}");
    assert!(text.contains("expired 22 days ago (2026-11-01 00:00 UTC)"), "{text}");
}

#[test]
fn not_yet_valid_is_told_apart_from_expired() {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("api", &["api.internal"], |p| p.not_before = rcgen::date_time_ymd(2026, 11, 24));
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::Expired);
    assert!(text.ends_with("is not valid for another 12 h (from 2026-11-24 00:00 UTC)"), "{text}");
    assert_eq!(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW + DAY).verdict, Verdict::Accept);
}

#[test]
fn an_unknown_ca_is_named_also_when_it_borrows_a_trusted_name() {
    let root = Ca::root("Root");
    let stranger = Ca::root("Stranger");
    let leaf = stranger.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnknownCa);
    assert!(text.ends_with("leads to no trusted root: CN=Stranger is not known here"), "{text}");
    let namesake = Ca::root("Root");
    let leaf = namesake.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnknownCa);
    assert!(text.contains("the trusted CN=Root has another key"), "{text}");
    // The missing intermediate is what an operator must add.
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    let (_, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert!(text.contains("CN=Issuing is not known here"), "{text}");
}

#[test]
fn a_forged_signature_is_refused() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let mut forged = leaf.der.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let (reason, _) = refused(server(&trust(&[&root]), &[&forged.into()], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::BadCertificate);
}

#[test]
fn the_purpose_must_fit_the_role() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let leaf = root.leaf_with("api", &["api.internal"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    assert_eq!(server(&trust, &[&leaf.der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
    let (reason, text) = refused(client(&trust, &[&leaf.der], &[Expect::AnyTrusted], NOW));
    assert_eq!(reason, Rejection::UnsupportedCertificate);
    assert!(text.contains("not meant for clients (extKeyUsage lacks clientAuth)"), "{text}");
}

#[test]
fn an_absent_or_any_purpose_is_accepted_unless_policy_requires_one() {
    let root = Ca::root("Root");
    let strict = Trust::builder().roots("roots", &root.der).require_extended_key_usage().build().unwrap();
    for purposes in [vec![], vec![ExtendedKeyUsagePurpose::Any]] {
        let leaf = root.leaf_with("api", &["api.internal"], |params| params.extended_key_usages = purposes);
        assert_eq!(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
        let (reason, _) = refused(server(&strict, &[&leaf.der], &dns("api.internal"), NOW));
        assert_eq!(reason, Rejection::UnsupportedCertificate);
    }
    let leaf = root.leaf("api", &["api.internal"]);
    assert_eq!(server(&strict, &[&leaf.der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
}

// req: 9846-4.5.1.2-3
#[test]
fn key_usage_must_allow_what_the_key_does() {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("api", &["api.internal"], |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnsupportedCertificate);
    assert!(text.contains("keyUsage without digitalSignature"), "{text}");
    let ca = root.intermediate_with("Issuing", |p| p.key_usages = vec![KeyUsagePurpose::CrlSign]);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der, &ca.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnsupportedCertificate);
    assert!(text.starts_with("CA certificate CN=Issuing"), "{text}");
    // Absent keyUsage: any use.
    let leaf = root.leaf_with("api", &["api.internal"], |p| p.key_usages.clear());
    assert_eq!(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
}

#[test]
fn a_leaf_issues_nothing_and_a_ca_identifies_nobody() {
    let root = Ca::root("Root");
    let not_ca = root.intermediate_with("Clerk", |params| {
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    });
    let leaf = not_ca.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der, &not_ca.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::BadCertificate);
    assert!(text.starts_with("CA certificate CN=Clerk"), "{text}");
    let (reason, text) = refused(server(&trust(&[&root]), &[&root.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::BadCertificate);
    assert!(text.contains("is a CA certificate"), "{text}");
}

#[test]
fn a_client_that_is_not_on_the_list_is_denied_not_misnamed() {
    let root = Ca::root("Root");
    let leaf = root.leaf("worker", &["worker.internal"]);
    let list: Vec<Expect> = ["api.internal", "db.internal"].iter().map(|name| name.parse().unwrap()).collect();
    let (reason, text) = refused(client(&trust(&[&root]), &[&leaf.der], &list, NOW));
    assert_eq!(reason, Rejection::AccessDenied);
    assert!(text.contains("worker.internal is not on the list"), "{text}");
    let list = [list, dns("worker.internal")].concat();
    assert_eq!(client(&trust(&[&root]), &[&leaf.der], &list, NOW).report.matched(), Some(2));
}

#[test]
fn any_trusted_never_judges_a_server() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let trust = trust(&[&root]);
    assert_eq!(client(&trust, &[&leaf.der], &[Expect::AnyTrusted], NOW).verdict, Verdict::Accept);
    for expect in [&[Expect::AnyTrusted][..], &[]] {
        let judgement = server(&trust, &[&leaf.der], expect, NOW);
        assert_eq!(judgement.report.refusal().unwrap().fault, RefusalReason::NothingExpected);
    }
    let mixed = [Expect::AnyTrusted, "db.internal".parse().unwrap()];
    assert_eq!(refused(server(&trust, &[&leaf.der], &mixed, NOW)).0, Rejection::WrongName);
    assert_eq!(
        refused(client(&trust, &[&leaf.der], &[], NOW)).0,
        Rejection::AccessDenied,
        "an empty list allows nobody"
    );
}

#[test]
fn our_own_certificate_is_a_reflection_unless_policy_allows_it() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let chain = [leaf.der.clone()];
    let expect = [Expect::AnyTrusted];
    let terms = JudgeOptions { own: &chain, ..JudgeOptions::new(&expect, now()) };
    let judgement = trust(&[&root]).judge(&Peer::new(Role::Client, &chain), &terms);
    assert_eq!(judgement.report.refusal().unwrap().fault, RefusalReason::OwnCertificate);
    assert_eq!(judgement.verdict, Verdict::Reject(Rejection::AccessDenied));
    let shared = Trust::builder().roots("roots", &root.der).accept_own_certificate().build().unwrap();
    assert_eq!(shared.judge(&Peer::new(Role::Client, &chain), &terms).verdict, Verdict::Accept);
}

#[test]
fn names_in_sentences_are_escaped() {
    let root = Ca::root("Root");
    let evil = "api\nclient accepted\u{1b}[2K\u{202e}";
    let leaf = root.leaf_with("", &["api.internal"], |params| {
        params.distinguished_name.push(DnType::CommonName, evil);
        params.not_after = rcgen::date_time_ymd(2026, 11, 1);
    });
    let (_, text) = refused(client(&trust(&[&root]), &[&leaf.der], &[Expect::AnyTrusted], NOW));
    assert!(text.starts_with("client certificate CN=api\\u{a}client accepted\\u{1b}[2K\\u{202e} (serial"), "{text}");
    assert!(!text.chars().any(char::is_control));
}

#[test]
fn garbage_is_refused_and_never_panics() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let trust = trust(&[&root]);
    for cut in 0..leaf.der.len() {
        let cut = CertificateDer::from(&leaf.der[..cut]);
        assert_eq!(refused(server(&trust, &[&cut], &dns("api.internal"), NOW)).0, Rejection::BadCertificate);
    }
    for index in 0..leaf.der.len() {
        let mut broken = leaf.der.to_vec();
        broken[index] ^= 0x55;
        refused(server(&trust, &[&broken.into()], &dns("api.internal"), NOW));
    }
    refused(judge(&trust, Role::Client, &[], &[Expect::AnyTrusted], NOW));
}

proptest::proptest! {
    #[test]
    fn no_file_makes_the_builder_panic(file: Vec<u8>, text in "(-----(BEGIN|END) [A-Z ]{0,12}-----|[A-Za-z0-9+/=]{0,70}|\\PC)(\n|\r\n|\r)?") {
        let body = [text.as_bytes(), &file, text.as_bytes()].concat();
        for file in [file.as_slice(), &body] {
            let (trust, problems) = Trust::builder().roots("roots", file).crls("crls", file).build_from_usable();
            assert_eq!(trust.root_count(), 0);
            assert!(problems.len() >= 2);
            assert!(countersign::x509::PeerIdentity::read(file).is_err());
            assert!(countersign::x509::SigningKey::from_pem_or_der(file).is_err());
        }
    }
}

/// DER with its length in as few bytes as it takes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap() {
        len @ 0..=127 => vec![len as u8],
        len @ 128..=255 => vec![0x81, len as u8],
        len => [&[0x82][..], &len.to_be_bytes()].concat(),
    };
    [&[tag], &length[..], content].concat()
}

/// The same certificate, said to be signed by another algorithm: inside of what is signed, and beside it.
fn said_to_be_signed_by(algorithm: &[u8], certificate: &[u8]) -> CertificateDer<'static> {
    const ECDSA_WITH_SHA256: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let header = |der: &[u8]| if der[1] < 128 { 2 } else { usize::from(der[1] & 127) + 2 };
    let find = |bytes: &[u8]| bytes.windows(12).position(|each| each == ECDSA_WITH_SHA256).unwrap();
    let content = &certificate[header(certificate)..];
    let tbs = &content[header(content)..];
    let (inner, outer) = (find(tbs), find(&tbs[find(tbs) + 12..]) + find(tbs) + 12);
    let signed = der(0x30, &[&tbs[..inner], algorithm, &tbs[inner + 12..outer]].concat());
    CertificateDer::from(der(0x30, &[&signed[..], algorithm, &tbs[outer + 12..]].concat()))
}

// req: 9846-4.5.1.3-2
#[test]
fn an_md5_or_sha1_signature_in_the_chain_is_a_bad_certificate() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    let trust = trust(&[&root]);
    for (algorithm, name) in [
        (&[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4, 5, 0][..], "MD5"),
        (&[0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0], "SHA-1"),
        (&[0x30, 0x09, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1], "SHA-1"),
    ] {
        let weak_leaf = said_to_be_signed_by(algorithm, &leaf.der);
        let weak_ca = said_to_be_signed_by(algorithm, &ca.der);
        for chain in [[&weak_leaf, &ca.der], [&leaf.der, &weak_ca]] {
            for role in [Role::Server, Role::Client] {
                let (reason, text) = refused(judge(&trust, role, &chain, &dns("api.internal"), NOW));
                assert_eq!(reason, Rejection::BadCertificate, "{name}: {text}");
                assert!(text.contains(name), "{text}");
                assert_eq!(reason.alert(), countersign::AlertDescription::BAD_CERTIFICATE);
            }
        }
    }
    // The rewriting itself changes nothing.
    let same = said_to_be_signed_by(&[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], &leaf.der);
    assert_eq!(same, leaf.der);
}

// ---- who is named, and why ----

/// The chain as a server's, refused: who is at fault, and the fault.
fn fault(trust: &Trust, chain: &[&CertificateDer<'_>]) -> (Culprit, RefusalReason) {
    let judgement = server(trust, chain, &dns("api.internal"), NOW);
    let refusal = judgement.report.refusal().unwrap_or_else(|| panic!("accepted: {}", judgement.report));
    (refusal.culprit.clone(), refusal.fault.clone())
}

fn is_ca(culprit: &Culprit, name: &str) -> bool {
    matches!(culprit, Culprit::Ca { subject, .. } if subject == name)
}

// RFC 5280 §4.2.1.12: in a CA certificate, a limit for all below it.
#[test]
fn a_ca_that_is_limited_to_one_purpose_vouches_for_no_other() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let purposes = [ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    for (purpose, limited_to) in purposes.into_iter().zip([Role::Client, Role::Server]) {
        let ca = root.intermediate_with("Issuing", |params| params.extended_key_usages = vec![purpose]);
        let leaf = ca.leaf("api", &["api.internal"]);
        for role in [Role::Client, Role::Server] {
            let judgement = judge(&trust, role, &[&leaf.der, &ca.der], &dns("api.internal"), NOW);
            if role == limited_to {
                assert_eq!(judgement.verdict, Verdict::Accept, "{}", judgement.report);
            } else {
                let refusal = judgement.report.refusal().unwrap();
                assert_eq!(refusal.fault, RefusalReason::ExtKeyUsage(role));
                assert!(is_ca(&refusal.culprit, "CN=Issuing"), "{refusal}");
            }
        }
    }
    let any = root.intermediate_with("Any", |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]);
    let leaf = any.leaf("api", &["api.internal"]);
    assert_eq!(server(&trust, &[&leaf.der, &any.der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
}

#[test]
fn a_critical_extension_that_nobody_knows_is_named_as_such() {
    let unknown = || pki::custom(&[1, 3, 6, 1, 4, 1, 99999, 1], b"?", true);
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let leaf = root.leaf_with("api", &["api.internal"], |params| params.custom_extensions.push(unknown()));
    assert_eq!(fault(&trust, &[&leaf.der]), (Culprit::Leaf, RefusalReason::CriticalExtension));
    let strange = Ca::root_with("Root", |params| params.custom_extensions.push(unknown()));
    assert!(Trust::from_roots("roots", &strange.der).is_err());
}

#[test]
fn of_a_chain_the_certificate_whose_time_has_not_come_is_named() {
    let later = rcgen::date_time_ymd(2026, 11, 24);
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf_with("api", &["api.internal"], |params| params.not_before = later);
    assert_eq!(fault(&trust, &[&leaf.der, &ca.der]), (Culprit::Leaf, RefusalReason::NotYetValid(at(NOW + DAY / 2))));
    let ca = root.intermediate_with("Issuing", |params| params.not_before = later);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (culprit, fault) = fault(&trust, &[&leaf.der, &ca.der]);
    assert_eq!(fault, RefusalReason::NotYetValid(at(NOW + DAY / 2)));
    assert!(is_ca(&culprit, "CN=Issuing"), "{culprit:?}");
}

#[test]
fn of_a_chain_the_certificate_that_ends_before_it_begins_is_named() {
    let backwards = |params: &mut rcgen::CertificateParams| {
        (params.not_before, params.not_after) = (params.not_after, params.not_before);
    };
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf_with("api", &["api.internal"], backwards);
    let says = RefusalReason::Malformed("its validity ends before it begins");
    assert_eq!(fault(&trust, &[&leaf.der, &ca.der]), (Culprit::Leaf, says.clone()));
    let ca = root.intermediate_with("Issuing", backwards);
    let leaf = ca.leaf("api", &["api.internal"]);
    let (culprit, fault) = fault(&trust, &[&leaf.der, &ca.der]);
    assert!(fault == says && is_ca(&culprit, "CN=Issuing"), "{culprit:?} {fault:?}");
}

#[test]
fn of_a_chain_the_certificate_whose_times_are_none_is_named() {
    // RFC 5280 §4.1.2.5.1: YYMMDDHHMMSSZ. A month of 13 breaks the signature too, but the form is judged first.
    let in_month_13 = |der: &CertificateDer<'_>| {
        let mut der = der.to_vec();
        let time = der.windows(2).position(|each| each == [0x17, 13]).expect("a UTCTime") + 2;
        der[time + 2..time + 4].copy_from_slice(b"13");
        CertificateDer::from(der)
    };
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    let says = RefusalReason::Malformed("its validity is malformed");
    assert_eq!(fault(&trust, &[&in_month_13(&leaf.der), &ca.der]), (Culprit::Leaf, says.clone()));
    let (culprit, fault) = fault(&trust, &[&leaf.der, &in_month_13(&ca.der)]);
    assert!(fault == says && is_ca(&culprit, "CN=Issuing"), "{culprit:?} {fault:?}");
}

#[test]
fn the_issuer_that_is_missing_is_told_whatever_else_was_sent() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let (other, missing) = (root.intermediate("Other"), root.intermediate("Missing"));
    let leaf = missing.leaf("api", &["api.internal"]);
    let unknown = |name: &str| (Culprit::Leaf, RefusalReason::UnknownIssuer(name.into()));
    assert_eq!(fault(&trust, &[&leaf.der]), unknown("CN=Missing"));
    assert_eq!(fault(&trust, &[&leaf.der, &other.der]), unknown("CN=Missing"));
    // One step further up.
    let below = missing.intermediate("Below");
    let leaf = below.leaf("api", &["api.internal"]);
    assert_eq!(fault(&trust, &[&leaf.der, &other.der, &below.der]), unknown("CN=Missing"));
    let nameless = Ca::root("").leaf("api", &["api.internal"]);
    assert_eq!(fault(&trust, &[&nameless.der]), unknown("an issuer without a name"));
}

#[test]
fn a_forgery_is_told_from_a_namesake_by_the_key_identifiers() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let namesake = Ca::root("Root").leaf("api", &["api.internal"]);
    let unrelated = root.intermediate("Other");
    for chain in [&[&namesake.der][..], &[&namesake.der, &unrelated.der]] {
        assert_eq!(fault(&trust, chain), (Culprit::Leaf, RefusalReason::OtherRootKey("CN=Root".into())));
    }
    // The key that is meant was sent, under the root's name: then only the signature can be wrong.
    let between = root.intermediate("Root");
    let mut forged = between.leaf("api", &["api.internal"]).der.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(fault(&trust, &[&forged.into(), &between.der]), (Culprit::Leaf, RefusalReason::BadSignature));
}

// RFC 5280 §4.2.1.10
#[test]
fn a_roots_constraints_concern_only_what_is_below_it() {
    // NameConstraints { permittedSubtrees { [6] ".example.org" } }
    let uri = b"\x30\x12\xa0\x10\x30\x0e\x86\x0c.example.org";
    let constrained =
        Ca::root_with("Constrained", |p| p.custom_extensions.push(pki::custom(&[2, 5, 29, 30], uri, true)));
    let free = Ca::root("Free");
    let trust = trust(&[&constrained, &free]);
    let names = ["api.internal", "spiffe://a.example.org/x"];
    let leaf = constrained.leaf("api", &names);
    assert_eq!(fault(&trust, &[&leaf.der]), (Culprit::Leaf, RefusalReason::UnsupportedConstraint("URIs (SPIFFE IDs)")));
    assert_eq!(server(&trust, &[&free.leaf("api", &names).der], &dns("api.internal"), NOW).verdict, Verdict::Accept);
    // A name outside of what the CA may vouch for is the fault, whatever the other root says of URIs.
    let dns_only = b"\x30\x10\xa0\x0e\x30\x0c\x82\x0aother.test";
    let ca =
        free.intermediate_with("Issuing", |p| p.custom_extensions.push(pki::custom(&[2, 5, 29, 30], dns_only, true)));
    assert_eq!(fault(&trust, &[&ca.leaf("api", &names).der, &ca.der]), (Culprit::Leaf, RefusalReason::NameConstraints));
}

// RFC 5280 §4.1.1.2: the algorithm beside the signature is the one inside.
#[test]
fn two_signature_algorithms_in_one_certificate_are_a_fault() {
    let root = Ca::root("Root");
    let trust = trust(&[&root]);
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal"]);
    // ecdsa-with-SHA384 beside, where ecdsa-with-SHA256 is inside: one octet, the last before the signature's BIT STRING.
    let differing = |certificate: &CertificateDer<'_>| {
        let mut bytes = certificate.to_vec();
        let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let outer = bytes.windows(8).rposition(|each| each == oid).unwrap();
        bytes[outer + 7] = 3;
        CertificateDer::from(bytes)
    };
    let says = RefusalReason::Malformed("its two signature algorithms differ");
    assert_eq!(fault(&trust, &[&differing(&leaf.der), &ca.der]), (Culprit::Leaf, says.clone()));
    assert_eq!(fault(&trust, &[&leaf.der, &differing(&ca.der)]).1, says);
}
