//! R1: a wrong answer, or memory of another connection, is a misuse and changes nothing.

use super::{ends, play, questions_of, snapshot, try_all};
use crate::carriers::{Carried, on_both_carriers};
use crate::common::run;
use countersign::{
    AlertDescription, Blame, Credential, ErrorKind, Event, Handshake, Misuse, Policy, Records, Role, Seed, State, Step,
    Want,
};
use std::collections::BTreeMap;

on_both_carriers!(
    stale_and_foreign_answers_are_misuses_at_every_step,
    an_answer_is_taken_once,
    a_foreign_inbox_is_a_misuse_at_every_step,
    a_foreign_outbox_is_a_misuse_at_every_step,
    what_is_shown_is_shown_while_it_is_asked_about,
    a_session_is_there_once_and_not_before_done,
    the_key_log_is_complete_at_sign_verify_and_done,
);

fn stale_and_foreign_answers_are_misuses_at_every_step<C: Carried>() {
    // With other seeds and with the same: no connection accepts the answers of another one in this process.
    let mut foreign = questions_of(ends::<C>(false).0, ends(false).1);
    let (mut client, mut server) = ends::<C>(false);
    client.hs = Handshake::client(Policy::new(), None, Seed::from_bytes(&[3; 64])).unwrap();
    server.hs = Handshake::server(Policy::new(), Seed::from_bytes(&[4; 64]));
    foreign.extend(questions_of(client, server));
    assert_eq!(foreign.len(), 12);
    for retry in [false, true] {
        let (mut client, mut server) = ends::<C>(retry);
        let mut asked: Vec<(Role, Want)> = Vec::new();
        let mut tried = 0;
        play(&mut client, &mut server, &mut |_, end, step| {
            let before = snapshot(end);
            let role = end.hs.role();
            let open = if let Step::Want(want) = step { Some(want) } else { None };
            let stale = asked.iter().map(|(_, question)| question).filter(|question| Some(*question) != open);
            for question in foreign.iter().chain(stale) {
                for outcome in try_all(end, question) {
                    assert_eq!(outcome, Err(Misuse::StaleQuestion), "{role} at {step:?}: {question:?}");
                    tried += 1;
                }
            }
            assert_eq!(snapshot(end), before);
            if let Step::Want(want @ (Want::Credential(_) | Want::Sign(_) | Want::Verify(_))) = step {
                asked.push((role, want.clone()));
            }
            false
        });
        assert_eq!(asked.len(), 6, "each question is asked once");
        assert!(tried > 1_000);
        assert_eq!((C::finish(&mut client.hs), C::finish(&mut server.hs)), (Ok(()), Ok(())));
    }
}

fn an_answer_is_taken_once<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    let mut last = None;
    play(&mut client, &mut server, &mut |_, end, step| {
        // The same after the answer.
        if let Some(question) = last.take() {
            let before = snapshot(end);
            for outcome in try_all(end, &question) {
                assert_eq!(outcome, Err(Misuse::StaleQuestion));
            }
            assert_eq!(snapshot(end), before);
        }
        if let Step::Want(want) = step {
            last = Some(want.clone());
        }
        false
    });
}

fn a_foreign_inbox_is_a_misuse_at_every_step<C: Carried>() {
    let (_, mut stranger) = ends::<C>(false);
    stranger.drive().unwrap(); // stamps its inbox; its seed is that of the server below
    let fresh = C::inbox(100);
    for retry in [false, true] {
        let (mut client, mut server) = ends(retry);
        play(&mut client, &mut server, &mut |_, end, _| {
            let before = snapshot(end);
            let error = end.hs.drive(&mut stranger.rx, &mut end.tx).unwrap_err();
            assert_eq!(
                (error.kind(), error.blame(), error.is_fatal()),
                (ErrorKind::ForeignInbox, Blame::Caller, false)
            );
            assert_eq!(end.hs.peer(&stranger.rx).err(), Some(Misuse::ForeignInbox));
            assert_eq!(end.hs.offer(&stranger.rx).err(), Some(Misuse::ForeignInbox));
            assert_eq!(end.hs.peer_extension(&stranger.rx).err(), Some(Misuse::ForeignInbox));
            assert_eq!(end.hs.peer(&fresh).err(), Some(Misuse::ForeignInbox));
            assert_eq!(snapshot(end), before);
            false
        });
        assert_eq!((C::finish(&mut client.hs), C::finish(&mut server.hs)), (Ok(()), Ok(())));
    }
}

fn a_foreign_outbox_is_a_misuse_at_every_step<C: Carried>() {
    let (mut stranger, _) = ends::<C>(false);
    stranger.drive().unwrap();
    // An outbox belongs to its connection also when everything has been sent.
    for (retry, emptied) in [(false, false), (true, false), (false, true)] {
        if emptied {
            stranger.tx = C::emptied(stranger.tx);
        }
        let held = C::pending(&stranger.tx);
        let (mut client, mut server) = ends(retry);
        play(&mut client, &mut server, &mut |_, end, step| {
            let before = snapshot(end);
            let error = end.hs.drive(&mut end.rx, &mut stranger.tx).unwrap_err();
            assert_eq!((error.kind(), error.is_fatal()), (ErrorKind::ForeignOutbox, false));
            let answered = match step {
                Step::Want(Want::Credential(question)) => {
                    let credential = Credential::new(&end.identity.chain);
                    end.hs.answer_credential(question, &credential, &mut stranger.tx)
                }
                Step::Want(Want::Sign(question)) => end.hs.answer_sign(question, &[1; 64], &mut stranger.tx),
                _ => end.hs.cancel(&mut stranger.tx),
            };
            assert_eq!(answered, Err(Misuse::ForeignOutbox));
            let alert = AlertDescription::INTERNAL_ERROR;
            assert_eq!(end.hs.abort(alert, &mut stranger.tx), Err(Misuse::ForeignOutbox));
            assert_eq!(snapshot(end), before);
            false
        });
        assert_eq!(C::pending(&stranger.tx), held);
        assert_eq!((C::finish(&mut client.hs), C::finish(&mut server.hs)), (Ok(()), Ok(())));
    }
}

/// The session refuses it as the handshake does.
#[test]
fn a_foreign_inbox_is_refused_by_the_session() {
    let (_, mut stranger) = ends::<Records>(false);
    stranger.drive().unwrap();
    let (mut client, mut server) = ends(false);
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    let mut session = client.hs.finish().unwrap();
    let error = session.receive(&mut stranger.rx, &mut client.tx).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForeignInbox);
    assert!(client.tx.is_empty());
    assert_eq!(session.receive(&mut client.rx, &mut client.tx), Ok(Event::Confirmed), "nothing has happened");
}

fn what_is_shown_is_shown_while_it_is_asked_about<C: Carried>() {
    let (mut client, mut server) = ends::<C>(true);
    play(&mut client, &mut server, &mut |_, end, step| {
        match step {
            Step::Want(Want::Credential(_)) => assert!(end.hs.offer(&end.rx).is_ok()),
            Step::Want(Want::Verify(_)) => assert!(end.hs.peer(&end.rx).is_ok()),
            Step::Want(Want::Read) => assert!(end.hs.peer(&end.rx).is_err(), "no peer before it has proved itself"),
            Step::Did(transition) if transition.state == State::WaitFinished => {
                assert!(end.hs.peer(&end.rx).is_err(), "CertificateVerify alone is not enough");
            }
            // The client may read the accepted peer until its last answer.
            Step::Want(Want::Sign(_)) => assert_eq!(end.hs.peer(&end.rx).is_ok(), end.hs.role() == Role::Client),
            _ => {}
        }
        matches!(step, Step::Want(Want::Done))
    });
}

fn a_session_is_there_once_and_not_before_done<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    play(&mut client, &mut server, &mut |_, end, step| {
        // A client by messages may take its secrets as soon as it has signed.
        let may_be_there = !C::WRITES_ALERTS && end.hs.state() == State::Connected && end.hs.role() == Role::Client;
        if !may_be_there && !matches!(step, Step::Want(Want::Done)) {
            assert_eq!(C::finish(&mut end.hs), Err(Misuse::NotNow), "{step:?}");
        }
        false
    });
    for end in [&mut client, &mut server] {
        assert_eq!(C::finish(&mut end.hs), Ok(()));
        assert_eq!(C::finish(&mut end.hs), Err(Misuse::NotNow));
        assert_eq!(end.hs.state(), State::Connected);
    }
}

#[test]
fn a_handshake_has_nothing_more_to_say_when_there_is_a_session() {
    let (mut client, mut server) = ends(false);
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    for end in [&mut client, &mut server] {
        let mut session = end.hs.finish().unwrap();
        assert_eq!(end.hs.finish().err(), Some(Misuse::NotNow));
        // The session has the keys, so the handshake can send nothing more.
        end.hs.cancel(&mut end.tx).unwrap();
        end.hs.abort(AlertDescription::INTERNAL_ERROR, &mut end.tx).unwrap();
        assert!(end.tx.is_empty(), "{}: nothing unprotected goes out", end.hs.role());
        assert_eq!(end.hs.state(), State::Connected);
        assert!(session.write(b"x", &mut end.tx).is_ok());
    }
}

/// Both ends give the same secrets to the key log, at the documented times.
fn the_key_log_is_complete_at_sign_verify_and_done<C: Carried>() {
    let handshake = ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"];
    let application = ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"];
    let (mut client, mut server) = ends::<C>(false);
    let mut logs = [BTreeMap::new(), BTreeMap::new()];
    play(&mut client, &mut server, &mut |_, end, step| {
        let mut shown = Vec::new();
        let log = &mut logs[usize::from(end.hs.role() == Role::Server)];
        end.hs.expose_secrets(&mut |label, secret| {
            shown.push(label);
            let before = log.insert(label, secret.to_vec());
            assert!(before.is_none_or(|before| before == secret), "{label} does not change");
        });
        match (step, end.hs.role()) {
            (Step::Want(Want::Sign(_) | Want::Verify(_)), Role::Client) => {
                assert_eq!(shown, [handshake, application].concat());
            }
            (Step::Want(Want::Sign(_)), Role::Server) => assert_eq!(shown, handshake),
            (Step::Want(Want::Verify(_)), Role::Server) | (Step::Want(Want::Done), _) => {
                assert_eq!(shown, application);
            }
            _ => {}
        }
        false
    });
    assert_eq!(logs[0].len(), 4);
    assert_eq!(logs[0], logs[1]);
    assert_eq!(client.hs.client_random(), server.hs.client_random());
    assert_eq!(C::finish(&mut client.hs), Ok(()));
    client.hs.expose_secrets(&mut |label, _| panic!("{label}: the session has them now"));
}

#[test]
fn the_session_goes_on_with_the_secrets_of_the_key_log() {
    let (mut client, mut server) = ends::<Records>(false);
    assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))));
    let session = client.hs.finish().unwrap();
    assert_eq!(session.expose_secrets().0, client.secrets["CLIENT_TRAFFIC_SECRET_0"]);
    assert_eq!(session.expose_secrets().1, client.secrets["SERVER_TRAFFIC_SECRET_0"]);
}

#[test]
fn a_servers_name_must_be_one() {
    for name in ["", "two words", "-", "a..b", "[::1]", "\u{fc}ber.test", &"a.".repeat(200)] {
        let made = Handshake::<_>::client(Policy::new(), Some(name), Seed::from_bytes(&[1; 64]));
        assert_eq!(made.err(), Some(Misuse::InvalidServerName), "{name:?}");
    }
    for name in ["http://a.test", "a.test:443", "*.a.test", ".", "192.0.2.1.", "fe80::1%eth0"] {
        assert!(Handshake::<_>::client(Policy::new(), Some(name), Seed::from_bytes(&[1; 64])).is_err(), "{name:?}");
    }
    // RFC 6066 §3: "without a trailing dot".
    for (name, sent) in [
        ("server.test", "server.test"),
        ("server.test.", "server.test"),
        ("a_b.test.", "a_b.test"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
    ] {
        let made = Handshake::<_>::client(Policy::new(), Some(name), Seed::from_bytes(&[1; 64])).unwrap();
        assert_eq!(made.server_name(), Some(sent));
    }
}
