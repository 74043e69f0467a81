//! Each requirement that applies has a case of the probe, or a reason why it has none (`docs/probe-uncovered.txt`).

use countersign::Role;
use countersign::adversary::catalogue::all;
use std::collections::{BTreeMap, BTreeSet};

const REQUIREMENTS: &str = include_str!("../../docs/requirements.txt");
const UNCOVERED: &str = include_str!("../../docs/probe-uncovered.txt");

/// What applies, or is deviated from.
fn requirements() -> BTreeSet<&'static str> {
    let lines = REQUIREMENTS.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    let fields = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    fields.filter(|fields| !fields[2].starts_with("n/a")).map(|fields| fields[0]).collect()
}

/// Ids and their reasons: a paragraph is a reason, in a line that ends with a colon, and the ids below it.
fn uncovered() -> BTreeMap<&'static str, &'static str> {
    let mut reason = "";
    let mut ids = BTreeMap::new();
    for line in UNCOVERED.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.strip_suffix(':') {
            Some(words) => reason = words,
            None => {
                for id in line.split_whitespace() {
                    assert_eq!(ids.insert(id, reason), None, "{id} has two reasons");
                }
            }
        }
    }
    ids
}

#[test]
fn each_requirement_has_a_case_of_the_probe_or_a_reason() {
    let (requirements, uncovered) = (requirements(), uncovered());
    let cases: Vec<_> = [Role::Client, Role::Server].into_iter().flat_map(all).collect();
    let covered: BTreeSet<&str> = cases.iter().flat_map(|case| case.requirements.iter().copied()).collect();
    let unknown: Vec<_> = covered.difference(&requirements).collect();
    assert!(unknown.is_empty(), "these requirements of cases are none, or do not apply: {unknown:?}");
    let reasons: BTreeSet<&str> = uncovered.keys().copied().collect();
    let both: Vec<_> = reasons.intersection(&covered).collect();
    assert!(both.is_empty(), "these have a case: take them off docs/probe-uncovered.txt: {both:?}");
    let strange: Vec<_> = reasons.difference(&requirements).collect();
    assert!(strange.is_empty(), "these are no requirements that apply: {strange:?}");
    let missing: Vec<_> = requirements.iter().filter(|id| !covered.contains(*id) && !reasons.contains(*id)).collect();
    assert!(missing.is_empty(), "no case, and no reason in docs/probe-uncovered.txt: {missing:?}");
}
