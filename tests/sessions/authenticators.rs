//! Exported authenticators (RFC 9261) between sessions.

use crate::explore::{Explored, Report, explore};
use crate::model::exchanges::{Exchanges, View};
use std::sync::atomic::AtomicBool;

impl Explored for Exchanges {
    fn is_visible(&self, _: &View, _: &View) -> bool {
        true
    }

    fn is_good(&self, views: &[&View]) -> bool {
        views[..2].iter().any(|view| view.has_accepted())
    }
}

fn explored(depth: usize) -> Report {
    let report = explore(&Exchanges::new(), depth, &AtomicBool::new(false));
    println!("authenticators, {depth} inputs: {report}");
    assert!(report.broken.is_none(), "a claim is broken");
    assert!(report.good > 0, "nobody has proved anything");
    report
}

#[test]
fn an_authenticator_proves_its_maker_to_one_end_once() {
    explored(4);
}

#[test]
#[ignore = "longer; .ci/run explores it"]
fn deeper_too() {
    explored(5);
}
