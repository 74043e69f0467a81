//! Two ends in memory, over everything that can be negotiated: each pair shakes hands, talks both ways and closes.
#![allow(clippy::unwrap_used)]

use crate::common::script::{self, Protection, Transcript};
use crate::common::{self, Connection, End, Identity, Pki, connect, receive, run, seed};
use countersign::internals::codec::{self, ClientHello, ExtensionType, KeyShareEntry, TLS13};
use countersign::internals::crypto::{CryptoMode, KeyExchange, Suite};
use countersign::internals::schedule::{Early, SignedContent};
use countersign::{
    Alert, AlertDescription, Blame, CipherSuite, ContentType, Credential, Ending, Error, ErrorKind, Event,
    HandshakeType, Misuse, NamedGroup, Outbox, Padding, Policy, Role, Session, SignatureScheme, State, TransitionEvent,
    Verdict, Want,
};

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// A root and an identity with each kind of key, with the scheme that it signs with.
struct People {
    pki: Pki,
    all: [(Identity, SignatureScheme); 4],
}

impl People {
    fn new() -> People {
        let pki = Pki::new();
        let all = [
            (pki.issue("p256.test", &rcgen::PKCS_ECDSA_P256_SHA256), SignatureScheme::ECDSA_SECP256R1_SHA256),
            (pki.issue("p384.test", &rcgen::PKCS_ECDSA_P384_SHA384), SignatureScheme::ECDSA_SECP384R1_SHA384),
            (pki.issue("ed25519.test", &rcgen::PKCS_ED25519), SignatureScheme::ED25519),
            (pki.issue_rsa("rsa.test"), SignatureScheme::RSA_PSS_RSAE_SHA256),
        ];
        People { pki, all }
    }
}

/// One pair with one key each, where the test is about something else.
fn pair(client: Policy, server: Policy, identity: &Identity) -> (End<'_>, End<'_>) {
    (End::new(Role::Client, client, identity), End::new(Role::Server, server, identity))
}

fn identity() -> Identity {
    Pki::new().issue("somebody.test", &rcgen::PKCS_ED25519)
}

fn talk(connection: &mut Connection<'_>) {
    let Connection { client, server, c, s } = connection;
    let data: Vec<u8> = (0..20_000u32).map(|n| n as u8).collect();
    assert_eq!(c.write(&data, &mut client.tx), Ok(data.len()));
    assert_eq!(s.write(&data[..1], &mut server.tx), Ok(1));
    assert_eq!(connection.to_server().unwrap().0, data);
    assert_eq!(connection.to_client().unwrap().0, &data[..1]);
}

fn close(connection: &mut Connection<'_>) {
    connection.c.close(&mut connection.client.tx).unwrap();
    assert_eq!(connection.to_server(), Ok((vec![], vec![Event::Closed])));
    connection.s.close(&mut connection.server.tx).unwrap();
    assert_eq!(connection.to_client().unwrap().1.last(), Some(&Event::Closed));
}

/// Both sessions have the same keys, and so had the handshakes.
fn agree(connection: &Connection<'_>) {
    let Connection { client, server, c, s } = connection;
    for label in [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ] {
        assert!(client.secrets[label].len() >= 32, "{label}");
        assert_eq!(client.secrets[label], server.secrets[label], "{label}");
    }
    assert_eq!(client.secrets.len(), 4, "nothing else is shown");
    assert_eq!(c.exporter().expose_secret(), s.exporter().expose_secret());
    assert_eq!(client.hs.client_random(), server.hs.client_random());
    assert_eq!(same_keys(c, s), (true, true));
}

fn same_keys(c: &Session, s: &Session) -> (bool, bool) {
    let ((c_write, c_read), (s_write, s_read)) = (c.expose_secrets(), s.expose_secrets());
    (c_write == s_read, s_write == c_read)
}

#[test]
fn every_suite_with_every_group_and_every_kind_of_key_with_and_without_retry() {
    let people = People::new();
    for suite in SUITES {
        for group in GROUPS {
            for (number, (server_id, server_scheme)) in people.all.iter().enumerate() {
                let (client_id, client_scheme) = &people.all[(number + 1) % 4];
                for retry in [false, true] {
                    let case = format!("{suite} {group} {server_scheme} retry {retry}");
                    let server_policy = Policy::new().cipher_suites(&[suite]).groups(&[group]);
                    let client_policy = Policy::new().groups(&GROUPS);
                    let client_policy =
                        if retry { client_policy.key_shares(&[]) } else { client_policy.key_shares(&[group]) };
                    let mut connection = Connection::new(
                        End::new(Role::Client, client_policy, client_id),
                        End::new(Role::Server, server_policy, server_id),
                    );
                    for (end, own, peer) in [
                        (&connection.client, client_scheme, server_scheme),
                        (&connection.server, server_scheme, client_scheme),
                    ] {
                        assert_eq!(end.hs.cipher_suite(), Some(suite), "{case}");
                        assert_eq!(end.hs.group(), Some(group), "{case}");
                        assert_eq!(end.hs.retried(), retry, "{case}");
                        assert_eq!(end.hs.own_scheme(), Some(*own), "{case}");
                        assert_eq!(end.hs.peer_scheme(), Some(*peer), "{case}");
                        assert_eq!(end.hs.state(), State::Connected, "{case}");
                    }
                    agree(&connection);
                    talk(&mut connection);
                    close(&mut connection);
                }
            }
        }
    }
}

/// RFC 9846 §4.2.4: a server that finds no share for a group it likes asks for one.
// req: 9846-4.2.4-6, 9846-4.2.4-8, 9846-4.2.1-3
#[test]
fn a_retry_asks_for_the_servers_group_though_the_client_shared_another() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new().groups(&[NamedGroup::SECP384R1]), &id);
    let mut connection = Connection::new(client, server);
    let sent: Vec<_> = connection.server.transitions.iter().map(|t| t.event).collect();
    assert!(sent.contains(&TransitionEvent::Sent(HandshakeType::HELLO_RETRY_REQUEST)));
    assert!(connection.client.hs.retried() && connection.server.hs.retried());
    assert_eq!(connection.client.hs.group(), Some(NamedGroup::SECP384R1));
    talk(&mut connection);
}

#[test]
fn the_servers_preference_decides_among_what_both_have() {
    let id = identity();
    let reversed = Policy::new().cipher_suites(&[SUITES[2], SUITES[0]]).groups(&[GROUPS[1], GROUPS[0]]);
    let (client, server) = pair(Policy::new().key_shares(&[GROUPS[0], GROUPS[1]]), reversed, &id);
    let connection = Connection::new(client, server);
    assert_eq!(connection.client.hs.cipher_suite(), Some(SUITES[2]));
    assert_eq!(connection.client.hs.group(), Some(GROUPS[1]));
    assert!(!connection.client.hs.retried());
}

// req: 9846-2.1-1, 9846-4.2.1-1, 9846-4.2.1-4, 7301-3.2-1
#[test]
fn nothing_in_common_is_told_to_both_ends() {
    let id = identity();
    let (one, other) = (Policy::new(), Policy::new());
    for (client, server, kind) in [
        (
            one.clone().cipher_suites(&SUITES[..1]),
            other.clone().cipher_suites(&SUITES[1..]),
            ErrorKind::NoCommonCipherSuite,
        ),
        (one.clone().groups(&GROUPS[..1]), other.clone().groups(&GROUPS[1..]), ErrorKind::NoCommonGroup),
        (one.alpn(&[b"h2"]), other.alpn(&[b"http/1.1"]), ErrorKind::NoApplicationProtocol),
    ] {
        let (mut client, mut server) = pair(client, server, &id);
        let (c, s) = run(&mut client, &mut server);
        let (c, s) = (c.unwrap().unwrap_err(), s.unwrap().unwrap_err());
        assert_eq!(s.kind(), kind);
        assert_eq!(s.blame(), Blame::Peer);
        assert_eq!(s.alert(), Some(Alert::Sent(kind.alert().unwrap())));
        assert_eq!(c.kind(), ErrorKind::PeerAlert { alert: kind.alert().unwrap() });
        assert_eq!(c.state(), State::WaitServerHello);
    }
}

/// RFC 7301: the server chooses by its own preference; an end without a list takes no part.
// req: 7301-3.2-2
#[test]
fn application_protocols_are_chosen_by_the_server_or_not_at_all() {
    let id = identity();
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let reversed: &[&[u8]] = &[b"http/1.1", b"h2"];
    for (ours, theirs, chosen) in [
        (both, reversed, Some(&b"http/1.1"[..])),
        (both, &both[..1], Some(b"h2")),
        (both, &[], None),
        (&[], both, None),
    ] {
        let (client, server) = pair(Policy::new().alpn(ours), Policy::new().alpn(theirs), &id);
        let connection = Connection::new(client, server);
        assert_eq!(connection.client.hs.alpn(), chosen);
        assert_eq!(connection.server.hs.alpn(), chosen);
    }
}

/// The first byte of each record of a stream: its content type on the wire.
fn types(stream: &[u8]) -> Vec<u8> {
    script::records(stream).iter().map(|record| record[0]).collect()
}

/// RFC 9846 §E.4: with a session id, each side sends one change_cipher_spec; without, nobody does.
// req: 9846-4.2.2-8, 9846-4.2.2-9, 9846-4.2.2-10, 9846-E.4-1
#[test]
fn middlebox_compatibility_is_the_clients_choice() {
    let id = identity();
    for (compatible, retry) in [(true, false), (false, false), (true, true), (false, true)] {
        let client = Policy::new().middlebox_compatibility(compatible);
        let client = if retry { client.key_shares(&[]) } else { client };
        let (mut client, mut server) = pair(client, Policy::new(), &id);
        let mut flights: [Vec<Vec<u8>>; 2] = Default::default();
        let (mut client_done, mut server_done) = (false, false);
        for _ in 0..20 {
            client_done = client.drive().unwrap() == Want::Done;
            flights[0].push(client.sends());
            server.gets(flights[0].last().unwrap());
            server_done = server.drive().unwrap() == Want::Done;
            flights[1].push(server.sends());
            client.gets(flights[1].last().unwrap());
        }
        assert!(client_done && server_done);
        let hello = &flights[0][0];
        let body = script::messages(&hello[5..])[0].body;
        let session_id = ClientHello::parse(body).unwrap().legacy_session_id;
        assert_eq!(session_id.len(), if compatible { 32 } else { 0 });
        let sent = flights.map(|side| side.iter().flat_map(|flight| types(flight)).collect::<Vec<_>>());
        let expected: [&[u8]; 2] = match (compatible, retry) {
            (false, false) => [&[22, 23], &[22, 23, 23, 23]],
            (false, true) => [&[22, 22, 23], &[22, 22, 23, 23, 23]],
            (true, false) => [&[22, 20, 23], &[22, 20, 23, 23, 23]],
            (true, true) => [&[22, 20, 22, 23], &[22, 20, 22, 23, 23, 23]],
        };
        // The server's flight is one record or two: Certificate may be sent while the signer is asked.
        let squeeze = |types: &[u8]| {
            let mut types = types.to_vec();
            types.dedup();
            types
        };
        assert_eq!(squeeze(&sent[0]), squeeze(expected[0]), "compatible {compatible}, retry {retry}");
        assert_eq!(squeeze(&sent[1]), squeeze(expected[1]), "compatible {compatible}, retry {retry}");
        assert_eq!(sent.iter().flatten().filter(|typ| **typ == 20).count(), if compatible { 2 } else { 0 });
    }
}

/// The longest body of a stream's protected records.
fn longest(stream: &[u8]) -> usize {
    script::records(stream).iter().filter(|record| record[0] == 23).map(|record| record.len() - 5).max().unwrap()
}

/// RFC 8449: the limit counts content, type and padding; each side has its own, and it binds handshake records too.
// req: 8449-4-1
#[test]
fn record_size_limits_bind_the_other_side() {
    let id = identity();
    for (client_limit, server_limit) in [(64, 16_385), (16_385, 64), (100, 300), (1_000, 64)] {
        let mut client = End::new(Role::Client, Policy::new().record_size_limit(client_limit), &id);
        let mut server = End::new(Role::Server, Policy::new().record_size_limit(server_limit), &id);
        let mut flights = [Vec::new(), Vec::new()];
        for _ in 0..5 {
            client.drive().unwrap();
            let bytes = client.sends();
            server.gets(&bytes);
            flights[0].extend(bytes);
            server.drive().unwrap();
            let bytes = server.sends();
            client.gets(&bytes);
            flights[1].extend(bytes);
        }
        let (client_limit, server_limit) = (usize::from(client_limit), usize::from(server_limit));
        assert!(longest(&flights[0]) <= server_limit + 16);
        assert!(longest(&flights[1]) <= client_limit + 16);
        let (c, s) = (client.hs.finish().unwrap(), server.hs.finish().unwrap());
        let mut connection = Connection { client, server, c, s };
        connection.to_client().unwrap();
        connection.c.write(&[7; 10_000], &mut connection.client.tx).unwrap();
        assert_eq!(longest(connection.client.tx.pending()), server_limit.min(10_001) + 16);
        assert_eq!(connection.to_server().unwrap().0, [7; 10_000]);
        connection.s.write(&[7; 10_000], &mut connection.server.tx).unwrap();
        assert_eq!(longest(connection.server.tx.pending()), client_limit.min(10_001) + 16);
        assert_eq!(connection.to_client().unwrap().0, [7; 10_000]);
    }
}

/// However small the peer's records are, and so many: an answer that does not fit is refused before anything is written.
#[test]
fn what_an_answer_needs_is_told_exactly_for_records_of_any_size() {
    let id = identity();
    for limit in [64, 65, 100, 1_000, 16_385] {
        let mut client = End::new(Role::Client, Policy::new().record_size_limit(limit), &id);
        client.drive().unwrap();
        let hello = client.sends();
        let present = |capacity: usize| {
            let mut server = End::new(Role::Server, Policy::new().record_size_limit(16_385), &id);
            server.tx = Outbox::new(vec![0; capacity]);
            server.gets(&hello);
            let question = match server.hs.drive(&mut server.rx, &mut server.tx).unwrap() {
                Want::Credential(question) => question,
                want => panic!("{want:?}"),
            };
            let answered = server.hs.answer_credential(&question, &Credential::new(&id.chain), &mut server.tx);
            let state = if answered.is_ok() { State::AskSign } else { State::AskCredential };
            assert_eq!(server.hs.state(), state);
            assert!(answered.is_ok() || server.tx.is_empty());
            answered
        };
        let Err(Misuse::NoRoom { needed }) = present(100) else { panic!("100 bytes are too few") };
        for capacity in [101, needed / 2, needed - 20, needed - 1] {
            assert_eq!(present(capacity), Err(Misuse::NoRoom { needed }));
        }
        assert_eq!(present(needed), Ok(()));
    }
}

/// The extension works only between two who both send it (RFC 8449 §4).
#[test]
fn a_record_size_limit_alone_binds_nobody_but_the_one_who_heard_it() {
    let id = identity();
    let (client, server) = pair(Policy::new().record_size_limit(64), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    connection.c.write(&[7; 10_000], &mut connection.client.tx).unwrap();
    assert_eq!(script::records(connection.client.tx.pending()).len(), 1, "the server announced nothing");
    assert_eq!(connection.to_server().unwrap().0.len(), 10_000);
    connection.s.write(&[7; 1_000], &mut connection.server.tx).unwrap();
    assert_eq!(connection.to_client().unwrap().0.len(), 1_000, "whatever the records' size");
}

/// RFC 9846 §5.4: padding hides how long the content is, never exceeds a record, and comes off again.
// req: 9846-5.4-6
#[test]
fn padding_makes_records_of_equal_length() {
    let id = identity();
    for multiple in [2, 64, 512, 5_000] {
        let policy = || Policy::new().padding(Padding::Multiple(multiple));
        let (client, server) = pair(policy(), policy(), &id);
        let mut connection = Connection::new(client, server);
        let multiple = usize::from(multiple);
        for len in [1, multiple - 1, multiple, 16_384] {
            let data = vec![0; len]; // zeros: content that looks like padding
            connection.c.write(&data, &mut connection.client.tx).unwrap();
            for record in script::records(connection.client.tx.pending()) {
                let inner = record.len() - 5 - 16;
                assert!(inner % multiple == 0 || inner == 16_385, "{inner} is padded to {multiple}");
                assert!(inner <= 16_385);
            }
            assert_eq!(connection.to_server().unwrap().0, data);
        }
    }
}

/// RFC 9846 §4.7.3: each direction has its own generations; KeyUpdate itself goes under the old key.
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
    assert_eq!(connection.to_server(), Ok((vec![], vec![])), "a session answers by itself");
    assert!(!connection.server.tx.is_empty());
    connection.to_client().unwrap();
    assert_ne!(connection.c.expose_secrets().1, before);
    assert_eq!(same_keys(&connection.c, &connection.s), (true, true));
    assert!(connection.client.tx.is_empty(), "an answer asks for nothing");
    connection.c.confirm(&mut connection.client.tx).unwrap();
    assert!(!connection.client.tx.is_empty(), "after the answer it may ask again");
    connection.to_server().unwrap();
    talk(&mut connection);
}

/// §4.7.3: the answer comes before the next data, also where data is all that the server looked at.
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
    assert_eq!(script::records(connection.server.tx.pending()).len(), 1);
    connection.to_client().unwrap();
    talk(&mut connection);
}

/// RFC 9846 §5.5 asks for a new key before the AEAD is worn out; the policy may ask for it earlier.
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
        // Also within one call that makes several records.
        let data = vec![9; 35_000];
        let taken = connection.c.write(&data, &mut connection.client.tx).unwrap();
        assert_eq!(connection.to_server().unwrap().0, &data[..taken]);
        assert!(taken > 32_000);
        talk(&mut connection);
    }
}

/// A split session: the halves share nothing, what one owes is handed to the other.
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

/// A transport that ends without close_notify may have been cut by anybody.
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

/// RFC 9846 §7.5, RFC 9266: both ends derive the same, and nobody else does.
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

// ---- Confirmed ----

/// A countersign server speaks as soon as it has accepted the client: that is what `Confirmed` hears.
#[test]
fn a_client_is_confirmed_by_the_first_record_after_its_finished() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new(), &id);
    let mut connection = Connection::new(client, server);
    // `connect` has carried the server's empty record already, after the client's Finished.
    assert!(!connection.c.is_confirmed());
    assert!(connection.s.is_confirmed(), "a server has seen everything");
    assert_eq!(connection.to_client(), Ok((vec![], vec![Event::Confirmed])), "and no data came with it");
    assert!(connection.c.is_confirmed());
    connection.s.write(b"x", &mut connection.server.tx).unwrap();
    assert_eq!(connection.to_client(), Ok((b"x".to_vec(), vec![])), "it is said once");
}

#[test]
fn without_the_empty_record_data_or_a_requested_key_update_confirms() {
    let id = identity();
    for ask in [false, true] {
        let (client, server) = pair(Policy::new(), Policy::new().confirming_record(false), &id);
        let mut connection = Connection::new(client, server);
        assert_eq!(connection.to_client(), Ok((vec![], vec![])), "the server has not spoken");
        assert!(!connection.c.is_confirmed());
        if ask {
            connection.c.confirm(&mut connection.client.tx).unwrap();
            connection.to_server().unwrap();
        } else {
            connection.s.write(b"x", &mut connection.server.tx).unwrap();
        }
        assert_eq!(connection.to_client().unwrap().1, [Event::Confirmed]);
    }
}

/// What a server says before our Finished can have arrived confirms nothing.
#[test]
fn what_was_there_before_our_finished_confirms_nothing() {
    let id = identity();
    let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
    client.drive().unwrap();
    common::carry(&mut client, &mut server);
    server.drive().unwrap();
    // A server that speaks early (0.5-RTT): a record under its application key, made by its key log.
    let mut flight = server.sends();
    let mut early = None;
    while early.is_none() {
        // The client reads the flight; its key log has the server's secret. Countersign's server would never do this.
        client.gets(&flight);
        flight.clear();
        let Ok(countersign::Step::Want(Want::Verify(question))) = step_to_question(&mut client) else {
            panic!("the flight is whole")
        };
        let mut secret = Vec::new();
        client.hs.expose_secrets(&mut |label, bytes| {
            if label == "SERVER_TRAFFIC_SECRET_0" {
                secret = bytes.to_vec();
            }
        });
        early = Some(early_record(&secret, client.hs.cipher_suite().unwrap()));
        client.hs.answer_verify(&question, Verdict::Accept).unwrap();
    }
    client.gets(&early.unwrap());
    assert_eq!(client.drive(), Ok(Want::Write));
    let last = client.sends();
    assert_eq!(client.drive(), Ok(Want::Done));
    let mut session = client.hs.finish().unwrap();
    assert_eq!(receive(&mut session, &mut client), Ok((b"early".to_vec(), vec![])), "read, but no confirmation");
    assert!(!session.is_confirmed());
    server.gets(&last);
    server.drive().unwrap();
}

fn step_to_question(end: &mut End<'_>) -> Result<countersign::Step, Error> {
    loop {
        match end.hs.step(&mut end.rx, &mut end.tx)? {
            countersign::Step::Did(_) => {}
            want => return Ok(want),
        }
    }
}

/// A record of application data under this traffic secret, with sequence number 0.
fn early_record(secret: &[u8], suite: CipherSuite) -> Vec<u8> {
    let suite = Suite::from(suite).unwrap();
    Protection::of(secret, suite).seal(ContentType::APPLICATION_DATA, b"early", 0)
}

/// A refusal that comes after the client's handshake says so, whoever words it and whenever.
#[test]
fn a_refused_client_learns_its_fate_from_its_session() {
    let id = identity();
    for (alert, kind) in [
        (AlertDescription::UNKNOWN_CA, ErrorKind::PeerRejectedCertificate { alert: AlertDescription::UNKNOWN_CA }),
        (
            AlertDescription::CERTIFICATE_REQUIRED,
            ErrorKind::PeerRejectedCertificate { alert: AlertDescription::CERTIFICATE_REQUIRED },
        ),
        (AlertDescription::DECRYPT_ERROR, ErrorKind::PeerRejectedProof { alert: AlertDescription::DECRYPT_ERROR }),
        (
            AlertDescription::INTERNAL_ERROR,
            ErrorKind::PeerEndedUnconfirmed { how: Ending::Alert(AlertDescription::INTERNAL_ERROR) },
        ),
    ] {
        let (mut client, mut server) = pair(Policy::new(), Policy::new(), &id);
        server.verdict = Verdict::Reject(countersign::Rejection::Alert(alert));
        let (c, s) = run(&mut client, &mut server);
        assert_eq!(c, Some(Ok(())), "TLS 1.3 lets a client finish first");
        assert_eq!(s.unwrap().unwrap_err().alert(), Some(Alert::Sent(alert)));
        let mut session = client.hs.finish().unwrap();
        let error = session.receive(&mut client.rx, &mut client.tx).unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.alert(), Some(Alert::Received(alert)));
        assert!(client.tx.is_empty(), "an alert is not answered");
        assert_eq!(session.receive(&mut client.rx, &mut client.tx), Err(error));
    }
}

#[test]
fn a_server_that_just_leaves_has_not_confirmed() {
    let id = identity();
    let (client, server) = pair(Policy::new(), Policy::new().confirming_record(false), &id);
    let mut connection = Connection::new(client, server);
    connection.client.rx.filled(0);
    let error = connection.to_client().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PeerEndedUnconfirmed { how: Ending::Silence });
    assert_eq!(
        error.to_string(),
        "the peer ended the connection before confirming us (the transport just ended) (as client, in Connected)"
    );
}

// ---- HelloRetryRequest with a cookie: countersign's server sends none, others do ----

/// What the scripted server asks for.
struct Retry {
    cookie: Option<Vec<u8>>,
    group: Option<NamedGroup>,
}

/// A server by hand that sends a HelloRetryRequest and then completes the handshake. Gives back both ClientHellos.
fn scripted_server(client: &mut End<'_>, id: &Identity, retry: &Retry) -> (Vec<u8>, Vec<u8>) {
    let suite = Suite::from(CipherSuite::TLS_AES_128_GCM_SHA256).unwrap();
    assert_eq!(client.drive(), Ok(Want::Write));
    let hello_1 = client.sends()[5..].to_vec();
    let session_id = ClientHello::parse(&hello_1[4..]).unwrap().legacy_session_id.to_vec();
    let mut transcript = Transcript::new(suite.hash());
    transcript.append(&hello_1);
    transcript.retry();

    let retry_request = script::message(|w| {
        codec::write_hello_retry_request(w, &session_id, suite.number(), |w| {
            w.selected_version(TLS13);
            if let Some(group) = retry.group {
                w.selected_group(group);
            }
            if let Some(cookie) = &retry.cookie {
                w.cookie(cookie);
            }
        });
    });
    transcript.append(&retry_request);
    client.gets(&script::plain(ContentType::HANDSHAKE, &retry_request));
    assert_eq!(client.drive(), Ok(Want::Write));
    let records = script::records(&client.sends());
    assert_eq!(records.iter().map(|record| record[0]).collect::<Vec<_>>(), [20, 22], "change_cipher_spec, ClientHello");
    let hello_2 = records[1][5..].to_vec();
    transcript.append(&hello_2);

    // ServerHello.
    let hello = ClientHello::parse(&hello_2[4..]).unwrap();
    let share = hello.extensions.client_shares().unwrap().unwrap().iter().next().unwrap();
    let (ours, shared) = KeyExchange::respond(share.group, share.key_exchange, CryptoMode::Real).unwrap();
    let server_hello = script::message(|w| {
        codec::write_server_hello(w, &[9; 32], &session_id, suite.number(), |w| {
            w.selected_version(TLS13);
            w.server_share(KeyShareEntry { group: share.group, key_exchange: ours.as_ref() });
        });
    });
    transcript.append(&server_hello);
    client.gets(&script::plain(ContentType::HANDSHAKE, &server_hello));
    let handshake = Early::new(suite.hash()).handshake(shared);
    let secrets = handshake.traffic(&transcript.hash());

    // The protected flight.
    let mut protection = Protection::handshake(&secrets.server, suite);
    let mut flight = script::message(|w| codec::write_encrypted_extensions(w, |_| {}));
    flight.extend(script::message(|w| {
        codec::write_certificate_request(w, &[], |w| {
            w.signature_algorithms([SignatureScheme::ED25519, SignatureScheme::ECDSA_SECP256R1_SHA256]);
        });
    }));
    flight.extend(script::message(|w| {
        codec::write_certificate(w, &[], id.chain.iter().map(AsRef::as_ref), |_| {});
    }));
    transcript.append(&flight);
    let content = SignedContent::server(&transcript.hash());
    let scheme = id.key.schemes()[0];
    let signature = id.key.sign(scheme, content.as_ref()).unwrap();
    let verify = script::message(|w| codec::CertificateVerify { algorithm: scheme, signature: &signature }.write(w));
    transcript.append(&verify);
    let verify_data = secrets.server.finished(&transcript.hash());
    let finished = script::message(|w| codec::Finished { verify_data: verify_data.as_ref() }.write(w));
    transcript.append(&finished);
    for part in [flight, verify, finished] {
        let record = protection.seal(ContentType::HANDSHAKE, &part, 3);
        client.gets(&record);
    }
    let (application, exporter) = handshake.main().application(&transcript.hash());

    // The client's flight.
    assert_eq!(client.drive(), Ok(Want::Write));
    let sent = client.sends();
    let mut protection = Protection::handshake(&secrets.client, suite);
    let mut flight = Vec::new();
    for record in script::records(&sent).iter().filter(|record| record[0] == 23) {
        flight.extend(protection.open(record).1);
    }
    let types: Vec<_> = script::messages(&flight).iter().map(|message| message.typ).collect();
    assert_eq!(types, [HandshakeType::CERTIFICATE, HandshakeType::CERTIFICATE_VERIFY, HandshakeType::FINISHED]);
    for message in script::messages(&flight) {
        if message.typ == HandshakeType::FINISHED {
            assert!(secrets.client.verify_finished(&transcript.hash(), message.body, CryptoMode::Real).is_ok());
        }
        transcript.append(message.raw);
    }

    // Both have the same keys.
    assert_eq!(client.drive(), Ok(Want::Done));
    let mut session = client.hs.finish().unwrap();
    assert_eq!(session.exporter().expose_secret(), exporter.expose());
    let data = Protection::application(&application.server, suite).seal(ContentType::APPLICATION_DATA, b"welcome", 9);
    client.gets(&data);
    assert_eq!(receive(&mut session, client), Ok((b"welcome".to_vec(), vec![Event::Confirmed])));
    (hello_1, hello_2)
}

/// RFC 9846 §4.3.2: the cookie comes back as it was. With a cookie alone the same share is sent again (R11).
// req: 9846-4.2.2-2
#[test]
fn a_cookie_is_echoed_with_the_same_share_or_with_the_one_that_was_asked_for() {
    let people = People::new();
    let id = people.pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
    for (cookie, group) in [
        (Some(vec![1]), None),
        (Some(vec![7; 200]), None),
        (Some(vec![7; countersign::limits::MAX_COOKIE]), None),
        (Some(vec![7; 200]), Some(NamedGroup::SECP256R1)),
        (None, Some(NamedGroup::SECP384R1)),
    ] {
        let mut client = End::new(Role::Client, Policy::new(), &people.all[2].0);
        let retry = Retry { cookie, group };
        let (hello_1, hello_2) = scripted_server(&mut client, &id, &retry);
        let (first, second) = (ClientHello::parse(&hello_1[4..]).unwrap(), ClientHello::parse(&hello_2[4..]).unwrap());
        assert_eq!(second.extensions.cookie().unwrap(), retry.cookie.as_deref());
        let share = |hello: &ClientHello<'_>| hello.extensions.get(ExtensionType::KEY_SHARE).unwrap().to_vec();
        assert_eq!(share(&first) == share(&second), retry.group.is_none());
        // Nothing else has changed.
        let rest = |hello: &ClientHello<'_>| {
            let all = hello.extensions.iter().map(|each| (each.extension_type, each.extension_data.to_vec()));
            let changing = [ExtensionType::KEY_SHARE, ExtensionType::COOKIE];
            all.filter(|(typ, _)| !changing.contains(typ)).collect::<Vec<_>>()
        };
        assert_eq!(rest(&first), rest(&second));
        assert_eq!(
            (first.random, first.legacy_session_id, first.cipher_suites.raw()),
            (second.random, second.legacy_session_id, second.cipher_suites.raw())
        );
    }
}

/// A hello that does not change the connection does not go unanswered either: both ends of this pair have seeds of
/// their own, so that no two connections of a test are alike.
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
