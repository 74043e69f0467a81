//! Our programs, started.

use crate::pki::Dir;
use crate::programs::Program;
use std::process::Command;

pub const SERVER: &str = env!("CARGO_BIN_EXE_http_server");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_http_client");
pub const GRPC: &str = env!("CARGO_BIN_EXE_grpc");

/// The options for `pki/NAME.pem` and its key.
fn files(name: &str) -> [String; 8] {
    let [cert, key] = ["pem", "key"].map(|suffix| format!("pki/{name}.{suffix}"));
    ["--cert", &cert, "--key", &key, "--ca", "pki/ca.pem", "--crl", "pki/crl.pem"].map(str::to_string)
}

/// A server of ours that runs, and its address.
pub fn serve(dir: &Dir, program: &str, options: &[&str]) -> (Program, String) {
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0"]).args(files("server")).args(options);
    let server = Program::start(dir, &mut command, "");
    let said = server.waits_for("listening on 127.0.0.1:");
    let (_, port) = said.trim_end().rsplit_once(':').unwrap();
    let url = format!("https://localhost:{port}");
    (server, url)
}

/// What a client of ours says, as `pki/NAME.pem`, and whether it is content.
pub fn ask(dir: &Dir, program: &str, name: &str, url: &str) -> (bool, String) {
    Program::start(dir, Command::new(program).args(files(name)).arg(url), "").ends()
}
