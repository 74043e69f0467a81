//! What one side's outbox sends, the other side's inbox receives.

use super::*;
use crate::policy::Padding;
use crate::role::Role;
use proptest::prelude::*;

/// What one side sends.
#[derive(Clone, Debug)]
enum Send {
    Message(usize),
    Seal,
    ChangeKey,
    Data(usize),
    InPlace(usize),
    Flush(usize),
}

fn send() -> impl Strategy<Value = Send> {
    prop_oneof![
        (0..400usize).prop_map(Send::Message),
        Just(Send::Seal),
        Just(Send::ChangeKey),
        (1..600usize).prop_map(Send::Data),
        (0..600usize).prop_map(Send::InPlace),
        (1..900usize).prop_map(Send::Flush),
    ]
}

/// What the other side finds.
#[derive(Debug, Default, PartialEq)]
struct Found {
    messages: Vec<Vec<u8>>,
    data: Vec<u8>,
}

/// Receives what has come, and changes the key after each KeyUpdate (24).
fn take_all(rx: &mut Inbox<Vec<u8>>, protection: &mut ReadProtection, keys: &mut u8, suite: Suite, found: &mut Found) {
    loop {
        found.data.extend_from_slice(rx.data());
        rx.consume(usize::MAX);
        let mut view = rx.view();
        if let Some(at) = view.next_message(1000).unwrap() {
            found.messages.push(view.flight().get(at.range.clone()).unwrap().to_vec());
            view.read(&at);
            view.release_all();
            if at.typ == HandshakeType::KEY_UPDATE {
                *keys += 1;
                protection.replace_key(&view, key(suite, *keys)).unwrap();
            }
        } else if protection.open(&mut view, SESSION).unwrap().is_none() {
            return protection.want_more(&view).unwrap();
        }
    }
}

proptest! {
    /// Everything that is sent arrives, for all sizes of the memories and of the chunks.
    #[test]
    fn what_is_sent_arrives(
        suite in proptest::sample::select(&Suite::ALL[..]),
        limit in 64..700u16,
        out_capacity in 300..2000usize,
        // Room for all but the last byte of the longest message (404 bytes), and for the longest record here (721 bytes).
        in_capacity in 1124..2000usize,
        multiple in 0..200u16,
        sends in proptest::collection::vec(send(), 1..60),
    ) {
        let mut tx = Outbox::new(vec![0; out_capacity]);
        let mut write = without_key(Role::Client, Padding::Multiple(multiple));
        tx.view().replace_key(&mut write, key(suite, 0)).unwrap();
        write.set_record_size_limit(limit);
        let mut rx = Inbox::new(vec![0; in_capacity]);
        let mut read = with_key(key(suite, 0));
        read.set_record_size_limit(limit);
        let (mut write_keys, mut read_keys) = (0u8, 0u8);
        let (mut sent, mut found) = (Found::default(), Found::default());

        let mut flush = |tx: &mut Outbox<Vec<u8>>, n: usize| {
            let n = n.min(tx.pending().len());
            let mut done = 0;
            while done < n {
                done += receive(&mut rx, &tx.pending()[done..n]);
                take_all(&mut rx, &mut read, &mut read_keys, suite, &mut found);
            }
            tx.sent(n);
        };
        for what in sends {
            match what {
                Send::Message(len) => {
                    let message = message(4, len);
                    let written = tx.view().append_handshake(&mut write, |w| w.bytes(&message), |_| ());
                    if written.is_ok() {
                        sent.messages.push(message);
                    }
                }
                Send::Seal => tx.view().seal_open_record(&mut write).unwrap(),
                Send::ChangeKey => {
                    let update = message(24, 1);
                    let written = tx.view().append_handshake(&mut write, |w| w.bytes(&update), |_| ());
                    if written.is_ok() {
                        sent.messages.push(update);
                        write_keys += 1;
                        tx.view().replace_key(&mut write, key(suite, write_keys)).unwrap();
                    }
                }
                Send::Data(len) => {
                    let data: Vec<u8> = (0..len).map(|i| i as u8).collect();
                    if let Ok(taken) = tx.view().write_data(&mut write, &data) {
                        sent.data.extend_from_slice(&data[..taken]);
                    }
                }
                Send::InPlace(len) => {
                    let mut view = tx.view();
                    if let Ok(Some(place)) = view.place_data(&mut write, len) {
                        let len = len.min(place.len());
                        view.data_mut(place)[..len].fill(7);
                        view.seal_data(&mut write, len).unwrap();
                        sent.data.extend(vec![7; len]);
                    }
                }
                Send::Flush(n) => flush(&mut tx, n),
            }
        }
        tx.view().seal_open_record(&mut write).unwrap();
        flush(&mut tx, usize::MAX);
        prop_assert_eq!(&sent, &found);
    }
}
