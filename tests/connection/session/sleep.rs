//! A session is the same before and after it sleeps.

use super::{Connection, IDENTITY, connected, suite};
use crate::common::{End, carry};
use crate::script::{self, Protection};
use countersign::{
    AlertDescription, ContentType, Counters, ErrorKind, Event, Inbox, Misuse, Outbox, Policy, Receiver, Role,
};
use countersign::{CipherSuite, Sender, Session, limits};
use proptest::prelude::*;

fn policy() -> Policy {
    Policy::new().max_fragment(1000).update_after(3)
}

fn sleep_and_wake(session: Session, end: &mut End<'_>, policy: &Policy) -> Session {
    let (asleep, info) = session.sleep(&mut end.rx, &mut end.tx).map_err(|(_, misuse)| misuse).expect("it is idle");
    asleep.wake(info, policy).unwrap()
}

fn halves_sleep_and_wake(sender: Sender, receiver: Receiver, end: &mut End<'_>) -> (Sender, Receiver) {
    let (asleep, info) = sender.sleep(&mut end.tx).map_err(|(_, misuse)| misuse).expect("it is idle");
    let sender = asleep.wake(info, &policy()).unwrap();
    let (asleep, info) = receiver.sleep(&mut end.rx).map_err(|(_, misuse)| misuse).expect("it is idle");
    (sender, asleep.wake(info).unwrap())
}

/// The actions of one side while nothing is in transit.
#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    Update,
    Confirm,
}

fn act() -> impl Strategy<Value = (bool, Act)> {
    let act = prop_oneof![(1..3000usize).prop_map(Act::Write), Just(Act::Update), Just(Act::Confirm)];
    (any::<bool>(), act)
}

/// Everything that is visible from outside: data, names of events, counters, whether the client is confirmed.
type Seen = (Vec<u8>, Vec<String>, [Counters; 2], bool);

fn play(suite: CipherSuite, acts: &[(bool, Act)], sleeps: bool) -> Vec<Seen> {
    let suites: &[CipherSuite] = &[suite];
    let policy = policy().cipher_suites(suites);
    let mut world = connected(policy.clone(), policy.clone());
    let mut seen = Vec::new();
    for (client, act) in acts {
        if sleeps {
            let Connection { client, server, c, s } = world;
            let (mut client, mut server) = (client, server);
            let c = sleep_and_wake(c, &mut client, &policy);
            let s = sleep_and_wake(s, &mut server, &policy);
            // Its memory is returned meanwhile.
            (client.rx, client.tx) = (Inbox::new(vec![0; 30_000]), Outbox::new(vec![0; 30_000]));
            world = Connection { client, server, c, s };
        }
        let (session, tx) = match client {
            true => (&mut world.c, &mut world.client.tx),
            false => (&mut world.s, &mut world.server.tx),
        };
        match *act {
            Act::Write(n) => assert_eq!(session.write(&vec![n as u8; n], tx), Ok(n)),
            Act::Update => session.update_key(tx).unwrap(),
            Act::Confirm => session.confirm(tx).unwrap(),
        }
        let (mut data, mut events) = (Vec::new(), Vec::new());
        // Both directions are carried, so a requested answer comes.
        for _ in 0..2 {
            let both = [world.to_server().unwrap(), world.to_client().unwrap()];
            for (came, saw) in both {
                data.extend(came);
                events.extend(saw.iter().map(|event| format!("{event:?}")));
            }
            world.c.answer_key_update(&mut world.client.tx).unwrap();
            world.s.answer_key_update(&mut world.server.tx).unwrap();
        }
        let both = [world.to_server().unwrap(), world.to_client().unwrap()];
        assert_eq!(both, [(vec![], vec![]), (vec![], vec![])]);
        seen.push((data, events, [world.c.counters(), world.s.counters()], world.c.is_confirmed()));
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn nobody_can_see_that_a_session_has_slept(
        suite in prop::sample::select(vec![
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_AES_256_GCM_SHA384,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        ]),
        acts in prop::collection::vec(act(), 1..12),
    ) {
        prop_assert_eq!(play(suite, &acts, true), play(suite, &acts, false));
    }
}

#[test]
fn halves_sleep_each_by_itself() {
    let mut world = connected(policy(), policy());
    let exported = |exporter: &countersign::Exporter| exporter.tls_exporter().unwrap();
    let before = exported(world.c.exporter());
    let other = connected(policy(), policy());
    let (mut sender, mut receiver, exporter) = std::mem::replace(&mut world.c, other.c).split();
    for round in 1..=5u8 {
        (sender, receiver) = halves_sleep_and_wake(sender, receiver, &mut world.client);
        assert_eq!(sender.write(&[round; 2000], &mut world.client.tx), Ok(2000));
        sender.update_key(&mut world.client.tx).unwrap();
        assert_eq!(world.to_server(), Ok((vec![round; 2000], vec![])));
        world.s.confirm(&mut world.server.tx).unwrap();
        carry(&mut world.server, &mut world.client);
        let Ok(Event::Owed(reply)) = receiver.receive(&mut world.client.rx) else { panic!("a request") };
        sender.reply(&reply, &mut world.client.tx).unwrap();
        assert_eq!(world.to_server(), Ok((vec![], vec![])));
        assert_eq!(
            (sender.counters().generation, receiver.counters().generation),
            (2 * u64::from(round), 1 + u64::from(round))
        );
    }
    assert_eq!(exported(&exporter), before);
}

/// A session with something pending does not sleep, because this would be lost or late.
#[test]
fn nothing_that_is_pending_is_slept_over() {
    let refused = |session: Session, end: &mut End<'_>| match session.sleep(&mut end.rx, &mut end.tx) {
        Ok(_) => panic!("it sleeps"),
        Err((session, misuse)) => (session, misuse),
    };
    // Our bytes, which were not sent.
    let Connection { mut client, mut server, mut c, s } = connected(policy(), policy());
    c.write(b"data", &mut client.tx).unwrap();
    let (c, misuse) = refused(c, &mut client);
    assert_eq!(misuse, Misuse::NotNow);
    // A part of a record, a whole record, and data that was not consumed.
    let bytes = client.sends();
    server.gets(&bytes[..7]);
    let (s, misuse) = refused(s, &mut server);
    assert_eq!(misuse, Misuse::NotNow);
    server.gets(&bytes[7..]);
    let (mut s, misuse) = refused(s, &mut server);
    assert_eq!(misuse, Misuse::NotNow);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    let (mut s, misuse) = refused(s, &mut server);
    assert_eq!(misuse, Misuse::NotNow);
    server.rx.consume(4);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
    let mut s = sleep_and_wake(s, &mut server, &policy());
    // An answer that is owed.
    let mut c = sleep_and_wake(c, &mut client, &policy());
    s.confirm(&mut server.tx).unwrap();
    carry(&mut server, &mut client);
    assert_eq!(c.receive(&mut client.rx, &mut client.tx), Ok(Event::Read));
    let (mut c, misuse) = refused(c, &mut client);
    assert_eq!(misuse, Misuse::NotNow);
    c.answer_key_update(&mut client.tx).unwrap();
    carry(&mut client, &mut server);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
    let (c, mut s) = (sleep_and_wake(c, &mut client, &policy()), sleep_and_wake(s, &mut server, &policy()));
    // Another connection's memory.
    let mut other = connected(policy(), policy());
    let (c, misuse) = refused(c, &mut other.client);
    assert_eq!(misuse, Misuse::ForeignInbox);
    let Err((mut c, Misuse::ForeignOutbox)) = c.sleep(&mut client.rx, &mut other.client.tx) else { panic!("foreign") };
    // One direction has ended.
    s.close(&mut server.tx).unwrap();
    carry(&mut server, &mut client);
    assert_eq!(refused(s, &mut server).1, Misuse::Closed);
    assert_eq!(c.receive(&mut client.rx, &mut client.tx), Ok(Event::Closed));
    assert_eq!(refused(c, &mut client).1, Misuse::Closed);
    // It has failed.
    let Connection { mut client, server, mut c, s } = connected(policy(), policy());
    c.abort(AlertDescription::INTERNAL_ERROR, &mut client.tx).unwrap();
    client.sends();
    assert_eq!(refused(c, &mut client).1, Misuse::Closed);
    drop((s, server));
}

/// The counters of tolerated records continue.
#[test]
fn sleep_does_not_set_back_what_is_tolerated() {
    let mut world = connected(policy(), policy());
    let updates = |world: &mut Connection<'static>, count: usize| {
        for _ in 0..count {
            world.c.update_key(&mut world.client.tx).unwrap();
            world.to_server()?;
        }
        Ok(())
    };
    updates(&mut world, 32).unwrap();
    let Connection { client, mut server, c, s } = world;
    let s = sleep_and_wake(s, &mut server, &policy());
    let mut world = Connection { client, server, c, s };
    let error: countersign::Error = updates(&mut world, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyKeyUpdates);
}

/// A ticket without extensions.
const TICKET: [u8; 19] = [4, 0, 0, 15, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 2, 7, 7, 0, 0];

/// What a receiving half knows of its peer's tickets and KeyUpdates, and of a request of ours.
#[test]
fn a_receiver_remembers_in_its_sleep() {
    let wake = |receiver: Receiver, rx: &mut Inbox<Vec<u8>>| {
        let (asleep, info) = receiver.sleep(rx).map_err(|(_, misuse)| misuse).expect("it is idle");
        asleep.wake(info).unwrap()
    };
    // Tickets: how many have come, and how many of them without data between.
    let Connection { mut client, c, .. } = connected(policy(), policy());
    let mut key = Protection::of(c.expose_secrets().1, suite(&client));
    let (_sender, mut receiver, _) = c.split();
    assert_eq!(receiver.tickets_dropped(), 0);
    for number in 1..=limits::MAX_TICKETS + 1 {
        client.gets(&key.seal(ContentType::HANDSHAKE, &TICKET, 0));
        let result = receiver.receive(&mut client.rx);
        assert_eq!(receiver.tickets_dropped(), number.into());
        if number > limits::MAX_TICKETS {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::TooManyTickets);
            break;
        }
        assert_eq!(result, Ok(Event::Read));
        receiver = wake(receiver, &mut client.rx);
        assert_eq!(receiver.tickets_dropped(), number.into());
    }

    // Our request: its answer is tolerated, even after as many KeyUpdates as are.
    let Connection { mut client, mut server, mut c, s } = connected(policy(), policy());
    let (_sender, mut receiver, _) = s.split();
    for number in 0..limits::MAX_KEY_UPDATES + 1 {
        if number == limits::MAX_KEY_UPDATES {
            receiver.expect_key_update();
        }
        receiver = wake(receiver, &mut server.rx);
        c.update_key(&mut client.tx).unwrap();
        carry(&mut client, &mut server);
        assert!(matches!(receiver.receive(&mut server.rx), Ok(Event::Owed(_))), "{number}");
    }

    // The peer's request, whose reply did not get to the sender.
    let Connection { mut client, mut server, mut c, s } = connected(policy(), policy());
    let (mut sender, mut receiver, _) = s.split();
    c.confirm(&mut client.tx).unwrap();
    carry(&mut client, &mut server);
    let Ok(Event::Owed(_lost)) = receiver.receive(&mut server.rx) else { panic!("a request") };
    receiver = wake(receiver, &mut server.rx);
    c.update_key(&mut client.tx).unwrap();
    carry(&mut client, &mut server);
    let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("an update") };
    sender.reply(&reply, &mut server.tx).unwrap();
    carry(&mut server, &mut client);
    assert_eq!(c.receive(&mut client.rx, &mut client.tx), Ok(Event::Read));
    assert_eq!(c.counters().received.generation, 2, "the server's confirmation, and the answer");
}

/// A half does not sleep over an answer that it has not reported, nor in the middle of a ticket.
#[test]
fn a_receiver_in_the_middle_of_something_does_not_sleep() {
    let refused = |receiver: Receiver, rx: &mut Inbox<Vec<u8>>| match receiver.sleep(rx) {
        Ok(_) => panic!("it sleeps"),
        Err((receiver, misuse)) => {
            assert_eq!(misuse, Misuse::NotNow);
            receiver
        }
    };
    let mut world = connected(policy(), policy());
    world.s.confirm(&mut world.server.tx).unwrap();
    carry(&mut world.server, &mut world.client);
    let Connection { mut client, mut c, .. } = world;
    assert_eq!(c.receive(&mut client.rx, &mut client.tx), Ok(Event::Read));
    let (_sender, receiver, _) = c.split();
    let mut receiver = refused(receiver, &mut client.rx);
    assert!(matches!(receiver.receive(&mut client.rx), Ok(Event::Owed(_))));
    assert!(receiver.sleep(&mut client.rx).is_ok());

    let Connection { mut client, c, .. } = connected(policy(), policy());
    let mut key = Protection::of(c.expose_secrets().1, suite(&client));
    client.rx = Inbox::new(vec![0; 100]);
    let long = [&[4, 0, 0, 213, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 200][..], &[7; 200], &[0, 0]].concat();
    let (_sender, mut receiver, _) = c.split();
    for (number, piece) in long.chunks(31).enumerate() {
        if number > 0 {
            receiver = refused(receiver, &mut client.rx);
        }
        client.gets(&key.seal(ContentType::HANDSHAKE, piece, 0));
        assert_eq!(receiver.receive(&mut client.rx), Ok(Event::Read));
    }
    assert_eq!(receiver.tickets_dropped(), 1);
    assert!(receiver.sleep(&mut client.rx).is_ok());
}

/// The null cryptography of tests is null after a sleep, and no other is.
#[test]
fn records_are_protected_after_a_sleep_as_they_were_before() {
    for (policy, plain) in [(policy(), false), (policy().null_crypto(), true)] {
        let Connection { mut client, server, c, s } = connected(policy.clone(), policy.clone());
        let c = sleep_and_wake(c, &mut client, &policy);
        let mut world = Connection { client, server, c, s };
        world.c.write(b"in plain sight", &mut world.client.tx).unwrap();
        let seen = world.client.tx.pending().windows(14).any(|bytes| bytes == b"in plain sight");
        assert_eq!(seen, plain);
        assert_eq!(world.to_server(), Ok((b"in plain sight".to_vec(), vec![])));
    }
}

/// RFC 8449: each end keeps the other's limit, and its own.
#[test]
fn record_size_limits_hold_after_a_sleep() {
    let (short, long) = (Policy::new().record_size_limit(100), Policy::new().record_size_limit(16_385));
    let Connection { mut client, mut server, c, s } = connected(short.clone(), long.clone());
    let s = sleep_and_wake(s, &mut server, &long);
    let c = sleep_and_wake(c, &mut client, &short);
    let mut key = Protection::of(s.expose_secrets().0, suite(&server));
    let mut world = Connection { client, server, c, s };
    assert_eq!(world.s.write(&[7; 1000], &mut world.server.tx), Ok(1000));
    let records = script::records(world.server.tx.pending()).len();
    assert_eq!(records, 11, "of at most 99 bytes");
    assert_eq!(world.to_client(), Ok((vec![7; 1000], vec![])));
    (0..records).for_each(|_| drop(key.seal(ContentType::APPLICATION_DATA, &[7; 90], 0)));
    world.client.gets(&key.seal(ContentType::APPLICATION_DATA, &[7; 100], 0));
    let error = world.c.receive(&mut world.client.rx, &mut world.client.tx).unwrap_err();
    assert_eq!(error.name(), "RecordOverflow");
}

/// Empty records, and warnings, since the last record that had content.
#[test]
fn empty_records_and_warnings_are_counted_over_a_sleep() {
    for (content, typ, most, name) in [
        (&[][..], ContentType::APPLICATION_DATA, limits::MAX_EMPTY_RECORDS, "TooManyEmptyRecords"),
        (&[1, AlertDescription::USER_CANCELED.0], ContentType::ALERT, limits::MAX_WARNINGS, "TooManyWarnings"),
    ] {
        let Connection { mut client, server, mut c, s } = connected(policy(), policy());
        let mut key = Protection::of(s.expose_secrets().0, suite(&server));
        for _ in 0..most {
            client.gets(&key.seal(typ, content, 0));
            assert_eq!(c.receive(&mut client.rx, &mut client.tx), Ok(Event::Read));
            c = sleep_and_wake(c, &mut client, &policy());
        }
        client.gets(&key.seal(typ, content, 0));
        assert_eq!(c.receive(&mut client.rx, &mut client.tx).unwrap_err().name(), name);
    }
}

/// The client still learns whether it is accepted.
#[test]
fn an_unconfirmed_client_is_unconfirmed_when_it_wakes() {
    for refused in [false, true] {
        let silent = policy().confirm_clients(false);
        let client = End::new(Role::Client, policy(), &IDENTITY);
        let server = End::new(Role::Server, silent, &IDENTITY);
        let Connection { mut client, server, c, s } = Connection::new(client, server);
        let c = sleep_and_wake(c, &mut client, &policy());
        assert!(!c.is_confirmed());
        let mut world = Connection { client, server, c, s };
        if refused {
            world.s.close(&mut world.server.tx).unwrap();
            let kind = world.to_client().unwrap_err().kind();
            assert!(matches!(kind, ErrorKind::PeerEndedUnconfirmed { .. }), "{kind:?}");
        } else {
            world.s.write(b"welcome", &mut world.server.tx).unwrap();
            assert_eq!(world.to_client(), Ok((b"welcome".to_vec(), vec![Event::Confirmed])));
        }
    }
}
