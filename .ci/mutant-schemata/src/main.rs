//! Mutants of a crate, all in one program, each behind a switch that the environment sets: "mutant schemata" (R. H. Untch,
//! A. J. Offutt, M. J. Harrold, 1993). The tests are compiled once and not for each mutant. `.ci/mutants` calls this.
mod build;
mod list;
mod record;
mod report;
mod rewrite;
mod run;
mod tests;

use std::path::PathBuf;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Arguments: the checkout, which is only read; a copy, whose `src` is rewritten; a folder for what is found out, which
/// has the list of the mutants already.
fn main() -> Result<()> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [checkout, copy, state] = &paths[..] else { return Err("CHECKOUT COPY STATE".into()) };
    let mutants = list::read(&state.join("list.json"))?;
    let (binaries, left_out) = build::build(checkout, copy, state, &mutants)?;
    let tests = record::record(&binaries, state)?;
    let tried = run::run(&mutants, &left_out, &tests, state)?;
    report::print(&mutants, &left_out, &tried);
    Ok(())
}
