//! Compares our reader of certificates and CRLs with x509-parser. What both can read has the same contents. What only
//! x509-parser can read we refuse for a reason.

use countersign::internals::asn1::{BadDer, Certificate, CertificateList, GeneralName, Time, oid};
use proptest::prelude::*;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::collections::BTreeSet;
use std::path::PathBuf;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName as Theirs;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::time::ASN1Time;

fn from_base64(text: &str) -> Vec<u8> {
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

/// x509-limbo's objects with these keys.
fn limbo(keys: &[&str]) -> BTreeSet<Vec<u8>> {
    let lines = include_str!("../../vectors/limbo/cases.txt").lines().filter_map(|line| line.split_once(' '));
    lines.filter(|(key, _)| keys.contains(key)).map(|(_, value)| from_base64(value)).collect()
}

/// The certificates of the vectors: x509-limbo's and our own.
fn certificates() -> BTreeSet<Vec<u8>> {
    let mut all = limbo(&["root", "ca", "leaf"]);
    for folder in ["key_kinds", "names", "keys/forms"] {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors").join(folder);
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            all.extend(CertificateDer::pem_slice_iter(&text).flatten().map(|der| der.to_vec()));
        }
    }
    all
}

fn same_time(ours: Time, theirs: &ASN1Time) -> bool {
    match theirs.timestamp() {
        seconds @ 0.. => Time::from_unix(seconds.unsigned_abs()) == ours,
        _ => ours.is_before_1970(),
    }
}

/// Everything that both readers have.
fn assert_alike(der: &[u8], ours: &Certificate<'_>, theirs: &X509Certificate<'_>) {
    assert_eq!(ours.der, der);
    assert_eq!(ours.tbs, theirs.tbs_certificate.as_ref());
    assert_eq!(ours.serial.content(), theirs.raw_serial());
    assert_eq!(ours.issuer.der(), theirs.issuer().as_raw());
    assert_eq!(ours.subject.der(), theirs.subject().as_raw());
    assert_eq!(ours.spki.raw, theirs.public_key().raw);
    assert!(same_time(ours.not_before, &theirs.validity().not_before));
    assert!(same_time(ours.not_after, &theirs.validity().not_after));
    assert_eq!(ours.signature_algorithm.id.content(), theirs.signature_algorithm.algorithm.as_bytes());
    assert_eq!(ours.signature.id.content(), theirs.tbs_certificate.signature.algorithm.as_bytes());
    assert_eq!(ours.signature_value, theirs.signature_value.as_ref());

    let list = ours.extensions.all.iter().map(|each| (each.id.content(), each.critical, each.value));
    assert!(list.eq(theirs.extensions().iter().map(|each| (each.oid.as_bytes(), each.critical, each.value))));
    if let Ok(constraints) = theirs.basic_constraints() {
        let theirs = constraints.map(|each| (each.value.ca, each.value.path_len_constraint));
        assert_eq!(ours.extensions.basic_constraints.map(|each| (each.ca, each.path_len)), theirs);
    }
    if let Ok(usage) = theirs.key_usage() {
        let theirs = usage.map(|each| {
            let usage = each.value;
            [usage.digital_signature(), usage.key_cert_sign(), usage.crl_sign()]
        });
        let ours = ours.extensions.key_usage;
        assert_eq!(ours.map(|usage| [usage.digital_signature(), usage.key_cert_sign(), usage.crl_sign()]), theirs);
    }
    if let Ok(Some(usage)) = theirs.extended_key_usage() {
        let purposes = ours.extensions.ext_key_usage.unwrap();
        assert_eq!(purposes.contains(oid::SERVER_AUTH), usage.value.server_auth);
        assert_eq!(purposes.contains(oid::CLIENT_AUTH), usage.value.client_auth);
        assert_eq!(purposes.contains(oid::ANY_EXTENDED_KEY_USAGE), usage.value.any);
    }
    if let Ok(names) = theirs.subject_alternative_name() {
        let theirs = names.map(|each| &each.value.general_names[..]).unwrap_or_default();
        assert_eq!(ours.names().count(), theirs.len());
        for (ours, theirs) in ours.names().zip(theirs) {
            match (ours, theirs) {
                (GeneralName::Dns(ours), Theirs::DNSName(theirs)) => assert_eq!(ours, *theirs),
                (GeneralName::Email(ours), Theirs::RFC822Name(theirs)) => assert_eq!(ours, *theirs),
                (GeneralName::Uri(ours), Theirs::URI(theirs)) => assert_eq!(ours, *theirs),
                (GeneralName::Ip(ours), Theirs::IPAddress(theirs)) => assert_eq!(ours, *theirs),
                (GeneralName::Directory(ours), Theirs::DirectoryName(theirs)) => {
                    assert_eq!(ours.der(), theirs.as_raw());
                }
                (GeneralName::OtherName(_), Theirs::OtherName(..))
                | (GeneralName::X400(_), Theirs::X400Address(_))
                | (GeneralName::EdiParty(_), Theirs::EDIPartyName(_))
                | (GeneralName::RegisteredId(_), Theirs::RegisteredID(_)) => {}
                (ours, theirs) => panic!("{ours:?} is no {theirs:?}"),
            }
        }
    }
    for (ours, theirs) in ours.subject.attributes().zip(theirs.subject().iter_attributes()) {
        assert_eq!(ours.id.content(), theirs.attr_type().as_bytes());
        if let (Some(ours), Ok(theirs)) = (ours.chars(), theirs.as_str()) {
            assert!(ours.eq(theirs.chars()), "{theirs}");
        }
    }
}

#[test]
fn certificates_are_read_as_another_reads_them_or_refused_for_a_reason() {
    let all = certificates();
    assert!(all.len() > 300, "{}", all.len());
    let mut refused: Vec<&str> = Vec::new();
    for der in &all {
        let (_, theirs) = X509Certificate::from_der(der).expect("x509-parser reads all of them");
        match Certificate::from_der(der) {
            Ok(ours) => assert_alike(der, &ours, &theirs),
            Err(BadDer(what)) => refused.push(what),
        }
    }
    refused.sort_unstable();
    assert_eq!(refused, REFUSED);
}

/// The names in x509-limbo. The cases with these certificates are expected to fail.
const REFUSED: &[&str] = &[
    // Names with thousands of parts (nc-dos-1, nc-dos-3).
    "a name has more than 128 parts",
    "a name has more than 128 parts",
    "an IP address in its subjectAltName has the wrong length",
    "an extension stands twice",
    "its subjectAltName is empty or malformed",
    // An RSA key of no bytes (invalid-issuer-key).
    "malformed public key",
];

#[test]
fn revocation_lists_are_read_as_another_reads_them() {
    let all = limbo(&["crl"]);
    assert!(!all.is_empty());
    for der in &all {
        let (_, theirs) = CertificateRevocationList::from_der(der).unwrap();
        let ours = CertificateList::from_der(der).unwrap();
        assert_eq!(ours.tbs, theirs.tbs_cert_list.as_ref());
        assert_eq!(ours.issuer.der(), theirs.issuer().as_raw());
        assert_eq!(ours.signature_value, theirs.signature_value.as_ref());
        assert!(same_time(ours.this_update, &theirs.last_update()));
        assert_eq!(ours.next_update.is_some(), theirs.next_update().is_some());
        let entries: Vec<_> = ours.entries().map(Result::unwrap).collect();
        let revoked: Vec<_> = theirs.iter_revoked_certificates().collect();
        assert_eq!(entries.len(), revoked.len());
        for (ours, theirs) in entries.iter().zip(revoked) {
            assert_eq!(ours.serial.content(), theirs.raw_serial());
            assert!(same_time(ours.revocation_date, &theirs.revocation_date));
            assert_eq!(ours.reason.map(|reason| reason.0), theirs.reason_code().map(|(_, reason)| reason.0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Damaged input never causes a panic, and what both can read has the same contents.
    #[test]
    fn a_damaged_certificate_is_read_alike_if_at_all(
        which: prop::sample::Index, at: prop::sample::Index, to: u8, cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        static ALL: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
        let all = ALL.get_or_init(|| certificates().into_iter().collect());
        let mut der = which.get(all).clone();
        let at = at.index(der.len());
        der[at] = to;
        if let Some(cut) = cut {
            der.truncate(cut.index(der.len()));
        }
        let theirs = X509Certificate::from_der(&der);
        if let (Ok(ours), Ok((rest, theirs))) = (Certificate::from_der(&der), theirs) {
            prop_assert!(rest.is_empty());
            assert_alike(&der, &ours, &theirs);
            let _ = (ours.subject.to_string(), ours.issuer.to_string(), ours.serial.to_string());
            prop_assert!(ours.subject.matches(&ours.subject));
        }
        let _ = CertificateList::from_der(&der).map(|list| list.entries().count());
    }
}
