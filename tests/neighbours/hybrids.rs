//! Hybrid groups with rustls, which has them from aws-lc-rs: both roles, with and without HelloRetryRequest.

use super::*;
use countersign::NamedGroup;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{self, kx_group};

const X25519MLKEM768: NamedGroup = NamedGroup::X25519MLKEM768;
const SECP256R1MLKEM768: NamedGroup = NamedGroup::SECP256R1MLKEM768;

/// rustls' group with this name.
fn theirs(group: &NamedGroup) -> &'static dyn SupportedKxGroup {
    match *group {
        NamedGroup::X25519MLKEM768 => kx_group::X25519MLKEM768,
        NamedGroup::SECP256R1MLKEM768 => kx_group::SECP256R1MLKEM768,
        NamedGroup::X25519 => kx_group::X25519,
        _ => kx_group::SECP384R1,
    }
}

fn provider(groups: &[NamedGroup]) -> Arc<CryptoProvider> {
    let kx_groups = groups.iter().map(theirs).collect();
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
}

/// One connection with us in this role. Returns the group, and whether there was a HelloRetryRequest.
fn meets(role: Role, ours: Policy, theirs: &[NamedGroup]) -> (Option<NamedGroup>, bool) {
    let mesh = Mesh::new("anchor");
    let us = Us { policy: ours.alpn(&[ALPN]), ..mesh.ours(role, &mesh) };
    let provider = provider(theirs);
    let mut theirs = match role {
        Role::Client => {
            let verifier = WebPkiClientVerifier::builder_with_provider(mesh.roots(), provider.clone()).build().unwrap();
            rustls_server(mesh.rustls_server_with(provider, verifier))
        }
        Role::Server => {
            let config = ClientConfig::builder_with_details(provider, Arc::new(Clock)).with_protocol_versions(VERSIONS);
            let leaf = mesh.leaf(&[WEB, WEB_ID]);
            let chain = vec![leaf.der.clone(), mesh.issuer.der.clone()];
            let config = config.unwrap().with_root_certificates(mesh.roots());
            let mut config = config.with_client_auth_cert(chain, key(&leaf)).unwrap();
            config.alpn_protocols = vec![ALPN.to_vec()];
            rustls_client(config)
        }
    };
    let mut ours = us.end();
    meet(&mut ours, &mut theirs);
    talk(&mut ours, &mut theirs);
    let group = theirs.negotiated_key_exchange_group().unwrap().name();
    assert_eq!(u16::from(group), ours.hs.group().unwrap().0);
    (ours.hs.group(), ours.hs.retried())
}

#[test]
fn the_defaults_agree_on_x25519mlkem768() {
    let rustls = [X25519MLKEM768, NamedGroup::X25519];
    for role in [Role::Client, Role::Server] {
        assert_eq!(meets(role, Policy::new(), &rustls), (Some(X25519MLKEM768), false), "{role}");
    }
}

#[test]
fn each_hybrid_is_agreed_on_in_both_roles() {
    for hybrid in [X25519MLKEM768, SECP256R1MLKEM768] {
        for role in [Role::Client, Role::Server] {
            assert_eq!(meets(role, Policy::new().groups(&[hybrid]), &[hybrid]), (Some(hybrid), false), "{role}");
        }
    }
}

#[test]
fn a_hello_retry_request_leads_to_a_hybrid_and_away_from_it() {
    for hybrid in [X25519MLKEM768, SECP256R1MLKEM768] {
        let classical = NamedGroup::SECP384R1;
        for (role, first) in
            [Role::Client, Role::Server].into_iter().flat_map(|role| [(role, hybrid), (role, classical)])
        {
            // The client has both groups, and a share only for the first. The server requires the other one.
            let second = if first == hybrid { classical } else { hybrid };
            let (both, one) = ([first, second], [second]);
            let (ours, theirs) = match role {
                Role::Client => (&both[..], &one[..]),
                Role::Server => (&one[..], &both[..]),
            };
            assert_eq!(meets(role, Policy::new().groups(ours), theirs), (Some(second), true), "{role}, {first}");
        }
    }
}

/// A peer that offers the hybrid and the plain share with one key, and a peer that has only the plain group.
#[test]
fn without_hybrids_on_one_side_x25519_is_agreed_on_at_once() {
    let plain = [NamedGroup::X25519];
    assert_eq!(meets(Role::Client, Policy::new(), &plain), (Some(NamedGroup::X25519), false));
    assert_eq!(meets(Role::Server, Policy::new(), &plain), (Some(NamedGroup::X25519), false));
    let rustls = [X25519MLKEM768, NamedGroup::X25519];
    assert_eq!(meets(Role::Server, Policy::new().groups(&plain), &rustls), (Some(NamedGroup::X25519), false));
}
