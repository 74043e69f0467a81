//! A small private CA on disk, for development: everything that two mutual-TLS peers need to prove themselves.
//!
//! ```text
//! cargo run --example pki -- init
//! cargo run --example pki -- issue server --server --dns localhost --ip 127.0.0.1
//! cargo run --example pki -- issue client --client --spiffe spiffe://example.org/client
//! ```
//!
//! A root signs one intermediate, the intermediate signs everybody else: so the chains have the shape that real ones
//! have (peers send two certificates and trust a third). The root's key works only once, in `init`, and may then be
//! moved to a safe place. The directory (`pki`, or `--dir`):
//!
//! ```text
//! ca.pem               the root certificate: what both sides trust         (--ca)
//! ca.key               its key; no command after `init` reads it
//! intermediate.pem     the intermediate CA, and
//! intermediate.key     its key, which signs leaves and their CRL
//! crl.pem              the CRLs of both CAs                                (--crl)
//! NAME.pem             a chain: the leaf of NAME, then the intermediate    (--cert)
//! NAME.key             its key, PKCS#8, readable by its owner only         (--key)
//! issued/NAME/*.pem    every leaf that NAME ever got, so that `revoke` finds them all
//! ```
//!
//! All files are replaced whole (written beside, then renamed): a server that watches them never reads half of one.
//! Run one command at a time: there is no lock.

mod authority;
mod ca;
mod cli;
mod crl;
mod files;
mod key;
mod names;
mod show;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
    match cli::run(std::env::args_os().skip(1), now) {
        Ok(text) => {
            use std::io::Write;
            // A reader that went away (`pki show FILE | head`) is no failure.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(cli::Failure::Usage(sentence)) => {
            eprintln!("pki: {sentence}\n\n{}", cli::USAGE);
            ExitCode::from(2)
        }
        Err(cli::Failure::Failed(sentence)) => {
            eprintln!("pki: {sentence}");
            ExitCode::from(1)
        }
    }
}
