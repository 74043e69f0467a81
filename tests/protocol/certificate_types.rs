//! Certificate types (RFC 7250): raw public keys.

use crate::end::End;
use crate::parameters::{CH, EE, answer, refused};
use crate::peer::message::{Msg, certificate};
use crate::peer::{Story, identities, refuses};
use countersign::AlertDescription as A;
use countersign::internals::codec::{CertificateType, ClientHello, Place};
use countersign::{Credential, Epoch, ExtensionType, HandshakeType, Policy, Role, State, Step, Want};

const BOTH: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY, CertificateType::X509];
const X509: &[CertificateType] = &[CertificateType::X509];
const RAW: &[CertificateType] = &[CertificateType::RAW_PUBLIC_KEY];

/// Drives an end that shows its raw public key.
pub fn drive_raw(story: &mut Story<'_>, spki: &[u8]) {
    let chain = [rustls_pki_types::CertificateDer::from(spki)];
    story.hold = Some(State::AskCredential);
    story.turn();
    while story.state() == State::AskCredential || story.next().is_some() && story.result.is_none() {
        if story.state() == State::AskCredential {
            let end: &mut End<'_> = &mut story.end;
            let Ok(Step::Want(Want::Credential(question))) = end.hs.step(&mut end.rx, &mut end.tx) else { panic!() };
            assert_eq!(end.hs.offer(&end.rx).unwrap().certificate_type(), CertificateType::RAW_PUBLIC_KEY);
            end.hs.answer_credential(&question, &Credential::raw_public_key(&chain), &mut end.tx).unwrap();
        } else {
            let next = story.next().unwrap();
            story.peer.send(next);
        }
        story.turn();
    }
}

/// The raw public key of this side.
pub fn spki(role: Role) -> Vec<u8> {
    let identity = if role == Role::Client { &identities().client } else { &identities().server };
    countersign::internals::asn1::Spki::of_certificate(&identity.chain[0]).unwrap().raw.to_vec()
}

// RFC 7250 §4.1 forbids clients to list only X.509. We accept it, because a refusal would gain nothing.
// req: 7250-4.1-5
#[test]
fn a_list_of_x509_alone_is_taken_for_what_it_says() {
    let types = |m: &mut Msg| {
        m.put(|w| w.client_certificate_types(X509.iter().copied()));
        m.put(|w| w.server_certificate_types(X509.iter().copied()));
    };
    for policy in [Policy::new(), Policy::new().certificate_types(BOTH, BOTH)] {
        let story = Story::new(Role::Server, policy).edit(CH, &types).connected();
        assert_eq!(story.result, Some(Ok(())));
    }
}

// req: 7250-3-1, 7250-4.1-1, 7250-4.1-3, 7250-4.2-1, 7250-4.2-2, 9846-4.5.1-10, 9846-4.5.1-11
#[test]
fn raw_public_keys_work_both_ways_where_both_sides_offer_them() {
    let policy = Policy::new().certificate_types(BOTH, BOTH);
    let types = |m: &mut Msg| {
        m.put(|w| w.client_certificate_types(BOTH.iter().copied()));
        m.put(|w| w.server_certificate_types(BOTH.iter().copied()));
    };
    let raw = |m: &mut Msg| *m = certificate(&[], &[(&spki(Role::Client), &[])]);
    let mut story = Story::new(Role::Server, policy.clone()).edit(CH, &types).edit(HandshakeType::CERTIFICATE, &raw);
    drive_raw(&mut story, &spki(Role::Server));
    assert_eq!(story.result, Some(Ok(())));
    assert_eq!(answer(&story).client_certificate_type(), Some(CertificateType::RAW_PUBLIC_KEY));
    assert_eq!(answer(&story).server_certificate_type(), Some(CertificateType::RAW_PUBLIC_KEY));
    let sent = story.sent(HandshakeType::CERTIFICATE);
    let sent = countersign::internals::codec::Certificate::parse(&sent[4..]).unwrap();
    assert_eq!(sent.certificate_list.iter().map(|each| each.cert_data).collect::<Vec<_>>(), [&spki(Role::Server)[..]]);

    let chosen = |m: &mut Msg| {
        m.put(|w| w.client_certificate_type(CertificateType::RAW_PUBLIC_KEY));
        m.put(|w| w.server_certificate_type(CertificateType::RAW_PUBLIC_KEY));
    };
    let raw = |m: &mut Msg| *m = certificate(&[], &[(&spki(Role::Server), &[])]);
    let mut story = Story::new(Role::Client, policy).edit(EE, &chosen).edit(HandshakeType::CERTIFICATE, &raw);
    drive_raw(&mut story, &spki(Role::Client));
    assert_eq!(story.result, Some(Ok(())));
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    let extensions = hello.extensions.check(Place::ClientHello).unwrap();
    assert_eq!(extensions.client_certificate_types().unwrap().raw(), [2, 0], "no OpenPGP");
    assert_eq!(extensions.server_certificate_types().unwrap().raw(), [2, 0]);
}

// req: 7250-4.1-2, 7250-4.1-4, 9846-4.5.1.2-1
#[test]
fn where_only_x509_is_left_the_certificate_types_are_not_sent() {
    let mut story = Story::new(Role::Client, Policy::new().certificate_types(X509, BOTH));
    story.turn();
    let hello = ClientHello::parse(&story.peer.client_hello).unwrap();
    assert!(!hello.extensions.has(ExtensionType::CLIENT_CERTIFICATE_TYPE));
    assert!(hello.extensions.has(ExtensionType::SERVER_CERTIFICATE_TYPE));
    // Without an answer of the server the type is X.509.
    assert_eq!(Story::new(Role::Client, Policy::new().certificate_types(BOTH, BOTH)).connected().result, Some(Ok(())));
    assert_eq!(Story::new(Role::Server, Policy::new().certificate_types(BOTH, BOTH)).connected().result, Some(Ok(())));
}

// req: 7250-4.2-2, 7250-4.2-3, 9846-4.5.1-10
#[test]
fn a_certificate_type_that_is_not_offered_or_not_common_is_refused() {
    let raw_keys = Policy::new().certificate_types(RAW, RAW);
    let (kind, illegal) = ("IllegalCertificateType", A::ILLEGAL_PARAMETER);
    let (none, unsupported) = ("NoCommonCertificateType", A::UNSUPPORTED_CERTIFICATE);
    let raw = |m: &mut Msg| {
        m.put(|w| w.client_certificate_type(CertificateType::RAW_PUBLIC_KEY));
        m.put(|w| w.server_certificate_type(CertificateType::RAW_PUBLIC_KEY));
    };
    let with = |extension: ExtensionType, typ: u8| {
        move |m: &mut Msg| {
            raw(m);
            m.set(extension, &[typ]);
        }
    };
    let (client, server) = (ExtensionType::CLIENT_CERTIFICATE_TYPE, ExtensionType::SERVER_CERTIFICATE_TYPE);
    refused(
        raw_keys.clone(),
        EE,
        &[
            ("nothing selected", &|_| (), none, unsupported),
            ("X.509 for us", &with(client, 0), kind, illegal),
            ("X.509 for the server", &with(server, 0), kind, illegal),
            ("OpenPGP", &with(server, 1), kind, illegal),
            ("an unknown one", &with(client, 9), kind, illegal),
            (
                "a list",
                &|m| {
                    raw(m);
                    m.set(client, &[1, 2]);
                },
                "MalformedExtension",
                A::DECODE_ERROR,
            ),
            (
                "empty",
                &|m| {
                    raw(m);
                    m.set(client, &[]);
                },
                "MalformedExtension",
                A::DECODE_ERROR,
            ),
        ],
    );
    refuses(
        Role::Server,
        &raw_keys,
        CH,
        &[
            ("no types: X.509", &|_| (), none, unsupported),
            ("X.509 only", &|m| m.put(|w| w.client_certificate_types([CertificateType::X509])), none, unsupported),
            (
                "OpenPGP only",
                &|m| {
                    m.set(client, &[1, 1]);
                    m.set(server, &[1, 1]);
                },
                none,
                unsupported,
            ),
        ],
    );
    // Exactly one entry, with a readable key.
    let list = |entries: &'static [usize]| {
        move |m: &mut Msg| {
            let key = spki(Role::Server);
            let bytes = |len: &usize| if *len == 0 { key.clone() } else { vec![0x30; *len] };
            let entries: Vec<Vec<u8>> = entries.iter().map(bytes).collect();
            let entries: Vec<(&[u8], &[u8])> = entries.iter().map(|each| (&each[..], &[][..])).collect();
            *m = certificate(&[], &entries);
        }
    };
    let x509 = |m: &mut Msg| *m = certificate(&[], &[(&identities().server.chain[0], &[])]);
    let (two, other, broken) = (list(&[0, 0]), list(&[0, 5]), list(&[5]));
    for (edit, kind, alert) in [
        (&two as &dyn Fn(&mut Msg), "IllegalRawPublicKey", illegal),
        (&other, "IllegalRawPublicKey", illegal),
        (&broken, "UnreadableLeaf", A::BAD_CERTIFICATE),
        (&x509, "UnreadableLeaf", A::BAD_CERTIFICATE),
    ] {
        let story = Story::new(Role::Client, raw_keys.clone()).edit(EE, &raw);
        let mut story = story.edit(HandshakeType::CERTIFICATE, edit).play();
        story.refused(kind, alert, State::WaitCertificate, Epoch::Handshake);
    }
}
