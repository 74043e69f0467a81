//! What the check of an embedding reports, and what a fuzzer gets from it.

use super::echo::{Echo, Omits};
use super::{ROLES, World};
use countersign::adversary::embedding::{Fault, Finding, Left, Report, Wire};
use countersign::{Policy, Role};
use std::io;

/// More than there are cases.
const FIRST_BYTES: std::ops::Range<u8> = 0..40;

/// All reports for one connection each.
fn fuzzed(world: &World, role: Role, omits: Omits, cuts: &[u8]) -> Vec<Report> {
    let one = |first| {
        let input = [&[first], cuts].concat();
        let echo = || Echo::new(role, world.identity(role), false, omits);
        let blocking = world.checks(role).fuzz_blocking(&input, |mut wire| {
            let mut echo = echo();
            move || echo.go_on(&mut wire)
        });
        let not_blocking = world.checks(role).fuzz_async(&input, |mut wire| {
            let mut echo = echo();
            async move || echo.go_on_async(&mut wire).await
        });
        [blocking, not_blocking]
    };
    FIRST_BYTES.flat_map(one).collect()
}

#[test]
fn a_fuzzer_finds_a_sound_loop_in_order_however_it_divides_the_bytes() {
    let world = World::new();
    for role in ROLES {
        for cuts in [&[][..], &[1, 0, 2, 0, 200].repeat(20), &[0; 50], &[255; 50]] {
            for report in fuzzed(&world, role, Omits::Nothing, cuts) {
                assert_eq!(report, Report::default(), "{role} {cuts:?}: {report}");
            }
        }
    }
}

/// The first byte chooses the case, so some of them find what all cases together find.
#[test]
fn a_fuzzer_finds_what_the_check_finds() {
    let world = World::new();
    for role in ROLES {
        for omits in [Omits::Alert, Omits::Memory, Omits::Truncation, Omits::Errors] {
            let mut checked = world.echo(role, false, omits).findings;
            let reports = fuzzed(&world, role, omits, &[]);
            let findings = |first| -> Vec<Finding> {
                reports.iter().skip(first).step_by(2).flat_map(|report| report.findings.clone()).collect()
            };
            let (mut found, not_blocking) = (findings(0), findings(1));
            assert_eq!(found.is_empty(), not_blocking.is_empty(), "{role} {omits:?}");
            checked.retain(|finding| !["one byte at a time", "left and entered again"].contains(&finding.case));
            checked.dedup();
            found.retain(|finding| checked.contains(finding));
            for finding in &checked {
                assert!(found.contains(finding), "{role} {omits:?}: {finding:?}");
            }
        }
    }
}

/// Without an echo, each case is found as what it is about.
#[test]
fn what_a_loop_does_wrong_everywhere_is_found_in_each_case_by_its_own_name() {
    let world = World::new();
    for role in ROLES {
        let reports = fuzzed(&world, role, Omits::Echoing, &[]);
        let faults: Vec<Fault> =
            reports.iter().flat_map(|report| &report.findings).map(|finding| finding.fault).collect();
        for fault in [Fault::DataLost, Fault::NotResumed, Fault::DataBehindFinishedLost, Fault::MemoryNotGrown] {
            assert!(faults.contains(&fault), "{role} {fault:?}: {faults:?}");
        }
        let control = reports.iter().flat_map(|report| &report.findings).find(|finding| finding.case == "undisturbed");
        assert_eq!(control.map(|finding| finding.fault), Some(Fault::DataLost));
    }
}

/// A fault in the control would be found in every other case, too.
#[test]
fn nothing_is_tried_after_a_control_that_fails() {
    let world = World::new();
    for role in ROLES {
        let report = world.checks(role).check_blocking(|_| || Err(io::Error::other("no")));
        let finding = Finding { fault: Fault::ControlFails, case: "undisturbed", ended: "no".into() };
        assert_eq!(report, Report { findings: vec![finding], untried: Vec::new() });
    }
}

#[test]
fn a_report_says_what_is_wrong_what_was_tried_and_how_it_ended() {
    let world = World::new();
    let report = |omits| world.echo(Role::Server, false, omits);
    assert_eq!(report(Omits::Nothing).to_string(), "");
    let closing = report(Omits::Closing).to_string();
    let first = "CloseNotSent (undisturbed): it ended, and the peer got no close_notify: ";
    assert!(closing.starts_with(first) && closing.ends_with("The loop ended: in order\n"), "{closing}");
    assert_eq!(closing.lines().count(), 1);
    assert!(report(Omits::Leaving).to_string().contains("The loop ended: the check of this embedding has ended\n"));
    let untried = Report { findings: Vec::new(), untried: vec!["one", "two"] };
    assert_eq!(untried.to_string(), "not tried: one, two\n");
}

/// A future that nobody wakes does not end.
#[test]
fn a_future_that_nobody_wakes_is_stuck() {
    let world = World::new();
    let report = world.checks(Role::Client).check_async(|_| async move || std::future::pending().await);
    let finding = Finding { fault: Fault::ControlFails, case: "undisturbed", ended: "not at all".into() };
    let stuck = Finding { fault: Fault::Stuck, ..finding };
    assert_eq!(report, Report { findings: vec![stuck], untried: Vec::new() });
}

/// Who says that it cannot be left is not left, and may lose everything if it were.
#[test]
fn a_future_is_dropped_only_where_its_loop_may_be_left() {
    let world = World::new();
    let check = |left| {
        world.checks(Role::Server).left(left).check_async(|mut wire: Wire<'_>| {
            let mut echo = Echo::new(Role::Server, &world.server, false, Omits::Keeping);
            async move || echo.go_on_async(&mut wire).await
        })
    };
    let report = check(Left::Never);
    assert_eq!(report, Report { findings: Vec::new(), untried: vec!["left and entered again"] }, "{report}");
    let report = check(Left::AfterHandshake);
    let cases: Vec<_> = report.findings.iter().map(|finding| finding.case).collect();
    assert_eq!(cases, ["left and entered again"], "{report}");
}

/// A policy may refuse long messages. Who takes this for an orderly end has not done its duty.
#[test]
fn a_refusal_of_long_messages_is_in_order_and_an_end_is_not() {
    let world = World::new();
    let check = |omits| {
        world.checks(Role::Server).check_blocking(|mut wire: Wire<'_>| {
            let policy = Policy::new().max_flight(4096, 10_000);
            let mut echo = Echo::with_policy(policy, Role::Server, &world.server, false, omits);
            move || echo.go_on(&mut wire)
        })
    };
    let report = check(Omits::Nothing);
    assert_eq!(report, Report { findings: Vec::new(), untried: vec!["long messages"] }, "{report}");
    let report = check(Omits::Errors);
    let found = report.findings.iter().find(|finding| finding.case == "long messages");
    assert_eq!(found.map(|finding| finding.fault), Some(Fault::ErrorTakenForEnd), "{report}");
    assert_eq!(report.untried, [""; 0]);
}
