//! CertificateVerify: keys, schemes, and the signed content.

use super::{BOTH, CT, CV};
use crate::peer::message::{Msg, SCHEMES, certificate, certificate_verify, numbers};
use crate::peer::{self, Row, Story, identities, refuses};
use crate::rsa;
use countersign::AlertDescription as A;
use countersign::internals::codec::CertificateVerify;
use countersign::internals::crypto::Suite;
use countersign::internals::schedule::SignedContent;
use countersign::{Credential, Epoch, HandshakeType, Policy, Role, SignatureScheme, State};
use countersign::{Step, Want};

// ---- 35: CertificateVerify ----

// req: 9846-4.5.2-4, 9846-4.5.2-5, 9846-4.5.2-6, 9846-4.5.2-7, 9846-4.5.2-8, 9846-4.5.2-9, 9846-4.3.3-1, 9846-4.3.3-13
// req: 9846-4.3.3-14, 9846-4.3.3-5
#[test]
fn a_proof_of_another_scheme_is_illegal_and_a_wrong_one_a_decrypt_error() {
    let (illegal, parameter) = ("IllegalSignatureScheme", A::ILLEGAL_PARAMETER);
    let (bad, decrypt) = ("BadSignature", A::DECRYPT_ERROR);
    let (malformed, decode) = ("Malformed", A::DECODE_ERROR);
    let scheme = |scheme: u16| move |m: &mut Msg| _ = m.head.splice(..2, scheme.to_be_bytes());
    let signature = |bytes: &'static [u8]| {
        move |m: &mut Msg| {
            let scheme = SignatureScheme(u16::from_be_bytes([m.head[0], m.head[1]]));
            *m = certificate_verify(scheme, bytes);
        }
    };
    for role in BOTH {
        // The server's key is P-256, the client's Ed25519.
        let other = if role == Role::Client { scheme(0x0807) } else { scheme(0x0403) };
        let rows: &[Row<'_>] = &[
            ("the scheme of another key", &other, illegal, parameter),
            ("another curve", &scheme(0x0503), illegal, parameter),
            ("P-521", &scheme(0x0603), illegal, parameter),
            ("RSA-PSS", &scheme(0x0804), illegal, parameter),
            ("RSA-PSS with a PSS key", &scheme(0x0809), illegal, parameter),
            ("PKCS #1", &scheme(0x0401), illegal, parameter),
            ("PKCS #1 with SHA-1", &scheme(0x0201), illegal, parameter),
            ("ECDSA with SHA-1", &scheme(0x0203), illegal, parameter),
            ("ECDSA with SHA-224", &scheme(0x0303), illegal, parameter),
            ("RSA with MD5", &scheme(0x0101), illegal, parameter),
            ("DSA", &scheme(0x0202), illegal, parameter),
            ("ML-DSA", &scheme(0x0904), illegal, parameter),
            ("scheme 0", &scheme(0), illegal, parameter),
            ("a bit at its end", &|m| *m.head.last_mut().unwrap() ^= 1, bad, decrypt),
            ("a bit at its start", &|m| m.head[12] ^= 1, bad, decrypt),
            ("none", &signature(&[]), bad, decrypt),
            ("zeros", &signature(&[0; 64]), bad, decrypt),
            ("ECDSA of r = 0", &signature(&[0x30, 6, 2, 1, 0, 2, 1, 1]), bad, decrypt),
            ("ECDSA of s = 0", &signature(&[0x30, 6, 2, 1, 1, 2, 1, 0]), bad, decrypt),
            ("a byte after it", &|m| m.tail = vec![0], malformed, decode),
            ("empty", &|m| m.head = vec![], malformed, decode),
            ("a scheme only", &|m| m.head.truncate(2), malformed, decode),
            ("a signature that overruns", &|m| m.head[2] = 9, malformed, decode),
        ];
        refuses(role, &Policy::new(), CV, rows);
    }
}

// req: 9846-4.5.2-4, 9846-4.5.2-5
#[test]
fn a_scheme_that_we_know_but_did_not_offer_is_illegal() {
    let policy = Policy::new().signature_schemes(&[SignatureScheme::ECDSA_SECP384R1_SHA384]);
    for role in BOTH {
        refuses(role, &policy, CV, &[("ours", &|_| (), "IllegalSignatureScheme", A::ILLEGAL_PARAMETER)]);
    }
}

// req: 9846-4.5.2-8, 9846-4.5.2-9
#[test]
fn a_signature_by_another_key_of_another_transcript_or_role_is_a_decrypt_error() {
    for role in BOTH {
        for what in ["another key", "another transcript", "the other role", "the other side's", "r beyond the order"] {
            let mut story = Story::new(role, Policy::new()).until(State::WaitCertificateVerify);
            let hash = story.peer.transcript_hash();
            let (right, wrong) = match role {
                Role::Client => (SignedContent::server(&hash), SignedContent::client(&hash)),
                Role::Server => (SignedContent::client(&hash), SignedContent::server(&hash)),
            };
            let identity = story.peer.identity;
            let scheme = identity.key.schemes()[0];
            let algorithm = if role == Role::Client { &rcgen::PKCS_ECDSA_P256_SHA256 } else { &rcgen::PKCS_ED25519 };
            let signature = match what {
                "another key" => identities().pki.issue("x.test", algorithm).key.sign(scheme, right.as_ref()).unwrap(),
                "another transcript" => {
                    let hash = story.peer.suite.hash().hash(&story.peer.transcript[1..]);
                    let content =
                        if role == Role::Client { SignedContent::server(&hash) } else { SignedContent::client(&hash) };
                    identity.key.sign(scheme, content.as_ref()).unwrap()
                }
                "the other role" => identity.key.sign(scheme, wrong.as_ref()).unwrap(),
                "r beyond the order" => [&[0x30, 0x26, 2, 0x21, 0][..], &[0xff; 32], &[2, 1, 1]].concat(),
                // Reflection: the end's own signature, if it has signed already.
                _ if role == Role::Server => CertificateVerify::parse(&story.sent(CV)[4..]).unwrap().signature.to_vec(),
                _ => vec![0; 70],
            };
            println!("{role} gets a signature: {what}");
            story.peer.send_msg(&certificate_verify(scheme, &signature));
            story.turn();
            let (state, epoch) = peer::judged(role, CV);
            story.refused("BadSignature", A::DECRYPT_ERROR, state, epoch);
        }
    }
}

// ---- keys of other kinds ----

fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[tag, 0x82, high, low], &content[..]].concat()
}

/// DER lengths in the shortest form.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    match content.len() {
        len @ 0..=127 => [&[tag, len as u8], &content[..]].concat(),
        len @ 128..=255 => [&[tag, 0x81, len as u8], &content[..]].concat(),
        _ => tlv(tag, &[&content]),
    }
}

/// An unsigned leaf with this key, for checks that come before all signatures.
fn leaf_of(spki: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
    let time = der(0x17, &[b"260101000000Z"]);
    let tbs = der(
        0x30,
        &[
            &[0xa0, 3, 2, 1, 2, 2, 1, 1],
            &algorithm,
            &der(0x30, &[]),
            &der(0x30, &[&time, &time]),
            &der(0x30, &[]),
            spki,
        ],
    );
    der(0x30, &[&tbs, &algorithm, &der(3, &[&[0; 65]])])
}

fn rsa_key(oid: &[u8], bits: usize) -> Vec<u8> {
    let modulus = [&[0][..], &vec![0xc5; bits / 8]].concat();
    let key = der(0x30, &[&der(2, &[&modulus]), &[2, 3, 1, 0, 1]]);
    der(0x30, &[&der(0x30, &[&der(6, &[oid]), &[5, 0]]), &der(3, &[&[0], &key])])
}

// req: 9846-4.3.3-5, 9846-4.3.3-1
#[test]
fn a_leaf_key_of_another_kind_or_size_is_unsupported() {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
    let ec = |curve: &[u8], len: usize| {
        let id = der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]]);
        der(0x30, &[&der(0x30, &[&id, &der(6, &[curve])]), &der(3, &[&[0, 4], &vec![1; len]])])
    };
    let ed448 = der(0x30, &[&der(0x30, &[&[6, 3, 0x2b, 0x65, 0x71]]), &der(3, &[&[0; 58]])]);
    for (what, spki, scheme, says) in [
        ("RSA of 1024 bits", rsa_key(RSA, 1024), SignatureScheme::RSA_PSS_RSAE_SHA256, "it is RSA of 1024 bits"),
        ("RSA of 2040 bits", rsa_key(RSA, 2040), SignatureScheme::RSA_PSS_RSAE_SHA256, "it is RSA of 2040 bits"),
        ("RSA of 8200 bits", rsa_key(RSA, 8200), SignatureScheme::RSA_PSS_RSAE_SHA256, "it is RSA of 8200 bits"),
        ("an RSA-PSS key", rsa_key(RSA_PSS, 2048), SignatureScheme::RSA_PSS_RSAE_SHA256, "of an algorithm"),
        #[cfg(not(feature = "aws-lc-rs"))]
        ("P-521", ec(&[0x2b, 0x81, 4, 0, 35], 132), SignatureScheme::ECDSA_SECP256R1_SHA256, "on a curve"),
        ("secp256k1", ec(&[0x2b, 0x81, 4, 0, 10], 64), SignatureScheme::ECDSA_SECP256R1_SHA256, "on a curve"),
        ("Ed448", ed448, SignatureScheme::ED25519, "of an algorithm"),
    ] {
        for role in BOTH {
            println!("{role} gets {what}");
            let leaf = leaf_of(&spki);
            let shown = |m: &mut Msg| *m = certificate(&[], &[(&leaf, &[])]);
            let mut story = Story::new(role, Policy::new()).edit(CT, &shown).until(State::WaitCertificateVerify);
            story.peer.send_msg(&certificate_verify(scheme, &[1; 128]));
            story.turn();
            let (state, epoch) = peer::judged(role, CV);
            story.refused("UnsupportedKey", A::UNSUPPORTED_CERTIFICATE, state, epoch);
            let said = story.error().to_string();
            assert!(said.contains(says), "{said}");
        }
    }
    // The unsigned leaf is refused only for its key. With a known key its signature is checked.
    for bits in [2048, 8192] {
        let leaf = leaf_of(&rsa_key(RSA, bits));
        let shown = |m: &mut Msg| *m = certificate(&[], &[(&leaf, &[])]);
        let mut story = Story::server().edit(CT, &shown).until(State::WaitCertificateVerify);
        story.peer.send_msg(&certificate_verify(SignatureScheme::RSA_PSS_RSAE_SHA256, &[1; 256]));
        story.turn();
        story.refused("BadSignature", A::DECRYPT_ERROR, State::WaitCertificateVerify, Epoch::Application);
    }
}

// req: 9846-9.1-2, 9846-4.5.2-6, 9846-4.5.1.2-2
#[test]
fn every_kind_of_key_proves_itself_both_ways_with_every_scheme_and_suite() {
    let pki = &identities().pki;
    let keys = [
        pki.issue("a.test", &rcgen::PKCS_ECDSA_P256_SHA256),
        pki.issue("b.test", &rcgen::PKCS_ECDSA_P384_SHA384),
        pki.issue("c.test", &rcgen::PKCS_ED25519),
        pki.issue_for("d.test", &rsa::key_pair()),
    ];
    for identity in &keys {
        for (number, scheme) in identity.key.schemes().iter().enumerate() {
            for role in BOTH {
                let ask = |m: &mut Msg| m.set(SCHEMES, &numbers(&[scheme.0]));
                let story = Story::new(role, Policy::new());
                let mut story =
                    story.edit(HandshakeType::CERTIFICATE_REQUEST, &ask).edit(HandshakeType::CLIENT_HELLO, &ask);
                (story.end.identity, story.peer.identity) = (identity, identity);
                (story.peer.scheme, story.peer.suite) = (Some(*scheme), Suite::ALL[number]);
                let story = story.connected();
                assert_eq!(story.end.hs.peer_scheme(), Some(*scheme));
                assert_eq!(story.end.hs.own_scheme(), Some(*scheme));
            }
        }
    }
}

#[test]
fn the_scheme_goes_by_the_credentials_preference_or_else_by_the_peers() {
    let identity = identities().pki.issue_for("rsa.test", &rsa::key_pair());
    let (sha256, sha512) = (SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PSS_RSAE_SHA512);
    for role in BOTH {
        for (wished, own, chosen) in [
            ([sha256, sha512], &[][..], Some(sha256)),
            ([sha512, sha256], &[], Some(sha512)),
            ([sha512, sha256], &[sha256, sha512], Some(sha256)),
            ([sha512, sha256], &[sha512], Some(sha512)),
            ([sha512, sha512], &[sha256], None),
        ] {
            let ask = |m: &mut Msg| m.set(SCHEMES, &numbers(&[0x0a0a, wished[0].0, wished[1].0]));
            let story = Story::new(role, Policy::new());
            let mut story =
                story.edit(HandshakeType::CERTIFICATE_REQUEST, &ask).edit(HandshakeType::CLIENT_HELLO, &ask);
            story.end.identity = &identity;
            story.hold = Some(State::AskCredential);
            let mut story = story.until(State::AskCredential);
            let end = &mut story.end;
            let Ok(Step::Want(Want::Credential(question))) = end.hs.step(&mut end.rx, &mut end.tx) else { panic!() };
            let mut credential = Credential::new(&identity.chain);
            credential.schemes = own;
            end.hs.answer_credential(&question, &credential, &mut end.tx).unwrap();
            let story = story.play();
            assert_eq!(story.end.hs.own_scheme(), chosen);
            match chosen {
                Some(_) => assert_eq!(story.result, Some(Ok(()))),
                None => assert_eq!(story.error().name(), "NoCommonSignatureScheme"),
            }
        }
    }
}
