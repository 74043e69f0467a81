//! The commands in the documents can be typed: each package, feature, target, test and option exists.

use crate::documents::{documents, root};
use crate::layers::rust_files;
use crate::manifest::Manifest;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The packages of the programs in the documents.
const PACKAGES: [&str; 4] = ["", "examples/services", "examples/pkcs11", "tests/neighbours"];

// ---------------------------------------------------------------------------------------------------------------------
// Finding commands

/// A command, and its place.
struct Command {
    place: String,
    words: Vec<String>,
}

/// What a shell would run: lines of ```sh blocks, and text in backticks, divided into single commands.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    for (number, part) in text.split("\n```").enumerate() {
        if number % 2 == 1 {
            let (kind, block) = part.split_once('\n').unwrap_or_default();
            if kind.starts_with("sh") || kind == "ini" {
                pieces.extend(block.replace("\\\n", " ").lines().map(str::to_owned));
            }
        } else {
            pieces.extend(part.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")));
        }
    }
    pieces
}

/// The words of a shell line, as far as the documents need it: with quotes, and `#` as the beginning of a comment.
fn words(piece: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let (mut word, mut quote, mut quoted) = (String::new(), None, false);
    for character in piece.chars().chain([' ']) {
        match (quote, character) {
            (None, '\'' | '"') => (quote, quoted) = (Some(character), true),
            (Some(mark), _) if mark == character => quote = None,
            (None, '#') if word.is_empty() => break,
            (None, ' ' | '|' | '&' | ';' | '(' | ')' | '[' | ']') => {
                let last = commands.last_mut().expect("one at least");
                if quoted || !word.is_empty() {
                    last.push(std::mem::take(&mut word));
                }
                quoted = false;
                if !matches!(character, ' ' | '[' | ']') {
                    commands.push(Vec::new());
                }
            }
            _ => word.push(character),
        }
    }
    commands.retain(|words| !words.is_empty());
    commands
}

/// Every command of cargo and of the programs with these names. A `cd FOLDER` before it is kept as its first word.
fn commands(programs: &BTreeSet<String>) -> Vec<Command> {
    let mut found = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a text");
        for piece in pieces(&text) {
            let mut folder = String::new();
            for mut words in words(&piece) {
                if words[0] == "cd" {
                    folder = words.pop().unwrap_or_default();
                    continue;
                }
                words[0] = words[0].rsplit(['/', '=']).next().unwrap_or_default().to_owned();
                if words[0] == "cargo" || programs.contains(&words[0]) {
                    words.insert(0, folder.clone());
                    let place = format!("{}: {}", document.display(), words.join(" "));
                    found.push(Command { place, words });
                }
            }
        }
    }
    found
}

// ---------------------------------------------------------------------------------------------------------------------
// Programs and their options

/// The code of a program without comments: its folder, or its file and the common modules.
fn code_of(package: &str, path: &str) -> String {
    let file = root().join(package).join(path);
    let mut files = Vec::new();
    if path.ends_with("main.rs") {
        rust_files(file.parent().expect("a folder"), &mut files);
    } else {
        files.push(file.clone());
        let shared = match package {
            "" => root().join("examples/common"),
            _ => root().join(package),
        };
        let beside = fs::read_dir(shared).expect("a readable folder").map(|entry| entry.expect("an entry").path());
        files.extend(beside.filter(|path| path.extension().is_some_and(|extension| extension == "rs")));
    }
    let code = |file: &PathBuf| fs::read_to_string(file).expect("a text");
    let lines: Vec<String> = files.iter().map(code).collect();
    lines.join("\n").lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

struct Program {
    name: String,
    code: String,
}

fn programs() -> Vec<Program> {
    let mut programs = Vec::new();
    for package in PACKAGES {
        let manifest = Manifest::read(package);
        for kind in ["example", "bin"] {
            for target in manifest.targets(kind) {
                programs.push(Program { code: code_of(package, &target.path), name: target.name });
            }
        }
    }
    programs
}

/// Whether the code contains this option, and not only a longer one that begins with it.
fn knows(code: &str, option: &str) -> bool {
    let goes_on = |rest: &str| rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-');
    code.match_indices(option).any(|(at, _)| !goes_on(&code[at + option.len()..]))
}

/// The name in `--name=value` and `--name`.
fn option(word: &str) -> Option<&str> {
    let name = word.split(['=', ',', '.']).next().unwrap_or_default();
    (name.len() > 2 && name.starts_with("--")).then_some(name)
}

/// The invalid arguments of a program of ours.
fn wrong_arguments(name: &str, arguments: &[String], programs: &[Program]) -> Vec<String> {
    // Two programs have the name `long_lived`. An argument of either is valid.
    let code: String = programs.iter().filter(|program| program.name == name).map(|program| &*program.code).collect();
    let options = arguments.iter().filter_map(|word| option(word)).filter(|option| !knows(&code, option));
    let mut wrong: Vec<String> = options.map(|option| format!("{name} has no {option}")).collect();
    if ["pki", "pkcs11", "probe"].contains(&name)
        && let Some(verb) = arguments.first().filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase()))
        && !code.contains(&format!("\"{verb}\""))
    {
        wrong.push(format!("{name} knows no {verb}"));
    }
    wrong
}

// ---------------------------------------------------------------------------------------------------------------------
// Cargo's arguments

/// The targets, features and tests of a cargo command.
#[derive(Default)]
struct Cargo<'a> {
    verb: &'a str,
    package: String,
    features: Vec<&'a str>,
    /// The kind of a target, and its name.
    target: Option<(&'a str, &'a str)>,
    free: Vec<&'a str>,
    arguments: &'a [String],
}

impl<'a> Cargo<'a> {
    /// `words` begin with the folder and `cargo`.
    fn parse(words: &'a [String]) -> Result<Cargo<'a>, String> {
        let dashes = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let mut cargo = Cargo { package: words[0].clone(), ..Cargo::default() };
        cargo.arguments = words.get(dashes + 1..).unwrap_or_default();
        let mut rest = words[2..dashes].iter().map(String::as_str).filter(|word| !word.starts_with('+'));
        cargo.verb = rest.next().unwrap_or_default();
        while let Some(word) = rest.next() {
            let mut value = || rest.next().ok_or_else(|| format!("{word} has no value"));
            match word {
                "-q" | "--quiet" | "--release" | "--locked" | "--tests" | "--doc" | "--lib" | "--dry-run" => (),
                "--manifest-path" => cargo.package = value()?.trim_end_matches("Cargo.toml").to_owned(),
                "--path" => cargo.free.push(value()?),
                "--features" => cargo.features.extend(value()?.split(',')),
                "--example" | "--bin" | "--test" | "--bench" => cargo.target = Some((&word[2..], value()?)),
                "-s" if cargo.verb == "fuzz" => drop(value()?),
                _ if option(word).is_some() => return Err(format!("this test does not know {word}")),
                _ => cargo.free.push(word),
            }
        }
        Ok(cargo)
    }

    fn wrong(&self, programs: &[Program]) -> Result<Vec<String>, String> {
        match self.verb {
            "run" | "test" | "bench" => self.wrong_in(&Manifest::read(&self.package), programs),
            "install" if matches!(self.free[..], ["countersign" | "."]) => self.wrong_in(&Manifest::read(""), programs),
            "fuzz" => Ok(self.wrong_for_fuzz()),
            "install" | "publish" | "mutants" => Ok(Vec::new()),
            _ => Err(format!("this test does not know cargo {}", self.verb)),
        }
    }

    fn wrong_in(&self, manifest: &Manifest, programs: &[Program]) -> Result<Vec<String>, String> {
        let mut wrong = Vec::new();
        for feature in self.features.iter().filter(|feature| !manifest.has_feature(feature)) {
            wrong.push(format!("there is no feature {feature}"));
        }
        if let Some((kind, name)) = self.target {
            let Some(target) = manifest.targets(kind).into_iter().find(|target| target.name == name) else {
                return Ok(vec![format!("there is no {kind} {name}")]);
            };
            // The features of our own dev-dependency do not exist for users of the crate.
            let from_registry = self.free == ["countersign"];
            let enabled = manifest.enabled(&self.features, !from_registry);
            for feature in target.required.iter().filter(|feature| !enabled.contains(*feature)) {
                wrong.push(format!("{name} needs the feature {feature}"));
            }
        }
        match (self.verb, self.target) {
            ("run", Some((_, name))) => wrong.extend(wrong_arguments(name, self.arguments, programs)),
            ("run", None) if self.package.contains("pkcs11") => {
                wrong.extend(wrong_arguments("pkcs11", self.arguments, programs));
            }
            ("bench", Some((_, name))) => {
                let code = fs::read_to_string(root().join(&self.package).join(format!("{name}.rs"))).expect("a bench");
                let unknown = self.arguments.iter().filter(|word| !code.contains(&format!("\"{word}\"")));
                wrong.extend(unknown.map(|word| format!("{name} knows no {word}")));
            }
            ("test", target) => {
                let known = ["--ignored", "--include-ignored", "--nocapture"];
                let unknown = self.arguments.iter().filter(|word| !known.contains(&word.as_str()));
                wrong.extend(unknown.map(|word| format!("this test does not know {word}")));
                let tests = self.free.iter().filter(|filter| !self.has_test(target, filter));
                wrong.extend(tests.map(|filter| format!("no test has {filter} in its name")));
            }
            _ => (),
        }
        Ok(wrong)
    }

    /// Whether the path of a test contains this text: a function, or a module above it.
    fn has_test(&self, target: Option<(&str, &str)>, filter: &str) -> bool {
        let folder = root().join(&self.package).join("tests").join(target.map_or("", |(_, name)| name));
        let folder = if folder.is_dir() { folder } else { root().join(&self.package) };
        let mut files = Vec::new();
        rust_files(&folder, &mut files);
        let named = |file: &Path| file.strip_prefix(&folder).is_ok_and(|path| path.to_string_lossy().contains(filter));
        let is_test = |line: &str| {
            line.trim_start()
                .strip_prefix("fn ")
                .and_then(|rest| rest.split('(').next())
                .is_some_and(|f| f.contains(filter))
        };
        files.iter().any(|file| named(file) || fs::read_to_string(file).expect("a text").lines().any(is_test))
    }

    /// cargo fuzz VERB TARGET. A word in capitals stands for any target.
    fn wrong_for_fuzz(&self) -> Vec<String> {
        let target = self.free.get(1).filter(|name| !name.chars().any(char::is_uppercase));
        let missing = target.filter(|name| !root().join(format!("fuzz/fuzz_targets/{name}.rs")).exists());
        missing.map(|name| format!("there is no fuzz target {name}")).into_iter().collect()
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The tests

#[test]
fn every_command_that_a_document_shows_can_be_typed() {
    let programs = programs();
    let names: BTreeSet<String> = programs.iter().map(|program| program.name.clone()).collect();
    let commands = commands(&names);
    let of_cargo = commands.iter().filter(|command| command.words[1] == "cargo").count();
    assert!(of_cargo > 70 && commands.len() > of_cargo + 10, "{of_cargo} of {}: are they read?", commands.len());
    let mut wrong = Vec::new();
    for Command { place, words } in &commands {
        let found = match words[1].as_str() {
            "cargo" => Cargo::parse(words).and_then(|cargo| cargo.wrong(&programs)),
            program => Ok(wrong_arguments(program, &words[2..], &programs)),
        };
        wrong.extend(found.unwrap_or_else(|error| vec![error]).into_iter().map(|what| format!("{place}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// "`--full` plays all": options without their program, on the page of the probe or elsewhere.
#[test]
fn every_option_that_a_document_names_by_itself_is_an_option_of_ours() {
    let programs = programs();
    let all: String = programs.iter().map(|program| &*program.code).collect();
    let probe: String =
        programs.iter().filter(|program| program.name == "probe").map(|program| &*program.code).collect();
    let mut wrong = Vec::new();
    for document in documents() {
        let code = if document.ends_with("docs/PROBE.md") { &probe } else { &all };
        for words in pieces(&fs::read_to_string(&document).expect("a text")).iter().flat_map(|piece| words(piece)) {
            // Cargo's own options are there, too: "the same with `--features mlkem`".
            if option(&words[0]).is_none() || words[0] == "--features" {
                continue;
            }
            for option in words.iter().filter_map(|word| option(word)).filter(|option| !knows(code, option)) {
                wrong.push(format!("{}: {option}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "no program of ours has these:\n{}", wrong.join("\n"));
}

/// The README's table of examples has all of them, with the right options.
#[test]
fn the_table_of_examples_is_that_of_the_manifests() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a text");
    let section = readme.split("\n## Examples\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("it");
    let programs = programs();
    let mut named = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cell = row.split('|').nth(1).unwrap_or_default();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        let options = row.split('`').skip(1).step_by(2).flat_map(words).flatten();
        let options: Vec<String> = options.filter(|word| option(word).is_some() && word != "--features").collect();
        let known = |option: &str| {
            let its_own = programs.iter().filter(|program| names.contains(&program.name.as_str()));
            its_own.into_iter().any(|program| knows(&program.code, option)) || ["--example"].contains(&option)
        };
        let wrong: Vec<&String> = options.iter().filter(|word| !known(option(word).unwrap_or_default())).collect();
        assert!(wrong.is_empty(), "{names:?} have not {wrong:?}");
        named.extend(names.into_iter().map(str::to_owned));
    }
    let examples = Manifest::read("").targets("example").into_iter().map(|target| target.name);
    let missing: Vec<String> = examples.filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "README.md does not speak of {missing:?}");
    let there = |name: &String| {
        programs.iter().any(|program| program.name == *name) || root().join("examples").join(name).is_dir()
    };
    let strange: Vec<&String> = named.iter().filter(|name| !there(name)).collect();
    assert!(strange.is_empty(), "there are no examples {strange:?}");
}
