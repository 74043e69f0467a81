//! Explains the messages of our own machine.

use crate::heard::{assert_tiled, fixed, handshake, study};
use countersign::study::{Conversation, Level, PrivateShares, Value};
use countersign::{CipherSuite, NamedGroup, Policy, Role, Verdict};

fn names(study: &countersign::study::Study) -> Vec<(Role, &str)> {
    study.connections[0].messages.iter().map(|message| (message.sender, message.name.as_str())).collect()
}

const FLIGHTS: [(Role, &str); 10] = [
    (Role::Client, "client_hello"),
    (Role::Server, "server_hello"),
    (Role::Server, "encrypted_extensions"),
    (Role::Server, "certificate_request"),
    (Role::Server, "certificate"),
    (Role::Server, "certificate_verify"),
    (Role::Server, "finished"),
    (Role::Client, "certificate"),
    (Role::Client, "certificate_verify"),
    (Role::Client, "finished"),
];

#[test]
fn a_handshake_is_explained_to_the_last_byte_and_every_proof_holds() {
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let (conversation, log) = handshake(Policy::new().cipher_suites(&[suite]), Policy::new());
        let study = study(conversation, &log);
        assert_tiled(&study);
        let connection = &study.connections[0];
        assert_eq!(names(&study)[..10], FLIGHTS);
        assert!(connection.problems.is_empty() && study.problems.is_empty(), "{:?}", connection.problems);
        let checks: Vec<_> = connection.checks.iter().map(|check| (check.name.as_str(), check.ok)).collect();
        let all = ["server CertificateVerify", "server Finished", "client CertificateVerify", "client Finished"];
        assert_eq!(checks, all.map(|name| (name, Some(true))));
    }
}

#[test]
fn two_whole_streams_are_put_into_the_protocols_order() {
    let retry = Policy::new().groups(&[NamedGroup::SECP384R1]);
    for server in [Policy::new(), retry] {
        let (conversation, log) = handshake(Policy::new(), server);
        let stream = |role| -> Vec<u8> {
            conversation.pieces().filter(|(from, _)| *from == role).flat_map(|(_, bytes)| bytes.to_vec()).collect()
        };
        let streams = Conversation::of_streams("", &stream(Role::Client), &stream(Role::Server));
        let (ordered, guessed) = (study(conversation, &log), study(streams, &log));
        assert_eq!(names(&ordered), names(&guessed));
    }
}

#[test]
fn a_hello_retry_request_is_told_from_a_server_hello_and_hashed_as_the_rfc_says() {
    let (conversation, log) = handshake(Policy::new(), Policy::new().groups(&[NamedGroup::SECP384R1]));
    let study = study(conversation, &log);
    assert_tiled(&study);
    let expected =
        [(Role::Client, "client_hello"), (Role::Server, "hello_retry_request"), (Role::Client, "client_hello")];
    assert_eq!(names(&study)[..3], expected);
    assert!(study.connections[0].checks.iter().all(|check| check.ok == Some(true)));
}

#[test]
fn without_a_key_log_the_hellos_are_explained_and_each_secret_says_why_it_is_missing() {
    let (conversation, _) = handshake(Policy::new(), Policy::new());
    let study = study(conversation, "");
    assert_tiled(&study);
    let connection = &study.connections[0];
    assert_eq!(names(&study), FLIGHTS[..2]);
    let told = connection.problems.iter().filter(|problem| problem.text.en.contains("there is no key log"));
    assert_eq!(told.count(), 1, "both sides lack it, and it is said once");
    let missing = |name: &str| {
        let secret = connection.secrets.iter().find(|secret| secret.name == name).unwrap();
        matches!(&secret.value, Value::Missing(why) if !why.en.is_empty() && !why.es.is_empty())
    };
    for name in ["client_private_key", "handshake_secret", "main_secret", "server_handshake_write_key"] {
        assert!(missing(name), "{name}");
    }
    assert!(connection.checks.iter().all(|check| check.ok.is_none()));
}

#[test]
fn a_key_log_of_others_says_that_it_does_not_know_the_connection() {
    let ((conversation, _), (_, other)) =
        (handshake(Policy::new(), Policy::new()), handshake(Policy::new(), Policy::new()));
    // Two runs of these ends have equal seeds, so they have the same client_random.
    let other = other.replace(" 01", " 02");
    let problems = &study(conversation, &other).connections[0].problems;
    assert!(problems.iter().any(|problem| problem.text.en.contains("no line for this connection")), "{problems:?}");
}

#[test]
fn from_a_key_log_only_what_is_below_the_traffic_secrets_is_known() {
    let (conversation, log) = handshake(Policy::new(), Policy::new());
    let study = study(conversation, &log);
    // The session's exporter has it, but this log does not.
    for secret in study.connections[0].secrets.iter().filter(|secret| secret.name != "exporter_secret") {
        assert_eq!(secret.value.bytes().is_some(), secret.level == Level::Capture, "{}", secret.name);
    }
}

#[test]
fn of_a_live_run_everything_is_known_without_a_key_log() {
    let policy = || Policy::new().published_key_exchange();
    let study = fixed(policy(), policy(), Verdict::Accept);
    assert_tiled(&study);
    let connection = &study.connections[0];
    assert_eq!(connection.level, Level::Live);
    assert!(connection.problems.is_empty(), "{:?}", connection.problems);
    for known in connection.secrets.iter().chain(&connection.hashes) {
        assert!(known.value.bytes().is_some() && !known.formula.is_empty(), "{}", known.name);
    }
    assert!(connection.records.iter().all(|record| record.unopened.is_none()));
    assert!(connection.checks.iter().all(|check| check.ok == Some(true)));
    let live: Vec<_> = connection.secrets.iter().filter(|secret| secret.level == Level::Live).collect();
    let names = ["client_private_key", "server_private_key", "shared_secret", "handshake_secret"];
    let further = ["handshake_derived_secret", "main_secret"];
    assert!(live.iter().map(|secret| &*secret.name).eq(names.into_iter().chain(further)));
}

#[test]
fn private_shares_of_another_connection_are_told_from_its_own() {
    let (mut conversation, log) = handshake(Policy::new(), Policy::new());
    conversation.live = Some(PrivateShares::published());
    let study = study(conversation, &log);
    let told = |name: &str| study.connections[0].problems.iter().any(|problem| problem.text.en.contains(name));
    assert!(told("client_handshake_traffic_secret is not what the shared secret leads to"));
}

#[test]
fn a_flipped_bit_in_a_protected_record_is_found() {
    let (conversation, log) = handshake(Policy::new(), Policy::new());
    let mut changed = Conversation::new("");
    for (from, bytes) in conversation.pieces() {
        let mut bytes = bytes.to_vec();
        if from == Role::Client && bytes[0] != 22 {
            *bytes.last_mut().unwrap() ^= 1;
        }
        changed.add(from, &bytes);
    }
    let study = study(changed, &log);
    assert_tiled(&study);
    let problems = &study.connections[0].problems;
    assert!(problems.iter().any(|problem| problem.text.en.contains("does not open")), "{problems:?}");
    let ok: Vec<_> = study.connections[0].checks.iter().map(|check| check.ok).collect();
    assert_eq!(ok, [Some(true), Some(true), None, None]);
}

#[test]
fn secrets_of_another_connection_open_nothing() {
    let ((conversation, log), (_, other)) =
        (handshake(Policy::new(), Policy::new()), handshake(Policy::new(), Policy::new()));
    let random = |log: &str| log.split(' ').nth(1).unwrap().to_owned();
    let forged = other.replace(&random(&other), &random(&log));
    let study = study(conversation, &forged);
    assert!(study.connections[0].records.iter().all(|record| record.plaintext.is_none()));
    assert!(study.connections[0].checks.iter().all(|check| check.ok.is_none()));
}

/// The client's messages after its hello. They are unprotected, which does not matter for what is missing.
fn problems_of(messages: &[u8]) -> Vec<String> {
    let mut conversation = Conversation::new("");
    let (heard, _) = handshake(Policy::new(), Policy::new());
    let (_, hello) = heard.pieces().next().unwrap();
    conversation.add(Role::Client, hello);
    conversation.add(Role::Client, &[&[22, 3, 3, 0, messages.len() as u8][..], messages].concat());
    let study = study(conversation, "");
    study.connections[0].problems.iter().map(|problem| problem.text.en.to_string()).collect()
}

#[test]
fn a_certificate_without_its_proof_is_told_from_no_certificate() {
    let finished = [20, 0, 0, 1, 7];
    let shown = [11, 0, 0, 10, 0, 0, 0, 6, 0, 0, 1, 0x30, 0, 0];
    let told = |problems: &[String], words| problems.iter().any(|problem| problem.contains(words));
    let without_proof = problems_of(&[&shown[..], &finished].concat());
    assert!(told(&without_proof, "there is no CertificateVerify"), "{without_proof:?}");
    let empty = problems_of(&[&[11, 0, 0, 4, 0, 0, 0, 0][..], &finished].concat());
    assert!(told(&empty, "its Certificate message is empty") && !told(&empty, "CertificateVerify"), "{empty:?}");
}
