//! A shim for BoGo, the conformance suite of BoringSSL (`ssl/test/runner`): the runner starts one process per test, and
//! tells it by flags what it shall do and expect. How to run it, and what is left out: docs/TESTING.md.

mod flags;
mod ours;
mod run;
mod talk;
mod token_table;
mod tokens;
mod wire;

use flags::{Flags, Unsupported};
use run::Failure;
use std::process::ExitCode;
use wire::Wire;

/// The runner's exit status for "this shim cannot do that".
const UNIMPLEMENTED: u8 = 89;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).map(|arg| arg.into_encoded_bytes()).collect();
    if args.iter().any(|arg| arg == b"-is-handshaker-supported") {
        println!("No");
        return ExitCode::SUCCESS;
    }
    let flags = match Flags::parse(args) {
        Ok(flags) => flags,
        Err(Unsupported(what)) => {
            println!("not supported: {what}");
            return ExitCode::from(UNIMPLEMENTED);
        }
    };
    let outcome = Wire::connect(&flags).map_err(Failure::from).and_then(|mut wire| {
        let outcome = run::run(&flags, &mut wire);
        wire.shut_down();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { token, sentence }) => {
            eprintln!(":{token}:\n{sentence}");
            ExitCode::FAILURE
        }
    }
}
