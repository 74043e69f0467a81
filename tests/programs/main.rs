//! The example programs, run as a user runs them. Some tests run them with OpenSSL.

mod support;

// The parts of the example `pki`.
#[path = "../../examples/pki/authority.rs"]
mod authority;
#[path = "../../examples/pki/ca.rs"]
mod ca;
#[path = "../../examples/pki/cli.rs"]
mod cli;
#[path = "../../examples/pki/crl.rs"]
mod crl;
#[path = "../../examples/pki/files.rs"]
mod files;
#[path = "../../examples/pki/key.rs"]
mod key;
#[path = "../../examples/pki/names.rs"]
mod names;
#[path = "../../examples/pki/show.rs"]
mod show;

mod authenticators;
mod bogo_tokens;
mod examples;
mod key_commands;
mod openssl;
mod pki_example;
mod probe;
mod server;
