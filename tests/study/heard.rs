//! A connection of ours, captured on the path; and the rules for every study.

use crate::end::End;
use crate::identity::Pki;
use countersign::study::{Conversation, KeyLog, PrivateShares, Study, explain};
use countersign::trace::KeyLogLine;
use countersign::{Policy, Role, Verdict};

/// Runs both ends until neither has anything to send. Errors are not returned: the alert is in the capture.
pub fn talk(ends: &mut [End<'_>; 2], heard: &mut Conversation) {
    loop {
        let mut said = false;
        for side in 0..2 {
            let _ = ends[side].drive();
            let bytes = ends[side].sends();
            heard.add(ends[side].hs.role(), &bytes);
            assert_eq!(ends[1 - side].gets(&bytes), bytes.len());
            said |= !bytes.is_empty();
        }
        if !said {
            return;
        }
    }
}

/// A mutual handshake between two ends, with its key log.
pub fn handshake(client: Policy, server: Policy) -> (Conversation, String) {
    let pki = Pki::new();
    let (client_is, server_is) =
        (pki.issue("client.test", &rcgen::PKCS_ED25519), pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256));
    let mut ends = [End::new(Role::Client, client, &client_is), End::new(Role::Server, server, &server_is)];
    let mut heard = Conversation::new("client.test with server.test");
    talk(&mut ends, &mut heard);
    (heard, key_log(&ends))
}

pub fn key_log(ends: &[End<'_>]) -> String {
    ends.iter()
        .flat_map(|end| end.secrets.iter().map(|(label, secret)| (end.hs.client_random(), label, secret)))
        .map(|(client_random, label, secret)| format!("{}\n", KeyLogLine { label, client_random, secret }))
        .collect()
}

/// A live run without randomness, so its bytes are always the same. The policies must have the published key exchange.
/// If the server accepts, it has data, key updates and both closes.
pub fn fixed(client: Policy, server: Policy, verdict_of_server: Verdict) -> Study {
    // RFC 8410 §7: Ed25519, and a private key of 32 equal bytes.
    let key = |byte: u8| {
        let der = [&hex::decode("302e020100300506032b657004220420").unwrap()[..], &[byte; 32]].concat();
        rcgen::KeyPair::try_from(der).unwrap()
    };
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, "countersign test root");
    let pki = Pki { root: rcgen::CertifiedIssuer::self_signed(params, key(3)).unwrap() };
    let (client_is, server_is) = (pki.issue_for("client.test", &key(1)), pki.issue_for("server.test", &key(2)));
    let mut ends = [End::new(Role::Client, client, &client_is), End::new(Role::Server, server, &server_is)];
    ends[1].verdict = verdict_of_server;
    let mut heard = Conversation::new("client.test with server.test, live");
    talk(&mut ends, &mut heard);
    if verdict_of_server == Verdict::Accept {
        let mut sessions = ends.each_mut().map(|end| end.hs.finish().unwrap());
        sessions[0].write(b"Who am I?", &mut ends[0].tx).unwrap();
        sessions[0].confirm(&mut ends[0].tx).unwrap();
        sessions[0].write(b"Under the next keys.", &mut ends[0].tx).unwrap();
        sessions[0].close(&mut ends[0].tx).unwrap();
        heard.add(Role::Client, &ends[0].sends());
    }
    heard.live = Some(PrivateShares::published());
    study(heard, "")
}

pub fn study(conversation: Conversation, log: &str) -> Study {
    explain(&[conversation], &KeyLog::parse(log.as_bytes()))
}

/// In each space every byte belongs to exactly one field without children. Children are inside their parents, in order.
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
