//! The program `spiffe_echo`, both ends.

use crate::domain::{Domain, agent};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

#[tokio::test(flavor = "multi_thread")]
async fn two_programs_meet_by_their_agents() {
    let domain = Domain::new("example.org");
    let (server_agent, client_agent) = (agent(Ok(domain.svid("/api"))), agent(Ok(domain.svid("/web"))));
    let program = env!("CARGO_BIN_EXE_spiffe_echo");
    let run = |endpoint: String, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).env("SPIFFE_ENDPOINT_SOCKET", endpoint);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut server = run(server_agent.endpoint(), &["127.0.0.1:0"]);
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = said.next().unwrap().strip_prefix("listening on ").unwrap().to_string();

    let mut client = run(client_agent.endpoint(), &[&address, "spiffe://example.org/api"]);
    client.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let output = client.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == b"hello\n", "{words}");
    assert!(words.contains("spiffe://example.org/api"), "{words}");
    let met = said.next().unwrap();
    assert!(met.contains("spiffe://example.org/web"), "{met}");

    let other = run(client_agent.endpoint(), &[&address, "spiffe://example.org/other"]).wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&other.stderr);
    assert!(!other.status.success() && words.contains("spiffe://example.org/other"), "{words}");
    server.kill().unwrap();
    server.wait().unwrap();
}
