//! How the adversary tells who was served (`adversary::judge`): applications greet, count, tell the time, and say no in
//! words of their own.

use countersign::Role;
use countersign::adversary::catalogue::{Case, all, good};
use countersign::adversary::judge::{Baseline, CannotJudge, Verdict};
use countersign::adversary::run::{End, Outcome};

/// What the application says before it is asked, and afterwards.
fn said(unasked: &str, answer: &str) -> Outcome {
    Outcome {
        end: if answer.is_empty() { End::Closed } else { End::Answered },
        unasked: unasked.into(),
        answer: answer.into(),
        certificate_requested: true,
        finished: true,
        played: true,
        closing: false,
        offered: Vec::new(),
        messages: Vec::new(),
    }
}

/// From two good answers, and from bad ones. The marker is `7f3a`.
fn baseline(good: [Outcome; 2], bad: &[Outcome]) -> Result<Baseline, CannotJudge> {
    let played = |outcome: &Outcome| (outcome.clone(), b"7f3a".to_vec());
    Baseline::new(Role::Server, &good.each_ref().map(played), &bad.iter().map(played).collect::<Vec<_>>())
}

fn case(name: &str) -> Case {
    all(Role::Server).into_iter().find(|case| case.name == name).unwrap()
}

fn verdict(baseline: &Baseline, name: &str, outcome: &Outcome) -> Verdict {
    baseline.judge(&case(name), outcome, b"7f3a")
}

#[test]
fn numbers_that_differ_from_answer_to_answer_do_not_count() {
    let good_ones = [said("", "the 1st at 12:04:59\n"), said("", "the 22nd at 12:05\n")];
    // Words are no numbers.
    assert_eq!(baseline(good_ones, &[said("", "")]), Err(CannotJudge::Unsteady));
    let baseline =
        baseline([said("", "request 9 at 12:04\n"), said("", "request 10 at 12:05\n")], &[said("", "no 3\n")]);
    let baseline = baseline.unwrap();
    assert_eq!(baseline.judge(&good(Role::Server), &said("", "request 11 at 12:06\n"), b""), Verdict::Right);
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "request 12 at 12:06\n")), Verdict::Accepted);
    // The same refusal, with another number in it.
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "no 13\n")), Verdict::Right);
    // What nobody has been told before may be anything.
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "hello 13\n")), Verdict::Accepted);
}

#[test]
fn numbers_count_where_nothing_else_tells_the_good_from_the_bad() {
    let baseline = baseline([said("", "1\n"), said("", "1\n")], &[said("", "0\n")]).unwrap();
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "0\n")), Verdict::Right);
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "1\n")), Verdict::Accepted);
    assert_eq!(verdict(&baseline, "certificate/none", &said("", "2\n")), Verdict::Accepted);
}

/// The status of HTTP is no number that may differ.
#[test]
fn two_good_peers_with_another_status_are_not_alike() {
    let (ok, busy) = (said("", "HTTP/1.1 200 OK\r\n\r\n"), said("", "HTTP/1.1 503 Busy\r\n\r\n"));
    assert_eq!(baseline([ok.clone(), busy], &[said("", "")]), Err(CannotJudge::Unsteady));
    let moved = said("", "HTTP/1.1 302 Found\r\n\r\n");
    let baseline = baseline([ok.clone(), ok.clone()], std::slice::from_ref(&moved)).unwrap();
    assert_eq!(verdict(&baseline, "certificate/none", &ok), Verdict::Accepted);
    assert_eq!(verdict(&baseline, "certificate/none", &moved), Verdict::Right);
}

#[test]
fn a_greeting_or_a_goodbye_after_a_good_proof_is_no_service() {
    let baseline = baseline([said("", "hello\n7f3a\nbye\n"), said("hello\n", "7f3a\nbye\n")], &[said("", "")]).unwrap();
    for name in ["close/data-after-close_notify", "close/data-after-a-fatal-alert"] {
        assert_eq!(verdict(&baseline, name, &said("", "hello\nbye\n")), Verdict::Right, "{name}");
        for answer in ["7f3a\nbye\n", "7f3a\n"] {
            assert_eq!(verdict(&baseline, name, &said("hello\n", answer)), Verdict::Accepted, "{name}: {answer}");
        }
    }
    // A stranger is not greeted.
    for name in ["certificate/none", "certificate/stolen", "certificate/other-ca", "data/before-it-has-judged"] {
        assert_eq!(verdict(&baseline, name, &said("hello\n", "")), Verdict::Accepted, "{name}");
    }
}

#[test]
fn who_greets_everybody_before_it_has_judged_is_found_by_that_and_no_other_name() {
    let good = said("hello\n", "7f3a\n");
    let baseline = baseline([good.clone(), said("", "hello\n7f3a\n")], &[said("hello\n", "")]).unwrap();
    assert_eq!(verdict(&baseline, "data/before-it-has-judged", &said("hello\n", "")), Verdict::Accepted);
    assert_ne!(verdict(&baseline, "certificate/none", &said("hello\n", "")), Verdict::Accepted);
    assert_eq!(verdict(&baseline, "certificate/none", &good), Verdict::Accepted);
}

#[test]
fn words_of_refusal_make_one_of_what_has_the_status_of_the_good() {
    let page = |text: &str| said("", &format!("HTTP/1.1 200 OK\r\n\r\n{text}"));
    let baseline = baseline([page("welcome"), page("welcome")], &[said("", "")]).unwrap();
    assert_eq!(verdict(&baseline, "certificate/none", &page("please log in")), Verdict::Accepted);
    let baseline = baseline.refuses_by(b"log in");
    assert_eq!(verdict(&baseline, "certificate/none", &page("please log in")), Verdict::Right);
    assert_eq!(verdict(&baseline, "certificate/none", &page("welcome")), Verdict::Accepted);
}
