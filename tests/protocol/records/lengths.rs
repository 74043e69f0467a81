//! The lengths of records, ours and the peer's: limits and padding.

use super::{BOTH, STATES, protected, refused, session_refused};
use crate::peer::message::Msg;
use crate::peer::{DATA, HANDSHAKE, Story, identities};
use countersign::AlertDescription as A;
use countersign::internals::crypto::Suite;
use countersign::{Epoch, HandshakeType, Padding, Policy, Role, State};

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
        // Not one byte earlier: a record with this header is awaited, and then does not open.
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
        // Content, type and padding have exactly the limit: the handshake succeeds. Unprotected records have no limit.
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
        // One byte more is refused from the header, in the session and in the handshake.
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
    // Without negotiation there is no limit.
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
                continue; // a server may not send it
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
    // A long message of ours is divided, and no record is too long.
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
        assert!(story.sent(HandshakeType::CERTIFICATE).len() > 20_000);
    }
}
