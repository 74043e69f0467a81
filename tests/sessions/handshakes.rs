//! Concurrent handshakes.

use crate::explore::{Explored, Report, explore};
use crate::model::attacker::View;
use crate::model::scenarios::{Scenario, scenarios};
use std::sync::atomic::AtomicBool;

impl Explored for Scenario {
    fn is_visible(&self, before: &View, after: &View) -> bool {
        let visible = |view: &View| {
            let facts = &view.facts;
            let sent = facts.log.iter().filter(|(sent, _)| *sent).count();
            (sent, facts.asked, facts.accepted.is_some(), facts.exporter.is_some(), facts.data.len(), facts.confirmed)
        };
        visible(before) != visible(after)
    }

    fn is_good(&self, views: &[&View]) -> bool {
        views.iter().any(|view| (self.good)(&view.facts))
    }
}

/// Each scenario has its thread.
fn hold(chosen: &[Scenario]) {
    let stop = &AtomicBool::new(false);
    let reports: Vec<Report> = std::thread::scope(|threads| {
        let explore = |scenario| threads.spawn(move || explore(scenario, usize::MAX, stop));
        let running: Vec<_> = chosen.iter().map(explore).collect();
        running.into_iter().map(|thread| thread.join().expect("an exploration ends")).collect()
    });
    for (scenario, report) in chosen.iter().zip(&reports) {
        println!("{}: {report}", scenario.name);
    }
    assert!(reports.iter().all(|report| report.broken.is_none()), "a claim is broken");
    for (scenario, report) in chosen.iter().zip(reports) {
        assert!(report.complete, "{}: {report}", scenario.name);
        assert!(report.good > 0, "{}: nobody was connected", scenario.name);
    }
}

fn is_small(scenario: &Scenario) -> bool {
    scenario.specs.len() == 2 && !scenario.leaked
}

#[test]
fn two_ends_keep_every_claim_whatever_the_attacker_brings() {
    hold(&scenarios().into_iter().filter(is_small).collect::<Vec<_>>());
}

#[test]
#[ignore = "a minute on two cores; .ci/run explores it"]
fn three_ends_or_known_key_exchanges_do_too() {
    hold(&scenarios().into_iter().filter(|scenario| !is_small(scenario)).collect::<Vec<_>>());
}
