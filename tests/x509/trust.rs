//! Which peers `Trust` accepts and refuses, and what it says.

use crate::pki::{Ca, DAY, HOUR, NOW, at, now};
use countersign::x509::{Accepted, Expect, JudgeOptions, Problem, Refusal, RefusalReason, Trust};
use countersign::{Peer, Rejection, Role, Verdict};
use rcgen::{DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls_pki_types::CertificateDer;

pub(crate) fn trust(roots: &[&Ca]) -> Trust {
    let mut builder = Trust::builder();
    for root in roots {
        builder = builder.roots("roots", &root.der);
    }
    builder.build().unwrap()
}

pub(crate) fn dns(name: &str) -> Vec<Expect> {
    vec![name.parse().unwrap()]
}

/// Judges a server as a client would.
pub(crate) fn server(
    trust: &Trust,
    chain: &[&CertificateDer<'_>],
    expect: &[Expect],
    now: u64,
) -> Result<Accepted, Refusal> {
    judge(trust, Role::Server, chain, expect, now)
}

fn client(trust: &Trust, chain: &[&CertificateDer<'_>], expect: &[Expect], now: u64) -> Result<Accepted, Refusal> {
    judge(trust, Role::Client, chain, expect, now)
}

pub(crate) fn judge(
    trust: &Trust,
    role: Role,
    chain: &[&CertificateDer<'_>],
    expect: &[Expect],
    now: u64,
) -> Result<Accepted, Refusal> {
    let chain: Vec<CertificateDer<'_>> = chain.iter().map(|der| CertificateDer::from(der.as_ref())).collect();
    trust.judge(&Peer::new(role, &chain), &JudgeOptions::new(expect, at(now)))
}

/// The reason and the sentence of a refusal.
fn refused(judgement: Result<Accepted, Refusal>) -> (Rejection, String) {
    match judgement {
        Err(refusal) => (refusal.rejection(), refusal.to_string()),
        Ok(accepted) => panic!("{accepted}"),
    }
}

#[test]
fn a_chain_to_a_trusted_root_with_the_right_name_is_accepted() {
    let root = Ca::root("Root");
    let ca = root.intermediate("Issuing");
    let leaf = ca.leaf("api", &["api.internal", "*.web.internal", "10.0.0.7"]);
    let trust = trust(&[&root]);
    for name in ["api.internal", "API.internal", "api.internal.", "a.web.internal", "10.0.0.7"] {
        let judgement = server(&trust, &[&leaf.der, &ca.der], &dns(name), NOW);
        assert_eq!(Verdict::from(&judgement), Verdict::Accept, "{name}: {judgement:?}");
        assert_eq!(judgement.unwrap().matched(), 0);
    }
    let names = "it is for DNS name \"api.internal\", DNS name \"*.web.internal\", IP address 10.0.0.7";
    for name in ["web.internal", "a.b.web.internal", "api", "10.0.0.8", "api.internal.evil"] {
        let (reason, text) = refused(server(&trust, &[&leaf.der, &ca.der], &dns(name), NOW));
        assert_eq!(reason, Rejection::WrongName, "{name}");
        assert!(text.contains(names), "{text}");
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
    let serial: String = leaf.serial().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        judgement.as_ref().unwrap_err().to_string(),
        format!("client certificate CN=api (serial {serial}) expired 3 h ago (2026-11-23 09:00:00 UTC)")
    );
    assert_eq!(Verdict::from(&judgement), Verdict::Reject(Rejection::Expired));
    let last = NOW - 3 * HOUR;
    assert_eq!(Verdict::from(&client(&trust, &[&leaf.der], &[Expect::AnyTrusted], last)), Verdict::Accept);
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
    assert!(text.starts_with("root certificate CN=Old Root (serial "), "{text}");
    assert!(text.contains("expired 22 days ago (2026-11-01 00:00:00 UTC)"), "{text}");
}

#[test]
fn not_yet_valid_is_told_apart_from_expired() {
    let root = Ca::root("Root");
    let leaf = root.leaf_with("api", &["api.internal"], |p| p.not_before = rcgen::date_time_ymd(2026, 11, 24));
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::Expired);
    assert!(text.ends_with("is not valid for another 12 h (from 2026-11-24 00:00:00 UTC)"), "{text}");
    assert_eq!(
        Verdict::from(&server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW + DAY)),
        Verdict::Accept
    );
}

#[test]
fn an_unknown_ca_is_named_also_when_it_borrows_a_trusted_name() {
    let root = Ca::root("Root");
    let stranger = Ca::root("Stranger");
    let leaf = stranger.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnknownCa);
    assert!(text.contains("leads to no trusted root: CN=Stranger is not known here"), "{text}");
    // Its own certificate has no path.
    let with_root = [&leaf.der, &stranger.der];
    let (_, text) = refused(server(&trust(&[&root]), &with_root, &dns("api.internal"), NOW));
    assert!(
        text.ends_with("CN=Stranger is not known here, and no certificate of it that leads further was sent"),
        "{text}"
    );
    let namesake = Ca::root("Root");
    let leaf = namesake.leaf("api", &["api.internal"]);
    let (reason, text) = refused(server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW));
    assert_eq!(reason, Rejection::UnknownCa);
    assert!(text.contains("the trusted CN=Root has another key"), "{text}");
    // The operator must add the missing intermediate.
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
    assert_eq!(Verdict::from(&server(&trust, &[&leaf.der], &dns("api.internal"), NOW)), Verdict::Accept);
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
        assert_eq!(Verdict::from(&server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW)), Verdict::Accept);
        let (reason, _) = refused(server(&strict, &[&leaf.der], &dns("api.internal"), NOW));
        assert_eq!(reason, Rejection::UnsupportedCertificate);
    }
    let leaf = root.leaf("api", &["api.internal"]);
    assert_eq!(Verdict::from(&server(&strict, &[&leaf.der], &dns("api.internal"), NOW)), Verdict::Accept);
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
    // Without keyUsage every use is allowed.
    let leaf = root.leaf_with("api", &["api.internal"], |p| p.key_usages.clear());
    assert_eq!(Verdict::from(&server(&trust(&[&root]), &[&leaf.der], &dns("api.internal"), NOW)), Verdict::Accept);
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
    assert!(text.contains("not on the list of those allowed here: it is for DNS name \"worker.internal\""), "{text}");
    let list = [list, dns("worker.internal")].concat();
    assert_eq!(client(&trust(&[&root]), &[&leaf.der], &list, NOW).unwrap().matched(), 2);
}

#[test]
fn any_trusted_never_judges_a_server() {
    let root = Ca::root("Root");
    let leaf = root.leaf("api", &["api.internal"]);
    let trust = trust(&[&root]);
    assert_eq!(Verdict::from(&client(&trust, &[&leaf.der], &[Expect::AnyTrusted], NOW)), Verdict::Accept);
    for expect in [&[Expect::AnyTrusted][..], &[]] {
        let judgement = server(&trust, &[&leaf.der], expect, NOW);
        assert_eq!(judgement.as_ref().unwrap_err().reason(), &RefusalReason::NothingExpected);
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
    assert_eq!(judgement.as_ref().unwrap_err().reason(), &RefusalReason::OwnCertificate);
    assert_eq!(Verdict::from(&judgement), Verdict::Reject(Rejection::AccessDenied));
    let shared = Trust::builder().roots("roots", &root.der).accept_own_certificate().build().unwrap();
    assert_eq!(Verdict::from(&shared.judge(&Peer::new(Role::Client, &chain), &terms)), Verdict::Accept);
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
    assert!(text.starts_with("client certificate CN=api\\0Aclient accepted\\1B[2K\\E2\\80\\AE (serial"), "{text}");
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

/// The name of a problem is for metrics, its sentence for people.
#[test]
fn every_kind_of_problem_has_a_name_and_an_error_has_that_of_its_first() {
    let root = Ca::root("root");
    let leaf = root.leaf("api", &["api.internal"]);
    let cut = root.der.len() - 1;
    let (roots, crls) = (
        |file: &[u8]| Trust::builder().roots("file", file),
        |file: &[u8]| Trust::builder().roots("root", &root.der).crls("file", file),
    );
    for (builder, name) in [
        (Trust::builder(), "NoRoot"),
        (roots(b"nothing"), "NoRoot"),
        (roots(&root.der[..cut]), "UnreadableRoot"),
        (roots(&leaf.der), "UnfitRoot"),
        (crls(b"nothing"), "NoCrl"),
        (crls(&root.der), "UnusableCrl"),
    ] {
        let Err(error) = builder.build() else { panic!("{name}") };
        let names: Vec<&str> = error.problems.iter().map(Problem::name).collect();
        assert_eq!((error.name(), &names[..]), (name, &[name][..]), "{error}");
    }
}

#[test]
fn a_root_counts_once_for_each_thing_that_it_vouches_for() {
    let root = Ca::root("Root");
    let domain = |name: &str| name.parse().unwrap();
    let twice = Trust::builder().roots("first.pem", &root.der).roots("second.pem", &root.der).build().unwrap();
    assert_eq!((twice.root_count(), twice.id()), (1, trust(&[&root]).id()));
    let bound = Trust::builder().spiffe_bundle(domain("example.org"), "bundle", &root.der);
    let bound = bound.spiffe_bundle(domain("example.org"), "bundle", &root.der);
    let bound = bound.spiffe_bundle(domain("other.example"), "bundle", &root.der).roots("root", &root.der);
    assert_eq!(bound.build().unwrap().root_count(), 3);
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
            let json = [b"{\"keys\": [", file].concat();
            let bundle = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle", &json);
            assert!(bundle.build().is_err());
        }
    }
}

/// DER with the shortest length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap() {
        len @ 0..=127 => vec![len as u8],
        len @ 128..=255 => vec![0x81, len as u8],
        len => [&[0x82][..], &len.to_be_bytes()].concat(),
    };
    [&[tag], &length[..], content].concat()
}

/// The same certificate with another signature algorithm, in the signed part and outside of it.
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
    // To write it again changes nothing.
    let same = said_to_be_signed_by(&[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2], &leaf.der);
    assert_eq!(same, leaf.der);
}
