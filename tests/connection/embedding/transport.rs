//! What the transport of the check does to a loop.

use super::echo::{Echo, Omits};
use super::{ROLES, World};
use countersign::adversary::embedding::{Fault, Left, Report, Wire};
use countersign::{NamedGroup, Policy, Role};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind as Io, Read};

/// More than there are cases.
const FIRST_BYTES: std::ops::Range<u8> = 0..40;

/// Whoever can be left is asked again twice before it counts as stuck.
#[test]
fn a_loop_that_only_reads_is_asked_again_where_it_may_be_left() {
    let world = World::new();
    for (left, expected) in [
        (Left::Anywhere, &[Io::WouldBlock, Io::WouldBlock, Io::ConnectionAborted][..]),
        (Left::AfterHandshake, &[Io::ConnectionAborted]),
        (Left::Never, &[Io::ConnectionAborted]),
    ] {
        let kinds = RefCell::new(Vec::new());
        let report = world.checks(Role::Server).left(left).check_blocking(|mut wire: Wire<'_>| {
            let kinds = &kinds;
            move || {
                loop {
                    if let Err(error) = wire.read(&mut [0; 20_000]) {
                        kinds.borrow_mut().push(error.kind());
                        return Err(error);
                    }
                }
            }
        });
        assert_eq!(report.findings.iter().map(|finding| finding.fault).collect::<Vec<_>>(), [Fault::Stuck]);
        assert_eq!(*kinds.borrow(), expected, "{left:?}");
    }
}

/// A loop that never calls the transport, and never ends, is ended.
#[test]
fn a_loop_that_does_nothing_is_stuck() {
    let world = World::new();
    for role in ROLES {
        let report = world.checks(role).check_blocking(|_| || Err(Io::WouldBlock.into()));
        let found: Vec<_> = report.findings.iter().map(|finding| (finding.fault, &*finding.ended)).collect();
        assert_eq!(found, [(Fault::Stuck, "not at all")], "{role}");
    }
}

/// The end of the stream can be read sixteen times.
#[test]
fn who_reads_on_behind_the_end_is_stopped() {
    let world = World::new();
    let most = Cell::new(0);
    for first in FIRST_BYTES {
        world.checks(Role::Server).fuzz_blocking(&[first], |mut wire: Wire<'_>| {
            let most = &most;
            let mut ends = 0;
            move || {
                loop {
                    if wire.read(&mut [0; 20_000])? == 0 {
                        ends += 1;
                        most.set(ends.max(most.get()));
                    }
                }
            }
        });
    }
    assert_eq!(most.get(), 16);
}

/// An answer comes late only to a loop that may be left.
#[test]
fn a_loop_that_cannot_be_left_gets_its_answers_at_once() {
    let world = World::new();
    for role in ROLES {
        let report = world.checks(role).left(Left::Never).check_blocking(|mut wire: Wire<'_>| {
            let mut echo = Echo::new(role, world.identity(role), false, Omits::Waiting);
            move || echo.go_on(&mut wire)
        });
        assert_eq!(
            report,
            Report { findings: Vec::new(), untried: vec!["left and entered again"] },
            "{role}: {report}"
        );
    }
}

/// A fuzzer's zero leaves the loop, if it may be left.
#[test]
fn a_fuzzer_leaves_a_loop_only_where_it_may_be_left() {
    let world = World::new();
    let fuzz = |left| -> Vec<Report> {
        let one = |first| {
            let input = [&[first][..], &[0; 60]].concat();
            world.checks(Role::Server).left(left).fuzz_blocking(&input, |mut wire: Wire<'_>| {
                let mut echo = Echo::new(Role::Server, &world.server, false, Omits::Keeping);
                move || echo.go_on(&mut wire)
            })
        };
        FIRST_BYTES.map(one).collect()
    };
    assert!(fuzz(Left::Never).iter().all(|report| report.findings.is_empty()));
    assert!(fuzz(Left::Anywhere).iter().any(|report| !report.findings.is_empty()));
}

/// Whoever waits for an answer may be dropped, as may whoever waits for the transport.
#[test]
fn a_future_is_dropped_while_it_waits_for_an_answer() {
    let world = World::new();
    for role in ROLES {
        let cases: Vec<_> = world.echo_async(role, Omits::Keeping).findings.iter().map(|found| found.case).collect();
        assert_eq!(cases, ["left and entered again", "late answers"], "{role}");
    }
}

/// As a server, the peer takes a group of which the client has sent a share.
#[test]
fn a_client_may_have_any_group() {
    let world = World::new();
    const GROUPS: [&[NamedGroup]; 3] = [&[NamedGroup::X25519], &[NamedGroup::SECP256R1], &[NamedGroup::SECP384R1]];
    for groups in GROUPS {
        let report = world.checks(Role::Client).check_blocking(|mut wire: Wire<'_>| {
            let policy = Policy::new().groups(groups).key_shares(groups);
            let mut echo = Echo::with_policy(policy, Role::Client, &world.client, false, Omits::Nothing);
            move || -> io::Result<()> { echo.go_on(&mut wire) }
        });
        assert_eq!(report, Report::default(), "{groups:?}: {report}");
    }
}
