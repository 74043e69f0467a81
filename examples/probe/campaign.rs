//! All cases against a target. What looks wrong is tried three times, each time with a good peer before and after.

use crate::net::Unplayed;
use crate::target::{Broken, Target};
use crate::words;
use countersign::adversary::catalogue::Case;
use countersign::adversary::judge::{Baseline, Verdict};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How often something must be seen to be believed.
const TIMES: usize = 3;
/// So many good peers that are not served end the campaign.
const FAILED_CONTROLS: usize = 5;

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
    at_once: usize,
    say: &(dyn Fn(&str) + Sync),
) -> Vec<Finding<'a>> {
    let first = all_once(target, baseline, cases, at_once);
    let mut controls_failed = 0;
    let mut findings = Vec::new();
    let mut gone = None;
    for (case, once) in cases.iter().zip(first) {
        let finding = match (once, &gone) {
            (Err(why), _) => Finding { case, status: Status::Skipped, seen: why },
            (Ok(once), _) if once.verdict == Verdict::Right => {
                Finding { case, status: Status::Judged(Verdict::Right), seen: once.seen }
            }
            (Ok(_), Some(why)) => Finding { case, status: Status::Skipped, seen: format!("not tried again: {why}") },
            (Ok(once), None) => {
                say(&format!("once more: {}", case.name));
                let finding = confirm(target, baseline, case, &once, &mut controls_failed);
                if controls_failed >= FAILED_CONTROLS {
                    gone = Some("good peers were not served five times".to_string());
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
                None if unreachable.load(Ordering::Relaxed) => Err("the target could not be reached any more".into()),
                None => match target.play(case, &mut |_, _| {}) {
                    Ok((outcome, marker)) => {
                        let verdict = baseline.judge(case, &outcome, &marker);
                        Ok(Once { verdict, seen: words::end(&outcome) })
                    }
                    Err(Unplayed::TimeIsUp) => Err("no time was left: give more by --seconds".into()),
                    Err(Unplayed::Unreachable(error)) => {
                        // Several in a row would only say it again.
                        unreachable.store(true, Ordering::Relaxed);
                        Ok(Once { verdict: Verdict::Silent, seen: format!("no connection: {error}") })
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

/// Two more times, with good peers between.
fn confirm<'a>(
    target: &Target,
    baseline: &Baseline,
    case: &'a Case,
    once: &Once,
    controls_failed: &mut usize,
) -> Finding<'a> {
    let finding = |status, seen: String| Finding { case, status, seen };
    for _ in 1..TIMES {
        let again = match target.play(case, &mut |_, _| {}) {
            Ok((outcome, marker)) => {
                Once { verdict: baseline.judge(case, &outcome, &marker), seen: words::end(&outcome) }
            }
            Err(Unplayed::TimeIsUp) => {
                return finding(Status::Skipped, format!("{}; no time to try it again", once.seen));
            }
            Err(Unplayed::Unreachable(error)) => {
                Once { verdict: Verdict::Silent, seen: format!("no connection: {error}") }
            }
        };
        match target.control(baseline) {
            Ok(()) => {}
            Err(Broken::TimeIsUp) => {
                return finding(Status::Skipped, format!("{}; no time to try it again", once.seen));
            }
            Err(first) => {
                *controls_failed += 1;
                // A supervisor may be starting it anew.
                std::thread::sleep(Duration::from_millis(500));
                let recovered = target.control(baseline).is_ok();
                if !recovered {
                    *controls_failed += 1;
                }
                let after = if recovered { "; half a second later they were again" } else { "" };
                return match first {
                    Broken::Gone(error) => {
                        finding(Status::Crash, format!("after it good peers could not connect ({error}){after}"))
                    }
                    Broken::NotServed(end) => {
                        finding(Status::Hang, format!("after it good peers were not served ({end}){after}"))
                    }
                    Broken::TimeIsUp => finding(Status::Skipped, "no time was left".into()),
                };
            }
        }
        if again.verdict.name() != once.verdict.name() {
            return finding(Status::Unsteady, format!("{}; another time: {}", once.seen, again.seen));
        }
    }
    finding(Status::Judged(once.verdict), once.seen.clone())
}
