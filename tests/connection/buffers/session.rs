//! Memory and fragmentation after the handshake.

use super::IDENTITY;
use crate::common::{Connection, End};
use crate::script::Protection;
use crate::wire::written;
use countersign::internals::codec::NewSessionTicket;
use countersign::internals::crypto::Suite;
use countersign::{ContentType, Event, Inbox, Misuse, Outbox, Policy, Role, Session};
use std::collections::VecDeque;

/// A session with a full outbox takes no data. If the outbox is too small for any data, the error has the size.
#[test]
fn a_session_without_room_loses_nothing() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let Connection { c, client, .. } = &mut connection;
    for capacity in [0, 47, 48, 60] {
        client.tx = Outbox::new(vec![0; capacity]);
        let Err(Misuse::NoRoom { needed }) = c.write(b"ab", &mut client.tx) else { panic!("{capacity} bytes do") };
        assert!(needed > capacity);
        assert_eq!(c.reserve(2, &mut client.tx).err(), Some(Misuse::NoRoom { needed }));
        client.tx = Outbox::new(vec![0; needed - 1]);
        assert_eq!(c.write(b"ab", &mut client.tx), Ok(1), "one byte at a time, if need be");
        assert_eq!(c.write(b"b", &mut client.tx), Ok(0), "full");
        assert!(matches!(c.update_key(&mut client.tx), Err(Misuse::NoRoom { .. })));
        client.sends();
        assert_eq!(c.write(b"b", &mut client.tx), Ok(1));
    }
}

/// The answer to a KeyUpdate waits for room, and is still sent before data.
#[test]
fn an_answer_that_is_owed_waits_for_room() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let secret = connection.s.expose_secrets().0.to_vec();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.server.tx = Outbox::new(vec![0; 50]);
    assert_eq!(connection.to_server(), Ok((vec![], vec![])));
    assert!(connection.server.tx.is_empty() && connection.s.expose_secrets().0 == secret, "no room for an answer");
    let Connection { s, server, .. } = &mut connection;
    assert!(matches!(s.write(b"data", &mut server.tx), Err(Misuse::NoRoom { .. })), "data does not overtake it");
    server.tx = Outbox::new(vec![0; 1_000]);
    s.write(b"data", &mut server.tx).unwrap();
    assert_ne!(s.expose_secrets().0, secret);
    assert_eq!(connection.to_client(), Ok((b"data".to_vec(), vec![])));
}

/// A used-up key is updated only when the data after it has room, too.
#[test]
fn our_update_waits_for_room_for_the_data_behind_it() {
    const KEY_UPDATE: usize = 5 + 5 + 1 + 16;
    let record = |content: usize| 5 + content + 1 + 16;
    type Send = fn(&mut Session, usize, &mut Outbox<Vec<u8>>) -> usize;
    let write: Send = |session, len, tx| session.write(&vec![7; len], tx).unwrap();
    let in_place: Send = |session, len, tx| {
        let Some(mut record) = session.reserve(len, tx).unwrap() else { return 0 };
        let taken = record.write(&vec![7; len]);
        record.seal().unwrap();
        taken
    };
    for send in [write, in_place] {
        let client = End::new(Role::Client, Policy::new().update_after(1), &IDENTITY);
        let server = End::new(Role::Server, Policy::new(), &IDENTITY);
        let Connection { mut client, mut c, .. } = Connection::new(client, server);
        let capacity = record(100) + KEY_UPDATE + record(60) + 48;
        client.tx = Outbox::new(vec![0; capacity]);
        assert_eq!(send(&mut c, 100, &mut client.tx), 100);
        let secret = c.expose_secrets().0.to_vec();
        assert_eq!(send(&mut c, 61, &mut client.tx), 0, "one byte too much");
        assert_eq!(client.tx.pending().len(), record(100), "and no update");
        assert_eq!(c.expose_secrets().0, secret);
        assert_eq!(send(&mut c, 60, &mut client.tx), 60);
        assert_eq!(client.tx.pending().len(), capacity - 48, "both");
        assert_ne!(c.expose_secrets().0, secret);
        // If both never fit together, they are sent one after the other.
        let most = capacity - 48 - 22;
        client.sends();
        assert_eq!(send(&mut c, most, &mut client.tx), 0);
        assert_eq!(client.sends().len(), KEY_UPDATE);
        assert_eq!(send(&mut c, most, &mut client.tx), most);
    }
}

/// A ticket is dropped, so it need not fit: a ticket larger than the memory is checked in pieces.
#[test]
fn a_ticket_larger_than_the_inbox_is_read_in_pieces() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new().confirm_clients(false), &IDENTITY);
    let Connection { mut client, c: mut session, .. } = Connection::new(client, server);
    let suite = Suite::from(client.hs.cipher_suite().unwrap()).unwrap();
    let mut protection = Protection::of(session.expose_secrets().1, suite);
    let ticket = vec![3; 10_000];
    let ticket = written(|w| {
        let extensions = countersign::internals::codec::Extensions::parse(&[]).unwrap();
        NewSessionTicket { ticket_lifetime: 1, ticket_age_add: 2, ticket_nonce: &[0], ticket: &ticket, extensions }
            .write(w);
    });
    let mut stream = VecDeque::new();
    for fragment in ticket.chunks(300) {
        stream.extend(protection.seal(ContentType::HANDSHAKE, fragment, 0));
    }
    stream.extend(protection.seal(ContentType::APPLICATION_DATA, b"after it", 0));
    client.rx = Inbox::new(vec![0; 400]);
    let mut data = Vec::new();
    while data.is_empty() {
        match session.receive(&mut client.rx, &mut client.tx) {
            Ok(Event::Read) => {
                let space = client.rx.space();
                let len = space.len().min(stream.len());
                assert!(len > 0);
                for (to, byte) in space.iter_mut().zip(stream.drain(..len)) {
                    *to = byte;
                }
                client.rx.filled(len);
            }
            Ok(Event::Data) => data = client.rx.data().to_vec(),
            other => assert_eq!(other, Ok(Event::Confirmed)),
        }
    }
    assert_eq!(data, b"after it");
}

/// An idle session needs no memory: its buffers go back to the pool, and it continues with others.
#[test]
fn an_idle_session_gives_its_buffers_back() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    for round in 0..3u8 {
        for end in [&mut connection.client, &mut connection.server] {
            assert!(end.rx.is_empty() && end.tx.is_empty());
            let rx = std::mem::replace(&mut end.rx, Inbox::new(vec![]));
            let tx = std::mem::replace(&mut end.tx, Outbox::new(vec![]));
            assert!(rx.into_memory().is_ok() && tx.into_memory().is_ok());
            end.rx = Inbox::new(vec![0xcc; 500]);
            end.tx = Outbox::new(vec![0xcc; 500]);
        }
        connection.c.write(&[round; 100], &mut connection.client.tx).unwrap();
        assert!(std::mem::replace(&mut connection.client.rx, Inbox::new(vec![0; 500])).into_memory().is_ok());
        assert_eq!(connection.to_server(), Ok((vec![round; 100], vec![])));
        connection.s.write(&[round; 100], &mut connection.server.tx).unwrap();
        assert_eq!(connection.to_client(), Ok((vec![round; 100], vec![])));
    }
}

/// A buffer that is not empty is not given back.
#[test]
fn buffers_that_hold_something_are_not_given_back() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.c.write(b"pending", &mut connection.client.tx).unwrap();
    let tx = std::mem::replace(&mut connection.client.tx, Outbox::new(vec![]));
    let Err(mut tx) = tx.into_memory() else { panic!("something is pending") };
    let (whole, _) = (tx.pending().to_vec(), tx.sent(0));
    let Err((tx, _)) = tx.move_into(vec![0; 20]) else { panic!("it does not fit") };
    assert_eq!(tx.pending(), whole);
    let Ok(tx) = tx.move_into(vec![0; 200]) else { panic!("it fits") };
    assert_eq!(tx.pending(), whole);
    // The same on the other side, with a part of a record.
    let half = whole.len() / 2;
    connection.server.gets(&whole[..half]);
    let rx = std::mem::replace(&mut connection.server.rx, Inbox::new(vec![]));
    let Err(rx) = rx.into_memory() else { panic!("half a record is there") };
    let Err((rx, _)) = rx.move_into(vec![0; half - 1]) else { panic!("it does not fit") };
    let Ok(rx) = rx.move_into(vec![0; 100]) else { panic!("it fits") };
    connection.server.rx = rx;
    connection.server.gets(&whole[half..]);
    let Connection { s, server, .. } = &mut connection;
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), b"pending");
    assert!(std::mem::replace(&mut server.rx, Inbox::new(vec![])).into_memory().is_err(), "unconsumed data is held");
}
