//! Requests of the peer: which are refused, and what is ignored.

use crate::common::*;
use crate::peer::{extension, message, request, schemes};
use countersign::{Credential, Misuse, Policy, Role};

/// Either side uses a context only once.
// req: 9261-4-1
#[test]
fn a_context_is_used_once_on_a_connection() {
    for role in ROLES {
        let mut pair = Pair::new(Policy::new());
        let (end, other) = pair.ends(role);
        let of_peer = request(role.peer(), b"one", &schemes());
        let _ = asked(end, &of_peer);
        assert_eq!(refused(end, &of_peer), "ReusedContext");
        let again = request(role.peer(), b"one", &[schemes(), extension(99, b"")].concat());
        assert_eq!(refused(end, &again), "ReusedContext", "whatever else it says");
        let _ = asked(end, &request(role.peer(), b"", &schemes()));
        let _ = asked(end, &request(role.peer(), &[7; 255], &schemes()));

        // A context of ours in a request of the peer.
        let (_, ours) = crate::common::request(end);
        let context = countersign::authenticator::context(&ours).unwrap();
        assert_eq!(refused(end, &request(role.peer(), context, &schemes())), "ReusedContext");
        let mut other_request = request(role, b"two", &schemes());
        let _ = asked(other, &other_request);
        other_request[5] ^= 1;
        let _ = asked(other, &other_request);
    }
}

// req: 9261-7.1-1, 9261-5.2.1-6
#[test]
fn a_request_names_its_schemes_and_what_is_unknown_in_it_is_ignored() {
    for role in ROLES {
        let mut pair = Pair::new(Policy::new());
        let (end, _) = pair.ends(role);
        let by = role.peer();
        let unknown = extension(0xfafa, b"whatever");
        let cases: [(Vec<u8>, &str); 8] = [
            (request(by, b"1", b""), "MissingExtension"),
            (request(by, b"1", &unknown), "MissingExtension"),
            (request(by, b"1", &extension(13, b"")), "MalformedExtension"),
            (request(by, b"1", &[schemes(), schemes()].concat()), "Malformed"),
            (request(by, b"1", &[schemes(), extension(51, b"")].concat()), "ForbiddenExtension"),
            (request(by, b"1", &[schemes(), extension(47, b"\0")].concat()), "MalformedExtension"),
            ([request(by, b"1", &schemes()), vec![0]].concat(), "Malformed"),
            (request(by, b"1", &schemes())[..9].to_vec(), "Malformed"),
        ];
        for (message, name) in cases {
            assert_eq!(refused(end, &message), name);
        }
        let _ = asked(end, &request(by, b"1", &[schemes(), unknown].concat()));
    }
}

/// server_name is only for a ClientCertificateRequest. Our server sends none.
#[test]
fn only_a_client_asks_for_a_server_name() {
    let mut pair = Pair::new(Policy::new());
    let options = countersign::authenticator::RequestOptions { server_name: Some("a.test"), ..Default::default() };
    assert_eq!(pair.server.request(&options, &mut [0; 500]).err(), Some(Misuse::UnfitExtension));
    let options = countersign::authenticator::RequestOptions { server_name: Some("a b"), ..Default::default() };
    assert_eq!(pair.client.request(&options, &mut [0; 500]).err(), Some(Misuse::InvalidServerName));
    let malformed = extension(0, b"\0");
    let by_client = request(Role::Client, b"1", &[schemes(), malformed].concat());
    assert_eq!(refused(&mut pair.server, &by_client), "MalformedExtension");
    for unfit in [&b"\0"[..], &[0, 9, 1]] {
        let options =
            countersign::authenticator::RequestOptions { certificate_authorities: Some(unfit), ..Default::default() };
        assert_eq!(pair.client.request(&options, &mut [0; 500]).err(), Some(Misuse::UnfitExtension));
    }
    assert_eq!(pair.client.open_requests().count(), 0);
}

/// Without a common scheme there is no authenticator, but the request can be declined.
// req: 9261-5.2.2-2, 9261-5.2.1-3
#[test]
fn without_a_common_scheme_nothing_is_proved() {
    let mut pair = Pair::new(Policy::new());
    for (context, list) in [(b"1", &[0, 2, 8, 7][..]), (b"2", &[0, 4, 2, 1, 4, 1])] {
        let message = request(Role::Server, context, &extension(13, list));
        let mut proving = asked(&mut pair.client, &message);
        let credential = Credential::new(&NEXT.chain);
        let answered = pair.client.answer_credential(&mut proving, &credential, &mut [0; 4096]);
        assert_eq!(answered, Err(Misuse::NoCommonSignatureScheme));
        assert_eq!(pair.client.decline(&mut proving, &mut [0; 100]), Ok(36));
    }
}

#[test]
fn each_role_is_asked_by_its_own_message() {
    let mut pair = Pair::new(Policy::new());
    assert_eq!(refused(&mut pair.client, &request(Role::Client, b"1", &schemes())), "UnexpectedMessage");
    assert_eq!(refused(&mut pair.server, &request(Role::Server, b"1", &schemes())), "UnexpectedMessage");
    for typ in [0, 1, 2, 4, 8, 15, 24, 255] {
        assert_eq!(refused(&mut pair.client, &message(typ, b"")), "UnexpectedMessage");
    }
    assert_eq!(refused(&mut pair.client, b""), "Malformed");
}
