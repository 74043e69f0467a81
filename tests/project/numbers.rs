//! The numbers in documents that can be counted: versions, sizes, limits, counts. Numbers that can only be measured
//! must have a date.

use crate::documents::{documents, root};
use crate::manifest::Manifest;
use countersign::{Asleep, Error, Handshake, Policy, Receiver, Sender, Session, SessionInfo, Transition, Want, limits};
use std::collections::BTreeMap;
use std::fs;
use std::mem::size_of;

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The only line with this text.
#[track_caller]
fn line<'a>(text: &'a str, with: &str) -> &'a str {
    let mut lines = text.lines().filter(|line| line.contains(with));
    let first = lines.next().unwrap_or_else(|| panic!("no line has {with:?}"));
    assert!(lines.next().is_none(), "more lines than one have {with:?}");
    first
}

/// Every number in a text, without the commas of thousands.
fn numbers(text: &str) -> Vec<u64> {
    let text: Vec<char> = text.chars().collect();
    let comma = |at: usize| {
        text[at] == ',' && at > 0 && [at - 1, at + 1].iter().all(|&at| text.get(at).is_some_and(char::is_ascii_digit))
    };
    let kept = (0..text.len()).filter(|&at| !comma(at)).map(|at| text[at]);
    kept.collect::<String>().split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

fn minor(version: &str) -> String {
    version.split('.').take(2).collect::<Vec<_>>().join(".")
}

#[test]
fn the_version_is_the_manifests() {
    let version = minor(&Manifest::read("").value("package", "version").expect("a version"));
    let mut seen = 0;
    for document in documents().into_iter().filter(|path| !path.ends_with("CHANGELOG.md")) {
        for line in
            fs::read_to_string(&document).expect("a text").lines().filter(|line| line.starts_with("countersign = "))
        {
            assert_eq!(line.split('"').nth(1), Some(version.as_str()), "{}: {line}", document.display());
            seen += 1;
        }
    }
    assert!(seen >= 2, "README.md and docs/GUIDE.md say what to depend on");
    line(&read("SECURITY.md"), &format!("| {version}.x | yes |"));
    line(&read("README.md"), &format!("| | countersign {version} |"));
}

/// The minimum Rust versions of the documents are those of Cargo.toml and of CI.
#[test]
fn the_oldest_compilers_are_those_of_ci() {
    let oldest = Manifest::read("").value("package", "rust-version").expect("a rust-version");
    let (ci, readme, changes) = (read(".ci/run"), read("README.md"), read("CHANGELOG.md"));
    let with_libcrux = line(&ci, ",mlkem,mldsa").split_whitespace().nth(1).expect("builds_with VERSION").to_owned();
    line(&ci, "builds_with \"$oldest\"");
    line(&readme, &format!("Nothing but Rust {oldest} or later"));
    for feature in ["mlkem", "mldsa"] {
        assert!(
            line(&readme, &format!("| `{feature}` | no |")).contains(&format!("Rust {with_libcrux} |")),
            "{feature}"
        );
    }
    line(&changes, &format!("Needs Rust {oldest} ({with_libcrux} with `mlkem` or `mldsa`)"));
}

/// A line of text in place of badges, which are pictures on another server.
#[test]
fn what_the_readme_begins_with_is_so() {
    let (readme, manifest) = (read("README.md"), Manifest::read(""));
    let rust = manifest.value("package", "rust-version").expect("a rust-version");
    let licence = manifest.value("package", "license").expect("a licence");
    let core = read("src/lib.rs");
    assert!(core.contains("\n#![forbid(unsafe_code)]\n") && core.contains("#![no_std]"));
    let begins: Vec<&str> = readme.lines().take(6).collect();
    assert!(
        begins.contains(&&*format!("Rust {rust} or later · {licence} · no `unsafe` · no heap in the core")),
        "{begins:?}"
    );
}

#[test]
fn the_sizes_are_those_of_the_types() {
    let readme = read("README.md");
    let said = numbers(line(&readme, "| a `Handshake`, an idle `Session`, one that sleeps |"));
    // Features that change the sizes have their own numbers, in docs/PERFORMANCE.md.
    if !cfg!(any(feature = "mlkem", feature = "aws-lc-rs")) {
        assert_eq!(said[..2], [size_of::<Handshake<&Policy>>() as u64, size_of::<Session>() as u64]);
        // One byte less without the test seams, which this test enables.
        assert_eq!(said[2], size_of::<Asleep>() as u64);
    }
}

/// docs/PERFORMANCE.md, "Footprint": the second cell of a row has the sizes of the types in the first.
#[test]
fn the_table_of_sizes_is_that_of_the_types() {
    if cfg!(any(feature = "mlkem", feature = "aws-lc-rs")) {
        return;
    }
    let performance = read("docs/PERFORMANCE.md");
    let rows: [(&str, &[usize]); 5] = [
        ("| `Handshake<&Policy>` |", &[size_of::<Handshake<&Policy>>()]),
        ("| `Session` |", &[size_of::<Session>()]),
        ("| of which `SessionInfo` |", &[size_of::<SessionInfo>()]),
        ("| `Sender`, `Receiver` |", &[size_of::<Sender>(), size_of::<Receiver>()]),
        ("| `Want` / `Error` / `Transition` |", &[size_of::<Want>(), size_of::<Error>(), size_of::<Transition>()]),
    ];
    for (row, sizes) in rows {
        let said = numbers(line(&performance, row).split('|').nth(2).expect("a cell"));
        let are: Vec<u64> = sizes.iter().map(|size| *size as u64).collect();
        assert_eq!(said, are, "{row}");
    }
}

#[test]
fn so_many_requirements_apply_as_the_readme_says() {
    let requirements = read("docs/requirements.txt");
    let lines = requirements.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    let applies =
        lines.filter(|line| !line.split(" | ").nth(2).is_some_and(|status| status.starts_with("n/a"))).count();
    line(&read("README.md"), &format!("| {applies} that apply or are deviated from, each with its test |"));
}

#[test]
fn so_many_fuzz_targets_are_there() {
    let targets = fs::read_dir(root().join("fuzz/fuzz_targets")).expect("a readable folder").count();
    line(&read("README.md"), &format!("| fuzzing | {targets} targets, "));
    line(&read("fuzz/README.md"), &format!("{targets} targets for libFuzzer."));
    line(&read("CHANGELOG.md"), &format!("* {targets} fuzz targets "));
}

/// How many tests of BoringSSL's suite are run and excluded, with the reasons.
#[test]
fn the_conformance_tests_are_counted_rightly() {
    let (list, testing) = (read("examples/bogo_shim/tests.txt"), read("docs/TESTING.md"));
    let count = |has: &str| list.lines().filter(|line| line.contains(has)).count();
    let (run, left_out) = (count(" | runs"), count(" | no: "));
    assert_eq!(run + left_out, list.lines().filter(|line| line.contains(" | ")).count());
    let config = read("examples/bogo_shim/config.json");
    let disabled = config.split("\"DisabledTests\"").nth(1).and_then(|rest| rest.split('}').next()).expect("them");
    let disabled = disabled.lines().filter(|line| line.contains("\": \"")).count();
    line(&testing, &format!("| run (`tests.txt`: `NAME \\| runs`) | {run} |"));
    line(
        &testing,
        &format!("which it has not (`tests.txt`: `NAME \\| no: why`) | {left_out} |").replace("which", "that"),
    );
    line(&testing, &format!("(`DisabledTests`), each with its reason | {disabled} |"));
    line(&testing, &format!("# twice {run} tests"));
}

/// docs/SECURITY.md, "Limits": each with its value.
#[test]
fn the_limits_are_those_of_the_code() {
    let security = read("docs/SECURITY.md");
    let values: BTreeMap<&str, u64> = BTreeMap::from([
        ("MAX_MESSAGE", limits::MAX_MESSAGE as u64),
        ("MAX_FLIGHT", limits::MAX_FLIGHT as u64),
        ("MAX_CHAIN", limits::MAX_CHAIN.into()),
        ("MAX_COOKIE", limits::MAX_COOKIE as u64),
        ("MAX_CHANGE_CIPHER_SPECS", limits::MAX_CHANGE_CIPHER_SPECS.into()),
        ("MAX_EARLY_DATA", limits::MAX_EARLY_DATA.into()),
        ("MAX_EMPTY_RECORDS", limits::MAX_EMPTY_RECORDS.into()),
        ("MAX_WARNINGS", limits::MAX_WARNINGS.into()),
        ("MAX_KEY_UPDATES", limits::MAX_KEY_UPDATES.into()),
        ("MAX_TICKETS", limits::MAX_TICKETS.into()),
        ("MAX_OPEN_REQUESTS", limits::MAX_OPEN_REQUESTS as u64),
        ("MAX_AUTHENTICATOR_REQUESTS", limits::MAX_AUTHENTICATOR_REQUESTS.into()),
        ("MAX_CONTEXTS", limits::MAX_CONTEXTS as u64),
    ]);
    let mut seen = 0;
    for row in security.lines().filter(|line| line.starts_with("| `MAX_")) {
        let name = row.split('`').nth(1).expect("a name");
        let said = row.split('|').nth(2).expect("a value");
        match values.get(name) {
            Some(value) => assert_eq!(numbers(said).first(), Some(value), "{row}"),
            None => assert!(name == "MAX_GENERATIONS" && said.contains("2^48 - 1"), "{row}"),
        }
        seen += 1;
    }
    assert!(seen > values.len(), "{seen} rows");
    assert_eq!(limits::MAX_GENERATIONS, (1 << 48) - 1);
}

/// The rustls version in the README's comparison is that of the tests, the fuzz targets and the benches.
#[test]
fn the_rustls_that_is_compared_is_the_one_that_is_tested() {
    let readme = read("README.md");
    let heading = line(&readme, "| | countersign ");
    for lock in ["tests/neighbours/Cargo.lock", "fuzz/Cargo.lock", "benches/Cargo.lock"] {
        let lock_text = read(lock);
        let version =
            lock_text.split("\nname = \"rustls\"\nversion = \"").nth(1).and_then(|rest| rest.split('"').next());
        assert!(heading.contains(&format!("| rustls {} |", version.expect("rustls"))), "{lock}: {heading}");
    }
}

fn has_date(text: &str) -> bool {
    let shape = |at: usize| {
        text.get(at..at + 10).is_some_and(|date| {
            date.chars().zip("2000-00-00".chars()).all(
                |(is, as_)| {
                    if as_ == '-' { is == '-' } else { is.is_ascii_digit() }
                },
            )
        })
    };
    text.match_indices("20").any(|(at, _)| shape(at))
}

/// Every section with measurements, or with claims about other programs, has a date.
#[test]
fn what_was_measured_has_a_date() {
    // The documents, each with its sections without measurements. Sections begin with `## `.
    let documents: [(&str, &[&str]); 5] = [
        ("docs/PERFORMANCE.md", &["Method", "What is left"]),
        ("docs/TESTING.md", &["Levels"]),
        (
            "docs/PROBE.md",
            &[
                "Certificates and names",
                "What counts as served",
                "Other names and other protocols",
                "What it may do",
                "What it does not try",
                "In your own tests",
            ],
        ),
        ("docs/INTEROP.md", &[]),
        ("README.md", &["The loop", "A service in a few lines", "What is in it", "Examples", "Documents"]),
    ];
    let mut undated = Vec::new();
    for (document, undated_by_nature) in documents {
        let text = read(document);
        // Tests run the configurations of INTEROP. Its introduction has the date.
        for section in text.split("\n## ").skip(if document == "docs/INTEROP.md" { 0 } else { 1 }) {
            let title = section.lines().next().unwrap_or_default();
            let is_configuration = document == "docs/INTEROP.md" && section.contains("\n```");
            if !undated_by_nature.contains(&title) && !is_configuration && !has_date(section) {
                undated.push(format!("{document}: {title}"));
            }
        }
    }
    let guide = read("docs/GUIDE.md");
    let tried = guide.lines().filter(|line| line.starts_with("Tried") && !has_date(line));
    undated.extend(tried.map(|line| format!("docs/GUIDE.md: {line}")));
    assert!(undated.is_empty(), "no date in:\n{}", undated.join("\n"));
}
