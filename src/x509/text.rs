//! Names, serial numbers and times as people read them. Whatever a certificate says is escaped.

use core::fmt;
use der::DateTime;
use rustls_pki_types::UnixTime;
use std::{format, string::String, time::Duration};
use x509_parser::{objects::oid_registry, objects::oid2abbrev, prelude::FromDer, x509::X509Name};

/// Text from a certificate, safe to print: control, quote, bidirectional and invisible characters are escaped, so that
/// a name can neither forge a log line nor move the terminal's cursor.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                // Quotes, backslash; soft hyphen, Arabic letter mark, zero-width and directional marks, embeddings,
                // overrides and isolates, line separators, byte order mark, tags.
                '"' | '\'' | '`' | '\\' | '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' => {}
                '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}' => {}
                c if c.is_control() => {}
                c => {
                    f.write_char(c)?;
                    continue;
                }
            }
            match c {
                '"' | '\'' | '`' | '\\' => write!(f, "\\{c}")?,
                c => write!(f, "{}", c.escape_unicode())?,
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

/// A Name (whole DER) as `CN=api, O=Example`, escaped, and cut if it is long; empty for the empty name.
pub(super) fn name(der: &[u8]) -> String {
    let Ok((_, name)) = X509Name::from_der(der) else { return "(unreadable name)".into() };
    let mut text = String::new();
    for attribute in name.iter_attributes() {
        if text.len() > MAX_SHOWN {
            text.push_str(", ..");
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        let oid = attribute.attr_type();
        match oid2abbrev(oid, oid_registry()) {
            Ok(key) => text.push_str(key),
            Err(_) => text.push_str(&oid.to_id_string()),
        }
        text.push('=');
        text.push_str(&match attribute.as_str() {
            Ok(value) => shown(value),
            Err(_) => format!("#{}", shown(&hex(attribute.as_slice()))),
        });
    }
    text
}

/// The first common name, unescaped.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|attribute| attribute.as_str().ok()).map(Into::into)
}

/// Lower-case hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A serial number's content octets as hex, without the sign octet.
pub(super) fn serial(content: &[u8]) -> String {
    match content {
        [0, rest @ ..] if !rest.is_empty() => hex(rest),
        all => hex(all),
    }
}

/// `2026-11-23 09:00 UTC`.
pub(super) fn date(time: UnixTime) -> String {
    match DateTime::from_unix_duration(Duration::from_secs(time.as_secs())) {
        Ok(t) => format!("{:04}-{:02}-{:02} {:02}:{:02} UTC", t.year(), t.month(), t.day(), t.hour(), t.minutes()),
        Err(_) => format!("{} s after 1970", time.as_secs()),
    }
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
    use std::string::ToString;

    #[test]
    fn names_cannot_forge_lines_or_move_the_cursor() {
        let evil = "api\nclient accepted\u{1b}[2K\r\"\u{202e}gpj.exe\u{2066}\u{200b}\u{9b}31m";
        let shown = Escaped(evil).to_string();
        assert_eq!(shown, "api\\u{a}client accepted\\u{1b}[2K\\u{d}\\\"\\u{202e}gpj.exe\\u{2066}\\u{200b}\\u{9b}31m");
        assert!(shown.chars().all(|c| !c.is_control()));
        assert_eq!(Escaped("Zoë Müller 東京").to_string(), "Zoë Müller 東京", "honest names stay readable");
    }

    #[test]
    fn spans_and_dates_read_well() {
        assert_eq!(span(1), "1 s");
        assert_eq!(span(119), "119 s");
        assert_eq!(span(120), "2 min");
        assert_eq!(span(3 * 3600 + 5), "3 h");
        assert_eq!(span(90_000), "25 h");
        assert_eq!(span(172_800), "2 days");
        assert_eq!(date(UnixTime::since_unix_epoch(Duration::from_secs(1_795_424_400))), "2026-11-23 09:00 UTC");
        assert_eq!(date(UnixTime::since_unix_epoch(Duration::MAX)), "18446744073709551615 s after 1970");
    }

    #[test]
    fn serials_lose_only_their_sign_octet() {
        assert_eq!(serial(&[0, 0x9f, 1]), "9f01");
        assert_eq!(serial(&[0]), "00");
    }
}
