//! `inbox`: the buffers with any order of operations and very little memory. A session writes to an outbox, and a
//! transport delivers the bytes in any pieces to an inbox. The model is two positions in a text: of the writer and of
//! the reader. Null cryptography saves time for the buffers.

use super::choices::Choices;
use super::end::{connected, gets, policy};
use super::wire::text;
use countersign::{ErrorKind, Event, Inbox, Misuse, Outbox};

/// The first byte selects the policy, the second and third the sizes of the memories. The operations follow.
pub fn inbox(data: &[u8]) {
    let mut choices = Choices::new(data);
    let number = usize::from(choices.byte());
    let [(client, mut sender), (server, mut receiver)] = connected(policy(number, true), true);
    assert!(client.rx.is_empty() && client.tx.is_empty() && server.rx.is_empty() && server.tx.is_empty());
    let mut tx = Outbox::new(vec![0; 100 + 4 * usize::from(choices.byte())]);
    let mut rx = Inbox::new(vec![0; 22 + 4 * usize::from(choices.byte())]);
    let mut back = Outbox::new(vec![0; 300]);
    let (mut wire, mut written, mut read) = (Vec::new(), 0, 0);
    let mut draining = false;
    loop {
        // After the last choice everything is delivered and read.
        let op = if choices.is_empty() { 255 } else { choices.byte() };
        draining |= op == 255 && choices.is_empty();
        match op & 15 {
            0 | 1 => match sender.write(text(written, choices.word() % 1000), &mut tx) {
                Ok(taken) => written += taken,
                Err(Misuse::NoRoom { needed }) => assert!(needed > tx.capacity(), "an empty outbox would do"),
                Err(misuse) => panic!("{misuse}"),
            },
            2 => {
                let (wanted, capacity) = (usize::from(choices.byte()), tx.capacity());
                let Ok(Some(mut record)) = sender.reserve(wanted, &mut tx) else { continue };
                // Without padding a record adds 22 bytes, and 48 are reserved for alerts.
                let enough = wanted.min(capacity.saturating_sub(70)).min(if number % 3 == 1 { 1 } else { 256 });
                assert!(record.room() >= enough, "{wanted} wanted, {} given", record.room());
                let len = record.write(text(written, wanted));
                if len > 0 {
                    record.seal().expect("what has been reserved can be sealed");
                    written += len;
                }
            }
            3 => match sender.update_key(&mut tx) {
                Ok(()) | Err(Misuse::NoRoom { .. }) => {}
                Err(misuse) => panic!("{misuse}"),
            },
            4 => {
                let n = choices.word();
                let pending = tx.pending().len();
                wire.extend_from_slice(&tx.pending()[..n.min(pending)]);
                tx.sent(n);
                assert_eq!(tx.pending().len(), pending.saturating_sub(n), "`sent` takes so many, and no more");
            }
            5 => {
                let capacity = 60 + 4 * usize::from(choices.byte());
                let before = tx.pending().to_vec();
                tx = match tx.move_into(vec![0; capacity]) {
                    Ok(moved) => {
                        assert_eq!(moved.capacity(), capacity);
                        moved
                    }
                    Err((same, _)) => {
                        assert!(before.len() + 48 > capacity, "it would have fitted");
                        same
                    }
                };
                assert_eq!(tx.pending(), before, "moving changes nothing");
            }
            6 => {
                let capacity = 22 + 4 * usize::from(choices.byte());
                let before = rx.data().to_vec();
                rx = match rx.move_into(vec![0; capacity]) {
                    Ok(moved) => moved,
                    Err((same, memory)) => {
                        assert_eq!(memory.len(), capacity, "both come back");
                        same
                    }
                };
                assert_eq!(rx.data(), before, "moving changes nothing");
            }
            7 if rx.is_empty() => rx = Inbox::new(rx.into_memory().map_err(|_| ()).expect("an empty inbox")),
            7 => rx = rx.into_memory().expect_err("what is held is not lost"),
            8 => {
                let data = rx.data();
                let n = usize::from(choices.byte());
                let taken = n.min(data.len());
                assert_eq!(data[..taken], *text(read, taken), "data is what was written, in order");
                let rest = data[taken..].to_vec();
                rx.consume(n);
                assert_eq!(rx.data(), rest, "`consume` takes so many, and no more");
                read += taken;
            }
            _ => {
                if op == 255 {
                    wire.extend_from_slice(tx.pending());
                    tx.sent(usize::MAX);
                    let data = rx.data();
                    assert_eq!(*data, *text(read, data.len()));
                    read += data.len();
                    rx.consume(usize::MAX);
                }
                let wanted = if op == 255 { usize::MAX } else { usize::from(choices.byte()) };
                let (space, len) = (rx.space().len(), wire.len().min(wanted));
                let taken = gets(&mut rx, &wire[..len]);
                assert_eq!(taken, space.min(len));
                wire.drain(..taken);
                match receiver.receive(&mut rx, &mut back) {
                    Ok(Event::Read) => assert!(!rx.space().is_empty(), "Read is never wanted without space (R3)"),
                    Ok(Event::Data) => assert!(!rx.data().is_empty()),
                    Ok(event) => panic!("{event:?} of nobody"),
                    Err(error) => match error.kind() {
                        ErrorKind::InboxTooSmall { needed } => {
                            assert!(needed > rx.capacity() && needed < 17_000);
                            rx = rx.move_into(vec![0; needed]).map_err(|_| ()).expect("larger memory will do");
                            let again = receiver.receive(&mut rx, &mut back);
                            assert!(again.is_ok(), "as much as was needed is enough: {again:?}");
                        }
                        ErrorKind::TooManyKeyUpdates => return,
                        _ => panic!("{error}"),
                    },
                }
                back.sent(usize::MAX);
            }
        }
        if draining && wire.is_empty() && tx.is_empty() && rx.data().is_empty() && rx.is_empty() {
            assert_eq!(read, written, "bytes are lost, or there are more than were written");
            return;
        }
    }
}

/// Every operation with every memory, between writes and reads.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for memory in [0, 1, 20, 255] {
        for op in 0..10 {
            seeds.push(vec![0, memory, memory, 0, 0, 40, op, 1, 44, 4, 0, 99, 9, 30, op, 0, 7, 9, 255, 8, 5, op, 0, 3]);
            seeds.push(vec![1, memory, 255, 0, 3, 232, 4, 9, 9, op, 3, 3, 9, 200, 8, 100, op, 1, 1, 9, 255]);
        }
    }
    seeds
}
