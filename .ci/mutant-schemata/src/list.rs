//! What `cargo mutants --list --json` says, and what becomes of each mutant.
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::Path;

pub struct Mutant {
    /// With its place; no two have the same.
    pub name: String,
    /// From the root of the package.
    pub file: String,
    pub genre: String,
    /// Where it starts, both from 1, in characters.
    pub line: usize,
    pub column: usize,
    pub replacement: String,
    /// The function around it, and its return type. Empty outside of functions.
    pub function: String,
    pub returns: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    Caught,
    Hang,
    /// Does not compile.
    Unviable,
    /// Not tried: what is evaluated while compiling has no switch.
    Constant,
    /// Not tried: of a kind that this program does not know.
    Unknown,
    Unreached,
    Survived,
}

/// The number of a mutant, here and in the program that has them all, is its place in this list.
pub fn read(path: &Path) -> crate::Result<Vec<Mutant>> {
    let list: Vec<Value> = serde_json::from_slice(&fs::read(path)?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().map_or(0, |number| number as usize);
    let mutant = |value: &Value| Mutant {
        name: text(&value["name"]),
        file: text(&value["file"]),
        genre: text(&value["genre"]),
        line: number(&value["span"]["start"]["line"]),
        column: number(&value["span"]["start"]["column"]),
        replacement: text(&value["replacement"]),
        function: text(&value["function"]["function_name"]),
        returns: text(&value["function"]["return_type"]),
    };
    Ok(list.iter().map(mutant).collect())
}
