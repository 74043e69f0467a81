//! Servers that take a forged certificate for a good one, because they look at names and numbers and not at signatures.

use super::faulty::Fault;
use super::{World, found};
use countersign::internals::asn1::Certificate;
use rustls_pki_types::CertificateDer;
use std::collections::BTreeSet;
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
}

/// The serial numbers and key identifiers that were good before. They are random: all servers may share them.
static KNOWN: Mutex<BTreeSet<Vec<u8>>> = Mutex::new(BTreeSet::new());

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
