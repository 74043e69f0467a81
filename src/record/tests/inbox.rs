//! The contents of an inbox, and the memory that they need.

use super::*;
use crate::memory::Memory;
use crate::record::inbox::MessageAt;
use proptest::prelude::*;

const SUITE: Suite = Suite::ChaCha20Poly1305Sha256;
const LIMIT: usize = 32_768;

/// Opens what has come, and returns copies of the next `count` messages. All are retained.
fn read_messages<B: Memory>(
    rx: &mut Inbox<B>,
    protection: &mut ReadProtection,
    bytes: &[u8],
    count: usize,
) -> Result<Vec<MessageAt>, ErrorKind> {
    let mut sent = 0;
    let mut messages = Vec::new();
    while messages.len() < count {
        let mut view = rx.view();
        if let Some(message) = view.next_message(LIMIT)? {
            view.read(&message);
            messages.push(message);
        } else if protection.open(&mut view, IN_HANDSHAKE)?.is_none() {
            protection.want_more(&view)?;
            assert!(!rx.space().is_empty(), "Read is never wanted without space (R3)");
            let n = receive(rx, &bytes[sent..]);
            assert!(n > 0, "more was wanted than there is");
            sent += n;
        }
    }
    Ok(messages)
}

/// These messages in records of `fragment` bytes.
fn in_records(key: &TrafficKey, messages: &[Vec<u8>], fragment: usize) -> Vec<u8> {
    let flight = messages.concat();
    let records = flight.chunks(fragment).zip(0..).map(|(part, n)| protected(key, n, HANDSHAKE, part));
    records.collect::<Vec<_>>().concat()
}

#[test]
fn a_new_inbox_is_empty_and_all_space() {
    let mut rx = Inbox::new([0; 100]);
    assert!(rx.is_empty());
    assert_eq!((rx.capacity(), rx.space().len(), rx.data().len()), (100, 100, 0));
    assert!(rx.into_memory().is_ok());
}

#[test]
fn messages_come_out_of_one_byte_records_and_of_one_record_alike() {
    let messages = [message(8, 2), message(13, 40), message(11, 0), message(20, 32)];
    for fragment in [1, 2, 3, 7, 40, 90, 1000] {
        let key1 = key(SUITE, 1);
        let bytes = in_records(&key1, &messages, fragment);
        let mut rx = inbox(b"");
        let found = read_messages(&mut rx, &mut with_key(key1), &bytes, 4).unwrap();
        for (at, message) in found.iter().zip(&messages) {
            assert_eq!(at.typ.0, message[0]);
            assert_eq!(rx.flight().get(at.range.clone()), Some(&message[..]));
        }
    }
}

#[test]
fn a_message_too_long_is_refused_from_its_header() {
    let mut rx = inbox(&plain(HANDSHAKE, &[11, 0, 1, 1]));
    let mut view = rx.view();
    ReadProtection::new().open(&mut view, IN_HANDSHAKE).unwrap();
    assert_eq!(view.next_message(0x101), Ok(None));
    let too_long = ErrorKind::MessageTooLong { message: HandshakeType::CERTIFICATE, length: 0x101, limit: 0x100 };
    assert_eq!(view.next_message(0x100), Err(too_long));
}

#[test]
fn positions_survive_compaction_and_moving_until_released() {
    let messages = [message(8, 100), message(11, 200), message(20, 32)];
    let key1 = key(SUITE, 1);
    let bytes = in_records(&key1, &messages, 30);
    let mut rx = Inbox::new(vec![0; 400]);
    let found = read_messages(&mut rx, &mut with_key(key1), &bytes, 3).unwrap();
    let mut rx = rx.move_into([0; 344]).unwrap();
    rx.view().compact();
    for (at, message) in found.iter().zip(&messages) {
        assert_eq!(rx.flight().get(at.range.clone()), Some(&message[..]));
    }
    rx.view().release_all();
    assert!(rx.is_empty());
    assert!(found.iter().all(|at| rx.flight().get(at.range.clone()).is_none()));
}

#[test]
fn what_is_unread_cannot_be_released() {
    let mut rx = inbox(&plain(HANDSHAKE, &message(11, 20)));
    let mut view = rx.view();
    ReadProtection::new().open(&mut view, IN_HANDSHAKE).unwrap();
    let at = view.next_message(LIMIT).unwrap().unwrap();
    view.release_all();
    assert_eq!(view.flight().get(at.range.clone()), Some(&message(11, 20)[..]));
    assert_eq!(view.next_message(LIMIT), Ok(Some(at)));
}

// ---- memory (R3) ----

#[test]
fn a_flight_fits_memory_of_its_length_and_22_bytes_and_no_less() {
    let messages = [message(8, 2), message(13, 40), message(11, 500), message(15, 70), message(20, 32)];
    let flight: usize = messages.iter().map(Vec::len).sum();
    for fragment in [1, 10, 100, flight - 1, flight] {
        let bytes = in_records(&key(SUITE, 1), &messages, fragment);
        for capacity in 0..flight + 22 {
            let mut rx = Inbox::new(vec![0; capacity]);
            let result = read_messages(&mut rx, &mut with_key(key(SUITE, 1)), &bytes, 5);
            let Err(ErrorKind::InboxTooSmall { needed }) = result else { panic!("{capacity}: {result:?}") };
            assert!(needed > capacity && needed <= flight + 22);
        }
        let mut rx = Inbox::new(vec![0; flight + 22]);
        assert!(read_messages(&mut rx, &mut with_key(key(SUITE, 1)), &bytes, 5).is_ok());
    }
}

#[test]
fn too_little_memory_is_found_before_it_is_full_and_nothing_is_lost() {
    let messages = [message(11, 3000)];
    let bytes = in_records(&key(SUITE, 1), &messages, 100);
    let mut protection = with_key(key(SUITE, 1));
    let mut rx = Inbox::new(vec![0; 1000]);
    let first = receive(&mut rx, &bytes[..122]);
    let mut view = rx.view();
    assert_eq!(view.next_message(LIMIT), Ok(None));
    assert_eq!(protection.open(&mut view, IN_HANDSHAKE), Ok(Some(Opened::Handshake)));
    assert_eq!(protection.want_more(&view), Err(ErrorKind::InboxTooSmall { needed: 3004 + 22 }));
    assert_eq!(protection.want_more(&view), Err(ErrorKind::InboxTooSmall { needed: 3004 + 22 }), "not sticky");
    let mut rx = rx.move_into(vec![0; 3004 + 22]).unwrap();
    let found = read_messages(&mut rx, &mut protection, &bytes[first..], 1).unwrap();
    assert_eq!(rx.flight().get(found[0].range.clone()), Some(&messages[0][..]));
}

#[test]
fn a_record_that_does_not_fit_is_found_from_its_header() {
    let mut rx = Inbox::new([0; 100]);
    receive(&mut rx, &[23, 3, 3, 0, 96]);
    let protection = with_key(key(SUITE, 1));
    assert_eq!(protection.want_more(&rx.view()), Err(ErrorKind::InboxTooSmall { needed: 101 }));
    let rx = &mut rx.move_into([0; 101]).unwrap();
    assert_eq!(protection.want_more(&rx.view()), Ok(()));
    assert_eq!(rx.space().len(), 96);
}

#[test]
fn a_message_whose_header_has_not_all_come_needs_room_for_it() {
    let mut rx = Inbox::new([0; 25]);
    let mut protection = with_key(key(SUITE, 1));
    receive(&mut rx, &protected(&key(SUITE, 1), 0, HANDSHAKE, &[11, 0, 0]));
    assert_eq!(protection.open(&mut rx.view(), IN_HANDSHAKE), Ok(Some(Opened::Handshake)));
    assert_eq!(protection.want_more(&rx.view()), Err(ErrorKind::InboxTooSmall { needed: 26 }));
    let mut rx = rx.move_into([0; 26]).unwrap();
    assert_eq!(protection.want_more(&rx.view()), Ok(()));
}

#[test]
fn without_any_memory_the_caller_is_told() {
    let mut rx = Inbox::new([]);
    let needed = |result| matches!(result, Err(ErrorKind::InboxTooSmall { needed: 5 }));
    assert!(needed(ReadProtection::new().want_more(&rx.view())));
    assert!(rx.space().is_empty());
}

#[test]
fn what_does_not_fit_the_new_memory_stays() {
    let rx = inbox(&[22; 50]);
    let Err((rx, memory)) = rx.move_into([0; 49]) else { panic!("50 bytes do not fit 49") };
    assert_eq!(memory.len(), 49);
    let Err(rx) = rx.into_memory() else { panic!("not empty") };
    let mut rx = rx.move_into([0; 50]).unwrap();
    assert_eq!(rx.view().ciphertext(), [22; 50]);
}

// ---- the transport's end ----

#[test]
fn filled_with_zero_is_the_end_unless_there_was_no_space() {
    let mut rx = Inbox::new([0; 4]);
    rx.filled(4);
    rx.filled(0);
    assert!(!rx.view().eof());
    rx.view().discard_ciphertext();
    assert_eq!(rx.space().len(), 4);
    rx.filled(0);
    assert!(rx.view().eof());
    let mut rx = rx.move_into([0; 8]).unwrap();
    assert!(rx.view().eof(), "remembered");
}

#[test]
fn more_than_the_space_counts_as_all_of_it() {
    let mut rx = Inbox::new([0; 4]);
    rx.filled(1);
    rx.filled(usize::MAX);
    assert_eq!(rx.view().ciphertext().len(), 4);
    assert!(rx.space().is_empty());
}

// ---- application data ----

#[test]
fn application_data_is_read_in_place_and_in_part() {
    let key1 = key(SUITE, 1);
    let bytes = [protected(&key1, 0, DATA, b"hello"), protected(&key1, 1, DATA, b"world")].concat();
    let mut rx = inbox(&bytes);
    let mut protection = with_key(key1);
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(Some(Opened::ApplicationData)));
    assert_eq!(rx.data(), b"hello");
    rx.consume(2);
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(Some(Opened::ApplicationData)));
    assert_eq!(rx.data(), b"llo", "the next record waits");
    assert!(rx.view().has_unread());
    rx.consume(100);
    assert_eq!(rx.data(), b"");
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(Some(Opened::ApplicationData)));
    assert_eq!(rx.data(), b"world");
    rx.consume(5);
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(None));
    assert!(rx.is_empty());
}

#[test]
fn handshake_bytes_are_no_application_data() {
    let mut rx = inbox(&plain(HANDSHAKE, &message(11, 20)));
    ReadProtection::new().open(&mut rx.view(), IN_HANDSHAKE).unwrap();
    assert_eq!(rx.data(), b"");
    rx.consume(24);
    assert!(rx.view().next_message(LIMIT).unwrap().is_some());
}

#[test]
fn application_data_is_no_handshake_message() {
    let mut rx = inbox(&protected(&key(SUITE, 1), 0, DATA, &message(24, 1)));
    with_key(key(SUITE, 1)).open(&mut rx.view(), SESSION).unwrap();
    assert_eq!(rx.view().next_message(LIMIT), Ok(None));
    assert_eq!(rx.flight().get(0..5), None);
    assert_eq!(rx.data(), message(24, 1));
}

#[test]
fn application_data_ends_the_retention_of_the_handshake() {
    let key1 = key(SUITE, 1);
    let bytes = [protected(&key1, 0, HANDSHAKE, &message(4, 9)), protected(&key1, 1, DATA, b"data")].concat();
    let mut rx = inbox(&bytes);
    let mut protection = with_key(key1);
    protection.open(&mut rx.view(), SESSION).unwrap();
    let ticket = rx.view().next_message(LIMIT).unwrap().unwrap();
    rx.view().read(&ticket);
    assert!(rx.flight().get(ticket.range.clone()).is_some());
    protection.open(&mut rx.view(), SESSION).unwrap();
    assert_eq!(rx.flight().get(ticket.range), None);
    assert_eq!(rx.data(), b"data");
}

#[test]
fn a_session_needs_memory_for_one_record_only() {
    let key1 = key(SUITE, 1);
    let longest = vec![7; 1 << 14];
    let bytes: Vec<u8> = (0..5).flat_map(|n| protected(&key1, n, DATA, &longest)).collect();
    let mut rx = Inbox::new(vec![0; 5 + (1 << 14) + 17]);
    let mut protection = with_key(key1);
    let (mut sent, mut records) = (0, 0);
    while records < 5 {
        match protection.open(&mut rx.view(), SESSION).unwrap() {
            Some(_) => {
                assert!(rx.data() == longest);
                rx.consume(usize::MAX);
                records += 1;
            }
            None => {
                protection.want_more(&rx.view()).unwrap();
                sent += receive(&mut rx, &bytes[sent..]);
            }
        }
    }
}

// ---- messages larger than the memory ----

#[test]
fn a_ticket_larger_than_the_memory_is_read_in_pieces() {
    let key1 = key(SUITE, 1);
    let messages = [message(4, 5000), message(24, 1)];
    let bytes = in_records(&key1, &messages, 100);
    let mut rx = Inbox::new([0; 122]);
    let mut protection = with_key(key1);
    let (mut sent, mut pieces) = (0, Vec::new());
    let update = loop {
        let mut view = rx.view();
        if let Some((piece, rest)) = view.next_piece() {
            pieces.extend_from_slice(piece);
            assert_eq!(pieces.len() + rest, 5004);
        } else if let Some((HandshakeType::NEW_SESSION_TICKET, _)) = view.message_header() {
            view.read_in_pieces();
            assert!(view.in_pieces());
        } else if let Some(message) = view.next_message(LIMIT).unwrap() {
            break message;
        } else if protection.open(&mut view, SESSION).unwrap().is_none() {
            protection.want_more(&view).unwrap();
            sent += receive(&mut rx, &bytes[sent..]);
        }
    };
    assert_eq!(pieces, messages[0]);
    assert_eq!(update.range, 5004..5009, "positions count the pieces");
    assert!(!rx.view().in_pieces());
}

#[test]
fn an_inbox_amid_a_message_in_pieces_is_not_empty() {
    let mut rx = inbox(&plain(HANDSHAKE, &message(4, 100)[..50]));
    ReadProtection::new().open(&mut rx.view(), IN_HANDSHAKE).unwrap();
    rx.view().read_in_pieces();
    rx.view().next_piece().unwrap();
    assert_eq!(rx.flight().get(0..1), None);
    assert!(!rx.is_empty());
}

// ---- what came before, and whose inbox it is ----

#[test]
fn the_mark_tells_records_of_which_a_byte_was_there_from_later_ones() {
    let key1 = key(SUITE, 1);
    let records: Vec<Vec<u8>> = (0..3).map(|n| protected(&key1, n, DATA, b"data")).collect();
    let bytes = records.concat();
    let len = records[0].len();
    for before in 0..=2 * len {
        let mut rx = inbox(&bytes[..before]);
        let mut protection = with_key(key(SUITE, 1));
        rx.view().mark();
        receive(&mut rx, &bytes[before..]);
        for n in 0..3 {
            rx.view().compact();
            assert_eq!(rx.view().is_past_mark(), n * len >= before, "{before} bytes were there, record {n}");
            protection.open(&mut rx.view(), SESSION).unwrap();
            rx.consume(usize::MAX);
        }
    }
}

#[test]
fn what_follows_close_notify_is_discarded_unopened() {
    let mut rx = inbox(b"whatever came after it");
    rx.view().discard_ciphertext();
    assert!(rx.is_empty());
    // Also in the middle of a record that is being dropped.
    let mut rx = inbox(&[23, 3, 3, 1, 0]);
    let expect = Expect { early_data: EarlyData::Protected, ..IN_HANDSHAKE };
    assert_eq!(ReadProtection::new().open(&mut rx.view(), expect), Ok(Some(Opened::Dropped)));
    assert!(!rx.is_empty());
    rx.view().discard_ciphertext();
    assert!(rx.is_empty());
}

#[test]
fn an_inbox_belongs_to_the_first_connection_that_asks() {
    let mut rx = Inbox::new([0; 8]);
    assert_eq!(rx.stamp(), None);
    assert!(rx.view().belongs_to(7));
    assert!(rx.view().belongs_to(7));
    assert!(!rx.view().belongs_to(8));
    assert_eq!(rx.stamp(), Some(7));
}

// ---- any sequence of calls ----

#[derive(Clone, Debug)]
enum Call {
    Fill(usize),
    Open,
    Read,
    Release,
    Compact,
    Move(usize),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => (1..200usize).prop_map(Call::Fill),
        4 => Just(Call::Open),
        3 => Just(Call::Read),
        1 => Just(Call::Release),
        1 => Just(Call::Compact),
        1 => (0..100usize).prop_map(Call::Move),
    ]
}

proptest! {
    /// After any sequence of calls, messages come out as they were sent, and retained messages stay.
    #[test]
    fn the_stream_is_kept(
        bodies in proptest::collection::vec(0..120usize, 1..12),
        fragment in 1..150usize,
        calls in proptest::collection::vec(call(), 1..200),
    ) {
        let key1 = key(SUITE, 1);
        let messages: Vec<Vec<u8>> = bodies.iter().map(|&len| message(11, len)).collect();
        let bytes = in_records(&key1, &messages, fragment);
        let mut protection = with_key(key1);
        let mut rx = Inbox::new(vec![0; 400]);
        let (mut sent, mut next, mut retained) = (0, 0, Vec::new());
        for call in calls {
            match call {
                Call::Fill(n) => sent += receive(&mut rx, &bytes[sent..bytes.len().min(sent + n)]),
                Call::Open => { protection.open(&mut rx.view(), IN_HANDSHAKE).unwrap(); }
                Call::Read => if let Some(at) = rx.view().next_message(LIMIT).unwrap() {
                    prop_assert_eq!(rx.flight().get(at.range.clone()), Some(&messages[next][..]));
                    rx.view().read(&at);
                    retained.push((next, at));
                    next += 1;
                }
                Call::Release => {
                    rx.view().release_all();
                    for (_, at) in retained.drain(..) {
                        prop_assert_eq!(rx.flight().get(at.range), None);
                    }
                }
                Call::Compact => rx.view().compact(),
                Call::Move(n) => rx = match rx.move_into(vec![0; 350 + n]) { Ok(rx) | Err((rx, _)) => rx },
            }
            for (n, at) in &retained {
                prop_assert_eq!(rx.flight().get(at.range.clone()), Some(&messages[*n][..]));
            }
        }
    }
}

#[test]
fn debug_tells_how_much_is_held_but_not_what() {
    let mut rx = Inbox::new([0; 8]);
    receive(&mut rx, b"secret");
    assert_eq!(std::format!("{rx:?}"), "Inbox { plaintext: 0, ciphertext: 6, eof: false, .. }");
}

#[test]
fn an_empty_record_leaves_nothing_to_consume() {
    let mut rx = inbox(&protected(&key(SUITE, 1), 0, DATA, b""));
    let mut protection = with_key(key(SUITE, 1));
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(Some(Opened::ApplicationData)));
    assert!(!rx.view().has_data());
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(None));
    assert!(rx.is_empty());
}

#[test]
fn what_is_not_the_next_message_is_not_marked_as_read() {
    let mut rx = inbox(&plain(HANDSHAKE, &[message(8, 5), message(11, 5)].concat()));
    ReadProtection::new().open(&mut rx.view(), IN_HANDSHAKE).unwrap();
    let mut view = rx.view();
    let first = view.next_message(LIMIT).unwrap().unwrap();
    view.read(&first);
    view.read(&first);
    let second = view.next_message(LIMIT).unwrap().unwrap();
    assert_eq!((second.typ, second.range), (HandshakeType::CERTIFICATE, 9..18));
}
