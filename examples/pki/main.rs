//! A small private CA in a directory, for development. It issues everything that two mutual-TLS peers need.
//!
//! ```text
//! cargo run --example pki -- init
//! cargo run --example pki -- issue server --server --dns localhost --ip 127.0.0.1
//! cargo run --example pki -- issue client --client --spiffe spiffe://example.org/client
//! ```
//!
//! A root signs one intermediate, and the intermediate signs the leaves, as in real PKIs: peers send two certificates
//! and trust a third. The root's key is used only by `init`, and may then be moved to a safe place. The directory
//! (`pki`, or `--dir`):
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
//! All files are replaced in one step (written to another name, then renamed), so a server that watches them never
//! reads a part. Run one command at a time, because there is no lock.

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
            // It is no error if the reader stops early (`pki show FILE | head`).
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
