//! The counters of all connections.

use crate::identity::{Identity, Pki};
use crate::stream::{World, config, tcp};
use countersign::adapters::stream::{Acceptor, Connector, Stream};
use countersign::adapters::{Metrics, Outcome, Reauthenticated};
use countersign::pki_types::UnixTime;
use countersign::x509::{self, Expect, Identities, SignatureMemo, Trust};
use countersign::{Policy, Role};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A world whose server counts.
fn counting() -> (World, Arc<Metrics>) {
    let (mut world, metrics) = (World::new(), Arc::new(Metrics::new()));
    world.server = world.server.metrics(Arc::clone(&metrics)).close_deadline(Duration::from_millis(300));
    (world, metrics)
}

fn meet(connector: &Connector, acceptor: &Acceptor) -> (io::Result<Stream<TcpStream>>, io::Result<Stream<TcpStream>>) {
    let (near, far) = tcp();
    thread::scope(|scope| {
        let client = scope.spawn(|| connector.connect("server.test", near));
        let server = acceptor.accept(far);
        (client.join().unwrap(), server)
    })
}

fn names(outcomes: Vec<Outcome>) -> BTreeMap<(&'static str, &'static str), u64> {
    assert!(outcomes.iter().all(|outcome| outcome.role == Role::Server));
    outcomes.into_iter().map(|outcome| ((outcome.outcome, outcome.reason), outcome.count)).collect()
}

#[test]
fn handshakes_are_counted_by_how_they_end() {
    let (world, metrics) = counting();
    let acceptor = world.acceptor();
    for _ in 0..2 {
        let (client, server) = meet(&world.connector(), &acceptor);
        client.and(server).unwrap();
    }
    let stranger = Connector::new(config(&world.pki, Pki::new().issue("client.test", &rcgen::PKCS_ED25519)));
    meet(&stranger, &acceptor).1.unwrap_err();
    let nobody = Acceptor::new(world.server.clone(), ["admin.test".parse::<Expect>().unwrap()]);
    meet(&world.connector(), &nobody).1.unwrap_err();
    let hurried = world.server.clone().handshake_deadline(Some(Duration::from_millis(20)));
    let (_silent, far) = tcp();
    Acceptor::new(hurried, [Expect::AnyTrusted]).accept(far).map(drop).unwrap_err();
    let (mut near, far) = tcp();
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    acceptor.accept(far).map(drop).unwrap_err();
    let (near, far) = tcp();
    drop(near);
    acceptor.accept(far).map(drop).unwrap_err();
    let (near, far) = tcp();
    thread::scope(|scope| {
        let client = scope.spawn(|| world.connector().connect("server.test", near).map(drop));
        drop(acceptor.begin(far).unwrap()); // its ClientHello gets no answer
        client.join().unwrap().unwrap_err();
    });
    let expected = [
        (("Completed", ""), 2),
        (("Dropped", ""), 1),
        (("Failed", "NotTls"), 1),
        (("Failed", "Truncated"), 1),
        (("Refused", "BadSignature"), 1),
        (("Refused", "NotAllowed"), 1),
        (("TimedOut", "WaitClientHello"), 1),
    ];
    assert_eq!(names(metrics.handshakes()), BTreeMap::from(expected));
    let verdicts = metrics.verdicts();
    assert_eq!(verdicts.count, 4, "two good ones, two bad ones");
    assert!(verdicts.total > Duration::ZERO && verdicts.at_most.is_sorted());
    assert!(verdicts.at_most.last().unwrap().1 <= 4);
}

#[test]
fn living_connections_are_counted_with_the_ends_of_their_leases() {
    let (world, metrics) = counting();
    assert_eq!((metrics.connections(), metrics.first_lease_end()), (0, None));
    let (client, server) = meet(&world.connector(), &world.acceptor());
    let (client, server) = (client.unwrap(), server.unwrap());
    let end = server.lease().valid_until().unwrap();
    let behind = UnixTime::since_unix_epoch(Duration::from_secs(end.as_secs() + 1));
    assert_eq!((metrics.connections(), metrics.first_lease_end()), (1, Some(end)));
    assert_eq!((metrics.leases_ending_before(end), metrics.leases_ending_before(behind)), (0, 1));

    let [ours, theirs] = [&server, &client].map(|end| end.reauthentication().unwrap());
    let Reauthenticated::Answer(proof) = theirs.receive(&ours.request().unwrap()).unwrap() else { panic!() };
    assert!(matches!(ours.receive(&proof).unwrap(), Reauthenticated::Renewed(_)));
    ours.receive(&proof).unwrap_err();
    world.server.trust().set(Trust::from_roots("other", Pki::new().root.pem().as_bytes()).unwrap());
    let Reauthenticated::Answer(proof) = theirs.receive(&ours.request().unwrap()).unwrap() else { panic!() };
    ours.receive(&proof).unwrap_err();
    let expected = [(("Failed", "ReusedContext"), 1), (("Refused", "BadSignature"), 1), (("Renewed", ""), 1)];
    assert_eq!(names(metrics.reauthentications()), BTreeMap::from(expected));
    assert_eq!(metrics.connections(), 1);
    drop(server);
    assert_eq!((metrics.connections(), metrics.first_lease_end()), (0, None), "though `ours` is still there");
}

/// The end of a lease is that of the certificate that was shown last.
#[test]
fn a_new_proof_has_a_new_end() {
    let (world, metrics) = counting();
    let (client, server) = meet(&world.connector(), &world.acceptor());
    let (client, server) = (client.unwrap(), server.unwrap());
    let before = metrics.first_lease_end();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let Identity { chain, key } =
        world.pki.issue_with("client.test", &key, |params| params.not_after = rcgen::date_time_ymd(2099, 1, 1));
    world.client.identities().set(Identities::new(x509::Identity::new(chain, key).unwrap()));
    let [ours, theirs] = [&server, &client].map(|end| end.reauthentication().unwrap());
    let Reauthenticated::Answer(proof) = theirs.receive(&ours.request().unwrap()).unwrap() else { panic!() };
    ours.receive(&proof).unwrap();
    assert_eq!((metrics.connections(), metrics.first_lease_end()), (1, server.lease().valid_until()));
    assert!(metrics.first_lease_end() < before);
    drop(server);
    assert_eq!((metrics.connections(), metrics.first_lease_end()), (0, None));
}

#[test]
fn proofs_that_were_declined_or_that_nobody_asked_for_are_counted_as_such() {
    let ((mut world, of_server), of_client) = (counting(), Arc::new(Metrics::new()));
    world.client = world.client.metrics(Arc::clone(&of_client));
    let (client, server) = meet(&world.connector(), &world.acceptor());
    let [client, server] = [client, server].map(|end| end.unwrap().reauthentication().unwrap());
    client.receive(&server.prove_unasked().unwrap()).unwrap();
    let chain = world.pki.issue("client.test", &rcgen::PKCS_ED25519).chain;
    world.client.identities().set(Identities::new(x509::Identity::external(chain, Vec::new()).unwrap()));
    let unable = client.receive(&server.request().unwrap()).unwrap();
    let Reauthenticated::Unable { message, .. } = unable else { panic!("it has no key") };
    server.receive(&message).unwrap();
    let counted = |metrics: &Metrics| -> Vec<_> {
        metrics.reauthentications().iter().map(|it| (it.role, it.outcome, it.reason, it.count)).collect()
    };
    assert_eq!(counted(&of_client), [(Role::Client, "Unasked", "", 1)]);
    assert_eq!(counted(&of_server), [(Role::Server, "Declined", "", 1)]);
}

#[test]
fn key_updates_and_remembered_signatures_are_counted() {
    let (mut world, metrics) = counting();
    let memo = Arc::new(SignatureMemo::new(8));
    world.server = world.server.memo(Arc::clone(&memo)).policy(Policy::new().update_after(10));
    world.client = world.client.policy(Policy::new().update_after(5));
    for _ in 0..2 {
        let (client, server) = meet(&world.connector(), &world.acceptor());
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        for _ in 0..20 {
            client.write_all(b"ping").unwrap();
            server.read_exact(&mut [0; 4]).unwrap();
            server.write_all(b"pong").unwrap();
            client.read_exact(&mut [0; 4]).unwrap();
        }
        let counters = client.into_parts().session.counters();
        assert!(counters.sent.generation > 2 && counters.received.generation > 1);
        drop(server);
    }
    // Two of each: one confirms the client, and one comes after ten records.
    assert_eq!(metrics.key_updates_sent(), 4);
    assert_eq!(metrics.key_updates_received(), 6);
    assert_eq!((memo.hits(), memo.misses()), (1, 1), "one certificate, signed by the root");
}
