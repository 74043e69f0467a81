//! R12: what the peer is owed is sent before our next data, on every path. Several requests get one answer (RFC 9846
//! §4.7.3).

use super::{Sends, connected};
use crate::common::{self, Connection};
use crate::script;
use countersign::{AlertDescription, Event, Inbox, Misuse, Outbox, Policy};

/// The length of a record with a KeyUpdate.
const KEY_UPDATE: usize = 5 + 5 + 1 + 16;
/// The reserve for alerts.
const RESERVE: usize = 48;

/// A server that owes an answer for which there was no room, whole or in halves.
fn owing(half: bool) -> (Connection<'static>, Sends) {
    let mut connection = connected(Policy::new(), Policy::new());
    connection.c.confirm(&mut connection.client.tx).unwrap();
    common::carry(&mut connection.client, &mut connection.server);
    let other = connected(Policy::new(), Policy::new());
    let session = std::mem::replace(&mut connection.s, other.s);
    let mut sends = Sends::each(session, half);
    let mut full = Outbox::new(vec![0; RESERVE + KEY_UPDATE - 1]);
    match &mut sends {
        Sends::Whole(session) => {
            assert_eq!(session.receive(&mut connection.server.rx, &mut full), Ok(Event::Read));
        }
        Sends::Half(sender, receiver) => {
            let Ok(Event::Owed(reply)) = receiver.receive(&mut connection.server.rx) else { panic!("a request") };
            let no_room = Err(Misuse::NoRoom { needed: RESERVE + KEY_UPDATE });
            assert_eq!(sender.reply(&reply, &mut full), no_room);
        }
    }
    assert!(full.is_empty());
    (connection, sends)
}

// req: 9846-4.7.3-5
#[test]
fn an_answer_that_is_owed_goes_before_data_by_write_and_by_reserve_whole_and_in_halves() {
    for (half, in_place) in [(false, false), (false, true), (true, false), (true, true)] {
        let (mut connection, mut sends) = owing(half);
        let before = connection.c.expose_secrets().1.to_vec();
        let tx = &mut connection.server.tx;
        if in_place {
            let mut record = sends.reserve(6, tx).unwrap().unwrap();
            assert_eq!(record.write(b"answer"), 6);
            record.seal().unwrap();
        } else {
            assert_eq!(sends.write(b"answer", tx), Ok(6));
        }
        let lengths: Vec<usize> = script::records(tx.pending()).iter().map(|record| record.len()).collect();
        assert_eq!(lengths, [KEY_UPDATE, 5 + 6 + 1 + 16], "half: {half}, in place: {in_place}");
        assert_eq!(connection.to_client(), Ok((b"answer".to_vec(), vec![])));
        assert_ne!(connection.c.expose_secrets().1, before, "under the next key");
        assert_eq!(sends.write(b"more", &mut connection.server.tx), Ok(4));
        assert_eq!(script::records(connection.server.tx.pending()).len(), 1, "paid once");
    }
}

/// While the answer has no room, data has none either. Memory is required only if even an empty outbox is too small.
// req: 9846-4.7.3-5
#[test]
fn data_does_not_overtake_an_answer_that_has_no_room() {
    for half in [false, true] {
        let (mut connection, mut sends) = owing(half);
        // Other bytes are pending. The answer does not fit after them, but would fit in an empty outbox.
        let mut tx = Outbox::new(vec![0; RESERVE + KEY_UPDATE + 40]);
        let mut tiny = Outbox::new(vec![0; RESERVE + KEY_UPDATE - 1]);
        let needed = RESERVE + KEY_UPDATE + 5 + 4 + 1 + 16;
        assert_eq!(sends.write(b"data", &mut tiny), Err(Misuse::NoRoom { needed }), "with the answer before it");
        assert_eq!(sends.reserve(4, &mut tiny).err(), Some(Misuse::NoRoom { needed }));
        // After the answer 40 bytes are left: 18 bytes of data fit, and 19 must wait until the answer was sent.
        assert_eq!(sends.write(&[7; 19], &mut tx), Ok(0), "send first");
        assert_eq!(tx.pending().len(), KEY_UPDATE, "the answer");
        assert!(sends.reserve(19, &mut tx).unwrap().is_none(), "send first");
        connection.server.tx = tx;
        assert_eq!(connection.to_client(), Ok((vec![], vec![])));
        assert_eq!(sends.write(&[7; 19], &mut connection.server.tx), Ok(19));
        assert_eq!(connection.to_client(), Ok((vec![7; 19], vec![])));
    }
}

/// A pending answer also answers later requests, however they arrive.
// req: 9846-4.7.3-5
#[test]
fn requests_that_come_while_an_answer_is_pending_are_answered_by_it() {
    for half in [false, true] {
        let mut connection = connected(Policy::new(), Policy::new());
        let suite = super::suite(&connection.client);
        let other = connected(Policy::new(), Policy::new());
        let mut sends = Sends::each(std::mem::replace(&mut connection.s, other.s), half);
        let before = connection.c.expose_secrets().1.to_vec();
        for _ in 0..5 {
            // A peer that does not wait for the answer, although it should.
            let mut key = script::Protection::of(connection.c.expose_secrets().0, suite);
            connection.server.gets(&key.seal(countersign::ContentType::HANDSHAKE, &[24, 0, 0, 1, 1], 0));
            connection.c.update_key(&mut connection.client.tx).unwrap(); // its next key
            connection.client.sends();
            let (rx, tx) = (&mut connection.server.rx, &mut connection.server.tx);
            match &mut sends {
                Sends::Whole(session) => assert_eq!(session.receive(rx, tx), Ok(Event::Read)),
                Sends::Half(sender, receiver) => {
                    let Ok(Event::Owed(reply)) = receiver.receive(rx) else { panic!("a request") };
                    assert_eq!(receiver.receive(rx), Ok(Event::Read));
                    sender.reply(&reply, tx).unwrap();
                }
            }
        }
        if let Sends::Whole(session) = &mut sends {
            session.answer_key_update(&mut connection.server.tx).unwrap();
        }
        assert_eq!(connection.server.tx.pending().len(), KEY_UPDATE, "one answer to five requests");
        sends.write(b"data", &mut connection.server.tx).unwrap();
        assert_eq!(script::records(connection.server.tx.pending()).len(), 2, "and data");
        assert_eq!(connection.to_client(), Ok((b"data".to_vec(), vec![])));
        assert_ne!(connection.c.expose_secrets().1, before);
    }
}

/// RFC 9846 §4.7.3: requests that come while we send nothing get one answer, in any fragmentation.
#[test]
fn requests_that_come_one_by_one_while_a_session_is_silent_are_answered_once() {
    let mut connection = connected(Policy::new(), Policy::new());
    let suite = super::suite(&connection.client);
    for _ in 0..5 {
        let mut key = script::Protection::of(connection.c.expose_secrets().0, suite);
        connection.server.gets(&key.seal(countersign::ContentType::HANDSHAKE, &[24, 0, 0, 1, 1], 0));
        connection.c.update_key(&mut connection.client.tx).unwrap(); // its next key
        connection.client.sends();
        let (rx, tx) = (&mut connection.server.rx, &mut connection.server.tx);
        assert_eq!(connection.s.receive(rx, tx), Ok(Event::Read));
        assert!(tx.is_empty(), "nothing before our next data");
    }
    connection.s.write(b"data", &mut connection.server.tx).unwrap();
    assert_eq!(script::records(connection.server.tx.pending()).len(), 2, "one answer, and data");
    assert_eq!(connection.to_client(), Ok((b"data".to_vec(), vec![])));
}

/// An update on our own initiative is an answer, too.
#[test]
fn an_update_of_our_own_pays_what_is_owed() {
    let (mut connection, mut sends) = owing(false);
    let Sends::Whole(session) = &mut sends else { panic!("a whole session") };
    session.update_key(&mut connection.server.tx).unwrap();
    assert!(connection.server.tx.owes_peer());
    session.write(b"data", &mut connection.server.tx).unwrap();
    assert_eq!(script::records(connection.server.tx.pending()).len(), 2);
}

/// A client may ask as often as it likes: the answers do not count as a flood.
#[test]
fn answers_to_our_own_requests_are_not_counted() {
    let mut connection = connected(Policy::new(), Policy::new());
    for _ in 0..100 {
        let before = connection.c.expose_secrets().1.to_vec();
        connection.c.confirm(&mut connection.client.tx).unwrap();
        // The server counts requests without data between them, up to 32.
        connection.c.write(b"x", &mut connection.client.tx).unwrap();
        connection.to_server().unwrap();
        connection.s.answer_key_update(&mut connection.server.tx).unwrap();
        assert_eq!(connection.to_client(), Ok((vec![], vec![])));
        assert_ne!(connection.c.expose_secrets().1, before, "it is answered");
    }
    // In halves, the receiver must be told.
    let Connection { mut client, mut server, c, mut s } = connection;
    let (mut sender, mut receiver, _) = c.split();
    for _ in 0..100 {
        sender.confirm(&mut client.tx).unwrap();
        receiver.expect_key_update();
        sender.write(b"x", &mut client.tx).unwrap();
        common::carry(&mut client, &mut server);
        common::receive(&mut s, &mut server).unwrap();
        s.answer_key_update(&mut server.tx).unwrap();
        common::carry(&mut server, &mut client);
        let Ok(Event::Owed(reply)) = receiver.receive(&mut client.rx) else { panic!("the answer") };
        sender.reply(&reply, &mut client.tx).unwrap();
        assert!(client.tx.is_empty());
    }
}

/// A program that collects data must know whether the peer waits.
#[test]
fn an_outbox_tells_what_is_owed_to_the_peer_from_data_of_ours() {
    let mut connection = connected(Policy::new(), Policy::new());
    let Connection { client, server, c, s } = &mut connection;
    s.write(b"data", &mut server.tx).unwrap();
    assert!(!server.tx.owes_peer(), "data of ours");
    s.update_key(&mut server.tx).unwrap();
    assert!(!server.tx.owes_peer(), "nobody waits for that");
    c.confirm(&mut client.tx).unwrap();
    common::carry(client, server);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
    s.answer_key_update(&mut server.tx).unwrap();
    assert!(server.tx.owes_peer(), "the answer");
    let owed = server.tx.pending().len();
    s.write(b"data behind it", &mut server.tx).unwrap();
    server.tx.sent(owed - 1);
    assert!(server.tx.owes_peer(), "its last byte");
    let tx = std::mem::replace(&mut server.tx, Outbox::new(vec![]));
    let Ok(tx) = tx.move_into(vec![0; 1000]) else { panic!("it fits") };
    server.tx = tx;
    assert!(server.tx.owes_peer(), "after a move as well");
    server.tx.sent(1);
    assert!(!server.tx.owes_peer() && !server.tx.is_empty(), "data is left");
    s.abort(AlertDescription::INTERNAL_ERROR, &mut server.tx).unwrap();
    assert!(server.tx.owes_peer(), "an alert");
    server.tx.sent(usize::MAX);
    assert!(!server.tx.owes_peer());
}

/// A reply belongs to one connection. Another connection refuses it, and nothing changes.
#[test]
fn a_foreign_reply_is_a_misuse_and_changes_nothing() {
    let [mut one, mut other] = [(); 2].map(|()| connected(Policy::new(), Policy::new()));
    for connection in [&mut one, &mut other] {
        connection.c.confirm(&mut connection.client.tx).unwrap();
        common::carry(&mut connection.client, &mut connection.server);
    }
    let Connection { mut server, s, .. } = one;
    let (mut sender, mut receiver, _) = s.split();
    let (_, mut foreign, _) = other.s.split();
    let Ok(Event::Owed(foreign)) = foreign.receive(&mut other.server.rx) else { panic!("a request") };
    let secret = sender.expose_secret().to_vec();
    assert_eq!(sender.reply(&foreign, &mut server.tx), Err(Misuse::ForeignReply));
    assert!(server.tx.is_empty() && sender.expose_secret() == secret);
    sender.write(b"x", &mut server.tx).unwrap();
    assert_eq!(script::records(server.tx.pending()).len(), 1, "nothing is owed by that");
    let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("a request") };
    assert_eq!(sender.reply(&reply, &mut server.tx), Ok(()));
    assert_eq!(script::records(server.tx.pending()).len(), 2, "ours is still answered");
    server.rx = Inbox::new(vec![]);
}

/// RFC 9846 §6.1: nothing follows our close_notify, not even an answer.
#[test]
fn who_has_closed_answers_no_request() {
    for half in [false, true] {
        let mut connection = connected(Policy::new(), Policy::new());
        connection.c.confirm(&mut connection.client.tx).unwrap();
        common::carry(&mut connection.client, &mut connection.server);
        let Connection { mut server, mut s, .. } = connection;
        s.close(&mut server.tx).unwrap();
        let pending = server.tx.pending().to_vec();
        if half {
            let (mut sender, mut receiver, _) = s.split();
            let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("a request") };
            assert_eq!(sender.reply(&reply, &mut server.tx), Err(Misuse::Closed));
        } else {
            assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
            s.answer_key_update(&mut server.tx).unwrap();
        }
        assert_eq!(server.tx.pending(), pending);
    }
}

/// A reply that is given a second time is not another KeyUpdate of the peer: our own request stays open.
#[test]
fn a_reply_counts_once() {
    let mut connection = connected(Policy::new(), Policy::new());
    connection.c.confirm(&mut connection.client.tx).unwrap();
    common::carry(&mut connection.client, &mut connection.server);
    let Connection { mut server, s, .. } = connection;
    let (mut sender, mut receiver, _) = s.split();
    let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("a request") };
    sender.reply(&reply, &mut server.tx).unwrap();
    sender.confirm(&mut server.tx).unwrap();
    let pending = server.tx.pending().to_vec();
    assert_eq!(script::records(&pending).len(), 2, "an answer, and a request");
    sender.reply(&reply, &mut server.tx).unwrap();
    sender.confirm(&mut server.tx).unwrap();
    assert_eq!(server.tx.pending(), pending, "one request at a time");
}
