//! A shim for BoGo, the conformance suite of BoringSSL (`ssl/test/runner`). The runner starts one process for each
//! test, whose flags say what the shim must do and expect. docs/TESTING.md explains how to run it, and what is left
//! out.

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

/// The runner's exit code for a test that the shim does not support.
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
