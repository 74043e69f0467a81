//! A connection of ours, as somebody on the path hears it; and what must hold for every study.

use crate::end::End;
use crate::identity::Pki;
use countersign::study::{Conversation, KeyLog, Study, explain};
use countersign::trace::KeyLogLine;
use countersign::{Policy, Role, Want};

/// A mutual handshake between two ends, with its key log.
pub fn handshake(client: Policy, server: Policy) -> (Conversation, String) {
    let pki = Pki::new();
    let (client_is, server_is) =
        (pki.issue("client.test", &rcgen::PKCS_ED25519), pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256));
    let mut ends = [End::new(Role::Client, client, &client_is), End::new(Role::Server, server, &server_is)];
    let mut conversation = Conversation::new("client.test with server.test");
    for _ in 0..10 {
        for side in 0..2 {
            let (left, right) = ends.split_at_mut(1);
            let (from, to) = if side == 0 { (&mut left[0], &mut right[0]) } else { (&mut right[0], &mut left[0]) };
            let done = from.drive().unwrap();
            let bytes = from.sends();
            conversation.add(from.hs.role(), &bytes);
            assert_eq!(to.gets(&bytes), bytes.len());
            if done == Want::Done && side == 1 {
                let log: String = ends
                    .iter()
                    .flat_map(|end| end.secrets.iter().map(|(label, secret)| (end.hs.client_random(), label, secret)))
                    .map(|(client_random, label, secret)| format!("{}\n", KeyLogLine { label, client_random, secret }))
                    .collect();
                return (conversation, log);
            }
        }
    }
    panic!("the handshake does not end");
}

pub fn study(conversation: Conversation, log: &str) -> Study {
    explain(&[conversation], &KeyLog::parse(log.as_bytes()))
}

/// In each space every byte belongs to exactly one field without children; children lie in their parents, in order.
pub fn assert_tiled(study: &Study) {
    for connection in &study.connections {
        let mut has_children = vec![false; connection.fields.len()];
        for (id, field) in connection.fields.iter().enumerate() {
            let Some(parent) = field.parent else { continue };
            has_children[parent] = true;
            let above = &connection.fields[parent];
            assert!(parent < id && above.space == field.space, "{field:?} is no part of {above:?}");
            assert!(
                above.start <= field.start && field.start + field.len <= above.start + above.len,
                "{field:?} sticks out of {above:?}"
            );
        }
        for (number, space) in connection.spaces.iter().enumerate() {
            let mut leaves: Vec<_> = (connection.fields.iter().zip(&has_children))
                .filter(|(field, has_children)| field.space == number && !*has_children && field.len > 0)
                .map(|(field, _)| (field.start, field.len, &field.name))
                .collect();
            leaves.sort();
            let mut at = 0;
            for (start, len, name) in leaves {
                assert_eq!(start, at, "{name} in space {number} ({:?} of the {})", space.kind, space.sender);
                at += len;
            }
            assert_eq!(at, space.bytes.len(), "the end of space {number} ({:?} of the {})", space.kind, space.sender);
        }
    }
}
