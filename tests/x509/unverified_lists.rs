//! A list with the right name that does not verify has unknown contents, and an older list does not replace it (RFC
//! 5280 §6.3.3: the status is undetermined).

use crate::pki::{Ca, NOW, at, der, extension, utc_time};
use countersign::internals::asn1::{Certificate, CertificateList};
use countersign::x509::{Expect, JudgeOptions, Problem, Trust};
use countersign::{Peer, Role};
use rcgen::{KeyPair, SigningKey as _};
use rustls_pki_types::CertificateDer;

const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];

/// How a list names the key that has signed it (authorityKeyIdentifier, RFC 5280 §5.2.1).
#[derive(Clone, Copy, Debug, PartialEq)]
enum Says {
    Nothing,
    KeyId,
    IssuerAndSerial,
    AnotherKeyId,
}

/// The fault of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Octet,
    Algorithm(&'static [u8]),
    Signer,
}

impl Fault {
    /// The algorithm cannot be verified here. (aws-lc-rs verifies SHA-512 with any curve, *ring* does not.)
    fn is_unsupported(self) -> bool {
        match self {
            Fault::Algorithm(ECDSA_WITH_SHA512) => !cfg!(feature = "aws-lc-rs"),
            Fault::Algorithm(_) => true,
            _ => false,
        }
    }
}

const FAULTS: [Fault; 4] =
    [Fault::Octet, Fault::Algorithm(ECDSA_WITH_SHA1), Fault::Algorithm(ECDSA_WITH_SHA512), Fault::Signer];

/// An issuer of clients: directly below a root, or a root itself.
struct Issuer {
    ca: Ca,
    above: Option<Ca>,
}

impl Issuer {
    fn root() -> Issuer {
        Issuer { ca: Ca::root("Corp"), above: None }
    }

    /// Without subjectKeyIdentifier. (A root's own signature is not checked.)
    fn root_without_key_id() -> Issuer {
        let mut ca = Ca::root("Corp");
        let mut der = ca.der.to_vec();
        let id = der.windows(3).position(|three| three == [0x55, 0x1d, 14]).unwrap();
        der[id + 2] = 99;
        ca.der = CertificateDer::from(der);
        assert_eq!(Certificate::from_der(&ca.der).unwrap().extensions.subject_key_id, None);
        Issuer { ca, above: None }
    }

    fn intermediate() -> Issuer {
        let root = Ca::root("Root");
        Issuer { ca: root.intermediate("Corp"), above: Some(root) }
    }

    fn chain(&self, serial: u8) -> Vec<CertificateDer<'static>> {
        let leaf = self.ca.leaf_with("client", &["client.internal"], |params| {
            params.serial_number = Some(rcgen::SerialNumber::from_slice(&[0x40 + serial]));
        });
        let above = self.above.as_ref().map(|_| self.ca.der.clone());
        [leaf.der].into_iter().chain(above).collect()
    }

    /// A list of this issuer from `day` on. It revokes client 1 if `revoking`.
    fn list(&self, day: i64, revoking: bool, says: Says, fault: Fault) -> Vec<u8> {
        let cert = Certificate::from_der(&self.ca.der).unwrap();
        let algorithm = der(0x30, &der(0x06, if let Fault::Algorithm(id) = fault { id } else { ECDSA_WITH_SHA256 }));
        let key_id = match says {
            Says::Nothing => Vec::new(),
            Says::KeyId => der(0x80, cert.extensions.subject_key_id.unwrap_or(b"id")),
            Says::AnotherKeyId => der(0x80, b"another"),
            Says::IssuerAndSerial => {
                [der(0xa1, &der(0xa4, cert.issuer.der())), der(0x82, cert.serial.content())].concat()
            }
        };
        let extensions = match says {
            Says::Nothing => Vec::new(),
            _ => der(0xa0, &der(0x30, &extension(35, false, &der(0x30, &key_id)))),
        };
        let entry = der(0x30, &[der(0x02, &[0x41]), utc_time(-10)].concat());
        let entries = if revoking { der(0x30, &entry) } else { Vec::new() };
        let version = if extensions.is_empty() { Vec::new() } else { der(0x02, &[1]) };
        let name = cert.subject.der().to_vec();
        let parts = [version, algorithm.clone(), name, utc_time(day), utc_time(5), entries, extensions];
        let tbs = der(0x30, &parts.concat());
        let mut signature = match fault {
            Fault::Signer => KeyPair::generate().unwrap().sign(&tbs).unwrap(),
            _ => self.ca.key.sign(&tbs).unwrap(),
        };
        if fault == Fault::Octet {
            *signature.last_mut().unwrap() ^= 1;
        }
        der(0x30, &[tbs, algorithm, der(0x03, &[&[0][..], &signature].concat())].concat())
    }

    /// With these lists: the problems when they are loaded, and the verdict on a client.
    fn judge(&self, more_roots: &[&Ca], lists: &[Vec<u8>], serial: u8, relaxed: bool) -> (Vec<Problem>, &'static str) {
        let roots = Trust::builder().roots("roots", &self.above.as_ref().unwrap_or(&self.ca).der);
        let roots = more_roots.iter().fold(roots, |builder, root| builder.roots("more", &root.der));
        let mut builder = lists.iter().fold(roots, |builder, list| builder.crls("crls", list));
        builder = builder.check_revocation_of_leaf_only();
        if relaxed {
            builder = builder.accept_unknown_revocation_status();
        }
        let (trust, problems) = builder.build_from_usable();
        let options = JudgeOptions::new(&[Expect::AnyTrusted], at(NOW));
        let judged = trust.judge(&Peer::new(Role::Client, &self.chain(serial)), &options);
        (problems, judged.map_or_else(|refusal| refusal.name(), |_| "Accepted"))
    }
}

#[test]
fn a_list_that_no_known_key_of_its_name_has_signed_is_never_passed_over_for_an_older_one() {
    for (kind, issuer) in [
        ("root", Issuer::root()),
        ("root without key identifier", Issuer::root_without_key_id()),
        ("intermediate", Issuer::intermediate()),
    ] {
        for says in [Says::Nothing, Says::KeyId, Says::IssuerAndSerial] {
            let older = issuer.list(-2, false, says, Fault::None);
            let good = issuer.list(-1, true, says, Fault::None);
            // Without a fault.
            let lists = [older.clone(), good];
            assert_eq!(issuer.judge(&[], &lists, 1, false), (vec![], "Revoked"), "{kind} {says:?}");
            assert_eq!(issuer.judge(&[], &lists, 2, false), (vec![], "Accepted"), "{kind} {says:?}");
            for fault in FAULTS {
                // Also in the past and in the future, because its thisUpdate may be wrong.
                for day in [-3, -1, 1] {
                    let lists = [older.clone(), issuer.list(day, true, says, fault)];
                    let told = format!("{kind} {says:?} {fault:?} {day}");
                    for relaxed in [false, true] {
                        for serial in [1, 2] {
                            let (problems, outcome) = issuer.judge(&[], &lists, serial, relaxed);
                            assert_eq!(outcome, "CrlUnusable", "{told}");
                            // It is reported when it is loaded, if the issuer is known then, or nobody can have signed
                            // it.
                            let at_once = issuer.above.is_none() || fault.is_unsupported();
                            assert_eq!(problems.len(), usize::from(at_once), "{told}: {problems:?}");
                        }
                    }
                }
            }
        }
    }
}

/// If any octet of a root's list is changed, this is reported when the list is loaded, and the older list allows
/// nobody. Except if the list then names another key.
#[test]
fn a_changed_octet_in_a_roots_list_is_told_when_it_is_loaded() {
    let issuer = Issuer::root();
    let key_id = |list: &[u8]| CertificateList::from_der(list).ok()?.extensions.authority_key_id.map(<[u8]>::to_vec);
    for says in [Says::Nothing, Says::KeyId] {
        let older = issuer.list(-2, false, says, Fault::None);
        let newer = issuer.list(-1, true, says, Fault::None);
        for (at, flip) in (0..newer.len()).flat_map(|at| [0x01, 0x20, 0x80].map(|flip| (at, flip))) {
            let mut changed = newer.clone();
            changed[at] ^= flip;
            let of_another_key = key_id(&changed).is_some_and(|id| Some(id) != key_id(&newer));
            // Without a key identifier, another name makes it another issuer's list.
            let issuer_of = |list: &[u8]| CertificateList::from_der(list).ok().map(|list| list.issuer.der().to_vec());
            let of_another_name = issuer_of(&changed).is_some_and(|name| Some(name) != issuer_of(&newer));
            if of_another_key || (says == Says::Nothing && of_another_name) {
                continue;
            }
            let (problems, outcome) = issuer.judge(&[], &[older.clone(), changed], 1, false);
            assert!(!problems.is_empty(), "{says:?}: octet {at} ^ {flip:02x}: {outcome}");
        }
    }
}

// RFC 5280 §5.2.1: the key identifier distinguishes the keys of one name.
#[test]
fn a_list_that_says_that_it_is_another_keys_says_nothing_about_this_one() {
    for issuer in [Issuer::root(), Issuer::intermediate()] {
        let own = issuer.list(-2, false, Says::KeyId, Fault::None);
        let others = issuer.list(-1, true, Says::AnotherKeyId, Fault::Signer);
        assert_eq!(issuer.judge(&[], &[own, others.clone()], 1, false), (vec![], "Accepted"));
        assert_eq!(issuer.judge(&[], &[others], 1, false), (vec![], "CrlUnusable"), "nor does it answer for this one");
    }
}

#[test]
fn a_list_that_another_known_root_of_that_name_has_signed_is_that_roots() {
    let (old, new) = (Issuer::root(), Issuer::root());
    for says in [Says::Nothing, Says::IssuerAndSerial, Says::KeyId] {
        let lists = [old.list(-2, false, says, Fault::None), new.list(-1, true, says, Fault::None)];
        assert_eq!(old.judge(&[&new.ca], &lists, 1, false), (vec![], "Accepted"));
        assert_eq!(new.judge(&[&old.ca], &lists, 1, false), (vec![], "Revoked"));
        // If the other root is unknown, only the key identifier tells whose list it is.
        let (problems, outcome) = old.judge(&[], &lists, 1, false);
        let right = if says == Says::KeyId { (0, "Accepted") } else { (1, "CrlUnusable") };
        assert_eq!((problems.len(), outcome), right, "{problems:?}");
    }
}

#[test]
fn the_sentences_say_which_list_it_is_and_what_is_wrong_with_it() {
    let issuer = Issuer::root();
    let older = issuer.list(-2, false, Says::Nothing, Fault::None);
    let told = |fault| {
        let lists = [older.clone(), issuer.list(-1, true, Says::Nothing, fault)];
        issuer.judge(&[], &lists, 1, false).0[0].to_string()
    };
    let name = "crls: the CRL has the name or the key identifier of a root, but is not signed by it: ";
    assert_eq!(told(Fault::Octet), format!("{name}its signature is wrong, or another key's"));
    let algorithm = "crls: the CRL is signed with an unsupported algorithm: ";
    assert_eq!(told(Fault::Algorithm(ECDSA_WITH_SHA1)), format!("{algorithm}ecdsa-with-SHA1"));
    if Fault::Algorithm(ECDSA_WITH_SHA512).is_unsupported() {
        assert_eq!(told(Fault::Algorithm(ECDSA_WITH_SHA512)), format!("{algorithm}ecdsa-with-SHA512"));
    }
}
