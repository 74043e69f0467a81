//! Content types, empty records, versions, change_cipher_spec.

use super::{BOTH, ILLEGAL, STATES, protected, refused, session_refused};
use crate::peer::message::{KEY_SHARE, Msg};
use crate::peer::{ALERT, CCS, DATA, HANDSHAKE, Story};
use countersign::{Epoch, HandshakeType, Policy, State};

// req: 9846-5-5, 9846-5.1-17
#[test]
fn a_record_type_at_the_wrong_time_or_unknown_is_unexpected() {
    for &(role, state, epoch) in STATES {
        let at = (role, state, epoch);
        let next = |story: &mut Story<'_>| story.peer.next_message(story.next().unwrap());
        if epoch == Epoch::Plaintext {
            refused(at, |story| story.peer.plain(DATA, &[1; 40]), "UnexpectedRecord", ILLEGAL);
        } else {
            let plain = |story: &mut Story<'_>| {
                let message = next(story);
                story.peer.plain(HANDSHAKE, &message);
            };
            refused(at, plain, "UnexpectedRecord", ILLEGAL);
        }
        for typ in [0, 19, 24, 25, 26, 99, 255] {
            let begun = state != State::WaitClientHello && state != State::WaitServerHello;
            let kind = if begun { "UnexpectedRecord" } else { "NotTls" };
            refused(at, |story| story.peer.plain(typ, &[1; 40]), kind, ILLEGAL);
        }
    }
    for role in BOTH {
        session_refused(role, |story| story.peer.plain(HANDSHAKE, &[24, 0, 0, 1, 0]), "UnexpectedRecord", ILLEGAL);
        session_refused(role, |story| story.peer.plain(ALERT, &[1, 0]), "UnexpectedRecord", ILLEGAL);
        session_refused(role, |story| story.peer.plain(24, &[1, 0]), "UnexpectedRecord", ILLEGAL);
    }
}

// req: 9846-5-2, 9846-5-5, 9846-5.4-4, 9846-5.4-5
#[test]
fn the_inner_type_must_be_there_known_and_permitted() {
    for at in protected() {
        for (inner, kind) in [
            (&[][..], "NoContentType"),
            (&[0], "NoContentType"),
            (&[0; 500], "NoContentType"),
            (&[1, 20], "UnexpectedChangeCipherSpec"),
            (&[20], "UnexpectedChangeCipherSpec"),
            (&[1, 24], "UnexpectedRecord"),
            (&[1, 255, 0, 0], "UnexpectedRecord"),
            (&[1, 1], "UnexpectedRecord"),
        ] {
            refused(at, |story| story.peer.inner(inner), kind, ILLEGAL);
        }
    }
    for role in BOTH {
        for (inner, kind) in [
            (&[][..], "NoContentType"),
            (&[0; 500], "NoContentType"),
            (&[1, 20], "UnexpectedChangeCipherSpec"),
            (&[1, 24], "UnexpectedRecord"),
        ] {
            session_refused(role, |story| story.peer.inner(inner), kind, ILLEGAL);
        }
    }
}

// ---- 4: application data too early, other types between fragments ----

// req: 9846-2-2
#[test]
fn application_data_before_the_handshake_is_complete_is_unexpected() {
    for at in protected() {
        refused(at, |story| story.peer.record(DATA, b"early"), "EarlyApplicationData", ILLEGAL);
        refused(at, |story| story.peer.record(DATA, b""), "EarlyApplicationData", ILLEGAL);
    }
}

// req: 9846-5.1-3
#[test]
fn no_other_type_may_stand_between_the_fragments_of_a_message() {
    for &(role, state, epoch) in STATES {
        let begin = |story: &mut Story<'_>| {
            let message = story.peer.next_message(story.next().unwrap());
            story.peer.record(HANDSHAKE, &message[..5]);
        };
        let at = (role, state, epoch);
        refused(
            at,
            |story| {
                begin(story);
                story.peer.plain(CCS, &[1]);
            },
            "InterleavedRecord",
            ILLEGAL,
        );
        refused(
            at,
            |story| {
                begin(story);
                story.peer.record(DATA, b"x");
            },
            "InterleavedRecord",
            ILLEGAL,
        );
        refused(
            at,
            |story| {
                begin(story);
                story.peer.record(ALERT, &[1, 90]);
            },
            "InterleavedRecord",
            ILLEGAL,
        );
    }
    for role in BOTH {
        let begin = |story: &mut Story<'_>| story.peer.record(HANDSHAKE, &[24, 0, 0]);
        session_refused(
            role,
            |story| {
                begin(story);
                story.peer.record(DATA, b"x");
            },
            "InterleavedRecord",
            ILLEGAL,
        );
        session_refused(
            role,
            |story| {
                begin(story);
                story.peer.record(ALERT, &[1, 0]);
            },
            "InterleavedRecord",
            ILLEGAL,
        );
    }
}

// ---- 8: empty records ----

// req: 9846-5.4-3
#[test]
fn an_empty_handshake_or_alert_fragment_is_unexpected() {
    for &at in STATES {
        for typ in [HANDSHAKE, ALERT] {
            refused(at, |story| story.peer.record(typ, &[]), "EmptyFragment", ILLEGAL);
        }
        if at.2 != Epoch::Plaintext {
            refused(at, |story| story.peer.inner(&[HANDSHAKE, 0, 0, 0]), "EmptyFragment", ILLEGAL);
        }
    }
    for role in BOTH {
        for typ in [HANDSHAKE, ALERT] {
            session_refused(role, |story| story.peer.record(typ, &[]), "EmptyFragment", ILLEGAL);
        }
    }
}

#[test]
fn empty_application_data_is_borne_with_32_times_in_a_row() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new()).connected();
        for _ in 0..2 {
            (0..32).for_each(|_| story.peer.record(DATA, b""));
            story.peer.record(DATA, b"x");
        }
        story.turn();
        assert_eq!(story.data, b"xx");
        (0..33).for_each(|_| story.peer.record(DATA, b""));
        story.turn();
        story.refused("TooManyEmptyRecords", ILLEGAL, State::Connected, Epoch::Application);
    }
}

// ---- 9: the version of records ----

// req: 9846-5.1-13, 9846-E-1, 9846-E.2-4
#[test]
fn the_version_of_a_record_is_ignored() {
    for role in BOTH {
        for version in [[0, 0], [3, 0], [3, 1], [3, 4], [0xff, 0xff]] {
            let mut story = Story::new(role, Policy::new());
            story.turn();
            let first = story.next().unwrap();
            story.peer.send(first);
            story.peer.out[1..3].copy_from_slice(&version);
            story.turn();
            assert_eq!(story.play().result, Some(Ok(())));
        }
    }
}

#[test]
fn what_is_not_tls_fails_at_its_first_byte() {
    for bytes in [&b"G"[..], b"GET / HTTP/1.1\r\n\r\n", b"SSH-2.0-x", &[0; 4], &[0x80, 0x2e, 1, 3, 1], &[0xff]] {
        for role in BOTH {
            let mut story = Story::new(role, Policy::new());
            story.turn();
            story.peer.out = bytes.to_vec();
            let state = story.state();
            story.turn();
            story.refused("NotTls", ILLEGAL, state, Epoch::Plaintext);
        }
    }
}

// ---- 11: change_cipher_spec ----

// req: 9846-5-1, 9846-5-2, 9846-5-3
#[test]
fn change_cipher_spec_is_dropped_between_the_first_hello_and_finished_32_times() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new());
        story.turn();
        let mut sent = 0;
        while story.result.is_none() {
            if story.state() != State::WaitClientHello {
                story.peer.plain(CCS, &[1]);
                sent += 1;
            }
            let next = story.next().unwrap();
            story.peer.send(next);
            story.turn();
        }
        assert!(story.result == Some(Ok(())) && sent >= 3);
    }
    for &(role, state, epoch) in STATES {
        let at = (role, state, epoch);
        let kind = "UnexpectedChangeCipherSpec";
        for content in [&[0][..], &[2], &[1, 1], &[]] {
            refused(at, |story| story.peer.plain(CCS, content), kind, ILLEGAL);
        }
        if epoch != Epoch::Plaintext {
            refused(at, |story| story.peer.record(CCS, &[1]), kind, ILLEGAL);
        }
        if state == State::WaitClientHello {
            refused(at, |story| story.peer.plain(CCS, &[1]), kind, ILLEGAL);
            continue;
        }
        let many = |story: &mut Story<'_>| (0..33).for_each(|_| story.peer.plain(CCS, &[1]));
        refused(at, many, "TooManyChangeCipherSpecs", ILLEGAL);
        let mut story = Story::new(role, Policy::new()).until(state);
        (0..32).for_each(|_| story.peer.plain(CCS, &[1]));
        story.turn();
        assert_eq!(story.play().result, Some(Ok(())));
    }
    for role in BOTH {
        session_refused(role, |story| story.peer.plain(CCS, &[1]), "UnexpectedChangeCipherSpec", ILLEGAL);
    }
    // It is legal between the two hellos of a retry.
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &[0, 0]);
    let mut story = Story::server().edit(HandshakeType::CLIENT_HELLO, &no_share);
    story.peer.send(HandshakeType::CLIENT_HELLO);
    story.turn();
    story.peer.plain(CCS, &[1]);
    story.turn();
    assert_eq!(story.play().result, Some(Ok(())));
}
