//! After the handshake: key updates, halves, closing, exporters.

use super::{SUITES, identity, pair, same_keys, talk};
use crate::common::{self, Connection, End, Pki, connect, receive, seed};
use crate::script;
use countersign::{Alert, AlertDescription, ErrorKind, Event, Misuse, Policy, Role};

/// RFC 9846 §4.7.3: each direction has its own generations. KeyUpdate itself is under the old key.
// req: 9846-4.7.3-2, 9846-4.7.3-3, 9846-4.7.3-7
#[test]
fn a_key_update_changes_one_direction() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let before = connection.c.expose_secrets().0.to_vec();
    let other = connection.c.expose_secrets().1.to_vec();
    for generation in 0..3 {
        connection.c.update_key(&mut connection.client.tx).unwrap();
        assert_eq!(same_keys(&connection.c, &connection.s), (false, true), "before it has arrived");
        connection.c.write(b"new", &mut connection.client.tx).unwrap();
        assert_eq!(connection.to_server(), Ok((b"new".to_vec(), vec![])), "generation {generation}");
        assert_eq!(same_keys(&connection.c, &connection.s), (true, true));
    }
    assert_ne!(connection.c.expose_secrets().0, before);
    assert_eq!(connection.c.expose_secrets().1, other, "the server's key is as it was");
    assert!(connection.server.tx.is_empty(), "nothing was asked for, nothing is answered");
    talk(&mut connection);
}

/// RFC 9846 §4.7.3: update_requested is answered, once, before our next data.
// req: 9846-4.7.3-5, 9846-4.7.3-6
#[test]
fn a_requested_key_update_is_answered() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let before = connection.c.expose_secrets().1.to_vec();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    let len = connection.client.tx.pending().len();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    assert_eq!(connection.client.tx.pending().len(), len, "not asked again before the answer");
    assert_eq!(connection.to_server(), Ok((vec![], vec![])));
    assert!(connection.server.tx.is_empty(), "the answer waits for our next data");
    connection.s.answer_key_update(&mut connection.server.tx).unwrap();
    let len = connection.server.tx.pending().len();
    connection.s.answer_key_update(&mut connection.server.tx).unwrap();
    assert!(len > 0 && connection.server.tx.pending().len() == len, "or does not, and comes once");
    connection.to_client().unwrap();
    assert_ne!(connection.c.expose_secrets().1, before);
    assert_eq!(same_keys(&connection.c, &connection.s), (true, true));
    assert!(connection.client.tx.is_empty(), "an answer asks for nothing");
    connection.c.confirm(&mut connection.client.tx).unwrap();
    assert!(!connection.client.tx.is_empty(), "after the answer it may ask again");
    connection.to_server().unwrap();
    talk(&mut connection);
}

/// §4.7.3: the answer comes before the next data, even if the server has read nothing but data.
#[test]
fn the_answer_to_a_key_update_goes_before_data() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    let before = connection.c.expose_secrets().1.to_vec();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.c.write(b"question", &mut connection.client.tx).unwrap();
    common::carry(&mut connection.client, &mut connection.server);
    assert_eq!(connection.s.receive(&mut connection.server.rx, &mut connection.server.tx), Ok(Event::Data));
    connection.s.write(b"answer", &mut connection.server.tx).unwrap();
    assert_eq!(script::records(connection.server.tx.pending()).len(), 2);
    common::carry(&mut connection.server, &mut connection.client);
    assert_eq!(connection.c.receive(&mut connection.client.rx, &mut connection.client.tx), Ok(Event::Data));
    assert_ne!(connection.c.expose_secrets().1, before, "the KeyUpdate came first");
}

/// Three requests at once are answered once.
#[test]
fn many_requests_get_one_answer() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.c.update_key(&mut connection.client.tx).unwrap();
    connection.c.update_key(&mut connection.client.tx).unwrap();
    connection.to_server().unwrap();
    connection.s.answer_key_update(&mut connection.server.tx).unwrap();
    assert_eq!(script::records(connection.server.tx.pending()).len(), 1);
    connection.to_client().unwrap();
    talk(&mut connection);
}

/// RFC 9846 §5.5 requires a new key before the AEAD limit. The policy may require it earlier.
// req: 9846-5.5-1
#[test]
fn the_write_key_is_updated_by_itself_after_so_many_records() {
    let id = identity();
    for after in [0, 1, 2, 7] {
        let (client, server) = pair(Policy::new().update_after(after), Policy::new(), &id);
        let mut connection = Connection::new(client, server);
        let mut keys = std::collections::BTreeSet::new();
        for number in 0..30u8 {
            connection.c.write(&[number], &mut connection.client.tx).unwrap();
            keys.insert(connection.c.expose_secrets().0.to_vec());
            assert_eq!(connection.to_server(), Ok((vec![number], vec![])));
        }
        assert_eq!(keys.len(), 30usize.div_ceil(after.max(1) as usize), "a new key after {after} records (0 means 1)");
        // Also inside of one call that makes several records.
        let data = vec![9; 35_000];
        let taken = connection.c.write(&data, &mut connection.client.tx).unwrap();
        assert_eq!(connection.to_server().unwrap().0, &data[..taken]);
        assert!(taken > 32_000);
        talk(&mut connection);
    }
}

/// The halves of a split session share nothing, so what one owes is passed to the other.
#[test]
fn the_halves_of_a_session_answer_for_each_other() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    common::carry(&mut connection.client, &mut connection.server);
    let Connection { mut client, mut server, mut c, s } = connection;
    let (mut sender, mut receiver, exporter) = s.split();
    assert_eq!(exporter.expose_secret(), c.exporter().expose_secret());
    let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("the client asked") };
    sender.reply(&reply, &mut server.tx).unwrap();
    assert_eq!(receiver.receive(&mut server.rx), Ok(Event::Read));
    let before = server.tx.pending().len();
    sender.reply(&reply, &mut server.tx).unwrap();
    assert_eq!(server.tx.pending().len(), before, "answered once");
    sender.write(b"hello", &mut server.tx).unwrap();
    common::carry(&mut server, &mut client);
    assert_eq!(receive(&mut c, &mut client).unwrap().0, b"hello");
}

/// A session may be split while it owes an answer.
#[test]
fn what_a_session_owes_is_not_lost_when_it_is_split() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    connection.c.confirm(&mut connection.client.tx).unwrap();
    connection.c.write(b"and data", &mut connection.client.tx).unwrap();
    common::carry(&mut connection.client, &mut connection.server);
    assert_eq!(connection.s.receive(&mut connection.server.rx, &mut connection.server.tx), Ok(Event::Data));
    assert!(connection.server.tx.is_empty(), "not answered yet");
    let Connection { mut client, mut server, mut c, s } = connection;
    let (mut sender, mut receiver, _) = s.split();
    let Ok(Event::Owed(reply)) = receiver.receive(&mut server.rx) else { panic!("the answer is still owed") };
    sender.reply(&reply, &mut server.tx).unwrap();
    assert_eq!(receiver.receive(&mut server.rx), Ok(Event::Data));
    let before = c.expose_secrets().1.to_vec();
    common::carry(&mut server, &mut client);
    receive(&mut c, &mut client).unwrap();
    assert_ne!(c.expose_secrets().1, before);
}

/// RFC 9846 §6.1: each side closes its own direction.
// req: 9846-6.1-1, 9846-6.1-4, 9846-6.1-5
#[test]
fn after_one_side_has_closed_the_other_may_go_on() {
    let id = identity();
    for client_closes_first in [true, false] {
        let (client, server) = pair(Policy::new(), Policy::new(), &id);
        let mut connection = Connection::new(client, server);
        connection.to_client().unwrap();
        let Connection { client, server, c, s } = connection;
        let (mut first, mut first_end, mut second, mut second_end) =
            if client_closes_first { (c, client, s, server) } else { (s, server, c, client) };
        first.write(b"last words", &mut first_end.tx).unwrap();
        first.close(&mut first_end.tx).unwrap();
        let len = first_end.tx.pending().len();
        first.close(&mut first_end.tx).unwrap();
        assert_eq!(first_end.tx.pending().len(), len, "a second close says nothing");
        assert_eq!(first.write(b"more", &mut first_end.tx), Err(Misuse::Closed));
        assert_eq!(first.update_key(&mut first_end.tx), Err(Misuse::Closed));
        assert_eq!(first.confirm(&mut first_end.tx), Err(Misuse::Closed));
        let mut bytes = first_end.sends();
        bytes.extend_from_slice(b"bytes after close_notify are ignored");
        second_end.gets(&bytes);
        assert_eq!(receive(&mut second, &mut second_end), Ok((b"last words".to_vec(), vec![Event::Closed])));
        second_end.rx.filled(0);
        let after = second.receive(&mut second_end.rx, &mut second_end.tx);
        assert_eq!(after, Ok(Event::Closed), "no truncation after close_notify");
        // The other direction is still open.
        second.write(b"still here", &mut second_end.tx).unwrap();
        second.update_key(&mut second_end.tx).unwrap();
        second.write(b"!", &mut second_end.tx).unwrap();
        second.close(&mut second_end.tx).unwrap();
        common::carry(&mut second_end, &mut first_end);
        assert_eq!(receive(&mut first, &mut first_end), Ok((b"still here!".to_vec(), vec![Event::Closed])));
    }
}

/// Anybody may have cut a transport that ends without close_notify.
// req: 9846-6.1-5
#[test]
fn an_end_without_close_notify_is_truncation() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.to_client().unwrap();
    for (session, end) in [(&mut connection.c, &mut connection.client), (&mut connection.s, &mut connection.server)] {
        end.rx.filled(0);
        let error = session.receive(&mut end.rx, &mut end.tx).unwrap_err();
        assert_eq!((error.kind(), error.alert()), (ErrorKind::Truncated, None));
        assert!(end.tx.is_empty(), "nobody is there to be told");
        assert_eq!(session.write(b"x", &mut end.tx), Err(Misuse::Closed));
    }
}

/// RFC 9846 §7.5, RFC 9266: both ends of a connection derive the same value, and other connections derive others.
// req: 9846-7.5-1
#[test]
fn exporters_agree_within_a_connection_and_differ_between_connections() {
    let id = identity();
    let mut seen = std::collections::BTreeSet::new();
    for suite in SUITES {
        let (client, server) = pair(Policy::new(), Policy::new().cipher_suites(&[suite]), &id);
        let connection = Connection::new(client, server);
        let (c, s) = (connection.c.exporter(), connection.s.exporter());
        assert_eq!(c.tls_exporter(), s.tls_exporter());
        seen.insert(c.tls_exporter().unwrap().to_vec());
        for (label, context) in
            [("EXPORTER-one", "a"), ("EXPORTER-one", "b"), ("EXPORTER-one", ""), ("EXPORTER-two", "a")]
        {
            let (mut ours, mut theirs) = ([0; 32], [0; 32]);
            c.export(label.as_bytes(), context.as_bytes(), &mut ours).unwrap();
            s.export(label.as_bytes(), context.as_bytes(), &mut theirs).unwrap();
            assert_eq!(ours, theirs);
            assert!(seen.insert(ours.to_vec()), "{label} {context:?} has a value of its own");
        }
        assert!(c.export(b"", b"", &mut [0; 32]).is_ok(), "an empty label is taken, as other stacks do");
        assert!(c.export(&[b'x'; 250], b"", &mut [0; 32]).is_err());
    }
}

/// Both connections have the same identities and seeds. Their key shares differ, so all keys differ.
#[test]
fn two_connections_of_the_same_ends_have_different_keys() {
    let id = identity();
    let mut exported = Vec::new();
    for _ in 0..2 {
        let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
        let (c, _) = connect(&mut client, &mut server);
        exported.push(c.exporter().tls_exporter().unwrap());
    }
    assert_ne!(exported[0], exported[1], "the seeds are the same ({:?}), the key shares are not", seed(1));
}

#[test]
fn a_fatal_alert_of_the_application_ends_both_directions() {
    let (a, b) = (Pki::new(), Policy::new);
    let (client_id, server_id) =
        (a.issue("client.test", &rcgen::PKCS_ED25519), a.issue("server.test", &rcgen::PKCS_ED25519));
    let mut client = End::new(Role::Client, b(), &client_id);
    let mut server = End::new(Role::Server, b(), &server_id);
    let (mut ours, mut theirs) = connect(&mut client, &mut server);
    let alert = AlertDescription::ACCESS_DENIED;
    ours.abort(alert, &mut client.tx).unwrap();
    let error = ours.receive(&mut client.rx, &mut client.tx).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted { alert });
    assert_eq!(error.alert(), Some(Alert::Sent(alert)));
    assert_eq!(ours.write(b"more", &mut client.tx), Err(Misuse::Closed));
    let bytes = client.sends();
    server.gets(&bytes);
    let error = theirs.receive(&mut server.rx, &mut server.tx).unwrap_err();
    assert_eq!(error.alert(), Some(Alert::Received(alert)));
}
