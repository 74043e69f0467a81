//! Files, and tests in files, that the documents name exist.

use crate::layers::rust_files;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 8] = [".ci/", "benches/", "docs/", "examples/", "fuzz/", "src/", "tests/", "vectors/"];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every document except those of vectors.
pub fn documents() -> Vec<PathBuf> {
    let mut documents = vec![root().join("fuzz/README.md")];
    for folder in [root().to_path_buf(), root().join("docs"), root().join("docs/lessons")] {
        let files = fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("an entry").path());
        documents.extend(files.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    documents
}

/// The text in backticks, and the text after it.
fn quoted(text: &str) -> Vec<(&str, &str)> {
    let mut quoted = Vec::new();
    let mut rest = text;
    while let Some((_, begin)) = rest.split_once('`') {
        let Some((word, behind)) = begin.split_once('`') else { break };
        quoted.push((word, behind));
        rest = behind;
    }
    quoted
}

/// A path in this project: it begins with one of its folders, and has no placeholder.
fn is_path(word: &str) -> bool {
    FOLDERS.iter().any(|folder| word.starts_with(folder)) && !word.contains([' ', '*', '<', '{', '$'])
        // A place that a user replaces, or that a program makes.
        && !word.chars().any(char::is_uppercase)
        && !["fuzz/corpus", "fuzz/artifacts"].iter().any(|made| word.starts_with(made))
}

/// Without code blocks: they have the output of programs, and other projects' files.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("a text"));
        for (word, _) in quoted(&text).into_iter().filter(|(word, _)| is_path(word)) {
            if !root().join(word).exists() {
                missing.push(format!("{}: {word}", document.display()));
            }
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://") || link.starts_with("mailto:");
            if !outside && !document.with_file_name(link).exists() {
                missing.push(format!("{}: the link to {link}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// The rows of the table of features, in a text whose lines begin with `margin`.
fn table_of_features(text: &str, margin: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(margin));
    let table = lines.skip_while(|line| !line.starts_with("| Feature |")).take_while(|line| line.starts_with('|'));
    table.skip(2).map(str::to_owned).collect()
}

#[test]
fn the_tables_of_features_are_those_of_the_manifest() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("a text");
    let manifest = read("Cargo.toml");
    let section = manifest.split("\n[features]\n").nth(1).and_then(|rest| rest.split("\n[").next()).expect("features");
    let mut features: Vec<_> =
        section.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    features.retain(|name| !name.starts_with('#') && !["default", "hazmat-testing"].contains(name));
    features.sort_unstable();

    let table = table_of_features(&read("README.md"), "");
    let mut documented: Vec<_> = table.iter().filter_map(|row| row.split('`').nth(1)).collect();
    documented.sort_unstable();
    assert_eq!(documented, features, "README.md and Cargo.toml");
    assert_eq!(table_of_features(&read("src/lib.rs"), "//! "), table, "src/lib.rs and README.md");

    // docs.rs shows every feature for users, and no test seam.
    let shown = manifest.split("\n[package.metadata.docs.rs]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let shown = shown.expect("the features that docs.rs shows");
    assert!(!shown.contains("hazmat") && !shown.contains("all-features"), "{shown}");
}

#[test]
fn the_table_of_dependencies_is_that_of_the_manifest() {
    let read = |file: &str| fs::read_to_string(root().join(file)).expect("a text");
    let (manifest, lock, security) = (read("Cargo.toml"), read("Cargo.lock"), read("docs/SECURITY.md"));
    let section = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next()).expect("them");
    let needed = section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let rows = security.split("\n| Package |").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("the table");
    let rows: Vec<_> = rows.lines().skip(2).map(|row| row.split('|').map(str::trim).collect::<Vec<_>>()).collect();
    let named: Vec<_> = rows.iter().map(|row| row[1].trim_matches('`')).collect();
    for (name, _) in needed {
        assert!(named.contains(&name), "docs/SECURITY.md does not speak of {name}");
    }
    for (name, row) in named.iter().zip(&rows) {
        let locked = format!("name = \"{name}\"\nversion = \"{}\"", row[2]);
        assert!(lock.contains(&locked), "Cargo.lock has no {name} {}", row[2]);
    }
}

/// "`tests/file.rs`: `name_of_a_test`".
#[test]
fn every_test_that_a_document_names_behind_its_file_is_there() {
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("a text"));
        for (file, behind) in quoted(&text).into_iter().filter(|(word, _)| is_path(word) && word.ends_with(".rs")) {
            let Some(name) = behind.strip_prefix(": `").and_then(|rest| rest.split('`').next()) else { continue };
            let code = fs::read_to_string(root().join(file)).unwrap_or_default();
            if !code.contains(&format!("fn {name}(")) {
                missing.push(format!("{}: {name} in {file}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// docs/DESIGN.md, "Where it is enforced": each file, and the names to look for in it.
#[test]
fn what_enforces_a_rule_is_where_the_design_says() {
    let text = fs::read_to_string(root().join("docs/DESIGN.md")).expect("a text");
    let (_, rest) = text.split_once("\n## Where it is enforced\n").expect("the tables");
    let section = rest.split("\n## ").next().unwrap_or_default();
    let (mut rows, mut missing) = (0, Vec::new());
    for row in section.lines().filter(|line| line.starts_with("| ") && *line != "| what | where |") {
        rows += 1;
        let place = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        let mut code = String::new();
        for (word, _) in quoted(place) {
            let path = root().join("src").join(word);
            if path.is_file() {
                code.push_str(&fs::read_to_string(path).expect("a text"));
            } else if !path.is_dir()
                && !["fn ", "const ", "struct "].iter().any(|is| code.contains(&format!("{is}{word}")))
            {
                missing.push(format!("{word}: {row}"));
            }
        }
    }
    assert!(rows > 50, "{rows} rows");
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// A name with the form of a test's name (words joined by underscores) exists in the code.
#[test]
fn what_looks_like_the_name_of_a_test_is_there() {
    let mut files = Vec::new();
    for folder in ["src", "tests", "examples", "fuzz", "benches"] {
        rust_files(&root().join(folder), &mut files);
    }
    let code: String = files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect();
    let mut missing = Vec::new();
    for document in documents() {
        let text = prose(&fs::read_to_string(&document).expect("a text"));
        for (word, _) in quoted(&text) {
            let name = word.rsplit("::").next().unwrap_or_default();
            let is_sentence = name.matches('_').count() >= 4
                && name
                    .chars()
                    .all(|character| character == '_' || character.is_ascii_lowercase() || character.is_ascii_digit());
            if is_sentence && !code.contains(&format!("fn {name}(")) {
                missing.push(format!("{}: {name}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "these are not there:\n{}", missing.join("\n"));
}

/// The anchors of a document: its headings as GitHub and crates.io write them. A second one with the same name ends
/// with -1.
fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for heading in prose(text).lines().filter(|line| line.starts_with('#')) {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept =
            heading.chars().filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
        let anchor = kept.collect::<String>().replace(' ', "-");
        let before = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
    }
    anchors
}

#[test]
fn every_heading_that_a_document_links_to_is_there() {
    let (mut seen, mut missing) = (0, Vec::new());
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a text");
        for link in prose(&text).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, anchor)) = link.split_once('#').filter(|(file, _)| !file.contains("://")) else { continue };
            let target = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            seen += 1;
            if !anchors(&fs::read_to_string(target).unwrap_or_default()).iter().any(|there| there == anchor) {
                missing.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(seen > 20, "{seen} links");
    assert!(missing.is_empty(), "no such headings:\n{}", missing.join("\n"));
}

/// Code in a document is compiled with the crate's documentation, or compared with a program that is compiled.
#[test]
fn the_code_in_documents_is_compiled() {
    // The README's two are `examples/services/programs/readme_*.rs`, and one of the guide's is `guide_server.rs` in the tests
    // there; two have a user's loop in them, and the whole example is in the documentation of `adversary::embedding`.
    let left_out = [("README.md", 2), ("docs/GUIDE.md", 3)];
    let library = fs::read_to_string(root().join("src/lib.rs")).expect("a text");
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a text");
        let name = document.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
        let code: Vec<&str> = text.lines().map(str::trim_start).filter(|line| line.starts_with("```rust")).collect();
        let ignored = code.iter().filter(|line| line.contains("ignore")).count();
        let known = left_out.iter().find(|(of, _)| *of == name).map_or(0, |(_, blocks)| *blocks);
        assert_eq!(ignored, known, "{name}: blocks that are not compiled");
        let compiled = library.contains(&format!("#[doc = include_str!(\"../{name}\")]"));
        assert!(compiled || code.len() == ignored, "{name} has code, and src/lib.rs does not compile it");
    }
}

/// A renamed test would not be excluded any more, and Miri would run it for hours.
#[test]
fn what_miri_leaves_out_is_there() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let code: String = files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect();
    let script = fs::read_to_string(root().join(".ci/miri")).expect("a text");
    let list = script.split("for test in ").nth(1).and_then(|rest| rest.split("; do").next()).expect("a list");
    for name in list.split_whitespace() {
        let there = match name.strip_suffix("::") {
            Some(module) => root().join(format!("src/{}.rs", module.replace("::", "/"))).exists(),
            None => code.contains(&format!("fn {name}")),
        };
        assert!(there, ".ci/miri leaves out {name}, which is not there");
    }
}
