//! R2 for data: `NoRoom` only if even an empty outbox is too small. `needed` is for all of the data, or for a full
//! record.

use super::{Sends, connected};
use countersign::{Misuse, Outbox, Padding, Policy};

/// The reserve for alerts, and the bytes that a record adds to its content.
const RESERVE: usize = 48;
const RECORD: usize = 5 + 1 + 16;

#[test]
fn needed_serves_the_data_up_to_a_full_record() {
    for half in [false, true] {
        let mut sends = Sends::each(connected(Policy::new(), Policy::new()).c, half);
        for (len, content) in [(0, 1), (1, 1), (10_000, 10_000), (16_384, 16_384), (100_000, 16_384)] {
            let data = vec![7; len];
            for capacity in [0, RESERVE, RESERVE + RECORD] {
                let tx = &mut Outbox::new(vec![0; capacity]);
                let needed = RESERVE + RECORD + content;
                assert_eq!(sends.reserve(len, tx).err(), Some(Misuse::NoRoom { needed }), "{len} in {capacity}");
                if len > 0 {
                    assert_eq!(sends.write(&data, tx), Err(Misuse::NoRoom { needed }));
                }
                tx.grow(needed);
                let record = sends.reserve(len, tx).unwrap().unwrap();
                assert!(record.room() == content, "{} for {content}", record.room());
            }
        }
    }
}

/// Memory that grows by what the error says grows once.
#[test]
fn memory_that_grows_on_request_makes_one_record_of_ten_thousand_bytes() {
    let mut connection = connected(Policy::new(), Policy::new());
    let mut tx = Outbox::new(vec![]);
    let (mut calls, mut rest) = (0, &[7; 10_000][..]);
    while !rest.is_empty() {
        calls += 1;
        match connection.s.write(rest, &mut tx) {
            Ok(taken) => rest = &rest[taken..],
            Err(Misuse::NoRoom { needed }) => tx.grow(needed),
            Err(misuse) => panic!("{misuse}"),
        }
    }
    assert_eq!((calls, tx.pending().len()), (2, 10_000 + RECORD));
}

#[test]
fn what_is_pending_never_makes_no_room_of_too_little() {
    // Also with padding, and with a key that is used up each time.
    for policy in [Policy::new(), Policy::new().padding(Padding::Multiple(100)), Policy::new().update_after(1)] {
        for (half, in_place) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut connection = connected(policy.clone(), Policy::new());
            let mut sends = Sends::each(connection.c, half);
            let mut least = None;
            for capacity in 0..400 {
                connection.client.tx = Outbox::new(vec![0; capacity]);
                let tx = &mut connection.client.tx;
                let (mut sent_first, mut refused) = (0, 0);
                for _ in 0..20 {
                    let taken = if in_place {
                        sends.reserve(30, tx).map(|record| {
                            record.map_or(0, |mut record| {
                                let taken = record.write(&[7; 30]);
                                record.seal().unwrap();
                                taken
                            })
                        })
                    } else {
                        sends.write(&[7; 30], tx)
                    };
                    match taken {
                        Ok(0) => {
                            assert!(!tx.is_empty(), "to send first, something must be pending");
                            assert_eq!(refused, 0, "an empty outbox of {capacity} bytes would have done");
                            tx.sent(usize::MAX);
                            sent_first += 1;
                        }
                        Ok(_) => assert_eq!(refused, 0, "an empty outbox of {capacity} bytes did, after all"),
                        Err(Misuse::NoRoom { needed }) => {
                            assert!(needed > capacity && needed < 300, "{needed}");
                            refused += 1;
                            tx.sent(usize::MAX);
                        }
                        Err(misuse) => panic!("{misuse}"),
                    }
                }
                if sent_first > 0 {
                    least.get_or_insert(capacity);
                }
            }
            assert!(least.is_some_and(|least| least < 180), "{least:?}");
        }
    }
}
