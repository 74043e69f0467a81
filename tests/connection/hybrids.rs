//! Two ends of ours with the hybrid groups: negotiation, retry, and memory.

use crate::carriers::Carried;
use crate::common::{Connection, End, Identity, Pki, run};
use countersign::{Error, Event, Inbox, Messages, NamedGroup, Outbox, Policy, Role, Want};
use std::sync::LazyLock;

const X25519MLKEM768: NamedGroup = NamedGroup::X25519MLKEM768;
const SECP256R1MLKEM768: NamedGroup = NamedGroup::SECP256R1MLKEM768;

static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Pki::new().issue("server.test", &rcgen::PKCS_ED25519));

fn connected(client: Policy, server: Policy) -> (Option<NamedGroup>, bool) {
    let [client, server] =
        [(Role::Client, client), (Role::Server, server)].map(|(role, p)| End::new(role, p, &IDENTITY));
    let mut connection = Connection::new(client, server);
    connection.c.write(b"data", &mut connection.client.tx).unwrap();
    assert_eq!(connection.to_server().unwrap().0, b"data");
    assert_eq!(connection.to_client().unwrap().1, [Event::Confirmed]);
    assert_eq!(connection.client.hs.group(), connection.server.hs.group());
    (connection.client.hs.group(), connection.client.hs.retried())
}

fn refused(client: Policy, server: Policy) -> [Error; 2] {
    let [mut client, mut server] =
        [(Role::Client, client), (Role::Server, server)].map(|(role, p)| End::new(role, p, &IDENTITY));
    let (c, s) = run(&mut client, &mut server);
    [c, s].map(|outcome| outcome.unwrap().unwrap_err())
}

/// If the server accepts the group of a client's first share, there is no retry. Otherwise a HelloRetryRequest leads to
/// a hybrid, or away from it.
#[test]
fn every_hybrid_is_agreed_on_at_once_and_by_retry() {
    let default = Policy::new;
    assert_eq!(connected(default(), default()), (Some(X25519MLKEM768), false));
    let classical = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];
    for hybrid in [X25519MLKEM768, SECP256R1MLKEM768] {
        let only = || default().groups(&[hybrid]);
        assert_eq!(connected(only(), only()), (Some(hybrid), false));
        assert_eq!(connected(only(), default()), (Some(hybrid), false));
        assert_eq!(connected(default().key_shares(&[hybrid]), only()), (Some(hybrid), false));
        for plain in classical {
            let client = default().groups(&[plain, hybrid]);
            assert_eq!(connected(client.clone(), only()), (Some(hybrid), true), "{plain}, then {hybrid}");
            assert_eq!(connected(client, default().groups(&[plain])), (Some(plain), false));
            let client = default().groups(&[hybrid, plain]).key_shares(&[hybrid]);
            assert_eq!(connected(client, default().groups(&[plain])), (Some(plain), true), "{hybrid}, then {plain}");
        }
    }
}

/// A server without hybrids uses the x25519 share. This share needs no additional key.
#[test]
fn the_plain_share_beside_a_hybrid_spares_the_retry() {
    for plain in [NamedGroup::X25519, NamedGroup::SECP256R1] {
        let hybrid = if plain == NamedGroup::X25519 { X25519MLKEM768 } else { SECP256R1MLKEM768 };
        let server = Policy::new().groups(&[plain]);
        assert_eq!(connected(Policy::new().groups(&[hybrid, plain]), server), (Some(plain), false));
    }
    assert_eq!(connected(Policy::new(), Policy::new().groups(&[NamedGroup::X25519])).0, Some(NamedGroup::X25519));
    // Two hybrids share one ML-KEM key.
    let both = Policy::new().key_shares(&[X25519MLKEM768, SECP256R1MLKEM768]);
    assert_eq!(connected(both, Policy::new().groups(&[SECP256R1MLKEM768])), (Some(SECP256R1MLKEM768), false));
}

#[test]
fn who_requires_post_quantum_groups_speaks_no_others() {
    let requiring = || Policy::new().require_post_quantum();
    let classical = || Policy::new().groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]);
    assert_eq!(connected(requiring(), Policy::new()), (Some(X25519MLKEM768), false));
    assert_eq!(connected(Policy::new(), requiring()), (Some(X25519MLKEM768), false));
    for (client, server) in [(requiring(), classical()), (classical(), requiring())] {
        let [client, server] = refused(client, server);
        assert_eq!(server.kind().name(), "NoCommonGroup");
        assert_eq!(client.kind().name(), "UnauthenticatedAlert"); // handshake_failure
    }
    // A client that prefers x25519 but also has the hybrid is retried.
    let prefers_x25519 = Policy::new().groups(&[NamedGroup::X25519, SECP256R1MLKEM768]);
    assert_eq!(connected(prefers_x25519, requiring()), (Some(SECP256R1MLKEM768), true));
}

/// The other groups of the policy do not matter.
#[test]
fn requiring_post_quantum_groups_does_not_depend_on_the_order_of_calls() {
    let groups = [NamedGroup::X25519, SECP256R1MLKEM768, X25519MLKEM768];
    let shares = [NamedGroup::X25519, X25519MLKEM768];
    let expected = format!("{:?}", Policy::new().groups(&groups).key_shares(&shares).require_post_quantum());
    for policy in [
        Policy::new().require_post_quantum().groups(&groups).key_shares(&shares),
        Policy::new().groups(&groups).require_post_quantum().key_shares(&shares),
    ] {
        assert_eq!(format!("{policy:?}"), expected);
    }
    assert!(!expected.contains("x25519"), "{expected}");
}

#[test]
#[should_panic(expected = "a policy that requires post-quantum groups has none")]
fn requiring_post_quantum_groups_without_one_stops_the_program() {
    let _ = Policy::new().require_post_quantum().groups(&[NamedGroup::X25519]);
}

/// A hello of 1.4 kB comes in pieces of any size, and in two records, through an inbox of 4 KiB. (The tests in
/// `buffers` use this group too, with memory that is too small at first.)
#[test]
fn a_long_hello_comes_in_pieces_through_a_small_inbox() {
    static SMALL: Policy = Policy::new().fit_inbox(4_096).max_fragment(1_000);
    for chunk in [1, 5, 100, 999, 5_000] {
        let end = |role| {
            let (rx, tx) = (Inbox::new(vec![0; SMALL.inbox_needed()]), Outbox::new(vec![0; 4_096]));
            End::with_memory(role, SMALL.clone(), &IDENTITY, rx, tx)
        };
        let (mut client, mut server) = (end(Role::Client), end(Role::Server));
        while [client.drive().unwrap(), server.drive().unwrap()] != [Want::Done, Want::Done] {
            in_pieces(&mut client, &mut server, chunk);
            in_pieces(&mut server, &mut client, chunk);
        }
        assert_eq!(server.hs.group(), Some(X25519MLKEM768));
    }
}

fn in_pieces(from: &mut End<'_>, to: &mut End<'_>, chunk: usize) {
    for piece in from.sends().chunks(chunk) {
        assert_eq!(to.gets(piece), piece.len());
        to.drive().unwrap();
    }
}

/// The same by messages, as in QUIC.
#[test]
fn a_handshake_by_messages_agrees_on_a_hybrid() {
    let end = |role| {
        let (rx, tx) = (Messages::inbox(4_000), Messages::outbox(4_000));
        End::<Messages>::with_memory(role, Policy::new(), &IDENTITY, rx, tx)
    };
    let (mut client, mut server) = (end(Role::Client), end(Role::Server));
    while [client.drive().unwrap(), server.drive().unwrap()] != [Want::Done, Want::Done] {
        client.tells(&mut server).unwrap();
        server.tells(&mut client).unwrap();
    }
    assert_eq!(client.hs.group(), Some(X25519MLKEM768));
    assert_eq!(client.secrets, server.secrets);
}
