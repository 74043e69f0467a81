//! Tries each mutant with the tests that reach it, fast and narrow ones first, until one fails.
use crate::Result;
use crate::list::{Mutant, Verdict};
use crate::record::{Records, Test};
use crate::tests::{in_parallel, was_killed};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Mutex;

/// Seconds of tests for one mutant, as they took without it. It has survived then.
const BUDGET: f64 = 40.0;

#[derive(Serialize, Deserialize)]
pub struct Tried {
    mutant: usize,
    pub verdict: Verdict,
    /// The test that failed, or its binary if it did not get to say so.
    by: String,
    /// Run, and reaching it.
    pub tests: usize,
    pub of: usize,
}

/// Gives all that were tried, by number.
pub fn run(
    mutants: &[Mutant],
    left_out: &BTreeMap<usize, Verdict>,
    tests: &[Test],
    state: &Path,
) -> Result<BTreeMap<usize, Tried>> {
    let records = Records::open(state.join("verdicts.jsonl"))?;
    let all = || Ok(records.read()?.into_iter().map(|tried: Tried| (tried.mutant, tried)).collect());
    let done: BTreeMap<usize, Tried> = all()?;
    let left = (0..mutants.len()).filter(|id| !left_out.contains_key(id) && !done.contains_key(id));
    let left: Vec<usize> = left.collect();
    // By function, those that caught its mutants: they go first.
    let catchers: Mutex<HashMap<(&str, &str), HashSet<String>>> = Mutex::default();
    // Many tests wait for each other's ends.
    in_parallel(2, left.len(), |number| {
        let (id, mutant) = (left[number], &mutants[left[number]]);
        if number % 100 == 0 {
            eprintln!("trying mutants {number} to {} of {}", left.len().min(number + 100), left.len());
        }
        let function = (mutant.file.as_str(), mutant.function.as_str());
        let first = catchers.lock().expect("no panic").get(&function).cloned().unwrap_or_default();
        let mut reaching: Vec<&Test> = tests.iter().filter(|test| test.reached.contains(&id)).collect();
        // A test that reaches much hangs more easily, which takes longest of all.
        let cost = |test: &Test| test.seconds * test.reached.len() as f64;
        reaching.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        reaching.sort_by_key(|test| !first.contains(&test.name));
        let tried = one(id, reaching);
        if tried.verdict == Verdict::Caught {
            catchers.lock().expect("no panic").entry(function).or_default().insert(tried.by.clone());
        }
        records.append(&tried);
    });
    all()
}

fn one(mutant: usize, mut left: Vec<&Test>) -> Tried {
    let of = left.len();
    let (mut spent, mut size, mut by) = (0.0, 4, String::new());
    let mut verdict = if of == 0 { Verdict::Unreached } else { Verdict::Survived };
    while !left.is_empty() && spent < BUDGET && verdict == Verdict::Survived {
        // Tests for one process: so many of one binary, and no more when they take two seconds.
        let (mut seconds, mut names, binary) = (0.0, Vec::new(), &left[0].binary);
        left.retain(|test| {
            let take = test.binary == *binary && names.len() < size && seconds < 2.0;
            if take {
                seconds += test.seconds;
                names.push(&test.name);
            }
            !take
        });
        // It may take longer on a machine that is busy, and is no hang then.
        let mut command = binary.command(15.0 + 8.0 * seconds);
        command.args(["--test-threads=1", "--exact"]).args(names).env("MUTANT", mutant.to_string());
        let output = command.output().expect("prlimit can be run");
        if was_killed(output.status) {
            (verdict, by) = (Verdict::Hang, binary.name.clone());
        } else if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            (verdict, by) = (Verdict::Caught, failed.unwrap_or(&binary.name).to_owned());
        }
        (spent, size) = (spent + seconds, (2 * size).min(64));
    }
    Tried { mutant, verdict, by, tests: of - left.len(), of }
}
