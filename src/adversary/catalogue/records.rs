//! Records: types, versions, lengths, padding, protection; change_cipher_spec; alerts; and what may come after the handshake.

use super::case::{Case, Right, case};
use crate::adversary::peer::{ALERT, CCS, DATA, HANDSHAKE};
use crate::adversary::run::message;
use crate::adversary::script::{Step, after, before, legal};
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
    cases.extend(afterwards(target));
    cases
}

/// A record of this length in all, of nothing but a record header and zeros.
fn zeros(typ: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    [&[typ, 3, 3, high, low][..], &vec![0; usize::from(len)]].concat()
}

/// Where bad_record_mac is right, the protection of records is at stake.
fn by_protection(case: Case) -> Case {
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
        add("type-24", vec![Step::Plain(24, vec![1, 0, 0])], UNEXPECTED, &["9846-5-5"]);
        add("type-0", vec![Step::Plain(0, vec![1, 2, 3])], UNEXPECTED, &["9846-5-5"]);
        add("type-255", vec![Step::Plain(255, vec![1, 2, 3])], UNEXPECTED, &["9846-5-5"]);
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
        add("of-65535-bytes", vec![Step::Raw(zeros(DATA, u16::MAX))], OVERFLOW, &["9846-5.2-2"]);
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
            Right::Refuse(&[A::UNEXPECTED_MESSAGE]),
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
        before_hello(
            "empty-handshake",
            vec![Step::Plain(HANDSHAKE, vec![])],
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
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

/// After the handshake.
fn afterwards(target: Role) -> Vec<Case> {
    let role = target.peer();
    let finished = |name: &str, steps: Vec<Step>, right, ids: &'static [&'static str]| {
        let script = after(legal(role), H::FINISHED, steps);
        by_protection(case(target, format!("afterwards/{name}"), script, "RFC 9846 §4.7", right).req(ids))
    };
    let inject = |typ: u8, body: &[u8]| vec![Step::Inject(message(typ, body))];
    let key_update = |body: &[u8]| inject(24, body);
    // Against a client there is nothing left to answer: it speaks first.
    if target == Role::Client {
        let ticket =
            |extensions: &[u8]| message(4, &[&[0, 0, 0, 9, 1, 2, 3, 4, 1, 7, 0, 3, 9, 9, 9][..], extensions].concat());
        return vec![
            finished("new_session_ticket", vec![Step::Inject(ticket(&[0, 0]))], Right::Serve, &["9846-4.7.1-1"]),
            finished(
                "new_session_ticket-with-unknown-extension",
                vec![Step::Inject(ticket(&[0, 5, 0x5a, 0x4b, 0, 1, 7]))],
                Right::Serve,
                &["9846-4.7.1-8"],
            ),
        ];
    }
    let mut cases = vec![
        finished("key_update", vec![Step::Send(H::KEY_UPDATE)], Right::Serve, &["9846-4.7.3-3"]),
        finished(
            "key_update-twice",
            vec![Step::Send(H::KEY_UPDATE), Step::Send(H::KEY_UPDATE)],
            Right::Serve,
            &["9846-4.7.3-10"],
        ),
        finished(
            "key_update-requested",
            vec![Step::Changed(H::KEY_UPDATE, vec![crate::adversary::script::Change::Body(vec![1])])],
            Right::Serve,
            &["9846-4.7.3-5"],
        ),
        finished("key_update-of-2", key_update(&[2]), Right::Refuse(&[A::ILLEGAL_PARAMETER]), &["9846-4.7.3-4"]),
        finished("key_update-empty", key_update(&[]), Right::Refuse(&[A::DECODE_ERROR]), &["9846-6-6"]),
        finished("key_update-too-long", key_update(&[0, 0]), Right::Refuse(&[A::DECODE_ERROR]), &["9846-6-6"]),
        finished("key_update-and-the-old-key", key_update(&[0]), BAD_MAC, &["9846-4.7.3-3", "9846-4.7.3-8"]),
        finished("the-handshake-key", vec![Step::Key(Epoch::Handshake)], BAD_MAC, &["9846-5.2-3"]),
        finished(
            "sequence-number-again",
            vec![Step::Record(DATA, vec![]), Step::Key(Epoch::Application)],
            BAD_MAC,
            &["9846-5.3-1"],
        ),
        finished("client_hello", inject(1, &[3, 3, 0]), UNEXPECTED, &["9846-4.2.2-3"]),
        finished("certificate", inject(11, &[0, 0, 0, 0]), UNEXPECTED, &["9846-4-2"]),
        finished("certificate_verify", inject(15, &[4, 3, 0, 0]), UNEXPECTED, &["9846-4-2"]),
        finished("finished", inject(20, &[0; 32]), UNEXPECTED, &["9846-4-2"]),
        finished(
            "certificate_request",
            inject(13, &[1, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]),
            UNEXPECTED,
            &["9846-4.7.2-5"],
        ),
        finished("new_session_ticket", inject(4, &[0; 14]), UNEXPECTED, &["9846-4-2"]),
        finished("end_of_early_data", inject(5, &[]), UNEXPECTED, &["9846-4-2"]),
        finished("hello_request", inject(0, &[]), UNEXPECTED, &["9846-4.2.2-3"]),
        finished("unknown-message", inject(200, &[1, 2, 3]), UNEXPECTED, &["9846-4-2"]),
        finished("handshake-without-content", vec![Step::Sealed(PLAIN, vec![HANDSHAKE])], UNEXPECTED, &["9846-5.4-3"]),
        finished("change_cipher_spec", vec![Step::Plain(CCS, vec![1])], UNEXPECTED, &["9846-5-3"]),
        finished(
            "data-in-plaintext",
            vec![Step::Plain(DATA, b"GET / HTTP/1.1\r\n\r\n".to_vec())],
            BAD_MAC,
            &["9846-5.1-17"],
        ),
        finished(
            "alert-in-plaintext",
            vec![Step::Plain(ALERT, vec![2, 40])],
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::BAD_RECORD_MAC]),
            &["9846-5-5"],
        ),
        finished("record-of-zeros", vec![Step::Raw(zeros(DATA, 64))], BAD_MAC, &["9846-5.2-3"]),
        finished("record-too-long", vec![Step::Raw(zeros(DATA, (1 << 14) + 257))], OVERFLOW_OR_MAC, &["9846-5.2-2"]),
        finished("data-without-content", vec![Step::Record(DATA, vec![])], Right::Serve, &["9846-5.4-2"]),
        finished(
            "data-with-much-padding",
            vec![Step::Sealed(PLAIN, [&[DATA][..], &[0; 1000]].concat())],
            Right::Serve,
            &["9846-5.4-4"],
        ),
        finished("interleaved", vec![Step::Record(HANDSHAKE, vec![24, 0])], UNEXPECTED, &["9846-5.1-3"]),
        finished("nothing-but-padding", vec![Step::Sealed(PLAIN, vec![0; 64])], UNEXPECTED, &["9846-5.4-5"]),
    ];
    for (name, version) in [("ssl3", [3, 0]), ("tls10", [3, 1]), ("tls13", [3, 4]), ("ones", [255, 255])] {
        let [major, minor] = version;
        let step = Step::Sealed([DATA, major, minor], vec![DATA]);
        cases.push(finished(
            &format!("record-version-of-{name}"),
            vec![step],
            Right::Open,
            &["9846-5.1-13", "9846-E-1", "9846-E.2-4"],
        ));
    }
    cases
}
