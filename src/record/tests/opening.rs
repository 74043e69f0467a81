//! Legal and illegal records of a peer (RFC 9846 §5).

use super::*;
use crate::limits::*;
use Opened::{ApplicationData, Dropped, Handshake};
use proptest::prelude::*;

// ---- which record may stand where ----

#[test]
fn handshake_is_unprotected_before_the_key_and_protected_after() {
    assert_eq!(open_plain(&plain(HANDSHAKE, b"x"), IN_HANDSHAKE), Ok(vec![Handshake]));
    assert_eq!(open_plain(&plain(DATA, &[0; 40]), IN_HANDSHAKE), Err(unexpected(DATA)));
    assert_eq!(open_with_key(&plain(HANDSHAKE, b"x"), IN_HANDSHAKE), Err(unexpected(HANDSHAKE)));
    assert_eq!(open_with_key(&plain(ALERT, &[2, 40]), IN_HANDSHAKE), Err(unexpected(ALERT)));
    let record = protected(&key(SUITE, 1), 0, HANDSHAKE, b"x");
    assert_eq!(open_with_key(&record, IN_HANDSHAKE), Ok(vec![Handshake]));
}

#[test]
fn the_type_is_judged_from_the_first_byte() {
    for content in 0..=255 {
        let result = open_plain(&[content], IN_HANDSHAKE);
        let expected = match ContentType(content) {
            HANDSHAKE | ALERT | CCS => Ok(vec![]),
            DATA => Err(unexpected(DATA)),
            _ => Err(ErrorKind::NotTls),
        };
        assert_eq!(result, expected, "{content}");
    }
}

#[test]
fn http_fails_at_once_but_only_the_first_bytes_are_called_not_tls() {
    assert_eq!(open_plain(b"GET / HTTP/1.1\r\n", IN_HANDSHAKE), Err(ErrorKind::NotTls));
    let later = [plain(HANDSHAKE, b"x"), b"GET".to_vec()].concat();
    assert_eq!(open_plain(&later, IN_HANDSHAKE), Err(unexpected(ContentType(b'G'))));
}

#[test]
fn legacy_record_version_is_ignored() {
    for version in [[0, 0], [3, 0], [3, 1], [3, 4], [0x12, 0x34], [255, 255]] {
        let mut record = plain(HANDSHAKE, b"x");
        record[1..3].copy_from_slice(&version);
        assert_eq!(open_plain(&record, IN_HANDSHAKE), Ok(vec![Handshake]));
    }
}

#[test]
fn the_inner_type_is_judged_too() {
    let key1 = key(SUITE, 1);
    for content in 1..=255 {
        let record = protected(&key1, 0, ContentType(content), &[1, 0]);
        let in_session = open_with_key(&record, SESSION);
        let in_handshake = open_with_key(&record, IN_HANDSHAKE);
        match ContentType(content) {
            HANDSHAKE => assert_eq!((in_session, in_handshake), (Ok(vec![Handshake]), Ok(vec![Handshake]))),
            DATA => {
                assert_eq!(
                    (in_session, in_handshake),
                    (Ok(vec![ApplicationData]), Err(ErrorKind::EarlyApplicationData))
                )
            }
            ALERT => {
                let close = Ok(vec![Opened::Alert(AlertDescription::CLOSE_NOTIFY)]);
                assert_eq!((in_session, in_handshake), (close.clone(), close));
            }
            CCS => assert_eq!(in_handshake, Err(ErrorKind::UnexpectedChangeCipherSpec)),
            content => assert_eq!(in_session, Err(unexpected(content))),
        }
    }
}

#[test]
fn empty_application_data_before_the_end_of_the_handshake_is_refused_as_well() {
    let record = protected(&key(SUITE, 1), 0, DATA, b"");
    assert_eq!(open_with_key(&record, IN_HANDSHAKE), Err(ErrorKind::EarlyApplicationData));
}

// ---- fragments of a message stay together ----

#[test]
fn no_other_record_stands_between_the_fragments_of_a_message() {
    let half = &message(11, 100)[..50];
    let alert = [1, 0];
    for other in [plain(ALERT, &alert), plain(CCS, &[1]), plain(DATA, &[0; 40])] {
        let bytes = [plain(HANDSHAKE, half), other].concat();
        assert_eq!(open_plain(&bytes, IN_HANDSHAKE), Err(ErrorKind::InterleavedRecord));
    }
    let key1 = key(SUITE, 1);
    let first = protected(&key1, 0, HANDSHAKE, half);
    for (content, fragment) in [(ALERT, &alert[..]), (DATA, b"data"), (DATA, b"")] {
        let bytes = [first.clone(), protected(&key1, 1, content, fragment)].concat();
        assert_eq!(open_with_key(&bytes, SESSION), Err(ErrorKind::InterleavedRecord));
    }
    let bytes = [first, plain(CCS, &[1])].concat();
    assert_eq!(open_with_key(&bytes, IN_HANDSHAKE), Err(ErrorKind::InterleavedRecord));
}

#[test]
fn nor_between_the_pieces_of_a_message_that_is_never_held_as_a_whole() {
    let key1 = key(SUITE, 1);
    let mut rx =
        inbox(&[protected(&key1, 0, HANDSHAKE, &message(4, 100)[..50]), protected(&key1, 1, DATA, b"data")].concat());
    let mut protection = with_key(key1);
    let mut rx = rx.view();
    assert_eq!(protection.open(&mut rx, SESSION), Ok(Some(Handshake)));
    rx.read_in_pieces();
    assert_eq!(rx.next_piece().map(|(piece, rest)| (piece.len(), rest)), Some((50, 54)));
    assert_eq!(protection.open(&mut rx, SESSION), Err(ErrorKind::InterleavedRecord));
}

// ---- the read key (R8) ----

#[test]
fn the_read_key_is_not_replaced_while_anything_is_unread() {
    let whole = message(20, 32);
    for extra in [&b""[..], b"\x04", &message(4, 10)] {
        let mut rx = inbox(&plain(HANDSHAKE, &[&whole, extra].concat()));
        let mut protection = ReadProtection::new();
        let mut rx = rx.view();
        protection.open(&mut rx, IN_HANDSHAKE).unwrap();
        assert_eq!(protection.replace_key(&rx, key(SUITE, 1)), Err(ErrorKind::DataAcrossKeyChange), "not yet read");
        assert!(!protection.is_protected());
        let finished = rx.next_message(1000).unwrap().unwrap();
        rx.read(&finished);
        let replaced = protection.replace_key(&rx, key(SUITE, 1));
        assert_eq!(replaced, if extra.is_empty() { Ok(()) } else { Err(ErrorKind::DataAcrossKeyChange) });
        assert_eq!(protection.is_protected(), extra.is_empty());
    }
}

#[test]
fn the_read_key_is_not_replaced_amid_a_message_that_is_read_in_pieces() {
    let mut rx = inbox(&plain(HANDSHAKE, &message(4, 100)[..50]));
    let mut protection = ReadProtection::new();
    let mut rx = rx.view();
    protection.open(&mut rx, IN_HANDSHAKE).unwrap();
    rx.read_in_pieces();
    rx.next_piece().unwrap();
    assert_eq!(protection.replace_key(&rx, key(SUITE, 1)), Err(ErrorKind::DataAcrossKeyChange));
}

#[test]
fn retained_messages_and_unopened_records_do_not_hinder_a_key_change() {
    let record = protected(&key(SUITE, 1), 0, HANDSHAKE, b"next");
    let mut rx = inbox(&[plain(HANDSHAKE, &message(2, 10)), record].concat());
    let mut protection = ReadProtection::new();
    let mut rx = rx.view();
    protection.open(&mut rx, IN_HANDSHAKE).unwrap();
    let hello = rx.next_message(1000).unwrap().unwrap();
    rx.read(&hello);
    protection.replace_key(&rx, key(SUITE, 1)).unwrap();
    assert_eq!(protection.open(&mut rx, IN_HANDSHAKE), Ok(Some(Handshake)));
    assert_eq!(rx.flight().get(hello.range), Some(&message(2, 10)[..]));
}

#[test]
fn each_key_counts_its_records_from_zero() {
    let (first, second) = (key(SUITE, 1), key(SUITE, 2));
    let bytes = [protected(&first, 0, DATA, b"a"), protected(&first, 1, DATA, b"b")].concat();
    let mut protection = with_key(first);
    assert_eq!(open_all(&mut protection, &bytes, SESSION), Ok(vec![ApplicationData; 2]));
    let bytes = protected(&second, 0, DATA, b"c");
    protection.replace_key(&Inbox::new([]).view(), second).unwrap();
    assert_eq!(open_all(&mut protection, &bytes, SESSION), Ok(vec![ApplicationData]));
}

// ---- records that do not open ----

#[test]
fn a_bit_flipped_anywhere_is_found_in_each_suite() {
    for suite in Suite::ALL {
        let record = protected(&key(suite, 1), 0, DATA, b"twenty-three bytes long");
        for bit in 8 * 5..8 * record.len() {
            let mut record = record.clone();
            record[bit / 8] ^= 1 << (bit % 8);
            let result = open_all(&mut with_key(key(suite, 1)), &record, SESSION);
            assert_eq!(result, Err(ErrorKind::BadRecordMac), "{suite:?}, bit {bit}");
        }
        // The header is authenticated, even the version, which is otherwise ignored.
        for bit in 8..24 {
            let mut record = record.clone();
            record[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open_all(&mut with_key(key(suite, 1)), &record, SESSION), Err(ErrorKind::BadRecordMac));
        }
    }
}

#[test]
fn a_record_shorter_than_its_tag_does_not_open() {
    for len in 0..16 {
        assert_eq!(open_with_key(&plain(DATA, &vec![0; len]), SESSION), Err(ErrorKind::BadRecordMac), "{len}");
    }
}

#[test]
fn records_repeated_or_out_of_order_do_not_open() {
    let key1 = key(SUITE, 1);
    let (a, b) = (protected(&key1, 0, DATA, b"a"), protected(&key1, 1, DATA, b"b"));
    assert_eq!(open_with_key(&[a.clone(), a.clone()].concat(), SESSION), Err(ErrorKind::BadRecordMac));
    assert_eq!(open_with_key(&[b, a].concat(), SESSION), Err(ErrorKind::BadRecordMac));
}

// ---- lengths ----

#[test]
fn exactly_the_longest_plain_record_is_accepted_and_one_more_refused_from_its_header() {
    assert_eq!(open_plain(&plain(HANDSHAKE, &[0; 1 << 14]), IN_HANDSHAKE), Ok(vec![Handshake]));
    assert_eq!(
        open_plain(&[22, 3, 3, 0x40, 0x01], IN_HANDSHAKE),
        Err(ErrorKind::RecordOverflow { length: 0x4001, limit: 0x4000 })
    );
}

#[test]
fn exactly_the_longest_inner_plaintext_is_accepted_with_and_without_padding() {
    for suite in Suite::ALL {
        let key1 = key(suite, 1);
        for (content, padding, fits) in [
            (1 << 14, 0, true),
            (1 << 14, 1, false),
            ((1 << 14) + 1, 0, false),
            (100, 16_284, true),
            (100, 16_285, false),
            (0, 16_384, true),
        ] {
            let inner = [vec![7; content], vec![23], vec![0; padding]].concat();
            let result = open_all(&mut with_key(key(suite, 1)), &protected_inner(&key1, 0, &inner), SESSION);
            let length = inner.len() as u16;
            let too_long = ErrorKind::RecordOverflow { length, limit: 16_385 };
            let expected = if fits { Ok(vec![ApplicationData]) } else { Err(too_long) };
            assert_eq!(result, expected, "{suite:?}: {content} + 1 + {padding}");
        }
    }
}

#[test]
fn a_header_beyond_the_longest_ciphertext_is_refused_before_the_body_comes() {
    assert_eq!(open_with_key(&[23, 3, 3, 0x41, 0x00], SESSION), Ok(vec![]));
    let too_long = ErrorKind::RecordOverflow { length: 0x4101, limit: 0x4100 };
    assert_eq!(open_with_key(&[23, 3, 3, 0x41, 0x01], SESSION), Err(too_long));
}

#[test]
fn our_record_size_limit_counts_content_type_and_padding() {
    let key1 = key(SUITE, 1);
    let limited = || {
        let mut protection = with_key(key(SUITE, 1));
        protection.set_record_size_limit(64);
        protection
    };
    for (content, padding, fits) in [(63, 0, true), (10, 53, true), (64, 0, false), (10, 54, false)] {
        let record = protected_inner(&key1, 0, &[vec![7; content], vec![22], vec![0; padding]].concat());
        let too_long = ErrorKind::RecordOverflow { length: 64 + 17, limit: 64 + 16 }; // with the tag, from the header
        let expected = if fits { Ok(vec![Handshake]) } else { Err(too_long) };
        assert_eq!(open_all(&mut limited(), &record, IN_HANDSHAKE), expected);
    }
    assert_eq!(open_all(&mut limited(), &[23, 3, 3, 0, 80], SESSION), Ok(vec![]));
    assert_eq!(
        open_all(&mut limited(), &[23, 3, 3, 0, 81], SESSION),
        Err(ErrorKind::RecordOverflow { length: 81, limit: 80 }),
        "from the header"
    );
}

#[test]
fn our_record_size_limit_does_not_bind_unprotected_records() {
    let mut protection = ReadProtection::new();
    protection.set_record_size_limit(64);
    assert_eq!(open_all(&mut protection, &plain(HANDSHAKE, &[0; 1000]), IN_HANDSHAKE), Ok(vec![Handshake]));
}

// ---- nothing inside ----

#[test]
fn nothing_but_padding_is_refused() {
    for len in [0, 1, 2, 100] {
        let record = protected_inner(&key(SUITE, 1), 0, &vec![0; len]);
        assert_eq!(open_with_key(&record, SESSION), Err(ErrorKind::NoContentType));
    }
}

#[test]
fn empty_handshake_and_alert_fragments_are_refused() {
    let key1 = key(SUITE, 1);
    for content in [HANDSHAKE, ALERT] {
        assert_eq!(open_plain(&plain(content, b""), IN_HANDSHAKE), Err(ErrorKind::EmptyFragment));
        for padding in [0, 5] {
            let inner = [vec![content.0], vec![0; padding]].concat();
            assert_eq!(open_with_key(&protected_inner(&key1, 0, &inner), SESSION), Err(ErrorKind::EmptyFragment));
        }
    }
}

#[test]
fn empty_records_are_tolerated_in_limits_and_counted_in_a_row() {
    let key1 = key(SUITE, 1);
    let limit = usize::from(MAX_EMPTY_RECORDS);
    let run = |contents: &[&[u8]]| {
        let records = contents.iter().zip(0..).map(|(content, n)| protected(&key1, n, DATA, content));
        open_with_key(&records.collect::<Vec<_>>().concat(), SESSION)
    };
    let mut contents = vec![&b""[..]; limit];
    assert!(run(&contents).is_ok());
    contents.push(b"");
    assert_eq!(run(&contents), Err(ErrorKind::TooManyEmptyRecords));
    contents[limit] = b"x";
    contents.extend(vec![&b""[..]; limit]);
    assert!(run(&contents).is_ok(), "data between");
    contents.push(b"");
    assert_eq!(run(&contents), Err(ErrorKind::TooManyEmptyRecords));
}

// ---- change_cipher_spec ----

#[test]
fn change_cipher_spec_is_dropped_where_it_may_stand() {
    let record = plain(CCS, &[1]);
    assert_eq!(open_plain(&record, IN_HANDSHAKE), Ok(vec![Dropped]));
    assert_eq!(open_with_key(&record, IN_HANDSHAKE), Ok(vec![Dropped]));
    assert_eq!(open_plain(&record, Expect::default()), Err(ErrorKind::UnexpectedChangeCipherSpec));
    assert_eq!(open_with_key(&record, SESSION), Err(ErrorKind::UnexpectedChangeCipherSpec));
}

#[test]
fn change_cipher_spec_is_exactly_one_byte_1() {
    for fragment in [&b""[..], &[0], &[2], &[1, 1]] {
        assert_eq!(open_plain(&plain(CCS, fragment), IN_HANDSHAKE), Err(ErrorKind::UnexpectedChangeCipherSpec));
    }
}

#[test]
fn a_length_that_no_such_record_has_is_refused_from_the_header() {
    let alone = |content: ContentType, length: u8| {
        open_plain(&[content.0, 3, 3, 0, length], IN_HANDSHAKE).map(|opened| assert_eq!(opened, [], "nothing yet"))
    };
    for length in 0..=255 {
        let ccs = if length == 1 { Ok(()) } else { Err(ErrorKind::UnexpectedChangeCipherSpec) };
        let alert = match length {
            2 => Ok(()),
            0 => Err(ErrorKind::EmptyFragment),
            _ => Err(ErrorKind::MalformedAlert),
        };
        let handshake = if length == 0 { Err(ErrorKind::EmptyFragment) } else { Ok(()) };
        assert_eq!((alone(CCS, length), alone(ALERT, length), alone(HANDSHAKE, length)), (ccs, alert, handshake));
    }
}

#[test]
fn change_cipher_specs_are_counted_in_all() {
    let mut protection = ReadProtection::new();
    let many = plain(CCS, &[1]).repeat(usize::from(MAX_CHANGE_CIPHER_SPECS));
    assert!(open_all(&mut protection, &many, IN_HANDSHAKE).is_ok());
    assert!(open_all(&mut protection, &plain(HANDSHAKE, b"x"), IN_HANDSHAKE).is_ok());
    let last = open_all(&mut protection, &plain(CCS, &[1]), IN_HANDSHAKE);
    assert_eq!(last, Err(ErrorKind::TooManyChangeCipherSpecs));
}

// ---- alerts ----

#[test]
fn an_alert_is_two_bytes_in_one_record_and_its_level_is_ignored() {
    let key1 = key(SUITE, 1);
    for level in [0, 1, 2, 255] {
        let expected = Ok(vec![Opened::Alert(AlertDescription::HANDSHAKE_FAILURE)]);
        assert_eq!(open_plain(&plain(ALERT, &[level, 40]), IN_HANDSHAKE), expected);
        assert_eq!(open_with_key(&protected(&key1, 0, ALERT, &[level, 40]), IN_HANDSHAKE), expected);
    }
    for alert in [&[2][..], &[2, 40, 2], &[1, 0, 1, 0]] {
        assert_eq!(open_plain(&plain(ALERT, alert), IN_HANDSHAKE), Err(ErrorKind::MalformedAlert));
        assert_eq!(open_with_key(&protected(&key1, 0, ALERT, alert), IN_HANDSHAKE), Err(ErrorKind::MalformedAlert));
    }
}

#[test]
fn user_canceled_is_tolerated_in_limits() {
    let warnings = usize::from(MAX_WARNINGS);
    let warning = plain(ALERT, &[1, 90]);
    assert!(open_plain(&warning.repeat(warnings), IN_HANDSHAKE).is_ok());
    assert_eq!(open_plain(&warning.repeat(warnings + 1), IN_HANDSHAKE), Err(ErrorKind::TooManyWarnings));
}

#[test]
fn a_client_may_refuse_our_server_hello_without_protection_until_its_first_record_opens() {
    let server = Expect { plaintext_alert: true, ..IN_HANDSHAKE };
    let refusal = plain(ALERT, &[2, 47]);
    let told = Err(ErrorKind::UnauthenticatedAlert { alert: AlertDescription::ILLEGAL_PARAMETER });
    assert_eq!(open_with_key(&refusal, server), told);
    assert_eq!(open_with_key(&[plain(CCS, &[1]), refusal.clone()].concat(), server), told);
    // Not for a client, not a closure alert, not malformed, and not once the client has used its keys.
    assert_eq!(open_with_key(&refusal, IN_HANDSHAKE), Err(unexpected(ALERT)));
    for warning in [0, 90] {
        assert_eq!(open_with_key(&plain(ALERT, &[1, warning]), server), Err(unexpected(ALERT)));
    }
    assert_eq!(open_with_key(&plain(ALERT, &[2]), server), Err(ErrorKind::MalformedAlert));
    let after = [protected(&key(SUITE, 1), 0, HANDSHAKE, &message(11, 0)), refusal.clone()].concat();
    assert_eq!(open_with_key(&after, server), Err(unexpected(ALERT)));
    // Not even under the next key.
    let mut protection = with_key(key(SUITE, 1));
    open_all(&mut protection, &protected(&key(SUITE, 1), 0, HANDSHAKE, b"x"), server).unwrap();
    protection.replace_key(&Inbox::new([]).view(), key(SUITE, 2)).unwrap();
    assert_eq!(open_all(&mut protection, &refusal, server), Err(unexpected(ALERT)));
}

// ---- whatever comes ----

proptest! {
    #[test]
    fn garbage_never_panics(bytes: Vec<u8>, with: bool, session: bool, skip in 0..3u8, alert: bool) {
        let mut protection = if with { with_key(key(SUITE, 1)) } else { ReadProtection::new() };
        let early_data = [EarlyData::None, EarlyData::Unopened, EarlyData::Protected][usize::from(skip)];
        let expect = Expect {
            change_cipher_spec: !session, application_data: session, plaintext_alert: alert, early_data
        };
        let result = open_all(&mut protection, &bytes, expect);
        prop_assert!(result != Err(ErrorKind::Bug));
    }

    #[test]
    fn an_error_does_not_depend_on_how_the_bytes_are_chunked(
        contents in proptest::collection::vec((20..25u8, 0..20usize, 0..3usize), 1..6), chunk in 1..50usize,
    ) {
        let key1 = key(SUITE, 1);
        let records = contents.iter().zip(0..).map(|(&(typ, len, padding), n)| {
            protected_inner(&key1, n, &[vec![1; len], vec![typ], vec![0; padding]].concat())
        });
        let bytes = records.collect::<Vec<_>>().concat();
        let at_once = open_all(&mut with_key(key(SUITE, 1)), &bytes, SESSION);

        let mut protection = with_key(key(SUITE, 1));
        let mut rx = inbox(b"");
        let mut opened = Vec::new();
        let mut in_chunks = Ok(());
        'all: for chunk in bytes.chunks(chunk) {
            receive(&mut rx, chunk);
            loop {
                match protection.open(&mut rx.view(), SESSION) {
                    Ok(Some(what)) => opened.push(what),
                    Ok(None) => break,
                    Err(kind) => { in_chunks = Err(kind); break 'all }
                }
                rx.consume(usize::MAX);
            }
        }
        prop_assert_eq!(in_chunks.map(|()| opened), at_once);
    }
}
