//! Renders a connection as a sequence diagram for Mermaid.

use super::model::{Connection, Keys};
use alloc::format;
use alloc::string::String;

/// Renders the diagram. Arrows are solid for plaintext and dotted for encrypted records.
pub fn render(connection: &Connection) -> String {
    let mut out = String::from("sequenceDiagram\n    participant client\n    participant server\n");
    for record in &connection.records {
        let arrow = if record.keys == Keys::Plaintext { "->>" } else { "-->>" };
        let title = safe(&record.title);
        let keys = match record.keys {
            Keys::Plaintext => String::new(),
            Keys::Application(generation) if generation > 0 => format!(" [application keys {generation}]"),
            keys => format!(" [{} keys]", keys.name()),
        };
        out.push_str(&format!("    {}{arrow}{}: {title}{keys}\n", record.sender, record.sender.peer()));
    }
    for check in &connection.checks {
        let word = match check.ok {
            Some(true) => "holds",
            Some(false) => "DOES NOT HOLD",
            None => continue,
        };
        out.push_str(&format!("    note over client,server: {} {word}\n", safe(&check.name)));
    }
    out
}

/// Removes the characters that are syntax for Mermaid.
fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || " _,.()".contains(c) { c } else { ' ' }).collect()
}
