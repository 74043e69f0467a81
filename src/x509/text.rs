//! Names and times as people read them. Whatever a certificate says is escaped.

use crate::asn1::{Name, Time, is_deceptive};
use core::fmt;
use rustls_pki_types::UnixTime;
use std::{format, string::String, string::ToString};

/// Text from a certificate, safe to print: control, quote, bidirectional and invisible characters are escaped, so that
/// a name can neither forge a log line nor move the terminal's cursor.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '"' | '\'' | '`' | '\\' => write!(f, "\\{c}")?,
                c if is_deceptive(c) => write!(f, "{}", c.escape_unicode())?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// What a peer can put into a sentence is limited to about this many bytes a name.
const MAX_SHOWN: usize = 256;

/// Untrusted text, escaped, and cut if it is long.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => format!("{}..", Escaped(text.get(..cut).unwrap_or_default())),
        None => format!("{}", Escaped(text)),
    }
}

/// A Name as `CN=api,O=Example`, for people: cut if it is long. Empty for the empty name.
pub(super) fn name(name: &Name<'_>) -> String {
    cut(name.to_string())
}

/// Cuts what is escaped already, if it is long.
pub(super) fn cut(mut text: String) -> String {
    if let Some((cut, _)) = text.char_indices().nth(MAX_SHOWN) {
        text.truncate(cut);
        text.push_str("..");
    }
    text
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `2026-11-23 09:00:07 UTC`.
pub(super) fn date(time: UnixTime) -> Time {
    Time::from_unix(time.as_secs())
}

/// `3 h`: the largest unit of which there are two, or else seconds.
pub(super) fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(31_557_600, "years"), (86_400, "days"), (3_600, "h"), (60, "min")];
    for (size, unit) in UNITS {
        let count = seconds.checked_div(size).unwrap_or(0);
        if count >= 2 {
            return format!("{count} {unit}");
        }
    }
    format!("{seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn names_cannot_forge_lines_or_move_the_cursor() {
        let evil = "api\nclient accepted\u{1b}[2K\r\"\u{202e}gpj.exe\u{2066}\u{200b}\u{9b}31m";
        let shown = Escaped(evil).to_string();
        assert_eq!(shown, "api\\u{a}client accepted\\u{1b}[2K\\u{d}\\\"\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{9b}31m");
        assert!(shown.chars().all(|c| !c.is_control()));
        assert_eq!(Escaped("Zoë Müller 東京").to_string(), "Zoë Müller 東京", "honest names stay readable");
    }

    #[test]
    fn what_is_shown_is_cut() {
        let long = "ä".repeat(300);
        assert_eq!(cut(long.clone()), format!("{}..", "ä".repeat(256)));
        assert_eq!(shown(&long), cut(long));
        assert_eq!(cut("ä".repeat(256)), "ä".repeat(256));
    }

    #[test]
    fn spans_and_dates_read_well() {
        assert_eq!(span(1), "1 s");
        assert_eq!(span(119), "119 s");
        assert_eq!(span(120), "2 min");
        assert_eq!(span(3 * 3600 + 5), "3 h");
        assert_eq!(span(90_000), "25 h");
        assert_eq!(span(172_800), "2 days");
        let date = |since| date(UnixTime::since_unix_epoch(since)).to_string();
        assert_eq!(date(Duration::from_secs(1_795_424_407)), "2026-11-23 09:00:07 UTC");
        assert!(date(Duration::MAX).ends_with(" s after 1970"));
    }
}
