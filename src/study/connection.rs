//! Makes a study: reads both sides, explains their messages, and verifies their CertificateVerify and Finished.

use super::conversation::Conversation;
use super::fields::{Found, Walker};
use super::hello;
use super::key_log::KeyLog;
use super::message::{self, Context, Explained, Known};
use super::model::{Connection, Fact, Keys, Level, Message, Problem, Space, SpaceKind, Study, Text};
use super::schedule::Schedule;
use super::shared::{Placed, Shared};
use super::side::{Ranked, Side};
use super::transcript::{Transcript, called};
use super::words::{in_spanish, label};
use super::{authenticator, checks, names};
use crate::Role;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Explains conversations with the secrets of a key log. The study has exactly one connection for each conversation.
pub fn explain(conversations: &[Conversation], log: &KeyLog) -> Study {
    Study {
        connections: conversations.iter().map(|conversation| explain_one(conversation, log)).collect(),
        problems: log.problems().to_vec(),
    }
}

/// Explains a conversation. A live run needs no key log: each computed secret opens records, which lead to the next.
fn explain_one(conversation: &Conversation, log: &KeyLog) -> Connection {
    let mut known = connection(conversation, log);
    let mut log = log.clone();
    while conversation.live.is_some() && known.client_random.is_some_and(|random| learn(&mut log, random, &known)) {
        known = connection(conversation, &log);
    }
    known
}

/// Adds the computed traffic secrets to the key log. Returns whether any of them is new.
fn learn(log: &mut KeyLog, random: [u8; 32], known: &Connection) -> bool {
    let mut learnt = false;
    for role in [Role::Client, Role::Server] {
        for (what, name) in [
            ("HANDSHAKE_TRAFFIC_SECRET", format!("{role}_handshake_traffic_secret")),
            ("TRAFFIC_SECRET_0", format!("{role}_application_traffic_secret_0")),
        ] {
            let secret = known.secrets.iter().find(|secret| secret.name == name);
            if let Some(bytes) = secret.and_then(|secret| secret.value.bytes()) {
                learnt |= log.learn(label(role, what), random, bytes);
            }
        }
    }
    learnt
}

fn connection(conversation: &Conversation, log: &KeyLog) -> Connection {
    let streams = [Role::Client, Role::Server].map(|role| conversation.stream(role));
    let space = |sender, stream: &Vec<u8>| Space { kind: SpaceKind::Stream, sender, bytes: stream.clone() };
    let [client, server] = streams;
    let mut shared = Shared {
        log,
        found: Found::default(),
        spaces: Vec::from([space(Role::Client, &client.0), space(Role::Server, &server.0)]),
        client_random: None,
        early_data: false,
        choice: None,
        messages: Vec::new(),
        exported: Vec::new(),
    };
    let (mut client, mut server) = (Side::new(Role::Client, client, 0), Side::new(Role::Server, server, 1));
    client.read(&mut shared, true);
    server.read(&mut shared, false);
    client.is_old_version(shared.choice.is_some_and(|choice| !choice.is_tls13()));
    client.read(&mut shared, false);
    client.finish_messages(&mut shared);
    server.finish_messages(&mut shared);
    let generations = [(Role::Client, client.generations), (Role::Server, server.generations)];
    let (mut records, places) = in_order(conversation.ordered, [client.records, server.records]);
    let messages = messages(&mut shared, &mut records, &places);
    for text in &conversation.problems {
        shared.found.problem(None, text.clone());
    }
    let (mut hashes, mut secrets, mut all_checks) = (Vec::new(), Vec::new(), Vec::new());
    let suite = shared.choice.filter(hello::Choice::is_tls13).and_then(|choice| choice.suite());
    if let Some(suite) = suite {
        let transcript = Transcript::new(suite.hash(), &messages, &shared.spaces);
        let mut schedule = Schedule::new(suite, &transcript, &shared, conversation.live.as_ref());
        schedule.derive(generations);
        all_checks = checks::all(&transcript, &mut schedule);
        all_checks.extend(authenticator::checks(&shared.exported, &shared.spaces, &mut schedule));
        let problems;
        (hashes, secrets, problems) = (schedule.hashes, schedule.secrets, schedule.problems);
        shared.found.problems.extend(problems.into_iter().map(|text| Problem { field: None, text }));
    }
    let mut connection = Connection {
        label: conversation.label.clone(),
        client_random: shared.client_random,
        level: if conversation.live.is_some() { Level::Live } else { Level::Capture },
        summary: Vec::new(),
        spaces: shared.spaces,
        records,
        messages,
        fields: shared.found.fields,
        hashes,
        secrets,
        checks: all_checks,
        problems: shared.found.problems,
    };
    connection.problems.extend(whole(&connection, shared.choice));
    connection.summary = summary(&connection, shared.choice);
    connection
}

/// All records in the order of the wire, and the new positions of each side's records.
fn in_order(ordered: bool, sides: [Vec<Ranked>; 2]) -> (Vec<super::Record>, [Vec<usize>; 2]) {
    let mut all: Vec<(usize, usize, usize, super::Record)> = Vec::new();
    for (side, records) in sides.into_iter().enumerate() {
        let mut hellos = 0_usize;
        for (index, Ranked { record, rank }) in records.into_iter().enumerate() {
            hellos =
                hellos.saturating_add(usize::from(record.content_type == Some(22) && record.keys == Keys::Plaintext));
            let rank = if ordered { rank } else { stage(&record, hellos, side) };
            all.push((rank, side, index, record));
        }
    }
    all.sort_by_key(|(rank, side, index, _)| (*rank, *side, *index));
    let mut places = [Vec::new(), Vec::new()];
    for (place, (_, side, index, _)) in all.iter().enumerate() {
        if let Some(places) = places.get_mut(*side) {
            if places.len() <= *index {
                places.resize(index.saturating_add(1), 0);
            }
            if let Some(to) = places.get_mut(*index) {
                *to = place;
            }
        }
    }
    (all.into_iter().map(|(.., record)| record).collect(), places)
}

/// The order of the protocol, if that of the wire is unknown: hellos alternate, then the server's flight, then the
/// client's.
fn stage(record: &super::Record, hellos: usize, side: usize) -> usize {
    match (record.keys, side) {
        (Keys::Plaintext, 0) if record.content_type == Some(21) => 7,
        (Keys::Plaintext, side) => hellos.saturating_sub(1).min(1).saturating_mul(2).saturating_add(side),
        (Keys::Handshake, 1) => 4,
        (Keys::Handshake, _) => 5,
        (Keys::Application(_), _) => 6,
    }
}

/// Explains every message.
fn messages(shared: &mut Shared<'_>, records: &mut [super::Record], places: &[Vec<usize>; 2]) -> Vec<Message> {
    let place = |placed: &Placed| {
        let [client, server] = places;
        let side = if placed.sender == Role::Client { client } else { server };
        side.get(placed.record).copied().unwrap_or_default()
    };
    let mut placed = core::mem::take(&mut shared.messages);
    placed.sort_by_key(|placed| (place(placed), placed.start));
    let tls13 = shared.choice.is_none_or(|choice| choice.is_tls13());
    let context = if tls13 { Context::Tls13 } else { Context::OlderVersion };
    let mut messages = Vec::new();
    for placed in placed {
        let bytes = shared.spaces.get(placed.space).map_or(&[][..], |space| &space.bytes);
        let message = message(&mut shared.found, &placed, bytes, context);
        if let Some(record) = records.get_mut(place(&placed)) {
            record.messages.push(messages.len());
        }
        messages.push(message);
    }
    for record in records {
        let names =
            record.messages.iter().filter_map(|message| messages.get(*message)).map(|message| message.name.clone());
        match names.collect::<Vec<_>>() {
            names if !names.is_empty() => record.title = names.join(", "),
            _ if record.content_type == Some(22) => record.title = "handshake, continued".into(),
            _ => {}
        }
    }
    messages
}

fn message(found: &mut Found, placed: &Placed, bytes: &[u8], context: Context) -> Message {
    let Placed { sender, keys, space, start, end, complete, .. } = *placed;
    let mut walker = Walker { found, space, bytes };
    let Explained { field, name, retry } =
        message::explain(&mut walker, start..end, None, Known { sender, complete, context });
    let len = end.saturating_sub(start);
    Message { sender, name: name.into(), keys, space, start, len, field, complete, retry }
}

/// The problems of the connection as a whole.
fn whole(connection: &Connection, choice: Option<hello::Choice>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |text| problems.push(Problem { field: None, text });
    let has =
        |sender, name: &str| connection.messages.iter().any(|message| message.sender == sender && message.name == name);
    if !has(Role::Client, "client_hello") {
        problem(Text::new(
            "there is no ClientHello: this is not TLS, or the capture began too late",
            "no hay ClientHello: esto no es TLS, o la captura empezó demasiado tarde",
        ));
    }
    if let Some(choice) = choice.filter(|choice| !choice.is_tls13()) {
        let version = names::number(u64::from(choice.version), 2, super::grammar::Naming::Version);
        problem(Text::made(
            format!("the server chose {version}; only TLS 1.3 is explained in full"),
            format!("el servidor eligió {version}; solo se explica por completo TLS 1.3"),
        ));
    }
    let finished = has(Role::Client, "finished") && has(Role::Server, "finished");
    if finished && !has(Role::Server, "certificate_request") {
        problem(Text::new(
            "this is not mutual TLS: the server did not ask for the client's certificate",
            "esto no es TLS mutuo: el servidor no pidió el certificado del cliente",
        ));
    }
    for role in [Role::Server, Role::Client] {
        if has(role, "certificate_verify") || !has(role, "finished") {
            continue;
        }
        let certificate =
            connection.messages.iter().find(|message| message.sender == role && message.name == "certificate");
        // An empty certificate_list: the header and the lengths of an empty context and an empty list.
        if certificate.is_some_and(|certificate| certificate.len == 8) {
            problem(Text::made(
                format!("the {role} has no certificate to show: its Certificate message is empty"),
                format!(
                    "el {} no tiene ningún certificado que mostrar: su mensaje Certificate está vacío",
                    in_spanish(role)
                ),
            ));
        } else if certificate.is_some() {
            problem(Text::made(
                format!(
                    "the {role} has shown a certificate and has not proved that it holds its key: there is no CertificateVerify"
                ),
                format!(
                    "el {} ha mostrado un certificado y no ha demostrado que tiene su clave: falta el CertificateVerify",
                    in_spanish(role)
                ),
            ));
        }
    }
    for check in connection.checks.iter().filter(|check| check.ok == Some(false)) {
        let message = connection.messages.iter().find(|message| called(message) == check.name);
        problems.push(Problem {
            field: message.map(|message| message.field),
            text: Text::made(format!("{} does not hold", check.name), format!("{} no es correcto", check.name)),
        });
    }
    problems
}

/// The negotiated parameters, and how the connection ended.
fn summary(connection: &Connection, choice: Option<hello::Choice>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name, en, es, value: String| facts.push(Fact { name, title: Text::new(en, es), value });
    if let Some(choice) = choice {
        use super::grammar::Naming;
        let number = |number: u16, naming| names::number(u64::from(number), 2, naming);
        fact("version", "Version", "Versión", number(choice.version, Naming::Version));
        fact("cipher_suite", "Cipher suite", "Suite de cifrado", number(choice.suite_number, Naming::Suite));
        if let Some(group) = choice.group {
            fact("group", "Key exchange", "Intercambio de claves", number(group, Naming::Group));
        }
    }
    for (role, name, en, es) in [
        (Role::Server, "server", "The server says it is", "El servidor dice ser"),
        (Role::Client, "client", "The client says it is", "El cliente dice ser"),
    ] {
        let message =
            connection.messages.iter().find(|message| message.sender == role && message.name == "certificate");
        let Some(message) = message else { continue };
        let later = connection.fields.get(message.field..).unwrap_or_default();
        let certificate = later.iter().find(|field| field.name == "cert_data" && field.space == message.space);
        if let Some(certificate) = certificate {
            fact(name, en, es, certificate.value.clone());
        }
    }
    let alert = connection.records.iter().rev().find(|record| record.content_type == Some(21));
    if let Some(alert) = alert {
        let (en, es) = match alert.sender {
            Role::Client => ("Last alert, by the client", "Última alerta, del cliente"),
            Role::Server => ("Last alert, by the server", "Última alerta, del servidor"),
        };
        fact("last_alert", en, es, alert.title.clone());
    }
    facts
}
