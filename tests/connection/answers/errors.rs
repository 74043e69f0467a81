//! R4: after a fatal error every call returns the same error.

use super::{IDENTITY, at_every_step, decline, ends, questions_of, try_all};
use crate::carriers::{Carried, on_both_carriers};
use crate::common;
use countersign::{Alert, AlertDescription, Blame, ErrorKind, Misuse, Rejection, Role, State, Verdict, Want};

on_both_carriers!(
    after_a_fatal_error_every_call_says_the_same_and_everything_stays_readable,
    the_refused_chain_stays_readable,
    answers_after_an_error_are_misuses,
);

/// Illegal bytes at every step: every later call returns the same error, and what can be read does not change.
fn after_a_fatal_error_every_call_says_the_same_and_everything_stays_readable<C: Carried>() {
    at_every_step::<C>(
        |_, _| {},
        |end, _, at| {
            let transitions: Vec<_> = end.hs.transitions().collect();
            C::says_nonsense(&end.hs, &mut end.rx);
            let error = loop {
                match end.drive() {
                    Ok(Want::Done) => return, // the session has it
                    Ok(Want::Write) => end.tx = C::emptied(std::mem::replace(&mut end.tx, C::outbox(0))),
                    // Messages under other keys had to be read first.
                    Ok(Want::Read) if !C::WRITES_ALERTS => C::says_nonsense(&end.hs, &mut end.rx),
                    Ok(want) => panic!("step {at}: {want:?}"),
                    Err(error) => break error,
                }
            };
            assert!(error.is_fatal() && error.blame() == Blame::Peer, "{error}");
            let Some(Alert::Sent(alert)) = error.alert() else { panic!("{error}") };
            assert_eq!(Some(alert), error.kind().alert());
            assert_eq!(error.state(), end.hs.state());
            let pending = C::pending(&end.tx);
            assert!(!C::WRITES_ALERTS || !pending.is_empty(), "the alert lies in tx");
            let peer = end.hs.peer(&end.rx).map(|peer| peer.leaf().to_vec());
            for _ in 0..3 {
                assert_eq!(end.hs.step(&mut end.rx, &mut end.tx), Err(error));
                assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Err(error));
                end.hs.cancel(&mut end.tx).unwrap();
                end.hs.abort(AlertDescription::ACCESS_DENIED, &mut end.tx).unwrap();
                assert_eq!(C::finish(&mut end.hs), Err(Misuse::NotNow));
                assert_eq!(C::pending(&end.tx), pending, "one alert, and nothing after it");
            }
            assert_eq!(end.hs.state(), error.state());
            assert!(end.hs.transitions().count() >= transitions.len().min(16));
            assert_eq!(end.hs.peer(&end.rx).map(|peer| peer.leaf().to_vec()), peer);
            let mut labels = Vec::new();
            end.hs.expose_secrets(&mut |label, _| labels.push(label));
            assert!(labels.is_empty(), "a failed connection has forgotten its secrets: {labels:?}");
        },
    );
}

/// The refused peer's chain is readable after the error, for logs.
fn the_refused_chain_stays_readable<C: Carried>() {
    for role in [Role::Client, Role::Server] {
        let (client, server) = ends::<C>(false);
        let (mut end, mut other) = if role == Role::Client { (client, server) } else { (server, client) };
        end.verdict = Verdict::Reject(Rejection::AccessDenied);
        let error = loop {
            match end.drive() {
                Ok(_) => end.tells(&mut other).unwrap(),
                Err(error) => break error,
            }
            other.drive().unwrap();
            let _refused_meanwhile = other.tells(&mut end);
        };
        assert_eq!(error.kind(), ErrorKind::Rejected { reason: Rejection::AccessDenied });
        let peer = end.hs.peer(&end.rx).unwrap();
        assert_eq!(peer.leaf(), IDENTITY.chain[0].as_ref());
        assert_eq!(end.hs.peer_scheme(), Some(peer.scheme()));
        assert!(end.hs.transitions().count() > 5);
        assert_eq!(end.hs.state(), State::AskVerify);
        assert!(end.hs.cipher_suite().is_some() && end.hs.group().is_some());
    }
}

/// An answer after an error is a misuse. The error stays.
fn answers_after_an_error_are_misuses<C: Carried>() {
    for role in [Role::Client, Role::Server] {
        for which in [State::AskCredential, State::AskSign, State::AskVerify] {
            let (mut end, _) = decline::<C>(role, which, AlertDescription::INTERNAL_ERROR);
            let (client, server) = ends::<C>(false);
            let questions = questions_of(client, server);
            // Declined but not yet driven: the question is already closed.
            for question in &questions {
                assert!(try_all(&mut end, question).iter().all(|outcome| *outcome == Err(Misuse::StaleQuestion)));
            }
            let error = end.drive().unwrap_err();
            let alert = AlertDescription::INTERNAL_ERROR;
            assert_eq!((error.kind(), error.alert()), (ErrorKind::Declined { alert }, Some(Alert::Sent(alert))));
            for question in &questions {
                assert!(try_all(&mut end, question).iter().all(|outcome| *outcome == Err(Misuse::StaleQuestion)));
            }
            assert_eq!(end.drive(), Err(error));
        }
    }
}

/// A session's errors stay, too.
// req: 9846-6-1
#[test]
fn after_a_sessions_fatal_error_nothing_more_is_sent_or_received() {
    let (client, server) = ends(false);
    let mut connection = common::Connection::new(client, server);
    connection.to_client().unwrap();
    connection.c.write(b"first", &mut connection.client.tx).unwrap();
    let mut record = connection.client.sends();
    record[10] ^= 1;
    connection.server.gets(&record);
    let common::Connection { s, server, .. } = &mut connection;
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!(
        (error.kind(), error.alert()),
        (ErrorKind::BadRecordMac, Some(Alert::Sent(AlertDescription::BAD_RECORD_MAC)))
    );
    let pending = server.tx.pending().to_vec();
    for _ in 0..3 {
        assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error));
        assert_eq!(s.write(b"x", &mut server.tx), Err(Misuse::Closed));
        assert_eq!(s.reserve(1, &mut server.tx).err(), Some(Misuse::Closed));
        assert_eq!(s.update_key(&mut server.tx), Err(Misuse::Closed));
        assert_eq!(s.confirm(&mut server.tx), Err(Misuse::Closed));
        assert_eq!(s.abort(AlertDescription::INTERNAL_ERROR, &mut server.tx), Err(Misuse::Closed));
        assert_eq!(s.close(&mut server.tx), Ok(()));
        assert_eq!(server.tx.pending(), pending, "one alert");
        assert!(server.rx.data().is_empty());
    }
    let told = connection.to_client().unwrap_err();
    assert_eq!(told.kind(), ErrorKind::PeerAlert { alert: AlertDescription::BAD_RECORD_MAC });
}

/// After our close_notify nothing can follow, not even the alert of an error. So the error names no sent alert.
#[test]
fn an_error_after_our_close_notify_claims_no_alert() {
    let (client, server) = ends(false);
    let mut connection = common::Connection::new(client, server);
    connection.to_client().unwrap();
    connection.c.write(b"first", &mut connection.client.tx).unwrap();
    let mut record = connection.client.sends();
    record[10] ^= 1;
    let common::Connection { s, server, .. } = &mut connection;
    s.close(&mut server.tx).unwrap();
    let pending = server.tx.pending().to_vec();
    server.gets(&record);
    let error = s.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!((error.kind(), error.alert()), (ErrorKind::BadRecordMac, None));
    assert_eq!(server.tx.pending(), pending);
    assert_eq!(s.receive(&mut server.rx, &mut server.tx), Err(error));
}
