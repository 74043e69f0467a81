//! Compares revocation with a simple second implementation (RFC 5280 §6.3.3), without index or memo, in random worlds
//! of issuers, certificates and lists.

use crate::pki::{Ca, DAY, NOW, at, der, extension, utc_time};
use countersign::internals::asn1::Certificate;
use countersign::x509::{Expect, JudgeOptions, SignatureMemo, Trust};
use countersign::{Peer, Role};
use proptest::prelude::*;
use rcgen::{CertificateParams, CrlDistributionPoint, KeyPair, SerialNumber, SigningKey as _};
use rustls_pki_types::CertificateDer;
use std::sync::OnceLock;

/// Two keys with one name, and another issuer.
const NAMES: [&str; 3] = ["CA", "CA", "Other"];
const POINTS: [&str; 2] = ["http://ca.example/1", "http://ca.example/2"];

/// The relevant fields of a certificate.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Subject {
    issuer: usize,
    serial: u8,
    /// Its only distribution point.
    point: Option<usize>,
    is_ca: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    All,
    Users,
    Cas,
    Attributes,
}

/// A list. Its times are days from NOW.
#[derive(Clone, Debug)]
struct List {
    /// The name in it, the key that has signed it, and the key that it names.
    name: usize,
    signer: usize,
    says: Option<usize>,
    /// One octet of its signature is changed.
    spoilt: bool,
    this_update: i64,
    next_update: i64,
    number: Option<u8>,
    point: Option<usize>,
    kind: Kind,
    serials: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Relaxed {
    unknown: bool,
    expired: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Accepted,
    Revoked,
    NotKnown,
}

/// The right result.
fn plain_judge(subject: Subject, lists: &[List], now: i64, relaxed: Relaxed) -> Outcome {
    let same_scope = |one: &List, other: &List| (one.point, one.kind) == (other.point, other.kind);
    let is_signed = |list: &List| list.signer == subject.issuer && !list.spoilt;
    let named: Vec<&List> = lists.iter().filter(|list| NAMES[list.name] == NAMES[subject.issuer]).collect();
    let signed: Vec<&List> = named.iter().copied().filter(|list| list.this_update <= now && is_signed(list)).collect();
    let newer = |one: &List, other: &List| {
        let higher = one.number.zip(other.number).is_some_and(|(one, other)| one > other);
        one.this_update > other.this_update || (one.this_update == other.this_update && higher)
    };
    let valid: Vec<&List> = signed
        .iter()
        .copied()
        .filter(|list| !signed.iter().any(|other| same_scope(other, list) && newer(other, list)))
        .collect();

    if valid.iter().any(|list| list.kind != Kind::Attributes && list.serials.contains(&subject.serial)) {
        return Outcome::Revoked;
    }
    // It may be this issuer's, and no root that could have signed it has done so. So its contents are unknown.
    let may_be_its_issuers = |list: &List| match list.says {
        Some(key) => key == subject.issuer,
        None => NAMES[list.name] == NAMES[subject.issuer],
    };
    if lists.iter().any(|list| may_be_its_issuers(list) && !is_vouched(list)) {
        return Outcome::NotKnown;
    }
    let is_about = |list: &List| match list.kind {
        Kind::All => true,
        Kind::Users => !subject.is_ca,
        Kind::Cas => subject.is_ca,
        Kind::Attributes => false,
    };
    let parts: Vec<&List> = named.iter().copied().filter(|list| is_about(list) && is_signed(list)).collect();
    let only_one = parts.iter().all(|list| same_scope(list, parts[0]));
    let covers = |list: &List| match (list.point, subject.point) {
        (None, _) => true,
        (Some(_), None) => only_one,
        (Some(of_list), Some(named)) => of_list == named,
    };
    let covering: Vec<&List> = valid.iter().copied().filter(|list| is_about(list) && covers(list)).collect();
    if covering.iter().any(|list| relaxed.expired || now < list.next_update) {
        return Outcome::Accepted;
    }
    match relaxed.unknown && covering.is_empty() {
        true => Outcome::Accepted,
        false => Outcome::NotKnown,
    }
}

/// It is signed by a root with its issuer's name, or by the root whose key it names.
fn is_vouched(list: &List) -> bool {
    !list.spoilt && (NAMES[list.signer] == NAMES[list.name] || list.says == Some(list.signer))
}

/// Issuers and certificates, which are the same in every world.
struct Pki {
    issuers: Vec<Ca>,
    chains: Vec<(Subject, Vec<CertificateDer<'static>>)>,
    /// The list for the CAs, which is always good.
    list_of_cas: Vec<u8>,
}

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let issuers: Vec<Ca> = NAMES.iter().map(|name| Ca::root(name)).collect();
        let below = issuers[0].intermediate("Below");
        let leaf = below.leaf("leaf", &["leaf.internal"]).der;
        let mut chains = Vec::new();
        for (issuer, ca) in issuers.iter().enumerate() {
            for serial in 1..=2 {
                for point in [None, Some(0), Some(1)] {
                    let change = |params: &mut CertificateParams| {
                        params.serial_number = Some(SerialNumber::from_slice(&[0x40 + serial]));
                        let points =
                            point.map(|point: usize| CrlDistributionPoint { uris: [POINTS[point].into()].into() });
                        params.crl_distribution_points = points.into_iter().collect();
                    };
                    let subject = Subject { issuer, serial, point, is_ca: false };
                    chains.push((subject, vec![ca.leaf_with("client", &["client.internal"], change).der]));
                    let mut params = below.params.clone();
                    change(&mut params);
                    let cross = params.signed_by(&below.key, &ca.issuer()).unwrap().der().clone();
                    chains.push((Subject { is_ca: true, ..subject }, vec![leaf.clone(), cross]));
                }
            }
        }
        let list_of_cas = below.crl(&[], -20 * DAY as i64, 20 * DAY as i64);
        Pki { issuers, chains, list_of_cas }
    })
}

/// Writes the list as in RFC 5280 §5.1, with version 1 if it has no extensions.
fn written(list: &List) -> Vec<u8> {
    const ECDSA_WITH_SHA256: [u8; 8] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let issuers = &pki().issuers;
    let read = |issuer: usize| Certificate::from_der(&issuers[issuer].der).unwrap();
    let mut extensions = Vec::new();
    if let Some(says) = list.says {
        let id = read(says).extensions.subject_key_id.unwrap();
        extensions.extend(extension(35, false, &der(0x30, &der(0x80, id))));
    }
    if let Some(number) = list.number {
        extensions.extend(extension(20, false, &der(0x02, &[number])));
    }
    if list.point.is_some() || list.kind != Kind::All {
        let mut point = Vec::new();
        if let Some(named) = list.point {
            point.extend(der(0xa0, &der(0xa0, &der(0x86, POINTS[named].as_bytes()))));
        }
        point.extend(match list.kind {
            Kind::All => Vec::new(),
            Kind::Users => der(0x81, &[0xff]),
            Kind::Cas => der(0x82, &[0xff]),
            Kind::Attributes => der(0x85, &[0xff]),
        });
        extensions.extend(extension(28, true, &der(0x30, &point)));
    }
    let algorithm = der(0x30, &der(0x06, &ECDSA_WITH_SHA256));
    let entry = |serial: &u8| der(0x30, &[der(0x02, &[0x40 + serial]), utc_time(-10)].concat());
    let entries: Vec<u8> = list.serials.iter().flat_map(entry).collect();
    let [version, extensions] = match extensions.is_empty() {
        true => [Vec::new(), Vec::new()],
        false => [der(0x02, &[1]), der(0xa0, &der(0x30, &extensions))],
    };
    let tbs = [
        version,
        algorithm.clone(),
        read(list.name).subject.der().to_vec(),
        utc_time(list.this_update),
        utc_time(list.next_update),
        if entries.is_empty() { entries } else { der(0x30, &entries) },
        extensions,
    ];
    let tbs = der(0x30, &tbs.concat());
    let mut signature = issuers[list.signer].key.sign(&tbs).unwrap();
    if list.spoilt {
        *signature.last_mut().unwrap() ^= 1;
    }
    der(0x30, &[tbs, algorithm, der(0x03, &[&[0][..], &signature].concat())].concat())
}

fn lists() -> impl Strategy<Value = Vec<List>> {
    // Often with the same issuer and scope, so that lists replace each other.
    let issuer = prop_oneof![4 => Just(0usize), 1 => Just(1), 1 => Just(2)];
    let who = (issuer.clone(), issuer.clone(), proptest::option::of(issuer), 0..8u8, any::<bool>());
    let scope = (
        proptest::option::weighted(0.3, 0..POINTS.len()),
        prop_oneof![8 => Just(Kind::All), 2 => Just(Kind::Users), 2 => Just(Kind::Cas), 1 => Just(Kind::Attributes)],
    );
    let times = (proptest::sample::select(&[-3, -1, 1][..]), 1..=5i64, proptest::option::of(1..4u8));
    let list = (who, scope, times, proptest::collection::vec(1..=3u8, 0..3)).prop_map(
        |((name, signer, says, spoilt, honest), (point, kind), (this_update, lasts, number), mut serials)| {
            serials.dedup();
            // Most lists are without fault.
            let (name, says) = if honest { (signer, says.map(|_| signer)) } else { (name, says) };
            let next_update = this_update + lasts;
            let spoilt = spoilt == 0;
            List { name, signer, says, spoilt, this_update, next_update, number, point, kind, serials }
        },
    );
    proptest::collection::vec(list, 0..6)
}

fn outcome(trust: &Trust, chain: &[CertificateDer<'_>], now: i64, memo: Option<&SignatureMemo>) -> Outcome {
    let now = at(NOW.checked_add_signed(now * DAY as i64).unwrap());
    let options = JudgeOptions { memo, ..JudgeOptions::new(&[Expect::AnyTrusted], now) };
    match trust.judge(&Peer::new(Role::Client, chain), &options) {
        Ok(_) => Outcome::Accepted,
        Err(refusal) if refusal.name() == "Revoked" => Outcome::Revoked,
        Err(refusal) => {
            let revocation = ["StatusUnknown", "CrlExpired", "CrlNotYetValid", "CrlUnusable"];
            assert!(revocation.contains(&refusal.name()), "{refusal}");
            Outcome::NotKnown
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn in_every_world_the_verdict_is_that_of_a_plain_judge(
        lists in lists(),
        unknown in any::<bool>(),
        expired in any::<bool>(),
    ) {
        let pki = pki();
        let relaxed = Relaxed { unknown, expired };
        let ders: Vec<Vec<u8>> = lists.iter().map(written).collect();
        let build = |ders: &mut dyn Iterator<Item = &Vec<u8>>| {
            let roots = pki.issuers.iter().fold(Trust::builder(), |builder, ca| builder.roots("root", &ca.der));
            let mut builder = ders.fold(roots.crls("below", &pki.list_of_cas), |builder, der| builder.crls("crl", der));
            if relaxed.unknown {
                builder = builder.accept_unknown_revocation_status();
            }
            if relaxed.expired {
                builder = builder.accept_expired_crls();
            }
            builder.build_from_usable()
        };
        let (trust, problems) = build(&mut ders.iter());
        // A list that none of the possible roots has signed is reported when it is loaded. (All issuers are roots.)
        let lies = |list: &&List| !is_vouched(list);
        prop_assert_eq!(problems.len(), lists.iter().filter(lies).count(), "{:?}", problems);
        // Neither the order of the lists nor remembered results change anything.
        let (reversed, _) = build(&mut ders.iter().rev());
        let memo = SignatureMemo::new(1000);
        for (subject, chain) in &pki.chains {
            for now in [0, -2, 3, 1] {
                let right = plain_judge(*subject, &lists, now, relaxed);
                let orders = [(&trust, None), (&reversed, None), (&trust, Some(&memo))];
                for (trust, memo) in &orders {
                    let outcome = outcome(trust, chain, now, *memo);
                    prop_assert_eq!(outcome, right, "{:?} at {} {:?}", subject, now, relaxed);
                }
            }
        }
    }
}

/// Unchanged lists, which only name the first issuer.
fn list(number: Option<u8>, serials: &[u8]) -> List {
    List {
        name: 0,
        signer: 0,
        says: Some(0),
        spoilt: false,
        this_update: -1,
        next_update: 1,
        number,
        point: None,
        kind: Kind::All,
        serials: serials.to_vec(),
    }
}

/// The verdict on the first issuer's client with this serial number, without a distribution point.
fn client(serial: u8, lists: &[List]) -> Outcome {
    let pki = pki();
    let roots = pki.issuers.iter().fold(Trust::builder(), |builder, ca| builder.roots("root", &ca.der));
    let builder = lists.iter().fold(roots, |builder, list| builder.crls("crl", &written(list)));
    let subject = Subject { issuer: 0, serial, point: None, is_ca: false };
    let (_, chain) = pki.chains.iter().find(|(other, _)| *other == subject).unwrap();
    outcome(&builder.build_from_usable().0, chain, 0, None)
}

#[test]
fn of_two_lists_of_one_moment_the_higher_number_decides() {
    for (older, newer) in [(Some(1), Some(2)), (Some(9), Some(10)), (Some(2), Some(127))] {
        assert_eq!(client(1, &[list(newer, &[]), list(older, &[1])]), Outcome::Accepted);
        assert_eq!(client(1, &[list(older, &[1]), list(newer, &[])]), Outcome::Accepted);
        assert_eq!(client(1, &[list(older, &[]), list(newer, &[1])]), Outcome::Revoked);
    }
}

/// Without a number, a list is neither older nor newer than one with a number.
#[test]
fn of_two_lists_of_one_moment_both_count_unless_their_numbers_tell_the_newer() {
    for numbers in [[None, None], [Some(1), Some(1)], [None, Some(1)], [Some(1), None], [Some(0), None]] {
        let lists = |one: &[u8], other: &[u8]| [list(numbers[0], one), list(numbers[1], other)];
        for (one, other) in [(&[1][..], &[2][..]), (&[2], &[1]), (&[1], &[1]), (&[1], &[]), (&[], &[1])] {
            assert_eq!(client(1, &lists(one, other)), Outcome::Revoked, "{numbers:?} {one:?} {other:?}");
        }
        assert_eq!(client(1, &lists(&[2], &[])), Outcome::Accepted);
    }
    // The lower number is replaced. The list without a number is not.
    let three = |without: &[u8]| client(1, &[list(Some(1), &[1]), list(None, without), list(Some(2), &[])]);
    assert_eq!([three(&[]), three(&[1])], [Outcome::Accepted, Outcome::Revoked]);
    // A newer list replaces both.
    let newer = List { this_update: 0, ..list(None, &[]) };
    assert_eq!(client(1, &[list(Some(9), &[1]), list(None, &[1]), newer]), Outcome::Accepted);
}

/// RFC 5280 §6.3.3: a partial list does not cover everything. A single one may (`TrustBuilder::crls`), unless another
/// is known.
#[test]
fn the_only_part_of_a_list_stands_for_the_whole_unless_there_is_another() {
    let part = |point| List { point: Some(point), ..list(None, &[]) };
    let one = part(0);
    assert_eq!(client(1, std::slice::from_ref(&one)), Outcome::Accepted);
    assert_eq!(client(1, &[one.clone(), one.clone()]), Outcome::Accepted);
    for other in [
        part(1),
        List { this_update: 1, next_update: 2, ..part(1) },
        List { this_update: -3, next_update: -2, ..part(1) },
    ] {
        assert_eq!(client(1, &[one.clone(), other.clone()]), Outcome::NotKnown, "{other:?}");
        assert_eq!(client(1, &[one.clone(), other, list(None, &[])]), Outcome::Accepted, "the whole is there");
    }
    // Lists of another key, and of CAs only, are not parts of it.
    let of_key = |says| List { signer: 1, says, ..part(1) };
    for other in [of_key(Some(1)), of_key(None), List { kind: Kind::Cas, ..part(1) }] {
        assert_eq!(client(1, &[one.clone(), other.clone()]), Outcome::Accepted, "{other:?}");
    }
}

/// The contents of an unusable partial list are unknown.
#[test]
fn a_part_that_cannot_be_used_is_a_part_all_the_same() {
    let pki = pki();
    let roots = || pki.issuers.iter().fold(Trust::builder(), |builder, ca| builder.roots("root", &ca.der));
    let part = written(&List { point: Some(0), ..list(None, &[]) });
    let subject = Subject { issuer: 0, serial: 1, point: None, is_ca: false };
    let (_, chain) = pki.chains.iter().find(|(other, _)| *other == subject).unwrap();
    let mut broken = part.clone();
    let algorithm = broken.windows(3).rposition(|three| three == [0x30, 0x0a, 0x06]).unwrap();
    broken[algorithm + 9] ^= 1; // its two algorithms differ
    let cut = &part[..part.len() - 1];
    let spoilt_pem = b"-----BEGIN X509 CRL-----\nMIIB";
    // A remembered result counts only for the same snapshot.
    let memo = SignatureMemo::new(8);
    assert_eq!(outcome(&roots().crls("crl", &part).build().unwrap(), chain, 0, Some(&memo)), Outcome::Accepted);
    for other in [&broken[..], cut, spoilt_pem, b"<html>", b""] {
        let (trust, problems) = roots().crls("crl", &part).crls("other", other).build_from_usable();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(outcome(&trust, chain, 0, Some(&memo)), Outcome::NotKnown, "{other:?}");
    }
}

/// An untrusted key with the right name changes nothing. A list that no key of ours has signed counts for nobody.
#[test]
fn a_list_signed_by_a_stranger_of_the_same_name_counts_for_nobody() {
    let pki = pki();
    let mut stranger = Ca::root("Other");
    stranger.key = KeyPair::generate().unwrap();
    let crl = stranger.crl(&[], -(DAY as i64), DAY as i64);
    let roots = pki.issuers.iter().fold(Trust::builder(), |builder, ca| builder.roots("root", &ca.der));
    let trust = roots.crls("crl", &crl).build().unwrap();
    for (subject, chain) in pki.chains.iter().filter(|(subject, _)| !subject.is_ca) {
        assert_eq!(outcome(&trust, chain, 0, None), Outcome::NotKnown, "{subject:?}");
    }
}
