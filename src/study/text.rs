//! Renders the study as lines for a terminal: every record with its bytes, field by field.

use super::model::{Connection, Field, Study, Text, Value};
use super::names::hex;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Spanish.
    Spanish,
}

impl Language {
    fn of(self, text: &Text) -> &str {
        match self {
            Language::English => &text.en,
            Language::Spanish => &text.es,
        }
    }

    const fn say(self, en: &'static str, es: &'static str) -> &'static str {
        match self {
            Language::English => en,
            Language::Spanish => es,
        }
    }
}

/// How many bytes of a field are in its line. The others follow in the lines below.
const IN_LINE: usize = 8;
/// How many bytes of a field are shown.
const SHOWN: usize = 256;

/// Renders the whole study.
pub fn render(study: &Study, language: Language) -> String {
    let mut out = String::new();
    for problem in &study.problems {
        out.push_str(&format!("! {}\n", printable(language.of(problem))));
    }
    for connection in &study.connections {
        out.push_str(&self::connection(connection, language));
    }
    out
}

fn connection(connection: &Connection, language: Language) -> String {
    let mut out = format!("\n=== {}\n", printable(&connection.label));
    for fact in &connection.summary {
        out.push_str(&format!("{:<28} {}\n", language.of(&fact.title), printable(&fact.value)));
    }
    let by_parent = by_parent(&connection.fields);
    for record in &connection.records {
        let arrow = if record.sender == crate::Role::Client { "──▶" } else { "◀──" };
        let keys = record.keys.name();
        out.push_str(&format!(
            "\n{arrow} {}: {} ({} bytes, {keys})\n",
            record.sender,
            printable(&record.title),
            record.len
        ));
        if let Some(why) = &record.unopened {
            out.push_str(&format!("    ! {}\n", printable(language.of(why))));
        }
        roots(&mut out, connection, &by_parent, record.space, record.start, record.len);
        if let Some(space) = record.plaintext {
            roots(&mut out, connection, &by_parent, space, 0, usize::MAX);
        }
        for message in record.messages.iter().filter_map(|message| connection.messages.get(*message)) {
            field(&mut out, connection, &by_parent, message.field, 1);
        }
    }
    let section = |out: &mut String, name: &str| out.push_str(&format!("\n--- {name}\n"));
    section(&mut out, language.say("secrets", "secretos"));
    for secret in connection.secrets.iter().chain(&connection.hashes) {
        out.push_str(&format!(
            "{} [{}]\n    = {}\n    = {}\n",
            secret.name,
            secret.level.name(),
            secret.formula,
            value(&secret.value, language)
        ));
    }
    section(&mut out, language.say("proofs", "pruebas"));
    for check in &connection.checks {
        let word = match check.ok {
            Some(true) => language.say("holds", "correcto"),
            Some(false) => language.say("DOES NOT HOLD", "NO ES CORRECTO"),
            None => language.say("not known", "no se sabe"),
        };
        out.push_str(&format!("{}: {word}\n    {}\n", check.name, check.formula));
    }
    section(&mut out, language.say("what is wrong or missing", "lo que falla o falta"));
    for problem in &connection.problems {
        out.push_str(&format!("! {}\n", printable(language.of(&problem.text))));
    }
    if connection.problems.is_empty() {
        out.push_str(language.say("nothing\n", "nada\n"));
    }
    out
}

/// Renders one message with its bytes, as in the walkthrough.
pub fn message(connection: &Connection, message: &super::Message) -> String {
    let mut out = String::new();
    field(&mut out, connection, &by_parent(&connection.fields), message.field, 0);
    out
}

type Children = BTreeMap<Option<usize>, Vec<usize>>;

fn by_parent(fields: &[Field]) -> Children {
    let mut children = Children::new();
    for (id, field) in fields.iter().enumerate() {
        children.entry(field.parent).or_default().push(id);
    }
    children
}

fn roots(out: &mut String, connection: &Connection, children: &Children, space: usize, start: usize, len: usize) {
    for id in children.get(&None).into_iter().flatten() {
        let inside = |field: &&Field| field.space == space && (start..start.saturating_add(len)).contains(&field.start);
        if connection.fields.get(*id).filter(inside).is_some() {
            field(out, connection, children, *id, 1);
        }
    }
}

fn field(out: &mut String, connection: &Connection, children: &Children, id: usize, depth: usize) {
    let Some(field) = connection.fields.get(id) else { return };
    let below = children.get(&Some(id));
    let space = connection.spaces.get(field.space).map_or(&[][..], |space| &space.bytes);
    let bytes = space.get(field.start..field.start.saturating_add(field.len)).unwrap_or_default();
    let indent = "  ".repeat(depth);
    let shown = match below {
        None => spaced(bytes.get(..IN_LINE).unwrap_or(bytes)),
        Some(_) => String::new(),
    };
    let equals = if field.value.is_empty() { "" } else { " = " };
    out.push_str(&format!(
        "{:>7}  {shown:<24} {indent}{}{equals}{}\n",
        field.start,
        printable(&field.name),
        printable(&field.value)
    ));
    if below.is_none() && bytes.len() > IN_LINE {
        let rest = bytes.get(IN_LINE..bytes.len().min(SHOWN)).unwrap_or_default();
        for (line, chunk) in (1_usize..).zip(rest.chunks(IN_LINE)) {
            let at = field.start.saturating_add(line.saturating_mul(IN_LINE));
            out.push_str(&format!("{at:>7}  {}\n", spaced(chunk)));
        }
        if bytes.len() > SHOWN {
            out.push_str(&format!("         ... {} bytes\n", bytes.len().saturating_sub(SHOWN)));
        }
    }
    for child in below.into_iter().flatten() {
        self::field(out, connection, children, *child, depth.saturating_add(1));
    }
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn value(value: &Value, language: Language) -> String {
    match value {
        Value::Known(bytes) => hex(bytes),
        Value::Missing(why) => format!("({}) {}", language.say("missing", "falta"), printable(language.of(why))),
    }
}

/// Escapes characters that could move the cursor or forge a line. Labels come from file names.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if crate::asn1::is_deceptive(c) { c.escape_unicode().to_string() } else { c.to_string() })
        .collect()
}
