//! Records that do not open.

use super::{BOTH, protected, refused, session_refused};
use crate::peer::{DATA, Story};
use countersign::AlertDescription as A;
use countersign::internals::crypto::Suite;
use countersign::{Epoch, HandshakeType, Policy, Role, State};

// req: 9846-5.2-3
#[test]
fn a_bit_flipped_anywhere_does_not_open_in_any_suite() {
    for suite in Suite::ALL {
        for role in BOTH {
            let len = {
                let mut story = Story::new(role, Policy::new());
                story.peer.suite = suite;
                let mut story = story.until(State::WaitFinished);
                story.peer.send(HandshakeType::FINISHED);
                story.peer.out.len()
            };
            // The header's version is authenticated, too. Its type and length are checked before.
            for at in [1, 2].into_iter().chain(5..len) {
                let mut story = Story::new(role, Policy::new());
                story.peer.suite = suite;
                let mut story = story.until(State::WaitFinished);
                story.peer.send(HandshakeType::FINISHED);
                story.peer.out[at] ^= 1 << (at % 8);
                story.turn();
                let epoch = if role == Role::Client { Epoch::Handshake } else { Epoch::Application };
                story.refused("BadRecordMac", A::BAD_RECORD_MAC, State::WaitFinished, epoch);
            }
        }
    }
}

// req: 9846-5.2-3, 9846-5.3-1
#[test]
fn records_that_are_short_repeated_left_out_or_swapped_do_not_open() {
    for at in protected() {
        for len in 0..17 {
            refused(at, |story| story.peer.plain(DATA, &vec![7; len]), "BadRecordMac", A::BAD_RECORD_MAC);
        }
    }
    for role in BOTH {
        let records = |story: &mut Story<'_>, order: &[usize]| {
            let mut records = Vec::new();
            for each in 0..3u8 {
                story.peer.record(DATA, &[each]);
                records.push(std::mem::take(&mut story.peer.out));
            }
            story.peer.out = order.iter().flat_map(|each| records[*each].clone()).collect();
        };
        for order in [&[0, 0][..], &[1], &[0, 2], &[0, 1, 1]] {
            session_refused(role, |story| records(story, order), "BadRecordMac", A::BAD_RECORD_MAC);
        }
        // In order they open: sequence numbers begin with 0 under each key.
        let mut story = Story::new(role, Policy::new()).connected();
        records(&mut story, &[0, 1, 2]);
        story.turn();
        assert_eq!(story.data, [0, 1, 2]);
    }
}
