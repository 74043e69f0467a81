//! Records: types, versions, lengths, padding, protection; change_cipher_spec; alerts.

use super::case::{Case, Right, case};
use crate::adversary::peer::{ALERT, CCS, DATA, HANDSHAKE};
use crate::adversary::run::message;
use crate::adversary::script::{Step, before, legal};
use crate::codec::{AlertDescription as A, HandshakeType as H};
use crate::role::{Epoch, Role};
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

const UNEXPECTED: Right = Right::Refuse(&[A::UNEXPECTED_MESSAGE]);
const BAD_MAC: Right = Right::Refuse(&[A::BAD_RECORD_MAC]);
const BAD_MAC_OR_UNEXPECTED: Right = Right::Refuse(&[A::BAD_RECORD_MAC, A::UNEXPECTED_MESSAGE]);
const OVERFLOW: Right = Right::Refuse(&[A::RECORD_OVERFLOW]);
const OVERFLOW_OR_MAC: Right = Right::Refuse(&[A::RECORD_OVERFLOW, A::BAD_RECORD_MAC]);
const PLAIN: [u8; 3] = [DATA, 3, 3];

/// Where a record is put: its name, and before which message of the peer.
const PLACES: [(&str, H); 2] = [("before-certificate", H::CERTIFICATE), ("before-finished", H::FINISHED)];

pub(super) fn cases(target: Role) -> Vec<Case> {
    let mut cases = during(target);
    cases.extend(first(target));
    cases.extend(alerts(target));
    cases
}

/// A record of this length in all, of nothing but a record header and zeros.
pub(super) fn zeros(typ: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    [&[typ, 3, 3, high, low][..], &vec![0; usize::from(len)]].concat()
}

/// Where bad_record_mac is right, the protection of records is at stake.
pub(super) fn by_protection(case: Case) -> Case {
    match case.right {
        Right::Refuse(alerts) if alerts.contains(&A::BAD_RECORD_MAC) && !alerts.contains(&A::RECORD_OVERFLOW) => {
            case.grave("a record was taken that nobody had protected, or with another key")
        }
        _ => case.damaged(),
    }
}

/// Records under the handshake key, or that should be.
fn during(target: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    for (place, at) in PLACES {
        let mut add = |name: &str, steps: Vec<Step>, right, ids: &'static [&'static str]| {
            let script = before(legal(target.peer()), at, steps);
            let case = case(target, format!("record/{name}-{place}"), script, "RFC 9846 §5", right).req(ids);
            cases.push(by_protection(case));
        };
        let finished = message(20, &[0; 32]);
        let inner = |typ: u8, content: &[u8]| vec![Step::Sealed(PLAIN, [content, &[typ]].concat())];
        add("change_cipher_spec", vec![Step::Plain(CCS, vec![1])], Right::Serve, &["9846-5-1"]);
        add("change_cipher_spec-of-2", vec![Step::Plain(CCS, vec![2])], UNEXPECTED, &["9846-5-2"]);
        add("change_cipher_spec-of-two-bytes", vec![Step::Plain(CCS, vec![1, 1])], UNEXPECTED, &["9846-5-2"]);
        add(
            "change_cipher_spec-empty",
            vec![Step::Plain(CCS, vec![])],
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
            &["9846-5-2"],
        );
        add("change_cipher_spec-protected", inner(CCS, &[1]), UNEXPECTED, &["9846-5-2"]);
        add("inner-type-0-only", vec![Step::Sealed(PLAIN, vec![0; 8])], UNEXPECTED, &["9846-5.4-5"]);
        add("inner-type-24", inner(24, &[1, 0, 0]), UNEXPECTED, &["9846-5-5"]);
        add("inner-type-255", inner(255, &[1]), UNEXPECTED, &["9846-5-5"]);
        add("handshake-without-content", inner(HANDSHAKE, &[]), UNEXPECTED, &["9846-5.4-3"]);
        add(
            "alert-without-content",
            inner(ALERT, &[]),
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
            &["9846-5.4-3"],
        );
        add(
            "handshake-in-plaintext",
            vec![Step::Plain(HANDSHAKE, finished.clone())],
            BAD_MAC_OR_UNEXPECTED,
            &["9846-5-5"],
        );
        add("nothing-in-it", vec![Step::Raw(zeros(DATA, 0))], BAD_MAC_OR_UNEXPECTED, &["9846-5.2-3"]);
        add("shorter-than-a-tag", vec![Step::Raw(zeros(DATA, 15))], BAD_MAC_OR_UNEXPECTED, &["9846-5.2-3"]);
        add("of-zeros", vec![Step::Raw(zeros(DATA, 40))], BAD_MAC, &["9846-5.2-3"]);
        add("damaged", vec![Step::Damaged(HANDSHAKE, finished.clone())], BAD_MAC, &["9846-5.2-3"]);
        add(
            "too-long-by-1",
            vec![Step::Raw(zeros(DATA, (1 << 14) + 257))],
            OVERFLOW_OR_MAC,
            &["9846-5.2-2", "9846-5.2-5"],
        );
        add("of-40000-bytes", vec![Step::Raw(zeros(DATA, 40_000))], OVERFLOW, &["9846-5.2-2"]);
        add(
            "inner-too-long",
            vec![Step::Sealed(PLAIN, vec![HANDSHAKE; (1 << 14) + 2])],
            OVERFLOW_OR_MAC_OR_CONTENT,
            &["9846-5.4-6", "9846-5.2-2"],
        );
        add(
            "under-the-application-key",
            vec![Step::Key(Epoch::Application), Step::Record(HANDSHAKE, finished.clone())],
            BAD_MAC_OR_UNEXPECTED,
            &["9846-5.2-3", "9846-5.3-1"],
        );
        add(
            "interleaved-alert",
            split(&finished, Step::Record(ALERT, vec![1, 90])),
            // Who ignores user_canceled comes to the message.
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECRYPT_ERROR, A::DECODE_ERROR]),
            &["9846-5.1-3"],
        );
        add("interleaved-data", split(&finished, Step::Record(DATA, vec![1])), UNEXPECTED, &["9846-5.1-3"]);
        add(
            "interleaved-change_cipher_spec",
            split(&finished, Step::Plain(CCS, vec![1])),
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECRYPT_ERROR, A::DECODE_ERROR]),
            &["9846-5.1-3"],
        );
        let padded = [&[HANDSHAKE][..], &[0; 300]].concat();
        add("padding-without-content", vec![Step::Sealed(PLAIN, padded)], UNEXPECTED, &["9846-5.4-3"]);
        for typ in [0, 24, 255] {
            // It is not expected, and cannot be deprotected either (§5.2).
            let script = before(legal(target.peer()), at, [Step::Plain(typ, vec![1, 2, 3])]);
            let name = format!("record/type-{typ}-{place}");
            let case = case(target, name, script, "RFC 9846 §5", BAD_MAC_OR_UNEXPECTED).req(&["9846-5-5"]);
            cases.push(case.damaged());
        }
    }
    cases
}

const OVERFLOW_OR_MAC_OR_CONTENT: Right =
    Right::Refuse(&[A::RECORD_OVERFLOW, A::BAD_RECORD_MAC, A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]);

/// A message in two records, with a step between.
fn split(message: &[u8], between: Step) -> Vec<Step> {
    let (first, second) = message.split_at(message.len().min(2));
    vec![Step::Record(HANDSHAKE, first.to_vec()), between, Step::Record(HANDSHAKE, second.to_vec())]
}

/// The first record of a connection.
fn first(target: Role) -> Vec<Case> {
    if target == Role::Client {
        return Vec::new();
    }
    let before_hello = |name: &str, steps: Vec<Step>, right| {
        let script = before(legal(Role::Client), H::CLIENT_HELLO, steps);
        case(target, format!("record/first-{name}"), script, "RFC 9846 §5.1", right).damaged()
    };
    let any = Right::Refuse(&[]);
    vec![
        before_hello("change_cipher_spec", vec![Step::Plain(CCS, vec![1])], UNEXPECTED).req(&["9846-5-3"]),
        before_hello("data", vec![Step::Plain(DATA, vec![1, 2, 3])], BAD_MAC_OR_UNEXPECTED).req(&["9846-5-5"]),
        before_hello("alert", vec![Step::Plain(ALERT, vec![2, 40])], any).req(&["9846-6-1"]),
        before_hello("alert-close_notify", vec![Step::Plain(ALERT, vec![1, 0])], any),
        before_hello("type-99", vec![Step::Plain(99, vec![1, 2, 3])], any).req(&["9846-5-5"]),
        // In plaintext this binds the sender only (§5.1); under protection both (§5.4).
        before_hello(
            "empty-handshake",
            vec![Step::Plain(HANDSHAKE, vec![])],
            Right::Either(&[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
        )
        .req(&["9846-5.4-3"]),
        before_hello(
            "too-long",
            vec![Step::Raw(zeros(HANDSHAKE, (1 << 14) + 1))],
            Right::Refuse(&[A::RECORD_OVERFLOW, A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
        )
        .req(&["9846-5.1-15"]),
        before_hello("http", vec![Step::Raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec())], any).may_wait(),
        before_hello("sslv2", vec![Step::Raw(vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80])], any)
            .may_wait()
            .req(&["9846-E.5-5"]),
        before_hello("zeros", vec![Step::Raw(vec![0; 64])], any).may_wait(),
    ]
}

/// Alerts of the peer.
fn alerts(target: Role) -> Vec<Case> {
    let any = Right::Refuse(&[]);
    let mut cases = Vec::new();
    for (place, at) in PLACES {
        let mut add = |name: &str, content: Vec<u8>, right| {
            let script = before(legal(target.peer()), at, [Step::Record(ALERT, content)]);
            let ids = &["9846-6-1", "9846-6-4", "9846-6-5", "9846-6.2-1", "9846-5.1-11"];
            cases.push(case(target, format!("alert/{name}-{place}"), script, "RFC 9846 §6", right).req(ids).damaged());
        };
        add("fatal", vec![2, A::HANDSHAKE_FAILURE.0], any);
        add("error-with-the-level-warning", vec![1, A::HANDSHAKE_FAILURE.0], any);
        add("unknown", vec![1, 211], any);
        add("close_notify", vec![1, A::CLOSE_NOTIFY.0], any);
        add("of-one-byte", vec![2], Right::Refuse(&[A::DECODE_ERROR, A::UNEXPECTED_MESSAGE]));
        add("two-in-one-record", vec![1, 90, 1, 0], Right::Refuse(&[A::DECODE_ERROR, A::UNEXPECTED_MESSAGE]));
        add("of-level-3", vec![3, A::HANDSHAKE_FAILURE.0], Right::Refuse(&[]));
    }
    cases
}
