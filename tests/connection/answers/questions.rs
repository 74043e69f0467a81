//! R1: a question is a value, and comes again until it is answered.

use super::{IDENTITY, at_every_step, ends, play, snapshot};
use crate::carriers::{Carried, on_both_carriers};
use crate::common::carry;
use countersign::{
    Credential, CredentialQuestion, Error, ErrorKind, Handshake, Inbox, Outbox, Policy, Records, Role, Seed,
    SignQuestion, Step, Verdict, VerifyQuestion, Want,
};
use std::sync::mpsc;

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

on_both_carriers!(whoever_asks_again_is_told_the_same_at_every_step, a_question_waits_while_more_comes);

fn whoever_asks_again_is_told_the_same_at_every_step<C: Carried>() {
    for retry in [false, true] {
        let (mut client, mut server) = ends::<C>(retry);
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
        assert_eq!((C::finish(&mut client.hs), C::finish(&mut server.hs)), (Ok(()), Ok(())));
    }
}

#[test]
fn a_sign_question_is_shown_by_its_scheme_and_length() {
    let (mut client, mut server) = ends::<Records>(false);
    let mut asked = 0;
    play(&mut client, &mut server, &mut |_, _, step| {
        if let Step::Want(Want::Sign(question)) = step {
            asked += 1;
            let len = question.message().len();
            assert_eq!(format!("{question:?}"), format!("SignQuestion(ed25519, {len} bytes)"));
        }
        false
    });
    assert_eq!(asked, 2);
}

/// An answer may come after more bytes of the peer, which are processed afterwards.
fn a_question_waits_while_more_comes<C: Carried>() {
    let (mut client, mut server) = ends::<C>(false);
    play(&mut client, &mut server, &mut |_, end, step| {
        let Step::Want(want @ (Want::Credential(_) | Want::Sign(_) | Want::Verify(_))) = step else { return false };
        C::says_nonsense(&end.hs, &mut end.rx);
        assert_eq!(end.hs.drive(&mut end.rx, &mut end.tx), Ok(want.clone()));
        true
    });
}

/// A typical program: one struct owns machine and memory. It is polled, and keeps nothing between polls.
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
    /// Its signer is another thread. Each time the question is asked, it goes there.
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

    /// One poll. True: done.
    fn poll(&mut self) -> bool {
        match self.hs.drive(&mut self.rx, &mut self.tx).unwrap() {
            Want::Credential(question) => {
                self.hs.answer_credential(&question, &Credential::new(&IDENTITY.chain), &mut self.tx).unwrap();
            }
            Want::Sign(question) => {
                self.asked += 1;
                if self.asked.is_multiple_of(2) {
                    return false; // the question is lost, and comes again
                }
                self.signer.send(question).unwrap();
                // The answer may be to this question or to an earlier copy of it.
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

/// An answer may come hours later, from another thread, and after more bytes of the peer.
#[test]
fn a_question_waits_for_its_answer_whatever_happens_meanwhile() {
    let (mut client, mut server) = ends(false);
    client.drive().unwrap();
    carry(&mut client, &mut server);
    server.drive().unwrap();
    carry(&mut server, &mut client);
    let Ok(Want::Verify(question)) = client.hs.drive(&mut client.rx, &mut client.tx) else { panic!() };
    // Bytes come and the transport ends. The question stays open.
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
    at_every_step::<Records>(
        |end, _| {
            // After a timeout the program drops the connection. There are no globals, so a new connection is not
            // affected.
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
            // For the other end the transport has ended.
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
