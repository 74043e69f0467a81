//! The conformance shim: its table of reason codes is complete, and its lists of tests agree.

#[path = "../../examples/bogo_shim/token_table.rs"]
mod token_table;

use countersign::ErrorKind;

#[test]
fn every_kind_has_exactly_one_token() {
    let kinds: Vec<_> = ErrorKind::TABLE.iter().map(|(name, ..)| *name).collect();
    let named: Vec<_> = token_table::TABLE.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, kinds, "the same kinds in the same order");
}

const CONFIG: &str = include_str!("../../examples/bogo_shim/config.json");
const LIST: &str = include_str!("../../examples/bogo_shim/tests.txt");

/// The names and values of one section of config.json, one on each line.
fn section(name: &str) -> Vec<(&'static str, &'static str)> {
    let (_, rest) = CONFIG.split_once(&format!("  \"{name}\": {{\n")).expect("the section");
    let (lines, _) = rest.split_once("\n  }").expect("its end");
    let unquoted = |text: &'static str| text.trim_matches(|char| matches!(char, ' ' | '"' | ',' | '[' | ']'));
    let entries = lines.lines().map(|line| line.split_once("\": ").expect("a name and a value"));
    entries.map(|(name, value)| (unquoted(name), unquoted(value))).collect()
}

#[test]
fn the_list_of_tests_and_the_configuration_agree() {
    let list: Vec<_> = LIST.lines().map(|line| line.split_once(" | ").expect("a name and what")).collect();
    assert!(list.is_sorted_by(|(one, _), (next, _)| one < next), "each once, in order");
    let runs = |test: &str| list.contains(&(test, "runs"));
    assert!(list.iter().all(|(name, what)| runs(name) || what.strip_prefix("no: ").is_some_and(|why| !why.is_empty())));
    // It is a mistake if a test is excluded for two reasons, or runs although it is disabled.
    for (name, why) in section("DisabledTests") {
        assert!(!why.is_empty() && !list.iter().any(|(listed, _)| *listed == name), "{name}");
    }
    // An exception must belong to a test that runs, and have its reason.
    for (name, wanted) in [section("TestErrorMap"), section("TestLocalErrorMap")].concat() {
        assert!(runs(name), "{name} does not run");
        assert!(!wanted.is_empty(), "{name} expects nothing");
    }
}
