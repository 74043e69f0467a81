//! R13: data is sealed in place through a guard that counts what was written. Nothing else can be sealed.

use super::{Sends, connected, protection};
use crate::script;
use countersign::{ContentType, Misuse, Outbox, Padding, Policy};
use proptest::prelude::*;
use std::io::Write;

#[test]
fn what_was_written_is_sealed_and_no_more() {
    for half in [false, true] {
        let mut connection = connected(Policy::new(), Policy::new());
        let mut key = protection(&connection.c, &connection.client);
        let mut sends = Sends::each(connection.c, half);
        let tx = &mut connection.client.tx;
        let mut record = sends.reserve(100, tx).unwrap().unwrap();
        let room = record.room();
        assert!(room >= 100);
        assert_eq!(record.write(b"one, "), 5);
        record.space()[..4].copy_from_slice(b"two!");
        record.filled(3);
        assert_eq!((record.written(), record.room()), (8, room - 8));
        record.write_all(b", three").unwrap(); // std::io::Write
        record.flush().unwrap();
        record.seal().unwrap();
        // An empty record is a record, too (§5.1).
        sends.reserve(0, tx).unwrap().unwrap().seal().unwrap();
        let records = script::records(tx.pending());
        assert_eq!(key.open(records[0]), (ContentType::APPLICATION_DATA, b"one, two, three".to_vec()));
        assert_eq!(key.open(records[1]), (ContentType::APPLICATION_DATA, vec![]));
        assert_eq!(records.len(), 2);
    }
}

#[test]
fn a_reservation_that_is_dropped_leaves_nothing() {
    let mut connection = connected(Policy::new(), Policy::new());
    let tx = &mut connection.client.tx;
    let mut record = connection.c.reserve(10, tx).unwrap().unwrap();
    record.write(b"secret");
    record.space()[..6].copy_from_slice(b"secret");
    drop(record);
    assert!(tx.is_empty() && tx.pending().is_empty());
    let mut record = connection.c.reserve(10, tx).unwrap().unwrap();
    assert!(record.space().iter().all(|byte| *byte == 0), "it is wiped");
    record.write(b"data");
    record.seal().unwrap();
    assert_eq!(connection.to_server(), Ok((b"data".to_vec(), vec![])));
}

#[test]
fn a_place_takes_no_more_than_it_has_room_for() {
    let mut connection = connected(Policy::new(), Policy::new());
    connection.client.tx = Outbox::new(vec![0xcc; 48 + 22 + 10]);
    let tx = &mut connection.client.tx;
    let mut record = connection.c.reserve(1000, tx).unwrap().unwrap();
    assert_eq!(record.room(), 10);
    record.filled(usize::MAX);
    assert_eq!(record.written(), 0, "what was never shown cannot have been filled");
    assert_eq!(record.write(&[7; 20]), 10);
    assert_eq!(record.write(&[7; 20]), 0);
    assert!(record.space().is_empty());
    record.filled(1);
    assert_eq!(record.write_all(&[7]).unwrap_err().kind(), std::io::ErrorKind::WriteZero);
    record.seal().unwrap();
    assert!(connection.c.reserve(1, tx).unwrap().is_none(), "send first");
    assert_eq!(connection.to_server(), Ok((vec![7; 10], vec![])));
}

#[derive(Clone, Debug)]
enum Op {
    /// Reserves, writes the first part, fills the second without writing, and reports the third as filled. Returns
    /// whether it can be sealed.
    Reserve(usize, usize, usize, usize, bool),
    Write(usize),
    Sent(usize),
    UpdateKey,
    Move(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..300usize, 0..200usize, 0..200usize, 0..400usize, any::<bool>())
            .prop_map(|(wanted, write, fill, claim, seal)| Op::Reserve(wanted, write, fill, claim, seal)),
        2 => (0..600usize).prop_map(Op::Write),
        3 => (0..400usize).prop_map(Op::Sent),
        1 => Just(Op::UpdateKey),
        1 => (200..900usize).prop_map(Op::Move),
    ]
}

/// A pooled buffer is full of other connections' data.
const CANARY: u8 = 0xca;
/// Three marks: what we write, what we put into the space, and what we put there without reporting it.
const WRITTEN: [u8; 3] = [1, 2, 3];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Old contents of the memory never leave: only what was written, zeros, or bytes that were sent before.
    #[test]
    fn old_content_of_a_pooled_buffer_never_leaves(
        ops in proptest::collection::vec(op(), 1..40), capacity in 80..900usize, padded: bool, half: bool,
    ) {
        let policy = Policy::new().padding(if padded { Padding::Multiple(64) } else { Padding::None });
        let connection = connected(policy, Policy::new());
        let mut key = protection(&connection.c, &connection.client);
        let suite = super::suite(&connection.client);
        let mut next = None;
        let mut sends = Sends::each(connection.c, half);
        // Sealed records of ours contain random bytes, so the mark must occur four times in a row.
        let canary = [CANARY; 4];
        let mut tx = Outbox::new(vec![CANARY; capacity]);
        let mut sent = Vec::new();
        let mut written = Vec::new();
        for op in ops {
            match op {
                Op::Reserve(wanted, write, fill, claim, seal) => {
                    let Ok(Some(mut record)) = sends.reserve(wanted, &mut tx) else { continue };
                    let n = record.write(&vec![WRITTEN[0]; write]);
                    if fill > 0 {
                        let space = record.space();
                        prop_assert!(!space.windows(4).any(|bytes| bytes == canary), "it can be seen");
                        let fill = fill.min(space.len());
                        space[..fill].fill(WRITTEN[1]);
                    }
                    record.filled(claim);
                    let len = record.written();
                    if seal {
                        record.seal().unwrap();
                        written.push((len, n));
                    }
                }
                Op::Write(len) => drop(sends.write(&vec![WRITTEN[2]; len], &mut tx)),
                Op::Sent(n) => {
                    let n = n.min(tx.pending().len());
                    sent.extend_from_slice(&tx.pending()[..n]);
                    tx.sent(n);
                }
                Op::UpdateKey if next.is_none() => match &mut sends {
                    Sends::Whole(session) => if session.update_key(&mut tx).is_ok() {
                        next = Some(script::Protection::of(session.expose_secrets().0, suite));
                    },
                    Sends::Half(sender, _) => if sender.update_key(&mut tx).is_ok() {
                        next = Some(script::Protection::of(sender.expose_secret(), suite));
                    },
                },
                Op::UpdateKey => {}
                Op::Move(capacity) => tx = match tx.move_into(vec![CANARY; capacity]) {
                    Ok(moved) => moved,
                    Err((same, _)) => same,
                },
            }
        }
        sent.extend_from_slice(tx.pending());
        let mut in_place = written.into_iter();
        for record in script::records(&sent) {
            let (typ, content) = key.open(record);
            if typ == ContentType::HANDSHAKE {
                key = next.take().expect("one update");
                continue;
            }
            prop_assert!(!content.windows(4).any(|bytes| bytes == canary), "old content has left");
            if content.first() != Some(&WRITTEN[2]) {
                let (len, n) = in_place.next().expect("a record for each that was sealed");
                prop_assert_eq!(content.len(), len);
                prop_assert!(content[..n].iter().all(|byte| *byte == WRITTEN[0]));
            }
        }
    }
}

#[test]
fn a_used_up_key_is_changed_before_a_place_is_given() {
    let mut connection = connected(Policy::new().update_after(1), Policy::new());
    for round in 0..5u8 {
        let mut record = connection.c.reserve(3, &mut connection.client.tx).unwrap().unwrap();
        record.write(&[round; 3]);
        record.seal().unwrap();
        assert_eq!(connection.to_server(), Ok((vec![round; 3], vec![])));
    }
    connection.c.close(&mut connection.client.tx).unwrap();
    assert_eq!(connection.c.reserve(1, &mut connection.client.tx).err(), Some(Misuse::Closed));
}
