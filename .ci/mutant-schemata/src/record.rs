//! Runs each test once without a mutant, and records which mutants it reaches and how long it takes.
use crate::Result;
use crate::tests::{Binary, in_parallel};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Instant;

/// Seconds for one test.
const LONGEST: f64 = 180.0;

#[derive(Serialize, Deserialize)]
pub struct Test {
    pub binary: Binary,
    pub name: String,
    pub passes: bool,
    pub seconds: f64,
    pub reached: Vec<usize>,
}

/// Gives the tests that pass.
pub fn record(binaries: &[Binary], state: &Path) -> Result<Vec<Test>> {
    let records = Records::open(state.join("tests.jsonl"))?;
    let before: Vec<Test> = records.read()?;
    let done: HashSet<(&Binary, &str)> = before.iter().map(|test| (&test.binary, test.name.as_str())).collect();
    let mut left = Vec::new();
    for binary in binaries {
        let output = binary.command(LONGEST).args(["--list", "--format=terse"]).output()?;
        let text = String::from_utf8(output.stdout)?;
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        left.extend(names.filter(|name| !done.contains(&(binary, name))).map(|name| (binary, name.to_owned())));
    }
    eprintln!("running {} tests without a mutant", left.len());
    in_parallel(1, left.len(), |number| {
        let (binary, name) = &left[number];
        records.append(&run(binary, name, &state.join(format!("reached-{number}"))));
    });
    let (passing, failing): (Vec<_>, Vec<_>) = records.read()?.into_iter().partition(|test: &Test| test.passes);
    for Test { binary, name, .. } in failing {
        eprintln!("{} {name} fails without a mutant, and is not used", binary.name);
    }
    Ok(passing)
}

fn run(binary: &Binary, name: &str, reached: &Path) -> Test {
    // There is one, if a run was stopped here.
    let _ = fs::remove_file(reached);
    let mut command = binary.command(LONGEST);
    command.args(["--exact", name]).env("MUTANTS_REACHED", reached).stdout(Stdio::null());
    let began = Instant::now();
    let passes = command.status().expect("prlimit can be run").success();
    let seconds = began.elapsed().as_secs_f64();
    // There is none, if the test has nothing of the crate.
    let ids = fs::read(reached).unwrap_or_default();
    let _ = fs::remove_file(reached);
    let ids = ids.chunks_exact(4).map(|id| u32::from_le_bytes(id.try_into().expect("four")) as usize);
    Test { binary: binary.clone(), name: name.to_owned(), passes, seconds, reached: ids.collect() }
}

/// A file of records, one a line, that a run which goes on has already.
pub struct Records(PathBuf, Mutex<File>);

impl Records {
    pub fn open(path: PathBuf) -> Result<Records> {
        let file = File::options().append(true).create(true).open(&path)?;
        Ok(Records(path, Mutex::new(file)))
    }

    /// Passes over a line that an end cut short.
    pub fn read<T: for<'a> Deserialize<'a>>(&self) -> Result<Vec<T>> {
        let text = fs::read_to_string(&self.0)?;
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    pub fn append(&self, record: &impl Serialize) {
        let line = format!("\n{}", serde_json::to_string(record).expect("JSON"));
        self.1.lock().expect("no panic").write_all(line.as_bytes()).expect("the records can be written");
    }
}
