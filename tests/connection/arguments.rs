//! Arguments of one connection that are not in the policy: an opaque extension, the names of the CAs.

use crate::common::{End, Identity, Pki, run, seed};
use countersign::{Bytes, Credential, ExtensionType, Handshake, Misuse, Policy, Role, Want};
use std::sync::LazyLock;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

const GREASE: ExtensionType = ExtensionType(0x0a0a);

fn ends() -> (End<'static>, End<'static>) {
    (End::new(Role::Client, Policy::new(), &IDENTITY), End::new(Role::Server, Policy::new(), &IDENTITY))
}

fn with_extension<'a>(end: End<'a>, extension: ExtensionType, body: &'static [u8]) -> End<'a> {
    End { hs: end.hs.with_extension(extension, Bytes::Static(body)).unwrap(), ..end }
}

/// Drives until the peer's opaque extension has come, and returns its body.
fn extension_of_the_peer(end: &mut End<'_>) -> Option<Vec<u8>> {
    loop {
        if let Ok(body) = end.hs.peer_extension(&end.rx) {
            return Some(body.to_vec());
        }
        match end.hs.step(&mut end.rx, &mut end.tx).unwrap() {
            countersign::Step::Did(_) => {}
            countersign::Step::Want(_) => return None,
        }
    }
}

#[test]
fn an_opaque_extension_travels_both_ways_over_records_too() {
    for extension in [GREASE, ExtensionType::QUIC_TRANSPORT_PARAMETERS, ExtensionType(u16::MAX)] {
        for (ours, theirs) in [(&b"client"[..], &b"server"[..]), (b"", b"x"), (&[7; 8000], &[8; 8000])] {
            let (client, server) = ends();
            let (mut client, mut server) =
                (with_extension(client, extension, ours), with_extension(server, extension, theirs));
            client.drive().unwrap();
            let hello = client.sends();
            assert_eq!(server.gets(&hello), hello.len());
            assert_eq!(extension_of_the_peer(&mut server).as_deref(), Some(ours));
            server.drive().unwrap();
            let flight = server.sends();
            assert_eq!(client.gets(&flight), flight.len());
            assert_eq!(extension_of_the_peer(&mut client).as_deref(), Some(theirs));
            assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
            assert_eq!(client.hs.peer_extension(&client.rx), Err(Misuse::NotNow), "it is needed no more");
        }
    }
}

/// A server may answer only extensions that the client has sent (§4.3).
#[test]
fn an_extension_that_the_peer_has_not_sent_is_not_answered() {
    for which in [(true, false), (false, true)] {
        let (mut client, mut server) = ends();
        if which.0 {
            client = with_extension(client, GREASE, b"client");
        }
        if which.1 {
            server = with_extension(server, GREASE, b"server");
        }
        assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    }
    // An extension of another type is ignored.
    let (client, server) = ends();
    let (mut client, mut server) =
        (with_extension(client, GREASE, b"1"), with_extension(server, ExtensionType(9999), b"2"));
    client.drive().unwrap();
    let hello = client.sends();
    server.gets(&hello);
    assert_eq!(extension_of_the_peer(&mut server), None);
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
}

#[test]
fn an_extension_of_the_handshakes_own_is_refused() {
    for known in [0, 1, 5, 10, 13, 16, 18, 19, 20, 21, 28, 41, 42, 43, 44, 45, 47, 49, 50, 51] {
        let (client, _) = ends();
        let made = client.hs.with_extension(ExtensionType(known), Bytes::EMPTY);
        assert_eq!(made.err(), Some(Misuse::UnfitExtension), "{known}");
    }
}

/// Both hellos of a client are the same, and a server chooses its answers when it reads the hello.
#[test]
fn an_extension_comes_before_the_first_drive() {
    let (mut client, mut server) = ends();
    client.drive().unwrap();
    let hello = client.sends();
    server.gets(&hello);
    server.hs.drive(&mut server.rx, &mut server.tx).unwrap();
    for hs in [client.hs, server.hs] {
        assert_eq!(hs.with_extension(GREASE, Bytes::EMPTY).err(), Some(Misuse::NotNow));
    }
}

/// Runs the client up to its question for a credential. Returns the CA names that it is shown.
fn names_shown(policy: Policy, authorities: Option<&[u8]>) -> Result<Vec<Vec<u8>>, Misuse> {
    let (mut client, mut server) = ends();
    server.hs = Handshake::server(policy, seed(2));
    client.drive().unwrap();
    let hello = client.sends();
    server.gets(&hello);
    let Ok(Want::Credential(question)) = server.hs.drive(&mut server.rx, &mut server.tx) else { panic!() };
    let credential = Credential { certificate_authorities: authorities, ..Credential::new(&IDENTITY.chain) };
    server.hs.answer_credential(&question, &credential, &mut server.tx)?;
    server.drive().unwrap();
    let flight = server.sends();
    client.gets(&flight);
    loop {
        match client.hs.drive(&mut client.rx, &mut client.tx).unwrap() {
            Want::Verify(question) => client.hs.answer_verify(&question, client.verdict).unwrap(),
            Want::Credential(_) => {
                let offer = client.hs.offer(&client.rx).unwrap();
                return Ok(offer.certificate_authorities().map(<[u8]>::to_vec).collect());
            }
            want => panic!("{want:?}"),
        }
    }
}

/// The credential is our own mistake and not the peer's. Nothing has changed, and another one may be answered.
#[test]
fn a_credential_whose_key_nobody_can_use_is_a_misuse() {
    let (mut client, mut server) = ends();
    client.drive().unwrap();
    let hello = client.sends();
    server.gets(&hello);
    let Ok(Want::Credential(question)) = server.hs.drive(&mut server.rx, &mut server.tx) else { panic!() };
    let garbage = [rustls_pki_types::CertificateDer::from(&b"garbage"[..])];
    let ed448 = include_bytes!("../../vectors/key_kinds/e448.pem");
    let ed448 = countersign::x509::pem::sections(ed448)[0].der().unwrap();
    let ed448 = [rustls_pki_types::CertificateDer::from(ed448)];
    for chain in [&garbage, &ed448] {
        let answered = server.hs.answer_credential(&question, &Credential::new(chain), &mut server.tx);
        assert_eq!(answered, Err(Misuse::UnfitCredential));
    }
    server.hs.answer_credential(&question, &Credential::new(&IDENTITY.chain), &mut server.tx).unwrap();
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
}

#[test]
fn the_answer_to_a_servers_credential_question_may_name_the_cas() {
    const NAMES: &[u8] = b"\0\x02\x30\0\0\x03\x30\x01a";
    let by_policy = || Policy::new().certificate_authorities(Bytes::Static(b"\0\x03\x30\x01z"));
    let two = || vec![b"\x30\0".to_vec(), b"\x30\x01a".to_vec()];
    assert_eq!(names_shown(Policy::new(), None), Ok(vec![]));
    assert_eq!(names_shown(Policy::new(), Some(NAMES)), Ok(two()));
    assert_eq!(names_shown(by_policy(), None), Ok(vec![b"\x30\x01z".to_vec()]));
    assert_eq!(names_shown(by_policy(), Some(NAMES)), Ok(two()), "in place of the policy's");
    assert_eq!(names_shown(by_policy(), Some(b"")), Ok(vec![]));
    for malformed in [&b"\0"[..], b"\0\0", b"\0\x03\x30\0", b"\0\x02\x30\0\0"] {
        assert_eq!(names_shown(Policy::new(), Some(malformed)), Err(Misuse::UnfitCredential), "{malformed:?}");
    }
}
