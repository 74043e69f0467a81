//! What may come, and what may not, after the handshake.
//!
//! A server is asked for something afterwards, and serves the peer or not. A client has spoken first, and says no more that
//! could be judged: what counts is whether it ends the connection, and how.

use super::case::{Case, Right, case};
use super::records::{by_protection, zeros};
use crate::adversary::peer::{ALERT, CCS, DATA, HANDSHAKE};
use crate::adversary::run::message;
use crate::adversary::script::{Change, Step, after, legal};
use crate::codec::{AlertDescription as A, ExtensionType as E, HandshakeType as H};
use crate::role::{Epoch, Role};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

const UNEXPECTED: Right = Right::Refuse(&[A::UNEXPECTED_MESSAGE]);
const BAD_MAC: Right = Right::Refuse(&[A::BAD_RECORD_MAC]);
const BAD_MAC_OR_UNEXPECTED: Right = Right::Refuse(&[A::BAD_RECORD_MAC, A::UNEXPECTED_MESSAGE]);
const OVERFLOW_OR_MAC: Right = Right::Refuse(&[A::RECORD_OVERFLOW, A::BAD_RECORD_MAC]);
const DECODE: Right = Right::Refuse(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER]);
const PLAIN: [u8; 3] = [DATA, 3, 3];
/// The beginning of an answer: whoever took what was before it waits for the rest.
const ANSWER: &[u8] = b"HTTP/1.1 200";

pub(super) fn cases(target: Role) -> Vec<Case> {
    let mut cases = key_updates(target);
    cases.extend(messages(target));
    cases.extend(records(target));
    cases.extend(match target {
        Role::Server => from_a_client(),
        Role::Client => from_a_server(),
    });
    cases
}

fn finished(target: Role, name: &str, steps: Vec<Step>, right: Right, ids: &'static [&'static str]) -> Case {
    let script = match target {
        Role::Server => after(legal(Role::Client), H::FINISHED, steps),
        Role::Client => {
            let handshake = legal(Role::Server).into_iter().filter(|step| *step != Step::Ask);
            let answer = Step::Record(DATA, ANSWER.to_vec());
            handshake.chain([Step::Hear]).chain(steps).chain([answer]).collect()
        }
    };
    by_protection(case(target, format!("afterwards/{name}"), script, "RFC 9846 §4.7", right).req(ids))
}

fn inject(typ: u8, body: &[u8]) -> Vec<Step> {
    vec![Step::Inject(message(typ, body))]
}

fn key_updates(target: Role) -> Vec<Case> {
    let finished = |name: &str, steps, right, ids| finished(target, &format!("key_update{name}"), steps, right, ids);
    let requested = || Step::Changed(H::KEY_UPDATE, vec![Change::Body(vec![1])]);
    let bare = |body: &[u8]| inject(24, body);
    vec![
        finished("", vec![Step::Send(H::KEY_UPDATE)], Right::Serve, &["9846-4.7.3-3"]),
        finished(
            "-twice",
            vec![Step::Send(H::KEY_UPDATE), Step::Send(H::KEY_UPDATE)],
            Right::Serve,
            &["9846-4.7.3-10"],
        ),
        finished("-requested", vec![requested()], Right::Serve, &["9846-4.7.3-5"]),
        finished("-requested-twice", vec![requested(), requested()], Right::Serve, &["9846-4.7.3-5"]),
        finished("-of-2", bare(&[2]), Right::Refuse(&[A::ILLEGAL_PARAMETER]), &["9846-4.7.3-4"]),
        finished("-of-255", bare(&[255]), Right::Refuse(&[A::ILLEGAL_PARAMETER]), &["9846-4.7.3-4"]),
        finished("-empty", bare(&[]), DECODE, &["9846-6-6"]),
        finished("-too-long", bare(&[0, 0]), DECODE, &["9846-6-6"]),
        finished("-and-the-old-key", bare(&[0]), BAD_MAC, &["9846-4.7.3-3", "9846-4.7.3-8"]),
        finished(
            "-with-more-in-its-record",
            vec![Step::SendWith(H::KEY_UPDATE, message(24, &[0]))],
            UNEXPECTED,
            &["9846-5.1-4", "9846-5.1-5"],
        ),
        finished(
            "-in-two-records",
            vec![Step::Fragment(3), Step::Send(H::KEY_UPDATE), Step::Fragment(1 << 14)],
            Right::Serve,
            &["9846-5.1-2"],
        ),
        finished(
            "-in-plaintext",
            vec![Step::Plain(HANDSHAKE, message(24, &[0]))],
            BAD_MAC_OR_UNEXPECTED,
            &["9846-5-5"],
        ),
    ]
}

/// Messages that nobody may send there, to either role. They can be read: only their place is wrong.
fn messages(target: Role) -> Vec<Case> {
    let hello = |tail: &[u8]| [&[3, 3][..], &[9; 32], tail].concat();
    let client_hello = hello(&[0, 0, 2, 0x13, 1, 1, 0]);
    let server_hello = hello(&[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    let foreign: [(u8, &str, &[u8], &'static [&'static str]); 9] = [
        (0, "hello_request", &[], &["9846-4.2.2-3"]),
        (1, "client_hello", &client_hello, &["9846-4.2.2-3"]),
        (2, "server_hello", &server_hello, &["9846-4-2"]),
        (5, "end_of_early_data", &[], &["9846-4-2"]),
        (8, "encrypted_extensions", &[0, 0], &["9846-4-2"]),
        (11, "certificate", &[0, 0, 0, 0], &["9846-4-2"]),
        (15, "certificate_verify", &[4, 3, 0, 0], &["9846-4-2"]),
        (20, "finished", &[0; 32], &["9846-4-2"]),
        (200, "unknown-message", &[1, 2, 3], &["9846-4-2"]),
    ];
    let case = |(typ, name, body, ids)| finished(target, name, inject(typ, body), UNEXPECTED, ids);
    let mut cases: Vec<Case> = foreign.into_iter().map(case).collect();
    // In a context of the client's own, one without, and one that cannot be read.
    let request = |name, body: &[u8], alerts| {
        let case = finished(target, name, inject(13, body), Right::Refuse(alerts), &["9846-4.7.2-5"]);
        Case { unless: Some(E::POST_HANDSHAKE_AUTH), ..case }
    };
    cases.extend([
        request("certificate_request", &[1, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3], &[A::UNEXPECTED_MESSAGE]),
        request("certificate_request-without-context", &[0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3], &[A::UNEXPECTED_MESSAGE]),
        request(
            "certificate_request-without-schemes",
            &[1, 7, 0, 0],
            &[A::UNEXPECTED_MESSAGE, A::MISSING_EXTENSION, A::DECODE_ERROR],
        ),
        request("certificate_request-cut", &[1], &[A::UNEXPECTED_MESSAGE, A::DECODE_ERROR]),
    ]);
    cases
}

fn records(target: Role) -> Vec<Case> {
    let finished = |name: &str, steps, right, ids| finished(target, name, steps, right, ids);
    let mut cases = vec![
        finished("the-handshake-key", vec![Step::Key(Epoch::Handshake)], BAD_MAC, &["9846-5.2-3"]),
        finished(
            "sequence-number-again",
            vec![Step::Record(DATA, vec![]), Step::Key(Epoch::Application)],
            BAD_MAC,
            &["9846-5.3-1"],
        ),
        finished("handshake-without-content", vec![Step::Sealed(PLAIN, vec![HANDSHAKE])], UNEXPECTED, &["9846-5.4-3"]),
        finished("change_cipher_spec", vec![Step::Plain(CCS, vec![1])], UNEXPECTED, &["9846-5-3"]),
        finished(
            "data-in-plaintext",
            vec![Step::Plain(DATA, b"GET / HTTP/1.1\r\n\r\n".to_vec())],
            BAD_MAC,
            &["9846-5.1-17"],
        ),
        finished("alert-in-plaintext", vec![Step::Plain(ALERT, vec![2, 40])], BAD_MAC_OR_UNEXPECTED, &["9846-5-5"]),
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

fn from_a_client() -> Vec<Case> {
    let ticket = ticket(&[7], &[9; 3], &[0, 0]);
    vec![finished(Role::Server, "new_session_ticket", inject(4, &ticket), UNEXPECTED, &["9846-4-2"])]
}

/// A NewSessionTicket of nine seconds, with this nonce, ticket and block of extensions.
fn ticket(nonce: &[u8], ticket: &[u8], extensions: &[u8]) -> Vec<u8> {
    let [high, low] = (ticket.len() as u16).to_be_bytes();
    [&[0, 0, 0, 9, 1, 2, 3, 4, nonce.len() as u8], nonce, &[high, low], ticket, extensions].concat()
}

/// Tickets, alerts, and data that nobody should hear.
fn from_a_server() -> Vec<Case> {
    let target = Role::Client;
    let good = || ticket(&[7], &[9; 3], &[0, 0]);
    // A client that resumes nothing need not read it.
    let unreadable = Right::Either(&[A::DECODE_ERROR, A::ILLEGAL_PARAMETER]);
    let ticket = |name: &str, body: &[u8], right, ids| {
        finished(target, &format!("new_session_ticket{name}"), inject(4, body), right, ids)
    };
    let mut cases = vec![
        ticket("", &good(), Right::Serve, &["9846-4.7.1-1"]),
        ticket(
            "-with-unknown-extension",
            &self::ticket(&[7], &[9; 3], &[0, 5, 0x5a, 0x4b, 0, 1, 7]),
            Right::Serve,
            &["9846-4.7.1-8"],
        ),
        ticket("-without-nonce", &self::ticket(&[], &[9; 3], &[0, 0]), Right::Serve, &["9846-4.7.1-1"]),
        ticket("-of-ones", &[255; 20], unreadable, &["9846-6-6"]),
        ticket("-cut", good().get(..8).unwrap_or_default(), unreadable, &["9846-6-6"]),
        ticket("-empty", &[], unreadable, &["9846-6-6"]),
        ticket("-without-ticket", &self::ticket(&[7], &[], &[0, 0]), unreadable, &["9846-6-6"]),
        ticket("-too-long", &[&good()[..], &[0]].concat(), unreadable, &["9846-6-6"]),
        ticket("-without-extensions", &self::ticket(&[7], &[9; 3], &[]), unreadable, &["9846-6-6"]),
        ticket(
            "-with-early_data-cut",
            &self::ticket(&[7], &[9; 3], &[0, 6, 0, 42, 0, 2, 0, 0]),
            unreadable,
            &["9846-6-6"],
        ),
        ticket(
            "-with-early_data-twice",
            &self::ticket(&[7], &[9; 3], &[0, 16, 0, 42, 0, 4, 0, 0, 0, 9, 0, 42, 0, 4, 0, 0, 0, 9]),
            unreadable,
            &["9846-4.3-7"],
        ),
        // More than seven days: the client keeps it for seven.
        ticket("-of-ten-days", &[&[0, 13, 47, 0], good().get(4..).unwrap_or_default()].concat(), Right::Open, &[]),
    ];
    let any = Right::Refuse(&[]);
    let alert = |name: &str, content: &[u8], right, ids: &'static [&'static str]| {
        let case = finished(target, name, vec![Step::Record(ALERT, content.to_vec())], right, ids);
        // After an alert of the peer there is nothing to say, and an application may wait for anything else.
        if matches!(right, Right::Refuse([])) { case.may_wait() } else { case }
    };
    let broken = Right::Refuse(&[A::DECODE_ERROR, A::UNEXPECTED_MESSAGE]);
    cases.extend([
        alert("fatal-alert", &[2, A::INTERNAL_ERROR.0], any, &["9846-6-1"]),
        alert("error-with-the-level-warning", &[1, A::INTERNAL_ERROR.0], any, &["9846-6-4"]),
        alert("alert-of-one-byte", &[2], broken, &["9846-5.1-11"]),
        alert("two-alerts-in-one-record", &[1, 90, 1, 0], broken, &["9846-5.1-11"]),
    ]);
    // Nobody sees from outside whether the application has heard it (§6.1 and §6.2 want it ignored).
    for (name, alert) in
        [("data-after-close_notify", (1, A::CLOSE_NOTIFY)), ("data-after-a-fatal-alert", (2, A::INTERNAL_ERROR))]
    {
        let steps = vec![Step::Alert(alert.0, alert.1)];
        cases.push(finished(target, name, steps, Right::Open, &["9846-6.1-1"]));
    }
    let so = String::from("the client went on although the connection was broken");
    cases.into_iter().map(|case| if case.consequence.is_empty() { case.so(so.clone()) } else { case }).collect()
}
