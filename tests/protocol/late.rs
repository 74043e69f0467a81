//! The adversary's right bytes at the wrong time (`adversary::catalogue`, `late/`): its pauses are data, and the caller's
//! clock makes them. Here that clock is a number. And manners of its peer without which it would accuse others.

use crate::end::End;
use crate::peer::{HELLO_RETRY_REQUEST, Peer, SECOND_CLIENT_HELLO, identities};
use countersign::adversary::catalogue::{Case, Right, all, good};
use countersign::adversary::judge::{Baseline, Verdict};
use countersign::adversary::peer::DATA;
use countersign::adversary::run::{self, Outcome, Run};
use countersign::adversary::script::{Step, after, before, legal};
use countersign::{AlertDescription, HandshakeType, NamedGroup, Policy, Role, Suite, Want};
use std::time::Duration;

/// What came of a script against an end of the crate.
struct Played {
    outcome: Outcome,
    /// The end's handshake is done.
    done: bool,
    /// When how much was written.
    writes: Vec<(Duration, usize)>,
    /// How long it took.
    clock: Duration,
}

fn play(target: Role, script: Vec<Step>) -> Played {
    let identities = identities();
    let (own, other) = match target {
        Role::Client => (&identities.client, &identities.server),
        Role::Server => (&identities.server, &identities.client),
    };
    let mut end = End::new(target, Policy::new(), own);
    let mut over = end.drive().map(|_| false);
    let mut run = Run::new(Peer::new(target.peer(), other), script, b"?".to_vec());
    let (mut writes, mut clock) = (Vec::new(), Duration::ZERO);
    loop {
        match run.want() {
            run::Want::Done => break,
            run::Want::Write => {
                let bytes = run.pending().to_vec();
                run.sent(bytes.len());
                writes.push((clock, bytes.len()));
                if over == Ok(false) {
                    assert_eq!(end.gets(&bytes), bytes.len());
                    over = end.drive().map(|want| want == Want::Done);
                }
            }
            want @ (run::Want::Read(_) | run::Want::Wait(_)) => {
                let bytes = end.sends();
                run.received(&bytes);
                if over == Ok(false) {
                    over = end.drive().map(|want| want == Want::Done);
                }
                match want {
                    run::Want::Wait(time) if run.want() == want => {
                        clock += time;
                        run.waited();
                    }
                    run::Want::Read(_) if bytes.is_empty() => run.silent(),
                    _ => {}
                }
            }
            run::Want::Close => run.ended(run::End::Left),
        }
    }
    Played { outcome: run.outcome(), done: over == Ok(true), writes, clock }
}

#[test]
fn a_paced_message_is_written_in_pieces_with_pauses_between() {
    let hello = HandshakeType::CLIENT_HELLO;
    let script = before(legal(Role::Client), hello, [Step::Pace(64, 100)]);
    let played = play(Role::Server, after(script, hello, [Step::Pace(usize::MAX, 0)]));
    assert!(played.done);
    let pieces: Vec<_> = played.writes.iter().filter(|(_, len)| *len <= 64).collect();
    assert!(pieces.len() > 2, "a ClientHello is longer than two pieces: {:?}", played.writes);
    for (number, (when, len)) in played.writes.iter().enumerate().take(2) {
        assert_eq!((*when, *len), (Duration::from_millis(100) * number as u32, 64));
    }
}

#[test]
fn a_pause_is_as_long_as_the_script_says_and_nothing_is_written_in_it() {
    let script = before(legal(Role::Client), HandshakeType::FINISHED, [Step::Wait(60_000)]);
    let played = play(Role::Server, script);
    let late = played.writes.iter().filter(|(when, _)| *when == Duration::from_secs(60)).count();
    assert!(played.done && late > 0, "{:?}", played.writes);
    assert!(played.writes.iter().all(|(when, _)| [Duration::ZERO, Duration::from_secs(60)].contains(when)));
}

#[test]
fn a_target_that_loses_patience_ends_the_pause() {
    let begin = || {
        let identity = &identities().client;
        let script = [Step::Send(HandshakeType::CLIENT_HELLO), Step::Wait(1000), Step::Ask].to_vec();
        let mut run = Run::new(Peer::new(Role::Client, identity), script, Vec::new());
        assert_eq!(run.want(), run::Want::Write);
        run.sent(run.pending().len());
        assert_eq!(run.want(), run::Want::Wait(Duration::from_secs(1)));
        run
    };
    let mut run = begin();
    run.received(&[21, 3, 3, 0, 2, 2, 40]);
    assert_eq!(run.want(), run::Want::Done);
    assert_eq!(run.outcome().end.alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
    let mut run = begin();
    run.ended(run::End::Closed);
    assert_eq!(run.want(), run::Want::Done);
    assert_eq!((run.outcome().end, run.outcome().played), (run::End::Closed, false));
}

#[test]
fn who_is_late_and_right_is_served_and_who_only_waits_is_not() {
    for target in [Role::Server, Role::Client] {
        let late = |case: &Case| case.name.starts_with("late/");
        let mut seen = [0, 0];
        // Who is a stranger by its certificate is so for a judge, which this end has not.
        for case in all(target).into_iter().filter(late).filter(|case| !case.name.ends_with("other-ca")) {
            let played = play(target, case.script.clone());
            assert!(played.clock < Duration::from_secs(10), "{}: {:?}", case.name, played.clock);
            match case.right {
                Right::Serve => assert!(played.done && played.outcome.played, "{}", case.name),
                _ if case.name.contains("handshake") || case.name.contains("of-data") => assert!(played.done),
                _ => assert!(!played.done, "{}", case.name),
            }
            seen[usize::from(case.right == Right::Serve)] += 1;
        }
        assert!(seen[0] >= 5 && seen[1] >= 7, "{target}: {seen:?}");
    }
}

/// An echo that does without whatever does not come in time.
fn impatient(case: &Case) -> Outcome {
    use HandshakeType as H;
    let identities = identities();
    let mut run = Run::new(Peer::new(Role::Client, &identities.client), case.script.clone(), b"?".to_vec());
    let mut server = Peer::new(Role::Server, &identities.server);
    let flight = [H::ENCRYPTED_EXTENSIONS, H::CERTIFICATE_REQUEST, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];
    let mut answered = 0;
    loop {
        match run.want() {
            run::Want::Write => {
                server.reads(run.pending());
                run.sent(run.pending().len());
                if server.handshake.is_none() && server.received(H::CLIENT_HELLO).is_some() {
                    server.send(H::SERVER_HELLO);
                    server.send_flight(&flight);
                }
                let data = server.data().split_off(answered);
                if !data.is_empty() {
                    answered += data.len();
                    server.record(DATA, &data);
                }
            }
            run::Want::Read(_) => match std::mem::take(&mut server.out) {
                nothing if nothing.is_empty() => run.silent(),
                bytes => run.received(&bytes),
            },
            run::Want::Wait(_) => {
                server.read = server.application_key(Role::Client);
                run.waited();
            }
            run::Want::Close => run.ended(run::End::Left),
            run::Want::Done => return run.outcome(),
        }
    }
}

#[test]
fn a_server_that_does_without_a_proof_that_does_not_come_in_time_is_found() {
    let cases = all(Role::Server);
    let named = |name: &str| cases.iter().find(|case| case.name == name).unwrap();
    let played = |case: &Case| (impatient(case), Vec::new());
    let good = good(Role::Server);
    let baseline = Baseline::new(Role::Server, &[played(&good)], &[played(named("finished/flipped"))]).unwrap();
    for (name, verdict) in [
        ("late/nothing-but-a-hello", Verdict::Accepted),
        ("late/nothing-after-certificate", Verdict::Accepted),
        // Without a pause it does what is right.
        ("data/without-any-proof", Verdict::Silent),
    ] {
        let case = named(name);
        assert_eq!(baseline.judge(case, &impatient(case), b""), verdict, "{name}");
    }
}

#[test]
fn no_case_waits_for_more_than_ten_seconds() {
    for case in [Role::Server, Role::Client].into_iter().flat_map(all) {
        let waits = case.script.iter().map(|step| if let Step::Wait(time) = step { u32::from(*time) } else { 0 });
        assert!(waits.sum::<u32>() <= 10_000, "{}", case.name);
    }
}

/// A server whose cookie covers the hello would refuse another list. (§4.2.2)
#[test]
fn the_second_client_hello_of_a_peer_lists_the_suites_of_the_first() {
    let mut client = Peer::new(Role::Client, &identities().client);
    client.more_suites = vec![Suite::Aes256GcmSha384, Suite::ChaCha20Poly1305Sha256];
    let mut server = Peer::new(Role::Server, &identities().server);
    (server.suite, server.group) = (Suite::Aes256GcmSha384, NamedGroup::SECP256R1);
    client.send(HandshakeType::CLIENT_HELLO);
    server.reads(&std::mem::take(&mut client.out));
    let first = server.client_hello.clone();
    server.send(HELLO_RETRY_REQUEST);
    client.reads(&std::mem::take(&mut server.out));
    client.send(SECOND_CLIENT_HELLO);
    server.reads(&client.out);
    let head = |body: &[u8]| body[..2 + 32 + 1 + 32 + 2 + 6].to_vec();
    assert_eq!(client.suite, Suite::Aes256GcmSha384);
    assert!(first != server.client_hello && head(&first) == head(&server.client_hello));
}

/// It may have sent its share before it looks at the client's.
#[test]
fn an_alert_behind_what_cannot_be_read_is_heard() {
    let script = vec![Step::Send(HandshakeType::CLIENT_HELLO), Step::Await(HandshakeType::FINISHED)];
    let mut run = Run::new(Peer::new(Role::Client, &identities().client), script, Vec::new());
    assert_eq!(run.want(), run::Want::Write);
    run.sent(run.pending().len());
    // A protected record before there are keys.
    run.received(&[23, 3, 3, 0, 1, 0]);
    assert_eq!(run.want(), run::Want::Read(run::Patience::Pause));
    run.received(&[21, 3, 3, 0, 2, 2, 40]);
    assert_eq!(run.want(), run::Want::Done);
    assert_eq!(run.outcome().end.alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
}
