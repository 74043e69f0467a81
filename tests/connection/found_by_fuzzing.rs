//! Bugs that fuzzers have found, as ordinary tests (docs/TESTING.md).

use crate::common::{End, Pki, connect};
use countersign::internals::codec::{Extensions, NewSessionTicket};
use countersign::{Alert, AlertDescription, ContentType, Event, Policy, Role, Want};

use crate::wire::{null_protected, written};

/// Found by `message_sequence`: the second message of a record was processed only when more bytes came, so data in the
/// next record looked like an interruption of a message. Servers send two tickets in one record and then data, which
/// RFC 9846 §5.1 allows.
#[test]
fn every_message_of_a_record_is_dealt_with_before_the_next_record() {
    let pki = Pki::new();
    let (server_id, client_id) =
        (pki.issue("server.test", &rcgen::PKCS_ED25519), pki.issue("client.test", &rcgen::PKCS_ED25519));
    let policy = Policy::new().null_crypto();
    let mut client = End::new(Role::Client, policy.clone(), &client_id);
    let mut server = End::new(Role::Server, policy, &server_id);
    let (mut session, _) = connect(&mut client, &mut server);
    assert_eq!(session.receive(&mut client.rx, &mut client.tx), Ok(Event::Confirmed));
    assert_eq!(session.receive(&mut client.rx, &mut client.tx), Ok(Event::Read));

    let extensions = Extensions::parse(&[]).unwrap();
    let ticket =
        NewSessionTicket { ticket_lifetime: 1, ticket_age_add: 2, ticket_nonce: &[0], ticket: b"t", extensions };
    let ticket = written(|w| ticket.write(w));
    client.gets(&null_protected(ContentType::HANDSHAKE, &[&ticket[..], &ticket[..]].concat()));
    client.gets(&null_protected(ContentType::APPLICATION_DATA, b"data"));
    assert_eq!(session.receive(&mut client.rx, &mut client.tx), Ok(Event::Data));
    assert_eq!(client.rx.data(), b"data");
}

/// Found by `interrupted`: after a question was declined with user_canceled, the peer waited, because that alert does
/// not end the connection (RFC 9846 §6.1).
#[test]
fn close_notify_follows_a_question_declined_with_user_canceled() {
    let pki = Pki::new();
    let identity = pki.issue("server.test", &rcgen::PKCS_ED25519);
    let mut client = End::new(Role::Client, Policy::new(), &identity);
    let mut server = End::new(Role::Server, Policy::new(), &identity);
    assert_eq!(client.drive(), Ok(Want::Write));
    server.gets(&client.sends());
    let Ok(Want::Credential(question)) = server.hs.drive(&mut server.rx, &mut server.tx) else { panic!("a question") };
    server.hs.decline(&question, AlertDescription::USER_CANCELED).unwrap();
    server.drive().unwrap_err();
    client.gets(&server.sends());
    let told = client.drive().unwrap_err();
    assert_eq!(told.alert(), Some(Alert::Received(AlertDescription::CLOSE_NOTIFY)), "{told}");
}
