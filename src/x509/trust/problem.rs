//! Problems of the files of a snapshot.

use crate::role::stable_names;
use core::fmt;
use std::{string::String, vec::Vec};

/// A root or CRL that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of problem.
    pub kind: ProblemKind,
    /// The name of the file, as given.
    pub source: String,
    /// The line of its BEGIN; 0 for DER or the whole file.
    pub line: usize,
    /// The subject of a root, or empty.
    pub subject: String,
    /// What is wrong, as the end of a sentence.
    pub what: String,
}

/// The kinds of problems with the files of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A file has no certificate, or there is no file.
    NoRoot,
    /// A root cannot be read.
    UnreadableRoot,
    /// A certificate cannot be a root.
    UnfitRoot,
    /// A file has no CRL.
    NoCrl,
    /// A CRL cannot be read, or cannot cover any certificate.
    UnusableCrl,
}

stable_names! { ProblemKind: NoRoot UnreadableRoot UnfitRoot NoCrl UnusableCrl }

impl Problem {
    /// The stable name of its kind, for metrics and alerting.
    pub const fn name(&self) -> &'static str {
        self.kind.name()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { source, line, subject, what, .. } = self;
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
#[derive(Clone, PartialEq, Eq)]
pub struct TrustError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl TrustError {
    /// The stable name of its first problem, for metrics and alerting.
    pub fn name(&self) -> &'static str {
        self.problems.first().map_or("TrustError", Problem::name)
    }
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

/// The sentences: a `main` that returns this error prints it so.
impl fmt::Debug for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustError({self})")
    }
}

impl std::error::Error for TrustError {}
