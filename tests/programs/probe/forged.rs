//! Servers that take a forged certificate for a good one, because they look at names and numbers and not at signatures.

use super::faulty::Fault;
use super::{World, found};
use countersign::internals::asn1::Certificate;
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

/// Whom they take for good, besides those who are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Whoever is below a CA of the root's name that came along.
    WhoBringsARootOfItsName,
    /// Whoever sends the root along.
    WhoBringsTheRoot,
    /// An issuer of the root's name whose key it does not know: it trusts the name. (So does nginx with `optional_no_ca`, if
    /// `$ssl_client_i_dn` is all that is compared.)
    AnUnknownIssuerOfItsName,
    /// Whoever has the serial number of one that was good before.
    ASerialNumber,
    /// The same by subjectKeyIdentifier.
    AKeyIdentifier,
    /// Whoever is not revoked, even below a CA that is.
    WhoIsBelowARevokedCa,
    /// Nobody: it is right.
    Nobody,
}

/// The serial numbers and key identifiers that were good before. They are random: all servers may share them.
static KNOWN: Mutex<BTreeSet<Vec<u8>>> = Mutex::new(BTreeSet::new());

/// What the CRL has.
const REVOKED: [u8; 3] = [0x0d, 0xea, 0xd1];

impl Takes {
    /// `verify`: whether the chain is good if this is its root.
    pub fn takes(self, chain: &[CertificateDer<'_>], root: &[u8], verify: &dyn Fn(&[u8]) -> bool) -> bool {
        let read = |der| Certificate::from_der(der).unwrap();
        let (leaf, trusted, last) = (read(&chain[0]), read(root), &chain[chain.len() - 1]);
        let known_by = |id: &[u8]| {
            let mut known = KNOWN.lock().unwrap();
            let good = known.contains(id) || verify(root);
            if good {
                known.insert(id.to_vec());
            }
            good
        };
        match self {
            Takes::WhoBringsARootOfItsName if read(last).subject.matches(&trusted.subject) => verify(last),
            Takes::WhoBringsTheRoot if chain[1..].iter().any(|der| **der == *root) => true,
            Takes::AnUnknownIssuerOfItsName
                if leaf.extensions.authority_key_id != trusted.extensions.subject_key_id
                    && leaf.issuer.matches(&trusted.subject) =>
            {
                true
            }
            Takes::ASerialNumber => known_by(leaf.serial.content()),
            Takes::AKeyIdentifier => leaf.extensions.subject_key_id.map_or_else(|| verify(root), known_by),
            Takes::WhoIsBelowARevokedCa => leaf.serial.content() != REVOKED && verify(root),
            Takes::Nobody => chain.iter().all(|der| read(der).serial.content() != REVOKED) && verify(root),
            _ => verify(root),
        }
    }
}

#[test]
fn a_server_that_takes_forged_certificates_is_found_by_name() {
    let world = World::new();
    std::thread::scope(|scope| {
        for (takes, name) in [
            (Takes::WhoBringsARootOfItsName, "certificate/namesake-ca-sent-along"),
            (Takes::WhoBringsTheRoot, "certificate/right-ca-sent-along"),
            (Takes::AnUnknownIssuerOfItsName, "certificate/namesake-ca-of-other-key-id"),
            (Takes::ASerialNumber, "certificate/twin"),
            (Takes::AKeyIdentifier, "certificate/twin"),
        ] {
            let world = &world;
            scope.spawn(move || {
                let (status, text) = world.probe(world.serve(Fault::Takes(takes)), &["--only", "certificate/"]);
                assert_eq!((status, found(&text, "ACCEPTED")), (1, vec![name]), "{takes:?}: {text}");
            });
        }
    });
}

/// A CRL of the world's CA, with a serial number that no certificate has, until this time.
fn crl(world: &World, until: i32) -> String {
    let key = KeyPair::from_pem(&world.ca.key_pem()).unwrap();
    let root = CertificateDer::from_pem_file(&world.ca.pem).unwrap();
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from_slice(&REVOKED),
        revocation_time: date_time_ymd(2020, 1, 2),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(until, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = list.signed_by(&Issuer::from_ca_cert_der(&root, key).unwrap()).unwrap();
    let path = world.ca.dir.join(format!("{until}.crl")).to_str().unwrap().to_string();
    fs::write(&path, list.pem().unwrap()).unwrap();
    path
}

#[test]
fn a_server_that_asks_the_crl_for_the_leaf_only_is_found_by_name() {
    let world = World::new();
    let crl = crl(&world, 2100);
    for (takes, names) in
        [(Takes::Nobody, &[][..]), (Takes::WhoIsBelowARevokedCa, &["certificate/revoked-intermediate"])]
    {
        let only = ["--crl", &crl, "--only", "certificate/revoked"];
        let (status, text) = world.probe(world.serve(Fault::Takes(takes)), &only);
        assert_eq!((status, found(&text, "ACCEPTED")), (i32::from(!names.is_empty()), names.to_vec()), "{text}");
        assert!(!text.contains("skipped") && !text.contains("out of date"), "{text}");
    }
}

#[test]
fn a_crl_that_is_out_of_date_is_said_if_good_peers_are_served() {
    let world = World::new();
    let only = ["--crl", &crl(&world, 2021), "--only", "certificate/revoked"];
    let (status, text) = world.probe(world.serve(Fault::Takes(Takes::Nobody)), &only);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("has been out of date since 2021-01-01") && text.contains("good peers are served"), "{text}");
}
