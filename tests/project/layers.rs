//! The table in docs/DESIGN.md says which module may import which. This test compares it with the imports.

use crate::imports::{Import, ModulePath, Modules};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENT: &str = "docs/DESIGN.md";

/// Imports that exist although the table forbids them. This list may only become shorter.
const FORBIDDEN_STILL_THERE: &[(&str, &str)] = &[];

/// Files that are too long. This list may only become shorter.
const LONGER_STILL: &[&str] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of the table: one module or several under one name, from the lowest to the highest.
struct Row {
    name: String,
    modules: Vec<String>,
    knows: BTreeSet<String>,
}

/// The words of a cell, which are separated by commas.
fn list(cell: &str) -> Vec<String> {
    cell.split(',').map(|word| word.trim().trim_matches('`').to_owned()).collect()
}

/// The table from the lowest layer to the highest. Several modules of one row have names with the same beginning.
fn table() -> Vec<Row> {
    let text = fs::read_to_string(root().join(DOCUMENT)).expect("a readable document");
    let (_, rows) = text.split_once("\n| module | job | knows |\n|---|---|---|\n").expect("the table of modules");
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [modules, job, knows] = cells[..] else { panic!("not three cells: {line}") };
        let modules = list(modules);
        let name = match &modules[..] {
            [module] => module.clone(),
            _ => job.split(':').next().unwrap_or_default().to_owned(),
        };
        Row { name, modules, knows: list(knows).into_iter().filter(|word| word != "nobody").collect() }
    };
    rows.lines().take_while(|line| line.starts_with('|')).map(row).collect()
}

/// The imports between top-level modules.
fn imports_of_top_level_modules(imports: &BTreeSet<Import>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for Import { from, to, .. } in imports {
        if from[0] != to[0] {
            known.entry(&from[0]).or_default().insert(&to[0]);
        }
    }
    known
}

#[test]
fn each_module_knows_what_the_table_in_design_says_and_nothing_above_it() {
    let modules = Modules::read(&root().join("src"));
    let imports = modules.imports();
    let known = imports_of_top_level_modules(&imports);
    let mut wrong = Vec::new();
    let mut forbidden: BTreeSet<(&str, &str)> = FORBIDDEN_STILL_THERE.iter().copied().collect();
    let rows = table();
    // The modules above the present one, each with the name of its row.
    let mut above: BTreeMap<&str, &str> = BTreeMap::new();
    for row in &rows {
        let mut knows = BTreeSet::new();
        for module in &row.modules {
            for other in known.get(module.as_str()).into_iter().flatten() {
                match above.get(other) {
                    _ if forbidden.remove(&(module.as_str(), *other)) => {}
                    None => wrong.push(format!("`{module}` imports `{other}`, which does not stand above it")),
                    Some(name) if *name == row.name => {}
                    Some(name) => drop(knows.insert((*name).to_owned())),
                }
            }
            above.insert(module, &row.name);
        }
        let more: Vec<_> = knows.difference(&row.knows).collect();
        let less: Vec<_> = row.knows.difference(&knows).collect();
        if !more.is_empty() || !less.is_empty() {
            wrong.push(format!("{}: add {more:?} to the last cell, take {less:?} off", row.name));
        }
    }
    let there: BTreeSet<&str> = modules.paths().filter_map(|path| path.first()).map(String::as_str).collect();
    let listed: BTreeSet<&str> = above.keys().copied().collect();
    wrong.extend(there.difference(&listed).map(|module| format!("`{module}` is not in the table")));
    wrong.extend(listed.difference(&there).map(|module| format!("`{module}` is not in src")));
    wrong.extend(forbidden.iter().map(|(from, to)| format!("`{from}` imports `{to}` no longer: take it off the list")));
    assert!(wrong.is_empty(), "the table of modules in {DOCUMENT}:\n{}", wrong.join("\n"));
}

/// Modules that can be reached from each other.
fn circles(imports: &BTreeSet<Import>) -> BTreeSet<BTreeSet<ModulePath>> {
    let mut next: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
    for Import { from, to, .. } in imports.iter().filter(|import| !import.reexport) {
        next.entry(from).or_default().insert(to);
    }
    let reached = |from: &ModulePath| {
        let mut reached: BTreeSet<&ModulePath> = BTreeSet::new();
        let mut open: Vec<&ModulePath> = next.get(from).into_iter().flatten().copied().collect();
        while let Some(module) = open.pop() {
            if reached.insert(module) {
                open.extend(next.get(module).into_iter().flatten());
            }
        }
        reached
    };
    let reach: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = next.keys().map(|from| (*from, reached(from))).collect();
    let in_circle = |a: &ModulePath, b: &ModulePath| {
        reach.get(a).is_some_and(|reached| reached.contains(b))
            && reach.get(b).is_some_and(|reached| reached.contains(a))
    };
    let all = reach.keys().filter(|module| in_circle(module, module));
    all.map(|module| reach.keys().filter(|other| in_circle(module, other)).map(|other| (*other).clone()).collect())
        .collect()
}

/// One place decides which cryptographic provider is used: no other file names one.
#[test]
fn only_the_seam_names_a_provider() {
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    rust_files(&root().join("src"), &mut files);
    for file in files.iter().filter(|file| !file.starts_with(root().join("src/crypto/provider"))) {
        let text = fs::read_to_string(file).expect("a text");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let names = code.filter(|line| names_a_crate(line, "ring") || names_a_crate(line, "aws_lc_rs"));
        wrong.extend(names.map(|line| format!("{}: {line}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn names_a_crate(line: &str, name: &str) -> bool {
    let part_of_a_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(&format!("{name}::")).any(|(at, _)| !line[..at].ends_with(part_of_a_name))
}

/// A re-export makes no circle, because it uses nothing.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let imports = Modules::read(&root().join("src")).imports();
    let circles: Vec<String> = circles(&imports).iter().map(|circle| edges(&imports, circle)).collect();
    assert!(circles.is_empty(), "these files import each other in a circle:\n{}", circles.join("\n\n"));
}

/// The imports of a circle, one on each line.
fn edges(imports: &BTreeSet<Import>, circle: &BTreeSet<ModulePath>) -> String {
    let inside = imports.iter().filter(|import| circle.contains(&import.from) && circle.contains(&import.to));
    inside
        .map(|import| format!("{} imports {}", import.from.join("::"), import.to.join("::")))
        .collect::<Vec<_>>()
        .join("\n")
}

pub fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn no_rust_file_has_more_than_500_lines() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples", "benches", "fuzz"] {
        // A published crate has no benches and no fuzz targets.
        if root().join(folder).exists() {
            rust_files(&root().join(folder), &mut files);
        }
    }
    let long = files.iter().filter(|path| fs::read_to_string(path).expect("a text").lines().count() > 500);
    let name = |path: &PathBuf| path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
    let long: BTreeSet<String> = long.map(name).collect();
    let known: BTreeSet<String> = LONGER_STILL.iter().map(|name| (*name).to_owned()).collect();
    let new: Vec<_> = long.difference(&known).collect();
    assert!(new.is_empty(), "more than 500 lines, split them: {new:?}");
    let gone: Vec<_> = known.difference(&long).collect();
    assert!(gone.is_empty(), "not too long any longer, take them off the list: {gone:?}");
}
