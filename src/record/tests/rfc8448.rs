//! The records of RFC 8448, both directions: opened as the peer opens them, and sealed as the sender sealed them.

use super::*;
use crate::codec::ContentType;
use crate::crypto::{Hash, HashAlgorithm, SharedSecret};
use crate::policy::Padding;
use crate::role::Role;
use crate::schedule::{Early, HandshakeSecret, Pair, TrafficSecret};
use std::string::String;
use std::{format, vec};

const SUITE: Suite = Suite::Aes128GcmSha256;
const REAL: CryptoMode = CryptoMode::Real;

/// §3 the simple handshake, §5 HelloRetryRequest, §6 client authentication, §7 compatibility mode.
const TRACES: [&str; 4] = [
    include_str!("../../../vectors/rfc8448/section_3_simple.txt"),
    include_str!("../../../vectors/rfc8448/section_5_hello_retry_request.txt"),
    include_str!("../../../vectors/rfc8448/section_6_client_authentication.txt"),
    include_str!("../../../vectors/rfc8448/section_7_compatibility_mode.txt"),
];

/// The value with this name: the rest of its line, and the indented lines after it.
fn find(trace: &str, name: &str) -> Option<Vec<u8>> {
    let mut lines =
        trace.lines().skip_while(|line| !matches!(line.split_once(" ="), Some((found, _)) if found == name));
    let first = lines.next()?.split_once('=')?.1;
    let digits: String = [first].into_iter().chain(lines.take_while(|line| line.starts_with(' '))).collect();
    Some(hex::decode(digits.replace(' ', "")).unwrap())
}

/// One record of the trace: its type and content, and its bytes.
struct Record {
    typ: ContentType,
    content: Vec<u8>,
    bytes: Vec<u8>,
}

/// What a side sends under one key.
fn records(trace: &str, role: Role, epoch: &str) -> Vec<Record> {
    let record = |number| {
        let name = format!("{role}_{epoch}_record_{number}");
        let bytes = find(trace, &name)?;
        Some(match find(trace, &format!("{name}_content")) {
            Some(content) => {
                let typ = find(trace, &format!("{name}_inner_type")).unwrap();
                Record { typ: ContentType(typ[0]), content, bytes }
            }
            None => Record { typ: ContentType(bytes[0]), content: bytes[5..].to_vec(), bytes },
        })
    };
    (0..).map_while(record).collect()
}

/// The secrets of a trace, from its shared secret and its transcript hashes.
fn secrets(trace: &str) -> (Pair<HandshakeSecret>, Pair<TrafficSecret>) {
    let hash = |name| Hash::new(HashAlgorithm::Sha256, &find(trace, name).unwrap());
    let shared_secret = SharedSecret::of_vector(&find(trace, "shared_secret").unwrap());
    let stage = Early::new(SUITE.hash()).handshake(shared_secret);
    let handshake = stage.traffic(&hash("transcript_hash_server_hello"));
    (handshake, stage.main().application(&hash("transcript_hash_server_finished")).0)
}

/// A side's keys, handshake and application.
fn keys(trace: &str, role: Role) -> [TrafficKey; 2] {
    let (handshake, application) = secrets(trace);
    match role {
        Role::Client => [handshake.client.key(SUITE, REAL), application.client.key(SUITE, REAL)],
        Role::Server => [handshake.server.key(SUITE, REAL), application.server.key(SUITE, REAL)],
    }
    .map(|key| key.unwrap())
}

#[test]
fn each_sides_records_are_read_by_the_other() {
    for (trace, role) in TRACES.into_iter().flat_map(|trace| [(trace, Role::Client), (trace, Role::Server)]) {
        let [handshake, application] = keys(trace, role);
        let epochs = [("plaintext", None), ("handshake", Some(handshake)), ("application", Some(application))];
        let mut protection = ReadProtection::new();
        let mut rx = Inbox::new(vec![0; 4000]);
        for (epoch, key) in epochs {
            if let Some(key) = key {
                protection.replace_key(&rx.view(), key).unwrap();
            }
            for record in records(trace, role, epoch) {
                rx.space()[..record.bytes.len()].copy_from_slice(&record.bytes);
                rx.filled(record.bytes.len());
                let opened =
                    protection.open(&mut rx.view(), Expect { change_cipher_spec: true, ..SESSION }).unwrap().unwrap();
                match record.typ {
                    ContentType::HANDSHAKE => {
                        assert_eq!(opened, Opened::Handshake);
                        let mut view = rx.view();
                        let mut read = Vec::new();
                        while let Some(at) = view.next_message(10_000).unwrap() {
                            read.extend_from_slice(view.flight().get(at.range.clone()).unwrap());
                            view.read(&at);
                        }
                        assert_eq!(read, record.content);
                        view.release_all();
                    }
                    ContentType::APPLICATION_DATA => {
                        assert_eq!(opened, Opened::ApplicationData);
                        assert_eq!(rx.data(), record.content);
                        rx.consume(record.content.len());
                    }
                    ContentType::ALERT => assert_eq!(opened, Opened::Alert(AlertDescription(record.content[1]))),
                    _ => assert_eq!(opened, Opened::Dropped, "change_cipher_spec"),
                }
            }
        }
        assert!(rx.is_empty());
    }
}

#[test]
fn each_sides_records_are_written_byte_for_byte() {
    for (trace, role) in TRACES.into_iter().flat_map(|trace| [(trace, Role::Client), (trace, Role::Server)]) {
        let [handshake, application] = keys(trace, role);
        let epochs = [("plaintext", None), ("handshake", Some(handshake)), ("application", Some(application))];
        let mut protection = without_key(role, Padding::None);
        let mut tx = Outbox::new(vec![0; 4000]);
        let mut view = tx.view();
        let mut written = Vec::new();
        for (epoch, key) in epochs {
            if let Some(key) = key {
                view.replace_key(&mut protection, key).unwrap();
            }
            for record in records(trace, role, epoch) {
                let content = &record.content;
                match record.typ {
                    ContentType::HANDSHAKE => {
                        view.append_handshake(&mut protection, |w| w.bytes(content), |_| ()).unwrap();
                        view.seal_open_record(&mut protection).unwrap();
                    }
                    ContentType::APPLICATION_DATA => {
                        assert_eq!(view.write_data(&mut protection, content), Ok(content.len()));
                    }
                    ContentType::ALERT => view.alert(&mut protection, AlertDescription(content[1])).unwrap(),
                    _ => view.change_cipher_spec(&mut protection).unwrap(),
                }
                written.extend_from_slice(&record.bytes);
            }
        }
        assert_eq!(tx.pending(), written);
    }
}
