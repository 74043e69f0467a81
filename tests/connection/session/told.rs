//! An error names our alert as sent only if it was.

use super::connected;
use crate::common::{self, Connection};
use countersign::{Alert, AlertDescription, ErrorKind, Misuse, Outbox, Policy};

const MAC: AlertDescription = AlertDescription::BAD_RECORD_MAC;

/// A connection whose server receives a record that does not open.
fn damaged() -> Connection<'static> {
    let mut connection = connected(Policy::new(), Policy::new());
    connection.c.write(b"data", &mut connection.client.tx).unwrap();
    let mut bytes = connection.client.sends();
    bytes[7] ^= 1;
    connection.server.gets(&bytes);
    connection
}

#[test]
fn a_session_says_that_an_alert_was_sent_if_it_lies_in_the_outbox() {
    let mut connection = damaged();
    let Connection { server, s, .. } = &mut connection;
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.alert()), (ErrorKind::BadRecordMac, Some(Alert::Sent(MAC))));
    assert!(server.tx.owes_peer());
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error), "it stays");
    let told = connection.to_client().unwrap_err();
    assert_eq!(told.alert(), Some(Alert::Received(MAC)));
}

#[test]
fn a_session_that_had_closed_says_that_no_alert_was_sent() {
    let mut connection = damaged();
    let Connection { server, s, .. } = &mut connection;
    s.close(&mut server.tx).unwrap();
    server.tx.sent(usize::MAX);
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.alert()), (ErrorKind::BadRecordMac, None));
    assert!(!error.to_string().contains("sent") && server.tx.is_empty());
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error));
}

/// Memory that cannot hold even an alert.
#[test]
fn an_alert_without_room_was_not_sent() {
    let mut connection = damaged();
    let Connection { server, s, .. } = &mut connection;
    server.tx = Outbox::new(vec![0; 10]);
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.alert()), (ErrorKind::BadRecordMac, None));
    assert_eq!(s.write(b"x", &mut server.tx), Err(Misuse::Closed));
}

#[test]
fn in_halves_only_the_sender_knows_whether_an_alert_was_sent() {
    for closed in [false, true] {
        let Connection { mut server, s, .. } = damaged();
        let (mut sender, mut receiver, _) = s.split();
        if closed {
            sender.close(&mut server.tx).unwrap();
            server.sends();
        }
        let error = receiver.receive(&mut server.rx).unwrap_err();
        assert_eq!((error.kind(), error.alert()), (ErrorKind::BadRecordMac, None), "not yet");
        assert!(!error.to_string().contains("sent"));
        let error = sender.alert(&error, &mut server.tx).unwrap();
        assert_eq!(error.kind(), ErrorKind::BadRecordMac);
        assert_eq!(error.alert(), (!closed).then_some(Alert::Sent(MAC)));
        assert_eq!(server.tx.is_empty(), closed);
        assert_eq!(sender.alert(&error, &mut server.tx), Ok(error), "told once, and remembered");
    }
}

/// RFC 9846 §6.1: user_canceled "SHOULD be followed by a close_notify".
// req: 9846-6.1-3
#[test]
fn user_canceled_is_followed_by_close_notify_also_after_the_handshake() {
    for half in [false, true] {
        let Connection { mut client, mut server, c, mut s } = connected(Policy::new(), Policy::new());
        let mut sends = super::Sends::each(c, half);
        // Also with exactly enough room for both.
        while sends.write(&[7; 1], &mut client.tx).unwrap() > 0 {}
        match &mut sends {
            super::Sends::Whole(session) => session.abort(AlertDescription::USER_CANCELED, &mut client.tx).unwrap(),
            super::Sends::Half(sender, _) => sender.abort(AlertDescription::USER_CANCELED, &mut client.tx).unwrap(),
        }
        assert_eq!(sends.write(b"x", &mut client.tx), Err(Misuse::Closed));
        let mut bytes = &client.sends()[..];
        let mut closed = false;
        while !bytes.is_empty() {
            bytes = &bytes[server.gets(bytes)..];
            closed = common::receive(&mut s, &mut server).unwrap().1 == [countersign::Event::Closed];
        }
        assert!(closed);
    }
}

/// R4: a failed session has no secret, not even the exporter's.
#[test]
fn a_failed_session_exports_nothing() {
    let mut connection = damaged();
    let Connection { server, s, .. } = &mut connection;
    assert!(s.exporter().tls_exporter().is_ok());
    s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert!(s.exporter().tls_exporter().is_err() && s.exporter().expose_secret().is_empty());
    // An abort of ours is a failure, too. A close is not.
    let mut connection = connected(Policy::new(), Policy::new());
    connection.s.close(&mut connection.server.tx).unwrap();
    assert!(connection.s.exporter().tls_exporter().is_ok());
    connection.c.abort(AlertDescription::INTERNAL_ERROR, &mut connection.client.tx).unwrap();
    assert!(connection.c.exporter().tls_exporter().is_err());
    assert_eq!(connection.c.expose_secrets(), (&[][..], &[][..]));
}
