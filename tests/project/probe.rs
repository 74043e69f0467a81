//! Each requirement that applies has a case of the probe, or a reason why it has none (`docs/probe-uncovered.txt`).

use countersign::Role;
use countersign::adversary::catalogue::all;
use std::collections::{BTreeMap, BTreeSet};

const REQUIREMENTS: &str = include_str!("../../docs/requirements.txt");
const UNCOVERED: &str = include_str!("../../docs/probe-uncovered.txt");

/// The requirements that apply, or from which we deviate.
fn requirements() -> BTreeSet<&'static str> {
    let lines = REQUIREMENTS.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    let fields = lines.map(|line| line.split(" | ").collect::<Vec<_>>());
    fields.filter(|fields| !fields[2].starts_with("n/a")).map(|fields| fields[0]).collect()
}

/// Ids and their reasons: a paragraph is a line with the reason, which ends with a colon, and then the ids.
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

/// The numbers of cases on the page and in the program's help. (The program adds those about tickets, and two with other
/// questions by HTTP.)
#[test]
fn the_probe_has_as_many_cases_as_its_page_says() {
    const MORE: usize = 8 + 2;
    let page = include_str!("../../docs/PROBE.md");
    let usage = include_str!("../../examples/probe/arguments.rs");
    let about = page.split("runs all, about ").nth(1).and_then(|rest| rest.split(' ').next()).expect("how many");
    let about: usize = about.parse().expect("a number");
    for (role, more) in [(Role::Client, 0), (Role::Server, MORE)] {
        let cases = all(role);
        let quick = cases.iter().filter(|case| case.quick).count() + more;
        assert!((cases.len() + more).abs_diff(about) <= 25, "about {about} for each role: {}", cases.len());
        assert!((40..=75).contains(&quick), "{quick}");
        if role == Role::Server {
            assert!(page.contains(&format!("(127.0.0.1:8443): {quick} cases\n")), "{quick}");
            assert!(page.contains(&format!("\n{quick} cases: ")), "{quick}");
        }
    }
    assert!(usage.contains("40 to 75 that ask whether strangers get in"));
}
