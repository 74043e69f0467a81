//! Sizes of records: record_size_limit (RFC 8449) and padding.

use super::{identity, pair};
use crate::common::{Connection, End, Identity, Pki};
use crate::script;
use countersign::{Credential, Misuse, NamedGroup, Outbox, Padding, Policy, Role, State, Want};

/// The length of the longest protected record, without its header.
fn longest(stream: &[u8]) -> usize {
    script::records(stream).iter().filter(|record| record[0] == 23).map(|record| record.len() - 5).max().unwrap()
}

/// RFC 8449: the limit counts content, type and padding. Each side has its own, and it also limits handshake records.
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

/// For any size of the peer's records, an answer that does not fit is refused before anything is written.
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

/// The limits are negotiated only if both sides send the extension (RFC 8449 §4).
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

/// RFC 9846 §5.4: padding hides the length of the content, never exceeds a record, and is removed by the receiver.
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
            let data = vec![0; len]; // zeros, which look like padding
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

/// Everything but the certificates: with SNI, session id, change_cipher_spec, signature_algorithms_cert and the
/// server's confirming record. With a chain of 835 bytes it is 1,215 bytes in each direction. Six of them allow for the
/// length of three ECDSA signatures in DER, which varies.
#[test]
fn a_mutual_handshake_sends_at_most_380_bytes_each_way_beside_the_certificates() {
    let pki = Pki::new();
    let [mut client_identity, mut server_identity] =
        ["client.test", "server.test"].map(|name| pki.issue(name, &rcgen::PKCS_ECDSA_P256_SHA256));
    client_identity.chain.push(pki.root.der().clone());
    server_identity.chain.push(pki.root.der().clone());
    // A hybrid share adds 1,184 bytes, and 1,088 in the other direction.
    let mut client = End::new(Role::Client, Policy::new().groups(&[NamedGroup::X25519]), &client_identity);
    let mut server = End::new(Role::Server, Policy::new(), &server_identity);
    let (mut from_client, mut from_server) = (0, 0);
    while client.hs.state() != State::Connected || server.hs.state() != State::Connected {
        from_client += drive_and_carry(&mut client, &mut server);
        from_server += drive_and_carry(&mut server, &mut client);
    }
    let certificates = |identity: &Identity| identity.chain.iter().map(|each| each.len()).sum::<usize>();
    let beside = [from_client - certificates(&client_identity), from_server - certificates(&server_identity)];
    // Each further scheme is in two lists.
    let more_schemes = if cfg!(feature = "mldsa") { 3 } else { 0 } + if cfg!(feature = "aws-lc-rs") { 1 } else { 0 };
    let ceiling = 380 + 4 * more_schemes;
    println!("client and server send {beside:?} bytes, at most {ceiling} each");
    assert!(beside.into_iter().all(|bytes| bytes <= ceiling), "{beside:?} bytes, ceiling {ceiling}");
}

/// Drives one end, and carries its bytes to the other. Returns how many.
fn drive_and_carry(from: &mut End<'_>, to: &mut End<'_>) -> usize {
    from.drive().unwrap();
    let bytes = from.sends();
    assert_eq!(to.gets(&bytes), bytes.len());
    bytes.len()
}
