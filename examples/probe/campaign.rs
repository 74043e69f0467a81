//! All cases against a target. What looks wrong is tried three times, each time with a good peer before and after.

use crate::net::Unplayed;
use crate::resumption::{NO_TICKET, OF_A_GOOD_CLIENT};
use crate::target::{Broken, Target};
use crate::tls12;
use crate::words;
use countersign::adversary::catalogue::Case;
use countersign::adversary::judge::{Baseline, Verdict};
use countersign::adversary::peer::Trouble;
use countersign::adversary::run::{End, Outcome};
use countersign::adversary::script::Step;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How often something must be seen to be believed.
const TIMES: usize = 3;
/// How often it is tried to be let in again.
const TIMES_FOR_ACCEPTED: usize = 6;
/// So many good peers that are not served end the campaign.
const FAILED_CONTROLS: usize = 5;

/// Why a case was not played after one that found no target.
const UNREACHABLE: &str = "the target could not be reached any more";

/// What is said of a case in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As it should be; or wrong, three times.
    Judged(Verdict),
    /// After it good peers are served no longer.
    Crash,
    /// After it the target takes connections and does not answer.
    Hang,
    /// Sometimes so, sometimes otherwise.
    Unsteady,
    /// Not tried.
    Skipped,
}

pub(crate) struct Finding<'a> {
    pub(crate) case: &'a Case,
    pub(crate) status: Status,
    /// What was seen, in words.
    pub(crate) seen: String,
}

/// What is known of a case after it was played once.
struct Once {
    verdict: Verdict,
    seen: String,
}

/// Plays the cases, `at_once` at a time; `say` hears of the progress.
pub(crate) fn run<'a>(
    target: &Target,
    baseline: &Baseline,
    cases: &'a [Case],
    (at_once, strict): (usize, bool),
    say: &(dyn Fn(&str) + Sync),
) -> Vec<Finding<'a>> {
    let first = without_a_ticket(cases, all_once(target, baseline, cases, at_once));
    let mut controls_failed = 0;
    let mut findings = Vec::new();
    let mut gone: Option<String> = None;
    for (case, once) in cases.iter().zip(first) {
        let finding = match (once, &gone) {
            (Err(why), Some(gone)) if why == UNREACHABLE => {
                Finding { case, status: Status::Skipped, seen: gone.clone() }
            }
            (Err(why), _) => Finding { case, status: Status::Skipped, seen: why },
            (Ok(once), _) if once.verdict == Verdict::Right => {
                Finding { case, status: Status::Judged(Verdict::Right), seen: once.seen }
            }
            (Ok(_), Some(gone)) => Finding { case, status: Status::Skipped, seen: gone.clone() },
            // What does not count is not worth more connections.
            (Ok(once), _) if !strict && !matches!(once.verdict, Verdict::Accepted | Verdict::Silent) => {
                Finding { case, status: Status::Judged(once.verdict), seen: format!("{} (once)", once.seen) }
            }
            (Ok(once), None) => {
                say(&format!("once more: {}", case.name));
                let finding = confirm(target, baseline, case, &once, &mut controls_failed);
                if controls_failed >= FAILED_CONTROLS {
                    gone = Some(format!("from {} on good peers were not served: not tried, or not again", case.name));
                }
                finding
            }
        };
        findings.push(finding);
    }
    findings
}

/// Each case once. An error says why one was not played.
fn all_once(target: &Target, baseline: &Baseline, cases: &[Case], at_once: usize) -> Vec<Result<Once, String>> {
    let (next, unreachable) = (AtomicUsize::new(0), AtomicBool::new(false));
    let results = Mutex::new((0..cases.len()).map(|_| None).collect::<Vec<Option<Result<Once, String>>>>());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(at) else { return };
            let result = match target.skips(case) {
                Some(why) => Err(why),
                None if unreachable.load(Ordering::Relaxed) => Err(UNREACHABLE.into()),
                None => match once(target, baseline, case) {
                    Ok(once) => Ok(once),
                    Err(Unplayed::TimeIsUp) => Err("no time was left: give more by --seconds".into()),
                    Err(Unplayed::NotOffered(why)) => Err(why),
                    Err(Unplayed::Unreachable(error)) => {
                        // Several in a row would only say it again.
                        unreachable.store(true, Ordering::Relaxed);
                        let before = cases.get(at.saturating_sub(at_once)..at).unwrap_or_default();
                        let before: Vec<&str> = before.iter().map(|case| case.name.as_str()).collect();
                        let seen = format!("no connection ({error}), after {}", before.join(", "));
                        Ok(Once { verdict: Verdict::Silent, seen })
                    }
                },
            };
            if let Some(slot) = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_mut(at) {
                *slot = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..at_once.max(1) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().map(|result| result.unwrap_or_else(|| Err("not played".into()))).collect()
}

/// Whom a target gives no ticket that gives the good some, that one does not get in by a ticket.
fn without_a_ticket(cases: &[Case], mut results: Vec<Result<Once, String>>) -> Vec<Result<Once, String>> {
    let given = cases.iter().zip(&results).any(|(case, result)| case.name == OF_A_GOOD_CLIENT && result.is_ok());
    for result in results.iter_mut().filter(|_| given) {
        if let Err(why) = result
            && why == NO_TICKET
        {
            *result = Ok(Once { verdict: Verdict::Right, seen: std::mem::take(why) });
        }
    }
    results
}

/// A case once.
fn once(target: &Target, baseline: &Baseline, case: &Case) -> Result<Once, Unplayed> {
    let mut heard = Vec::new();
    let mut tap = |ours: bool, bytes: &[u8]| {
        if !ours {
            heard.extend_from_slice(bytes)
        }
    };
    let (outcome, marker) = target.play(case, &mut tap)?;
    if outcome.end == End::Trouble(Trouble::NotTls13) {
        let version = tls12::agreed(&heard);
        return match tls12::certificate_requested(&heard) {
            Some(false) => {
                let seen = format!("agreed to {version}, and asked for no certificate");
                Ok(Once { verdict: Verdict::Accepted, seen })
            }
            _ => Err(Unplayed::NotOffered(format!(
                "the target agreed to {version}, which this program does not speak to the end: see whether `openssl s_client \
                 {}` is served, without a certificate and with one of another CA",
                tls12::option(version)
            ))),
        };
    }
    match no_deviation(case, &outcome) {
        Some(why) => Err(Unplayed::NotOffered(why)),
        None => Ok(Once { verdict: baseline.judge(case, &outcome, &marker), seen: words::end(&outcome) }),
    }
}

/// Why what the target did says nothing.
fn no_deviation(case: &Case, outcome: &Outcome) -> Option<String> {
    match case.unless {
        Some(extension) if outcome.offered.contains(&extension) => Some(format!("the target offers {extension}")),
        _ if matches!(outcome.end, End::Alert(..)) => None,
        _ if case.script.contains(&Step::Hear) && outcome.closing => {
            Some("the target had said all that it had to say: give it something to wait for".into())
        }
        _ => None,
    }
}

/// Again, with good peers between. Whoever is let in at times is let in: what was accepted is tried more often, and must
/// be seen twice. Everything else must be seen each time.
fn confirm<'a>(
    target: &Target,
    baseline: &Baseline,
    case: &'a Case,
    once: &Once,
    controls_failed: &mut usize,
) -> Finding<'a> {
    let finding = |status, seen: String| Finding { case, status, seen };
    let no_time = || finding(Status::Skipped, format!("{}; no time to try it again", once.seen));
    let (mut alike, mut times, mut otherwise) = (1, 1, None);
    let most = |alike| if once.verdict == Verdict::Accepted && alike < TIMES { TIMES_FOR_ACCEPTED } else { TIMES };
    while times < most(alike) {
        let again = match self::once(target, baseline, case) {
            Ok(again) => again,
            Err(Unplayed::TimeIsUp) => return no_time(),
            Err(Unplayed::NotOffered(why)) => {
                return finding(Status::Unsteady, format!("{}; another time: {why}", once.seen));
            }
            Err(Unplayed::Unreachable(error)) => {
                Once { verdict: Verdict::Silent, seen: format!("no connection: {error}") }
            }
        };
        if let Err(broken) = target.control(baseline) {
            *controls_failed += 1;
            let mut recovered = false;
            while !recovered && *controls_failed < FAILED_CONTROLS {
                // A supervisor may be starting it anew.
                std::thread::sleep(Duration::from_millis(500));
                recovered = target.control(baseline).is_ok();
                *controls_failed += usize::from(!recovered);
            }
            let after = if recovered { "; soon afterwards they were again" } else { "" };
            return match broken {
                Broken::TimeIsUp => no_time(),
                Broken::Gone(error) => {
                    let seen = format!("{}; good peers could not connect ({error}){after}", once.seen);
                    finding(Status::Crash, seen)
                }
                Broken::NotServed(end) => {
                    finding(Status::Hang, format!("after it good peers were not served ({end}){after}"))
                }
            };
        }
        times += 1;
        if again.verdict.name() == once.verdict.name() {
            alike += 1;
        } else {
            otherwise = Some(again.seen);
        }
    }
    match otherwise {
        None => finding(Status::Judged(once.verdict), once.seen.clone()),
        Some(_) if once.verdict == Verdict::Accepted && alike > 1 => {
            finding(Status::Judged(once.verdict), format!("{}, {alike} of {times} times", once.seen))
        }
        Some(other) => finding(Status::Unsteady, format!("{}; another time: {other}", once.seen)),
    }
}
