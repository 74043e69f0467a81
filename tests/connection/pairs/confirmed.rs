//! When a client knows that the server has accepted it, and what it learns otherwise.

use super::{identity, pair};
use crate::common::{self, Connection, End, receive, run, turn};
use crate::script::Protection;
use countersign::internals::crypto::Suite;
use countersign::{
    Alert, AlertDescription, CipherSuite, ContentType, Ending, Error, ErrorKind, Event, Outbox, Policy, Verdict, Want,
};

/// A countersign server sends a KeyUpdate as soon as it has accepted the client. It causes `Confirmed`.
#[test]
fn a_client_is_confirmed_by_the_first_record_after_its_finished() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    // `connect` has already carried the server's KeyUpdate, after the client's Finished.
    assert!(!connection.c.is_confirmed());
    assert!(connection.s.is_confirmed(), "a server has seen everything");
    assert_eq!(connection.to_client(), Ok((vec![], vec![Event::Confirmed])), "and no data came with it");
    assert!(connection.c.is_confirmed());
    connection.s.write(b"x", &mut connection.server.tx).unwrap();
    assert_eq!(connection.to_client(), Ok((b"x".to_vec(), vec![])), "it is said once");
}

/// A transport may report later that it has sent (as with io_uring). Until then the flight takes the server's memory, and
/// the KeyUpdate waits. An outbox that is too small by itself is an error, as everywhere.
#[test]
fn a_server_confirms_as_soon_as_its_outbox_has_room() {
    let id = identity();
    let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
    turn(&mut client, &mut server);
    server.drive().unwrap();
    let flight = server.tx.pending().to_vec();
    let mut size = flight.len();
    server.tx = loop {
        match server.tx.move_into(vec![0; size]) {
            Ok(tx) => break tx,
            Err((tx, _)) => (server.tx, size) = (tx, size + 1),
        }
    };
    client.gets(&flight);
    turn(&mut client, &mut server);
    for _ in 0..2 {
        assert_eq!(server.drive(), Ok(Want::Write));
        assert_eq!(server.tx.pending(), flight);
    }
    server.tx.sent(flight.len());
    server.tx = Outbox::new(vec![0; 10]);
    let error = server.drive().unwrap_err();
    let ErrorKind::OutboxTooSmall { needed } = error.kind() else { panic!("{error}") };
    server.tx.grow(needed);
    assert_eq!(server.drive(), Ok(Want::Write));
    common::carry(&mut server, &mut client);
    assert_eq!((client.drive(), server.drive()), (Ok(Want::Done), Ok(Want::Done)));
    let mut session = client.hs.finish().unwrap();
    assert_eq!(receive(&mut session, &mut client), Ok((vec![], vec![Event::Confirmed])));
}

#[test]
fn without_the_servers_key_update_data_or_a_requested_one_confirms() {
    let id = identity();
    for ask in [false, true] {
        let (client, server) = pair(Policy::new(), Policy::new().confirm_clients(false), &id);
        let mut connection = Connection::new(client, server);
        assert_eq!(connection.to_client(), Ok((vec![], vec![])), "the server has not spoken");
        assert!(!connection.c.is_confirmed());
        if ask {
            connection.c.confirm(&mut connection.client.tx).unwrap();
            connection.to_server().unwrap();
            connection.s.answer_key_update(&mut connection.server.tx).unwrap();
        } else {
            connection.s.write(b"x", &mut connection.server.tx).unwrap();
        }
        assert_eq!(connection.to_client().unwrap().1, [Event::Confirmed]);
    }
}

/// Records that may have arrived before our Finished confirm nothing.
#[test]
fn what_was_there_before_our_finished_confirms_nothing() {
    let id = identity();
    let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
    client.drive().unwrap();
    common::carry(&mut client, &mut server);
    server.drive().unwrap();
    // A server that sends early (0.5-RTT): a record under its application key, made with its key log.
    let mut flight = server.sends();
    let mut early = None;
    while early.is_none() {
        // The client reads the flight, so its key log has the server's secret. Countersign's server never sends such
        // data.
        client.gets(&flight);
        flight.clear();
        let Ok(countersign::Step::Want(Want::Verify(question))) = step_to_question(&mut client) else {
            panic!("the flight is whole")
        };
        let mut secret = Vec::new();
        client.hs.expose_secrets(&mut |label, bytes| {
            if label == "SERVER_TRAFFIC_SECRET_0" {
                secret = bytes.to_vec();
            }
        });
        early = Some(early_record(&secret, client.hs.cipher_suite().unwrap()));
        client.hs.answer_verify(&question, Verdict::Accept).unwrap();
    }
    client.gets(&early.unwrap());
    assert_eq!(client.drive(), Ok(Want::Write));
    let last = client.sends();
    assert_eq!(client.drive(), Ok(Want::Done));
    let mut session = client.hs.finish().unwrap();
    assert_eq!(receive(&mut session, &mut client), Ok((b"early".to_vec(), vec![])), "read, but no confirmation");
    assert!(!session.is_confirmed());
    server.gets(&last);
    server.drive().unwrap();
}

fn step_to_question(end: &mut End<'_>) -> Result<countersign::Step, Error> {
    loop {
        match end.hs.step(&mut end.rx, &mut end.tx)? {
            countersign::Step::Did(_) => {}
            want => return Ok(want),
        }
    }
}

/// A record of application data under this traffic secret, with sequence number 0.
fn early_record(secret: &[u8], suite: CipherSuite) -> Vec<u8> {
    let suite = Suite::from(suite).unwrap();
    Protection::of(secret, suite).seal(ContentType::APPLICATION_DATA, b"early", 0)
}

/// A refusal after the client's handshake is reported as one, with any alert and at any time.
#[test]
fn a_refused_client_learns_its_fate_from_its_session() {
    let id = identity();
    for (alert, kind) in [
        (AlertDescription::UNKNOWN_CA, ErrorKind::PeerRejectedCertificate { alert: AlertDescription::UNKNOWN_CA }),
        (
            AlertDescription::CERTIFICATE_REQUIRED,
            ErrorKind::PeerRejectedCertificate { alert: AlertDescription::CERTIFICATE_REQUIRED },
        ),
        (AlertDescription::DECRYPT_ERROR, ErrorKind::PeerRejectedProof { alert: AlertDescription::DECRYPT_ERROR }),
        (
            AlertDescription::INTERNAL_ERROR,
            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(AlertDescription::INTERNAL_ERROR) },
        ),
    ] {
        let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
        server.verdict = Verdict::Reject(countersign::Rejection::Alert(alert));
        let (c, s) = run(&mut client, &mut server);
        assert_eq!(c, Some(Ok(())), "TLS 1.3 lets a client finish first");
        assert_eq!(s.unwrap().unwrap_err().alert(), Some(Alert::Sent(alert)));
        let mut session = client.hs.finish().unwrap();
        let error = session.receive(&mut client.rx, &mut client.tx).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.alert(), Some(Alert::Received(alert)));
        assert!(client.tx.is_empty(), "an alert is not answered");
        assert_eq!(session.receive(&mut client.rx, &mut client.tx), Err(error));
    }
}

#[test]
fn a_server_that_just_leaves_has_not_confirmed() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new().confirm_clients(false), &id);
    let mut connection = Connection::new(client, server);
    connection.client.rx.filled(0);
    let error = connection.to_client().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence });
    assert_eq!(
        error.to_string(),
        "the peer ended the connection before confirming us (the transport just ended): \
         it may have refused our certificate, and its log says why (as client, in Connected)"
    );
}
