//! How the blocking stream ends when the peer is late, silent or gone.

use crate::stream::{World, config, tcp};
use countersign::adapters::Failure;
use countersign::adapters::stream::{Acceptor, Connector, Stream};
use countersign::x509::Expect;
use std::error::Error as _;
use std::io::{self, ErrorKind as Io, Write};
use std::net::TcpStream;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

fn meet(world: &World) -> [Stream<TcpStream>; 2] {
    let (near, far) = tcp();
    thread::scope(|scope| {
        let client = scope.spawn(|| world.connector().connect("server.test", near).unwrap());
        let server = world.acceptor().accept(far).unwrap();
        [client.join().unwrap(), server]
    })
}

/// This holds although closing may take long.
#[test]
fn a_handshake_takes_at_most_a_second_more_than_its_deadline() {
    let world = World::new();
    let server =
        world.server.handshake_deadline(Some(Duration::from_millis(50))).close_deadline(Duration::from_secs(60));
    let (_silent, far) = tcp(); // it does not close
    let begun = Instant::now();
    let error = Acceptor::new(server, [Expect::AnyTrusted]).accept(far).map(drop).unwrap_err();
    assert_eq!(error.kind(), Io::TimedOut);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[test]
fn who_was_late_is_said() {
    let world = World::new();
    let hurried = world.server.clone().handshake_deadline(Some(Duration::from_millis(100)));
    let acceptor = Acceptor::new(hurried, [Expect::AnyTrusted]);
    let (_silent, far) = tcp();
    let peer = acceptor.accept(far).map(drop).unwrap_err();
    assert!(peer.to_string().contains("the peer took too long (in WaitClientHello)"), "{peer}");
    let (near, far) = tcp();
    thread::scope(|scope| {
        scope.spawn(|| world.connector().connect("server.test", near).map(drop).unwrap_err());
        let hello = acceptor.begin(far).unwrap();
        thread::sleep(Duration::from_millis(150));
        let ours = hello.accept(&acceptor).map(drop).unwrap_err();
        assert_eq!(ours.kind(), Io::TimedOut);
        assert!(ours.to_string().contains("we took too long"), "{ours}");
    });
}

/// A socket that is only lent outlives the handshake.
#[test]
fn the_timeouts_of_a_socket_are_restored_after_a_failed_handshake() {
    let world = World::new();
    let hurried = world.server.clone().handshake_deadline(Some(Duration::from_millis(20)));
    let theirs = [Some(Duration::from_secs(7)), None];
    for greeting in [&b""[..], b"GET / HTTP/1.1\r\n\r\n"] {
        let (mut near, far) = tcp();
        far.set_read_timeout(theirs[0]).unwrap();
        near.write_all(greeting).unwrap();
        Acceptor::new(hurried.clone().close_deadline(Duration::from_millis(20)), [Expect::AnyTrusted])
            .accept(&far)
            .map(drop)
            .unwrap_err();
        assert_eq!([far.read_timeout().unwrap(), far.write_timeout().unwrap()], theirs);
    }
}

/// Each end has more to send than the other has room for, so neither takes anything while it writes.
#[test]
fn two_that_close_at_once_both_end_in_order() {
    let (ends, full) = (meet(&World::new()), Barrier::new(2));
    thread::scope(|scope| {
        let closing = ends.map(|mut end| {
            let full = &full;
            scope.spawn(move || {
                end.get_ref().set_write_timeout(Some(Duration::from_millis(50))).unwrap();
                // Until the transport takes nothing more: a part of a record is still pending.
                while end.write_all(&[7; 16_384]).is_ok() {}
                full.wait();
                end.close()
            })
        });
        for closed in closing {
            closed.join().unwrap().unwrap();
        }
    });
}

#[test]
fn what_broke_the_transport_is_inside_of_each_error() {
    let [mut client, server] = meet(&World::new());
    client.confirmed().unwrap();
    client.write_all(b"never read").unwrap();
    thread::sleep(Duration::from_millis(50));
    drop(server); // unread bytes cause a reset
    thread::sleep(Duration::from_millis(50));
    let mut errors = Vec::new();
    while errors.len() < 2 {
        errors.extend(client.write_all(b"lost").and_then(|()| client.flush()).err());
    }
    for error in errors {
        assert!(matches!(error.kind(), Io::BrokenPipe | Io::ConnectionReset), "{error}");
        assert!(Failure::inside(&error).is_none());
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).expect("a source");
        assert!(source.raw_os_error().is_some(), "{source:?}");
    }
}

/// A blocking stream cannot ask an external signer. This is reported before anything is signed.
#[test]
fn a_key_elsewhere_is_declined() {
    let world = World::new();
    let issued = world.pki.issue("client.test", &rcgen::PKCS_ED25519);
    let config = config(&world.pki, world.pki.issue("client.test", &rcgen::PKCS_ED25519));
    let elsewhere = countersign::x509::Identity::external(issued.chain, Vec::new()).unwrap();
    config.identities().set(countersign::x509::Identities::new(elsewhere));
    let (near, far) = tcp();
    thread::scope(|scope| {
        scope.spawn(|| world.acceptor().accept(far).map(drop).unwrap_err());
        let error = Connector::new(config).connect("server.test", near).map(drop).unwrap_err();
        assert_eq!(Failure::inside(&error).map(Failure::reason), Some("Signer"), "{error}");
    });
}
