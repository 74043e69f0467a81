//! Log lines on standard error: time, connection, message.

use der::DateTime;
use std::fmt::Display;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Logs one line by one write, so that the lines of parallel connections do not mix. If standard error is closed, the
/// line is lost but the connection goes on. (`eprintln!` would panic.)
pub(crate) fn say(line: impl Display) {
    let _ = io::stderr().write_all(format!("{} {line}\n", utc(SystemTime::now())).as_bytes());
}

/// Formats the time: `2026-11-28T07:31:45Z`.
pub(crate) fn utc(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    DateTime::from_unix_duration(since).map_or_else(|_| format!("@{}", since.as_secs()), |time| time.to_string())
}

/// Logs a line that may be repeated at most once in ten seconds.
pub(crate) struct Seldom {
    last: Option<SystemTime>,
    unsaid: u64,
}

impl Seldom {
    const PAUSE: Duration = Duration::from_secs(10);

    pub(crate) const fn new() -> Seldom {
        Seldom { last: None, unsaid: 0 }
    }

    pub(crate) fn say(&mut self, line: impl Display) {
        let now = SystemTime::now();
        if self.last.is_some_and(|last| now.duration_since(last).is_ok_and(|passed| passed < Seldom::PAUSE)) {
            self.unsaid += 1;
            return;
        }
        match std::mem::take(&mut self.unsaid) {
            0 => say(line),
            unsaid => say(format!("{line} (and {unsaid} times since this was last said)")),
        }
        self.last = Some(now);
    }
}
