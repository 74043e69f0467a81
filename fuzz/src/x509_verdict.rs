//! `x509_verdict`: chains of any certificates in any order, with changes, at any time, for any name. They are compared
//! with webpki: what it refuses is never accepted. (What it accepts may be refused, because we have additional rules.)
//! Every reader of certificates, keys, CRLs and names survives any bytes.

use super::choices::Choices;
use countersign::internals::asn1::{Certificate, CertificateList, Name, Spki, is_deceptive};
use countersign::x509::{Expect, JudgeOptions, PeerIdentity, SignatureMemo, SigningKey, Trust};
use countersign::{Peer, Role, Verdict};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose as Purpose, GeneralSubtree,
    IsCa, KeyPair, KeyUsagePurpose as Usage, NameConstraints, SanType, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use std::sync::OnceLock;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// 2026-11-23, when the certificates of the pool are valid.
const NOW: u64 = 1_795_435_200;
const YEAR: u64 = 31_557_600;

struct Pool {
    /// Leaves and CAs, good and bad. Seeds use the positions: append only.
    certificates: Vec<CertificateDer<'static>>,
    trust: [Trust; 2],
    anchor: TrustAnchor<'static>,
    memo: SignatureMemo,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key")
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    params
}

fn pool() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        let root = |name: &str| Issuer::self_signed(ca_params(name), key()).expect("a root");
        let ca = |params: CertificateParams, by: &Issuer| Issuer::signed_by(params, key(), by).expect("a CA");
        let (good, foreign) = (root("root"), root("root"));
        let first = ca(ca_params("first"), &good);
        let second = ca(ca_params("second"), &first);
        let mut params = ca_params("expired");
        params.not_after = date_time_ymd(2026, 2, 1);
        let expired = ca(params, &good);
        let mut params = ca_params("short");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        let short = ca(params, &good);
        let below_short = ca(ca_params("below"), &short);
        let mut params = ca_params("bounded");
        let test = vec![GeneralSubtree::DnsName("test".into())];
        params.name_constraints = Some(NameConstraints { permitted_subtrees: test, excluded_subtrees: vec![] });
        let bounded = ca(params, &good);
        let mut params = ca_params("no CA");
        params.is_ca = IsCa::ExplicitNoCa;
        let no_ca = ca(params, &good);
        let mut params = ca_params("clients only");
        params.extended_key_usages = vec![Purpose::ClientAuth];
        let clients = ca(params, &good);

        let leaf = |by: &Issuer, name: &str, change: &dyn Fn(&mut CertificateParams)| {
            let mut params = ca_params("");
            params.is_ca = IsCa::NoCa;
            params.key_usages = vec![Usage::DigitalSignature];
            params.extended_key_usages = vec![Purpose::ServerAuth, Purpose::ClientAuth];
            params.subject_alt_names = vec![SanType::DnsName(name.try_into().expect("a name"))];
            change(&mut params);
            params.signed_by(&key(), by).expect("a leaf").der().clone()
        };
        let same = |_: &mut CertificateParams| ();
        let mut certificates = vec![
            leaf(&good, "server.test", &same),
            leaf(&first, "server.test", &same),
            leaf(&second, "server.test", &same),
            leaf(&foreign, "server.test", &same),
            leaf(&expired, "server.test", &same),
            leaf(&below_short, "server.test", &same),
            leaf(&bounded, "server.test", &same),
            leaf(&bounded, "server.example", &same),
            leaf(&no_ca, "server.test", &same),
            leaf(&clients, "server.test", &same),
            leaf(&good, "other.test", &same),
            leaf(&good, "*.test", &same),
            leaf(&good, "server.test", &|params| params.extended_key_usages = vec![Purpose::ServerAuth]),
            leaf(&good, "server.test", &|params| params.extended_key_usages = vec![Purpose::ClientAuth]),
            leaf(&good, "server.test", &|params| params.extended_key_usages = vec![]),
            leaf(&good, "server.test", &|params| params.key_usages = vec![Usage::KeyEncipherment]),
            leaf(&good, "server.test", &|params| params.not_after = date_time_ymd(2026, 3, 1)),
            leaf(&good, "server.test", &|params| {
                params.subject_alt_names = vec![SanType::URI("spiffe://test/server".try_into().expect("a URI"))];
            }),
        ];
        for issuer in [&good, &foreign, &first, &second, &expired, &short, &below_short, &bounded, &no_ca, &clients] {
            certificates.push(issuer.der().clone());
        }
        let trust = |strict| {
            let builder = Trust::builder().roots("root", good.der());
            if strict { builder.strict_issuance() } else { builder }.build().expect("a root that can be used")
        };
        let anchor = webpki::anchor_from_trusted_cert(good.der()).expect("an anchor").to_owned();
        Pool { certificates, trust: [trust(false), trust(true)], anchor, memo: SignatureMemo::new(16) }
    })
}

/// The first byte: with 0xff, 0xfe ... the rest is a file of some kind. Otherwise bit 0, the peer's role; bits 1-2, the
/// time; bit 3, strict rules; bit 4, the memo. Then the name, the number of certificates, their positions, and a
/// change.
pub fn x509_verdict(data: &[u8]) {
    let mut choices = Choices::new(data);
    let how = choices.byte();
    if how >= 0xf8 {
        return file(how, choices.rest());
    }
    let pool = pool();
    let role = if how & 1 == 0 { Role::Server } else { Role::Client };
    let now = [NOW, NOW - YEAR, NOW + YEAR, NOW - YEAR / 2][usize::from(how >> 1 & 3)];
    let names = ["server.test", "other.test", "server.example", "spiffe://test/server", "127.0.0.1", "spiffe://test"];
    let name = *choices.of(&names);
    let len = usize::from(choices.byte() % 8);
    let mut chain: Vec<CertificateDer<'static>> = (0..=len).map(|_| choices.of(&pool.certificates).clone()).collect();
    // The strict rules refuse the certificates of the pool.
    let good = choices.is_empty() && chain == pool.certificates[..1] && now == NOW && name == names[0] && how & 8 == 0;
    while !choices.is_empty() {
        let which = usize::from(choices.byte()) % chain.len();
        let (at, value) = (choices.word(), choices.byte());
        let mut der = chain[which].to_vec();
        let at = at % der.len();
        der[at] ^= value;
        chain[which] = der.into();
    }
    let any = how & 0x20 != 0 && role == Role::Client;
    let expect = [if any { Expect::AnyTrusted } else { name.parse().expect("one of ours") }];
    let memo = (how & 0x10 != 0).then_some(&pool.memo);
    let verdict = judge(&chain, role, now, &expect[0], &pool.trust[usize::from(how >> 3 & 1)], memo);
    assert!(!good || verdict == Verdict::Accept, "nobody is accepted");
}

fn judge(
    chain: &[CertificateDer<'_>],
    role: Role,
    now: u64,
    expect: &Expect,
    trust: &Trust,
    memo: Option<&SignatureMemo>,
) -> Verdict {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let expected = std::slice::from_ref(expect);
    let terms = JudgeOptions { memo, ..JudgeOptions::new(expected, time) };
    let peer = Peer::new(role, chain);
    let judged = trust.judge(&peer, &terms);
    let verdict = Verdict::from(&judged);
    if memo.is_some() {
        let again = trust.judge(&peer, &terms);
        assert_eq!(verdict, Verdict::from(&again), "what is remembered is what was found");
    }
    let said = match &judged {
        Ok(accepted) => accepted.to_string(),
        Err(refusal) => refusal.to_string(),
    };
    assert!(said.chars().all(|c| !c.is_control()), "a certificate cannot write to our terminal: {said:?}");
    match judged {
        Err(refusal) => {
            assert_eq!(verdict, Verdict::Reject(refusal.rejection()));
            assert_ne!(refusal.name(), "PathSearch", "each refusal is explained: {refusal}");
        }
        Ok(accepted) => {
            assert_eq!(verdict, Verdict::Accept);
            let webpki = by_webpki(chain, role, time, expect);
            assert!(webpki.is_ok(), "accepted, and webpki says {webpki:?}: {said}");
            assert!(accepted.identity().is_some(), "who is accepted can be named");
            if let Expect::Spiffe(id) = expect {
                let named = chain[0].windows(id.as_str().len()).any(|part| part == id.as_str().as_bytes());
                assert!(named, "accepted as {id}, which does not stand in the certificate");
            }
        }
    }
    verdict
}

/// webpki's own verdict on the chain, and on the name if it supports its kind.
fn by_webpki(chain: &[CertificateDer<'_>], role: Role, time: UnixTime, expect: &Expect) -> Result<(), webpki::Error> {
    let (leaf, others) = chain.split_first().expect("a leaf");
    let leaf = EndEntityCert::try_from(leaf)?;
    let anchors = [pool().anchor.clone()];
    let usage = if role == Role::Server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
    leaf.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, others, time, usage, None, None)?;
    match expect {
        Expect::Dns(name) => leaf.verify_is_valid_for_subject_name(&ServerName::DnsName(name.clone())),
        Expect::Ip(address) => leaf.verify_is_valid_for_subject_name(&ServerName::from(*address)),
        _ => Ok(()),
    }
}

/// Files with any contents.
fn file(kind: u8, bytes: &[u8]) {
    match kind {
        0xf8 => drop(SigningKey::from_pem_or_der(bytes)),
        0xf9 => {
            let (trust, problems) = Trust::builder().roots("roots", bytes).build_from_usable();
            assert!(trust.root_count() > 0 || !problems.is_empty(), "no roots, and nobody says so");
            problems.iter().for_each(|problem| drop(problem.to_string()));
        }
        0xfa => {
            let root = pool().certificates.iter().rev().find(|der| bytes.first() == der.first());
            let root = root.map(|der| der.to_vec()).unwrap_or_default();
            if let Ok(list) = CertificateList::from_der(bytes) {
                let wrong = list.entries().position(|entry| entry.is_err());
                assert!(wrong.is_none_or(|at| at + 1 == list.entries().count()), "nothing follows a malformed entry");
            }
            let (_, problems) = Trust::builder().roots("roots", &root).crls("CRLs", bytes).build_from_usable();
            problems.iter().for_each(|problem| drop(problem.to_string()));
        }
        0xfb => {
            if let Ok(text) = std::str::from_utf8(bytes)
                && let Ok(expect) = text.parse::<Expect>()
            {
                let _ = format!("{expect:?}");
            }
        }
        _ => {
            if let Ok(identity) = PeerIdentity::read(bytes) {
                assert!(format!("{identity:?}").chars().all(|c| !c.is_control()));
                asn1(&Certificate::from_der(bytes).expect("it has just been read"));
            }
            if !bytes.is_empty() {
                let chain = [CertificateDer::from(bytes), pool().certificates[0].clone()];
                let expect = "server.test".parse().expect("a name");
                let _ = judge(&chain, Role::Server, NOW, &expect, &pool().trust[0], None);
            }
        }
    }
}

/// A value is the same however it is read.
fn asn1(certificate: &Certificate<'_>) {
    assert_eq!(Spki::of_certificate(certificate.der), Ok(certificate.spki));
    for name in [certificate.subject, certificate.issuer] {
        assert!(name.to_string().chars().all(|c| !is_deceptive(c)));
        let again = Name::from_der(name.der()).expect("a name stands by itself");
        assert!(again.matches(&name) && again.canonical().eq(name.canonical()));
    }
    let (subject, issuer) = (certificate.subject, certificate.issuer);
    assert_eq!(subject.matches(&issuer), subject.canonical().eq(issuer.canonical()));
}

/// Every leaf with every CA, and files.
pub fn seeds() -> Vec<Vec<u8>> {
    let count = pool().certificates.len() as u8;
    let mut seeds = Vec::new();
    for leaf in 0..18 {
        for how in [0, 1, 2, 4, 8, 0x10, 0x21] {
            seeds.push(vec![how, 0, 2, leaf, 20, 21]);
        }
        seeds.push(vec![0, 0, 0, leaf]);
        seeds.push(vec![0, leaf, 5, leaf, 22, 23, 24, 25, 26]);
        seeds.push(vec![0, 0, 1, leaf, 18 + leaf % (count - 18), 0, 0, 50, 1]);
    }
    for (kind, place) in [(0xff, 0), (0xff, 17), (0xf9, 18), (0xf9, 25)] {
        seeds.push([&[kind], &pool().certificates[place][..]].concat());
    }
    seeds.push([&[0xf8], &key().serialize_der()[..]].concat());
    seeds.push(b"\xfbspiffe://example.org/a/b".to_vec());
    seeds
}
