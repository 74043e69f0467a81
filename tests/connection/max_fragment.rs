//! Records that are shorter than they must be (`Policy::max_fragment`).

use crate::common::{End, Pki};
use countersign::{Event, Policy, Role, Want};
use proptest::prelude::*;

/// The lengths of the records in these bytes, without headers.
fn record_lengths(mut bytes: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [_, _, _, high, low, rest @ ..] = bytes {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        lengths.push(len);
        bytes = &rest[len..];
    }
    lengths
}

/// The bytes that an end sends. No record may be longer than `most`.
fn sends(end: &mut End<'_>, most: usize) -> Vec<u8> {
    let bytes = end.sends();
    assert!(record_lengths(&bytes).iter().all(|len| *len <= most), "longest: {most}");
    bytes
}

proptest! {
    #[test]
    fn no_record_holds_more_than_the_policy_says(max_fragment in 1u16..600, data in prop::collection::vec(any::<u8>(), 1..200)) {
        let pki = Pki::new();
        let id = pki.issue("server.test", &rcgen::PKCS_ED25519);
        let policy = Policy::new().max_fragment(max_fragment);
        let mut client = End::new(Role::Client, policy.clone(), &id);
        let mut server = End::new(Role::Server, policy, &id);
        let most = usize::from(max_fragment) + 1 + 16; // content type and tag
        while client.drive().unwrap() != Want::Done {
            let bytes = sends(&mut client, most);
            server.gets(&bytes);
            server.drive().unwrap();
            let bytes = sends(&mut server, most);
            client.gets(&bytes);
        }
        server.drive().unwrap();

        let (mut sender, mut receiver) = (client.hs.finish().unwrap(), server.hs.finish().unwrap());
        prop_assert_eq!(sender.write(&data, &mut client.tx), Ok(data.len()));
        let bytes = sends(&mut client, most);
        prop_assert_eq!(record_lengths(&bytes).len(), data.len().div_ceil(usize::from(max_fragment)));
        server.gets(&bytes);
        let mut received = Vec::new();
        while receiver.receive(&mut server.rx, &mut server.tx) == Ok(Event::Data) {
            received.extend_from_slice(server.rx.data());
            server.rx.consume(server.rx.data().len());
        }
        prop_assert_eq!(received, data);
    }
}
