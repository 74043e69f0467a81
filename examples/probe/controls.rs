//! Good peers between the cases show whether the target still serves. If not, it may have crashed, hang, or shut us out.

use crate::net::{Limits, Unplayed};
use crate::target::{Line, Target};
use crate::words;
use countersign::adversary::catalogue::good;
use countersign::adversary::judge::Baseline;
use countersign::adversary::run::End;
use std::thread;
use std::time::Duration;

/// After a good peer that was not served, four more are tried, after growing pauses: a limit may end, or a supervisor may
/// restart the target.
const AGAIN: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// The pause between two connections if the target limits them.
pub(crate) const SLOW: Duration = Duration::from_millis(600);

/// How fast cases are played again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as before.
    OneAtOnce,
    Slow,
}

impl Pace {
    pub(crate) fn interval(self) -> Option<Duration> {
        (self == Pace::Slow).then_some(SLOW)
    }
}

/// Why a good peer was not served.
#[derive(Clone, Debug)]
pub(crate) enum Gone {
    /// Nobody listens.
    Refused(String),
    /// It takes connections and says nothing.
    Silent,
    /// It ends them, or answers otherwise.
    ShutOut(String),
    TimeIsUp,
}

impl Gone {
    /// What was seen.
    pub(crate) fn seen(&self) -> String {
        match self {
            Gone::Refused(error) => format!("good peers could not connect ({error})"),
            Gone::Silent => "good peers were not answered".into(),
            Gone::ShutOut(how) => format!("good peers were not served ({how})"),
            Gone::TimeIsUp => "no time was left".into(),
        }
    }

    /// What it means if it stays so.
    pub(crate) fn shut_out(&self, limits: &Limits) -> String {
        format!(
            "shut out after {} connections: from then on {}. A ban, a limit, or a crash behind a proxy; try --rate 1 --at-once 1 \
             --seconds 600",
            limits.connections(),
            self.seen()
        )
    }
}

impl Target {
    /// Plays a good peer. An error says that it was not served as before.
    pub(crate) fn good_peer(&self, baseline: &Baseline) -> Result<(), Gone> {
        // A target that says it is busy is asked once more.
        match self.once_good(baseline) {
            Err((Gone::ShutOut(_), End::Answered)) => self.once_good(baseline),
            other => other,
        }
        .map_err(|(gone, _)| gone)
    }

    fn once_good(&self, baseline: &Baseline) -> Result<(), (Gone, End)> {
        match self.play(&good(self.role), &mut |_, _| {}) {
            Ok((outcome, marker)) if baseline.served(&outcome, &marker) => Ok(()),
            Ok((outcome, _)) if outcome.end == End::Silent => Err((Gone::Silent, End::Silent)),
            Ok((outcome, _)) => Err((Gone::ShutOut(words::end(&outcome)), outcome.end)),
            Err(Unplayed::Unreachable(error)) if error.kind() == std::io::ErrorKind::TimedOut => {
                Err((Gone::ShutOut(error.to_string()), End::Silent))
            }
            Err(Unplayed::Unreachable(error)) => Err((Gone::Refused(error.to_string()), End::Reset)),
            Err(Unplayed::NotOffered(_) | Unplayed::TimeIsUp) => Err((Gone::TimeIsUp, End::Silent)),
        }
    }

    /// After a good peer that was not served, waits and tries others.
    pub(crate) fn recovers(&self, baseline: &Baseline, gone: Gone) -> Result<(), Gone> {
        let mut pause = PAUSE;
        // While it waits for a client, time passes anyway.
        let again = if matches!(self.line, Line::Dial(..)) { AGAIN } else { 1 };
        for _ in 0..again {
            match gone {
                Gone::Refused(_) | Gone::Silent => thread::sleep(PAUSE / 2),
                _ => {
                    thread::sleep(pause);
                    pause *= 2;
                }
            }
            match self.good_peer(baseline) {
                Ok(()) => return Ok(()),
                Err(Gone::TimeIsUp) => break,
                Err(_) => {}
            }
        }
        Err(gone)
    }
}
