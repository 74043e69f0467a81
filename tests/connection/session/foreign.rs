//! R1: inbox and outbox belong to one connection from the first `drive` on. Those of another connection are refused,
//! and nothing changes.

use super::connected;
use countersign::{AlertDescription, ErrorKind, Event, Misuse, Outbox, Policy};

/// Every call that takes an outbox.
#[test]
fn a_foreign_outbox_is_refused_by_every_call_of_a_session_and_nothing_changes() {
    for closed in [false, true] {
        let mut connection = connected(Policy::new(), Policy::new());
        let mut stranger = connected(Policy::new(), Policy::new());
        stranger.s.write(b"theirs", &mut stranger.server.tx).unwrap();
        let (s, rx, tx) = (&mut connection.s, &mut connection.server.rx, &mut stranger.server.tx);
        let (secret, pending) = (s.expose_secrets().0.to_vec(), tx.pending().to_vec());
        if closed {
            s.close(&mut connection.server.tx).unwrap();
            connection.server.tx.sent(usize::MAX);
        }
        // A closed session reports that it is closed, and does not stamp the outbox.
        let misuse = if closed { Misuse::Closed } else { Misuse::ForeignOutbox };
        assert_eq!(s.write(b"x", tx), Err(misuse));
        assert_eq!(s.write(b"", tx), Err(misuse));
        assert_eq!(s.reserve(1, tx).err(), Some(misuse));
        assert_eq!(s.update_key(tx), Err(misuse));
        assert_eq!(s.confirm(tx), Err(misuse));
        assert_eq!(s.abort(AlertDescription::INTERNAL_ERROR, tx), Err(misuse));
        assert_eq!(s.close(tx), Err(Misuse::ForeignOutbox));
        for _ in 0..2 {
            let error = s.receive(rx, tx).unwrap_err();
            assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::ForeignOutbox, false));
        }
        assert_eq!(tx.pending(), pending);
        if !closed {
            assert_eq!(s.expose_secrets().0, secret);
            assert_eq!(s.write(b"ours", &mut connection.server.tx), Ok(4));
            assert_eq!(connection.to_client(), Ok((b"ours".to_vec(), vec![])));
        }
    }
}

#[test]
fn a_foreign_outbox_is_refused_by_a_sender_and_nothing_changes() {
    let mut connection = connected(Policy::new(), Policy::new());
    let mut stranger = connected(Policy::new(), Policy::new());
    connection.c.confirm(&mut connection.client.tx).unwrap();
    crate::common::carry(&mut connection.client, &mut connection.server);
    let (mut sender, mut receiver, _) = connection.s.split();
    let Ok(Event::Owed(reply)) = receiver.receive(&mut connection.server.rx) else { panic!("a request") };
    connection.server.rx.filled(0);
    let error = receiver.receive(&mut connection.server.rx).unwrap_err();
    let foreign = &mut stranger.server.tx;
    assert_eq!(sender.reply(&reply, foreign), Err(Misuse::ForeignOutbox));
    assert_eq!(sender.write(b"x", foreign), Err(Misuse::ForeignOutbox));
    assert_eq!(sender.reserve(1, foreign).err(), Some(Misuse::ForeignOutbox));
    assert_eq!(sender.alert(&error, foreign), Err(Misuse::ForeignOutbox));
    assert!(foreign.is_empty() && !sender.is_closed());
    assert_eq!(sender.reply(&reply, &mut connection.server.tx), Ok(()), "nothing was lost");
    assert!(connection.server.tx.owes_peer());
}

/// Memory that was returned belongs to no connection.
#[test]
fn a_new_outbox_over_old_memory_belongs_to_whoever_uses_it_first() {
    let mut connection = connected(Policy::new(), Policy::new());
    let mut stranger = connected(Policy::new(), Policy::new());
    let memory = std::mem::replace(&mut connection.server.tx, Outbox::new(vec![])).into_memory();
    let Ok(memory) = memory else { panic!("nothing is pending") };
    let mut tx = Outbox::new(memory);
    assert_eq!(stranger.s.write(b"x", &mut tx), Ok(1));
    assert_eq!(connection.s.write(b"x", &mut tx), Err(Misuse::ForeignOutbox));
}
