//! The cases: the acts of a peer, how the transport splits them, and the correct result.

use super::fault::Fault;
use crate::codec::HandshakeType as H;
use crate::role::Role;
use alloc::vec;
use alloc::vec::Vec;

/// One thing that the peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Sends these messages in as few records as possible.
    Send(&'static [H]),
    /// Waits for this message.
    Await(H),
    /// Waits until everything that was sent has been read, and the loop wants to read more.
    Pause,
    /// Sends this many bytes of application data.
    Data(usize),
    /// Waits until all of it has come back.
    AwaitEcho,
    /// Sends a KeyUpdate with update_requested.
    KeyUpdate,
    /// Changes the last bit of the last bytes that it has sent.
    Damage,
    /// Sends this alert.
    Alert(u8),
    /// Waits for an alert.
    AwaitAlert,
}

/// Where a loop may be interrupted, by `WouldBlock` or by dropping its future, and called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nowhere: an interruption ends the loop.
    Never,
    /// In the session only.
    AfterHandshake,
    /// Anywhere: the default, which the state machine allows.
    Anywhere,
}

/// When questions are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answers {
    AtOnce,
    /// At the second time of asking.
    Late,
    Never,
}

/// The correct result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// All data is echoed, and the connection ends in order.
    Served,
    /// The same; or an alert, since policies differ in how long a flight may be.
    ServedOrRefused,
    /// An error, and an alert for the peer.
    Refused,
    /// An error.
    Failed,
}

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) acts: Vec<Act>,
    pub(super) one_byte: bool,
    /// It is interrupted before every read and write.
    pub(super) left: bool,
    pub(super) answers: Answers,
    /// The peer's messages are long.
    pub(super) long: bool,
    pub(super) right: Right,
    /// The fault if the connection is not served, or if it wrongly ends in order.
    pub(super) fault: Fault,
}

const CLOSE_NOTIFY: u8 = 0;
const HANDSHAKE_FAILURE: u8 = 40;
/// Some records' worth.
const MUCH: usize = 50_000;

fn handshake(peer: Role) -> Vec<Act> {
    match peer {
        Role::Client => vec![
            Act::Send(&[H::CLIENT_HELLO]),
            Act::Await(H::FINISHED),
            Act::Send(&[H::CERTIFICATE, H::CERTIFICATE_VERIFY]),
            Act::Send(&[H::FINISHED]),
            Act::Pause,
        ],
        Role::Server => vec![
            Act::Await(H::CLIENT_HELLO),
            Act::Send(&[H::SERVER_HELLO]),
            Act::Send(&[H::ENCRYPTED_EXTENSIONS, H::CERTIFICATE_REQUEST, H::CERTIFICATE]),
            Act::Send(&[H::CERTIFICATE_VERIFY, H::FINISHED]),
            Act::Await(H::FINISHED),
        ],
    }
}

/// Data, its echo, and both close.
fn served(data: usize) -> [Act; 4] {
    [Act::Data(data), Act::AwaitEcho, Act::Alert(CLOSE_NOTIFY), Act::AwaitAlert]
}

/// All cases for a peer of this role; the first one is the control.
pub(super) fn cases(peer: Role) -> Vec<Case> {
    let with = |acts: &[Act]| [&handshake(peer)[..], acts].concat();
    let base = |name, acts, right, fault| Case {
        name,
        acts,
        one_byte: false,
        left: false,
        answers: Answers::AtOnce,
        long: false,
        right,
        fault,
    };
    let good = |name, acts, fault| base(name, acts, Right::Served, fault);
    // In one piece with the peer's Finished. (A server may send before the client's, RFC 9846 §4.5.3; what it closes before it has spoken
    // afterwards is no end in order.)
    let mut behind_finished = with(&served(100));
    if let Some(pause) = behind_finished.iter().rposition(|act| matches!(act, Act::Pause | Act::Await(H::FINISHED))) {
        behind_finished.insert(pause, Act::Data(1000));
    }
    let key_update =
        [Act::Data(100), Act::AwaitEcho, Act::KeyUpdate, Act::Data(100), Act::AwaitEcho, Act::Alert(CLOSE_NOTIFY)];
    let mut cases = vec![
        good("undisturbed", with(&served(100)), Fault::ControlFails),
        good("much data", with(&served(MUCH)), Fault::DataLost),
        Case { one_byte: true, ..good("one byte at a time", with(&served(3000)), Fault::ShortReadsOrWrites) },
        Case { left: true, ..good("left and entered again", with(&served(3000)), Fault::NotResumed) },
        Case { answers: Answers::Late, ..good("late answers", with(&served(100)), Fault::QuestionLost) },
        Case {
            answers: Answers::Never,
            ..base("answers that never come", with(&served(100)), Right::Failed, Fault::ErrorTakenForEnd)
        },
        Case {
            long: true,
            right: Right::ServedOrRefused,
            ..good("long messages", with(&served(100)), Fault::MemoryNotGrown)
        },
        good("data behind Finished", behind_finished, Fault::DataBehindFinishedLost),
        good("a KeyUpdate", with(&[&key_update[..], &[Act::AwaitAlert]].concat()), Fault::KeyUpdateNotAnswered),
        base(
            "cut off behind data",
            with(&[Act::Data(100), Act::AwaitEcho]),
            Right::Failed,
            Fault::TruncationTakenForEnd,
        ),
        base("cut off before data", with(&[]), Right::Failed, Fault::TruncationTakenForEnd),
        base(
            "the peer's alert",
            with(&[Act::Data(100), Act::AwaitEcho, Act::Alert(HANDSHAKE_FAILURE)]),
            Right::Failed,
            Fault::ErrorTakenForEnd,
        ),
        Case {
            one_byte: true,
            ..base(
                "a damaged record of data",
                with(&[Act::Data(100), Act::AwaitEcho, Act::Data(100), Act::Damage, Act::AwaitAlert]),
                Right::Refused,
                Fault::ErrorTakenForEnd,
            )
        },
    ];
    // Behind each of the peer's flights, and instead of its last.
    let acts = handshake(peer);
    for (at, act) in acts.iter().enumerate().filter(|(_, act)| matches!(act, Act::Send(_))) {
        let before = acts.get(..at).unwrap_or_default();
        cases.push(base(
            "cut off inside of the handshake",
            before.to_vec(),
            Right::Failed,
            Fault::TruncationTakenForEnd,
        ));
        if !matches!(act, Act::Send([H::CLIENT_HELLO | H::SERVER_HELLO])) {
            let acts = [before, &[*act, Act::Damage, Act::AwaitAlert]].concat();
            cases.push(Case {
                one_byte: true,
                ..base("a damaged record of the handshake", acts, Right::Refused, Fault::ErrorTakenForEnd)
            });
        }
    }
    cases
}
