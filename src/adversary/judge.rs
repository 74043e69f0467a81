//! What to think of an outcome: whether the peer was served, and whether that is right.
//!
//! Served means that the application has answered, otherwise than it answers those who are refused: a server may complete
//! the handshake of a client without a certificate, and tell it so by HTTP.

use super::catalogue::{Case, Right};
use super::run::{End, Outcome};
use super::script::Step;
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
}

/// The good are not told from the bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotJudge {
    /// A good peer was not answered at all.
    NoAnswer,
    /// Two good peers had different answers.
    Unsteady,
    /// Every bad peer was answered as the good ones.
    Alike,
}

stable_names! { CannotJudge: NoAnswer Unsteady Alike }

impl fmt::Display for CannotJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CannotJudge::NoAnswer => "the application did not answer a good peer",
            CannotJudge::Unsteady => "the application answered two good peers differently",
            CannotJudge::Alike => "the application answered bad peers as it answers good ones",
        })
    }
}

impl core::error::Error for CannotJudge {}

/// What a target's behaviour in a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Right,
    /// The peer was served and must not be, or was told what only the served may hear.
    Accepted,
    /// The peer was served where a stricter target would not, but it is no stranger.
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
    /// From the outcomes of good peers, and of bad ones. `marker`: what differs from question to question, and may come
    /// back in the answer.
    ///
    /// # Errors
    /// When no line can be drawn between them.
    pub fn new(target: Role, good: &[(Outcome, Vec<u8>)], bad: &[(Outcome, Vec<u8>)]) -> Result<Baseline, CannotJudge> {
        let answers = |list: &[(Outcome, Vec<u8>)]| -> Vec<Option<String>> {
            list.iter().map(|(outcome, marker)| answer(target, outcome, marker)).collect()
        };
        let (good, bad) = (answers(good), answers(bad));
        let served = good.first().cloned().flatten().ok_or(CannotJudge::NoAnswer)?;
        if good.iter().any(|each| each.as_ref() != Some(&served)) {
            let silent = good.iter().any(Option::is_none);
            return Err(if silent { CannotJudge::NoAnswer } else { CannotJudge::Unsteady });
        }
        if bad.iter().all(|each| each.as_ref() == Some(&served)) {
            return Err(CannotJudge::Alike);
        }
        let refused = bad.into_iter().flatten().filter(|each| *each != served).collect();
        Ok(Baseline { target, served, refused })
    }

    /// The peer was served.
    pub fn served(&self, outcome: &Outcome, marker: &[u8]) -> bool {
        answer(self.target, outcome, marker).is_some_and(|answer| {
            // HTTP says no in many ways: 400, 401, 403, 421, 503.
            let says_no = answer.starts_with("HTTP 4") || answer.starts_with("HTTP 5");
            answer == self.served || !(says_no || self.refused.contains(&answer))
        })
    }

    /// Whether the outcome of this case is right.
    pub fn judge(&self, case: &Case, outcome: &Outcome, marker: &[u8]) -> Verdict {
        if case.script.contains(&Step::Hear) {
            return judge_end(case, outcome);
        }
        let served = self.served(outcome, marker);
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

/// Where the target's application has spoken before: whether the end is right.
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

/// What distinguishes an answer: the status of HTTP, or else the text itself, with the marker taken out. A client says
/// nothing to a server that it refuses.
fn answer(target: Role, outcome: &Outcome, marker: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&outcome.answer);
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

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        write!(f, "the good hear {:?}", short(&self.served))?;
        match self.refused.first() {
            Some(refused) => write!(f, ", the bad {:?}", short(refused)),
            None => f.write_str(", the bad nothing"),
        }
    }
}
