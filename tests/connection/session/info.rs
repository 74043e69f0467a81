//! A session knows its negotiated parameters, its time, and its traffic.

use super::{IDENTITY, connected, suite};
use crate::common::{self, Connection, End, connect};
use crate::script::Protection;
use countersign::{
    AlertDescription, CertificateType, CipherSuite, ContentType, Event, NamedGroup, Policy, Role, SignatureScheme, Want,
};
use rustls_pki_types::UnixTime;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_session_knows_what_was_agreed_on() {
    for retry in [false, true] {
        let groups = &[NamedGroup::X25519, NamedGroup::SECP256R1];
        let client = Policy::new().groups(groups).alpn(&[b"one", b"two"]);
        let server = Policy::new()
            .groups(&groups[usize::from(retry)..])
            .cipher_suites(&[CipherSuite::TLS_CHACHA20_POLY1305_SHA256])
            .alpn(&[b"two"]);
        let Connection { c, s, .. } = connected(client, server);
        for (session, role) in [(c, Role::Client), (s, Role::Server)] {
            let check = |info: &countersign::SessionInfo| {
                assert_eq!(info.role(), role);
                assert_eq!(info.cipher_suite(), CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
                assert_eq!((info.group(), info.retried()), (groups[usize::from(retry)], retry));
                assert_eq!(
                    (info.own_scheme(), info.peer_scheme()),
                    (SignatureScheme::ED25519, SignatureScheme::ED25519)
                );
                assert_eq!(info.own_certificate_type(), CertificateType::X509);
                assert_eq!(info.peer_certificate_type(), CertificateType::X509);
                assert_eq!(info.alpn(), Some(&b"two"[..]));
                assert_eq!(info.server_name(), Some("server.test"));
                assert!(info.made_at().is_none() && info.attached().is_none());
            };
            check(session.info());
            let kept = session.info().clone();
            let (sender, receiver, _) = session.split();
            check(sender.info());
            check(receiver.info());
            drop((sender, receiver));
            check(&kept);
        }
    }
}

/// The longest names have room.
#[test]
fn the_longest_names_are_not_cut() {
    static PROTOCOL: [u8; 127] = [b'p'; 127];
    let label = "a".repeat(63);
    let name = [&label[..], &label, &label, &label[..61]].join(".");
    let policy = Policy::new().alpn(&[&PROTOCOL]);
    let mut client = End::new(Role::Client, policy.clone(), &IDENTITY);
    client.hs = countersign::Handshake::client(policy.clone(), Some(&name), common::seed(1)).unwrap();
    let mut server = End::new(Role::Server, policy, &IDENTITY);
    let (c, s) = connect(&mut client, &mut server);
    for session in [c, s] {
        assert_eq!((session.info().alpn(), session.info().server_name()), (Some(&PROTOCOL[..]), Some(&name[..])));
        let shown = format!("{:?}", session.info());
        assert!(shown.contains(&name) && shown.contains("TLS_AES_128_GCM_SHA256"), "{shown}");
    }
}

#[test]
fn a_session_knows_when_it_was_made_and_what_was_attached() {
    let mut client = End::new(Role::Client, Policy::new(), &IDENTITY);
    let mut server = End::new(Role::Server, Policy::new(), &IDENTITY);
    common::run(&mut client, &mut server);
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_795_000_000));
    client.hs.attach(Arc::new("dropped"));
    client.hs.attach(Arc::new(String::from("whom we have accepted")));
    let mut session = client.hs.finish_at(now).unwrap();
    assert!(client.hs.finish_at(now).is_err() && client.hs.finish().is_err(), "once");
    let attached = |info: &countersign::SessionInfo| info.attached()?.downcast_ref::<String>().cloned();
    assert_eq!(session.info().made_at(), Some(now));
    assert_eq!(attached(session.info()).as_deref(), Some("whom we have accepted"));
    assert_eq!(server.hs.finish().unwrap().info().made_at(), None);
    // Also after an error.
    session.abort(AlertDescription::INTERNAL_ERROR, &mut client.tx).unwrap();
    let (sender, receiver, _) = session.split();
    for info in [sender.info(), receiver.info()] {
        assert_eq!(info.made_at(), Some(now));
        assert!(attached(info).is_some());
    }
}

#[test]
fn what_goes_over_a_session_is_counted_whole_and_in_halves() {
    let mut connection = connected(Policy::new(), Policy::new());
    // The server has confirmed the client by a KeyUpdate.
    let generations = |connection: &Connection<'_>| {
        let (c, s) = (connection.c.counters(), connection.s.counters());
        assert_eq!((c.sent, c.received), (s.received, s.sent), "one end's sent is the other's received");
        (c.sent.generation, c.received.generation)
    };
    assert_eq!(generations(&connection), (0, 1));
    connection.c.write(&[7; 20_000], &mut connection.client.tx).unwrap();
    let mut record = connection.c.reserve(100, &mut connection.client.tx).unwrap().unwrap();
    record.write(&[7; 100]);
    record.seal().unwrap();
    drop(connection.c.reserve(100, &mut connection.client.tx).unwrap());
    connection.c.reserve(0, &mut connection.client.tx).unwrap().unwrap().seal().unwrap();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.to_server().unwrap();
    connection.s.answer_key_update(&mut connection.server.tx).unwrap();
    connection.to_client().unwrap();
    assert_eq!(generations(&connection), (1, 2));
    let sent = connection.c.counters().sent;
    assert_eq!((sent.records, sent.bytes), (4, 20_100), "two records, one in place, an empty one");
    assert_eq!(connection.s.counters().sent.bytes, 0);

    // A server that sends tickets.
    let mut key = Protection::of(connection.c.expose_secrets().1, suite(&connection.client));
    let ticket = [4, 0, 0, 15, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 2, 7, 7, 0, 0];
    let mut bytes = key.seal(ContentType::HANDSHAKE, &ticket[..ticket.len()], 0);
    bytes.extend(key.seal(ContentType::APPLICATION_DATA, b"data", 9));
    let Connection { mut client, c, .. } = connection;
    let (mut sender, mut receiver, _) = c.split();
    client.gets(&bytes);
    let result = receiver.receive(&mut client.rx);
    assert_eq!(result, Ok(Event::Data), "{result:?}");
    assert_eq!(receiver.tickets_dropped(), 1);
    assert_eq!((receiver.counters().records, receiver.counters().bytes), (1, 4), "no padding is counted");
    sender.write(b"more", &mut client.tx).unwrap();
    assert_eq!((sender.counters().records, sender.counters().bytes), (5, 20_104));
    sender.close(&mut client.tx).unwrap();
    assert_eq!(sender.counters().records, 5, "also after the end");
}

/// The same without records.
#[test]
fn a_flow_session_knows_what_was_agreed_on() {
    let (ours, theirs) = crate::flow::identities();
    let mut client = crate::flow::End::new(Role::Client, &ours);
    let mut server = crate::flow::End::new(Role::Server, &theirs);
    client.drive().unwrap();
    client.convey(&mut server);
    server.convey(&mut client);
    client.convey(&mut server);
    assert_eq!((client.drive(), server.drive()), (Ok(Want::Done), Ok(Want::Done)));
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1));
    for (end, role) in [(&mut client, Role::Client), (&mut server, Role::Server)] {
        end.flow.attach(Arc::new(role));
        let session = end.flow.finish_at(now).unwrap();
        let info = &session.info;
        assert_eq!((info.role(), info.cipher_suite()), (role, session.suite.number()));
        assert_eq!((info.group(), info.retried(), info.made_at()), (NamedGroup::X25519, false, Some(now)));
        assert_eq!(info.attached().unwrap().downcast_ref(), Some(&role));
    }
}
