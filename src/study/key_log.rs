//! Reads key logs (RFC 9850), which OpenSSL, Go, curl, Firefox and this crate write.

use super::model::Text;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The secrets of one key log or several.
// No Debug: it holds secrets.
#[allow(missing_debug_implementations)]
#[derive(Clone, Default)]
pub struct KeyLog {
    lines: Vec<Line>,
    problems: Vec<Text>,
}

#[derive(Clone)]
struct Line {
    label: String,
    client_random: [u8; 32],
    secret: Vec<u8>,
}

/// The longest secret that is read, in bytes. It is more than Hash.length (RFC 9846 §7.1), so that the study can say that
/// a secret is too long.
const MAX_SECRET: usize = 128;

/// How many unreadable lines are reported one by one.
const MAX_PROBLEMS: usize = 20;

impl KeyLog {
    /// Reads a key log. Skips comments and empty lines. An unreadable line becomes a problem with its number, and the
    /// other lines are read.
    pub fn parse(text: &[u8]) -> KeyLog {
        let mut log = KeyLog::default();
        log.add(text);
        log
    }

    /// Adds another key log, such as the embedded secrets of a pcapng file.
    pub fn add(&mut self, text: &[u8]) {
        for (number, line) in (1_usize..).zip(text.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            match Line::parse(line) {
                Some(line) => self.lines.push(line),
                None if self.problems.len() < MAX_PROBLEMS => self.problems.push(Text::made(
                    format!("line {number} of the key log is not `label client_random secret` in hex"),
                    format!(
                        "la línea {number} del registro de claves no es `label client_random secret` en hexadecimal"
                    ),
                )),
                None => {}
            }
        }
    }

    /// The unreadable lines.
    pub fn problems(&self) -> &[Text] {
        &self.problems
    }

    pub(super) fn get(&self, label: &str, client_random: &[u8; 32]) -> Option<&[u8]> {
        let line = self.lines.iter().find(|line| line.label == label && line.client_random == *client_random)?;
        Some(&line.secret)
    }

    /// Adds a computed secret. Returns false if there was a secret already.
    pub(super) fn learn(&mut self, label: &str, client_random: [u8; 32], secret: &[u8]) -> bool {
        let new = self.get(label, &client_random).is_none();
        if new {
            self.lines.push(Line { label: label.into(), client_random, secret: secret.into() });
        }
        new
    }

    /// Whether it has no secret.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether it has a secret of this connection.
    pub(super) fn knows(&self, client_random: &[u8; 32]) -> bool {
        self.lines.iter().any(|line| line.client_random == *client_random)
    }
}

impl Line {
    fn parse(line: &[u8]) -> Option<Line> {
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let (label, random, secret) = (words.next()?, words.next()?, words.next()?);
        let label = core::str::from_utf8(label).ok().filter(|label| label.is_ascii() && label.len() <= 64)?;
        let secret = unhex(secret).filter(|secret| !secret.is_empty() && secret.len() <= MAX_SECRET)?;
        let client_random = unhex(random)?.try_into().ok()?;
        words.next().is_none().then(|| Line { label: label.into(), client_random, secret })
    }
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}
