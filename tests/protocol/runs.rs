//! What the adversary's runs want, send and hear (`adversary::run`), against a second scripted peer as the target.

use crate::peer::{ALERT, DATA, HANDSHAKE, HELLO_RETRY_REQUEST, Peer, SECOND_CLIENT_HELLO, identities};
use countersign::adversary::peer::{Msg, Trouble};
use countersign::adversary::run::{End, Patience, Run, Want};
use countersign::adversary::script::{Change, Over, Step, after, before, instead, legal, legal_with_retry};
use countersign::{AlertDescription, Epoch, ExtensionType, HandshakeType as H, NamedGroup, Role, Suite};
use std::time::Duration;

const FLIGHT: [H; 5] =
    [H::ENCRYPTED_EXTENSIONS, H::CERTIFICATE_REQUEST, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];

/// The run of a client, and the server that it attacks.
struct Meeting {
    run: Run<'static>,
    server: Peer<'static>,
    flight: &'static [H],
}

impl Meeting {
    fn new(script: Vec<Step>) -> Meeting {
        let run = Run::new(Peer::new(Role::Client, &identities().client), script, b"?".to_vec());
        Meeting { run, server: Peer::new(Role::Server, &identities().server), flight: &FLIGHT }
    }

    /// Until the run wants something else than to write. The server answers a hello with its flight.
    fn go(&mut self) -> Want {
        loop {
            match self.run.want() {
                Want::Write => {
                    self.server.reads(self.run.pending());
                    self.run.sent(self.run.pending().len());
                    if self.server.handshake.is_none() && self.server.received(H::CLIENT_HELLO).is_some() {
                        self.server.send(H::SERVER_HELLO);
                        self.server.send_flight(self.flight);
                    }
                }
                Want::Read(_) if !self.server.out.is_empty() => {
                    self.run.received(&std::mem::take(&mut self.server.out))
                }
                want => return want,
            }
        }
    }

    fn says(&mut self, typ: u8, content: &[u8]) -> Want {
        self.server.record(typ, content);
        self.go()
    }

    fn end(&self) -> End {
        self.run.outcome().end
    }

    /// What has come to the server.
    fn sent(&self) -> Vec<H> {
        self.server.types()
    }
}

const ANSWER: Want = Want::Read(Patience::Answer);
const PAUSE: Want = Want::Read(Patience::Pause);
const CLOSE_NOTIFY: [u8; 2] = [1, 0];
const INTERNAL_ERROR: [u8; 2] = [2, 80];

#[test]
fn an_answer_is_waited_for_and_then_only_its_rest() {
    for ends in [Some(End::Closed), Some(End::Reset), None] {
        let mut meeting = Meeting::new(legal(Role::Client));
        assert_eq!(meeting.go(), ANSWER);
        assert_eq!(meeting.server.data(), b"?", "it was asked");
        assert_eq!(meeting.says(DATA, b"one"), PAUSE);
        assert_eq!(meeting.says(DATA, b", two"), PAUSE);
        match ends {
            Some(how) => meeting.run.ended(how),
            None => meeting.run.silent(),
        }
        assert_eq!((meeting.go(), meeting.end()), (Want::Done, End::Answered));
        assert_eq!(meeting.run.outcome().answer, b"one, two");
    }
    for how in [End::Closed, End::Reset, End::Silent] {
        let mut meeting = Meeting::new(legal(Role::Client));
        assert_eq!(meeting.go(), ANSWER);
        meeting.run.ended(how);
        assert_eq!((meeting.go(), meeting.end()), (Want::Done, how));
    }
}

/// What a server says before it is asked is no answer. A client speaks first: all that it says is.
#[test]
fn an_answer_is_what_comes_after_the_question() {
    let mut meeting = Meeting::new(before(legal(Role::Client), H::CERTIFICATE, [Step::Wait(1)]));
    assert_eq!(meeting.go(), Want::Wait(Duration::from_millis(1)));
    meeting.server.record(DATA, b"hello");
    meeting.run.received(&std::mem::take(&mut meeting.server.out));
    meeting.run.waited();
    assert_eq!(meeting.go(), ANSWER);
    meeting.says(DATA, b"yes");
    let outcome = meeting.run.outcome();
    assert_eq!((&outcome.unasked[..], &outcome.answer[..]), (&b"hello"[..], &b"yes"[..]));

    let mut run = Run::new(Peer::new(Role::Server, &identities().server), legal(Role::Server), Vec::new());
    let mut client = Peer::new(Role::Client, &identities().client);
    client.send(H::CLIENT_HELLO);
    run.received(&std::mem::take(&mut client.out));
    while run.want() == Want::Write {
        client.reads(run.pending());
        run.sent(run.pending().len());
    }
    [H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED].into_iter().for_each(|typ| client.send(typ));
    client.record(DATA, b"question");
    run.received(&client.out);
    assert_eq!(run.want(), PAUSE);
    assert_eq!(run.outcome().answer, b"question");
}

#[test]
fn a_long_answer_is_heard_to_its_limit() {
    let mut meeting = Meeting::new(legal(Role::Client));
    meeting.go();
    for _ in 0..3 {
        assert_eq!(meeting.says(DATA, &[b'x'; 1 << 14]), PAUSE);
    }
    assert_eq!(meeting.says(DATA, &[b'x'; (1 << 14) - 1]), PAUSE);
    assert_eq!((meeting.says(DATA, b"x"), meeting.end()), (Want::Done, End::Answered));
}

/// What comes at the end of an answer is not about us.
#[test]
fn an_alert_ends_a_run_and_says_why_unless_the_answer_has_come() {
    for alert in [CLOSE_NOTIFY, INTERNAL_ERROR] {
        let mut meeting = Meeting::new(legal(Role::Client));
        meeting.go();
        assert_eq!(meeting.says(ALERT, &alert), Want::Done);
        assert_eq!(meeting.end(), End::Alert(Epoch::Application, AlertDescription(alert[1])));
        assert_eq!(meeting.run.outcome().closing, alert == CLOSE_NOTIFY);
        let mut meeting = Meeting::new(legal(Role::Client));
        meeting.go();
        meeting.says(DATA, b"yes");
        assert_eq!((meeting.says(ALERT, &alert), meeting.end()), (Want::Done, End::Answered));
    }
}

/// Who has only said all that it had to say still reads (RFC 9846 §6.1).
#[test]
fn after_a_step_that_hears_only_a_fatal_alert_ends_the_run() {
    let script = instead(legal(Role::Client), H::FINISHED, [Step::Send(H::FINISHED), Step::Hear]);
    let mut meeting = Meeting::new(script.clone());
    assert_eq!(meeting.go(), ANSWER);
    assert!(meeting.server.data().is_empty(), "it has not heard anything, and so does not ask");
    assert_eq!(meeting.says(DATA, b"hello"), ANSWER);
    assert_eq!(meeting.server.data(), b"?");
    assert_eq!(meeting.says(ALERT, &CLOSE_NOTIFY), ANSWER);
    assert!(meeting.run.outcome().closing && meeting.run.outcome().played);
    assert_eq!(meeting.says(ALERT, &INTERNAL_ERROR), Want::Done);
    assert_eq!(meeting.end(), End::Alert(Epoch::Application, AlertDescription::INTERNAL_ERROR));

    let mut meeting = Meeting::new(script);
    meeting.go();
    meeting.says(DATA, b"hello");
    meeting.run.ended(End::Closed);
    assert_eq!((meeting.end(), meeting.run.outcome().closing), (End::Closed, false));
}

/// What the target says while it is written to slowly counts at once. Otherwise what was begun is written first.
#[test]
fn an_alert_ends_slow_writing_but_not_a_write() {
    for (pace, wants) in [(100, Want::Done), (usize::MAX, Want::Write)] {
        let mut meeting = Meeting::new(before(legal(Role::Client), H::CLIENT_HELLO, [Step::Pace(pace, 10)]));
        assert_eq!(meeting.run.want(), Want::Write);
        meeting.run.sent(100);
        meeting.run.received(&[21, 3, 3, 0, 2, 2, 40]);
        if pace == usize::MAX {
            meeting.run.waited();
        }
        assert_eq!(meeting.run.want(), wants);
        meeting.run.sent(1 << 14);
        assert_eq!(meeting.run.want(), Want::Done);
        assert_eq!(meeting.end().alert(), Some(AlertDescription::HANDSHAKE_FAILURE));
    }
}

// ---- what is sent ----

#[test]
fn a_server_that_does_not_ask_gets_no_proof() {
    const UNASKED: [H; 4] = [H::ENCRYPTED_EXTENSIONS, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];
    let proof = [H::CLIENT_HELLO, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];
    for (flight, sent) in [(&FLIGHT[..], &proof[..]), (&UNASKED, &[H::CLIENT_HELLO, H::FINISHED])] {
        let mut meeting = Meeting { flight, ..Meeting::new(legal(Role::Client)) };
        assert_eq!(meeting.go(), ANSWER);
        assert_eq!((&meeting.sent()[..], meeting.server.trouble), (sent, None));
        assert_eq!(meeting.run.outcome().certificate_requested, flight.len() == FLIGHT.len());
    }
    // Who does not wait for the server's Finished does not know whether it will be asked.
    let early = vec![Step::Send(H::CLIENT_HELLO), Step::Send(H::CERTIFICATE), Step::Await(H::FINISHED)];
    let mut meeting = Meeting { flight: &UNASKED, ..Meeting::new(early) };
    meeting.go();
    assert_eq!(meeting.sent(), [H::CLIENT_HELLO, H::CERTIFICATE]);
}

#[test]
fn an_edit_is_made_to_its_message_only() {
    let flip = |msg: &mut Msg| Change::Flip(0).apply(msg);
    let mut meeting = Meeting::new(legal(Role::Client));
    meeting.run.peer_mut().edits.push((H::FINISHED, Box::leak(Box::new(flip))));
    assert_eq!(meeting.go(), ANSWER);
    assert_eq!(meeting.server.trouble, Some(Trouble::BadFinished));
}

/// In plaintext and in ciphertext, whatever the last byte is.
#[test]
fn a_damaged_record_differs_in_a_bit() {
    for last in 0..=255 {
        let hello = Step::Damaged(HANDSHAKE, vec![9, last]);
        let mut run = Meeting::new(vec![hello]).run;
        assert_eq!(run.want(), Want::Write);
        assert_eq!(run.pending(), [HANDSHAKE, 3, 3, 0, 2, 9, last ^ 1]);
    }
}

/// The signature is over something else, and over exactly what its name says.
#[test]
fn a_signature_over_something_else_is_over_what_it_says() {
    for byte in [4, 5, 6, 7] {
        for over in [Over::WithoutCertificate, Over::Nothing, Over::AnotherConnection] {
            let mut meeting =
                Meeting::new(after(legal(Role::Client), H::CERTIFICATE, [Step::SignOver(over), Step::Wait(1)]));
            meeting.run.peer_mut().random = [byte; 32];
            assert_eq!(meeting.go(), Want::Wait(Duration::from_millis(1)));
            let (transcript, signed) =
                (&meeting.run.peer().transcript, meeting.run.peer().signs_over.as_ref().unwrap());
            match over {
                Over::WithoutCertificate => {
                    let rest = transcript.strip_prefix(&signed[..]).expect("a part of the transcript");
                    assert_eq!((signed.is_empty(), H(rest[0])), (false, H::CERTIFICATE));
                    assert_eq!(rest.len(), 4 + usize::from(rest[2]) * 256 + usize::from(rest[3]), "and nothing else");
                }
                Over::Nothing => assert!(signed.is_empty()),
                Over::AnotherConnection => {
                    let bits: u32 = transcript.iter().zip(signed).map(|(a, b)| (a ^ b).count_ones()).sum();
                    assert_eq!((signed.len(), bits), (transcript.len(), 1));
                }
            }
            meeting.run.waited();
            meeting.go();
            assert_eq!(meeting.server.trouble, Some(Trouble::BadCertificateVerify));
        }
    }
}

/// One record for each key.
#[test]
fn messages_that_go_together_share_the_records_of_their_key() {
    let mut meeting = Meeting::new(vec![Step::Send(H::CLIENT_HELLO), Step::Await(H::FINISHED)]);
    meeting.run.want();
    meeting.server.reads(meeting.run.pending());
    let together = [&[H::SERVER_HELLO][..], &FLIGHT].concat();
    meeting.server.send_flight(&together);
    let (mut types, mut out) = (Vec::new(), &meeting.server.out[..]);
    while let [typ, _, _, high, low, rest @ ..] = out {
        types.push(*typ);
        out = &rest[usize::from(*high) * 256 + usize::from(*low)..];
    }
    assert_eq!(types, [HANDSHAKE, DATA]);
}

// ---- retries ----

/// The second hello has what the first had, and a share (RFC 9846 §4.2.2).
#[test]
fn a_retry_that_the_script_does_not_know_of_is_answered_once_with_the_same_changes() {
    let grease = ExtensionType(0x1a1a);
    let changes = vec![Change::Set(ExtensionType::KEY_SHARE, vec![0, 0]), Change::Push(grease, b"once more".to_vec())];
    let script = instead(legal(Role::Client), H::CLIENT_HELLO, [Step::Changed(H::CLIENT_HELLO, changes)]);
    let mut meeting = Meeting::new(script);
    assert_eq!(meeting.run.want(), Want::Write);
    meeting.server.reads(meeting.run.pending());
    meeting.run.sent(1 << 14);
    meeting.server.group = NamedGroup::SECP256R1;
    meeting.server.send(HELLO_RETRY_REQUEST);
    assert_eq!(meeting.go(), ANSWER);
    assert_eq!(meeting.sent(), [H::CLIENT_HELLO, H::CLIENT_HELLO, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED]);
    assert_eq!(meeting.server.trouble, None);
    assert!(meeting.server.client_hello.windows(9).any(|part| part == b"once more"));
    assert_eq!(meeting.run.outcome().offered.last(), None, "these are the target's, which is a server");
}

/// The run of a server, after this hello and as far as it goes.
fn serve<'a>(script: Vec<Step>, client: &mut Peer<'a>) -> Run<'a> {
    let mut run = Run::new(Peer::new(Role::Server, &identities().server), script, Vec::new());
    client.send(H::CLIENT_HELLO);
    pump(&mut run, client);
    run
}

fn pump(run: &mut Run<'_>, client: &mut Peer<'_>) -> Want {
    run.received(&std::mem::take(&mut client.out));
    loop {
        match run.want() {
            Want::Write => {
                client.reads(run.pending());
                run.sent(run.pending().len());
            }
            want => return want,
        }
    }
}

#[test]
fn a_server_agrees_to_what_its_client_offers() {
    let mut client = Peer::new(Role::Client, &identities().client);
    client.suite = Suite::ChaCha20Poly1305Sha256;
    let run = serve(legal(Role::Server), &mut client);
    assert_eq!((run.peer().suite, client.trouble), (Suite::ChaCha20Poly1305Sha256, None));
    assert!(client.received(H::FINISHED).is_some());
}

#[test]
fn a_server_that_retries_asks_for_another_group_waits_and_stays_with_it() {
    let mut client = Peer::new(Role::Client, &identities().client);
    let mut run = serve(legal_with_retry(Role::Server), &mut client);
    assert_eq!(run.want(), ANSWER, "for the second hello");
    assert!(client.retried && client.handshake.is_none());
    let group = run.peer().group;
    assert_ne!(group, NamedGroup::X25519, "of which it has the share");
    client.send(SECOND_CLIENT_HELLO);
    assert_eq!(pump(&mut run, &mut client), ANSWER);
    assert_eq!((run.peer().group, client.trouble), (group, None));
    assert!(client.received(H::FINISHED).is_some());

    // A client that sends its first hello again, without the share; and one that is asked again, after its second hello.
    let again = instead(legal_with_retry(Role::Server), H::SERVER_HELLO, [Step::Send(HELLO_RETRY_REQUEST)]);
    for (hello, script) in [(H::CLIENT_HELLO, legal_with_retry(Role::Server)), (SECOND_CLIENT_HELLO, again)] {
        let mut client = Peer::new(Role::Client, &identities().client);
        let mut run = serve(script, &mut client);
        assert_eq!(run.peer().group, group);
        client.send(hello);
        pump(&mut run, &mut client);
        assert_eq!(run.peer().group, group);
        assert!(run.peer().handshake.is_none());
    }
}
