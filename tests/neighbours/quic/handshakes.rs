//! Pairs of ends, and what each end knows after the handshake.

use crate::pair::{Host, Pair};
use crate::world::{ALPN, World, policy, server};
use countersign::adapters::quinn::quinn_proto::{ClientConfig, ServerConfig, Side};
use countersign::adapters::quinn::{HandshakeData, QuicClientConfig, QuicServerConfig};
use countersign::x509::{Accepted, Expect};
use countersign::{AlertDescription, CipherSuite, NamedGroup, Policy};
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, Mutex};

/// The three pairs with at least one end of ours.
pub fn pairs(world: &World) -> [(&'static str, ClientConfig, ServerConfig); 3] {
    [
        ("ours and ours", world.our_client(), world.our_server()),
        ("ours and rustls", world.our_client(), world.rustls_server()),
        ("rustls and ours", world.rustls_client(), world.our_server()),
    ]
}

/// The peer that this end has accepted.
fn met(host: &mut Host) -> Vec<String> {
    let identity = host.connection().crypto_session().peer_identity().expect("an identity");
    match identity.downcast::<Accepted>() {
        Ok(accepted) => accepted.identity().unwrap().dns_names,
        Err(theirs) => {
            let chain = theirs.downcast::<Vec<CertificateDer<'static>>>().unwrap();
            countersign::x509::PeerIdentity::read(&chain[0]).unwrap().dns_names
        }
    }
}

fn exported(host: &mut Host, label: &[u8], context: &[u8]) -> [u8; 40] {
    let mut out = [0; 40];
    host.connection().crypto_session().export_keying_material(&mut out, label, context).unwrap();
    out
}

// req: 9001-4.2-1, 9001-4.4-1, 9001-8.2-1, 9001-8.4-1
#[test]
fn both_ends_know_each_other_and_export_the_same() {
    let world = World::new();
    for (who, client, server) in pairs(&world) {
        let mut pair = Pair::new(client, server);
        pair.meet();
        assert_eq!(
            (met(&mut pair.client), met(&mut pair.server)),
            (vec!["server.test".into()], vec!["client.test".into()]),
            "{who}"
        );
        let of_client = exported(&mut pair.client, b"EXPORTER-test", b"context");
        assert_eq!(of_client, exported(&mut pair.server, b"EXPORTER-test", b"context"), "{who}");
        assert_ne!(of_client, exported(&mut pair.server, b"EXPORTER-test", b"another"), "{who}");
        assert!(pair.client.has_data && pair.server.has_data, "{who}: the event HandshakeDataReady");
        assert!(world.failures.lock().unwrap().is_empty());
    }
}

#[test]
fn handshake_data_is_there_before_the_end_and_the_identity_only_after_it() {
    let world = World::new();
    let policy = || policy().groups(&[NamedGroup::SECP256R1]);
    let client = ClientConfig::new(Arc::new(world.our_client_of(&world.leaf("client.test"), policy())));
    let mut pair = Pair::new(client, server(world.our_server_of(&world.leaf("server.test"), policy())));
    pair.connect("server.test");
    let session = |host: &mut Host| {
        let session = host.connection().crypto_session();
        let data = session.handshake_data().map(|data| *data.downcast::<HandshakeData>().unwrap());
        (data, session.peer_identity().is_some())
    };
    assert_eq!(session(&mut pair.client), (None, false));
    assert!(pair.run_until(|pair| pair.server.has_data));
    let (data, identity) = session(&mut pair.server);
    let data = data.unwrap();
    assert_eq!((&data.protocol[..], data.server_name.as_deref()), (ALPN, Some("server.test")));
    assert_eq!((data.cipher_suite, data.group), (CipherSuite::TLS_AES_128_GCM_SHA256, NamedGroup::SECP256R1));
    assert!(!identity, "the client has proved nothing yet");
    assert!(pair.run_until(|pair| pair.client.connected && pair.server.connected));
    assert_eq!(session(&mut pair.client), (Some(data.clone()), true));
    assert_eq!(session(&mut pair.server), (Some(data), true));
}

/// rustls uses the labels of TLS for a QUIC connection.
#[test]
fn the_key_log_has_each_secret_once() {
    let world = World::new();
    let lines: [Arc<Mutex<Vec<String>>>; 2] = Default::default();
    let [of_client, of_server] = lines.each_ref().map(|lines| {
        let lines = lines.clone();
        Arc::new(move |line: &countersign::trace::KeyLogLine<'_>| lines.lock().unwrap().push(line.to_string()))
    });
    let client = world.config(&world.leaf("client.test"), policy()).key_log(of_client);
    let server_config = world.config(&world.leaf("server.test"), policy()).key_log(of_server);
    let mut pair = Pair::new(
        ClientConfig::new(Arc::new(QuicClientConfig::new(client).unwrap())),
        server(QuicServerConfig::new(server_config, [Expect::AnyTrusted]).unwrap()),
    );
    pair.meet();
    let [mut of_client, mut of_server] = lines.map(|lines| lines.lock().unwrap().clone());
    of_client.sort();
    of_server.sort();
    let labels: Vec<_> = of_client.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_TRAFFIC_SECRET_0",
    ];
    assert_eq!((labels, &of_client), (expected.to_vec(), &of_server));
}

// req: 9001-5.3-1
#[test]
fn every_cipher_suite_serves() {
    let world = World::new();
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let policy = policy().cipher_suites(&[suite]);
        let our_client = ClientConfig::new(Arc::new(world.our_client_of(&world.leaf("client.test"), policy.clone())));
        let our_server = server(world.our_server_of(&world.leaf("server.test"), policy));
        let rustls_client = world.rustls_client();
        for (client, server) in [(our_client, world.rustls_server()), (rustls_client, our_server)] {
            let mut pair = Pair::new(client, server);
            pair.meet();
            crate::data::both_ways(&mut pair, 100_000);
            for side in [Side::Client, Side::Server] {
                let data = pair.host(side).connection().crypto_session().handshake_data().unwrap();
                assert!(data.downcast_ref::<HandshakeData>().is_none_or(|data| data.cipher_suite == suite));
            }
        }
    }
}

/// A server first validates the client's address (RFC 9000 §8.1.2). The Retry packet's tag is accepted, and so is the
/// returned token.
#[test]
fn a_retry_is_followed() {
    let world = World::new();
    for (who, client, server) in pairs(&world) {
        let mut pair = Pair::new(client, server);
        pair.retries = true;
        pair.meet();
        crate::data::both_ways(&mut pair, 10_000);
        assert!(pair.client.connection().stats().path.lost_packets <= 1, "{who}"); // the first Initial
    }
}

#[test]
fn a_hello_retry_request_of_either_side_is_followed() {
    let world = World::new();
    let mut pair = Pair::new(
        ClientConfig::new(Arc::new(
            world.our_client_of(&world.leaf("client.test"), policy().key_shares(&[NamedGroup::SECP384R1])),
        )),
        world.rustls_server(),
    );
    pair.meet();
    let policy = policy().groups(&[NamedGroup::SECP384R1]);
    for client in [world.rustls_client(), world.our_client()] {
        let ours = server(world.our_server_of(&world.leaf("server.test"), policy.clone()));
        let mut pair = Pair::new(client, ours);
        pair.meet();
        crate::data::both_ways(&mut pair, 10_000);
    }
}

/// The group's ServerHello has one packet. With a larger one (X25519MLKEM768), quinn-proto 0.11.19 does not send the
/// first packet again if only this packet is lost. The same happens with rustls at both ends.
#[test]
fn the_handshake_survives_the_loss_of_datagrams_and_chains_of_many_packets() {
    let world = World::new();
    let policy = || policy().groups(&[NamedGroup::X25519]);
    for loss in 3..7 {
        let (client, server_leaf) = (world.fat("client.test", 6000), world.fat("server.test", 9000));
        let our_client = || ClientConfig::new(Arc::new(world.our_client_of(&client, policy())));
        let our_server = || server(world.our_server_of(&server_leaf, policy()));
        for (client, server) in [
            (our_client(), our_server()),
            (world.rustls_client_of(Some(&client), ALPN, None), our_server()),
            (our_client(), world.rustls_server_of(&server_leaf, ALPN, true)),
        ] {
            let mut pair = Pair::new(client, server);
            pair.loss = Some(loss);
            pair.meet();
            crate::data::both_ways(&mut pair, 10_000);
        }
    }
}

// req: 9001-5.6-1, 9001-5.6-3
/// There is no 0-RTT, neither with rustls' tickets nor with those that it would accept.
#[test]
fn there_is_no_0_rtt_and_no_resumption() {
    let world = World::new();
    let (our_client, rustls_client) = (world.our_client(), world.rustls_client());
    let (our_server, rustls_server) = (world.our_server(), world.rustls_server());
    for (client, server) in [(&our_client, &rustls_server), (&rustls_client, &our_server), (&our_client, &our_server)] {
        for _ in 0..3 {
            let mut pair = Pair::new(client.clone(), server.clone());
            pair.connect("server.test");
            assert!(!pair.client.connection().has_0rtt());
            assert!(pair.run_until(|pair| pair.client.connected && pair.server.connected));
            crate::data::both_ways(&mut pair, 1000); // tickets have come meanwhile
            assert!(!pair.client.connection().accepted_0rtt() && !pair.server.connection().accepted_0rtt());
            assert_eq!(met(&mut pair.server), ["client.test"], "proved afresh");
        }
    }
    // The control: two ends of rustls use 0-RTT.
    let mut had = false;
    for _ in 0..3 {
        let mut pair = Pair::new(rustls_client.clone(), rustls_server.clone());
        pair.connect("server.test");
        had |= pair.client.connection().has_0rtt();
        assert!(pair.run_until(|pair| pair.client.connected && pair.server.connected));
        crate::data::both_ways(&mut pair, 1000);
    }
    assert!(had, "rustls resumes with rustls, so that the above says something");
}

#[test]
fn a_client_may_expect_another_than_it_names() {
    let world = World::new();
    let leaf = world.leaf("client.test");
    let expecting = |expect: &str| -> ClientConfig {
        let config = QuicClientConfig::new(world.config(&leaf, policy())).unwrap().expect([expect.parse().unwrap()]);
        ClientConfig::new(Arc::new(config))
    };
    let mut pair = Pair::new(expecting("server.test"), world.our_server());
    pair.connect("elsewhere.test");
    assert!(pair.run_until(|pair| pair.client.connected && pair.server.connected));
    let data = pair.server.connection().crypto_session().handshake_data().unwrap();
    assert_eq!(data.downcast::<HandshakeData>().unwrap().server_name.as_deref(), Some("elsewhere.test"));

    let mut pair = Pair::new(expecting("other.test"), world.our_server());
    pair.part();
    assert_eq!(pair.server.closed().0, crate::world::code(AlertDescription::BAD_CERTIFICATE));
}

/// RFC 9001 §8.1.
// req: 9001-8.1-1
#[test]
fn a_policy_without_a_protocol_is_not_taken() {
    let world = World::new();
    let config = || world.config(&world.leaf("client.test"), Policy::new());
    assert!(QuicClientConfig::new(config()).is_err());
    let error = QuicServerConfig::new(config(), []).err().unwrap();
    assert!(error.to_string().contains("Policy::alpn"));
}

#[test]
fn only_version_1_and_names_that_are_some_are_taken() {
    use countersign::adapters::quinn::quinn_proto::crypto::{ClientConfig as _, ServerConfig as _};
    use countersign::adapters::quinn::quinn_proto::{
        ConnectError, ConnectionId, transport_parameters::TransportParameters,
    };
    let world = World::new();
    let parameters = TransportParameters::read(Side::Client, &mut &[][..]).unwrap();
    let (client, server) = (Arc::new(world.our_client_config()), world.our_server_config());
    for version in [0, 2, 0xff00_001d, 0xff00_0020, 0x6b33_43cf] {
        let started = client.clone().start_session(version, "server.test", &parameters);
        assert_eq!(started.err(), Some(ConnectError::UnsupportedVersion));
        assert!(server.initial_keys(version, &ConnectionId::new(&[1; 8])).is_err());
    }
    for name in ["", "-", "two words", "spiffe://"] {
        let started = client.clone().start_session(1, name, &parameters);
        assert_eq!(started.err(), Some(ConnectError::InvalidServerName(name.into())));
    }
    for name in ["server.test", "127.0.0.1", "::1", "spiffe://example.org/server"] {
        assert!(client.clone().start_session(1, name, &parameters).is_ok());
    }
}
