//! The table in docs/INTEROP.md.

use crate::book;
use crate::seen::Seen;
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

const BEGIN: &str = "<!-- By tests/neighbours/modern from what it has seen. Do not edit. -->\n";
const END: &str = "<!-- The end of what is generated. -->\n";

const COLUMNS: [&str; 11] = [
    "peer",
    "seen on",
    "its role",
    "by default",
    "suites",
    "curves",
    "hybrids",
    "retried",
    "its signatures",
    "it refuses us",
    "we refuse it",
];

fn table() -> String {
    let mut text = format!("\n| {} |\n{}|\n", COLUMNS.join(" | "), "|---".repeat(COLUMNS.len()));
    for seen in Seen::all() {
        for role in ["server", "client"] {
            let list = |what: &str| -> Vec<&str> {
                seen.get(&format!("{role} {what}")).split(", ").filter(|item| !item.is_empty()).collect()
            };
            let (_, default) = list("default")[0].split_once(' ').expect("suite and group");
            let (hybrids, curves) = list("groups").into_iter().partition(|group| group.contains("MLKEM"));
            // The text above the table explains the columns.
            let alerts = |what: &str| list(what).iter().map(|item| item.split(" (").next().unwrap()).collect();
            let cells = [
                seen.get("peer").to_string(),
                seen.get("date").to_string(),
                role.to_string(),
                default.to_string(),
                cell(list("suites"), 3),
                cell(curves, 3),
                cell(hybrids, 2),
                cell(list("retried"), 6),
                cell(list("signatures"), usize::MAX),
                cell(alerts("refuses us"), usize::MAX),
                cell(alerts("is refused"), usize::MAX),
            ];
            writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        }
    }
    text.push('\n');
    text
}

/// These items, or "all" if every tried one is there.
fn cell(items: Vec<&str>, tried: usize) -> String {
    match items.len() {
        0 => "-".to_string(),
        len if len == tried => "all".to_string(),
        _ => items.join(", "),
    }
}

/// With `COUNTERSIGN_BLESS=1` it is written.
#[test]
fn the_table_in_the_book_is_what_was_seen() {
    let (before, rest) = book::BOOK.split_once(BEGIN).expect("the place of the table");
    let (now, after) = rest.split_once(END).expect("the end of the table");
    let table = table();
    if env::var_os("COUNTERSIGN_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/INTEROP.md");
        fs::write(path, [before, BEGIN, &table, END, after].concat()).unwrap();
    } else {
        assert_eq!(now, table, "COUNTERSIGN_BLESS=1 writes it");
    }
}
