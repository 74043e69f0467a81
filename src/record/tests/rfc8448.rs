//! The records of RFC 8448, section 3: read as the client reads them, written as the client wrote them.

use super::*;
use crate::crypto::{Hash, HashAlgorithm, Hasher, SharedSecret};
use crate::schedule::{Early, HandshakeSecret, Pair, TrafficSecret};
use std::string::String;

const SUITE: Suite = Suite::Aes128GcmSha256;
const REAL: CryptoMode = CryptoMode::Real;

/// The value of that name: the rest of its line and the indented lines that follow.
fn value(name: &str) -> Vec<u8> {
    let text = include_str!("../../../vectors/rfc8448/section_3_simple.txt");
    let mut lines = text.lines().skip_while(|line| !matches!(line.split_once(" ="), Some((found, _)) if found == name));
    let first = lines.next().and_then(|line| line.split_once('=')).expect(name).1;
    let digits: String = [first].into_iter().chain(lines.take_while(|line| line.starts_with(' '))).collect();
    hex::decode(digits.replace(' ', "")).unwrap()
}

fn hash(messages: &[&str]) -> Hash {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    messages.iter().for_each(|name| hasher.update(&value(name)));
    hasher.hash()
}

fn secrets() -> (Pair<HandshakeSecret>, Pair<TrafficSecret>) {
    let stage = Early::new(SUITE.hash()).handshake(SharedSecret::of_vector(&value("shared_secret")));
    let handshake = stage.traffic(&hash(&["client_hello", "server_hello"]));
    let flight = ["client_hello", "server_hello", "server_handshake_record_0_content"];
    (handshake, stage.main().application(&hash(&flight)).0)
}

#[test]
fn the_servers_records_are_read() {
    let (handshake, application) = secrets();
    let names = [
        "server_plaintext_record_0",
        "server_handshake_record_0",
        "server_application_record_0",
        "server_application_record_1",
        "server_application_record_2",
    ];
    let mut rx = inbox(&names.map(value).concat());
    let mut protection = ReadProtection::new();
    let mut view = rx.view();
    let read = |view: &mut InboxView<'_>, protection: &mut ReadProtection, name| {
        while view.next_message(10_000).unwrap().is_none() {
            assert_eq!(protection.open(view, SESSION), Ok(Some(Opened::Handshake)));
        }
        let at = view.next_message(10_000).unwrap().unwrap();
        assert_eq!(view.flight().get(at.range.clone()), Some(&value(name)[..]));
        view.read(&at);
    };
    read(&mut view, &mut protection, "server_hello");
    protection.replace_key(&view, handshake.server.key(SUITE, REAL).unwrap()).unwrap();
    for name in ["encrypted_extensions", "server_certificate", "server_certificate_verify", "server_finished"] {
        read(&mut view, &mut protection, name);
    }
    protection.replace_key(&view, application.server.key(SUITE, REAL).unwrap()).unwrap();
    read(&mut view, &mut protection, "new_session_ticket");
    assert_eq!(protection.open(&mut view, SESSION), Ok(Some(Opened::ApplicationData)));
    assert_eq!(rx.data(), value("server_application_record_1_content"));
    rx.consume(50);
    let close = Opened::Alert(AlertDescription::CLOSE_NOTIFY);
    assert_eq!(protection.open(&mut rx.view(), SESSION), Ok(Some(close)));
    assert!(rx.is_empty());
}

#[test]
fn the_clients_records_are_written_byte_for_byte() {
    let (handshake, application) = secrets();
    let mut tx = Outbox::new([0; 1000]);
    let mut protection = WriteProtection::client();
    let mut tx_view = tx.view();
    let write = |tx: &mut OutboxView<'_>, protection: &mut WriteProtection, name| {
        let message = value(name);
        tx.append_handshake(protection, message.len(), |place| place.copy_from_slice(&message)).unwrap();
    };
    write(&mut tx_view, &mut protection, "client_hello");
    protection.replace_key(&mut tx_view, handshake.client.key(SUITE, REAL).unwrap()).unwrap();
    write(&mut tx_view, &mut protection, "client_finished");
    protection.replace_key(&mut tx_view, application.client.key(SUITE, REAL).unwrap()).unwrap();
    tx_view.write_data(&mut protection, &value("client_application_record_0_content")).unwrap();
    tx_view.alert(&mut protection, AlertDescription::CLOSE_NOTIFY).unwrap();
    let names = [
        "client_plaintext_record_0",
        "client_handshake_record_0",
        "client_application_record_0",
        "client_application_record_1",
    ];
    assert_eq!(tx.pending(), names.map(value).concat());
}
