//! HelloRetryRequest with a cookie: our server sends none, but others do.

use super::People;
use crate::common::{End, Identity, receive};
use crate::script::{self, Protection, Transcript};
use crate::wire::{plain, written};
use countersign::internals::codec::{self, ClientHello, ExtensionType, KeyShareEntry, Place, TLS13};
use countersign::internals::crypto::{CryptoMode, KeyExchange, Suite};
use countersign::internals::schedule::{Early, SignedContent};
use countersign::{CipherSuite, ContentType, Event, HandshakeType, NamedGroup, Policy, Role, SignatureScheme, Want};

/// What the scripted server requests.
struct Retry {
    cookie: Option<Vec<u8>>,
    group: Option<NamedGroup>,
}

/// A scripted server that sends a HelloRetryRequest and then completes the handshake. Returns both ClientHellos.
fn scripted_server(client: &mut End<'_>, id: &Identity, retry: &Retry) -> (Vec<u8>, Vec<u8>) {
    let suite = Suite::from(CipherSuite::TLS_AES_128_GCM_SHA256).unwrap();
    assert_eq!(client.drive(), Ok(Want::Write));
    let hello_1 = client.sends()[5..].to_vec();
    let session_id = ClientHello::parse(&hello_1[4..]).unwrap().legacy_session_id.to_vec();
    let mut transcript = Transcript::new(suite.hash());
    transcript.append(&hello_1);
    transcript.retry();

    let retry_request = written(|w| {
        codec::write_hello_retry_request(w, &session_id, suite.number(), |w| {
            w.selected_version(TLS13);
            if let Some(group) = retry.group {
                w.selected_group(group);
            }
            if let Some(cookie) = &retry.cookie {
                w.cookie(cookie);
            }
        });
    });
    transcript.append(&retry_request);
    client.gets(&plain(ContentType::HANDSHAKE, &retry_request));
    assert_eq!(client.drive(), Ok(Want::Write));
    let sent = client.sends();
    let records = script::records(&sent);
    assert_eq!(records.iter().map(|record| record[0]).collect::<Vec<_>>(), [20, 22], "change_cipher_spec, ClientHello");
    let hello_2 = records[1][5..].to_vec();
    transcript.append(&hello_2);

    // ServerHello.
    let hello = ClientHello::parse(&hello_2[4..]).unwrap();
    let share = hello.extensions.check(Place::ClientHello).unwrap().client_shares().unwrap().iter().next().unwrap();
    let (ours, shared) = KeyExchange::respond(share.group, share.key_exchange, CryptoMode::Real).unwrap();
    let server_hello = written(|w| {
        codec::write_server_hello(w, &[9; 32], &session_id, suite.number(), |w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: share.group, key_exchange: ours.as_ref() });
        });
    });
    transcript.append(&server_hello);
    client.gets(&plain(ContentType::HANDSHAKE, &server_hello));
    let handshake = Early::new(suite.hash()).handshake(shared);
    let secrets = handshake.traffic(&transcript.hash());

    // The protected flight.
    let mut protection = Protection::handshake(&secrets.server, suite);
    let mut flight = written(|w| codec::write_encrypted_extensions(w, |_| {}));
    flight.extend(written(|w| {
        codec::write_certificate_request(w, &[], |w| {
            w.signature_algorithms([SignatureScheme::ED25519, SignatureScheme::ECDSA_SECP256R1_SHA256]);
        });
    }));
    flight.extend(written(|w| {
        codec::write_certificate(w, &[], id.chain.iter().map(AsRef::as_ref), |_| {});
    }));
    transcript.append(&flight);
    let content = SignedContent::server(&transcript.hash());
    let scheme = id.key.schemes()[0];
    let signature = id.key.sign(scheme, content.as_ref()).unwrap();
    let verify = written(|w| codec::CertificateVerify { algorithm: scheme, signature: &signature }.write(w));
    transcript.append(&verify);
    let verify_data = secrets.server.finished(&transcript.hash());
    let finished = written(|w| codec::Finished { verify_data: verify_data.as_ref() }.write(w));
    transcript.append(&finished);
    for part in [flight, verify, finished] {
        let record = protection.seal(ContentType::HANDSHAKE, &part, 3);
        client.gets(&record);
    }
    let (application, exporter) = handshake.main().application(&transcript.hash());

    // The client's flight.
    assert_eq!(client.drive(), Ok(Want::Write));
    let sent = client.sends();
    let mut protection = Protection::handshake(&secrets.client, suite);
    let mut flight = Vec::new();
    for record in script::records(&sent).iter().filter(|record| record[0] == 23) {
        flight.extend(protection.open(record).1);
    }
    let types: Vec<_> = script::messages(&flight).iter().map(|message| message.typ).collect();
    assert_eq!(types, [HandshakeType::CERTIFICATE, HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED]);
    for message in script::messages(&flight) {
        if message.typ == HandshakeType::FINISHED {
            assert!(secrets.client.verify_finished(&transcript.hash(), message.body, CryptoMode::Real).is_ok());
        }
        transcript.append(message.raw);
    }

    // Both have the same keys.
    assert_eq!(client.drive(), Ok(Want::Done));
    let mut session = client.hs.finish().unwrap();
    assert_eq!(session.exporter().expose_secret(), exporter.expose());
    let data = Protection::application(&application.server, suite).seal(ContentType::APPLICATION_DATA, b"welcome", 9);
    client.gets(&data);
    assert_eq!(receive(&mut session, client), Ok((b"welcome".to_vec(), vec![Event::Confirmed])));
    (hello_1, hello_2)
}

/// RFC 9846 §4.3.2: the cookie is returned unchanged. With only a cookie the same share is sent again (R11).
// req: 9846-4.2.2-2
#[test]
fn a_cookie_is_echoed_with_the_same_share_or_with_the_one_that_was_asked_for() {
    let people = People::new();
    let id = people.pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
    for (cookie, group) in [
        (Some(vec![1]), None),
        (Some(vec![7; 200]), None),
        (Some(vec![7; countersign::limits::MAX_COOKIE]), None),
        (Some(vec![7; 200]), Some(NamedGroup::SECP256R1)),
        (None, Some(NamedGroup::SECP384R1)),
    ] {
        let mut client = End::new(Role::Client, Policy::new(), &people.all[2].0);
        let retry = Retry { cookie, group };
        let (hello_1, hello_2) = scripted_server(&mut client, &id, &retry);
        let (first, second) = (ClientHello::parse(&hello_1[4..]).unwrap(), ClientHello::parse(&hello_2[4..]).unwrap());
        assert_eq!(second.extensions.check(Place::ClientHello).unwrap().cookie(), retry.cookie.as_deref());
        let share = |hello: &ClientHello<'_>| hello.extensions.get(ExtensionType::KEY_SHARE).unwrap().to_vec();
        assert_eq!(share(&first) == share(&second), retry.group.is_none());
        // Everything else is unchanged.
        let rest = |hello: &ClientHello<'_>| {
            let all = hello.extensions.iter().map(|each| (each.extension_type, each.extension_data.to_vec()));
            let changing = [ExtensionType::KEY_SHARE, ExtensionType::COOKIE];
            all.filter(|(typ, _)| !changing.contains(typ)).collect::<Vec<_>>()
        };
        assert_eq!(rest(&first), rest(&second));
        assert_eq!(
            (first.random, first.legacy_session_id, first.cipher_suites.raw()),
            (second.random, second.legacy_session_id, second.cipher_suites.raw())
        );
    }
}
