//! Compiles the program that has all mutants. Those that do not compile go, by the compiler's own errors; then again.
use crate::Result;
use crate::list::{Mutant, Verdict};
use crate::rewrite::{self, Learned};
use crate::tests::{Binary, SUITES, Suite};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Gives the binaries of the tests, and which mutants they do not have.
pub fn build(
    checkout: &Path,
    copy: &Path,
    state: &Path,
    mutants: &[Mutant],
) -> Result<(Vec<Binary>, BTreeMap<usize, Verdict>)> {
    let file = state.join("learned.json");
    let mut learned: Learned =
        fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    rewrite_all(checkout, copy, mutants, &mut learned)?;
    let mut binaries = SUITES.map(|_| Vec::new());
    // How many suites in a row compiled without a change of the sources.
    let (mut suite, mut compiled) = (0, 0);
    while compiled < SUITES.len() {
        eprintln!("compiling the tests in {}", SUITES[suite].folder);
        let (found, errors) = compile(copy, &SUITES[suite])?;
        if errors.is_empty() {
            binaries[suite] = found;
            (suite, compiled) = ((suite + 1) % SUITES.len(), compiled + 1);
        } else {
            learn(copy, &errors, &mut learned)?;
            rewrite_all(checkout, copy, mutants, &mut learned)?;
            fs::write(&file, serde_json::to_vec(&learned)?)?;
            compiled = 0;
        }
    }
    Ok((binaries.concat(), learned.left_out))
}

/// Writes what changed only, so that cargo does not compile again what is the same.
fn rewrite_all(checkout: &Path, copy: &Path, mutants: &[Mutant], learned: &mut Learned) -> Result<()> {
    // The root gets the switches, with mutants or without.
    let mut files: BTreeMap<&str, Vec<(usize, &Mutant)>> = [("src/lib.rs", Vec::new())].into();
    for (id, mutant) in mutants.iter().enumerate() {
        files.entry(&mutant.file).or_default().push((id, mutant));
    }
    for (file, of_file) in files {
        let source = fs::read_to_string(checkout.join(file))?;
        let mut text = rewrite::rewrite(&source, &of_file, learned).map_err(|error| format!("{file}: {error}"))?;
        if file == "src/lib.rs" {
            // Two of the lints that are errors by default see that a mutant computes nonsense.
            text = text
                .replace("#![forbid(unsafe_code)]", "#![allow(warnings, arithmetic_overflow, unconditional_panic)]");
            let switch = include_str!("../switch.rs");
            text += "\n#[allow(unsafe_code)]\nmod mutant_switch {\n";
            text += &format!("    const MUTANTS: usize = {};\n{switch}}}\n", mutants.len());
        }
        let target = copy.join(file);
        if fs::read_to_string(&target)? != text {
            fs::write(target, text)?;
        }
    }
    Ok(())
}

/// Gives the binaries, and the compiler's errors.
fn compile(copy: &Path, suite: &Suite) -> Result<(Vec<Binary>, Vec<Value>)> {
    let folder = copy.join(suite.folder);
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--no-run", "--locked", "--message-format=json"]).args(suite.arguments).current_dir(&folder);
    let output = cargo.output()?;
    let (mut binaries, mut errors) = (Vec::new(), Vec::new());
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(mut line) = serde_json::from_slice::<Value>(line) else { continue };
        let name = line["target"]["name"].as_str().unwrap_or_default().to_owned();
        // The last error only counts the others, and has no place.
        if line["message"]["level"] == "error" && line["message"]["spans"].get(0).is_some() {
            errors.push(line["message"].take());
        } else if line["profile"]["test"] == true && !suite.without.contains(&name.as_str()) {
            let path = line["executable"].as_str().ok_or("a test has no binary")?.into();
            binaries.push(Binary { path, name, folder: folder.clone() });
        }
    }
    if !output.status.success() && errors.is_empty() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok((binaries, errors))
}

/// Some error must teach something, or we would go round in circles.
fn learn(copy: &Path, errors: &[Value], learned: &mut Learned) -> Result<()> {
    let (left_out, constant) = (learned.left_out.len(), learned.constant.len());
    let mut strange = Vec::new();
    for error in errors {
        let in_constant = error["code"]["code"] == "E0015";
        let function = error["message"].as_str().filter(|_| in_constant).and_then(function_in);
        if let Some(name) = function.filter(|name| *name != "is") {
            learned.constant.insert(name.to_owned());
        } else if let Some(id) = mutant_of(copy, error) {
            let why = if in_constant { Verdict::Constant } else { Verdict::Unviable };
            learned.left_out.entry(id).or_insert(why);
        } else {
            strange.push(error["rendered"].as_str().unwrap_or_default());
        }
    }
    let (left_out, constant) = (learned.left_out.len() - left_out, learned.constant.len() - constant);
    eprintln!("  {left_out} mutants do not compile, {constant} functions must stay const");
    if left_out + constant == 0 {
        return Err(format!("this program does not understand these errors:\n{}", strange.join("\n")).into());
    }
    Ok(())
}

/// `function` in "cannot call non-const method `a::Type::<T>::function` in constants".
fn function_in(message: &str) -> Option<&str> {
    let path = message.split('`').nth(1)?;
    let path = if path.ends_with('>') { path.rsplit_once("::<")?.0 } else { path };
    path.rsplit("::").next()
}

/// The mutant whose text the error names: as its own place, in a hint, or beside.
fn mutant_of(copy: &Path, error: &Value) -> Option<usize> {
    let all = |value: &Value| value["spans"].as_array().cloned().unwrap_or_default();
    let (own, beside): (Vec<_>, Vec<_>) = all(error).into_iter().partition(|span| span["is_primary"] == true);
    let hints = error["children"].as_array().into_iter().flatten().flat_map(all);
    own.into_iter().chain(hints).chain(beside).find_map(|span| {
        let source = fs::read_to_string(copy.join(span["file_name"].as_str()?)).ok()?;
        rewrite::marked_at(&source, usize::try_from(span["byte_start"].as_u64()?).ok()?)
    })
}
