//! After the handshake: KeyUpdate, NewSessionTicket, exporters (RFC 9846 §4.7, §7.5).

use crate::peer::message::{GREASE, KEY_SHARE, Msg, VERSIONS};
use crate::peer::{self, DATA, HANDSHAKE, Story};
use countersign::AlertDescription as A;
use countersign::{Epoch, Event, HandshakeType, Misuse, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

fn connected(role: Role) -> Story<'static> {
    Story::new(role, Policy::new()).connected()
}

#[track_caller]
fn refused(role: Role, send: impl Fn(&mut Story<'_>), kind: &str, alert: A) {
    let mut story = connected(role);
    send(&mut story);
    story.turn();
    story.refused(kind, alert, State::Connected, Epoch::Application);
}

fn key_update(story: &mut Story<'_>, request: u8) {
    story.peer.record(HANDSHAKE, &[24, 0, 0, 1, request]);
    story.peer.change_key(HandshakeType::KEY_UPDATE);
}

/// How many KeyUpdates the end has sent, without the one that confirms a client.
fn updates(story: &Story<'_>) -> usize {
    let all = story.peer.types().iter().filter(|typ| **typ == HandshakeType::KEY_UPDATE).count();
    all - usize::from(story.end.hs.role() == Role::Server)
}

// ---- 42: KeyUpdate ----

// req: 9846-4.7.3-3, 9846-4.7.3-5, 9846-4.7.3-7, 9846-4.7.3-2, 9846-5.3-1
#[test]
fn keys_follow_the_updates_of_the_peer_and_a_request_is_answered_before_our_next_data() {
    for role in BOTH {
        let mut story = connected(role);
        for (number, request) in [0, 1, 1, 0].into_iter().enumerate() {
            let before = updates(&story);
            key_update(&mut story, request);
            story.peer.record(DATA, &[number as u8]);
            story.turn();
            assert_eq!(updates(&story), before, "not before our next data");
            // The peer opens this record under the next key.
            assert_eq!(story.session.as_mut().unwrap().write(b"data", &mut story.end.tx), Ok(4));
            story.drive();
            assert_eq!(story.peer.seen.last().unwrap().content, b"data");
            assert_eq!(updates(&story) - before, usize::from(request));
        }
        assert_eq!(story.data, [0, 1, 2, 3]);
        for (_, typ, raw) in &story.peer.messages {
            assert!(*typ != HandshakeType::KEY_UPDATE || raw[4..] == [0], "answers request nothing");
        }
    }
}

// req: 9846-4.7.3-5
#[test]
fn several_requests_are_answered_once() {
    for role in BOTH {
        let mut story = connected(role);
        for _ in 0..5 {
            key_update(&mut story, 1);
        }
        story.turn();
        assert_eq!(story.session.as_mut().unwrap().write(b"data", &mut story.end.tx), Ok(4));
        story.drive();
        assert_eq!(updates(&story), 1);
        assert_eq!(story.peer.seen.last().unwrap().content, b"data");
    }
}

// req: 9846-4.7.3-5
#[test]
fn an_answer_without_room_comes_before_the_next_data_nevertheless() {
    for role in BOTH {
        let mut story = connected(role);
        // Without room: the outbox is full of pending bytes.
        let end = &mut story.end;
        while story.session.as_mut().unwrap().write(&[0; 3000], &mut end.tx).unwrap() > 0 {}
        key_update(&mut story, 1);
        let bytes = std::mem::take(&mut story.peer.out);
        story.end.gets(&bytes);
        let end = &mut story.end;
        let event = story.session.as_mut().unwrap().receive(&mut end.rx, &mut end.tx).unwrap();
        assert!(matches!(event, Event::Confirmed | Event::Read));
        story.drive();
        story.session.as_mut().unwrap().write(b"after", &mut story.end.tx).unwrap();
        story.drive();
        assert_eq!(updates(&story), 1);
        assert_eq!(story.peer.seen.last().unwrap().content, b"after");
    }
}

// req: 9846-4.7.3-4
#[test]
fn a_key_update_of_another_value_or_size_is_refused() {
    for role in BOTH {
        for value in [2, 3, 128, 255] {
            let send = |story: &mut Story<'_>| story.peer.record(HANDSHAKE, &[24, 0, 0, 1, value]);
            refused(role, send, "IllegalKeyUpdate", A::ILLEGAL_PARAMETER);
        }
        // The last one is judged from its header.
        for bytes in [&[24, 0, 0, 0][..], &[24, 0, 0, 2, 0, 0], &[24, 0, 0, 3, 1, 1, 1], &[24, 0, 0, 2]] {
            refused(role, |story| story.peer.record(HANDSHAKE, bytes), "Malformed", A::DECODE_ERROR);
        }
    }
}

// req: 9846-4.7.3-3
#[test]
fn updates_without_data_between_are_borne_with_32_times() {
    for role in BOTH {
        let mut story = connected(role);
        for _ in 0..3 {
            (0..32).for_each(|_| key_update(&mut story, 0));
            story.peer.record(DATA, b"x");
        }
        story.turn();
        assert_eq!(story.data, b"xxx");
        (0..33).for_each(|_| key_update(&mut story, 0));
        story.turn();
        story.refused("TooManyKeyUpdates", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);
    }
}

// req: 9846-4.7.3-2, 9846-4.7.3-7, 9846-5.5-1
#[test]
fn we_update_our_key_before_its_limit_and_ask_for_nothing() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new().update_after(3)).connected();
        for _ in 0..10 {
            assert_eq!(story.session.as_mut().unwrap().write(b"data", &mut story.end.tx), Ok(4));
            story.drive();
        }
        assert!(updates(&story) >= 3, "{} updates", updates(&story));
        let data = story.peer.seen.iter().filter(|seen| seen.content == b"data").count();
        assert_eq!(data, 10, "all of it opened under the right keys");
        assert!(story.peer.messages.iter().all(|(_, typ, raw)| *typ != HandshakeType::KEY_UPDATE || raw[4..] == [0]));
    }
}

// req: 9846-4.7.3-6
#[test]
fn at_most_one_request_of_ours_is_outstanding() {
    for role in BOTH {
        let mut story = connected(role);
        let confirm = |story: &mut Story<'_>| {
            story.session.as_mut().unwrap().confirm(&mut story.end.tx).unwrap();
            story.drive();
            updates(story)
        };
        assert_eq!(confirm(&mut story), 1);
        assert_eq!(story.sent(HandshakeType::KEY_UPDATE)[4..], [1]);
        assert_eq!(confirm(&mut story), 1, "still outstanding");
        key_update(&mut story, 0);
        story.turn();
        assert_eq!(confirm(&mut story), 2);
        assert_eq!(confirm(&mut story), 2);
    }
}

// ---- records directly after Finished ----

#[test]
fn data_updates_tickets_and_closing_may_come_with_the_peers_finished() {
    for role in BOTH {
        for state in [State::WaitFinished, State::AskVerify, State::AskSign] {
            if role == Role::Server && state == State::AskSign {
                continue; // before the client's flight
            }
            let mut story = Story::new(role, Policy::new());
            let mut story = {
                story.hold = (state != State::WaitFinished).then_some(state);
                story.until(state)
            };
            if state == State::WaitFinished {
                story.peer.send(HandshakeType::FINISHED);
            }
            // While questions are open, the peer continues under its application key.
            story.peer.record(DATA, b"early ");
            key_update(&mut story, 1);
            if role == Role::Client {
                story.peer.record(HANDSHAKE, &ticket(|_| ()));
            }
            story.peer.record(DATA, b"bird");
            story.peer.alert(1, A::CLOSE_NOTIFY);
            story.turn();
            story.hold = None;
            story.turn();
            assert_eq!(story.data, b"early bird");
            // A record that came before our Finished confirms nothing, so this close is no orderly end.
            assert_eq!(story.session.as_ref().unwrap().is_confirmed(), role == Role::Server);
            match role {
                Role::Server => assert_eq!(story.events.last(), Some(&Event::Closed)),
                Role::Client => assert_eq!(story.error().kind().name(), "PeerEndedUnconfirmed"),
            }
        }
    }
}

// req: 9846-4.7.3-1
#[test]
fn a_key_update_before_finished_is_unexpected() {
    for role in BOTH {
        for state in [State::WaitCertificate, State::WaitCertificateVerify, State::WaitFinished] {
            let mut story = Story::new(role, Policy::new()).until(state);
            story.peer.record(HANDSHAKE, &[24, 0, 0, 1, 0]);
            story.turn();
            let epoch = if role == Role::Client { Epoch::Handshake } else { Epoch::Application };
            story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, state, epoch);
        }
    }
}

// ---- 43: tickets and everything else ----

fn ticket(edit: impl Fn(&mut Msg)) -> Vec<u8> {
    let head = [&[0, 0, 0x1c, 0x20, 1, 2, 3, 4, 1, 9, 0, 3][..], b"abc"].concat();
    let mut msg = Msg::new(HandshakeType::NEW_SESSION_TICKET, head).with(vec![]);
    edit(&mut msg);
    msg.bytes()
}

// req: 9846-4.7.1-1, 9846-4.7.1-8, 9846-9.3-3
#[test]
fn a_client_checks_tickets_and_keeps_none() {
    for good in [
        ticket(|_| ()),
        ticket(|m| m.push(GREASE, &[1, 2])),
        ticket(|m| m.push(countersign::ExtensionType::EARLY_DATA, &[0, 0, 0x40, 0])),
        ticket(|m| m.head = [&[0; 8][..], &[0, 0x0d, 0x48], &[7; 3400]].concat()),
    ] {
        let mut story = connected(Role::Client);
        story.peer.record(HANDSHAKE, &[&good[..], &good].concat());
        story.peer.record(DATA, b"x");
        story.turn();
        assert_eq!(story.data, b"x", "{:?}", story.result);
        assert!(story.end.rx.is_empty());
    }
    let malformed: &[&dyn Fn(&mut Msg)] = &[
        &|m| m.tail = vec![0],
        &|m| m.extensions = None,
        &|m| (m.head, m.extensions) = (vec![], None),
        &|m| m.head = [&[0; 8][..], &[0, 0, 0]].concat(), // an empty ticket
        &|m| m.head = [&[0; 8][..], &[9, 0, 3, 1]].concat(),
        &|m| (m.extensions, m.tail) = (None, vec![0, 9, 1]),
        &|m| {
            m.push(GREASE, &[]);
            m.push(GREASE, &[]);
        },
    ];
    for edit in malformed {
        let bytes = ticket(edit);
        refused(Role::Client, |story| story.peer.record(HANDSHAKE, &bytes), "Malformed", A::DECODE_ERROR);
    }
    let bytes = ticket(|m| m.push(countersign::ExtensionType::EARLY_DATA, &[0]));
    refused(Role::Client, |story| story.peer.record(HANDSHAKE, &bytes), "MalformedExtension", A::DECODE_ERROR);
    for extension in [KEY_SHARE, VERSIONS] {
        let bytes = ticket(|m| m.push(extension, &[3, 4]));
        let send = |story: &mut Story<'_>| story.peer.record(HANDSHAKE, &bytes);
        refused(Role::Client, send, "ForbiddenExtension", A::ILLEGAL_PARAMETER);
    }
}

// req: 9846-4.7.1-1
#[test]
fn tickets_without_data_between_are_borne_with_32_times() {
    let mut story = connected(Role::Client);
    for _ in 0..3 {
        (0..32).for_each(|_| story.peer.record(HANDSHAKE, &ticket(|_| ())));
        story.peer.record(DATA, b"x");
    }
    story.turn();
    assert_eq!(story.data, b"xxx");
    (0..33).for_each(|_| story.peer.record(HANDSHAKE, &ticket(|_| ())));
    story.turn();
    story.refused("TooManyTickets", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);
}

/// The longest ticket: 2^8 - 1 bytes of nonce, and 2^16 - 1 each of ticket and extensions.
// req: 9846-4.7.1-1
#[test]
fn a_ticket_of_any_length_is_dropped() {
    let long = |extension: usize| {
        let [high, low] = u16::try_from(extension).unwrap().to_be_bytes();
        let nonce = [&[0; 8][..], &[255], &[7; 255]].concat();
        let head = [&nonce[..], &[255, 255], &[8; 65_535]].concat();
        let extension = [&[0x1a, 0x1a, high, low][..], &vec![9; extension]].concat();
        let block = u16::try_from(extension.len()).unwrap().to_be_bytes();
        let body = [&head[..], &block, &extension].concat();
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[4, len[1], len[2], len[3]], &body[..]].concat()
    };
    for (ticket, capacity) in [(long(65_531), 20_000), (long(65_531), 200_000), (long(0), 200_000)] {
        assert!(ticket.len() > countersign::limits::MAX_MESSAGE);
        let mut story = connected(Role::Client);
        story.end.rx = countersign::Inbox::new(vec![0; capacity]);
        for _ in 0..3 {
            ticket.chunks(16_000).for_each(|fragment| story.peer.record(HANDSHAKE, fragment));
            story.peer.record(DATA, b"x");
        }
        story.turn();
        assert_eq!(story.data, b"xxx", "{:?}", story.result);
    }
    // A longer message cannot be a ticket.
    let send = |story: &mut Story<'_>| {
        let mut ticket = long(65_531);
        ticket[1] += 1;
        ticket.push(0);
        ticket.chunks(16_000).for_each(|fragment| story.peer.record(HANDSHAKE, fragment));
    };
    refused(Role::Client, send, "Malformed", A::DECODE_ERROR);
}

// req: 9846-4.7.2-5, 9846-4.2.2-3, 9846-4-2, 9846-4.6-4, 9846-4.3.6-1
#[test]
fn every_other_message_after_the_handshake_is_unexpected() {
    for role in BOTH {
        for typ in (0..=255).map(HandshakeType) {
            let legal =
                typ == HandshakeType::KEY_UPDATE || (role == Role::Client && typ == HandshakeType::NEW_SESSION_TICKET);
            if legal {
                continue;
            }
            let mut story = connected(role);
            // A request with a context, as in post-handshake authentication.
            let request = Msg::new(typ, vec![1, 7]).with(peer::message::extensions(|w| {
                w.signature_algorithms(peer::SCHEMES);
            }));
            let msg = if typ == HandshakeType::CERTIFICATE_REQUEST { request } else { story.peer.compose(typ) };
            story.peer.send_msg(&msg);
            story.turn();
            story.refused("UnexpectedMessage", A::UNEXPECTED_MESSAGE, State::Connected, Epoch::Application);
        }
    }
}

// ---- 44: exporters ----

// req: 9846-7.5-1, 9846-F.1-2
#[test]
fn both_sides_export_the_same() {
    for suite in countersign::internals::crypto::Suite::ALL {
        for role in BOTH {
            let mut story = Story::new(role, Policy::new());
            story.peer.suite = suite;
            let story = story.connected();
            let (ours, theirs) = (story.session.as_ref().unwrap().exporter(), story.peer.exporter.as_ref().unwrap());
            for (label, context, len) in [
                (&b"EXPORTER-Channel-Binding"[..], &b""[..], 32),
                (b"EXPORTER-Channel-Binding", b"context", 32),
                (b"another", b"", 1),
                (b"another", &[7; 1000], 5000),
            ] {
                let (mut one, mut other) = (vec![0; len], vec![1; len]);
                ours.export(label, context, &mut one).unwrap();
                theirs.export(label, context, &mut other).unwrap();
                assert_eq!(one, other);
            }
            let mut binding = [0; 32];
            theirs.export(b"EXPORTER-Channel-Binding", b"", &mut binding).unwrap();
            assert_eq!(ours.tls_exporter().unwrap(), binding);
            // The secret is that of the key schedule, and the traffic secrets are the peer's.
            assert_eq!(ours.expose_secret(), theirs.expose());
            let application = story.peer.application.as_ref().unwrap();
            let (client, server) = (application.client.expose(), application.server.expose());
            let expected = if role == Role::Client { (client, server) } else { (server, client) };
            assert_eq!(story.session.as_ref().unwrap().expose_secrets(), expected);
        }
    }
}

// §7.1: the secrets of a state under their labels in key logs. A secret is shown neither before it exists nor after it
// was wiped.
#[test]
fn each_state_shows_to_the_key_log_what_it_holds() {
    const HANDSHAKE: [&str; 2] = ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"];
    const APPLICATION: [&str; 2] = ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"];
    // Role, state, whether it has the handshake secrets, whether it has the application secrets.
    let table = [
        (Role::Client, State::WaitServerHello, false, false),
        (Role::Client, State::WaitEncryptedExtensions, true, false),
        (Role::Client, State::WaitCertificateRequest, true, false),
        (Role::Client, State::WaitCertificate, true, false),
        (Role::Client, State::WaitCertificateVerify, true, false),
        (Role::Client, State::WaitFinished, true, false),
        (Role::Client, State::AskVerify, true, true),
        (Role::Client, State::AskCredential, true, true),
        (Role::Client, State::AskSign, true, true),
        (Role::Client, State::Connected, false, true),
        (Role::Server, State::WaitClientHello, false, false),
        (Role::Server, State::AskCredential, false, false),
        (Role::Server, State::AskSign, true, false),
        (Role::Server, State::WaitCertificate, false, true),
        (Role::Server, State::WaitCertificateVerify, false, true),
        (Role::Server, State::WaitFinished, false, true),
        (Role::Server, State::AskVerify, false, true),
        (Role::Server, State::Connected, false, true),
    ];
    for (role, state, handshake, application) in table {
        let mut story = Story::new(role, Policy::new());
        story.hold = Some(state);
        let story = story.until(state);
        let mut shown = Vec::new();
        story.end.hs.expose_secrets(&mut |name, secret| shown.push((name, secret.to_vec())));
        let names: Vec<&str> = shown.iter().map(|(name, _)| *name).collect();
        let expected = [(handshake, HANDSHAKE), (application, APPLICATION)].into_iter().filter(|(held, _)| *held);
        assert_eq!(names, expected.flat_map(|(_, names)| names).collect::<Vec<_>>(), "{role} in {state}");
        // They equal the peer's.
        let theirs = |name: &str| match (&story.peer.handshake, &story.peer.first_application) {
            (Some(secrets), _) if name == HANDSHAKE[0] => Some(secrets.client.expose().to_vec()),
            (Some(secrets), _) if name == HANDSHAKE[1] => Some(secrets.server.expose().to_vec()),
            // Generation 0, also if a server has confirmed by a KeyUpdate: tools derive the next ones.
            (_, Some(secrets)) if name == APPLICATION[0] => Some(secrets.client.clone()),
            (_, Some(secrets)) if name == APPLICATION[1] => Some(secrets.server.clone()),
            _ => None,
        };
        for (name, secret) in &shown {
            assert_eq!(Some(secret), theirs(name).as_ref(), "{role} in {state}: {name}");
        }
    }
}

// §5.1: a record of application data may be empty.
#[test]
fn what_is_written_in_place_and_sealed_is_what_the_peer_reads() {
    for role in BOTH {
        let mut story = connected(role);
        for len in [0, 1, 100, 5000] {
            let (session, tx) = (story.session.as_mut().unwrap(), &mut story.end.tx);
            let mut record = session.reserve(len, tx).unwrap().unwrap();
            assert!(record.room() >= len.max(1));
            record.space()[..len].iter_mut().zip(0..).for_each(|(byte, number)| *byte = (number % 251) as u8);
            let content = record.space()[..len].to_vec();
            record.filled(len);
            record.seal().unwrap();
            story.drive();
            let seen = story.peer.seen.last().unwrap();
            assert_eq!((seen.typ, seen.epoch, &seen.content), (DATA, Epoch::Application, &content));
        }
    }
}

// §5.5: also if the key must be updated first.
#[test]
fn without_room_nothing_is_taken_until_what_is_pending_has_been_sent() {
    for (role, after) in BOTH.into_iter().flat_map(|role| [(role, 1), (role, 1 << 20)]) {
        let mut story = Story::new(role, Policy::new().update_after(after)).connected();
        let (session, tx) = (story.session.as_mut().unwrap(), &mut story.end.tx);
        let mut written = 0;
        loop {
            match session.write(&[5; 100], tx).unwrap() {
                0 => break,
                taken => written += taken,
            }
        }
        assert!(session.reserve(100, tx).unwrap().is_none());
        story.drive();
        let data: Vec<u8> =
            story.peer.seen.iter().filter(|seen| seen.typ == DATA).flat_map(|seen| seen.content.clone()).collect();
        assert_eq!(data, vec![5; written]);
        let (session, tx) = (story.session.as_mut().unwrap(), &mut story.end.tx);
        assert_eq!(session.write(&[6; 100], tx), Ok(100));
        story.drive();
        assert_eq!(story.peer.seen.last().unwrap().content, [6; 100]);
    }
}

// ---- 45: after an error ----

// req: 9846-6.2-2, 9846-F.5-5
#[test]
fn after_an_error_nothing_is_sent_and_the_handshake_can_still_be_read() {
    for role in BOTH {
        let mut story = connected(role);
        story.peer.plain(DATA, &[1; 50]);
        story.turn();
        let error = story.error();
        let session = story.session.as_mut().unwrap();
        assert_eq!(session.write(b"x", &mut story.end.tx), Err(Misuse::Closed));
        assert_eq!(session.update_key(&mut story.end.tx), Err(Misuse::Closed));
        assert_eq!(session.reserve(1, &mut story.end.tx).err(), Some(Misuse::Closed));
        assert_eq!(session.close(&mut story.end.tx), Ok(()));
        story.is_dead(error);
        // No session before the handshake is complete, and none after an error in it.
        let mut story = Story::new(role, Policy::new()).until(State::WaitFinished);
        assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
        story.peer.inner(&[1, 99]);
        story.turn();
        assert_eq!(story.end.hs.finish().err(), Some(Misuse::NotNow));
        assert_eq!(story.end.hs.state(), State::WaitFinished);
        assert!(story.end.hs.transitions().count() > 3);
        assert!(story.end.hs.cipher_suite().is_some() && story.end.hs.peer(&story.end.rx).is_ok());
    }
}
