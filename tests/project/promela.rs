//! docs/model/handshake.pml has the rules of the transition table for spin. Each rule is one line, so that `.ci/model`
//! can remove one, and spin must find an error.
//!
//! After a change of the table: `COUNTERSIGN_BLESS=1 cargo test --test project`.

use countersign::table::{Cause, Row, TABLE};
use countersign::{HandshakeType, Role, State};
use std::collections::BTreeSet;
use std::path::Path;
use std::{env, fs};

const DOCUMENT: &str = "docs/model/handshake.pml";
const SKELETON: &str = include_str!("handshake.pml");

/// HelloRetryRequest is a server_hello in the table, as on the wire. Its next state distinguishes it.
fn name(row: &Row, message: HandshakeType) -> String {
    let retry = row.next == State::SendClientHello || row.state == State::SendHelloRetryRequest;
    let retry = retry && message == HandshakeType::SERVER_HELLO;
    if retry { HandshakeType::HELLO_RETRY_REQUEST } else { message }.to_string()
}

/// The checks of a message beside its order.
fn takes(row: &Row, message: HandshakeType) -> &'static str {
    match (message, row.next) {
        (HandshakeType::SERVER_HELLO, State::SendClientHello) => "TAKES_HELLO_RETRY_REQUEST",
        (HandshakeType::SERVER_HELLO, _) => "TAKES_SERVER_HELLO",
        (HandshakeType::CLIENT_HELLO, State::SendHelloRetryRequest) => "TAKES_CLIENT_HELLO_TO_RETRY",
        (HandshakeType::CLIENT_HELLO, _) => "TAKES_CLIENT_HELLO",
        (HandshakeType::ENCRYPTED_EXTENSIONS | HandshakeType::CERTIFICATE_REQUEST, _) => "TAKES_PARAMETERS",
        (HandshakeType::CERTIFICATE, _) => "TAKES_CERTIFICATE",
        (HandshakeType::CERTIFICATE_VERIFY, _) => "TAKES_CERTIFICATE_VERIFY",
        (HandshakeType::FINISHED, _) => "TAKES_FINISHED",
        (other, _) => panic!("the model does not know {other}"),
    }
}

/// One rule on one line.
fn rule(number: usize, row: &Row) -> String {
    let sends = |messages: &[HandshakeType]| -> String {
        let role = row.role.to_string().to_uppercase();
        messages.iter().map(|message| format!("{role}_SENDS({}); ", name(row, *message))).collect()
    };
    let (state, next) = (row.state, row.next);
    let rule = match row.cause {
        Cause::Send(messages) => format!("    :: atomic {{ state == {state} -> {}state = {next} }}", sends(messages)),
        Cause::Answer(messages) => {
            let answer = if state == State::AskVerify { "JUDGES" } else { "ANSWERS" };
            format!("    :: atomic {{ state == {state} -> {answer}; {}state = {next} }}", sends(messages))
        }
        Cause::Receive { message, .. } => {
            // The answer to a hello depends on whether the client's shares are sufficient.
            let share = match (message, next) {
                (HandshakeType::CLIENT_HELLO, State::SendHelloRetryRequest) => " && !share",
                (HandshakeType::CLIENT_HELLO, _) => " && share",
                _ => "",
            };
            let (message, takes) = (name(row, message), takes(row, message));
            let epoch = row.epoch.to_string();
            let epoch = epoch[..1].to_uppercase() + &epoch[1..];
            let when = format!("state == {state} && message == {message} && epoch == {epoch}{share}");
            format!("        :: {when} -> {takes}; state = {next}")
        }
    };
    format!("{rule} /* rule {number} */")
}

fn rules(role: Role, received: bool) -> String {
    let rows = TABLE.iter().enumerate().filter(|(_, row)| row.role == role);
    let rows = rows.filter(|(_, row)| matches!(row.cause, Cause::Receive { .. }) == received);
    rows.map(|(number, row)| rule(number + 1, row)).collect::<Vec<_>>().join("\n")
}

/// The states in which this role waits for a message.
fn waits(role: Role) -> String {
    let rows = TABLE.iter().filter(|row| row.role == role && matches!(row.cause, Cause::Receive { .. }));
    let states: BTreeSet<String> = rows.map(|row| format!("state == {}", row.state)).collect();
    format!("({})", states.into_iter().collect::<Vec<_>>().join(" || "))
}

/// Everything that the attacker can write: each message that an end accepts, from any sender.
fn attacks() -> String {
    let mut attacks = BTreeSet::new();
    for row in TABLE {
        let Cause::Receive { message, .. } = row.cause else { continue };
        let (to, key) = match row.role {
            Role::Client => ("to_client", "WITH_CLIENT"),
            Role::Server => ("to_server", "WITH_SERVER"),
        };
        let name = name(row, message);
        let mut attack = |whose: &str, over: &str| {
            attacks.insert(format!("    :: {to}!{name}, Handshake, {key}, {whose}, {over}, 0"));
        };
        match message {
            HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO => {
                for share in [0, 1] {
                    attacks.insert(format!("    :: {to}!{name}, Plaintext, NONE, ATTACKER, {key}, {share}"));
                }
            }
            HandshakeType::CERTIFICATE => {
                ["CLIENT", "SERVER", "ATTACKER"].into_iter().for_each(|whose| attack(whose, key))
            }
            HandshakeType::CERTIFICATE_VERIFY => {
                attack("ATTACKER", key);
                attack("CLIENT", "(reads_clients_signature -> WITH_CLIENT : NONE)");
                attack("SERVER", "(reads_servers_signature -> WITH_SERVER : NONE)");
            }
            _ => attack("ATTACKER", key),
        }
    }
    attacks.insert("    :: to_client!data, Application, WITH_CLIENT, ATTACKER, NONE, 0".to_owned());
    attacks.insert("    :: to_server!data, Application, WITH_SERVER, ATTACKER, NONE, 0".to_owned());
    attacks.into_iter().collect::<Vec<_>>().join("\n")
}

fn model() -> String {
    let mut messages = BTreeSet::new();
    for row in TABLE {
        match row.cause {
            Cause::Receive { message, .. } => drop(messages.insert(name(row, message))),
            Cause::Send(sent) | Cause::Answer(sent) => messages.extend(sent.iter().map(|each| name(row, *each))),
        }
    }
    let states: BTreeSet<String> =
        TABLE.iter().flat_map(|row| [row.state, row.next]).map(|each| each.to_string()).collect();
    let list = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    let begins = |role: Role| TABLE.iter().find(|row| row.role == role).expect("a row").state.to_string();
    let mut model = SKELETON.replace("MESSAGES", &list(messages)).replace("STATES", &list(states));
    for (role, name) in [(Role::Client, "CLIENT"), (Role::Server, "SERVER")] {
        model = model.replace(&format!("{name}_BEGINS"), &begins(role));
        model = model.replace(&format!("{name}_ACTS"), &rules(role, false));
        model = model.replace(&format!("{name}_WAITS"), &waits(role));
        model = model.replace(&format!("{name}_TAKES"), &rules(role, true));
    }
    model.replace("ATTACKS", &attacks())
}

#[test]
fn the_model_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let wanted = model();
    if env::var_os("COUNTERSIGN_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, &wanted).expect("a writable document");
    } else {
        let committed = fs::read_to_string(&path).expect("a readable document").replace("\r\n", "\n");
        assert!(committed == wanted, "{DOCUMENT} is stale, set COUNTERSIGN_BLESS=1 to write it");
    }
}

/// Each rule of the table is one line of the model, and each rule line of the model is one of the table.
#[test]
fn each_rule_is_a_line_of_the_model() {
    let model = model();
    let lines = model.lines().filter(|line| line.ends_with("*/") && line.contains("/* rule ")).count();
    assert_eq!(lines, TABLE.len());
    for (number, row) in TABLE.iter().enumerate() {
        assert_eq!(model.matches(&rule(number + 1, row)).count(), 1, "{row:?}");
    }
}
