//! Every handshake message that a peer sends: dropped, repeated, in another order, cut, too long, with a wrong length; and
//! messages that nobody may send there.

use super::case::{Case, Right, case};
use crate::adversary::run::message;
use crate::adversary::script::{Change, Step, after, before, instead, legal, legal_with_retry};
use crate::codec::{AlertDescription as A, HandshakeType as H};
use crate::role::Role;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

const UNEXPECTED: Right = Right::Refuse(&[A::UNEXPECTED_MESSAGE]);
/// A message cannot be parsed (§6.2). Where its length is wrong, so may be all that follows.
const UNPARSED: Right = Right::Refuse(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER]);
const UNPARSED_OR_AFTER: Right = Right::Refuse(&[
    A::DECODE_ERROR,
    A::ILLEGAL_PARAMETER,
    A::UNEXPECTED_MESSAGE,
    A::BAD_RECORD_MAC,
    A::DECRYPT_ERROR,
    A::RECORD_OVERFLOW,
    A::MISSING_EXTENSION,
    A::BAD_CERTIFICATE,
    A::HANDSHAKE_FAILURE,
    A::INTERNAL_ERROR,
]);
const WRONG_PROOF: Right = Right::Refuse(&[A::DECODE_ERROR, A::DECRYPT_ERROR, A::ILLEGAL_PARAMETER]);

/// What a peer of this role sends, in order.
fn sent_by(role: Role) -> &'static [H] {
    match role {
        Role::Client => &[H::CLIENT_HELLO, H::CERTIFICATE, H::CERTIFICATE_VERIFY, H::FINISHED],
        Role::Server => &[
            H::SERVER_HELLO,
            H::ENCRYPTED_EXTENSIONS,
            H::CERTIFICATE_REQUEST,
            H::CERTIFICATE,
            H::CERTIFICATE_VERIFY,
            H::FINISHED,
        ],
    }
}

pub(super) fn cases(target: Role) -> Vec<Case> {
    let role = target.peer();
    let mut cases = Vec::new();
    for typ in sent_by(role) {
        cases.extend(shape(target, *typ));
    }
    cases.extend(order(target));
    cases.extend(foreign(target));
    cases.extend(retries(target));
    cases.extend(together(target));
    cases.extend(key_changes(target));
    cases
}

/// A message of another shape.
fn shape(target: Role, typ: H) -> Vec<Case> {
    let proof = matches!(typ, H::CERTIFICATE_VERIFY | H::FINISHED);
    let wrong = if proof { WRONG_PROOF } else { UNPARSED };
    let bent = |name: &str, change: Change, right| {
        let script = instead(legal(target.peer()), typ, [Step::Changed(typ, vec![change])]);
        let case = case(target, format!("{typ}/{name}"), script, "RFC 9846 §6.2", right).req(&["9846-6-6"]).damaged();
        // Bytes behind a proof leave it whole.
        let whole = name.ends_with("too-long");
        if proof && !whole { case.grave("a peer was served whose proof was broken") } else { case }
    };
    let mut cases = vec![
        bent("cut", Change::Truncate(1), wrong),
        bent("cut-in-half", Change::Truncate(20), wrong),
        bent("one-byte-too-long", Change::Append(vec![0]), wrong),
        bent("much-too-long", Change::Append(vec![0; 2000]), wrong),
        bent("length-one-more", Change::Length(1), UNPARSED_OR_AFTER).may_wait(),
        bent("length-one-less", Change::Length(-1), UNPARSED_OR_AFTER).may_wait(),
        bent("length-of-16-megabytes", Change::Length(16_000_000), UNPARSED_OR_AFTER).may_wait(),
        bent("empty-body", Change::Body(vec![]), wrong),
    ];
    if matches!(typ, H::FINISHED) {
        // Against servers these are among the quick ones.
        cases.retain(|case| {
            !["finished/empty-body", "finished/cut", "finished/one-byte-too-long"].contains(&&*case.name)
        });
    }
    cases
}

/// Messages that are dropped, repeated, or come too early.
fn order(target: Role) -> Vec<Case> {
    let role = target.peer();
    let sent = sent_by(role);
    let mut cases = Vec::new();
    let mut add = |name: alloc::string::String, script, right| {
        cases.push(
            case(target, name, script, "RFC 9846 §4", right)
                .req(&["9846-4-1", "9846-4-2", "9846-4.5.2-1", "9846-4.5.2-2", "9846-4.5.2-3"])
                .damaged(),
        );
    };
    for typ in sent.iter().filter(|typ| !matches!(**typ, H::CLIENT_HELLO | H::SERVER_HELLO)) {
        if !matches!(*typ, H::CERTIFICATE | H::CERTIFICATE_VERIFY | H::FINISHED) {
            let right = match (*typ, refusal_of_a_missing(*typ)) {
                // Its loss is the server's: a client may do without (§4.4.2), though one of mutual TLS does not.
                (H::CERTIFICATE_REQUEST, Right::Refuse(alerts)) => Right::Either(alerts),
                (_, right) => right,
            };
            add(format!("{typ}/dropped"), instead(legal(role), *typ, []), right);
        }
        if *typ != H::FINISHED {
            add(format!("{typ}/repeated"), after(legal(role), *typ, [Step::Send(*typ)]), UNEXPECTED);
        }
    }
    for (first, second) in sent.iter().zip(sent.iter().skip(1)).filter(|(first, _)| !is_hello(**first)) {
        let swapped = instead(legal(role), *second, []);
        let swapped = before(swapped, *first, [Step::Send(*second)]);
        add(format!("{second}/before-{first}"), swapped, refusal_of_a_missing(*first));
    }
    cases.retain(|case| case.name != "certificate_verify/before-certificate");
    cases
}

fn is_hello(typ: H) -> bool {
    matches!(typ, H::CLIENT_HELLO | H::SERVER_HELLO)
}

/// Who comes to miss what: the next message is another one, or mutual TLS is not to be had.
fn refusal_of_a_missing(typ: H) -> Right {
    match typ {
        H::CERTIFICATE_REQUEST => {
            Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::HANDSHAKE_FAILURE, A::CERTIFICATE_REQUIRED])
        }
        _ => UNEXPECTED,
    }
}

/// Types that may not come there, and types that are none.
fn foreign(target: Role) -> Vec<Case> {
    let role = target.peer();
    let hello = [&[3, 3][..], &[9; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    let typs: [(u8, &str, Vec<u8>); 14] = [
        (0, "hello_request", vec![]),
        (1, "client_hello", hello.clone()),
        (2, "server_hello", [&[3, 3][..], &[9; 32], &[0, 0x13, 1, 0, 0, 0]].concat()),
        (3, "hello_verify_request", vec![0xfe, 0xff, 0]),
        (4, "new_session_ticket", [&[0; 8][..], &[0, 0, 1, 7, 0, 0]].concat()),
        (5, "end_of_early_data", vec![]),
        (8, "encrypted_extensions", vec![0, 0]),
        (12, "server_key_exchange", vec![0; 4]),
        (13, "certificate_request", vec![0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]),
        (14, "server_hello_done", vec![]),
        (16, "client_key_exchange", vec![0; 4]),
        (24, "key_update", vec![0]),
        (67, "next_protocol", vec![0; 2]),
        (254, "message_hash", vec![0; 32]),
    ];
    let mut cases = Vec::new();
    for (typ, name, body) in typs {
        for (place, at, ids) in [
            ("before-certificate", H::CERTIFICATE, &["9846-4-2", "9846-4.2.2-3", "9846-4.6-4", "9846-4.7.3-1"][..]),
            ("before-finished", H::FINISHED, &["9846-4-2"]),
        ] {
            if (typ == 13 && role == Role::Server && at == H::CERTIFICATE) || (typ == 1 && role == Role::Server) {
                continue;
            }
            let script = before(legal(role), at, [Step::Inject(message(typ, &body))]);
            let case = case(target, format!("foreign/{name}-{place}"), script, "RFC 9846 §4", UNEXPECTED);
            cases.push(case.req(ids).damaged());
        }
    }
    for typ in [6, 7, 9, 10, 23, 25, 100, 255] {
        let script = before(legal(role), H::CERTIFICATE, [Step::Inject(message(typ, &[1, 2, 3]))]);
        // Who knows the old hello_retry_request (6) or compressed certificates (25, RFC 8879) cannot read this one.
        let right = match typ {
            6 | 25 => Right::Refuse(&[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
            _ => UNEXPECTED,
        };
        cases.push(
            case(target, format!("foreign/type-{typ}"), script, "RFC 9846 §4", right).req(&["9846-4-2"]).damaged(),
        );
    }
    cases
}

/// HelloRetryRequest, and the hello that answers it.
fn retries(target: Role) -> Vec<Case> {
    use crate::adversary::peer::{HELLO_RETRY_REQUEST, SECOND_CLIENT_HELLO};
    let role = target.peer();
    let legal = || legal_with_retry(role);
    let good = case(target, "retry/good", legal(), "RFC 9846 §4.2.4", Right::Serve);
    let mut cases = vec![good.req(&["9846-4.2.1-3", "9846-4.2.4-6"])];
    let illegal = Right::Refuse(&[A::ILLEGAL_PARAMETER]);
    match role {
        Role::Client => {
            let second = |name: &str, changes: Vec<Change>, right| {
                let script = instead(legal(), SECOND_CLIENT_HELLO, [Step::Changed(SECOND_CLIENT_HELLO, changes)]);
                case(target, format!("retry/second-hello-{name}"), script, "RFC 9846 §4.2.2", right)
                    .req(&["9846-4.2.2-2"])
                    .damaged()
            };
            const OTHER: &[A] = &[
                A::ILLEGAL_PARAMETER,
                A::DECODE_ERROR,
                A::MISSING_EXTENSION,
                A::HANDSHAKE_FAILURE,
                A::UNEXPECTED_MESSAGE,
            ];
            // That it stays the same binds the client. A server need not compare them, and one without a state cannot.
            let another = |name: &str, change| second(name, vec![change], Right::Either(OTHER));
            cases.extend([
                another("with-another-random", Change::Overwrite(2, vec![0xee; 4])),
                another("with-another-session-id", Change::SessionId(vec![1; 32])),
                another("with-another-suite", Change::Suites(vec![0x1303])),
                another(
                    "with-another-name",
                    Change::Set(crate::codec::ExtensionType::SERVER_NAME, vec![0, 4, 0, 0, 1, b'x']),
                ),
                second(
                    "without-share",
                    vec![Change::Set(crate::codec::ExtensionType::KEY_SHARE, vec![0, 0])],
                    Right::Refuse(OTHER),
                ),
                second("cut", vec![Change::Truncate(1)], UNPARSED),
            ]);
        }
        Role::Server => {
            let request = |name: &str, changes: Vec<Change>, right| {
                let script = instead(legal(), HELLO_RETRY_REQUEST, [Step::Changed(HELLO_RETRY_REQUEST, changes)]);
                let ids = &["9846-4.2.4-3", "9846-4.2.4-4", "9846-4.2.4-7", "9846-4.3.8-8", "9846-4.3.8-9"];
                case(target, format!("retry/request-{name}"), script, "RFC 9846 §4.2.4", right).req(ids).damaged()
            };
            let key_share = crate::codec::ExtensionType::KEY_SHARE;
            let twice = after(legal(), HELLO_RETRY_REQUEST, [Step::Send(HELLO_RETRY_REQUEST)]);
            let answer = |name: &str, change: Change| {
                let script = instead(legal(), H::SERVER_HELLO, [Step::Changed(H::SERVER_HELLO, vec![change])]);
                let ids = &["9846-4.2.4-8", "9846-4.2.4-9", "9846-4.3.8-14", "9846-4.3.8-15"];
                case(target, format!("retry/answer-{name}"), script, "RFC 9846 §4.2.4", illegal).req(ids).damaged()
            };
            cases.extend([
                answer("with-another-suite", Change::Suite(0x1303)),
                answer("with-another-group", Change::Set(key_share, [&[0, 0x1e, 0, 56][..], &[9; 56]].concat())),
                request("for-a-group-that-was-not-offered", vec![Change::Set(key_share, vec![1, 0])], illegal),
                request("without-any-change", vec![Change::Without(key_share)], illegal),
                request("of-an-unknown-suite", vec![Change::Suite(0x13ff)], illegal),
                request(
                    "of-tls12",
                    vec![Change::Set(crate::codec::ExtensionType::SUPPORTED_VERSIONS, vec![3, 3])],
                    illegal,
                ),
                request("with-compression", vec![Change::Compression(1)], illegal),
                request("with-another-session-id", vec![Change::SessionId(vec![1; 32])], illegal),
                request("cut", vec![Change::Truncate(1)], UNPARSED),
                case(target, "retry/request-twice", twice, "RFC 9846 §4.2.4", UNEXPECTED)
                    .req(&["9846-4.2.4-5"])
                    .damaged(),
            ]);
        }
    }
    cases
}

/// Messages that share records, and records that share messages: all of it legal.
fn together(target: Role) -> Vec<Case> {
    let role = target.peer();
    let flight: Vec<H> = sent_by(role).iter().copied().skip(1).collect();
    let mut script = legal(role);
    for typ in flight.iter().skip(1) {
        script = instead(script, *typ, []);
    }
    let first = flight.first().copied().unwrap_or(H::FINISHED);
    let one_record = instead(script, first, [Step::Together(flight)]);
    let fragment = |most| {
        let mut script = legal(role);
        script.insert(0, Step::Fragment(most));
        script
    };
    [
        ("flight-in-one-record", one_record),
        ("records-of-1-byte", fragment(1)),
        ("records-of-7-bytes", fragment(7)),
        ("records-of-100-bytes", fragment(100)),
    ]
    .into_iter()
    .map(|(name, script)| {
        case(target, format!("split/{name}"), script, "RFC 9846 §5.1", Right::Serve).req(&["9846-5.1-2"])
    })
    .collect()
}

/// Bytes behind a message after which the key changes.
fn key_changes(target: Role) -> Vec<Case> {
    let role = target.peer();
    let typs: &[H] = match role {
        Role::Client => &[H::FINISHED],
        Role::Server => &[H::SERVER_HELLO, H::FINISHED],
    };
    let case = |typ: &H| {
        let script = instead(legal(role), *typ, [Step::SendWith(*typ, message(24, &[0]))]);
        case(target, format!("{typ}/with-more-in-its-record"), script, "RFC 9846 §5.1", UNEXPECTED)
            .req(&["9846-5.1-4", "9846-5.1-5", "9846-5.1-6", "9846-5.1-7"])
            .damaged()
    };
    typs.iter().map(case).collect()
}
