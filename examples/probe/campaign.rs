//! Plays all cases against a target. Good peers between them show whether it still serves. What looks wrong is tried three times.

use crate::controls::{Gone, Pace, SLOW};
use crate::net::Unplayed;
use crate::resumption::{NO_TICKET, OF_A_GOOD_CLIENT};
use crate::target::{Notes, Target};
use crate::tls12;
use crate::words;
use countersign::HandshakeType;
use countersign::Role;
use countersign::adversary::catalogue::Case;
use countersign::adversary::judge::{Baseline, Verdict};
use countersign::adversary::peer::Trouble;
use countersign::adversary::run::{End, Outcome};
use countersign::adversary::script::Step;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// How often something must be seen before it is reported.
const TIMES: usize = 3;
/// How often a peer that was let in tries again, at most.
const TIMES_FOR_ACCEPTED: usize = 6;
/// The number of cases between two good peers.
const BETWEEN: usize = 8;

const OLDER: &str = "to know      a client that was refused called again and offered no TLS 1.3: what it does in older versions is not tried";
const NO_TIME: &str = "no time was left: give more by --seconds";

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// As it should be; or wrong, three times.
    Judged(Verdict),
    /// Afterwards good peers cannot connect.
    Crash,
    /// Afterwards the target takes connections and does not answer.
    Hang,
    /// Sometimes so, sometimes otherwise.
    Unsteady,
    /// Not tried.
    Skipped,
    /// It was played, but the target served no good peers then, so its behaviour tells nothing.
    NotJudged,
}

pub(crate) struct Finding<'a> {
    pub(crate) case: &'a Case,
    pub(crate) status: Status,
    /// What was seen, in words.
    pub(crate) seen: String,
}

/// What is known of a case after it was played once.
#[derive(Clone)]
struct Once {
    verdict: Verdict,
    seen: String,
    /// The target answered a correct ClientHello with nothing: perhaps it did not read it.
    unheard: bool,
}

/// What is known of a case after the first pass.
enum First {
    Played(Once),
    Skipped(String),
    NotJudged(String),
    Found(Status, String),
}

struct Campaign<'a> {
    target: &'a Target,
    baseline: &'a Baseline,
    at_once: usize,
    say: &'a (dyn Fn(&str) + Sync),
    /// The target serves good peers no longer: why the later cases are not judged.
    gone: Option<String>,
    /// A client offered older versions only when it called again.
    older: AtomicBool,
}

/// Plays the cases, `at_once` at a time; `say` hears of the progress.
pub(crate) fn run<'a>(
    target: &Target,
    baseline: &Baseline,
    cases: &'a [Case],
    (at_once, strict): (usize, bool),
    say: &(dyn Fn(&str) + Sync),
) -> Vec<Finding<'a>> {
    let mut campaign = Campaign { target, baseline, at_once, say, gone: None, older: AtomicBool::new(false) };
    let mut first = without_a_ticket(cases, campaign.first_pass(cases));
    campaign.knock_again(cases, &mut first);
    let findings = cases.iter().zip(first).map(|(case, first)| campaign.finding(case, first, strict)).collect();
    if campaign.older.into_inner() {
        say(OLDER);
    }
    findings
}

impl Campaign<'_> {
    /// Plays each case once, in groups. A good peer follows each group: if it is not served, the group does not count, and is
    /// played again one by one.
    fn first_pass(&mut self, cases: &[Case]) -> Vec<First> {
        let mut results = Vec::new();
        // A silent connection is played alone.
        for cases in cases
            .chunk_by(|one, next| !is_mere_silence(one) && !is_mere_silence(next))
            .flat_map(|cases| cases.chunks(BETWEEN))
        {
            results.extend(match &self.gone {
                Some(gone) => cases.iter().map(|_| not_judged(gone)).collect(),
                None => self.some(cases),
            });
        }
        results
    }

    /// A target may let strangers in only at times. So a full run plays the plain strangers more often.
    fn knock_again(&mut self, cases: &[Case], results: &mut [First]) {
        if cases.iter().all(|case| case.quick) {
            return;
        }
        let plain = |(case, first): (&Case, &First)| case.name.starts_with("certificate/") && is(first, Verdict::Right);
        let which: Vec<usize> =
            (0..cases.len()).filter(|at| cases.get(*at).zip(results.get(*at)).is_some_and(plain)).collect();
        let knocking: Vec<Case> = which.iter().filter_map(|at| cases.get(*at)).cloned().collect();
        for _ in 1..TIMES {
            for (at, first) in which.iter().zip(self.first_pass(&knocking)) {
                if let Some(result) = results.get_mut(*at).filter(|_| is(&first, Verdict::Accepted)) {
                    *result = first;
                }
            }
        }
    }

    fn some(&mut self, cases: &[Case]) -> Vec<First> {
        let (played, unreachable) = self.at_once(cases);
        match self.target.good_peer(self.baseline) {
            Ok(()) if unreachable || played.iter().any(is_unheard) => {
                let silent = played.iter().all(|first| !is_unheard(first) || is(first, Verdict::Silent));
                let again = self.one_by_one(cases, if silent { Pace::OneAtOnce } else { Pace::Slow });
                let alike = |(one, other): (&First, &First)| is_unheard(one) == is_unheard(other);
                if !unreachable && played.iter().zip(&again).all(alike) {
                    // This target always behaves so. It is no limit.
                    self.target.limits.pace(None);
                } else {
                    self.slow(silent);
                }
                again
            }
            Ok(()) => played,
            Err(Gone::TimeIsUp) => played.into_iter().map(only_accepted(|_| First::Skipped(NO_TIME.into()))).collect(),
            Err(gone) => match self.target.recovers(self.baseline, gone) {
                Ok(()) => {
                    let again = self.one_by_one(cases, Pace::Slow);
                    match again.iter().any(|first| matches!(first, First::Found(..))) {
                        true => self.target.limits.pace(None),
                        false => self.slow(false),
                    }
                    again
                }
                Err(gone) => self.lost(cases, played, &gone),
            },
        }
    }

    /// Plays these cases at once. `true` means that one of them, or more, could not connect.
    fn at_once(&self, cases: &[Case]) -> (Vec<First>, bool) {
        let (next, unreachable) = (AtomicUsize::new(0), AtomicBool::new(false));
        let results: Mutex<Vec<Option<First>>> = Mutex::new(cases.iter().map(|_| None).collect());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(at) else { return };
                // Several in a row would only say it again.
                if unreachable.load(Ordering::Relaxed) {
                    return;
                }
                let result = self.first(case);
                unreachable.fetch_or(result.is_none(), Ordering::Relaxed);
                if let Some(slot) = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_mut(at) {
                    *slot = result;
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.at_once.max(1) {
                scope.spawn(work);
            }
        });
        let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        let not_played = || not_judged("the target could not be reached");
        (results.into_iter().map(|result| result.unwrap_or_else(not_played)).collect(), unreachable.into_inner())
    }

    /// Plays a case for the first time. `None` means that it could not connect.
    fn first(&self, case: &Case) -> Option<First> {
        match self.target.skips(case) {
            Some(why) => Some(First::Skipped(why)),
            None if is_mere_silence(case) => self.beside_a_silent_one(case),
            None => match self.once(case) {
                Ok(once) => Some(First::Played(once)),
                Err(Unplayed::TimeIsUp) => Some(First::Skipped(NO_TIME.into())),
                Err(Unplayed::NotOffered(why)) => Some(First::Skipped(why)),
                Err(Unplayed::Unreachable(_)) => None,
            },
        }
    }

    /// Checks that a silent connection does not keep others waiting.
    fn beside_a_silent_one(&self, case: &Case) -> Option<First> {
        let mut results = Vec::new();
        // Twice: a busy target may be late.
        for _ in 0..2 {
            let (once, other) = std::thread::scope(|scope| {
                let once = scope.spawn(|| self.once(case));
                std::thread::sleep(Duration::from_millis(200));
                let other = self.target.good_peer(self.baseline);
                (once.join().unwrap_or(Err(Unplayed::TimeIsUp)), other)
            });
            let waits = matches!(other, Err(Gone::Silent));
            results.push(match once {
                Ok(once) => First::Played(once),
                Err(Unplayed::TimeIsUp) => First::Skipped(NO_TIME.into()),
                Err(Unplayed::NotOffered(why)) => First::Skipped(why),
                Err(Unplayed::Unreachable(_)) => return None,
            });
            if !waits {
                return results.pop();
            }
        }
        Some(First::Found(Status::Hang, "one silent connection keeps all others waiting".into()))
    }

    /// Plays the cases one after the other, with a good peer after each, to see which one is the cause.
    fn one_by_one(&mut self, cases: &[Case], pace: Pace) -> Vec<First> {
        self.target.limits.pace(pace.interval());
        let mut results = Vec::new();
        for case in cases {
            let mut result = match &self.gone {
                Some(gone) => not_judged(gone),
                None => self.first(case).unwrap_or_else(|| not_judged("the target could not be reached")),
            };
            // It must happen twice: a limit may be reached by chance.
            for time in 1.. {
                if self.gone.is_some() || matches!(result, First::Skipped(_)) {
                    break;
                }
                let gone = match self.target.good_peer(self.baseline) {
                    Ok(()) => break,
                    Err(Gone::TimeIsUp) => {
                        result = only_accepted(|_| First::Skipped(NO_TIME.into()))(result);
                        break;
                    }
                    Err(gone) => gone,
                };
                let seen = gone.seen();
                let status = if matches!(gone, Gone::Refused(_)) { Status::Crash } else { Status::Hang };
                if let Err(gone) = self.target.recovers(self.baseline, gone) {
                    result = self.lost(std::slice::from_ref(case), vec![result], &gone).remove(0);
                } else if time == 2 {
                    result = First::Found(status, format!("after it {seen} for a while, each of two times"));
                    break;
                } else {
                    result = self.first(case).unwrap_or_else(|| not_judged("the target could not be reached"));
                }
            }
            results.push(result);
        }
        results
    }

    /// From now on plays one connection at a time, and slowly, because the target limits them.
    fn slow(&mut self, serial: bool) {
        self.at_once = 1;
        (self.say)(match serial {
            true => "the target serves one connection at a time: from here on --at-once 1",
            false => "the target limits connections: from here on one at a time, and slowly",
        });
    }

    /// Good peers are served no longer. Of these cases only those count that were let in.
    fn lost(&mut self, cases: &[Case], results: Vec<First>, gone: &Gone) -> Vec<First> {
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        let first = names.first().copied().unwrap_or_default();
        let status = match gone {
            Gone::Refused(_) => Some(Status::Crash),
            Gone::Silent => Some(Status::Hang),
            Gone::ShutOut(_) | Gone::TimeIsUp => None,
        };
        let sentence = match status {
            Some(_) => format!("from {first} on good peers were not served: not judged"),
            None => gone.shut_out(&self.target.limits),
        };
        // The last case in which the target answered.
        let lost = |result: &First| matches!(result, First::NotJudged(_)) || is(result, Verdict::Silent);
        let at = results.iter().position(lost).unwrap_or(results.len()).saturating_sub(1);
        let others: Vec<&str> =
            names.iter().enumerate().filter(|(each, _)| *each != at).map(|(_, name)| *name).collect();
        let judged = results.into_iter().enumerate().map(|(each, result)| match &status {
            Some(status) if each == at => {
                let among = match others[..] {
                    [] => String::new(),
                    _ => format!("; it was played together with {}", others.join(", ")),
                };
                First::Found(status.clone(), format!("after it {}{among}", gone.seen()))
            }
            _ => only_accepted(|_| not_judged(&sentence))(result),
        });
        let judged = judged.collect();
        self.gone = Some(sentence);
        judged
    }

    /// The result of a case.
    fn finding<'c>(&mut self, case: &'c Case, first: First, strict: bool) -> Finding<'c> {
        let finding = |status, seen: String| Finding { case, status, seen };
        let once = match first {
            First::Skipped(why) => return finding(Status::Skipped, why),
            First::NotJudged(why) => return finding(Status::NotJudged, why),
            First::Found(status, seen) => return finding(status, seen),
            First::Played(once) => once,
        };
        let counts = matches!(once.verdict, Verdict::Accepted | Verdict::Silent);
        match &self.gone {
            _ if once.verdict == Verdict::Right => finding(Status::Judged(Verdict::Right), once.seen),
            // A result that does not count needs no more connections.
            None if counts || strict => {
                (self.say)(&format!("once more: {}", case.name));
                self.confirm(case, &once)
            }
            None => finding(Status::Judged(once.verdict), format!("{} (once)", once.seen)),
            Some(gone) if counts && once.verdict != Verdict::Accepted => finding(Status::NotJudged, gone.clone()),
            Some(_) => finding(
                Status::Judged(once.verdict),
                format!("{} (once, and then good peers were shut out)", once.seen),
            ),
        }
    }

    /// Plays the case again, with good peers between. A peer that is let in only sometimes counts as let in: this is tried more
    /// often, until it is seen three times. Everything else must be seen each time.
    fn confirm<'c>(&mut self, case: &'c Case, once: &Once) -> Finding<'c> {
        let finding = |status, seen: String| Finding { case, status, seen };
        let (mut alike, mut times, mut otherwise, mut failed) = (1, 1, None, 0);
        let most = |alike| if once.verdict == Verdict::Accepted && alike < TIMES { TIMES_FOR_ACCEPTED } else { TIMES };
        while times < most(alike) {
            let again = self.once(case);
            match self.target.good_peer(self.baseline) {
                Ok(()) => {}
                Err(Gone::TimeIsUp) => break,
                Err(gone) => {
                    let seen = gone.seen();
                    let status = if matches!(gone, Gone::Refused(_)) { Status::Crash } else { Status::Hang };
                    if let Err(gone) = self.target.recovers(self.baseline, gone) {
                        let lost =
                            self.lost(std::slice::from_ref(case), vec![First::Played(once.clone())], &gone).remove(0);
                        return self.finding(case, lost, true);
                    }
                    failed += 1;
                    if failed == 2 {
                        return finding(status, format!("after it {seen} for a while, each of two times"));
                    }
                    // It may be chance, or the probe was too fast.
                    self.target.limits.pace(Some(SLOW));
                    continue;
                }
            }
            let again = match again {
                Ok(again) => again,
                Err(Unplayed::TimeIsUp) => break,
                Err(Unplayed::NotOffered(why)) => {
                    return finding(Status::Unsteady, format!("{}; another time: {why}", once.seen));
                }
                Err(Unplayed::Unreachable(error)) => {
                    let seen = format!("no connection: {error}");
                    Once { verdict: Verdict::Silent, seen, unheard: true }
                }
            };
            times += 1;
            if again.verdict.name() == once.verdict.name() {
                alike += 1;
            } else if otherwise.is_none() || again.verdict == Verdict::Accepted {
                otherwise = Some(again);
            }
        }
        match otherwise {
            _ if times < TIMES && once.verdict != Verdict::Accepted => {
                finding(Status::Skipped, format!("{}; no time was left to try it again", once.seen))
            }
            Some(other) if other.verdict == Verdict::Accepted => {
                finding(Status::Judged(Verdict::Accepted), format!("{}; other times: {}", other.seen, once.seen))
            }
            _ if once.verdict == Verdict::Accepted && alike < times => {
                finding(Status::Judged(Verdict::Accepted), format!("{}, {alike} of {times} times", once.seen))
            }
            Some(other) => finding(Status::Unsteady, format!("{}; another time: {}", once.seen, other.seen)),
            None => finding(Status::Judged(once.verdict), once.seen.clone()),
        }
    }

    /// Plays a case once.
    fn once(&self, case: &Case) -> Result<Once, Unplayed> {
        let mut heard = Vec::new();
        let mut tap = |ours: bool, bytes: &[u8]| {
            if !ours {
                heard.extend_from_slice(bytes)
            }
        };
        let mut notes = Notes::default();
        let (outcome, marker) = self.target.play_with_notes(case, &mut tap, &mut notes)?;
        self.older.fetch_or(notes.older, Ordering::Relaxed);
        if outcome.end == End::Trouble(Trouble::NotTls13) {
            return older_version(&heard);
        }
        match no_deviation(case, &outcome) {
            Some(why) => Err(Unplayed::NotOffered(why)),
            None => Ok(Once {
                verdict: self.baseline.judge(case, &outcome, &marker),
                seen: words::of_connection(notes.connection, notes.plaintext, &outcome),
                unheard: heard.is_empty() && begins_rightly(case),
            }),
        }
    }
}

fn not_judged(why: &str) -> First {
    First::NotJudged(why.into())
}

fn is_unheard(first: &First) -> bool {
    matches!(first, First::Played(once) if once.unheard)
}

fn is(first: &First, verdict: Verdict) -> bool {
    matches!(first, First::Played(once) if once.verdict == verdict)
}

/// Keeps the cases that were let in, and replaces the others.
fn only_accepted(other: impl Fn(First) -> First) -> impl Fn(First) -> First {
    move |first| match first {
        First::Played(Once { verdict: Verdict::Accepted, .. }) | First::Skipped(_) | First::Found(..) => first,
        first => other(first),
    }
}

/// Whether the case leaves a connection silent, before TLS or in the application.
fn is_mere_silence(case: &Case) -> bool {
    matches!(&case.name[..], "late/silent-from-the-start" | "late/silent-after-the-handshake")
        && case.target == Role::Server
}

/// Whether every server answers the ClientHello of this case.
fn begins_rightly(case: &Case) -> bool {
    let resumes = case.name.starts_with("resumption/");
    case.target == Role::Server && !resumes && case.script.first() == Some(&Step::Send(HandshakeType::CLIENT_HELLO))
}

/// A server that agrees to an older version lets everybody in by it if it asks for no certificate.
fn older_version(flight: &[u8]) -> Result<Once, Unplayed> {
    let version = tls12::agreed(flight);
    match tls12::certificate_requested(flight) {
        Some(false) => {
            let seen = format!("agreed to {version}, and asked for no certificate");
            Ok(Once { verdict: Verdict::Accepted, seen, unheard: false })
        }
        _ => Err(Unplayed::NotOffered(tls12::not_tried(version))),
    }
}

/// If the target gives tickets to good peers, but none to this one, this one cannot get in by a ticket: that is right.
fn without_a_ticket(cases: &[Case], mut results: Vec<First>) -> Vec<First> {
    let given = |(case, first): (&Case, &First)| case.name == OF_A_GOOD_CLIENT && matches!(first, First::Played(_));
    let given = cases.iter().zip(&results).any(given);
    for result in results.iter_mut().filter(|_| given) {
        if let First::Skipped(why) = result
            && why == NO_TICKET
        {
            let seen = std::mem::take(why);
            *result = First::Played(Once { verdict: Verdict::Right, seen, unheard: false });
        }
    }
    results
}

/// Why the target's behaviour tells nothing about the case.
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
