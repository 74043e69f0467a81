//! The records that an outbox writes, and the memory that they need.

use super::*;
use crate::policy::Padding;
use crate::role::Role;
use proptest::prelude::*;

const SUITE: Suite = Suite::Aes256GcmSha384;
/// The reserve for two alerts.
const RESERVE: usize = 48;

fn outbox(capacity: usize) -> Outbox<Vec<u8>> {
    Outbox::new(vec![0; capacity])
}

/// A protection with this key and limit.
fn with_key(number: u8, limit: u16) -> DataProtection {
    padded(number, limit, Padding::None)
}

/// The same, padded.
fn padded(number: u8, limit: u16, padding: Padding) -> DataProtection {
    let mut protection = without_key(Role::Server, padding);
    Outbox::new([]).view().replace_key(&mut protection, key(SUITE, number)).unwrap();
    protection.set_record_size_limit(limit);
    protection
}

fn append(tx: &mut Outbox<Vec<u8>>, protection: &mut WriteProtection, message: &[u8]) -> Result<(), ErrorKind> {
    tx.view().append_handshake(protection, |w| w.bytes(message), |seen| assert_eq!(seen, message))
}

fn seal(tx: &mut Outbox<Vec<u8>>, protection: &mut WriteProtection) {
    tx.view().seal_open_record(protection).unwrap();
}

/// The records of a stream: outer type and fragment.
fn records(mut bytes: &[u8]) -> Vec<(ContentType, &[u8])> {
    let mut records = Vec::new();
    while let [content, _, _, high, low, rest @ ..] = bytes {
        let (fragment, after) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        records.push((ContentType(*content), fragment));
        bytes = after;
    }
    assert!(bytes.is_empty());
    records
}

/// The TLSInnerPlaintexts of a stream of protected records.
fn inner_plaintexts(key: &TrafficKey, mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let [_, _, _, high, low, ..] = bytes {
        let len = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let mut record = bytes[..len].to_vec();
        let (header, fragment) = record.split_at_mut(5);
        assert_eq!(&header[..3], [23, 3, 3]);
        let n = key.open_within(all.len() as u64, header, fragment, 0).unwrap();
        all.push(fragment[..n].to_vec());
        bytes = &bytes[len..];
    }
    all
}

fn needed<T>(result: Result<T, ErrorKind>) -> Option<usize> {
    match result {
        Ok(_) => None,
        Err(ErrorKind::OutboxTooSmall { needed }) => Some(needed),
        Err(kind) => panic!("{kind}"),
    }
}

// ---- handshake messages ----

#[test]
fn the_messages_of_a_flight_coalesce_in_one_record() {
    let mut tx = outbox(500);
    let mut protection = with_key(1, 16_385);
    let messages = [message(8, 10), message(13, 20), message(20, 32)];
    for message in &messages {
        append(&mut tx, &mut protection, message).unwrap();
    }
    assert!(tx.pending().is_empty() && !tx.is_empty(), "open, not sealed");
    seal(&mut tx, &mut protection);
    assert_eq!(inner_plaintexts(&key(SUITE, 1), tx.pending()), [[messages.concat(), vec![22]].concat()]);
    seal(&mut tx, &mut protection);
    assert_eq!(records(tx.pending()).len(), 1, "nothing is open: nothing is sealed");
}

#[test]
fn a_message_is_seen_in_one_piece_and_takes_as_few_records_as_can_be() {
    for limit in [64, 65, 100, 1000] {
        let mut tx = outbox(5000);
        let mut protection = with_key(1, limit);
        append(&mut tx, &mut protection, &message(8, 50)).unwrap();
        let long = message(11, 700);
        append(&mut tx, &mut protection, &long).unwrap();
        seal(&mut tx, &mut protection);
        let inner = inner_plaintexts(&key(SUITE, 1), tx.pending());
        let content: Vec<u8> = inner.iter().flat_map(|inner| &inner[..inner.len() - 1]).copied().collect();
        assert_eq!(content, [message(8, 50), long].concat());
        let (last, full) = inner.split_last().unwrap();
        assert!(full.iter().all(|inner| inner.len() == usize::from(limit)));
        assert!(last.len() <= usize::from(limit) && last.len() > 1);
    }
}

#[test]
fn unprotected_messages_are_divided_at_two_to_the_14() {
    let mut tx = outbox(40_000);
    let mut protection = WriteProtection::new(Role::Client);
    protection.set_record_size_limit(64);
    let long = message(1, 20_000);
    append(&mut tx, &mut protection, &long).unwrap();
    seal(&mut tx, &mut protection);
    let records = records(tx.pending());
    assert_eq!(
        records.iter().map(|(typ, part)| (*typ, part.len())).collect::<Vec<_>>(),
        [(HANDSHAKE, 16_384), (HANDSHAKE, 3620)]
    );
    assert_eq!([records[0].1, records[1].1].concat(), long);
}

#[test]
fn only_a_clients_first_record_says_tls_1_0() {
    for (mut protection, first) in [(WriteProtection::new(Role::Client), 1), (WriteProtection::new(Role::Server), 3)] {
        let mut tx = outbox(500);
        append(&mut tx, &mut protection, &message(1, 10)).unwrap();
        tx.view().change_cipher_spec(&mut protection).unwrap();
        append(&mut tx, &mut protection, &message(1, 10)).unwrap();
        seal(&mut tx, &mut protection);
        let expected =
            [&[22, 3, first, 0, 14][..], &message(1, 10), &[20, 3, 3, 0, 1, 1], &[22, 3, 3, 0, 14], &message(1, 10)];
        assert_eq!(tx.pending(), expected.concat());
    }
}

#[test]
fn a_key_change_seals_under_the_old_key_and_counts_from_zero() {
    let mut tx = outbox(500);
    let mut protection = without_key(Role::Server, Padding::None);
    append(&mut tx, &mut protection, &message(2, 10)).unwrap();
    tx.view().replace_key(&mut protection, key(SUITE, 1)).unwrap();
    assert_eq!(tx.pending(), plain(HANDSHAKE, &message(2, 10)));
    tx.sent(19);
    append(&mut tx, &mut protection, &message(20, 32)).unwrap();
    tx.view().replace_key(&mut protection, key(SUITE, 2)).unwrap();
    assert_eq!(tx.pending(), protected(&key(SUITE, 1), 0, HANDSHAKE, &message(20, 32)));
    tx.sent(58);
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Ok(1));
    assert_eq!(tx.pending(), protected(&key(SUITE, 2), 0, DATA, b"x"));
}

// ---- room ----

#[test]
fn without_room_nothing_is_written_and_the_needed_capacity_is_exact() {
    for (len, limit) in [(50, 16_385), (500, 100), (126, 64), (127, 64)] {
        let mut tx = outbox(30);
        let mut protection = with_key(1, limit);
        let long = message(11, len);
        let enough = needed(append(&mut tx, &mut protection, &long)).unwrap();
        assert!(tx.is_empty());
        let mut tx = outbox(enough - 1);
        assert_eq!(needed(append(&mut tx, &mut protection, &long)), Some(enough));
        assert!(tx.is_empty());
        let mut tx = tx.move_into(vec![0; enough]).unwrap();
        append(&mut tx, &mut protection, &long).unwrap();
        seal(&mut tx, &mut protection);
        assert_eq!(tx.pending().len(), enough - RESERVE);
    }
}

#[test]
fn sent_bytes_make_room() {
    let mut tx = outbox(RESERVE + 100);
    let mut protection = WriteProtection::new(Role::Server);
    append(&mut tx, &mut protection, &message(2, 41)).unwrap();
    seal(&mut tx, &mut protection);
    append(&mut tx, &mut protection, &message(8, 31)).unwrap();
    let more = message(13, 10);
    assert_eq!(needed(append(&mut tx, &mut protection, &more)), Some(RESERVE + 104));
    tx.sent(4);
    append(&mut tx, &mut protection, &more).unwrap();
    seal(&mut tx, &mut protection);
    let expected = [&plain(HANDSHAKE, &message(2, 41))[4..], &plain(HANDSHAKE, &[message(8, 31), more].concat())];
    assert_eq!(tx.pending(), expected.concat());
    tx.sent(usize::MAX);
    assert!(tx.is_empty());
}

proptest! {
    /// A plan has the exact size of a server's flight. So an answer without room can be refused in advance.
    #[test]
    fn a_plan_is_exact(
        before in 0..300usize, hello in 4..20_000usize, ccs: bool, limit in 64..20_000u16, most in 64..=16_384u16,
        flight in proptest::collection::vec(4..20_000usize, 0..5), last in 4..100usize,
    ) {
        let mut tx = outbox(100_000 + 400_000 / usize::from(limit.min(most)) * 100);
        let mut protection = WriteProtection::new(Role::Server);
        protection.set_max_fragment(most);
        if before >= 4 {
            append(&mut tx, &mut protection, &message(0, before - 4)).unwrap();
        }
        let sealed = tx.pending().len(); // the plan goes on from what is open
        let mut plan = tx.view().plan(&protection).handshake(hello);
        if ccs {
            plan = plan.change_cipher_spec();
        }
        plan = plan.key(limit).handshake(flight.iter().sum()).key(limit).handshake(last);

        append(&mut tx, &mut protection, &message(2, hello - 4)).unwrap();
        if ccs {
            tx.view().change_cipher_spec(&mut protection).unwrap();
        }
        tx.view().replace_key(&mut protection, key(SUITE, 1)).unwrap();
        protection.set_record_size_limit(limit);
        for len in flight {
            append(&mut tx, &mut protection, &message(11, len - 4)).unwrap();
        }
        tx.view().replace_key(&mut protection, key(SUITE, 2)).unwrap();
        append(&mut tx, &mut protection, &message(20, last - 4)).unwrap();
        seal(&mut tx, &mut protection);
        prop_assert_eq!(tx.pending().len(), sealed + plan.len());

        let fits = |capacity| needed(outbox(capacity).view().room_for(&plan));
        prop_assert_eq!(fits(plan.len() + RESERVE), None);
        prop_assert_eq!(fits(plan.len() + RESERVE - 1), Some(plan.len() + RESERVE));
    }
}

#[test]
fn an_outbox_moves_with_its_open_record() {
    let mut tx = outbox(500);
    let mut protection = with_key(1, 16_385);
    append(&mut tx, &mut protection, &message(8, 10)).unwrap();
    // The open record has 5 + 14 bytes now, and 17 more when it is sealed.
    let Err((tx, _)) = tx.move_into(vec![0; 36 + RESERVE - 1]) else { panic!("too small") };
    let mut tx = tx.move_into(vec![0; 36 + RESERVE]).unwrap();
    seal(&mut tx, &mut protection);
    assert_eq!(tx.pending(), protected(&key(SUITE, 1), 0, HANDSHAKE, &message(8, 10)));
    let Err(mut tx) = tx.into_memory() else { panic!("pending") };
    tx.sent(36);
    assert!(tx.into_memory().is_ok());
}

/// Sent bytes make room for a change_cipher_spec, too, and it needs no more than that.
#[test]
fn a_change_cipher_spec_goes_into_the_room_that_sent_bytes_have_left() {
    for (sent, fits) in [(0, false), (4, false), (5, true), (6, true), (18, true)] {
        let mut tx = outbox(RESERVE + 20);
        let mut protection = WriteProtection::new(Role::Server);
        append(&mut tx, &mut protection, &message(2, 10)).unwrap();
        seal(&mut tx, &mut protection);
        let pending = tx.pending().to_vec();
        assert_eq!(pending.len(), 19);
        tx.sent(sent);
        let needed = needed(tx.view().change_cipher_spec(&mut protection));
        assert_eq!(needed, (!fits).then_some(RESERVE + 25 - sent), "{sent}");
        let expected = if fits { [&pending[sent..], &plain(CCS, &[1])].concat() } else { pending[sent..].to_vec() };
        assert_eq!(tx.pending(), expected);
    }
}

// ---- alerts ----

/// Also in memory that is smaller than the reserve, if the first has been sent in part.
#[test]
fn an_alert_goes_into_the_room_that_sent_bytes_have_left() {
    for sent in 0..7 {
        let mut tx = outbox(10);
        let mut protection = WriteProtection::new(Role::Server);
        tx.view().alert(&mut protection, AlertDescription::USER_CANCELED).unwrap();
        tx.sent(sent);
        let second = tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY);
        assert_eq!(second.is_ok(), sent >= 4, "7 bytes each: {sent}");
        let all = [plain(ALERT, &[1, 90]), plain(ALERT, &[1, 0])].concat();
        assert_eq!(tx.pending(), &all[sent..if sent >= 4 { 14 } else { 7 }]);
    }
}

#[test]
fn two_alerts_always_fit() {
    for len in 4..200 {
        for mut protection in [with_key(1, 100), without_key(Role::Server, Padding::None)] {
            let mut tx = outbox(RESERVE + 200);
            append(&mut tx, &mut protection, &vec![0; len]).ok();
            while let Ok(1) = tx.view().write_data(&mut protection, b"x") {}
            tx.view().alert(&mut protection, AlertDescription::USER_CANCELED).unwrap();
            tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY).unwrap();
            assert!(tx.pending().len() <= RESERVE + 200);
        }
    }
}

#[test]
fn an_alert_comes_after_what_was_open_and_carries_its_level() {
    let mut tx = outbox(300);
    let mut protection = WriteProtection::new(Role::Server);
    append(&mut tx, &mut protection, &message(2, 10)).unwrap();
    tx.view().alert(&mut protection, AlertDescription::HANDSHAKE_FAILURE).unwrap();
    assert_eq!(tx.pending(), [plain(HANDSHAKE, &message(2, 10)), plain(ALERT, &[2, 40])].concat());

    let mut tx = outbox(RESERVE);
    let mut protection = with_key(1, 64);
    tx.view().alert(&mut protection, AlertDescription::USER_CANCELED).unwrap();
    tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY).unwrap();
    let key1 = key(SUITE, 1);
    assert_eq!(tx.pending(), [protected(&key1, 0, ALERT, &[1, 90]), protected(&key1, 1, ALERT, &[1, 0])].concat());
}

#[test]
fn memory_that_cannot_even_hold_alerts_is_the_callers_fault() {
    for capacity in 0..7 {
        let mut tx = outbox(capacity);
        let result = tx.view().alert(&mut WriteProtection::new(Role::Server), AlertDescription::CLOSE_NOTIFY);
        assert_eq!(needed(result), Some(RESERVE));
        assert!(tx.pending().is_empty());
    }
}

// ---- application data ----

/// The length of the place for data. 0: pending bytes must be sent first.
fn place(tx: &mut Outbox<Vec<u8>>, protection: &mut DataProtection, wanted: usize) -> usize {
    tx.view().place_data(protection, wanted).unwrap().map_or(0, |place| place.len())
}

#[test]
fn application_data_is_written_and_sealed_in_place() {
    let mut tx = outbox(1000);
    let mut protection = with_key(1, 16_385);
    let mut view = tx.view();
    let place = view.place_data(&mut protection, 5).unwrap().unwrap();
    assert_eq!(place.len(), 1000 - RESERVE - 22);
    view.data_mut(place)[..5].copy_from_slice(b"hello");
    view.seal_data(&mut protection, 5).unwrap();
    view.seal_data(&mut protection, 0).unwrap();
    let key1 = key(SUITE, 1);
    assert_eq!(tx.pending(), [protected(&key1, 0, DATA, b"hello"), protected(&key1, 1, DATA, b"")].concat());
}

#[test]
fn a_place_is_as_long_as_the_peer_takes_and_never_shorter_than_wanted() {
    let mut tx = outbox(50_000);
    let mut protection = with_key(1, 100);
    assert_eq!(place(&mut tx, &mut protection, 1), 99);
    assert_eq!(place(&mut tx, &mut protection, 1_000), 99);
    assert_eq!(tx.view().seal_data(&mut protection, 100), Err(ErrorKind::Bug));
    protection.set_record_size_limit(u16::MAX);
    assert_eq!(place(&mut tx, &mut protection, 1), 1 << 14);

    let mut tx = outbox(RESERVE + 22 + 50);
    assert_eq!(place(&mut tx, &mut protection, 1000), 50, "as long as memory allows");
    tx.view().seal_data(&mut protection, 10).unwrap();
    assert_eq!(place(&mut tx, &mut protection, 18), 18);
    assert_eq!(place(&mut tx, &mut protection, 19), 0, "pending bytes first");
    assert_eq!(tx.view().seal_data(&mut protection, 19), Err(ErrorKind::Bug), "no place was given");
    tx.sent(32);
    assert_eq!(place(&mut tx, &mut protection, 19), 50);
}

#[test]
fn application_data_is_never_written_without_a_key() {
    let mut tx = outbox(1000);
    let mut protection = without_key(Role::Server, Padding::None);
    assert_eq!(tx.view().seal_data(&mut protection, 1), Err(ErrorKind::Bug));
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Err(ErrorKind::Bug));
    assert!(tx.is_empty());
}

#[test]
fn a_key_update_goes_before_the_data_that_follows_it() {
    let mut tx = outbox(1000);
    let mut protection = with_key(1, 16_385);
    append(&mut tx, &mut protection, &message(24, 1)).unwrap();
    assert_eq!(tx.view().write_data(&mut protection, b"data"), Ok(4));
    let key1 = key(SUITE, 1);
    let expected = [protected(&key1, 0, HANDSHAKE, &message(24, 1)), protected(&key1, 1, DATA, b"data")];
    assert_eq!(tx.pending(), expected.concat());
}

#[test]
fn memory_too_small_for_any_data_is_the_callers_fault() {
    let mut protection = with_key(1, 16_385);
    for capacity in 0..RESERVE + 23 {
        assert_eq!(needed(outbox(capacity).view().place_data(&mut protection, 1)), Some(RESERVE + 23));
        assert_eq!(needed(outbox(capacity).view().write_data(&mut protection, b"x")), Some(RESERVE + 23));
        // If memory grows by what the error says, it grows once: then it takes all of the data, or a full record.
        let enough = needed(outbox(capacity).view().write_data(&mut protection, &[7; 5000]));
        assert_eq!(enough, Some(RESERVE + 22 + 5000));
        let enough = needed(outbox(capacity).view().write_data(&mut protection, &[7; 50_000]));
        assert_eq!(enough, Some(RESERVE + 22 + (1 << 14)));
    }
    assert_eq!(outbox(RESERVE + 23).view().write_data(&mut protection, b"x"), Ok(1));
}

#[test]
fn records_stop_before_the_keys_limit_but_a_key_update_and_alerts_still_go() {
    let mut tx = outbox(1000);
    let mut protection = with_key(1, 16_385);
    protection.use_up(6);
    assert_eq!(protection.records_left(), 3);
    for left in (0..3).rev() {
        assert_eq!(tx.view().write_data(&mut protection, b"x"), Ok(1));
        assert_eq!(protection.records_left(), left);
    }
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Err(ErrorKind::KeyExhausted));
    assert_eq!(tx.view().seal_data(&mut protection, 0), Err(ErrorKind::KeyExhausted));
    append(&mut tx, &mut protection, &message(24, 1)).unwrap();
    tx.view().alert(&mut protection, AlertDescription::USER_CANCELED).unwrap();
    tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY).unwrap();
    assert_eq!(tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY), Err(ErrorKind::KeyExhausted));
    tx.view().replace_key(&mut protection, key(SUITE, 2)).unwrap();
    assert_eq!(protection.records_left(), 23_726_566 - 3);
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Ok(1));
}

// req: 9846-5.3-2
#[test]
fn the_sequence_number_never_wraps() {
    let mut tx = outbox(1000);
    let mut protection = with_key(1, 16_385);
    tx.view().replace_key(&mut protection, key(Suite::ChaCha20Poly1305Sha256, 2)).unwrap();
    protection.use_up(4);
    assert_eq!(protection.records_left(), 1);
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Ok(1));
    assert_eq!(tx.view().write_data(&mut protection, b"x"), Err(ErrorKind::KeyExhausted));
    append(&mut tx, &mut protection, &message(24, 1)).unwrap();
    tx.view().alert(&mut protection, AlertDescription::USER_CANCELED).unwrap();
    tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY).unwrap();
    assert_eq!(tx.view().alert(&mut protection, AlertDescription::CLOSE_NOTIFY), Err(ErrorKind::KeyExhausted));
}

// req: 9846-5.5-1
#[test]
fn a_batch_stops_at_the_keys_limit() {
    let mut tx = outbox(1000);
    let mut protection = with_key(1, 64);
    protection.use_up(5);
    assert_eq!(tx.view().write_data(&mut protection, &[7; 200]), Ok(126));
    assert_eq!(tx.view().write_data(&mut protection, &[7; 200]), Err(ErrorKind::KeyExhausted));
}

proptest! {
    #[test]
    fn a_batch_is_whole_records_in_order(
        data in proptest::collection::vec(any::<u8>(), 0..3000), limit in 64..2000u16, capacity in 100..4000usize,
        sent in 1..500usize, multiple in 0..300u16,
    ) {
        let mut tx = outbox(capacity);
        let mut protection = padded(1, limit, if multiple == 0 { Padding::None } else { Padding::Multiple(multiple) });
        let (mut rest, mut wire) = (&data[..], Vec::new());
        while !rest.is_empty() {
            match tx.view().write_data(&mut protection, rest) {
                Ok(0) => {
                    prop_assert!(!tx.pending().is_empty(), "no room although nothing is pending");
                    let n = sent.min(tx.pending().len());
                    wire.extend_from_slice(&tx.pending()[..n]);
                    tx.sent(n);
                }
                Ok(taken) => rest = &rest[taken..],
                Err(kind) => {
                    let content = rest.len().min(usize::from(limit) - 1);
                    let padded = (content + 1).next_multiple_of(usize::from(multiple.max(1))).min(usize::from(limit));
                    prop_assert_eq!(needed::<()>(Err(kind)), Some(RESERVE + 21 + padded));
                    return Ok(());
                }
            }
        }
        wire.extend_from_slice(tx.pending());
        let inner = inner_plaintexts(&key(SUITE, 1), &wire);
        let content = inner.iter().flat_map(|inner| {
            let typ = inner.iter().rposition(|&byte| byte != 0).unwrap();
            assert_eq!(inner[typ], 23);
            &inner[..typ]
        });
        prop_assert!(content.eq(&data));
        for inner in &inner {
            prop_assert!(inner.len() <= usize::from(limit));
            if multiple > 1 {
                prop_assert!(inner.len() % usize::from(multiple) == 0 || inner.len() == usize::from(limit));
            }
        }
    }

    #[test]
    fn whatever_fits_a_place_can_be_sealed(
        limit in 64..3000u16, capacity in 71..4000usize, multiple in 0..600u16, wanted in 0..4000usize, part in 0..=100usize,
    ) {
        let mut tx = outbox(capacity);
        let mut protection = padded(1, limit, Padding::Multiple(multiple));
        let Ok(place) = tx.view().place_data(&mut protection, wanted) else { return Ok(()) };
        let len = place.map_or(0, |place| place.len());
        prop_assert!(len > 0 && (len >= wanted || len == usize::from(limit) - 1 || len + RESERVE + 22 + usize::from(multiple.max(1)) > capacity));
        prop_assert_eq!(tx.view().seal_data(&mut protection, len * part / 100), Ok(()));
        prop_assert!(tx.pending().len() <= capacity - RESERVE);
    }
}
