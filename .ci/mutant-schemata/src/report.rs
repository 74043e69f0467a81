//! The table for docs/TESTING.md, and the mutants that no test noticed.
use crate::list::{Mutant, Verdict};
use crate::run::Tried;
use std::collections::BTreeMap;

const COLUMNS: [(Verdict, &str); 7] = [
    (Verdict::Caught, "caught"),
    (Verdict::Hang, "hang"),
    (Verdict::Unviable, "unviable"),
    (Verdict::Constant, "not tried: constant"),
    (Verdict::Unknown, "not tried: other"),
    (Verdict::Unreached, "not reached"),
    (Verdict::Survived, "survived"),
];

pub fn print(mutants: &[Mutant], left_out: &BTreeMap<usize, Verdict>, tried: &BTreeMap<usize, Tried>) {
    let verdict = |id: usize| left_out.get(&id).copied().unwrap_or_else(|| tried[&id].verdict);
    let mut rows: BTreeMap<&str, BTreeMap<Verdict, usize>> = BTreeMap::new();
    for (id, mutant) in mutants.iter().enumerate() {
        for row in [top(&mutant.file), "in all"] {
            *rows.entry(row).or_default().entry(verdict(id)).or_default() += 1;
        }
    }
    let all = rows.remove("in all");
    println!("| in | mutants | {} |", COLUMNS.map(|(_, title)| title).join(" | "));
    println!("|{}", "---|".repeat(2 + COLUMNS.len()));
    for (name, counts) in rows.into_iter().chain(all.map(|counts| ("in all", counts))) {
        let of = COLUMNS.map(|(verdict, _)| counts.get(&verdict).copied().unwrap_or(0).to_string());
        println!("| {name} | {} | {} |", counts.values().sum::<usize>(), of.join(" | "));
    }
    for (wanted, title) in [(Verdict::Survived, "survived"), (Verdict::Unreached, "not reached by any test")] {
        println!("\n{title}:");
        for (id, mutant) in mutants.iter().enumerate().filter(|(id, _)| verdict(*id) == wanted) {
            match tried.get(&id).filter(|tried| tried.tests < tried.of) {
                Some(Tried { tests, of, .. }) => println!("{} (after {tests} of {of} tests)", mutant.name),
                None => println!("{}", mutant.name),
            }
        }
    }
}

/// `src/record` of `src/record/open.rs`; a file that lies in `src` stays.
fn top(file: &str) -> &str {
    file.match_indices('/').nth(1).map_or(file, |(end, _)| &file[..end])
}
