//! The division of messages into records, and what may not follow a key change.

use super::{BOTH, ILLEGAL, refused, session_refused};
use crate::peer::message::{KEY_SHARE, Msg};
use crate::peer::{CCS, DATA, HANDSHAKE, HELLO_RETRY_REQUEST, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, HandshakeType, Policy, Role, State};

// ---- 1: any division ----

#[test]
fn messages_may_be_split_at_any_byte_and_come_byte_by_byte() {
    for role in BOTH {
        for (fragment, retry) in [(1, false), (2, true), (3, false), (7, false), (40, true)] {
            let no_share = |m: &mut Msg| m.set(KEY_SHARE, &[0, 0]);
            let mut story = Story::new(role, Policy::new());
            if retry && role == Role::Server {
                story = story.edit(HandshakeType::CLIENT_HELLO, &no_share);
            } else if retry {
                (story.peer.retry, story.peer.group) = (true, countersign::NamedGroup::SECP256R1);
            }
            story.peer.fragment = fragment;
            assert_eq!(story.play().result, Some(Ok(())), "{role}, {fragment}");
        }
        let mut story = Story::new(role, Policy::new());
        story.turn();
        while story.result.is_none() {
            let next = story.next().unwrap();
            story.peer.send(next);
            story.trickle();
        }
        assert_eq!(story.result, Some(Ok(())));
    }
}

#[test]
fn a_whole_flight_may_come_in_one_record() {
    let flight = [HandshakeType::CERTIFICATE, HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED];
    let mut story = Story::server().until(State::WaitCertificate);
    story.peer.send_flight(&flight);
    story.turn();
    assert_eq!(story.result, Some(Ok(())));
    let mut story = Story::client().until(State::WaitServerHello);
    story.peer.send_flight(&[HandshakeType::SERVER_HELLO]);
    let before = [HandshakeType::ENCRYPTED_EXTENSIONS, HandshakeType::CERTIFICATE_REQUEST];
    story.peer.send_flight(&[&before[..], &flight].concat());
    story.turn();
    assert_eq!(story.result, Some(Ok(())));
}

// ---- 2: key changes ----

// req: 9846-5.1-5, 9846-5.1-6
#[test]
fn nothing_may_lie_behind_a_message_after_which_the_key_changes() {
    // Whole messages, and parts of one, after the last message of an epoch in its record.
    let behinds: &[&[u8]] = &[&[8], &[8, 0, 0], &[8, 0, 0, 2], &[8, 0, 0, 2, 0, 0], &[24, 0, 0, 1, 0], &[11, 0, 0, 4]];
    for (role, state, epoch) in [
        (Role::Server, State::WaitClientHello, Epoch::Plaintext),
        (Role::Server, State::WaitFinished, Epoch::Application),
        (Role::Client, State::WaitServerHello, Epoch::Plaintext),
        (Role::Client, State::WaitFinished, Epoch::Handshake),
    ] {
        for behind in behinds {
            for ccs in [false, true] {
                let send = |story: &mut Story<'_>| {
                    let message = story.peer.next_message(story.next().unwrap());
                    story.peer.record(HANDSHAKE, &[&message[..], behind].concat());
                    if ccs {
                        story.peer.plain(CCS, &[1]);
                    }
                };
                refused((role, state, epoch), send, "DataAcrossKeyChange", ILLEGAL);
                // The same with the message itself split.
                let send = |story: &mut Story<'_>| {
                    let message = story.peer.next_message(story.next().unwrap());
                    story.peer.record(HANDSHAKE, &message[..3]);
                    story.peer.record(HANDSHAKE, &[&message[3..], behind].concat());
                };
                refused((role, state, epoch), send, "DataAcrossKeyChange", ILLEGAL);
            }
        }
    }
    // A retry changes no key, but nothing may follow the first hello.
    let mut story = Story::client().until(State::WaitServerHello);
    (story.peer.retry, story.peer.group) = (true, countersign::NamedGroup::SECP256R1);
    let retry = story.peer.next_message(HELLO_RETRY_REQUEST);
    story.peer.record(HANDSHAKE, &[&retry[..], &[2]].concat());
    story.turn();
    story.refused("DataAcrossKeyChange", ILLEGAL, State::WaitServerHello, Epoch::Plaintext);
}

// req: 9846-5.1-5, 9846-5.1-6, 9846-4.7.3-8
#[test]
fn nothing_may_lie_behind_a_key_update() {
    for role in BOTH {
        for behind in [&[24][..], &[24, 0, 0, 1], &[24, 0, 0, 1, 0], &[4, 0, 0, 0]] {
            let send = |story: &mut Story<'_>| story.peer.record(HANDSHAKE, &[&[24, 0, 0, 1, 0], behind].concat());
            session_refused(role, send, "DataAcrossKeyChange", ILLEGAL);
        }
        // A record that is still under the old key.
        let old_key = |story: &mut Story<'_>| {
            story.peer.record(HANDSHAKE, &[24, 0, 0, 1, 0]);
            story.peer.record(DATA, b"under the old key");
        };
        session_refused(role, old_key, "BadRecordMac", A::BAD_RECORD_MAC);
        // A record that is under the next key before the KeyUpdate.
        let next_key = |story: &mut Story<'_>| {
            let sender = story.peer.role;
            story.peer.change_key(HandshakeType::KEY_UPDATE);
            assert_eq!(story.peer.role, sender);
            story.peer.record(DATA, b"under the next key");
        };
        session_refused(role, next_key, "BadRecordMac", A::BAD_RECORD_MAC);
    }
}
