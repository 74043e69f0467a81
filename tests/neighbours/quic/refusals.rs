//! Refusals: which end refuses, and what each end reports and does not report.

use crate::pair::Pair;
use crate::world::{ALPN, Leaf, World, code, policy, server};
use countersign::AlertDescription as Alert;
use countersign::adapters::quinn::quinn_proto::{ClientConfig, ServerConfig, Side};
use countersign::adapters::quinn::{alert, quinn_proto::ConnectionError};
use std::sync::Arc;

fn our_client(world: &World, leaf: &Leaf) -> ClientConfig {
    ClientConfig::new(Arc::new(world.our_client_of(leaf, policy())))
}

fn our_server(world: &World, leaf: &Leaf) -> ServerConfig {
    server(world.our_server_of(leaf, policy()))
}

/// Both ends end by this alert: one sends it, and the other receives it. No stream data arrives.
fn part_by(alert: Alert, client: ClientConfig, server: ServerConfig) -> Pair {
    let mut pair = Pair::new(client, server);
    pair.part();
    assert_eq!((pair.client.closed().0, pair.server.closed().0), (code(alert), code(alert)), "{alert}");
    pair
}

/// We refuse. The peer receives the alert and its name. Our reasons are not sent.
fn we_refuse(world: &World, we: Side, alert: Alert, why: &str, client: ClientConfig, server: ServerConfig) {
    world.failures.lock().unwrap().clear();
    let mut pair = part_by(alert, client, server);
    let host = pair.host(we);
    assert!(!host.has_connection() || host.connection().crypto_session().peer_identity().is_none());
    for host in [&pair.client, &pair.server] {
        assert_eq!(host.closed().1, alert.to_string(), "quinn shows its reason to both");
    }
    let failures = world.failures.lock().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains(why), "{failures:?}");
}

#[test]
fn we_refuse_strangers_and_expired_certificates_and_tell_the_alert_alone() {
    let world = World::new();
    for (leaf, alert, why) in [
        (World::stranger as fn(&World, &str) -> Leaf, Alert::UNKNOWN_CA, "leads to no trusted root"),
        (World::expired, Alert::CERTIFICATE_EXPIRED, "expired"),
    ] {
        let (client, server) = (leaf(&world, "client.test"), leaf(&world, "server.test"));
        we_refuse(&world, Side::Client, alert, why, world.our_client(), our_server(&world, &server));
        let rustls = world.rustls_server_of(&server, ALPN, true);
        we_refuse(&world, Side::Client, alert, why, world.our_client(), rustls);
        we_refuse(&world, Side::Server, alert, why, our_client(&world, &client), world.our_server());
        let rustls = world.rustls_client_of(Some(&client), ALPN, None);
        we_refuse(&world, Side::Server, alert, why, rustls, world.our_server());
    }
}

#[test]
fn rustls_refuses_strangers_and_expired_certificates_and_we_hear_the_alert() {
    let world = World::new();
    for (leaf, told) in
        [(World::stranger as fn(&World, &str) -> Leaf, Alert::UNKNOWN_CA), (World::expired, Alert::CERTIFICATE_EXPIRED)]
    {
        let (client, server) = (leaf(&world, "client.test"), leaf(&world, "server.test"));
        let pair = part_by(told, our_client(&world, &client), world.rustls_server());
        let Some(ConnectionError::ConnectionClosed(close)) = &pair.client.lost else { panic!() };
        assert_eq!(alert(close.error_code), Some(told));
        part_by(told, world.rustls_client(), our_server(&world, &server));
    }
    assert!(world.failures.lock().unwrap().is_empty(), "they were the peers' failures");
}

/// Mutual or nothing.
#[test]
fn nobody_comes_without_a_certificate() {
    let world = World::new();
    let rustls = world.rustls_client_of(None, ALPN, None);
    let why = "the client sent no certificate";
    we_refuse(&world, Side::Server, Alert::CERTIFICATE_REQUIRED, why, rustls, world.our_server());
    let rustls = world.rustls_server_of(&world.leaf("server.test"), ALPN, false);
    let why = "the server did not ask for our certificate";
    we_refuse(&world, Side::Client, Alert::HANDSHAKE_FAILURE, why, world.our_client(), rustls);
}

// req: 9001-8.1-2, 9001-8.1-3
/// RFC 9001 §8.1: another protocol and no protocol are refused.
#[test]
fn without_a_common_protocol_there_is_no_connection() {
    let world = World::new();
    let (client, server_leaf) = (world.leaf("client.test"), world.leaf("server.test"));
    let (none, why) = (Alert::NO_APPLICATION_PROTOCOL, "no application protocol in common");
    for alpn in [&b"other"[..], b""] {
        let rustls = world.rustls_client_of(Some(&client), alpn, None);
        we_refuse(&world, Side::Server, none, why, rustls, world.our_server());
    }
    for alpn in [&b"other"[..], b""] {
        part_by(none, world.our_client(), world.rustls_server_of(&server_leaf, alpn, true));
    }
    let other = ClientConfig::new(Arc::new(world.our_client_of(&client, policy().alpn(&[b"other"]))));
    we_refuse(&world, Side::Server, none, why, other, world.our_server());
}

/// quinn allows a server to write before the handshake is finished (0.5-RTT). Ours keeps this data until the client is
/// accepted. A refused client receives nothing.
#[test]
fn a_server_says_nothing_to_a_client_that_it_has_not_accepted() {
    let world = World::new();
    let heard_by = |leaf: &Leaf, server: ServerConfig| {
        let client = world.rustls_client_of(Some(leaf), ALPN, None);
        let mut pair = Pair::new(client, server);
        pair.connect("server.test");
        let mut written = false;
        pair.run_until(|pair| {
            if !written && pair.server.has_data {
                let stream = pair.server.open();
                written = pair.server.write(stream, b"for accepted clients only") > 0;
            }
            pair.client.lost.is_some() || !pair.client.heard.is_empty()
        });
        assert!(written, "quinn took it");
        assert_eq!(pair.server.connected, pair.server.lost.is_none());
        pair.client.heard
    };
    assert_eq!(heard_by(&world.leaf("client.test"), world.our_server()), b"for accepted clients only");
    assert_eq!(heard_by(&world.stranger("client.test"), world.our_server()), b"");
    // The control: rustls sends this data to every client, so the test above is meaningful.
    assert_eq!(heard_by(&world.stranger("client.test"), world.rustls_server()), b"for accepted clients only");
}

/// An external key cannot be waited for: the handshake fails with this reason.
#[test]
fn an_identity_whose_key_is_elsewhere_cannot_sign_here() {
    use countersign::adapters::quinn::QuicServerConfig;
    use countersign::x509::{Expect, Identities, Identity};
    let world = World::new();
    let leaf = world.leaf("server.test");
    let config = world.config(&leaf, policy());
    let schemes = vec![countersign::SignatureScheme::ECDSA_SECP256R1_SHA256];
    config.identities().set(Identities::new(Identity::external(leaf.chain.clone(), schemes).unwrap()));
    let crypto = QuicServerConfig::new(config, [Expect::AnyTrusted]).unwrap().on_failure(world.note());
    let why = "we, the server, could not go on";
    we_refuse(&world, Side::Server, Alert::INTERNAL_ERROR, why, world.our_client(), server(crypto));
}
