//! The right bytes at the wrong time: slowly, in pieces, after a pause, never.
//!
//! No RFC sets a deadline. Within a second nobody should lose patience, and whoever does must not let a stranger in.

use super::case::{Case, NOT_TRUSTED, Right, case};
use super::who::Who;
use crate::adversary::peer::{DATA, HANDSHAKE};
use crate::adversary::script::{Step, after, before, instead, legal};
use crate::codec::{AlertDescription as A, HandshakeType as H};
use crate::role::{Epoch, Role};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

/// How long a peer is silent of whom one wants to know whether the target loses patience, in milliseconds.
pub const SILENCE: u16 = 5_000;
/// A pause that everybody bears.
const PAUSE: u16 = 700;

pub(super) fn cases(target: Role) -> Vec<Case> {
    let mut cases = slow(target);
    cases.extend(strangers(target));
    cases.extend(silent(target));
    cases
}

/// Whoever is slow and right is served.
fn slow(target: Role) -> Vec<Case> {
    let role = target.peer();
    let hello = if role == Role::Client { H::CLIENT_HELLO } else { H::SERVER_HELLO };
    let paced =
        |most, pause| before(after(legal(role), hello, [Step::Pace(usize::MAX, 0)]), hello, [Step::Pace(most, pause)]);
    // Records of 64 bytes have a header of 5.
    let in_records = instead(paced(69, 100), hello, [Step::Fragment(64), Step::Send(hello), Step::Fragment(1 << 14)]);
    let bytes = [Step::Pace(1, 0)].into_iter().chain(legal(role)).collect();
    let pause = |at| before(legal(role), at, [Step::Wait(PAUSE)]);
    let everywhere = [H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED];
    let everywhere = everywhere.into_iter().fold(legal(role), |script, at| before(script, at, [Step::Wait(300)]));
    [
        ("hello-in-pieces", paced(64, 100)),
        ("hello-in-records", in_records),
        ("byte-by-byte", bytes),
        ("certificate", pause(H::CERTIFICATE)),
        ("certificate_verify", pause(H::CERTIFICATE_VERIFY)),
        ("finished", pause(H::FINISHED)),
        ("everything", everywhere),
    ]
    .into_iter()
    .map(|(name, script)| {
        case(target, format!("late/{name}"), script, "RFC 9846 §5.1", Right::Serve).req(&["9846-5.1-2"])
    })
    .collect()
}

/// Whoever is no longer waited for has still proved nothing.
fn strangers(target: Role) -> Vec<Case> {
    let role = target.peer();
    let late = |who: &str, script, right, consequence: &str| {
        case(target, format!("late/{who}"), script, "RFC 9846 §4.5", right).quick().so(consequence)
    };
    let wait = || Step::Wait(PAUSE);
    let other_ca = before(before(legal(role), H::CERTIFICATE, [wait()]), H::FINISHED, [wait()]);
    let other_ca = late("other-ca", other_ca, NOT_TRUSTED, "a stranger was served that took its time").by(Who::OtherCa);
    let not_under_its_key = Right::Refuse(&[A::BAD_RECORD_MAC, A::UNEXPECTED_MESSAGE]);
    match target {
        Role::Server => {
            let asks = || [wait(), Step::Key(Epoch::Application), Step::Ask];
            let hello: Vec<Step> = legal(role).into_iter().take(2).chain(asks()).collect();
            let unfinished = legal(role).into_iter().take(4).chain(asks()).collect();
            let so = "a client that did nothing but wait was served";
            vec![
                other_ca,
                late("nothing-but-a-hello", hello, not_under_its_key, so),
                late("nothing-after-certificate", unfinished, not_under_its_key, so),
            ]
        }
        Role::Client => {
            // Up to this message, and then nothing.
            let upto = |typ| -> Vec<Step> {
                let script = legal(role).into_iter();
                let sent = script.scan(false, |over, step| {
                    let was = *over;
                    *over |= step == Step::Send(typ);
                    (!was).then_some(step)
                });
                sent.chain([wait(), Step::Await(H::FINISHED), Step::Ask]).collect()
            };
            let so = "the client sent its data to a server that did nothing but wait";
            let late = |who, typ| late(who, upto(typ), Right::Refuse(&[]), so).may_wait();
            vec![
                other_ca,
                late("nothing-after-certificate", H::CERTIFICATE),
                late("nothing-after-certificate_verify", H::CERTIFICATE_VERIFY),
            ]
        }
    }
}

/// Whether the target ends a connection on which nothing comes. To know, not to judge.
fn silent(target: Role) -> Vec<Case> {
    let silent = |when: &str, steps: Vec<Step>| {
        let script = steps.into_iter().chain([Step::Wait(SILENCE)]).collect();
        case(target, format!("late/silent-{when}"), script, "no RFC", Right::Open)
    };
    // A message of 256 bytes is announced.
    let half = || Step::Raw(vec![HANDSHAKE, 3, 3, 1, 4, if target == Role::Server { 1 } else { 2 }, 0, 1, 0]);
    match target {
        Role::Server => {
            let handshake = || legal(Role::Client).into_iter().filter(|step| *step != Step::Ask);
            let half_of_data = handshake().chain([Step::Raw(vec![DATA, 3, 3, 1, 0, 1, 2, 3])]).collect();
            vec![
                silent("from-the-start", vec![]),
                silent("after-half-a-record", vec![half()]),
                silent("after-its-hello", vec![Step::Send(H::CLIENT_HELLO), Step::Await(H::FINISHED)]),
                silent("after-the-handshake", handshake().collect()),
                silent("after-half-a-record-of-data", half_of_data),
            ]
        }
        Role::Client => vec![
            silent("from-the-start", vec![]),
            silent("after-half-a-record", vec![Step::Await(H::CLIENT_HELLO), half()]),
            silent("after-its-hello", vec![Step::Await(H::CLIENT_HELLO), Step::Send(H::SERVER_HELLO)]),
        ],
    }
}
