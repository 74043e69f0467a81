//! Edge cases of messages without records: key changes, messages that are too long, and the owner of each secret.

use crate::flow::{End, TICKET, connected, identities};
use countersign::flow::FlowInbox;
use countersign::limits::{MAX_MESSAGE, MAX_TICKETS};
use countersign::{Alert, AlertDescription, Credential, Epoch, ErrorKind, HandshakeType, Role, State, Want};

type Identities = (crate::common::Identity, crate::common::Identity);

/// An end in this state, with the bytes that its peer sends then, up to the next change of its read key.
fn before_a_key_change(state: State, ids: &Identities) -> (End<'_>, Epoch, Vec<u8>) {
    let (mut client, mut server) = (End::new(Role::Client, &ids.0), End::new(Role::Server, &ids.1));
    let pending = |end: &End<'_>| end.tx.pending().map(|(epoch, bytes)| (epoch, bytes.to_vec())).unwrap();
    client.drive().unwrap();
    if state == State::WaitClientHello {
        let (epoch, bytes) = pending(&client);
        return (server, epoch, bytes);
    }
    client.convey(&mut server);
    if state == State::WaitCertificate {
        server.convey(&mut client);
        let (epoch, bytes) = pending(&client);
        return (server, epoch, bytes);
    }
    if state == State::WaitEncryptedExtensions {
        let (epoch, hello) = pending(&server);
        client.rx.feed(epoch, &hello);
        server.tx.sent(hello.len());
        client.drive().unwrap();
    }
    let (epoch, bytes) = pending(&server);
    (client, epoch, bytes)
}

// RFC 9846 §5.1 for records, and RFC 9001 §4.1.3 for QUIC: at every key change of both roles, for any message.
#[test]
fn a_message_may_not_span_a_key_change() {
    let ids = identities();
    let flights = [
        (State::WaitClientHello, Epoch::Plaintext),
        (State::WaitServerHello, Epoch::Plaintext),
        (State::WaitEncryptedExtensions, Epoch::Handshake), // up to Finished
        (State::WaitCertificate, Epoch::Handshake),         // up to Finished
    ];
    for (state, epoch) in flights {
        // Without bytes after it, the handshake continues.
        let (mut end, its_epoch, flight) = before_a_key_change(state, &ids);
        assert_eq!((end.flow.state(), its_epoch), (state, epoch));
        assert_eq!(end.rx.feed(epoch, &flight), flight.len());
        end.drive().unwrap();
        assert_ne!(end.flow.state(), state);
        // After it comes the first byte of a message, most of one, or a whole one: fed with it, or after its last byte.
        for more in [&[11][..], &[8], &[24], &[4, 0, 0], &[8, 0, 0, 2, 0, 0], &[24, 0, 0, 1, 0], &TICKET, &[0; 100]] {
            for apart in [false, true] {
                let (mut end, _, flight) = before_a_key_change(state, &ids);
                let last = if apart { flight.len() - 1 } else { 0 };
                assert_eq!(end.rx.feed(epoch, &flight[..last]), last);
                assert!(end.drive().is_ok());
                let rest = [&flight[last..], more].concat();
                assert_eq!(end.rx.feed(epoch, &rest), rest.len());
                let error = end.drive().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::DataAcrossKeyChange, "{state:?}: {more:?}");
                assert_eq!(error.alert(), Some(Alert::Sent(AlertDescription::UNEXPECTED_MESSAGE)));
                assert_eq!(end.drive(), Err(error), "R4");
                assert!(end.flow.finish().is_err());
            }
            // Also bytes under the old keys after the change.
            let (mut end, _, flight) = before_a_key_change(state, &ids);
            end.rx.feed(epoch, &flight);
            end.drive().unwrap();
            end.rx.feed(epoch, &more[..1]);
            assert!(end.drive().is_err(), "{state:?}: {more:?}");
        }
    }
}

/// A server's read key changes only after its answers (R8). Bytes that come under the old key before that are refused.
#[test]
fn nothing_may_come_while_the_server_is_asked_before_its_key_changes() {
    let ids = identities();
    for at_sign in [false, true] {
        let (mut server, epoch, hello) = before_a_key_change(State::WaitClientHello, &ids);
        server.rx.feed(epoch, &hello);
        let Ok(Want::Credential(question)) = server.flow.drive(&mut server.rx, &mut server.tx) else { panic!() };
        if !at_sign {
            server.rx.feed(epoch, &[11]);
        }
        let credential = Credential::new(&ids.1.chain);
        server.flow.answer_credential(&question, &credential, &mut server.tx).unwrap();
        if at_sign {
            let Ok(Want::Sign(_)) = server.flow.drive(&mut server.rx, &mut server.tx) else { panic!() };
            server.rx.feed(epoch, &[11]);
        }
        let error = server.drive().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataAcrossKeyChange, "at Sign: {at_sign}");
    }
}

/// The transport protects the client's bytes with the client's secret, so the two must not be exchanged. The key log
/// has the labels, and both ends have the same.
#[test]
fn each_handshake_secret_is_its_owners() {
    let ids = identities();
    let (mut client, mut server) = (End::new(Role::Client, &ids.0), End::new(Role::Server, &ids.1));
    client.drive().unwrap();
    let (epoch, hello) = client.tx.pending().unwrap();
    let len = hello.len();
    server.rx.feed(epoch, hello);
    client.tx.sent(len);
    let Ok(Want::Credential(question)) = server.flow.drive(&mut server.rx, &mut server.tx) else { panic!() };
    let credential = Credential::new(&ids.1.chain);
    server.flow.answer_credential(&question, &credential, &mut server.tx).unwrap();
    let mut logged = Vec::new();
    server.flow.expose_secrets(&mut |label, secret| logged.push((label, secret.to_vec())));
    server.drive().unwrap();
    server.convey(&mut client);
    for end in [&client, &server] {
        let (_, secrets) = end.flow.handshake_secrets().unwrap();
        let handed_out = [
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", secrets.client.expose().to_vec()),
            ("SERVER_HANDSHAKE_TRAFFIC_SECRET", secrets.server.expose().to_vec()),
        ];
        assert_ne!(handed_out[0].1, handed_out[1].1);
        assert_eq!(logged, handed_out);
    }
}

#[test]
fn a_message_of_max_message_is_awaited_and_a_longer_one_refused_from_its_header() {
    let ids = identities();
    for (more, refused) in [(0, false), (1, true)] {
        let length = u32::try_from(MAX_MESSAGE + more).unwrap().to_be_bytes();
        let (mut server, epoch, _) = before_a_key_change(State::WaitClientHello, &ids);
        server.rx = FlowInbox::new(vec![0; MAX_MESSAGE + 4]);
        server.rx.feed(epoch, &[1, length[1], length[2], length[3]]);
        let told = server.drive().map_err(|error| (error.kind().name(), error.alert()));
        let error = Err(("MessageTooLong", Some(Alert::Sent(AlertDescription::ILLEGAL_PARAMETER))));
        assert_eq!(told, if refused { error } else { Ok(Want::Read) });
    }
}

/// A ticket is dropped, so it need not fit: the longest possible one, with any memory, in pieces.
#[test]
fn a_ticket_of_any_length_is_checked_and_dropped() {
    let ids = identities();
    let extension = [&[0xfa, 0xfa, 0xff, 0xfa][..], &[0; 0xfffa]].concat();
    let fixed = [&TICKET[4..12], &[1, 7], &[0xff, 0xff], &[9; 0xffff], &[0xff, 0xfe]].concat();
    let body = [fixed, extension].concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let whole = [&[4], &length[1..], &body].concat();
    let read = |message: &[u8], chunk: usize| {
        let (mut client, _) = connected(&ids.0, &ids.1);
        let mut rest = message;
        while !rest.is_empty() {
            let taken = client.rx.feed(Epoch::Application, &rest[..rest.len().min(chunk)]);
            assert!(taken > 0, "there is room");
            rest = &rest[taken..];
            client.drive()?;
        }
        // Within it, bytes of another epoch are refused. Bytes after it are processed.
        assert!(client.rx.is_empty());
        client.rx.feed(Epoch::Application, &TICKET);
        assert_eq!(client.drive(), Ok(Want::Done));
        client.rx.feed(Epoch::Application, &[24, 0, 0, 1, 0]);
        client.drive()
    };
    for chunk in [1000, 4096, usize::MAX] {
        assert_eq!(read(&whole, chunk).unwrap_err().kind().name(), "UnexpectedMessage");
    }
    // One byte too many at its end, and a list that ends too early: both within the message.
    let longer = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
    let trailing = [&[4], &longer[1..], &body, &[0]].concat();
    assert_eq!(read(&trailing, 1000).unwrap_err().kind().name(), "Malformed");
    let mut short = whole.clone();
    short[4 + 8 + 2 + 2 + 0xffff + 1] = 0xfd; // the extensions' length
    assert_eq!(read(&short, 1000).unwrap_err().kind().name(), "Malformed");
    // Within it, bytes of another epoch are not taken.
    let (mut client, _) = connected(&ids.0, &ids.1);
    let half = client.rx.feed(Epoch::Application, &whole);
    assert!(half < whole.len());
    client.drive().unwrap();
    assert_eq!(client.rx.feed(Epoch::Handshake, &whole[half..]), 0);
}

/// A server that sends tickets regularly must not end a long connection. There is no data between which they could be
/// counted, and none is kept.
#[test]
fn tickets_are_dropped_however_many_come_in_the_life_of_a_connection() {
    let ids = identities();
    let (mut client, _) = connected(&ids.0, &ids.1);
    for _ in 0..10 * usize::from(MAX_TICKETS) {
        assert_eq!(client.rx.feed(Epoch::Application, &TICKET), TICKET.len());
        assert_eq!(client.drive(), Ok(Want::Done));
        assert!(client.rx.is_empty());
    }
    // Also many at once. Another message after them is refused as before.
    let many = TICKET.repeat(usize::from(MAX_TICKETS) + 1);
    client.rx.grow(many.len());
    assert_eq!(client.rx.feed(Epoch::Application, &many), many.len());
    assert_eq!(client.drive(), Ok(Want::Done));
    client.rx.feed(Epoch::Application, &[24, 0, 0, 1, 0]);
    assert_eq!(client.drive().unwrap_err().kind().name(), "UnexpectedMessage");
}

/// Bytes after the last vector are within the message's length. The transport does not check this.
#[test]
fn a_ticket_with_bytes_behind_it_is_malformed() {
    let ids = identities();
    for more in [1, 2, 200] {
        let (mut client, _) = connected(&ids.0, &ids.1);
        let mut ticket = [&TICKET[..], &vec![0; usize::from(more)]].concat();
        ticket[3] += more;
        client.rx.feed(Epoch::Application, &ticket);
        let error = client.drive().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Malformed { message: HandshakeType::NEW_SESSION_TICKET, .. }));
        assert_eq!(error.alert(), Some(Alert::Sent(AlertDescription::DECODE_ERROR)));
    }
}
