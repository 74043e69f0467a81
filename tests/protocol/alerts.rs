//! Alerts and closing, in both roles (RFC 9846 §6).

use crate::peer::{ALERT, DATA, HANDSHAKE, Story};
use countersign::AlertDescription as A;
use countersign::{Alert, Blame, Ending, Epoch, ErrorKind, Event, HandshakeType, Misuse, Policy, Role, State};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// Every state in which an end waits for the peer, and the keys of its alerts there.
const STATES: &[(Role, State, Epoch)] = &[
    (Role::Server, State::WaitClientHello, Epoch::Plaintext),
    (Role::Server, State::WaitCertificate, Epoch::Application),
    (Role::Server, State::WaitCertificateVerify, Epoch::Application),
    (Role::Server, State::WaitFinished, Epoch::Application),
    (Role::Server, State::Connected, Epoch::Application),
    (Role::Client, State::WaitServerHello, Epoch::Plaintext),
    (Role::Client, State::WaitEncryptedExtensions, Epoch::Handshake),
    (Role::Client, State::WaitCertificateRequest, Epoch::Handshake),
    (Role::Client, State::WaitCertificate, Epoch::Handshake),
    (Role::Client, State::WaitCertificateVerify, Epoch::Handshake),
    (Role::Client, State::WaitFinished, Epoch::Handshake),
    (Role::Client, State::Connected, Epoch::Application),
];

fn at(role: Role, state: State) -> Story<'static> {
    let story = Story::new(role, Policy::new());
    if state == State::Connected { story.connected() } else { story.until(state) }
}

/// A session that has received a record, so a client is confirmed.
fn session(role: Role) -> Story<'static> {
    let mut story = Story::new(role, Policy::new()).connected();
    story.peer.record(DATA, b"x");
    story.turn();
    story
}

/// The end reports that the peer has ended it by this alert, and has sent nothing.
#[track_caller]
fn ended(story: &mut Story<'_>, kind: ErrorKind, alert: Option<A>) {
    let error = story.error();
    assert_eq!(error.kind(), kind);
    assert_eq!(error.blame(), Blame::Peer);
    assert_eq!(error.alert(), alert.map(Alert::Received));
    assert_eq!(story.peer.alerts(), []);
    story.is_dead(error);
}

// ---- 12: alerts of the peer ----

// req: 9846-6-1, 9846-6-4, 9846-6-5, 9846-6.2-1, 9846-6.2-2
#[test]
fn an_error_alert_of_the_peer_ends_the_connection_whatever_its_level() {
    for &(role, state, _) in STATES {
        for level in [1, 2, 0, 77] {
            for alert in [A::HANDSHAKE_FAILURE, A::INTERNAL_ERROR, A(200), A::UNKNOWN_CA, A::DECRYPT_ERROR] {
                let mut story = at(role, state);
                story.peer.alert(level, alert);
                story.turn();
                let unconfirmed = role == Role::Client && state == State::Connected;
                let plain = matches!(state, State::WaitClientHello | State::WaitServerHello);
                let kind = match alert {
                    _ if plain => ErrorKind::UnauthenticatedAlert { alert },
                    A::UNKNOWN_CA => ErrorKind::PeerRejectedCertificate { alert },
                    A::DECRYPT_ERROR => ErrorKind::PeerRejectedProof { alert },
                    _ if unconfirmed => ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) },
                    _ => ErrorKind::PeerAlert { alert },
                };
                assert_eq!(story.error().state(), state);
                ended(&mut story, kind, Some(alert));
            }
        }
    }
    for role in BOTH {
        let mut story = session(role);
        story.peer.alert(2, A::INTERNAL_ERROR);
        story.peer.record(DATA, b"after it");
        story.turn();
        ended(&mut story, ErrorKind::PeerAlert { alert: A::INTERNAL_ERROR }, Some(A::INTERNAL_ERROR));
        assert_eq!(story.data, b"x", "nothing is received after it");
        assert_eq!(story.session.as_mut().unwrap().write(b"y", &mut story.end.tx), Err(Misuse::Closed));
    }
}

#[test]
fn every_alert_about_a_certificate_says_so() {
    for number in [42, 43, 44, 45, 46, 48, 49, 116] {
        let mut story = Story::client().connected();
        story.peer.alert(2, A(number));
        story.turn();
        ended(&mut story, ErrorKind::PeerRejectedCertificate { alert: A(number) }, Some(A(number)));
    }
}

// req: 9846-5.1-11, 9846-5.1-9, 9846-5.1-10, 9846-6-6
#[test]
fn an_alert_that_is_split_or_not_alone_in_its_record_is_a_decode_error() {
    for &(role, state, epoch) in STATES {
        for content in [&[2][..], &[2, 40, 0], &[1, 90, 1, 90], &[2, 40, 2, 40], &[1, 0, 1, 0, 1, 0]] {
            let mut story = at(role, state);
            story.peer.record(ALERT, content);
            story.turn();
            story.refused("MalformedAlert", A::DECODE_ERROR, state, epoch);
        }
    }
}

// req: 9846-6-4
#[test]
fn user_canceled_is_borne_with_four_times_in_a_row() {
    for &(role, state, epoch) in STATES {
        let mut story = at(role, state);
        for _ in 0..4 {
            story.peer.alert(2, A::USER_CANCELED);
        }
        story.turn();
        assert!(matches!(story.result, None | Some(Ok(()))));
        story.peer.alert(1, A::USER_CANCELED);
        story.turn();
        story.refused("TooManyWarnings", A::UNEXPECTED_MESSAGE, state, epoch);
        // With another record between them, they are not in a row.
        let mut story = at(role, state);
        (0..4).for_each(|_| story.peer.alert(1, A::USER_CANCELED));
        match story.next() {
            Some(next) => story.peer.send(next),
            None => story.peer.record(DATA, b"x"),
        }
        story.turn();
        (0..4).for_each(|_| story.peer.alert(1, A::USER_CANCELED));
        story.turn();
        assert!(matches!(story.result, None | Some(Ok(()))));
    }
}

#[test]
fn a_client_may_say_unprotected_why_it_refused_server_hello_until_its_first_record() {
    for alert in [A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE, A::DECODE_ERROR] {
        let mut story = Story::server().until(State::WaitCertificate);
        story.peer.plain(ALERT, &[2, alert.0]);
        story.turn();
        ended(&mut story, ErrorKind::UnauthenticatedAlert { alert }, Some(alert));
    }
    // Only a fatal alert may come without protection.
    for alert in [A::CLOSE_NOTIFY, A::USER_CANCELED] {
        let mut story = Story::server().until(State::WaitCertificate);
        story.peer.plain(ALERT, &[1, alert.0]);
        story.turn();
        story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, State::WaitCertificate, Epoch::Application);
    }
    for (content, kind, alert) in [
        (&[][..], "EmptyFragment", A::UNEXPECTED_MESSAGE),
        (&[2], "MalformedAlert", A::DECODE_ERROR),
        (&[2, 40, 2, 40], "MalformedAlert", A::DECODE_ERROR),
    ] {
        let mut story = Story::server().until(State::WaitCertificate);
        story.peer.plain(ALERT, content);
        story.turn();
        story.refused(kind, alert, State::WaitCertificate, Epoch::Application);
    }
    // Not after a record has opened, and never to a client.
    for (role, state, epoch) in [
        (Role::Server, State::WaitCertificateVerify, Epoch::Application),
        (Role::Server, State::WaitFinished, Epoch::Application),
        (Role::Server, State::Connected, Epoch::Application),
        (Role::Client, State::WaitEncryptedExtensions, Epoch::Handshake),
        (Role::Client, State::WaitFinished, Epoch::Handshake),
        (Role::Client, State::Connected, Epoch::Application),
    ] {
        let mut story = at(role, state);
        story.peer.plain(ALERT, &[2, 40]);
        story.turn();
        story.refused("UnexpectedRecord", A::UNEXPECTED_MESSAGE, state, epoch);
    }
}

// ---- 13: closing ----

// req: 9846-6.1-5
#[test]
fn close_notify_and_the_end_of_the_transport_inside_the_handshake_are_told_apart() {
    for &(role, state, _) in STATES.iter().filter(|(_, state, _)| *state != State::Connected) {
        let mut story = at(role, state);
        story.peer.alert(1, A::CLOSE_NOTIFY);
        story.turn();
        ended(&mut story, ErrorKind::ClosedInHandshake, Some(A::CLOSE_NOTIFY));
        let mut story = at(role, state);
        story.end.rx.space();
        story.end.rx.filled(0);
        story.turn();
        ended(&mut story, ErrorKind::Truncated, None);
        // Also in the middle of a record or of a message.
        for cut in [3, 30] {
            let mut story = at(role, state);
            let next = story.next().unwrap();
            story.peer.send(next);
            story.peer.out.truncate(cut);
            story.turn();
            story.end.rx.filled(0);
            story.turn();
            ended(&mut story, ErrorKind::Truncated, None);
        }
    }
}

// req: 9846-6.1-5, 9846-6.1-1
#[test]
fn the_end_of_data_is_reported_only_after_close_notify() {
    for role in BOTH {
        let mut story = session(role);
        story.peer.alert(1, A::CLOSE_NOTIFY);
        story.peer.plain(DATA, &[9; 50]); // dropped without being opened
        story.peer.out.extend([0xff; 20]);
        story.turn();
        assert_eq!(story.events.last(), Some(&Event::Closed));
        story.end.gets(&[0xee; 100]);
        story.drive();
        story.end.rx.filled(0);
        story.drive();
        assert_eq!(story.events.last(), Some(&Event::Closed));
        assert_eq!(story.data, b"x");
        // We may continue to send.
        assert_eq!(story.session.as_mut().unwrap().write(b"still here", &mut story.end.tx), Ok(10));
        story.session.as_mut().unwrap().close(&mut story.end.tx).unwrap();
        story.drive();
        let last: Vec<&[u8]> = story.peer.seen.iter().rev().take(2).map(|seen| &seen.content[..]).collect();
        assert_eq!(last, [&[1, 0][..], b"still here"]);

        let mut story = session(role);
        story.end.rx.filled(0);
        story.turn();
        ended(&mut story, ErrorKind::Truncated, None);
        let mut story = session(role);
        story.peer.record(DATA, b"abc");
        story.peer.out.truncate(10);
        story.turn();
        story.end.rx.filled(0);
        story.turn();
        ended(&mut story, ErrorKind::Truncated, None);
    }
    // A client that is not confirmed: the server may have refused it.
    let mut story = Story::client().connected();
    story.end.rx.filled(0);
    story.turn();
    ended(&mut story, ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence }, None);
}

// req: 9846-6.1-2, 9846-6.1-3, 9846-6.1-4, 9846-6-3
#[test]
fn close_notify_is_a_warning_and_nothing_of_ours_follows_it() {
    for role in BOTH {
        let mut story = session(role);
        let tx = &mut story.end.tx;
        let session = story.session.as_mut().unwrap();
        session.close(tx).unwrap();
        session.close(tx).unwrap();
        assert_eq!(session.write(b"x", tx), Err(Misuse::Closed));
        assert_eq!(session.update_key(tx), Err(Misuse::Closed));
        assert_eq!(session.confirm(tx), Err(Misuse::Closed));
        assert_eq!(session.reserve(0, tx).err(), Some(Misuse::Closed));
        assert_eq!(session.abort(A::INTERNAL_ERROR, tx), Err(Misuse::Closed));
        story.drive();
        assert_eq!(story.peer.alerts(), [(Epoch::Application, vec![1, 0])]);
        // A KeyUpdate is processed, but not answered.
        story.peer.record(HANDSHAKE, &[24, 0, 0, 1, 1]);
        story.peer.change_key(HandshakeType::KEY_UPDATE);
        story.peer.record(DATA, b"after it");
        let seen = story.peer.seen.len();
        story.turn();
        assert_eq!(story.data, b"xafter it");
        assert_eq!(story.peer.seen.len(), seen);
        // An illegal record is an error, but no alert is sent.
        story.peer.plain(DATA, &[1; 50]);
        story.turn();
        let error = story.error();
        assert_eq!((error.kind(), error.blame(), error.alert()), (ErrorKind::BadRecordMac, Blame::Peer, None));
        assert_eq!(story.peer.seen.len(), seen);
    }
}

// ---- 14: exactly one alert ----

// req: 9846-6-3, 9846-6.2-3
#[test]
fn the_application_can_send_its_own_alert_and_nothing_follows() {
    for role in BOTH {
        let mut story = session(role);
        let session = story.session.as_mut().unwrap();
        session.abort(A::ACCESS_DENIED, &mut story.end.tx).unwrap();
        assert_eq!(session.abort(A::ACCESS_DENIED, &mut story.end.tx), Err(Misuse::Closed));
        session.close(&mut story.end.tx).unwrap();
        story.drive();
        assert_eq!(story.peer.alerts(), [(Epoch::Application, vec![2, A::ACCESS_DENIED.0])]);
    }
}

// req: 9846-6-2
#[test]
fn the_secrets_of_a_failed_connection_are_forgotten() {
    for &(role, state, _) in STATES {
        for own in [false, true] {
            let mut story = at(role, state);
            match own {
                true => story.peer.record(99, &[1; 30]),
                false => story.peer.alert(2, A::INTERNAL_ERROR),
            }
            if own && story.peer.write.is_some() {
                story.peer.out.clear();
                story.peer.inner(&[1, 99]);
            }
            story.turn();
            story.error();
            let mut shown = 0;
            story.end.hs.expose_secrets(&mut |_, _| shown += 1);
            assert_eq!(shown, 0, "{role} in {state}");
            if let Some(session) = &story.session {
                assert_eq!(session.expose_secrets(), (&[][..], &[][..]));
            }
        }
    }
    // We refuse, cancel, abort.
    for role in BOTH {
        for cancel in [false, true] {
            let mut story = Story::new(role, Policy::new()).until(State::WaitFinished);
            match cancel {
                true => story.end.hs.cancel(&mut story.end.tx).unwrap(),
                false => story.end.hs.abort(A::GENERAL_ERROR, &mut story.end.tx).unwrap(),
            }
            let mut shown = 0;
            story.end.hs.expose_secrets(&mut |_, _| shown += 1);
            assert_eq!(shown, 0);
        }
    }
}

// ---- 12, 13: unauthenticated alerts, and ends that are not orderly ----

// Before the keys, anybody could have sent an alert, so the error never says "the peer rejected our certificate".
#[test]
fn an_unprotected_alert_is_told_as_unauthenticated_whatever_it_says() {
    for (role, state) in [(Role::Client, State::WaitServerHello), (Role::Server, State::WaitClientHello)] {
        for alert in
            [A::BAD_CERTIFICATE, A::UNKNOWN_CA, A::CERTIFICATE_REQUIRED, A::DECRYPT_ERROR, A::HANDSHAKE_FAILURE]
        {
            let mut story = at(role, state);
            story.peer.plain(ALERT, &[2, alert.0]);
            story.turn();
            ended(&mut story, ErrorKind::UnauthenticatedAlert { alert }, Some(alert));
            assert!(!story.error().to_string().contains("rejected"), "{}", story.error());
        }
    }
}

// A client is not accepted until the server has sent something after its Finished, so this is no orderly end.
#[test]
fn close_notify_before_the_server_has_confirmed_is_no_orderly_end() {
    for cancelled in [false, true] {
        let mut story = Story::new(Role::Client, Policy::new()).connected();
        if cancelled {
            story.peer.alert(1, A::USER_CANCELED);
        }
        story.peer.alert(1, A::CLOSE_NOTIFY);
        story.turn();
        let how = Ending::Alert(A::CLOSE_NOTIFY);
        ended(&mut story, ErrorKind::PeerEndedUnconfirmed { how }, Some(A::CLOSE_NOTIFY));
    }
    // After such a record it is one.
    let mut story = session(Role::Client);
    story.peer.alert(1, A::CLOSE_NOTIFY);
    story.turn();
    assert!(story.events.contains(&Event::Closed));
}

// req: 9846-6.1-3
#[test]
fn an_abort_by_user_canceled_is_followed_by_close_notify() {
    for role in BOTH {
        let mut story = Story::new(role, Policy::new()).until(State::WaitFinished);
        story.end.hs.abort(A::USER_CANCELED, &mut story.end.tx).unwrap();
        story.turn();
        let alerts: Vec<u8> = story.peer.alerts().iter().map(|(_, alert)| alert[1]).collect();
        assert_eq!(alerts, [A::USER_CANCELED.0, A::CLOSE_NOTIFY.0]);
    }
}
