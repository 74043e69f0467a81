//! What each change of a message does to its bytes. A change that does nothing would test nothing.

use countersign::adversary::peer::{GREASE, Msg, SECOND_CLIENT_HELLO, certificate};
use countersign::adversary::script::{
    Change::{self, *},
    Step, after, before, instead, legal, legal_with_retry,
};
use countersign::internals::codec::ExtensionType;
use countersign::{HandshakeType as H, Role};

const NAME: ExtensionType = ExtensionType::SERVER_NAME;
/// server_name with the host name "a.b".
const A_B: [u8; 8] = [0, 6, 0, 0, 3, b'a', b'.', b'b'];

/// legacy_version, random, legacy_session_id, cipher_suites, legacy_compression_methods; and two extensions.
fn client_hello() -> Msg {
    let head = [&[3, 3][..], &[7; 32], &[1, 9], &[0, 2, 0x13, 1], &[1, 0]].concat();
    Msg::new(H::CLIENT_HELLO, head).with(vec![(NAME, A_B.to_vec()), (GREASE, vec![5])])
}

/// The same with one suite and one compression method.
fn server_hello() -> Msg {
    let head = [&[3, 3][..], &[7; 32], &[1, 9], &[0x13, 1], &[0]].concat();
    Msg::new(H::SERVER_HELLO, head).with(vec![(GREASE, vec![5])])
}

const SERVER_NAME: [u8; 12] = [0, 0, 0, 8, 0, 6, 0, 0, 3, b'a', b'.', b'b'];
const GREASE_5: [u8; 5] = [0x2a, 0x2a, 0, 1, 5];

/// Type, length, body.
fn message(typ: u8, body: &[u8]) -> Vec<u8> {
    [&[typ, 0, 0, body.len() as u8], body].concat()
}

fn block(extensions: &[&[u8]]) -> Vec<u8> {
    let list = extensions.concat();
    [&[0, list.len() as u8], &list[..]].concat()
}

fn changed(change: Change, mut msg: Msg) -> Vec<u8> {
    change.apply(&mut msg);
    msg.bytes()
}

#[test]
fn each_change_of_a_message_as_a_whole_changes_what_it_says() {
    let finished = || Msg::new(H::FINISHED, vec![1, 2, 3, 4]);
    for (change, expected) in [
        (Type(8), vec![8, 0, 0, 4, 1, 2, 3, 4]),
        (Truncate(1), vec![20, 0, 0, 3, 1, 2, 3]),
        (Truncate(9), vec![20, 0, 0, 0]),
        (Append(vec![9, 9]), vec![20, 0, 0, 6, 1, 2, 3, 4, 9, 9]),
        (Length(2), vec![20, 0, 0, 6, 1, 2, 3, 4]),
        (Length(-1), vec![20, 0, 0, 3, 1, 2, 3, 4]),
        (Flip(0), vec![20, 0, 0, 4, 1, 2, 3, 5]),
        (Flip(3), vec![20, 0, 0, 4, 0, 2, 3, 4]),
        (Flip(4), vec![20, 0, 0, 4, 1, 2, 3, 4]),
        (Body(vec![6]), vec![20, 0, 0, 1, 6]),
        (Overwrite(1, vec![8, 9]), vec![20, 0, 0, 4, 1, 8, 9, 4]),
        (Overwrite(3, vec![8, 9]), vec![20, 0, 0, 4, 1, 2, 3, 8]),
    ] {
        assert_eq!(changed(change.clone(), finished()), expected, "{change:?}");
    }
}

#[test]
fn each_change_of_extensions_changes_what_it_says() {
    let head = client_hello().head;
    let upper = [&SERVER_NAME[..9], b"A.B"].concat();
    let longer = [0x2a, 0x2a, 0, 2, 5, 0];
    for (change, extensions) in [
        (Set(GREASE, vec![]), vec![&SERVER_NAME[..], &[0x2a, 0x2a, 0, 0]]),
        (Set(ExtensionType::COOKIE, vec![]), vec![&SERVER_NAME, &GREASE_5, &[0, 44, 0, 0]]),
        (Push(GREASE, vec![5]), vec![&SERVER_NAME, &GREASE_5, &GREASE_5]),
        (Twice(NAME), vec![&SERVER_NAME, &GREASE_5, &SERVER_NAME]),
        (Without(NAME), vec![&GREASE_5]),
        (Lengthen(GREASE), vec![&SERVER_NAME, &longer]),
        (Shorten(GREASE), vec![&SERVER_NAME, &[0x2a, 0x2a, 0, 0]]),
        (NameInCapitals, vec![&upper, &GREASE_5]),
    ] {
        let expected = message(1, &[&head[..], &block(&extensions)].concat());
        assert_eq!(changed(change.clone(), client_hello()), expected, "{change:?}");
    }
    assert_eq!(changed(NoExtensions, client_hello()), message(1, &head));
}

#[test]
fn each_change_of_a_hello_changes_one_field() {
    let rest = block(&[&SERVER_NAME, &GREASE_5]);
    let hello =
        |fields: [&[u8]; 4]| message(1, &[fields[0], &[7; 32], fields[1], fields[2], fields[3], &rest].concat());
    let [version, id, suites, compressions] = [&[3, 3][..], &[1, 9], &[0, 2, 0x13, 1], &[1, 0]];
    for (change, expected) in [
        (Version(0x0304), [&[3, 4][..], id, suites, compressions]),
        (SessionId(vec![]), [version, &[0], suites, compressions]),
        (SessionId(vec![1, 2]), [version, &[2, 1, 2], suites, compressions]),
        (Suites(vec![]), [version, id, &[0, 0], compressions]),
        (Suites(vec![0x1302, 0x00ff]), [version, id, &[0, 4, 0x13, 2, 0, 0xff], compressions]),
        (Compressions(vec![1, 0]), [version, id, suites, &[2, 1, 0]]),
        (Compressions(vec![]), [version, id, suites, &[0]]),
    ] {
        assert_eq!(changed(change.clone(), client_hello()), hello(expected), "{change:?}");
    }
    let rest = block(&[&GREASE_5]);
    let hello =
        |fields: [&[u8]; 3]| message(2, &[&[3, 3][..], &[7; 32], fields[0], fields[1], fields[2], &rest].concat());
    for (change, expected) in [
        (SessionId(vec![]), [&[0][..], &[0x13, 1], &[0]]),
        (Suite(0x00ff), [id, &[0, 0xff], &[0]]),
        (Compression(1), [id, &[0x13, 1], &[1]]),
    ] {
        assert_eq!(changed(change.clone(), server_hello()), hello(expected), "{change:?}");
    }
}

#[test]
fn each_change_of_a_certificate_leaves_the_rest_as_it_was() {
    let two: [(&[u8], &[u8]); 2] = [(&[8; 3], &[]), (&[9; 2], &[])];
    let entries = [&[0, 0, 3, 8, 8, 8, 0, 0][..], &[0, 0, 2, 9, 9]].concat();
    let list = |context: &[u8], list: &[u8]| message(11, &[context, &[0, 0, list.len() as u8], list].concat());
    let all = [&entries[..], &[0, 0]].concat();
    for context in [&[][..], &[4, 5]] {
        let certificate = || certificate(context, &two);
        let before = [&[context.len() as u8], context].concat();
        assert_eq!(certificate().bytes(), list(&before, &all));
        assert_eq!(changed(NoCertificates, certificate()), list(&before, &[]));
        assert_eq!(changed(Context(vec![6]), certificate()), list(&[1, 6], &all));
        assert_eq!(changed(Context(vec![]), certificate()), list(&[0], &all));
        let entry = [&entries[..], &[0, 6, 0, 5, 0, 2, 1, 0]].concat();
        let status = EntryExtension(ExtensionType::STATUS_REQUEST, vec![1, 0]);
        assert_eq!(changed(status, certificate()), list(&before, &entry));
    }
}

/// By this the probe leaves out changes of what a target has not negotiated.
#[test]
fn a_change_says_which_extension_it_concerns() {
    for change in
        [Set(GREASE, vec![]), Push(GREASE, vec![]), Twice(GREASE), Without(GREASE), Lengthen(GREASE), Shorten(GREASE)]
    {
        assert!(change.concerns(GREASE) && !change.concerns(NAME), "{change:?}");
    }
    assert!(NameInCapitals.concerns(NAME) && !NameInCapitals.concerns(GREASE));
    for change in [NoExtensions, Truncate(1), EntryExtension(GREASE, vec![])] {
        assert!(!change.concerns(GREASE), "{change:?}");
    }
}

#[test]
fn steps_are_put_before_after_and_instead_of_the_step_that_sends_a_message() {
    use Step::{Await, Close, Send, SendWith};
    let script = || vec![Await(H::FINISHED), SendWith(H::CERTIFICATE, vec![]), Send(H::FINISHED), Close];
    let [first, certificate, finished, last] = [0, 1, 2, 3].map(|at| script()[at].clone());
    let wait = || Step::Wait(1);
    let steps = [first.clone(), wait(), certificate.clone(), finished.clone(), last.clone()];
    assert_eq!(before(script(), H::CERTIFICATE, [wait()]), steps);
    let steps = [first.clone(), certificate.clone(), finished, wait(), last.clone()];
    assert_eq!(after(script(), H::FINISHED, [wait()]), steps);
    assert_eq!(instead(script(), H::FINISHED, [wait(), wait()]), [first, certificate, wait(), wait(), last]);
    for changed in [before, after, instead] {
        assert_eq!(changed(script(), H::SERVER_HELLO, [wait()]), script(), "it is not sent");
    }
}

#[test]
fn a_retry_replaces_the_first_hello() {
    let client = legal_with_retry(Role::Client);
    let [
        Step::Changed(H::CLIENT_HELLO, _),
        Step::Await(H::HELLO_RETRY_REQUEST),
        Step::Send(SECOND_CLIENT_HELLO),
        rest @ ..,
    ] = &client[..]
    else {
        panic!("{client:?}")
    };
    assert_eq!(rest, &legal(Role::Client)[1..]);
    let server = legal_with_retry(Role::Server);
    let retry = [Step::Await(H::CLIENT_HELLO), Step::Send(H::HELLO_RETRY_REQUEST), Step::Await(SECOND_CLIENT_HELLO)];
    assert_eq!(server, [&retry[..], &legal(Role::Server)[1..]].concat());
}
