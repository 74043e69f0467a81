//! Compares `docs/requirements.txt` with the tests, and writes `docs/RFC-COVERAGE.md`.
//!
//! A test proves a requirement by its id in a comment: the marker [`MARK`], then ids separated by commas. The comment
//! is in the test function, directly above it, or (beside a row of a table) anywhere before it. The same comment in
//! other code means that the requirement is obeyed here, and proves nothing.
//!
//! After a change of annotations: `COUNTERSIGN_BLESS=1 cargo test --test project`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Composed, so that this file has no annotation itself.
const MARK: &str = concat!("// ", "req: ");
const CATALOGUE: &str = include_str!("../../docs/requirements.txt");
const DOCUMENT: &str = "docs/RFC-COVERAGE.md";

const HEADER: &str = "\
<!-- Written by tests/project/coverage.rs from docs/requirements.txt and the annotations in src/ and tests/. Do not edit. -->
# What the standards demand, and which test proves it

Every MUST, MUST NOT, SHALL, SHALL NOT and REQUIRED of RFC 9846 (TLS 1.3) and RFC 9261 (authenticators), and of RFC 9001
(QUIC), RFC 8449 (record_size_limit), RFC 7301 (ALPN), RFC 7250 (raw public keys) and RFC 6066 (server_name, status_request)
as far as they are implemented here. The sentences are ours: the standard's own wording decides. Ids are RFC, section,
ordinal of the demand within the section.
";

// ---------------------------------------------------------------------------------------------------------------------
// The catalogue

#[derive(Clone, Copy, PartialEq, Debug)]
enum Status<'a> {
    Applies(&'a str),
    Deviates(&'a str),
    NotApplicable(&'a str),
}

impl<'a> Status<'a> {
    fn parse(text: &'a str) -> Option<Status<'a>> {
        let (word, why) = text.split_once(' ').unwrap_or((text, ""));
        match (word, why.is_empty()) {
            ("applies", _) => Some(Status::Applies(why)),
            ("deviates", false) => Some(Status::Deviates(why)),
            ("n/a", false) => Some(Status::NotApplicable(why)),
            _ => None,
        }
    }

    /// Every requirement that applies must be proved. So must a deviation: a test shows what we do instead.
    fn needs_proof(self) -> bool {
        !matches!(self, Status::NotApplicable(_))
    }
}

struct Requirement<'a> {
    id: &'a str,
    who: &'a str,
    status: Status<'a>,
    sentence: &'a str,
}

struct Section<'a> {
    rfc: &'a str,
    number: &'a str,
    title: &'a str,
    requirements: Vec<Requirement<'a>>,
}

/// The newest RFC first. Numbered sections by number, then the appendices.
fn order(rfc: &str, section: &str) -> (i32, Vec<(bool, u32)>) {
    let part = |p: &str| match p.parse() {
        Ok(number) => (false, number),
        Err(_) => (true, p.bytes().fold(0, |n, letter| n * 256 + u32::from(letter))),
    };
    (-rfc.parse::<i32>().unwrap_or(0), section.split('.').map(part).collect())
}

fn parse(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fail = |what: &str| format!("requirements.txt:{}: {what}: {line}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(heading) = line.strip_prefix('[') {
            let (place, title) = heading.split_once("] ").ok_or_else(|| fail("no title"))?;
            let (rfc, number) = place.split_once(' ').ok_or_else(|| fail("no section"))?;
            if sections.last().is_some_and(|last| order(last.rfc, last.number) >= order(rfc, number)) {
                return Err(fail("sections out of order"));
            }
            sections.push(Section { rfc, number, title, requirements: Vec::new() });
            continue;
        }
        let section = sections.last_mut().ok_or_else(|| fail("no section yet"))?;
        let fields: Vec<&str> = line.split(" | ").collect();
        let [id, who, status, sentence] = fields[..] else { return Err(fail("not four fields")) };
        if id != format!("{}-{}-{}", section.rfc, section.number, section.requirements.len() + 1) {
            return Err(fail("not the next id of its section"));
        }
        if !["client", "server", "both", "-"].contains(&who) {
            return Err(fail("binds nobody that we know"));
        }
        let status = Status::parse(status).ok_or_else(|| fail("no status, or no reason for it"))?;
        if who == "-" && status.needs_proof() {
            return Err(fail("binds no endpoint and yet applies"));
        }
        if !sentence.ends_with(['.', ')']) || sentence.contains('|') {
            return Err(fail("no sentence"));
        }
        section.requirements.push(Requirement { id, who, status, sentence });
    }
    match sections.iter().find(|section| section.requirements.is_empty()) {
        Some(empty) => Err(format!("RFC {} section {} is empty", empty.rfc, empty.number)),
        None => Ok(sections),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The annotations

/// The place of an annotation. `function` is empty if there is none near it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    file: String,
    function: String,
}

#[derive(Default)]
struct Annotations {
    proved: BTreeMap<String, BTreeSet<Place>>,
    obeyed: BTreeMap<String, BTreeSet<Place>>,
    /// In a file of tests, but without a test that it belongs to.
    astray: Vec<String>,
}

struct Function<'a> {
    name: &'a str,
    lines: RangeInclusive<usize>,
    test: bool,
    /// A test that is not run proves nothing.
    ignored: bool,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The last line of the item that begins at `start`. The code is formatted, so the item closes at the same indent.
fn item_end(lines: &[&str], start: usize) -> usize {
    let (first, depth) = (lines[start], indent(lines[start]));
    if first.split("//").next().is_some_and(|code| code.trim_end().ends_with(['}', ';'])) {
        return start;
    }
    let closes = |line: &str| indent(line) == depth && line.trim_start().starts_with(['}', ']']);
    (start..lines.len()).find(|&at| closes(lines[at])).unwrap_or(lines.len() - 1)
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| {
        ["const", "async", "unsafe", "pub"].contains(word) || (word.starts_with("pub(") && word.ends_with(')'))
    });
    (words.next() == Some("fn"))
        .then(|| words.next().unwrap_or(""))
        .map(|name| name.split(['(', '<']).next().unwrap_or(""))
}

/// Every function, and the lines that are compiled only for tests, modules `mod name;` included.
fn outline<'a>(lines: &[&'a str]) -> (Vec<Function<'a>>, Vec<RangeInclusive<usize>>, Vec<&'a str>) {
    let (mut functions, mut regions, mut modules) = (Vec::new(), Vec::new(), Vec::new());
    let mut attributes = String::new();
    for (at, line) in lines.iter().map(|line| line.trim()).enumerate() {
        if line.starts_with("#[") {
            attributes.push_str(line);
        } else if !line.is_empty() && !line.starts_with("//") {
            if attributes.contains("#[cfg(test)]") || attributes.contains("#[cfg(all(test") {
                regions.push(at..=item_end(lines, at));
                modules.extend(line.strip_suffix(';').and_then(|line| line.split("mod ").nth(1)));
            }
            if let Some(name) = function_name(line) {
                let (test, ignored) = (attributes.contains("#[test]"), attributes.contains("#[ignore"));
                functions.push(Function { name, lines: at..=item_end(lines, at), test, ignored });
            }
            attributes.clear();
        }
    }
    (functions, regions, modules)
}

/// Reads one file. `all_tests`: the whole file is compiled only for tests. Returns its modules that are only for tests.
fn scan<'a>(file: &str, text: &'a str, all_tests: bool, into: &mut Annotations) -> Vec<&'a str> {
    let lines: Vec<&str> = text.lines().collect();
    let (functions, regions, modules) = outline(&lines);
    for (at, line) in lines.iter().enumerate() {
        let Some((_, ids)) = line.split_once(MARK) else { continue };
        let in_test = all_tests || regions.iter().any(|region| region.contains(&at));
        // The innermost function around the comment, or otherwise the next one below. In test code only tests count.
        let wanted = |function: &&Function<'_>| function.test || !in_test;
        let around = functions.iter().rfind(|function| function.lines.contains(&at)).filter(wanted);
        let below = functions.iter().filter(wanted).find(|function| *function.lines.start() > at);
        let function = around.or(below);
        if in_test && function.is_none_or(|function| function.ignored) {
            into.astray.push(format!("{file}:{}: no test that runs to prove {ids}", at + 1));
            continue;
        }
        let function = function.map(|function| function.name.to_owned()).unwrap_or_default();
        let place = Place { file: file.to_owned(), function };
        let found = if in_test { &mut into.proved } else { &mut into.obeyed };
        for id in ids.split(',') {
            found.entry(id.trim().to_owned()).or_default().insert(place.clone());
        }
    }
    modules
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
    into.sort();
}

fn annotations() -> Annotations {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    rust_files(&root.join("tests"), &mut files);
    // A parent's `#[cfg(test)] mod name;` makes name.rs and name/ test code, so parents are read first.
    let owns_folder = |path: &Path| path.ends_with("mod.rs") || path.ends_with("lib.rs");
    files.sort_by_key(|path| (path.components().count() - usize::from(owns_folder(path)), path.clone()));
    let mut test_paths = vec![root.join("tests")];
    let mut all = Annotations::default();
    for path in files {
        let text = fs::read_to_string(&path).expect("a readable file");
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        let all_tests = test_paths.iter().any(|test| path.starts_with(test));
        let folder = if owns_folder(&path) { path.with_file_name("") } else { path.with_extension("") };
        for module in scan(&name, &text, all_tests, &mut all) {
            test_paths.push(folder.join(module));
            test_paths.push(folder.join(module).with_extension("rs"));
        }
    }
    all
}

// ---------------------------------------------------------------------------------------------------------------------
// The document

fn places(found: Option<&BTreeSet<Place>>) -> String {
    let one = |place: &Place| match place.function.as_str() {
        "" => format!("`{}`", place.file),
        function => format!("`{}` {function}", place.file),
    };
    found.map(|places| places.iter().map(one).collect::<Vec<_>>().join("<br>")).unwrap_or_default()
}

fn document(sections: &[Section<'_>], found: &Annotations) -> String {
    let mut out = HEADER.to_owned();
    let all = || sections.iter().flat_map(|section| &section.requirements);

    out.push_str("\n## Deliberate deviations\n\n");
    for r in all() {
        if let Status::Deviates(why) = r.status {
            let _ = writeln!(out, "* {} ({}): \"{}\" Not so here: {why}.", r.id, r.who, r.sentence);
        }
    }
    out.push_str("\n## Obeyed within bounds, or with a reservation\n\n");
    out.push_str(
        "What the standard leaves unbounded has a bound here (`src/limits.rs`); beyond it the peer is refused.\n\n",
    );
    for r in all() {
        match r.status {
            Status::Applies(note) if !note.is_empty() => {
                let _ = writeln!(out, "* {} ({}): \"{}\" Applies {note}.", r.id, r.who, r.sentence);
            }
            _ => (),
        }
    }

    out.push_str(
        "\n## In numbers\n\n| RFC | applies | deviates | n/a | of the first two proved |\n|---|---|---|---|---|\n",
    );
    let mut rfcs: Vec<&str> = sections.iter().map(|section| section.rfc).collect();
    rfcs.dedup();
    for rfc in &rfcs {
        let (mut applies, mut deviates, mut not, mut proved) = (0, 0, 0, 0);
        for r in sections.iter().filter(|section| section.rfc == *rfc).flat_map(|section| &section.requirements) {
            match r.status {
                Status::Applies(_) => applies += 1,
                Status::Deviates(_) => deviates += 1,
                Status::NotApplicable(_) => not += 1,
            }
            proved += usize::from(r.status.needs_proof() && found.proved.contains_key(r.id));
        }
        let _ = writeln!(out, "| {rfc} | {applies} | {deviates} | {not} | {proved} |");
    }

    let mut rfc = "";
    for section in sections {
        if section.rfc != rfc {
            rfc = section.rfc;
            let _ = write!(out, "\n## RFC {rfc}\n");
        }
        let _ = write!(out, "\n### {} {}\n\n", section.number, section.title);
        out.push_str("| id | binds | requirement | status | proved by | obeyed at |\n|---|---|---|---|---|---|\n");
        for r in &section.requirements {
            let (proved, obeyed) = (places(found.proved.get(r.id)), places(found.obeyed.get(r.id)));
            let status = match r.status {
                Status::Applies("") => "applies".to_owned(),
                Status::Applies(note) => format!("applies {note}"),
                Status::Deviates(_) => "**deviates** (see above)".to_owned(),
                Status::NotApplicable(why) => format!("n/a: {why}"),
            };
            let proved = if proved.is_empty() && r.status.needs_proof() { "**nothing yet**" } else { &proved };
            let _ = writeln!(out, "| {} | {} | {} | {status} | {proved} | {obeyed} |", r.id, r.who, r.sentence);
        }
    }
    out
}

// ---------------------------------------------------------------------------------------------------------------------
// The tests

fn catalogue() -> Vec<Section<'static>> {
    parse(CATALOGUE).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_annotation_names_a_requirement() {
    let sections = catalogue();
    let known: BTreeSet<&str> = sections.iter().flat_map(|section| &section.requirements).map(|r| r.id).collect();
    let found = annotations();
    let mut wrong = found.astray.clone();
    for (id, places) in found.proved.iter().chain(&found.obeyed) {
        if !known.contains(id.as_str()) {
            wrong.push(format!("{id:?} is no requirement: {places:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_requirement_that_applies_is_proved_by_a_test() {
    let (sections, found) = (catalogue(), annotations());
    let unproved: Vec<String> = sections
        .iter()
        .flat_map(|section| &section.requirements)
        .filter(|r| r.status.needs_proof() && !found.proved.contains_key(r.id))
        .map(|r| format!("{} {}", r.id, r.sentence))
        .collect();
    assert!(unproved.is_empty(), "{} without a test:\n{}", unproved.len(), unproved.join("\n"));
}

#[test]
fn the_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let wanted = document(&catalogue(), &annotations());
    if env::var_os("COUNTERSIGN_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, &wanted).expect("a writable document");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let differs = committed.lines().zip(wanted.lines()).find(|(committed, wanted)| committed != wanted);
    assert!(committed == wanted, "{DOCUMENT} is stale, set COUNTERSIGN_BLESS=1 to write it: {differs:?}");
}

#[test]
fn a_faulty_catalogue_is_refused() {
    let head = "[9846 4.2] T\n";
    let good = format!(
        "{head}9846-4.2-1 | both | applies | S.\n9846-4.2-2 | - | n/a why | S.\n[9846 4.10] T\n9846-4.10-1 | client | deviates why | S.\n[9846 B] T\n9846-B-1 | server | applies in part | S.\n"
    );
    assert_eq!(parse(&good).map(|sections| sections.len()), Ok(3));
    for (lines, error) in [
        ("9846-4.2-2 | both | applies | S.", "not the next id"),
        ("9846-4.3-1 | both | applies | S.", "not the next id"),
        ("9846-4.2-1 | all | applies | S.", "binds nobody"),
        ("9846-4.2-1 | - | applies | S.", "binds no endpoint"),
        ("9846-4.2-1 | both | n/a | S.", "no status"),
        ("9846-4.2-1 | both | deviates | S.", "no status"),
        ("9846-4.2-1 | both | maybe | S.", "no status"),
        ("9846-4.2-1 | both | applies", "not four fields"),
        ("9846-4.2-1 | both | applies | S", "no sentence"),
        ("9846-4.2-1 | both | applies | S.\n[9846 4.1] T", "out of order"),
        ("9846-4.2-1 | both | applies | S.\n[9847 5] T", "out of order"),
        ("[9846 5] T", "is empty"),
    ] {
        let error_found = parse(&format!("{head}{lines}\n")).err().unwrap_or_default();
        assert!(error_found.contains(error), "{lines}: {error_found:?}");
    }
}

#[test]
fn only_a_test_that_runs_is_a_proof() {
    let source = "\
fn obeys() {
    work(); @in-code
}
@above-code
pub(crate) const fn next() {}
#[cfg(test)]
mod tests {
    const TABLE: &[u8] = &[
        1, @row
    ];
    @above, above-too
    #[test]
    fn proves() {
        work(); @inside
    }
    #[test]
    #[ignore = \"slow\"]
    fn sleeps() {
        work(); @ignored
    }
    fn helper() {
        work(); @helper
    }
    #[test]
    fn last() {}
    @astray
}
@after
"
    .replace('@', MARK);
    let mut found = Annotations::default();
    assert!(scan("a.rs", &source, false, &mut found).is_empty());
    let names = |map: &BTreeMap<String, BTreeSet<Place>>| -> Vec<(String, String)> {
        map.iter().flat_map(|(id, places)| places.iter().map(|place| (id.clone(), place.function.clone()))).collect()
    };
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(id, function)| ((*id).to_owned(), (*function).to_owned())).collect()
    };
    assert_eq!(names(&found.obeyed), pairs(&[("above-code", "next"), ("after", ""), ("in-code", "obeys")]));
    assert_eq!(
        names(&found.proved),
        pairs(&[
            ("above", "proves"),
            ("above-too", "proves"),
            ("helper", "last"),
            ("inside", "proves"),
            ("row", "proves"),
        ])
    );
    let astray = |line, id| format!("a.rs:{line}: no test that runs to prove {id}");
    assert_eq!(found.astray, [astray(19, "ignored"), astray(26, "astray")]);
    assert_eq!(scan("b.rs", "#[cfg(test)]\nmod stories;\nmod code;\n", false, &mut found), ["stories"]);
}
