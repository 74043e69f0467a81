//! Memory and fragmentation in the handshake.

use super::{AMPLE, Capacities, EXPECTED, IDENTITY, Side, connection, run, speech};
use crate::common::{Connection, End};
use countersign::{Blame, ErrorKind, Event, Inbox, NamedGroup, Policy, Role, State, Want};
use proptest::prelude::*;
use std::collections::VecDeque;

#[test]
fn the_reference_is_what_it_should_be() {
    for (retry, expected) in [false, true].into_iter().zip(&*EXPECTED) {
        assert_eq!(expected.heard, [speech(Role::Server), speech(Role::Client)]);
        assert_eq!(expected.transitions.each_ref().map(Vec::len), if retry { [15, 15] } else { [13, 13] });
    }
    assert_ne!(EXPECTED[0].exported, EXPECTED[1].exported);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunking_gives_the_same_connection(
        retry: bool,
        chunks in prop::collection::vec(prop_oneof![1..4usize, 1..100usize, 1..2_000usize], 1..40),
    ) {
        let (outcome, sides) = run(retry, AMPLE, &chunks);
        prop_assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
        prop_assert_eq!(sides.map(|side| side.moves), [0, 0]);
    }

    #[test]
    fn any_memory_gives_the_same_connection_after_moving_where_it_is_too_small(
        retry: bool,
        chunks in prop::collection::vec(prop_oneof![1..4usize, 1..100usize, 1..2_000usize], 1..40),
        rx in (0..1_500usize, 0..1_500usize),
        tx in (48..1_500usize, 48..1_500usize),
    ) {
        let capacities = Capacities { client_rx: rx.0, client_tx: tx.0, server_rx: rx.1, server_tx: tx.1 };
        let (outcome, _) = run(retry, capacities, &chunks);
        prop_assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
    }
}

#[test]
fn one_byte_at_a_time_is_enough() {
    for retry in [false, true] {
        let (outcome, sides) = run(retry, AMPLE, &[1]);
        assert_eq!(&outcome, &EXPECTED[usize::from(retry)]);
        assert_eq!(sides.map(|side| side.moves), [0, 0]);
    }
    // Also with real cryptography.
    let (outcome, _) = connection(Policy::new(), Policy::new(), AMPLE, &[1]);
    assert_eq!(outcome.heard, EXPECTED[0].heard);
    assert_eq!(outcome.transitions, EXPECTED[0].transitions, "real cryptography takes as many bytes");
}

/// A program may have read a preamble, and with it a part of what follows.
#[test]
fn what_was_received_before_is_read_first() {
    let mut client = End::new(Role::Client, Policy::new(), &IDENTITY);
    client.drive().unwrap();
    let hello = client.sends();
    for read in [0, 3, hello.len() - 1, hello.len()] {
        let mut memory = [&b"PROXY "[..], &hello[..read]].concat();
        let received = 6..memory.len();
        memory.resize(40_000, 0xff);
        let mut server = End::new(Role::Server, Policy::new(), &IDENTITY);
        server.rx = Inbox::from_received(memory, received);
        if read < hello.len() {
            assert_eq!(server.drive(), Ok(Want::Read));
            assert_eq!(server.gets(&hello[read..]), hello.len() - read);
        }
        server.drive().unwrap();
        assert_eq!(server.hs.state(), State::WaitCertificate, "{read}");
    }
    // What lies beyond the memory was not received.
    for range in [4..9, 9..20] {
        let rx = Inbox::from_received([22; 4], range);
        assert!(rx.is_empty());
    }
}

/// Each memory has a smallest sufficient size, found here by bisection. Every larger size works, and no smaller one.
/// With less at first, growth by `needed` never exceeds it, so `needed` is exact.
#[test]
fn each_memory_has_a_minimum_and_everything_above_it_does() {
    type Set = fn(usize) -> Capacities;
    let memories: [(&str, usize, Set); 4] = [
        ("client_rx", 0, |n| Capacities { client_rx: n, ..AMPLE }),
        ("client_tx", 0, |n| Capacities { client_tx: n, ..AMPLE }),
        ("server_rx", 1, |n| Capacities { server_rx: n, ..AMPLE }),
        ("server_tx", 1, |n| Capacities { server_tx: n, ..AMPLE }),
    ];
    for (name, side, set) in memories {
        for retry in [false, true] {
            for chunk in [1, 50, usize::MAX] {
                let moves = |capacity| {
                    let (outcome, sides) = run(retry, set(capacity), &[chunk]);
                    assert_eq!(&outcome, &EXPECTED[usize::from(retry)], "{name} {capacity}");
                    let ends = [sides[side].rx.capacity(), sides[side].tx.capacity()];
                    (sides[side].moves, if name.ends_with("rx") { ends[0] } else { ends[1] })
                };
                let (mut too_small, mut enough) = (48, 4_000);
                assert!(moves(too_small).0 > 0 && moves(enough).0 == 0);
                while enough - too_small > 1 {
                    let middle = usize::midpoint(too_small, enough);
                    if moves(middle).0 == 0 { enough = middle } else { too_small = middle }
                }
                println!("{name}: {enough} bytes, retry {retry}, chunks of {chunk}");
                for capacity in (enough..enough + 30).chain([enough + 100, enough + 1_000]) {
                    assert_eq!(moves(capacity), (0, capacity), "{name}");
                }
                for capacity in (too_small - 30..=too_small).chain([50, 100, 300]).filter(|n| *n <= too_small) {
                    let (moves, end) = moves(capacity);
                    assert!(moves > 0, "{name}: {capacity} did, though {too_small} did not");
                    assert_eq!(end, enough, "{name}: from {capacity}, it ends with what is needed");
                }
            }
        }
    }
}

/// Beyond the policy's limits the peer is to blame, even with small memory. So a peer cannot make us grow further.
#[test]
fn a_message_beyond_the_policy_is_the_peers_fault_and_judged_from_its_header() {
    for memory in [60, 500, 40_000] {
        let policy = Policy::new().groups(&[NamedGroup::X25519]).max_flight(200, 32_000);
        let mut client = Side::new(Role::Client, policy, memory, 4_000);
        let mut server = Side::new(Role::Server, Policy::new(), 4_000, 4_000);
        let (mut to_client, mut to_server) = (VecDeque::new(), VecDeque::new());
        let mut chunks = [usize::MAX].into_iter().cycle();
        client.turn(&mut chunks, &mut to_client, &mut to_server);
        server.turn(&mut chunks, &mut to_server, &mut to_client);
        let error = loop {
            match client.hs.drive(&mut client.rx, &mut client.tx) {
                Ok(Want::Read) => assert!(client.read(usize::MAX, &mut to_client)),
                Ok(want) => panic!("{want:?}"),
                Err(error) if error.is_fatal() => break error,
                Err(error) => client.grow(error.kind()),
            }
        };
        let ErrorKind::MessageTooLong { message, length, limit } = error.kind() else { panic!("{error}") };
        assert_eq!(message, countersign::HandshakeType::CERTIFICATE);
        assert!(length > limit, "{error}");
        assert_eq!(error.blame(), Blame::Peer);
        assert_eq!(error.state(), State::WaitCertificate);
    }
}

/// A size error repeats until the memory is larger, and changes nothing.
#[test]
fn a_size_error_repeats_and_poisons_nothing() {
    let mut client = Side::new(Role::Client, Policy::new(), 0, 0);
    let error = client.hs.drive(&mut client.rx, &mut client.tx).unwrap_err();
    let ErrorKind::OutboxTooSmall { needed } = error.kind() else { panic!("{error}") };
    assert!(!error.is_fatal());
    assert_eq!((error.alert(), error.blame(), error.state()), (None, Blame::Caller, State::SendClientHello));
    assert_eq!(
        error.to_string(),
        format!("the outbox needs {needed} bytes: move it to larger memory (as client, in SendClientHello)")
    );
    for _ in 0..3 {
        assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Err(error));
    }
    assert_eq!(client.hs.transitions().count(), 0);
    client.grow(error.kind());
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Write));
    client.tx.sent(usize::MAX);
    let error = client.hs.drive(&mut client.rx, &mut client.tx).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InboxTooSmall { needed: 5 }, "a record's header, for the beginning");
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Err(error));
    client.grow(error.kind());
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Read));
}

/// A session's record that does not fit: in larger memory the same call continues, and the record is complete.
#[test]
fn a_record_larger_than_the_inbox_waits_for_larger_memory() {
    let client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let server = End::new(Role::Server, Policy::new(), &IDENTITY);
    let mut connection = Connection::new(client, server);
    connection.c.write(&[5; 10_000], &mut connection.client.tx).unwrap();
    let record = connection.client.sends();
    let Connection { s, server, .. } = &mut connection;
    server.rx = Inbox::new(vec![0; 300]);
    assert_eq!(server.gets(&record), 300);
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::InboxTooSmall { needed: 10_022 }, false));
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error));
    assert!(server.tx.is_empty(), "the peer has done nothing wrong");
    let rx = std::mem::replace(&mut server.rx, Inbox::new(vec![]));
    let Ok(rx) = rx.move_into(vec![0; 10_022]) else { panic!("it fits") };
    server.rx = rx;
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Read));
    server.gets(&record[300..]);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), [5; 10_000]);
}
