//! What the adversary's judge says of each outcome (`adversary::judge`): who was served, who refused, and how.

use countersign::adversary::catalogue::{Case, Right, good};
use countersign::adversary::judge::{Baseline, CannotJudge, Verdict};
use countersign::adversary::peer::Trouble;
use countersign::adversary::run::{End, Outcome};
use countersign::adversary::script::{Step, before};
use countersign::{AlertDescription, Epoch, HandshakeType, Role, SignatureScheme};

/// The rule names this alert, and not the other one.
const NAMED: AlertDescription = AlertDescription::BAD_CERTIFICATE;
const OTHER: AlertDescription = AlertDescription::INTERNAL_ERROR;
const ONE: &[AlertDescription] = &[NAMED];

const BY_NAMED: End = End::Alert(Epoch::Handshake, NAMED);
const BY_OTHER: End = End::Alert(Epoch::Application, OTHER);

fn ended(end: End, answer: &str) -> Outcome {
    Outcome {
        end,
        unasked: Vec::new(),
        answer: answer.into(),
        certificate_requested: true,
        finished: true,
        played: true,
        closing: false,
        offered: Vec::new(),
        messages: Vec::new(),
    }
}

fn trouble() -> End {
    End::Trouble(Trouble::KeyExchange)
}

/// Good peers hear `welcome`, bad ones `go away`.
fn baseline() -> Baseline {
    let played = |answer: &str| (ended(End::Answered, answer), Vec::new());
    Baseline::new(Role::Server, &[played("welcome"), played("welcome")], &[played("go away")]).unwrap()
}

fn judged(case: &Case, outcome: &Outcome) -> Verdict {
    baseline().judge(case, outcome, b"marker")
}

/// Each row: what is right, and the verdict on whoever is served; refused by the application, by the alert that is named,
/// by another alert; whose connection is closed, reset, unreadable; who hears nothing.
#[test]
fn a_verdict_follows_from_what_is_right_and_what_came_of_it() {
    use Verdict::{Accepted, NoAlert, Refused, Right as Good, Silent, WrongAlert};
    let wrong = WrongAlert(OTHER);
    let ends = [End::Answered, End::Answered, BY_NAMED, BY_OTHER, End::Closed, End::Reset, trouble(), End::Silent];
    for (right, verdicts) in [
        (Right::Open, [Good; 8]),
        (Right::Serve, [Good, Refused, Refused, Refused, Refused, Refused, Refused, Refused]),
        (Right::Either(ONE), [Good, Good, Good, wrong, NoAlert, NoAlert, NoAlert, Silent]),
        (Right::Refuse(ONE), [Accepted, Good, Good, wrong, NoAlert, NoAlert, NoAlert, Silent]),
        (Right::Refuse(&[]), [Accepted, Good, Good, Good, Good, Good, Good, Silent]),
    ] {
        for (row, (end, verdict)) in ends.into_iter().zip(verdicts).enumerate() {
            let answer = ["welcome", "go away"].get(row).copied().unwrap_or_default();
            for (may_wait, lax) in [(false, false), (true, false), (false, true), (true, true)] {
                let case = Case { right, may_wait, lax, ..good(Role::Server) };
                let expected = match verdict {
                    Silent if may_wait => Good,
                    Accepted if lax => Verdict::Lax,
                    verdict => verdict,
                };
                assert_eq!(judged(&case, &ended(end, answer)), expected, "{right:?}, {end:?}, {may_wait}, {lax}");
            }
        }
    }
}

/// A greeting serves as an answer does, however the connection ends then.
#[test]
fn who_is_greeted_as_the_good_are_is_served() {
    for end in [BY_NAMED, BY_OTHER, End::Closed, End::Silent] {
        let greeted = Outcome { unasked: b"welcome".to_vec(), ..ended(end, "") };
        for (right, verdict) in [
            (Right::Serve, Verdict::Right),
            (Right::Either(ONE), Verdict::Right),
            (Right::Refuse(ONE), Verdict::Accepted),
        ] {
            assert_eq!(judged(&Case { right, ..good(Role::Server) }, &greeted), verdict, "{right:?} {end:?}");
        }
    }
}

/// What a served peer hears without a question is said to a peer that must be refused.
#[test]
fn who_must_be_refused_and_is_told_something_was_accepted() {
    for end in [BY_NAMED, End::Closed, End::Silent] {
        let told = Outcome { unasked: b"secret".to_vec(), ..ended(end, "") };
        let mut case = Case { right: Right::Refuse(ONE), ..good(Role::Client) };
        let baseline = Baseline::new(Role::Client, &[(ended(End::Answered, "data"), Vec::new())], &[]).unwrap();
        assert_ne!(baseline.judge(&case, &told, b""), Verdict::Accepted, "it asks, and this comes before the answer");
        case.script.retain(|step| *step != Step::Ask);
        assert_eq!(baseline.judge(&case, &told, b""), Verdict::Accepted, "{end:?}");
        case.lax = true;
        assert_eq!(baseline.judge(&case, &told, b""), Verdict::Lax, "{end:?}");
    }
}

/// Once the application has spoken, the end of the connection decides. Each row: the verdict on an end by the alert that
/// is named, by another, closed, reset, unreadable, silent; and closed after close_notify, and before the script's end.
#[test]
fn a_verdict_on_the_end_of_a_connection_does_not_ask_what_was_said() {
    use Verdict::{NoAlert, Refused, Right as Good, Silent, WrongAlert};
    let wrong = WrongAlert(OTHER);
    let ends = [BY_NAMED, BY_OTHER, End::Closed, End::Reset, trouble(), End::Silent].map(|end| ended(end, "welcome"));
    let closing = Outcome { closing: true, ..ended(End::Closed, "welcome") };
    let early = Outcome { played: false, ..ended(End::Closed, "welcome") };
    let outcomes: Vec<Outcome> = ends.into_iter().chain([closing, early]).collect();
    for (right, verdicts) in [
        (Right::Open, [Good; 8]),
        (Right::Serve, [Refused, Refused, Good, Good, Refused, Good, Good, Refused]),
        (Right::Either(ONE), [Good, wrong, Good, Good, Good, Good, Good, Good]),
        (Right::Either(&[]), [Good; 8]),
        (Right::Refuse(ONE), [Good, wrong, NoAlert, NoAlert, NoAlert, Silent, Good, NoAlert]),
        (Right::Refuse(&[]), [Good, Good, Good, Good, Good, Silent, Good, Good]),
    ] {
        for (outcome, verdict) in outcomes.iter().zip(verdicts) {
            for may_wait in [false, true] {
                let mut case = Case { right, may_wait, ..good(Role::Server) };
                case.script = before(case.script, HandshakeType::FINISHED, [Step::Hear]);
                let expected = if may_wait && verdict == Silent { Good } else { verdict };
                assert_eq!(judged(&case, outcome), expected, "{right:?}, {outcome:?}, {may_wait}");
            }
        }
    }
}

fn cannot(target: Role, good: [&str; 2], bad: &[&str]) -> Option<CannotJudge> {
    let played = |answer: &&str| (ended(End::Answered, answer), Vec::new());
    let bad: Vec<_> = bad.iter().map(played).collect();
    Baseline::new(target, &good.each_ref().map(played), &bad).err()
}

#[test]
fn who_cannot_tell_the_good_from_the_bad_does_not_judge() {
    use CannotJudge::{Alike, NoAnswer, RefusesAll, Unsteady};
    let http = |status: &str, text: &str| format!("HTTP/1.1 {status}\r\n\r\n{text}");
    let [ok, also_ok] = ["one page", "another page"].map(|text| http("200 OK", text));
    let (no, busy) = (http("403 Forbidden", ""), http("503 Busy", ""));
    for (target, good, bad, error) in [
        (Role::Server, ["", ""], &["no"][..], Some(NoAnswer)),
        (Role::Server, ["yes", ""], &["no"], Some(NoAnswer)),
        (Role::Client, ["", ""], &[], Some(NoAnswer)),
        (Role::Client, ["", "question"], &[], Some(NoAnswer)),
        (Role::Server, ["yes 1", "yes "], &["no"], Some(Unsteady)),
        (Role::Server, [&ok, &no], &[&no], Some(Unsteady)),
        (Role::Server, [&no, &no], &[&no, ""], Some(RefusesAll)),
        (Role::Server, [&busy, &busy], &[&busy, ""], Some(RefusesAll)),
        (Role::Server, ["yes", "yes"], &["yes", "yes"], Some(Alike)),
        (Role::Server, ["yes 1", "yes 2"], &["yes 3"], Some(Alike)),
        (Role::Server, [&ok, &also_ok], &[&ok], Some(Alike)),
        (Role::Server, ["yes", "yes"], &["yes", "no"], None),
        (Role::Server, ["yes", "yes"], &["yes", ""], None),
        (Role::Server, [&ok, &also_ok], &[&no], None),
        (Role::Server, [&no, &no], &[&busy], None),
        (Role::Client, ["question", "another"], &[""], None),
    ] {
        assert_eq!(cannot(target, good, bad), error, "{target}: {good:?} {bad:?}");
    }
    for (error, says) in [
        (NoAnswer, "did not answer a good peer"),
        (Unsteady, "two good peers differently"),
        (Alike, "bad peers as it answers good ones"),
        (RefusesAll, "refused a good peer as it refuses bad ones (HTTP 4xx or 5xx)"),
    ] {
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// The status of HTTP says no, whether or not a peer of the baseline has heard it.
#[test]
fn a_status_of_refusal_is_one_that_nobody_has_heard_before() {
    let played = |answer: &str| (ended(End::Answered, answer), Vec::new());
    let http = |status: &str| format!("HTTP/1.1 {status}\r\n\r\n");
    let ok = played(&http("200 OK"));
    let baseline = Baseline::new(Role::Server, &[ok.clone(), ok], &[played("")]).unwrap();
    for (status, served) in [
        ("200 OK", true),
        ("204 No Content", true),
        ("302 Found", true),
        ("400 Bad Request", false),
        ("421 Misdirected Request", false),
        ("503 Busy", false),
    ] {
        assert_eq!(baseline.served(&ended(End::Answered, &http(status)), b""), served, "{status}");
    }
}

#[test]
fn a_baseline_says_what_it_compares() {
    let said = |good: &str, bad: &[&str]| {
        let played = |answer: &&str| (ended(End::Answered, answer), Vec::new());
        let bad: Vec<_> = bad.iter().map(played).collect();
        Baseline::new(Role::Server, &[played(&good)], &bad).unwrap().to_string()
    };
    let long = "x".repeat(70);
    assert_eq!(said("yes", &["no", "never"]), r#"the good hear "yes", the bad "no""#);
    assert_eq!(said(&long, &[""]), format!("the good hear {:?}, the bad nothing", "x".repeat(60)));
    let beyond = " (a refusal: are they let in at all? What is beyond it was not tried)";
    let not_found = "HTTP/1.1 404 Not Found\r\n\r\n";
    assert_eq!(said(not_found, &[""]), format!(r#"the good hear "HTTP 404", the bad nothing{beyond}"#));
}

#[test]
fn what_a_peer_cannot_read_or_send_is_said() {
    for (trouble, says) in [
        (Trouble::NoKey, "before there were keys"),
        (Trouble::NotUnderKey(Epoch::Handshake), "does not open under its handshake key"),
        (Trouble::NoContentType, "nothing but padding"),
        (Trouble::Malformed(HandshakeType::CERTIFICATE), "a certificate that cannot be parsed"),
        (Trouble::NotTls13, "something else than TLS 1.3"),
        (Trouble::KeyExchange, "the key exchange failed"),
        (Trouble::BadFinished, "its Finished is wrong"),
        (Trouble::BadCertificateVerify, "its CertificateVerify is wrong"),
        (Trouble::CannotSign(SignatureScheme::ED25519), "our key cannot sign with ed25519"),
        (Trouble::CannotSeal, "could not be sealed"),
    ] {
        assert!(trouble.to_string().contains(says), "{trouble}");
    }
}
