//! `quic_echo`, run as a user runs it: with files, over UDP.

#[path = "../../../../tests/neighbours/programs/book.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod book;
#[path = "../../../../tests/neighbours/programs/pki.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod pki;
#[path = "../../../../tests/neighbours/programs/programs.rs"]
#[allow(dead_code, reason = "the neighbours' tests use the rest")]
mod programs;

use pki::Dir;
use programs::Program;
use std::process::Command;

fn quic_echo(dir: &Dir, address: &str, as_whom: &str, name: &[&str], input: &str) -> Program {
    let files = [format!("pki/{as_whom}.pem"), format!("pki/{as_whom}.key"), "pki/ca.pem".to_string()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_quic_echo"));
    Program::start(dir, command.arg(address).args(files).args(name), input)
}

/// A server that runs, and its address.
fn serve(dir: &Dir, as_whom: &str) -> (Program, String) {
    let server = quic_echo(dir, "127.0.0.1:0", as_whom, &[], "");
    let said = server.waits_for("listening on 127.0.0.1:");
    let address = said.lines().find_map(|line| line.strip_prefix("listening on ")).unwrap().to_string();
    (server, address)
}

#[test]
fn what_is_said_comes_back_and_each_end_knows_the_other() {
    let dir = pki::make();
    let (server, address) = serve(&dir, "server");
    let text = "hello, over QUIC\n".repeat(10_000);
    let (content, said) = quic_echo(&dir, &address, "client", &["localhost"], &text).ends();
    assert!(content && said == text, "{} bytes", said.len());
    server.waits_for("client certificate CN=client (serial 02) accepted");
}

#[test]
fn strangers_are_refused_and_who_refused_them_says_why() {
    let dir = pki::make();
    let (server, address) = serve(&dir, "server");
    let (content, said) = quic_echo(&dir, &address, "stranger-client", &["localhost"], "hello\n").ends();
    assert!(!content && said.contains("unknown_ca") && !said.contains("hello"), "{said}");
    server.waits_for("leads to no trusted root");

    let (server, address) = serve(&dir, "stranger-server");
    let (content, said) = quic_echo(&dir, &address, "client", &["localhost"], "hello\n").ends();
    assert!(!content && said.contains("leads to no trusted root"), "{said}");
    server.waits_for("unknown_ca");

    let (_server, address) = serve(&dir, "server");
    let (content, said) = quic_echo(&dir, &address, "client", &["elsewhere.test"], "hello\n").ends();
    assert!(!content && said.contains("elsewhere.test"), "{said}");
}
