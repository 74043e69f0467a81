//! The negotiation of two ends.

use super::{GROUPS, People, SUITES, agree, close, identity, pair, talk};
use crate::common::{Connection, End, run};
use crate::script;
use countersign::internals::codec::ClientHello;
use countersign::{
    Alert, AlertDescription, Blame, ErrorKind, HandshakeType, NamedGroup, Policy, Role, State, TransitionEvent, Want,
};

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
                    agree(&mut connection);
                    talk(&mut connection);
                    close(&mut connection);
                }
            }
        }
    }
}

/// RFC 9846 §4.2.4: a server requests a share if it accepts none of the client's.
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
    for (client, server, (name, says)) in [
        (
            one.clone().cipher_suites(&SUITES[..1]),
            other.clone().cipher_suites(&SUITES[1..]),
            ("NoCommonCipherSuite", "TLS_AES_128_GCM_SHA256"),
        ),
        (one.clone().groups(&GROUPS[..1]), other.clone().groups(&GROUPS[1..]), ("NoCommonGroup", "x25519")),
        (one.alpn(&[b"h2"]), other.alpn(&[b"http/1.1"]), ("NoApplicationProtocol", "ALPN")),
    ] {
        let (mut client, mut server) = pair(client, server, &id);
        let (c, s) = run(&mut client, &mut server);
        let (c, s) = (c.unwrap().unwrap_err(), s.unwrap().unwrap_err());
        let kind = s.kind();
        assert_eq!(kind.name(), name);
        assert!(kind.to_string().contains(says), "{kind}");
        assert_eq!(s.blame(), Blame::Peer);
        assert_eq!(s.alert(), Some(Alert::Sent(kind.alert().unwrap())));
        assert_eq!(c.kind(), ErrorKind::UnauthenticatedAlert { alert: kind.alert().unwrap() }, "there are no keys yet");
        assert_eq!(c.state(), State::WaitServerHello);
    }
}

/// RFC 7301: the server chooses by its own preference. An end without a list ignores the extension.
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

/// RFC 9001 §8.1 requires this for QUIC: without a protocol there is no connection.
#[test]
fn a_policy_may_require_that_an_application_protocol_is_agreed_on() {
    let id = identity();
    let (with, without) = (|| Policy::new().alpn(&[b"h2"]), Policy::new);
    let requires = |policy: Policy| policy.require_alpn(true);
    for (client, server, who) in [
        (requires(with()), requires(with()), None),
        // A client that offers no protocol, and one that offers other protocols.
        (without(), requires(with()), Some(Role::Server)),
        (Policy::new().alpn(&[b"http/1.1"]), requires(with()), Some(Role::Server)),
        // A server that selects none, and one that cannot.
        (requires(with()), without(), Some(Role::Client)),
        (without(), requires(without()), Some(Role::Server)),
        (without(), without(), None),
    ] {
        let (mut client, mut server) = pair(client, server, &id);
        let outcomes = run(&mut client, &mut server);
        let Some(who) = who else {
            assert_eq!(outcomes, (Some(Ok(())), Some(Ok(()))));
            continue;
        };
        let (c, s) = (outcomes.0.unwrap().unwrap_err(), outcomes.1.unwrap().unwrap_err());
        let (refuses, refused) = if who == Role::Client { (c, s) } else { (s, c) };
        assert_eq!(refuses.kind(), ErrorKind::NoApplicationProtocol);
        assert_eq!(refuses.alert(), Some(Alert::Sent(AlertDescription::NO_APPLICATION_PROTOCOL)));
        assert_eq!(refused.alert(), Some(Alert::Received(AlertDescription::NO_APPLICATION_PROTOCOL)));
    }
}

/// The first byte of each record: its content type on the wire.
fn types(stream: &[u8]) -> Vec<u8> {
    script::records(stream).iter().map(|record| record[0]).collect()
}

/// RFC 9846 §E.4: with a session id each side sends one change_cipher_spec. Without it none is sent.
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
        // The server's flight has one record or two, because Certificate may be sent while the signer works.
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
