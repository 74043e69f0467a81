//! Renders a connection as one self-contained page, in two languages: the messages between both ends, and the meaning of
//! each byte.
//!
//! A page needs no network and no framework. Its Content-Security-Policy is `default-src 'none'` with the hashes of its
//! one style and one script. Everything from peers is data (JSON in which `<`, `>` and `&` are escaped), and the script
//! shows it as text only. A page has at most [`MAX_PAGE`] bytes: it summarises application data beyond 256 bytes a
//! record, and leaves out later records and messages of very long conversations, which it says.

use super::json::{self, Json};
use super::model::{Connection, Field, Problem, Text, Value};
use super::names::hex;
use crate::crypto::HashAlgorithm;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

/// The length of the longest page in bytes.
pub const MAX_PAGE: usize = 400 * 1024;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// How much of a connection a page shows.
struct Detail {
    records: usize,
    messages: usize,
    /// Leaves longer than this show their first 64 bytes only.
    leaf: usize,
    /// Messages longer than this are not divided into fields.
    message: usize,
    /// Secrets, hashes, and the inputs of each.
    derived: usize,
}

/// From everything to almost nothing. A page has the first that fits.
const DETAILS: [Detail; 6] = [
    WHOLE,
    Detail { records: 200, messages: 200, leaf: 4096, message: usize::MAX, derived: 100 },
    Detail { records: 100, messages: 100, leaf: 1024, message: 16_384, derived: 60 },
    Detail { records: 50, messages: 50, leaf: 256, message: 4096, derived: 40 },
    Detail { records: 20, messages: 20, leaf: 128, message: 2048, derived: 40 },
    Detail { records: 10, messages: 8, leaf: 64, message: 128, derived: 30 },
];
const WHOLE: Detail =
    Detail { records: usize::MAX, messages: usize::MAX, leaf: usize::MAX, message: usize::MAX, derived: usize::MAX };

/// How many bytes of application data of a record are shown.
const DATA: usize = 256;
const SHOWN: usize = 64;
const MAX_VALUE: usize = 300;

/// Renders a connection as a page with a title and a lead. Both may hold names that a peer has chosen: they are escaped,
/// and shortened like every value.
pub fn render(connection: &Connection, title: &Text, lead: &Text) -> String {
    let mut page = String::new();
    let (title, lead) = (&shortened_text(title), &shortened_text(lead));
    for detail in &DETAILS {
        page = document(
            title,
            &format!(
                "<div id=\"app\"><p>{}</p></div><script type=\"application/json\" id=\"data\">{}</script>",
                escape(&title.en),
                data(connection, title, lead, detail).print()
            ),
            Some(SCRIPT),
        );
        if page.len() <= MAX_PAGE {
            break;
        }
    }
    page
}

/// Renders a page with links to others. Each entry has a file, a title and a sentence, also escaped and shortened.
pub fn index(title: &Text, lead: &Text, entries: &[(String, Text, Text)]) -> String {
    let both = |text: &Text| {
        let Text { en, es } = shortened_text(text);
        format!("<span>{}</span> <span lang=\"es\">{}</span>", escape(&en), escape(&es))
    };
    let mut body = format!("<main><h1 class=\"both\">{}</h1><p class=\"both\">{}</p>", both(title), both(lead));
    for (file, title, lead) in entries {
        let (title, lead) = (both(title), both(lead));
        body.push_str(&format!(
            "<div class=\"card\"><h3><a class=\"both\" href=\"{}\">{title}</a></h3><p class=\"both\">{lead}</p></div>",
            escape(file)
        ));
    }
    body.push_str("</main>");
    document(&shortened_text(title), &body, None)
}

fn document(title: &Text, body: &str, script: Option<&str>) -> String {
    let policy = match script {
        Some(script) => format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(script)
        ),
        None => format!("default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'", hash(STYLE)),
    };
    let script = script.map_or(String::new(), |script| format!("<script>{script}</script>"));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{}</title><style>{STYLE}</style></head><body>\
         <noscript><p>This page needs JavaScript. Esta página necesita JavaScript.</p></noscript>{body}{script}</body></html>\n",
        escape(&title.en)
    )
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The hash of a source for a Content-Security-Policy.
fn hash(source: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = HashAlgorithm::Sha256.hash(source.as_bytes());
    let mut out = String::from("sha256-");
    for group in hash.as_ref().chunks(3) {
        let bytes = [0, 1, 2].map(|place| group.get(place).copied().unwrap_or(0));
        let number = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        for (place, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS.get(usize::try_from(number >> shift & 63).unwrap_or(0)).copied().unwrap_or(b'A');
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

/// The data for the script: the study's JSON with fields as rows, each text once, and spaces in parts.
fn data(connection: &Connection, title: &Text, lead: &Text, detail: &Detail) -> Json {
    let shown = shown(connection, detail);
    let spaces = spaces_shown(connection, &shown);
    let parts = parts(&shown, &spaces, detail);
    let mut texts: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    let (mut fields, mut list) = (Vec::new(), Vec::new());
    for (id, field) in fields_shown(&shown, &spaces, detail) {
        let key = (field.text.en.to_string(), field.text.es.to_string(), field.rfc);
        let next = texts.len();
        let text = *texts.entry(key).or_insert_with(|| {
            list.push(Json::Object(Vec::from([
                ("en", Json::Text(field.text.en.clone())),
                ("es", Json::Text(field.text.es.clone())),
                ("rfc", Json::text(field.rfc)),
            ])));
            next
        });
        let number = Json::Number;
        fields.push(Json::List(Vec::from([
            number(id),
            Json::option(field.parent, number),
            number(field.space),
            number(field.start),
            number(field.len),
            Json::Text(field.name.clone()),
            Json::text(shortened(&field.value)),
            number(text),
        ])));
    }
    let mut members = json::without_fields(&shown);
    members.extend([
        ("title", json::text(title)),
        ("lead", json::text(lead)),
        ("spaces", Json::List(parts)),
        ("texts", Json::List(list)),
        ("fields", Json::List(fields)),
    ]);
    Json::Object(members)
}

/// The connection without what the page leaves out, except for bytes and fields.
fn shown(connection: &Connection, detail: &Detail) -> Connection {
    let mut shown = connection.clone();
    shown.label = shortened(&shown.label);
    for fact in &mut shown.summary {
        fact.value = shortened(&fact.value);
    }
    shown.records.truncate(detail.records);
    for record in &mut shown.records {
        record.title = shortened(&record.title);
        record.messages.retain(|message| *message < detail.messages);
    }
    // Messages are in the order of the records in which they begin.
    let last = shown.records.iter().filter_map(|record| record.messages.last()).max();
    shown.messages.truncate(last.map_or(0, |last| last.saturating_add(1)));
    for list in [&mut shown.secrets, &mut shown.hashes] {
        list.truncate(detail.derived);
        list.iter_mut().for_each(|derived| derived.inputs.truncate(detail.derived));
    }
    // The four checks of the handshake, and as many of authenticators as fit.
    shown.checks.truncate(detail.derived.div_euclid(10).saturating_add(4));
    for check in &mut shown.checks {
        check.inputs.truncate(detail.derived);
        for value in [&mut check.expected, &mut check.got] {
            if let Some(len) = value.bytes().map(<[u8]>::len).filter(|len| *len > detail.leaf.max(DATA)) {
                let text = |rest| format!("{len} bytes, {rest}");
                *value = Value::Missing(Text::made(
                    text("which are too long for this page"),
                    text("demasiado largos para esta página"),
                ));
            }
        }
    }
    shown.problems.truncate(detail.derived.min(100));
    for problem in &mut shown.problems {
        problem.text = shortened_text(&problem.text);
    }
    // Also if it is only details that are left out.
    if detail.records < usize::MAX {
        let values = |of: &Connection| of.secrets.len().saturating_add(of.hashes.len());
        let [records, messages, problems, checks, values] = [
            connection.records.len().saturating_sub(shown.records.len()),
            connection.messages.len().saturating_sub(shown.messages.len()),
            connection.problems.len().saturating_sub(shown.problems.len()),
            connection.checks.len().saturating_sub(shown.checks.len()),
            values(connection).saturating_sub(values(&shown)),
        ];
        shown.problems.push(Problem {
            field: None,
            text: Text::made(
                format!(
                    "this page would be too long: {records} later records are left out, {messages} messages, {problems} problems, {checks} proofs, {values} secrets and hashes, and details of long ones; --json has everything"
                ),
                format!(
                    "la página sería demasiado larga: se omiten {records} registros posteriores, {messages} mensajes, {problems} problemas, {checks} pruebas, {values} secretos y hashes, y detalles de los largos; --json lo tiene todo"
                ),
            ),
        });
    }
    shown
}

fn shortened_text(text: &Text) -> Text {
    Text::made(shortened(&text.en), shortened(&text.es))
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(MAX_VALUE) {
        Some((cut, _)) => format!("{}...", value.get(..cut).unwrap_or_default()),
        None => value.into(),
    }
}

/// The fields that the page shows.
fn fields_shown<'c>(
    shown: &'c Connection,
    spaces: &BTreeMap<usize, usize>,
    detail: &Detail,
) -> Vec<(usize, &'c Field)> {
    // Where the bodies of the long messages begin.
    let bodies: BTreeMap<usize, usize> = shown
        .messages
        .iter()
        .filter(|message| message.len > detail.message)
        .map(|message| (message.field, message.start.saturating_add(4)))
        .collect();
    let mut hidden = BTreeSet::new();
    let mut fields = Vec::new();
    for (id, field) in shown.fields.iter().enumerate() {
        let in_body = |parent| bodies.get(&parent).is_some_and(|body| field.start >= *body);
        if field.parent.is_some_and(|parent| in_body(parent) || hidden.contains(&parent)) {
            hidden.insert(id);
        } else if spaces.get(&field.space).is_some_and(|end| field.start.saturating_add(field.len) <= *end) {
            fields.push((id, field));
        }
    }
    fields
}

/// The spaces of the records on the page, and the end of the last record in each.
fn spaces_shown(connection: &Connection, shown: &Connection) -> BTreeMap<usize, usize> {
    let mut spaces: BTreeMap<usize, usize> = BTreeMap::new();
    let mut see = |space: usize, end: usize| {
        let last = spaces.entry(space).or_default();
        *last = (*last).max(end);
    };
    for record in &shown.records {
        see(record.space, record.start.saturating_add(record.len));
        if let Some(plaintext) = record.plaintext {
            see(plaintext, usize::MAX);
        }
    }
    for message in &shown.messages {
        see(message.space, message.start.saturating_add(message.len));
    }
    // What no record of an end contains, if no record was left out.
    if shown.records.len() == connection.records.len() {
        see(0, usize::MAX);
        see(1, usize::MAX);
    }
    spaces
}

/// The bytes of each space, without those that the page summarises.
fn parts(shown: &Connection, spaces: &BTreeMap<usize, usize>, detail: &Detail) -> Vec<Json> {
    let mut cuts: BTreeMap<usize, Vec<Range<usize>>> = BTreeMap::new();
    let data: BTreeSet<(usize, usize)> = shown
        .records
        .iter()
        .filter(|record| record.content_type.is_none_or(|content_type| content_type == 23))
        .map(|record| (record.space, record.start.saturating_add(5)))
        .collect();
    for field in &shown.fields {
        let limit = match &*field.name {
            "application_data" => DATA,
            "encrypted_record" if data.contains(&(field.space, field.start)) => DATA,
            "not_tls" => detail.leaf.min(DATA),
            _ => detail.leaf,
        };
        if field.len > limit {
            let range = field.start.saturating_add(SHOWN)..field.start.saturating_add(field.len);
            cuts.entry(field.space).or_default().push(range);
        }
    }
    let spaces = spaces.iter().filter_map(|(number, end)| {
        let space = shown.spaces.get(*number)?;
        let mut members = json::space(space);
        members.push(("len", Json::Number(space.bytes.len())));
        let end = (*end).min(space.bytes.len());
        let mut parts = Vec::new();
        let mut at = 0;
        let mut cuts = cuts.remove(number).unwrap_or_default();
        cuts.sort_by_key(|cut| cut.start);
        cuts.push(end..end);
        for cut in cuts {
            if let Some(part) = space.bytes.get(at..cut.start.min(end)).filter(|part| !part.is_empty()) {
                parts.push(Json::List(Vec::from([Json::Number(at), Json::text(hex(part))])));
            }
            at = at.max(cut.end);
        }
        members.push(("parts", Json::List(parts)));
        Some(Json::List(Vec::from([Json::Number(*number), Json::Object(members)])))
    });
    spaces.collect()
}

#[cfg(test)]
mod tests;
