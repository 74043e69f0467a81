//! Certificate, CertificateVerify, Finished and the verdict, in both roles (RFC 9846 §4.5).

use crate::peer::message::{GREASE, KEY_SHARE, Msg, SCHEMES, certificate, certificate_verify, numbers, written};
use crate::peer::{self, Row, Story, accepts, identities, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::{CertificateVerify, ExtensionType as E};
use countersign::internals::crypto::Suite;
use countersign::internals::schedule::SignedContent;
use countersign::{
    Alert, Blame, Credential, Epoch, ErrorKind, HandshakeType, Policy, Rejection, Role, SignatureScheme, State,
};
use countersign::{Misuse, Step, Verdict, Want};

const BOTH: [Role; 2] = [Role::Client, Role::Server];
const CT: HandshakeType = HandshakeType::CERTIFICATE;
const CV: HandshakeType = HandshakeType::CERTIFICATE_VERIFY;
const FIN: HandshakeType = HandshakeType::FINISHED;

/// The leaf that the peer of an end in this role shows.
fn leaf(role: Role) -> &'static [u8] {
    if role == Role::Client { &identities().server.chain[0] } else { &identities().client.chain[0] }
}

fn block(write: impl Fn(&mut countersign::internals::codec::Writer<'_>)) -> Vec<u8> {
    written(write)
}

// ---- 33: there is a certificate ----

// req: 9846-4.5.1.3-1
#[test]
fn an_empty_list_is_certificate_required_from_a_client_and_decode_error_from_a_server() {
    let empty: &dyn Fn(&mut Msg) = &|m| *m = certificate(&[], &[]);
    refuses(
        Role::Server,
        &Policy::new(),
        CT,
        &[("an empty list", empty, "NoClientCertificate", A::CERTIFICATE_REQUIRED)],
    );
    refuses(Role::Client, &Policy::new(), CT, &[("an empty list", empty, "NoServerCertificate", A::DECODE_ERROR)]);
}

// req: 9846-4.5.1-2, 9846-4.5.2-2, 9846-4.5.2-3, 9846-4.5.1-8, 9846-4-1, 9846-4.6-2, 9846-4.5.1-11
#[test]
fn both_sides_send_certificate_proof_and_finished_in_order_leaf_first() {
    let story = Story::client().connected();
    assert_eq!(story.peer.types(), [HandshakeType::CLIENT_HELLO, CT, CV, FIN]);
    let story = Story::server().connected();
    assert_eq!(story.peer.types()[3..], [CT, CV, FIN]);
    // A chain of two: ours is the first entry.
    for role in BOTH {
        let ids = identities();
        let chain = [if role == Role::Client { &ids.client } else { &ids.server }.chain[0].clone(), ids.pki.root()];
        let mut story = Story::new(role, Policy::new());
        story.hold = Some(State::AskCredential);
        let mut story = story.until(State::AskCredential);
        let Ok(Step::Want(Want::Credential(question))) = story.end.hs.step(&mut story.end.rx, &mut story.end.tx) else {
            panic!("the question is open")
        };
        story.end.hs.answer_credential(&question, &Credential::new(&chain), &mut story.end.tx).unwrap();
        assert_eq!(
            story.end.hs.answer_credential(&question, &Credential::new(&chain), &mut story.end.tx),
            Err(Misuse::StaleQuestion)
        );
        let story = story.connected();
        let sent = countersign::internals::codec::Certificate::parse(&story.peer.message(CT)[4..]).unwrap();
        assert_eq!(sent.certificate_request_context, b"");
        let sent: Vec<&[u8]> = sent.certificate_list.iter().map(|each| each.cert_data).collect();
        assert_eq!(sent, [chain[0].as_ref(), chain[1].as_ref()]);
    }
}

// ---- 34: the Certificate message ----

// req: 9846-4.5.1-5, 9846-4.5.1-6, 9846-4.5.1-7, 9846-4.5.1.2-1, 9846-4.3-4
#[test]
fn a_certificate_message_must_be_as_it_was_asked_for() {
    let (malformed, decode) = ("Malformed", A::DECODE_ERROR);
    let (unsolicited, unsupported) = ("UnsolicitedExtension", A::UNSUPPORTED_EXTENSION);
    for role in BOTH {
        let leaf = leaf(role);
        let with = |extensions: Vec<u8>| move |m: &mut Msg| *m = certificate(&[], &[(leaf, &extensions)]);
        let staple = block(|w| w.ocsp_response(b"staple"));
        let scts = block(|w| w.sct_list(&[0, 3, 0, 1, 9]));
        let second =
            |m: &mut Msg| *m = certificate(&[], &[(leaf, &[]), (leaf, &block(|w| w.ocsp_response(b"staple")))]);
        let eleven = |m: &mut Msg| *m = certificate(&[], &[(leaf, &[][..]); 11]);
        let twice = [block(|w| w.extension(GREASE, |_| ())), block(|w| w.extension(GREASE, |_| ()))].concat();
        let rows: &[Row<'_>] = &[
            ("a context", &|m| *m = certificate(&[1], &[(leaf, &[])]), "IllegalContext", A::ILLEGAL_PARAMETER),
            ("a staple unasked", &with(staple), unsolicited, unsupported),
            ("SCTs unasked", &with(scts), unsolicited, unsupported),
            ("a staple unasked in the second entry", &second, unsolicited, unsupported),
            ("an unknown extension", &with(block(|w| w.extension(GREASE, |_| ()))), unsolicited, unsupported),
            ("key_share", &with(block(|w| w.extension(KEY_SHARE, |w| w.u16(29)))), unsolicited, unsupported),
            ("an extension twice", &with(twice), malformed, decode),
            ("extensions that overrun", &with(vec![0, 5, 0, 9]), malformed, decode),
            ("a certificate without bytes", &|m| *m = certificate(&[], &[(&[], &[])]), malformed, decode),
            ("an empty second certificate", &|m| *m = certificate(&[], &[(leaf, &[]), (&[], &[])]), malformed, decode),
            ("a byte after it", &|m| m.tail = vec![0], malformed, decode),
            ("empty", &|m| m.head = vec![], malformed, decode),
            ("a list that overruns", &|m| m.head = vec![0, 0, 0, 9, 0], malformed, decode),
            ("a context that overruns", &|m| m.head = vec![200], malformed, decode),
            (
                "a leaf that is no DER",
                &|m| *m = certificate(&[], &[(b"no certificate", &[])]),
                "UnreadableLeaf",
                A::BAD_CERTIFICATE,
            ),
            (
                "a leaf cut short",
                &|m| *m = certificate(&[], &[(&leaf[..leaf.len() - 1], &[])]),
                "UnreadableLeaf",
                A::BAD_CERTIFICATE,
            ),
            (
                "a leaf and a byte",
                &|m| *m = certificate(&[], &[(&[leaf, &[0]].concat(), &[])]),
                "UnreadableLeaf",
                A::BAD_CERTIFICATE,
            ),
            (
                "an OpenPGP key",
                &|m| *m = certificate(&[], &[(&[0x99, 1, 0x0d, 4], &[])]),
                "UnreadableLeaf",
                A::BAD_CERTIFICATE,
            ),
            ("eleven certificates", &eleven, "ChainTooLong", A::BAD_CERTIFICATE),
        ];
        refuses(role, &Policy::new(), CT, rows);
        // The bounds are the policy's.
        let two = |m: &mut Msg| *m = certificate(&[], &[(leaf, &[]), (leaf, &[])]);
        refuses(role, &Policy::new().max_chain(1), CT, &[("two", &two, "ChainTooLong", A::BAD_CERTIFICATE)]);
        let ten = |m: &mut Msg| *m = certificate(&[], &[(leaf, &[][..]); 10]);
        accepts(role, &Policy::new(), CT, &[("ten", &ten)]);
    }
}

// req: 9846-4.5.1-9
#[test]
fn the_first_entry_is_the_end_entity_whatever_follows() {
    for role in BOTH {
        let (leaf, root) = (leaf(role), identities().pki.root());
        let other = if role == Role::Client { &identities().client } else { &identities().server };
        accepts(
            role,
            &Policy::new(),
            CT,
            &[
                ("the root", &|m| *m = certificate(&[], &[(leaf, &[]), (&root, &[])])),
                ("disorder", &|m| {
                    *m = certificate(&[], &[(leaf, &[]), (&other.chain[0], &[]), (&root, &[]), (leaf, &[])])
                }),
                ("what is no certificate", &|m| *m = certificate(&[], &[(leaf, &[]), (b"junk", &[])])),
            ],
        );
        // Another end-entity before the signer's: the signature is not its.
        let edit = |m: &mut Msg| *m = certificate(&[], &[(&root, &[]), (leaf, &[])]);
        let mut story = Story::new(role, Policy::new()).edit(CT, &edit).play();
        let (state, epoch) = peer::judged(role, CV);
        let kind = if role == Role::Client { "BadSignature" } else { "IllegalSignatureScheme" }; // P-256, Ed25519
        let alert = if role == Role::Client { A::DECRYPT_ERROR } else { A::ILLEGAL_PARAMETER };
        story.refused(kind, alert, state, epoch);
    }
}

// req: 9846-4.5.1.1-1, 9846-4.5.1.1-5, 9846-4.5.1-6, 9846-4.5.1-7, 6066-8-1, 6066-8-5
#[test]
fn staples_and_scts_that_were_asked_for_reach_the_verdict() {
    let policy = Policy::new().request_ocsp_staple(true).request_scts(true);
    let scts = [0, 3, 0, 1, 9];
    for role in BOTH {
        let leaf = leaf(role);
        let edit = |m: &mut Msg| {
            let list = block(|w| {
                w.ocsp_response(b"staple");
                w.sct_list(&scts);
            });
            *m = certificate(&[], &[(leaf, &list)]);
        };
        let mut story = Story::new(role, policy.clone()).edit(CT, &edit);
        story.hold = Some(State::AskVerify);
        let story = story.until(State::AskVerify);
        let shown = story.end.hs.peer(&story.end.rx).unwrap();
        assert_eq!(shown.ocsp_staple(), Some(&b"staple"[..]));
        assert_eq!(shown.scts(), Some(&scts[..]));
        assert_eq!(shown.leaf(), leaf);
        // Asked for in the right form: a request in ClientHello, empty in CertificateRequest.
        let asked = match role {
            Role::Client => {
                countersign::internals::codec::ClientHello::parse(&story.peer.client_hello).unwrap().extensions
            }
            Role::Server => {
                let request = &story.peer.message(HandshakeType::CERTIFICATE_REQUEST)[4..];
                countersign::internals::codec::CertificateRequest::parse(request).unwrap().extensions
            }
        };
        assert_eq!(asked.get(E::STATUS_REQUEST), Some(if role == Role::Client { &[1, 0, 0, 0, 0][..] } else { &[] }));
        assert_eq!(asked.get(E::SIGNED_CERTIFICATE_TIMESTAMP), Some(&[][..]));
        // Malformed ones are refused, and so is what was not asked for beside them.
        let with = |extension: E, body: &'static [u8]| {
            move |m: &mut Msg| {
                *m = certificate(&[], &[(leaf, &block(|w| w.extension(extension, |w| w.bytes(body))))]);
            }
        };
        let (malformed, decode) = ("Malformed", A::DECODE_ERROR);
        refuses(
            role,
            &policy,
            CT,
            &[
                ("an empty staple", &with(E::STATUS_REQUEST, &[1, 0, 0, 0]), malformed, decode),
                ("no staple", &with(E::STATUS_REQUEST, &[]), malformed, decode),
                ("a staple that is not OCSP", &with(E::STATUS_REQUEST, &[2, 0, 0, 1, 1]), malformed, decode),
                ("a byte after the staple", &with(E::STATUS_REQUEST, &[1, 0, 0, 1, 1, 0]), malformed, decode),
                ("no SCTs", &with(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 0]), malformed, decode),
                ("an empty SCT", &with(E::SIGNED_CERTIFICATE_TIMESTAMP, &[0, 2, 0, 0]), malformed, decode),
                ("unknown", &with(GREASE, &[]), "UnsolicitedExtension", A::UNSUPPORTED_EXTENSION),
            ],
        );
    }
}

// req: 9846-4.5.1.1-1, 9846-4.5.1.1-5, 9846-4.3-3
#[test]
fn our_staple_and_scts_are_shown_only_to_whom_asks() {
    let scts = [0, 3, 0, 1, 9];
    for (role, typ) in [(Role::Client, HandshakeType::CERTIFICATE_REQUEST), (Role::Server, HandshakeType::CLIENT_HELLO)]
    {
        let ask = |m: &mut Msg| {
            let share = m.get(KEY_SHARE).map(<[u8]>::to_vec);
            m.push(E::STATUS_REQUEST, if share.is_some() { &[1, 0, 0, 0, 0] } else { &[] });
            m.push(E::SIGNED_CERTIFICATE_TIMESTAMP, &[]);
        };
        for asks in [false, true] {
            let mut story = Story::new(role, Policy::new());
            if asks {
                story = story.edit(typ, &ask);
            }
            story.hold = Some(State::AskCredential);
            let mut story = story.until(State::AskCredential);
            let end = &mut story.end;
            let Ok(Step::Want(Want::Credential(question))) = end.hs.step(&mut end.rx, &mut end.tx) else { panic!() };
            let mut credential = Credential::new(&end.identity.chain);
            (credential.ocsp_staple, credential.scts) = (Some(&b"staple"[..]), Some(&scts[..]));
            end.hs.answer_credential(&question, &credential, &mut end.tx).unwrap();
            let story = story.connected();
            let sent = countersign::internals::codec::Certificate::parse(&story.peer.message(CT)[4..]).unwrap();
            let leaf = sent.certificate_list.iter().next().unwrap().extensions;
            assert_eq!(leaf.ocsp_response(), Ok(asks.then_some(&b"staple"[..])));
            assert_eq!(leaf.sct_list(), Ok(asks.then_some(&scts[..])));
            assert_eq!(leaf.iter().count(), if asks { 2 } else { 0 });
        }
    }
}

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
                // Reflection: what the end itself has signed, if it has signed already.
                _ if role == Role::Server => {
                    CertificateVerify::parse(&story.peer.message(CV)[4..]).unwrap().signature.to_vec()
                }
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

/// DER lengths as short as they can be.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    match content.len() {
        len @ 0..=127 => [&[tag, len as u8], &content[..]].concat(),
        len @ 128..=255 => [&[tag, 0x81, len as u8], &content[..]].concat(),
        _ => tlv(tag, &[&content]),
    }
}

/// A leaf with this key, which nobody signed: for what is judged before any signature.
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
    for (what, spki, scheme) in [
        ("RSA of 1024 bits", rsa_key(RSA, 1024), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ("RSA of 2040 bits", rsa_key(RSA, 2040), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ("RSA of 4104 bits", rsa_key(RSA, 4104), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ("an RSA-PSS key", rsa_key(RSA_PSS, 2048), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ("P-521", ec(&[0x2b, 0x81, 4, 0, 35], 132), SignatureScheme::ECDSA_SECP256R1_SHA256),
        ("secp256k1", ec(&[0x2b, 0x81, 4, 0, 10], 64), SignatureScheme::ECDSA_SECP256R1_SHA256),
        ("Ed448", ed448, SignatureScheme::ED25519),
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
        }
    }
    // The fabricated leaf is refused for its key alone: with one that we know, the signature is judged.
    let leaf = leaf_of(&rsa_key(RSA, 2048));
    let shown = |m: &mut Msg| *m = certificate(&[], &[(&leaf, &[])]);
    let mut story = Story::server().edit(CT, &shown).until(State::WaitCertificateVerify);
    story.peer.send_msg(&certificate_verify(SignatureScheme::RSA_PSS_RSAE_SHA256, &[1; 256]));
    story.turn();
    story.refused("BadSignature", A::DECRYPT_ERROR, State::WaitCertificateVerify, Epoch::Application);
}

// req: 9846-9.1-2, 9846-4.5.2-6, 9846-4.5.1.2-2
#[test]
fn every_kind_of_key_proves_itself_both_ways_with_every_scheme_and_suite() {
    let pki = &identities().pki;
    let keys = [
        pki.issue("a.test", &rcgen::PKCS_ECDSA_P256_SHA256),
        pki.issue("b.test", &rcgen::PKCS_ECDSA_P384_SHA384),
        pki.issue("c.test", &rcgen::PKCS_ED25519),
        pki.issue_rsa("d.test"),
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
    let identity = identities().pki.issue_rsa("rsa.test");
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
                None => assert_eq!(story.error().kind(), ErrorKind::NoCommonSignatureScheme),
            }
        }
    }
}

// ---- 40: Finished ----

// req: 9846-4.5.3-1, 9846-4.5.3-2, 9846-4.5.3-3
#[test]
fn a_wrong_finished_of_any_size_is_a_decrypt_error() {
    let (kind, alert) = ("BadFinished", A::DECRYPT_ERROR);
    for role in BOTH {
        refuses(
            role,
            &Policy::new(),
            FIN,
            &[
                ("the first bit", &|m| m.head[0] ^= 0x80, kind, alert),
                ("the last bit", &|m| *m.head.last_mut().unwrap() ^= 1, kind, alert),
                ("empty", &|m| m.head = vec![], kind, alert),
                ("one byte", &|m| m.head.truncate(1), kind, alert),
                ("a byte less", &|m| m.head.truncate(31), kind, alert),
                ("a byte more", &|m| m.head.push(0), kind, alert),
                ("twice", &|m| m.head = m.head.repeat(2), kind, alert),
                ("of SHA-384's size", &|m| m.head.extend([0; 16]), kind, alert),
                ("zeros", &|m| m.head = vec![0; 32], kind, alert),
            ],
        );
        // The end's own Finished sent back to it: the other side's key.
        if role == Role::Server {
            let mut story = Story::server().until(State::WaitFinished);
            let own = story.peer.message(FIN)[4..].to_vec();
            story.peer.send_msg(&Msg::new(FIN, own));
            story.turn();
            story.refused(kind, alert, State::WaitFinished, Epoch::Application);
        }
    }
}

// ---- 41: limits ----

#[test]
fn a_message_longer_than_the_limit_is_refused_from_its_header() {
    // A header alone, the announced body never comes.
    let header = |typ: HandshakeType, len: usize| {
        let [_, a, b, c] = (len as u32).to_be_bytes();
        [typ.0, a, b, c]
    };
    let alert = A::ILLEGAL_PARAMETER;
    for (role, state) in [
        (Role::Server, State::WaitClientHello),
        (Role::Server, State::WaitCertificate),
        (Role::Server, State::WaitCertificateVerify),
        (Role::Server, State::WaitFinished),
        (Role::Client, State::WaitServerHello),
        (Role::Client, State::WaitEncryptedExtensions),
        (Role::Client, State::WaitCertificateRequest),
        (Role::Client, State::WaitCertificate),
        (Role::Client, State::WaitCertificateVerify),
        (Role::Client, State::WaitFinished),
    ] {
        for len in [32 * 1024 + 1, 0xff_ffff] {
            let mut story = Story::new(role, Policy::new()).until(state);
            let typ = story.next().unwrap();
            story.peer.record(peer::HANDSHAKE, &header(typ, len));
            story.turn();
            let (_, epoch) = peer::judged(role, typ);
            story.refused("MessageTooLong", alert, state, epoch);
        }
    }
    // The flight as a whole is bounded as well.
    for role in BOTH {
        let policy = Policy::new().max_flight(20_000, 20_000);
        let leaf = leaf(role);
        let long = vec![0x30; 19_700 - leaf.len()];
        let edit = |m: &mut Msg| *m = certificate(&[], &[(leaf, &[]), (&long, &[])]);
        let mut story = Story::new(role, policy.clone()).edit(CT, &edit).until(State::WaitCertificateVerify);
        story.peer.record(peer::HANDSHAKE, &header(CV, 9_000));
        story.turn();
        let (state, epoch) = peer::judged(role, CV);
        story.refused("MessageTooLong", alert, state, epoch);
        accepts(role, &policy, CT, &[("a chain of nearly the limit", &edit)]);
    }
}

// ---- 37: the verdict ----

// req: 9846-4.5.1.2-8, 9846-4.5.3-3
#[test]
fn each_refusal_of_the_verdict_has_its_own_alert() {
    for (reason, alert) in [
        (Rejection::UnknownCa, A::UNKNOWN_CA),
        (Rejection::Expired, A::CERTIFICATE_EXPIRED),
        (Rejection::Revoked, A::CERTIFICATE_REVOKED),
        (Rejection::WrongName, A::BAD_CERTIFICATE),
        (Rejection::BadCertificate, A::BAD_CERTIFICATE),
        (Rejection::UnsupportedCertificate, A::UNSUPPORTED_CERTIFICATE),
        (Rejection::AccessDenied, A::ACCESS_DENIED),
        (Rejection::CertificateUnknown, A::CERTIFICATE_UNKNOWN),
        (Rejection::Alert(A::BAD_CERTIFICATE_STATUS_RESPONSE), A::BAD_CERTIFICATE_STATUS_RESPONSE),
    ] {
        for (role, epoch) in [(Role::Client, Epoch::Handshake), (Role::Server, Epoch::Application)] {
            let mut story = Story::new(role, Policy::new());
            story.end.verdict = Verdict::Reject(reason);
            let mut story = story.play();
            let error = story.error();
            assert_eq!(error.kind(), ErrorKind::Rejected { reason });
            assert_eq!((error.blame(), error.state()), (Blame::Us, State::AskVerify));
            assert_eq!(error.alert(), Some(Alert::Sent(alert)));
            assert_eq!(story.peer.alerts(), [(epoch, vec![2, alert.0])]);
            if role == Role::Client {
                assert!(!story.peer.types().contains(&CT), "our certificate goes only to whom we know");
            }
            story.is_dead(error);
        }
    }
}

// req: 9846-6-2
#[test]
fn a_question_can_be_declined_and_the_handshake_cancelled_or_aborted() {
    for role in BOTH {
        let epoch_before = if role == Role::Client { Epoch::Handshake } else { Epoch::Plaintext };
        let mut story = Story::new(role, Policy::new());
        story.hold = Some(State::AskCredential);
        let mut story = story.until(State::AskCredential);
        let end = &mut story.end;
        let Ok(Step::Want(Want::Credential(question))) = end.hs.step(&mut end.rx, &mut end.tx) else { panic!() };
        end.hs.decline(&question, A::UNRECOGNIZED_NAME).unwrap();
        story.drive();
        let error = story.error();
        assert_eq!(error.kind(), ErrorKind::Declined { alert: A::UNRECOGNIZED_NAME });
        assert_eq!((error.blame(), error.state()), (Blame::Us, State::AskCredential));
        assert_eq!(story.peer.alerts(), [(epoch_before, vec![2, A::UNRECOGNIZED_NAME.0])]);
        story.is_dead(error);
        let mut shown = 0;
        story.end.hs.expose_secrets(&mut |_, _| shown += 1);
        assert!(story.end.hs.finish().is_err());

        let mut story = Story::new(role, Policy::new()).until(State::WaitCertificate);
        let epoch = if role == Role::Client { Epoch::Handshake } else { Epoch::Application };
        story.end.hs.cancel(&mut story.end.tx);
        story.drive();
        assert_eq!(story.error().kind(), ErrorKind::Cancelled);
        assert_eq!(story.peer.alerts(), [(epoch, vec![1, 90]), (epoch, vec![1, 0])], "user_canceled, close_notify");
        let error = story.error();
        story.is_dead(error);

        let mut story = Story::new(role, Policy::new()).until(State::WaitCertificate);
        story.end.hs.abort(A::GENERAL_ERROR, &mut story.end.tx);
        story.drive();
        assert_eq!(story.error().kind(), ErrorKind::Aborted { alert: A::GENERAL_ERROR });
        assert_eq!(story.peer.alerts(), [(epoch, vec![2, A::GENERAL_ERROR.0])]);
    }
}
