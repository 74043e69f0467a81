//! One value in several encodings: the encoding never makes a revoked client or a false name acceptable.

use crate::pki::{Ca, DAY, now};
use countersign::internals::asn1::{Element, Reader};
use countersign::x509::{Expect, JudgeOptions, RefusalReason, Trust, TrustBuilder};
use countersign::{Peer, Role};
use rcgen::{SigningKey as _, date_time_ymd};
use rustls_pki_types::CertificateDer;

const DAYS: i64 = DAY as i64;

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match content.len() {
        len @ 0..128 => vec![len as u8],
        len @ 128..256 => vec![0x81, len as u8],
        len => vec![0x82, (len >> 8) as u8, len as u8],
    };
    [&[tag][..], &length, content].concat()
}

fn elements(content: &[u8]) -> Vec<Element<'_>> {
    let mut reader = Reader::new(content);
    std::iter::from_fn(|| reader.element().ok()).collect()
}

/// A certificate or CRL with another tbs, signed again.
fn resigned(ca: &Ca, signed: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let whole = elements(signed)[0];
    let [tbs, algorithm, _] = elements(whole.content)[..] else { panic!("three fields") };
    let mut fields: Vec<Vec<u8>> = elements(tbs.content).iter().map(|field| field.whole.to_vec()).collect();
    change(&mut fields);
    let tbs = der(0x30, &fields.concat());
    let signature = ca.key.sign(&tbs).unwrap();
    der(0x30, &[tbs, algorithm.whole.to_vec(), der(0x03, &[&[0][..], &signature].concat())].concat())
}

fn trust(root: &Ca, crl: Option<&[u8]>) -> TrustBuilder {
    let builder = Trust::builder().roots("roots", &root.der);
    match crl {
        Some(crl) => builder.crls("crls", crl),
        None => builder,
    }
}

fn judge(trust: &Trust, leaf: &[u8], expect: Expect) -> Result<(), RefusalReason> {
    let chain = [CertificateDer::from(leaf)];
    let judged = trust.judge(&Peer::new(Role::Client, &chain), &JudgeOptions::new(&[expect], now()));
    judged.map(drop).map_err(|refusal| refusal.reason().clone())
}

/// A client of this root whose serial number has these contents.
fn client(root: &Ca, serial: &[u8]) -> Vec<u8> {
    let leaf = root.leaf("client", &["client.internal"]);
    // version, serialNumber, ...
    resigned(root, &leaf.der, |tbs| tbs[1] = der(0x02, serial))
}

/// A list with one entry, whose serial number has these contents.
fn list(root: &Ca, serial: &[u8]) -> Vec<u8> {
    let list = root.crl(&[&[7]], -DAYS, DAYS);
    // version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, ...
    resigned(root, &list, |tbs| {
        let revoked = tbs[5].clone();
        let entry = elements(elements(&revoked)[0].content)[0];
        let date = elements(entry.content)[1].whole;
        tbs[5] = der(0x30, &der(0x30, &[&der(0x02, serial)[..], date].concat()));
    })
}

/// RFC 5280 §4.1.2.2, X.690 §8.3.2: with leading zeros it would be another number for a comparison of octets.
#[test]
fn a_serial_number_in_a_longer_form_hides_no_revoked_client() {
    let root = Ca::root("Root");
    let judge =
        |client: &[u8], crl: &[u8]| judge(&trust(&root, Some(crl)).build().unwrap(), client, Expect::AnyTrusted);
    // Correct in both.
    assert_eq!(judge(&client(&root, &[7]), &list(&root, &[7])), Err(RefusalReason::Revoked));
    assert_eq!(judge(&client(&root, &[8]), &list(&root, &[7])), Ok(()));
    // Wrong in the certificate.
    for long in [&[0, 7][..], &[0, 0, 7], &[0; 20]] {
        let refused = judge(&client(&root, long), &list(&root, &[7]));
        assert!(
            matches!(refused, Err(RefusalReason::Malformed(what)) if what.contains("serial number")),
            "{refused:?}"
        );
    }
    // Wrong in the list: this is a problem when it is loaded, and then every status is unknown.
    for long in [&[0, 7][..], &[0, 0, 7], &[0xff, 0x87]] {
        let crl = list(&root, long);
        let (built, problems) = trust(&root, Some(&crl)).build_from_usable();
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        assert!(problem.to_string().contains("serial number of an entry"), "{problem}");
        assert!(trust(&root, Some(&crl)).build().is_err());
        for serial in [7, 8] {
            let chain = [CertificateDer::from(client(&root, &[serial]))];
            let options = JudgeOptions::new(&[Expect::AnyTrusted], now());
            assert!(built.judge(&Peer::new(Role::Client, &chain), &options).is_err());
        }
    }
}

/// RFC 5280 §4.1.2.2: "Certificate users SHOULD be prepared to gracefully handle such certificates."
#[test]
fn serial_numbers_that_no_issuer_may_give_work_and_are_minded_by_the_strict_only() {
    let root = Ca::root("Root");
    let long = [0x7f; 21];
    for (serial, other, what) in [
        (&[0][..], &[1][..], "its serial number is zero"),
        (&[0x87], &[0, 0x87], "its serial number is negative"),
        (&long, &long[..20], "its serial number is too long"),
    ] {
        let client = client(&root, serial);
        let judge = |builder: TrustBuilder| judge(&builder.build().unwrap(), &client, Expect::AnyTrusted);
        assert_eq!(judge(trust(&root, None)), Ok(()));
        assert_eq!(judge(trust(&root, None).strict_issuance()), Err(RefusalReason::NonConformant(what)));
        // They are revoked by their value.
        assert_eq!(judge(trust(&root, Some(&list(&root, serial)))), Err(RefusalReason::Revoked));
        assert_eq!(judge(trust(&root, Some(&list(&root, other)))), Ok(()));
    }
}

/// X.690 §10.2: in DER a string is primitive. webpki refuses a constructed one, and we must not read it as a name.
#[test]
fn a_constructed_string_in_subject_alt_name_is_no_name() {
    let root = Ca::root("Root");
    let trust = trust(&root, None).build().unwrap();
    let id = "spiffe://example.org/api";
    let expect: Expect = id.parse().unwrap();
    for (tag, text) in [(0x86, id), (0x82, "api.internal")] {
        for constructed in [false, true] {
            let name = match constructed {
                false => der(tag, text.as_bytes()),
                true => der(tag | 0x20, &der(0x16, text.as_bytes())),
            };
            let san = crate::pki::custom(&[2, 5, 29, 17], &der(0x30, &name), false);
            let leaf = root.leaf_with("api", &[], |params| params.custom_extensions.push(san));
            let judged = judge(&trust, &leaf.der, if tag == 0x86 { expect.clone() } else { Expect::AnyTrusted });
            let says = RefusalReason::Malformed("its subjectAltName is empty or malformed");
            assert_eq!(judged, if constructed { Err(says) } else { Ok(()) }, "{tag:02x} {constructed}");
        }
    }
}

/// UTCTime can have years from 1950 to 1969. webpki has no such times, so below the root the refusal says so.
#[test]
fn a_time_before_1970_is_no_fault_of_a_root_and_named_in_a_leaf() {
    let root = Ca::root_with("Root", |params| params.not_before = date_time_ymd(1960, 1, 1));
    let leaf = root.leaf("api", &["api.internal"]);
    assert_eq!(judge(&trust(&root, None).build().unwrap(), &leaf.der, Expect::AnyTrusted), Ok(()));
    let old = root.leaf_with("api", &["api.internal"], |params| {
        params.not_before = date_time_ymd(1960, 1, 1);
    });
    let says = RefusalReason::NonConformant("its validity begins or ends before 1970");
    assert_eq!(judge(&trust(&root, None).build().unwrap(), &old.der, Expect::AnyTrusted), Err(says));
}
