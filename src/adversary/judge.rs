//! Judges an outcome: whether the peer was served, and whether that is correct.
//!
//! Served means that the application has answered, and not with its answer to refused peers: a server may complete the
//! handshake of a client without a certificate, and refuse it by HTTP.

use super::catalogue::{Case, Right, Who};
use super::run::{End, Outcome};
use super::script::{Step, legal};
use crate::codec::AlertDescription;
use crate::role::{Role, stable_names};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// How a target answers those who are served, and those who are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baseline {
    target: Role,
    served: String,
    refused: Vec<String>,
    /// Good peers hear numbers that differ: a counter, the time.
    numbers: bool,
    /// An answer with this in it is a refusal, whatever its status.
    refusal: Vec<u8>,
}

/// Why good peers and bad ones cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotJudge {
    /// A good peer was not answered at all.
    NoAnswer,
    /// Two good peers had different answers.
    Unsteady,
    /// Every bad peer was answered as the good ones.
    Alike,
    /// A good peer was refused by what bad ones hear.
    RefusesAll,
}

stable_names! { CannotJudge: NoAnswer Unsteady Alike RefusesAll }

impl fmt::Display for CannotJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CannotJudge::NoAnswer => "the application did not answer a good peer",
            CannotJudge::Unsteady => "the application answered two good peers differently",
            CannotJudge::Alike => "the application answered bad peers as it answers good ones",
            CannotJudge::RefusesAll => {
                "the application refused a good peer as it refuses bad ones (HTTP 4xx or 5xx): this page may be for nobody, or \
                 the target's list of revoked certificates too old"
            }
        })
    }
}

impl core::error::Error for CannotJudge {}

/// What the judge says of a target's behaviour in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Right,
    /// The peer was served, or was told what only served peers may hear. Neither must happen.
    Accepted,
    /// The peer was served, and a stricter target would refuse it. But it is no stranger.
    Lax,
    /// The peer was refused and must be served.
    Refused,
    /// It was refused by an alert that the rule does not name.
    WrongAlert(AlertDescription),
    /// It was refused without an alert.
    NoAlert,
    /// The target said nothing, and went on waiting.
    Silent,
}

stable_names! { Verdict: Right Accepted Lax Refused WrongAlert NoAlert Silent }

impl Baseline {
    /// Makes a baseline from the outcomes of good peers and of bad ones. Each outcome comes with its marker: the part of
    /// the question that differs each time, and may come back in the answer.
    ///
    /// # Errors
    /// When the good and the bad cannot be told apart.
    pub fn new(target: Role, good: &[(Outcome, Vec<u8>)], bad: &[(Outcome, Vec<u8>)]) -> Result<Baseline, CannotJudge> {
        let answers = |list: &[(Outcome, Vec<u8>)]| -> Vec<Option<String>> {
            list.iter().map(|(outcome, marker)| answer(target, outcome, marker)).collect()
        };
        let (good, bad) = (answers(good), answers(bad));
        let served = good.first().cloned().flatten().ok_or(CannotJudge::NoAnswer)?;
        let numbers = good.iter().any(|each| each.as_ref() != Some(&served));
        if good.iter().any(|each| each.as_deref().map(without_numbers) != Some(without_numbers(&served))) {
            let silent = good.iter().any(Option::is_none);
            return Err(if silent { CannotJudge::NoAnswer } else { CannotJudge::Unsteady });
        }
        let mut baseline = Baseline { target, served, refused: Vec::new(), numbers, refusal: Vec::new() };
        // What says no to the good as well says nothing.
        if says_no(&baseline.served) && bad.iter().flatten().any(|answer| baseline.is_as_served(answer)) {
            return Err(CannotJudge::RefusesAll);
        }
        if !bad.is_empty() && bad.iter().all(|each| each.as_ref().is_some_and(|answer| baseline.is_as_served(answer))) {
            return Err(CannotJudge::Alike);
        }
        baseline.refused = bad.into_iter().flatten().filter(|each| !baseline.is_as_served(each)).collect();
        Ok(baseline)
    }

    /// An answer that contains these words is a refusal from now on. It is for applications that refuse by `HTTP 200`.
    pub fn refuses_by(mut self, words: &[u8]) -> Baseline {
        self.refusal = words.to_vec();
        self
    }

    /// The peer was served.
    pub fn served(&self, outcome: &Outcome, marker: &[u8]) -> bool {
        if contains(&outcome.answer, &self.refusal) {
            return false;
        }
        answer(self.target, outcome, marker)
            .is_some_and(|answer| self.is_as_served(&answer) || !(says_no(&answer) || self.is_as_refused(&answer)))
    }

    fn is_as_served(&self, answer: &str) -> bool {
        answer == self.served || self.numbers && without_numbers(answer) == without_numbers(&self.served)
    }

    /// Numbers in a refusal do not count, unless they are all that distinguishes it from what the good hear.
    fn is_as_refused(&self, answer: &str) -> bool {
        let plain = without_numbers(answer);
        let distinct = plain != without_numbers(&self.served);
        self.refused.iter().any(|refused| refused == answer || distinct && without_numbers(refused) == plain)
    }

    /// After a good proof a peer may be greeted, or told goodbye: it is served if it hears what the good hear, or its own
    /// question.
    fn served_in(&self, case: &Case, outcome: &Outcome, marker: &[u8]) -> bool {
        let proof: Vec<Step> = legal(case.target.peer()).into_iter().filter(|step| *step != Step::Ask).collect();
        let proved = case.who == Who::Good && case.script.starts_with(&proof);
        let answered = || answer(self.target, outcome, marker).is_some_and(|answer| self.is_as_served(&answer));
        self.served(outcome, marker) && (!proved || contains(&outcome.answer, marker) || answered())
    }

    /// Whether the outcome of this case is right.
    pub fn judge(&self, case: &Case, outcome: &Outcome, marker: &[u8]) -> Verdict {
        if case.script.contains(&Step::Hear) {
            return judge_end(case, outcome);
        }
        let served = self.served_in(case, outcome, marker);
        let told = !outcome.unasked.is_empty() && !case.script.contains(&Step::Ask);
        match (case.right, outcome.end) {
            (Right::Open, _) => Verdict::Right,
            (Right::Serve, _) if served => Verdict::Right,
            (Right::Serve, _) => Verdict::Refused,
            (Right::Either(_), _) if served => Verdict::Right,
            (Right::Refuse(_), _) if (served || told) && case.lax => Verdict::Lax,
            (Right::Refuse(_), _) if served || told => Verdict::Accepted,
            // The application has refused it, in its own words.
            (_, End::Answered) => Verdict::Right,
            (Right::Refuse([]), End::Alert(..)) => Verdict::Right,
            (Right::Refuse(alerts) | Right::Either(alerts), End::Alert(_, alert)) if alerts.contains(&alert) => {
                Verdict::Right
            }
            (_, End::Alert(_, alert)) => Verdict::WrongAlert(alert),
            (_, End::Silent) if case.may_wait => Verdict::Right,
            (_, End::Silent) => Verdict::Silent,
            // After an alert of the peer there is nothing to say.
            (Right::Refuse([]), _) => Verdict::Right,
            _ => Verdict::NoAlert,
        }
    }
}

/// Judges how the connection ended, for cases in which the target's application has spoken before.
fn judge_end(case: &Case, outcome: &Outcome) -> Verdict {
    match (case.right, outcome.end) {
        (Right::Open, _) => Verdict::Right,
        (Right::Serve, End::Alert(..) | End::Trouble(_)) => Verdict::Refused,
        (Right::Serve, _) if !outcome.played => Verdict::Refused,
        (Right::Serve, _) => Verdict::Right,
        (Right::Refuse([]) | Right::Either([]), End::Alert(..)) => Verdict::Right,
        (Right::Refuse(alerts) | Right::Either(alerts), End::Alert(_, alert)) => match alerts.contains(&alert) {
            true => Verdict::Right,
            false => Verdict::WrongAlert(alert),
        },
        (Right::Either(_), _) => Verdict::Right,
        (Right::Refuse(_), End::Silent) if case.may_wait => Verdict::Right,
        (Right::Refuse(_), End::Silent) => Verdict::Silent,
        // It says nothing more (§6.1), or has nothing to say.
        (Right::Refuse(_), _) if outcome.closing => Verdict::Right,
        (Right::Refuse([]), _) => Verdict::Right,
        (Right::Refuse(_), _) => Verdict::NoAlert,
    }
}

/// What is compared of an answer: the status of HTTP, or else the text without the marker. A greeting is part of it,
/// because it may come before or after the question. A client says nothing to a server that it refuses.
fn answer(target: Role, outcome: &Outcome, marker: &[u8]) -> Option<String> {
    let said = match target {
        Role::Server => [&outcome.unasked[..], &outcome.answer].concat(),
        Role::Client => outcome.answer.clone(),
    };
    let text = String::from_utf8_lossy(&said);
    match target {
        _ if text.is_empty() => return None,
        Role::Client => return Some("application data".into()),
        Role::Server => {}
    }
    let status = text.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1)).map(|code| code.get(..3));
    match status {
        Some(Some(code)) => Some(alloc::format!("HTTP {code}")),
        _ => {
            let marker = String::from_utf8_lossy(marker).to_string();
            let text = if marker.is_empty() { text.to_string() } else { text.replace(&marker, "*") };
            Some(text.chars().take(512).collect())
        }
    }
}

/// HTTP says no in many ways: 400, 401, 403, 421, 503.
fn says_no(answer: &str) -> bool {
    answer.starts_with("HTTP 4") || answer.starts_with("HTTP 5")
}

/// Writes each number as `#`, except a status of HTTP.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '0'..='9' if !text.starts_with("HTTP ") && plain.ends_with('#') => {}
            '0'..='9' if !text.starts_with("HTTP ") => plain.push('#'),
            _ => plain.push(letter),
        }
    }
    plain
}

fn contains(text: &[u8], words: &[u8]) -> bool {
    !words.is_empty() && text.windows(words.len()).any(|part| part == words)
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        write!(f, "the good hear {:?}", short(&self.served))?;
        match self.refused.first() {
            Some(refused) => write!(f, ", the bad {:?}", short(refused))?,
            None => f.write_str(", the bad nothing")?,
        }
        match says_no(&self.served) {
            true => f.write_str(" (a refusal: are they let in at all? What is beyond it was not tried)"),
            false => Ok(()),
        }
    }
}
