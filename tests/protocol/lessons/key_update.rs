//! KeyUpdate as an attack (RFC 9846 §4.7.3).

use super::{BOTH, new};
use crate::peer::{DATA, HANDSHAKE, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType, State};

const REQUEST: [u8; 5] = [24, 0, 0, 1, 1];

fn key_update(story: &mut Story<'_>, request: u8) {
    story.peer.record(HANDSHAKE, &[24, 0, 0, 1, request]);
    story.peer.change_key(HandshakeType::KEY_UPDATE);
}

/// CVE-2026-32283, Go: several KeyUpdates that request an answer, in one record, caused a deadlock.
///
/// Here the record is refused, the alert is sent, and every call returns, whether or not an answer is owed.
#[test]
fn cve_2026_32283_several_key_updates_in_one_record_end_the_connection_with_an_alert() {
    for role in BOTH {
        for number in [2, 3, 33] {
            for owed in [false, true] {
                let mut story = new(role).connected();
                if owed {
                    key_update(&mut story, 1);
                }
                story.peer.record(HANDSHAKE, &REQUEST.repeat(number));
                story.turn();
                story.refused("DataAcrossKeyChange", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);
            }
        }
        // In separate records they are legal, and data continues in both directions.
        let mut story = new(role).connected();
        (0..3).for_each(|_| key_update(&mut story, 1));
        story.peer.record(DATA, b"after");
        story.turn();
        assert_eq!(story.data, b"after");
        assert_eq!(story.session.as_mut().unwrap().write(b"too", &mut story.end.tx), Ok(3));
        story.drive();
        assert_eq!(story.peer.seen.last().unwrap().content, b"too");
    }
}

/// CVE-2026-56862 (GO-2026-6090), Go: a peer could send KeyUpdates without limit, because each one reset the count of
/// records without progress.
///
/// Here only data resets the count, and neither a KeyUpdate nor an empty record nor a ticket.
#[test]
fn cve_2026_56862_key_updates_without_data_come_to_an_end() {
    const MOST: u8 = countersign::limits::MAX_KEY_UPDATES;
    for role in BOTH {
        for between in ["nothing", "empty data", "a ticket"] {
            for request in [0, 1] {
                let mut story = new(role).connected();
                let mut sent = 0;
                while story.result == Some(Ok(())) {
                    assert!(sent <= MOST, "{between} between");
                    key_update(&mut story, request);
                    sent += 1;
                    match between {
                        "empty data" => story.peer.record(DATA, b""),
                        "a ticket" if role == countersign::Role::Client => {
                            let ticket = story.peer.compose(HandshakeType::NEW_SESSION_TICKET);
                            story.peer.send_msg(&ticket);
                        }
                        _ => {}
                    }
                    story.turn();
                }
                assert_eq!(sent, MOST + 1);
                story.refused("TooManyKeyUpdates", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);
            }
        }
    }
}
