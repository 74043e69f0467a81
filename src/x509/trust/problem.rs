//! What is wrong with the files of a snapshot, and where.

use core::fmt;
use std::{string::String, vec::Vec};

/// A root or CRL that cannot be used: where it is, what it is, and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name that was given with the file.
    pub source: String,
    /// The line of its BEGIN; 0: DER, or the whole file.
    pub line: usize,
    /// The subject (root) or empty.
    pub subject: String,
    /// What is wrong, as the end of a sentence.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { source, line, subject, what } = self;
        f.write_str(source)?;
        if *line > 0 {
            write!(f, " line {line}")?;
        }
        match subject.is_empty() {
            true => write!(f, ": {what}"),
            false => write!(f, ": {subject} {what}"),
        }
    }
}

/// Every root and CRL that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for TrustError {}
