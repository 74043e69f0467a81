//! x509-limbo's cases for private PKIs, judged with `strict_issuance` and with the default policy. Every difference is
//! listed here, and explained in docs/TRUST.md.

use countersign::x509::{Expect, JudgeOptions, Trust};
use countersign::{Peer, Role};
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;

#[derive(Default)]
struct Case<'a> {
    id: &'a str,
    accept: bool,
    client: bool,
    time: Option<u64>,
    names: Vec<&'a str>,
    depth: Option<usize>,
    roots: Vec<Vec<u8>>,
    cas: Vec<Vec<u8>>,
    leaf: Vec<u8>,
    crls: Vec<Vec<u8>>,
}

fn base64(text: &str) -> Vec<u8> {
    let value = |byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text.trim_end_matches('=').bytes().map(|byte| value(byte).into()).collect();
    let bytes = digits.chunks(4).flat_map(|group| {
        let bits = (0..4).fold(0, |bits, place| bits << 6 | group.get(place).copied().unwrap_or(0));
        bits.to_be_bytes()[1..group.len()].to_vec()
    });
    bytes.collect()
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(' ').unwrap();
        if key == "case" {
            cases.push(Case { id: value, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap();
        match key {
            "expect" => case.accept = value == "SUCCESS",
            "kind" => case.client = value == "CLIENT",
            "time" => case.time = Some(value.parse().unwrap()),
            "name" => case.names.push(value.split_once(' ').unwrap().1),
            // RFC 822 names: we match none, so only the chain is judged.
            "also" => {}
            "depth" => case.depth = Some(value.parse().unwrap()),
            "root" => case.roots.push(base64(value)),
            "ca" => case.cas.push(base64(value)),
            "leaf" => case.leaf = base64(value),
            "crl" => case.crls.push(base64(value)),
            other => panic!("{other}"),
        }
    }
    cases
}

/// 2026-11-23: no case without its own time has expired then.
const TODAY: u64 = 1_795_435_200;

fn judge(case: &Case<'_>, strict: bool) -> Result<(), String> {
    let mut builder = Trust::builder();
    for root in &case.roots {
        builder = builder.roots("root", root);
    }
    for crl in &case.crls {
        builder = builder.crls("crl", crl);
    }
    if let Some(depth) = case.depth {
        builder = builder.max_intermediates(depth);
    }
    if strict {
        builder = builder.strict_issuance();
    }
    // A case may have unusable roots beside good ones.
    let (trust, problems) = builder.build_from_usable();
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let expect: Vec<Expect> = match case.names.is_empty() {
        true => vec![Expect::AnyTrusted],
        false => case.names.iter().map(|name| name.parse().unwrap()).collect(),
    };
    let role = if case.client || case.names.is_empty() { Role::Client } else { Role::Server };
    let chain: Vec<CertificateDer<'_>> =
        std::iter::once(&case.leaf).chain(&case.cas).map(|der| CertificateDer::from(der.as_slice())).collect();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(case.time.unwrap_or(TODAY)));
    let judgement = trust.judge(&Peer::new(role, &chain), &JudgeOptions::new(&expect, now));
    match judgement {
        // An unusable list must not be ignored.
        Ok(_) if !case.crls.is_empty() && !problems.is_empty() => Err(problems.join("; ")),
        Ok(_) => Ok(()),
        Err(refusal) => {
            println!("{}: {} {refusal}", case.id, refusal.name());
            assert_ne!(refusal.name(), "PathSearch", "each refusal is explained: {refusal}");
            Err(format!("{refusal} {}", problems.join("; ")))
        }
    }
}

/// Cases that are refused although they should be accepted. All of them fail closed.
const REFUSED: &[&str] = &[
    // The peer's own certificate is a CA's (webpki).
    "pathlen::validation-ignores-pathlen-in-leaf",
    // Constraints count for self-issued intermediates (webpki).
    "pathlen::self-issued-certs-pathlen",
    // Directory name constraints are not compared (webpki).
    "rfc5280::nc::permitted-dn-match",
    "rfc5280::nc::permitted-self-issued",
    // E-mail constraints are not compared (webpki).
    "rfc5280::nc::nc-permits-email-exact",
    "rfc5280::nc::nc-permits-email-domain",
    "rfc5280::nc::nc-permits-email-literal-asterisk-exact-match",
    "rfc5280::nc::nc-permits-email-literal-double-asterisk",
    "rfc5280::nc::nc-permits-email-literal-mid-asterisk",
    "rfc5280::ca-as-leaf",
];

/// The only case that `strict_issuance` accepts although it should be refused: a trusted root, signed by another CA,
/// without authorityKeyIdentifier. The suite calls it ambiguous: RFC 5280 §6.1 does not check trust anchors, and its
/// case `cve::cve-2024-0567` expects such a root to be trusted.
const AMBIGUOUS: &str = "rfc5280::aki::cross-signed-root-missing-aki";

/// Cases that the default policy accepts in addition: rules that bind issuers, see `TrustBuilder::strict_issuance`.
const ACCEPTED_BY_DEFAULT: &[&str] = &[
    "crl::crlnumber-missing",
    "crl::crlnumber-critical",
    "rfc5280::aki::leaf-missing-aki",
    "rfc5280::aki::intermediate-missing-aki",
    AMBIGUOUS,
    "rfc5280::nc::permitted-dns-match-noncritical",
    "rfc5280::nc::invalid-dnsname-leading-period",
    "rfc5280::san::noncritical-with-empty-subject",
    "rfc5280::san::underscore-dns",
    "rfc5280::serial::too-long",
    "rfc5280::serial::zero",
    "rfc5280::ski::root-missing-ski",
    "rfc5280::ski::intermediate-missing-ski",
    "rfc5280::root-non-critical-basic-constraints",
];

fn differences(strict: bool) -> (usize, Vec<String>, Vec<String>) {
    let text = include_str!("../../vectors/limbo/cases.txt");
    let cases = cases(text);
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for case in &cases {
        match (judge(case, strict), case.accept) {
            (Ok(()), false) => accepted.push(case.id.to_string()),
            (Err(_), true) => refused.push(case.id.to_string()),
            (Ok(()), true) | (Err(_), false) => {}
        }
    }
    (cases.len(), accepted, refused)
}

#[test]
fn with_strict_issuance_nothing_is_accepted_that_rfc_5280_forbids() {
    let (count, accepted, refused) = differences(true);
    assert_eq!(count, 138);
    assert_eq!(accepted, [AMBIGUOUS]);
    assert_eq!(refused, REFUSED);
    assert_eq!(count - refused.len() - accepted.len(), 127, "cases agree");
}

#[test]
fn the_default_policy_differs_only_in_what_binds_issuers() {
    let (_, accepted, refused) = differences(false);
    assert_eq!(accepted, ACCEPTED_BY_DEFAULT);
    assert_eq!(refused, REFUSED);
}
