//! Reads PEM files (RFC 7468) so that no block is lost: text that only looks like a block is a problem with its line.
//! All files of this crate go through this reader.
//!
//! * Boundaries (`-----BEGIN X-----`) separate blocks, not lines: two blocks that were joined without a line break are
//!   two. Lines end with LF, CR LF or CR. Byte order marks, white space at either end of a line, and text between
//!   blocks do no harm.
//! * An incorrect boundary is a problem: an END without its BEGIN or the reverse, labels that differ, other text on its
//!   line, a near miss (`----BEGIN CERTIFICATE-----`). A possible object outside of every block is a problem too: base64
//!   of DER or of PEM (in words of 40 characters and more), binary data, a page of HTML. Other text between blocks is an
//!   explanation (§2) and ignored, for example hex, or base64 in shorter words. Sentences show no text of a file, because
//!   it may be a key.
//!
//! ```
//! use countersign::x509::pem;
//!
//! let file = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE----------BEGIN X509 CRL-----\n";
//! let sections = pem::sections(file);
//! assert_eq!((sections[0].label.as_str(), sections[0].der()), ("CERTIFICATE", Ok(vec![0x30, 0])));
//! assert_eq!((sections[1].line, sections[1].der()), (3, Err("it has no END line".into())));
//! ```

mod base64;
mod boundary;
mod contents;
mod wanted;

pub(super) use base64::decode;
pub(super) use wanted::{Wanted, blocks, found, other_kind, read};

use super::text::shown;
use boundary::{Boundary, Edge, is_blank, near_miss};
use std::{borrow::ToOwned, format, string::String, vec::Vec};

/// One object of a file, or one problem in it.
#[derive(Clone)]
pub struct Section<'a> {
    /// The line of its BEGIN, from 1; 0: the file is one DER object.
    pub line: usize,
    /// `CERTIFICATE`, `PRIVATE KEY`, ...; empty for DER, and where no label can be read.
    pub label: String,
    body: Body<'a>,
}

#[derive(Clone)]
enum Body<'a> {
    Der(&'a [u8]),
    Base64(&'a [u8]),
    Wrong(String),
}

impl Section<'_> {
    fn wrong(line: usize, label: &str, what: String) -> Self {
        Section { line, label: label.to_owned(), body: Body::Wrong(what) }
    }

    /// Its DER, or the problem as the end of a sentence. Wipe the DER of a key after use.
    pub fn der(&self) -> Result<Vec<u8>, String> {
        match &self.body {
            Body::Der(der) => Ok(der.to_vec()),
            Body::Base64(text) => base64::decode_block(text, self.line, self.label.ends_with("PRIVATE KEY")),
            Body::Wrong(what) => Err(what.clone()),
        }
    }

    /// Why its boundaries, or the text in their place, cannot be read. The content may still be wrong if this is `None`.
    pub fn problem(&self) -> Option<&str> {
        match &self.body {
            Body::Wrong(what) => Some(what),
            _ => None,
        }
    }

    /// Whether its text says that it is encrypted (RFC 1421 §4.6.1.1: `Proc-Type: 4,ENCRYPTED`).
    pub(super) fn says_encrypted(&self) -> bool {
        matches!(self.body, Body::Base64(text) if text.windows(9).any(|word| word == b"ENCRYPTED"))
    }
}

/// Everything in a file: its blocks and problems, in the order of their lines, or its one DER object. Empty: the file
/// is empty, or other text.
pub fn sections(file: &[u8]) -> Vec<Section<'_>> {
    let der = || [Section { line: 0, label: String::new(), body: Body::Der(file) }].into();
    if contents::is_der(file) {
        return der();
    }
    let mut scan = Scan { file, sections: Vec::new(), open: None, text: Text::Free };
    for (number, start, end) in lines(file) {
        scan.line(number, start, end);
    }
    scan.end_of_file();
    // Without any block: malformed DER.
    if !contents::looks_like_der(file) || scan.sections.iter().any(|section| !section.label.is_empty()) {
        return scan.sections;
    }
    match contents::is_der_and_more(file) {
        true => {
            [Section::wrong(0, "", "something follows the DER object, which stands alone in its file".into())].into()
        }
        false => der(),
    }
}

/// Each line's number, and where it begins and ends, without its line break (RFC 7468 §3: `eol = CRLF / CR / LF`).
fn lines(file: &[u8]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut next = Some(0);
    (1..).map_while(move |number| {
        let start = next?;
        let rest = file.get(start..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let end = start.saturating_add(length.unwrap_or(rest.len()));
        next = length.map(|_| match file.get(end..) {
            Some([b'\r', b'\n', ..]) => end.saturating_add(2),
            _ => end.saturating_add(1),
        });
        Some((number, start, end))
    })
}

/// A block whose END has not come yet.
struct Open {
    line: usize,
    label: String,
    /// The position after its BEGIN.
    from: usize,
    wrong: Option<String>,
}

/// The kind of the text outside of blocks so far.
#[derive(Clone, Copy, PartialEq)]
enum Text {
    /// Explanations.
    Free,
    /// A block with a malformed BEGIN, which has been reported.
    Spoilt,
}

struct Scan<'a> {
    file: &'a [u8],
    sections: Vec<Section<'a>>,
    open: Option<Open>,
    text: Text,
}

impl<'a> Scan<'a> {
    fn line(&mut self, number: usize, mut start: usize, end: usize) {
        let mut last = None;
        loop {
            let rest = self.file.get(start..end).unwrap_or_default();
            let Some(boundary) = Boundary::find(rest) else { return self.after(rest, number, start, last) };
            let before = rest.get(..boundary.from).unwrap_or_default();
            let (from, to) = (start.saturating_add(boundary.from), start.saturating_add(boundary.to));
            match boundary.edge {
                Edge::Begin => self.begin(number, before, boundary.label, to, last),
                Edge::End => self.end(number, before, boundary.label, from),
            }
            (start, last) = (to, Some(boundary.edge));
        }
    }

    fn begin(&mut self, line: usize, before: &[u8], label: String, from: usize, last: Option<Edge>) {
        self.close_without_end();
        self.text = Text::Free;
        let wrong = match (is_blank(before), label.is_empty()) {
            (true, false) => None,
            (true, true) => Some("its BEGIN has no label".into()),
            (false, _) => {
                if last == Some(Edge::End) {
                    self.spoil_last("other text follows its END on the same line");
                }
                Some("other text stands before its BEGIN on the same line".into())
            }
        };
        self.open = Some(Open { line, label, from, wrong });
    }

    fn end(&mut self, line: usize, before: &[u8], label: String, to: usize) {
        let Some(Open { line, label: of_begin, from, wrong }) = self.open.take() else {
            if self.text == Text::Free {
                let what = format!("END \"{}\" has no BEGIN line", label_shown(&label));
                self.sections.push(Section::wrong(line, "", what));
            }
            self.text = Text::Free;
            return;
        };
        let body = self.file.get(from..to).unwrap_or_default();
        let body = if let Some(what) = wrong {
            Body::Wrong(what)
        } else if !body.iter().any(|byte| matches!(byte, b'\n' | b'\r')) && !is_blank(before) {
            // RFC 7468 §3: BEGIN and END have a line each.
            Body::Wrong(match body.windows(2).any(|two| two == br"\n") {
                true => r"its line breaks are written as the two characters \n".into(),
                false => "its line breaks are missing".into(),
            })
        } else if label == of_begin {
            Body::Base64(body)
        } else {
            Body::Wrong(format!("its END line says \"{}\", not \"{}\"", label_shown(&label), label_shown(&of_begin)))
        };
        self.sections.push(Section { line, label: of_begin, body });
    }

    /// What follows the last boundary of a line; or a line without any.
    fn after(&mut self, rest: &[u8], number: usize, start: usize, last: Option<Edge>) {
        match (last, &mut self.open) {
            (Some(Edge::Begin), Some(open)) => {
                if !is_blank(rest) {
                    open.wrong.get_or_insert_with(|| "other text follows its BEGIN on the same line".into());
                }
            }
            (Some(_), _) => {
                if !is_blank(rest) {
                    self.spoil_last("other text follows its END on the same line");
                }
            }
            (None, Some(open)) => {
                if near_miss(rest).is_some() {
                    let what = || format!("line {number} in it is not quite a BEGIN or END line");
                    open.wrong.get_or_insert_with(what);
                }
            }
            (None, None) => self.explanation(rest, number, start),
        }
    }

    /// A line outside of every block, which begins at `start`. For a malformed block the first line is reported.
    fn explanation(&mut self, line: &[u8], number: usize, start: usize) {
        let what = match (near_miss(line), self.text) {
            (Some(Edge::End), Text::Spoilt) => {
                self.text = Text::Free;
                return;
            }
            (Some(_), _) if line.contains(&0) => {
                "it is UTF-16 text, or has NUL bytes for another reason: save it as UTF-8"
            }
            (Some(_), _) => "this is not quite a BEGIN or END line (-----BEGIN label-----, RFC 7468)",
            (None, Text::Free) => match contents::lost(line, self.file.get(start..).unwrap_or_default()) {
                Some(what) => what,
                None => return,
            },
            (None, Text::Spoilt) => return,
        };
        self.sections.push(Section::wrong(number, "", what.into()));
        self.text = Text::Spoilt;
    }

    fn end_of_file(&mut self) {
        self.close_without_end();
    }

    fn close_without_end(&mut self) {
        if let Some(Open { line, label, wrong, .. }) = self.open.take() {
            let what = wrong.unwrap_or_else(|| "it has no END line".into());
            self.sections.push(Section::wrong(line, &label, what));
        }
    }

    /// Reports a problem of the block that was closed last.
    fn spoil_last(&mut self, what: &str) {
        match self.sections.last_mut() {
            Some(Section { body: Body::Wrong(_), .. }) | None => {}
            Some(section) => section.body = Body::Wrong(what.into()),
        }
    }
}

/// A label as errors may show it. A malformed BEGIN or END line may contain a part of a key, so everything except words
/// of labels, in any case, is left out.
fn label_shown(label: &str) -> String {
    let is_word = |word: &&str| {
        let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '#' | '-');
        let small = word.len() <= 11 && word.chars().skip(1).all(char::is_lowercase);
        small || (word.len() <= 16 && word.chars().all(capital))
    };
    let words = label.split(' ').map(|word| Some(word).filter(is_word).unwrap_or("..."));
    shown(&words.collect::<Vec<_>>().join(" "))
}
