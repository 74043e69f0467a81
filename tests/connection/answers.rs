//! R1, R2, R4: the three questions and what a program may do with them: lose them, answer them late, from elsewhere,
//! twice, wrongly or not at all. "At every step" means exhaustively: a whole handshake is played once for each of its
//! steps, and meddled with there.
#![allow(clippy::unwrap_used)]

use crate::common::{self, End, Identity, Pki, carry, run};
use countersign::{
    Alert, AlertDescription, Blame, Credential, CredentialQuestion, Ending, Error, ErrorKind, Event, Handshake, Inbox,
    Misuse, Outbox, Policy, Question, Rejection, Role, Seed, SignQuestion, State, Step, Verdict, VerifyQuestion, Want,
};
use std::sync::LazyLock;
use std::sync::mpsc;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

fn ends(retry: bool) -> (End<'static>, End<'static>) {
    let client = if retry { Policy::new().key_shares(&[]) } else { Policy::new() };
    (End::new(Role::Client, client, &IDENTITY), End::new(Role::Server, Policy::new(), &IDENTITY))
}

/// Answers a question as it should be; `false`: it was none.
fn answer(end: &mut End<'_>, want: &Want) -> bool {
    match want {
        Want::Credential(question) => {
            end.hs.answer_credential(question, &Credential::new(&end.identity.chain), &mut end.tx).unwrap();
        }
        Want::Sign(question) => {
            let signature = end.identity.key.sign(question.scheme(), question.message()).unwrap();
            end.hs.answer_sign(question, &signature, &mut end.tx).unwrap();
        }
        Want::Verify(question) => end.hs.answer_verify(question, Verdict::Accept).unwrap(),
        _ => return false,
    }
    true
}

/// Plays on, with `meddle` called after every step of either end, until it says stop or both are done.
/// Gives how many steps that were.
fn play<'a>(
    client: &mut End<'a>,
    server: &mut End<'a>,
    meddle: &mut dyn FnMut(usize, &mut End<'a>, &Step) -> bool,
) -> usize {
    let mut number = 0;
    let mut done = [false; 2];
    while done != [true; 2] {
        for role in [Role::Client, Role::Server] {
            loop {
                let end = if role == Role::Client { &mut *client } else { &mut *server };
                let step = end.hs.step(&mut end.rx, &mut end.tx).unwrap();
                number += 1;
                if meddle(number, end, &step) {
                    return number;
                }
                let Step::Want(want) = step else { continue };
                if answer(end, &want) {
                    continue;
                }
                if want == Want::Write {
                    if role == Role::Client {
                        carry(client, server)
                    } else {
                        carry(server, client)
                    }
                    continue;
                }
                done[usize::from(role == Role::Server)] = want == Want::Done;
                break;
            }
        }
        assert!(number < 200, "it comes to an end");
    }
    number
}

/// Plays a handshake once for each of its steps: `meddle` is called there, and the play stops. Then `after` looks at
/// both ends: first the one that was meddled with.
fn at_every_step(
    mut meddle: impl FnMut(&mut End<'_>, &Step),
    mut after: impl FnMut(&mut End<'_>, &mut End<'_>, usize),
) {
    for retry in [false, true] {
        let steps = {
            let (mut client, mut server) = ends(retry);
            play(&mut client, &mut server, &mut |_, _, _| false)
        };
        assert!(steps > 30);
        for at in 1..=steps {
            let (mut client, mut server) = ends(retry);
            let mut role = Role::Client;
            play(&mut client, &mut server, &mut |number, end, step| {
                if number == at {
                    role = end.hs.role();
                    meddle(end, step);
                }
                number == at
            });
            if role == Role::Client { after(&mut client, &mut server, at) } else { after(&mut server, &mut client, at) }
        }
    }
}

/// Everything about an end that a misuse must not change.
fn snapshot(end: &End<'_>) -> (State, usize, Vec<u8>, Option<Vec<u8>>) {
    let peer = end.hs.peer(&end.rx).ok().map(|peer| peer.leaf().to_vec());
    (end.hs.state(), end.hs.transitions().count(), end.tx.pending().to_vec(), peer)
}

/// What the other end comes to when it has been told everything that this one had to say.
fn fate(end: &mut End<'_>, told: &mut End<'_>) -> Result<Option<Event>, Error> {
    carry(end, told);
    match told.drive()? {
        Want::Done => {}
        Want::Write => {
            told.sends();
            if told.drive()? != Want::Done {
                return Ok(None);
            }
        }
        _ => return Ok(None),
    }
    let mut session = told.hs.finish().unwrap();
    session.receive(&mut told.rx, &mut told.tx).map(Some)
}

// ---- R1: questions are values, and level-triggered ----

#[test]
fn a_want_can_be_sent_kept_and_copied() {
    fn promises<T: Send + Sync + Clone + PartialEq + std::fmt::Debug + 'static>() {}
    promises::<Want>();
    promises::<CredentialQuestion>();
    promises::<SignQuestion>();
    promises::<VerifyQuestion>();
    promises::<Step>();
    fn movable<T: Send + 'static>() {}
    movable::<Handshake<Policy>>();
    movable::<Handshake<&'static Policy>>();
    movable::<Handshake<std::sync::Arc<Policy>>>();
    movable::<countersign::Session>();
    assert!(size_of::<Want>() <= 160, "{}", size_of::<Want>());
    assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
}

#[test]
fn whoever_asks_again_is_told_the_same_at_every_step() {
    for retry in [false, true] {
        let (mut client, mut server) = ends(retry);
        play(&mut client, &mut server, &mut |_, end, step| {
            if let Step::Want(want) = step {
                let before = snapshot(end);
                for _ in 0..3 {
                    assert_eq!(end.hs.step(&mut end.rx, &mut end.tx), Ok(Step::Want(want.clone())));
                    assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Ok(want.clone()));
                }
                assert_eq!(snapshot(end), before);
            }
            false
        });
        assert!(client.hs.finish().is_ok() && server.hs.finish().is_ok());
    }
}

/// A program as it may well be: one struct owns machine and memory; it is polled, and remembers nothing in between.
struct Program {
    hs: Handshake<&'static Policy>,
    rx: Inbox<[u8; 4_096]>,
    tx: Outbox<[u8; 4_096]>,
    signer: mpsc::Sender<SignQuestion>,
    signed: mpsc::Receiver<(SignQuestion, Vec<u8>)>,
    asked: usize,
}

static POLICY: Policy = Policy::new();

impl Program {
    /// Its signer is another thread; the question goes there whenever it comes up, and the answers come when they come.
    fn new(role: Role, seed: u8) -> Program {
        let seed = Seed::from_bytes(&[seed; 64]);
        let hs = match role {
            Role::Client => Handshake::client(&POLICY, Some("server.test"), seed).unwrap(),
            Role::Server => Handshake::server(&POLICY, seed),
        };
        let (signer, questions) = mpsc::channel::<SignQuestion>();
        let (answers, signed) = mpsc::channel();
        std::thread::spawn(move || {
            for question in questions {
                let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                if answers.send((question, signature)).is_err() {
                    return;
                }
            }
        });
        Program { hs, rx: Inbox::new([0; 4_096]), tx: Outbox::new([0; 4_096]), signer, signed, asked: 0 }
    }

    /// One poll: true when done.
    fn poll(&mut self) -> bool {
        match self.hs.drive(&mut self.rx, &mut self.tx).unwrap() {
            Want::Credential(question) => {
                self.hs.answer_credential(&question, &Credential::new(&IDENTITY.chain), &mut self.tx).unwrap();
            }
            Want::Sign(question) => {
                self.asked += 1;
                if self.asked.is_multiple_of(2) {
                    return false; // the question is lost; it will come again
                }
                self.signer.send(question).unwrap();
                // Whenever the answer comes, it may be the answer to this question or to an earlier copy of it.
                let (question, signature) = self.signed.recv().unwrap();
                if self.asked > 4 {
                    self.hs.answer_sign(&question, &signature, &mut self.tx).unwrap();
                }
            }
            Want::Verify(question) => self.hs.answer_verify(&question, Verdict::Accept).unwrap(),
            Want::Done => return true,
            Want::Read | Want::Write => {}
        }
        false
    }

    fn tell(&mut self, other: &mut Program) {
        let len = self.tx.pending().len();
        if len == 0 {
            return;
        }
        other.rx.space()[..len].copy_from_slice(self.tx.pending());
        other.rx.filled(len);
        self.tx.sent(len);
    }
}

#[test]
fn a_program_may_hold_everything_in_one_struct_and_lose_questions() {
    let (mut client, mut server) = (Program::new(Role::Client, 7), Program::new(Role::Server, 8));
    let mut polls = 0;
    while !(client.poll() & server.poll()) {
        client.tell(&mut server);
        server.tell(&mut client);
        polls += 1;
        assert!(polls < 100);
    }
    assert!(client.asked > 4 && server.asked > 4, "questions were lost, and asked again");
    assert!(client.hs.finish().is_ok() && server.hs.finish().is_ok());
}

/// An answer may come hours later, from elsewhere, and after the transport has said more.
#[test]
fn a_question_waits_for_its_answer_whatever_happens_meanwhile() {
    let (mut client, mut server) = ends(false);
    client.drive().unwrap();
    carry(&mut client, &mut server);
    server.drive().unwrap();
    carry(&mut server, &mut client);
    let Ok(Want::Verify(question)) = client.hs.drive(&mut client.rx, &mut client.tx) else { panic!() };
    // Bytes come, and the transport ends: the open question stays what is wanted.
    client.gets(b"\x17\x03\x03\x00\x20whatever this is, nobody looks");
    client.rx.filled(0);
    for _ in 0..3 {
        assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Verify(question.clone())));
    }
    let elsewhere = std::thread::spawn(move || (question, Verdict::Accept));
    let (question, verdict) = elsewhere.join().unwrap();
    client.hs.answer_verify(&question, verdict).unwrap();
    assert_eq!(client.drive(), Ok(Want::Write));
}

#[test]
fn a_connection_that_is_dropped_leaves_no_trace() {
    at_every_step(
        |end, _| {
            // A timeout: the program drops what it holds. There is no global, so another connection is as the first.
            let (hs, rx, tx) = (
                Handshake::server(Policy::new(), Seed::from_bytes(&[9; 64])),
                Inbox::new(vec![0; 40_000]),
                Outbox::new(vec![0; 40_000]),
            );
            drop(std::mem::replace(&mut end.hs, hs));
            drop(std::mem::replace(&mut end.rx, rx));
            drop(std::mem::replace(&mut end.tx, tx));
        },
        |_, other, _| {
            // To the other end it is a transport that ended.
            let state = loop {
                let state = other.hs.state();
                match other.drive() {
                    Ok(Want::Read) => break state,
                    Ok(Want::Write) => drop(other.sends()),
                    Ok(Want::Done) => return,
                    other => panic!("{other:?}"),
                }
            };
            other.rx.filled(0);
            let error = other.drive().unwrap_err();
            assert_eq!((error.kind(), error.state()), (ErrorKind::Truncated, other.hs.state()));
            assert!(other.tx.is_empty() && error.alert().is_none(), "in {state}");
        },
    );
}

// ---- R1: what does not fit is a misuse ----

/// Every question of a whole connection, of both its ends.
fn questions_of(mut client: End<'static>, mut server: End<'static>) -> Vec<Want> {
    let mut questions = Vec::new();
    play(&mut client, &mut server, &mut |_, _, step| {
        if let Step::Want(want @ (Want::Credential(_) | Want::Sign(_) | Want::Verify(_))) = step {
            questions.push(want.clone());
        }
        false
    });
    questions
}

/// Tries to answer, in every way.
fn try_all(end: &mut End<'_>, question: &Want) -> Vec<Result<(), Misuse>> {
    let alert = AlertDescription::INTERNAL_ERROR;
    match question {
        Want::Credential(question) => vec![
            end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx),
            end.hs.answer_credential(question, &Credential::new(&[]), &mut end.tx),
            end.hs.decline(question, alert),
        ],
        Want::Sign(question) => vec![
            end.hs.answer_sign(question, &[1; 64], &mut end.tx),
            end.hs.answer_sign(question, &[], &mut end.tx),
            end.hs.decline(question, alert),
        ],
        Want::Verify(question) => vec![
            end.hs.answer_verify(question, Verdict::Accept),
            end.hs.answer_verify(question, Verdict::Reject(Rejection::Expired)),
            end.hs.decline(Question::Verify(question), alert),
        ],
        _ => vec![],
    }
}

#[test]
fn stale_and_foreign_answers_are_slips_at_every_step() {
    let foreign = {
        let (mut client, mut server) = ends(false);
        client.hs = Handshake::client(Policy::new(), None, Seed::from_bytes(&[3; 64])).unwrap();
        server.hs = Handshake::server(Policy::new(), Seed::from_bytes(&[4; 64]));
        questions_of(client, server)
    };
    assert_eq!(foreign.len(), 6);
    for retry in [false, true] {
        let (mut client, mut server) = ends(retry);
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
        assert!(client.hs.finish().is_ok() && server.hs.finish().is_ok());
    }
}

#[test]
fn an_answer_is_taken_once() {
    let (mut client, mut server) = ends(false);
    let mut last = None;
    play(&mut client, &mut server, &mut |_, end, step| {
        // The step after an answer: the same again.
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

#[test]
fn a_foreign_inbox_is_a_slip_at_every_step() {
    let (_, mut stranger) = ends(false);
    stranger.hs = Handshake::server(Policy::new(), Seed::from_bytes(&[5; 64]));
    stranger.drive().unwrap(); // stamps its inbox
    let fresh = Inbox::new(vec![0; 100]);
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
            assert_eq!(end.hs.peer(&fresh).err(), Some(Misuse::ForeignInbox));
            assert_eq!(snapshot(end), before);
            false
        });
        let mut session = client.hs.finish().unwrap();
        let error = session.receive(&mut stranger.rx, &mut client.tx).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ForeignInbox);
        assert!(client.tx.is_empty());
        assert_eq!(session.receive(&mut client.rx, &mut client.tx), Ok(Event::Confirmed), "nothing has happened");
    }
}

#[test]
fn what_is_shown_is_shown_while_it_is_asked_about() {
    let (mut client, mut server) = ends(true);
    play(&mut client, &mut server, &mut |_, end, step| {
        match step {
            Step::Want(Want::Credential(_)) => assert!(end.hs.offer(&end.rx).is_ok()),
            Step::Want(Want::Verify(_)) => assert!(end.hs.peer(&end.rx).is_ok()),
            Step::Want(Want::Read) => assert!(end.hs.peer(&end.rx).is_err(), "no peer before it has proved itself"),
            Step::Did(transition) if transition.state == State::WaitFinished => {
                assert!(end.hs.peer(&end.rx).is_err(), "CertificateVerify alone is not enough");
            }
            // The client may look again at whom it has accepted, until its last answer.
            Step::Want(Want::Sign(_)) => assert_eq!(end.hs.peer(&end.rx).is_ok(), end.hs.role() == Role::Client),
            _ => {}
        }
        assert_eq!(end.hs.finish().err().unwrap_or(Misuse::NotNow), Misuse::NotNow);
        matches!(step, Step::Want(Want::Done))
    });
}

#[test]
fn a_session_is_there_once_and_not_before_done() {
    let (mut client, mut server) = ends(false);
    play(&mut client, &mut server, &mut |_, end, step| {
        if !matches!(step, Step::Want(Want::Done)) {
            assert_eq!(end.hs.finish().err(), Some(Misuse::NotNow), "{step:?}");
        }
        false
    });
    for end in [&mut client, &mut server] {
        let mut session = end.hs.finish().unwrap();
        assert_eq!(end.hs.finish().err(), Some(Misuse::NotNow));
        // The machine has nothing more to say on this connection: the session has the keys.
        end.hs.cancel(&mut end.tx);
        end.hs.abort(AlertDescription::INTERNAL_ERROR, &mut end.tx);
        assert!(end.tx.is_empty(), "{}: nothing unprotected goes out", end.hs.role());
        assert_eq!(end.hs.state(), State::Connected);
        assert!(session.write(b"x", &mut end.tx).is_ok());
    }
}

/// The key log gets the same secrets at both ends, at the times that the documentation names.
#[test]
fn the_key_log_is_complete_at_sign_verify_and_done() {
    let handshake = ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET"];
    let application = ["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"];
    let (mut client, mut server) = ends(false);
    let mut logs = [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()];
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
    let session = client.hs.finish().unwrap();
    assert_eq!(session.expose_secrets().0, logs[0]["CLIENT_TRAFFIC_SECRET_0"]);
    assert_eq!(session.expose_secrets().1, logs[0]["SERVER_TRAFFIC_SECRET_0"]);
    client.hs.expose_secrets(&mut |label, _| panic!("{label}: the session has them now"));
}

// ---- R2: no room ----

/// At each question of both ends: with less than `needed` nothing happens, and the same question is open; with exactly
/// that, the answer is taken.
#[test]
fn an_answer_without_room_changes_nothing_and_says_how_much_it_needs() {
    let resized = |end: &mut End<'_>, len: usize| {
        let old = std::mem::replace(&mut end.tx, Outbox::new(vec![]));
        match old.move_into(vec![0; len]) {
            Ok(new) => end.tx = new,
            Err((old, _)) => {
                end.tx = old;
                return false;
            }
        }
        true
    };
    for question in 0..4 {
        let (mut client, mut server) = ends(question % 2 == 0);
        let (mut asked, mut refused) = (0, 0);
        play(&mut client, &mut server, &mut |_, end, step| {
            let Step::Want(want @ (Want::Credential(_) | Want::Sign(_))) = step else { return false };
            asked += 1;
            if asked <= question {
                return false;
            }
            let answer = |end: &mut End<'_>| match want {
                Want::Credential(question) => {
                    end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx)
                }
                Want::Sign(question) => {
                    let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                    end.hs.answer_sign(question, &signature, &mut end.tx)
                }
                _ => Err(Misuse::NotNow),
            };
            // As small as what is held allows.
            let least = (0..).find(|len| resized(end, *len)).unwrap();
            let before = snapshot(end);
            let Err(Misuse::NoRoom { needed }) = answer(end) else { panic!("{want:?} fits {least} bytes") };
            for len in [least, least + 1, needed - 2, needed - 1] {
                if resized(end, len) {
                    assert_eq!(answer(end), Err(Misuse::NoRoom { needed }), "with {len} bytes");
                    assert_eq!(end.hs.step(&mut end.rx, &mut end.tx), Ok(step.clone()), "it is still asked");
                    assert_eq!(snapshot(end), before);
                    refused += 1;
                }
            }
            assert!(resized(end, needed));
            assert_eq!(answer(end), Ok(()));
            if let Want::Sign(_) = want {
                assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Ok(Want::Write));
                // 48 bytes are kept for alerts; not one more is asked for than is used.
                assert_eq!(end.tx.pending().len() + 48, needed);
            }
            assert!(resized(end, 40_000));
            true
        });
        assert!(refused >= 3);
        assert_eq!(run(&mut client, &mut server), (Some(Ok(())), Some(Ok(()))), "after question {question}");
    }
    // And the whole handshake so.
    let (mut client, mut server) = ends(false);
    (client.tx, server.tx) = (Outbox::new(vec![0; 500]), Outbox::new(vec![0; 500]));
    let mut no_room = 0;
    let mut done = [false; 2];
    while done != [true; 2] {
        done[0] = squeeze(&mut client, &mut server, &mut no_room);
        done[1] = squeeze(&mut server, &mut client, &mut no_room);
    }
    assert!(no_room > 0);
}

/// Drives an end whose outbox is small: sends what is pending whenever an answer has no room, then grows.
fn squeeze(end: &mut End<'_>, other: &mut End<'_>, no_room: &mut usize) -> bool {
    loop {
        let want = end.hs.drive(&mut end.rx, &mut end.tx).unwrap();
        let answer = match &want {
            Want::Credential(question) => {
                end.hs.answer_credential(question, &Credential::new(&IDENTITY.chain), &mut end.tx)
            }
            Want::Sign(question) => {
                let signature = IDENTITY.key.sign(question.scheme(), question.message()).unwrap();
                end.hs.answer_sign(question, &signature, &mut end.tx)
            }
            Want::Verify(question) => end.hs.answer_verify(question, Verdict::Accept),
            Want::Write => {
                carry(end, other);
                Ok(())
            }
            Want::Read => return false,
            Want::Done => return true,
        };
        if let Err(misuse) = answer {
            let Misuse::NoRoom { needed } = misuse else { panic!("{misuse}") };
            *no_room += 1;
            if end.tx.pending().is_empty() {
                let tx = std::mem::replace(&mut end.tx, Outbox::new(vec![]));
                let Ok(tx) = tx.move_into(vec![0; needed]) else { panic!("{needed} bytes do") };
                end.tx = tx;
            } else {
                carry(end, other);
            }
        }
    }
}

#[test]
fn a_credential_or_signature_that_cannot_be_sent_is_a_slip() {
    let (mut client, mut server) = ends(false);
    let mut seen = 0;
    play(&mut client, &mut server, &mut |_, end, step| {
        let before = snapshot(end);
        match step {
            Step::Want(Want::Credential(question)) => {
                let raw = Credential::raw_public_key(&IDENTITY.chain);
                assert_eq!(
                    end.hs.answer_credential(question, &Credential::new(&[]), &mut end.tx),
                    Err(Misuse::UnfitCredential)
                );
                assert_eq!(
                    end.hs.answer_credential(question, &raw, &mut end.tx),
                    Err(Misuse::UnfitCredential),
                    "not agreed on"
                );
                seen += 1;
            }
            Step::Want(Want::Sign(question)) => {
                let long = vec![0; 65_536];
                assert_eq!(end.hs.answer_sign(question, &[], &mut end.tx), Err(Misuse::UnfitSignature));
                assert_eq!(end.hs.answer_sign(question, &long, &mut end.tx), Err(Misuse::UnfitSignature));
                seen += 1;
            }
            _ => {}
        }
        assert_eq!(snapshot(end), before);
        false
    });
    assert_eq!(seen, 4);
}

// ---- R2: no ----

const REASONS: [(Rejection, AlertDescription, &str); 9] = [
    (Rejection::UnknownCa, AlertDescription::UNKNOWN_CA, "no path to a trusted root"),
    (Rejection::Expired, AlertDescription::CERTIFICATE_EXPIRED, "it has expired or is not yet valid"),
    (Rejection::Revoked, AlertDescription::CERTIFICATE_REVOKED, "it has been revoked"),
    (Rejection::WrongName, AlertDescription::BAD_CERTIFICATE, "it is for another name"),
    (
        Rejection::BadCertificate,
        AlertDescription::BAD_CERTIFICATE,
        "the certificate or its chain is malformed or broken",
    ),
    (
        Rejection::UnsupportedCertificate,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        "its key or its permitted use does not fit",
    ),
    (Rejection::AccessDenied, AlertDescription::ACCESS_DENIED, "this identity is not allowed here"),
    (Rejection::CertificateUnknown, AlertDescription::CERTIFICATE_UNKNOWN, "its status could not be established"),
    (
        Rejection::Alert(AlertDescription::UNRECOGNIZED_NAME),
        AlertDescription::UNRECOGNIZED_NAME,
        "the caller chose the alert unrecognized_name",
    ),
];

/// What the refused end must say of this alert.
fn refusal(alert: AlertDescription, role: Role, unconfirmed: bool) -> ErrorKind {
    match alert {
        AlertDescription::UNRECOGNIZED_NAME if role == Role::Client && unconfirmed => {
            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
        }
        AlertDescription::UNRECOGNIZED_NAME => ErrorKind::PeerAlert { alert },
        _ => ErrorKind::PeerRejectedCertificate { alert },
    }
}

// req: 9846-6.2-1, 9846-6.2-2, 9846-6.2-3
#[test]
fn a_refusal_says_why_on_both_sides() {
    for (reason, alert, words) in REASONS {
        // The client refuses the server: nothing of the client's identity has gone out (R6).
        let (mut client, mut server) = ends(false);
        client.verdict = Verdict::Reject(reason);
        let (c, s) = run(&mut client, &mut server);
        let (c, s) = (c.unwrap().unwrap_err(), s.unwrap().unwrap_err());
        assert_eq!(
            (c.kind(), c.blame(), c.alert()),
            (ErrorKind::Rejected { reason }, Blame::Us, Some(Alert::Sent(alert)))
        );
        let sentence =
            format!("we refused the peer's certificate: {words} (as client, in AskVerify, alert {alert} sent)");
        assert_eq!(c.to_string(), sentence);
        assert_eq!(s.kind(), refusal(alert, Role::Server, false));
        assert_eq!(
            (s.blame(), s.alert(), s.state()),
            (Blame::Peer, Some(Alert::Received(alert)), State::WaitCertificate)
        );
        assert!(server.tx.is_empty(), "an alert is not answered by an alert");

        // The server refuses the client, which is done already.
        let (mut client, mut server) = ends(false);
        server.verdict = Verdict::Reject(reason);
        let (c, s) = run(&mut client, &mut server);
        assert_eq!(c, Some(Ok(())));
        let s = s.unwrap().unwrap_err();
        let sentence =
            format!("we refused the peer's certificate: {words} (as server, in AskVerify, alert {alert} sent)");
        assert_eq!(s.to_string(), sentence);
        let mut session = client.hs.finish().unwrap();
        let error = session.receive(&mut client.rx, &mut client.tx).unwrap_err();
        assert_eq!(error.kind(), refusal(alert, Role::Client, true));
        assert_eq!(error.alert(), Some(Alert::Received(alert)));
    }
}

#[test]
fn a_refusal_in_words() {
    let (mut client, mut server) = ends(false);
    client.verdict = Verdict::Reject(Rejection::WrongName);
    let (_, s) = run(&mut client, &mut server);
    assert_eq!(
        s.unwrap().unwrap_err().to_string(),
        "the peer rejected our certificate (bad_certificate) (as server, in WaitCertificate)"
    );
}

/// The first question of this kind that an end of this role asks is declined.
fn decline(role: Role, which: State, alert: AlertDescription) -> (End<'static>, End<'static>) {
    let (mut client, mut server) = ends(false);
    let mut declined = 0;
    play(&mut client, &mut server, &mut |_, end, step| {
        if end.hs.role() != role || end.hs.state() != which {
            return false;
        }
        match step {
            Step::Want(Want::Credential(question)) => end.hs.decline(question, alert).unwrap(),
            Step::Want(Want::Sign(question)) => end.hs.decline(question, alert).unwrap(),
            Step::Want(Want::Verify(question)) => end.hs.decline(question, alert).unwrap(),
            _ => return false,
        }
        declined += 1;
        true
    });
    assert_eq!(declined, 1);
    if role == Role::Client { (client, server) } else { (server, client) }
}

#[test]
fn every_question_can_be_declined_with_any_alert() {
    for role in [Role::Client, Role::Server] {
        for which in [State::AskCredential, State::AskSign, State::AskVerify] {
            for alert in [AlertDescription::INTERNAL_ERROR, AlertDescription::HANDSHAKE_FAILURE] {
                let (mut end, mut other) = decline(role, which, alert);
                assert!(end.hs.state() == which, "nothing has happened until the next drive");
                let error = end.drive().unwrap_err();
                assert_eq!(
                    error.to_string(),
                    format!("our side could not go on (alert {alert}) (as {role}, in {which}, alert {alert} sent)")
                );
                assert_eq!((error.blame(), error.alert()), (Blame::Us, Some(Alert::Sent(alert))));
                let told = fate(&mut end, &mut other).unwrap_err();
                assert_eq!(told.alert(), Some(Alert::Received(alert)));
                let unconfirmed = role == Role::Server && which == State::AskVerify;
                let expected = if unconfirmed {
                    ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
                } else {
                    ErrorKind::PeerAlert { alert }
                };
                assert_eq!(told.kind(), expected);
            }
        }
    }
}

/// A key that does not fit what the peer accepts: the answer is taken, and the next drive says what is wrong with it.
#[test]
fn a_credential_that_the_peer_does_not_accept_ends_the_handshake() {
    use countersign::SignatureScheme;
    for role in [Role::Client, Role::Server] {
        let policy = Policy::new().signature_schemes(&[SignatureScheme::ECDSA_SECP256R1_SHA256]);
        let (mut client, mut server) = ends(false);
        let pki = Pki::new();
        let other = pki.issue("p256.test", &rcgen::PKCS_ECDSA_P256_SHA256);
        if role == Role::Client {
            server.hs = Handshake::server(policy, Seed::from_bytes(&[2; 64]));
            server.identity = &other;
        } else {
            client.hs = Handshake::client(policy, None, Seed::from_bytes(&[1; 64])).unwrap();
        }
        let (c, s) = run(&mut client, &mut server);
        let (own, told) = if role == Role::Client { (c, s) } else { (s, c) };
        let own = own.unwrap().unwrap_err();
        assert_eq!(own.kind(), ErrorKind::NoCommonSignatureScheme);
        assert_eq!((own.role(), own.state()), (role, State::AskCredential));
        assert_eq!(
            told.unwrap().unwrap_err().kind(),
            ErrorKind::PeerAlert { alert: AlertDescription::HANDSHAKE_FAILURE }
        );
    }
}

/// A signer that lies: the machine sends what it is given, and the peer finds out.
// req: 9846-4.5.3-3
#[test]
fn a_wrong_signature_is_found_by_the_peer() {
    for role in [Role::Client, Role::Server] {
        let liar = Pki::new().issue("liar.test", &rcgen::PKCS_ED25519);
        let wrong = Identity { chain: IDENTITY.chain.clone(), key: liar.key };
        let (mut client, mut server) = ends(false);
        if role == Role::Client {
            client.identity = &wrong
        } else {
            server.identity = &wrong
        }
        let (c, s) = run(&mut client, &mut server);
        let (told, found) = if role == Role::Client {
            let mut session = client.hs.finish().unwrap();
            assert_eq!(c, Some(Ok(())));
            (session.receive(&mut client.rx, &mut client.tx).unwrap_err(), s.unwrap().unwrap_err())
        } else {
            (s.unwrap().unwrap_err(), c.unwrap().unwrap_err())
        };
        assert_eq!(found.kind(), ErrorKind::BadSignature);
        assert_eq!((found.blame(), found.state()), (Blame::Peer, State::WaitCertificateVerify));
        assert_eq!(found.alert(), Some(Alert::Sent(AlertDescription::DECRYPT_ERROR)));
        assert_eq!(told.kind(), ErrorKind::PeerRejectedProof { alert: AlertDescription::DECRYPT_ERROR });
    }
}

// ---- giving up ----

/// RFC 9846 §6.1: user_canceled, then close_notify; and then nothing.
// req: 9846-6.1-3
#[test]
fn a_handshake_can_be_cancelled_at_every_step() {
    at_every_step(
        |end, _| end.hs.cancel(&mut end.tx),
        |end, other, at| {
            let error = end.drive().unwrap_err();
            assert_eq!((error.kind(), error.blame()), (ErrorKind::Cancelled, Blame::Us), "step {at}");
            assert_eq!(
                error.to_string(),
                format!("our side cancelled the handshake (as {}, in {})", end.hs.role(), end.hs.state())
            );
            assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Err(error));
            assert!(!end.tx.pending().is_empty());
            match fate(end, other) {
                Ok(Some(Event::Closed | Event::Confirmed)) => {}
                Err(told) if told.kind() == ErrorKind::ClosedInHandshake => {
                    assert_eq!(told.alert(), Some(Alert::Received(AlertDescription::CLOSE_NOTIFY)));
                }
                // A client that has not read the ServerHello cannot protect its alerts; only a fatal one is taken so.
                Err(told) if other.hs.role() == Role::Server && other.hs.state() == State::WaitCertificate => {
                    let content = countersign::ContentType::ALERT;
                    assert_eq!(told.kind(), ErrorKind::UnexpectedRecord { content }, "step {at}");
                }
                told => panic!("step {at}: {told:?}"),
            }
        },
    );
}

#[test]
fn a_handshake_can_be_aborted_with_any_alert_at_every_step() {
    let alert = AlertDescription::INSUFFICIENT_SECURITY;
    at_every_step(
        |end, _| end.hs.abort(alert, &mut end.tx),
        |end, other, at| {
            let error = end.drive().unwrap_err();
            assert_eq!((error.kind(), error.alert()), (ErrorKind::Aborted { alert }, Some(Alert::Sent(alert))));
            // Once is enough.
            let pending = end.tx.pending().to_vec();
            end.hs.abort(alert, &mut end.tx);
            end.hs.cancel(&mut end.tx);
            assert_eq!(end.tx.pending(), pending);
            match fate(end, other) {
                Err(told) => {
                    let expected = match told.kind() {
                        ErrorKind::UnauthenticatedAlert { .. } => ErrorKind::UnauthenticatedAlert { alert },
                        ErrorKind::PeerEndedUnconfirmed { .. } => {
                            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(alert) }
                        }
                        _ => ErrorKind::PeerAlert { alert },
                    };
                    assert_eq!((told.kind(), told.alert()), (expected, Some(Alert::Received(alert))), "step {at}");
                }
                // The server's empty record may have gone before.
                Ok(event) => assert_eq!(event, Some(Event::Confirmed), "step {at}"),
            }
        },
    );
}

// ---- R4: after an error ----

/// Garbage at every step: an error, and after it every call says the same, and what is there to be read stays so.
#[test]
fn after_a_fatal_error_every_call_says_the_same_and_everything_stays_readable() {
    at_every_step(
        |_, _| {},
        |end, _, at| {
            let transitions: Vec<_> = end.hs.transitions().collect();
            let garbage = [21, 3, 3, 0, 3, 1, 2, 3]; // an alert of three bytes, or nothing that decrypts
            end.gets(&garbage);
            let error = loop {
                match end.drive() {
                    Ok(Want::Done) => return, // it is the session's
                    Ok(Want::Write) => drop(end.sends()),
                    Ok(want) => panic!("step {at}: {want:?}"),
                    Err(error) => break error,
                }
            };
            assert!(error.is_fatal() && error.blame() == Blame::Peer, "{error}");
            let Some(Alert::Sent(alert)) = error.alert() else { panic!("{error}") };
            assert_eq!(Some(alert), error.kind().alert());
            assert_eq!(error.state(), end.hs.state());
            let pending = end.tx.pending().to_vec();
            assert!(!pending.is_empty(), "the alert lies in tx");
            let peer = end.hs.peer(&end.rx).map(|peer| peer.leaf().to_vec());
            for _ in 0..3 {
                assert_eq!(end.hs.step(&mut end.rx, &mut end.tx), Err(error));
                assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Err(error));
                end.hs.cancel(&mut end.tx);
                end.hs.abort(AlertDescription::ACCESS_DENIED, &mut end.tx);
                assert_eq!(end.hs.finish().err(), Some(Misuse::NotNow));
                assert_eq!(end.tx.pending(), pending, "one alert, and nothing after it");
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

/// The refused peer's chain can be looked at after the error: that is what goes into the log.
#[test]
fn the_refused_chain_stays_readable() {
    for role in [Role::Client, Role::Server] {
        let (mut client, mut server) = ends(false);
        let end = if role == Role::Client { &mut client } else { &mut server };
        end.verdict = Verdict::Reject(Rejection::AccessDenied);
        run(&mut client, &mut server);
        let end = if role == Role::Client { &mut client } else { &mut server };
        let peer = end.hs.peer(&end.rx).unwrap();
        assert_eq!(peer.leaf(), IDENTITY.chain[0].as_ref());
        assert_eq!(end.hs.peer_scheme(), Some(peer.scheme()));
        assert!(end.hs.transitions().count() > 5);
        assert_eq!(end.hs.state(), State::AskVerify);
        assert!(end.hs.cipher_suite().is_some() && end.hs.group().is_some());
    }
}

/// Answers after an error are misuses; the error stays.
#[test]
fn answers_after_an_error_are_slips() {
    for role in [Role::Client, Role::Server] {
        for which in [State::AskCredential, State::AskSign, State::AskVerify] {
            let (mut end, _) = decline(role, which, AlertDescription::INTERNAL_ERROR);
            let (client, server) = ends(false);
            let questions = questions_of(client, server);
            // Declined, but not yet driven: the question is closed already.
            for question in &questions {
                assert!(try_all(&mut end, question).iter().all(|outcome| *outcome == Err(Misuse::StaleQuestion)));
            }
            let error = end.drive().unwrap_err();
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
        assert_eq!(s.body(1, &mut server.tx).err(), Some(Misuse::Closed));
        assert_eq!(s.seal(0, &mut server.tx), Err(Misuse::Closed));
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

/// After our close_notify nothing can follow it, the alert of an error neither: and the error does not claim one.
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

#[test]
fn a_servers_name_must_be_one() {
    for name in ["", "two words", "-", "a..b", "[::1]", "\u{fc}ber.test", &"a.".repeat(200)] {
        let made = Handshake::client(Policy::new(), Some(name), Seed::from_bytes(&[1; 64]));
        assert_eq!(made.err(), Some(Misuse::InvalidServerName), "{name:?}");
    }
    for name in ["server.test", "192.0.2.1", "2001:db8::1"] {
        let made = Handshake::client(Policy::new(), Some(name), Seed::from_bytes(&[1; 64])).unwrap();
        assert_eq!(made.server_name(), Some(name));
    }
}
