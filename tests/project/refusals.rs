//! The table of refusals in docs/TRUST.md equals the table in the code.
//!
//! After a change: `COUNTERSIGN_BLESS=1 cargo test --test project`.

use countersign::x509::RefusalReason;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const DOCUMENT: &str = "docs/TRUST.md";
const BEGIN: &str = "<!-- refusals:begin -->\n";
const END: &str = "<!-- refusals:end -->\n";

fn table() -> String {
    let mut out = String::from("\n| name | alert | meaning |\n|---|---|---|\n");
    for (name, rejection, meaning) in RefusalReason::TABLE {
        let _ = writeln!(out, "| `{name}` | {} | {} |", rejection.alert(), meaning.trim());
    }
    out.push('\n');
    out
}

#[test]
fn the_table_of_refusals_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let committed = fs::read_to_string(&path).expect("a readable document").replace("\r\n", "\n");
    let (before, rest) = committed.split_once(BEGIN).expect("the begin marker");
    let (_, after) = rest.split_once(END).expect("the end marker");
    let wanted = format!("{before}{BEGIN}{}{END}{after}", table());
    if env::var_os("COUNTERSIGN_BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&path, &wanted).expect("a writable document");
    } else {
        assert!(committed == wanted, "{DOCUMENT} is stale, set COUNTERSIGN_BLESS=1 to write it");
    }
}

#[test]
fn every_refusal_has_a_name_of_its_own_and_a_meaning() {
    let names: HashSet<&str> = RefusalReason::TABLE.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), RefusalReason::TABLE.len());
    assert!(RefusalReason::TABLE.iter().all(|(_, _, meaning)| meaning.trim_end().ends_with('.')));
}
