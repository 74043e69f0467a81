//! Certificate: it exists, and has the requested contents.

use super::{BOTH, CT, CV, FIN, block, leaf};
use crate::peer::message::{GREASE, KEY_SHARE, Msg, certificate};
use crate::peer::{self, Row, Story, accepts, identities, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::ExtensionType as E;
use countersign::{Credential, HandshakeType, Policy, Role, State};
use countersign::{Misuse, Step, Want};

// ---- 33: a certificate is required ----

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
    // The last one confirms the client.
    assert_eq!(story.peer.types()[3..], [CT, CV, FIN, HandshakeType::KEY_UPDATE]);
    // In a chain of two, ours is the first entry.
    for role in BOTH {
        let ids = identities();
        let chain =
            [if role == Role::Client { &ids.client } else { &ids.server }.chain[0].clone(), ids.pki.root.der().clone()];
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
        let sent = countersign::internals::codec::Certificate::parse(&story.sent(CT)[4..]).unwrap();
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
        // The limits are those of the policy.
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
        let (leaf, root) = (leaf(role), identities().pki.root.der().clone());
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
        // Another leaf is before the signer's, so the signature is not the first one's.
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
        // Requested in the form of each message: a request in ClientHello, empty in CertificateRequest.
        let asked = match role {
            Role::Client => {
                countersign::internals::codec::ClientHello::parse(&story.peer.client_hello).unwrap().extensions
            }
            Role::Server => {
                let request = &story.sent(HandshakeType::CERTIFICATE_REQUEST)[4..];
                countersign::internals::codec::CertificateRequest::parse(request).unwrap().extensions
            }
        };
        assert_eq!(asked.get(E::STATUS_REQUEST), Some(if role == Role::Client { &[1, 0, 0, 0, 0][..] } else { &[] }));
        assert_eq!(asked.get(E::SIGNED_CERTIFICATE_TIMESTAMP), Some(&[][..]));
        // Malformed ones are refused, and so are extensions that were not requested.
        let with = |extension: E, body: &'static [u8]| {
            move |m: &mut Msg| {
                *m = certificate(&[], &[(leaf, &block(|w| w.extension(extension, |w| w.bytes(body))))]);
            }
        };
        let (malformed, decode) = ("MalformedExtension", A::DECODE_ERROR);
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
            let sent = countersign::internals::codec::Certificate::parse(&story.sent(CT)[4..]).unwrap();
            let block = sent.certificate_list.iter().next().unwrap().extensions;
            let leaf = block.check(countersign::internals::codec::Place::Certificate).unwrap();
            assert_eq!(leaf.ocsp_response(), asks.then_some(&b"staple"[..]));
            assert_eq!(leaf.sct_list(), asks.then_some(&scts[..]));
            assert_eq!(block.iter().count(), if asks { 2 } else { 0 });
        }
    }
}
