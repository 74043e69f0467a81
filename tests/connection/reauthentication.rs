//! Identities are proved again over the blocking stream.

use crate::identity::Pki;
use crate::stream::{World, config, tcp};
use countersign::ErrorKind;
use countersign::adapters::stream::{Acceptor, Stream};
use countersign::adapters::{Failure, Frame, Frames, Metrics, Reauthenticated, Reauthentication};
use countersign::authenticator::RequestOptions;
use countersign::limits::MAX_AUTHENTICATOR_REQUESTS;
use countersign::x509::{Expect, Identities, Identity, Trust};
use std::io::{self, ErrorKind as Io, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

type Ends = [Stream<TcpStream>; 2];

/// A client and a server after their handshake.
fn meet(world: &World) -> Ends {
    let (near, far) = tcp();
    thread::scope(|scope| {
        let client = scope.spawn(|| world.connector().connect("server.test", near).unwrap());
        let server = world.acceptor().accept(far).unwrap();
        [client.join().unwrap(), server]
    })
}

fn again(ends: &Ends) -> [Reauthentication; 2] {
    ends.each_ref().map(|end| end.reauthentication().unwrap())
}

/// From now on this end is `name`, with another certificate.
fn becomes(config: &countersign::adapters::Config, pki: &Pki, name: &str) {
    let crate::identity::Identity { chain, key } = pki.issue(name, &rcgen::PKCS_ED25519);
    config.identities().set(Identities::new(Identity::new(chain, key).unwrap()));
}

fn answer(of: &Reauthentication, request: &[u8]) -> Vec<u8> {
    match of.receive(request).unwrap() {
        Reauthenticated::Answer(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

fn kind(error: &io::Error) -> ErrorKind {
    Failure::inside(error).and_then(Failure::error).unwrap_or_else(|| panic!("no TLS error: {error:?}")).kind()
}

#[test]
fn a_new_certificate_renews_the_lease_of_a_living_connection_either_way() {
    let world = World::new();
    let ends = meet(&world);
    let [client, server] = again(&ends);
    becomes(&world.client, &world.pki, "client.test");
    becomes(&world.server, &world.pki, "server.test");
    for (asks, proves, config, end) in
        [(&server, &client, &world.client, &ends[1]), (&client, &server, &world.server, &ends[0])]
    {
        let before = end.lease();
        let Reauthenticated::Renewed(lease) = asks.receive(&answer(proves, &asks.request().unwrap())).unwrap() else {
            panic!("not renewed")
        };
        let today = config.identities().get();
        assert_eq!(lease.leaf(), &*today.leaves()[0]);
        assert_ne!(lease.leaf(), before.leaf());
        assert_eq!(end.lease().leaf(), lease.leaf(), "the stream knows it");
        assert_eq!(end.peer().leaf(), before.leaf(), "that of the handshake");
    }
    assert_eq!(client.prove_unasked().unwrap_err().kind(), Io::InvalidInput, "RFC 9261 §5");
}

/// A server that has lost its key may have a prepared authenticator.
#[test]
fn who_has_asked_does_not_take_an_unasked_proof_for_the_answer() {
    let world = World::new();
    let ends = meet(&world);
    let [client, server] = again(&ends);
    let ready = server.prove_unasked().unwrap();
    let request = client.request().unwrap();
    becomes(&world.server, &world.pki, "server.test");
    assert!(matches!(client.receive(&ready).unwrap(), Reauthenticated::Unasked(_)));
    assert!(matches!(client.receive(&answer(&server, &request)).unwrap(), Reauthenticated::Renewed(_)));
}

#[test]
fn who_becomes_somebody_else_is_refused() {
    let world = World::new();
    let ends = meet(&world);
    let [client, server] = again(&ends);
    becomes(&world.client, &world.pki, "other.test");
    let error = server.receive(&answer(&client, &server.request().unwrap())).unwrap_err();
    assert_eq!(error.kind(), Io::PermissionDenied);
    assert_eq!(Failure::inside(&error).and_then(Failure::refusal).expect("a refusal").name(), "OtherIdentity");
    assert_eq!(server.lease().leaf(), ends[1].peer().leaf(), "the lease is what it was");
}

#[test]
fn a_lease_that_todays_trust_does_not_hold_is_refused() {
    let world = World::new();
    let ends = meet(&world);
    let [client, server] = again(&ends);
    server.check().unwrap();
    world.server.trust().set(Trust::from_roots("other", Pki::new().root.pem().as_bytes()).unwrap());
    let error = server.check().unwrap_err();
    assert_eq!(error.kind(), Io::PermissionDenied);
    assert!(matches!(kind(&error), ErrorKind::Rejected { .. }));
    let error = server.receive(&answer(&client, &server.request().unwrap())).unwrap_err();
    assert_eq!(error.kind(), Io::PermissionDenied, "nor is what it proves");
}

/// Who has answered the handshake also answers later, and judges later.
#[test]
fn a_server_that_was_chosen_in_the_second_step_stays_the_server() {
    let world = World::new();
    let tenant = config(&world.pki, world.pki.issue("server.test", &rcgen::PKCS_ED25519));
    let (near, far) = tcp();
    let ends = thread::scope(|scope| {
        let client = scope.spawn(|| world.connector().connect("server.test", near).unwrap());
        let acceptor = Acceptor::new(tenant.clone(), [Expect::AnyTrusted]);
        let server = world.acceptor().begin(far).unwrap().accept(&acceptor).unwrap();
        [client.join().unwrap(), server]
    });
    let [client, server] = again(&ends);
    let Reauthenticated::Renewed(lease) = client.receive(&answer(&server, &client.request().unwrap())).unwrap() else {
        panic!("not renewed")
    };
    assert_eq!(lease.leaf(), &*tenant.identities().get().leaves()[0]);
    server.check().unwrap();
    tenant.trust().set(Trust::from_roots("other", Pki::new().root.pem().as_bytes()).unwrap());
    assert_eq!(server.check().unwrap_err().kind(), Io::PermissionDenied);
}

/// RFC 9846 §4.3.5: a server may ask for certain certificates at length.
#[test]
fn a_request_of_any_length_is_whole() {
    let ends = meet(&World::new());
    let [client, server] = again(&ends);
    let name = [&[0, 252][..], &[48, 130, 0, 248], &[0; 248]].concat();
    for names in [1, 4, 200] {
        let authorities = name.repeat(names);
        let options = RequestOptions { certificate_authorities: Some(&authorities), ..Default::default() };
        let (_, request) = server.request_with(&options).unwrap();
        assert!(request.len() > authorities.len());
        client.receive(&request).unwrap();
    }
}

#[test]
fn what_is_printed_of_it_is_whose_lease_it_has() {
    let ends = meet(&World::new());
    let [client, server] = again(&ends);
    for (again, end) in [(client, &ends[0]), (server, &ends[1])] {
        assert_eq!(format!("{again:?}"), format!("Reauthentication({:?})", end.lease()));
        assert_eq!(format!("{end:?}"), format!("Stream {{ peer: {:?}, info: {:?}, .. }}", end.peer(), end.info()));
    }
}

#[test]
fn an_authenticator_is_taken_once_however_many_handles_there_are() {
    let world = World::new();
    let ends = meet(&world);
    let ([client, server], [_, same]) = (again(&ends), again(&ends));
    let authenticator = answer(&client, &server.request().unwrap());
    server.receive(&authenticator).unwrap();
    assert_eq!(kind(&same.receive(&authenticator).unwrap_err()), ErrorKind::ReusedContext);
}

#[test]
fn who_cannot_prove_says_so_and_knows_why() {
    let mut world = World::new();
    let ends = meet(&world);
    let [client, server] = again(&ends);
    let issued = world.pki.issue("client.test", &rcgen::PKCS_ED25519);
    let elsewhere = Identity::external(issued.chain, Vec::new()).unwrap();
    world.client.identities().set(Identities::new(elsewhere));
    let (id, request) = server.request_with(&Default::default()).unwrap();
    let Reauthenticated::Unable { message, why } = client.receive(&request).unwrap() else { panic!("it can") };
    assert_eq!(why.kind(), Io::PermissionDenied, "{why}");
    assert!(matches!(server.receive(&message).unwrap(), Reauthenticated::Declined(request) if request == id));
    world.client = config(&world.pki, world.pki.issue("client.test", &rcgen::PKCS_ED25519));
}

#[test]
fn a_peer_that_answers_no_request_is_noticed() {
    let ends = meet(&World::new());
    let [_, server] = again(&ends);
    let (first, _) = server.request_with(&Default::default()).unwrap();
    let more: usize = std::iter::from_fn(|| server.request().ok()).map(|_| 1).sum();
    assert_eq!(1 + more, countersign::limits::MAX_OPEN_REQUESTS);
    assert_eq!(server.request().unwrap_err().kind(), Io::InvalidInput);
    server.cancel(first).unwrap();
    server.request().unwrap();
}

/// Each request costs us a signature. A flood does not end the connection: the program decides.
#[test]
fn a_flood_of_requests_is_not_answered_for_ever() {
    let (mut world, metrics) = (World::new(), Arc::new(Metrics::new()));
    world.server = world.server.metrics(Arc::clone(&metrics));
    let ends = meet(&world);
    let [client, server] = again(&ends);
    // An honest client has at most this many open requests. This one forgets them.
    let ask = || {
        let (id, request) = client.request_with(&Default::default()).unwrap();
        client.cancel(id).unwrap();
        request
    };
    let mut answered = 0;
    let error = loop {
        match server.receive(&ask()) {
            Ok(_) => answered += 1,
            Err(error) => break error,
        }
    };
    assert!(answered >= MAX_AUTHENTICATOR_REQUESTS, "one more for each second that this took");
    assert_eq!((error.kind(), kind(&error)), (Io::InvalidData, ErrorKind::TooManyAuthenticatorRequests));
    assert!(metrics.reauthentications().iter().any(|outcome| outcome.reason == "TooManyAuthenticatorRequests"));
    // The other direction continues.
    assert!(matches!(
        server.receive(&answer(&client, &server.request().unwrap())).unwrap(),
        Reauthenticated::Renewed(_)
    ));
}

#[test]
fn frames_carry_data_and_authenticators_over_one_connection() {
    let ends = meet(&World::new());
    let ([client, server], [mut near, mut far]) = (again(&ends), ends);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut frames = Frames::new(1 << 14);
            while let Some(frame) = frames.read(&mut near).unwrap() {
                let back = match frame {
                    Frame::Data(data) => Frame::Data(data),
                    Frame::Authenticator(message) => Frame::Authenticator(answer(&client, &message)),
                };
                near.write_all(&back.to_bytes().unwrap()).unwrap();
            }
            near.close().unwrap();
        });
        let mut frames = Frames::new(1 << 14);
        for frame in [Frame::Data(b"before".to_vec()), Frame::Authenticator(server.request().unwrap())] {
            far.write_all(&frame.to_bytes().unwrap()).unwrap();
        }
        assert_eq!(frames.read(&mut far).unwrap(), Some(Frame::Data(b"before".to_vec())));
        let Some(Frame::Authenticator(message)) = frames.read(&mut far).unwrap() else { panic!("no authenticator") };
        assert!(matches!(server.receive(&message).unwrap(), Reauthenticated::Renewed(_)));
        far.close().unwrap();
    });
}
