//! ML-DSA (FIPS 204, RFC 9881, draft-ietf-tls-mldsa): keys in all forms, chains, CRLs, and a whole handshake without
//! classical cryptography. The keys and chains are from the RFC and from OpenSSL (`vectors/ml_dsa`).

use crate::pki::der;
use countersign::x509::{
    Answerer, Expect, FaultyCertificate, Identities, Identity, IdentityError, JudgeOptions, KeyError, RefusalReason,
    Reloadable, SignatureMemo, SigningKey, Trust,
};
use countersign::{Handshake, Inbox, Outbox, Peer, Policy, Role, Seed, SignatureScheme, Want};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer, UnixTime};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const SCHEMES: [(&str, SignatureScheme); 3] =
    [("44", SignatureScheme::MLDSA44), ("65", SignatureScheme::MLDSA65), ("87", SignatureScheme::MLDSA87)];

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/ml_dsa").join(name)).unwrap()
}

fn example(name: &str) -> Vec<u8> {
    file(&format!("rfc9881/{name}"))
}

/// 2026-12-01 00:00:00 UTC.
fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_796_083_200))
}

/// RFC 9881 §6, C.1: the same key as a seed, in expanded form, and as both.
#[test]
fn a_key_is_read_in_each_of_its_three_forms() {
    for (set, scheme) in SCHEMES {
        let public = SubjectPublicKeyInfoDer::from_pem_slice(&example(&format!("ML-DSA-{set}.pub"))).unwrap();
        for form in ["seed", "both"] {
            let key = SigningKey::from_pem_or_der(&example(&format!("ML-DSA-{set}-{form}.priv"))).unwrap();
            assert_eq!(key.public_key(), public.as_ref(), "{set} {form}");
            assert_eq!(key.schemes(), [scheme]);
        }
        let expanded = example(&format!("ML-DSA-{set}-expanded.priv"));
        assert_eq!(SigningKey::from_pem_or_der(&expanded).err(), Some(KeyError::NoSeed));
        // The expanded form has no public key, so the certificate supplies it.
        let identity = Identity::from_pem_or_der(&example(&format!("ML-DSA-{set}.crt")), &expanded).unwrap();
        assert_eq!(identity.key().unwrap().public_key(), public.as_ref());
        assert!(identity.sign(scheme, b"message").is_ok());
    }
    // Another certificate does not fit.
    for other in ["ML-DSA-65.crt", "ML-DSA-87.crt"] {
        let error = Identity::from_pem_or_der(&example(other), &example("ML-DSA-44-expanded.priv")).err();
        assert_eq!(error, Some(IdentityError::KeyOfAnother));
    }
}

/// RFC 9881 §C.4: keys with parts that do not fit together.
#[test]
fn an_inconsistent_key_is_refused() {
    assert_eq!(
        SigningKey::from_pem_or_der(&example("bad-ML-DSA-44-1.priv")).err(),
        Some(KeyError::Inconsistent),
        "the seed is another key's"
    );
    let expanded = |name| Identity::from_pem_or_der(&example("ML-DSA-44.crt"), &example(name)).err();
    assert_eq!(expanded("bad-ML-DSA-44-2.priv"), Some(IdentityError::KeyOfAnother));
    // The changed part of the private key (t0) almost never matters. libcrux cannot compute the public key of an
    // expanded key, so a signature of it is verified, and that succeeds.
    let accepted = (!cfg!(feature = "aws-lc-rs")).then_some(None);
    assert_eq!(expanded("bad-ML-DSA-44-3.priv"), accepted.unwrap_or(Some(IdentityError::KeyOfAnother)));
}

/// RFC 5958 §2: PKCS#8 of version 2 has the public key too. It must be the key's, and an expanded key needs it.
#[test]
fn the_public_part_of_a_key_file_is_compared_with_the_key() {
    let public = SubjectPublicKeyInfoDer::from_pem_slice(&example("ML-DSA-44.pub")).unwrap();
    let public = &public[public.len() - 1312..];
    for form in ["seed", "both", "expanded"] {
        let version_1 = PrivateKeyDer::from_pem_slice(&example(&format!("ML-DSA-44-{form}.priv"))).unwrap();
        // SEQUENCE, its length of 0 or 2 octets more; then version, algorithm and key.
        let fields = match version_1.secret_der() {
            [0x30, 0x82, _, _, fields @ ..] => fields,
            [0x30, _, fields @ ..] => fields,
            _ => panic!("PKCS#8"),
        };
        let with = |public: &[u8]| {
            let public = der(0x81, &[&[0], public].concat());
            SigningKey::from_der(&der(0x30, &[&[2, 1, 1], &fields[3..], &public].concat()))
        };
        assert_eq!(with(public).unwrap().sign(SignatureScheme::MLDSA44, b"message").map(drop), Ok(()), "{form}");
        let mut other = public.to_vec();
        other[7] ^= 1;
        assert_eq!(with(&other).err(), Some(KeyError::Inconsistent), "{form}");
    }
}

fn trust(crls: bool) -> Trust {
    let builder = Trust::builder().roots("root.pem", &file("root.pem"));
    let builder = if crls { builder.crls("crl.pem", &file("crl.pem")) } else { builder };
    builder.build().unwrap()
}

fn chain(name: &str) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(&file(name)).collect::<Result<_, _>>().unwrap()
}

/// Root ML-DSA-87, intermediate ML-DSA-65, leaves of each set.
#[test]
fn a_chain_is_judged_with_its_lists() {
    let memo = SignatureMemo::new(64);
    for crls in [false, true] {
        let trust = trust(crls);
        for (name, role, expect) in [
            ("server.pem", Role::Server, "localhost"),
            ("client.pem", Role::Client, "spiffe://example.org"),
            ("other.pem", Role::Client, "other.test"),
        ] {
            let (chain, expect) = (chain(name), [expect.parse().unwrap()]);
            for memo in [None, Some(&memo), Some(&memo)] {
                let mut options = JudgeOptions::new(&expect, now());
                options.memo = memo;
                let judged = trust.judge(&Peer::new(role, &chain), &options).map(drop);
                let revoked = crls && name == "other.pem";
                assert_eq!(judged.is_err(), revoked, "{name}: {judged:?}");
                if let Err(refusal) = judged {
                    assert!(matches!(refusal.reason(), RefusalReason::Revoked), "{refusal}");
                }
            }
        }
    }
}

#[test]
fn a_changed_signature_of_a_certificate_does_not_stand() {
    let mut chain = chain("server.pem");
    let mut leaf = chain[0].to_vec();
    *leaf.last_mut().unwrap() ^= 1;
    chain[0] = leaf.into();
    let refusal = trust(false)
        .judge(&Peer::new(Role::Server, &chain), &JudgeOptions::new(&["localhost".parse().unwrap()], now()))
        .map(drop)
        .unwrap_err();
    assert_eq!(refusal.certificate(), &FaultyCertificate::Leaf);
    assert!(matches!(refusal.reason(), RefusalReason::BadSignature(_)), "{refusal}");
}

struct End {
    hs: Handshake<Policy>,
    answerer: Answerer,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
}

impl End {
    fn new(role: Role, policy: Policy) -> End {
        let (name, expect) = match role {
            Role::Client => ("client", "server.test"),
            Role::Server => ("server", "spiffe://example.org/client"),
        };
        let identity = Identity::from_pem_or_der(&file(&format!("{name}.pem")), &file(&format!("{name}.key"))).unwrap();
        let identities = Arc::new(Reloadable::new(Identities::new(identity)));
        let trust = Arc::new(Reloadable::new(trust(true)));
        let answerer = Answerer::new(identities, trust, [expect.parse::<Expect>().unwrap()], now());
        let seed = Seed::random().unwrap();
        let hs = match role {
            Role::Client => Handshake::client(policy, Some("server.test"), seed).unwrap(),
            Role::Server => Handshake::server(policy, seed),
        };
        End { hs, answerer, rx: Inbox::new(vec![0; 100_000]), tx: Outbox::new(vec![0; 100_000]) }
    }

    fn turn(&mut self, other: &mut End) -> bool {
        loop {
            match self.hs.drive(&mut self.rx, &mut self.tx).unwrap() {
                Want::Done => return true,
                Want::Read => return false,
                Want::Write => {
                    let bytes = self.tx.pending().to_vec();
                    self.tx.sent(bytes.len());
                    other.rx.space()[..bytes.len()].copy_from_slice(&bytes);
                    other.rx.filled(bytes.len());
                }
                question => assert!(self.answerer.answer(&mut self.hs, &question, &self.rx, &mut self.tx).unwrap()),
            }
        }
    }
}

/// With the feature `mlkem`, it uses X25519MLKEM768 for keys, and ML-DSA for proofs and chains.
#[test]
fn a_whole_handshake_leaves_nothing_classical_to_break() {
    let schemes = [SignatureScheme::MLDSA44, SignatureScheme::MLDSA65, SignatureScheme::MLDSA87];
    let policy = Policy::new().signature_schemes(&schemes).signature_schemes_cert(&schemes);
    #[cfg(feature = "mlkem")]
    let policy = policy.require_post_quantum();
    let (mut client, mut server) = (End::new(Role::Client, policy.clone()), End::new(Role::Server, policy));
    while [client.turn(&mut server), server.turn(&mut client)] != [true; 2] {}
    for (end, own, peer) in [(&client, 44, 65), (&server, 65, 44)] {
        assert_eq!(end.hs.own_scheme().unwrap().to_string(), format!("mldsa{own}"));
        assert_eq!(end.hs.peer_scheme().unwrap().to_string(), format!("mldsa{peer}"));
        #[cfg(feature = "mlkem")]
        assert_eq!(end.hs.group(), Some(countersign::NamedGroup::X25519MLKEM768));
    }
}
