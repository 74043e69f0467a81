//! Renders the study as JSON, schema `countersign-study/1`. The schema is stable: later versions only add to it.
//!
//! ```text
//! { "schema": "countersign-study/1", "problems": [Text], "connections": [{
//!     "label", "client_random": hex|null, "level": "capture"|"live",
//!     "summary":  [{ "name", "title": Text, "value" }],
//!     "spaces":   [{ "kind": "stream"|"plaintext"|"messages", "keys"?, "generation"?, "sender", "bytes": hex }],
//!     "records":  [{ "sender", "space", "start", "len", "outer_type", "content_type": n|null, "keys", "generation"?,
//!                    "sequence_number": n|null, "nonce": hex|null, "plaintext": space|null, "unopened": Text|null,
//!                    "messages": [index], "title" }],
//!     "messages": [{ "sender", "name", "keys", "generation"?, "space", "start", "len", "field", "complete" }],
//!     "fields":   [{ "id", "parent": id|null, "space", "start", "len", "name", "value", "text": Text, "rfc" }],
//!     "hashes":   [Derived], "secrets": [Derived],
//!     "checks":   [{ "name", "expected": Value, "got": Value, "ok": bool|null, "inputs": [Input], "formula", "level", "text", "rfc" }],
//!     "problems": [{ "field": id|null, "text": Text }] }] }
//! Text    = { "en", "es" }
//! Derived = { "name", "formula", "inputs": [Input], "bytes": hex | "missing": Text, "level", "text": Text, "rfc" }
//! Value   = { "bytes": hex } | { "missing": Text }
//! level   = "capture": known from captured bytes and a key log, as are all records, messages and fields;
//!           "live": only from private shares, which a live run of our own shows
//! Input   = { "name" } (an entry of secrets or hashes) | { "is", "bytes": hex } | { "is", "space", "start", "len" }
//! ```

use super::model::{Connection, Derived, Input, Keys, Space, SpaceKind, Study, Text, Value};
use super::names::hex;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// A JSON value.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(usize),
    Text(Cow<'static, str>),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<Cow<'static, str>>) -> Json {
        Json::Text(text.into())
    }

    pub(super) fn hex(bytes: &[u8]) -> Json {
        Json::text(hex(bytes))
    }

    pub(super) fn option<T>(value: Option<T>, json: impl FnOnce(T) -> Json) -> Json {
        value.map_or(Json::Null, json)
    }

    /// Escapes everything but ASCII letters, digits and harmless signs, so that the JSON is safe in HTML too.
    fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Json::Number(number) => drop(write!(out, "{number}")),
            Json::Text(text) => write_text(text, out),
            Json::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (place, (name, value)) in members.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    pub(super) fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '<' | '>' | '&' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Renders the whole study.
pub fn render(study: &Study) -> String {
    let connections = study.connections.iter().map(connection).collect();
    Json::Object(Vec::from([
        ("schema", Json::text("countersign-study/1")),
        ("problems", Json::List(study.problems.iter().map(text).collect())),
        ("connections", Json::List(connections)),
    ]))
    .print()
}

pub(super) fn text(text: &Text) -> Json {
    Json::Object(Vec::from([("en", Json::Text(text.en.clone())), ("es", Json::Text(text.es.clone()))]))
}

fn value(value: &Value) -> (&'static str, Json) {
    match value {
        Value::Known(bytes) => ("bytes", Json::hex(bytes)),
        Value::Missing(why) => ("missing", text(why)),
    }
}

fn input(input: &Input) -> Json {
    Json::Object(match input {
        Input::Named(name) => Vec::from([("name", Json::text(name.clone()))]),
        Input::Bytes(is, bytes) => Vec::from([("is", Json::text(*is)), ("bytes", Json::hex(bytes))]),
        Input::Span { name, space, start, len } => Vec::from([
            ("is", Json::text(name.clone())),
            ("space", Json::Number(*space)),
            ("start", Json::Number(*start)),
            ("len", Json::Number(*len)),
        ]),
    })
}

pub(super) fn derived(derived: &Derived) -> Json {
    Json::Object(Vec::from([
        ("name", Json::text(derived.name.clone())),
        ("formula", Json::text(derived.formula.clone())),
        ("inputs", Json::List(derived.inputs.iter().map(input).collect())),
        value(&derived.value),
        ("level", Json::text(derived.level.name())),
        ("text", text(&derived.text)),
        ("rfc", Json::text(derived.rfc)),
    ]))
}

fn with_keys(mut members: Vec<(&'static str, Json)>, keys: Keys) -> Vec<(&'static str, Json)> {
    members.push(("keys", Json::text(keys.name())));
    if let Keys::Application(generation) = keys {
        members.push(("generation", Json::Number(usize::try_from(generation).unwrap_or(usize::MAX))));
    }
    members
}

/// A space without its bytes: kind and sender.
pub(super) fn space(space: &Space) -> Vec<(&'static str, Json)> {
    let kind = match space.kind {
        SpaceKind::Stream => "stream",
        SpaceKind::Plaintext => "plaintext",
        SpaceKind::Messages(_) => "messages",
    };
    let members = Vec::from([("kind", Json::text(kind)), ("sender", Json::text(format!("{}", space.sender)))]);
    match space.kind {
        SpaceKind::Messages(keys) => with_keys(members, keys),
        _ => members,
    }
}

/// A connection without spaces and fields, for which the page has another form.
pub(super) fn without_fields(connection: &Connection) -> Vec<(&'static str, Json)> {
    let number = Json::Number;
    let records = connection.records.iter().map(|record| {
        let members = Vec::from([
            ("sender", Json::text(format!("{}", record.sender))),
            ("space", number(record.space)),
            ("start", number(record.start)),
            ("len", number(record.len)),
            ("outer_type", number(usize::from(record.outer_type))),
            ("content_type", Json::option(record.content_type, |content_type| number(usize::from(content_type)))),
            (
                "sequence_number",
                Json::option(record.sequence_number, |n| number(usize::try_from(n).unwrap_or(usize::MAX))),
            ),
            ("nonce", Json::option(record.nonce.as_ref(), |nonce| Json::hex(nonce))),
            ("plaintext", Json::option(record.plaintext, number)),
            ("unopened", Json::option(record.unopened.as_ref(), text)),
            ("messages", Json::List(record.messages.iter().map(|message| number(*message)).collect())),
            ("title", Json::text(record.title.clone())),
        ]);
        Json::Object(with_keys(members, record.keys))
    });
    let messages = connection.messages.iter().map(|message| {
        let members = Vec::from([
            ("sender", Json::text(format!("{}", message.sender))),
            ("name", Json::text(message.name.clone())),
            ("space", number(message.space)),
            ("start", number(message.start)),
            ("len", number(message.len)),
            ("field", number(message.field)),
            ("complete", Json::Bool(message.complete)),
        ]);
        Json::Object(with_keys(members, message.keys))
    });
    let checks = connection.checks.iter().map(|check| {
        Json::Object(Vec::from([
            ("name", Json::text(check.name.clone())),
            ("expected", Json::Object(Vec::from([value(&check.expected)]))),
            ("got", Json::Object(Vec::from([value(&check.got)]))),
            ("ok", Json::option(check.ok, Json::Bool)),
            ("inputs", Json::List(check.inputs.iter().map(input).collect())),
            ("formula", Json::text(check.formula.clone())),
            ("level", Json::text(check.level.name())),
            ("text", text(&check.text)),
            ("rfc", Json::text(check.rfc)),
        ]))
    });
    let problems = connection.problems.iter().map(|problem| {
        Json::Object(Vec::from([("field", Json::option(problem.field, number)), ("text", text(&problem.text))]))
    });
    let summary = connection.summary.iter().map(|fact| {
        Json::Object(Vec::from([
            ("name", Json::text(fact.name)),
            ("title", text(&fact.title)),
            ("value", Json::text(fact.value.clone())),
        ]))
    });
    Vec::from([
        ("label", Json::text(connection.label.clone())),
        ("client_random", Json::option(connection.client_random, |random| Json::hex(&random))),
        ("level", Json::text(connection.level.name())),
        ("summary", Json::List(summary.collect())),
        ("records", Json::List(records.collect())),
        ("messages", Json::List(messages.collect())),
        ("hashes", Json::List(connection.hashes.iter().map(derived).collect())),
        ("secrets", Json::List(connection.secrets.iter().map(derived).collect())),
        ("checks", Json::List(checks.collect())),
        ("problems", Json::List(problems.collect())),
    ])
}

fn connection(connection: &Connection) -> Json {
    let mut members = without_fields(connection);
    let spaces = connection.spaces.iter().map(|each| {
        let mut members = space(each);
        members.push(("bytes", Json::hex(&each.bytes)));
        Json::Object(members)
    });
    let fields = connection.fields.iter().enumerate().map(|(id, field)| {
        Json::Object(Vec::from([
            ("id", Json::Number(id)),
            ("parent", Json::option(field.parent, Json::Number)),
            ("space", Json::Number(field.space)),
            ("start", Json::Number(field.start)),
            ("len", Json::Number(field.len)),
            ("name", Json::Text(field.name.clone())),
            ("value", Json::text(field.value.clone())),
            ("text", text(&field.text)),
            ("rfc", Json::text(field.rfc)),
        ]))
    });
    members.push(("spaces", Json::List(spaces.collect())));
    members.push(("fields", Json::List(fields.collect())));
    Json::Object(members)
}
