//! A lease: the peer is judged again without a message to it.

use crate::pki::{Ca, DAY, Leaf, NOW, at};
use countersign::x509::{Accepted, Expect, InvalidLease, JudgeOptions, Lease, Leases, SignatureMemo, Trust};
use countersign::{CertificateType, Peer, Role};
use rcgen::date_time_ymd;
use rustls_pki_types::CertificateDer;

/// A root, an issuing CA, and the CRLs of both.
struct World {
    root: Ca,
    ca: Ca,
}

impl World {
    fn new() -> World {
        let root = Ca::root("Root");
        let ca = root.intermediate("Issuing");
        World { root, ca }
    }

    /// A snapshot whose CRL of the issuing CA has these certificates.
    fn trust(&self, revoked: &[&Leaf]) -> Trust {
        self.trust_until(revoked, 5 * DAY)
    }

    fn trust_until(&self, revoked: &[&Leaf], next_update: u64) -> Trust {
        let serials: Vec<Vec<u8>> = revoked.iter().map(|leaf| leaf.serial()).collect();
        let serials: Vec<&[u8]> = serials.iter().map(|serial| &serial[..]).collect();
        let until = i64::try_from(next_update).unwrap();
        let builder = Trust::builder().roots("root", &self.root.der).crls("root.crl", &self.root.crl(&[], -9, until));
        builder.crls("ca.crl", &self.ca.crl(&serials, -9, until)).build().unwrap()
    }

    fn lease(&self, trust: &Trust, leaf: &Leaf, expect: Expect) -> Lease {
        let chain = [leaf.der.clone(), self.ca.der.clone()];
        lease(trust, Peer::new(Role::Client, &chain), expect)
    }
}

fn lease(trust: &Trust, peer: Peer<'_>, expect: Expect) -> Lease {
    let expect = [expect];
    let accepted: Accepted = trust.judge(&peer, &JudgeOptions::new(&expect, at(NOW))).unwrap();
    assert!(Lease::new(&accepted, &[]).is_none(), "other expectations");
    Lease::new(&accepted, &expect).unwrap()
}

#[test]
fn a_lease_knows_what_was_proved_and_until_when() {
    let world = World::new();
    let trust = world.trust(&[]);
    let leaf = world.ca.leaf("api", &["spiffe://example.org/api", "api.test"]);
    let expect: Expect = "spiffe://example.org".parse().unwrap();
    let lease = world.lease(&trust, &leaf, expect.clone());
    assert_eq!((lease.role(), lease.certificate_type()), (Role::Client, CertificateType::X509));
    assert_eq!((lease.leaf(), lease.expect()), (&leaf.der[..], &expect));
    assert_eq!(lease.chain().collect::<Vec<_>>(), [&leaf.der[..], &world.ca.der]);
    assert_eq!(lease.identity().unwrap().spiffe_id.unwrap().as_str(), "spiffe://example.org/api");
    assert_eq!((lease.judged_at(), lease.proved_at()), (at(NOW), at(NOW)));
    assert_eq!(lease.valid_until(), Some(at(NOW + 5 * DAY - 1)), "the CRL's");
    let chain: usize = lease.chain().map(<[u8]>::len).sum();
    let without_name = world.lease(&trust, &leaf, Expect::AnyTrusted).footprint();
    assert!((chain + size_of::<Lease>() + size_of::<Expect>()..3000).contains(&without_name));
    assert_eq!(lease.footprint(), without_name + "example.org".len());
    for name in ["spiffe://example.org/api", "api.test"] {
        assert_eq!(world.lease(&trust, &leaf, name.parse().unwrap()).footprint(), without_name + name.len());
    }
    assert_eq!(lease.to_string().split(" until ").nth(1), Some("2026-11-28 11:59:59 UTC"));
}

/// With the same snapshot: valid until its end, and then refused with the reason.
#[test]
fn under_the_same_snapshot_the_clock_decides() {
    let world = World::new();
    let trust = world.trust(&[]);
    let lease = world.lease(&trust, &world.ca.leaf("api", &["a.test"]), Expect::AnyTrusted);
    for (later, outcome) in
        [(0, None), (DAY, None), (5 * DAY - 1, None), (5 * DAY, Some("CrlExpired")), (60 * DAY, Some("Expired"))]
    {
        let checked = lease.check(&trust, at(NOW + later));
        assert_eq!(checked.as_ref().err().map(|refusal| refusal.name()), outcome, "{later}");
        if let Ok(checked) = checked {
            assert_eq!(checked.valid_until(), lease.valid_until());
            assert_eq!(checked.judged_at(), at(NOW), "clocks were compared, nothing was judged");
        }
    }
    assert_eq!(lease.check(&trust, at(NOW - 100)).unwrap_err().name(), "CrlNotYetValid");
}

/// With another snapshot: a lease ends for every reason for which a handshake would be refused, with the same name.
#[test]
fn a_new_snapshot_ends_what_it_would_not_let_in() {
    let world = World::new();
    let first = world.trust(&[]);
    let leaf = world.ca.leaf("api", &["a.test"]);
    let lease = world.lease(&first, &leaf, "a.test".parse().unwrap());
    let chain = [leaf.der.clone(), world.ca.der.clone()];
    let other = World::new();
    let without_ca_list = Trust::builder().roots("root", &world.root.der).crls("root", &world.root.crl(&[], -9, 99));
    let revoked_ca = {
        let serial = world.ca_serial();
        let list = world.root.crl(&[&serial], -9, 9 * DAY as i64);
        Trust::builder().roots("root", &world.root.der).crls("root", &list).crls("ca", &world.ca.crl(&[], -9, 99))
    };
    let snapshots: Vec<(&str, Trust, Option<&str>)> = vec![
        ("newer lists", world.trust_until(&[], 9 * DAY), None),
        ("somebody else is revoked", world.trust(&[&world.ca.leaf("x", &["x.test"])]), None),
        ("no lists", Trust::from_roots("root", &world.root.der).unwrap(), None),
        (
            "a root more",
            Trust::builder().roots("root", &world.root.der).roots("2", &other.root.der).build().unwrap(),
            None,
        ),
        ("it is revoked", world.trust(&[&leaf]), Some("Revoked")),
        ("its CA is revoked", revoked_ca.build().unwrap(), Some("Revoked")),
        ("its CA has no list", without_ca_list.build().unwrap(), Some("StatusUnknown")),
        ("another root", Trust::from_roots("root", &other.root.der).unwrap(), Some("OtherRootKey")),
        ("raw keys only", Trust::raw_keys_only(), Some("NotRawKey")),
        (
            "no CA between",
            Trust::builder().roots("r", &world.root.der).max_intermediates(0).build().unwrap(),
            Some("PathTooLong"),
        ),
    ];
    for (what, trust, outcome) in snapshots {
        let checked = lease.check(&trust, at(NOW + 50));
        assert_eq!(checked.as_ref().err().map(|refusal| refusal.name()), outcome, "{what}");
        let judged = trust
            .judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&["a.test".parse().unwrap()], at(NOW + 50)));
        match (checked, judged) {
            (Ok(lease), Ok(accepted)) => {
                assert_eq!(lease.valid_until(), accepted.valid_until(), "{what}");
                assert_eq!(lease.proved_at(), at(NOW), "nothing was proved again");
                assert_eq!(lease.judged_at(), at(NOW + 50), "{what}");
                // The old snapshot makes it valid again.
                assert!(lease.check(&first, at(NOW + 60)).is_ok());
            }
            (Err(ended), Err(refused)) => assert_eq!(ended.to_string(), refused.to_string(), "{what}"),
            _ => panic!("{what}"),
        }
    }
}

/// If only the CRLs have changed, no signature is verified again, and the next check compares times.
#[test]
fn new_lists_cost_no_signature_and_other_roots_cost_all() {
    let world = World::new();
    let lease = world.lease(&world.trust(&[]), &world.ca.leaf("api", &["a.test"]), Expect::AnyTrusted);
    let root_more = Trust::builder().roots("root", &world.root.der).roots("2", &Ca::root("Second").der).build();
    for (trust, signatures) in [(world.trust_until(&[], 9 * DAY), 0), (root_more.unwrap(), 2)] {
        let memo = SignatureMemo::new(8);
        let check = |lease: &Lease, later| {
            let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW + later));
            lease.check_with(&trust, &JudgeOptions { memo: Some(&memo), ..options }).unwrap()
        };
        let checked = check(&lease, 50);
        assert_eq!((memo.len(), checked.judged_at()), (signatures, at(NOW + 50)));
        assert_eq!((check(&checked, 60).judged_at(), memo.hits()), (at(NOW + 50), 0));
    }
}

impl World {
    fn ca_serial(&self) -> Vec<u8> {
        use x509_parser::prelude::{FromDer, X509Certificate};
        X509Certificate::from_der(&self.ca.der).unwrap().1.raw_serial().to_vec()
    }
}

/// The allow-list has become shorter, or has other names.
#[test]
fn todays_expectations_can_be_asked() {
    let world = World::new();
    let trust = world.trust(&[]);
    let lease = world.lease(&trust, &world.ca.leaf("api", &["a.test", "b.test"]), "a.test".parse().unwrap());
    let check = |expect: &[&str]| {
        let expect: Vec<Expect> = expect.iter().map(|text| text.parse().unwrap()).collect();
        lease.check_with(&trust, &JudgeOptions::new(&expect, at(NOW + 1))).map(|lease| lease.expect().to_string())
    };
    assert_eq!(check(&["c.test", "a.test"]).unwrap(), "DNS name a.test");
    assert_eq!(check(&["b.test"]).unwrap(), "DNS name b.test");
    assert_eq!(check(&["c.test"]).unwrap_err().name(), "NotAllowed");
    assert_eq!(check(&[]).unwrap_err().name(), "NotAllowed");
}

#[test]
fn a_raw_public_key_has_a_lease_without_end() {
    let leaf = Ca::root("Root").leaf("x", &[]);
    let spki = [CertificateDer::from(spki_of(&leaf))];
    let trust = Trust::raw_keys_only();
    let lease = lease(&trust, Peer::raw_public_key(Role::Server, &spki), Expect::public_key(&spki[0]));
    assert_eq!(lease.valid_until(), None);
    assert!(lease.check(&trust, at(NOW + 10_000 * DAY)).is_ok());
    assert_eq!(lease.check_with(&trust, &JudgeOptions::new(&[], at(NOW))).unwrap_err().name(), "UnknownKey");
    let kept = Lease::from_bytes(&lease.to_bytes()).unwrap();
    assert!(kept.check(&trust, at(NOW + DAY)).is_ok());
    assert_eq!(kept.to_bytes(), lease.to_bytes());
}

/// Every expectation, and every way in which the bytes may be wrong.
#[test]
fn a_lease_survives_as_bytes_and_what_is_read_is_checked_and_judged_before_it_holds() {
    let world = World::new();
    let trust = world.trust(&[]);
    let leaf = world.ca.leaf("api", &["a.test", "10.0.0.7", "::1", "spiffe://example.org/api"]);
    let spki = spki_of(&leaf);
    let texts = ["a.test", "10.0.0.7", "::1", "spiffe://example.org/api", "spiffe://example.org"];
    let expectations = texts.iter().map(|text| text.parse().unwrap());
    for expect in expectations.chain([Expect::AnyTrusted, Expect::public_key(&spki)]) {
        let lease = world.lease(&trust, &leaf, expect.clone());
        let bytes = lease.to_bytes();
        assert!(bytes.len() < 64 + 2 * 1024, "{}", bytes.len());
        let kept = Lease::from_bytes(&bytes).unwrap();
        assert_eq!((kept.expect(), kept.leaf(), kept.proved_at()), (&expect, lease.leaf(), lease.proved_at()));
        assert_eq!(kept.chain().collect::<Vec<_>>(), lease.chain().collect::<Vec<_>>());
        assert_eq!(kept.to_bytes(), bytes);
        assert_eq!(kept.valid_until(), Some(at(NOW)), "nobody here has judged it");
        let checked = kept.check(&trust, at(NOW + DAY)).unwrap();
        assert_eq!((checked.valid_until(), checked.judged_at()), (lease.valid_until(), at(NOW + DAY)));
        assert_eq!(kept.check(&world.trust(&[&leaf]), at(NOW + DAY)).unwrap_err().name(), "Revoked");
        for cut in 0..bytes.len() {
            assert!(Lease::from_bytes(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(Lease::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        for at_byte in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at_byte] ^= 0x80;
            if let Ok(read) = Lease::from_bytes(&changed) {
                assert_eq!(read.to_bytes(), changed, "what is read is what was written");
                // A damaged chain is refused.
                let chain_is_damaged = !read.chain().eq(lease.chain());
                assert!(!chain_is_damaged || read.check(&trust, at(NOW + DAY)).is_err(), "{at_byte}");
            }
        }
    }
    // Under a root that vouches for SPIFFE IDs only, names are not proved, also after sleep.
    let bundle = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle", &world.root.der);
    let bound = world.lease(&bundle.build().unwrap(), &leaf, "spiffe://example.org".parse().unwrap());
    for lease in [bound.clone(), Lease::from_bytes(&bound.to_bytes()).unwrap()] {
        let identity = lease.identity().unwrap();
        assert!(identity.spiffe_id.is_some() && identity.dns_names.is_empty());
    }
    // After a new judgement, and that of a server.
    let later = world.lease(&trust, &leaf, Expect::AnyTrusted).check(&world.trust_until(&[], 9 * DAY), at(NOW + DAY));
    let kept = Lease::from_bytes(&later.unwrap().to_bytes()).unwrap();
    assert_eq!((kept.role(), kept.proved_at(), kept.judged_at()), (Role::Client, at(NOW), at(NOW + DAY)));
    let chain = [leaf.der.clone(), world.ca.der.clone()];
    let server = lease(&trust, Peer::new(Role::Server, &chain), "a.test".parse().unwrap());
    let kept = Lease::from_bytes(&server.to_bytes()).unwrap();
    assert_eq!((kept.role(), kept.check(&trust, at(NOW)).unwrap().role()), (Role::Server, Role::Server));
    assert_eq!(Lease::from_bytes(b"GET / HTTP/1.1").unwrap_err(), InvalidLease::NotALease);
    assert_eq!(Lease::from_bytes(b"csL\x02").unwrap_err(), InvalidLease::Version(2));
}

/// One field has a value that it cannot have; all others are good.
#[test]
fn the_bytes_of_a_lease_are_refused_for_any_one_of_their_fields() {
    let world = World::new();
    let any = world.lease(&world.trust(&[]), &world.ca.leaf("api", &["a.test"]), Expect::AnyTrusted).to_bytes();
    // The head, role, certificate type, whether the root is bound, two times; then the expectation: its tag and value.
    let (judged_at, proved_at, tag) = (7, 15, 23);
    let chain = &any[tag + 3..];
    let with = |at: usize, value: u8| [&any[..at], &[value], &any[at + 1..]].concat();
    let expecting = |tag_is: u8, value: &[u8]| [&any[..tag], &[tag_is, 0, value.len() as u8], value, chain].concat();
    assert_eq!(expecting(5, b""), any);
    for value in 0..=255 {
        let read = |at: usize| Lease::from_bytes(&with(at, value)).err();
        let is_good = |good: &[u8], what| (!good.contains(&value)).then_some(InvalidLease::Malformed(what));
        assert_eq!(read(4), is_good(&[0, 1], "its role"));
        assert_eq!(read(5), is_good(&[0, 2], "its certificate type").or((value == 2).then_some(CHAIN)));
        assert_eq!(read(6), is_good(&[0, 1], "whether its root is bound"));
        assert_eq!(read(tag), is_good(&[5], "its expectation"));
        // Not proved before it was judged.
        let last = any[judged_at + 7];
        assert_eq!(read(judged_at + 7), (value < last).then_some(InvalidLease::Malformed("its times")));
        assert_eq!(read(proved_at + 7), (value > last).then_some(InvalidLease::Malformed("its times")));
    }
    for (tag, value, good) in [
        (0, &b"a.test"[..], true),
        (0, b"", false),
        (0, b"a b", false),
        (1, &[10, 0, 0, 7], true),
        (1, &[0; 16], true),
        (1, &[10, 0, 0], false),
        (1, &[10, 0, 0, 7, 0], false),
        (1, &[0; 17], false),
        (2, b"spiffe://example.org/api", true),
        (2, b"spiffe://example.org", false),
        (3, b"example.org", true),
        (3, b"", false),
        (4, &[7; 32], true),
        (4, &[7; 31], false),
        (4, &[7; 33], false),
        (5, b"", true),
        (5, b"x", false),
        (6, b"", false),
    ] {
        let read = Lease::from_bytes(&expecting(tag, value)).err();
        assert_eq!(read, (!good).then_some(InvalidLease::Malformed("its expectation")), "{tag} {value:?}");
    }
    let without_chain = [&any[..tag + 3], &[0; 3]].concat();
    assert_eq!(Lease::from_bytes(&without_chain).err(), Some(CHAIN));
}

const CHAIN: InvalidLease = InvalidLease::Malformed("its chain");

/// Finds the sessions that a new snapshot ends.
#[test]
fn of_many_leases_a_snapshot_ends_those_whom_it_would_refuse() {
    let world = World::new();
    let first = world.trust(&[]);
    let leaves: Vec<Leaf> = (0..20).map(|n| world.ca.leaf("api", &[&format!("n{n}.test")])).collect();
    let mut leases = Leases::new();
    assert!(leases.is_empty() && leases.next_end().is_none());
    for (session, leaf) in (0..).zip(&leaves) {
        assert!(leases.insert(session, world.lease(&first, leaf, Expect::AnyTrusted)).is_none());
    }
    assert!(!leases.is_empty() && leases.get(&7).unwrap().leaf() == leaves[7].der.as_ref());
    assert_eq!(leases.next_end(), Some(at(NOW + 5 * DAY - 1)));
    let second = world.trust_until(&[&leaves[3], &leaves[11]], 8 * DAY);
    let ended: Vec<_> = leases.ended_by(&second, at(NOW + 1)).map(|(session, why)| (*session, why.name())).collect();
    assert_eq!(ended, [(3, "Revoked"), (11, "Revoked")]);
    assert_eq!(leases.len(), 20, "asking changes nothing");
    let ended: Vec<_> =
        leases.renew(&second, at(NOW + 1)).into_iter().map(|(session, why)| (session, why.name())).collect();
    assert_eq!((ended, leases.len()), (vec![(3, "Revoked"), (11, "Revoked")], 18));
    assert!(leases.renew(&second, at(NOW + 2)).is_empty());
    assert_eq!(leases.next_end(), Some(at(NOW + 8 * DAY - 1)), "the others go on under the new one");
    assert!(leases.get(&3).is_none() && leases.remove(&4).is_some() && leases.remove(&4).is_none());
    let left: Vec<u64> = (0..20).filter(|session| ![3, 4, 11].contains(session)).collect();
    assert_eq!(leases.iter().map(|(session, _)| *session).collect::<Vec<_>>(), left);
    assert_eq!((&leases).into_iter().map(|(session, _)| *session).collect::<Vec<_>>(), left);
    assert_eq!(leases.renew(&second, at(NOW + 8 * DAY)).len(), 17, "and all of them end when it is out of date");
}

/// The results for the CAs of one chain count only for chains under the same root.
#[test]
fn leaves_directly_below_two_roots_end_with_their_own_root() {
    let short = Ca::root_with("Short", |params| params.not_after = date_time_ymd(2026, 11, 25));
    let roots = [short, Ca::root("Long")];
    let trust = |until| {
        let builder = Trust::builder().roots("short", &roots[0].der).roots("long", &roots[1].der);
        let builder = builder.crls("short", &roots[0].crl(&[], -9, until));
        builder.crls("long", &roots[1].crl(&[], -9, until)).build().unwrap()
    };
    let (first, second) = (trust(8 * DAY as i64), trust(9 * DAY as i64));
    for order in [[0, 1], [1, 0]] {
        let mut leases = Leases::new();
        for (session, root) in (0..).zip(order) {
            let leaf = roots[root].leaf("api", &["a.test"]);
            let chain = [leaf.der.clone()];
            leases.insert(session, lease(&first, Peer::new(Role::Client, &chain), Expect::AnyTrusted));
        }
        let ended = leases.renew(&second, at(NOW + 4 * DAY));
        let ended: Vec<_> = ended.into_iter().map(|(session, why)| (order[session], why.name())).collect();
        assert_eq!(ended, [(0, "Expired")], "{order:?}");
        assert_eq!(leases.next_end(), Some(at(NOW + 9 * DAY - 1)));
    }
}

/// Two CAs under one root, one of which the new snapshot revokes.
#[test]
fn leaves_of_two_cas_end_with_their_own_ca() {
    let root = Ca::root("Root");
    let cas = [root.intermediate("Good"), root.intermediate("Bad")];
    let serial = x509_parser::parse_x509_certificate(&cas[1].der).unwrap().1.raw_serial().to_vec();
    let trust = |revoked: &[&[u8]]| {
        let builder = Trust::builder().roots("root", &root.der).crls("root", &root.crl(revoked, -9, DAY as i64));
        builder.crls("good", &cas[0].crl(&[], -9, 99)).crls("bad", &cas[1].crl(&[], -9, 99)).build().unwrap()
    };
    let (first, second) = (trust(&[]), trust(&[&serial]));
    for order in [[0, 1, 0], [1, 0, 1]] {
        let mut leases = Leases::new();
        for (session, ca) in (0..).zip(order) {
            let chain = [cas[ca].leaf("api", &["a.test"]).der, cas[ca].der.clone()];
            leases.insert(session, lease(&first, Peer::new(Role::Client, &chain), Expect::AnyTrusted));
        }
        let ended: Vec<_> = leases.ended_by(&second, at(NOW + 1)).map(|(session, _)| order[*session]).collect();
        assert_eq!(ended, order.into_iter().filter(|ca| *ca == 1).collect::<Vec<_>>(), "{order:?}");
    }
}

fn spki_of(leaf: &Leaf) -> Vec<u8> {
    use x509_parser::prelude::{FromDer, X509Certificate};
    X509Certificate::from_der(&leaf.der).unwrap().1.public_key().raw.to_vec()
}
