//! The record layer under a peer that bends it (RFC 9846 §5, RFC 8449).

use crate::peer::message::{KEY_SHARE, Msg, certificate};
use crate::peer::{ALERT, CCS, DATA, HANDSHAKE, HELLO_RETRY_REQUEST, Story, identities};
use countersign::AlertDescription as A;
use countersign::internals::crypto::Suite;
use countersign::{Epoch, Event, HandshakeType, Padding, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];
const ILLEGAL: A = A::UNEXPECTED_MESSAGE;

/// Every state of an end in which it awaits the peer in the handshake, and the keys that its alerts go out under.
const STATES: &[(Role, State, Epoch)] = &[
    (Role::Server, State::WaitClientHello, Epoch::Plaintext),
    (Role::Server, State::WaitCertificate, Epoch::Application),
    (Role::Server, State::WaitCertificateVerify, Epoch::Application),
    (Role::Server, State::WaitFinished, Epoch::Application),
    (Role::Client, State::WaitServerHello, Epoch::Plaintext),
    (Role::Client, State::WaitEncryptedExtensions, Epoch::Handshake),
    (Role::Client, State::WaitCertificateRequest, Epoch::Handshake),
    (Role::Client, State::WaitCertificate, Epoch::Handshake),
    (Role::Client, State::WaitCertificateVerify, Epoch::Handshake),
    (Role::Client, State::WaitFinished, Epoch::Handshake),
];

/// The states in which records of the peer are protected.
fn protected() -> impl Iterator<Item = (Role, State, Epoch)> {
    STATES.iter().copied().filter(|(_, _, epoch)| *epoch != Epoch::Plaintext)
}

/// In this state the end refuses what `send` sends.
#[track_caller]
fn refused((role, state, epoch): (Role, State, Epoch), send: impl Fn(&mut Story<'_>), kind: &str, alert: A) {
    let mut story = Story::new(role, Policy::new()).until(state);
    send(&mut story);
    story.turn();
    story.refused(kind, alert, state, epoch);
}

/// A session of the end refuses what `send` sends.
#[track_caller]
fn session_refused(role: Role, send: impl Fn(&mut Story<'_>), kind: &str, alert: A) {
    let mut story = Story::new(role, Policy::new()).connected();
    send(&mut story);
    story.turn();
    story.refused(kind, alert, State::Connected, Epoch::Application);
}

// ---- 1: any split ----

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
    // Whole messages and parts of one behind the last message of an epoch, in its record.
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
    // A retry changes no key, but the second hello is the client's next: nothing may follow the first.
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
        // And one that is under the next key before the KeyUpdate.
        let next_key = |story: &mut Story<'_>| {
            let sender = story.peer.role;
            story.peer.change_key(HandshakeType::KEY_UPDATE);
            assert_eq!(story.peer.role, sender);
            story.peer.record(DATA, b"under the next key");
        };
        session_refused(role, next_key, "BadRecordMac", A::BAD_RECORD_MAC);
    }
}

// ---- 3, 7: types ----

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
        refused(at, |story| (begin(story), story.peer.plain(CCS, &[1])).1, "InterleavedRecord", ILLEGAL);
        refused(at, |story| (begin(story), story.peer.record(DATA, b"x")).1, "InterleavedRecord", ILLEGAL);
        refused(at, |story| (begin(story), story.peer.record(ALERT, &[1, 90])).1, "InterleavedRecord", ILLEGAL);
    }
    for role in BOTH {
        let begin = |story: &mut Story<'_>| story.peer.record(HANDSHAKE, &[24, 0, 0]);
        session_refused(role, |story| (begin(story), story.peer.record(DATA, b"x")).1, "InterleavedRecord", ILLEGAL);
        session_refused(
            role,
            |story| (begin(story), story.peer.record(ALERT, &[1, 0])).1,
            "InterleavedRecord",
            ILLEGAL,
        );
    }
}

// ---- 5: records that do not open ----

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
            // The header's version is covered too; its type and length are judged before.
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
        // In order they open: numbers count from 0 under each key.
        let mut story = Story::new(role, Policy::new()).connected();
        records(&mut story, &[0, 1, 2]);
        story.turn();
        assert_eq!(story.data, [0, 1, 2]);
    }
}

// ---- 6: lengths ----

// req: 9846-5.1-15, 9846-5.2-2, 9846-5.2-5
#[test]
fn a_length_beyond_the_limit_is_judged_from_the_header() {
    for &at in STATES {
        if at.2 == Epoch::Plaintext {
            refused(at, |story| story.peer.header(HANDSHAKE, (1 << 14) + 1), "RecordOverflow", A::RECORD_OVERFLOW);
            refused(at, |story| story.peer.header(HANDSHAKE, 0xffff), "RecordOverflow", A::RECORD_OVERFLOW);
        } else {
            refused(at, |story| story.peer.header(DATA, (1 << 14) + 257), "RecordOverflow", A::RECORD_OVERFLOW);
        }
    }
    for role in BOTH {
        for len in [(1 << 14) + 257, 0xffff] {
            session_refused(role, |story| story.peer.header(DATA, len), "RecordOverflow", A::RECORD_OVERFLOW);
        }
        // Not one byte earlier: this header is waited for, and its record does not open.
        let longest = |story: &mut Story<'_>| story.peer.plain(DATA, &[7; (1 << 14) + 256]);
        session_refused(role, longest, "BadRecordMac", A::BAD_RECORD_MAC);
    }
}

// req: 9846-5.4-6, 9846-5.2-2
#[test]
fn an_inner_plaintext_is_at_most_16385_bytes_long_padding_included() {
    let inner = |content: usize, padding: usize| [vec![b'x'; content], vec![DATA], vec![0; padding]].concat();
    for role in BOTH {
        for (content, padding) in [(1 << 14, 0), (1, (1 << 14) - 1), (0, 1 << 14), (10_000, 6_384)] {
            let mut story = Story::new(role, Policy::new()).connected();
            story.peer.inner(&inner(content, padding));
            story.turn();
            assert_eq!(story.data.len(), content);
            assert_eq!(story.result, Some(Ok(())));
        }
        for (content, padding) in [((1 << 14) + 1, 0), (1 << 14, 1), (1, 1 << 14), (0, (1 << 14) + 1)] {
            let send = |story: &mut Story<'_>| story.peer.inner(&inner(content, padding));
            session_refused(role, send, "RecordOverflow", A::RECORD_OVERFLOW);
        }
    }
    for at in protected() {
        let too_long = |story: &mut Story<'_>| {
            let message = story.peer.next_message(story.next().unwrap());
            let padding = vec![0; (1 << 14) + 2 - message.len() - 1];
            story.peer.inner(&[&message[..], &[HANDSHAKE], &padding].concat());
        };
        refused(at, too_long, "RecordOverflow", A::RECORD_OVERFLOW);
    }
}

// req: 9846-5.4-4
#[test]
fn padding_of_handshake_records_is_removed() {
    for role in BOTH {
        for padding in [1, 16, 255, 15_000] {
            let mut story = Story::new(role, Policy::new());
            story.turn();
            while story.result.is_none() {
                let next = story.next().unwrap();
                let message = story.peer.next_message(next);
                match story.peer.write {
                    None => story.peer.record(HANDSHAKE, &message),
                    Some(_) => story.peer.inner(&[&message[..], &[HANDSHAKE], &vec![0; padding]].concat()),
                }
                story.peer.change_key(next);
                story.turn();
            }
            assert_eq!(story.result, Some(Ok(())));
        }
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

// ---- 10: record_size_limit ----

// req: 8449-4-5
#[test]
fn a_protected_record_above_our_limit_is_refused_from_its_header() {
    let answer = |m: &mut Msg| m.put(|w| w.record_size_limit(16_385));
    for (role, typ, first) in [
        (Role::Client, HandshakeType::ENCRYPTED_EXTENSIONS, State::WaitCertificateRequest),
        (Role::Server, HandshakeType::CLIENT_HELLO, State::WaitCertificate),
    ] {
        let policy = Policy::new().record_size_limit(64);
        let begin = || {
            let mut story = Story::new(role, policy.clone()).edit(typ, &answer);
            story.peer.fragment = 63;
            story
        };
        // At the limit, content, type and padding together: the handshake goes through, unprotected records are free.
        let mut story = begin();
        story.peer.fragment = 1 << 14;
        story = story.until(if role == Role::Client { State::WaitEncryptedExtensions } else { State::WaitClientHello });
        story.peer.fragment = 63;
        if role == Role::Server {
            story.peer.fragment = 1 << 14;
            story.peer.send(HandshakeType::CLIENT_HELLO);
            story.turn();
            story.peer.fragment = 63;
        }
        let mut story = story.connected();
        story.peer.inner(&[&[b'x'; 10][..], &[DATA], &[0; 53]].concat());
        story.peer.record(DATA, &[b'y'; 63]);
        story.turn();
        assert_eq!(story.data.len(), 73);
        // One above: from the header, in the session and in the handshake.
        story.peer.header(DATA, 64 + 17);
        story.turn();
        story.refused("RecordOverflow", A::RECORD_OVERFLOW, State::Connected, Epoch::Application);

        let mut story = begin();
        story.peer.fragment = 1 << 14;
        let mut story = story.until(first);
        story.peer.header(DATA, 64 + 17);
        story.turn();
        let epoch = if role == Role::Client { Epoch::Handshake } else { Epoch::Application };
        story.refused("RecordOverflow", A::RECORD_OVERFLOW, first, epoch);
    }
    // Not negotiated: not binding.
    let mut story = Story::new(Role::Client, Policy::new().record_size_limit(64)).connected();
    story.peer.record(DATA, &[b'x'; 1000]);
    story.turn();
    assert_eq!(story.data.len(), 1000);
}

// req: 8449-4-1, 8449-4-4, 9846-5.2-1, 9846-5.1-2, 9846-5.1-8, 9846-5.4-2
#[test]
fn our_protected_records_obey_the_limit_of_the_peer() {
    for (limit, most) in [(64, 64), (100, 100), (16_385, 16_385), (65_535, 16_385)] {
        for (role, typ) in
            [(Role::Client, HandshakeType::ENCRYPTED_EXTENSIONS), (Role::Server, HandshakeType::CLIENT_HELLO)]
        {
            if role == Role::Client && limit > 16_385 {
                continue; // a server may not announce it
            }
            let edit = |m: &mut Msg| m.put(|w| w.record_size_limit(limit));
            let policy = Policy::new().record_size_limit(16_385).padding(Padding::Multiple(48));
            let mut story = Story::new(role, policy).edit(typ, &edit).connected();
            let data = vec![b'x'; 40_000];
            let mut sent = 0;
            while sent < data.len() {
                sent += story.session.as_mut().unwrap().write(&data[sent..], &mut story.end.tx).unwrap();
                story.drive();
            }
            let inner = story.peer.seen.iter().filter(|seen| seen.epoch != Epoch::Plaintext);
            let longest = inner.clone().map(|seen| seen.len - 21).max().unwrap();
            assert!(longest <= most, "{role}: {longest} bytes where {most} are allowed");
            assert!(longest + 48 > most, "{role}: as long as they may be: {longest}");
            let data = inner.clone().filter(|seen| seen.typ == DATA).map(|seen| seen.content.len()).sum::<usize>();
            assert_eq!(data, 40_000);
            assert!(inner.clone().all(|seen| seen.typ == DATA || !seen.content.is_empty()), "only data may be empty");
        }
    }
}

// req: 9846-5.1-14, 9846-5.2-1, 9846-5.4-1, 9846-5.1-12
#[test]
fn records_of_16384_bytes_go_both_ways_in_each_suite() {
    for suite in Suite::ALL {
        for role in BOTH {
            let mut story = Story::new(role, Policy::new());
            story.peer.suite = suite;
            let mut story = story.connected();
            let data: Vec<u8> = (0..1 << 14).map(|each: u32| each as u8).collect();
            story.peer.record(DATA, &data);
            story.turn();
            assert!(story.data == data);
            assert_eq!(story.session.as_mut().unwrap().write(&data, &mut story.end.tx), Ok(data.len()));
            story.drive();
            let last = story.peer.seen.last().unwrap();
            assert!(last.content == data && last.len == 5 + (1 << 14) + 1 + 16 && last.version == 0x0303);
        }
    }
    // A long message of ours is divided, and none of its records is too long.
    let ids = identities();
    for role in BOTH {
        let mut chain = vec![if role == Role::Client { &ids.client } else { &ids.server }.chain[0].clone()];
        chain.push(rustls_pki_types::CertificateDer::from(vec![0x30; 20_000]));
        let mut story = Story::new(role, Policy::new());
        story.end.tx = countersign::Outbox::new(vec![0; 60_000]);
        story.hold = Some(State::AskCredential);
        let mut story = story.until(State::AskCredential);
        let end = &mut story.end;
        let step = end.hs.step(&mut end.rx, &mut end.tx);
        let Ok(countersign::Step::Want(countersign::Want::Credential(question))) = step else { panic!() };
        end.hs.answer_credential(&question, &countersign::Credential::new(&chain), &mut end.tx).unwrap();
        let story = story.connected();
        assert!(story.peer.seen.iter().all(|seen| seen.content.len() <= 1 << 14));
        assert!(story.peer.message(HandshakeType::CERTIFICATE).len() > 20_000);
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
    // Between the two hellos of a retry it may stand.
    let no_share = |m: &mut Msg| m.set(KEY_SHARE, &[0, 0]);
    let mut story = Story::server().edit(HandshakeType::CLIENT_HELLO, &no_share);
    story.peer.send(HandshakeType::CLIENT_HELLO);
    story.turn();
    story.peer.plain(CCS, &[1]);
    story.turn();
    assert_eq!(story.play().result, Some(Ok(())));
}

// ---- what we send ----

// req: 9846-5-4, 9846-5.1-2, 9846-5.1-4, 9846-5.1-7, 9846-5.1-12, 9846-5.1-16, 9846-5.1-17, 9846-5.1-9, 9846-5.1-10
// req: 9846-E.5-8, 9846-2-2, 9846-5.3-1
#[test]
fn our_own_records_are_as_they_must_be() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new()).connected();
        story.session.as_mut().unwrap().write(b"data", &mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().update_key(&mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().write(b"more", &mut story.end.tx).unwrap();
        story.session.as_mut().unwrap().close(&mut story.end.tx).unwrap();
        story.drive();
        let mut finished = false;
        for (number, seen) in story.peer.seen.iter().enumerate() {
            assert!([CCS, ALERT, HANDSHAKE, DATA].contains(&seen.typ));
            let first = role == Role::Client && number == 0;
            assert_eq!(seen.version, if first { 0x0301 } else { 0x0303 });
            match seen.typ {
                CCS => assert_eq!((&seen.content[..], seen.epoch), (&[1][..], Epoch::Plaintext)),
                ALERT => assert_eq!(seen.content.len(), 2),
                // Data only after our Finished, and protected.
                DATA => assert!(finished && seen.epoch == Epoch::Application),
                _ => {
                    // Whole messages; the last before a change of keys ends its record.
                    let mut rest = &seen.content[..];
                    while let Some((message, after)) = countersign::internals::codec::Message::split(rest) {
                        let last = [
                            HandshakeType::CLIENT_HELLO,
                            HandshakeType::SERVER_HELLO,
                            HandshakeType::FINISHED,
                            HandshakeType::KEY_UPDATE,
                        ];
                        assert!(after.is_empty() || !last.contains(&message.typ));
                        finished |= message.typ == HandshakeType::FINISHED;
                        rest = after;
                    }
                    assert!(rest.is_empty());
                }
            }
        }
        assert!(finished);
        assert_eq!(story.peer.alerts(), [(Epoch::Application, vec![1, 0])]);
    }
}

// req: 9846-5.4-1, 9846-5.4-6
#[test]
fn our_padding_is_zeros_to_the_multiple_and_within_the_limit() {
    for role in BOTH {
        for multiple in [0, 1, 16, 4096, 16_384, u16::MAX] {
            let policy = Policy::new().padding(Padding::Multiple(multiple));
            let mut story = Story::new(role, policy).connected();
            let data = vec![b'x'; (1 << 14) + 100];
            assert_eq!(story.session.as_mut().unwrap().write(&data, &mut story.end.tx), Ok(data.len()));
            story.drive();
            // The peer has found the type before the zeros: nothing else can be there.
            for seen in story.peer.seen.iter().filter(|seen| seen.typ == DATA && !seen.content.is_empty()) {
                let inner = seen.content.len() + 1 + seen.padding;
                assert!(inner <= (1 << 14) + 1);
                let whole = inner % usize::from(multiple.max(1)) == 0;
                assert!(whole || inner == (1 << 14) + 1, "{inner} of {multiple}");
            }
        }
    }
}

/// A peer that sends no change_cipher_spec, and none to answer: works (all other stories do it as well).
#[test]
fn a_client_that_is_not_confirmed_learns_it_by_the_first_record_and_long_flights_work() {
    let leaf = identities().server.chain[0].clone();
    let long = vec![0x30; 25_000];
    let edit = |m: &mut Msg| *m = certificate(&[], &[(&leaf, &[]), (&long, &[])]);
    let mut story = Story::client().edit(HandshakeType::CERTIFICATE, &edit).connected();
    assert!(!story.session.as_ref().unwrap().is_confirmed());
    story.peer.record(DATA, b"");
    story.turn();
    assert!(story.events.contains(&Event::Confirmed) && story.session.as_ref().unwrap().is_confirmed());
}
